#include "supervisor/sink.h"
#include "base/log.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { RETRY = 1024 * 1024 }; /* octets until the next try, when there was no new file */

static char path[PATH_MAX];
static off_t rotate_at = SINK_FILE_MAX;

static int
file_open(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

err_t
sink_open(const struct instance *instance)
{
	TRY(instance_path(instance, "log/paraph.log", path));
	AUTO_FD(fd) = file_open(path);
	if (fd < 0)
		return err_errno("opening the log %s", path);
	return dup2(fd, STDERR_FILENO) >= 0 ? OK : err_errno("the log as descriptor 2");
}

/* The name of the k-th file before this one; 0: of this one. */
static void
name_of(int k, char ret[PATH_MAX + 8])
{
	snprintf(ret, PATH_MAX + 8, k == 0 ? "%s" : "%s.%d", path, k);
}

/* paraph.log -> .1 -> .2 …, as far as the first free name; the oldest is overwritten when there is none. */
static bool
files_shift(void)
{
	char from[PATH_MAX + 8], to[PATH_MAX + 8];
	int last = 1;
	for (name_of(last, to); last < SINK_FILES_KEPT && access(to, F_OK) == 0; name_of(last, to))
		last++;
	for (int k = last - 1; k >= 0; k--) {
		name_of(k, from);
		name_of(k + 1, to);
		if (rename(from, to) != 0 && errno != ENOENT)
			return false;
	}
	return true;
}

/* The new file first: where there is none, the old ones stay where they are and the log goes on in its own. */
static void
rotate(off_t size)
{
	char fresh[PATH_MAX + 8];
	snprintf(fresh, sizeof fresh, "%s.new", path);
	AUTO_FD(fd) = file_open(fresh);
	bool moved = fd >= 0 && files_shift() && rename(fresh, path) == 0 && dup2(fd, STDERR_FILENO) >= 0;
	rotate_at = moved ? SINK_FILE_MAX : size + RETRY;
}

static void
line_copy(struct sink *s)
{
	struct stat st;
	for (size_t k = 0; k < s->n; k++)
		if ((unsigned char)s->line[k] < ' ' || s->line[k] == 0x7f)
			s->line[k] = ' ';
	s->line[s->n] = '\0';
	snprintf(s->last, sizeof s->last, "%.*s", (int)sizeof s->last - 1, s->line);
	if (s->line[0] == '{') {
		s->line[s->n] = '\n';
		ssize_t n = write(STDERR_FILENO, s->line, s->n + 1);
		(void)n; /* nobody is left to tell */
	} else if (s->n > 0) {
		log_event(LOG_NOTICE, "output", "of", s->name, "text", s->line, NULL);
	}
	s->n = 0;
	if (fstat(STDERR_FILENO, &st) == 0 && st.st_size > rotate_at)
		rotate(st.st_size);
}

static void
octet_take(struct sink *s, char c)
{
	if (c == '\n') {
		if (!s->skipping)
			line_copy(s);
		s->skipping = false;
	} else if (!s->skipping) {
		s->line[s->n++] = c;
		if (s->n == SINK_LINE_MAX - 1) {
			line_copy(s);
			s->skipping = true;
		}
	}
}

err_t
sink_pipe(struct sink *s, const char *name, int *ret_write_fd)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_errno("a pipe for the log");
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		err_t e = err_errno("a pipe for the log");
		close(fds[0]);
		close(fds[1]);
		return e;
	}
	*s = (struct sink){.fd = fds[0], .name = name};
	*ret_write_fd = fds[1];
	return OK;
}

bool
sink_read(struct sink *s)
{
	char octets[4096];
	/* A few pieces at a time, so that one chatty program does not keep the others waiting. */
	for (int k = 0; k < 16; k++) {
		ssize_t n = read(s->fd, octets, sizeof octets);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		for (ssize_t i = 0; i < n; i++)
			octet_take(s, octets[i]);
	}
	return true;
}

void
sink_close(struct sink *s)
{
	if (s->fd < 0)
		return;
	sink_read(s);
	if (s->n > 0)
		line_copy(s);
	close(s->fd);
	s->fd = -1;
}
