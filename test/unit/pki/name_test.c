#include "unit.h"
#include "pki/name.h"
#include <openssl/x509.h>

static const struct name_form person = {
	.rules = {{NAME_COUNTRY, true}, {NAME_ORGANIZATION, false}, {NAME_SURNAME, false}, {NAME_GIVEN_NAME, false},
		{NAME_PSEUDONYM, false}, {NAME_SERIAL_NUMBER, true}, {NAME_COMMON_NAME, true}},
	.n = 7,
	.natural_person = true,
};

static struct name_facts
jane(void)
{
	struct name_facts f = {0};
	f.value[NAME_COUNTRY] = STR("FR");
	f.value[NAME_GIVEN_NAME] = STR("Jane");
	f.value[NAME_SURNAME] = STR("Doe");
	f.value[NAME_SERIAL_NUMBER] = STR("PNOFR-1");
	f.value[NAME_COMMON_NAME] = STR("Jane Doe");
	return f;
}

static err_t
check_with(enum name_attribute a, const char *text)
{
	struct name_facts f = jane();
	f.value[a] = str_c(text);
	return name_check(&f, &person);
}

static void
refused(void **state)
{
	(void)state;
	static char sixty_four[65], sixty_five[66], huge[6401];
	memset(sixty_four, 'x', 64);
	memset(sixty_five, 'x', 65);
	memset(huge, 'x', 6400);
	assert_ok(check_with(NAME_COMMON_NAME, sixty_four));
	assert_err(check_with(NAME_COMMON_NAME, sixty_five), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, huge), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, ""), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, " Jane"), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, "Jane "), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, "Jane  Doe"), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, "Jane\xc2\xa0" "Doe"), ERR_NAME);       /* no-break space */
	assert_err(check_with(NAME_COMMON_NAME, "Jane\xe2\x80\x8b" "Doe"), ERR_NAME);   /* zero width space */
	assert_err(check_with(NAME_COMMON_NAME, "Jane\xef\xbb\xbf"), ERR_NAME);         /* byte order mark */
	assert_err(check_with(NAME_COMMON_NAME, "Jane\xee\x80\x80"), ERR_NAME);         /* private use */
	assert_err(check_with(NAME_COMMON_NAME, "Jane\xef\xbf\xbf"), ERR_NAME);         /* no character */
	assert_err(check_with(NAME_COMMON_NAME, "Jane\nDoe"), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, "\xff"), ERR_NAME);
	assert_err(check_with(NAME_COMMON_NAME, "\xe2\x80\xae" "eoD enaJ"), ERR_NAME); /* right-to-left override */
	assert_err(check_with(NAME_COUNTRY, "fr"), ERR_NAME);
	assert_err(check_with(NAME_COUNTRY, "F"), ERR_NAME);
	assert_err(check_with(NAME_COUNTRY, "FRA"), ERR_NAME);
	assert_err(check_with(NAME_COUNTRY, "F1"), ERR_NAME);
	assert_err(check_with(NAME_SERIAL_NUMBER, "A*B"), ERR_NAME);
	assert_err(check_with(NAME_SERIAL_NUMBER, "\xc3\xa9"), ERR_NAME);
	assert_err(check_with(NAME_PSEUDONYM, "Jay"), ERR_NAME);          /* beside a name [NAT-4.2.4-1] */
	assert_err(check_with(NAME_TITLE, "Dr"), ERR_NAME);               /* no place in the profile */
	struct name_facts f = jane();
	f.value[NAME_GIVEN_NAME] = f.value[NAME_SURNAME] = (struct str){NULL, 0};
	assert_err(name_check(&f, &person), ERR_NAME);
	f.value[NAME_PSEUDONYM] = STR("Jay");
	assert_ok(name_check(&f, &person));
}

