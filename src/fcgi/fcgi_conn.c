#include "fcgi/fcgi_conn.h"
#include "base/secret.h"
#include "fcgi/fcgi_record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum {
	INPUT_MAX = 32 * 1024,
	KEEP_FIRST = 4 * 1024,    /* first room for a body of unknown length */
	OUT_KEPT_MAX = 64 * 1024, /* larger output memory is given back after the answer */
	OUT_CAP = FCGI_ANSWER_BODY_MAX + FCGI_ANSWER_HEAD_MAX + 64 * 1024,
};

/* Where the answer stands. */
enum answer { ANSWER_NONE, ANSWER_OPEN, ANSWER_WHOLE };

struct fcgi_conn {
	int fd;
	struct fcgi_record record;
	struct fcgi_request request;
	bool has_request;
	bool body_over; /* the whole request was read */
	bool gone;      /* the front closed its side */
	bool streams;   /* pieces of the body go to the owner */
	bool refused;
	enum answer answer;
	uint64_t body_limit;
	uint64_t body_seen;
	uint16_t refusal;
	char refusal_detail[160];
	struct bytes piece;
	uint8_t *kept; /* body in memory: never moved by realloc, which would leave a copy */
	size_t kept_n, kept_room;
	struct bytes unread; /* inside input */
	size_t input_used;   /* octets of input to wipe */
	struct buf out;
	size_t out_at;
	uint8_t input[INPUT_MAX];
};

struct fcgi_conn *
fcgi_conn_new(int fd)
{
	struct fcgi_conn *c = malloc(sizeof *c);
	if (c == NULL)
		abort();
	memset(c, 0, offsetof(struct fcgi_conn, input)); /* pages of input stay untouched until something comes */
	c->fd = fd;
	c->record = fcgi_record_init();
	c->out = buf_init(OUT_CAP);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		c->gone = true; /* not a descriptor: the first fcgi_conn_next says CLOSED */
	return c;
}

err_t
fcgi_conn_accept(int listen_fd, struct fcgi_conn **ret_conn)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		*ret_conn = fcgi_conn_new(fd);
	else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		*ret_conn = NULL;
	else
		return err_errno("accept of a connection from the front");
	return OK;
}

static void
kept_free(struct fcgi_conn *c)
{
	if (c->kept != NULL)
		secret_wipe(c->kept, c->kept_room);
	free(c->kept);
	c->kept = NULL;
	c->kept_n = c->kept_room = 0;
}

void
fcgi_conn_wipe(struct fcgi_conn *c)
{
	kept_free(c);
	/* What was not interpreted yet (padding behind the last record) stays. */
	size_t n = c->unread.n > 0 ? (size_t)(c->unread.p - c->input) : c->input_used;
	secret_wipe(c->input, n);
	if (c->unread.n == 0)
		c->input_used = 0;
}

void
fcgi_conn_free(struct fcgi_conn *c)
{
	if (c == NULL)
		return;
	fcgi_conn_wipe(c);
	if (c->has_request)
		fcgi_request_done(&c->request);
	fcgi_record_done(&c->record);
	buf_done(&c->out);
	close(c->fd);
	free(c);
}

int
fcgi_conn_fd(const struct fcgi_conn *c)
{
	return c->fd;
}

/* Whether the loop should read: always but between READY and the answer. */
static bool
reads(const struct fcgi_conn *c)
{
	return !c->gone && (!c->body_over || c->answer == ANSWER_OPEN) && (!c->refused || c->answer != ANSWER_NONE);
}

static bool
writes(const struct fcgi_conn *c)
{
	return c->out_at < c->out.n;
}

unsigned
fcgi_conn_wants(const struct fcgi_conn *c)
{
	return (reads(c) ? FCGI_CONN_WANTS_READ : 0u) | (writes(c) ? FCGI_CONN_WANTS_WRITE : 0u);
}

const struct fcgi_request *
fcgi_conn_request(const struct fcgi_conn *c)
{
	return &c->request;
}

void
fcgi_conn_body_keep(struct fcgi_conn *c, size_t limit)
{
	c->streams = false;
	c->body_limit = limit;
}

void
fcgi_conn_body_stream(struct fcgi_conn *c, uint64_t limit)
{
	c->streams = true;
	c->body_limit = limit;
}

struct bytes
fcgi_conn_piece(const struct fcgi_conn *c)
{
	return c->piece;
}

struct bytes
fcgi_conn_body(const struct fcgi_conn *c)
{
	return bytes(c->kept, c->kept_n);
}

