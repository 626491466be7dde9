/* A journal of little records in a folder for one test, and what it tells when it is opened. */
#ifndef PARAPH_TEST_UNIT_KEYS_DIARY_H
#define PARAPH_TEST_UNIT_KEYS_DIARY_H

#include "keys/scratch.h"

#include "base/buf.h"
#include "base/log.h"
#include "keys/journal.h"
#include "keys/sealed.h"
#include "os/file.h"

static char dir[64], folder[100];
static struct keystore *ks;

static inline int
set_up(void **state)
{
	(void)state;
	log_init("test", LOG_ERR);
	char path[100];
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/keystore", dir);
	snprintf(folder, sizeof folder, "%s/journal", dir);
	return err_is(sealed_create(path, BYTES_OF("p"), (struct sealed_cost){8, 1}, &ks));
}

static inline int
tear_down(void **state)
{
	(void)state;
	keystore_free(ks);
	ks = NULL;
	scratch_remove(dir);
	return 0;
}

/* What the journal told: the memory of this little process is a list of numbers; odd ones matter in a snapshot. */
struct told {
	size_t n;
	unsigned opened;
	struct {
		uint8_t type;
		uint32_t value;
	} all[4096];
};

static inline err_t
apply(void *arg, const struct segment_record *r)
{
	struct told *t = arg;
	assert_true(r->payload.n >= 4);
	t->all[t->n].type = r->type;
	memcpy(&t->all[t->n++].value, r->payload.p, 4);
	return OK;
}

static inline void
snapshot(void *arg, struct buf *b)
{
	const struct told *t = arg;
	for (size_t i = 0; i < t->n; i++)
		if (t->all[i].value & 1)
			segment_record_write(b, &(struct segment_record){t->all[i].type, 5, bytes(&t->all[i].value, 4)});
}

#define BYTES_OF_U32(v) bytes(&(uint32_t){v}, 4)

static inline struct journal *
open_it(struct told *t, uint64_t max)
{
	struct journal *j = NULL;
	struct journal_hooks hooks = {t, apply, snapshot, NULL};
	assert_ok(journal_open(folder, ks, JOURNAL_ISSUING, 1000, &hooks, max, &j));
	return j;
}

static inline void
segment_path(unsigned number, char path[150])
{
	snprintf(path, 150, "%s/%08u.seg", folder, number);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
