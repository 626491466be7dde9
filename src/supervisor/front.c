#include "supervisor/front.h"
#include "os/address.h"
#include "os/file.h"
#include "os/jail.h"
#include "os/process.h"
#include "supervisor/front_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Connections to core that the front keeps for later. They hold places of core's (SERVE_CONNECTIONS_MAX in src/api) while they
 * rest, so those of all workers together are half of these at most. */
enum { RESTING_MAX = 64, CORE_RESTING = 384 };
enum { TEMPLATE_MAX = 64 * 1024, VALUE_MAX = 8 * 1024, PORT_TRIES = 50, PORT_PAUSE_US = 100 * 1000, PORTS_OF_ALL = 1024 };

/* ---- configuration ---- */

enum {
	DIR,
	CACHE,
	WORKERS,
	KEEPALIVE,
	STATUS_SERVERS,
	COURIER_UPSTREAM,
	COURIER_LOCATION,
	HTTPS_LISTEN,
	HTTP_LISTEN,
	HTTP_SITE,
	HSTS,
	SITE_URL,
	STATIC,
	DOCUMENT_MB,
	NAME,
	KIND,
	ARC,
	MINUTES,
	BASE,
	TERMS,
	VARIABLES
};

static const char *const names[VARIABLES] = {"@DIR@", "@CACHE@", "@WORKERS@", "@KEEPALIVE@", "@STATUS_SERVERS@",
    "@COURIER_UPSTREAM@", "@COURIER_LOCATION@", "@HTTPS_LISTEN@", "@HTTP_LISTEN@", "@HTTP_SITE@", "@HSTS@", "@SITE_URL@", "@STATIC@",
    "@DOCUMENT_MB@", "@NAME@", "@KIND@", "@ARC@", "@MINUTES@", "@BASE@", "@TERMS@"};

static void __attribute__((format(printf, 2, 3))) set(char *value, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t n = strlen(value);
	vsnprintf(value + n, VALUE_MAX - n, format, args);
	va_end(args);
}

/* Only where the catcher is wanted does nginx speak to courier. It shows links and codes of everybody: but in a demo, to this
 * machine alone. */
static void
courier_set(const struct instance *i, char values[VARIABLES][VALUE_MAX])
{
	if (strcmp(i->mail_transport, "catcher") != 0 && strcmp(i->sms_transport, "catcher") != 0)
		return;
	set(values[COURIER_UPSTREAM],
	    "    upstream courier {\n        server \"unix:%s/run/courier.sock\" max_fails=0;\n"
	    "        keepalive 4;\n    }\n",
	    i->directory);
	set(values[COURIER_LOCATION],
	    "location /dev/mail {\n%s    include \"%s/front/headers.conf\";\n    include \"%s/front/fastcgi.conf\";\n"
	    "    fastcgi_pass courier;\n}\n",
	    i->kind == INSTANCE_DEMO ? "" : "    allow 127.0.0.1;\n    allow ::1;\n    deny all;\n", i->directory, i->directory);
}

/* For policy/statement.txt: what the certificates of this installation stand for. */
static err_t
statement_set(const struct instance *i, char values[VARIABLES][VALUE_MAX])
{
	static const char *const kinds[] = {
	    [INSTANCE_DEMO] =
		"DEMO. This is a trial: its certificates and signatures have no legal value, and every name says DEMO.",
	    [INSTANCE_INTERNAL] = "For use inside one organisation, not for the public.",
	    [INSTANCE_PRODUCTION] = "A service of the organisation named in its certificates.",
	};
	char path[PATH_MAX];
	AUTO_BUF(terms, VALUE_MAX - 1);
	TRY(process_share("policy/terms.txt", path));
	TRY(file_read_path(path, &terms));
	set(values[NAME], "%s", i->common_name);
	set(values[KIND], "%s", kinds[i->kind]);
	set(values[ARC], "%s", i->oid_arc);
	set(values[MINUTES], "%d", (int)i->certificate_minutes);
	set(values[BASE], "%s", i->base_url);
	set(values[TERMS], "%.*s", (int)terms.n, (const char *)terms.p);
	return OK;
}

/* Where the front listens without TLS. */
static const char *
http_address(const struct instance *i)
{
	return i->kind == INSTANCE_DEMO ? "127.0.0.1" : i->listen;
}

