/*
 * What the group paraph-audit may read, and nothing more: the segments of the key journals and core's copy of the evidence.
 * It may pass the folders of the keys, not list them; key stores, passphrases, the database, documents and the key for TLS stay
 * closed to it, and nothing is open for writing. Only root can give a group anything: an instance of one user, or a machine
 * without the group, stays as it was.
 */
#ifndef PARAPH_OS_AUDITOR_H
#define PARAPH_OS_AUDITOR_H

#include "os/instance.h"

struct auditor_folder {
	const char *name; /* below the instance */
	mode_t mode;      /* when it is open to the group */
	enum instance_user user;
};

extern const struct auditor_folder auditor_folders[];
extern const size_t auditor_folders_n;

/* Whether this process is root's and the group exists. */
bool auditor_group(gid_t *ret_gid);
/* Opens the folders and the segments in them to the group, if there is one; the programs must not run. Makes a folder that is
 * missing. Leaves alone what is not its user's: doctor tells. */
err_t auditor_admit(const struct instance *i);

#endif
