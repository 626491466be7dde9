#include "supervisor/supervisor.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/time.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/signal.h"
#include "os/socket.h"
#include "supervisor/child.h"
#include "supervisor/front.h"
#include "supervisor/notify.h"
#include "wire/channel.h"
#include "wire/table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	FAILURES_AT_START = 3, /* a program that never became ready is started so often, then the whole start fails */
	PLAN_KEY_OCTETS = 32,
};

#define TICK_US (20 * INT64_C(1000))
#define STOP_US (10 * TIME_SECOND) /* patience with one step of stopping */
#define ACCESS_LOG_MAX ((off_t)64 * 1024 * 1024)
#define ROTATE_US (60 * TIME_SECOND)

static struct {
	const struct instance *instance;
	struct loop *loop;
	struct roster roster;
	struct child children[ROSTER_PROGRAMS_MAX];
	char paths[ROSTER_PROGRAMS_MAX][PATH_MAX];
	int waiting[ROSTER_CHANNELS_MAX][2]; /* an end for a program that does not run yet; -1 */
	int signal_fd;
	int plan_key_fd; /* PLAN_KEY_OCTETS random ones; -1 */
	bool announced;
	bool stopping;
	unsigned stop_step;
	int64_t stop_until_us;
	err_t failure;
	char failure_detail[1024];
} self = {.signal_fd = -1, .plan_key_fd = -1};

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static size_t
index_of(const struct child *c)
{
	return (size_t)(c - self.children);
}

/* ---- stopping ---- */

static void
step_signal(int signal)
{
	for (size_t k = 0; k < self.roster.programs_n; k++)
		if (self.children[k].pid != 0 && self.roster.programs[k].stop_step <= self.stop_step)
			kill(self.children[k].pid, signal);
}

static void
stop_begin(void)
{
	if (self.stopping)
		return;
	self.stopping = true;
	notify_send("STOPPING=1");
	log_event(LOG_INFO, "stopping", NULL);
	for (size_t k = 0; k < self.roster.programs_n; k++)
		self.children[k].stopping = true;
	self.stop_step = 0;
	self.stop_until_us = clock_monotonic() + STOP_US;
	step_signal(SIGTERM);
}

static bool
step_is_over(void)
{
	for (size_t k = 0; k < self.roster.programs_n; k++)
		if (self.children[k].pid != 0 && self.roster.programs[k].stop_step <= self.stop_step)
			return false;
	return true;
}

/* The front first, so that nothing new comes in; keys and document last, because core may still need them. */
static void
stop_go_on(void)
{
	while (step_is_over()) {
		if (++self.stop_step == ROSTER_STOP_STEPS) {
			loop_stop(self.loop);
			return;
		}
		self.stop_until_us = clock_monotonic() + STOP_US;
		step_signal(SIGTERM);
	}
	if (clock_monotonic() > self.stop_until_us) {
		log_event(LOG_WARNING, "program-killed", "why", "it did not end in time", NULL);
		step_signal(SIGKILL);
		self.stop_until_us = clock_monotonic() + STOP_US;
	}
}

static void
fail(err_t e)
{
	if (err_is(self.failure))
		return;
	self.failure = e;
	snprintf(self.failure_detail, sizeof self.failure_detail, "%s", err_detail());
	stop_begin();
}

/* ---- channels ---- */

/* Sends a running program its new end of a channel. */
static err_t
end_send(const struct child *c, const char *name, int fd)
{
	paraph_Control *m = message_new(&message_control);
	m->which_body = paraph_Control_channel_tag;
	snprintf(m->body.channel.name, sizeof m->body.channel.name, "%s", name);
	err_t e = channel_send(c->control_fd, &message_control, m, &fd, 1);
	message_free(&message_control, m);
	return e;
}

