#include "pki/crl.h"
#include "base/time.h"

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static void
put_extension(struct encode *w, size_t mark, struct bytes oid)
{
	encode_wrap(w, DER_OCTET_STRING, mark);
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

static void
put_extensions(struct encode *w, const struct crl_facts *f)
{
	size_t all = encode_mark(w), mark = all;
	if (f->expired_since_at) {
		encode_generalized(w, DER_GENERALIZED_TIME, f->expired_since_at); /* [X.509 9.5.2.8] */
		put_extension(w, mark, OID_CE_EXPIRED_CERTS_ON_CRL);
	}
	mark = encode_mark(w);
	encode_u64(w, f->number);
	put_extension(w, mark, OID_CE_CRL_NUMBER);
	mark = encode_mark(w);
	encode_tlv(w, DER_CONTEXT(0), f->issuer_key_id);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_AUTHORITY_KEY_ID);
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_EXPLICIT(0), all);
}

static err_t
check_facts(const struct crl_facts *f)
{
	if (f->issuer.n == 0 || f->issuer_key_id.n == 0 || algorithm_der(f->algorithm).n == 0)
		return err_make(ERR_PROFILE, "a CRL without issuer or algorithm");
	if (f->number == 0 || f->this_update_at >= f->next_update_at || f->this_update_at % TIME_SECOND ||
	    (f->next_update_at % TIME_SECOND && f->next_update_at != TIME_NEVER) || f->expired_since_at % TIME_SECOND)
		return err_make(ERR_PROFILE, "a CRL without number, or with times that do not fit");
	return OK;
}

err_t
crl_open(struct crl_writer *c, struct encode *w, const struct crl_facts *facts)
{
	TRY(check_facts(facts));
	*c = (struct crl_writer){.w = w, .mark = encode_mark(w)};
	put_extensions(w, facts);
	c->entries_mark = encode_mark(w);
	return OK;
}

err_t
crl_put(struct crl_writer *c, const struct crl_entry *entry)
{
	struct encode *w = c->w;
	size_t mark = encode_mark(w);
	if (entry->reason > CRL_AA_COMPROMISE || entry->reason == 7 || entry->reason == CRL_REMOVE || entry->reason < CRL_NONE)
		return err_make(ERR_PROFILE, "%d is not a reason for a full CRL", entry->reason); /* [RFC 5280 5.3.1] */
	if (entry->reason > CRL_UNSPECIFIED) {
		encode_enum(w, (uint8_t)entry->reason);
		put_extension(w, mark, OID_CE_REASON_CODE);
		encode_wrap(w, DER_SEQUENCE, mark);
	}
	encode_time(w, time_floor(entry->revoked_at));
	encode_unsigned(w, BYTES_OF(entry->serial));
	encode_wrap(w, DER_SEQUENCE, mark);
	if (entry->revoked_at > c->newest_at)
		c->newest_at = entry->revoked_at;
	struct bytes done;
	return encode_done(w, &done);
}

err_t
crl_close(struct crl_writer *c, const struct crl_facts *facts)
{
	struct encode *w = c->w;
	struct bytes done;
	if (time_floor(c->newest_at) > facts->this_update_at)
		return err_make(ERR_PROFILE, "a CRL entry that is newer than the list");
	if (encode_mark(w) != c->entries_mark) /* never an empty SEQUENCE [RFC 5280 5.1.2.6] */
		encode_wrap(w, DER_SEQUENCE, c->entries_mark);
	encode_time(w, facts->next_update_at);
	encode_time(w, facts->this_update_at);
	encode_raw(w, facts->issuer);
	encode_raw(w, algorithm_der(facts->algorithm));
	encode_u64(w, 1); /* v2 */
	encode_wrap(w, DER_SEQUENCE, c->mark);
	return encode_done(w, &done);
}

err_t
crl_tbs(struct encode *w, const struct crl_facts *facts, const struct crl_entry *entries, size_t n)
{
	struct crl_writer c;
	TRY(crl_open(&c, w, facts));
	while (n-- > 0)
		TRY(crl_put(&c, &entries[n]));
	return crl_close(&c, facts);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* One extension of the list; false when it is not one that we know. */
static bool
read_extension(struct decode *value, struct bytes oid, struct crl *c)
{
	if (bytes_eq(oid, OID_CE_CRL_NUMBER)) {
		c->number = decode_unsigned(value);
	} else if (bytes_eq(oid, OID_CE_EXPIRED_CERTS_ON_CRL)) {
		c->expired_since_at = decode_generalized(value, DER_GENERALIZED_TIME, false);
	} else if (bytes_eq(oid, OID_CE_AUTHORITY_KEY_ID)) {
		struct decode list = decode_enter(value, DER_SEQUENCE);
		if (decode_is(&list, DER_CONTEXT(0)))
			c->authority_key_id = decode_tlv(&list, DER_CONTEXT(0));
	} else {
		return false;
	}
	decode_end(value);
	return true;
}

static const uint8_t delta_indicator[] = {0x55, 0x1d, 0x1b}; /* 2.5.29.27 */

static void
read_extensions(struct decode *d, struct crl *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	while (decode_more(&list)) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		struct bytes oid = decode_oid(&one);
		bool critical = decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes octets = decode_octets(&one);
		decode_end(&one);
		struct decode value = decode_inside(&one, octets);
		if (read_extension(&value, oid, c))
			continue;
		if (bytes_eq(oid, OID_CE_ISSUING_DISTRIBUTION_POINT) || bytes_eq(oid, BYTES_OF(delta_indicator)))
			c->partial = true;
		else
			c->unknown_critical |= critical;
	}
}

