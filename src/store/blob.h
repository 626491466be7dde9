/*
 * Blobs: documents, plans and proofs as files under random names in DIR, made once and never changed. A new
 * blob is a file in DIR/new until it is kept; whatever is left there at start is removed. Other programs read and write
 * blobs only through descriptors. Any thread; a struct blob_new belongs to one thread at a time.
 */
#ifndef PARAPH_STORE_BLOB_H
#define PARAPH_STORE_BLOB_H

#include "base/buf.h"
#include "base/digest.h"

enum { BLOB_NAME_LEN = 32 }; /* hex characters */

struct blob_name {
	char text[BLOB_NAME_LEN + 1];
};

struct blob_dir;

/* Opens (or makes) DIR and DIR/new and removes what a crash left in the latter. */
err_t blob_open(const char *dir, struct blob_dir **ret_dir);
void blob_close(struct blob_dir *dir); /* accepts NULL */

/* A blob that is being made. fd is open for reading and writing. */
struct blob_new {
	struct blob_dir *dir;
	struct blob_name name;
	int fd; /* -1: nothing */
	bool kept;
};

err_t blob_new(struct blob_dir *dir, struct blob_new *ret_new);
/* The same for a file that another program writes: through this descriptor octets can only be appended. */
err_t blob_new_append(struct blob_dir *dir, struct blob_new *ret_new);
/* What another program appends and nobody keeps: in memory only, gone with its last descriptor. It can only grow. */
err_t blob_scratch(struct blob_new *ret_new);
/* A second descriptor of it that cannot write, for programs that may only read. */
err_t blob_new_read(const struct blob_new *new, int *ret_fd);
/* Makes it last (fsync, rename, fsync of the directory); from then on it is found under its name. The descriptor stays
 * open until blob_drop. */
err_t blob_keep(struct blob_new *new);
/* Closes it, and removes it unless it was kept. Accepts what was never opened (fd -1). */
void blob_drop(struct blob_new *new);
#define AUTO_BLOB(name) __attribute__((cleanup(blob_drop))) struct blob_new name = {.fd = -1}

/* A kept blob, read-only. ERR_NOT_FOUND. */
err_t blob_get(struct blob_dir *dir, struct str name, int *ret_fd);
/* Its whole content, within b's cap. */
err_t blob_read(struct blob_dir *dir, struct str name, struct buf *b);
/* Hard-links a kept blob to path, which must be on the same file system. */
err_t blob_link(struct blob_dir *dir, struct str name, const char *path);
/* Removes a kept blob; one that is gone is fine. */
err_t blob_remove(struct blob_dir *dir, struct str name);

/* SHA-256 and length of a whole open file. */
err_t blob_digest(int fd, uint8_t ret_sha256[DIGEST_SHA256_LEN], uint64_t *ret_len);

/* Calls f for each kept blob older than age_s seconds, so that one without a record can be removed. */
err_t blob_each(struct blob_dir *dir, int64_t age_s, err_t (*f)(void *arg, struct str name), void *arg);

#endif
