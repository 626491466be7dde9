/*
 * A demo installation in a scratch folder, made by the same ceremony as `paraph init` does, with the roles of the key
 * process in this process: requests go through roles_answer as they would from a channel. The other end of keys-courier
 * is a thread that keeps the last message, as a mail box would.
 */
#ifndef PARAPH_TEST_HOUSE_H
#define PARAPH_TEST_HOUSE_H

#include "keys/scratch.h"

#include "base/log.h"
#include "base/rand.h"
#include "keys/desk.h"
#include "keys/pens.h"
#include "keys/roles.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/socket.h"
#include "pdf/plan.h"
#include "wire/channel.h"

#include <fcntl.h>
#include <pthread.h>

/* What certificates say of a service; members that are NULL keep their default. */
struct house_names {
	const char *organisation, *identifier, *common_name, *base_url;
};

struct house {
	char dir[64];
	struct desk *issuing, *status;
	struct client *core;    /* when set, core's requests go to a real process over its channel */
	struct buf root, ca, tsu, seal, ocsp, ocsp_spki;
	int courier_fd;
	pthread_t courier;
	pthread_mutex_t lock;
	unsigned messages;      /* that courier got */
	paraph_CodeMessage last;
	uint8_t codes[1024][6]; /* by address */
	bool refuse;            /* courier answers that it cannot */
	bool mute;              /* or not at all */
};

/* The answer's error, if it is one. */
static inline err_t
house_ask(struct desk *d, bool ceremony, void *request, const int *fds, void *answer)
{
	static const int none[LIMIT_WIRE_FDS] = {-1, -1, -1, -1};
	int all[LIMIT_WIRE_FDS] = {-1, -1, -1, -1};
	const struct roles_channel *c = roles_channel(d->role, ceremony);
	for (size_t i = 0; fds != NULL && i < LIMIT_WIRE_FDS && fds[i] != -2; i++)
		all[i] = fds[i];
	memset(answer, 0, c->table->kind->size);
	assert_ok(table_check(c->table, request));
	roles_answer(d, c, request, fds != NULL ? all : none, answer);
	if (message_head(answer)->which_body != c->table->kind->outcome)
		return OK;
	const paraph_Outcome *o = (const void *)((const char *)answer + c->table->kind->body);
	return o->code == 0 ? OK : err_import((uint16_t)o->code, o->detail);
}

/* A request of core. */
static inline err_t
house_core(struct house *h, paraph_Keys *request, const int *fds, size_t fds_n, paraph_Keys *answer)
{
	int all[LIMIT_WIRE_FDS + 1] = {-1, -1, -1, -1, -2};
	if (h->core != NULL)
		return client_call(h->core, request, fds, fds_n, 20 * TIME_SECOND, answer);
	for (size_t i = 0; i < fds_n; i++)
		all[i] = fds[i];
	return house_ask(h->issuing, false, request, all, answer);
}

/* What the role's peer hears when it asks how things are. */
static inline err_t
house_health(struct desk *d)
{
	const struct message_kind *kind = roles_channel(d->role, false)->table->kind;
	void *q = message_new(kind), *a = message_new(kind);
	message_head(q)->which_body = d->role == JOURNAL_STATUS ? paraph_StatusKeys_health_tag : paraph_Keys_health_tag;
	err_t e = house_ask(d, false, q, NULL, a);
	message_free(kind, q);
	message_free(kind, a);
	return e;
}

static inline size_t
house_box(const char *address)
{
	size_t h = 5381;
	for (; *address != '\0'; address++)
		h = h * 33 + (uint8_t)*address;
	return h % 1024;
}

/* ---- the mail box ---- */

