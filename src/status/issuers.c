#include "status/issuers.h"
#include "base/log.h"

static uint8_t *
copy(struct bytes b)
{
	uint8_t *p = malloc(b.n + 1);
	if (p == NULL)
		abort();
	memcpy(p, b.p, b.n);
	return p;
}

static void
issuer_done(struct issuer *i)
{
	free(i->der);
	free(i->ocsp_der);
	*i = (struct issuer){0};
}

void
issuers_done(struct issuers *all)
{
	for (size_t k = 0; k < all->n; k++)
		issuer_done(&all->list[k]);
	*all = (struct issuers){0};
}

static err_t
issuer_read(struct issuer *i, struct published_reader *store)
{
	struct bytes der, ocsp;
	TRY(published_read_file(store, PUBLISHED_CA_CERTIFICATE, str_c(i->name), &der));
	i->der = copy(der);
	TRY(certificate_read(bytes(i->der, der.n), &i->certificate));
	const struct certificate *c = &i->certificate;
	digest_sha256(c->spki, i->spki_sha256);
	digest_of(DIGEST_SHA1, c->subject, i->name_sha1);
	digest_of(DIGEST_SHA1, c->public_key, i->key_sha1);
	digest_sha256(c->subject, i->name_sha256);
	digest_sha256(c->public_key, i->key_sha256);
	if (published_read_file(store, PUBLISHED_OCSP_CERTIFICATE, str_c(i->name), &ocsp).code == ERR_OK) {
		i->ocsp_der = copy(ocsp);
		i->ocsp_n = ocsp.n;
	}
	return OK;
}

void
issuers_refresh(struct issuers *all, struct published_reader *store)
{
	uint64_t generation = published_read_generation(store);
	if (all->read && generation == all->generation)
		return;
	issuers_done(all);
	all->generation = generation;
	all->read = true;
	char name[PUBLISHED_NAME_MAX + 1] = "";
	while (all->n < ISSUERS_MAX && published_read_next_name(store, PUBLISHED_CA_CERTIFICATE, name)) {
		struct issuer *i = &all->list[all->n];
		memcpy(i->name, name, sizeof name);
		err_t e = issuer_read(i, store);
		if (err_is(e)) {
			log_error(e, "published-certificate");
			issuer_done(i);
		} else {
			all->n++;
		}
	}
}

const struct issuer *
issuers_by_id(const struct issuers *all, const struct ocsp_id *id)
{
	bool sha1 = id->kind == DIGEST_SHA1;
	if (!sha1 && id->kind != DIGEST_SHA256)
		return NULL;
	size_t n = sha1 ? DIGEST_SHA1_LEN : DIGEST_SHA256_LEN;
	for (size_t k = 0; k < all->n; k++) {
		const struct issuer *i = &all->list[k];
		if (bytes_eq(id->key_hash, bytes(sha1 ? i->key_sha1 : i->key_sha256, n)) &&
		    bytes_eq(id->name_hash, bytes(sha1 ? i->name_sha1 : i->name_sha256, n)))
			return i;
	}
	return NULL;
}

const struct issuer *
issuers_by_key(const struct issuers *all, struct bytes spki_sha256)
{
	for (size_t k = 0; k < all->n; k++)
		if (bytes_eq(spki_sha256, BYTES_OF(all->list[k].spki_sha256)))
			return &all->list[k];
	return NULL;
}