err_t
fcgi_conn_refusal(const struct fcgi_conn *c)
{
	return err_make(c->refusal, "%s", c->refusal_detail);
}

bool
fcgi_conn_late(const struct fcgi_conn *c, int64_t since_us, unsigned patience, unsigned rate)
{
	if (!c->has_request || c->body_over || c->gone)
		return false;
	/* body_seen is below the largest body that any route takes: no overflow. */
	return since_us > (int64_t)(patience * UINT64_C(1000000) + c->body_seen * UINT64_C(1000000) / rate);
}

/* ---- reading ---- */

static enum fcgi_conn_event
refuse(struct fcgi_conn *c, err_t e)
{
	c->refused = true;
	c->refusal = e.code;
	snprintf(c->refusal_detail, sizeof c->refusal_detail, "%s", err_detail());
	return FCGI_CONN_REFUSED;
}

static err_t
head_read(struct fcgi_conn *c, enum fcgi_conn_event *ret_event)
{
	err_t e = fcgi_request_read(buf_bytes(&c->record.params), &c->request);
	if (e.code == ERR_REQUEST_HEAD) {
		c->request = (struct fcgi_request){0};
		*ret_event = refuse(c, e);
		return OK;
	}
	TRY(e);
	c->has_request = true;
	*ret_event = FCGI_CONN_HEAD;
	return OK;
}

/* Room for a body: what was promised, or twice what there was. */
static void
kept_grow(struct fcgi_conn *c, size_t wanted)
{
	size_t n = c->kept_n, room = c->kept_room == 0 ? KEEP_FIRST : c->kept_room * 2;
	if (c->kept_room == 0 && c->request.content_length <= c->body_limit)
		room = (size_t)c->request.content_length;
	if (room < wanted)
		room = wanted;
	uint8_t *p = malloc(room);
	if (p == NULL)
		abort();
	if (n > 0)
		memcpy(p, c->kept, n);
	kept_free(c);
	c->kept = p;
	c->kept_room = room;
	c->kept_n = n;
}

static void
kept_put(struct fcgi_conn *c, struct bytes piece)
{
	if (piece.n > c->kept_room - c->kept_n)
		kept_grow(c, c->kept_n + piece.n);
	memcpy(c->kept + c->kept_n, piece.p, piece.n);
	c->kept_n += piece.n;
}

/* A piece of the body: WAIT stands for "go on". */
static enum fcgi_conn_event
body_read(struct fcgi_conn *c, struct bytes piece)
{
	if (c->answer != ANSWER_NONE || c->refused || piece.n == 0)
		return FCGI_CONN_WAIT; /* answered already: the rest is dropped */
	c->body_seen += piece.n;
	if (c->body_seen > c->body_limit)
		return refuse(
		    c, err_make(ERR_LIMIT, "the body has more than %llu octets", (unsigned long long)c->body_limit));
	if (c->streams) {
		c->piece = piece;
		return FCGI_CONN_BODY;
	}
	kept_put(c, piece);
	return FCGI_CONN_WAIT;
}

/* The body said how long it is: one that ends elsewhere was damaged on the way. */
static enum fcgi_conn_event
body_end(struct fcgi_conn *c)
{
	c->body_over = true;
	if (c->answer != ANSWER_NONE || c->refused)
		return FCGI_CONN_WAIT;
	uint64_t promised = c->request.content_length;
	if (promised != FCGI_REQUEST_LENGTH_UNKNOWN && promised != c->body_seen)
		return refuse(c, err_make(ERR_REQUEST_HEAD, "the body has another length than Content-Length says"));
	return FCGI_CONN_READY;
}

static err_t
record_handle(struct fcgi_conn *c, enum fcgi_record_event event, struct bytes piece, enum fcgi_conn_event *ret_event)
{
	switch (event) {
	case FCGI_RECORD_HEAD:
		return head_read(c, ret_event);
	case FCGI_RECORD_BODY:
		*ret_event = body_read(c, piece);
		return OK;
	case FCGI_RECORD_END:
		*ret_event = body_end(c);
		return OK;
	case FCGI_RECORD_ABORT:
		*ret_event = FCGI_CONN_ABORTED;
		return OK;
	case FCGI_RECORD_ENQUIRY:
		fcgi_record_answer_enquiry(&c->record, &c->out);
		return OK;
	case FCGI_RECORD_MORE:
		break;
	}
	return OK;
}

