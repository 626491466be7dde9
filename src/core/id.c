#include "core/id.h"

#include "base/rand.h"

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { DIGITS = 26 };

struct id
id_make(int64_t now)
{
	struct id id;
	uint64_t ms = (uint64_t)now / 1000;
	for (int i = 0; i < 6; i++)
		id.o[i] = (uint8_t)(ms >> 8 * (5 - i));
	rand_fill(id.o + 6, ID_LEN - 6);
	return id;
}

/* Five bits of the 130 that 26 digits have; the first two are zero. */
static unsigned
bits_at(const uint8_t *o, int digit)
{
	unsigned v = 0;
	for (int i = 0; i < 5; i++) {
		int bit = digit * 5 + i - 2;
		v = v << 1 | (bit < 0 ? 0 : o[bit / 8] >> (7 - bit % 8) & 1u);
	}
	return v;
}

struct id_text
id_text(const char *prefix, struct id id)
{
	struct id_text t;
	char text[DIGITS + 1];
	for (int i = 0; i < DIGITS; i++)
		text[i] = digits[bits_at(id.o, i)];
	text[DIGITS] = '\0';
	snprintf(t.c, sizeof t.c, "%s_%s", prefix, text);
	return t;
}

err_t
id_read(const char *prefix, struct str text, struct id *ret_id)
{
	size_t skip = strlen(prefix) + 1;
	struct id id = {{0}};
	if (text.n != skip + DIGITS || memcmp(text.p, prefix, skip - 1) != 0 || text.p[skip - 1] != '_')
		return err_make(ERR_NOT_FOUND, "no id of the form %s_…", prefix);
	for (int i = 0; i < DIGITS; i++) {
		const char *at = memchr(digits, text.p[skip + (size_t)i], sizeof digits - 1);
		if (at == NULL || (i == 0 && at - digits > 7))
			return err_make(ERR_NOT_FOUND, "no id of the form %s_…", prefix);
		for (int b = 0; b < 5; b++) {
			int bit = i * 5 + b - 2;
			if (bit >= 0 && (at - digits) >> (4 - b) & 1)
				id.o[bit / 8] = (uint8_t)(id.o[bit / 8] | 1u << (7 - bit % 8));
		}
	}
	*ret_id = id;
	return OK;
}
