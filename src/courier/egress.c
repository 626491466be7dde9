#include "courier/egress.h"

#include <netinet/in.h>

static bool
v4_is_public(uint32_t a)
{
	static const struct {
		uint32_t net, mask;
	} special[] = {
	    {0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000}, {0x7f000000, 0xff000000},
	    {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000}, {0xc0000000, 0xffffff00}, {0xc0000200, 0xffffff00},
	    {0xc0586300, 0xffffff00}, {0xc0a80000, 0xffff0000}, {0xc6120000, 0xfffe0000}, {0xc6336400, 0xffffff00},
	    {0xcb007100, 0xffffff00}, {0xe0000000, 0xe0000000}, /* multicast, reserved, broadcast */
	};
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
		if ((a & special[i].mask) == special[i].net)
			return false;
	return true;
}

/* The IPv4 address that an IPv6 one carries (mapped, NAT64, 6to4), which is judged in its place. */
static bool
v6_is_public(const uint8_t a[16])
{
	static const uint8_t zeros[16], nat64[12] = {0, 0x64, 0xff, 0x9b};
	uint32_t tail = (uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 | a[15];
	if (memcmp(a, zeros, 10) == 0) /* unspecified, loopback, mapped, compatible */
		return a[10] == 0xff && a[11] == 0xff && v4_is_public(tail);
	if (memcmp(a, nat64, sizeof nat64) == 0)
		return v4_is_public(tail);
	if (a[0] == 0x20 && a[1] == 0x02)
		return v4_is_public((uint32_t)a[2] << 24 | (uint32_t)a[3] << 16 | (uint32_t)a[4] << 8 | a[5]);
	/* Only global unicast without documentation and Teredo. */
	bool teredo = a[0] == 0x20 && a[1] == 0x01 && a[2] == 0 && a[3] == 0;
	bool documentation = a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8;
	return (a[0] & 0xe0) == 0x20 && !teredo && !documentation;
}

bool
egress_address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return v4_is_public(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof v6);
		return v6_is_public(v6.sin6_addr.s6_addr);
	}
	return false;
}

/* libcurl resolved the name once and connects to exactly this address. */
static curl_socket_t
socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct egress *e = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || (!e->private_allowed && !egress_address_is_public(&a->addr)))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t
answer_take(char *p, size_t size, size_t n, void *arg)
{
	struct egress *e = arg;
	buf_put(&e->answer, bytes(p, size * n));
	return e->answer.over ? 0 : size * n;
}

err_t
egress_open(struct egress *e, const char *url, const char *protocols, bool private_allowed)
{
	CURL *c = curl_easy_init();
	if (c == NULL)
		return err_make(ERR_EGRESS, "libcurl does not start");
	*e = (struct egress){.curl = c, .private_allowed = private_allowed, .answer = buf_init(EGRESS_ANSWER_MAX)};
	bool set = curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_NETRC, 0L) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)EGRESS_SECONDS) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, socket_open) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, e) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_take) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_WRITEDATA, e) == CURLE_OK &&
		   curl_easy_setopt(c, CURLOPT_ERRORBUFFER, e->why) == CURLE_OK;
	return set ? OK : err_make(ERR_EGRESS, "libcurl lacks an option that we need");
}

void
egress_close(struct egress *e)
{
	curl_easy_cleanup(e->curl);
	buf_done(&e->answer);
	e->curl = NULL;
}

err_t
egress_run(struct egress *e, long *ret_status)
{
	CURLcode r = curl_easy_perform(e->curl);
	long status = 0;
	curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = status;
	if (r != CURLE_OK)
		return err_make(ERR_EGRESS, "%s", e->why[0] != '\0' ? e->why : curl_easy_strerror(r));
	return OK;
}
