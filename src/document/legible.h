/*
 * Whether `paraph verify` will be able to read a document that we sign. It reads strictly, and many honest files are not
 * written so: they are signed all the same, and the sender is told. Reads octets only, repairs nothing, decides nothing. Takes
 * each object as it is in the file, also those few that revision 0 writes anew, so that it may be wrong about one of them.
 */
#ifndef PARAPH_DOCUMENT_LEGIBLE_H
#define PARAPH_DOCUMENT_LEGIBLE_H

#include "document/reader.h"

/* ERR_PDF_STRICT and its like say what cannot be read without guessing. OK also where this was not looked at to the end: in a file
 * of more than 64 MiB, in one that unpacks to more than that or takes longer than 3 s. */
err_t legible_check(const struct reader *r);

#endif
