#include "api/gate.h"
#include "base/digest.h"
#include "base/time.h"

enum { BUCKETS = 16384 };

/* Roles of an API key are permissions of routes. */
static unsigned
permissions_of(unsigned roles)
{
	unsigned p = 0;
	p |= roles & ACCOUNT_SENDER ? ROUTE_SENDER : 0;
	p |= roles & ACCOUNT_REGISTRATION ? ROUTE_REGISTRATION : 0;
	p |= roles & ACCOUNT_REVOCATION ? ROUTE_REVOCATION : 0;
	p |= roles & ACCOUNT_AUDIT ? ROUTE_AUDIT : 0;
	return p;
}

static struct str
bearer(const struct call *c)
{
	struct str value = fcgi_request_header(c->request, "Authorization");
	if (value.n > 7 && strncasecmp(value.p, "Bearer ", 7) == 0)
		return (struct str){value.p + 7, value.n - 7};
	return (struct str){"", 0};
}

static err_t
enter_key(struct call *c, struct store_tx *reader, struct str token)
{
	TRY(account_find(reader, token, &c->account));
	if ((permissions_of(c->account.roles) & c->route->permission) == 0)
		return err_make(ERR_FORBIDDEN, "The key %s lacks the role for this.", c->account.id);
	snprintf(c->owner_room, sizeof c->owner_room, "%s", c->account.actor);
	return OK;
}

static err_t
enter_signer(struct call *c, struct store_tx *reader, struct str token, int64_t now)
{
	TRY(link_session_find(reader, token, now, &c->session));
	struct id_text id = id_text("sgr", c->session.signer);
	snprintf(c->owner_room, sizeof c->owner_room, "signer:%s", id.c);
	return OK;
}

err_t
gate_enter(struct call *c, struct store_tx *reader, int64_t now)
{
	struct str token = bearer(c);
	snprintf(c->owner_room, sizeof c->owner_room, "address:%.*s", (int)(c->remote.n > 45 ? 45 : c->remote.n), c->remote.p);
	if (c->route->permission & ROUTE_ANYBODY)
		(void)token;
	else if (token.n == 0)
		return err_make(ERR_UNAUTHENTICATED, "Send it as Authorization: Bearer.");
	else if (c->route->permission & ROUTE_SIGNER)
		TRY(enter_signer(c, reader, token, now));
	else
		TRY(enter_key(c, reader, token));
	c->owner = str_c(c->owner_room);
	return OK;
}

/* A token bucket for each caller and route; two callers may share one when their hashes meet, which only limits both a
 * little earlier. Memory does not grow with callers. */
struct gate_rates {
	struct {
		uint64_t who;
		int64_t at;
		double left;
	} bucket[BUCKETS];
};

struct gate_rates *
gate_rates_new(void)
{
	struct gate_rates *r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	return r;
}

void
gate_rates_free(struct gate_rates *r)
{
	free(r);
}

static uint64_t
caller_hash(const struct call *c)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	uint64_t who;
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, str_bytes(c->owner));
	digest_add(d, bytes(&c->route, sizeof c->route));
	digest_peek(d, hash);
	memcpy(&who, hash, sizeof who);
	return who;
}

err_t
gate_rate(struct gate_rates *r, const struct call *c, int64_t monotonic)
{
	uint64_t who = caller_hash(c);
	size_t i = who % BUCKETS;
	double most = c->route->per_minute;
	if (r->bucket[i].who != who) {
		r->bucket[i].who = who;
		r->bucket[i].left = most;
		r->bucket[i].at = monotonic;
	}
	double gained = (double)(monotonic - r->bucket[i].at) / (double)TIME_MINUTE * most;
	double left = r->bucket[i].left + gained;
	r->bucket[i].left = left > most ? most : left;
	r->bucket[i].at = monotonic;
	if (r->bucket[i].left < 1)
		return err_make(ERR_RATE, "At most %u a minute here.", c->route->per_minute);
	r->bucket[i].left -= 1;
	return OK;
}
