#include "api/certificates.h"

#include "core/issued.h"

static err_t
serial_read(const struct call *c, uint8_t ret_serial[ISSUED_SERIAL_LEN])
{
	if (err_is(bytes_unhex(c->vars[0], ISSUED_SERIAL_LEN, ret_serial)))
		return err_make(ERR_NOT_FOUND, "a serial is %d octets in hex", ISSUED_SERIAL_LEN);
	return OK;
}

/* The certificate belongs to a request of this key, or the key may revoke any. */
static err_t
concerned(struct call *c, struct bytes serial)
{
	struct id signer;
	char owner[ACCOUNT_ID_MAX];
	TRY(issued_owner(c->worker->reader, serial, &signer, owner, sizeof owner));
	if (strcmp(owner, c->account.id) != 0 && (c->account.roles & ACCOUNT_REVOCATION) == 0)
		return err_make(ERR_NOT_FOUND, "there is no such certificate");
	return OK;
}

err_t
certificates_get(struct call *c)
{
	uint8_t serial[ISSUED_SERIAL_LEN];
	struct issued issued;
	json_t *answer = NULL;
	TRY(serial_read(c, serial));
	TRY(concerned(c, BYTES_OF(serial)));
	TRY(issued_get(c->worker->reader, BYTES_OF(serial), &issued));
	TRY(issued_json(&issued, &answer));
	call_json(c, 200, answer);
	return OK;
}

static const struct field fields[] = {{"reason", FIELD_TEXT, false, 1, 64, NULL, 0, NULL}};

err_t
certificates_revoke(struct call *c)
{
	uint8_t serial[ISSUED_SERIAL_LEN];
	struct str name = STR("unspecified");
	int reason = 0;
	json_t *answer = NULL;
	TRY(serial_read(c, serial));
	TRY(field_read(c->body, "", FIELDS(fields), &name));
	TRY(issued_reason_read(name, &reason));
	TRY(concerned(c, BYTES_OF(serial)));
	TRY(issued_revoke(c->worker, BYTES_OF(serial), reason, c->actor, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}
