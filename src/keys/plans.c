#include "keys/plans.h"
#include "base/log.h"
#include "os/file.h"
#include "pdf/plan.h"

static const char mac_label[] = "paraph plan";

enum { BOUND = 2 * DIGEST_SHA256_LEN };

static err_t
refuse(const char *why)
{
	log_security("plan-not-attested", why);
	return err_make(ERR_MAC, "%s", why);
}

err_t
plans_key_take(struct desk *d, int fd)
{
	uint8_t key[PLAN_KEY_LEN];
	err_t e = file_pread(fd, 0, sizeof key, key);
	close(fd);
	TRY(e);
	d->plan_key = secret_take(key, sizeof key);
	return OK;
}

static struct bytes
bound(const uint8_t *revision0_sha256, const uint8_t *plan_sha256, uint8_t room[BOUND])
{
	memcpy(room, revision0_sha256, DIGEST_SHA256_LEN);
	memcpy(room + DIGEST_SHA256_LEN, plan_sha256, DIGEST_SHA256_LEN);
	return bytes(room, BOUND);
}

err_t
plans_attest(struct desk *d, const paraph_PlanAttest *m, paraph_Keys *ret_answer)
{
	uint8_t mac[PLAN_MAC_LEN], room[BOUND];
	if (m->revision0_sha256.size != DIGEST_SHA256_LEN || m->plan_sha256.size != DIGEST_SHA256_LEN)
		return err_make(ERR_INPUT, "the plan to attest is not complete");
	if (d->plan_key.n == 0)
		return err_make(ERR_CONF, "there is no plan-key: no plan can be attested");
	plan_mac(secret_bytes(&d->plan_key), m->revision0_sha256.bytes, m->plan_sha256.bytes, mac);
	if (!secret_eq(BYTES_OF(mac), bytes(m->mac.bytes, m->mac.size)))
		return refuse("the plan is not one that paraph-document made for this revision 0 in this run");
	paraph_PlanAttested *a = &ret_answer->body.plan_attested;
	keystore_mac(d->keystore, mac_label, bound(m->revision0_sha256.bytes, m->plan_sha256.bytes, room), a->mac.bytes);
	a->mac.size = KEYSTORE_MAC_LEN;
	ret_answer->which_body = paraph_Keys_plan_attested_tag;
	return OK;
}

err_t
plans_check(struct desk *d, const paraph_ActivationDocument *m)
{
	uint8_t room[BOUND];
	struct bytes mac = bytes(m->plan_mac.bytes, m->plan_mac.size);
	if (!keystore_mac_check(d->keystore, mac_label, bound(m->revision0_sha256.bytes, m->plan_sha256.bytes, room), mac))
		return refuse("the plan of a document is not one that paraph-document made for it");
	return OK;
}
