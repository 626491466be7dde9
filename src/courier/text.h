/* The words of a message that carries a code: what it is for, and the line by which a browser fills it in. The code is
 * in the text; whoever holds the text wipes it. */
#ifndef PARAPH_COURIER_TEXT_H
#define PARAPH_COURIER_TEXT_H

#include "base/buf.h"
#include "wire/courier.pb.h"

/* site: the host of the pages, for the line that binds the code to it. */
void text_code_mail(const paraph_CodeMessage *m, const char *site, struct buf *subject, struct buf *text);
void text_code_sms(const paraph_CodeMessage *m, const char *site, struct buf *text);

#endif
