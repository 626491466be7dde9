#include "cli/doctor.h"
#include "base/base64.h"
#include "base/rand.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/finding.h"
#include "cli/http.h"
#include "cli/layout.h"
#include "cli/option.h"
#include "cli/programs.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/socket.h"
#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/verify.h"

#include <sys/statvfs.h>

/* Everything a check may look at. */
struct patient {
	struct instance instance;
	struct finding_list *findings;
	struct http *plain; /* base_url: what certificates name */
	struct http *site;  /* site_url, over TLS */
	struct buf root, issuing, tsu, seal; /* certificates, DER */
	int64_t now;
};

/* Core waits two seconds for each program that it asks: its answer, which says who is silent, comes after that. */
enum { FILE_MAX = 64 * 1024 * 1024, PATIENCE_SECONDS = 10, IMPATIENCE_SECONDS = 2, HEALTH_SECONDS = 15 };

/* ---- files and disk --------------------------------------------------------------------------------------------------- */

static void
modes_check(struct patient *p)
{
	err_t e = OK;
	for (size_t k = 0; k < layout_folders_n && !err_is(e); k++)
		e = layout_check(&p->instance, &layout_folders[k]);
	if (!err_is(e))
		e = layout_check_auditor(&p->instance);
	if (!err_is(e))
		e = layout_check_secrets(&p->instance);
	finding_result(p->findings, "modes", e, "all folders have their modes and owners, and secrets are their owners'");
}

static void
disk_check(struct patient *p)
{
	struct statvfs s;
	if (statvfs(p->instance.directory, &s) != 0) {
		finding_add(p->findings, FINDING_FAIL, "disk", "%s cannot be looked at", p->instance.directory);
		return;
	}
	unsigned long long free_mb = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
	enum finding_state state = free_mb < 200 ? FINDING_FAIL : free_mb < 2000 ? FINDING_WARN : FINDING_OK;
	finding_add(p->findings, state, "disk", "%llu MiB free%s", free_mb,
	    state == FINDING_OK ? "" : ": make room, signing stops when there is none");
}

/* ---- programs --------------------------------------------------------------------------------------------------------- */

/* One socket that paraphd listens on for its program; a program that hangs lets connections queue up, and that is said too. */
static bool
socket_check(struct patient *p, const char *name)
{
	char path[PATH_MAX];
	int fd = -1;
	err_t e = instance_path(&p->instance, name, path);
	if (!err_is(e))
		e = socket_connect(path, &fd);
	file_close(&fd);
	if (err_is(e))
		finding_add(p->findings, FINDING_FAIL, "sockets", "%s: start the service anew with paraph serve %s", err_detail(),
		    p->instance.directory);
	return !err_is(e);
}

static void
sockets_check(struct patient *p)
{
	size_t n = instance_status_processes(&p->instance);
	bool core = socket_check(p, "run/core.sock"), courier = socket_check(p, "run/courier.sock"), status = true;
	for (size_t k = 0; k < n; k++) {
		char name[40];
		snprintf(name, sizeof name, "run/status-%zu.sock", k);
		status = socket_check(p, name) && status;
	}
	if (core && courier && status)
		finding_add(p->findings, FINDING_OK, "sockets", "core, courier and %zu of status take connections", n);
}

/* Each one that is missing is named: paraphd starts it anew, so one that stays away has something to say in the log. */
static void
programs_check(struct patient *p, const struct programs *running)
{
	size_t missing = 0;
	bool supervised = running->wanted_n > 0 && running->wanted[0].there; /* the first is paraphd */
	for (size_t k = 0; k < running->wanted_n; k++) {
		const struct program_wanted *w = &running->wanted[k];
		if (w->there)
			continue;
		missing++;
		finding_add(p->findings, FINDING_FAIL, "programs", "%s%s%s is not running: %s%s%s", w->binary,
		    w->role[0] == '\0' ? "" : " ", w->role, supervised ? "if paraphd does not start it within a minute, see " : "run paraph serve ",
		    p->instance.directory, supervised ? "/log" : "");
	}
	if (missing == 0)
		finding_add(p->findings, FINDING_OK, "programs", "all %zu are running", running->wanted_n);
}

static void
jails_check(struct patient *p, const struct programs *running)
{
	size_t bad = 0;
	for (size_t k = 0; k < running->n; k++)
		if (!running->all[k].no_new_privs || !running->all[k].filter) {
			finding_add(p->findings, FINDING_FAIL, "jails", "%s (process %d) is not confined: stop the service and report it",
			    running->all[k].name, running->all[k].pid);
			bad++;
		}
	if (bad > 0)
		return;
	if (running->n > 0)
		finding_add(p->findings, FINDING_OK, "jails", "%zu processes confined", running->n);
	else
		finding_add(p->findings, FINDING_FAIL, "jails", "no program runs, so none can be looked at: run paraph serve %s",
		    p->instance.directory);
}

