/*
 * paraph-document: the parent. It opens the fonts, enters its jail and then forks a child for each document; it never
 * reads one itself. Descriptors: core-document (Open with the child's socket), control (from paraphd), plan-key
 * (the key that keys has too).
 */
#include "base/digest.h"
#include "base/log.h"
#include "document/check_prime.h"
#include "document/child.h"
#include "os/attempt.h"
#include "os/file.h"
#include "os/jail.h"
#include "os/loop.h"
#include "os/process.h"
#include "os/signal.h"
#include "os/socket.h"
#include "wire/channel.h"
#include "wire/table.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { CHILDREN_MAX = 64 };

struct parent {
	struct loop *loop;
	struct child_kit kit;
	int core, control, signals;
	unsigned children;
};

/* ---- children ---- */

/* The child keeps only its socket: not the parent's channels, and no blocked signals. */
static void
become_child(struct parent *p, int socket)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(p->core);
	close(p->control);
	close(p->signals);
	child_run(socket, &p->kit);
}

static err_t
open_document(struct parent *p, int socket)
{
	if (p->children >= CHILDREN_MAX)
		return err_make(ERR_DEADLINE, "%u documents are being read already", p->children);
	pid_t pid = fork();
	if (pid < 0)
		return err_errno("fork");
	if (pid == 0)
		become_child(p, socket);
	p->children++;
	return OK;
}

static void
reap(struct parent *p)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		p->children--;
		if (WIFSIGNALED(status)) {
			char what[64];
			snprintf(what, sizeof what, "signal %d", WTERMSIG(status));
			log_event(LOG_WARNING, "document-child-died", "of", what, NULL);
		}
	}
}

/* ---- what comes in ---- */

static void
on_signal(void *arg, uint32_t events)
{
	struct parent *p = arg;
	(void)events;
	for (int n = signal_next(p->signals); n != 0; n = signal_next(p->signals)) {
		if (n == SIGCHLD)
			reap(p);
		else
			loop_stop(p->loop);
	}
}

static err_t
answer_core(struct parent *p, paraph_Document *m, int fds[LIMIT_WIRE_FDS])
{
	TRY(table_check(&table_core_document, m));
	if (m->which_body == paraph_Document_health_tag)
		return channel_send_outcome(p->core, &message_document, m->id, OK);
	if (fds[0] < 0)
		return err_make(ERR_WIRE, "Open came without a socket");
	err_t e = open_document(p, fds[0]);
	/* core waits on the other end of the socket: there it hears why. */
	if (err_is(e))
		err_ignore(channel_send_outcome(fds[0], &message_document, m->id, e));
	return OK;
}

static void
core_lost(struct parent *p, err_t e)
{
	if (e.code != ERR_PEER_GONE)
		log_error(e, "core-document");
	loop_remove(p->loop, p->core);
	close(p->core);
	p->core = -1; /* until paraphd brings a new one */
}

static void
on_core(void *arg, uint32_t events)
{
	struct parent *p = arg;
	paraph_Document *m = message_new(&message_document);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)events;
	err_t e = channel_receive(p->core, &message_document, false, m, fds, &got);
	if (!err_is(e) && got)
		e = answer_core(p, m, fds);
	channel_close_fds(fds);
	message_free(&message_document, m);
	if (err_is(e))
		core_lost(p, e);
}

static void
take_channel(struct parent *p, const paraph_ControlChannel *channel, int fds[LIMIT_WIRE_FDS])
{
	if (strcmp(channel->name, "core-document") != 0 || fds[0] < 0)
		return;
	if (p->core >= 0)
		core_lost(p, (err_t){ERR_PEER_GONE});
	p->core = fds[0];
	fds[0] = -1;
	err_t e = loop_add(p->loop, p->core, EPOLLIN, on_core, p);
	if (err_is(e))
		log_error(e, "core-document");
}

static void
on_control(void *arg, uint32_t events)
{
	struct parent *p = arg;
	paraph_Control *m = message_new(&message_control);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)events;
	err_t e = channel_receive(p->control, &message_control, false, m, fds, &got);
	if (!err_is(e) && got)
		e = table_check(&table_control, m);
	if (!err_is(e) && got && m->which_body == paraph_Control_channel_tag)
		take_channel(p, &m->body.channel, fds);
	channel_close_fds(fds);
	message_free(&message_control, m);
	if (err_is(e)) /* without paraphd there is nobody to work for */
		loop_stop(p->loop);
}

