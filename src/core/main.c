/* paraph-core: see README.md beside this file. Started by paraphd. */
#include "api/serve.h"
#include "base/log.h"
#include "core/audit.h"
#include "core/authority.h"
#include "core/crl.h"
#include "core/house.h"
#include "core/lease.h"
#include "core/responder.h"
#include "core/sign.h"
#include "der/oid.h"
#include "os/attempt.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/instance.h"
#include "os/jail.h"
#include "os/process.h"
#include "os/signal.h"
#include "pki/profile.h"
#include "published/published_write.h"
#include "wire/channel.h"
#include "wire/table.h"


enum { TERMS_MAX = 128 * 1024, WORKERS_EACH = 8, WORKERS_LEAST = 16, TERMS_HEAD_MAX = 64 };

static struct instance instance;
static struct core core = {.document_mutex = PTHREAD_MUTEX_INITIALIZER, .document_fd = -1};
static struct buf terms = {.cap = TERMS_MAX};
static char terms_version[TERMS_HEAD_MAX];
static struct {
	char db[PATH_MAX], blobs[PATH_MAX], served[PATH_MAX], status[PATH_MAX], bootstrap[PATH_MAX], audit[PATH_MAX], public[PATH_MAX],
	    root_crl[PATH_MAX];
} paths;
static struct loop *loop;
static struct serve *serving;
static int control_fd = -1, fcgi_fd = -1, signal_fd = -1, keys_fd = -1, document_fd = -1, courier_fd = -1;
static int status_fds[CORE_STATUS_MAX];

/* ---- configuration ---------------------------------------------------------------------------------------------------- */

/* The terms of use; their first line is "Terms of use" and the version. */
static err_t
terms_read(void)
{
	char path[PATH_MAX];
	struct str text, head = STR("Terms of use ");
	TRY(process_share("policy/terms.txt", path));
	TRY(file_read_path(path, &terms));
	buf_put_byte(&terms, 0);
	TRY(buf_check(&terms));
	const char *line = (const char *)terms.p;
	size_t n = strcspn(line, "\n");
	TRY(str_check(bytes(line, n), &text));
	if (text.n <= head.n || memcmp(text.p, head.p, head.n) != 0 || text.n - head.n >= sizeof terms_version)
		return err_make(ERR_CONF, "%s: the first line must be \"Terms of use\" and a version", path);
	snprintf(terms_version, sizeof terms_version, "%.*s", (int)(text.n - head.n), text.p + head.n);
	digest_sha256(bytes(terms.p, terms.n - 1), core.terms_sha256);
	return OK;
}

static err_t
policy_read(void)
{
	struct profile_instance arc = {0};
	struct oid policy;
	char text[OID_TEXT_MAX];
	TRY(oid_parse(str_c(instance.oid_arc), &arc.arc));
	TRY(profile_policy_oid(&arc, PROFILE_POLICY_SIGNER, &policy));
	TRY(oid_text(bytes(policy.p, policy.n), text));
	memcpy(core.set.policy_oid, text, sizeof text);
	return OK;
}

static err_t
settings_read(const char *directory)
{
	if (directory == NULL)
		return err_make(ERR_CONF, "this program is started by paraphd");
	TRY(instance_read(directory, &instance));
	log_init("paraph-core", instance_log_level(&instance));
	TRY(instance_path(&instance, "db", paths.db));
	TRY(instance_path(&instance, "blobs", paths.blobs));
	TRY(instance_path(&instance, "served", paths.served));
	TRY(instance_path(&instance, "status", paths.status));
	TRY(instance_path(&instance, "audit", paths.audit));
	TRY(instance_path(&instance, "bootstrap.json", paths.bootstrap));
	TRY(instance_path(&instance, "public", paths.public));
	TRY(instance_path(&instance, "public/root.crl", paths.root_crl));
	TRY(terms_read());
	TRY(policy_read());
	core.set.name = instance.name;
	core.set.provider = instance.organisation;
	core.set.site_url = instance.site_url;
	core.set.terms = (const char *)terms.p;
	core.set.terms_version = terms_version;
	core.set.served_dir = paths.served;
	core.set.root_crl = paths.root_crl;
	core.set.demo = instance.kind == INSTANCE_DEMO;
	core.set.registration_months = instance.registration_months;
	core.set.invitation_us = instance.invitation_days * TIME_DAY;
	core.set.upload_us = instance.upload_days * TIME_DAY;
	core.set.certificate_minutes = instance.certificate_minutes;
	core.set.activation_minutes = instance.activation_minutes;
	core.set.document_max = (uint64_t)instance.document_mb * 1024 * 1024;
	return OK;
}