/* The end of channel k for side s: the one that waits for it, or of a new pair whose other end goes to the peer. */
static err_t
end_take(size_t k, size_t s, int *ret_fd)
{
	const struct roster_channel *channel = &self.roster.channels[k];
	struct child *peer = &self.children[channel->ends[1 - s]];
	int fds[2];
	if (self.waiting[k][s] >= 0) {
		*ret_fd = self.waiting[k][s];
		self.waiting[k][s] = -1;
		return OK;
	}
	TRY(socket_pair(fds));
	if (peer->pid == 0) {
		fd_close(&self.waiting[k][1 - s]);
		self.waiting[k][1 - s] = fds[1];
		*ret_fd = fds[0];
		return OK;
	}
	err_t e = end_send(peer, channel->name, fds[1]);
	close(fds[1]);
	if (err_is(e))
		close(fds[0]);
	else
		*ret_fd = fds[0];
	return e;
}

/* A program ended: the ends that wait for others lead to nobody now. */
static void
ends_forget(size_t program)
{
	for (size_t k = 0; k < self.roster.channels_n; k++)
		for (size_t s = 0; s < 2; s++)
			if (self.roster.channels[k].ends[s] == program) {
				fd_close(&self.waiting[k][s]);
				fd_close(&self.waiting[k][1 - s]);
			}
}

/* ---- programs ---- */

static void
ready_try(void)
{
	if (self.announced || self.stopping)
		return;
	for (size_t k = 0; k < self.roster.programs_n; k++)
		if (!self.children[k].ready)
			return;
	if (!front_answers(self.instance, self.children[self.roster.programs_n - 1].pid))
		return;
	self.announced = true;
	notify_send("READY=1");
	log_event(LOG_INFO, "ready", "programs", "all", NULL);
	char line[PATH_MAX + 1024], directory[PATH_MAX];
	snprintf(directory, sizeof directory, "%s", self.instance->directory);
	str_mend(directory);
	int n = snprintf(line, sizeof line,
	    "{\"event\":\"ready\",\"instance\":\"%s\",\"site\":\"%s\",\"base\":\"%s\",\"pid\":%d}\n",
	    directory, self.instance->site_url, self.instance->base_url, (int)getpid());
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		log_event(LOG_INFO, "nobody-reads-stdout", NULL);
}

static void
control_lost(struct child *c)
{
	if (c->control_fd < 0)
		return;
	loop_remove(self.loop, c->control_fd);
	fd_close(&c->control_fd);
}

/* Core cannot write the status store because a reader holds its lock: only a status process that was taken over does
 * that. */
static void
readers_restart(void)
{
	log_security("status-store-locked", "core cannot publish: the status processes are started anew");
	for (size_t k = 0; k < self.roster.programs_n; k++)
		if (self.roster.programs[k].user == INSTANCE_USER_STATUS && self.children[k].pid != 0)
			kill(self.children[k].pid, SIGKILL);
}

static err_t
message_take(struct child *c, const paraph_Control *m)
{
	TRY(table_check(&table_control_supervisor, m));
	if (m->which_body == paraph_Control_outcome_tag && c->program->user != INSTANCE_USER_CORE)
		return err_make(ERR_WIRE_TABLE, "%s may not ask for a restart of others", c->program->name);
	if (m->which_body == paraph_Control_outcome_tag) {
		readers_restart();
	} else if (!c->ready) {
		c->ready = true;
		log_event(LOG_INFO, "program-ready", "of", c->program->name, NULL);
		ready_try();
	}
	return OK;
}

/* A program may say that it is ready, and core that it cannot publish. */
static void
control_read(void *arg, uint32_t events)
{
	struct child *c = arg;
	(void)events;
	paraph_Control *m = message_new(&message_control);
	int fds[LIMIT_WIRE_FDS];
	bool got;
	err_t e = channel_receive(c->control_fd, &message_control, false, m, fds, &got);
	if (!err_is(e) && got) {
		channel_close_fds(fds);
		e = message_take(c, m);
	}
	if (err_is(e)) { /* it ended, or it is not one of ours any more: either way it goes */
		if (e.code != ERR_PEER_GONE && c->pid != 0)
			kill(c->pid, SIGKILL);
		control_lost(c);
	}
	message_free(&message_control, m);
}

static void
log_read(void *arg, uint32_t events)
{
	struct child *c = arg;
	(void)events;
	if (!sink_read(&c->sink))
		loop_remove(self.loop, c->sink.fd);
}

