#include "fcgi/fcgi_answer.h"

#include <stdarg.h>

struct fcgi_answer
fcgi_answer_init(uint16_t status)
{
	return (struct fcgi_answer){
	    .status = status, .head = buf_init(FCGI_ANSWER_HEAD_MAX), .body = buf_init(FCGI_ANSWER_BODY_MAX)};
}

void
fcgi_answer_done(struct fcgi_answer *a)
{
	buf_done(&a->head);
	buf_done(&a->body);
}

void
fcgi_answer_header(struct fcgi_answer *a, const char *name, struct str value)
{
	struct str proven;
	if (str_check(str_bytes(value), &proven).code != ERR_OK) {
		a->bad = true; /* a line break here would be a second header field */
		return;
	}
	buf_put_str(&a->head, str_c(name));
	buf_put_str(&a->head, STR(": "));
	buf_put_str(&a->head, value);
	buf_put_str(&a->head, STR("\r\n"));
}

void
fcgi_answer_headerf(struct fcgi_answer *a, const char *name, const char *format, ...)
{
	char value[1024];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(value, sizeof value, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof value)
		a->bad = true;
	else
		fcgi_answer_header(a, name, (struct str){value, (size_t)n});
}

void
fcgi_answer_body(struct fcgi_answer *a, const char *media_type, struct bytes body)
{
	fcgi_answer_header(a, "Content-Type", str_c(media_type));
	buf_put(&a->body, body);
}

void
fcgi_answer_served(struct fcgi_answer *a, struct str name)
{
	fcgi_answer_headerf(a, "X-Accel-Redirect", "/.served/%.*s", STR_ARG(name));
}

/* The front hands the status line on as it gets it, and without a phrase it would lack the space that must stand there
 * [RFC 9112 4]. */
static const char *
phrase(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *phrase;
	} phrases[] = {
	    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {400, "Bad Request"},
	    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	    {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {413, "Content Too Large"}, {414, "URI Too Long"},
	    {415, "Unsupported Media Type"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"},
	    {500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
	    {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return status < 400 ? "Done" : "Refused";
}

void
fcgi_answer_write(const struct fcgi_answer *a, struct buf *out)
{
	if (a->bad || a->head.over || a->body.over) {
		buf_put_str(out, STR("Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"));
		return;
	}
	buf_printf(out, "Status: %u %s\r\n", a->status, phrase(a->status));
	buf_put(out, buf_bytes(&a->head));
	buf_put_str(out, STR("\r\n"));
	buf_put(out, buf_bytes(&a->body));
}
