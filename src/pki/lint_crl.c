#include "pki/lint.h"
#include "base/time.h"

static int
compare_serials(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->p, y->p, x->n);
}

/* Type of the date, reason and critical flags of one entry; its serial. */
static const char *
check_entry(struct decode *d, int64_t this_update_at, struct bytes *ret_serial)
{
	struct decode one = decode_enter(d, DER_SEQUENCE);
	*ret_serial = decode_unsigned(&one);
	int64_t at = decode_time_typed(&one);
	if (d->why || at > this_update_at)
		return "an entry that is later than the list, or with a time of the wrong type [RFC 5280 5.1.2.6]";
	if (!decode_more(&one))
		return NULL;
	struct decode list = decode_enter(&one, DER_SEQUENCE), extension = decode_enter(&list, DER_SEQUENCE);
	bool reason = bytes_eq(decode_oid(&extension), OID_CE_REASON_CODE);
	struct bytes octets = decode_octets(&extension);
	struct decode value = decode_inside(&extension, octets);
	uint8_t code = decode_enum(&value);
	decode_end(&value);
	decode_end(&extension);
	decode_end(&list);
	decode_end(&one);
	if (d->why || !reason)
		return "an entry with something else than a reason that is not critical [RFC 5280 5.3]";
	if (code == CRL_UNSPECIFIED || code == 7 || code == CRL_REMOVE || code > CRL_AA_COMPROMISE)
		return "a reason of unspecified, removeFromCRL or unknown [RFC 5280 5.3.1]";
	return NULL;
}

/* Every entry, and that no serial is there twice. */
static const char *
check_entries(const struct crl *c)
{
	size_t n;
	const char *why = NULL;
	if (err_is(crl_count(c, &n)))
		return "the entries cannot be read [RFC 5280 5.1]";
	if (n == 0)
		return NULL;
	struct bytes *serials = calloc(n, sizeof *serials);
	if (!serials)
		abort();
	struct decode d = decode_init(c->entries);
	for (size_t i = 0; i < n && !why; i++)
		why = check_entry(&d, c->this_update_at, &serials[i]);
	if (!why)
		qsort(serials, n, sizeof *serials, compare_serials);
	for (size_t i = 1; i < n && !why; i++)
		if (bytes_eq(serials[i - 1], serials[i]))
			why = "a serial that is there twice [RFC 5280 5.1.2.6]";
	free(serials);
	return why;
}

/* thisUpdate, nextUpdate and their types. */
static const char *
check_crl_times(const struct crl *c, bool root, int64_t now)
{
	struct decode top = decode_init(c->tbs), d = decode_enter(&top, DER_SEQUENCE);
	decode_whole(&d, DER_INTEGER);
	decode_whole(&d, DER_SEQUENCE);
	decode_whole(&d, DER_SEQUENCE);
	decode_time_typed(&d);
	decode_time_typed(&d);
	if (top.why)
		return "thisUpdate or nextUpdate is missing or of the wrong type [RFC 5280 5.1.2.4]";
	int64_t most = c->this_update_at + (root ? 366 * TIME_DAY : TIME_DAY + TIME_HOUR);
	if (c->this_update_at > now)
		return "thisUpdate lies in the future [RFC 5280 5.1.2.4]";
	if (c->next_update_at <= c->this_update_at || c->next_update_at <= now)
		return "nextUpdate is over already [RFC 5280 5.1.2.5]";
	if (c->next_update_at > most && time_floor(c->next_update_at) != time_floor(TIME_NEVER))
		return "nextUpdate is later than a day (a year for a root) and not the end of time [profile P17]";
	return NULL;
}

static const char *
check_crl(const struct crl *c, const struct certificate *issuer, uint64_t previous_number, int64_t now)
{
	enum algorithm key;
	uint64_t number = 0;
	if (!bytes_eq(c->issuer, issuer->subject) || !bytes_eq(c->authority_key_id, issuer->subject_key_id))
		return "issuer or authorityKeyIdentifier is not the issuer's [RFC 5280 5.2.1]";
	if (!issuer->ca || !(issuer->key_usage & PROFILE_KU_CRL_SIGN))
		return "the issuer may not sign lists [RFC 5280 4.2.1.3]";
	if (err_is(algorithm_of_key(issuer->spki, &key)) || key != c->algorithm)
		return "the signature algorithm is not that of the issuer's key [RFC 5280 5.1.1.2]";
	if (c->partial || c->unknown_critical)
		return "the list is partial or has an unknown critical extension [profile P17]";
	if (c->number.n == 0 || c->number.n > 8)
		return "cRLNumber is missing or too long [RFC 5280 5.2.3]";
	for (size_t i = 0; i < c->number.n; i++)
		number = number << 8 | c->number.p[i];
	if (number <= previous_number)
		return "cRLNumber does not grow [RFC 5280 5.2.3]";
	if (c->expired_since_at == 0 || c->expired_since_at > now)
		return "expiredCertsOnCRL is missing or lies in the future [profile P17]";
	const char *why = check_crl_times(c, certificate_self_issued(issuer), now);
	return why ? why : check_entries(c);
}

err_t
lint_crl(struct bytes tbs, const struct certificate *issuer, uint64_t previous_number, int64_t now)
{
	struct crl c;
	if (err_is(crl_read_tbs(tbs, &c)))
		return err_make(ERR_LINT, "CRL: not DER of a list: %s [RFC 5280 5.1]", err_detail());
	const char *why = check_crl(&c, issuer, previous_number, now);
	return why ? err_make(ERR_LINT, "CRL: %s", why) : OK;
}
