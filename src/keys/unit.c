#include "keys/unit.h"
#include "keys/proven.h"
#include "pki/path.h"

/* The root: what stands above the issuing CA. */
static err_t
root_get(struct desk *d, struct certificate *ret_root)
{
	struct keystore_chain chain;
	TRY(keystore_chain_get(d->keystore, KEYSTORE_ISSUING, &chain));
	if (chain.n < 2)
		return err_make(ERR_KEY_MISSING, "the certificate of the root is not stored with the issuing CA's");
	return certificate_read(chain.certificate[chain.n - 1], ret_root);
}

static err_t
certificate_check(struct desk *d, const struct certificate *unit, int64_t at)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	struct certificate root;
	struct oid policy;
	digest_sha256(unit->der, sha256);
	if (proven_has(d->proven, sha256))
		return OK;
	TRY(root_get(d, &root));
	TRY(profile_policy_oid(&d->facts, PROFILE_POLICY_TSU, &policy));
	if (!certificate_has_purpose(unit, OID_KP_TIME_STAMPING) || !certificate_has_policy(unit, oid_bytes(&policy)))
		return err_make(ERR_STAMP, "the certificate is not one for time-stamping under our policy");
	TRY(path_check_step(unit, &root, 0, at));
	proven_add(d->proven, sha256);
	return OK;
}

static err_t
check(struct desk *d, struct bytes token, struct bytes imprint, struct tsp_token *ret_token)
{
	struct certificate unit;
	TRY(tsp_token_read(token, ret_token));
	TRY(tsp_token_unit(ret_token, &unit));
	TRY(certificate_check(d, &unit, ret_token->gen_at));
	if (ret_token->kind != DIGEST_SHA256)
		return err_make(ERR_STAMP, "the time-stamp is not over a SHA-256 digest");
	return tsp_token_check(ret_token, imprint, &unit);
}

err_t
unit_check(struct desk *d, struct bytes token, struct bytes imprint, struct tsp_token *ret_token)
{
	err_t e = check(d, token, imprint, ret_token);
	if (!err_is(e) || e.code == ERR_STAMP)
		return e;
	char why[256]; /* the detail moves into the error that the asker understands */
	snprintf(why, sizeof why, "%s", err_detail());
	return err_make(ERR_STAMP, "%s", why);
}
