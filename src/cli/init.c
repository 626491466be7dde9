#include "cli/init.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/rand.h"
#include "base/secret.h"
#include "cli/ceremony.h"
#include "cli/command.h"
#include "cli/ground.h"
#include "cli/layout.h"
#include "cli/option.h"
#include "cli/tls.h"
#include "os/auditor.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/name.h"

#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>

struct wish {
	const char *profile, *name, *organisation, *country, *identifier, *https_port, *http_port, *site_url, *base_url;
	bool json;
};

/* Who may call the API of a new instance; the keys lie in admin/. */
static const struct {
	const char *file, *name, *roles[2];
} first_keys[] = {
    {"sender", "first sender", {"sender", NULL}},
    {"registration", "first registration authority", {"registration", NULL}},
    {"officer", "first revocation officer", {"revocation", NULL}},
};
enum { FIRST_KEYS = sizeof first_keys / sizeof first_keys[0] };

static bool quiet;

static void
say(const char *line)
{
	if (!quiet) {
		printf(" made  %s\n", line);
		fflush(stdout);
	}
}

/* An arc below 2.25 with 140 random bits, nobody else's without asking anybody. In five numbers, because linters and many
 * other programs read arcs of at most 31 bits (doc/decisions/0003-arc-of-a-demo.md). */
static void
arc_make(char ret_arc[64])
{
	int n = snprintf(ret_arc, 64, "2.25");
	for (int i = 0; i < 5; i++)
		n += snprintf(ret_arc + n, 64 - (size_t)n, ".%u", 1 + rand_below((UINT32_C(1) << 28) - 1));
}

static err_t
set(struct instance *i, const char *section, const char *key, const char *value)
{
	return value == NULL ? OK : instance_set(i, section, key, value);
}

/* The configuration as wished, written and read back as every program will read it. */
static err_t
wishes_set(const struct wish *w, struct instance *i)
{
	char arc[64];
	arc_make(arc);
	TRY(set(i, "instance", "oid_arc", arc));
	TRY(set(i, "instance", "profile", w->profile));
	TRY(set(i, "instance", "name", w->name));
	TRY(set(i, "organisation", "name", w->organisation));
	TRY(set(i, "organisation", "common_name", w->name));
	TRY(set(i, "organisation", "country", w->country));
	TRY(set(i, "organisation", "identifier", w->identifier));
	TRY(set(i, "front", "https_port", w->https_port));
	TRY(set(i, "front", "http_port", w->http_port));
	TRY(set(i, "front", "site_url", w->site_url));
	return set(i, "front", "base_url", w->base_url);
}

/* Every option holds a text, and an option without one is a slip in a script. */
static err_t
texts_check(const struct wish *w)
{
	const struct {
		const char *option, *value;
	} all[] = {{"profile", w->profile}, {"name", w->name}, {"organisation", w->organisation}, {"identifier", w->identifier},
	    {"country", w->country}, {"https-port", w->https_port}, {"http-port", w->http_port}, {"site-url", w->site_url},
	    {"base-url", w->base_url}};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct str text;
		if (all[i].value == NULL)
			continue;
		if (all[i].value[0] == '\0')
			return err_make(ERR_CONF, "--%s is empty", all[i].option);
		if (err_is(str_check(bytes(all[i].value, strlen(all[i].value)), &text)))
			return err_make(ERR_CONF, "--%s is not UTF-8, or holds control characters", all[i].option);
	}
	return OK;
}

/* The names fit into certificates together with what keys put behind them; the unit's is the longest (keys/desk.c). */
static err_t
names_check(const struct instance *i)
{
	static const struct name_form form = {.rules = {{NAME_COUNTRY, true}, {NAME_ORGANIZATION, true}, {NAME_ORGANIZATION_ID, false},
	    {NAME_COMMON_NAME, true}}, .n = 4};
	char longest[1024];
	struct name_facts facts = {0};
	if (snprintf(longest, sizeof longest, "%s Time-Stamping Unit 1", i->common_name) >= (int)sizeof longest)
		return err_make(ERR_NAME, "the name of the service is too long");
	facts.value[NAME_COUNTRY] = str_c(i->country);
	facts.value[NAME_ORGANIZATION] = str_c(i->organisation);
	facts.value[NAME_ORGANIZATION_ID] = str_c(i->organisation_id);
	facts.value[NAME_COMMON_NAME] = str_c(longest);
	err_t e = name_check(&facts, &form);
	if (err_is(e)) {
		char detail[400];
		snprintf(detail, sizeof detail, "%s", err_detail());
		return err_make(e.code, "%s (of the name \"%s\" and what it says for a unit)", detail, longest);
	}
	return OK;
}