static err_t
descriptors_read(int argc, char **argv)
{
	TRY(process_fd(argc, argv, "control", &control_fd));
	TRY(process_fd(argc, argv, "fcgi", &fcgi_fd));
	TRY(process_fd(argc, argv, "core-keys", &keys_fd));
	TRY(process_fd(argc, argv, "core-document", &document_fd));
	TRY(process_fd(argc, argv, "core-courier", &courier_fd));
	for (core.status_n = 0; core.status_n < CORE_STATUS_MAX; core.status_n++) {
		char name[48];
		snprintf(name, sizeof name, "core-status-%zu", core.status_n);
		if (process_argument(argc, argv, name) == NULL)
			break;
		TRY(process_fd(argc, argv, name, &status_fds[core.status_n]));
	}
	return core.status_n > 0 ? OK : err_make(ERR_CONF, "no status process was given");
}

/* Writes nowhere but here, reads nothing else but bootstrap.json at its first start and what is public: the folder, because a file
 * that is replaced is another one to the kernel. */
static err_t
jail(void)
{
	struct jail_path list[] = {{paths.db, JAIL_WRITE}, {paths.blobs, JAIL_WRITE}, {paths.served, JAIL_WRITE},
	    {paths.status, JAIL_WRITE}, {paths.public, JAIL_READ}, {0}, {0}};
	size_t n = 5;
	if (access(paths.bootstrap, F_OK) == 0)
		list[n++] = (struct jail_path){paths.bootstrap, JAIL_READ};
	if (access(paths.audit, W_OK) == 0) { /* paraphd makes it when there is somebody to read it */
		core.set.audit_dir = paths.audit;
		list[n++] = (struct jail_path){paths.audit, JAIL_WRITE};
	}
	struct jail j = {.program = "paraph-core", .paths = list, .paths_n = n,
	    .extra = JAIL_FILES | JAIL_ACCEPT | JAIL_MMAP_SHARED, .files = 4096};
	return jail_enter(&j);
}

/* ---- control ---------------------------------------------------------------------------------------------------------- */

static err_t
channel_take(const char *name, int fd)
{
	if (strcmp(name, "core-keys") == 0) {
		client_replace(core.keys, fd);
		return OK;
	}
	if (strcmp(name, "core-courier") == 0) {
		client_replace(core.courier, fd);
		return OK;
	}
	if (strcmp(name, "core-document") == 0) {
		core_document_set(&core, fd);
		return OK;
	}
	for (size_t i = 0; i < core.status_n; i++) {
		char own[48];
		snprintf(own, sizeof own, "core-status-%zu", i);
		if (strcmp(name, own) == 0) {
			client_replace(core.status[i], fd);
			return OK;
		}
	}
	close(fd);
	return err_make(ERR_WIRE_TABLE, "a channel %s is not ours", name);
}

static err_t
control_message(void)
{
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
	if (!err_is(e))
		channel_close_fds(fds);
	message_free(&message_control, m);
	return e;
}

static void
control_read(void *arg, uint32_t events)
{
	(void)arg, (void)events;
	err_t e = control_message();
	if (!err_is(e))
		return;
	if (e.code != ERR_PEER_GONE)
		log_error(e, "control");
	loop_stop(loop); /* without a supervisor there is nobody to serve for */
}

static void
signal_read(void *arg, uint32_t events)
{
	(void)arg, (void)events;
	if (signal_next(signal_fd) != 0)
		loop_stop(loop);
}

/* Other programs may be started anew while this one still settles what it finds: the loop has its thread from the start. */
static void *
loop_thread(void *arg)
{
	(void)arg;
	err_t e = loop_run(loop);
	if (err_is(e))
		log_error(e, "loop");
	return NULL;
}

/* A status process that was taken over can lock the store that it only reads: paraphd starts all of them anew. */
static void
status_stalled(void *arg)
{
	(void)arg;
	paraph_Control *m = message_new(&message_control);
	message_outcome(&message_control, m, 0, err_make(ERR_DEADLINE, "the status store is locked"));
	err_t e = channel_send(control_fd, &message_control, m, NULL, 0);
	if (err_is(e))
		log_error(e, "control");
	message_free(&message_control, m);
}

/* ---- start ------------------------------------------------------------------------------------------------------------ */

static err_t
open_all(void)
{
	TRY(store_open(paths.db, (struct store_options){0}, &core.store));
	TRY(blob_open(paths.blobs, &core.blobs));
	TRY(published_write_open(paths.status, &core.published));
	published_write_on_stall(core.published, status_stalled, NULL);
	core.audit = audit_new();
	core.leases = lease_new();
	core.keys = client_new(&message_keys, keys_fd);
	core.courier = client_new(&message_courier, courier_fd);
	core_document_set(&core, document_fd);
	for (size_t i = 0; i < core.status_n; i++)
		core.status[i] = client_new(&message_status, status_fds[i]);
	return authority_open(&core, paths.bootstrap);
}

