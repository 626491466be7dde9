/* What of the book goes on into the next segment: chooses what is over, writes the rest as the records that made it, and forgets
 * what was chosen once that segment is durable. */
#include "keys/book_memory.h"
#include "keys/keystore.h"

enum { PIECE = 32 * 1024 }; /* octets of counters in one record */
#define AFTER_END (10 * 60 * INT64_C(1000000))

/* ---- what is over ---- */

static bool
intent_is_over(const struct book_intent *i)
{
	return i->released || i->known == BOOK_VOIDED;
}

static int
by_age(const void *a, const void *b)
{
	const struct book_intent *x = &(*(struct entry *const *)a)->is.intent, *y = &(*(struct entry *const *)b)->is.intent;
	return (x->key_made_at < y->key_made_at) - (x->key_made_at > y->key_made_at); /* the newest first */
}

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* All entries of a map that `wanted` says yes to; the caller frees the array. */
static struct entry **
collect(struct map *m, bool (*wanted)(struct book *b, const struct entry *e), struct book *b, size_t *ret_n)
{
	size_t n = 0, room = 64;
	struct entry **all = must(malloc(room * sizeof(struct entry *)));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = m->buckets[i]; e != NULL; e = e->next) {
			if (!wanted(b, e))
				continue;
			if (n == room)
				all = must(reallocarray(all, room *= 2, sizeof(struct entry *)));
			all[n++] = e;
		}
	*ret_n = n;
	return all;
}

/* Whether somebody has a claim on this, by all octets but the first ones. */
static bool
claimed(const struct book *b, const uint8_t id[RECORD_ID], size_t from)
{
	for (size_t i = 0; i < b->claims_n; i++)
		if (memcmp(b->claims[i] + from, id + from, RECORD_ID - from) == 0)
			return true;
	return false;
}

/* Who works on an activation claims its id, its signer or one of its documents (the id with another first octet): what it was
 * judged by must be there until the record is, however far the clock went meanwhile. */
static bool
claimed_activation(const struct book *b, const struct book_activation *a)
{
	uint8_t signer[RECORD_ID] = {0};
	counter_print(a->request, a->signer, signer);
	return claimed(b, a->id, 1) || claimed(b, signer, 0);
}

static bool
over_intent(struct book *b, const struct entry *e)
{
	return intent_is_over(&e->is.intent) && !claimed(b, e->is.id, 0);
}

static bool
used_up(const struct book_activation *a)
{
	return a->used == (UINT32_C(1) << a->documents_n) - 1;
}

static bool
past(const struct book *b, const struct book_activation *a)
{
	return a->expires_at + AFTER_END < b->newest_at;
}

/* Whether nothing can come of an activation any more: no document of it is on its way, and it is too old or used up. */
static bool
over_activation(struct book *b, const struct entry *e)
{
	const struct book_activation *a = &e->is.activation;
	return e->users == e->spare && (used_up(a) || past(b, a)) && !claimed_activation(b, a);
}

static void
spare(struct book *b, const struct entry *intent)
{
	struct entry *a = book_find(&b->activations, intent->is.intent.activation);
	if (a != NULL)
		a->spare++;
}

/* That a document was signed is known by its intent alone after a restart. So an activation that could still sign keeps its
 * intents, and one that is used up loses all of them at once or none. */
static bool
may_forget(struct book *b, const struct entry *intent)
{
	const struct entry *a = book_find(&b->activations, intent->is.intent.activation);
	return a == NULL || past(b, &a->is.activation) || (used_up(&a->is.activation) && a->spare >= a->users);
}

static void
keep_all(struct map *m)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = m->buckets[i]; e != NULL; e = e->next) {
			e->gone = false;
			e->spare = 0;
		}
}

static void
choose_intents(struct book *b)
{
	size_t n;
	struct entry **all = collect(&b->intents, over_intent, b, &n);
	qsort(all, n, sizeof *all, by_age);
	for (size_t i = BOOK_OVER_MAX; i < n; i++)
		spare(b, all[i]);
	for (size_t i = BOOK_OVER_MAX; i < n; i++)
		all[i]->gone = may_forget(b, all[i]);
	keep_all(&b->activations);
	for (size_t i = BOOK_OVER_MAX; i < n; i++)
		if (all[i]->gone)
			spare(b, all[i]);
	free(all);
}