static bool
is_kept(const char *wished, const char *found)
{
	return wished == NULL || (found != NULL && strcmp(wished, found) == 0);
}

/* What is read back is what was wished: no value became another line, a comment or a shorter text. */
static err_t
same_check(const struct wish *w, const struct instance *i)
{
	if (!is_kept(w->name, i->name) || !is_kept(w->name, i->common_name) || !is_kept(w->organisation, i->organisation) ||
	    !is_kept(w->identifier, i->organisation_id) || !is_kept(w->country, i->country) || !is_kept(w->site_url, i->site_url) ||
	    !is_kept(w->base_url, i->base_url))
		return err_make(ERR_CONF, "a value would be read back from paraph.conf as another one");
	return OK;
}

static err_t
values_check(const struct wish *w, const struct instance *i)
{
	if (i->kind == INSTANCE_PRODUCTION)
		return err_make(ERR_CONF, "production keys live in a PKCS#11 device, which this version cannot use yet: "
		    "choose --profile internal or demo");
	TRY(same_check(w, i));
	return names_check(i);
}

/* The text of paraph.conf as wished; all that can be wrong with a wish is said here, before anything is written. */
static err_t
conf_make(const struct wish *w, struct buf *conf)
{
	struct instance wished, read;
	TRY(texts_check(w));
	TRY(instance_default("/", &wished)); /* the directory is no part of the text */
	err_t e = wishes_set(w, &wished);
	if (!err_is(e))
		instance_write(&wished, conf);
	instance_done(&wished);
	TRY(e);
	TRY(buf_check(conf));
	TRY(instance_read_text(buf_bytes(conf), &read));
	e = values_check(w, &read);
	instance_done(&read);
	return e;
}

static err_t
conf_put(const char *directory, const struct buf *conf, struct instance *ret_instance)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/paraph.conf", directory) >= PATH_MAX)
		return err_make(ERR_CONF, "the path %s is too long", directory);
	TRY(file_replace(path, buf_bytes(conf), 0444));
	return instance_read(directory, ret_instance);
}

static err_t
file_put(const struct instance *i, const char *name, struct bytes data, mode_t mode, int user)
{
	char path[PATH_MAX];
	TRY(instance_path(i, name, path));
	TRY(file_replace(path, data, mode));
	TRY(layout_own(i, name, user, user));
	FAULT_POINT("init.file");
	return OK;
}

/* The passphrase that seals a software keystore lies beside it: it guards copies of the store alone, not this machine.
 * Production is refused: a software keystore serves demo and internal only. */
static err_t
passphrase_put(const struct instance *i, const char *name, int user)
{
	uint8_t octets[32];
	AUTO_BUF(text, 128);
	rand_fill(octets, sizeof octets);
	base64_write_url(&text, BYTES_OF(octets));
	err_t e = file_put(i, name, buf_bytes(&text), 0400, user);
	secret_wipe(octets, sizeof octets);
	secret_wipe(text.p, text.n);
	return e;
}

static err_t
passphrases_put(const struct instance *i)
{
	TRY(passphrase_put(i, "keys/root/passphrase", INSTANCE_USER_KEYS));
	TRY(passphrase_put(i, "keys/issuing/passphrase", INSTANCE_USER_KEYS));
	return passphrase_put(i, "keys/status/passphrase", INSTANCE_USER_KEYS_STATUS);
}

static err_t
tls_put(const struct instance *i, int64_t now)
{
	AUTO_BUF(key, 4096);
	AUTO_BUF(certificate, 4096);
	TRY(tls_make(now, &key, &certificate));
	err_t e = file_put(i, "front/tls.key", buf_bytes(&key), 0400, INSTANCE_USER_FRONT);
	secret_wipe(key.p, key.n);
	TRY(e);
	TRY(file_put(i, "front/tls.crt", buf_bytes(&certificate), 0444, INSTANCE_USER_FRONT));
	/* The command line trusts this file only. */
	return file_put(i, "public/tls.crt", buf_bytes(&certificate), 0444, -1);
}

