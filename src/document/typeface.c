#include "document/typeface.h"

#include <hb-ot.h>

#define TRUETYPE "/usr/share/fonts/truetype/noto/"
#define OPENTYPE "/usr/share/fonts/opentype/noto/"

/* Where a font lies and what it is for. The first line that fits a script wins; COMMON stands for every script. */
struct source {
	hb_script_t script;
	enum typeface_style style;
	const char *name;
	const char *path;
	unsigned index;
};

#define SANS(script, name) {HB_SCRIPT_##script, TYPEFACE_PLAIN, "Noto" name "-Regular", TRUETYPE "Noto" name "-Regular.ttf", 0}

enum { HAN_CHINESE, HAN_JAPANESE, HAN_KOREAN, HAN_SOURCES };

static const struct source sources[] = {
    /* The CJK fonts come first, in the order of the enum above. */
    {HB_SCRIPT_HAN, TYPEFACE_PLAIN, "NotoSansCJKsc-Regular", OPENTYPE "NotoSansCJK-Regular.ttc", 2},
    {HB_SCRIPT_HAN, TYPEFACE_PLAIN, "NotoSansCJKjp-Regular", OPENTYPE "NotoSansCJK-Regular.ttc", 0},
    {HB_SCRIPT_HAN, TYPEFACE_PLAIN, "NotoSansCJKkr-Regular", OPENTYPE "NotoSansCJK-Regular.ttc", 1},
    {HB_SCRIPT_COMMON, TYPEFACE_PLAIN, "NotoSans-Regular", TRUETYPE "NotoSans-Regular.ttf", 0},
    {HB_SCRIPT_COMMON, TYPEFACE_NAME, "NotoSerif-Italic", TRUETYPE "NotoSerif-Italic.ttf", 0},
    SANS(ARABIC, "NaskhArabic"),
    SANS(ARABIC, "SansArabic"),
    SANS(HEBREW, "SansHebrew"),
    SANS(DEVANAGARI, "SansDevanagari"),
    SANS(BENGALI, "SansBengali"),
    SANS(GURMUKHI, "SansGurmukhi"),
    SANS(GUJARATI, "SansGujarati"),
    SANS(ORIYA, "SansOriya"),
    SANS(TAMIL, "SansTamil"),
    SANS(TELUGU, "SansTelugu"),
    SANS(KANNADA, "SansKannada"),
    SANS(MALAYALAM, "SansMalayalam"),
    SANS(SINHALA, "SansSinhala"),
    SANS(THAI, "SansThai"),
    SANS(LAO, "SansLao"),
    SANS(TIBETAN, "SerifTibetan"),
    SANS(MYANMAR, "SansMyanmar"),
    SANS(KHMER, "SansKhmer"),
    SANS(GEORGIAN, "SansGeorgian"),
    SANS(ARMENIAN, "SansArmenian"),
    SANS(ETHIOPIC, "SansEthiopic"),
    SANS(CHEROKEE, "SansCherokee"),
    SANS(CANADIAN_SYLLABICS, "SansCanadianAboriginal"),
    SANS(MONGOLIAN, "SansMongolian"),
    SANS(THAANA, "SansThaana"),
    SANS(SYRIAC, "SansSyriac"),
    SANS(NKO, "SansNKo"),
    SANS(TIFINAGH, "SansTifinagh"),
    SANS(YI, "SansYi"),
    SANS(VAI, "SansVai"),
    SANS(ADLAM, "SansAdlam"),
    SANS(JAVANESE, "SansJavanese"),
    SANS(BALINESE, "SansBalinese"),
    SANS(SUNDANESE, "SansSundanese"),
    SANS(CHAM, "SansCham"),
    SANS(TAI_LE, "SansTaiLe"),
    SANS(LISU, "SansLisu"),
    SANS(OL_CHIKI, "SansOlChiki"),
    SANS(COPTIC, "SansCoptic"),
};

enum { SOURCES = sizeof sources / sizeof sources[0], SOURCE_BASIC = HAN_SOURCES };

struct typefaces {
	struct typeface at[SOURCES]; /* face NULL: the file is not there */
};

