#include "base/conf.h"
#include "unit.h"

struct settings {
	char *name;
	char *mode;
	int64_t port;
	bool loud;
	const char *gone;
};

static const struct conf_item items[] = {
    {"front", "name", CONF_STRING, 0, 0, NULL, NULL, "the name in the certificate", offsetof(struct settings, name)},
    {"instance", "mode", CONF_CHOICE, 0, 0, "demo internal production", "demo", "what it is for",
	offsetof(struct settings, mode)},
    {"front", "port", CONF_NUMBER, 1, 65535, NULL, "8443", "the port", offsetof(struct settings, port)},
    {"front", "loud", CONF_BOOL, 0, 0, NULL, "no", "whether to say more", offsetof(struct settings, loud)},
    {"front", "colour", CONF_GONE, 0, 0, NULL, NULL, NULL, offsetof(struct settings, gone)},
};
enum { ITEMS = sizeof items / sizeof items[0] };

static err_t
read_text(const char *text, struct settings *ret)
{
	char path[] = "/tmp/conf_test_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err_t e = conf_read(path, items, ITEMS, ret);
	unlink(path);
	return e;
}

static void
defaults_and_values(void **state)
{
	(void)state;
	struct settings s;
	memset(&s, 0xa5, sizeof s); /* what a caller's stack may hold */
	assert_ok(read_text("; a comment\n[front]\nname = localhost\n", &s));
	assert_string_equal(s.name, "localhost");
	assert_string_equal(s.mode, "demo");
	assert_int_equal(s.port, 8443);
	assert_false(s.loud);
	conf_done(items, ITEMS, &s);
	assert_null(s.name);
	assert_ok(read_text("[instance]\nmode=internal\n[front]\nname=x\nport=65535\nloud=yes\n", &s));
	assert_string_equal(s.mode, "internal");
	assert_int_equal(s.port, 65535);
	assert_true(s.loud);
	conf_done(items, ITEMS, &s);
}

/* A file that is wrong, and what the message must name. */
static const struct {
	const char *text, *says;
} wrong[] = {
    {"[front]\nport=1\n", "[front] name is missing"},
    {"[front]\nname=x\nprot=1\n", "line 3: [front] prot is not a known key"},
    {"[fornt]\nname=x\n", "line 2: [fornt] name is not a known key"},
    {"name=x\n", "line 1: [] name is not a known key"},
    {"[front]\nname=x\nname=y\n", "line 3: [front] name is given twice"},
    {"[front]\nname=x\nport=0\n", "from 1 to 65535"},
    {"[front]\nprot=1\nname=x\nport=1\nloud=yes\n", "line 2: [front] prot is not a known key"}, /* what follows is right */
    {"[front]\nname=x\nport=65536\n", "from 1 to 65535"},
    {"[front]\nname=x\nport=99999999999999999999\n", "from 1 to 65535"},
    {"[front]\nname=x\nport=12x\n", "must be a whole number"},
    {"[front]\nname=x\nport=\n", "must be a whole number"},
    {"[front]\nname=x\nloud=true\n", "must be yes or no"},
    {"[instance]\nmode=prod\n", "must be one of: demo internal production"},
    {"[instance]\nmode=demo internal\n", "must be one of"},
    {"[instance]\nmode=\n", "must be one of"},
    {"[front]\nname=x\nnonsense\n", "line 3: not a [section] or key = value"},
    {"[front]\nname=x\n[front\n", "line 3: not a [section] or key = value"},
    {"[front]\nname=x\001y\n", "line 2: [front] name: a control character"},
};

static void
wrong_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct settings s = {0};
		err_t e = read_text(wrong[i].text, &s);
		if (e.code != ERR_CONF || strstr(err_detail(), wrong[i].says) == NULL)
			fail_msg("row %zu: %s", i, err_is(e) ? err_detail() : "accepted");
		assert_null(s.name);
		assert_null(s.mode);
	}
}

/* A value is everything behind the =, as long as the longest that any may be. */
static void
values_come_whole(void **state)
{
	(void)state;
	static char text[CONF_VALUE_MAX + 200], value[CONF_VALUE_MAX + 2];
	struct settings s = {0};
	assert_ok(read_text("\t[ front ] \r\n  name\t= a = \"b\" ; c # d \xe7\x8e\x8b \r\n\n# port = 1\n ; port = 2\nport=3", &s));
	assert_string_equal(s.name, "a = \"b\" ; c # d \xe7\x8e\x8b");
	assert_int_equal(s.port, 3);
	conf_done(items, ITEMS, &s);
	for (size_t n = CONF_VALUE_MAX - 1; n <= CONF_VALUE_MAX + 1; n++) {
		memset(value, 'x', n);
		value[n] = '\0';
		snprintf(text, sizeof text, "[front]\nname = %s\n", value);
		err_t e = read_text(text, &s);
		assert_int_equal(e.code, n <= CONF_VALUE_MAX ? ERR_OK : ERR_CONF);
		assert_int_equal(conf_value_check("front", "name", value).code, e.code);
		if (err_is(e))
			continue;
		assert_string_equal(s.name, value);
		conf_done(items, ITEMS, &s);
	}
}

/* What a file would give back otherwise than it was written, or as another line. */
static void
values_that_no_file_can_hold(void **state)
{
	(void)state;
	static const char *const bad[] = {" x", "x ", "\tx", "x\ny = 1", "x\r", "x\x7f", "x\x01"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(conf_value_check("front", "name", bad[i]), ERR_CONF);
	assert_ok(conf_value_check("front", "name", ""));
	assert_ok(conf_value_check("front", "name", "a b; c"));
}

/* A key of an earlier version does not keep a service from starting, whatever its value; the program can tell of it. */
static void
a_key_that_is_gone_is_passed_over(void **state)
{
	(void)state;
	struct settings s = {0};
	assert_ok(read_text("[front]\nname=x\n", &s));
	assert_null(s.gone);
	conf_done(items, ITEMS, &s);
	assert_ok(read_text("[front]\ncolour = 99999999999999999999\nname=x\n", &s));
	assert_string_equal(s.gone, "colour");
	conf_done(items, ITEMS, &s);
	assert_err(read_text("[front]\ncolour=1\ncolour=2\nname=x\n", &s), ERR_CONF);
}

static void
no_file(void **state)
{
	(void)state;
	struct settings s = {0};
	assert_err(conf_read("/nonexistent/paraph.conf", items, ITEMS, &s), ERR_NO_INPUT);
	assert_non_null(strstr(err_detail(), "/nonexistent/paraph.conf"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_and_values),
    cmocka_unit_test(wrong_files),
    cmocka_unit_test(values_come_whole),
    cmocka_unit_test(values_that_no_file_can_hold),
    cmocka_unit_test(a_key_that_is_gone_is_passed_over),
    cmocka_unit_test(no_file),
};
UNIT_MAIN(tests)