/* Content time never stands before what the log already says. */
static err_t
mark_time(struct worker *w)
{
	AUTO_QUERY(q, w->reader, SQL_AUDIT_NEWEST_AT);
	int64_t at = query_next(&q) ? query_get_int(&q, 0) : 0;
	TRY(query_end(&q));
	clock_mark(at);
	return OK;
}

static err_t
publish(struct worker *w)
{
	const struct bytes *part = core.authority->part;
	TRY(published_write_file(core.published, PUBLISHED_CA_CERTIFICATE, STR("root"), part[AUTHORITY_ROOT]));
	TRY(published_write_file(core.published, PUBLISHED_CA_CERTIFICATE, STR("issuing"), part[AUTHORITY_ISSUING]));
	TRY(published_write_file(core.published, PUBLISHED_CRL, STR("root"), authority_root_crl(core.authority)));
	TRY(responder_publish(w));
	TRY(crl_publish(w));
	return issued_publish_new(w);
}

/* What needs the other programs is tried once before the first visitor; housekeeping goes on with what did not work. */
static void
catch_up(struct worker *w)
{
	err_t e = authority_keep(w->core);
	if (err_is(e))
		log_error(e, "authority-at-start");
	e = sign_settle(w, INT64_MAX, &(struct act_place){0});
	if (err_is(e))
		log_error(e, "settle-at-start");
	e = responder_keep(w, instance.ocsp_certificate_days * TIME_DAY);
	if (err_is(e))
		log_error(e, "responder-at-start");
	e = crl_keep(w, instance.crl_every_minutes * TIME_MINUTE, instance.crl_next_update_hours * TIME_HOUR);
	if (err_is(e))
		log_error(e, "revocations-at-start");
}

/* The start, and how often the log promises checkpoints and time-stamps from now on: what an auditor measures it by. */
static err_t
start_put(struct store_tx *tx, void *arg)
{
	(void)arg;
	return audit_put(&core, tx, "core.started", "system", canon_pack("{s:I, s:I}", "checkpoint_seconds",
	    (json_int_t)instance.checkpoint_seconds, "stamp_seconds", (json_int_t)instance.stamp_seconds), NULL);
}

static err_t
prepare(struct worker *w)
{
	TRY(store_reader_new(core.store, &w->reader));
	TRY(mark_time(w));
	TRY(store_write(core.store, start_put, NULL));
	TRY(publish(w));
	catch_up(w);
	return OK;
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

static void
serve_now(void *arg)
{
	size_t workers = instance_workers(&instance) * WORKERS_EACH;
	err_t e = serve_start(&core, loop, fcgi_fd, workers < WORKERS_LEAST ? WORKERS_LEAST : workers, &serving);
	if (!err_is(e))
		e = house_start(&core, &instance);
	if (!err_is(e))
		log_event(LOG_INFO, "ready", NULL);
	if (!err_is(e))
		e = ready_send();
	*(err_t *)arg = e;
	if (err_is(e))
		loop_stop(loop);
}

static void
close_all(struct worker *w)
{
	house_stop();
	serve_stop(serving);
	store_reader_free(w->reader);
	for (size_t i = 0; i < core.status_n; i++)
		client_free(core.status[i]);
	client_free(core.courier);
	client_free(core.keys);
	published_write_close(core.published);
	store_free(core.store);
	blob_close(core.blobs);
	authority_free(core.authority);
	lease_free(core.leases);
	audit_free(core.audit);
}

static err_t
serve(void)
{
	struct worker w = {.core = &core};
	pthread_t thread;
	err_t started = OK;
	TRY(open_all());
	TRY(loop_add(loop, signal_fd, EPOLLIN, signal_read, NULL));
	TRY(loop_add(loop, control_fd, EPOLLIN, control_read, NULL));
	if (pthread_create(&thread, NULL, loop_thread, NULL) != 0)
		return err_errno("loop thread");
	err_t e = prepare(&w);
	if (err_is(e))
		loop_stop(loop);
	else
		loop_post(loop, serve_now, &started);
	pthread_join(thread, NULL);
	close_all(&w);
	return err_is(e) ? e : started;
}

static err_t
run(int argc, char **argv, int *ret_attempt)
{
	const char *act = attempt_wanted(argc, argv);
	TRY(settings_read(process_argument(argc, argv, "instance")));
	if (act == NULL)
		TRY(descriptors_read(argc, argv));
	TRY(signal_open(false, &signal_fd));
	loop = loop_new();
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
	log_init("paraph-core", LOG_INFO);
	err_t e = run(argc, argv, &attempt);
	if (err_is(e))
		log_error(e, "stopped");
	instance_done(&instance);
	buf_done(&terms);
	return err_is(e) ? 1 : attempt;
}