/* 64 characters are counted, not octets; every script that a signer may write is taken. */
static void
scripts(void **state)
{
	(void)state;
	static const char *const names[] = {"Łukasz Żółć", "Ελένη Παπαδοπούλου", "Анна Каренина", "محمد علي", "अमित शर्मा", "田中 太郎",
		"김 철수", "O’Connor-Smith", "José María de la Ñ", "ශ්‍රී"};
	char wide[64 * 3 + 1] = "";
	for (size_t i = 0; i < 64; i++)
		memcpy(wide + i * 3, "田", 3);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_ok(check_with(NAME_COMMON_NAME, names[i]));
	assert_ok(check_with(NAME_COMMON_NAME, wide));
}

/* What the name must look like to OpenSSL: order, types and values. */
static void
seen_by_openssl(void **state)
{
	(void)state;
	uint8_t room[1024];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der;
	struct name_facts f = jane();
	assert_ok(name_write(&w, &f, &person));
	assert_ok(encode_done(&w, &der));
	const unsigned char *p = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);
	assert_non_null(name);
	char text[256];
	BIO *bio = BIO_new(BIO_s_mem());
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE);
	int n = BIO_read(bio, text, sizeof text - 1);
	text[n] = 0;
	assert_string_equal(text, "C = FR, SN = Doe, GN = Jane, serialNumber = PNOFR-1, CN = Jane Doe");
	unsigned char *again = NULL;
	assert_int_equal(i2d_X509_NAME(name, &again), (int)der.n);
	assert_memory_equal(again, der.p, der.n);
	assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 0))), V_ASN1_PRINTABLESTRING);
	assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 3))), V_ASN1_PRINTABLESTRING);
	assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 4))), V_ASN1_UTF8STRING);
	OPENSSL_free(again);
	BIO_free(bio);
	X509_NAME_free(name);
}

static void
shown(void **state)
{
	(void)state;
	uint8_t room[1024];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der;
	struct name_facts f = jane();
	struct str value;
	AUTO_BUF(text, 1000);
	assert_ok(name_write(&w, &f, &person));
	assert_ok(encode_done(&w, &der));
	assert_ok(name_text(der, &text));
	assert_true(bytes_eq(buf_bytes(&text), str_bytes(STR("C=FR, SN=Doe, GN=Jane, serialNumber=PNOFR-1, CN=Jane Doe"))));
	assert_ok(name_get(der, NAME_COMMON_NAME, &value));
	assert_true(str_eq(value, STR("Jane Doe")));
	assert_err(name_get(der, NAME_TITLE, &value), ERR_NOT_FOUND);
	assert_true(name_semantics_natural(STR("PNOFR-1")));
	assert_true(name_semantics_natural(STR("IDCDE-X9")));
	assert_false(name_semantics_natural(STR("PNOfr-1")));
	assert_false(name_semantics_natural(STR("DEMO-7F3A91C2")));
	assert_false(name_semantics_natural(STR("PNOFR-")));
}

