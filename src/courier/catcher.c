#include "courier/catcher.h"
#include "base/secret.h"
#include "base/time.h"
#include "courier/words.h"

#include <pthread.h>

struct caught {
	uint64_t number; /* 0: empty */
	const char *transport;
	int64_t at;
	struct buf to, subject, text;
};

struct catcher {
	pthread_mutex_t lock; /* guards all below */
	uint64_t count;
	struct caught list[CATCHER_MAX]; /* a ring: number % CATCHER_MAX */
};

enum { FIELD_MAX = 16 * 1024 };

static void
field_set(struct buf *b, struct bytes value)
{
	if (b->n > 0)
		secret_wipe(b->p, b->n);
	b->cap = FIELD_MAX;
	buf_reset(b);
	buf_put(b, bytes_sub(value, 0, value.n > FIELD_MAX ? FIELD_MAX : value.n));
}

struct catcher *
catcher_new(void)
{
	struct catcher *c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
catcher_free(struct catcher *c)
{
	if (c == NULL)
		return;
	for (size_t k = 0; k < CATCHER_MAX; k++) {
		struct buf *fields[] = {&c->list[k].to, &c->list[k].subject, &c->list[k].text};
		for (size_t f = 0; f < 3; f++) {
			field_set(fields[f], (struct bytes){0});
			buf_done(fields[f]);
		}
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void
catcher_put(struct catcher *c, const char *transport, struct str to, struct bytes subject, struct bytes text, int64_t at)
{
	pthread_mutex_lock(&c->lock);
	struct caught *m = &c->list[++c->count % CATCHER_MAX];
	m->number = c->count;
	m->transport = transport;
	m->at = at;
	field_set(&m->to, str_bytes(to));
	field_set(&m->subject, subject);
	field_set(&m->text, text);
	pthread_mutex_unlock(&c->lock);
}

/* The k-th newest, NULL at the end. Under the lock. */
static const struct caught *
nth(const struct catcher *c, uint64_t k)
{
	return k < CATCHER_MAX && k < c->count ? &c->list[(c->count - k) % CATCHER_MAX] : NULL;
}

static void
json_put(struct buf *out, const struct caught *m)
{
	char at[TIME_TEXT_MAX];
	time_text(m->at, false, at);
	buf_printf(out, "{\"n\":%llu,\"at\":\"%s\",\"kind\":\"%s\",\"to\":", (unsigned long long)m->number, at, m->transport);
	words_put_json(out, buf_bytes(&m->to));
	buf_put_str(out, STR(",\"subject\":"));
	words_put_json(out, buf_bytes(&m->subject));
	buf_put_str(out, STR(",\"text\":"));
	words_put_json(out, buf_bytes(&m->text));
	buf_put_byte(out, '}');
}

void
catcher_write_json(struct catcher *c, struct buf *out)
{
	buf_put_str(out, STR("{\"messages\":["));
	pthread_mutex_lock(&c->lock);
	const struct caught *m;
	for (uint64_t k = 0; (m = nth(c, k)) != NULL; k++) {
		if (k > 0)
			buf_put_byte(out, ',');
		json_put(out, m);
	}
	pthread_mutex_unlock(&c->lock);
	buf_put_str(out, STR("]}\n"));
}

/* Text with links made of what begins with http. */
static void
html_put(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '<':
			buf_put_str(out, STR("&lt;"));
			break;
		case '>':
			buf_put_str(out, STR("&gt;"));
			break;
		case '&':
			buf_put_str(out, STR("&amp;"));
			break;
		case '"':
			buf_put_str(out, STR("&quot;"));
			break;
		default:
			buf_put_byte(out, text.p[i]);
		}
	}
}

static size_t
link_end(struct bytes text, size_t from)
{
	while (from < text.n && text.p[from] > ' ' && strchr("<>\"'", text.p[from]) == NULL)
		from++;
	return from;
}

static void
html_put_links(struct buf *out, struct bytes text)
{
	for (size_t at = 0; at < text.n;) {
		size_t link = bytes_find(text, at, bytes("http", 4));
		bool real = link != SIZE_MAX && (bytes_find(bytes_sub(text, link, text.n), 0, bytes("http://", 7)) == 0 ||
		                                    bytes_find(bytes_sub(text, link, text.n), 0, bytes("https://", 8)) == 0);
		size_t end = link == SIZE_MAX ? text.n : real ? link_end(text, link) : link + 4;
		html_put(out, bytes_sub(text, at, real ? link : end));
		if (real) {
			buf_put_str(out, STR("<a href=\""));
			html_put(out, bytes_sub(text, link, end));
			buf_put_str(out, STR("\" rel=\"noreferrer\">"));
			html_put(out, bytes_sub(text, link, end));
			buf_put_str(out, STR("</a>"));
		}
		at = end;
	}
}

static void
html_put_one(struct buf *out, const struct caught *m)
{
	char at[TIME_TEXT_MAX];
	time_text(m->at, false, at);
	buf_put_str(out, STR("<article><h2>"));
	html_put(out, buf_bytes(&m->subject));
	buf_printf(out, "</h2><p><b>%s</b> to ", m->transport);
	html_put(out, buf_bytes(&m->to));
	buf_printf(out, " at <time>%s</time></p><pre>", at);
	html_put_links(out, buf_bytes(&m->text));
	buf_put_str(out, STR("</pre></article>\n"));
}

void
catcher_write_html(struct catcher *c, struct buf *out)
{
	buf_put_str(out, STR("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
	                     "<meta http-equiv=\"refresh\" content=\"5\"><title>Caught mail (DEMO)</title><style>"
	                     "body{font:16px/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
	                     "article{border:1px solid #999;border-radius:6px;padding:0 1rem;margin:1rem 0}h2{font-size:1.1rem}"
	                     "pre{white-space:pre-wrap;font:inherit}</style><h1>Caught mail</h1>"
	                     "<p>Nothing leaves this machine: here is what would have been sent, newest first.</p>\n"));
	pthread_mutex_lock(&c->lock);
	const struct caught *m;
	for (uint64_t k = 0; (m = nth(c, k)) != NULL; k++)
		html_put_one(out, m);
	pthread_mutex_unlock(&c->lock);
	if (c->count == 0)
		buf_put_str(out, STR("<p>No message yet.</p>\n"));
}
