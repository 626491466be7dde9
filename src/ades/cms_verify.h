/*
 * Judges one CMS signature against the digest of what it covers and the certificate inside: message digest, signature
 * value, binding of the certificate. Whether the certificate is worth anything (chain, time, status) is not asked here.
 */
#ifndef PARAPH_ADES_CMS_VERIFY_H
#define PARAPH_ADES_CMS_VERIFY_H

#include "ades/cms_read.h"
#include "pki/certificate.h"

/* What was proven. */
struct cms_verdict {
	struct certificate signer; /* borrowed from the octets of the CMS */
	bool bound;                /* signing-certificate(-v2) names it; false when the attribute is missing */
};

/*
 * content_digest is the digest, with c->digest, of the detached content. ERR_CMS_CHANGED when that is not what was
 * signed, ERR_SIGNATURE when the value does not fit the key, ERR_CMS when the signer's certificate is not inside or is
 * not the one that the signed attributes name, ERR_ALGORITHM for what is not known here or too weak (SHA-1).
 */
err_t cms_verify(const struct cms *c, struct bytes content_digest, struct cms_verdict *ret_verdict);

/* The same for a SignedData that holds its content (a time-stamp token). */
err_t cms_verify_content(const struct cms *c, struct cms_verdict *ret_verdict);

#endif
