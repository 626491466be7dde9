#include "api/requests.h"
#include "base/time.h"
#include "unit.h"

static struct id file_a, file_b, reg;
static const int64_t now = INT64_C(1800000000000000);

static int
make_ids(void **state)
{
	(void)state;
	file_a = id_make(now);
	file_b = id_make(now);
	reg = id_make(now);
	return 0;
}

/* The body with A, B and R replaced by the ids, read. */
static err_t
read_body(const char *body, struct request_wish *wish, json_t **ret_j)
{
	AUTO_BUF(text, 1 << 20);
	for (const char *p = body; *p; p++) {
		if (*p == '@' && p[1] == 'A')
			buf_printf(&text, "\"%s\"", id_text("file", file_a).c);
		else if (*p == '@' && p[1] == 'B')
			buf_printf(&text, "\"%s\"", id_text("file", file_b).c);
		else if (*p == '@' && p[1] == 'R')
			buf_printf(&text, "\"%s\"", id_text("reg", reg).c);
		else {
			buf_put_byte(&text, (uint8_t)*p);
			continue;
		}
		p++;
	}
	assert_ok(canon_read(buf_bytes(&text), ret_j));
	memset(wish, 0, sizeof *wish);
	return requests_read(*ret_j, STR("ACME"), now, 3 * TIME_DAY, wish);
}

static void
reads_a_whole_body(void **state)
{
	static struct request_wish w;
	AUTO_JSON(j) = NULL;
	(void)state;
	/* signers stand before files: order in the body means nothing */
	assert_ok(read_body("{\"signers\":[{\"key\":\"a\",\"registration\":@R,\"method\":\"sms_code\",\"fields\":[{\"file\":@B,\"page\":2,\"x\":1.5,"
	    "\"y\":2,\"w\":100,\"h\":40},{\"file\":@A,\"name\":\"Sig1\"}]},{\"key\":\"b\",\"registration\":@R}],\"title\":\"T\",\"files\":[@A,@B],"
	    "\"send\":true}", &w, &j));
	assert_int_equal(w.files_n, 2);
	assert_int_equal(w.signers_n, 2);
	assert_true(w.send);
	assert_true(str_eq(w.title, STR("T")));
	assert_true(str_eq(w.sender, STR("ACME")));
	assert_int_equal(w.deadline_at, now + 3 * TIME_DAY);
	assert_int_equal(w.signers[0].method, paraph_Method_METHOD_SMS_CODE);
	assert_int_equal(w.signers[0].fields_n, 2);
	assert_int_equal(w.signers[0].fields[0].file, 1);
	assert_int_equal(w.signers[0].fields[0].page, 2);
	assert_true(str_eq(w.signers[0].fields[1].name, STR("Sig1")));
	assert_int_equal(w.signers[1].method, paraph_Method_METHOD_EMAIL_CODE);
	assert_int_equal(w.signers[1].fields_n, 0);
}

static void
one_file_needs_no_name(void **state)
{
	static struct request_wish w;
	AUTO_JSON(j) = NULL;
	(void)state;
	assert_ok(read_body("{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{\"page\":1,\"x\":1,\"y\":1,"
	    "\"w\":50,\"h\":20}]}]}", &w, &j));
	assert_int_equal(w.signers[0].fields[0].file, 0);
}

#define SIGNER "{\"key\":\"a\",\"registration\":@R}"
#define PLACE "\"page\":1,\"x\":1,\"y\":1,\"w\":50,\"h\":20"
static const struct {
	const char *body, *pointer;
} wrong[] = {
	{"[]", "/: "}, {"{}", "/files: is missing"}, {"{\"title\":\"T\",\"files\":[],\"signers\":[" SIGNER "]}", "/files: "},
	{"{\"title\":\"T\",\"files\":[@A,@A],\"signers\":[" SIGNER "]}", "/files/1: "}, {"{\"title\":\"T\",\"files\":[1],\"signers\":[" SIGNER "]}", "/files/0: "},
	{"{\"files\":[@A],\"signers\":[" SIGNER "]}", "/title: is missing"}, {"{\"title\":\"T\",\"files\":[@A]}", "/signers: is missing"},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[]}", "/signers: "}, {"{\"title\":\"T\",\"files\":[@A],\"signers\":[1]}", "/signers/0: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[" SIGNER "," SIGNER "]}", "/signers/1/key: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\"}]}", "/signers/0/registration: is missing"},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[]}]}", "/signers/0/fields: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{\"page\":1}]}]}", "/signers/0/fields/0: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{\"page\":0,\"x\":1,\"y\":1,\"w\":1,\"h\":1}]}]}", "/signers/0/fields/0/page: "},
	{"{\"title\":\"T\",\"files\":[@A,@B],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{" PLACE "}]}]}", "/signers/0/fields/0/file: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{\"file\":@B," PLACE "}]}]}", "/signers/0/fields/0/file: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"fields\":[{" PLACE "},{" PLACE "}]}]}", "/signers/0/fields/1/file: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[" SIGNER "],\"deadline\":\"2020-01-01T00:00:00Z\"}", "/deadline: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[" SIGNER "],\"deadline\":\"2099-01-01T00:00:00Z\"}", "/deadline: "},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[" SIGNER "],\"extra\":1}", "/extra: there is no such field"},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"extra\":1}]}", "/signers/0/extra: there is no such field"},
	{"{\"title\":\"T\",\"files\":[@A],\"signers\":[{\"key\":\"a\",\"registration\":@R,\"method\":\"pigeon\"}]}", "/signers/0/method: "},
};

static void
says_where(void **state)
{
	static struct request_wish w;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		AUTO_JSON(j) = NULL;
		err_t e = read_body(wrong[i].body, &w, &j);
		if (e.code != ERR_FIELD || strncmp(err_detail(), wrong[i].pointer, strlen(wrong[i].pointer)) != 0)
			fail_msg("%s: %u %s", wrong[i].body, e.code, err_detail());
	}
}

/* At the limit, one past it, far past it. */
static void
numbers_of_signers(void **state)
{
	static struct request_wish w;
	static const int counts[] = {LIMIT_SIGNERS, LIMIT_SIGNERS + 1, 100 * LIMIT_SIGNERS};
	(void)state;
	for (int c = 0; c < 3; c++) {
		AUTO_JSON(j) = NULL;
		AUTO_BUF(body, 1 << 20);
		buf_printf(&body, "{\"title\":\"T\",\"files\":[@A],\"signers\":[");
		for (int i = 0; i < counts[c]; i++)
			buf_printf(&body, "%s{\"key\":\"k%d\",\"registration\":@R}", i ? "," : "", i);
		buf_printf(&body, "]}");
		buf_put_byte(&body, 0);
		err_t e = read_body((const char *)body.p, &w, &j);
		assert_int_equal(e.code, c == 0 ? ERR_OK : ERR_FIELD);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, make_ids)
static const struct CMUnitTest tests[] = {
	TEST(reads_a_whole_body), TEST(one_file_needs_no_name), TEST(says_where), TEST(numbers_of_signers),
};
UNIT_MAIN(tests)