static void
clock_check(struct patient *p)
{
	struct clock_state c = clock_state();
	if (c.synchronised && c.max_error_us < p->instance.clock_alarm_ms * 1000) {
		finding_add(p->findings, FINDING_OK, "clock", "synchronised, off by at most %lld ms", (long long)c.max_error_us / 1000);
		return;
	}
	/* [EN 319 421 TIS-7.7.1-07] time-stamping stops; a demo goes on and says so. */
	finding_add(p->findings, p->instance.kind == INSTANCE_DEMO ? FINDING_WARN : FINDING_FAIL, "clock",
	    "%s: run chrony or another time service", c.synchronised ? "the error is too large" : "not synchronised");
}

/* ---- certificates and lists -------------------------------------------------------------------------------------------- */

static void
end_check(struct patient *p, const char *name, const struct buf *der, int64_t warn_days)
{
	struct certificate c;
	if (err_is(certificate_read(buf_bytes(der), &c))) {
		finding_add(p->findings, FINDING_FAIL, "certificates", "public/%s.cer: %s: bring it back from a backup", name,
		    der->n == 0 ? "cannot be read" : err_detail());
		return;
	}
	int64_t days = (c.not_after_at - p->now) / TIME_DAY;
	enum finding_state state = c.not_after_at <= p->now ? FINDING_FAIL : days < warn_days ? FINDING_WARN : FINDING_OK;
	finding_add(p->findings, state, "certificates", "%s ends in %lld days%s", name, (long long)days,
	    state == FINDING_OK ? "" : ": plan its successor");
}

/* Fetches base_url/path as anybody would. */
static err_t
fetch(struct patient *p, const char *path, struct buf *body)
{
	FILE *fetched = tmpfile();
	if (fetched == NULL)
		return err_errno("making a temporary file");
	const struct http_request r = {.method = "GET", .path = path, .save_to = fetched};
	err_t e = http_send(p->plain, &r, NULL);
	if (http_status(p->plain) == 0)
		http_patience(p->plain, IMPATIENCE_SECONDS); /* who was silent once is not waited for so long again */
	if (!err_is(e))
		e = file_read(fileno(fetched), body);
	fclose(fetched);
	return e;
}

/* The certificate of a CA in public/, which end_check has named when it is none. */
static err_t
issuer_read(const struct buf *der, struct certificate *ret_ca)
{
	return der->n == 0 ? err_make(ERR_CONF, "the CA's certificate in public/ cannot be read") : certificate_read(buf_bytes(der), ret_ca);
}

/* What was asked for as anybody would; a failure is told with where to look. */
static void
fetched(struct patient *p, const char *check, err_t e, const char *seen)
{
	if (err_is(e))
		finding_add(p->findings, FINDING_FAIL, check, "%s: see %s/log", err_detail(), p->instance.directory);
	else
		finding_add(p->findings, FINDING_OK, check, "%s", seen);
}

static err_t
crl_fetch(struct patient *p, const char *path, const struct buf *issuer, struct crl *ret_list, struct buf *der)
{
	struct certificate ca;
	TRY(fetch(p, path, der));
	TRY(crl_read(buf_bytes(der), ret_list));
	TRY(issuer_read(issuer, &ca));
	if (!bytes_eq(ret_list->issuer, ca.subject))
		return err_make(ERR_CONF, "%s is the list of another CA", path);
	return verify_signature(ca.spki, ret_list->algorithm, ret_list->tbs, ret_list->signature);
}

/* The root's list comes from an operator, who wants to know while there is time: a quarter of its life, but a week, which is half of
 * a short one. All others are made by the service itself. */
static int64_t
crl_margin(const struct patient *p, const struct buf *issuer, int64_t life)
{
	int64_t quarter = life / 4 > 7 * TIME_DAY ? life / 4 : 7 * TIME_DAY;
	return issuer != &p->root ? 0 : quarter < life / 2 ? quarter : life / 2;
}