/* A random code point of any kind, the hostile ones often. */
static size_t
put_code_point(char *p)
{
	static const uint32_t hostile[] = {0, 1, 0x7f, 0x80, 0x9f, 0xa0, 0xad, 0x200b, 0x200e, 0x202e, 0x2066, 0xfeff, 0xfffe,
		0xfdd0, 0xe000, 0x10ffff, 0x1f600, 0x20000, 0x300, 0xd800};
	static const uint32_t ranges[][2] = {{0x20, 0x7e}, {0xc0, 0x17f}, {0x370, 0x3ff}, {0x400, 0x4ff}, {0x600, 0x6ff}, {0x900, 0x97f},
		{0x4e00, 0x9fff}, {0x80, 0x10ffff}};
	uint32_t c;
	if (unit_below(12) == 0) {
		c = hostile[unit_below(sizeof hostile / sizeof *hostile)];
	} else {
		const uint32_t *r = ranges[unit_below(sizeof ranges / sizeof *ranges)];
		c = r[0] + (uint32_t)unit_below(r[1] - r[0] + 1);
	}
	if (c < 0x80)
		return p[0] = (char)c, 1;
	if (c < 0x800)
		return p[0] = (char)(0xc0 | c >> 6), p[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return p[0] = (char)(0xe0 | c >> 12), p[1] = (char)(0x80 | (c >> 6 & 63)), p[2] = (char)(0x80 | (c & 63)), 3;
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 63));
	p[2] = (char)(0x80 | (c >> 6 & 63));
	p[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* 50,000 subjects: each is refused with a clear error, or written, read back the same and accepted by OpenSSL. [profile P4] */
static void
property_subjects(void **state)
{
	(void)state;
	unit_seed();
	size_t issued = 0;
	for (int round = 0; round < 50000; round++) {
		static char texts[NAME_ATTRIBUTES][400];
		uint8_t room[NAME_OCTETS_MAX];
		struct name_facts f = jane(), back;
		size_t changes = 1 + unit_below(3);
		while (changes-- > 0) {
			enum name_attribute a = person.rules[unit_below(person.n)].attribute;
			size_t n = 0, characters = unit_below(4) ? unit_below(20) : unit_below(90);
			while (characters-- > 0)
				n += put_code_point(texts[a] + n);
			f.value[a] = (struct str){texts[a], n};
		}
		struct encode w = encode_init(room, sizeof room);
		err_t e = name_write(&w, &f, &person);
		if (err_is(e)) {
			assert_true(e.code == ERR_NAME);
			assert_true(strlen(err_detail()) > 0);
			continue;
		}
		struct bytes der;
		issued++;
		assert_ok(encode_done(&w, &der));
		assert_ok(name_read(der, &back));
		for (size_t a = 0; a < NAME_ATTRIBUTES; a++)
			assert_true(str_eq(f.value[a], back.value[a]));
		const unsigned char *p = der.p;
		X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);
		assert_non_null(name);
		unsigned char *again = NULL;
		assert_int_equal(i2d_X509_NAME(name, &again), (int)der.n);
		assert_memory_equal(again, der.p, der.n);
		OPENSSL_free(again);
		X509_NAME_free(name);
	}
	printf("# %zu of 50000 issued\n", issued);
	assert_true(issued > 1000);
}

static void
strange_names(void **state)
{
	(void)state;
	struct name_facts f;
	AUTO_BUF(text, 1000);
	/* two attributes in one RDN: not ours, but it can be shown */
	static const uint8_t joined[] = "\x30\x19\x31\x17\x30\x08\x06\x03\x55\x04\x03\x0c\x01" "A\x30\x0b\x06\x03\x69\x05\x07\x1e\x04\0B\0C";
	struct bytes der = bytes(joined, sizeof joined - 1);
	assert_err(name_read(der, &f), ERR_DER);
	assert_ok(name_text(der, &text));
	assert_true(bytes_eq(buf_bytes(&text), str_bytes(STR("CN=A, 2.25.5.7=?"))));
	assert_err(name_read(bytes("\x30\x02\x31\x00", 4), &f), ERR_DER);
	assert_err(name_text(bytes("\x30\x02\x31\x01", 4), &text), ERR_DER);
	assert_ok(name_read(bytes("\x30\x00", 2), &f));
}

/* The word alone: a person who is called Demoulin is no demo. */
static void
demo_is_a_word(void **state)
{
	(void)state;
	static const char *const say[] = {"DEMO", "Jane Doe DEMO", "DEMO-7F3A91C2", "(DEMO) Example", "DEMOULIN DEMO"};
	static const char *const say_not[] = {"", "DEM", "Jean DEMOULIN", "DEMOGRAPHIX SA", "ACADEMO", "demo", "DEMO\xc3\x89", "\303\211DEMO", "1DEMO"};
	for (size_t i = 0; i < sizeof say / sizeof *say; i++)
		assert_true(name_says_demo(str_c(say[i])));
	for (size_t i = 0; i < sizeof say_not / sizeof *say_not; i++)
		assert_false(name_says_demo(str_c(say_not[i])));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(demo_is_a_word),
	cmocka_unit_test(refused),
	cmocka_unit_test(scripts),
	cmocka_unit_test(seen_by_openssl),
	cmocka_unit_test(shown),
	cmocka_unit_test(property_subjects),
	cmocka_unit_test(strange_names),
};
UNIT_MAIN(tests)
