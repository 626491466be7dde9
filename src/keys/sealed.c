#include "keys/sealed.h"
#include "base/rand.h"
#include "keys/gcm.h"
#include "os/file.h"

#include <argon2.h>
#include <pthread.h>
#include <sys/stat.h>

/* magic 8, version 2, memory 4, passes 4, salt 16 */
enum { MAGIC_LEN = 8, SALT_LEN = 16, HEAD_LEN = MAGIC_LEN + 2 + 4 + 4 + SALT_LEN, VERSION = 1 };
enum { FILE_MAX = 256 * 1024, MEMORY_KIB_MAX = 1024 * 1024, PASSES_MAX = 32 };
enum item { ITEM_MAC = 1, ITEM_WRAP = 2, ITEM_KEY = 3, ITEM_CERTIFICATE = 4 };

static const uint8_t magic[MAGIC_LEN] = "PARAPHKS";

struct sealed_key {
	struct ecdsa *key; /* NULL: not made */
	int64_t made_at;
	size_t chain_n;
	uint8_t *chain[KEYSTORE_CHAIN_MAX];
	size_t chain_len[KEYSTORE_CHAIN_MAX];
};

struct sealed {
	char *path;
	uint8_t head[HEAD_LEN];
	struct secret file_key; /* from the passphrase */
	struct secret mac, wrap;
	struct sealed_key keys[KEYSTORE_USES];
};

static const struct keystore_ops ops;

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- the file ---- */

static err_t
derive(const uint8_t head[HEAD_LEN], struct bytes passphrase, struct secret *ret_key)
{
	uint32_t memory = read_u32(head + MAGIC_LEN + 2), passes = read_u32(head + MAGIC_LEN + 6);
	if (memory < 8 || memory > MEMORY_KIB_MAX || passes < 1 || passes > PASSES_MAX)
		return err_make(ERR_KEYSTORE_SEAL, "the cost of Argon2id in the key store is out of range");
	struct secret key = secret_new(GCM_KEY_LEN);
	int e = argon2id_hash_raw(passes, memory, 1, passphrase.p, passphrase.n, head + HEAD_LEN - SALT_LEN, SALT_LEN, key.p,
	    key.n);
	if (e != ARGON2_OK) {
		secret_done(&key);
		return err_make(ERR_CRYPTO, "Argon2id: %s", argon2_error_message(e));
	}
	*ret_key = key;
	return OK;
}

static void
put_item(struct buf *b, enum item item, struct bytes content)
{
	buf_put_byte(b, (uint8_t)item);
	buf_put_u32(b, (uint32_t)content.n);
	buf_put(b, content);
}

/* use 1, curve 1, made_at 8, scalar, point */
static err_t
put_key(struct buf *b, enum keystore_use use, const struct sealed_key *k)
{
	AUTO_SECRET(scalar);
	TRY(ecdsa_scalar(k->key, &scalar));
	struct bytes point = ecdsa_point(k->key);
	buf_put_byte(b, ITEM_KEY);
	buf_put_u32(b, (uint32_t)(10 + scalar.n + point.n));
	buf_put_byte(b, (uint8_t)use);
	buf_put_byte(b, (uint8_t)ecdsa_curve(k->key));
	buf_put_u64(b, (uint64_t)k->made_at);
	buf_put(b, secret_bytes(&scalar));
	buf_put(b, point);
	return OK;
}

static void
put_chain(struct buf *b, enum keystore_use use, const struct sealed_key *k)
{
	for (size_t i = 0; i < k->chain_n; i++) {
		buf_put_byte(b, ITEM_CERTIFICATE);
		buf_put_u32(b, (uint32_t)(1 + k->chain_len[i]));
		buf_put_byte(b, (uint8_t)use);
		buf_put(b, bytes(k->chain[i], k->chain_len[i]));
	}
}

static err_t
put_all(const struct sealed *s, struct buf *plain)
{
	put_item(plain, ITEM_MAC, secret_bytes(&s->mac));
	put_item(plain, ITEM_WRAP, secret_bytes(&s->wrap));
	for (enum keystore_use use = KEYSTORE_ROOT; use < KEYSTORE_USES; use++) {
		if (s->keys[use].key != NULL)
			TRY(put_key(plain, use, &s->keys[use]));
		put_chain(plain, use, &s->keys[use]);
	}
	return buf_check(plain);
}

