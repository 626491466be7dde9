#include "core/authority.h"

#include "base/base64.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/account.h"
#include "core/audit.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/crl.h"
#include "pki/lint.h"
#include "pki/verify.h"
#include "published/published_write.h"

#include <stdatomic.h>

enum { BOOTSTRAP_MAX = 1024 * 1024, LIST_MAX = 8192 };

/* A list of the root. One comes every few months, and threads may still use one that was replaced: all stay. */
struct authority_list {
	struct authority_list *before;
	struct crl crl; /* of octets */
	uint64_t number;
	uint8_t octets[];
};

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

/* ---- the root's list --------------------------------------------------------------------------------------------------- */

static err_t
list_new(struct bytes der, struct authority_list **ret_list)
{
	struct authority_list *l = calloc(1, sizeof *l + der.n);
	if (l == NULL)
		abort();
	if (der.n > 0)
		memcpy(l->octets, der.p, der.n);
	err_t e = crl_read(bytes(l->octets, der.n), &l->crl);
	if (err_is(e)) {
		free(l);
		return e;
	}
	for (size_t i = 0; i < l->crl.number.n; i++)
		l->number = l->number << 8 | l->crl.number.p[i];
	*ret_list = l;
	return OK;
}

static void
list_use(struct authority *a, struct authority_list *l)
{
	l->before = atomic_load(&a->list);
	atomic_store(&a->list, l);
}

/* By the root that this service knows, and after the list in force. */
static err_t
list_check(const struct authority *a, const struct authority_list *new, int64_t now)
{
	const struct authority_list *old = atomic_load(&a->list);
	struct certificate root;
	TRY(certificate_read(a->part[AUTHORITY_ROOT], &root));
	TRY(lint_crl(new->crl.tbs, &root, old->number, now));
	if (new->crl.this_update_at < old->crl.this_update_at)
		return err_make(ERR_INPUT, "its thisUpdate is before that of the list in force");
	return verify_signature(root.spki, new->crl.algorithm, new->crl.tbs, new->crl.signature);
}

struct renewal {
	struct core *core;
	const struct authority_list *list;
};

static err_t
renewal_put(struct store_tx *tx, void *arg)
{
	const struct renewal *r = arg;
	uint8_t sha256[DIGEST_SHA256_LEN];
	digest_sha256(r->list->crl.der, sha256);
	AUTO_QUERY(q, tx, SQL_AUTHORITY_PUT);
	query_text(&q, str_c(parts[AUTHORITY_ROOT_CRL].purpose));
	query_bytes(&q, r->list->crl.der);
	query_int(&q, clock_now());
	TRY(query_run(&q));
	return audit_put(r->core, tx, "authority.root-crl", "system", canon_pack("{s:I, s:o, s:o, s:o}", "number",
	    (json_int_t)r->list->number, "sha256", canon_hex(BYTES_OF(sha256)), "this_update",
	    canon_time(r->list->crl.this_update_at), "next_update", canon_time(r->list->crl.next_update_at)), NULL);
}

/* The same octets are looked at every few seconds: a line in the log tells of them once. */
static err_t
refuse(struct authority *a, struct bytes der)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	digest_sha256(der, sha256);
	if (memcmp(a->refused_sha256, sha256, sizeof sha256) != 0)
		log_security("root-crl-refused", err_detail());
	memcpy(a->refused_sha256, sha256, sizeof sha256);
	return OK;
}

static err_t
take_up(struct core *core, struct bytes der)
{
	struct authority *a = core->authority;
	struct authority_list *list;
	if (err_is(list_new(der, &list)))
		return refuse(a, der);
	err_t e = list_check(a, list, clock_now());
	if (err_is(e)) {
		e = refuse(a, der);
	} else {
		e = store_write(core->store, renewal_put, &(struct renewal){core, list});
		if (!err_is(e)) {
			FAULT_POINT("core.root-crl");
			list_use(a, list);
			a->unpublished = true;
			log_event(LOG_INFO, "root-crl", NULL);
			return OK;
		}
	}
	free(list);
	return e;
}

err_t
authority_keep(struct core *core)
{
	struct authority *a = core->authority;
	AUTO_BUF(der, LIST_MAX);
	if (access(core->set.root_crl, F_OK) == 0) {
		err_t e = file_read_path(core->set.root_crl, &der);
		if (err_is(e))
			TRY(refuse(a, bytes(err_detail(), strlen(err_detail()))));
		else if (bytes_eq(buf_bytes(&der), authority_root_crl(a)))
			memset(a->refused_sha256, 0, sizeof a->refused_sha256);
		else
			TRY(take_up(core, buf_bytes(&der)));
	}
	if (a->unpublished)
		TRY(published_write_file(core->published, PUBLISHED_CRL, STR("root"), authority_root_crl(a)));
	a->unpublished = false;
	return OK;
}

struct bytes
authority_root_crl(const struct authority *a)
{
	return atomic_load(&a->list)->crl.der;
}

err_t
authority_check(const struct authority *a, int64_t until)
{
	return atomic_load(&a->list)->crl.next_update_at > until ? OK :
	    err_make(ERR_PAUSED, "the root's list of revoked certificates has ended: paraph ceremony root-crl makes the next one");
}

/* ---- start ------------------------------------------------------------------------------------------------------------- */

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
	struct authority_list *list;
	TRY(list_new(a->part[AUTHORITY_ROOT_CRL], &list));
	list_use(a, list);
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
	for (struct authority_list *l = atomic_load(&a->list), *before; l != NULL; l = before) {
		before = l->before;
		free(l);
	}
	free(a->room);
	free(a);
}