/* Control channel, channels, socket: what the program is started with. Those opened here are closed by the caller. */
static err_t
descriptors_make(struct child *c, struct child_fd *fds, size_t *n)
{
	int pair[2];
	size_t program = index_of(c);
	TRY(socket_pair(pair));
	c->control_fd = pair[0];
	fds[(*n)++] = (struct child_fd){"control", pair[1]};
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0)
		return err_errno("control channel");
	for (size_t k = 0; k < self.roster.channels_n; k++)
		for (size_t s = 0; s < 2; s++)
			if (self.roster.channels[k].ends[s] == program) {
				TRY(end_take(k, s, &fds[*n].fd));
				fds[(*n)++].name = self.roster.channels[k].name;
			}
	return OK;
}

static err_t
program_start(struct child *c)
{
	struct child_fd fds[CHILD_DESCRIPTORS_MAX];
	size_t n = 0;
	err_t e = OK;
	if (!c->program->front)
		e = descriptors_make(c, fds, &n);
	size_t own = n;
	if (c->listen_fd >= 0)
		fds[n++] = (struct child_fd){"fcgi", c->listen_fd};
	if (c->program->plan_key)
		fds[n++] = (struct child_fd){"plan-key", self.plan_key_fd};
	if (!err_is(e))
		e = child_start(c, self.instance, self.paths[index_of(c)], fds, n);
	for (size_t k = 0; k < own; k++)
		close(fds[k].fd);
	if (err_is(e)) {
		fd_close(&c->control_fd); /* of a program that does not run */
		return e;
	}
	log_event(LOG_INFO, "program-started", "of", c->program->name, NULL);
	if (c->control_fd >= 0)
		TRY(loop_add(self.loop, c->control_fd, EPOLLIN, control_read, c));
	return loop_add(self.loop, c->sink.fd, EPOLLIN, log_read, c);
}

/* What a program said last, for people: the detail of a log line, or the line. */
static struct str
last_word(const struct child *c)
{
	static const char mark[] = "\"detail\":\"";
	const char *detail = strstr(c->sink.last, mark);
	if (detail == NULL)
		return str_c(c->sink.last);
	detail += sizeof mark - 1;
	const char *end = strstr(detail, "\",\"");
	return (struct str){detail, end == NULL ? strlen(detail) : (size_t)(end - detail)};
}

/* A program that never got ready will not by being started for ever: say why instead. */
static void
start_failed(const struct child *c)
{
	struct str word = last_word(c);
	fail(
	    err_make(ERR_START, "%s does not start%s%.*s", c->program->binary, word.n == 0 ? "" : ": ", STR_ARG(word)));
}

static void
program_ended(struct child *c, int status)
{
	bool was_ready = c->ready && !c->program->front;
	if (c->control_fd >= 0)
		loop_remove(self.loop, c->control_fd);
	loop_remove(self.loop, c->sink.fd);
	child_ended(c, status);
	ends_forget(index_of(c));
	if (!was_ready && !self.announced && c->failures >= FAILURES_AT_START)
		start_failed(c);
}

static void
children_reap(void)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t k = 0; k < self.roster.programs_n; k++)
			if (self.children[k].pid == pid)
				program_ended(&self.children[k], status);
}

static void
signal_read(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	for (int s; (s = signal_next(self.signal_fd)) != 0;) {
		if (s == SIGCHLD)
			children_reap();
		else
			stop_begin();
	}
}

static void
due_start(void)
{
	int64_t now = clock_monotonic();
	for (size_t k = 0; k < self.roster.programs_n && !self.stopping; k++) {
		struct child *c = &self.children[k];
		if (c->pid != 0 || now < c->start_due_us)
			continue;
		err_t e = program_start(c);
		if (err_is(e) && c->pid == 0) {
			c->start_due_us = now + TIME_SECOND;
			log_error(e, "start-failed");
		}
	}
}

