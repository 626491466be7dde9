/*
 * Files that survive a power cut. A failed fsync aborts the process and is never retried: the kernel may already have
 * dropped the pages. A file is replaced by write, fsync, rename, fsync of the directory, here and nowhere else; only
 * a download of `paraph`, which can be fetched again, is renamed without fsync (cli/http.c).
 */
#ifndef PARAPH_OS_FILE_H
#define PARAPH_OS_FILE_H

#include "base/buf.h"
#include <sys/types.h>

/* Closes the descriptor at the end of the block: AUTO_FD(fd) = open(…). */
void file_close(int *fd);
#define AUTO_FD(name) __attribute__((cleanup(file_close))) int name

/* Writes all of it at the current place; ERR_DISK_FULL or ERR_IO. */
err_t file_write(int fd, struct bytes data);
/* Reads exactly n octets at a place; ERR_IO when the file ends before. */
err_t file_pread(int fd, uint64_t at, size_t n, uint8_t *ret);
err_t file_size(int fd, uint64_t *ret_size);

/* Appends the whole content of an open or named file to b, within b's cap. */
err_t file_read(int fd, struct buf *b);
err_t file_read_path(const char *path, struct buf *b);

/* Whether this is a file (no folder, no device) that this process may read; ERR_NO_INPUT says why not. Opens and closes it. */
err_t file_check_input(const char *path);

/* fsync, fdatasync; abort on failure. */
void file_sync(int fd);
void file_sync_data(int fd);
/* fsync of the directory that holds path. */
void file_sync_dir_of(const char *path);

/* Replaces (or makes) path with mode, durably and all or nothing. */
err_t file_replace(const char *path, struct bytes data, mode_t mode);

/* mkdir -p for the last component only; an existing directory is fine and keeps its mode. */
err_t file_mkdir(const char *path, mode_t mode);

/* Appends octets from..to of one file to another inside the kernel where it can (copy_file_range), else by copying. */
err_t file_copy(int from_fd, uint64_t from, uint64_t to, int to_fd);

#endif
