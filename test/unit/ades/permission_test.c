/* What a signature forbids of what is permitted otherwise: certification and locked fields. */
#include "ades/pades.h"
#include "ades/permission.h"
#include "revisions.h"

#define RANGE "/ByteRange [0 0000000001 0000000002 0000000003] "
#define SIGNATURE(rest) "<</Type /Sig /SubFilter /ETSI.CAdES.detached " rest " " RANGE "/Contents <3000>>>"
#define STAMP "<</Type /DocTimeStamp /SubFilter /ETSI.RFC3161 " RANGE "/Contents <3000>>>"
#define REFERENCE(method, params) "/Reference [<</Type /SigRef /TransformMethod /" method " /TransformParams <<" params ">>>>]"
#define CATALOG(rest) "<</Type /Catalog /Pages 2 0 R /AcroForm 9 0 R " rest ">>"

/* A revision; the signature in it, if there is one, covers it. */
static void
put_signed(struct buf *file, const struct object *objects)
{
	size_t from = file->n;
	char numbers[3][16];
	put_revision(file, objects, "", 100);
	size_t range = bytes_find(buf_bytes(file), from, bytes(RANGE, strlen(RANGE)));
	if (range == SIZE_MAX)
		return;
	size_t hole = bytes_find(buf_bytes(file), range, bytes("<3000>", 6)), end = hole + 6;
	const size_t values[] = {hole, end, file->n - end};
	for (size_t i = 0; i < 3; i++) {
		snprintf(numbers[i], sizeof numbers[i], "%010zu", values[i]);
		memcpy(file->p + range + strlen("/ByteRange [0 ") + 11 * i, numbers[i], 10);
	}
}

struct signed_by {
	const char *signature, *field, *catalog, *waits;
};

static void
put_document(struct buf *file, struct signed_by by)
{
	const struct object objects[] = {
	    {1, by.catalog != NULL ? by.catalog : CATALOG(""), false},
	    {2, "<</Type /Pages /Kids [3 0 R] /Count 1>>", false},
	    {3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>", false},
	    {4, by.signature, false},
	    {5, by.field != NULL ? by.field : "<</FT /Sig /T (own) /V 4 0 R>>", false},
	    {6, by.waits != NULL ? by.waits : "<</FT /Sig /T (waits)>>", false},
	    {7, "<</FT /Sig /T (group) /Kids [8 0 R]>>", false},
	    {8, "<</T (one) /Parent 7 0 R>>", false},
	    {9, "<</Fields [5 0 R 6 0 R 7 0 R]>>", false},
	    {0}};
	put_signed(file, objects);
}

/* What follows the signature. */
static const struct object nothing[] = {{1, CATALOG(""), false}, {0}};
static const struct object evidence[] = {{1, CATALOG("/DSS 20 0 R"), false}, {20, "<</Certs []>>", false}, {0}};
static const struct object signature[] = {{6, "<</FT /Sig /T (waits) /V 20 0 R>>", false}, {20, SIGNATURE(""), false}, {0}};
static const struct object below[] = {{8, "<</T (one) /Parent 7 0 R /V 20 0 R>>", false}, {20, SIGNATURE(""), false}, {0}};
static const struct object stamp[] = {{9, "<</Fields [5 0 R 6 0 R 7 0 R 21 0 R]>>", false}, {20, STAMP, false},
    {21, "<</FT /Sig /T (later) /V 20 0 R>>", false}, {0}};
static const struct object stamp_waited[] = {{6, "<</FT /Sig /T (waits) /V 20 0 R>>", false}, {20, STAMP, false}, {0}};
static const struct object field[] = {{9, "<</Fields [5 0 R 6 0 R 7 0 R 21 0 R]>>", false}, {21, "<</FT /Sig /T (later)>>", false}, {0}};
static const struct object new_signature[] = {{9, "<</Fields [5 0 R 6 0 R 7 0 R 21 0 R]>>", false}, {20, SIGNATURE(""), false},
    {21, "<</FT /Sig /T (later) /V 20 0 R>>", false}, {0}};
static const struct object metadata[] = {{1, CATALOG("/Metadata 20 0 R"), false}, {20, "<</Length 1>>\nstream\nx\nendstream", false}, {0}};
static const struct object both[] = {{1, CATALOG("/Metadata 20 0 R /DSS 21 0 R"), false},
    {20, "<</Length 1>>\nstream\nx\nendstream", false}, {21, "<</Certs []>>", false}, {0}};

enum outcome { PERMITTED, FORBIDDEN, UNKNOWN };

static void
follow(int line, struct signed_by by, const struct object *update, enum outcome wanted)
{
	AUTO_BUF(file, 1 << 22);
	AUTO_ARENA(arena, 1 << 26);
	struct pades *p;
	put_document(&file, by);
	put_signed(&file, update);
	assert_ok(pades_find(buf_bytes(&file), arena, &p));
	const struct pades_signature *s = &p->signatures[0];
	enum outcome got = !s->later_known ? UNKNOWN : s->later.changed ? FORBIDDEN : PERMITTED;
	if (!s->placed || got != wanted)
		fail_msg("line %d: outcome %d, not %d: %s%s", line, (int)got, (int)wanted, s->problem, s->later.what);
}

#define FOLLOW(update, wanted) follow(__LINE__, by, update, wanted)

/* Without any of it, and with the levels that permit what is permitted anyway. */
static void
levels_that_permit(void **state)
{
	(void)state;
	static const char *const signatures[] = {SIGNATURE(""), SIGNATURE(REFERENCE("DocMDP", "/P 2")),
	    SIGNATURE(REFERENCE("DocMDP", "")), SIGNATURE(REFERENCE("DocMDP", "/P 3")), SIGNATURE(REFERENCE("UR3", "/P 1"))};
	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
		struct signed_by by = {.signature = signatures[i]};
		FOLLOW(nothing, PERMITTED);
		FOLLOW(evidence, PERMITTED);
		FOLLOW(signature, PERMITTED);
		FOLLOW(below, PERMITTED);
		FOLLOW(stamp, PERMITTED);
		FOLLOW(stamp_waited, PERMITTED);
		FOLLOW(field, PERMITTED);
		FOLLOW(metadata, PERMITTED);
	}
}

