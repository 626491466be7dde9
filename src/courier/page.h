/* The pages of the mail catcher: GET /dev/mail and /dev/mail.json. Without a catcher there is nothing at these addresses. */
#ifndef PARAPH_COURIER_PAGE_H
#define PARAPH_COURIER_PAGE_H

#include "courier/catcher.h"
#include "os/loop.h"

/* catcher: NULL when nothing is caught. */
err_t page_open(struct loop *loop, int listen_fd, struct catcher *catcher);

#endif
