/*
 * One document on its way through the key process, as core would lead it there: prepared by the real preparer, activated
 * with the code from the mail box, signed, stamped by the real status role, completed and joined.
 */
#ifndef PARAPH_TEST_PAPER_H
#define PARAPH_TEST_PAPER_H

#include "keys/house.h"

#include "document/prepare.h"
#include "pki/ocsp.h"
#include "pki/path.h"
#include "pki/tsp.h"
#include "pki/crl.h"

#include <sys/mman.h>

struct paper {
	struct house *house;
	uint8_t activation[16], request[16], signer[16], intent[16], serial[20], mac[32];
	paraph_Registration registration;
	struct buf file, plan;   /* revision 0 (or the newest revision), and the plan */
	size_t signers;
	uint8_t revision0[32], appearance[32], plan_sha256[32];
	uint64_t revision0_length;
	uint32_t field, stamp_field;
	bool has_base;
	paraph_RevisionRecord base;
	int out_fd;              /* increments */
	paraph_SignAnswer signed_;
	paraph_IncrementAnswer increment; /* the newest answer */
	int64_t published_at;
};

static inline int
paper_file(struct bytes octets)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(file_write(fd, octets));
	return fd;
}

/* An empty append-only file. */
static inline int
paper_out(void)
{
	char path[64] = "/tmp/paraph-test-XXXXXX";
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static inline void
paper_prepare(struct paper *p, const char *path, size_t signers)
{
	struct typefaces *faces;
	struct prepared prepared;
	AUTO_BUF(increment, LIMIT_INCREMENT);
	struct inspect_order *order = calloc(1, sizeof *order);
	order->demo = true;
	order->wishes_n = p->signers = signers;
	for (size_t i = 0; i < signers; i++)
		order->wishes[i] = (struct inspect_wish){.signer_name = STR("Jane Doe"), .note = STR("sign.example.org/verify"),
		    .visible = true, .page = 1, .x = 36, .y = 36 + 80.0 * (double)i, .w = 180, .h = 54};
	p->file = buf_init((size_t)200 * 1024 * 1024);
	p->plan = buf_init(LIMIT_PLAN);
	assert_ok(file_read_path(path, &p->file));
	assert_ok(typeface_open_all(&faces));
	assert_ok(prepare_run(buf_bytes(&p->file), order, faces, &increment, &p->plan, &prepared));
	typeface_close_all(faces);
	free(order);
	buf_put(&p->file, buf_bytes(&increment));
	digest_sha256(buf_bytes(&p->file), p->revision0);
	digest_sha256(buf_bytes(&p->plan), p->plan_sha256);
	p->revision0_length = p->file.n;
}

/* The fields of one of the signers. */
static inline void
paper_signer(struct paper *p, uint16_t signer)
{
	struct plan *plan = calloc(1, sizeof *plan);
	size_t at;
	assert_ok(plan_read(buf_bytes(&p->plan), plan));
	assert_ok(plan_find(plan, PLAN_SIGNATURE, signer, &at));
	p->field = (uint32_t)at;
	plan_appearance(plan, at, p->appearance);
	assert_ok(plan_find(plan, PLAN_STAMP, signer, &at));
	p->stamp_field = (uint32_t)at;
	free(plan);
	rand_fill(p->activation, 16);
	rand_fill(p->signer, 16);
	rand_fill(p->intent, 16);
	rand_serial(p->serial);
}

static inline void
paper_person(struct paper *p, uint8_t n)
{
	house_registration(&p->registration, n);
	assert_ok(house_enrol(p->house, &p->registration, p->mac));
}

static inline void
paper_make(struct paper *p, struct house *h, const char *path, size_t signers)
{
	memset(p, 0, sizeof *p);
	p->house = h;
	p->out_fd = paper_out();
	rand_fill(p->request, 16);
	paper_prepare(p, path, signers);
	paper_signer(p, 0);
	paper_person(p, (uint8_t)rand_below(200));
}

static inline void
paper_done(struct paper *p)
{
	buf_done(&p->file);
	buf_done(&p->plan);
	close(p->out_fd);
}

/* ---- activation ---- */

static inline err_t
paper_core(struct paper *p, paraph_Keys *q, const int *fds, size_t n, paraph_Keys **ret_answer)
{
	*ret_answer = message_new(&message_keys);
	err_t e = house_core(p->house, q, fds, n, *ret_answer);
	message_free(&message_keys, q);
	return e;
}

/* Sends and forgets the answer. */
static inline err_t
paper_tell(struct paper *p, paraph_Keys *q)
{
	paraph_Keys *a;
	err_t e = paper_core(p, q, NULL, 0, &a);
	message_free(&message_keys, a);
	return e;
}

static inline paraph_Keys *
paper_begin_message(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	paraph_ActivationBegin *m = &q->body.activation_begin;
	q->which_body = paraph_Keys_activation_begin_tag;
	HOUSE_ID(m->activation, p->activation);
	HOUSE_ID(m->request, p->request);
	HOUSE_ID(m->signer, p->signer);
	HOUSE_ID(m->registration_mac, p->mac);
	m->has_registration = true;
	m->registration = p->registration;
	m->documents_count = 1;
	HOUSE_ID(m->documents[0].revision0_sha256, p->revision0);
	HOUSE_ID(m->documents[0].plan_sha256, p->plan_sha256);
	m->documents[0].field = p->field;
	snprintf(m->documents[0].title, sizeof m->documents[0].title, "Contract");
	assert_ok(house_attest(p->house, &m->documents[0]));
	m->terms_sha256.size = 32;
	return q;
}

static inline err_t
paper_begin(struct paper *p)
{
	return paper_tell(p, paper_begin_message(p));
}

static inline err_t
paper_try(struct paper *p, const uint8_t code[6])
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_code_try_tag;
	HOUSE_ID(q->body.code_try.activation, p->activation);
	q->body.code_try.code.size = 6;
	memcpy(q->body.code_try.code.bytes, code, 6);
	return paper_tell(p, q);
}

