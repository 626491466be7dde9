/*
 * The one way out: mail to the configured server, and POST to webhooks and the SMS gateway. The address that is really
 * connected to is judged, after the name was resolved: private, loopback, link-local, mapped and translated ones are
 * refused unless allowed. No redirects, no answer above 64 KiB, no wait above 20 s. Blocking; any thread.
 */
#ifndef PARAPH_COURIER_EGRESS_H
#define PARAPH_COURIER_EGRESS_H

#include "base/buf.h"
#include <sys/socket.h>

enum { EGRESS_ANSWER_MAX = 64 * 1024 };

/* Once, before the jail. ERR_EGRESS. */
err_t egress_init(void);

/* Whether an address is a public one. */
bool egress_address_public(const struct sockaddr *address);

struct egress_server {
	bool tls;              /* smtps; otherwise STARTTLS if offered */
	const char *host;
	int port;
	const char *user;      /* "" none */
	const char *password;
};

/* Hands one mail over. ERR_EGRESS with the server's answer (never with the content). */
err_t egress_mail(const struct egress_server *server, const char *from, const char *to, struct bytes message);

struct egress_header {
	const char *name;
	const char *value;
};

/* POST application/json; success is 2xx. allow_private: for tests and internal receivers. ERR_EGRESS. */
err_t egress_post(const char *url, const struct egress_header *headers, size_t headers_n, struct bytes body, bool allow_private);

#endif