static inline void *
house_courier(void *arg)
{
	struct house *h = arg;
	paraph_Courier *m = message_new(&message_courier);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	while (!err_is(channel_receive(h->courier_fd, &message_courier, true, m, fds, &got))) {
		pthread_mutex_lock(&h->lock);
		bool refuse = h->refuse, mute = h->mute;
		if (!refuse) {
			h->last = m->body.code;
			memcpy(h->codes[house_box(h->last.address)], h->last.code.bytes, 6);
			h->messages++;
		}
		pthread_mutex_unlock(&h->lock);
		if (mute)
			continue;
		err_ignore(channel_send_outcome(h->courier_fd, &message_courier, m->id,
		    refuse ? err_make(ERR_PEER_GONE, "no") : OK));
	}
	message_free(&message_courier, m);
	return NULL;
}

static inline void
house_courier_start(struct house *h)
{
	int pair[2];
	assert_ok(socket_pair(pair));
	h->courier_fd = pair[1];
	h->issuing->courier = client_new(&message_courier, pair[0]);
	pthread_create(&h->courier, NULL, house_courier, h);
}

/* ---- the ceremony ---- */

static inline void
house_key(struct desk *d, paraph_Purpose purpose, struct buf *spki)
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	q->which_body = paraph_Keys_key_make_tag;
	q->body.key_make.purpose = purpose;
	assert_ok(house_ask(d, true, q, NULL, a));
	buf_put(spki, bytes(a->body.key_made.spki.bytes, a->body.key_made.spki.size));
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

static inline void
house_certify(struct desk *root, paraph_Purpose purpose, const struct buf *spki, struct buf *certificate)
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_CeremonyCertificateSign *m = &q->body.ceremony_certificate_sign;
	q->which_body = paraph_Keys_ceremony_certificate_sign_tag;
	m->purpose = purpose;
	m->serial.size = 20;
	rand_serial(m->serial.bytes);
	m->spki.size = (pb_size_t)spki->n;
	memcpy(m->spki.bytes, spki->p, spki->n);
	assert_ok(house_ask(root, true, q, NULL, a));
	buf_put(certificate, bytes(a->body.certificate_signed.certificate.bytes, a->body.certificate_signed.certificate.size));
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

static inline err_t
house_store(struct desk *d, paraph_Purpose purpose, const struct buf *certificate, const struct buf *const *chain, size_t n)
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_CertificateStore *m = &q->body.certificate_store;
	q->which_body = paraph_Keys_certificate_store_tag;
	m->purpose = purpose;
	m->certificate.size = (pb_size_t)certificate->n;
	memcpy(m->certificate.bytes, certificate->p, certificate->n);
	for (m->chain_count = 0; m->chain_count < n; m->chain_count++) {
		m->chain[m->chain_count].size = (pb_size_t)chain[m->chain_count]->n;
		memcpy(m->chain[m->chain_count].bytes, chain[m->chain_count]->p, chain[m->chain_count]->n);
	}
	err_t e = house_ask(d, true, q, NULL, a);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
	return e;
}

static inline void
house_ocsp_certificate(struct house *h, struct desk *issuing)
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_OcspCertificateSign *m = &q->body.ocsp_certificate_sign;
	q->which_body = paraph_Keys_ocsp_certificate_sign_tag;
	m->intent.size = 16;
	rand_fill(m->intent.bytes, 16);
	m->serial.size = 20;
	rand_serial(m->serial.bytes);
	m->spki.size = (pb_size_t)h->ocsp_spki.n;
	memcpy(m->spki.bytes, h->ocsp_spki.p, h->ocsp_spki.n);
	assert_ok(house_ask(issuing, true, q, NULL, a));
	buf_put(&h->ocsp, bytes(a->body.certificate_signed.certificate.bytes, a->body.certificate_signed.certificate.size));
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

/* The key that paraphd would have made for document and keys. */
static inline void
house_plan_key(uint8_t ret_key[PLAN_KEY_LEN])
{
	memset(ret_key, 0x5a, PLAN_KEY_LEN);
}

static inline struct desk *
house_open(const struct house *h, enum journal_role role, bool ceremony)
{
	struct desk *d = NULL;
	uint8_t key[PLAN_KEY_LEN];
	house_plan_key(key);
	assert_ok(desk_open(h->dir, role, ceremony, -1, &d));
	if (role == JOURNAL_ISSUING && !ceremony)
		d->plan_key = secret_take(key, sizeof key);
	desk_start(d);
	return d;
}

