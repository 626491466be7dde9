/* Addresses at which something of this machine listens, as the configuration writes them: 192.0.2.1, [2001:db8::1], 0.0.0.0,
 * [::]. Asks nobody: a name is none. */
#ifndef PARAPH_OS_ADDRESS_H
#define PARAPH_OS_ADDRESS_H

#include "base/err.h"
#include <netinet/in.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

/* ERR_INPUT */
err_t address_read(const char *text, uint16_t port, struct address *ret_address);

/* Where to ask for what listens there: where all addresses are meant, the loopback one. */
struct address address_asked(const struct address *listened);

#endif
