#include "keys/unit.h"

static err_t
check(struct desk *d, struct bytes token, struct bytes imprint, struct tsp_token *ret_token)
{
	struct certificate unit;
	TRY(desk_certificate(d, KEYSTORE_TSU, &unit));
	TRY(tsp_token_read(token, ret_token));
	if (ret_token->kind != DIGEST_SHA256)
		return err_make(ERR_STAMP, "the time-stamp is not over a SHA-256 digest");
	return tsp_token_check(ret_token, imprint, &unit); /* its signature, and that it names this very certificate */
}

err_t
unit_check(struct desk *d, struct bytes token, struct bytes imprint, struct tsp_token *ret_token)
{
	err_t e = check(d, token, imprint, ret_token);
	if (!err_is(e) || e.code == ERR_STAMP || e.code == ERR_KEY_MISSING)
		return e;
	char why[256]; /* the detail moves into the error that the asker understands */
	snprintf(why, sizeof why, "%s", err_detail());
	return err_make(ERR_STAMP, "%s", why);
}

err_t
unit_token_room(struct desk *d, size_t *ret_room)
{
	struct certificate unit;
	struct oid policy;
	TRY(desk_certificate(d, KEYSTORE_TSU, &unit));
	TRY(profile_policy_oid(&d->facts, PROFILE_POLICY_STAMP, &policy));
	return tsp_token_size_max(&unit, oid_bytes(&policy), ret_room);
}