/* Level 1, however it is said. */
static void
level_that_closes(void **state)
{
	(void)state;
	static const struct signed_by closed[] = {
	    {.signature = SIGNATURE(REFERENCE("DocMDP", "/P 1"))},
	    {.signature = SIGNATURE(""), .field = "<</FT /Sig /T (own) /V 4 0 R /Lock <</Action /Include /Fields [] /P 1>>>>"},
	};
	for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
		struct signed_by by = closed[i];
		FOLLOW(nothing, PERMITTED);
		FOLLOW(evidence, PERMITTED);
		FOLLOW(stamp, PERMITTED);
		FOLLOW(both, PERMITTED);
		FOLLOW(metadata, FORBIDDEN);
		FOLLOW(field, FORBIDDEN);
		FOLLOW(signature, FORBIDDEN);
		FOLLOW(below, FORBIDDEN);
		FOLLOW(new_signature, FORBIDDEN);
	}
	/* What the catalog names as certification binds also where no field shows it. */
	struct signed_by by = {.signature = SIGNATURE(""),
	    .catalog = CATALOG("/Perms <</DocMDP <<" REFERENCE("DocMDP", "/P 1") ">>>>")};
	static const struct object certified_field[] = {{9, "<</Fields [5 0 R 6 0 R 7 0 R 21 0 R]>>", false},
	    {21, "<</FT /Sig /T (later)>>", false}, {0}};
	FOLLOW(certified_field, FORBIDDEN);
}

static void
locked_fields(void **state)
{
	(void)state;
#define LOCKS(params) {.signature = SIGNATURE(REFERENCE("FieldMDP", params))}, \
	{.signature = SIGNATURE(""), .field = "<</FT /Sig /T (own) /V 4 0 R /Lock <<" params ">>>>"}
	static const struct signed_by all[] = {LOCKS("/Action /All"), LOCKS("/Action /Exclude /Fields [(other)]")};
	static const struct signed_by some[] = {LOCKS("/Action /Include /Fields [(wait) (waits)]"),
	    LOCKS("/Action /Include /Fields [<FEFF00770061006900740073>]"), LOCKS("/Action /Exclude /Fields [(group) (later)]")};
	static const struct signed_by groups[] = {LOCKS("/Action /Include /Fields [(group)]"),
	    LOCKS("/Action /Include /Fields [(group.one)]"), LOCKS("/Action /Exclude /Fields [(waits) (later)]")};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct signed_by by = all[i];
		FOLLOW(evidence, PERMITTED);
		FOLLOW(stamp, PERMITTED);
		FOLLOW(field, PERMITTED);
		FOLLOW(signature, FORBIDDEN);
		FOLLOW(below, FORBIDDEN);
		FOLLOW(new_signature, FORBIDDEN);
		FOLLOW(stamp_waited, FORBIDDEN);
	}
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		struct signed_by by = some[i];
		FOLLOW(signature, FORBIDDEN);
		FOLLOW(stamp_waited, FORBIDDEN);
		FOLLOW(below, PERMITTED);
		FOLLOW(new_signature, PERMITTED);
	}
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		struct signed_by by = groups[i];
		FOLLOW(signature, PERMITTED);
		FOLLOW(below, FORBIDDEN);
	}
}

