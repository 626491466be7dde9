#include "os/instance.h"
#include "base/conf.h"
#include "base/limits.h"
#include "os/address.h"
#include "os/file.h"

#include <ctype.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>

#define AT(member) offsetof(struct instance, member)
#define TEXT(section, key, fallback, help, member)                                                                     \
	{                                                                                                              \
		section, key, CONF_STRING, 0, 0, NULL, fallback, help, AT(member)                                      \
	}
#define CHOICE(section, key, choices, fallback, help, member)                                                          \
	{                                                                                                              \
		section, key, CONF_CHOICE, 0, 0, choices, fallback, help, AT(member)                                   \
	}
#define NUMBER(section, key, least, most, fallback, help, member)                                                      \
	{                                                                                                              \
		section, key, CONF_NUMBER, least, most, NULL, fallback, help, AT(member)                               \
	}
#define BOOL(section, key, fallback, help, member)                                                                     \
	{                                                                                                              \
		section, key, CONF_BOOL, 0, 0, NULL, fallback, help, AT(member)                                        \
	}
#define GONE(section, key)                                                                                             \
	{                                                                                                              \
		section, key, CONF_GONE, 0, 0, NULL, NULL, NULL, AT(gone)                                              \
	}

static const struct conf_item items[] = {
    TEXT("instance", "name", "DEMO Paraph", "shown on pages and in mails", name),
    CHOICE("instance", "profile", "demo internal production", "demo", "a demo says DEMO everywhere and stays one",
	profile),
    TEXT("instance", "oid_arc", NULL, "own object identifier arc; of a demo below 2.25", oid_arc),
    NUMBER("instance", "uid_base", 1, 4000000000, "64100", "first of seven user ids, when started as root", uid_base),
    NUMBER(
	"instance", "workers", 0, 64, "0", "status processes, and workers of nginx; core and keys have eight threads for each; 0: one a processor", workers),
    CHOICE("instance", "log_level", "err warning notice info debug", "info", "least important line that is logged",
	log_level),

    TEXT("organisation", "country", "FR", "two capital letters", country),
    TEXT("organisation", "name", "DEMO Paraph", "organizationName of our certificates", organisation),
    TEXT("organisation", "identifier", "NTRFR-000000000", "organizationIdentifier [EN 319 412-1 5.1.4]",
	organisation_id),
    TEXT("organisation", "common_name", "DEMO Paraph", "names of CA, unit and seal begin with it", common_name),

    TEXT("front", "listen", "127.0.0.1", "address of the https port: IPv4, or IPv6 in brackets", listen),
    NUMBER("front", "https_port", 1, 65535, "8443", "port with TLS", https_port),
    NUMBER("front", "http_port", 1, 65535, "8080",
	"port without TLS: OCSP, CRL, AIA, TSA; in a demo the whole site, on loopback", http_port),
    TEXT("front", "site_url", "", "where people reach the pages; empty: https://localhost:https_port", site_url),
    TEXT("front", "base_url", "", "http address in certificates (AIA, CRL, OCSP); empty: http://127.0.0.1:http_port",
	base_url),

    CHOICE("mail", "transport", "catcher smtp smtps", "catcher", "catcher: kept here, nothing leaves this machine",
	mail_transport),
    TEXT("mail", "host", "", "mail server", mail_host),
    NUMBER("mail", "port", 1, 65535, "25", "its port", mail_port),
    TEXT("mail", "from", "paraph@localhost", "sender address", mail_from),
    TEXT("mail", "user", "", "account at the mail server, if it wants one", mail_user),
    TEXT("mail", "password_file", "", "file with its password", mail_password_file),

    CHOICE("sms", "transport", "catcher none http", "catcher", "how codes reach telephones", sms_transport),
    TEXT("sms", "url", "", "https address of the gateway; gets a JSON object with to and text", sms_url),
    TEXT("sms", "token_file", "", "file with the bearer token of the gateway", sms_token_file),

    BOOL("webhook", "private_addresses", "no", "allow webhooks to private and loopback addresses; nothing asks for one yet", webhook_private),

    NUMBER("policy", "certificate_minutes", 10, 120, "15", "life of a signer certificate", certificate_minutes),
    NUMBER("policy", "activation_minutes", 5, 120, "30", "from identity check to signature", activation_minutes),
    NUMBER("policy", "code_minutes", 1, 10, "10", "life of a one-time code", code_minutes),
    NUMBER("policy", "registration_months", 1, 60, "12", "how long a registration record serves", registration_months),
    NUMBER("policy", "invitation_days", 1, 365, "30", "how long an invitation can be used when its request names no deadline",
	invitation_days),
    NUMBER("policy", "upload_days", 1, 365, "7", "how long an uploaded file is kept that no request uses", upload_days),
    NUMBER("policy", "crl_every_minutes", 1, 1440, "60", "time between two CRLs; also after each revocation",
	crl_every_minutes),
    NUMBER("policy", "crl_next_update_hours", 1, 24, "24", "nextUpdate of a CRL", crl_next_update_hours),
    NUMBER("policy", "root_crl_days", 1, 365, "180", "nextUpdate of the root's CRL; paraph ceremony root-crl makes the next one", root_crl_days),
    NUMBER("policy", "ocsp_next_update_minutes", 1, 60, "60", "nextUpdate of an OCSP answer, at most",
	ocsp_next_update_minutes),
    NUMBER(
	"policy", "ocsp_certificate_days", 7, 30, "7", "life of the OCSP signer's certificate", ocsp_certificate_days),
    NUMBER("policy", "clock_alarm_ms", 1, 1000, "100", "clock error that raises an alarm", clock_alarm_ms),
    /* at most the accuracy that time-stamps claim (keys/answers.c) */
    NUMBER("policy", "clock_stop_ms", 1, 500, "500", "clock error that stops time-stamping; a demo goes on",
	clock_stop_ms),
    NUMBER("policy", "checkpoint_seconds", 1, 3600, "60",
	"time between two signed checkpoints of the audit log, and two roots of a journal in it, at most", checkpoint_seconds),
    NUMBER("policy", "stamp_seconds", 5, 86400, "3600", "time between two time-stamps on checkpoints of the audit log", stamp_seconds),
    NUMBER("policy", "document_mb", 1, 500, "100", "largest document, MiB", document_mb),

    GONE("policy", "backdate_seconds"), /* policy/profiles say it */
    GONE("policy", "retention_years"),
};
enum { ITEMS = sizeof items / sizeof items[0] };

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* "http://host:80/path": the host is there, and all of it can stand in a certificate (IA5String, RFC 5280 4.2.1.6). */
static bool
is_address(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	for (const char *c = host; *c != '\0'; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return false;
	return isalnum((unsigned char)*host) || *host == '[';
}

static err_t
url_check(const char *key, const char *url, bool https)
{
	size_t n = strlen(url);
	bool known = starts_with(url, "http://") || (https && starts_with(url, "https://"));
	if (!known || !is_address(url) || n > 200 || url[n - 1] == '/' || strpbrk(url, " \"'<>{}\\;$#?") != NULL)
		return err_make(ERR_CONF, "[front] %s = %s: must be %shttp://HOST[:PORT] without a slash at the end",
		    key, url, https ? "https://HOST[:PORT] or " : "");
	return OK;
}

/* What a value may hold that ends up in the front's configuration or in a header of a mail. */
static err_t
plain_check(const char *key, const char *value, const char *more)
{
	for (const char *c = value; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr(more, *c) == NULL)
			return err_make(ERR_CONF, "%s = %s: the character %c has no place there", key, value, *c);
	return OK;
}

/* A name would have to be looked up, and the front may not. */
static err_t
listen_check(const char *listen)
{
	struct address address;
	if (err_is(address_read(listen, 0, &address)))
		return err_make(ERR_CONF, "[front] listen = %s: must be an IPv4 address, or an IPv6 one in brackets ([::] is all of this machine)", listen);
	return OK;
}

static err_t
arc_check(const char *arc)
{
	size_t n = strlen(arc);
	if (n < 3 || n > 120 || strspn(arc, "0123456789.") != n || strstr(arc, "..") != NULL || arc[0] == '.' ||
	    arc[n - 1] == '.')
		return err_make(ERR_CONF, "[instance] oid_arc = %s: must be numbers with dots between them", arc);
	return OK;
}

/* It is the origin of every checkpoint of the audit log, and stands on pages and in mails. */
static err_t
name_check(const char *name)
{
	struct str text;
	size_t characters = 0;
	if (err_is(str_check(bytes(name, strlen(name)), &text)) || text.n == 0)
		return err_make(ERR_CONF, "[instance] name: must be text in UTF-8");
	for (size_t at = 0; at < text.n; characters++)
		(void)str_next(text, &at);
	if (characters > LIMIT_NAME)
		return err_make(ERR_CONF, "[instance] name: %zu characters, at most %d fit", characters, LIMIT_NAME);
	return OK;
}

/* A demo cannot become production by a flag, and production does not start half-configured. */
static err_t
profile_check(const struct instance *i)
{
	if (i->kind == INSTANCE_DEMO) {
		if (strstr(i->common_name, "DEMO") == NULL || strstr(i->organisation, "DEMO") == NULL)
			return err_make(ERR_CONF,
			    "[organisation]: in the profile demo, name and common_name must hold the word DEMO");
		if (!starts_with(i->oid_arc, "2.25."))
			return err_make(
			    ERR_CONF, "[instance] oid_arc: the profile demo asserts only an arc of its own, below 2.25");
		return OK;
	}
	if (strstr(i->common_name, "DEMO") != NULL)
		return err_make(ERR_CONF,
		    "[organisation] common_name holds DEMO, but the profile is %s: make a new instance", i->profile);
	if (i->kind == INSTANCE_PRODUCTION &&
	    (strcmp(i->mail_transport, "catcher") == 0 || strcmp(i->sms_transport, "catcher") == 0))
		return err_make(ERR_CONF, "[mail], [sms] transport: the catcher is for demo and internal instances");
	if (i->kind == INSTANCE_PRODUCTION && strstr(i->base_url, "//127.") != NULL)
		return err_make(ERR_CONF, "[front] base_url: relying parties cannot reach a loopback address");
	return OK;
}

static err_t
values_check(const struct instance *i)
{
	TRY(name_check(i->name));
	TRY(arc_check(i->oid_arc));
	TRY(url_check("base_url", i->base_url, false));
	TRY(url_check("site_url", i->site_url, true));
	TRY(listen_check(i->listen));
	TRY(plain_check("[mail] host", i->mail_host, ".:-[]"));
	TRY(plain_check("[mail] from", i->mail_from, "@.-_+"));
	if (strlen(i->country) != 2 || !isupper((unsigned char)i->country[0]) || !isupper((unsigned char)i->country[1]))
		return err_make(ERR_CONF, "[organisation] country = %s: must be two capital letters", i->country);
	if (strcmp(i->mail_transport, "catcher") != 0 && i->mail_host[0] == '\0')
		return err_make(ERR_CONF, "[mail] host is missing: transport is %s", i->mail_transport);
	if (strcmp(i->sms_transport, "http") == 0 && !starts_with(i->sms_url, "https://"))
		return err_make(ERR_CONF, "[sms] url: must be an https address");
	if (i->http_port == i->https_port)
		return err_make(ERR_CONF, "[front] http_port and https_port must differ");
	return profile_check(i);
}

static void
text_replace(char **at, const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		abort();
	free(*at);
	*at = copy;
}

/* Values that follow from others when they are left empty. */
static err_t
derive(struct instance *i)
{
	char url[64];
	if (i->site_url[0] == '\0') {
		snprintf(url, sizeof url, "https://localhost:%d", (int)i->https_port);
		text_replace(&i->site_url, url);
	}
	if (i->base_url[0] == '\0') {
		snprintf(url, sizeof url, "http://127.0.0.1:%d", (int)i->http_port);
		text_replace(&i->base_url, url);
	}
	i->kind = strcmp(i->profile, "demo") == 0       ? INSTANCE_DEMO
		  : strcmp(i->profile, "internal") == 0 ? INSTANCE_INTERNAL
							: INSTANCE_PRODUCTION;
	return values_check(i);
}

/* The directory of DIR or DIR/paraph.conf, absolute. */
static err_t
directory_find(const char *path, char ret_directory[PATH_MAX])
{
	struct stat st;
	if (realpath(path, ret_directory) == NULL || stat(ret_directory, &st) != 0)
		return err_make(ERR_NO_INPUT, "%s does not exist: make an instance with paraph init", path);
	if (!S_ISDIR(st.st_mode))
		*strrchr(ret_directory, '/') = '\0';
	/* It ends up in quotes in the front's configuration, and in the line that says ready. */
	for (const char *c = ret_directory; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || strchr("\"'\\{};$#", *c) != NULL)
			return err_make(ERR_CONF, "the path %s holds a quote, backslash, brace or other special character", ret_directory);
	return OK;
}

err_t
instance_read(const char *path, struct instance *ret_instance)
{
	struct instance i = {0};
	char file[PATH_MAX];
	TRY(directory_find(path, i.directory));
	TRY(instance_path(&i, "paraph.conf", file));
	TRY(conf_read(file, items, ITEMS, &i));
	err_t e = derive(&i);
	if (err_is(e))
		instance_done(&i);
	else
		*ret_instance = i;
	return e;
}

void
instance_done(struct instance *i)
{
	conf_done(items, ITEMS, i);
}

/* One value of the table, converted; numbers are checked as the file's are. */
static err_t
value_set(struct instance *i, const struct conf_item *item, const char *value)
{
	char *at = (char *)i + item->offset;
	TRY(conf_value_check(item->section, item->key, value));
	if (item->type == CONF_NUMBER) {
		char *end;
		long long v = strtoll(value, &end, 10);
		if (end == value || *end != '\0' || v < item->least || v > item->most)
			return err_make(ERR_CONF, "[%s] %s = %s: must be from %lld to %lld", item->section, item->key,
			    value, (long long)item->least, (long long)item->most);
		*(int64_t *)(void *)at = v;
	} else if (item->type == CONF_BOOL) {
		*(bool *)at = strcmp(value, "yes") == 0;
	} else {
		text_replace((char **)(void *)at, value);
	}
	return OK;
}

err_t
instance_default(const char *directory, struct instance *ret_instance)
{
	struct instance i = {0};
	TRY(directory_find(directory, i.directory));
	for (size_t k = 0; k < ITEMS; k++)
		if (items[k].type != CONF_GONE)
			TRY(value_set(&i, &items[k], items[k].fallback == NULL ? "" : items[k].fallback));
	*ret_instance = i;
	return OK;
}

err_t
instance_set(struct instance *i, const char *section, const char *key, const char *value)
{
	for (size_t k = 0; k < ITEMS; k++)
		if (items[k].type != CONF_GONE && strcmp(items[k].section, section) == 0 && strcmp(items[k].key, key) == 0)
			return value_set(i, &items[k], value);
	return err_make(ERR_CONF, "[%s] %s is not a known key", section, key);
}

static void
value_write(const struct instance *i, const struct conf_item *item, struct buf *out)
{
	const char *at = (const char *)i + item->offset;
	if (item->type == CONF_NUMBER)
		buf_printf(out, "%s = %lld\n", item->key, (long long)*(const int64_t *)(const void *)at);
	else if (item->type == CONF_BOOL)
		buf_printf(out, "%s = %s\n", item->key, *(const bool *)at ? "yes" : "no");
	else
		buf_printf(out, "%s = %s\n", item->key, *(char *const *)(const void *)at);
}

void
instance_write(const struct instance *i, struct buf *out)
{
	const char *section = "";
	buf_put_str(out,
	    STR("; Configuration of Paraph. A key that is left out has its default; an unknown one is an error.\n"));
	for (size_t k = 0; k < ITEMS && items[k].type != CONF_GONE; k++) { /* these stand at the end */
		if (strcmp(section, items[k].section) != 0)
			buf_printf(out, "\n[%s]\n", items[k].section);
		section = items[k].section;
		buf_printf(out, "; %s\n", items[k].help);
		value_write(i, &items[k], out);
	}
}

err_t
instance_read_text(struct bytes text, struct instance *ret_instance)
{
	struct instance i = {0};
	char file[64], detail[512];
	AUTO_FD(fd) = memfd_create("paraph.conf", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno("making a file in memory");
	TRY(file_write(fd, text));
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	err_t e = conf_read(file, items, ITEMS, &i);
	if (err_is(e)) { /* where it was read from is nobody's business */
		const char *line = strstr(err_detail(), ", line");
		snprintf(detail, sizeof detail, "paraph.conf%s", line == NULL ? " cannot be written like that" : line);
		return err_make(ERR_CONF, "%s", detail);
	}
	e = derive(&i);
	if (err_is(e))
		instance_done(&i);
	else
		*ret_instance = i;
	return e;
}

err_t
instance_finished(const struct instance *i)
{
	char path[PATH_MAX];
	TRY(instance_path(i, INSTANCE_UNFINISHED, path));
	if (access(path, F_OK) == 0)
		return err_make(ERR_CONF, "%s is not complete: paraph init was interrupted. Remove it and make it anew", i->directory);
	return OK;
}

err_t
instance_path(const struct instance *i, const char *name, char ret_path[PATH_MAX])
{
	int n = snprintf(ret_path, PATH_MAX, "%s/%s", i->directory, name);
	if (n < 0 || n >= PATH_MAX)
		return err_make(ERR_CONF, "the path of the instance is too long: %s", i->directory);
	return OK;
}

uid_t
instance_uid(const struct instance *i, enum instance_user user)
{
	return geteuid() == 0 ? (uid_t)(i->uid_base + user) : geteuid();
}

size_t
instance_workers(const struct instance *i)
{
	cpu_set_t set;
	if (i->workers > 0)
		return (size_t)i->workers;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > 64 ? 64 : (size_t)n;
}

size_t
instance_status_processes(const struct instance *i)
{
	size_t n = instance_workers(i);
	return n > INSTANCE_STATUS_MAX ? INSTANCE_STATUS_MAX : n;
}

int
instance_log_level(const struct instance *i)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {{"err", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO},
	    {"debug", LOG_DEBUG}};
	for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++)
		if (strcmp(i->log_level, levels[k].name) == 0)
			return levels[k].level;
	return LOG_INFO;
}