static void
crl_check(struct patient *p, const char *path, const struct buf *issuer)
{
	struct crl list;
	AUTO_BUF(der, FILE_MAX);
	err_t e = crl_fetch(p, path, issuer, &list, &der);
	if (err_is(e)) {
		fetched(p, "crl", e, NULL);
		return;
	}
	const char *directory = p->instance.directory;
	int64_t life = list.next_update_at - list.this_update_at, left = list.next_update_at - p->now;
	if (left <= 0)
		finding_add(p->findings, FINDING_FAIL, "crl", "%s is too old: %s%s%s", path,
		    issuer == &p->root ? "nothing is signed until somebody runs paraph ceremony root-crl " : "no list is being issued, see ",
		    directory, issuer == &p->root ? "" : "/log");
	else if (left < crl_margin(p, issuer, life))
		finding_add(p->findings, FINDING_WARN, "crl", "%s ends in %lld hours, and signing then: run paraph ceremony root-crl %s", path,
		    (long long)(left / TIME_HOUR), directory);
	else
		finding_add(p->findings, FINDING_OK, "crl", "%s is %lld minutes old, good for %lld more", path,
		    (long long)((p->now - list.this_update_at) / TIME_MINUTE), (long long)(left / TIME_MINUTE));
}

static err_t
aia_fetch(struct patient *p, const char *path, const struct buf *wanted)
{
	AUTO_BUF(der, CERTIFICATE_FOREIGN_MAX);
	TRY(fetch(p, path, &der));
	if (!bytes_eq(buf_bytes(&der), buf_bytes(wanted)))
		return err_make(ERR_CONF, "%s%s is not the certificate in public/", p->instance.base_url, path);
	return OK;
}

/* A serial that nobody issued must be unknown, never good. [EN 319 411-1 OVR-6.6.3-02] */
static err_t
ocsp_ask(struct patient *p)
{
	struct certificate ca;
	uint8_t serial[20], id_room[256], request_room[512];
	struct encode id = encode_init(id_room, sizeof id_room), request = encode_init(request_room, sizeof request_room);
	struct bytes id_der, request_der;
	const struct ocsp_single *single;
	struct ocsp_response answer;
	rand_serial(serial);
	TRY(issuer_read(&p->issuing, &ca));
	TRY(ocsp_id_write(&id, DIGEST_SHA1, ca.subject, ca.public_key, BYTES_OF(serial)));
	TRY(encode_done(&id, &id_der));
	TRY(ocsp_request_write(&request, id_der, bytes(NULL, 0)));
	TRY(encode_done(&request, &request_der));
	AUTO_BUF(path, 1024);
	AUTO_BUF(url, 2048);
	AUTO_BUF(der, 65536);
	base64_write(&path, request_der);
	buf_put_str(&url, STR("/ocsp/"));
	for (size_t i = 0; i < path.n; i++) { /* [RFC 6960 A.1] url-encoding of the base64 */
		if (strchr("+/=", path.p[i]) != NULL)
			buf_printf(&url, "%%%02X", path.p[i]);
		else
			buf_put_byte(&url, path.p[i]);
	}
	buf_put_byte(&url, '\0');
	TRY(fetch(p, (const char *)url.p, &der));
	TRY(ocsp_response_read(buf_bytes(&der), &answer));
	TRY(ocsp_response_check(&answer, &ca, BYTES_OF(serial), &single));
	if (single->this_update_at > p->now + TIME_MINUTE || (single->next_update_at != 0 && single->next_update_at <= p->now))
		return err_make(ERR_CONF, "the answer of OCSP is not of now");
	if (single->state == OCSP_STATE_GOOD)
		return err_make(ERR_CONF, "a serial that was never issued is called good: stop the service and report it");
	return OK;
}

/* What core says of those it depends on; what each that is missing means. */
static void
health_check(struct patient *p, const json_t *health)
{
	static const struct {
		const char *member, *means;
	} parts[] = {
	    {"keys", "paraph-keys role=issuing does not answer core, or one of its keys fails its self-test: nothing can be signed"},
	    {"stamps_and_status", "no time-stamp and no answer about status can be had: paraph-keys role=status or all of "
	                          "paraph-status do not answer, or a key fails its self-test"},
	    {"document", "paraph-document does not answer core: no document is taken, and none finished"},
	    {"courier", "paraph-courier does not answer core: no invitation and no code goes out"},
	};
	size_t bad = 0;
	for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
		if (!json_is_true(json_object_get(health, parts[k].member))) {
			finding_add(p->findings, FINDING_FAIL, "keys", "%s: see %s/log", parts[k].means, p->instance.directory);
			bad++;
		}
	if (bad == 0)
		finding_add(p->findings, FINDING_OK, "keys", "keys pass their self-test, time-stamps and answers work (asked through the API)");
}