/* Interprets what was read up to the next event. */
static err_t
input_use(struct fcgi_conn *c, enum fcgi_conn_event *ret_event)
{
	while (c->unread.n > 0 && *ret_event == FCGI_CONN_WAIT && reads(c)) {
		enum fcgi_record_event event;
		struct bytes piece;
		TRY(fcgi_record_read(&c->record, &c->unread, &event, &piece));
		TRY(record_handle(c, event, piece, ret_event));
	}
	return OK;
}

/* One read; false when there is nothing now or ever. */
static bool
input_fill(struct fcgi_conn *c)
{
	ssize_t n = read(c->fd, c->input, sizeof c->input);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		c->gone = true;
		return false;
	}
	c->unread = bytes(c->input, (size_t)n);
	if ((size_t)n > c->input_used)
		c->input_used = (size_t)n;
	return true;
}

/* ---- writing ---- */

static void
output_send(struct fcgi_conn *c)
{
	while (writes(c)) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* the front went away: nobody will read the rest */
			c->gone = true;
			c->out_at = c->out.n;
			return;
		}
		c->out_at += (size_t)n;
	}
	buf_reset(&c->out);
	c->out_at = 0;
}

/* The answer is out and the request read to its end: forget all of it. */
static void
request_forget(struct fcgi_conn *c)
{
	if (c->has_request)
		fcgi_request_done(&c->request);
	fcgi_conn_wipe(c);
	if (!c->record.keep)
		c->gone = true;
	fcgi_record_reset(&c->record);
	if (c->out.room > OUT_KEPT_MAX)
		buf_done(&c->out);
	c->has_request = c->body_over = c->streams = c->refused = false;
	c->answer = ANSWER_NONE;
	c->body_limit = c->body_seen = 0;
	c->piece = (struct bytes){0};
}

static bool
answer_is_out(const struct fcgi_conn *c)
{
	return c->answer == ANSWER_WHOLE && !writes(c) && (c->body_over || c->gone);
}

static enum fcgi_conn_event
gone_event(const struct fcgi_conn *c)
{
	return c->record.request_id != 0 || c->record.header_n > 0 ? FCGI_CONN_ABORTED : FCGI_CONN_CLOSED;
}

err_t
fcgi_conn_next(struct fcgi_conn *c, enum fcgi_conn_event *ret_event)
{
	*ret_event = FCGI_CONN_WAIT;
	for (;;) {
		if (writes(c))
			output_send(c);
		if (answer_is_out(c)) {
			request_forget(c);
			*ret_event = FCGI_CONN_SENT;
			return OK;
		}
		TRY(input_use(c, ret_event));
		if (*ret_event != FCGI_CONN_WAIT)
			return OK;
		if (c->gone && !writes(c)) {
			*ret_event = gone_event(c);
			return OK;
		}
		if (answer_is_out(c) || (reads(c) && input_fill(c)) || c->gone)
			continue;
		return OK;
	}
}

/* ---- answers ---- */

static void
answer_put(struct fcgi_conn *c, struct fcgi_answer *a)
{
	AUTO_BUF(cgi, OUT_CAP);
	fcgi_answer_write(a, &cgi);
	fcgi_record_put_stdout(&c->out, c->record.request_id, buf_bytes(&cgi));
	fcgi_answer_done(a);
}

void
fcgi_conn_answer(struct fcgi_conn *c, struct fcgi_answer *a)
{
	answer_put(c, a);
	fcgi_record_put_end(&c->out, c->record.request_id);
	c->answer = ANSWER_WHOLE;
}

void
fcgi_conn_open(struct fcgi_conn *c, struct fcgi_answer *a)
{
	answer_put(c, a);
	c->answer = ANSWER_OPEN;
}

err_t
fcgi_conn_put(struct fcgi_conn *c, struct bytes octets)
{
	if (c->out.n - c->out_at > FCGI_CONN_PENDING_MAX)
		return err_make(ERR_LIMIT, "the reader of a stream is too slow");
	if (c->out_at > 0) { /* keep what waits at the front, or a long stream would grow for ever */
		memmove(c->out.p, c->out.p + c->out_at, c->out.n - c->out_at);
		c->out.n -= c->out_at;
		c->out_at = 0;
	}
	fcgi_record_put_stdout(&c->out, c->record.request_id, octets);
	return buf_check(&c->out);
}

void
fcgi_conn_end(struct fcgi_conn *c)
{
	fcgi_record_put_end(&c->out, c->record.request_id);
	c->answer = ANSWER_WHOLE;
}
