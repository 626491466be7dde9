#include "unit.h"

#include "os/instance.h"

#include <sys/stat.h>

static char folder[] = "/tmp/instance-test-XXXXXX";

static void
conf_put(const char *text)
{
	char file[PATH_MAX];
	snprintf(file, sizeof file, "%s/paraph.conf", folder);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int
folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
folder_remove(void **state)
{
	(void)state;
	char file[PATH_MAX];
	snprintf(file, sizeof file, "%s/paraph.conf", folder);
	unlink(file);
	return rmdir(folder);
}

static void
defaults_are_those_of_the_table(void **state)
{
	(void)state;
	struct instance i;
	char file[PATH_MAX];
	conf_put("[instance]\noid_arc = 2.25.1234\n[front]\nhttps_port = 9443\n");
	snprintf(file, sizeof file, "%s/paraph.conf", folder);
	for (int round = 0; round < 2; round++) {
		assert_ok(instance_read(round == 0 ? folder : file, &i));
		assert_string_equal(i.directory, folder);
		assert_int_equal(i.kind, INSTANCE_DEMO);
		assert_string_equal(i.site_url, "https://localhost:9443");
		assert_string_equal(i.base_url, "http://127.0.0.1:8080");
		/* what a new instance promises */
		assert_int_equal(i.certificate_minutes, 15);
		assert_int_equal(i.activation_minutes, 30);
		assert_int_equal(i.code_minutes, 10);
		assert_int_equal(i.registration_months, 12);
		assert_int_equal(i.crl_every_minutes, 60);
		assert_int_equal(i.crl_next_update_hours, 24);
		assert_int_equal(i.root_crl_days, 180);
		assert_int_equal(i.upload_days, 7);
		assert_int_equal(i.clock_alarm_ms, 100);
		assert_int_equal(i.clock_stop_ms, 500);
		assert_null(i.gone);
		instance_done(&i);
	}
}

static void
written_and_read_is_the_same(void **state)
{
	(void)state;
	struct instance made, read;
	AUTO_BUF(first, 1 << 16);
	AUTO_BUF(second, 1 << 16);
	assert_ok(instance_default(folder, &made));
	assert_ok(instance_set(&made, "instance", "oid_arc", "2.25.99"));
	assert_ok(instance_set(&made, "front", "http_port", "1234"));
	assert_ok(instance_set(&made, "front", "base_url", "http://127.0.0.1:1234"));
	assert_ok(instance_set(&made, "front", "site_url", "https://sign.example"));
	assert_err(instance_set(&made, "front", "http_port", "65536"), ERR_CONF);
	assert_err(instance_set(&made, "front", "nothing", "1"), ERR_CONF);
	assert_err(instance_set(&made, "policy", "clock_stop_ms", "501"), ERR_CONF); /* time-stamps claim 500 */
	instance_write(&made, &first);
	buf_put_byte(&first, 0);
	conf_put((char *)first.p);
	assert_ok(instance_read(folder, &read));
	instance_write(&read, &second);
	buf_put_byte(&second, 0);
	assert_string_equal((char *)first.p, (char *)second.p);
	instance_done(&made);
	instance_done(&read);
}

/* Whatever a value may be, the file gives back: the longest ones, and what looks like something else in a file. */
static void
the_largest_values_come_back(void **state)
{
	(void)state;
	struct instance made, read;
	static char name[4 * 64 + 1], url[201], arc[121], path[4001];
	AUTO_BUF(text, 1 << 16);
	for (size_t i = 0; i < 64; i++)
		memcpy(name + 4 * i, "\xf0\xa0\x80\x80", 4);
	memset(url, 'a', 200);
	memcpy(url, "http://", 7);
	memset(arc, '1', 120);
	memcpy(arc, "2.25.", 5);
	memset(path, 'p', 4000);
	const char *const values[][3] = {{"instance", "name", name}, {"instance", "oid_arc", arc}, {"front", "base_url", url},
	    {"front", "site_url", url}, {"organisation", "name", "DEMO ; # = [x]"}, {"mail", "password_file", path},
	    {"sms", "url", url}, {"mail", "user", "\"a\""}};
	assert_ok(instance_default(folder, &made));
	for (size_t k = 0; k < sizeof values / sizeof values[0]; k++)
		assert_ok(instance_set(&made, values[k][0], values[k][1], values[k][2]));
	instance_write(&made, &text);
	buf_put_byte(&text, 0);
	conf_put((char *)text.p);
	assert_ok(instance_read(folder, &read));
	assert_string_equal(read.name, name);
	assert_string_equal(read.oid_arc, arc);
	assert_string_equal(read.base_url, url);
	assert_string_equal(read.site_url, url);
	assert_string_equal(read.organisation, "DEMO ; # = [x]");
	assert_string_equal(read.mail_password_file, path);
	assert_string_equal(read.sms_url, url);
	assert_string_equal(read.mail_user, "\"a\"");
	instance_done(&read);
	/* One more, and it is refused; what would become another line never gets in. */
	assert_err(instance_set(&made, "mail", "user", "x\nprofile = internal"), ERR_CONF);
	char longer[4 * 64 + 2];
	snprintf(longer, sizeof longer, "%sx", name);
	assert_ok(instance_set(&made, "instance", "name", longer));
	buf_reset(&text);
	instance_write(&made, &text);
	buf_put_byte(&text, 0);
	conf_put((char *)text.p);
	assert_err(instance_read(folder, &read), ERR_CONF);
	assert_non_null(strstr(err_detail(), "65 characters"));
	instance_done(&made);
}

static void
bad_configurations_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "[instance]\noid_arc = 1.3.6.1.4.1.1\n",
	    "[instance]\noid_arc = 2.25.x\n",
	    "[instance]\noid_arc = 2.25.1\nname = \n",
	    "[instance]\noid_arc = 2.25.1\nname = \xff\n",
	    "[instance]\noid_arc = 2.25.1\nprofile = production\n",
	    "[instance]\noid_arc = 2.25.1\n[organisation]\ncommon_name = Real Name\n",
	    "[instance]\noid_arc = 2.25.1\n[organisation]\ncountry = fr\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nbase_url = https://a.example\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nbase_url = http://a.example/\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nsite_url = https://a\";evil\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nlisten = 1;}\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nlisten = localhost\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nlisten = ::1\n",
	    "[instance]\noid_arc = 2.25.1\n[front]\nhttp_port = 8443\n",
	    "[instance]\noid_arc = 2.25.1\n[mail]\ntransport = smtp\n",
	    "[instance]\noid_arc = 2.25.1\n[mail]\nfrom = a b@c\n",
	    "[instance]\noid_arc = 2.25.1\n[sms]\ntransport = http\nurl = http://a\n",
	    "[instance]\noid_arc = 2.25.1\n[policy]\ncertificate_minutes = 9\n",
	    "[instance]\noid_arc = 2.25.1\n[policy]\ncertificate_minutes = 121\n",
	    "[instance]\noid_arc = 2.25.1\n[policy]\nocsp_certificate_days = 6\n", /* policy/profiles/ocsp.json wants 7 */
	    "[instance]\noid_arc = 2.25.1\n[policy]\nocsp_certificate_days = 31\n",
	    "[instance]\noid_arc = 2.25.1\nunknown = 1\n",
	};
	for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
		struct instance i;
		conf_put(bad[k]);
		if (instance_read(folder, &i).code != ERR_CONF)
			fail_msg("accepted: %s", bad[k]);
	}
	struct instance i;
	assert_err(instance_read("/nonexistent", &i), ERR_NO_INPUT);
}

