#include "base/buf.h"
#include "unit.h"

#include <errno.h>
#include <syslog.h>

static err_t
inner(void)
{
	return err_make(ERR_LIMIT, "the %s is %d", "thing", 7);
}

static err_t
outer(bool *ret_went_on)
{
	TRY(OK);
	TRY(inner());
	*ret_went_on = true;
	return OK;
}

static void
passes_up(void **state)
{
	(void)state;
	bool went_on = false;
	assert_err(outer(&went_on), ERR_LIMIT);
	assert_false(went_on);
	assert_string_equal(err_detail(), "the thing is 7");
	assert_non_null(strstr(err_place(), "err_test.c:"));
}

static void
detail_of_a_detail(void **state)
{
	(void)state;
	err_ignore(err_make(ERR_INPUT, "inside")); /* only its detail matters here */
	err_ignore(err_make(ERR_INPUT, "outside: %s", err_detail()));
	assert_string_equal(err_detail(), "outside: inside");
}

static void
system_errors(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_err(err_errno("opening %s", "x"), ERR_IO);
	assert_string_equal(err_detail(), "opening x: No such file or directory");
	errno = ENOSPC;
	assert_err(err_errno("writing"), ERR_DISK_FULL);
	errno = EDQUOT;
	assert_err(err_errno("writing"), ERR_DISK_FULL);
}

static void
long_details_are_cut(void **state)
{
	(void)state;
	char text[5000];
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	err_ignore(err_make(ERR_INPUT, "%s", text));
	assert_true(strlen(err_detail()) < sizeof text);
	errno = EIO;
	assert_err(err_errno("%s", text), ERR_IO);
}

static void
imported(void **state)
{
	(void)state;
	assert_err(err_import(ERR_DISK_FULL, "from a %s peer"), ERR_DISK_FULL);
	assert_string_equal(err_detail(), "from a %s peer"); /* never a format */
	assert_err(err_import(65000, "?"), ERR_INTERNAL);
}

/* Every row of err.def: numbers and slugs are unique, statuses are HTTP's, sentences are sentences. */
static void
registry(void **state)
{
	(void)state;
	static const struct err_info rows[] = {
#define ERR(name, number, http, level, slug, text) {number, http, level, #name, slug, text},
#include "base/err.def"
#undef ERR
	};
	size_t n = sizeof rows / sizeof rows[0];
	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		const struct err_info *info = err_info(rows[i].code);
		assert_string_equal(info->name, rows[i].name);
		if (rows[i].http < 400 || rows[i].http > 599 || rows[i].level < 0 || rows[i].level > 7)
			fail_msg("%s: status or level", rows[i].name);
		size_t length = strlen(rows[i].text);
		if (length < 10 || rows[i].text[length - 1] != '.')
			fail_msg("%s: \"%s\" is no sentence", rows[i].name, rows[i].text);
		if (strspn(rows[i].slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(rows[i].slug))
			fail_msg("%s: slug", rows[i].name);
		for (size_t k = 0; k < i; k++)
			if (rows[k].code == rows[i].code || strcmp(rows[k].slug, rows[i].slug) == 0)
				fail_msg("%s and %s share a number or a slug", rows[k].name, rows[i].name);
	}
	assert_string_equal(err_info(0)->name, "INTERNAL");
	assert_string_equal(err_info(65535)->name, "INTERNAL");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(passes_up),
    cmocka_unit_test(detail_of_a_detail),
    cmocka_unit_test(system_errors),
    cmocka_unit_test(long_details_are_cut),
    cmocka_unit_test(imported),
    cmocka_unit_test(registry),
};
UNIT_MAIN(tests)
