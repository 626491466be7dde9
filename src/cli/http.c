#include "cli/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

enum { ANSWER_MAX = 8 * 1024 * 1024, SECONDS_MAX = 300 };

struct http {
	CURL *curl;
	char *url;
	char *ca_file;
	char *bearer;
	long status;
	long patience; /* seconds */
	char why[CURL_ERROR_SIZE];
};

static char *
copy(const char *text)
{
	char *c = text == NULL ? NULL : strdup(text);
	if (text != NULL && c == NULL)
		abort();
	return c;
}

err_t
http_new(const char *url, const char *ca_file, struct http **ret_http)
{
	struct http *h = calloc(1, sizeof *h);
	if (h == NULL)
		abort();
	h->curl = curl_easy_init();
	if (h->curl == NULL) {
		free(h);
		return err_make(ERR_INTERNAL, "libcurl does not start");
	}
	h->patience = SECONDS_MAX;
	h->url = copy(url);
	h->ca_file = copy(ca_file);
	*ret_http = h;
	return OK;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	free(h->url);
	free(h->ca_file);
	free(h->bearer);
	free(h);
}

void
http_bearer(struct http *h, const char *token)
{
	free(h->bearer);
	h->bearer = copy(token);
}

void
http_patience(struct http *h, long seconds)
{
	h->patience = seconds;
}

long
http_status(const struct http *h)
{
	return h->status;
}

static size_t
body_take(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;
	buf_put(b, bytes(p, size * n));
	return b->over ? 0 : size * n;
}

/* Where a body goes. */
struct save {
	FILE *file;
	const char *name;
	int error; /* errno of the write that failed, which libcurl would not tell from a service that is gone */
};

static size_t
body_save(char *p, size_t size, size_t n, void *arg)
{
	struct save *s = arg;
	size_t written = fwrite(p, size, n, s->file);
	if (written < n)
		s->error = errno;
	return written;
}

static struct curl_slist *
header_add(struct curl_slist *list, const char *name, const char *value)
{
	AUTO_BUF(line, 4096);
	buf_printf(&line, "%s: %s", name, value);
	buf_put_byte(&line, '\0');
	struct curl_slist *more = curl_slist_append(list, (const char *)line.p);
	if (more == NULL)
		abort();
	return more;
}

static struct curl_slist *
headers_make(const struct http *h, const struct http_request *r)
{
	struct curl_slist *list = header_add(NULL, "Expect", "");
	if (r->json != NULL)
		list = header_add(list, "Content-Type", "application/json");
	else if (r->file != NULL)
		list = header_add(list, "Content-Type", r->type);
	if (r->idempotency_key != NULL)
		list = header_add(list, "Idempotency-Key", r->idempotency_key);
	if (h->bearer != NULL) {
		AUTO_BUF(value, 1024);
		buf_printf(&value, "Bearer %s", h->bearer);
		buf_put_byte(&value, '\0');
		list = header_add(list, "Authorization", (const char *)value.p);
	}
	return list;
}

/* The answer to a failure is application/problem+json [RFC 9457]. */
static err_t
problem(const struct http *h, json_t *json, struct bytes body)
{
	const char *detail = json_string_value(json_object_get(json, "detail"));
	const char *title = json_string_value(json_object_get(json, "title"));
	const char *type = json_string_value(json_object_get(json, "type"));
	const char *slug = type == NULL ? NULL : strrchr(type, '/');
	if (title == NULL)
		return err_make(ERR_REFUSED, "HTTP %ld: %.*s", h->status, (int)(body.n > 200 ? 200 : body.n), (const char *)body.p);
	return err_make(ERR_REFUSED, "%s %s (HTTP %ld, %s)", title, detail == NULL ? "" : detail, h->status,
	    slug == NULL ? "?" : slug + 1);
}

static void
common_set(struct http *h, const char *url, struct curl_slist *headers)
{
	CURL *c = h->curl;
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (h->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT, h->patience);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->why);
}

/* Sets what is sent; the file and the text stay the caller's until the transfer is over. */
static void
upload_set(struct http *h, const struct http_request *r, FILE *file, const char *text)
{
	CURL *c = h->curl;
	struct stat st;
	if (file != NULL && fstat(fileno(file), &st) == 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_READDATA, file);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)st.st_size);
	} else if (text != NULL) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
	} else if (strcmp(r->method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
}

static err_t
transfer(struct http *h, struct buf *body, struct save *save)
{
	CURL *c = h->curl;
	if (save->file != NULL) {
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body_save);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, save);
	} else {
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body_take);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
	}
	h->status = 0;
	h->why[0] = '\0';
	CURLcode r = curl_easy_perform(c);
	if (r != CURLE_OK && save->error != 0) {
		errno = save->error;
		return err_errno("writing %s", save->name);
	}
	if (r != CURLE_OK)
		return err_make(ERR_PEER_GONE, "%s: %s", h->url, h->why[0] != '\0' ? h->why : curl_easy_strerror(r));
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &h->status);
	return OK;
}

static err_t
answer_read(const struct http *h, bool any_status, struct bytes body, json_t **ret_json)
{
	json_error_t why;
	json_t *json = body.n == 0 ? NULL : json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
	if ((h->status >= 400 || h->status < 200) && !(any_status && json != NULL)) {
		err_t e = problem(h, json, body);
		json_decref(json);
		return e;
	}
	if (json == NULL && body.n > 0)
		return err_make(ERR_REFUSED, "the answer is not JSON: %s", why.text);
	*ret_json = json;
	return OK;
}

