#include "core/authority.h"

#include "base/base64.h"
#include "core/account.h"
#include "core/audit.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/certificate.h"

enum { BOOTSTRAP_MAX = 1024 * 1024 };

/* Where each part stands in bootstrap.json. */
static const struct {
	const char *purpose, *object;
} parts[AUTHORITY_PARTS] = {
	[AUTHORITY_LOG_SPKI] = {"log_spki", NULL}, [AUTHORITY_OCSP_SPKI] = {"ocsp_spki", NULL},
	[AUTHORITY_ROOT] = {"root", "certificates"}, [AUTHORITY_ISSUING] = {"issuing", "certificates"},
	[AUTHORITY_TSU] = {"tsu", "certificates"}, [AUTHORITY_SEAL] = {"seal", "certificates"},
	[AUTHORITY_ROOT_CRL] = {"root_crl", NULL},
};

static err_t
import_part(struct store_tx *tx, const json_t *root, enum authority_part part)
{
	const json_t *object = parts[part].object == NULL ? root : json_object_get(root, parts[part].object);
	const char *text = json_string_value(json_object_get(object, parts[part].purpose));
	AUTO_BUF(der, BOOTSTRAP_MAX);
	if (text == NULL || err_is(base64_read(str_c(text), false, &der)))
		return err_make(ERR_CONF, "bootstrap.json: %s is missing or not base64", parts[part].purpose);
	AUTO_QUERY(q, tx, SQL_AUTHORITY_PUT);
	query_text(&q, str_c(parts[part].purpose));
	query_bytes(&q, buf_bytes(&der));
	query_int(&q, clock_now());
	return query_run(&q);
}

struct import {
	struct core *core;
	json_t *root;
};

static err_t
import(struct store_tx *tx, void *arg)
{
	struct import *i = arg;
	const char *spki = json_string_value(json_object_get(i->root, "log_spki"));
	TRY(account_import(tx, json_object_get(i->root, "api_keys")));
	for (int part = 0; part < AUTHORITY_PARTS; part++)
		TRY(import_part(tx, i->root, (enum authority_part)part));
	return audit_put(i->core, tx, "log.started", "system",
	    canon_pack("{s:s, s:s}", "log_spki", spki, "origin", i->core->set.name), NULL);
}

static err_t
import_file(struct core *core, const char *path)
{
	AUTO_BUF(text, BOOTSTRAP_MAX);
	AUTO_JSON(root) = NULL;
	TRY(file_read_path(path, &text));
	TRY(canon_read(buf_bytes(&text), &root));
	struct import i = {core, root};
	return store_write(core->store, import, &i);
}

static err_t
count(struct store_tx *reader, int64_t *ret_n)
{
	AUTO_QUERY(q, reader, SQL_AUTHORITY_COUNT);
	*ret_n = query_next(&q) ? query_get_int(&q, 0) : 0;
	return query_end(&q);
}

static err_t
load(struct store_tx *reader, struct authority *a)
{
	struct buf room = buf_init(BOOTSTRAP_MAX);
	size_t from[AUTHORITY_PARTS], to[AUTHORITY_PARTS];
	for (int part = 0; part < AUTHORITY_PARTS; part++) {
		AUTO_QUERY(q, reader, SQL_AUTHORITY_GET);
		query_text(&q, str_c(parts[part].purpose));
		from[part] = room.n;
		if (query_next(&q))
			buf_put(&room, query_get_bytes(&q, 0));
		to[part] = room.n;
		err_t e = query_end(&q);
		if (err_is(e)) {
			buf_done(&room);
			return e;
		}
	}
	a->room = room.p; /* owned from here on */
	for (int part = 0; part < AUTHORITY_PARTS; part++)
		a->part[part] = bytes(room.p + from[part], to[part] - from[part]);
	struct certificate issuing;
	TRY(certificate_read(a->part[AUTHORITY_ISSUING], &issuing));
	digest_sha256(issuing.spki, a->issuing_key_sha256);
	return OK;
}

err_t
authority_open(struct core *core, const char *bootstrap_path)
{
	struct store_tx *reader;
	int64_t n = 0;
	TRY(store_reader_new(core->store, &reader));
	err_t e = count(reader, &n);
	if (!err_is(e) && n == 0)
		e = import_file(core, bootstrap_path);
	core->authority = calloc(1, sizeof *core->authority);
	if (core->authority == NULL)
		abort();
	if (!err_is(e))
		e = load(reader, core->authority);
	store_reader_free(reader);
	return e;
}

void
authority_free(struct authority *a)
{
	if (a == NULL)
		return;
	free(a->room);
	free(a);
}
