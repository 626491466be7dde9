/* Tokens: what is read, what is refused, and that a written value comes back. */
#include "ades/pdflex.h"
#include "base/buf.h"
#include "unit.h"

static err_t
read_text(const char *text, struct arena *arena, struct pdflex_value **ret)
{
	size_t at = 0;
	struct bytes source = bytes(text, strlen(text));
	TRY(pdflex_value(source, &at, arena, ret));
	if (pdflex_space(source, at) != source.n)
		return err_make(ERR_INPUT, "something is left");
	return OK;
}

static void
reads_every_kind(void **state)
{
	(void)state;
	AUTO_ARENA(arena, 1 << 20);
	struct pdflex_value *v;
	assert_ok(read_text(" null ", arena, &v));
	assert_int_equal(v->kind, PDFLEX_NULL);
	assert_ok(read_text("true", arena, &v));
	assert_true(v->kind == PDFLEX_BOOL && v->integer == 1);
	assert_ok(read_text("-17", arena, &v));
	assert_true(v->kind == PDFLEX_INTEGER && v->integer == -17);
	assert_ok(read_text("+.5", arena, &v));
	assert_int_equal(v->kind, PDFLEX_REAL);
	assert_ok(read_text("/A#42#20c", arena, &v));
	assert_true(bytes_eq(v->text, bytes("AB c", 4)));
	assert_ok(read_text("(a\\(b\\)\\101\\\r\nc(d))", arena, &v));
	assert_true(bytes_eq(v->text, bytes("a(b)Ac(d)", 9)));
	assert_ok(read_text("<4 142\n5>", arena, &v));
	assert_true(v->hex && bytes_eq(v->text, bytes("ABP", 3)));
	assert_ok(read_text("12 65535 R", arena, &v));
	assert_true(v->kind == PDFLEX_REFERENCE && v->integer == 12 && v->generation == 65535);
	assert_ok(read_text("<</A [1 0 R 2] /B<</C%x\n(d)>>>>", arena, &v));
	assert_true(pdflex_get(v, "A")->first->kind == PDFLEX_REFERENCE);
	assert_true(bytes_eq(pdflex_get(pdflex_get(v, "B"), "C")->text, bytes("d", 1)));
	assert_null(pdflex_get(v, "D"));
}

static void
refuses_what_two_readers_may_take_differently(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "<<", "[", "(", "<41", "<4x>", "(a", "<</A 1 /A 2>>", "<</A#41 1 /AA 2>>", "<<1 2>>",
	    "12a", "1.2.3", "--1", "1-", "tru", "nullx", "/A#4", "/A#zz", "]", ">>", "1 0 R2", "99999999999999999999", "<</A>>",
	    "9999999999999999999", "8388608 0 R", "4294967316 0 R", "999999999999999999 0 R"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		AUTO_ARENA(arena, 1 << 20);
		struct pdflex_value *v;
		if (!err_is(read_text(wrong[i], arena, &v)))
			fail_msg("accepted: %s", wrong[i]);
	}
}

/* Programs write real numbers with as many digits as their language gives them. */
static void
reals_have_any_number_of_digits(void **state)
{
	(void)state;
	static const char *const reals[] = {"595.2799999999999727", "0.00000000000000006123233995736766", "-12345678901234567890.5",
	    "+.00000000000000000001", "99999999999999999999."};
	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
		AUTO_ARENA(arena, 1 << 20);
		struct pdflex_value *v;
		assert_ok(read_text(reals[i], arena, &v));
		assert_true(v->kind == PDFLEX_REAL && bytes_eq(v->text, str_bytes(str_c(reals[i]))));
	}
	AUTO_ARENA(arena, 1 << 20);
	struct pdflex_value *v;
	assert_ok(read_text("[999999999999999999 8388607 0 R]", arena, &v));
	assert_int_equal(v->first->integer, 999999999999999999);
	assert_int_equal(v->first->next->integer, PDFLEX_NUMBER_MAX);
}

static void
depth_is_bounded(void **state)
{
	(void)state;
	char text[2 * PDFLEX_DEPTH_MAX + 8];
	struct pdflex_value *v;
	for (size_t n = PDFLEX_DEPTH_MAX; n < PDFLEX_DEPTH_MAX + 4; n++) {
		AUTO_ARENA(arena, 1 << 20);
		memset(text, '[', n);
		memset(text + n, ']', n);
		text[2 * n] = 0;
		assert_int_equal(err_is(read_text(text, arena, &v)), n > PDFLEX_DEPTH_MAX + 1);
	}
}

