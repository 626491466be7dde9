#include "keys/codes.h"
#include "base/rand.h"
#include "base/secret.h"

#include <pthread.h>

enum { CODES_MAX = 8192 };

struct open_code {
	bool taken;
	uint8_t activation[CODES_ID];
	int64_t expires_us;
};

struct codes {
	pthread_mutex_t lock;
	struct secret digits; /* CODES_DIGITS for each place */
	size_t high;          /* no place from here on was ever taken */
	struct open_code places[CODES_MAX];
};

struct codes *
codes_new(void)
{
	struct codes *c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	pthread_mutex_init(&c->lock, NULL);
	c->digits = secret_new((size_t)CODES_MAX * CODES_DIGITS);
	return c;
}

void
codes_free(struct codes *c)
{
	if (c == NULL)
		return;
	secret_done(&c->digits);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static uint8_t *
digits_of(struct codes *c, size_t place)
{
	return c->digits.p + place * CODES_DIGITS;
}

static void
drop(struct codes *c, size_t place)
{
	secret_wipe(digits_of(c, place), CODES_DIGITS);
	c->places[place].taken = false;
}

/* CODES_MAX when there is none. */
static size_t
find(struct codes *c, const uint8_t activation[CODES_ID])
{
	size_t i = 0;
	while (i < c->high && (!c->places[i].taken || memcmp(c->places[i].activation, activation, CODES_ID) != 0))
		i++;
	return i < c->high ? i : CODES_MAX;
}

static size_t
find_free(struct codes *c, int64_t now_us)
{
	size_t found = CODES_MAX;
	for (size_t i = 0; i < c->high; i++) {
		if (c->places[i].taken && c->places[i].expires_us <= now_us)
			drop(c, i);
		if (!c->places[i].taken && found == CODES_MAX)
			found = i;
	}
	return found < CODES_MAX || c->high == CODES_MAX ? found : c->high++;
}

err_t
codes_make(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us, int64_t expires_us,
    uint8_t ret_code[CODES_DIGITS])
{
	pthread_mutex_lock(&c->lock);
	size_t place = find(c, activation);
	if (place == CODES_MAX)
		place = find_free(c, now_us);
	if (place < CODES_MAX) {
		uint8_t *digits = digits_of(c, place);
		for (size_t i = 0; i < CODES_DIGITS; i++)
			digits[i] = (uint8_t)('0' + rand_below(10));
		c->places[place] = (struct open_code){.taken = true, .expires_us = expires_us};
		memcpy(c->places[place].activation, activation, CODES_ID);
		memcpy(ret_code, digits, CODES_DIGITS);
	}
	pthread_mutex_unlock(&c->lock);
	return place < CODES_MAX ? OK : err_make(ERR_BUSY, "%d codes are open", CODES_MAX);
}

/* The place of an open code; the lock is held. */
static err_t
open_place(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us, size_t *ret_place)
{
	size_t place = find(c, activation);
	if (place == CODES_MAX)
		return err_make(ERR_CODE_NONE, "no code is open for this activation");
	if (c->places[place].expires_us <= now_us) {
		/* the place stays until it is needed, so that a late code is told from none */
		secret_wipe(digits_of(c, place), CODES_DIGITS);
		return err_make(ERR_CODE_EXPIRED, "the code is too old");
	}
	*ret_place = place;
	return OK;
}

err_t
codes_open(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us)
{
	size_t place;
	pthread_mutex_lock(&c->lock);
	err_t e = open_place(c, activation, now_us, &place);
	pthread_mutex_unlock(&c->lock);
	return e;
}

err_t
codes_compare(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us, struct bytes given)
{
	size_t place;
	pthread_mutex_lock(&c->lock);
	err_t e = open_place(c, activation, now_us, &place);
	if (!err_is(e) && secret_eq(bytes(digits_of(c, place), CODES_DIGITS), given))
		drop(c, place);
	else if (!err_is(e))
		e = err_make(ERR_CODE_WRONG, "the code is not right");
	pthread_mutex_unlock(&c->lock);
	return e;
}

void
codes_drop(struct codes *c, const uint8_t activation[CODES_ID])
{
	pthread_mutex_lock(&c->lock);
	size_t place = find(c, activation);
	if (place < CODES_MAX)
		drop(c, place);
	pthread_mutex_unlock(&c->lock);
}
