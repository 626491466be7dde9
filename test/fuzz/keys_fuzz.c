/*
 * The message handlers of the key process, fed by a core or status that was taken over. The first octet chooses the role
 * and channel, the second how the descriptors look, the rest is one encoded message; what the table permits is answered
 * by the real handlers over a real (cheap) key store and journal, with one activation complete. No answer may be a
 * signature over something else: here that means no answer of a pen without a certificate of our CA, which this house
 * lacks, so none at all.
 */
#include "base/limits.h"
#include "base/log.h"
#include "keys/codes.h"
#include "keys/pens.h"
#include "keys/proven.h"
#include "keys/roles.h"
#include "keys/sealed.h"
#include "os/clock.h"
#include "os/file.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <pb_decode.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { PLACES = 4 };
static const struct place {
	enum journal_role role;
	bool ceremony;
} places[PLACES] = {{JOURNAL_ISSUING, false}, {JOURNAL_ISSUING, true}, {JOURNAL_ROOT, true}, {JOURNAL_STATUS, false}};

static struct desk *desks[PLACES];
static char folders[PLACES][40];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
clean_up(void)
{
	for (size_t i = 0; i < PLACES; i++)
		if (folders[i][0] != '\0')
			nftw(folders[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
must(err_t e)
{
	assert(!err_is(e));
}

/* The activation 01 01 …: complete, for one document of zeros. */
static void
seed(struct desk *d)
{
	AUTO_BUF(documents, 1000);
	uint8_t appearance[RECORD_HASH] = {0};
	struct record_activation_begun begun = {.expires_at = (uint64_t)(clock_now() + 100 * TIME_DAY)};
	struct record_activation same;
	struct record_activation_completed completed = {.appearances = BYTES_OF(appearance)};
	record_document_write(&(struct record_document){0}, &documents);
	begun.documents = buf_bytes(&documents);
	memset(begun.activation, 1, RECORD_ID);
	memset(same.activation, 1, RECORD_ID);
	memset(completed.activation, 1, RECORD_ID);
	must(desk_record(d, RECORD_ACTIVATION_BEGUN, clock_now(), &begun));
	must(desk_record(d, RECORD_CODE_PROVED, clock_now(), &same));
	must(desk_record(d, RECORD_ACTIVATION_COMPLETED, clock_now(), &completed));
}

static struct desk *
desk_make(const struct place *place, char dir[40])
{
	char path[200];
	struct desk *d = calloc(1, sizeof *d);
	snprintf(dir, 40, "/tmp/paraph-fuzz-XXXXXX");
	assert(d != NULL && mkdtemp(dir) != NULL);
	d->role = place->role;
	must(instance_default(dir, &d->instance));
	must(instance_set(&d->instance, "instance", "oid_arc", "2.25.1"));
	snprintf(path, sizeof path, "%s/keystore", dir);
	must(sealed_create(path, BYTES_OF("p"), (struct sealed_cost){8, 1}, &d->keystore));
	d->proven = proven_new();
	d->book = place->role != JOURNAL_STATUS ? book_new() : NULL;
	d->codes = codes_new();
	d->pens = pens_new();
	struct journal_hooks none = {0}, hooks = {d->book, book_apply, book_snapshot, book_snapshot_opened};
	snprintf(path, sizeof path, "%s/journal", dir);
	must(journal_open(path, d->keystore, place->role, clock_now(), d->book != NULL ? &hooks : &none, 0, &d->journal));
	if (d->book != NULL)
		seed(d);
	return d;
}

static void
desks_make(void)
{
	if (desks[0] != NULL)
		return;
	log_init("fuzz", LOG_EMERG);
	atexit(clean_up);
	for (size_t i = 0; i < PLACES; i++)
		desks[i] = desk_make(&places[i], folders[i]);
}

/* none, files, pipes, or files in the wrong mode */
static void
fds_make(uint8_t how, struct bytes content, int fds[LIMIT_WIRE_FDS])
{
	for (size_t i = 0; i < LIMIT_WIRE_FDS; i++)
		fds[i] = -1;
	for (size_t i = 0; i < how % 4u; i++) {
		fds[i] = how & 4 ? open("/dev/null", O_RDWR | O_CLOEXEC) : memfd_create("fuzz", MFD_CLOEXEC);
		assert(fds[i] >= 0);
		if ((how & 4) == 0 && (how & 8 << i) != 0)
			must(file_write(fds[i], content));
		if (how & 64)
			fcntl(fds[i], F_SETFL, O_APPEND);
	}
}

static bool
signed_something(const struct desk *d, const void *answer)
{
	pb_size_t which = ((const paraph_Keys *)answer)->which_body;
	return d->role == JOURNAL_ISSUING && (which == paraph_Keys_sign_answer_tag || which == paraph_Keys_increment_answer_tag);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int fds[LIMIT_WIRE_FDS];
	if (n < 3 || n - 2 > LIMIT_WIRE_MESSAGE)
		return 0;
	desks_make();
	size_t at = data[0] % PLACES;
	const struct roles_channel *channel = roles_channel(places[at].role, places[at].ceremony);
	const struct message_kind *kind = channel->table->kind;
	void *request = message_new(kind), *answer = message_new(kind);
	pb_istream_t in = pb_istream_from_buffer(data + 2, n - 2);
	if (pb_decode(&in, kind->fields, request) && !err_is(table_check(channel->table, request))) {
		uint64_t id = message_head(request)->id;
		fds_make(data[1], bytes(data + 2, n - 2), fds);
		roles_answer(desks[at], channel, request, fds, answer);
		assert(message_head(answer)->id == id && message_head(answer)->which_body != 0);
		assert(!signed_something(desks[at], answer));
		for (size_t i = 0; i < LIMIT_WIRE_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
	message_free(kind, request);
	message_free(kind, answer);
	return 0;
}
