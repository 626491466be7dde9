#include "supervisor/sink.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char path[PATH_MAX];

/* Descriptor 2 becomes the file; the old one is let go. */
static err_t
file_open(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_errno("opening the log %s", path);
	bool moved = dup2(fd, STDERR_FILENO) >= 0;
	close(fd);
	return moved ? OK : err_errno("the log as descriptor 2");
}

err_t
sink_open(const struct instance *instance)
{
	TRY(instance_path(instance, "log/paraph.log", path));
	return file_open();
}

/* paraph.log -> .1 -> .2 …; the oldest is overwritten. */
static void
rotate(void)
{
	char from[PATH_MAX + 8], to[PATH_MAX + 8];
	for (int k = SINK_FILES_KEPT - 1; k >= 0; k--) {
		snprintf(to, sizeof to, "%s.%d", path, k + 1);
		snprintf(from, sizeof from, k == 0 ? "%s" : "%s.%d", path, k);
		rename(from, to);
	}
	err_ignore(file_open()); /* the old file stays descriptor 2: nothing is lost */
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
	if (fstat(STDERR_FILENO, &st) == 0 && st.st_size > SINK_FILE_MAX)
		rotate();
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
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
		return err_errno("a pipe for the log");
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
