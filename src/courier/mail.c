#include "courier/mail.h"
#include "base/base64.h"
#include "base/secret.h"
#include "base/time.h"

enum { ADDRESS_MAX = 254, LINE_OCTETS = 57, WORD_OCTETS = 45 };

/* Octets that an address may hold without quoting [RFC 5322 3.2.3]; no spaces, brackets, commas, controls. */
static bool
atom_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

err_t
mail_address_check(struct str address)
{
	size_t at = SIZE_MAX;
	bool good = address.n >= 3 && address.n <= ADDRESS_MAX && address.p[0] != '-';
	for (size_t i = 0; good && i < address.n; i++) {
		if (address.p[i] == '@' && at == SIZE_MAX)
			at = i;
		else
			good = atom_octet(address.p[i]);
	}
	if (!good || at == SIZE_MAX || at == 0 || at == address.n - 1)
		return err_make(ERR_ADDRESS, "that is not an e-mail address we can write to");
	return OK;
}

static bool
plain(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return text.n <= 60 && bytes_find(text, 0, bytes("=?", 2)) == SIZE_MAX;
}

/* Where a piece of at most max octets may end without cutting a character in two. */
static size_t
piece_end(struct bytes text, size_t from, size_t max)
{
	size_t to = from + max < text.n ? from + max : text.n;
	while (to < text.n && to > from + 1 && (text.p[to] & 0xc0) == 0x80)
		to--;
	return to;
}

/* Encoded words of at most 75 characters, each whole UTF-8 [RFC 2047 2]. */
static void
put_words(struct buf *out, struct bytes text)
{
	if (plain(text)) {
		buf_put(out, text);
		return;
	}
	for (size_t from = 0; from < text.n;) {
		size_t to = piece_end(text, from, WORD_OCTETS);
		buf_put_str(out, from == 0 ? STR("=?UTF-8?B?") : STR("\r\n =?UTF-8?B?"));
		base64_write(out, bytes_sub(text, from, to));
		buf_put_str(out, STR("?="));
		from = to;
	}
}

static void
put_date(struct buf *out, int64_t at)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", days[] = "ThuFriSatSunMonTueWed";
	struct time_parts t = time_split(at);
	buf_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * (at / TIME_DAY % 7), t.day,
	    months + 3 * (t.month - 1), t.year, t.hour, t.minute, t.second);
}

static void
put_id(struct buf *out, const struct mail *m)
{
	size_t at = bytes_find(str_bytes(m->from), 0, bytes("@", 1));
	buf_put_str(out, STR("Message-ID: <"));
	buf_put_hex(out, m->id);
	buf_put(out, bytes_sub(str_bytes(m->from), at, m->from.n));
	buf_put_str(out, STR(">\r\n"));
}

static void
put_head(struct buf *out, const struct mail *m)
{
	put_date(out, m->at);
	buf_put_str(out, STR("From: "));
	put_words(out, str_bytes(m->from_name));
	buf_printf(out, " <%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(m->from), STR_ARG(m->to));
	put_words(out, m->subject);
	buf_put_str(out, STR("\r\n"));
	put_id(out, m);
	buf_put_str(out, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
	                     "Auto-Submitted: auto-generated\r\n\r\n"));
}

/* Line ends of text are CRLF before the encoding [RFC 2046 4.1.1]. */
static void
put_text(struct buf *out, struct bytes text)
{
	AUTO_BUF(crlf, 64 * 1024);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			buf_put_byte(&crlf, '\r');
		buf_put_byte(&crlf, text.p[i]);
	}
	out->over |= crlf.over;
	for (size_t at = 0; at < crlf.n; at += LINE_OCTETS) {
		base64_write(out, bytes_sub(buf_bytes(&crlf), at, at + LINE_OCTETS < crlf.n ? at + LINE_OCTETS : crlf.n));
		buf_put_str(out, STR("\r\n"));
	}
	if (crlf.n > 0)
		secret_wipe(crlf.p, crlf.n); /* it may hold a code */
}

err_t
mail_write(const struct mail *m, struct buf *out)
{
	TRY(mail_address_check(m->from));
	TRY(mail_address_check(m->to));
	put_head(out, m);
	put_text(out, m->text);
	return buf_check(out);
}