#define LONG "topmostSubform[0].Page1[0].SectionContainer[0].TableApplicants[0].RowApplicant[0].CellSignature[0]." \
	"SubformInner[0].SignatureApplicant[0]."

/* Names as form designers make them are compared to their end. */
static void
long_names(void **state)
{
	(void)state;
	struct signed_by by = {.signature = SIGNATURE(REFERENCE("FieldMDP", "/Action /Include /Fields [(" LONG "a)]")),
	    .waits = "<</FT /Sig /T (" LONG "a)>>"};
	static const struct object filled[] = {{6, "<</FT /Sig /T (" LONG "a) /V 20 0 R>>", false}, {20, SIGNATURE(""), false}, {0}};
	FOLLOW(evidence, PERMITTED);
	FOLLOW(filled, FORBIDDEN);
	by.signature = SIGNATURE(REFERENCE("FieldMDP", "/Action /Include /Fields [(" LONG "b)]"));
	FOLLOW(filled, PERMITTED);
	by.signature = SIGNATURE(REFERENCE("FieldMDP", "/Action /Exclude /Fields [(" LONG "b)]"));
	FOLLOW(filled, FORBIDDEN);
}

/* A lock with n names of that length. */
static void
names(int line, size_t n, size_t length, enum outcome wanted)
{
	AUTO_BUF(b, 1 << 22);
	buf_put_str(&b, STR("<</Type /Sig /SubFilter /ETSI.CAdES.detached "
	    "/Reference [<</TransformMethod /FieldMDP /TransformParams <</Action /Include /Fields ["));
	for (size_t i = 0; i < n; i++) {
		buf_put_byte(&b, '(');
		for (size_t j = 0; j < length; j++)
			buf_put_byte(&b, 'x');
		buf_put_byte(&b, ')');
	}
	buf_put_str(&b, STR("]>>>>] " RANGE "/Contents <3000>>>"));
	buf_put_byte(&b, 0);
	assert_ok(buf_check(&b));
	follow(line, (struct signed_by){.signature = (const char *)b.p}, evidence, wanted);
}

static void
many_long_names(void **state)
{
	(void)state;
	names(__LINE__, 1, 4096, PERMITTED);
	names(__LINE__, 1, 4097, UNKNOWN);
	names(__LINE__, 256, 4096, PERMITTED);
	names(__LINE__, 257, 4096, UNKNOWN);
	names(__LINE__, 4096, 256, PERMITTED);
	names(__LINE__, 4097, 1, UNKNOWN);
}

/* What cannot be read permits nothing and accuses nobody. */
static void
unclear_ones(void **state)
{
	(void)state;
	static const struct signed_by unclear[] = {
	    {.signature = SIGNATURE(REFERENCE("DocMDP", "/P 0"))}, {.signature = SIGNATURE(REFERENCE("DocMDP", "/P /1"))},
	    {.signature = SIGNATURE("/Reference /DocMDP")}, {.signature = SIGNATURE("/Reference [1]")},
	    {.signature = SIGNATURE(REFERENCE("FieldMDP", "/Action /Include"))},
	    {.signature = SIGNATURE(REFERENCE("FieldMDP", "/Action /Include /Fields [/waits]"))},
	    {.signature = SIGNATURE(""), .field = "<</FT /Sig /T (own) /V 4 0 R /Lock <</Action /Include /Fields [] /P 9>>>>"},
	};
	for (size_t i = 0; i < sizeof unclear / sizeof unclear[0]; i++) {
		struct signed_by by = unclear[i];
		FOLLOW(evidence, UNKNOWN);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(levels_that_permit),
    cmocka_unit_test(level_that_closes),
    cmocka_unit_test(locked_fields),
    cmocka_unit_test(long_names),
    cmocka_unit_test(many_long_names),
    cmocka_unit_test(unclear_ones),
};
UNIT_MAIN(tests)
