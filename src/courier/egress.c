#include "courier/egress.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS 20L

err_t
egress_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_make(ERR_EGRESS, "libcurl does not start");
	return OK;
}

/* ---- addresses ---- */

struct range4 {
	uint32_t net;
	unsigned bits;
};

/* Special-purpose addresses [RFC 6890] and its successors. */
static const struct range4 closed4[] = {
    {0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24},
    {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},
    {0xf0000000, 4}};

static bool
public4(uint32_t host_order)
{
	for (size_t k = 0; k < sizeof closed4 / sizeof closed4[0]; k++)
		if ((host_order ^ closed4[k].net) >> (32 - closed4[k].bits) == 0)
			return false;
	return true;
}

/* Only global unicast 2000::/3, and of that nothing that hides an IPv4 address or is for documentation. */
static bool
public6(const struct in6_addr *a)
{
	const uint8_t *p = a->s6_addr;
	if (p[0] >> 5 != 1)
		return false;
	bool teredo_and_kin = p[0] == 0x20 && p[1] == 0x01 && p[2] < 0x02;
	bool documentation = (p[0] == 0x20 && p[1] == 0x01 && p[2] == 0x0d && p[3] == 0xb8) || (p[0] == 0x3f && p[1] == 0xff);
	bool six_to_four = p[0] == 0x20 && p[1] == 0x02;
	return !teredo_and_kin && !documentation && !six_to_four;
}

bool
egress_address_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return public4(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return public6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
	return false;
}

/* ---- one transfer ---- */

struct transfer {
	bool allow_private;
	bool refused; /* the address was */
	struct bytes body;
	size_t sent;
	size_t received;
	char why[CURL_ERROR_SIZE];
};

/* libcurl asks for a socket to exactly this address: what is judged is what is used. */
static curl_socket_t
socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || (!t->allow_private && !egress_address_public(&to->addr))) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t
body_give(char *room, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t n = size * count, left = t->body.n - t->sent;
	n = n < left ? n : left;
	if (n > 0)
		memcpy(room, t->body.p + t->sent, n);
	t->sent += n;
	return n;
}

/* The answer is not read, only counted. */
static size_t
answer_drop(char *octets, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	(void)octets;
	t->received += size * count;
	return t->received > EGRESS_ANSWER_MAX ? 0 : size * count;
}

static void
options_set(CURL *curl, struct transfer *t, const char *protocols)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* no proxy from the environment */
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_SECONDS);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_open);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_drop);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->why);
}

static err_t
transfer_run(CURL *curl, struct transfer *t, const char *what)
{
	CURLcode r = curl_easy_perform(curl);
	if (r == CURLE_OK)
		return OK;
	if (t->refused)
		return err_make(ERR_EGRESS, "%s: the address is private, and that is not allowed", what);
	return err_make(ERR_EGRESS, "%s: %s", what, t->why[0] != '\0' ? t->why : curl_easy_strerror(r));
}

err_t
egress_mail(const struct egress_server *server, const char *from, const char *to, struct bytes message)
{
	struct transfer t = {.allow_private = true, .body = message}; /* the configured mail host may be anywhere */
	char url[300];
	snprintf(url, sizeof url, "%s://%s:%d", server->tls ? "smtps" : "smtp", server->host, server->port);
	CURL *curl = curl_easy_init();
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	if (curl == NULL || recipients == NULL)
		abort();
	options_set(curl, &t, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_USE_SSL, server->user[0] != '\0' ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	if (server->user[0] != '\0') {
		curl_easy_setopt(curl, CURLOPT_USERNAME, server->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password);
	}
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, body_give);
	curl_easy_setopt(curl, CURLOPT_READDATA, &t);
	err_t e = transfer_run(curl, &t, "mail");
	curl_slist_free_all(recipients);
	curl_easy_cleanup(curl);
	return e;
}

static struct curl_slist *
header_list(const struct egress_header *headers, size_t n)
{
	char line[1024];
	struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
	list = curl_slist_append(list, "Expect:");
	for (size_t k = 0; k < n; k++) {
		snprintf(line, sizeof line, "%s: %s", headers[k].name, headers[k].value);
		list = curl_slist_append(list, line);
	}
	if (list == NULL)
		abort();
	return list;
}

err_t
egress_post(const char *url, const struct egress_header *headers, size_t headers_n, struct bytes body, bool allow_private)
{
	struct transfer t = {.allow_private = allow_private};
	long status = 0;
	CURL *curl = curl_easy_init();
	struct curl_slist *list = header_list(headers, headers_n);
	if (curl == NULL)
		abort();
	options_set(curl, &t, allow_private ? "https,http" : "https");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "Paraph");
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p);
	err_t e = transfer_run(curl, &t, "post");
	if (!err_is(e))
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(list);
	curl_easy_cleanup(curl);
	TRY(e);
	if (status < 200 || status > 299)
		return err_make(ERR_EGRESS, "post: the receiver answered %ld", status);
	return OK;
}
