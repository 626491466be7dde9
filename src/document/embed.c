#include "document/embed.h"

#include "base/digest.h"

#include <math.h>

/* ---- the subset ---- */

/* A program that is reached by glyph number alone needs neither its character map nor what lays out lines.
 * [ISO 32000-2 9.9] */
static const hb_tag_t tables_dropped[] = {
    HB_TAG('c', 'm', 'a', 'p'),
    HB_TAG('G', 'S', 'U', 'B'), HB_TAG('G', 'P', 'O', 'S'), HB_TAG('G', 'D', 'E', 'F'), HB_TAG('n', 'a', 'm', 'e'),
    HB_TAG('O', 'S', '/', '2'), HB_TAG('p', 'o', 's', 't'), HB_TAG('D', 'S', 'I', 'G'), HB_TAG('g', 'a', 's', 'p'),
    HB_TAG('V', 'O', 'R', 'G'), HB_TAG('v', 'h', 'e', 'a'), HB_TAG('v', 'm', 't', 'x'), HB_TAG('B', 'A', 'S', 'E'),
    HB_TAG('m', 'e', 't', 'a'), HB_TAG('S', 'T', 'A', 'T'),
};

static hb_subset_plan_t *
plan_make(const struct typeface *face, const hb_set_t *glyphs)
{
	hb_subset_input_t *input = hb_subset_input_create_or_fail();
	if (input == NULL)
		abort();
	hb_set_union(hb_subset_input_glyph_set(input), glyphs);
	hb_set_t *dropped = hb_subset_input_set(input, HB_SUBSET_SETS_DROP_TABLE_TAG);
	for (size_t i = 0; i < sizeof tables_dropped / sizeof tables_dropped[0]; i++)
		hb_set_add(dropped, tables_dropped[i]);
	hb_subset_input_set_flags(input, HB_SUBSET_FLAGS_NO_HINTING);
	hb_subset_plan_t *plan = hb_subset_plan_create_or_fail(face->face, input);
	hb_subset_input_destroy(input);
	return plan;
}

/* The font program: a bare CFF, or a TrueType file. */
static hb_blob_t *
program_make(const struct typeface *face, hb_subset_plan_t *plan)
{
	hb_face_t *subset = hb_subset_plan_execute_or_fail(plan);
	if (subset == NULL)
		return NULL;
	hb_blob_t *program = face->cff ? hb_face_reference_table(subset, HB_TAG('C', 'F', 'F', ' ')) : hb_face_reference_blob(subset);
	hb_face_destroy(subset);
	return program;
}

/* ---- the objects ---- [ISO 32000-2 9.7, 9.8] */

struct objects {
	struct increment *inc;
	const struct typeset *ts;
	const struct typeset_font *font;
	const char *name; /* "ABCDEF+NotoSans-Regular" */
	struct literal_ref descendant, descriptor, program, unicode;
};

static uint32_t
code_of(const struct typeset_font *font, uint32_t glyph)
{
	return font->codes == NULL ? glyph : hb_map_get(font->codes, glyph);
}

static void
put_name(struct objects *o, const char *key, const char *suffix)
{
	buf_printf(o->inc->out, "%s /%s%s", key, o->name, suffix);
}

static void
put_pair(struct objects *o, const char *key, struct literal_ref ref)
{
	buf_printf(o->inc->out, " %s ", key);
	literal_reference(o->inc->out, ref);
}

static void
put_type0(struct objects *o, struct literal_ref self)
{
	struct buf *out = o->inc->out;
	increment_object(o->inc, self);
	buf_put_str(out, STR("<</Type /Font /Subtype /Type0 "));
	put_name(o, "/BaseFont", o->font->face->cff ? "-Identity-H" : "");
	buf_put_str(out, STR(" /Encoding /Identity-H /DescendantFonts ["));
	literal_reference(out, o->descendant);
	buf_put_byte(out, ']');
	put_pair(o, "/ToUnicode", o->unicode);
	buf_put_str(out, STR(">>"));
	increment_object_end(o->inc);
}

