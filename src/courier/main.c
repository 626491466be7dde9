/* paraph-courier: see README.md beside this file. Started by paraphd. */
#include "base/log.h"
#include "base/time.h"
#include "courier/delivery.h"
#include "courier/egress.h"
#include "courier/line.h"
#include "courier/page.h"
#include "courier/queue.h"
#include "os/attempt.h"
#include "os/jail.h"
#include "os/process.h"
#include "os/signal.h"
#include "wire/channel.h"

#include <malloc.h>
#include <sys/stat.h>

#define QUEUE_TICK_US (TIME_SECOND / 2)

static struct instance instance;
static struct loop *loop;
static struct delivery *delivery;
static struct queue *queue;
static struct line from_keys = {.table = &table_keys_courier, .fd = -1};
static struct line from_core = {.table = &table_core_courier, .fd = -1};
static int control_fd = -1, fcgi_fd = -1, signal_fd = -1, keys_fd = -1, core_fd = -1;

/* ---- control ---- */

static err_t
channel_take(const char *name, int fd)
{
	if (strcmp(name, "keys-courier") == 0)
		return line_connect(&from_keys, fd);
	if (strcmp(name, "core-courier") == 0)
		return line_connect(&from_core, fd);
	close(fd);
	return err_make(ERR_WIRE_TABLE, "a channel %s is not ours", name);
}

static void
control_read(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	paraph_Control *m = message_new(&message_control);
	err_t e = channel_receive(control_fd, &message_control, false, m, fds, &got);
	if (!err_is(e) && got)
		e = table_check(&table_control, m);
	if (!err_is(e) && got && m->which_body == paraph_Control_channel_tag && fds[0] >= 0) {
		e = channel_take(m->body.channel.name, fds[0]);
		fds[0] = -1;
	}
	channel_close_fds(fds);
	message_free(&message_control, m);
	if (err_is(e)) {
		if (e.code != ERR_PEER_GONE)
			log_error(e, "control");
		loop_stop(loop);
	}
}

static void
signal_read(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	if (signal_next(signal_fd) != 0)
		loop_stop(loop);
}

static void
queue_tick(void *arg)
{
	(void)arg;
	line_queue_run(queue, delivery);
}

static err_t
ready_send(void)
{
	paraph_Control *m = message_new(&message_control);
	m->which_body = paraph_Control_ready_tag;
	err_t e = channel_send(control_fd, &message_control, m, NULL, 0);
	message_free(&message_control, m);
	return e;
}

/* ---- start ---- */

static err_t
settings_read(int argc, char **argv)
{
	char path[PATH_MAX];
	const char *directory = process_argument(argc, argv, "instance");
	if (directory == NULL)
		return err_make(ERR_CONF, "this program is started by paraphd");
	TRY(instance_read(directory, &instance));
	log_init("paraph-courier", instance_log_level(&instance));
	TRY(instance_path(&instance, "courier", path));
	TRY(queue_open(path, &queue));
	if (delivery_leaves(&instance))
		TRY(egress_init());
	return delivery_new(&instance, loop, &delivery);
}

static err_t
descriptors_read(int argc, char **argv)
{
	TRY(process_fd(argc, argv, "control", &control_fd));
	TRY(process_fd(argc, argv, "keys-courier", &keys_fd));
	TRY(process_fd(argc, argv, "core-courier", &core_fd));
	return process_fd(argc, argv, "fcgi", &fcgi_fd);
}

/* Its queue; and, only where something really leaves, the internet and what resolving names and judging TLS servers need. */
static err_t
jail(void)
{
	static char own[PATH_MAX];
	static const char *const internet[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
	    "/etc/services", "/etc/ssl", "/usr/share/ca-certificates", "/run/systemd/resolve"};
	struct jail_path paths[16];
	struct stat st;
	size_t n = 0;
	bool leaves = delivery_leaves(&instance);
	TRY(instance_path(&instance, "courier", own));
	paths[n++] = (struct jail_path){own, JAIL_READ | JAIL_WRITE};
	for (size_t k = 0; leaves && k < sizeof internet / sizeof internet[0]; k++)
		if (stat(internet[k], &st) == 0)
			paths[n++] = (struct jail_path){internet[k], JAIL_READ};
	const struct jail j = {
	    .program = "paraph-courier",
	    .paths = paths,
	    .paths_n = n,
	    .extra = JAIL_ACCEPT | JAIL_FILES | (leaves ? JAIL_INTERNET : 0u),
	};
	return jail_enter(&j);
}

static err_t
serve(void)
{
	delivery_start(delivery);
	from_keys.loop = from_core.loop = loop;
	from_keys.delivery = from_core.delivery = delivery;
	from_core.queue = queue;
	TRY(loop_add(loop, signal_fd, EPOLLIN, signal_read, NULL));
	TRY(loop_add(loop, control_fd, EPOLLIN, control_read, NULL));
	TRY(loop_every(loop, QUEUE_TICK_US, queue_tick, NULL));
	TRY(line_connect(&from_keys, keys_fd));
	TRY(line_connect(&from_core, core_fd));
	TRY(page_open(loop, fcgi_fd, delivery_catcher(delivery)));
	log_event(LOG_INFO, "ready", NULL);
	TRY(ready_send());
	return loop_run(loop);
}

static err_t
run(int argc, char **argv, int *ret_attempt)
{
	const char *act = attempt_wanted(argc, argv);
	loop = loop_new();
	TRY(settings_read(argc, argv));
	if (act == NULL)
		TRY(descriptors_read(argc, argv));
	TRY(signal_open(false, &signal_fd));
	TRY(jail());
	if (act == NULL)
		return serve();
	*ret_attempt = attempt_main(act);
	return OK;
}

int
main(int argc, char **argv)
{
	int attempt = 0;
	process_harden();
	mallopt(M_PERTURB, 0xa5); /* freed memory is overwritten, libcurl's too: codes pass through here */
	log_init("paraph-courier", LOG_INFO);
	err_t e = run(argc, argv, &attempt);
	if (err_is(e))
		log_error(e, "stopped");
	return err_is(e) ? 1 : attempt;
}
