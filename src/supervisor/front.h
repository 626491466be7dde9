/*
 * nginx: its configuration, made from the templates in share/nginx and ours; its folders; the Landlock domain that is
 * set before its exec. It may read its own folder, the pages and what core has put into served/; write its logs and its
 * cache.
 */
#ifndef PARAPH_SUPERVISOR_FRONT_H
#define PARAPH_SUPERVISOR_FRONT_H

#include "os/instance.h"

/* Makes the folders below front/ and writes front/nginx.conf. status_n: number of status processes. */
err_t front_write(const struct instance *instance, size_t status_n);

/* Where nginx lies; ret has room for PATH_MAX. */
err_t front_find(char *ret_path);

/* Appends the arguments behind argv[0] and the NULL; they are kept until the next call. */
void front_arguments(const struct instance *instance, char **argv, size_t *n);

/* In the new process, before exec; arg is the instance. */
err_t front_confine(void *arg);

/* Whether it answers on its port without TLS. */
bool front_answers(const struct instance *instance);

#endif