static int32_t
thousandths(const struct typeface *face, int32_t units)
{
	return (int32_t)lround(1000.0 * units / face->units);
}

/* "first [width …]" for each run of codes that follow one another. */
static void
put_widths(struct objects *o)
{
	struct buf *out = o->inc->out;
	buf_put_str(out, STR(" /W ["));
	hb_codepoint_t glyph = HB_SET_VALUE_INVALID;
	uint32_t expected = UINT32_MAX;
	while (hb_set_next(o->font->glyphs, &glyph)) {
		uint32_t code = code_of(o->font, glyph);
		if (code == expected)
			buf_put_byte(out, ' ');
		else
			buf_printf(out, "%s%u [", expected == UINT32_MAX ? "" : "] ", code);
		buf_printf(out, "%d", thousandths(o->font->face, hb_font_get_glyph_h_advance(o->font->face->font, glyph)));
		expected = code + 1;
	}
	buf_put_str(out, expected == UINT32_MAX ? STR("]") : STR("]]"));
}

static void
put_descendant(struct objects *o)
{
	struct buf *out = o->inc->out;
	increment_object(o->inc, o->descendant);
	buf_printf(out, "<</Type /Font /Subtype /CIDFontType%d ", o->font->face->cff ? 0 : 2);
	put_name(o, "/BaseFont", "");
	buf_put_str(out, STR(" /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>>"));
	put_pair(o, "/FontDescriptor", o->descriptor);
	put_widths(o);
	if (!o->font->face->cff)
		buf_put_str(out, STR(" /CIDToGIDMap /Identity"));
	buf_put_str(out, STR(">>"));
	increment_object_end(o->inc);
}

static void
put_descriptor(struct objects *o)
{
	const struct typeface *face = o->font->face;
	hb_font_extents_t e = {0};
	hb_font_get_h_extents(face->font, &e);
	int32_t up = thousandths(face, e.ascender), down = thousandths(face, e.descender);
	increment_object(o->inc, o->descriptor);
	buf_put_str(o->inc->out, STR("<</Type /FontDescriptor "));
	put_name(o, "/FontName", "");
	buf_printf(o->inc->out, " /Flags %d /FontBBox [-1000 %d 3000 %d] /ItalicAngle %d /Ascent %d /Descent %d /CapHeight 714 /StemV 80",
	    face->italic ? 4 | 64 : 4, down, up, face->italic ? -12 : 0, up, down);
	put_pair(o, face->cff ? "/FontFile3" : "/FontFile2", o->program);
	buf_put_str(o->inc->out, STR(">>"));
	increment_object_end(o->inc);
}

static void
put_program(struct objects *o, hb_blob_t *program)
{
	unsigned n = 0;
	const char *p = hb_blob_get_data(program, &n);
	char entries[64];
	if (o->font->face->cff)
		snprintf(entries, sizeof entries, "/Subtype /CIDFontType0C");
	else
		snprintf(entries, sizeof entries, "/Length1 %u", n);
	increment_deflated(o->inc, o->program, bytes(entries, strlen(entries)), bytes(p, n));
}

