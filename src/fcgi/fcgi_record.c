#include "fcgi/fcgi_record.h"
#include "base/secret.h"

enum type {
	TYPE_BEGIN_REQUEST = 1,
	TYPE_ABORT_REQUEST = 2,
	TYPE_END_REQUEST = 3,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5,
	TYPE_STDOUT = 6,
	TYPE_GET_VALUES = 9,
	TYPE_GET_VALUES_RESULT = 10,
	TYPE_UNKNOWN_TYPE = 11,
};

enum { VERSION = 1, ROLE_RESPONDER = 1, FLAG_KEEP_CONN = 1, CONTENT_MAX = 65535 };

/* What a connection may send next. */
enum phase { PHASE_IDLE, PHASE_BEGIN, PHASE_PARAMS, PHASE_STDIN, PHASE_OVER };

struct fcgi_record
fcgi_record_init(void)
{
	return (struct fcgi_record){.params = buf_init(FCGI_RECORD_PARAMS_MAX)};
}

static void
params_wipe(struct fcgi_record *r)
{
	if (r->params.n > 0)
		secret_wipe(r->params.p, r->params.n);
	buf_reset(&r->params);
}

void
fcgi_record_done(struct fcgi_record *r)
{
	params_wipe(r);
	buf_done(&r->params);
}

