#include "courier/catcher.h"
#include "base/secret.h"
#include "base/time.h"

#include <pthread.h>

struct caught {
	uint64_t n;
	int64_t at;
	const char *kind;
	char to[512];
	char subject[256];
	char text[8192];
};

struct catcher {
	pthread_mutex_t lock;
	uint64_t count;
	struct caught ring[CATCHER_MAX];
};

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
	pthread_mutex_destroy(&c->lock);
	secret_wipe(c, sizeof *c);
	free(c);
}

static void
copy(char *to, size_t room, struct str from)
{
	snprintf(to, room, "%.*s", STR_ARG(from));
}

void
catcher_put(struct catcher *c, const char *kind, struct str to, struct str subject, struct str text, int64_t at)
{
	pthread_mutex_lock(&c->lock);
	struct caught *m = &c->ring[c->count % CATCHER_MAX];
	*m = (struct caught){.n = ++c->count, .at = at, .kind = kind};
	copy(m->to, sizeof m->to, to);
	copy(m->subject, sizeof m->subject, subject);
	copy(m->text, sizeof m->text, text);
	pthread_mutex_unlock(&c->lock);
}

/* The i-th newest; NULL past the end. The lock is held. */
static const struct caught *
newest(const struct catcher *c, uint64_t i)
{
	if (i >= c->count || i >= CATCHER_MAX)
		return NULL;
	return &c->ring[(c->count - 1 - i) % CATCHER_MAX];
}

static void
json_text(struct buf *b, const char *text)
{
	buf_put_byte(b, '"');
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(b, "\\%c", *c);
		else if (*c < 0x20)
			buf_printf(b, "\\u%04x", *c);
		else
			buf_put_byte(b, *c);
	}
	buf_put_byte(b, '"');
}

void
catcher_json(struct catcher *c, struct buf *b)
{
	char at[TIME_TEXT_MAX];
	const struct caught *m;
	pthread_mutex_lock(&c->lock);
	buf_put_str(b, STR("{\"messages\":["));
	for (uint64_t i = 0; (m = newest(c, i)) != NULL; i++) {
		time_text(m->at, true, at);
		buf_printf(b, "%s{\"n\":%llu,\"kind\":\"%s\",\"at\":\"%s\",\"to\":", i > 0 ? "," : "",
		    (unsigned long long)m->n, m->kind, at);
		json_text(b, m->to);
		buf_put_str(b, STR(",\"subject\":"));
		json_text(b, m->subject);
		buf_put_str(b, STR(",\"text\":"));
		json_text(b, m->text);
		buf_put_byte(b, '}');
	}
	buf_put_str(b, STR("]}\n"));
	pthread_mutex_unlock(&c->lock);
}

static void
html_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_put_str(b, STR("&lt;"));
			break;
		case '>':
			buf_put_str(b, STR("&gt;"));
			break;
		case '&':
			buf_put_str(b, STR("&amp;"));
			break;
		case '"':
			buf_put_str(b, STR("&quot;"));
			break;
		default:
			buf_put_byte(b, (uint8_t)*text);
		}
	}
}

void
catcher_html(struct catcher *c, struct buf *b)
{
	char at[TIME_TEXT_MAX];
	const struct caught *m;
	buf_put_str(
	    b, STR("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mail catcher</title>"
		   "<meta name=\"viewport\" content=\"width=device-width\"></head><body><main>"
		   "<h1>Mail catcher</h1><p>Nothing leaves this machine. Newest first; reload the page for more.</p>"));
	pthread_mutex_lock(&c->lock);
	if (c->count == 0)
		buf_put_str(b, STR("<p>No message yet.</p>"));
	for (uint64_t i = 0; (m = newest(c, i)) != NULL; i++) {
		time_text(m->at, false, at);
		buf_put_str(b, STR("<article><h2>"));
		html_text(b, m->subject[0] == '\0' ? m->kind : m->subject);
		buf_printf(b, "</h2><p>%s to ", m->kind);
		html_text(b, m->to);
		buf_printf(b, ", <time>%s</time></p><pre>", at);
		html_text(b, m->text);
		buf_put_str(b, STR("</pre></article>"));
	}
	pthread_mutex_unlock(&c->lock);
	buf_put_str(b, STR("</main></body></html>\n"));
}
