/*
 * Strict reader of a CMS SignedData with one SignerInfo: our own signatures, time-stamp tokens, and those of strangers.
 * It passes the DER scan first and refuses what makes two readers disagree: more than one signer, a signed or unsigned
 * attribute twice, attributes out of order, digest algorithms that do not agree, data behind the end. It judges no
 * signature: cms_verify.h does. Everything in struct cms points into the octets that were read.
 */
#ifndef PARAPH_ADES_CMS_READ_H
#define PARAPH_ADES_CMS_READ_H

#include "ades/cms.h"
#include "pki/algorithm.h"

enum { CMS_OCTETS_MAX = 1024 * 1024 }; /* a signature with long CRLs inside */

/* ESSCertID or ESSCertIDv2: the first one, which names the signer's certificate. [RFC 5035 3] */
struct cms_certificate_id {
	bool present;
	bool known;                /* its digest algorithm is one of enum digest_kind */
	enum digest_kind digest;
	struct bytes hash;
};

struct cms {
	struct bytes content_type;     /* OID of eContentType */
	bool has_content;
	struct bytes content;          /* octets of eContent */
	struct bytes certificates[CMS_CERTIFICATES_MAX];
	size_t certificates_n;
	struct bytes crls;             /* content of the field crls: RevocationInfoChoices; empty: none */

	struct bytes issuer, serial;   /* of the signer, whole elements; empty when key_id is used */
	struct bytes key_id;           /* subjectKeyIdentifier */
	enum digest_kind digest;       /* of the content and, for most signatures, of the signed attributes */
	struct bytes signature_algorithm; /* AlgorithmIdentifier, whole */
	struct bytes signature;
	bool has_attributes;
	struct bytes attributes;       /* content of signedAttrs, proven to be a DER SET OF */
	struct bytes message_digest;
	struct cms_certificate_id certificate_id;
	int64_t signing_at;            /* claimed signing-time; 0: none */
	struct bytes time_stamp;       /* signature-time-stamp token (ContentInfo); empty: none */
	struct bytes revocation;       /* adbe-revocationInfoArchival value; empty: none */
};

/* Reads exactly one ContentInfo. ERR_CMS says what is wrong, ERR_ALGORITHM names a digest that is none of enum
 * digest_kind. Strength is not judged here: `digest` may be DIGEST_SHA1. */
err_t cms_read(struct bytes der, struct cms *ret_cms);

#endif