/* The reason in the extensions of an entry; a critical one that is unknown spoils the list. [RFC 5280 5.3] */
static int
read_reason(struct decode *d)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	int reason = CRL_NONE;
	while (decode_more(&list)) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		struct bytes oid = decode_oid(&one);
		bool critical = decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes octets = decode_octets(&one);
		decode_end(&one);
		struct decode value = decode_inside(&one, octets);
		if (bytes_eq(oid, OID_CE_REASON_CODE))
			reason = decode_enum(&value);
		else if (critical)
			decode_fail(&value, "a CRL entry with a critical extension");
	}
	return reason;
}

/* One entry; its serial as magnitude. */
static struct bytes
read_entry(struct decode *d, struct crl_entry *ret_entry)
{
	struct decode one = decode_enter(d, DER_SEQUENCE);
	struct bytes serial = decode_unsigned(&one);
	ret_entry->revoked_at = decode_time(&one);
	ret_entry->reason = decode_more(&one) ? read_reason(&one) : CRL_NONE;
	decode_end(&one);
	return serial;
}

static void
read_tbs(struct decode *d, struct crl *c)
{
	if (decode_u64(d, 1) != 1)
		decode_fail(d, "a CRL that is not version 2");
	c->signature_algorithm = decode_whole(d, DER_SEQUENCE);
	c->issuer = decode_whole(d, DER_SEQUENCE);
	c->this_update_at = decode_time(d);
	if (decode_is(d, DER_UTC_TIME) || decode_is(d, DER_GENERALIZED_TIME))
		c->next_update_at = decode_time(d);
	if (decode_is(d, DER_SEQUENCE)) {
		c->entries = decode_tlv(d, DER_SEQUENCE);
		if (c->entries.n == 0)
			decode_fail(d, "an empty list of entries");
	}
	if (decode_is(d, DER_EXPLICIT(0))) {
		struct decode extensions = decode_enter(d, DER_EXPLICIT(0));
		read_extensions(&extensions, c);
		decode_end(&extensions);
	}
	decode_end(d);
}

enum { CRL_OCTETS_MAX = 256 * 1024 * 1024 };

err_t
crl_read_tbs(struct bytes tbs, struct crl *ret_crl)
{
	struct crl c = {.tbs = tbs};
	struct decode top = decode_init(tbs), body = decode_enter(&top, DER_SEQUENCE);
	read_tbs(&body, &c);
	decode_end(&top);
	TRY(decode_check(&top));
	if (err_is(algorithm_read(c.signature_algorithm, &c.algorithm)))
		c.algorithm = ALGORITHM_NONE;
	struct decode entries = decode_init(c.entries);
	while (decode_more(&entries)) {
		struct crl_entry entry;
		read_entry(&entries, &entry);
	}
	TRY(decode_check(&entries));
	*ret_crl = c;
	return OK;
}

err_t
crl_read(struct bytes der, struct crl *ret_crl)
{
	struct crl c;
	if (der.n > CRL_OCTETS_MAX)
		return err_make(ERR_LIMIT, "a CRL of %zu octets", der.n);
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE);
	struct bytes tbs = decode_whole(&all, DER_SEQUENCE), algorithm = decode_whole(&all, DER_SEQUENCE);
	struct bytes signature = decode_bits(&all);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	TRY(crl_read_tbs(tbs, &c));
	if (!bytes_eq(algorithm, c.signature_algorithm))
		return err_make(ERR_DER, "the two signature algorithms of the CRL differ");
	c.der = der;
	c.signature = signature;
	*ret_crl = c;
	return OK;
}

err_t
crl_find(const struct crl *c, struct bytes serial, struct crl_entry *ret_entry)
{
	struct decode d = decode_init(c->entries);
	while (decode_more(&d)) {
		struct crl_entry entry = {.reason = CRL_NONE};
		struct bytes found = read_entry(&d, &entry);
		if (d.why || !bytes_eq(found, serial))
			continue;
		if (found.n <= sizeof entry.serial)
			memcpy(entry.serial + sizeof entry.serial - found.n, found.p, found.n);
		*ret_entry = entry;
		return OK;
	}
	TRY(decode_check(&d));
	return err_make(ERR_NOT_FOUND, "the CRL does not name the serial");
}

err_t
crl_count(const struct crl *c, size_t *ret_n)
{
	struct decode d = decode_init(c->entries);
	size_t n = 0;
	for (; decode_more(&d); n++)
		decode_any(&d, NULL);
	TRY(decode_check(&d));
	*ret_n = n;
	return OK;
}
