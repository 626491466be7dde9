#include "os/address.h"

#include <arpa/inet.h>
#include <string.h>

static bool
v6_read(const char *text, struct in6_addr *ret)
{
	char plain[INET6_ADDRSTRLEN];
	size_t n = strlen(text);
	if (n < 4 || n - 2 >= sizeof plain || text[0] != '[' || text[n - 1] != ']')
		return false;
	memcpy(plain, text + 1, n - 2);
	plain[n - 2] = '\0';
	return inet_pton(AF_INET6, plain, ret) == 1;
}

err_t
address_read(const char *text, uint16_t port, struct address *ret_address)
{
	struct in_addr v4;
	struct in6_addr v6;
	struct address a = {0};
	if (inet_pton(AF_INET, text, &v4) == 1) {
		a.at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = v4};
		a.len = sizeof a.at.v4;
	} else if (v6_read(text, &v6)) {
		a.at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = v6};
		a.len = sizeof a.at.v6;
	} else {
		return err_make(ERR_INPUT, "%s is neither an IPv4 address nor an IPv6 one in brackets", text);
	}
	*ret_address = a;
	return OK;
}

struct address
address_asked(const struct address *listened)
{
	struct address a = *listened;
	if (a.at.any.sa_family == AF_INET && a.at.v4.sin_addr.s_addr == htonl(INADDR_ANY))
		a.at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (a.at.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a.at.v6.sin6_addr))
		a.at.v6.sin6_addr = in6addr_loopback;
	return a;
}
