#include "courier/page.h"
#include "fcgi/fcgi_door.h"

enum { PAGE_MAX = 16 * 1024 * 1024 };

static void
answer_send(struct fcgi_visit *visit, uint16_t status, const char *media_type, struct bytes body)
{
	struct fcgi_answer a = fcgi_answer_init(status);
	fcgi_answer_body(&a, media_type, body);
	fcgi_answer_header(&a, "Cache-Control", STR("no-store"));
	fcgi_door_answer(visit, &a);
}

static void
plain_send(struct fcgi_visit *visit, uint16_t status, const char *text)
{
	answer_send(visit, status, "text/plain", bytes(text, strlen(text)));
}

static void
page_ready(void *arg, struct fcgi_visit *visit)
{
	struct catcher *catcher = arg;
	const struct fcgi_request *r = fcgi_door_request(visit);
	AUTO_BUF(page, PAGE_MAX);
	bool json = str_eq(r->path, STR("/dev/mail.json")), html = str_eq(r->path, STR("/dev/mail"));
	if (catcher == NULL || (!json && !html)) {
		plain_send(visit, 404, "There is nothing at this address.\n");
	} else if (r->method != FCGI_GET && r->method != FCGI_HEAD) {
		plain_send(visit, 405, "Only GET and HEAD.\n");
	} else if (json) {
		catcher_write_json(catcher, &page);
		answer_send(visit, 200, "application/json", buf_bytes(&page));
	} else {
		catcher_write_html(catcher, &page);
		answer_send(visit, 200, "text/html", buf_bytes(&page));
	}
}

static void
page_refused(void *arg, struct fcgi_visit *visit, err_t e)
{
	(void)arg;
	plain_send(visit, err_info(e.code)->http, err_info(e.code)->text);
}

err_t
page_open(struct loop *loop, int listen_fd, struct catcher *catcher)
{
	const struct fcgi_door door = {.body_max = 0, .ready = page_ready, .refused = page_refused, .arg = catcher};
	return fcgi_door_open(loop, listen_fd, &door);
}
