#include "keys/counter.h"
#include "base/digest.h"

void
counter_done(struct counter_table *t)
{
	free(t->places);
	*t = (struct counter_table){0};
}

void
counter_print(const uint8_t request[16], const uint8_t signer[16], uint8_t ret_print[COUNTER_PRINT])
{
	uint8_t both[32], hash[DIGEST_SHA256_LEN];
	memcpy(both, request, 16);
	memcpy(both + 16, signer, 16);
	digest_sha256(BYTES_OF(both), hash);
	memcpy(ret_print, hash, COUNTER_PRINT);
}

void
counter_print_address(const uint8_t mac[32], uint8_t ret_print[COUNTER_PRINT])
{
	/* a pair is hashed as 32 octets, this as 33: core, which makes the ids of a pair, cannot hit it */
	uint8_t named[33] = {'r'}, hash[DIGEST_SHA256_LEN];
	memcpy(named + 1, mac, 32);
	digest_sha256(BYTES_OF(named), hash);
	memcpy(ret_print, hash, COUNTER_PRINT);
}

void
counter_print_serial(const uint8_t serial[20], uint8_t ret_print[COUNTER_PRINT])
{
	uint8_t named[21] = {'s'}, hash[DIGEST_SHA256_LEN];
	memcpy(named + 1, serial, 20);
	digest_sha256(BYTES_OF(named), hash);
	memcpy(ret_print, hash, COUNTER_PRINT);
}

/* The place of a fingerprint, or the free one where it belongs. */
static size_t
place_of(const struct counter_table *t, const uint8_t print[COUNTER_PRINT])
{
	size_t at;
	memcpy(&at, print, sizeof at);
	for (at &= t->room - 1; t->places[at].taken; at = (at + 1) & (t->room - 1))
		if (memcmp(t->places[at].print, print, COUNTER_PRINT) == 0)
			break;
	return at;
}

static void
grow(struct counter_table *t)
{
	struct counter_table old = *t;
	t->room = old.room == 0 ? 1024 : old.room * 2;
	t->places = calloc(t->room, sizeof *t->places);
	if (t->places == NULL)
		abort();
	for (size_t i = 0; i < old.room; i++)
		if (old.places[i].taken)
			t->places[place_of(t, old.places[i].print)] = old.places[i];
	free(old.places);
}

struct counter
counter_get(const struct counter_table *t, const uint8_t print[COUNTER_PRINT])
{
	return t->room == 0 ? (struct counter){0} : t->places[place_of(t, print)];
}

static uint8_t
sum(uint8_t a, uint8_t b)
{
	return a + b > UINT8_MAX ? UINT8_MAX : (uint8_t)(a + b);
}

static struct counter *
at_print(struct counter_table *t, const uint8_t print[COUNTER_PRINT])
{
	if (t->n * 4 >= t->room * 3)
		grow(t);
	struct counter *c = &t->places[place_of(t, print)];
	if (!c->taken) {
		c->taken = 1;
		memcpy(c->print, print, COUNTER_PRINT);
		t->n++;
	}
	return c;
}

void
counter_add(struct counter_table *t, const uint8_t print[COUNTER_PRINT], uint8_t tries, uint8_t sends)
{
	struct counter *c = at_print(t, print);
	c->tries = sum(c->tries, tries);
	c->sends = sum(c->sends, sends);
}

void
counter_forgive(struct counter_table *t, const uint8_t print[COUNTER_PRINT], uint8_t tries)
{
	struct counter *c = at_print(t, print);
	c->tries = c->tries > tries ? (uint8_t)(c->tries - tries) : 0;
}

void
counter_write(const struct counter_table *t, size_t max, counter_piece_f piece, void *arg)
{
	AUTO_BUF(b, max);
	for (size_t i = 0; i < t->room; i++) {
		if (!t->places[i].taken)
			continue;
		if (b.n + COUNTER_LEN > max) {
			piece(arg, buf_bytes(&b));
			buf_reset(&b);
		}
		buf_put(&b, BYTES_OF(t->places[i].print));
		buf_put_byte(&b, t->places[i].tries);
		buf_put_byte(&b, t->places[i].sends);
	}
	if (b.n > 0)
		piece(arg, buf_bytes(&b));
}

err_t
counter_read(struct counter_table *t, struct bytes piece)
{
	if (piece.n % COUNTER_LEN != 0)
		return err_make(ERR_JOURNAL, "counters of %zu octets", piece.n);
	for (size_t at = 0; at < piece.n; at += COUNTER_LEN) {
		struct counter *c = at_print(t, piece.p + at);
		c->tries = piece.p[at + COUNTER_PRINT];
		c->sends = piece.p[at + COUNTER_PRINT + 1];
	}
	return OK;
}
