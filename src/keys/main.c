/*
 * paraph-keys role=root|issuing|status instance=DIR control=FD, and one of
 *   ceremony-keys=FD                          making keys and storing certificates (paraph init); with ceremony=later
 *                                             only what those keys sign afterwards (paraph ceremony)
 *   core-keys=FD keys-courier=FD plan-key=FD  role issuing
 *   status-keys-0=FD status-keys-1=FD …       role status
 * Optional: passphrase=FD. Opens everything, enters its jail, and only then reads a message.
 */
#include "base/log.h"
#include "keys/desk.h"
#include "keys/plans.h"
#include "keys/serve.h"
#include "os/attempt.h"
#include "os/jail.h"
#include "os/process.h"
#include "os/signal.h"

/* Many workers wait for one fsync together; few compute at a time. */
enum { WORKERS_FOR_EACH_PROCESSOR = 8, WORKERS_MOST = 64 };

static err_t
add_channel(struct serve_setup *s, int argc, char **argv, const char *name)
{
	if (process_argument(argc, argv, name) == NULL)
		return OK;
	if (s->channels_n == SERVE_CHANNELS_MAX)
		return err_make(ERR_CONF, "more than %d channels", SERVE_CHANNELS_MAX);
	struct serve_channel *c = &s->channels[s->channels_n];
	snprintf(c->name, sizeof c->name, "%s", name);
	TRY(process_fd(argc, argv, name, &c->fd));
	s->channels_n++;
	return OK;
}

static err_t
channels_get(struct serve_setup *s, int argc, char **argv, enum journal_role role)
{
	char name[32];
	s->ceremony = process_argument(argc, argv, "ceremony-keys") != NULL;
	if (s->ceremony)
		return add_channel(s, argc, argv, "ceremony-keys");
	if (role == JOURNAL_ROOT)
		return err_make(ERR_CONF, "the role root works in ceremonies only");
	if (role == JOURNAL_ISSUING)
		return add_channel(s, argc, argv, "core-keys");
	for (int i = 0; i < SERVE_CHANNELS_MAX; i++) {
		snprintf(name, sizeof name, "status-keys-%d", i);
		TRY(add_channel(s, argc, argv, name));
	}
	return OK;
}

/* A later ceremony finds the keys and the journal that paraph init made, and makes none in their place. */
static bool
later_ceremony(int argc, char **argv)
{
	const char *which = process_argument(argc, argv, "ceremony");
	return which != NULL && strcmp(which, "later") == 0;
}

static err_t
optional_fd(int argc, char **argv, const char *name, int *ret_fd)
{
	*ret_fd = -1;
	return process_argument(argc, argv, name) == NULL ? OK : process_fd(argc, argv, name, ret_fd);
}

/* Its own folder, and nothing else; no network, no fork, no exec. */
static err_t
jail(const struct desk *d)
{
	char name[32], folder[PATH_MAX];
	snprintf(name, sizeof name, "keys/%s", desk_role_text(d->role));
	TRY(instance_path(&d->instance, name, folder));
	const struct jail_path paths[] = {{folder, JAIL_READ | JAIL_WRITE}};
	return jail_enter(&(struct jail){.program = "paraph-keys", .paths = paths, .paths_n = 1,
	    .extra = JAIL_FILES | JAIL_ADJTIMEX});
}

static size_t
workers_of(const struct desk *d)
{
	size_t n = instance_workers(&d->instance) * WORKERS_FOR_EACH_PROCESSOR;
	return n > WORKERS_MOST ? WORKERS_MOST : n;
}

/* Runs in the jail, where the first thread is started too. */
static err_t
work(struct serve_setup *s, int courier_fd)
{
	if (s->desk->role == JOURNAL_ISSUING && !s->ceremony)
		s->desk->courier = client_new(&message_courier, courier_fd);
	s->workers = workers_of(s->desk);
	return serve_run(s);
}

static err_t
start(int argc, char **argv, struct serve_setup *s, const char *act, int *ret_exit)
{
	const char *directory = process_argument(argc, argv, "instance");
	enum journal_role role;
	int passphrase_fd, courier_fd, plan_key_fd;
	if (directory == NULL)
		return err_make(ERR_CONF, "instance=DIR is needed");
	TRY(desk_role(process_argument(argc, argv, "role"), &role));
	TRY(channels_get(s, argc, argv, role));
	TRY(optional_fd(argc, argv, "control", &s->control_fd));
	TRY(optional_fd(argc, argv, "passphrase", &passphrase_fd));
	TRY(optional_fd(argc, argv, "keys-courier", &courier_fd));
	TRY(optional_fd(argc, argv, "plan-key", &plan_key_fd));
	TRY(signal_open(false, &s->signal_fd));
	TRY(desk_open(directory, role, s->ceremony && !later_ceremony(argc, argv), passphrase_fd, &s->desk));
	if (plan_key_fd >= 0)
		TRY(plans_key_take(s->desk, plan_key_fd));
	log_init("paraph-keys", instance_log_level(&s->desk->instance));
	TRY(jail(s->desk));
	if (act != NULL) {
		*ret_exit = attempt_main(act);
		return OK;
	}
	return work(s, courier_fd);
}

int
main(int argc, char **argv)
{
	static struct serve_setup setup = {.control_fd = -1};
	int status = 0;
	process_harden();
	log_init("paraph-keys", LOG_INFO);
	err_t e = start(argc, argv, &setup, attempt_wanted(argc, argv), &status);
	if (err_is(e)) {
		log_error(e, "stopped");
		status = 1;
	}
	desk_free(setup.desk);
	return status;
}
