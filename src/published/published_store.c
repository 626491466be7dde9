#include "published/published_store.h"

#include <errno.h>

/* Address space, not memory: room for some 400 million certificates. */
#define MAP_SIZE ((size_t)64 << 30)
enum { READERS_MAX = 126, TABLES = 2 };

err_t
published_store_error(int r, const char *what)
{
	if (r == ENOSPC || r == EDQUOT)
		return err_make(ERR_DISK_FULL, "%s: %s", what, mdb_strerror(r));
	return err_make(ERR_PUBLISHED, "%s: %s", what, mdb_strerror(r));
}

err_t
published_store_open(const char *directory, unsigned flags, MDB_env **ret_env)
{
	MDB_env *env;
	int r = mdb_env_create(&env);
	if (r != 0)
		return published_store_error(r, directory);
	if ((r = mdb_env_set_mapsize(env, MAP_SIZE)) != 0 || (r = mdb_env_set_maxdbs(env, TABLES)) != 0 ||
	    (r = mdb_env_set_maxreaders(env, READERS_MAX)) != 0 ||
	    (r = mdb_env_open(env, directory, flags | MDB_NOTLS, 0660)) != 0) {
		mdb_env_close(env);
		return published_store_error(r, directory);
	}
	*ret_env = env;
	return OK;
}