/* The file of source i; the fonts of one collection share it. */
static hb_blob_t *
open_file(const struct typefaces *faces, size_t i)
{
	if (i > 0 && strcmp(sources[i].path, sources[i - 1].path) == 0 && faces->at[i - 1].face != NULL)
		return hb_face_reference_blob(faces->at[i - 1].face);
	return hb_blob_create_from_file_or_fail(sources[i].path);
}

static void
open_one(struct typefaces *faces, size_t i)
{
	const struct source *source = &sources[i];
	struct typeface *t = &faces->at[i];
	hb_blob_t *blob = open_file(faces, i);
	if (blob == NULL)
		return;
	hb_face_t *face = hb_face_create(blob, source->index);
	hb_blob_destroy(blob);
	if (hb_face_get_glyph_count(face) == 0) {
		hb_face_destroy(face);
		return;
	}
	t->name = source->name;
	t->face = face;
	t->units = hb_face_get_upem(face);
	t->font = hb_font_create(face);
	hb_font_set_scale(t->font, (int)t->units, (int)t->units);
	t->italic = source->style == TYPEFACE_NAME;
	hb_blob_t *cff = hb_face_reference_table(face, HB_TAG('C', 'F', 'F', ' '));
	t->cff = hb_blob_get_length(cff) > 0;
	hb_blob_destroy(cff);
}

err_t
typeface_open_all(struct typefaces **ret_faces)
{
	struct typefaces *faces = calloc(1, sizeof *faces);
	if (faces == NULL)
		abort();
	for (size_t i = 0; i < SOURCES; i++)
		open_one(faces, i);
	if (faces->at[SOURCE_BASIC].face == NULL) {
		typeface_close_all(faces);
		return err_make(ERR_NOT_FOUND, "the font %s is missing (package fonts-noto-core)", sources[SOURCE_BASIC].path);
	}
	*ret_faces = faces;
	return OK;
}

void
typeface_close_all(struct typefaces *faces)
{
	if (faces == NULL)
		return;
	for (size_t i = 0; i < SOURCES; i++) {
		hb_font_destroy(faces->at[i].font);
		hb_face_destroy(faces->at[i].face);
	}
	free(faces);
}

/* ---- choosing ---- */

enum typeface_han
typeface_han_of(struct str text)
{
	hb_unicode_funcs_t *unicode = hb_unicode_funcs_get_default();
	for (size_t at = 0; at < text.n;) {
		hb_script_t script = hb_unicode_script(unicode, str_next(text, &at));
		if (script == HB_SCRIPT_HIRAGANA || script == HB_SCRIPT_KATAKANA)
			return TYPEFACE_JAPANESE;
		if (script == HB_SCRIPT_HANGUL)
			return TYPEFACE_KOREAN;
	}
	return TYPEFACE_CHINESE;
}

static bool
is_east_asian(hb_script_t script)
{
	return script == HB_SCRIPT_HAN || script == HB_SCRIPT_HIRAGANA || script == HB_SCRIPT_KATAKANA ||
	       script == HB_SCRIPT_HANGUL || script == HB_SCRIPT_BOPOMOFO;
}

static bool
has_glyph(const struct typeface *t, uint32_t character)
{
	hb_codepoint_t glyph;
	return t->face != NULL && hb_font_get_nominal_glyph(t->font, character, &glyph) && glyph != 0;
}

const struct typeface *
typeface_find(const struct typefaces *faces, enum typeface_style style, enum typeface_han han, hb_script_t script,
    uint32_t character)
{
	if (is_east_asian(script)) {
		const struct typeface *t = &faces->at[han];
		if (has_glyph(t, character))
			return t;
	}
	for (size_t i = HAN_SOURCES; i < SOURCES; i++)
		if (sources[i].script == script && has_glyph(&faces->at[i], character))
			return &faces->at[i];
	/* Latin, Greek, Cyrillic and what is common to all; the name in its own style first. */
	for (size_t i = HAN_SOURCES; i < SOURCES; i++)
		if (sources[i].script == HB_SCRIPT_COMMON && sources[i].style == style && has_glyph(&faces->at[i], character))
			return &faces->at[i];
	for (size_t i = 0; i < SOURCES; i++)
		if (has_glyph(&faces->at[i], character))
			return &faces->at[i];
	return NULL;
}
