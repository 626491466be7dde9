#include "pki/path.h"
#include "base/time.h"
#include "pki/verify.h"

err_t
path_check_step(const struct certificate *subject, const struct certificate *issuer, size_t below, int64_t at)
{
	if (!bytes_eq(subject->issuer, issuer->subject))
		return err_make(ERR_CHAIN, "the certificate names another issuer"); /* [RFC 5280 6.1.3 (a)(4)] */
	if (subject->authority_key_id.n && issuer->subject_key_id.n &&
	    !bytes_eq(subject->authority_key_id, issuer->subject_key_id))
		return err_make(ERR_CHAIN, "the certificate names another key of its issuer");
	if (!issuer->ca || !issuer->has_key_usage || !(issuer->key_usage & PROFILE_KU_KEY_CERT_SIGN))
		return err_make(ERR_CHAIN, "the issuer is not a certification authority"); /* [RFC 5280 6.1.4 (k)(n)] */
	if (issuer->path_len != PROFILE_PATH_ANY && below > (size_t)issuer->path_len)
		return err_make(ERR_CHAIN, "the chain is longer than the issuer's path length allows");
	if (subject->unknown_critical || issuer->unknown_critical)
		return err_make(ERR_CHAIN, "a certificate has a critical extension that is not understood");
	if (at < issuer->not_before_at || at >= issuer->not_after_at + TIME_SECOND)
		return err_make(ERR_CHAIN, "the issuer's certificate is not valid at that time");
	return verify_signature(issuer->spki, subject->algorithm, subject->tbs, subject->signature);
}

/* What the leaf must be for. */
static err_t
check_purpose(const struct certificate *leaf, enum path_purpose purpose)
{
	bool eku = leaf->ext_key_usage.n > 0;
	switch (purpose) {
	case PATH_SIGNER:
		if (leaf->ca || (leaf->has_key_usage && !(leaf->key_usage &
		                     (PROFILE_KU_NON_REPUDIATION | PROFILE_KU_DIGITAL_SIGNATURE))))
			return err_make(ERR_CHAIN, "the certificate is not for signatures");
		return OK;
	case PATH_TIME_STAMPING:
		return eku && certificate_has_purpose(leaf, OID_KP_TIME_STAMPING)
		           ? OK
		           : err_make(ERR_CHAIN, "the certificate is not for time-stamps");
	case PATH_OCSP:
		return eku && certificate_has_purpose(leaf, OID_KP_OCSP_SIGNING)
		           ? OK
		           : err_make(ERR_CHAIN, "the certificate is not for OCSP answers");
	case PATH_CA:
	default:
		return leaf->ca ? OK : err_make(ERR_CHAIN, "the certificate is not a certification authority's");
	}
}

/* The newest reason why a candidate did not fit, kept because later tries overwrite the thread's detail. */
struct reason {
	uint16_t code;
	char detail[200];
};

static bool
fits(const struct certificate *subject, const struct certificate *issuer, size_t below, int64_t at, struct reason *why)
{
	err_t e = path_check_step(subject, issuer, below, at);
	if (!err_is(e))
		return true;
	why->code = e.code;
	snprintf(why->detail, sizeof why->detail, "%s", err_detail());
	return false;
}

static bool
seen_before(const struct path *path, const struct certificate *c)
{
	for (size_t i = 0; i < path->n; i++)
		if (bytes_eq(path->chain[i].spki, c->spki) && bytes_eq(path->chain[i].subject, c->subject))
			return true;
	return false;
}

/* Tries the certificates of a list as issuer of the chain's last; the first that fits is appended. */
static bool
extend(struct path *path, const struct bytes *list, size_t n, int64_t at, struct reason *why)
{
	const struct certificate *subject = &path->chain[path->n - 1];
	for (size_t i = 0; i < n; i++) {
		struct certificate *next = &path->chain[path->n];
		if (err_is(certificate_read(list[i], next)) || !bytes_eq(next->subject, subject->issuer) ||
		    seen_before(path, next))
			continue;
		if (fits(subject, next, path->n - 1, at, why)) {
			path->n++;
			return true;
		}
	}
	return false;
}

/* Whether the leaf itself is one of the anchors. */
static bool
is_anchor(struct bytes leaf, const struct bytes *anchors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_eq(leaf, anchors[i]))
			return true;
	return false;
}

err_t
path_build(struct bytes leaf, const struct bytes *pool, size_t pool_n, const struct bytes *anchors, size_t anchors_n,
    enum path_purpose purpose, int64_t at, struct path *ret_path)
{
	struct path path = {.n = 1};
	struct reason why = {ERR_CHAIN, "no chain of certificates leads to a trusted one"};
	if (pool_n > PATH_POOL_MAX)
		return err_make(ERR_CHAIN, "%zu certificates to choose from, at most %d", pool_n, PATH_POOL_MAX);
	TRY(certificate_read(leaf, &path.chain[0]));
	TRY(check_purpose(&path.chain[0], purpose));
	if (at < path.chain[0].not_before_at || at >= path.chain[0].not_after_at + TIME_SECOND)
		return err_make(ERR_CHAIN, "the certificate is not valid at that time");
	bool done = is_anchor(leaf, anchors, anchors_n);
	while (!done && path.n < PATH_MAX_LEN) {
		done = extend(&path, anchors, anchors_n, at, &why);
		if (!done && !extend(&path, pool, pool_n, at, &why))
			break;
	}
	if (!done)
		return err_import(why.code, why.detail);
	*ret_path = path;
	return OK;
}
