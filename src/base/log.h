/*
 * The log: one line of JSON per event on descriptor 2, which paraphd collects. Values are escaped (no control character
 * and no ESC gets out), lines are at most 4 KiB. Nothing secret may be logged: there is no way to log a struct secret.
 * Any thread; a line is one write.
 */
#ifndef PARAPH_BASE_LOG_H
#define PARAPH_BASE_LOG_H

#include "base/bytes.h"
#include <syslog.h>

/* Names the program in every line; level is the least important one that is written (LOG_INFO by default). */
void log_init(const char *program, int level);

/* log_event(LOG_INFO, "ready", "sockets", "%d", 3, NULL): pairs of name, format, one argument are not possible in C
 * without macros, so each value is given already printed: names and values alternate, NULL ends. */
void log_event(int level, const char *event, ...) __attribute__((sentinel));

/* The one line for a failure: number, name, detail and place of the error. */
void log_error(err_t e, const char *event);

/* An event at LOG_WARNING that is counted as a security event (an unpermitted message, a failed MAC). */
void log_security(const char *event, const char *detail);

#endif
