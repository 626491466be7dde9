/*
 * nginx: its configuration, made from the templates in share/nginx and ours; its folders; the Landlock domain that is
 * set before its exec. It may read its own folder, the pages and what core has put into served/; write its logs and its
 * cache.
 */
#ifndef PARAPH_SUPERVISOR_FRONT_H
#define PARAPH_SUPERVISOR_FRONT_H

#include "os/instance.h"
#include <limits.h>

/* Makes the folders below front/ and writes front/front.conf and the files that it includes. status_n: number of status processes. */
err_t front_write(const struct instance *instance, size_t status_n);

/* Where nginx lies; ret has room for PATH_MAX. */
err_t front_find(char *ret_path);

/* Appends the arguments behind argv[0] and the NULL; they are kept until the next call. */
void front_arguments(const struct instance *instance, char **argv, size_t *n);

/* In the new process, before exec; arg is the instance. */
err_t front_confine(void *arg);

/* Whether its ports are free, or become free soon (a front that was killed may still be ending). ERR_START names one that
 * another program has, or that this user may not open: nginx itself would go on trying for long. */
err_t front_ports_check(const struct instance *instance);

/* Whether we are root and one of its ports is below those that anybody may open: then its user needs one right of root's. */
bool front_low_ports(const struct instance *instance);

/* Whether process pid has its ports, and answers on the one without TLS. */
bool front_answers(const struct instance *instance, pid_t pid);

#endif
