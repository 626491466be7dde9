/*
 * Registration records: who attests that a person is who he is, and how it was found out. Nobody gets a certificate
 * without one. keys:issuing MACs digest, subject and each address, so that nobody can redirect a code later.
 * Owns person, registration and enrolment.
 */
#ifndef PARAPH_CORE_REGISTRATION_H
#define PARAPH_CORE_REGISTRATION_H

#include "core/account.h"
#include "core/idempotency.h"

struct registration_wish {
	struct str country, given_name, surname, pseudonym, organization, organization_id;
	struct str reference;     /* separates namesakes: the caller's own lasting name for this person */
	struct str email, phone;  /* empty: none; at least one */
	struct str identified_by; /* "passport", "face to face", … */
	struct str evidence;      /* where the caller keeps the evidence */
	int64_t verified_at;      /* when identity was verified */
};

/* Checks, enrols and stores; the answer is what registration_json gives. */
err_t registration_make(struct worker *w, const struct account *by, const struct registration_wish *wish,
    const struct idempotency *idem, json_t **ret_answer);
/* As the API shows it; ERR_NOT_FOUND unless owner made it. */
err_t registration_json(struct worker *w, struct id id, struct str owner, json_t **ret_answer);

/* What a signature needs of it. Texts are NUL-terminated copies. */
struct registration {
	struct id id;
	char owner[ACCOUNT_ID_MAX];
	char country[4], given_name[260], surname[260], pseudonym[260], common_name[260], serial_number[65];
	char organization[260], organization_id[65], identified_by[260], evidence[260];
	int64_t verified_at, made_at;
	uint8_t digest[DIGEST_SHA256_LEN];
	paraph_Method method;
	char address[256];
	uint8_t mac[DIGEST_SHA256_LEN];
};

/* With the enrolment for a method: a record made by any key of this installation may be used by its senders, who name it by
 * its id. ERR_NO_REGISTRATION when there is none with this method, or it is older than policy allows at now. */
err_t registration_get(struct core *core, struct store_tx *reader, struct id id, paraph_Method method, int64_t now,
    struct registration *ret_registration);
/* Into messages for keys. */
err_t registration_pack(const struct registration *r, paraph_Registration *ret_message);
err_t registration_pack_subject(const struct registration *r, paraph_Subject *ret_message);
/* The subject as JSON: what the certificate will say. */
json_t *registration_subject_json(const struct registration *r);

#endif
