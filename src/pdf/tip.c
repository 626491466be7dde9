#include "pdf/tip.h"

enum { TIP_VERSION = 1, TIP_HEAD_LEN = 1 + 8 + 8 + 4 + 8 + 4, TIP_ITEM_LEN = 1 + 4 + DIGEST_SHA256_LEN };

void
tip_start(const struct plan *plan, struct tip *ret_tip)
{
	*ret_tip = (struct tip){.length = plan->length, .startxref = plan->startxref, .next = plan->next};
}

void
tip_write(const struct tip *tip, struct buf *b)
{
	buf_put_byte(b, TIP_VERSION);
	buf_put_u64(b, tip->length);
	buf_put_u64(b, tip->startxref);
	buf_put_u32(b, tip->next);
	buf_put_u64(b, tip->filled);
	buf_put_u32(b, tip->items_n);
	for (uint32_t i = 0; i < tip->items_n; i++) {
		buf_put_byte(b, (uint8_t)tip->items[i].kind);
		buf_put_u32(b, tip->items[i].number);
		buf_put(b, BYTES_OF(tip->items[i].sha256));
	}
}

static uint64_t
number_at(struct bytes in, size_t at, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | in.p[at + i];
	return v;
}

static err_t
item_read(struct bytes in, size_t at, struct tip_item *ret_item)
{
	uint8_t kind = in.p[at];
	if (kind < TIP_CERTIFICATE || kind > TIP_CRL)
		return err_make(ERR_PDF_PLAN, "a tip holds an item of the unknown kind %u", kind);
	ret_item->kind = (enum tip_kind)kind;
	ret_item->number = (uint32_t)number_at(in, at + 1, 4);
	memcpy(ret_item->sha256, in.p + at + 5, DIGEST_SHA256_LEN);
	return OK;
}

err_t
tip_read(struct bytes in, struct tip *ret_tip)
{
	if (in.n < TIP_HEAD_LEN || in.p[0] != TIP_VERSION)
		return err_make(ERR_PDF_PLAN, "not a tip of version %d", TIP_VERSION);
	struct tip tip = {
	    .length = number_at(in, 1, 8),
	    .startxref = number_at(in, 9, 8),
	    .next = (uint32_t)number_at(in, 17, 4),
	    .filled = number_at(in, 21, 8),
	    .items_n = (uint32_t)number_at(in, 29, 4),
	};
	if (tip.items_n > TIP_ITEMS_MAX || in.n != TIP_HEAD_LEN + tip.items_n * (size_t)TIP_ITEM_LEN)
		return err_make(ERR_PDF_PLAN, "the tip has a wrong length");
	for (uint32_t i = 0; i < tip.items_n; i++)
		TRY(item_read(in, TIP_HEAD_LEN + i * (size_t)TIP_ITEM_LEN, &tip.items[i]));
	*ret_tip = tip;
	return OK;
}

const struct tip_item *
tip_find(const struct tip *tip, enum tip_kind kind, const uint8_t sha256[DIGEST_SHA256_LEN])
{
	for (uint32_t i = 0; i < tip->items_n; i++)
		if (tip->items[i].kind == kind && memcmp(tip->items[i].sha256, sha256, DIGEST_SHA256_LEN) == 0)
			return &tip->items[i];
	return NULL;
}