static inline void
house_ceremony(struct house *h)
{
	const struct buf *root_only[] = {&h->root}, *whole[] = {&h->ca, &h->root};
	struct buf *spki = calloc(6, sizeof *spki);
	for (size_t i = 0; i < 6; i++)
		spki[i] = buf_init(1024);
	struct desk *root = house_open(h, JOURNAL_ROOT, true), *issuing = house_open(h, JOURNAL_ISSUING, true);
	struct desk *status = house_open(h, JOURNAL_STATUS, true);
	house_key(root, paraph_Purpose_PURPOSE_ROOT, &spki[0]);
	house_certify(root, paraph_Purpose_PURPOSE_ROOT, &spki[0], &h->root);
	house_key(issuing, paraph_Purpose_PURPOSE_ISSUING, &spki[1]);
	house_certify(root, paraph_Purpose_PURPOSE_ISSUING, &spki[1], &h->ca);
	assert_ok(house_store(issuing, paraph_Purpose_PURPOSE_ISSUING, &h->ca, root_only, 1));
	house_key(issuing, paraph_Purpose_PURPOSE_SEAL, &spki[2]);
	house_certify(root, paraph_Purpose_PURPOSE_SEAL, &spki[2], &h->seal);
	assert_ok(house_store(issuing, paraph_Purpose_PURPOSE_SEAL, &h->seal, root_only, 1));
	house_key(issuing, paraph_Purpose_PURPOSE_LOG, &spki[3]);
	house_key(status, paraph_Purpose_PURPOSE_TSU, &spki[4]);
	house_certify(root, paraph_Purpose_PURPOSE_TSU, &spki[4], &h->tsu);
	assert_ok(house_store(status, paraph_Purpose_PURPOSE_TSU, &h->tsu, root_only, 1));
	assert_ok(house_store(issuing, paraph_Purpose_PURPOSE_TSU, &h->tsu, root_only, 1));
	house_key(status, paraph_Purpose_PURPOSE_OCSP, &h->ocsp_spki);
	house_ocsp_certificate(h, issuing);
	assert_ok(house_store(status, paraph_Purpose_PURPOSE_OCSP, &h->ocsp, whole, 2));
	desk_free(root);
	desk_free(issuing);
	desk_free(status);
	for (size_t i = 0; i < 6; i++)
		buf_done(&spki[i]);
	free(spki);
}

/* ---- the house ---- */

static inline void
house_set(struct instance *i, const char *section, const char *key, const char *value)
{
	if (value != NULL)
		assert_ok(instance_set(i, section, key, value));
}

static inline void
house_folders(struct house *h, const struct house_names *service)
{
	static const char *const names[] = {"keys", "keys/root", "keys/issuing", "keys/status"};
	struct instance i = {0};
	char path[PATH_MAX];
	AUTO_BUF(conf, 100000);
	assert_ok(instance_default(h->dir, &i));
	assert_ok(instance_set(&i, "instance", "oid_arc", "2.25.329800735698586629295641978511506172918"));
	assert_ok(instance_set(&i, "organisation", "country", "FR"));
	house_set(&i, "organisation", "name", service->organisation);
	house_set(&i, "organisation", "identifier", service->identifier);
	house_set(&i, "organisation", "common_name", service->common_name);
	house_set(&i, "front", "base_url", service->base_url);
	instance_write(&i, &conf);
	snprintf(path, sizeof path, "%s/paraph.conf", h->dir);
	assert_ok(file_replace(path, buf_bytes(&conf), 0600));
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		snprintf(path, sizeof path, "%s/%s", h->dir, names[k]);
		assert_ok(file_mkdir(path, 0700));
	}
	instance_done(&i);
}