static void
key_check(struct patient *p)
{
	json_t *json = NULL;
	const struct http_request r = {.method = "GET", .path = "/v1/health", .any_status = true};
	err_t e = http_send(p->site, &r, &json);
	bool health = json_string_value(json_object_get(json, "status")) != NULL; /* a problem has a number there */
	const char *title = json_string_value(json_object_get(json, "title"));
	if (health)
		health_check(p, json);
	else
		finding_add(p->findings, FINDING_FAIL, "keys", "core cannot be asked: %s: see %s/log",
		    err_is(e) ? err_detail() : title == NULL ? "no answer of ours" : title, p->instance.directory);
	json_decref(json);
}

static void
keystore_note(struct patient *p)
{
	finding_add(p->findings, p->instance.kind == INSTANCE_PRODUCTION ? FINDING_FAIL : FINDING_WARN, "keystore",
	    "sealed software keystore: for demo and internal use only, no ETSI claim");
}

/* ---- all ---------------------------------------------------------------------------------------------------------------- */

/* One that cannot be read stays empty, which its check then says. */
static void
certificate_load(struct patient *p, const char *name, struct buf *der)
{
	char path[PATH_MAX];
	if (err_is(instance_path(&p->instance, name, path)) || err_is(file_read_path(path, der)))
		der->n = 0;
}

static err_t
patient_open(struct patient *p, const char *directory)
{
	char tls[PATH_MAX];
	TRY(instance_read(directory, &p->instance));
	certificate_load(p, "public/root.cer", &p->root);
	certificate_load(p, "public/issuing.cer", &p->issuing);
	certificate_load(p, "public/tsu.cer", &p->tsu);
	certificate_load(p, "public/seal.cer", &p->seal);
	TRY(instance_path(&p->instance, "public/tls.crt", tls));
	TRY(http_new(p->instance.base_url, tls, &p->plain));
	TRY(http_new(p->instance.site_url, tls, &p->site));
	http_patience(p->plain, PATIENCE_SECONDS); /* a service that hangs is a finding, not a wait */
	http_patience(p->site, HEALTH_SECONDS);
	return OK;
}

static void
patient_close(struct patient *p)
{
	buf_done(&p->root);
	buf_done(&p->issuing);
	buf_done(&p->tsu);
	buf_done(&p->seal);
	http_free(p->plain);
	http_free(p->site);
	finding_free(p->findings);
	instance_done(&p->instance);
}

static void
checks_run(struct patient *p)
{
	modes_check(p);
	disk_check(p);
	clock_check(p);
	sockets_check(p);
	struct programs running;
	programs_find(&p->instance, &running);
	programs_check(p, &running);
	jails_check(p, &running);
	end_check(p, "root", &p->root, 3 * 365);
	end_check(p, "issuing", &p->issuing, 365);
	end_check(p, "tsu", &p->tsu, 180);
	end_check(p, "seal", &p->seal, 90);
	crl_check(p, "/crl/issuing.crl", &p->issuing);
	crl_check(p, "/crl/root.crl", &p->root);
	fetched(p, "aia", aia_fetch(p, "/aia/issuing.cer", &p->issuing), "issuing certificate is served at its address");
	fetched(p, "aia", aia_fetch(p, "/aia/root.cer", &p->root), "root certificate is served at its address");
	fetched(p, "ocsp", ocsp_ask(p), "answers, and calls no unknown serial good");
	key_check(p);
	keystore_note(p);
}

int
doctor_main(int argc, char **argv)
{
	const char *words[1];
	size_t words_n;
	int status;
	bool json = false;
	const struct option options[] = {{"json", NULL, "print one JSON object", NULL, &json}};
	const struct option_use use = {"paraph doctor [--json] DIR",
	    "Looks for what is wrong with the running service of the instance DIR: file modes, disk, clock, sockets, programs, jails, ends\n"
	    "of certificates, ages of revocation lists, the keys' self-test, and the public addresses, fetched as anybody would. Changes\n"
	    "nothing.\n"
	    "Exit status 0: nothing failed (warnings may remain), 1: something failed, 66: DIR/paraph.conf cannot be read.",
	    options, 1, 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	struct buf none = buf_init(CERTIFICATE_FOREIGN_MAX);
	struct patient p = {.root = none, .issuing = none, .tsu = none, .seal = none, .now = clock_now()};
	p.findings = finding_new();
	err_t e = patient_open(&p, words[0]);
	if (err_is(e)) /* nothing can be looked at, which is one finding too */
		finding_add(p.findings, FINDING_FAIL, "instance", "%s", err_detail());
	else
		checks_run(&p);
	bool failed = finding_print(p.findings, json) == FINDING_FAIL;
	status = err_is(e) ? command_status(e) : failed ? COMMAND_FAILED : COMMAND_DONE;
	patient_close(&p);
	return status;
}
