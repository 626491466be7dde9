/* A core on a database of its own in a temporary folder, without any other program. */
#ifndef PARAPH_TEST_UNIT_CORE_OPEN_H
#define PARAPH_TEST_UNIT_CORE_OPEN_H

#include "core/audit.h"
#include "core/core.h"
#include "unit.h"

static char open_dir[64];
static struct core open_core;
static struct worker open_worker;

static int
open_setup(void **state)
{
	(void)state;
	snprintf(open_dir, sizeof open_dir, "/tmp/paraph-core-XXXXXX");
	if (mkdtemp(open_dir) == NULL)
		return -1;
	open_core = (struct core){.document_fd = -1, .set = {.name = "test", .provider = "Test", .site_url = "https://localhost",
	    .terms = "Terms of use v1\n", .terms_version = "v1", .demo = true, .registration_months = 12}};
	open_core.audit = audit_new();
	open_worker.core = &open_core;
	if (err_is(store_open(open_dir, (struct store_options){0}, &open_core.store)))
		return -1;
	return err_is(store_reader_new(open_core.store, &open_worker.reader));
}

static int
open_teardown(void **state)
{
	static const char *const names[] = {"paraph.db", "paraph.db-wal", "paraph.db-shm", "paraph.lock"};
	(void)state;
	store_reader_free(open_worker.reader);
	store_free(open_core.store);
	audit_free(open_core.audit);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", open_dir, names[i]);
		unlink(path);
	}
	return rmdir(open_dir);
}

#define OPEN_TEST(f) cmocka_unit_test_setup_teardown(f, open_setup, open_teardown)

#endif
