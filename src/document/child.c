#include "document/child.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "document/check.h"
#include "document/prepare.h"
#include "os/attempt.h"
#include "os/file.h"
#include "os/jail.h"
#include "wire/channel.h"
#include "wire/table.h"

#include <errno.h>
#include <pb_encode.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

/* ---- the last act ---- */

enum { LAST_WORDS = 1024, LAST_STACK = 64 * 1024 };

/* Encoded before the document is read: in a signal handler nothing can be made any more. */
struct last_words {
	uint8_t packet[LAST_WORDS];
	size_t n;
};

static struct {
	int socket;
	struct last_words too_complex, died;
	uint8_t stack[LAST_STACK];
} last;

static void
say_last_words(int signal_number)
{
	const struct last_words *w = signal_number == SIGXCPU ? &last.too_complex : &last.died;
	if (send(last.socket, w->packet, w->n, MSG_NOSIGNAL) < 0)
		_exit(3);
	_exit(2);
}

static void
last_words_make(uint64_t id, err_t e, struct last_words *w)
{
	void *message = message_new(&message_document);
	message_outcome(&message_document, message, id, e);
	pb_ostream_t out = pb_ostream_from_buffer(w->packet, sizeof w->packet);
	if (!pb_encode(&out, message_document.fields, message))
		abort();
	w->n = out.bytes_written;
	message_free(&message_document, message);
}

static void
last_words_prepare(int socket, uint64_t id)
{
	static const int signals[] = {SIGXCPU, SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
	last.socket = socket;
	last_words_make(id, err_make(ERR_PDF_TOO_COMPLEX, "reading it took longer than %d s", LIMIT_DOCUMENT_CPU_SECONDS),
	    &last.too_complex);
	last_words_make(id, err_make(ERR_DOCUMENT_DIED, "the reader of the document ended"), &last.died);
	/* Its own stack: a recursion without end has used up the other one. */
	stack_t stack = {.ss_sp = last.stack, .ss_size = sizeof last.stack};
	sigaltstack(&stack, NULL);
	struct sigaction action = {.sa_handler = say_last_words, .sa_flags = SA_ONSTACK};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &action, NULL);
}

/* ---- confinement ---- */

/* SIGXCPU comes at the soft limit, one second before the kernel ends the child: time to say so. */
static err_t
limit_time(void)
{
	struct rlimit l = {LIMIT_DOCUMENT_CPU_SECONDS, LIMIT_DOCUMENT_CPU_SECONDS + 1};
	if (setrlimit(RLIMIT_CPU, &l) != 0)
		return err_errno("limit of processor time");
	return OK;
}

static err_t
confine(uint64_t file_len)
{
	TRY(limit_time());
	return jail_tighten(LIMIT_DOCUMENT_MEMORY_MB + (size_t)(file_len >> 20) + 1, 0);
}

/* ---- the document ---- */

static err_t
map_file(int fd, struct bytes *ret_file)
{
	uint64_t n;
	TRY(file_size(fd, &n));
	if (n > (uint64_t)LIMIT_DOCUMENT_MB << 21) /* a finished file is longer than the uploaded one, never twice */
		return err_make(ERR_PDF_TOO_LARGE, "%llu octets", (unsigned long long)n);
	if (n == 0) {
		*ret_file = bytes("", 0);
		return OK;
	}
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno("mapping the document");
	*ret_file = bytes(p, n);
	return OK;
}

static err_t
wish_read(const paraph_FieldWish *from, struct inspect_wish *to)
{
	TRY(str_check(bytes(from->name, strlen(from->name)), &to->name));
	TRY(str_check(bytes(from->signer_name, strlen(from->signer_name)), &to->signer_name));
	TRY(str_check(bytes(from->note, strlen(from->note)), &to->note));
	to->existing = from->existing;
	to->visible = from->visible;
	to->page = from->page;
	to->x = from->x;
	to->y = from->y;
	to->w = from->w;
	to->h = from->h;
	return OK;
}

static err_t
order_read(const paraph_Prepare *from, struct inspect_order *to)
{
	*to = (struct inspect_order){.demo = from->demo, .inspect_only = from->inspect_only, .wishes_n = from->fields_count};
	for (size_t i = 0; i < to->wishes_n; i++)
		TRY(wish_read(&from->fields[i], &to->wishes[i]));
	return OK;
}

static void
facts_write(const struct prepared *p, paraph_Prepared *to)
{
	to->pages = p->facts.pages;
	to->revisions = p->facts.revisions;
	to->signatures = p->facts.signatures;
	to->page_width = p->facts.page_width;
	to->page_height = p->facts.page_height;
	to->findings_count = (pb_size_t)p->facts.findings_n;
	for (size_t i = 0; i < p->facts.findings_n; i++)
		memcpy(to->findings[i], p->facts.findings[i], sizeof to->findings[i]);
	to->appearance_sha256_count = (pb_size_t)p->appearances_n;
	for (size_t i = 0; i < p->appearances_n; i++) {
		to->appearance_sha256[i].size = DIGEST_SHA256_LEN;
		memcpy(to->appearance_sha256[i].bytes, p->appearances[i], DIGEST_SHA256_LEN);
	}
}

/* Plan and revision 0 belong together: keys is told so past core (pdf/plan.h). */
static void
vouch(const struct child_kit *kit, struct bytes original, struct bytes increment, struct bytes plan, paraph_Prepared *ret_answer)
{
	uint8_t revision0[DIGEST_SHA256_LEN];
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, original);
	digest_add(d, increment);
	digest_end(d, revision0);
	ret_answer->plan_sha256.size = DIGEST_SHA256_LEN;
	digest_sha256(plan, ret_answer->plan_sha256.bytes);
	ret_answer->plan_mac.size = PLAN_MAC_LEN;
	plan_mac(BYTES_OF(kit->plan_key), revision0, ret_answer->plan_sha256.bytes, ret_answer->plan_mac.bytes);
}

