#include "ades/pdffilter.h"

#include "base/buf.h"

#include <zlib.h>

static void
inflate_auto(z_stream *z)
{
	(void)inflateEnd(z);
}

/* Inflates into a growing builder; the data must be one complete zlib stream. */
static err_t
inflate_all(struct bytes in, struct buf *out)
{
	__attribute__((cleanup(inflate_auto))) z_stream z = {0};
	uint8_t room[16384];
	if (inflateInit(&z) != Z_OK)
		return err_make(ERR_INTERNAL, "zlib");
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	for (;;) {
		z.next_out = room;
		z.avail_out = sizeof room;
		int r = inflate(&z, Z_NO_FLUSH);
		buf_put(out, bytes(room, sizeof room - z.avail_out));
		if (buf_check(out).code != ERR_OK)
			return err_make(ERR_PDF_STRICT, "a stream inflates to more than is read here");
		if (r == Z_STREAM_END)
			return OK;
		if (r != Z_OK || (z.avail_in == 0 && z.avail_out == sizeof room))
			return err_make(ERR_PDF_STRICT, "a compressed stream is damaged");
	}
}

/* The parameter of a predictor, or its default. [7.4.4.4 Table 8] */
static uint64_t
parameter(const struct pdflex_value *parms, const char *key, uint64_t fallback)
{
	const struct pdflex_value *v = pdflex_get(parms, key);
	return v != NULL && v->kind == PDFLEX_INTEGER && v->integer > 0 ? (uint64_t)v->integer : fallback;
}

static uint8_t
paeth(int left, int up, int corner)
{
	int p = left + up - corner, a = abs(p - left), b = abs(p - up), c = abs(p - corner);
	return (uint8_t)(a <= b && a <= c ? left : b <= c ? up : corner);
}

/* One row of a PNG filter, in place. [PNG 9.2] */
static bool
unfilter(uint8_t kind, uint8_t *row, const uint8_t *up, size_t n, size_t step)
{
	for (size_t i = 0; i < n; i++) {
		int left = i >= step ? row[i - step] : 0, above = up != NULL ? up[i] : 0;
		int corner = i >= step && up != NULL ? up[i - step] : 0;
		int add;
		switch (kind) {
		case 0:
			return true;
		case 1:
			add = left;
			break;
		case 2:
			add = above;
			break;
		case 3:
			add = (left + above) / 2;
			break;
		case 4:
			add = paeth(left, above, corner);
			break;
		default:
			return false;
		}
		row[i] = (uint8_t)(row[i] + add);
	}
	return true;
}

static err_t
unpredict(const struct pdflex_value *parms, struct buf *b)
{
	uint64_t predictor = parameter(parms, "Predictor", 1);
	if (predictor == 1)
		return OK;
	uint64_t colors = parameter(parms, "Colors", 1), bits = parameter(parms, "BitsPerComponent", 8);
	uint64_t columns = parameter(parms, "Columns", 1);
	if (predictor < 10 || predictor > 15 || colors > 32 || bits > 16 || columns > 1000000)
		return err_make(ERR_PDF_STRICT, "a predictor that is not read here");
	size_t width = (size_t)(colors * bits * columns + 7) / 8, step = (size_t)(colors * bits + 7) / 8;
	if (b->n % (width + 1) != 0)
		return err_make(ERR_PDF_STRICT, "predicted rows are cut");
	size_t rows = b->n / (width + 1);
	uint8_t *up = NULL;
	for (size_t r = 0; r < rows; r++) {
		uint8_t *row = b->p + r * width;
		uint8_t kind = b->p[r * (width + 1)];
		memmove(row, b->p + r * (width + 1) + 1, width);
		if (!unfilter(kind, row, up, width, step))
			return err_make(ERR_PDF_STRICT, "a predictor that is not read here");
		up = row;
	}
	b->n = rows * width;
	return OK;
}

/* The only member of an array of one, or the value itself. */
static const struct pdflex_value *
single(const struct pdflex_value *v)
{
	return v != NULL && v->kind == PDFLEX_ARRAY && v->first != NULL && v->first->next == NULL ? v->first : v;
}

err_t
pdffilter_decode(struct arena *arena, const struct pdflex_value *filter, const struct pdflex_value *parms, struct bytes data,
    struct bytes *ret_data)
{
	filter = single(filter);
	if (filter == NULL || (filter->kind == PDFLEX_ARRAY && filter->first == NULL)) {
		*ret_data = data;
		return OK;
	}
	if (!pdflex_is(filter, "FlateDecode"))
		return err_make(ERR_PDF_STRICT, "a stream filter that is not read here");
	AUTO_BUF(b, PDFFILTER_OCTETS_MAX);
	TRY(inflate_all(data, &b));
	TRY(unpredict(single(parms), &b));
	return arena_copy(arena, buf_bytes(&b), ret_data);
}