/* Replaces the file. plain is made with all its room at once, so that no copy of it stays behind on the heap. */
static err_t
save(const struct sealed *s)
{
	AUTO_BUF(plain, FILE_MAX);
	AUTO_BUF(file, FILE_MAX);
	if (buf_extend(&plain, FILE_MAX) == NULL)
		abort();
	buf_reset(&plain);
	err_t e = put_all(s, &plain);
	buf_put(&file, BYTES_OF(s->head));
	uint8_t *sealed = buf_extend(&file, plain.n + GCM_GROWTH);
	if (!err_is(e) && sealed == NULL)
		e = err_make(ERR_LIMIT, "the key store is full");
	if (!err_is(e))
		e = gcm_seal(secret_bytes(&s->file_key), BYTES_OF(s->head), buf_bytes(&plain), sealed);
	secret_wipe(plain.p, plain.n);
	TRY(e);
	return file_replace(s->path, buf_bytes(&file), 0600);
}

static err_t
take_key(struct sealed *s, struct bytes c)
{
	size_t n = c.n < 10 ? 0 : c.p[1] == ECDSA_P256 ? 32 : c.p[1] == ECDSA_P384 ? 48 : 0;
	if (n == 0 || c.p[0] < KEYSTORE_ROOT || c.p[0] >= KEYSTORE_USES || s->keys[c.p[0]].key != NULL || c.n <= 10 + n)
		return err_make(ERR_KEYSTORE, "a key in the store is malformed");
	struct sealed_key *k = &s->keys[c.p[0]];
	k->made_at = (int64_t)((uint64_t)read_u32(c.p + 2) << 32 | read_u32(c.p + 6));
	return ecdsa_load(c.p[1], bytes_sub(c, 10, 10 + n), bytes_sub(c, 10 + n, c.n), &k->key);
}

static err_t
take_certificate(struct sealed *s, struct bytes c)
{
	if (c.n < 2 || c.p[0] < KEYSTORE_ROOT || c.p[0] >= KEYSTORE_USES || s->keys[c.p[0]].chain_n == KEYSTORE_CHAIN_MAX)
		return err_make(ERR_KEYSTORE, "a certificate in the store is malformed");
	struct sealed_key *k = &s->keys[c.p[0]];
	k->chain[k->chain_n] = must(malloc(c.n - 1));
	memcpy(k->chain[k->chain_n], c.p + 1, c.n - 1);
	k->chain_len[k->chain_n++] = c.n - 1;
	return OK;
}

static err_t
take_secret(struct secret *s, struct bytes c)
{
	if (c.n != 32 || s->p != NULL)
		return err_make(ERR_KEYSTORE, "a symmetric key in the store is malformed");
	*s = secret_new(c.n);
	memcpy(s->p, c.p, c.n);
	return OK;
}

static err_t
take_item(struct sealed *s, uint8_t item, struct bytes content)
{
	switch (item) {
	case ITEM_MAC:
		return take_secret(&s->mac, content);
	case ITEM_WRAP:
		return take_secret(&s->wrap, content);
	case ITEM_KEY:
		return take_key(s, content);
	case ITEM_CERTIFICATE:
		return take_certificate(s, content);
	default:
		return err_make(ERR_KEYSTORE, "item %u of the store is unknown", item);
	}
}

static err_t
take_all(struct sealed *s, struct bytes plain)
{
	size_t at = 0;
	while (at < plain.n) {
		if (plain.n - at < 5 || read_u32(plain.p + at + 1) > plain.n - at - 5)
			return err_make(ERR_KEYSTORE, "the store ends inside an item");
		size_t n = read_u32(plain.p + at + 1);
		TRY(take_item(s, plain.p[at], bytes(plain.p + at + 5, n)));
		at += 5 + n;
	}
	if (s->mac.p == NULL || s->wrap.p == NULL)
		return err_make(ERR_KEYSTORE, "the store has no MAC key");
	return OK;
}

static struct sealed *
sealed_new(const char *path)
{
	struct sealed *s = must(calloc(1, sizeof *s));
	s->path = must(strdup(path));
	return s;
}

static void
forget_chain(struct sealed_key *k)
{
	for (size_t i = 0; i < k->chain_n; i++)
		free(k->chain[i]);
	k->chain_n = 0;
}

