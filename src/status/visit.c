#include "status/visit.h"
#include "base/base64.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "fcgi/fcgi_door.h"
#include "fcgi/fcgi_text.h"
#include "os/clock.h"
#include "pki/tsp.h"
#include "status/stamper.h"

/* A kept answer is five seconds old at most, so that a revocation is seen within ten. */
enum { FRONT_CACHE_SECONDS = 5, CACHE_SECONDS = 5, UNKNOWN_SECONDS = 1, CRL_SECONDS = 60, CERTIFICATE_SECONDS = 3600 };

struct visit {
	struct status *status;
	struct fcgi_visit *visit;
	bool cacheable; /* a GET without nonce */
	struct responder_terms terms;
};

/* ---- answers ---- */

/* A problem as everywhere in this service [RFC 9457]. allow: NULL but for a method that is not known here. */
static void
answer_problem(struct visit *v, uint16_t code, const char *detail, const char *allow)
{
	char text[1024];
	const struct err_info *info = err_info(code);
	struct fcgi_answer a = fcgi_answer_init(info->http);
	snprintf(text, sizeof text, "{\"type\":\"%.300s/problems/%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
	    v->status->site_url, info->slug, info->text, (int)info->http, detail);
	if (allow != NULL)
		fcgi_answer_header(&a, "Allow", str_c(allow)); /* [RFC 9110 15.5.6] */
	fcgi_answer_header(&a, "Cache-Control", STR("no-store"));
	fcgi_answer_body(&a, "application/problem+json", str_bytes(str_c(text)));
	fcgi_door_answer(v->visit, &a);
}

/* "Sun, 22 Nov 2026 14:03:22 GMT" [RFC 9110 5.6.7] */
static void
date_header(struct fcgi_answer *a, const char *name, int64_t at)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", days[] = "ThuFriSatSunMonTueWed";
	struct time_parts t = time_split(at);
	fcgi_answer_headerf(a, name, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", days + 3 * (at / TIME_DAY % 7), t.day,
	    months + 3 * (t.month - 1), t.year, t.hour, t.minute, t.second);
}

static void
etag_header(struct fcgi_answer *a, struct bytes body)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	char hex[33];
	digest_sha256(body, digest);
	bytes_hex(bytes(digest, 16), hex);
	fcgi_answer_headerf(a, "ETag", "\"%s\"", hex);
}

static void
answer_file(struct visit *v, const char *media_type, struct bytes der, int seconds)
{
	struct fcgi_answer a = fcgi_answer_init(200);
	fcgi_answer_body(&a, media_type, der);
	etag_header(&a, der);
	fcgi_answer_headerf(&a, "Cache-Control", "public, max-age=%d", seconds);
	fcgi_answer_headerf(&a, "X-Accel-Expires", "%d", FRONT_CACHE_SECONDS);
	fcgi_door_answer(v->visit, &a);
}

/* [RFC 5019 6.2]; caches further away are told no more than the front keeps it. */
static void
answer_ocsp(struct visit *v, struct bytes response)
{
	struct fcgi_answer a = fcgi_answer_init(200);
	fcgi_answer_body(&a, "application/ocsp-response", response);
	if (v->cacheable) {
		int seconds = v->terms.unknown ? UNKNOWN_SECONDS : CACHE_SECONDS;
		etag_header(&a, response);
		date_header(&a, "Last-Modified", v->terms.this_update);
		date_header(&a, "Expires", v->terms.next_update);
		fcgi_answer_headerf(&a, "Cache-Control", "max-age=%d, public, no-transform, must-revalidate", seconds);
		fcgi_answer_headerf(&a, "X-Accel-Expires", "%d", seconds);
	} else {
		fcgi_answer_header(&a, "Cache-Control", STR("no-store"));
	}
	fcgi_door_answer(v->visit, &a);
}

static void
answer_ocsp_failure(struct visit *v, enum ocsp_failure failure)
{
	uint8_t room[32];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der = {0};
	v->cacheable = false;
	err_ignore(ocsp_failure(&w, failure)); /* five octets always fit */
	err_ignore(encode_done(&w, &der));
	answer_ocsp(v, der);
}

static void
answer_stamp(struct visit *v, struct bytes response)
{
	struct fcgi_answer a = fcgi_answer_init(200);
	fcgi_answer_body(&a, "application/timestamp-reply", response);
	fcgi_answer_header(&a, "Cache-Control", STR("no-store"));
	fcgi_door_answer(v->visit, &a);
}

static void
answer_stamp_failure(struct visit *v, enum tsp_failure failure, struct str text)
{
	uint8_t room[1024];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der = {0};
	err_ignore(tsp_failure(&w, failure, text)); /* a line of text always fits */
	err_ignore(encode_done(&w, &der));
	answer_stamp(v, der);
}

/* ---- OCSP ---- */

