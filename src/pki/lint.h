/*
 * The last look before a signature: reads what is about to be signed with the strict reader, not with the writer, and
 * compares every field with the profile. The error names the clause. Pure; any thread.
 */
#ifndef PARAPH_PKI_LINT_H
#define PARAPH_PKI_LINT_H

#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/tsp.h"

/* ERR_LINT with the clause when the TBSCertificate is not exactly what profile and instance demand. issuer: NULL for a
 * self-signed one. now: the content time at which it is signed. */
err_t lint_certificate(struct bytes tbs, const struct profile *profile, const struct profile_instance *instance,
    const struct certificate *issuer, int64_t now);

/* A TBSCertList of issuer; previous_number: of the list before, 0: the first. */
err_t lint_crl(struct bytes tbs, const struct certificate *issuer, uint64_t previous_number, int64_t now);

/* A ResponseData that responder (a certificate of issuer) is about to sign. */
err_t lint_ocsp(struct bytes tbs, const struct certificate *responder, const struct certificate *issuer, int64_t now);

/* A TSTInfo that unit is about to sign. */
err_t lint_tst(struct bytes info, const struct certificate *unit, const struct profile_instance *instance, int64_t now);

#endif
