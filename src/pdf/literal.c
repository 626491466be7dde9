#include "pdf/literal.h"

#include "base/time.h"

#include <inttypes.h>

static bool
text_is_plain(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return true;
}

static void
put_plain(struct buf *b, struct str text)
{
	buf_put_byte(b, '(');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '(' || text.p[i] == ')' || text.p[i] == '\\')
			buf_put_byte(b, '\\');
		buf_put_byte(b, (uint8_t)text.p[i]);
	}
	buf_put_byte(b, ')');
}

void
literal_text(struct buf *b, struct str text)
{
	if (text_is_plain(text)) {
		put_plain(b, text);
		return;
	}
	buf_put_str(b, STR("<feff"));
	for (size_t at = 0; at < text.n;) {
		uint32_t c = str_next(text, &at);
		if (c >= 0x10000) {
			buf_printf(b, "%04x", 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		buf_printf(b, "%04x", c);
	}
	buf_put_byte(b, '>');
}

void
literal_octets(struct buf *b, struct bytes octets)
{
	buf_put_byte(b, '<');
	buf_put_hex(b, octets);
	buf_put_byte(b, '>');
}

void
literal_date(struct buf *b, int64_t at)
{
	struct time_parts t = time_split(at);
	buf_printf(b, "(D:%04d%02d%02d%02d%02d%02dZ)", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

void
literal_reference(struct buf *b, struct literal_ref ref)
{
	buf_printf(b, "%" PRIu32 " %u R", ref.number, ref.generation);
}

void
literal_number(struct buf *b, int64_t thousandths)
{
	uint64_t size = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
	if (thousandths < 0)
		buf_put_byte(b, '-');
	buf_printf(b, "%" PRIu64, size / 1000);
	unsigned rest = (unsigned)(size % 1000);
	if (rest == 0)
		return;
	char digits[5];
	snprintf(digits, sizeof digits, "%03u", rest);
	size_t n = 3;
	while (digits[n - 1] == '0')
		n--;
	buf_put_byte(b, '.');
	buf_put(b, bytes(digits, n));
}
