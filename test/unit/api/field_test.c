#include "api/field.h"
#include "unit.h"

struct target {
	struct str text;
	int64_t whole, at;
	double number;
	bool flag;
	struct id id;
	int choice;
	uint8_t hex[32];
	int items;
};

static err_t
item(const json_t *j, const char *pointer, void *target)
{
	struct target *t = target;
	(void)pointer;
	t->items += (int)json_integer_value(j);
	return json_is_integer(j) ? OK : err_make(ERR_FIELD, "%s: must be a number", pointer);
}

#define AT(m) offsetof(struct target, m)
static const struct field fields[] = {
	{"text", FIELD_TEXT, true, 1, 5, NULL, AT(text), NULL},
	{"whole", FIELD_INTEGER, false, -2, 9, NULL, AT(whole), NULL},
	{"number", FIELD_NUMBER, false, 0, 10, NULL, AT(number), NULL},
	{"flag", FIELD_BOOL, false, 0, 0, NULL, AT(flag), NULL},
	{"yes", FIELD_TRUE, false, 0, 0, NULL, 0, NULL},
	{"at", FIELD_TIME, false, 0, 0, NULL, AT(at), NULL},
	{"id", FIELD_ID, false, 0, 0, "reg", AT(id), NULL},
	{"choice", FIELD_CHOICE, false, 0, 0, "email_code sms_code", AT(choice), NULL},
	{"hex", FIELD_HEX, false, 0, 0, NULL, AT(hex), NULL},
	{"list", FIELD_LIST, false, 1, 3, NULL, 0, item},
};

static err_t
read_text(const char *text, struct target *t)
{
	AUTO_JSON(j) = NULL;
	assert_ok(canon_read(bytes(text, strlen(text)), &j));
	return field_read(j, "", FIELDS(fields), t);
}

static void
reads_every_type(void **state)
{
	struct target t = {0};
	struct id id = id_make(1000000);
	char body[1024];
	(void)state;
	snprintf(body, sizeof body, "{\"text\":\"abc\",\"whole\":9,\"number\":1.5,\"flag\":true,\"yes\":true,\"at\":\"1970-01-01T00:00:02Z\","
	    "\"id\":\"%s\",\"choice\":\"sms_code\",\"hex\":\"%064d\",\"list\":[1,2]}", id_text("reg", id).c, 0);
	AUTO_JSON(j) = NULL;
	assert_ok(canon_read(bytes(body, strlen(body)), &j));
	assert_ok(field_read(j, "", FIELDS(fields), &t));
	assert_true(str_eq(t.text, STR("abc")));
	assert_int_equal(t.whole, 9);
	assert_true(t.number > 1.4 && t.number < 1.6);
	assert_true(t.flag);
	assert_int_equal(t.at, 2000000);
	assert_true(id_eq(t.id, id));
	assert_int_equal(t.choice, 1);
	assert_int_equal(t.items, 3);
}

/* A body and where its error points. */
static const struct {
	const char *body, *pointer;
} wrong[] = {
	{"[]", "/: "}, {"\"x\"", "/: "}, {"{}", "/text: is missing"}, {"{\"text\":\"abcdef\"}", "/text: "}, {"{\"text\":\"\"}", "/text: "},
	{"{\"text\":1}", "/text: "}, {"{\"text\":\"a\\u0007\"}", "/text: "}, {"{\"text\":\"a\\u202e\"}", "/text: "},
	{"{\"text\":\"a\",\"other\":1}", "/other: there is no such field"}, {"{\"text\":\"a\",\"whole\":10}", "/whole: "},
	{"{\"text\":\"a\",\"whole\":-3}", "/whole: "}, {"{\"text\":\"a\",\"whole\":1.0}", "/whole: "}, {"{\"text\":\"a\",\"number\":10.01}", "/number: "},
	{"{\"text\":\"a\",\"number\":\"1\"}", "/number: "}, {"{\"text\":\"a\",\"flag\":1}", "/flag: "}, {"{\"text\":\"a\",\"yes\":false}", "/yes: "},
	{"{\"text\":\"a\",\"at\":\"1970-01-01\"}", "/at: "}, {"{\"text\":\"a\",\"id\":\"req_00000000000000000000000000\"}", "/id: "},
	{"{\"text\":\"a\",\"choice\":\"email\"}", "/choice: "}, {"{\"text\":\"a\",\"choice\":\"email_code sms_code\"}", "/choice: "},
	{"{\"text\":\"a\",\"hex\":\"00\"}", "/hex: "}, {"{\"text\":\"a\",\"list\":[]}", "/list: "}, {"{\"text\":\"a\",\"list\":[1,1,1,1]}", "/list: "},
	{"{\"text\":\"a\",\"list\":[1,\"x\"]}", "/list/1: "}, {"{\"text\":\"a\",\"list\":null}", "/list: "}, {"{\"text\":null}", "/text: "},
};

static void
says_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct target t = {0};
		AUTO_JSON(j) = json_loads(wrong[i].body, JSON_DECODE_ANY, NULL);
		assert_non_null(j);
		assert_err(field_read(j, "", FIELDS(fields), &t), ERR_FIELD);
		if (strncmp(err_detail(), wrong[i].pointer, strlen(wrong[i].pointer)) != 0)
			fail_msg("%s: %s", wrong[i].body, err_detail());
	}
}

static void
text_at_its_limits(void **state)
{
	struct target t = {0};
	(void)state;
	assert_ok(read_text("{\"text\":\"a\"}", &t));
	assert_ok(read_text("{\"text\":\"abcde\"}", &t));
	assert_err(read_text("{\"text\":\"abcdef\"}", &t), ERR_FIELD);
	char body[600];
	snprintf(body, sizeof body, "{\"text\":\"%0500d\"}", 0); /* 100 times */
	assert_err(read_text(body, &t), ERR_FIELD);
}

/* A name of any length is cut in the pointer, at a character. */
static void
long_names_are_cut(void **state)
{
	struct target t = {0};
	(void)state;
	AUTO_JSON(j) = json_object();
	char name[400];
	for (size_t i = 0; i + 3 < sizeof name; i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	name[399] = '\0';
	json_object_set_new(j, name, json_true());
	assert_err(field_read(j, "", FIELDS(fields), &t), ERR_FIELD);
	struct str clean;
	assert_ok(str_check(bytes(err_detail(), strlen(err_detail())), &clean));
	assert_true(clean.n < 100);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(reads_every_type), cmocka_unit_test(says_where), cmocka_unit_test(text_at_its_limits),
	cmocka_unit_test(long_names_are_cut),
};
UNIT_MAIN(tests)
