/*
 * The two channels that messages come on: codes from keys (answered when they were handed over), messages from core
 * (answered when they are on disk). One thread, the loop's.
 */
#ifndef PARAPH_COURIER_LINE_H
#define PARAPH_COURIER_LINE_H

#include "courier/delivery.h"
#include "courier/queue.h"
#include "wire/table.h"

struct line {
	const struct table *table;
	struct loop *loop;
	struct delivery *delivery;
	struct queue *queue;
	int fd; /* -1: nobody is there */
};

/* Takes the descriptor; an old one is closed. */
err_t line_connect(struct line *line, int fd);

/* Sends what is due; call it often. */
void line_queue_run(struct queue *queue, struct delivery *delivery);

#endif