static enum ocsp_failure
failure_of(err_t e)
{
	switch (e.code) {
	case ERR_NOT_FOUND:
		return OCSP_UNAUTHORIZED; /* [RFC 5019 2.2.3] */
	case ERR_OCSP_REQUEST:
	case ERR_INPUT:
	case ERR_REQUEST_HEAD:
	case ERR_LIMIT:
		return OCSP_MALFORMED;
	case ERR_PEER_GONE:
	case ERR_DEADLINE:
	case ERR_KEY_MISSING:
	case ERR_DISK_FULL: /* what is signed stands in the journal first */
		return OCSP_TRY_LATER;
	default:
		return OCSP_INTERNAL;
	}
}

static void
ocsp_signed(void *arg, err_t e, const paraph_StatusKeys *answer)
{
	struct visit *v = arg;
	if (!err_is(e) && answer->which_body != paraph_StatusKeys_ocsp_signed_tag)
		e = err_make(ERR_WIRE, "the key process answered something else");
	if (err_is(e)) {
		log_error(e, "ocsp-not-signed");
		answer_ocsp_failure(v, failure_of(e));
	} else {
		answer_ocsp(v, bytes(answer->body.ocsp_signed.response.bytes, answer->body.ocsp_signed.response.size));
	}
}

static err_t
ocsp_ask(struct visit *v, struct bytes der)
{
	struct ocsp_request request;
	TRY(ocsp_request_read(der, &request));
	v->cacheable = v->cacheable && request.cacheable;
	paraph_StatusKeys *question = asker_question(v->status->asker);
	question->which_body = paraph_StatusKeys_ocsp_sign_tag;
	TRY(responder_fill(&v->status->responder, &request, clock_now(), &question->body.ocsp_sign, &v->terms));
	return asker_send(v->status->asker, ocsp_signed, v);
}

/* "/ocsp/issuing/MFMw…" names the CA before the request; who asks at "/ocsp/MFMw…" is answered too. A request begins
 * with a capital M, a name never does. */
static struct bytes
ocsp_path_cut(struct bytes path)
{
	struct bytes rest = bytes_sub(path, strlen("/ocsp/"), path.n);
	size_t slash = bytes_find(rest, 0, bytes("/", 1));
	return slash != SIZE_MAX && slash > 0 && rest.p[0] != 'M' ? bytes_sub(rest, slash + 1, rest.n) : rest;
}

/* The request in the path is base64 with %XX where the client saw fit [RFC 6960 A.1]. */
static err_t
ocsp_path_read(struct bytes text, struct buf *ret_der)
{
	AUTO_BUF(plain, FCGI_REQUEST_TARGET_MAX);
	struct str base64;
	TRY(fcgi_text_unescape(text, &plain));
	TRY(str_check(buf_bytes(&plain), &base64));
	return base64_read(base64, false, ret_der);
}

static bool
starts(struct bytes text, const char *start)
{
	size_t n = strlen(start);
	return text.n >= n && memcmp(text.p, start, n) == 0;
}

static void
ocsp_route(struct visit *v, const struct fcgi_request *r)
{
	AUTO_BUF(der, LIMIT_OCSP_REQUEST + 1);
	err_t e;
	v->cacheable = r->method == FCGI_GET || r->method == FCGI_HEAD;
	if (r->method == FCGI_POST && !fcgi_request_content_is(r, "application/ocsp-request")) {
		answer_problem(v, ERR_MEDIA_TYPE, "the body must be application/ocsp-request", NULL);
		return;
	}
	if (r->method == FCGI_POST) {
		e = ocsp_ask(v, fcgi_door_body(v->visit));
	} else if (v->cacheable && starts(r->raw_path, "/ocsp/") && r->raw_path.n > 6) {
		e = ocsp_path_read(ocsp_path_cut(r->raw_path), &der);
		if (!err_is(e))
			e = ocsp_ask(v, buf_bytes(&der));
	} else {
		answer_problem(v, ERR_METHOD_UNKNOWN, "POST an OCSP request, or GET it in the path", "GET, HEAD, POST");
		return;
	}
	if (err_is(e)) {
		if (err_info(e.code)->level < LOG_INFO)
			log_error(e, "ocsp-refused");
		answer_ocsp_failure(v, failure_of(e));
	}
}

/* ---- time-stamps ---- */

static void
stamp_signed(void *arg, err_t e, const paraph_StatusKeys *answer)
{
	struct visit *v = arg;
	if (!err_is(e) && answer->which_body != paraph_StatusKeys_tsp_signed_tag)
		e = err_make(ERR_WIRE, "the key process answered something else");
	if (err_is(e)) {
		log_error(e, "stamp-not-signed");
		answer_stamp_failure(v, stamper_failure(e), str_c(err_info(e.code)->text));
	} else {
		answer_stamp(v, bytes(answer->body.tsp_signed.response.bytes, answer->body.tsp_signed.response.size));
	}
}

