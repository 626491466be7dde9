/*
 * The one way out: every connection that this service opens to another machine is prepared here. Only the protocols
 * asked for, no redirects, no proxy, no addresses of private networks unless the configuration names the host for this
 * purpose, limits of time and size. Any thread; each transfer has its own handle.
 */
#ifndef PARAPH_COURIER_EGRESS_H
#define PARAPH_COURIER_EGRESS_H

#include "base/buf.h"
#include <curl/curl.h>

enum { EGRESS_SECONDS = 20, EGRESS_ANSWER_MAX = 64 * 1024 };

struct egress {
	CURL *curl;
	bool private_allowed; /* the operator named this host himself (mail server, gateway) */
	struct buf answer;
	char why[CURL_ERROR_SIZE];
};

/* protocols: "https" or "smtp,smtps". ERR_EGRESS. */
err_t egress_open(struct egress *e, const char *url, const char *protocols, bool private_allowed);
void egress_close(struct egress *e);
#define AUTO_EGRESS(name) __attribute__((cleanup(egress_close))) struct egress name = {0}

/* Runs the transfer. ERR_EGRESS with the reason; *ret_status is the HTTP or SMTP status when there was one. */
err_t egress_run(struct egress *e, long *ret_status);

/* Whether an address (as connect would get it) is outside of all private, local and special networks. */
bool egress_address_is_public(const struct sockaddr *address);

#endif
