#include "keys/house.h"

/* As an operator would write it. */
static void
conf_put(const char *directory, const char *profile)
{
	char path[PATH_MAX];
	AUTO_BUF(text, 4096);
	buf_printf(&text, "[instance]\nname = Example\nprofile = %s\noid_arc = 1.3.6.1.4.1.32473.1\n[organisation]\nname = Example Ltd\n"
	    "common_name = Example\n[front]\nbase_url = http://pki.example.org\nsite_url = https://sign.example.org\n"
	    "[mail]\ntransport = smtp\nhost = mail.example.org\n[sms]\ntransport = none\n", profile);
	snprintf(path, sizeof path, "%s/paraph.conf", directory);
	assert_ok(file_replace(path, buf_bytes(&text), 0600));
}

static void
refused(const char *directory, bool ceremony)
{
	struct desk *d = NULL;
	assert_err(desk_open(directory, JOURNAL_ISSUING, ceremony, -1, &d), ERR_CONF);
	assert_non_null(strstr(err_detail(), "software key store"));
	assert_null(d);
}

/* Whoever edits the profile of an instance gets no production service with keys in software: neither anew nor from an old one. */
static void
production_has_no_software_key_store(void **state)
{
	(void)state;
	char directory[64], path[PATH_MAX];
	struct desk *d = NULL;
	scratch_make(directory);
	snprintf(path, sizeof path, "%s/keys", directory);
	assert_ok(file_mkdir(path, 0700));
	snprintf(path, sizeof path, "%s/keys/issuing", directory);
	assert_ok(file_mkdir(path, 0700));
	conf_put(directory, "production");
	refused(directory, true);
	conf_put(directory, "internal");
	assert_ok(desk_open(directory, JOURNAL_ISSUING, true, -1, &d));
	desk_free(d);
	d = NULL;
	conf_put(directory, "production");
	refused(directory, true);
	refused(directory, false);
	conf_put(directory, "internal");
	assert_ok(desk_open(directory, JOURNAL_ISSUING, false, -1, &d));
	desk_free(d);
	scratch_remove(directory);
}

/* One message must not use up all numbers that are left. */
static void
numbers_grow_in_steps(void **state)
{
	(void)state;
	assert_ok(desk_number_check(0, 0));
	assert_ok(desk_number_check(7, 7));
	assert_ok(desk_number_check(7, 3)); /* an older one is no step */
	assert_ok(desk_number_check(7, 7 + DESK_STEP_MAX));
	assert_err(desk_number_check(7, 8 + DESK_STEP_MAX), ERR_LIMIT);
	assert_err(desk_number_check(7, UINT64_MAX), ERR_LIMIT);
	assert_err(desk_number_check(INT64_MAX, (uint64_t)INT64_MAX + 1), ERR_LIMIT);
	assert_ok(desk_number_check(INT64_MAX - 1, INT64_MAX));
}

int
main(void)
{
	log_init("test", LOG_CRIT);
	setenv("PARAPH_SHARE", getenv("PARAPH_SOURCE") != NULL ? getenv("PARAPH_SOURCE") : ".", 0);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(production_has_no_software_key_store),
	    cmocka_unit_test(numbers_grow_in_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