static void
values_set(const struct instance *i, size_t status_n, const char *pages, const char *cache,
    char values[VARIABLES][VALUE_MAX])
{
	bool demo = i->kind == INSTANCE_DEMO;
	set(values[DIR], "%s", i->directory);
	set(values[CACHE], "%s", cache);
	size_t workers = instance_workers(i), resting = CORE_RESTING / workers;
	set(values[WORKERS], "%zu", workers);
	set(values[KEEPALIVE], "%zu", resting < RESTING_MAX ? resting : RESTING_MAX);
	for (size_t k = 0; k < status_n; k++)
		set(values[STATUS_SERVERS],
		    "        server \"unix:%s/run/status-%zu.sock\" max_fails=1 fail_timeout=1s;\n", i->directory, k);
	courier_set(i, values);
	set(values[HTTPS_LISTEN], "%s:%d", i->listen, (int)i->https_port);
	set(values[HTTP_LISTEN], "%s:%d", http_address(i), (int)i->http_port);
	if (demo)
		set(values[HTTP_SITE], "include \"%s/front/site.conf\";", i->directory);
	else
		set(values[HSTS], "max-age=31536000");
	set(values[SITE_URL], "%s", i->site_url);
	set(values[STATIC], "%s", pages);
	set(values[DOCUMENT_MB], "%d", (int)i->document_mb);
}

static err_t
template_fill(struct bytes text, char values[VARIABLES][VALUE_MAX], struct buf *out)
{
	for (size_t at = 0; at < text.n;) {
		size_t mark = bytes_find(text, at, bytes("@", 1)), k = 0;
		buf_put(out, bytes_sub(text, at, mark == SIZE_MAX ? text.n : mark));
		if (mark == SIZE_MAX)
			break;
		while (k < VARIABLES &&
		       !(text.n - mark >= strlen(names[k]) && memcmp(text.p + mark, names[k], strlen(names[k])) == 0))
			k++;
		if (k == VARIABLES)
			return err_make(
			    ERR_CONF, "a template of the front names an unknown variable at octet %zu", mark);
		buf_put_str(out, str_c(values[k]));
		at = mark + strlen(names[k]);
	}
	return buf_check(out);
}

/* The front reads it as its own user and cannot change it. */
static err_t
owned_replace(const struct instance *i, const char *path, struct bytes content)
{
	gid_t front = (gid_t)instance_uid(i, INSTANCE_USER_FRONT);
	TRY(file_replace(path, content, 0640));
	if (geteuid() == 0 && chown(path, 0, front) != 0)
		return err_errno("owner of %s", path);
	return OK;
}

static err_t
template_write(const struct instance *i, const char *folder, const char *name, const char *as,
    char values[VARIABLES][VALUE_MAX])
{
	char from[PATH_MAX], to[PATH_MAX], file[64];
	AUTO_BUF(text, TEMPLATE_MAX);
	AUTO_BUF(out, 2 * TEMPLATE_MAX);
	snprintf(file, sizeof file, "%s/%s", folder, name);
	TRY(process_share(file, from));
	TRY(file_read_path(from, &text));
	TRY(template_fill(buf_bytes(&text), values, &out));
	snprintf(file, sizeof file, "front/%s", as);
	TRY(instance_path(i, file, to));
	return owned_replace(i, to, buf_bytes(&out));
}

/* tmp stays closed: nothing of ours may end up there, and if it would, the request fails instead. */
static err_t
folders_make(const struct instance *i)
{
	static const char *const folders[] = {"front", "front/log", "front/cache", "front/tmp", "served"};
	uid_t front = instance_uid(i, INSTANCE_USER_FRONT);
	for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++) {
		char path[PATH_MAX];
		struct stat st;
		TRY(instance_path(i, folders[k], path));
		if (stat(path, &st) == 0)
			continue;
		TRY(file_mkdir(path, 0700));
		if (geteuid() == 0 && chown(path, front, (gid_t)front) != 0)
			return err_errno("owner of %s", path);
	}
	return OK;
}

/* The pages; without a web folder (a server of the API alone) an empty one. */
static void
pages_find(const struct instance *i, char ret_path[PATH_MAX])
{
	if (process_share("static", ret_path).code != ERR_OK)
		snprintf(ret_path, PATH_MAX, "%.4000s/public", i->directory);
}

err_t
front_write(const struct instance *instance, size_t status_n)
{
	static const char *const templates[] = {
	    "front.conf", "status.conf", "site.conf", "headers.conf", "fastcgi.conf"};
	static char values[VARIABLES][VALUE_MAX];
	char pages[PATH_MAX], cache[PATH_MAX];
	memset(values, 0, sizeof values);
	pages_find(instance, pages);
	TRY(folders_make(instance));
	TRY(front_cache(instance, cache));
	values_set(instance, status_n, pages, cache, values);
	TRY(statement_set(instance, values));
	for (size_t k = 0; k < sizeof templates / sizeof templates[0]; k++)
		TRY(template_write(instance, "nginx", templates[k], templates[k], values));
	return template_write(instance, "policy", "statement.txt", "cps.txt", values);
}

/* ---- starting ---- */