static void
choose_activations(struct book *b)
{
	size_t n;
	struct entry **all = collect(&b->activations, over_activation, b, &n);
	for (size_t i = 0; i < n; i++)
		all[i]->gone = true;
	free(all);
}

/* ---- forgetting ---- */

static bool
gone(struct book *b, const struct entry *e)
{
	(void)b;
	return e->gone;
}

static void
remove_entry(struct map *m, struct entry *e)
{
	struct entry **at = book_bucket(m, e->is.id);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	book_entry_free(e);
}

static void
forget_intent(struct book *b, struct entry *e)
{
	struct entry *a = book_find(&b->activations, e->is.intent.activation);
	if (a != NULL)
		a->users--;
	struct entry **at = book_serial_bucket(b, e->is.intent.serial);
	while (*at != e)
		at = &(*at)->next_serial;
	*at = e->next_serial;
	remove_entry(&b->intents, e);
}

void
book_snapshot_opened(void *book)
{
	struct book *b = book;
	size_t n;
	pthread_mutex_lock(&b->lock);
	struct entry **all = collect(&b->intents, gone, b, &n);
	for (size_t i = 0; i < n; i++)
		forget_intent(b, all[i]);
	free(all);
	all = collect(&b->activations, gone, b, &n);
	for (size_t i = 0; i < n; i++)
		remove_entry(&b->activations, all[i]);
	free(all);
	pthread_mutex_unlock(&b->lock);
}

/* ---- writing ---- */

struct piece {
	struct buf *b;
	int64_t at;
};

static void
put_counters(void *arg, struct bytes piece)
{
	struct piece *p = arg;
	AUTO_BUF(payload, PIECE + 64);
	record_write(RECORD_COUNTERS, &(struct record_counters){piece}, &payload);
	segment_record_write(p->b, &(struct segment_record){RECORD_COUNTERS, p->at, buf_bytes(&payload)});
}

static void
put_numbers(const struct book *book, struct buf *b)
{
	AUTO_BUF(payload, 1024);
	record_write(RECORD_CRL_SIGN, &(struct record_crl_sign){.number = book->crl_number}, &payload);
	segment_record_write(b, &(struct segment_record){RECORD_CRL_SIGN, book->newest_at, buf_bytes(&payload)});
	buf_reset(&payload);
	record_write(RECORD_CHECKPOINT_SIGN, &(struct record_checkpoint_sign){.size = book->checkpoint_size}, &payload);
	segment_record_write(b, &(struct segment_record){RECORD_CHECKPOINT_SIGN, book->newest_at, buf_bytes(&payload)});
	if (!book->has_ocsp_key)
		return;
	struct record_certificate_sign ocsp = {.use = KEYSTORE_OCSP};
	memcpy(ocsp.spki_sha256, book->ocsp_key, sizeof ocsp.spki_sha256);
	buf_reset(&payload);
	record_write(RECORD_CERTIFICATE_SIGN, &ocsp, &payload);
	segment_record_write(b, &(struct segment_record){RECORD_CERTIFICATE_SIGN, book->newest_at, buf_bytes(&payload)});
}

/* Records that did not fit would end in half a one: then there is no snapshot, and the old segment goes on. */
static void
put_map(const struct map *m, struct buf *b)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *e = m->buckets[i]; e != NULL; e = e->next) {
			if (e->gone)
				continue;
			b->over = b->over || err_is(buf_check(&e->records));
			buf_put(b, buf_bytes(&e->records));
		}
}

void
book_snapshot(void *book, struct buf *b)
{
	struct book *k = book;
	pthread_mutex_lock(&k->lock);
	keep_all(&k->intents);
	keep_all(&k->activations);
	choose_intents(k);
	choose_activations(k);
	put_numbers(k, b);
	put_map(&k->activations, b);
	put_map(&k->intents, b);
	counter_write(&k->counters, PIECE, put_counters, &(struct piece){b, k->newest_at});
	pthread_mutex_unlock(&k->lock);
}
