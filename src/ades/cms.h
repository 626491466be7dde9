/*
 * CMS SignedData [RFC 5652] in the shape that PAdES and CAdES baseline signatures have: detached, one SignerInfo, the
 * whole chain inside. Writing is split where the private key is needed: cms_signed_attributes gives the octets to hash
 * and sign, cms_signed_data puts the signature value and, later, the time-stamp token around them. Nothing here holds a
 * key. Reading is in cms_read.h, judging in cms_verify.h. Pure; any thread.
 */
#ifndef PARAPH_ADES_CMS_H
#define PARAPH_ADES_CMS_H

#include "der/der.h"

enum {
	CMS_ATTRIBUTES_MAX = 512,    /* room for signed attributes: 165 octets with signing-time, and … */
	CMS_ATTRIBUTES_PADES = 135,  /* … exactly so many without */
	CMS_CERTIFICATES_MAX = 16,   /* certificates in one SignedData */
};

/* What the signed attributes say. */
struct cms_attributes {
	struct bytes document_sha256; /* 32 octets: digest of what is signed */
	struct bytes certificate;     /* DER of the signer's certificate: bound by signing-certificate-v2 */
	int64_t signing_at;           /* signing-time; 0 leaves it out: PAdES forbids it [EN 319 142-1 6.3], CAdES wants it */
};

/*
 * The DER SET OF Attribute: content-type id-data, message-digest, exactly one signing-certificate-v2 (SHA-256), and
 * signing-time if asked. These octets, tag 0x31 included, are what the key signs (ECDSA over their SHA-256). The result
 * lies in the caller's room. [RFC 5652 5.4] [RFC 5035 3]
 */
err_t cms_signed_attributes(const struct cms_attributes *a, void *room, size_t room_n, struct bytes *ret_set);

/* The parts of a SignedData. */
struct cms_parts {
	struct bytes attributes;            /* from cms_signed_attributes */
	struct bytes signature;             /* value: DER ECDSA-Sig-Value (or RSA octets) */
	struct bytes signature_algorithm;   /* OID content octets; empty means ecdsa-with-SHA256 */
	const struct bytes *certificates;   /* DER, the signer's first, then its chain */
	size_t certificates_n;
	struct bytes time_stamp;            /* token (ContentInfo) over the signature value; empty: none yet */
};

/* The ContentInfo with the detached SignedData, in the caller's room. ERR_LIMIT when it does not fit, ERR_DER when a part
 * is not DER. */
err_t cms_signed_data(const struct cms_parts *parts, void *room, size_t room_n, struct bytes *ret_cms);

/* What decides how large a SignedData becomes: octets of its parts, known before there is a signature. */
struct cms_sizes {
	size_t attributes;   /* CMS_ATTRIBUTES_PADES */
	size_t certificates; /* all of them together */
	size_t issuer;       /* name of the signer's issuer */
	size_t time_stamp;   /* 0: none */
};

/* Octets that cms_signed_data needs at most, and no more than the parts need: a serial of 20 octets, a P-256 signature and
 * SHA-256 are taken for granted, the signature as long as one can be. */
size_t cms_size_max(const struct cms_sizes *sizes);

#endif