void
fcgi_record_reset(struct fcgi_record *r)
{
	params_wipe(r);
	r->phase = PHASE_IDLE;
	r->request_id = 0;
	r->begin_n = 0;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes at most n octets from the front of *in. */
static struct bytes
take(struct bytes *in, size_t n)
{
	struct bytes piece = bytes_sub(*in, 0, least(in->n, n));
	*in = bytes_sub(*in, piece.n, in->n);
	return piece;
}

/* Copies what is still missing of a fixed part; true when it is whole. */
static bool
gather(struct bytes *in, uint8_t *part, uint8_t *have, size_t whole)
{
	struct bytes piece = take(in, whole - *have);
	if (piece.n > 0)
		memcpy(part + *have, piece.p, piece.n);
	*have = (uint8_t)(*have + piece.n);
	return *have == whole;
}

static uint16_t
header_id(const struct fcgi_record *r)
{
	return (uint16_t)(r->header[2] << 8 | r->header[3]);
}

/* Which record may come in which phase [FastCGI 1.0, 3.3, 5, 6.2]. */
static err_t
order_check(const struct fcgi_record *r)
{
	static const struct {
		uint8_t type, phase;
	} allowed[] = {
	    {TYPE_BEGIN_REQUEST, PHASE_IDLE},
	    {TYPE_PARAMS, PHASE_PARAMS},
	    {TYPE_STDIN, PHASE_STDIN},
	    {TYPE_ABORT_REQUEST, PHASE_PARAMS},
	    {TYPE_ABORT_REQUEST, PHASE_STDIN},
	    {TYPE_ABORT_REQUEST, PHASE_OVER},
	};
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (r->header[1] == allowed[i].type && r->phase == allowed[i].phase)
			return OK;
	return err_make(ERR_FCGI, "record of type %u in phase %u", r->header[1], r->phase);
}

/* A header is complete: checks it and sets up what follows. */
static err_t
header_open(struct fcgi_record *r)
{
	r->content_left = (uint16_t)(r->header[4] << 8 | r->header[5]);
	r->padding_left = r->header[6];
	if (r->header[0] != VERSION)
		return err_make(ERR_FCGI, "version %u", r->header[0]);
	if (header_id(r) == 0) /* management records concern no request [FastCGI 1.0, 3.3] */
		return OK;
	TRY(order_check(r));
	if (r->header[1] == TYPE_BEGIN_REQUEST) {
		if (r->content_left != sizeof r->begin)
			return err_make(ERR_FCGI, "BEGIN_REQUEST of %u octets", r->content_left);
		r->request_id = header_id(r);
		r->phase = PHASE_BEGIN;
	}
	if (header_id(r) != r->request_id)
		return err_make(ERR_FCGI, "record of request %u within request %u", header_id(r), r->request_id);
	return OK;
}

/* The content of BEGIN_REQUEST is complete. */
static err_t
begin_read(struct fcgi_record *r)
{
	unsigned role = (unsigned)r->begin[0] << 8 | r->begin[1];
	if (role != ROLE_RESPONDER)
		return err_make(ERR_FCGI, "role %u", role);
	r->keep = r->begin[2] & FLAG_KEEP_CONN;
	r->begin_n = 0;
	r->phase = PHASE_PARAMS;
	return OK;
}

/* A record without content ends its stream. */
static void
stream_end(struct fcgi_record *r, enum fcgi_record_event *ret_event)
{
	if (r->header[1] == TYPE_PARAMS) {
		r->phase = PHASE_STDIN;
		*ret_event = FCGI_RECORD_HEAD;
	} else {
		r->phase = PHASE_OVER;
		*ret_event = FCGI_RECORD_END;
	}
}

/* Uses up some content of the current record. */
static err_t
content_read(struct fcgi_record *r, struct bytes *in, enum fcgi_record_event *ret_event, struct bytes *ret_piece)
{
	struct bytes piece = take(in, r->content_left);
	r->content_left = (uint16_t)(r->content_left - piece.n);
	if (header_id(r) == 0 || r->header[1] == TYPE_ABORT_REQUEST)
		return OK;
	if (r->header[1] == TYPE_BEGIN_REQUEST) {
		gather(&piece, r->begin, &r->begin_n, sizeof r->begin);
		return r->content_left == 0 ? begin_read(r) : OK;
	}
	if (r->header[1] == TYPE_PARAMS) {
		buf_put(&r->params, piece);
		return buf_check(&r->params).code == ERR_OK
			   ? OK
			   : err_make(ERR_FCGI, "parameters of more than %u octets", (unsigned)FCGI_RECORD_PARAMS_MAX);
	}
	*ret_event = FCGI_RECORD_BODY;
	*ret_piece = piece;
	return OK;
}

/* A header was read whole: an event if the record is complete without content. */
static err_t
header_read(struct fcgi_record *r, enum fcgi_record_event *ret_event)
{
	TRY(header_open(r));
	if (header_id(r) == 0) {
		r->management = r->header[1];
		*ret_event = FCGI_RECORD_ENQUIRY;
	} else if (r->header[1] == TYPE_ABORT_REQUEST) {
		*ret_event = FCGI_RECORD_ABORT;
	} else if (r->content_left == 0 && r->header[1] != TYPE_BEGIN_REQUEST) {
		stream_end(r, ret_event);
	}
	return OK;
}

static err_t
record_step(struct fcgi_record *r, struct bytes *in, enum fcgi_record_event *ret_event, struct bytes *ret_piece)
{
	if (r->header_n < sizeof r->header)
		return gather(in, r->header, &r->header_n, sizeof r->header) ? header_read(r, ret_event) : OK;
	if (r->content_left > 0)
		return content_read(r, in, ret_event, ret_piece);
	r->padding_left = (uint8_t)(r->padding_left - take(in, r->padding_left).n);
	return OK;
}

err_t
fcgi_record_read(struct fcgi_record *r, struct bytes *in, enum fcgi_record_event *ret_event, struct bytes *ret_piece)
{
	enum fcgi_record_event event = FCGI_RECORD_MORE;
	struct bytes piece = {0};
	while (in->n > 0 && event == FCGI_RECORD_MORE) {
		TRY(record_step(r, in, &event, &piece));
		if (r->header_n == sizeof r->header && r->content_left == 0 && r->padding_left == 0)
			r->header_n = 0;
	}
	*ret_event = event;
	*ret_piece = piece;
	return OK;
}

static void
put_header(struct buf *out, enum type type, uint16_t request_id, size_t n)
{
	uint8_t header[8] = {VERSION, (uint8_t)type, (uint8_t)(request_id >> 8), (uint8_t)request_id, (uint8_t)(n >> 8),
	    (uint8_t)n, 0, 0};
	buf_put(out, BYTES_OF(header));
}

void
fcgi_record_answer_enquiry(const struct fcgi_record *r, struct buf *out)
{
	uint8_t unknown[8] = {r->management};
	if (r->management == TYPE_GET_VALUES) {
		put_header(out, TYPE_GET_VALUES_RESULT, 0, 0);
		return;
	}
	put_header(out, TYPE_UNKNOWN_TYPE, 0, sizeof unknown);
	buf_put(out, BYTES_OF(unknown));
}

/* A length of one octet, or of four with the first bit set [FastCGI 1.0, 3.4]. */
static err_t
length_read(struct bytes params, size_t *at, size_t *ret_n)
{
	if (*at >= params.n)
		return err_make(ERR_FCGI, "parameter cut off");
	const uint8_t *p = params.p + *at;
	if (p[0] < 0x80) {
		*at += 1;
		*ret_n = p[0];
		return OK;
	}
	if (params.n - *at < 4)
		return err_make(ERR_FCGI, "parameter cut off");
	*at += 4;
	*ret_n = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	return OK;
}

err_t
fcgi_record_pair(struct bytes params, size_t *at, bool *ret_more, struct bytes *ret_name, struct bytes *ret_value)
{
	size_t name_n, value_n, from = *at;
	*ret_more = from < params.n;
	if (!*ret_more)
		return OK;
	TRY(length_read(params, &from, &name_n));
	TRY(length_read(params, &from, &value_n));
	if (name_n > params.n - from || value_n > params.n - from - name_n)
		return err_make(ERR_FCGI, "parameter longer than all parameters");
	*ret_name = bytes_sub(params, from, from + name_n);
	*ret_value = bytes_sub(params, from + name_n, from + name_n + value_n);
	*at = from + name_n + value_n;
	return OK;
}

void
fcgi_record_put_stdout(struct buf *out, uint16_t request_id, struct bytes content)
{
	for (size_t at = 0; at < content.n;) {
		size_t n = least(content.n - at, CONTENT_MAX);
		put_header(out, TYPE_STDOUT, request_id, n);
		buf_put(out, bytes_sub(content, at, at + n));
		at += n;
	}
}

void
fcgi_record_put_end(struct buf *out, uint16_t request_id)
{
	static const uint8_t complete[8] = {0}; /* application status 0, FCGI_REQUEST_COMPLETE */
	put_header(out, TYPE_STDOUT, request_id, 0);
	put_header(out, TYPE_END_REQUEST, request_id, sizeof complete);
	buf_put(out, BYTES_OF(complete));
}
