#include "pki/lint.h"
#include "base/time.h"

static const char *
check_tst(const struct tsp_token *t, const struct certificate *unit, const struct profile_instance *instance, int64_t now)
{
	struct oid policy;
	if (err_is(profile_policy_oid(instance, PROFILE_POLICY_STAMP, &policy)) || !bytes_eq(t->policy, oid_bytes(&policy)))
		return "the policy is not ours [RFC 3161 2.4.2]";
	if (!certificate_serial_check(t->serial))
		return "the serial is not 20 octets that start with 40 to 7F [profile P1]";
	if (t->ordering)
		return "ordering is claimed [profile P19]";
	if (t->accuracy_us == 0 || t->accuracy_us > 1000000)
		return "the accuracy is missing or worse than a second [EN 319 421 TIS-7.7.2-03]";
	if (t->gen_at > now || t->gen_at < now - TIME_SECOND)
		return "genTime is not now [RFC 3161 2.4.2]";
	if (t->nonce.n > TSP_NONCE_MAX)
		return "the nonce is too long [profile P19]";
	if (!certificate_has_purpose(unit, OID_KP_TIME_STAMPING) || unit->ext_key_usage.n != OID_KP_TIME_STAMPING.n + 2)
		return "the unit is not for time-stamps alone [RFC 3161 2.3]";
	if (t->gen_at < unit->not_before_at || t->gen_at > unit->not_after_at ||
	    (unit->key_not_after_at && t->gen_at > unit->key_not_after_at))
		return "the key of the unit is past its time [EN 319 421 TIS-7.7.1-09]";
	return NULL;
}

err_t
lint_tst(struct bytes info, const struct certificate *unit, const struct profile_instance *instance, int64_t now)
{
	struct tsp_token t;
	if (err_is(tsp_info_read(info, &t)))
		return err_make(ERR_LINT, "TST: not DER of a TSTInfo: %s [RFC 3161 2.4.2]", err_detail());
	const char *why = check_tst(&t, unit, instance, now);
	return why ? err_make(ERR_LINT, "TST: %s", why) : OK;
}