/* nginx writes its own access log; it opens a new one when told to. */
static void
access_log_rotate(void *arg)
{
	(void)arg;
	char path[PATH_MAX], old[PATH_MAX + 8];
	struct stat st;
	const struct child *front = &self.children[self.roster.programs_n - 1];
	if (err_is(instance_path(self.instance, "front/log/access.log", path)) || lstat(path, &st) != 0 ||
	    st.st_size < ACCESS_LOG_MAX || front->pid == 0)
		return;
	snprintf(old, sizeof old, "%s.1", path);
	if (rename(path, old) == 0)
		kill(front->pid, SIGUSR1);
}

static void
tick(void *arg)
{
	(void)arg;
	if (self.stopping) {
		stop_go_on();
		return;
	}
	due_start();
	ready_try();
}

/* ---- start ---- */

static err_t
sockets_make(struct child *c)
{
	char path[PATH_MAX], name[64];
	c->listen_fd = -1;
	if (c->program->socket[0] == '\0')
		return OK;
	snprintf(name, sizeof name, "run/%s", c->program->socket);
	TRY(instance_path(self.instance, name, path));
	TRY(socket_listen(path, 0660, &c->listen_fd));
	if (geteuid() == 0 && chown(path, 0, (gid_t)instance_uid(self.instance, INSTANCE_USER_FRONT)) != 0)
		return err_errno("owner of %s", path);
	return OK;
}

static void
sockets_remove(void)
{
	for (size_t k = 0; k < self.roster.programs_n; k++) {
		char path[PATH_MAX], name[64];
		fd_close(&self.children[k].listen_fd);
		snprintf(name, sizeof name, "run/%s", self.roster.programs[k].socket);
		if (self.roster.programs[k].socket[0] != '\0' && !err_is(instance_path(self.instance, name, path)))
			unlink(path);
	}
}

static err_t
children_make(void)
{
	for (size_t k = 0; k < self.roster.programs_n; k++) {
		struct child *c = &self.children[k];
		const struct roster_program *p = &self.roster.programs[k];
		*c = (struct child){.program = p, .control_fd = -1, .listen_fd = -1, .sink = {.fd = -1}};
		TRY(p->front ? front_find(self.paths[k]) : process_find(p->binary, self.paths[k]));
		TRY(sockets_make(c));
	}
	return OK;
}

/* What document and keys share past core: with it the one vouches to the other for a plan. It lives as long as paraphd. */
static err_t
plan_key_make(void)
{
	uint8_t key[PLAN_KEY_OCTETS];
	self.plan_key_fd = memfd_create("plan-key", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (self.plan_key_fd < 0)
		return err_errno("plan-key");
	rand_fill(key, sizeof key);
	err_t e = file_write(self.plan_key_fd, BYTES_OF(key));
	secret_wipe(key, sizeof key);
	TRY(e);
	if (fcntl(self.plan_key_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return err_errno("plan-key");
	return OK;
}

static err_t
everything_start(void)
{
	memset(self.waiting, 0xff, sizeof self.waiting); /* all -1 */
	TRY(loop_add(self.loop, self.signal_fd, EPOLLIN, signal_read, NULL));
	TRY(loop_every(self.loop, TICK_US, tick, NULL));
	TRY(loop_every(self.loop, ROTATE_US, access_log_rotate, NULL));
	for (size_t k = 0; k < self.roster.programs_n; k++)
		TRY(program_start(&self.children[k]));
	return OK;
}

err_t
supervisor_run(const struct instance *instance)
{
	self.instance = instance;
	self.loop = loop_new();
	roster_make(instance, &self.roster);
	TRY(signal_open(true, &self.signal_fd));
	TRY(front_write(instance, self.roster.status_n));
	TRY(plan_key_make());
	err_t e = children_make();
	if (!err_is(e)) {
		e = everything_start();
		if (err_is(e))
			fail(e);
		e = loop_run(self.loop);
	}
	sockets_remove();
	fd_close(&self.plan_key_fd);
	loop_free(self.loop);
	TRY(e);
	log_event(LOG_INFO, "stopped", NULL);
	return err_is(self.failure) ? err_import(self.failure.code, self.failure_detail) : OK;
}
