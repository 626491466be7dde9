/* The folders of an instance directory: what each is for, its mode, and whose it is when the service runs as several
 * users. paraph init makes them, paraph doctor looks whether they still are so. */
#ifndef PARAPH_CLI_LAYOUT_H
#define PARAPH_CLI_LAYOUT_H

#include "os/instance.h"

struct layout_folder {
	const char *name; /* below the instance directory; "" is itself */
	mode_t mode;
	int user;  /* enum instance_user; -1: who started it */
	int group; /* the same */
};

extern const struct layout_folder layout_folders[];
extern const size_t layout_folders_n;

/* Makes them all; a folder that is there already is an error, because nothing of another instance may be taken over. */
err_t layout_make(const struct instance *i);

/* Gives a file the owner of the folder it is in; does nothing when not root. */
err_t layout_own(const struct instance *i, const char *name, int user, int group);

/* The user (enum instance_user; -1: who started it) whose folders and processes are this one's in an instance that exists: of root's
 * making, or of the ordinary user to whom all of it belongs. */
uid_t layout_uid(const struct instance *i, int user);

/* Whether a folder is as it should be; ERR_CONF says what is wrong and how to mend it. */
err_t layout_check(const struct instance *i, const struct layout_folder *folder);

/* The same for those that only the group paraph-audit makes necessary (os/auditor.h). */
err_t layout_check_auditor(const struct instance *i);
/* Whether keys, passphrases and the database are closed to everybody but their owner. */
err_t layout_check_secrets(const struct instance *i);

#endif