err_t
front_find(char *ret_path)
{
	static const char *const places[] = {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"};
	for (size_t k = 0; k < sizeof places / sizeof places[0]; k++)
		if (access(places[k], X_OK) == 0) {
			memcpy(ret_path, places[k], strlen(places[k]) + 1);
			return OK;
		}
	return err_make(ERR_CONF, "nginx is not in /usr/sbin: install the package nginx-light");
}

void
front_arguments(const struct instance *instance, char **argv, size_t *n)
{
	static char prefix[PATH_MAX + 8], conf[PATH_MAX + 24];
	static char p[] = "-p", c[] = "-c", e[] = "-e", to[] = "stderr";
	snprintf(prefix, sizeof prefix, "%s/front", instance->directory);
	snprintf(conf, sizeof conf, "%s/front/front.conf", instance->directory);
	char *const list[] = {p, prefix, c, conf, e, to};
	for (size_t k = 0; k < sizeof list / sizeof list[0]; k++)
		argv[(*n)++] = list[k];
	argv[*n] = NULL;
}

static void
path_add(struct jail_path *paths, size_t *n, const char *path, unsigned rights)
{
	struct stat st;
	if (stat(path, &st) == 0) /* a merged /usr has no /lib64 of its own on every machine */
		paths[(*n)++] = (struct jail_path){path, rights};
}

err_t
front_confine(void *arg)
{
	const struct instance *i = arg;
	static char own[5][PATH_MAX];
	struct jail_path paths[24];
	size_t n = 0;
#ifdef PARAPH_FAULT_HOOKS
	if (getenv("PARAPH_NO_JAIL") != NULL)
		return OK;
#endif
	static const char *const system[] = {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/sbin",
	    "/usr/share/nginx", "/usr/lib/ssl", "/etc/ssl", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom",
	    "/sys/devices/system/cpu"};
	for (size_t k = 0; k < sizeof system / sizeof system[0]; k++)
		path_add(paths, &n, system[k], JAIL_READ);
	path_add(paths, &n, "/dev/null", JAIL_READ | JAIL_WRITE);
	static const char *const folders[] = {"front", "served", "front/log"};
	for (size_t k = 0; k < 3; k++) {
		TRY(instance_path(i, folders[k], own[k]));
		path_add(paths, &n, own[k], k < 2 ? JAIL_READ : JAIL_READ | JAIL_WRITE);
	}
	TRY(front_cache(i, own[3]));
	path_add(paths, &n, own[3], JAIL_READ | JAIL_WRITE);
	pages_find(i, own[4]);
	path_add(paths, &n, own[4], JAIL_READ);
	return jail_landlock_exec(paths, n);
}

/* The first port that anybody may open [ip(7), ip_unprivileged_port_start]. */
static long
ports_of_all(void)
{
	AUTO_BUF(text, 32);
	if (err_is(file_read_path("/proc/sys/net/ipv4/ip_unprivileged_port_start", &text)))
		return PORTS_OF_ALL;
	buf_put_byte(&text, '\0');
	return text.over ? PORTS_OF_ALL : strtol((const char *)text.p, NULL, 10);
}

bool
front_low_ports(const struct instance *instance)
{
	return geteuid() == 0 && (instance->https_port < ports_of_all() || instance->http_port < ports_of_all());
}

/* Why it cannot be opened, 0: it can. As nginx takes it: connections that ended take nothing, and [::] takes no IPv4. */
static int
port_fault(const struct address *a)
{
	const int yes = 1;
	AUTO_FD(fd) = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (a->at.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	return fd >= 0 && bind(fd, &a->at.any, a->len) != 0 ? errno : 0;
}

static err_t
port_check(const char *address, int port)
{
	struct address a;
	TRY(address_read(address, (uint16_t)port, &a));
	int fault = port_fault(&a);
	for (int tries = 0; fault == EADDRINUSE && tries < PORT_TRIES; tries++) {
		usleep(PORT_PAUSE_US);
		fault = port_fault(&a);
	}
	if (fault == EADDRINUSE)
		return err_make(ERR_START, "port %d of %s is in use by another program", port, address);
	if (fault == EACCES)
		return err_make(ERR_START, "port %d of %s may be opened as root only (with CAP_NET_BIND_SERVICE): start the service so, or "
		    "choose ports from %ld on in paraph.conf", port, address, ports_of_all());
	return OK;
}

err_t
front_ports_check(const struct instance *instance)
{
	TRY(port_check(instance->listen, (int)instance->https_port));
	return port_check(http_address(instance), (int)instance->http_port);
}

/* nginx writes its number down when it has its ports, and not before: what answers there until then is another program. */
static bool
has_ports(const struct instance *instance, pid_t pid)
{
	char path[PATH_MAX], text[32] = "";
	if (err_is(instance_path(instance, "front/log/nginx.pid", path)))
		return false;
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strtol(text, NULL, 10) == pid;
}

bool
front_answers(const struct instance *instance, pid_t pid)
{
	if (!has_ports(instance, pid))
		return false;
	struct address listened;
	if (err_is(address_read(http_address(instance), (uint16_t)instance->http_port, &listened)))
		return false;
	struct address asked = address_asked(&listened);
	AUTO_FD(fd) = socket(asked.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, &asked.at.any, asked.len) == 0;
}