static void
stamp_route(struct visit *v, const struct fcgi_request *r)
{
	struct tsp_request request;
	enum tsp_failure failure = TSP_BAD_DATA_FORMAT;
	if (r->method != FCGI_POST || !fcgi_request_content_is(r, "application/timestamp-query")) {
		answer_problem(v, r->method != FCGI_POST ? ERR_METHOD_UNKNOWN : ERR_MEDIA_TYPE,
		    "POST a body of application/timestamp-query", r->method != FCGI_POST ? "POST" : NULL);
		return;
	}
	err_t e = tsp_request_read(fcgi_door_body(v->visit), &request, &failure);
	if (!err_is(e))
		e = stamper_check(&request, &v->status->stamp_policy, &failure);
	if (err_is(e)) {
		answer_stamp_failure(v, failure, str_c(err_detail()));
		return;
	}
	paraph_StatusKeys *question = asker_question(v->status->asker);
	question->which_body = paraph_StatusKeys_tsp_sign_tag;
	stamper_fill(&request, &question->body.tsp_sign);
	e = asker_send(v->status->asker, stamp_signed, v);
	if (err_is(e))
		answer_stamp_failure(v, stamper_failure(e), str_c(err_info(e.code)->text));
}

/* ---- files ---- */

static const struct file {
	const char *start, *end;
	enum published_kind kind;
	const char *media_type;
	int seconds;
} files[] = {
    {"/crl/", ".crl", PUBLISHED_CRL, "application/pkix-crl", CRL_SECONDS},
    {"/aia/", ".cer", PUBLISHED_CA_CERTIFICATE, "application/pkix-cert", CERTIFICATE_SECONDS},
};

static bool
name_between(struct str path, const struct file *f, struct str *ret_name)
{
	size_t start = strlen(f->start), end = strlen(f->end);
	if (!starts(str_bytes(path), f->start) || path.n < start + end ||
	    memcmp(path.p + path.n - end, f->end, end) != 0)
		return false;
	*ret_name = (struct str){path.p + start, path.n - start - end};
	return true;
}

static void
file_route(struct visit *v, const struct fcgi_request *r, const struct file *f, struct str name)
{
	struct published_reader *store = v->status->responder.store;
	struct bytes der;
	if (r->method != FCGI_GET && r->method != FCGI_HEAD) {
		answer_problem(v, ERR_METHOD_UNKNOWN, "only GET and HEAD", "GET, HEAD");
		return;
	}
	err_t e = published_read_begin(store);
	if (!err_is(e))
		e = published_read_file(store, f->kind, name, &der);
	if (e.code == ERR_NOT_FOUND) {
		answer_problem(v, ERR_NOT_FOUND, "there is nothing at this address", NULL);
	} else if (err_is(e)) {
		log_error(e, "file-not-read");
		answer_problem(v, ERR_PEER_GONE, "lists and certificates cannot be read now", NULL);
	} else {
		answer_file(v, f->media_type, der, f->seconds);
	}
	published_read_end(store);
}

static void
route(struct visit *v)
{
	const struct fcgi_request *r = fcgi_door_request(v->visit);
	struct str name;
	if (starts(r->raw_path, "/ocsp/") || bytes_eq(r->raw_path, bytes("/ocsp", 5))) {
		ocsp_route(v, r);
		return;
	}
	if (str_eq(r->path, STR("/tsa"))) {
		stamp_route(v, r);
		return;
	}
	for (size_t k = 0; k < sizeof files / sizeof files[0]; k++)
		if (name_between(r->path, &files[k], &name)) {
			file_route(v, r, &files[k], name);
			return;
		}
	answer_problem(v, ERR_NOT_FOUND, "there is nothing at this address", NULL);
}

/* ---- door ---- */

static void
visit_ready(void *arg, struct fcgi_visit *visit)
{
	struct visit *v = fcgi_door_data(visit);
	v->status = arg;
	v->visit = visit;
	v->cacheable = false;
	route(v);
}

static void
visit_refused(void *arg, struct fcgi_visit *visit, err_t e)
{
	struct visit *v = fcgi_door_data(visit);
	v->status = arg;
	v->visit = visit;
	answer_problem(v, e.code, err_info(e.code)->text, NULL);
}

err_t
visit_listen(struct status *status, int listen_fd)
{
	const struct fcgi_door door = {
	    .body_max = LIMIT_OCSP_REQUEST > LIMIT_TSP_REQUEST ? LIMIT_OCSP_REQUEST : LIMIT_TSP_REQUEST,
	    .data_size = sizeof(struct visit),
	    .ready = visit_ready,
	    .refused = visit_refused,
	    .arg = status,
	};
	return fcgi_door_open(status->loop, listen_fd, &door);
}
