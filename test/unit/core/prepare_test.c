/* What core makes of a document program that ends, whose child ends, or whose child lies. */
#include "core/prepare.h"
#include "open.h"
#include "peer.h"

#include <fcntl.h>
#include <math.h>
#include <sys/socket.h>

enum act { ANSWERS, CHILD_DIES, PARENT_DIES, BOTH_DIE };
static enum act act;
static double width;

static void
child_answer(int fd)
{
	paraph_Document *ask = message_new(&message_document), *answer = message_new(&message_document);
	int fds[LIMIT_WIRE_FDS];
	bool got;
	if (!err_is(channel_receive(fd, &message_document, true, ask, fds, &got)) && act == ANSWERS) {
		answer->id = ask->id;
		answer->which_body = paraph_Document_prepared_tag;
		answer->body.prepared = (paraph_Prepared){.pages = 1, .page_width = width, .page_height = 842};
		err_ignore(channel_send(fd, &message_document, answer, NULL, 0)); /* the test sees what comes */
	}
	channel_close_fds(fds);
	message_free(&message_document, ask);
	message_free(&message_document, answer);
}

static void
take(struct peer *p, void *message, int *fds)
{
	(void)message;
	if (act == PARENT_DIES || act == BOTH_DIE)
		shutdown(p->fd, SHUT_RDWR); /* as its end does, before what it had not read goes too */
	if (act != PARENT_DIES)
		child_answer(fds[0]);
}

/* Asks about some file. */
static err_t
inspect(enum act what, double page_width, struct prepare_facts *ret_facts)
{
	struct peer parent = {.kind = &message_document, .take = take};
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	act = what;
	width = page_width;
	core_document_set(&open_core, peer_start(&parent));
	err_t e = prepare_inspect(&open_core, file, ret_facts);
	core_document_set(&open_core, -1);
	peer_join(&parent);
	close(file);
	return e;
}

static void
a_death_is_told_as_what_it_is(void **state)
{
	struct prepare_facts f = {0};
	(void)state;
	assert_err(inspect(CHILD_DIES, 595, &f), ERR_DOCUMENT_DIED);
	assert_err(inspect(PARENT_DIES, 595, &f), ERR_PEER_GONE); /* the document may be as good as any */
	assert_err(inspect(BOTH_DIE, 595, &f), ERR_PEER_GONE);
	assert_err(prepare_inspect(&open_core, 0, &f), ERR_PEER_GONE);
}

static void
a_page_has_a_size(void **state)
{
	static const double wrong[] = {NAN, INFINITY, -INFINITY, 0, -595, 1e300};
	struct prepare_facts f = {0};
	(void)state;
	assert_ok(inspect(ANSWERS, 595.2756, &f));
	assert_true(f.page_width > 595 && f.page_width < 596 && f.pages == 1);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		f = (struct prepare_facts){0};
		assert_err(inspect(ANSWERS, wrong[i], &f), ERR_WIRE);
	}
}

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	pthread_mutex_init(&open_core.document_mutex, NULL);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, open_teardown)
static const struct CMUnitTest tests[] = {TEST(a_death_is_told_as_what_it_is), TEST(a_page_has_a_size)};
UNIT_MAIN(tests)