static err_t
public_put(const struct instance *i, const char *name, const struct buf *der)
{
	char file[64];
	AUTO_BUF(pem, 16384);
	base64_write_pem(&pem, "CERTIFICATE", buf_bytes(der));
	snprintf(file, sizeof file, "public/%s.pem", name);
	TRY(file_put(i, file, buf_bytes(&pem), 0444, -1));
	snprintf(file, sizeof file, "public/%s.cer", name);
	return file_put(i, file, buf_bytes(der), 0444, -1);
}

static err_t
certificates_put(const struct instance *i, const struct ceremony_result *c)
{
	TRY(public_put(i, "root", &c->root));
	TRY(public_put(i, "issuing", &c->issuing));
	TRY(public_put(i, "tsu", &c->tsu));
	TRY(file_put(i, "public/root.crl", buf_bytes(&c->root_crl), 0444, -1));
	return public_put(i, "seal", &c->seal);
}

static json_t *
json_base64(const struct buf *octets)
{
	AUTO_BUF(text, 65536);
	base64_write(&text, buf_bytes(octets));
	return json_stringn((const char *)text.p, text.n);
}

/* Makes one API key; its file holds the key, bootstrap.json only its digest. */
static err_t
api_key_make(const struct instance *i, size_t k, json_t *list)
{
	uint8_t octets[32], sha256[DIGEST_SHA256_LEN];
	char file[64], hex[2 * sizeof sha256 + 1], id[20];
	AUTO_BUF(key, 128);
	rand_fill(octets, sizeof octets);
	buf_put_str(&key, i->kind == INSTANCE_DEMO ? STR("tsk_test_") : STR("tsk_live_"));
	base64_write_url(&key, BYTES_OF(octets));
	digest_sha256(buf_bytes(&key), sha256);
	bytes_hex(BYTES_OF(sha256), hex);
	snprintf(id, sizeof id, "key_%s", first_keys[k].file);
	snprintf(file, sizeof file, "admin/%s.key", first_keys[k].file);
	json_t *roles = json_pack("[s]", first_keys[k].roles[0]);
	json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "id", id, "sha256", hex, "roles", roles, "name",
	    first_keys[k].name));
	err_t e = file_put(i, file, buf_bytes(&key), 0400, -1);
	secret_wipe(key.p, key.n);
	return e;
}

static err_t
bootstrap_put(const struct instance *i, const struct ceremony_result *c)
{
	json_t *keys = json_array();
	for (size_t k = 0; k < FIRST_KEYS; k++)
		TRY(api_key_make(i, k, keys));
	json_t *all = json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}, s:o}", "api_keys", keys, "log_spki",
	    json_base64(&c->log_spki), "ocsp_spki", json_base64(&c->ocsp_spki), "certificates", "root", json_base64(&c->root),
	    "issuing", json_base64(&c->issuing), "tsu", json_base64(&c->tsu), "seal", json_base64(&c->seal), "ocsp",
	    json_base64(&c->ocsp), "root_crl", json_base64(&c->root_crl));
	char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(1));
	json_decref(all);
	if (text == NULL)
		return err_make(ERR_INTERNAL, "writing bootstrap.json");
	err_t e = file_put(i, "bootstrap.json", bytes(text, strlen(text)), 0400, INSTANCE_USER_CORE);
	free(text);
	return e;
}

static err_t
everything_make(const struct instance *i, struct ceremony_result *ceremony)
{
	TRY(layout_make(i));
	TRY(passphrases_put(i));
	TRY(tls_put(i, clock_now()));
	say("instance directory, configuration, TLS key pair");
	TRY(ceremony_run(i, clock_now(), say, ceremony));
	TRY(certificates_put(i, ceremony));
	TRY(bootstrap_put(i, ceremony));
	return auditor_admit(i);
}

struct told {
	char directory[PATH_MAX]; /* in UTF-8 */
	char root_sha256[2 * DIGEST_SHA256_LEN + 1];
	json_t *json;
};

/* Before the instance is finished, so that nothing is left to fail afterwards. */
static err_t
report_make(const struct instance *i, const struct ceremony_result *c, bool json, struct told *told)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	digest_sha256(buf_bytes(&c->root), sha256);
	bytes_hex(BYTES_OF(sha256), told->root_sha256);
	snprintf(told->directory, sizeof told->directory, "%s", i->directory);
	str_mend(told->directory);
	if (!json)
		return OK;
	told->json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "instance", told->directory, "profile", i->profile, "oid_arc", i->oid_arc,
	    "root_sha256", told->root_sha256, "site_url", i->site_url);
	return told->json != NULL ? OK : err_make(ERR_INTERNAL, "the report does not fit into JSON");
}

