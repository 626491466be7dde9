/*
 * Text of a request target: paths and queries as they stand in the request line, read strictly. Nothing is repaired: a
 * path that two readers could understand in two ways is refused. Pure; any thread.
 */
#ifndef PARAPH_FCGI_FCGI_TEXT_H
#define PARAPH_FCGI_FCGI_TEXT_H

#include "base/buf.h"

/* Decodes %XX of a path and proves that the result is UTF-8 without controls, begins with one '/', has no empty segment
 * but perhaps the last, no "." or "..", no backslash, and no %2F, %5C, %00 or %25 in its raw form. ERR_REQUEST_HEAD
 * otherwise. */
err_t fcgi_text_path(struct bytes raw, struct buf *ret_path);

/* Decodes %XX only (any octet); ERR_REQUEST_HEAD for a broken one. */
err_t fcgi_text_unescape(struct bytes raw, struct buf *ret);

/* The value of the first name=value in a query (application/x-www-form-urlencoded: '+' is a space), decoded and proven
 * UTF-8 without controls; name is plain. ERR_NOT_FOUND when there is none, ERR_REQUEST_HEAD when it is broken or given
 * twice. */
err_t fcgi_text_query(struct bytes query, const char *name, struct buf *ret_value);

#endif
