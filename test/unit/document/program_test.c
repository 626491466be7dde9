/*
 * paraph-document itself, jailed, driven over its channels as core and paraphd do it.
 *   program_test PROGRAM [FILE…]   with files: only prints what the program says to each (for trying out)
 */
#include "base/digest.h"
#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "pdf/plan.h"
#include "sample.h"
#include "unit.h"
#include "wire/channel.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const char *program;
static const uint8_t plan_key[PLAN_KEY_LEN] = "thirty-two octets, made for this";

struct run {
	pid_t pid;
	int core, control;
};

static int
file_with(struct bytes data)
{
	int fd = memfd_create("sample", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(file_write(fd, data));
	return fd;
}

static err_t
start(struct run *r, const char *fault)
{
	int core[2], control[2];
	char environment[64];
	snprintf(environment, sizeof environment, "PARAPH_FAULT=%s", fault == NULL ? "" : fault);
	int key = file_with(bytes(plan_key, sizeof plan_key));
	TRY(socket_pair(core));
	TRY(socket_pair(control));
	static char name[] = "paraph-document", core_at[] = "core-document=3", control_at[] = "control=4", key_at[] = "plan-key=5";
	char *argv[] = {name, core_at, control_at, key_at, NULL};
	static char no_leaks[] = "ASAN_OPTIONS=detect_leaks=0"; /* a jailed process cannot look at itself */
	char *envp[] = {no_leaks, fault == NULL ? NULL : environment, NULL};
	struct process_descriptor fds[] = {{core[1], 3}, {control[1], 4}, {2, 2}, {key, 5}};
	struct process_start s = {.path = program, .argv = argv, .envp = envp, .descriptors = fds, .descriptors_n = 4};
	TRY(process_start(&s, &r->pid));
	close(key);
	close(core[1]);
	close(control[1]);
	r->core = core[0];
	r->control = control[0];
	paraph_Control *m = message_new(&message_control);
	int got_fds[LIMIT_WIRE_FDS];
	bool got;
	TRY(channel_receive(r->control, &message_control, true, m, got_fds, &got));
	assert_int_equal(m->which_body, paraph_Control_ready_tag);
	message_free(&message_control, m);
	return OK;
}

/* Ends the program by taking paraphd's end away; it must end well. */
static void
stop(struct run *r)
{
	int status;
	close(r->control);
	close(r->core);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A socket to a child of its own. */
static int
open_child(const struct run *r)
{
	int pair[2];
	paraph_Document *m = message_new(&message_document);
	m->which_body = paraph_Document_open_tag;
	assert_ok(socket_pair(pair));
	assert_ok(channel_send(r->core, &message_document, m, &pair[1], 1));
	message_free(&message_document, m);
	close(pair[1]);
	return pair[0];
}

static void
receive(int socket, paraph_Document *answer, err_t *ret_e)
{
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	*ret_e = channel_receive(socket, &message_document, true, answer, fds, &got);
}

static void
make_request(paraph_Document *m)
{
	m->id = 77;
	m->which_body = paraph_Document_prepare_tag;
	paraph_Prepare *p = &m->body.prepare;
	p->fields_count = 1;
	snprintf(p->fields[0].name, sizeof p->fields[0].name, "Signature1");
	snprintf(p->fields[0].signer_name, sizeof p->fields[0].signer_name, "山田太郎");
	p->fields[0].visible = true;
	p->fields[0].page = 1;
	p->fields[0].x = 10;
	p->fields[0].y = 10;
	p->fields[0].w = 100;
	p->fields[0].h = 50;
}

/* Asks a new child to prepare a document; fds_n of the three descriptors are sent. */
static err_t
ask(const struct run *r, int file, size_t fds_n, int *ret_files, paraph_Document *answer)
{
	err_t e;
	int socket = open_child(r), fds[3] = {file, file_with(bytes("", 0)), file_with(bytes("", 0))};
	paraph_Document *m = message_new(&message_document);
	make_request(m);
	assert_ok(channel_send(socket, &message_document, m, fds, fds_n));
	message_free(&message_document, m);
	receive(socket, answer, &e);
	if (!err_is(e)) {
		err_t end;
		paraph_Document *more = message_new(&message_document);
		receive(socket, more, &end); /* one request, and the child is gone */
		assert_int_equal(end.code, ERR_PEER_GONE);
		message_free(&message_document, more);
	}
	close(socket);
	ret_files[0] = fds[1];
	ret_files[1] = fds[2];
	return e;
}

/* The MAC is over the digests of original and increment together, and of the plan. */
static void
vouched(struct bytes original, int increment_fd, const paraph_Prepared *p)
{
	uint8_t revision0[DIGEST_SHA256_LEN], mac[PLAN_MAC_LEN];
	AUTO_BUF(all, 10 * 1024 * 1024);
	buf_put(&all, original);
	lseek(increment_fd, 0, SEEK_SET);
	assert_ok(file_read(increment_fd, &all));
	digest_sha256(buf_bytes(&all), revision0);
	plan_mac(bytes(plan_key, sizeof plan_key), revision0, p->plan_sha256.bytes, mac);
	assert_int_equal(p->plan_mac.size, sizeof mac);
	assert_memory_equal(p->plan_mac.bytes, mac, sizeof mac);
}

static void
prepares_in_the_jail(void **state)
{
	(void)state;
	struct run r;
	int files[2];
	uint64_t n;
	AUTO_SAMPLE(s);
	AUTO_BUF(plan, LIMIT_PLAN);
	uint8_t digest[DIGEST_SHA256_LEN];
	paraph_Document *answer = message_new(&message_document);
	assert_ok(start(&r, NULL));
	for (int i = 0; i < 3; i++) {
		struct bytes original = sample_make(&s, "csh"[i], "", "");
		int file = file_with(original);
		assert_ok(ask(&r, file, 3, files, answer));
		assert_int_equal(answer->which_body, paraph_Document_prepared_tag);
		assert_int_equal(answer->id, 77);
		assert_ok(file_size(files[0], &n));
		assert_int_equal(n, answer->body.prepared.increment_length);
		buf_reset(&plan);
		lseek(files[1], 0, SEEK_SET);
		assert_ok(file_read(files[1], &plan));
		digest_sha256(buf_bytes(&plan), digest);
		assert_memory_equal(answer->body.prepared.plan_sha256.bytes, digest, sizeof digest);
		vouched(original, files[0], &answer->body.prepared);
		assert_int_equal(answer->body.prepared.appearance_sha256_count, 1);
		assert_int_equal(answer->body.prepared.pages, 1);
		close(files[0]);
		close(files[1]);
		close(file);
		sample_done(&s);
	}
	message_free(&message_document, answer);
	stop(&r);
}

static void
says_why_it_refuses(void **state)
{
	(void)state;
	struct run r;
	int files[2], file = file_with(bytes("<html>", 6));
	paraph_Document *answer = message_new(&message_document);
	assert_ok(start(&r, NULL));
	assert_ok(ask(&r, file, 3, files, answer));
	assert_int_equal(answer->which_body, paraph_Document_outcome_tag);
	assert_int_equal(answer->body.outcome.code, ERR_PDF_NOT_A_PDF);
	assert_true(strlen(answer->body.outcome.detail) > 0);
	assert_ok(ask(&r, file, 2, files, answer)); /* a descriptor is missing */
	assert_int_equal(answer->body.outcome.code, ERR_WIRE);
	message_free(&message_document, answer);
	close(file);
	stop(&r);
}

static void
a_child_that_dies_takes_nobody_along(void **state)
{
	(void)state;
	struct run r;
	int files[2];
	AUTO_SAMPLE(s);
	int file = file_with(sample_make(&s, 'c', "", ""));
	paraph_Document *answer = message_new(&message_document);
	assert_ok(start(&r, "document-read"));
	for (int i = 0; i < 3; i++) {
		/* Its last words; or none, if it was killed. */
		err_t e = ask(&r, file, 3, files, answer);
		assert_true(e.code == ERR_PEER_GONE || answer->body.outcome.code == ERR_DOCUMENT_DIED);
		close(files[0]);
		close(files[1]);
	}
	/* The parent still answers. */
	err_t e;
	message_clear(&message_document, answer);
	answer->id = 5;
	answer->which_body = paraph_Document_health_tag;
	assert_ok(channel_send(r.core, &message_document, answer, NULL, 0));
	receive(r.core, answer, &e);
	assert_ok(e);
	assert_int_equal(answer->id, 5);
	assert_int_equal(answer->body.outcome.code, 0);
	message_free(&message_document, answer);
	close(file);
	stop(&r);
}

static void
the_parent_reads_no_document(void **state)
{
	(void)state;
	struct run r;
	err_t e;
	paraph_Document *m = message_new(&message_document);
	assert_ok(start(&r, NULL));
	make_request(m);
	assert_ok(channel_send(r.core, &message_document, m, NULL, 0));
	receive(r.core, m, &e);
	assert_int_equal(e.code, ERR_PEER_GONE); /* outside the table: the connection ends */
	message_free(&message_document, m);
	stop(&r);
}

static int
try_files(int argc, char **argv)
{
	struct run r;
	paraph_Document *answer = message_new(&message_document);
	if (err_is(start(&r, NULL)))
		return 1;
	for (int i = 2; i < argc; i++) {
		int files[2], file = open(argv[i], O_RDONLY | O_CLOEXEC);
		err_t e = ask(&r, file, 3, files, answer);
		printf("%s\t%s\t%s\n", argv[i],
		    err_is(e) ? "gone" : answer->which_body == paraph_Document_outcome_tag ? err_info((uint16_t)answer->body.outcome.code)->slug : "ok",
		    !err_is(e) && answer->which_body == paraph_Document_outcome_tag ? answer->body.outcome.detail : "");
		close(file);
		close(files[0]);
		close(files[1]);
	}
	message_free(&message_document, answer);
	stop(&r);
	return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(prepares_in_the_jail),
    cmocka_unit_test(says_why_it_refuses),
    cmocka_unit_test(a_child_that_dies_takes_nobody_along),
    cmocka_unit_test(the_parent_reads_no_document),
};

int
main(int argc, char **argv)
{
	assert(argc > 1);
	signal(SIGPIPE, SIG_IGN);
	program = argv[1];
	if (argc > 2)
		return try_files(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
