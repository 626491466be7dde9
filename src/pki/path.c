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

/* Whether a signer's certificate may sign documents: one that says what it is for must name this, or what people's
 * certificates were made for before it had a name. Those of servers, time-stamp units and OCSP signers are not for it.
 * [RFC 5280 4.2.1.12] */
static bool
signs_documents(const struct certificate *leaf)
{
	const struct bytes purposes[] = {OID_KP_DOCUMENT_SIGNING, OID_KP_ADOBE_PDF_SIGNING, OID_KP_MS_DOCUMENT_SIGNING,
	    OID_KP_EMAIL_PROTECTION, OID_KP_CLIENT_AUTH, OID_KP_ANY};
	bool named = leaf->ext_key_usage.n == 0;
	for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++)
		named |= certificate_has_purpose(leaf, purposes[i]);
	return named;
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
		return signs_documents(leaf) ? OK : err_make(ERR_CHAIN, "the certificate is not for signing documents");
	case PATH_ANY:
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

/* A search for a chain, depth first. Several certificates of one name and key are usual where authorities sign each other,
 * so the first issuer that fits may lead nowhere. */
struct search {
	const struct bytes *anchors;
	size_t anchors_n;
	struct certificate pool[PATH_POOL_MAX]; /* those that can be read */
	size_t pool_n;
	int64_t at;
	struct path path;
	size_t steps;                           /* checked so far: each may verify a signature */
	/* Why the newest candidate did not fit; kept because later tries overwrite the thread's detail. */
	uint16_t code;
	char detail[200];
};

static void
refuse(struct search *s, uint16_t code, const char *detail)
{
	s->code = code;
	snprintf(s->detail, sizeof s->detail, "%s", detail);
}

static bool
seen_before(const struct path *path, const struct certificate *c)
{
	for (size_t i = 0; i < path->n; i++)
		if (bytes_eq(path->chain[i].spki, c->spki) && bytes_eq(path->chain[i].subject, c->subject))
			return true;
	return false;
}

/* Appends the candidate to the chain when it is the issuer of its last. */
static bool
append(struct search *s, const struct certificate *issuer)
{
	struct path *path = &s->path;
	const struct certificate *subject = &path->chain[path->n - 1];
	if (!bytes_eq(issuer->subject, subject->issuer) || seen_before(path, issuer) || s->steps == PATH_STEPS_MAX)
		return false;
	if (++s->steps == PATH_STEPS_MAX) {
		refuse(s, ERR_CHAIN, "too many certificates could be the issuer");
		return false;
	}
	err_t e = path_check_step(subject, issuer, path->n - 1, s->at);
	if (err_is(e)) {
		refuse(s, e.code, err_detail());
		return false;
	}
	path->chain[path->n++] = *issuer;
	return true;
}

/* To an anchor from here, or on over each of the pool that fits. At most PATH_MAX_LEN deep. */
static bool
find(struct search *s)
{
	struct certificate anchor;
	if (s->path.n == PATH_MAX_LEN)
		return false;
	for (size_t i = 0; i < s->anchors_n; i++)
		if (!err_is(certificate_read(s->anchors[i], &anchor)) && append(s, &anchor))
			return true;
	for (size_t i = 0; i < s->pool_n; i++) {
		if (!append(s, &s->pool[i]))
			continue;
		if (find(s))
			return true;
		s->path.n--;
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
	struct search s = {.anchors = anchors, .anchors_n = anchors_n, .at = at, .path = {.n = 1}};
	refuse(&s, ERR_CHAIN, "no chain of certificates leads to a trusted one");
	if (pool_n > PATH_POOL_MAX)
		return err_make(ERR_CHAIN, "%zu certificates to choose from, at most %d", pool_n, PATH_POOL_MAX);
	const struct certificate *first = &s.path.chain[0];
	TRY(certificate_read(leaf, &s.path.chain[0]));
	TRY(check_purpose(first, purpose));
	if (at < first->not_before_at || at >= first->not_after_at + TIME_SECOND)
		return err_make(ERR_CHAIN, "the certificate is not valid at that time");
	for (size_t i = 0; i < pool_n; i++)
		s.pool_n += !err_is(certificate_read(pool[i], &s.pool[s.pool_n]));
	if (!is_anchor(leaf, anchors, anchors_n) && !find(&s))
		return err_import(s.code, s.detail);
	*ret_path = s.path;
	return OK;
}