/* A dictionary costs the square of its keys, so their number is bounded. */
static void
keys_are_bounded(void **state)
{
	(void)state;
	for (int more = 0; more < 3; more++) {
		AUTO_ARENA(arena, 1 << 24);
		AUTO_BUF(b, 1 << 22);
		struct pdflex_value *v;
		size_t at = 0, n = more == 2 ? 3 * PDFLEX_KEYS_MAX : PDFLEX_KEYS_MAX + (size_t)more;
		buf_put_str(&b, STR("<<"));
		for (size_t i = 0; i < n; i++)
			buf_printf(&b, "/%zx 1", i);
		buf_put_str(&b, STR(">>"));
		assert_int_equal(err_is(pdflex_value(buf_bytes(&b), &at, arena, &v)), more > 0);
	}
}

/* A random value as text. */
static void
write_value(struct buf *b, unsigned depth)
{
	switch (unit_below(depth > 3 ? 6 : 8)) {
	case 0: buf_put_str(b, STR("null")); break;
	case 1: buf_put_str(b, unit_below(2) ? STR("true") : STR("false")); break;
	case 2: buf_printf(b, "%lld", (long long)unit_below(100000) - 50000); break;
	case 3: buf_printf(b, "%llu 0 R", (unsigned long long)unit_below(1000)); break;
	case 4: buf_printf(b, "/N%llu", (unsigned long long)unit_below(50)); break;
	case 5:
		buf_put_byte(b, '<');
		for (uint64_t n = unit_below(9); n > 0; n--)
			buf_printf(b, "%02x", (unsigned)unit_below(256));
		buf_put_byte(b, '>');
		break;
	case 6:
		buf_put_byte(b, '[');
		for (uint64_t n = unit_below(5); n > 0; n--) {
			write_value(b, depth + 1);
			buf_put_byte(b, ' ');
		}
		buf_put_byte(b, ']');
		break;
	default:
		buf_put_str(b, STR("<<"));
		for (uint64_t n = unit_below(5), i = 0; i < n; i++) {
			buf_printf(b, "/K%llu ", (unsigned long long)i);
			write_value(b, depth + 1);
		}
		buf_put_str(b, STR(">>"));
	}
}

/* Writes what was read. */
static void
print_value(struct buf *b, const struct pdflex_value *v)
{
	switch (v->kind) {
	case PDFLEX_NULL: buf_put_str(b, STR("null")); break;
	case PDFLEX_BOOL: buf_put_str(b, v->integer ? STR("true") : STR("false")); break;
	case PDFLEX_INTEGER: buf_printf(b, "%lld", (long long)v->integer); break;
	case PDFLEX_REFERENCE: buf_printf(b, "%lld %u R", (long long)v->integer, v->generation); break;
	case PDFLEX_NAME: buf_printf(b, "/%.*s", (int)v->text.n, (const char *)v->text.p); break;
	case PDFLEX_STRING:
		buf_put_byte(b, '<');
		buf_put_hex(b, v->text);
		buf_put_byte(b, '>');
		break;
	case PDFLEX_ARRAY:
	case PDFLEX_DICT:
		buf_put_str(b, v->kind == PDFLEX_DICT ? STR("<<") : STR("["));
		for (const struct pdflex_value *m = v->first; m != NULL; m = m->next) {
			if (v->kind == PDFLEX_DICT)
				buf_printf(b, "/%.*s ", (int)m->key.n, (const char *)m->key.p);
			print_value(b, m);
			if (v->kind == PDFLEX_ARRAY)
				buf_put_byte(b, ' ');
		}
		buf_put_str(b, v->kind == PDFLEX_DICT ? STR(">>") : STR("]"));
		break;
	case PDFLEX_REAL:
		fail();
	}
}

