/*
 * The loop of a key process: one thread reads the channels and the control channel, workers answer, out of order. More
 * workers than processors, because most of them wait for the disk together. A program that does not read its answers loses
 * them, and costs the workers one short wait in half a minute. A message outside the table ends its channel;
 * paraphd brings a new one. Ends when paraphd does, at SIGTERM, or, in a ceremony, when the channel closes.
 */
#ifndef PARAPH_KEYS_SERVE_H
#define PARAPH_KEYS_SERVE_H

#include "keys/desk.h"

enum { SERVE_CHANNELS_MAX = 64 };

struct serve_channel {
	char name[32]; /* "core-keys", "ceremony-keys", "status-keys-0" */
	int fd;        /* taken over */
};

struct serve_setup {
	struct desk *desk;
	bool ceremony;
	int control_fd; /* -1: none */
	int signal_fd;
	size_t workers;
	size_t channels_n;
	struct serve_channel channels[SERVE_CHANNELS_MAX];
};

/* After the jail. Until the end of service. */
err_t serve_run(const struct serve_setup *setup);

#endif
