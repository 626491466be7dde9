/*
 * What a signature permits to be done with its document afterwards: the level of a certification (/DocMDP) and the fields
 * that it locks (/FieldMDP, /Lock). [ISO 32000-2 12.8.2, 12.7.5.5] Only restricts what pdfdiff.h permits anyway: level 2 and
 * 3 change nothing. What cannot be read is an error, never a permission.
 */
#ifndef PARAPH_ADES_PERMISSION_H
#define PARAPH_ADES_PERMISSION_H

#include "ades/pdffile.h"

enum { PERMISSION_LOCKS_MAX = 16, PERMISSION_NAMES_MAX = 4096 };
enum { PERMISSION_OCTETS_MAX = 1024 * 1024 }; /* of all names together, each at most PADES_NAME_MAX */

enum permission_action { PERMISSION_ALL, PERMISSION_INCLUDE, PERMISSION_EXCLUDE };

struct permission_lock {
	enum permission_action action;
	size_t n;
	struct str *names; /* of fields, whole, as UTF-8 */
};

struct permission {
	bool closed; /* level 1: nothing but evidence and document time-stamps may follow */
	size_t locks_n;
	struct permission_lock locks[PERMISSION_LOCKS_MAX];
};

/* Reads it from signature dictionary, field and catalog as the signed revision sees them. Lives in the file's arena.
 * ERR_PDF_STRICT when it cannot be told. */
err_t permission_read(struct pdffile *f, size_t revision, uint32_t field, uint32_t signature, struct permission *ret);

/* Whether the field of that whole name may not be filled. */
bool permission_locks(const struct permission *p, struct str name);

#endif
