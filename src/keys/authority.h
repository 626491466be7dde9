/*
 * The certification authority's own acts: making keys, signing CA, unit, seal and OCSP certificates, storing them, and
 * signing revocation lists. Certificates are built here from the installation's facts and a profile, and linted; nothing
 * that somebody else built is signed. Which role may do what is in the tables of roles.c. Any thread.
 */
#ifndef PARAPH_KEYS_AUTHORITY_H
#define PARAPH_KEYS_AUTHORITY_H

#include "keys/desk.h"

err_t authority_key_make(struct desk *d, const paraph_KeyMake *m, paraph_Keys *ret_answer);
/* root: certificates of root, issuing CA, unit and seal. The root's own is kept at once. */
err_t authority_certificate_sign(struct desk *d, const paraph_CeremonyCertificateSign *m, paraph_Keys *ret_answer);
/* issuing, status: keeps the certificate of an own key and its chain up to a self-signed root. */
err_t authority_certificate_store(struct desk *d, const paraph_CertificateStore *m, paraph_Keys *ret_answer);
/* issuing: the certificate of the OCSP signer's key. */
err_t authority_ocsp_certificate(struct desk *d, const paraph_OcspCertificateSign *m, paraph_Keys *ret_answer);
/* issuing, root: fds: entries, an empty file for the list. */
err_t authority_crl(struct desk *d, const paraph_CrlSign *m, const int *fds, paraph_Keys *ret_answer);
/* issuing, for core: the same, but never the last list of a CA, which has no end. */
err_t authority_crl_daily(struct desk *d, const paraph_CrlSign *m, const int *fds, paraph_Keys *ret_answer);

#endif