static void
put_utf16(struct buf *b, struct str text)
{
	for (size_t at = 0; at < text.n;) {
		uint32_t c = str_next(text, &at);
		if (c >= 0x10000) {
			buf_printf(b, "%04x", 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		buf_printf(b, "%04x", c);
	}
}

static void
put_meaning(const struct objects *o, uint32_t glyph, struct buf *map)
{
	buf_put_byte(map, '<');
	put_utf16(map, o->ts->texts[hb_map_get(o->font->text, glyph)]);
	buf_put_byte(map, '>');
}

/* Whether the codes follow one another without a gap, inside one first octet. */
static bool
one_run(const struct typeset_font *font)
{
	hb_codepoint_t glyph = HB_SET_VALUE_INVALID;
	uint32_t expected = UINT32_MAX;
	while (hb_set_next(font->glyphs, &glyph)) {
		uint32_t code = code_of(font, glyph);
		if (expected != UINT32_MAX && (code != expected || code % 256 == 0))
			return false;
		expected = code + 1;
	}
	return true;
}

static void
put_run(const struct objects *o, struct buf *map)
{
	const hb_set_t *glyphs = o->font->glyphs;
	hb_codepoint_t glyph = HB_SET_VALUE_INVALID;
	buf_printf(map, "1 beginbfrange\n<%04x> <%04x> [", code_of(o->font, hb_set_get_min(glyphs)),
	    code_of(o->font, hb_set_get_max(glyphs)));
	while (hb_set_next(glyphs, &glyph))
		put_meaning(o, glyph, map);
	buf_put_str(map, STR("]\nendbfrange\n"));
}

/* At most 100 lines in a block. */
static void
put_each(const struct objects *o, struct buf *map)
{
	unsigned left = hb_set_get_population(o->font->glyphs), block = 0;
	hb_codepoint_t glyph = HB_SET_VALUE_INVALID;
	while (hb_set_next(o->font->glyphs, &glyph)) {
		if (block == 0) {
			block = left < 100 ? left : 100;
			left -= block;
			buf_printf(map, "%u beginbfchar\n", block);
		}
		buf_printf(map, "<%04x> ", code_of(o->font, glyph));
		put_meaning(o, glyph, map);
		buf_put_byte(map, '\n');
		if (--block == 0)
			buf_put_str(map, STR("endbfchar\n"));
	}
}

/* [ISO 32000-2 9.10.3] */
static void
put_unicode(struct objects *o)
{
	AUTO_BUF(map, 1024 * 1024);
	buf_put_str(&map, STR("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) "
	                      "/Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
	                      "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"));
	if (one_run(o->font))
		put_run(o, &map); /* what a renumbered subset has; a sixth shorter when packed */
	else
		put_each(o, &map);
	buf_put_str(&map, STR("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"));
	increment_deflated(o->inc, o->unicode, bytes("", 0), buf_bytes(&map));
}

/* Six capital letters that differ when the glyphs do. [ISO 32000-2 9.9.2] */
static void
subset_tag(hb_blob_t *program, char ret_tag[7])
{
	uint8_t digest[DIGEST_SHA256_LEN];
	unsigned n = 0;
	const char *p = hb_blob_get_data(program, &n);
	digest_sha256(bytes(p, n), digest);
	for (size_t i = 0; i < 6; i++)
		ret_tag[i] = (char)('A' + digest[i] % 26);
	ret_tag[6] = '\0';
}

err_t
embed_font(struct increment *inc, const struct typeset *ts, struct typeset_font *font, hb_subset_plan_t **ret_plan)
{
	hb_subset_plan_t *plan = plan_make(font->face, font->glyphs);
	hb_blob_t *program = plan == NULL ? NULL : program_make(font->face, plan);
	if (program == NULL || hb_blob_get_length(program) == 0) {
		hb_blob_destroy(program);
		hb_subset_plan_destroy(plan);
		return err_make(ERR_INTERNAL, "no subset of %s can be made", font->face->name);
	}
	/* In a bare CFF the codes are character ids, which a subset keeps; TrueType glyphs get new numbers. */
	font->codes = font->face->cff ? NULL : hb_subset_plan_old_to_new_glyph_mapping(plan);
	char tag[7], name[96];
	subset_tag(program, tag);
	snprintf(name, sizeof name, "%s+%s", tag, font->face->name);
	struct objects o = {inc, ts, font, name, increment_number(inc), increment_number(inc), increment_number(inc),
	    increment_number(inc)};
	font->ref = increment_number(inc);
	put_type0(&o, font->ref);
	put_descendant(&o);
	put_descriptor(&o);
	put_program(&o, program);
	put_unicode(&o);
	hb_blob_destroy(program);
	*ret_plan = plan;
	return OK;
}
