/* paraph-courier instance=DIR control=FD keys-courier=FD core-courier=FD fcgi=FD: see README.md. Opens early, jails,
 * then works. */
#include "base/log.h"
#include "courier/courier.h"
#include "courier/egress.h"
#include "os/attempt.h"
#include "os/jail.h"
#include "os/process.h"
#include "os/signal.h"
#include "wire/channel.h"

#include <malloc.h>
#include <signal.h>

static struct {
	struct instance instance;
	struct deliver deliver;
	struct courier_descriptors fds;
	char folder[PATH_MAX];
	struct loop *loop;
	int signals;
} self;

static bool
leaves_the_machine(const struct instance *i)
{
	return strcmp(i->mail_transport, "catcher") != 0 || strcmp(i->sms_transport, "http") == 0 ||
	       i->kind != INSTANCE_DEMO;
}

static err_t
descriptors_get(int argc, char **argv)
{
	TRY(process_fd(argc, argv, "control", &self.fds.control));
	TRY(process_fd(argc, argv, "keys-courier", &self.fds.keys));
	TRY(process_fd(argc, argv, "core-courier", &self.fds.core));
	self.fds.fcgi = -1;
	return process_argument(argc, argv, "fcgi") == NULL ? OK : process_fd(argc, argv, "fcgi", &self.fds.fcgi);
}

static err_t
open_early(int argc, char **argv)
{
	const char *directory = process_argument(argc, argv, "instance");
	if (directory == NULL)
		return err_make(ERR_CONF, "the argument instance=DIR is missing: this program is started by paraphd");
	if (attempt_wanted(argc, argv) == NULL)
		TRY(descriptors_get(argc, argv));
	TRY(instance_read(directory, &self.instance));
	log_init("paraph-courier", instance_log_level(&self.instance));
	TRY(instance_path(&self.instance, "courier", self.folder));
	TRY(signal_open(false, &self.signals));
	bool caught =
	    strcmp(self.instance.mail_transport, "catcher") == 0 || strcmp(self.instance.sms_transport, "catcher") == 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return deliver_open(&self.deliver, &self.instance, caught ? catcher_new() : NULL);
}

static err_t
confine(void)
{
	const struct jail_path paths[] = {
	    {self.folder, JAIL_READ | JAIL_WRITE},
	    {"/etc", JAIL_READ}, /* names of hosts, trusted certificates */
	    {"/usr/share/ca-certificates", JAIL_READ},
	};
	bool out = leaves_the_machine(&self.instance);
	const struct jail jail = {
	    .program = "paraph-courier",
	    .paths = paths,
	    .paths_n = out && access(paths[2].path, F_OK) == 0 ? 3
		       : out                                   ? 2
							       : 1,
	    .extra = JAIL_FILES | JAIL_ACCEPT | (out ? JAIL_INTERNET : 0u),
	};
	return jail_enter(&jail);
}

static void
signalled(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	if (signal_next(self.signals) != 0)
		loop_stop(self.loop);
}

static err_t
work(void)
{
	struct courier *courier = NULL;
	self.loop = loop_new();
	TRY(courier_new(self.loop, &self.deliver, self.folder, &self.fds, &courier));
	err_t e = loop_add(self.loop, self.signals, EPOLLIN, signalled, NULL);
	if (!err_is(e)) {
		const paraph_Control ready = {.which_body = paraph_Control_ready_tag};
		e = channel_send(self.fds.control, &message_control, &ready, NULL, 0);
	}
	if (!err_is(e)) {
		log_event(LOG_INFO, "ready", NULL);
		e = loop_run(self.loop);
	}
	courier_free(courier);
	loop_free(self.loop);
	return e;
}

int
main(int argc, char **argv)
{
	const char *act = attempt_wanted(argc, argv);
	process_harden();
	mallopt(M_PERTURB, 0xa5); /* freed memory is overwritten, libcurl's too: codes pass through here */
	log_init("paraph-courier", LOG_INFO);
	err_t e = open_early(argc, argv);
	if (!err_is(e))
		e = confine();
	if (!err_is(e) && act != NULL)
		return attempt_main(act);
	if (!err_is(e))
		e = work();
	if (err_is(e))
		log_error(e, "ended");
	catcher_free(self.deliver.catcher);
	deliver_close(&self.deliver);
	instance_done(&self.instance);
	return err_is(e) ? 1 : 0;
}
