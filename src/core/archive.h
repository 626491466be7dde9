/*
 * The end of an act: checkpoint, proof, seal, stamp, release. The proof file is JSON in three lines, of which the second is
 * the canonical text that the seal signs:
 *	{"proof":
 *	{…}
 *	,"seal":"base64 of detached CMS","seal_time_stamp":"base64 of a token over SHA-256 of the seal"}
 * so that it is one JSON object, and sed and openssl can check it. What is stored is the second line (a blob), seal and
 * token; the file is put together when somebody asks for it. Owns proof.
 */
#ifndef PARAPH_CORE_ARCHIVE_H
#define PARAPH_CORE_ARCHIVE_H

#include "core/act.h"
#include "core/served.h"

/* For an act in the state result. */
err_t archive_release(struct worker *w, struct act *act);

/* What the signer is told after the release. */
err_t archive_result_json(struct worker *w, struct id act, json_t **ret_answer);

/* Puts the file of the newest proof of a request, or of one signer's (not NULL), into served/ and gives its name there.
 * ERR_NOT_FOUND. */
err_t archive_proof(struct worker *w, struct id request, const struct id *signer, char ret_name[SERVED_NAME_MAX]);

#endif
