#include "core/prepare.h"

#include "core/ask.h"
#include "core/pack.h"
#include "os/file.h"
#include "pdf/plan.h"

#include <math.h>

#define SIZE_MAX_POINTS 1e12 /* more than any box and unit that is read give */

static bool
is_size(double points)
{
	return isfinite(points) && points > 0 && points <= SIZE_MAX_POINTS;
}

/* All of it came from a program that reads strangers' files. */
static err_t
facts_from(const paraph_Prepared *p, struct prepare_facts *f)
{
	if (!is_size(p->page_width) || !is_size(p->page_height)) /* in JSON there is nothing for what is no number */
		return err_make(ERR_WIRE, "the reader of the document tells of a page without a size");
	f->pages = p->pages;
	f->revisions = p->revisions;
	f->signatures = p->signatures;
	f->page_width = p->page_width;
	f->page_height = p->page_height;
	for (pb_size_t i = 0; i < p->findings_count && i < PREPARE_FINDINGS_MAX; i++) {
		struct str clean;
		if (!err_is(str_check(bytes(p->findings[i], strlen(p->findings[i])), &clean)))
			snprintf(f->findings[f->findings_n++], sizeof f->findings[0], "%.*s", STR_ARG(clean));
	}
	return OK;
}

err_t
prepare_inspect(struct core *core, int original_fd, struct prepare_facts *ret_facts)
{
	AUTO_DOCUMENT(ask);
	AUTO_DOCUMENT(answer);
	ask->which_body = paraph_Document_prepare_tag;
	ask->body.prepare.demo = core->set.demo;
	ask->body.prepare.inspect_only = true;
	TRY(ask_document(core, ask, &original_fd, 1, paraph_Document_prepared_tag, answer));
	return facts_from(&answer->body.prepared, ret_facts);
}

static err_t
wish_pack(const struct prepare_field *f, paraph_FieldWish *m)
{
	TRY(PACK_TEXT(m->name, f->name));
	TRY(PACK_TEXT(m->signer_name, f->signer_name));
	TRY(PACK_TEXT(m->note, f->note));
	m->visible = f->visible;
	m->existing = f->existing;
	m->page = f->page;
	m->x = f->x;
	m->y = f->y;
	m->w = f->w;
	m->h = f->h;
	return OK;
}

/* Reads the plan that the child wrote: where each field is, and its final appearance. */
static err_t
plan_load(int fd, size_t fields_n, struct prepare_result *r)
{
	AUTO_BUF(octets, LIMIT_PLAN);
	if (lseek(fd, 0, SEEK_SET) < 0) /* the child moved it */
		return err_errno("plan");
	TRY(file_read(fd, &octets));
	digest_sha256(buf_bytes(&octets), r->plan_sha256);
	struct plan *plan = calloc(1, sizeof *plan);
	if (plan == NULL)
		abort();
	err_t e = plan_read(buf_bytes(&octets), plan);
	if (!err_is(e) && plan->length != r->revision0_length)
		e = err_make(ERR_PDF_PLAN, "the plan is of another length than revision 0");
	for (size_t i = 0; !err_is(e) && i < fields_n; i++) {
		size_t signature = 0, stamp = 0;
		e = plan_find(plan, PLAN_SIGNATURE, (uint16_t)i, &signature);
		if (!err_is(e))
			e = plan_find(plan, PLAN_STAMP, (uint16_t)i, &stamp);
		if (err_is(e))
			break;
		r->fields[i].signature = (uint32_t)signature;
		r->fields[i].stamp = (uint32_t)stamp;
		plan_appearance(plan, signature, r->fields[i].appearance);
	}
	free(plan);
	return e;
}

/* Revision 0 is one file: the original, then what the child appended. */
static err_t
join(struct core *core, int original_fd, int increment_fd, struct prepare_result *r)
{
	AUTO_BLOB(joined);
	uint64_t original = 0, increment = 0;
	TRY(file_size(original_fd, &original));
	TRY(file_size(increment_fd, &increment));
	TRY(blob_new(core->blobs, &joined));
	TRY(file_copy(original_fd, 0, original, joined.fd));
	TRY(file_copy(increment_fd, 0, increment, joined.fd));
	TRY(blob_digest(joined.fd, r->revision0_sha256, &r->revision0_length));
	TRY(blob_keep(&joined));
	r->revision0 = joined.name;
	return OK;
}

/* The child's word for its plan, made lasting by keys: what the child says lasts as long as paraphd runs. */
static err_t
attest(struct core *core, const paraph_Prepared *p, struct prepare_result *r)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	paraph_PlanAttest *m = &ask->body.plan_attest;
	ask->which_body = paraph_Keys_plan_attest_tag;
	TRY(PACK_BYTES(m->revision0_sha256, BYTES_OF(r->revision0_sha256)));
	TRY(PACK_BYTES(m->plan_sha256, BYTES_OF(r->plan_sha256)));
	TRY(PACK_BYTES(m->mac, PACKED(p->plan_mac)));
	TRY(ask_keys(core, ask, NULL, 0, paraph_Keys_plan_attested_tag, answer));
	if (answer->body.plan_attested.mac.size != sizeof r->plan_mac)
		return err_make(ERR_WIRE, "keys attested a plan without a MAC");
	memcpy(r->plan_mac, answer->body.plan_attested.mac.bytes, sizeof r->plan_mac);
	return OK;
}

static err_t
run(struct core *core, int original_fd, const struct prepare_field *fields, size_t fields_n, struct prepare_result *r)
{
	AUTO_BLOB(increment);
	AUTO_BLOB(plan);
	AUTO_DOCUMENT(ask);
	AUTO_DOCUMENT(answer);
	TRY(blob_scratch(&increment));
	TRY(blob_new_append(core->blobs, &plan));
	ask->which_body = paraph_Document_prepare_tag;
	ask->body.prepare.demo = core->set.demo;
	for (size_t i = 0; i < fields_n; i++)
		TRY(wish_pack(&fields[i], &ask->body.prepare.fields[i]));
	ask->body.prepare.fields_count = (pb_size_t)fields_n;
	const int fds[] = {original_fd, increment.fd, plan.fd};
	TRY(ask_document(core, ask, fds, 3, paraph_Document_prepared_tag, answer));
	TRY(facts_from(&answer->body.prepared, &r->facts));
	TRY(join(core, original_fd, increment.fd, r));
	TRY(plan_load(plan.fd, fields_n, r));
	if (!bytes_eq(PACKED(answer->body.prepared.plan_sha256), BYTES_OF(r->plan_sha256)))
		return err_make(ERR_PDF_PLAN, "the plan is not the one that was announced");
	TRY(attest(core, &answer->body.prepared, r));
	TRY(blob_keep(&plan));
	r->plan = plan.name;
	return OK;
}

err_t
prepare_make(struct core *core, struct str original_blob, const struct prepare_field *fields, size_t fields_n,
    struct prepare_result *ret_result)
{
	AUTO_FD(original) = -1;
	if (fields_n > LIMIT_SIGNERS)
		return err_make(ERR_LIMIT, "at most %d signatures on one document", LIMIT_SIGNERS);
	TRY(blob_get(core->blobs, original_blob, &original));
	memset(ret_result, 0, sizeof *ret_result);
	return run(core, original, fields, fields_n, ret_result);
}