static inline void
house_make_as(struct house *h, const struct house_names *service)
{
	struct buf *all[] = {&h->root, &h->ca, &h->tsu, &h->seal, &h->ocsp, &h->ocsp_spki};
	log_init("test", LOG_CRIT);
	memset(h, 0, sizeof *h);
	pthread_mutex_init(&h->lock, NULL);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*all[i] = buf_init(8192);
	setenv("PARAPH_SHARE", getenv("PARAPH_SOURCE") != NULL ? getenv("PARAPH_SOURCE") : ".", 0);
	scratch_make(h->dir);
	house_folders(h, service);
	house_ceremony(h);
	h->issuing = house_open(h, JOURNAL_ISSUING, false);
	h->status = house_open(h, JOURNAL_STATUS, false);
	house_courier_start(h);
}

static inline void
house_make(struct house *h)
{
	static const struct house_names none;
	house_make_as(h, &none);
}

/* As after kill -9: nothing is left but what is on the disk. */
static inline void
house_restart(struct house *h)
{
	desk_free(h->issuing);
	pthread_join(h->courier, NULL);
	close(h->courier_fd);
	h->issuing = house_open(h, JOURNAL_ISSUING, false);
	house_courier_start(h);
}

static inline void
house_done(struct house *h)
{
	struct buf *all[] = {&h->root, &h->ca, &h->tsu, &h->seal, &h->ocsp, &h->ocsp_spki};
	desk_free(h->issuing);
	desk_free(h->status);
	pthread_join(h->courier, NULL);
	close(h->courier_fd);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_done(all[i]);
	scratch_remove(h->dir);
}

/* ---- messages ---- */

#define HOUSE_ID(member, octets)                                                                                       \
	((member).size = sizeof(octets), (void)memcpy((member).bytes, (octets), sizeof(octets)))

/* Has the plan of a document attested, as core does after paraph-document made it. */
static inline err_t
house_attest(struct house *h, paraph_ActivationDocument *doc)
{
	uint8_t key[PLAN_KEY_LEN];
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_PlanAttest *m = &q->body.plan_attest;
	q->which_body = paraph_Keys_plan_attest_tag;
	house_plan_key(key);
	memcpy(&m->revision0_sha256, &doc->revision0_sha256, sizeof m->revision0_sha256);
	memcpy(&m->plan_sha256, &doc->plan_sha256, sizeof m->plan_sha256);
	m->mac.size = PLAN_MAC_LEN;
	plan_mac(BYTES_OF(key), m->revision0_sha256.bytes, m->plan_sha256.bytes, m->mac.bytes);
	err_t e = house_core(h, q, NULL, 0, a);
	memcpy(&doc->plan_mac, &a->body.plan_attested.mac, sizeof doc->plan_mac);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
	return e;
}

/* A person of the demo. */
static inline void
house_registration(paraph_Registration *r, uint8_t n)
{
	memset(r, 0, sizeof *r);
	r->id.size = 16;
	memset(r->id.bytes, n, 16);
	r->digest.size = 32;
	memset(r->digest.bytes, n + 1, 32);
	r->has_subject = true;
	snprintf(r->subject.country, sizeof r->subject.country, "FR");
	snprintf(r->subject.given_name, sizeof r->subject.given_name, "Jane");
	snprintf(r->subject.surname, sizeof r->subject.surname, "Doe");
	snprintf(r->subject.common_name, sizeof r->subject.common_name, "Jane Doe");
	snprintf(r->subject.serial_number, sizeof r->subject.serial_number, "DEMO-%04u", n);
	r->method = paraph_Method_METHOD_EMAIL_CODE;
	snprintf(r->address, sizeof r->address, "jane%u@example.org", n);
	r->made_at = clock_now();
}

static inline err_t
house_enrol(struct house *h, const paraph_Registration *r, uint8_t ret_mac[32])
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	q->which_body = paraph_Keys_enrol_tag;
	q->body.enrol.has_registration = true;
	q->body.enrol.registration = *r;
	err_t e = house_core(h, q, NULL, 0, a);
	if (!err_is(e))
		memcpy(ret_mac, a->body.enrolled.mac.bytes, 32);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
	return e;
}

#endif
