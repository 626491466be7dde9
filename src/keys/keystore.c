#include "keys/keystore.h"
#include "base/buf.h"

struct keystore {
	const struct keystore_ops *ops;
	void *store;
};

struct keystore_once {
	const struct keystore_ops *ops;
	void *once;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct keystore *
keystore_new(const struct keystore_ops *ops, void *store)
{
	struct keystore *ks = must(calloc(1, sizeof *ks));
	*ks = (struct keystore){ops, store};
	return ks;
}

void
keystore_free(struct keystore *ks)
{
	if (ks == NULL)
		return;
	ks->ops->free(ks->store);
	free(ks);
}

err_t
keystore_make(struct keystore *ks, enum keystore_use use, int64_t now, struct keystore_public *ret_public)
{
	TRY(ks->ops->make(ks->store, use, now));
	return keystore_public(ks, use, ret_public);
}

err_t
keystore_public(struct keystore *ks, enum keystore_use use, struct keystore_public *ret_public)
{
	return ks->ops->public(ks->store, use, ret_public);
}

err_t
keystore_sign(struct keystore *ks, enum keystore_use use, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	return ks->ops->sign(ks->store, use, digest, ret_signature, ret_n);
}

err_t
keystore_chain_put(struct keystore *ks, enum keystore_use use, const struct keystore_chain *chain)
{
	return ks->ops->chain_put(ks->store, use, chain);
}

err_t
keystore_chain_get(struct keystore *ks, enum keystore_use use, struct keystore_chain *ret_chain)
{
	return ks->ops->chain_get(ks->store, use, ret_chain);
}

void
keystore_mac(struct keystore *ks, const char *label, struct bytes data, uint8_t ret[KEYSTORE_MAC_LEN])
{
	AUTO_BUF(b, SIZE_MAX);
	buf_put(&b, bytes(label, strlen(label) + 1));
	buf_put(&b, data);
	ks->ops->mac(ks->store, buf_bytes(&b), ret);
}

bool
keystore_mac_check(struct keystore *ks, const char *label, struct bytes data, struct bytes mac)
{
	uint8_t right[KEYSTORE_MAC_LEN];
	keystore_mac(ks, label, data, right);
	return secret_eq(BYTES_OF(right), mac);
}

err_t
keystore_wrap(struct keystore *ks, struct bytes plain, struct buf *b)
{
	return ks->ops->wrap(ks->store, plain, b);
}

err_t
keystore_unwrap(struct keystore *ks, struct bytes wrapped, struct buf *b)
{
	return ks->ops->unwrap(ks->store, wrapped, b);
}

err_t
keystore_once_make(struct keystore *ks, struct keystore_once **ret_once)
{
	void *made = NULL;
	TRY(ks->ops->once_make(ks->store, &made));
	struct keystore_once *once = must(calloc(1, sizeof *once));
	*once = (struct keystore_once){ks->ops, made};
	*ret_once = once;
	return OK;
}

err_t
keystore_once_sign(struct keystore_once *once, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	return once->ops->once_sign(once->once, digest, ret_signature, ret_n);
}

err_t
keystore_once_verify(struct keystore_once *once, struct bytes digest, struct bytes signature)
{
	return once->ops->once_verify(once->once, digest, signature);
}

struct bytes
keystore_once_spki(const struct keystore_once *once)
{
	return once->ops->once_spki(once->once);
}

void
keystore_once_destroy(struct keystore_once *once)
{
	if (once == NULL)
		return;
	once->ops->once_destroy(once->once);
	free(once);
}