static void
sealed_free(void *store)
{
	struct sealed *s = store;
	for (size_t i = 0; i < KEYSTORE_USES; i++) {
		ecdsa_free(s->keys[i].key);
		forget_chain(&s->keys[i]);
	}
	secret_done(&s->file_key);
	secret_done(&s->mac);
	secret_done(&s->wrap);
	free(s->path);
	free(s);
}

static err_t
create(struct sealed *s, struct bytes passphrase, struct sealed_cost cost)
{
	AUTO_BUF(head, HEAD_LEN);
	uint8_t salt[SALT_LEN];
	rand_fill(salt, sizeof salt);
	buf_put(&head, BYTES_OF(magic));
	buf_put_u16(&head, VERSION);
	buf_put_u32(&head, cost.memory_kib);
	buf_put_u32(&head, cost.passes);
	buf_put(&head, BYTES_OF(salt));
	memcpy(s->head, head.p, HEAD_LEN);
	TRY(derive(s->head, passphrase, &s->file_key));
	s->mac = secret_new(KEYSTORE_MAC_LEN);
	rand_fill(s->mac.p, s->mac.n);
	s->wrap = secret_new(GCM_KEY_LEN);
	rand_fill(s->wrap.p, s->wrap.n);
	return save(s);
}

err_t
sealed_create(const char *path, struct bytes passphrase, struct sealed_cost cost, struct keystore **ret_store)
{
	struct stat st;
	if (stat(path, &st) == 0)
		return err_make(ERR_KEY_EXISTS, "%s is there already", path);
	ecdsa_init();
	struct sealed *s = sealed_new(path);
	err_t e = create(s, passphrase, cost);
	if (err_is(e)) {
		sealed_free(s);
		return e;
	}
	*ret_store = keystore_new(&ops, s);
	return OK;
}

static err_t
open_file(struct sealed *s, struct bytes passphrase)
{
	AUTO_BUF(file, FILE_MAX);
	TRY(file_read_path(s->path, &file));
	if (file.n < HEAD_LEN + GCM_GROWTH || memcmp(file.p, magic, MAGIC_LEN) != 0 || file.p[MAGIC_LEN] != 0
	    || file.p[MAGIC_LEN + 1] != VERSION)
		return err_make(ERR_KEYSTORE_SEAL, "%s is not a key store of this version", s->path);
	memcpy(s->head, file.p, HEAD_LEN);
	TRY(derive(s->head, passphrase, &s->file_key));
	struct bytes sealed = bytes(file.p + HEAD_LEN, file.n - HEAD_LEN);
	AUTO_SECRET(plain);
	plain = secret_new(sealed.n - GCM_GROWTH);
	if (err_is(gcm_open(secret_bytes(&s->file_key), BYTES_OF(s->head), sealed, plain.p)))
		return err_make(ERR_KEYSTORE_SEAL, "%s: another passphrase, or the file was changed", s->path);
	return take_all(s, secret_bytes(&plain));
}

err_t
sealed_open(const char *path, struct bytes passphrase, struct keystore **ret_store)
{
	ecdsa_init();
	struct sealed *s = sealed_new(path);
	err_t e = open_file(s, passphrase);
	if (err_is(e)) {
		sealed_free(s);
		return e;
	}
	*ret_store = keystore_new(&ops, s);
	return OK;
}

/* ---- the operations ---- */

static err_t
find(struct sealed *s, enum keystore_use use, struct sealed_key **ret_key)
{
	if (use < KEYSTORE_ROOT || use >= KEYSTORE_USES || s->keys[use].key == NULL)
		return err_make(ERR_KEY_MISSING, "there is no key for use %d", (int)use);
	*ret_key = &s->keys[use];
	return OK;
}

static err_t
sealed_make(void *store, enum keystore_use use, int64_t now)
{
	struct sealed *s = store;
	if (use < KEYSTORE_ROOT || use >= KEYSTORE_USES)
		return err_make(ERR_KEY_MISSING, "no key has use %d", (int)use);
	struct sealed_key *k = &s->keys[use];
	if (k->key != NULL)
		return err_make(ERR_KEY_EXISTS, "the key for use %d was made before", (int)use);
	TRY(ecdsa_make(use == KEYSTORE_ROOT ? ECDSA_P384 : ECDSA_P256, &k->key));
	k->made_at = now;
	err_t e = save(s);
	if (err_is(e)) {
		ecdsa_free(k->key);
		k->key = NULL;
	}
	return e;
}

