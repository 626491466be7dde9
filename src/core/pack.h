/* Values into and out of the bounded fields of wire messages. */
#ifndef PARAPH_CORE_PACK_H
#define PARAPH_CORE_PACK_H

#include "base/bytes.h"
#include <pb.h>

static inline err_t
pack_bytes_(pb_size_t *ret_size, uint8_t *ret_p, size_t room, struct bytes b)
{
	if (b.n > room)
		return err_make(ERR_LIMIT, "%zu octets do not fit into a message field of %zu", b.n, room);
	if (b.n > 0)
		memcpy(ret_p, b.p, b.n);
	*ret_size = (pb_size_t)b.n;
	return OK;
}

static inline err_t
pack_text_(char *ret, size_t room, struct str s)
{
	if (s.n >= room)
		return err_make(ERR_LIMIT, "%zu octets do not fit into a message field of %zu", s.n, room - 1);
	if (s.n > 0)
		memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
	return OK;
}

#define PACK_BYTES(field, b) pack_bytes_(&(field).size, (field).bytes, sizeof(field).bytes, (b))
#define PACK_TEXT(field, s) pack_text_((field), sizeof(field), (s))
#define PACKED(field) bytes((field).bytes, (field).size)

#endif