/* A body that was saved although it reports a problem is read back as such. */
static err_t
saved_check(const struct http *h, FILE *saved)
{
	if (h->status >= 200 && h->status < 300)
		return OK;
	AUTO_BUF(body, ANSWER_MAX);
	uint8_t step[4096];
	size_t n;
	rewind(saved);
	while ((n = fread(step, 1, sizeof step, saved)) > 0)
		buf_put(&body, bytes(step, n));
	json_t *none = NULL;
	return answer_read(h, false, buf_bytes(&body), &none);
}

/* Beside what it becomes, so that what was there before stays until the answer is whole. */
static err_t
save_open(const char *path, char ret_part[PATH_MAX], FILE **ret_file)
{
	mode_t mask = umask(0);
	umask(mask);
	const char *slash = strrchr(path, '/'); /* a name of its own: the other may be as long as a name can be */
	int folder = slash == NULL ? 0 : (int)(slash + 1 - path);
	if (snprintf(ret_part, PATH_MAX, "%.*s.paraph-XXXXXX", folder, path) >= PATH_MAX)
		return err_make(ERR_CONF, "the path is too long");
	int fd = mkostemp(ret_part, O_CLOEXEC);
	FILE *f = fd < 0 || fchmod(fd, 0666 & ~mask) != 0 ? NULL : fdopen(fd, "w+b");
	if (f == NULL) {
		err_t e = err_errno("making %s", path);
		if (fd >= 0) {
			close(fd);
			unlink(ret_part);
		}
		return e;
	}
	*ret_file = f;
	return OK;
}

/* Gives it its name: what came there since somebody looked stays, unless it may be replaced. */
static bool
save_name(const char *part, const char *path, bool replace)
{
	if (replace)
		return rename(part, path) == 0;
	if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return true;
	/* A file system that does not know this [rename(2) EINVAL] may have links, which replace nothing. */
	if (errno != EINVAL || link(part, path) != 0)
		return false;
	(void)unlink(part);
	return true;
}

static err_t
save_close(FILE *file, const char *part, const struct http_request *r, err_t e)
{
	bool written = fclose(file) == 0;
	if (!err_is(e) && !written)
		e = err_errno("writing %s", r->save);
	if (!err_is(e) && !save_name(part, r->save, r->replace))
		e = errno != EEXIST ? err_errno("writing %s", r->save) :
		    err_make(ERR_IO, "%s exists now: somebody else made it, and it stays as it is", r->save);
	if (err_is(e))
		unlink(part);
	return e;
}

/* ---- a signal while a body is saved ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static char part[PATH_MAX]; /* what it must not leave behind */
static struct sigaction before[SIGNALS];

static void
part_drop(int number)
{
	unlink(part);
	raise(number); /* which is the end: SA_RESETHAND */
}

/* Who ignores a signal, as under nohup, goes on doing so. */
static void
signals_take(void)
{
	const struct sigaction drop = {.sa_handler = part_drop, .sa_flags = (int)SA_RESETHAND};
	for (size_t k = 0; k < SIGNALS; k++)
		if (sigaction(signals[k], NULL, &before[k]) == 0 && before[k].sa_handler == SIG_DFL)
			(void)sigaction(signals[k], &drop, NULL);
}

static void
signals_give(void)
{
	for (size_t k = 0; k < SIGNALS; k++)
		(void)sigaction(signals[k], &before[k], NULL);
}

/* ---- one request ---- */

static err_t
send_open(struct http *h, const struct http_request *r, FILE *file, FILE *save, json_t **ret_json)
{
	AUTO_BUF(url, 4096);
	AUTO_BUF(body, ANSWER_MAX);
	buf_printf(&url, "%s%s", h->url, r->path);
	buf_put_byte(&url, '\0');
	TRY(buf_check(&url));
	struct curl_slist *headers = headers_make(h, r);
	char *text = r->json == NULL ? NULL : json_dumps(r->json, JSON_COMPACT);
	common_set(h, (const char *)url.p, headers);
	upload_set(h, r, file, text);
	struct save to = {.file = save, .name = r->save != NULL ? r->save : "a temporary file"};
	err_t e = transfer(h, &body, &to);
	curl_slist_free_all(headers);
	free(text);
	TRY(e);
	if (save != NULL)
		return fflush(save) == 0 ? saved_check(h, save) : err_errno("writing %s", to.name);
	return answer_read(h, r->any_status, buf_bytes(&body), ret_json);
}

static err_t
send_file(struct http *h, const struct http_request *r, FILE *save, json_t **ret_json)
{
	FILE *file = r->file == NULL ? NULL : fopen(r->file, "rb");
	if (r->file != NULL && file == NULL)
		return err_errno("opening %s", r->file);
	err_t e = send_open(h, r, file, save, ret_json);
	if (file != NULL)
		fclose(file);
	return e;
}

static err_t
send_save(struct http *h, const struct http_request *r, json_t **ret_json)
{
	FILE *save = NULL;
	TRY(save_open(r->save, part, &save));
	signals_take();
	err_t e = save_close(save, part, r, send_file(h, r, save, ret_json));
	signals_give();
	return e;
}

err_t
http_send(struct http *h, const struct http_request *r, json_t **ret_json)
{
	json_t *json = NULL;
	err_t e = r->save != NULL ? send_save(h, r, &json) : send_file(h, r, r->save_to, &json);
	if (!err_is(e) && ret_json != NULL)
		*ret_json = json;
	else
		json_decref(json);
	return e;
}
