/*
 * The hole of a revision: the hex string /Contents, kept free for a signature or time-stamp over everything around it.
 * Octets outside never change once the revision is made, so a digest over them may be taken, kept and continued.
 */
#ifndef PARAPH_PDF_HOLE_H
#define PARAPH_PDF_HOLE_H

#include "base/buf.h"
#include "base/digest.h"

/* Places in the increment (not in the file): of '<', and one past '>'. */
struct hole {
	size_t from;
	size_t to;
};

/* Octets of DER that fit. */
static inline size_t
hole_room(struct hole hole)
{
	return (hole.to - hole.from - 2) / 2;
}

/* Adds the increment without the hole to a digest that already holds the file before it. */
void hole_digest(struct bytes increment, struct hole hole, struct digest *d);

/* Writes der as hex and zeros behind it. ERR_PDF_HOLE, nothing written, when it is empty or larger than the room. */
err_t hole_fill(struct buf *increment, struct hole hole, struct bytes der);

#endif
