#include "cli/layout.h"
#include "os/auditor.h"
#include "os/file.h"

#include <errno.h>
#include <sys/stat.h>

const struct layout_folder layout_folders[] = {
    {"", 0711, -1, -1},
    {"admin", 0700, -1, -1},
    {"keys", 0711, -1, -1},
    {"keys/root", 0700, INSTANCE_USER_KEYS, INSTANCE_USER_KEYS},
    {"keys/issuing", 0700, INSTANCE_USER_KEYS, INSTANCE_USER_KEYS},
    {"keys/status", 0700, INSTANCE_USER_KEYS_STATUS, INSTANCE_USER_KEYS_STATUS},
    {"db", 0700, INSTANCE_USER_CORE, INSTANCE_USER_CORE},
    {"blobs", 02700, INSTANCE_USER_CORE, INSTANCE_USER_FRONT}, /* links in served/ keep this group */
    {"status", 02750, INSTANCE_USER_CORE, INSTANCE_USER_STATUS},
    {"served", 02750, INSTANCE_USER_CORE, INSTANCE_USER_FRONT},
    {"courier", 0700, INSTANCE_USER_COURIER, INSTANCE_USER_COURIER},
    {"front", 0700, INSTANCE_USER_FRONT, INSTANCE_USER_FRONT},
    {"public", 0755, -1, -1},
    {"run", 0711, -1, -1},
    {"log", 0700, -1, -1},
};
const size_t layout_folders_n = sizeof layout_folders / sizeof layout_folders[0];

/* Nobody's but their owner's, also where others may pass the folder. */
static const char *const secrets[] = {"keys/root/keystore", "keys/root/passphrase", "keys/issuing/keystore",
    "keys/issuing/passphrase", "keys/status/keystore", "keys/status/passphrase", "front/tls.key", "bootstrap.json",
    "db/paraph.db"};

/* As paraph init makes it. */
static uid_t
owner(const struct instance *i, int user)
{
	return user < 0 ? geteuid() : instance_uid(i, (enum instance_user)user);
}

err_t
layout_own(const struct instance *i, const char *name, int user, int group)
{
	char path[PATH_MAX];
	TRY(instance_path(i, name, path));
	if (geteuid() == 0 && lchown(path, owner(i, user), owner(i, group)) != 0)
		return err_errno("giving %s to its user", path);
	return OK;
}

static err_t
folder_make(const struct instance *i, const struct layout_folder *f)
{
	char path[PATH_MAX];
	TRY(instance_path(i, f->name, path));
	if (mkdir(path, 0700) != 0 && !(errno == EEXIST && f->name[0] == '\0'))
		return err_errno("making %s", path);
	TRY(layout_own(i, f->name, f->user, f->group));
	/* After the change of owner, which clears the set-group-id bit. */
	if (chmod(path, f->mode) != 0)
		return err_errno("setting the mode of %s", path);
	return OK;
}

err_t
layout_make(const struct instance *i)
{
	for (size_t k = 0; k < layout_folders_n; k++)
		TRY(folder_make(i, &layout_folders[k]));
	file_sync_dir_of(i->directory);
	return OK;
}

/* Whether an ordinary user made the instance: then all of it is his, whoever looks. Where root did, root has the folder itself,
 * and another user the root's keys. */
static bool
is_one_users(const struct instance *i, uid_t *ret_uid)
{
	char path[PATH_MAX];
	struct stat whole, keys;
	if (err_is(instance_path(i, "keys/root", path)) || stat(i->directory, &whole) != 0 || stat(path, &keys) != 0 ||
	    whole.st_uid == 0 || keys.st_uid != whole.st_uid)
		return false;
	*ret_uid = whole.st_uid;
	return true;
}

uid_t
layout_uid(const struct instance *i, int user)
{
	uid_t uid;
	if (is_one_users(i, &uid))
		return uid;
	return user < 0 ? 0 : (uid_t)(i->uid_base + user);
}

/* As the auditor's group may see it; NULL when that changes nothing. */
static const struct auditor_folder *
opened(const struct instance *i, const char *name, gid_t *ret_gid)
{
	uid_t uid;
	if (is_one_users(i, &uid) || !auditor_group(ret_gid))
		return NULL;
	for (size_t k = 0; k < auditor_folders_n; k++)
		if (strcmp(auditor_folders[k].name, name) == 0)
			return &auditor_folders[k];
	return NULL;
}

static err_t
opened_check(const char *path, const struct stat *st, const struct auditor_folder *f, gid_t gid)
{
	if (f == NULL || ((st->st_mode & 07777) == f->mode && st->st_gid == gid))
		return OK;
	return err_make(ERR_CONF, "%s has mode %04o and group %u, but for the group paraph-audit it must be %04o and %u: start the service "
	    "anew, which sets it", path, (unsigned)(st->st_mode & 07777), (unsigned)st->st_gid, (unsigned)f->mode, (unsigned)gid);
}

err_t
layout_check(const struct instance *i, const struct layout_folder *f)
{
	char path[PATH_MAX];
	struct stat st;
	gid_t gid = 0;
	const struct auditor_folder *open = opened(i, f->name, &gid);
	TRY(instance_path(i, f->name, path));
	if (lstat(path, &st) != 0)
		return err_make(ERR_CONF, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_make(ERR_CONF, "%s is not a folder", path);
	TRY(opened_check(path, &st, open, gid));
	if (open == NULL && (st.st_mode & 07777) != f->mode)
		return err_make(ERR_CONF, "%s has mode %04o: chmod %04o %s", path, (unsigned)(st.st_mode & 07777),
		    (unsigned)f->mode, path);
	uid_t uid = layout_uid(i, f->user);
	if (st.st_uid != uid)
		return err_make(ERR_CONF, "%s belongs to user %u: chown %u %s", path, (unsigned)st.st_uid, (unsigned)uid,
		    path);
	return OK;
}

err_t
layout_check_auditor(const struct instance *i)
{
	gid_t gid;
	uid_t uid;
	for (size_t k = 0; !is_one_users(i, &uid) && auditor_group(&gid) && k < auditor_folders_n; k++) {
		const struct layout_folder f = {auditor_folders[k].name, auditor_folders[k].mode, (int)auditor_folders[k].user, -1};
		TRY(layout_check(i, &f));
	}
	return OK;
}

err_t
layout_check_secrets(const struct instance *i)
{
	for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++) {
		char path[PATH_MAX];
		struct stat st;
		TRY(instance_path(i, secrets[k], path));
		if (lstat(path, &st) != 0) {
			if (errno == ENOENT) /* a passphrase may come from elsewhere; what else is missing shows otherwise */
				continue;
			return err_make(ERR_CONF, "%s: %s", path, strerror(errno));
		}
		if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
			return err_make(ERR_CONF, "%s has mode %04o: chmod go= %s", path, (unsigned)(st.st_mode & 07777), path);
	}
	return OK;
}