static inline err_t
paper_complete(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	paraph_ActivationComplete *m = &q->body.activation_complete;
	q->which_body = paraph_Keys_activation_complete_tag;
	HOUSE_ID(m->activation, p->activation);
	m->consent_sha256.size = 32;
	m->appearance_sha256_count = 1;
	HOUSE_ID(m->appearance_sha256[0], p->appearance);
	return paper_tell(p, q);
}

static inline void
paper_code(struct paper *p, uint8_t ret_code[6])
{
	pthread_mutex_lock(&p->house->lock);
	memcpy(ret_code, p->house->codes[house_box(p->registration.address)], 6);
	pthread_mutex_unlock(&p->house->lock);
}

static inline void
paper_activate(struct paper *p)
{
	uint8_t code[6];
	assert_ok(paper_begin(p));
	paper_code(p, code);
	assert_ok(paper_try(p, code));
	assert_ok(paper_complete(p));
}

/* ---- the signature ---- */

static inline void
paper_sign_fill(const struct paper *p, paraph_SignBegin *m)
{
	HOUSE_ID(m->intent, p->intent);
	HOUSE_ID(m->activation, p->activation);
	HOUSE_ID(m->serial, p->serial);
	m->has_subject = true;
	m->subject = p->registration.subject;
	m->registration_digest.size = 32;
	memcpy(m->registration_digest.bytes, p->registration.digest.bytes, 32);
	m->stamp_field = p->stamp_field;
	m->has_base = p->has_base;
	m->base = p->base;
}

/* With these files; q has the body already. */
static inline err_t
paper_sign_with(struct paper *p, paraph_Keys *q, struct bytes file, struct bytes plan, int out_fd)
{
	int fds[3] = {paper_file(file), paper_file(plan), out_fd};
	paraph_Keys *a;
	err_t e = paper_core(p, q, fds, 3, &a);
	if (!err_is(e)) {
		assert_int_equal(a->which_body, paraph_Keys_sign_answer_tag);
		p->signed_ = a->body.sign_answer;
		p->published_at = clock_now();
	}
	message_free(&message_keys, a);
	close(fds[0]);
	close(fds[1]);
	return e;
}