static err_t
sealed_public(void *store, enum keystore_use use, struct keystore_public *ret_public)
{
	struct sealed_key *k = NULL;
	TRY(find(store, use, &k));
	struct bytes spki = ecdsa_spki(k->key);
	*ret_public = (struct keystore_public){.curve = ecdsa_curve(k->key), .spki_n = spki.n, .made_at = k->made_at};
	memcpy(ret_public->spki, spki.p, spki.n);
	digest_sha256(spki, ret_public->spki_sha256);
	return OK;
}

static err_t
sealed_sign(void *store, enum keystore_use use, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	struct sealed_key *k = NULL;
	TRY(find(store, use, &k));
	return ecdsa_sign(k->key, digest, ret_signature, ret_n);
}

static err_t
sealed_chain_put(void *store, enum keystore_use use, const struct keystore_chain *chain)
{
	struct sealed *s = store;
	struct sealed_key *k = &s->keys[use];
	if (use < KEYSTORE_ROOT || use >= KEYSTORE_USES)
		return err_make(ERR_KEY_MISSING, "no key has use %d", (int)use);
	if (chain->n < 1 || chain->n > KEYSTORE_CHAIN_MAX)
		return err_make(ERR_KEYSTORE, "a chain of %zu certificates", chain->n);
	forget_chain(k);
	for (size_t i = 0; i < chain->n; i++) {
		k->chain[i] = must(malloc(chain->certificate[i].n + 1));
		memcpy(k->chain[i], chain->certificate[i].p, chain->certificate[i].n);
		k->chain_len[i] = chain->certificate[i].n;
		k->chain_n++;
	}
	return save(s);
}

static err_t
sealed_chain_get(void *store, enum keystore_use use, struct keystore_chain *ret_chain)
{
	struct sealed *s = store;
	const struct sealed_key *k = &s->keys[use];
	if (use < KEYSTORE_ROOT || use >= KEYSTORE_USES || k->chain_n == 0)
		return err_make(ERR_KEY_MISSING, "there is no certificate for use %d", (int)use);
	*ret_chain = (struct keystore_chain){.n = k->chain_n};
	for (size_t i = 0; i < k->chain_n; i++)
		ret_chain->certificate[i] = bytes(k->chain[i], k->chain_len[i]);
	return OK;
}

static void
sealed_mac(void *store, struct bytes data, uint8_t ret[KEYSTORE_MAC_LEN])
{
	struct sealed *s = store;
	digest_hmac_sha256(secret_bytes(&s->mac), data, ret);
}

static err_t
sealed_wrap(void *store, struct bytes plain, struct buf *b)
{
	struct sealed *s = store;
	uint8_t *to = buf_extend(b, plain.n + GCM_GROWTH);
	if (to == NULL)
		return buf_check(b);
	return gcm_seal(secret_bytes(&s->wrap), bytes(NULL, 0), plain, to);
}

static err_t
sealed_unwrap(void *store, struct bytes wrapped, struct buf *b)
{
	struct sealed *s = store;
	uint8_t *to = wrapped.n < GCM_GROWTH ? NULL : buf_extend(b, wrapped.n - GCM_GROWTH);
	if (to == NULL)
		return err_make(ERR_MAC, "sealed data of %zu octets", wrapped.n);
	return gcm_open(secret_bytes(&s->wrap), bytes(NULL, 0), wrapped, to);
}

static err_t
once_make(void *store, void **ret_once)
{
	(void)store;
	struct ecdsa *key = NULL;
	TRY(ecdsa_make(ECDSA_P256, &key));
	*ret_once = key;
	return OK;
}

static err_t
once_sign(void *once, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	return ecdsa_sign(once, digest, ret_signature, ret_n);
}

static err_t
once_verify(void *once, struct bytes digest, struct bytes signature)
{
	return ecdsa_verify(once, digest, signature);
}

static struct bytes
once_spki(void *once)
{
	return ecdsa_spki(once);
}

static void
once_destroy(void *once)
{
	ecdsa_free(once);
}

static const struct keystore_ops ops = {
    .free = sealed_free,
    .make = sealed_make,
    .public = sealed_public,
    .sign = sealed_sign,
    .chain_put = sealed_chain_put,
    .chain_get = sealed_chain_get,
    .mac = sealed_mac,
    .wrap = sealed_wrap,
    .unwrap = sealed_unwrap,
    .once_make = once_make,
    .once_sign = once_sign,
    .once_verify = once_verify,
    .once_spki = once_spki,
    .once_destroy = once_destroy,
};