static err_t
prepare(const paraph_Prepare *request, const int *fds, struct child_kit *kit, paraph_Prepared *ret_answer)
{
	struct bytes file;
	struct inspect_order order;
	struct prepared prepared;
	AUTO_BUF(increment, LIMIT_INCREMENT);
	AUTO_BUF(plan, LIMIT_PLAN);
	TRY(map_file(fds[0], &file));
	TRY(order_read(request, &order));
	TRY(prepare_run(file, &order, kit->faces, &increment, &plan, &prepared));
	if (!order.inspect_only) {
		TRY(file_write(fds[1], buf_bytes(&increment)));
		TRY(file_write(fds[2], buf_bytes(&plan)));
	}
	facts_write(&prepared, ret_answer);
	ret_answer->increment_length = increment.n;
	ret_answer->plan_length = plan.n;
	if (!order.inspect_only)
		vouch(kit, file, buf_bytes(&increment), buf_bytes(&plan), ret_answer);
	return OK;
}

/* ---- the final check ---- */

static err_t
check_facts_read(const paraph_Check *from, struct bytes trusted[2], struct check_facts *to)
{
	for (size_t i = 0; i < from->trusted_count; i++)
		trusted[i] = bytes(from->trusted[i].bytes, from->trusted[i].size);
	*to = (struct check_facts){
	    .revision0_sha256 = bytes(from->revision0_sha256.bytes, from->revision0_sha256.size),
	    .revision0_length = from->revision0_length,
	    .base_length = from->base_length,
	    .field = from->field,
	    .stamp_field = from->stamp_field,
	    .certificate = bytes(from->certificate.bytes, from->certificate.size),
	    .trusted = trusted,
	    .trusted_n = from->trusted_count,
	    .result_sha256 = bytes(from->result_sha256.bytes, from->result_sha256.size),
	    .result_length = from->result_length,
	    .published_at = from->published_at,
	    .now = from->now,
	};
	if (to->revision0_sha256.n != DIGEST_SHA256_LEN || to->result_sha256.n != DIGEST_SHA256_LEN)
		return err_make(ERR_WIRE, "a digest has a wrong length");
	return OK;
}

static err_t
check(const paraph_Check *request, const int *fds, paraph_Checked *ret_answer)
{
	struct bytes file, trusted[2];
	struct check_facts facts;
	struct check_result result;
	AUTO_BUF(plan, LIMIT_PLAN);
	TRY(check_facts_read(request, trusted, &facts));
	TRY(map_file(fds[0], &file));
	TRY(file_read(fds[1], &plan));
	TRY(check_file(file, buf_bytes(&plan), &facts, &result));
	ret_answer->signature_stamp_sha256.size = DIGEST_SHA256_LEN;
	memcpy(ret_answer->signature_stamp_sha256.bytes, result.stamp_sha256, DIGEST_SHA256_LEN);
	ret_answer->stamped_at = result.stamped_at;
	ret_answer->archived_at = result.archived_at;
	ret_answer->signatures = (uint32_t)result.signatures;
	return OK;
}

/* ---- one request ---- */

static size_t
fds_count(const int *fds)
{
	size_t n = 0;
	while (n < LIMIT_WIRE_FDS && fds[n] >= 0)
		n++;
	return n;
}

static err_t
fds_check(const paraph_Document *m, const int *fds)
{
	size_t n = fds_count(fds), wanted = 2;
	if (m->which_body == paraph_Document_prepare_tag)
		wanted = m->body.prepare.inspect_only ? 1 : 3;
	if (n != wanted)
		return err_make(ERR_WIRE, "%zu descriptors, %zu were expected", n, wanted);
	return OK;
}

static err_t
work(const paraph_Document *m, const int *fds, struct child_kit *kit, paraph_Document *answer)
{
	uint64_t n;
	TRY(table_check(&table_document_child, m));
	TRY(fds_check(m, fds));
	TRY(file_size(fds[0], &n));
	TRY(confine(n));
	if (m->which_body != paraph_Document_prepare_tag || m->body.prepare.inspect_only)
		secret_wipe(kit->plan_key, sizeof kit->plan_key); /* only who makes a plan can vouch for one */
	attempt_point();
	FAULT_POINT("document-read");
	if (m->which_body == paraph_Document_check_tag) {
		answer->which_body = paraph_Document_checked_tag;
		return check(&m->body.check, fds, &answer->body.checked);
	}
	answer->which_body = paraph_Document_prepared_tag;
	return prepare(&m->body.prepare, fds, kit, &answer->body.prepared);
}

static err_t
serve(int socket, struct child_kit *kit)
{
	paraph_Document *m = message_new(&message_document), *answer = message_new(&message_document);
	int fds[LIMIT_WIRE_FDS];
	bool got;
	TRY(channel_receive(socket, &message_document, true, m, fds, &got));
	last_words_prepare(socket, m->id);
	err_t e = work(m, fds, kit, answer);
	answer->id = m->id;
	if (err_is(e))
		return channel_send_outcome(socket, &message_document, m->id, e);
	return channel_send(socket, &message_document, answer, NULL, 0);
}

void
child_run(int socket, struct child_kit *kit)
{
	err_t e = serve(socket, kit);
	if (err_is(e) && e.code != ERR_PEER_GONE)
		log_error(e, "document-child");
	_exit(err_is(e) ? 1 : 0);
}