static inline err_t
paper_sign(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_sign_begin_tag;
	paper_sign_fill(p, &q->body.sign_begin);
	return paper_sign_with(p, q, buf_bytes(&p->file), buf_bytes(&p->plan), p->out_fd);
}

static inline err_t
paper_resume(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_sign_resume_tag;
	q->body.sign_resume.has_begin = true;
	paper_sign_fill(p, &q->body.sign_resume.begin);
	return paper_sign_with(p, q, buf_bytes(&p->file), buf_bytes(&p->plan), p->out_fd);
}

/* ---- stamps and answers, from the role status ---- */

static inline void
paper_token(struct desk *status, const uint8_t imprint[32], struct buf *token)
{
	paraph_StatusKeys *q = message_new(&message_status_keys), *a = message_new(&message_status_keys);
	q->which_body = paraph_StatusKeys_tsp_sign_tag;
	q->body.tsp_sign.hash = 256;
	q->body.tsp_sign.imprint.size = 32;
	memcpy(q->body.tsp_sign.imprint.bytes, imprint, 32);
	q->body.tsp_sign.cert_req = true;
	assert_ok(house_ask(status, false, q, NULL, a));
	buf_put(token, bytes(a->body.tsp_signed.token.bytes, a->body.tsp_signed.token.size));
	message_free(&message_status_keys, q);
	message_free(&message_status_keys, a);
}

/* "good" for the certificate that was just made, until it ends. */
static inline void
paper_ocsp(const struct paper *p, struct buf *response)
{
	paraph_StatusKeys *q = message_new(&message_status_keys), *a = message_new(&message_status_keys);
	paraph_OcspSign *m = &q->body.ocsp_sign;
	struct certificate ca, c;
	uint8_t room[OCSP_ID_MAX];
	struct encode w = encode_init(room, sizeof room);
	struct bytes id;
	assert_ok(certificate_read(buf_bytes(&p->house->ca), &ca));
	assert_ok(certificate_read(bytes(p->signed_.certificate.bytes, p->signed_.certificate.size), &c));
	assert_ok(ocsp_id_write(&w, DIGEST_SHA256, ca.subject, ca.public_key, c.serial));
	assert_ok(encode_done(&w, &id));
	q->which_body = paraph_StatusKeys_ocsp_sign_tag;
	m->singles_count = 1;
	m->singles[0].cert_id.size = (pb_size_t)id.n;
	memcpy(m->singles[0].cert_id.bytes, id.p, id.n);
	m->singles[0].reason = -1;
	m->singles[0].this_update = clock_now();
	m->singles[0].next_update = ocsp_next_update(clock_now(), c.not_after_at);
	m->singles[0].certificate_sha256.size = 32;
	digest_sha256(c.der, m->singles[0].certificate_sha256.bytes);
	m->certificate.size = (pb_size_t)p->house->ocsp.n;
	memcpy(m->certificate.bytes, p->house->ocsp.p, p->house->ocsp.n);
	assert_ok(house_ask(p->house->status, false, q, NULL, a));
	buf_put(response, bytes(a->body.ocsp_signed.response.bytes, a->body.ocsp_signed.response.size));
	message_free(&message_status_keys, q);
	message_free(&message_status_keys, a);
}

/* ---- the three increments ---- */

static inline err_t
paper_increment(struct paper *p, paraph_Keys *q)
{
	paraph_Keys *a;
	err_t e = paper_core(p, q, NULL, 0, &a);
	if (!err_is(e)) {
		assert_int_equal(a->which_body, paraph_Keys_increment_answer_tag);
		p->increment = a->body.increment_answer;
	}
	message_free(&message_keys, a);
	return e;
}

