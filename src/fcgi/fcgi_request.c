#include "fcgi/fcgi_request.h"
#include "base/secret.h"
#include "fcgi/fcgi_record.h"
#include "fcgi/fcgi_text.h"

#include <strings.h>

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

static bool
name_check(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= '0' && name.p[i] <= '9') ||
			name.p[i] == '_'))
			return false;
	return name.n > 0;
}

/* Whether an earlier pair has this name: then the request could be read in two ways. */
static bool
name_seen(struct bytes params, size_t before, struct bytes name)
{
	size_t at = 0;
	bool more;
	struct bytes other, value;
	while (at < before && fcgi_record_pair(params, &at, &more, &other, &value).code == ERR_OK && more)
		if (at < before && bytes_eq(other, name))
			return true;
	return false;
}

/* Walks all pairs once: their form, number and names. */
static err_t
pairs_check(struct bytes params)
{
	size_t at = 0, n = 0;
	bool more;
	struct bytes name, value;
	for (;;) {
		TRY(fcgi_record_pair(params, &at, &more, &name, &value));
		if (!more)
			return OK;
		if (++n > FCGI_REQUEST_PAIRS_MAX)
			return err_make(ERR_FCGI, "more than %d parameters", FCGI_REQUEST_PAIRS_MAX);
		if (!name_check(name))
			return err_make(ERR_REQUEST_HEAD, "parameter %zu has an unusual name", n);
		if (name_seen(params, at, name))
			return err_make(
			    ERR_REQUEST_HEAD, "%.*s is given twice", (int)(name.n < 64 ? name.n : 64), name.p);
	}
}

struct bytes
fcgi_request_param(const struct fcgi_request *r, const char *name)
{
	struct bytes wanted = bytes(name, strlen(name)), found, value;
	size_t at = 0;
	bool more;
	while (fcgi_record_pair(r->params, &at, &more, &found, &value).code == ERR_OK && more)
		if (bytes_eq(found, wanted))
			return value;
	return (struct bytes){0};
}

static enum fcgi_request_method
method_read(struct bytes text)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (bytes_eq(text, bytes(methods[i], strlen(methods[i]))))
			return (enum fcgi_request_method)i;
	return FCGI_OTHER;
}

const char *
fcgi_request_method_name(const struct fcgi_request *r)
{
	return r->method < FCGI_OTHER ? methods[r->method] : "other";
}

/* Splits REQUEST_URI; the raw path may be one that fcgi_text_path refuses (OCSP by GET has %2F in it). */
static err_t
target_read(struct fcgi_request *r)
{
	struct bytes target = fcgi_request_param(r, "REQUEST_URI");
	if (target.n == 0 || target.p[0] != '/' || target.n > FCGI_REQUEST_TARGET_MAX)
		return err_make(ERR_REQUEST_HEAD, "request target of %zu octets", target.n);
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] <= ' ' || target.p[i] >= 0x7f || target.p[i] == '#')
			return err_make(ERR_REQUEST_HEAD, "request target with the octet %02x", target.p[i]);
	size_t mark = bytes_find(target, 0, bytes("?", 1));
	r->raw_path = bytes_sub(target, 0, mark == SIZE_MAX ? target.n : mark);
	r->query = mark == SIZE_MAX ? (struct bytes){0} : bytes_sub(target, mark + 1, target.n);
	return OK;
}

static void
path_read(struct fcgi_request *r)
{
	r->path_room = buf_init(FCGI_REQUEST_TARGET_MAX);
	if (fcgi_text_path(r->raw_path, &r->path_room).code == ERR_OK)
		r->path = (struct str){(const char *)r->path_room.p, r->path_room.n};
}

static err_t
length_read(struct fcgi_request *r)
{
	struct bytes text = fcgi_request_param(r, "CONTENT_LENGTH");
	r->content_length = FCGI_REQUEST_LENGTH_UNKNOWN;
	if (text.n == 0)
		return OK;
	if (str_u64((struct str){(const char *)text.p, text.n}, INT64_MAX, &r->content_length).code != ERR_OK)
		return err_make(ERR_REQUEST_HEAD, "Content-Length is not a number");
	return OK;
}

static struct str
clean(struct bytes value)
{
	struct str text = {0};
	return str_check(value, &text).code == ERR_OK ? text : (struct str){0};
}

err_t
fcgi_request_read(struct bytes params, struct fcgi_request *ret_request)
{
	struct fcgi_request r = {.params = params};
	TRY(pairs_check(params));
	r.method = method_read(fcgi_request_param(&r, "REQUEST_METHOD"));
	TRY(target_read(&r));
	TRY(length_read(&r));
	r.remote_address = clean(fcgi_request_param(&r, "REMOTE_ADDR"));
	r.host = clean(fcgi_request_param(&r, "HTTP_HOST"));
	r.https = bytes_eq(fcgi_request_param(&r, "HTTPS"), bytes("on", 2));
	path_read(&r);
	*ret_request = r;
	return OK;
}

void
fcgi_request_done(struct fcgi_request *r)
{
	if (r->path_room.n > 0)
		secret_wipe(r->path_room.p, r->path_room.n);
	buf_done(&r->path_room);
	*r = (struct fcgi_request){0};
}

/* "Content-Type" -> "CONTENT_TYPE", others "HTTP_…" [RFC 3875 4.1]. */
static bool
param_name(const char *header, char *ret_name, size_t room)
{
	bool plain = strcasecmp(header, "Content-Type") == 0 || strcasecmp(header, "Content-Length") == 0;
	int n = snprintf(ret_name, room, "%s%s", plain ? "" : "HTTP_", header);
	if (n < 0 || (size_t)n >= room)
		return false;
	for (char *c = ret_name; *c != '\0'; c++)
		*c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	return true;
}

struct str
fcgi_request_header(const struct fcgi_request *r, const char *name)
{
	char param[64];
	if (!param_name(name, param, sizeof param))
		return (struct str){0};
	return clean(fcgi_request_param(r, param));
}

bool
fcgi_request_content_is(const struct fcgi_request *r, const char *media_type)
{
	struct str type = fcgi_request_header(r, "Content-Type");
	size_t n = strlen(media_type);
	if (type.n < n || strncasecmp(type.p, media_type, n) != 0)
		return false;
	return type.n == n || type.p[n] == ';' || type.p[n] == ' ';
}
