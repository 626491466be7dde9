/* The words of what courier writes itself: messages that carry a code. What core sends has its words already. Pure. */
#ifndef PARAPH_COURIER_WORDS_H
#define PARAPH_COURIER_WORDS_H

#include "base/buf.h"
#include "wire/message.h"

/* What is the same for all messages of an installation. */
struct words_house {
	const char *name;     /* of the instance */
	const char *site_url;
	bool demo;
};

/* The subject of a code mail; it never holds the code, because telephones show it while locked. */
void words_code_subject(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out);
/* The mail's text. */
void words_code_mail(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out);
/* One short message that binds the code to the deed; its last line is understood by browsers (WebOTP). */
void words_code_sms(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out);

/* A JSON string with its quotes. */
void words_put_json(struct buf *out, struct bytes text);

#endif
