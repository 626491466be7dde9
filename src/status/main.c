/* paraph-status: see README.md beside this file. Started by paraphd. */
#include "base/log.h"
#include "os/attempt.h"
#include "os/clock.h"
#include "os/instance.h"
#include "os/jail.h"
#include "os/process.h"
#include "os/signal.h"
#include "pki/profile.h"
#include "status/colleague.h"
#include "status/visit.h"
#include "wire/channel.h"
#include "wire/table.h"

#include <poll.h>

static struct instance instance;
static struct status status = {.core_fd = -1, .control_fd = -1};
static char core_channel[32], keys_channel[32];
static int fcgi_fd = -1, signal_fd = -1, core_fd = -1, keys_fd = -1;

/* ---- control ---- */

static err_t
channel_take(const char *name, int fd)
{
	if (strcmp(name, core_channel) == 0)
		return colleague_connect(&status, fd);
	if (strcmp(name, keys_channel) == 0)
		return asker_connect(status.asker, fd);
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
	err_t e = channel_receive(status.control_fd, &message_control, false, m, fds, &got);
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
		loop_stop(status.loop); /* without a supervisor there is nobody to serve for */
	}
}

static void
signal_read(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	if (signal_next(signal_fd) != 0)
		loop_stop(status.loop);
}

static err_t
ready_send(void)
{
	paraph_Control *m = message_new(&message_control);
	m->which_body = paraph_Control_ready_tag;
	err_t e = channel_send(status.control_fd, &message_control, m, NULL, 0);
	message_free(&message_control, m);
	return e;
}

/* ---- start ---- */

/* The store is made by core at its first start, which may be this very moment. */
static err_t
store_open(void)
{
	char path[PATH_MAX];
	TRY(instance_path(&instance, "status", path));
	for (;;) {
		err_t e = published_read_open(path, &status.responder.store);
		if (e.code != ERR_PUBLISHED)
			return e;
		struct pollfd control = {.fd = status.control_fd, .events = POLLIN};
		if (poll(&control, 1, 50) > 0 && (control.revents & POLLHUP) != 0)
			return e;
	}
}

static err_t
descriptors_read(int argc, char **argv)
{
	TRY(process_fd(argc, argv, "control", &status.control_fd));
	TRY(process_fd(argc, argv, core_channel, &core_fd));
	TRY(process_fd(argc, argv, keys_channel, &keys_fd));
	return process_fd(argc, argv, "fcgi", &fcgi_fd);
}

static err_t
settings_read(int argc, char **argv)
{
	struct profile_instance arc = {0};
	uint64_t index;
	const char *directory = process_argument(argc, argv, "instance"),
		   *number = process_argument(argc, argv, "index");
	if (directory == NULL || number == NULL)
		return err_make(ERR_CONF, "this program is started by paraphd");
	TRY(instance_read(directory, &instance));
	log_init("paraph-status", instance_log_level(&instance));
	TRY(str_u64(str_c(number), 99, &index));
	snprintf(core_channel, sizeof core_channel, "core-status-%d", (int)index);
	snprintf(keys_channel, sizeof keys_channel, "status-keys-%d", (int)index);
	TRY(oid_parse(str_c(instance.oid_arc), &arc.arc));
	status.site_url = instance.site_url;
	status.responder.next_update_us = instance.ocsp_next_update_minutes * TIME_MINUTE;
	return profile_policy_oid(&arc, PROFILE_POLICY_STAMP, &status.stamp_policy);
}

/* Everything is open by now: no file is touched by name any more. */
static err_t
jail(void)
{
	static const struct jail j = {.program = "paraph-status", .extra = JAIL_ACCEPT, .files = 2048};
	return jail_enter(&j);
}

static err_t
serve(void)
{
	status.asker = asker_new(status.loop);
	TRY(loop_add(status.loop, signal_fd, EPOLLIN, signal_read, NULL));
	TRY(loop_add(status.loop, status.control_fd, EPOLLIN, control_read, NULL));
	TRY(asker_connect(status.asker, keys_fd));
	TRY(colleague_connect(&status, core_fd));
	TRY(visit_listen(&status, fcgi_fd));
	log_event(LOG_INFO, "ready", NULL);
	TRY(ready_send());
	return loop_run(status.loop);
}

static err_t
run(int argc, char **argv, int *ret_attempt)
{
	const char *act = attempt_wanted(argc, argv);
	TRY(settings_read(argc, argv));
	if (act == NULL) {
		TRY(descriptors_read(argc, argv));
		TRY(store_open());
	}
	TRY(signal_open(false, &signal_fd));
	status.loop = loop_new();
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
	log_init("paraph-status", LOG_INFO);
	err_t e = run(argc, argv, &attempt);
	if (err_is(e))
		log_error(e, "stopped");
	return err_is(e) ? 1 : attempt;
}
