#include "ades/pdffile_gaps.h"

static err_t
wrong(size_t at, const char *what)
{
	return err_make(ERR_PDF_STRICT, "at octet %zu: %s", at, what);
}

/* Whether the first thing from `at` on belongs to the section: itself, the one it hides, or an object of its own. */
static bool
starts_with(const struct pdffile *f, const struct pdffile_section *s, size_t at)
{
	size_t first = pdflex_space(f->data, at);
	if ((s->at >= at && s->at <= first) || (s->hybrid_at >= at && s->hybrid_at <= first))
		return true;
	for (size_t i = 0; i < s->entries_n; i++)
		if (s->entries[i].type == 1 && s->entries[i].offset >= at && s->entries[i].offset <= first)
			return true;
	return false;
}

/* A whole revision between two places: its startxref names a section there. */
static bool
holds_revision(const struct pdffile *f, size_t from, size_t to)
{
	struct bytes part = bytes_sub(f->data, 0, to), word = bytes("startxref", 9);
	for (size_t i = bytes_find(part, from, word); i != SIZE_MAX; i = bytes_find(part, i + 1, word)) {
		uint64_t value;
		size_t at = i;
		if (!pdflex_word(part, &at, "startxref") || (at = pdflex_space(part, at), !pdflex_digits(part, &at, &value)))
			continue;
		value = pdffile_place(f, value);
		if (value >= from && value < i && pdffile_is_section(part, (size_t)value))
			return true;
	}
	return false;
}

err_t
pdffile_gaps_check(const struct pdffile *f, size_t oldest)
{
	for (size_t i = 0; i < oldest; i++) {
		/* The main section of a linearized file, the last of its two, stands behind the first page's. */
		size_t before = i + 1, at;
		if (before + 2 == f->sections_n && f->sections[before + 1].at > f->sections[before].at)
			before++;
		if (!pdffile_ends_revision(f, before, &at))
			return wrong(f->sections[before].end, "no revision ends where the next one says");
		if (!starts_with(f, &f->sections[i], at) || holds_revision(f, at, f->sections[i].at))
			return wrong(f->sections[i].at, "/Prev passes over what stands there");
	}
	return OK;
}
