#include "base/digest.h"
#include "base/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>

struct digest {
	EVP_MD_CTX *ctx;
	enum digest_kind kind;
};

static struct {
	EVP_MD *md[4];
	EVP_MD_CTX *ready[4]; /* initialised once; copying it is cheaper than an init */
} fetched;
static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
must_be(int one)
{
	if (one != 1)
		abort();
}

static void
fetch(void)
{
	static const char *const names[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
	for (size_t i = 0; i < 4; i++) {
		fetched.md[i] = must(EVP_MD_fetch(NULL, names[i], NULL));
		fetched.ready[i] = must(EVP_MD_CTX_new());
		must_be(EVP_DigestInit_ex2(fetched.ready[i], fetched.md[i], NULL));
	}
}

static const EVP_MD_CTX *
ready(enum digest_kind kind)
{
	pthread_once(&fetched_once, fetch);
	return fetched.ready[kind];
}

size_t
digest_len(enum digest_kind kind)
{
	static const size_t lengths[] = {20, 32, 48, 64};
	return lengths[kind];
}

struct digest *
digest_new(enum digest_kind kind)
{
	const EVP_MD_CTX *start = ready(kind);
	struct digest *d = must(calloc(1, sizeof *d));
	d->kind = kind;
	d->ctx = must(EVP_MD_CTX_new());
	must_be(EVP_MD_CTX_copy_ex(d->ctx, start));
	return d;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
digest_add(struct digest *d, struct bytes data)
{
	if (data.n > 0)
		must_be(EVP_DigestUpdate(d->ctx, data.p, data.n));
}

struct digest *
digest_clone(const struct digest *d)
{
	struct digest *copy = must(calloc(1, sizeof *copy));
	copy->kind = d->kind;
	copy->ctx = must(EVP_MD_CTX_new());
	must_be(EVP_MD_CTX_copy_ex(copy->ctx, d->ctx));
	return copy;
}

void
digest_peek(const struct digest *d, uint8_t *ret)
{
	struct digest *copy = digest_clone(d);
	unsigned n = 0;
	must_be(EVP_DigestFinal_ex(copy->ctx, ret, &n));
	digest_free(copy);
}

void
digest_end(struct digest *d, uint8_t *ret)
{
	unsigned n = 0;
	must_be(EVP_DigestFinal_ex(d->ctx, ret, &n));
}

void
digest_of(enum digest_kind kind, struct bytes data, uint8_t *ret)
{
	AUTO_DIGEST(d, kind);
	digest_add(d, data);
	digest_end(d, ret);
}

void
digest_hmac_sha256(struct bytes key, struct bytes data, uint8_t ret[DIGEST_SHA256_LEN])
{
	uint8_t block[64] = {0}, inner[DIGEST_SHA256_LEN];
	if (key.n > sizeof block)
		digest_sha256(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36;
	AUTO_DIGEST(in, DIGEST_SHA256);
	digest_add(in, BYTES_OF(block));
	digest_add(in, data);
	digest_end(in, inner);
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	AUTO_DIGEST(out, DIGEST_SHA256);
	digest_add(out, BYTES_OF(block));
	digest_add(out, BYTES_OF(inner));
	digest_end(out, ret);
	secret_wipe(block, sizeof block);
}

err_t
digest_file(int fd, uint64_t from, uint64_t to, struct digest *d)
{
	enum { STEP = 1 << 18 };
	uint8_t *step = must(malloc(to > from && to - from < STEP ? (size_t)(to - from) : STEP));
	err_t e = OK;
	while (from < to && !err_is(e)) {
		size_t want = to - from < STEP ? (size_t)(to - from) : STEP;
		ssize_t got = pread(fd, step, want, (off_t)from);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			e = err_errno("reading a file to hash it");
		else if (got == 0)
			e = err_make(ERR_IO, "the file ends %llu octets early", (unsigned long long)(to - from));
		else {
			digest_add(d, bytes(step, (size_t)got));
			from += (uint64_t)got;
		}
	}
	free(step);
	return e;
}
