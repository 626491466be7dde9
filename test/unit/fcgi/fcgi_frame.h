/* What a front sends, for tests: records, parameters and whole requests. */
#ifndef PARAPH_TEST_FCGI_FRAME_H
#define PARAPH_TEST_FCGI_FRAME_H

#include "base/buf.h"

static inline void
frame_record(struct buf *b, uint8_t type, uint16_t id, struct bytes content, uint8_t padding)
{
	static const uint8_t zeros[255];
	uint8_t header[8] = {1, type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(content.n >> 8), (uint8_t)content.n,
	    padding, 0};
	buf_put(b, BYTES_OF(header));
	buf_put(b, content);
	buf_put(b, bytes(zeros, padding));
}

static inline void
frame_length(struct buf *b, size_t n)
{
	if (n < 128)
		buf_put_byte(b, (uint8_t)n);
	else
		buf_put_u32(b, (uint32_t)n | 0x80000000u);
}

static inline void
frame_pair(struct buf *b, const char *name, struct bytes value)
{
	frame_length(b, strlen(name));
	frame_length(b, value.n);
	buf_put_str(b, str_c(name));
	buf_put(b, value);
}

static inline void
frame_begin(struct buf *b, uint16_t id)
{
	static const uint8_t begin[8] = {0, 1, 1};
	frame_record(b, 1, id, BYTES_OF(begin), 0);
}

static inline void
frame_head(struct buf *b, uint16_t id, const char *method, const char *target, const char *length)
{
	AUTO_BUF(params, 65535);
	frame_pair(&params, "REQUEST_METHOD", str_bytes(str_c(method)));
	frame_pair(&params, "REQUEST_URI", str_bytes(str_c(target)));
	frame_pair(&params, "CONTENT_LENGTH", str_bytes(str_c(length)));
	frame_pair(&params, "CONTENT_TYPE", str_bytes(str_c("application/json; charset=utf-8")));
	frame_pair(&params, "REMOTE_ADDR", str_bytes(str_c("192.0.2.7")));
	frame_pair(&params, "HTTPS", str_bytes(str_c("on")));
	frame_pair(&params, "HTTP_HOST", str_bytes(str_c("sign.example")));
	frame_pair(&params, "HTTP_IDEMPOTENCY_KEY", str_bytes(str_c("k-1")));
	frame_begin(b, id);
	frame_record(b, 4, id, buf_bytes(&params), 3);
	frame_record(b, 4, id, (struct bytes){0}, 0);
}

static inline void
frame_body(struct buf *b, uint16_t id, struct bytes body, size_t piece)
{
	for (size_t at = 0; at < body.n; at += piece) {
		size_t to = at + piece < body.n ? at + piece : body.n;
		frame_record(b, 5, id, bytes_sub(body, at, to), (uint8_t)(at % 7));
	}
	frame_record(b, 5, id, (struct bytes){0}, 5);
}

#endif