/* What stands in the directory is complete, whether or not somebody reads of it. */
static void
report(const struct instance *i, const struct told *told)
{
	if (told->json != NULL) {
		err_t e = command_json(json_incref(told->json));
		if (err_is(e))
			(void)command_fail(e);
		return;
	}
	printf("\n Instance      %s (%s)\n Root SHA-256  %s\n Own arc       %s\n", i->directory, i->profile, told->root_sha256, i->oid_arc);
	printf(" API keys      %s/admin/*.key\n Next          paraph serve %s\n", i->directory, i->directory);
	if (i->kind == INSTANCE_DEMO)
		printf("\n This is a DEMO: every certificate says so, it has no legal value and can never become production.\n");
}

static volatile sig_atomic_t stopped;

/* What was begun is cleared up first. */
static void
stop(int signal)
{
	(void)signal;
	stopped = true;
}

static void
signals_keep(void)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		(void)sigaction(all[i], &action, NULL);
}

static err_t
instance_fill(const char *directory, const struct buf *conf, bool json)
{
	struct instance i;
	struct buf none = buf_init(0);
	struct ceremony_result ceremony = {none, none, none, none, none, none, none, none};
	TRY(conf_put(directory, conf, &i));
	FAULT_POINT("init.configuration");
	struct told told = {.json = NULL};
	err_t e = everything_make(&i, &ceremony);
	if (!err_is(e))
		e = report_make(&i, &ceremony, json, &told);
	if (!err_is(e))
		e = ground_finish(directory);
	if (!err_is(e))
		FAULT_POINT("init.finished");
	if (!err_is(e) && !stopped)
		report(&i, &told);
	json_decref(told.json);
	ceremony_done(&ceremony);
	instance_done(&i);
	return e;
}

static int
init_run(const char *directory, const struct wish *w)
{
	struct ground ground;
	AUTO_BUF(conf, 65536);
	err_t e = conf_make(w, &conf);
	if (!err_is(e))
		e = ground_check(directory, &ground);
	if (err_is(e))
		return command_fail(e);
	signals_keep();
	e = ground_take(&ground);
	if (err_is(e))
		return command_fail(e);
	e = instance_fill(ground.directory, &conf, w->json);
	if (!err_is(e) && !stopped)
		return COMMAND_DONE;
	int status = err_is(e) ? command_fail(e) : COMMAND_FAILED;
	if (ground_clear(&ground))
		fprintf(stderr, "paraph: nothing was made; %s is as it was\n", ground.directory);
	else
		fprintf(stderr, "paraph: %s is not complete and cannot be cleared: remove what is in it before you try again\n",
		    ground.directory);
	return status;
}

int
init_main(int argc, char **argv)
{
	struct wish w = {.profile = "demo"};
	const char *words[1];
	size_t words_n;
	int status;
	const struct option options[] = {
	    {"profile", "NAME", "demo (default) or internal", &w.profile, NULL},
	    {"name", "NAME", "of the service; CA, unit and seal names begin with it", &w.name, NULL},
	    {"organisation", "NAME", "organizationName in our certificates", &w.organisation, NULL},
	    {"identifier", "ID", "organizationIdentifier, such as NTRFR-123456789", &w.identifier, NULL},
	    {"country", "CC", "two capital letters", &w.country, NULL},
	    {"https-port", "N", "port of the pages and the API (8443)", &w.https_port, NULL},
	    {"http-port", "N", "port of OCSP, CRL and CA certificates (8080)", &w.http_port, NULL},
	    {"site-url", "URL", "where people reach the pages", &w.site_url, NULL},
	    {"base-url", "URL", "http address that certificates name", &w.base_url, NULL},
	    {"json", NULL, "print one JSON object", NULL, &w.json},
	};
	const struct option_use use = {"paraph init [OPTION]... DIR",
	    "Makes the instance directory DIR: configuration, root and issuing CA, OCSP signer, time-stamp unit, seal and log\n"
	    "keys with their certificates, a self-signed TLS key pair, and the first API keys. Nothing is fetched or sent.",
	    options, sizeof options / sizeof options[0], 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	umask(022);
	quiet = w.json;
	return init_run(words[0], &w);
}