static inline err_t
paper_stamp_with(struct paper *p, struct bytes token)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_stamp_put_tag;
	HOUSE_ID(q->body.stamp_put.intent, p->intent);
	q->body.stamp_put.token.size = (pb_size_t)token.n;
	memcpy(q->body.stamp_put.token.bytes, token.p, token.n);
	return paper_increment(p, q);
}

static inline err_t
paper_stamp(struct paper *p)
{
	uint8_t imprint[32];
	AUTO_BUF(token, 8192);
	digest_sha256(bytes(p->signed_.signature.bytes, p->signed_.signature.size), imprint);
	paper_token(p->house->status, imprint, &token);
	return paper_stamp_with(p, buf_bytes(&token));
}

#define PAPER_LIST_ADD(list, octets)                                                                                   \
	do {                                                                                                           \
		(list)[list##_count].size = (pb_size_t)(octets).n;                                                     \
		memcpy((list)[list##_count].bytes, (octets).p, (octets).n);                                            \
		list##_count++;                                                                                        \
	} while (0)

static inline err_t
paper_dss(struct paper *p, struct bytes root_crl)
{
	paraph_Keys *q = message_new(&message_keys);
	paraph_DssPut *m = &q->body.dss_put;
	AUTO_BUF(ocsp, 8192);
	paper_ocsp(p, &ocsp);
	q->which_body = paraph_Keys_dss_put_tag;
	HOUSE_ID(m->intent, p->intent);
	const struct bytes certificates[] = {buf_bytes(&p->house->ca), buf_bytes(&p->house->root), buf_bytes(&p->house->tsu)};
	for (size_t i = 0; i < 3; i++)
		PAPER_LIST_ADD(m->certificates, certificates[i]);
	PAPER_LIST_ADD(m->ocsps, ocsp);
	PAPER_LIST_ADD(m->crls, root_crl);
	return paper_increment(p, q);
}

static inline err_t
paper_doc_stamp(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	AUTO_BUF(token, 8192);
	paper_token(p->house->status, p->increment.stamp_imprint.bytes, &token);
	q->which_body = paraph_Keys_doc_stamp_put_tag;
	HOUSE_ID(q->body.doc_stamp_put.intent, p->intent);
	q->body.doc_stamp_put.token.size = (pb_size_t)token.n;
	memcpy(q->body.doc_stamp_put.token.bytes, token.p, token.n);
	return paper_increment(p, q);
}

/* Base and increments in one: the next base. */
static inline void
paper_join(struct paper *p)
{
	uint8_t digest[32];
	assert_ok(file_read(p->out_fd, &p->file));
	assert_int_equal(p->file.n, p->increment.record.length);
	digest_sha256(buf_bytes(&p->file), digest);
	assert_memory_equal(digest, p->increment.record.sha256.bytes, 32);
	p->has_base = true;
	p->base = p->increment.record;
	close(p->out_fd);
	p->out_fd = paper_out();
}

static inline void
paper_finish(struct paper *p, struct bytes root_crl)
{
	assert_ok(paper_stamp(p));
	assert_int_equal(p->increment.which, 1);
	assert_ok(paper_dss(p, root_crl));
	assert_int_equal(p->increment.which, 2);
	assert_ok(paper_doc_stamp(p));
	assert_int_equal(p->increment.which, 3);
}

/* The root's first list, and the next one when asked again. */
static inline void
paper_root_crl(struct house *h, struct buf *crl)
{
	struct desk *root = house_open(h, JOURNAL_ROOT, true);
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_CrlSign *m = &q->body.crl_sign;
	int fds[3] = {paper_file(bytes(NULL, 0)), paper_out(), -2};
	q->which_body = paraph_Keys_crl_sign_tag;
	m->intent.size = 16;
	m->number = 1;
	m->this_update = time_floor(clock_now());
	m->next_update = m->this_update + 30 * TIME_DAY;
	assert_ok(house_ask(root, true, q, fds, a));
	assert_ok(file_read(fds[1], crl));
	close(fds[0]);
	close(fds[1]);
	desk_free(root);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

#endif