static void
written_values_come_back(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 500; i++) {
		AUTO_ARENA(arena, 1 << 22);
		AUTO_BUF(text, 1 << 20);
		AUTO_BUF(again, 1 << 20);
		struct pdflex_value *v, *w;
		size_t at = 0;
		write_value(&text, 0);
		assert_ok(pdflex_value(buf_bytes(&text), &at, arena, &v));
		assert_int_equal(at, text.n);
		assert_true(v->from == 0 && v->to == text.n);
		print_value(&again, v);
		assert_true(bytes_eq(buf_bytes(&text), buf_bytes(&again)));
		at = 0;
		assert_ok(pdflex_value(buf_bytes(&again), &at, arena, &w));
		assert_true(pdflex_equal(v, w));
	}
}

static void
equality_looks_everywhere(void **state)
{
	(void)state;
	AUTO_ARENA(arena, 1 << 20);
	static const char *const pairs[][2] = {{"<</A 1/B 2>>", "<</B 2 /A 1>>"}, {"(AB)", "<4142>"}, {"[1 2]", "[ 1 2 ]"}};
	static const char *const differ[][2] = {{"<</A 1/B 2>>", "<</B 2 /A 2>>"}, {"<</A 1>>", "<</A 1 /B 2>>"}, {"[1 2]", "[2 1]"},
	    {"1 0 R", "1 1 R"}, {"/A", "(A)"}, {"1", "1.0"}, {"<</A 1/B 2>>", "<</A 1/C 2>>"}};
	struct pdflex_value *a, *b;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		assert_ok(read_text(pairs[i][0], arena, &a));
		assert_ok(read_text(pairs[i][1], arena, &b));
		assert_true(pdflex_equal(a, b));
	}
	for (size_t i = 0; i < sizeof differ / sizeof differ[0]; i++) {
		assert_ok(read_text(differ[i][0], arena, &a));
		assert_ok(read_text(differ[i][1], arena, &b));
		assert_false(pdflex_equal(a, b));
	}
}

static void
objects_and_streams(void **state)
{
	(void)state;
	AUTO_ARENA(arena, 1 << 20);
	struct pdflex_object o;
	struct bytes data;
	static const char plain[] = "7 0 obj\n(x)\nendobj\n", stream[] = "8 0 obj <</Length 3>> stream\r\nabc\nendstream endobj";
	assert_ok(pdflex_object(bytes(plain, sizeof plain - 1), 0, arena, &o));
	assert_true(o.number == 7 && !o.stream && o.end == sizeof plain - 2);
	assert_ok(pdflex_object(bytes(stream, sizeof stream - 1), 0, arena, &o));
	assert_true(o.stream);
	assert_ok(pdflex_stream(bytes(stream, sizeof stream - 1), &o, 3, &data));
	assert_true(bytes_eq(data, bytes("abc", 3)) && o.end == sizeof stream - 1);
	assert_true(err_is(pdflex_stream(bytes(stream, sizeof stream - 1), &o, 2, &data)));
	assert_true(err_is(pdflex_stream(bytes(stream, sizeof stream - 1), &o, 400, &data)));
	static const char *const wrong[] = {"x 0 obj null endobj", "7 0 obj null", "7 0 ob null endobj", "7 0 obj null stream\nendstream",
	    "7 70000 obj null endobj", "7 0 obj <<>> stream\rabc"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_true(err_is(pdflex_object(bytes(wrong[i], strlen(wrong[i])), 0, arena, &o)));
}

/* Every start of a value is refused, and what stands behind the end does not count: it makes the value whole. */
static void
ends_are_obeyed(void **state)
{
	(void)state;
	static const char whole[] = "<</A [<<>> <4142> (x) 1 0 R] /B <</C <<>>>>>>";
	for (size_t n = 0; n < strlen(whole); n++)
		for (size_t from = 0; from < n; from++) {
			AUTO_ARENA(arena, 1 << 16);
			struct pdflex_value *v;
			size_t at = from;
			err_t e = pdflex_value(bytes(whole, n), &at, arena, &v);
			if (at > n || (from == 0 && !err_is(e)))
				fail_msg("%zu octets from %zu: read up to %zu", n, from, at);
		}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_every_kind),
    cmocka_unit_test(refuses_what_two_readers_may_take_differently),
    cmocka_unit_test(reals_have_any_number_of_digits),
    cmocka_unit_test(depth_is_bounded),
    cmocka_unit_test(keys_are_bounded),
    cmocka_unit_test(written_values_come_back),
    cmocka_unit_test(equality_looks_everywhere),
    cmocka_unit_test(objects_and_streams),
    cmocka_unit_test(ends_are_obeyed),
};
UNIT_MAIN(tests)