/* ---- start ---- */

static err_t
tell_ready(const struct parent *p)
{
	paraph_Control *m = message_new(&message_control);
	m->which_body = paraph_Control_ready_tag;
	err_t e = channel_send(p->control, &message_control, m, NULL, 0);
	message_free(&message_control, m);
	log_event(LOG_INFO, "ready", NULL);
	return e;
}

/* What libraries load or build at first use must be there before the jail, and is then shared by all children. */
static err_t
warm_up(struct parent *p, const char *instance)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	char folder[PATH_MAX];
	digest_sha256(bytes("", 0), digest);
	if (instance != NULL && snprintf(folder, sizeof folder, "%s/public", instance) < (int)sizeof folder) {
		err_t e = check_prime(folder);
		if (err_is(e))
			log_error(e, "prime"); /* only slower */
	}
	return typeface_open_all(&p->kit.faces);
}

/* Without it plans are made that keys does not take. */
static err_t
plan_key_read(int argc, char **argv, struct parent *p)
{
	int fd;
	if (process_argument(argc, argv, "plan-key") == NULL)
		return OK;
	TRY(process_fd(argc, argv, "plan-key", &fd));
	err_t e = file_pread(fd, 0, sizeof p->kit.plan_key, p->kit.plan_key);
	close(fd);
	return e;
}

static err_t
open_channels(int argc, char **argv, struct parent *p)
{
	TRY(process_fd(argc, argv, "core-document", &p->core));
	TRY(plan_key_read(argc, argv, p));
	TRY(process_fd(argc, argv, "control", &p->control));
	TRY(loop_add(p->loop, p->core, EPOLLIN, on_core, p));
	return loop_add(p->loop, p->control, EPOLLIN, on_control, p);
}

static err_t
open_all(int argc, char **argv, struct parent *p)
{
	TRY(signal_open(true, &p->signals));
	p->loop = loop_new();
	TRY(loop_add(p->loop, p->signals, EPOLLIN, on_signal, p));
	/* A trial of the jail needs nobody to talk to. */
	if (attempt_wanted(argc, argv) == NULL)
		TRY(open_channels(argc, argv, p));
	return warm_up(p, process_argument(argc, argv, "instance"));
}

#ifdef PARAPH_FAULT_HOOKS
/* A trial of the jail (os/attempt.h): in the parent, or in a child that was asked to read an empty document. */
static err_t
trial(struct parent *p, const char *act, const char *stage, int *ret_status)
{
	int pair[2], status = 0;
	if (stage != NULL && strcmp(stage, "parent") == 0) {
		*ret_status = attempt_main(act);
		return OK;
	}
	TRY(socket_pair(pair));
	AUTO_FD(ours) = pair[0];
	AUTO_FD(file) = memfd_create("empty", MFD_CLOEXEC);
	paraph_Document *m = message_new(&message_document);
	m->which_body = paraph_Document_prepare_tag;
	m->body.prepare.inspect_only = true;
	err_t e = channel_send(ours, &message_document, m, &file, 1);
	message_free(&message_document, m);
	if (!err_is(e))
		e = open_document(p, pair[1]);
	close(pair[1]);
	TRY(e);
	if (waitpid(-1, &status, 0) < 0)
		return err_errno("the child of the trial");
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
	return OK;
}
#endif

static err_t
run(int argc, char **argv, int *ret_status)
{
	struct parent p = {.core = -1, .control = -1, .signals = -1};
	TRY(open_all(argc, argv, &p));
	TRY(jail_tighten_prepare());
	TRY(jail_enter(&(struct jail){.program = "paraph-document", .extra = JAIL_FORK, .files = 256}));
#ifdef PARAPH_FAULT_HOOKS
	if (attempt_wanted(argc, argv) != NULL)
		return trial(&p, attempt_wanted(argc, argv), process_argument(argc, argv, "stage"), ret_status);
#endif
	TRY(tell_ready(&p));
	TRY(loop_run(p.loop));
	typeface_close_all(p.kit.faces);
	loop_free(p.loop);
	*ret_status = 0;
	return OK;
}

int
main(int argc, char **argv)
{
	int status = 1;
	process_harden();
	log_init("paraph-document", LOG_INFO);
	err_t e = run(argc, argv, &status);
	if (err_is(e))
		log_error(e, "start");
	return status;
}
