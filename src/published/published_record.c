#include "published/published_record.h"

enum { VERSION = 1 };

static uint8_t *
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

static int64_t
get_i64(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

/* version, status, reason + 1, 0, four times, digest */
void
published_record_write(const struct published_certificate *c, uint8_t ret_record[PUBLISHED_RECORD_LEN])
{
	uint8_t *p = ret_record;
	*p++ = VERSION;
	*p++ = (uint8_t)c->status;
	*p++ = (uint8_t)(c->reason + 1);
	*p++ = 0;
	p = put_u64(p, (uint64_t)c->revoked_at);
	p = put_u64(p, (uint64_t)c->not_before);
	p = put_u64(p, (uint64_t)c->not_after);
	p = put_u64(p, (uint64_t)c->published_at);
	memcpy(p, c->sha256, sizeof c->sha256);
}

err_t
published_record_read(struct bytes record, struct published_certificate *ret_certificate)
{
	if (record.n != PUBLISHED_RECORD_LEN || record.p[0] != VERSION || record.p[1] > PUBLISHED_REVOKED ||
	    record.p[2] > 11 || record.p[3] != 0)
		return err_make(ERR_PUBLISHED, "record of %zu octets", record.n);
	struct published_certificate c = {
	    .status = record.p[1],
	    .reason = record.p[2] - 1,
	    .revoked_at = get_i64(record.p + 4),
	    .not_before = get_i64(record.p + 12),
	    .not_after = get_i64(record.p + 20),
	    .published_at = get_i64(record.p + 28),
	};
	if (c.revoked_at < 0 || c.not_before < 0 || c.not_after < c.not_before || c.published_at < 0 ||
	    (c.status == PUBLISHED_REVOKED) != (c.revoked_at != 0))
		return err_make(ERR_PUBLISHED, "record with an impossible time");
	memcpy(c.sha256, record.p + 36, sizeof c.sha256);
	*ret_certificate = c;
	return OK;
}

err_t
published_record_key(const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN], struct bytes serial,
    uint8_t ret_key[PUBLISHED_KEY_LEN], size_t *ret_len)
{
	while (serial.n > 1 && serial.p[0] == 0)
		serial = bytes_sub(serial, 1, serial.n);
	if (serial.n == 0 || serial.n > PUBLISHED_SERIAL_MAX)
		return err_make(ERR_INPUT, "serial of %zu octets", serial.n);
	memcpy(ret_key, issuer_spki_sha256, 8);
	memcpy(ret_key + 8, serial.p, serial.n);
	*ret_len = 8 + serial.n;
	return OK;
}

err_t
published_record_file_key(enum published_kind kind, struct str name, char ret_key[PUBLISHED_NAME_MAX + 3])
{
	bool good = name.n > 0 && name.n <= PUBLISHED_NAME_MAX;
	for (size_t i = 0; good && i < name.n; i++)
		good = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') ||
		       name.p[i] == '-';
	if (!good)
		return err_make(ERR_INPUT, "that is no name of a CA");
	ret_key[0] = (char)kind;
	ret_key[1] = '/';
	memcpy(ret_key + 2, name.p, name.n);
	ret_key[2 + name.n] = '\0';
	return OK;
}