/* The path stands in the front's configuration and in a line of JSON. */
static void
a_folder_with_a_control_character_is_refused(void **state)
{
	(void)state;
	static const char bad[] = "\t\n\r\x01\x1b\x1f\x7f\"'\\{};$#";
	for (const char *c = bad; *c != '\0'; c++) {
		char path[PATH_MAX];
		struct instance i;
		snprintf(path, sizeof path, "%s/a%cb", folder, *c);
		assert_int_equal(mkdir(path, 0700), 0);
		err_t read = instance_read(path, &i), made = instance_default(path, &i);
		assert_int_equal(rmdir(path), 0);
		assert_err(read, ERR_CONF);
		assert_err(made, ERR_CONF);
	}
}

/* What earlier versions wrote into every file: read, told, and never written again. */
static void
keys_of_earlier_versions_are_passed_over(void **state)
{
	(void)state;
	struct instance i;
	AUTO_BUF(text, 1 << 16);
	conf_put("[instance]\noid_arc = 2.25.1\n[policy]\nbackdate_seconds = 60\nretention_years = 10\n");
	assert_ok(instance_read(folder, &i));
	assert_string_equal(i.gone, "retention_years");
	assert_err(instance_set(&i, "policy", "retention_years", "10"), ERR_CONF);
	instance_write(&i, &text);
	buf_put_byte(&text, 0);
	assert_null(strstr((char *)text.p, "retention_years"));
	assert_null(strstr((char *)text.p, "backdate_seconds"));
	assert_non_null(strstr((char *)text.p, "document_mb"));
	instance_done(&i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_table),
	    cmocka_unit_test(written_and_read_is_the_same),
	    cmocka_unit_test(the_largest_values_come_back),
	    cmocka_unit_test(bad_configurations_are_refused),
	    cmocka_unit_test(a_folder_with_a_control_character_is_refused),
	    cmocka_unit_test(keys_of_earlier_versions_are_passed_over),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
