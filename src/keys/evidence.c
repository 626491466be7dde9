#include "keys/evidence.h"
#include "ades/cms.h"
#include "base/fault.h"
#include "keys/statement.h"
#include "os/clock.h"
#include "os/file.h"
#include "tlog/checkpoint.h"

#include <sys/stat.h>

enum { CHECKPOINT_MAX = 1024, STATEMENT_MAX = 32768, PROOF_MAX = 16 * 1024 * 1024, CMS_MAX = 8192 };

/* ---- checkpoints ---- */

static err_t
checkpoint(struct desk *d, const paraph_CheckpointSign *m, paraph_Keys *ret_answer)
{
	AUTO_BUF(text, CHECKPOINT_MAX);
	struct checkpoint c = {.size = m->size, .at = m->at};
	struct keystore_public key;
	size_t n;
	TRY(str_check(bytes(m->origin, strlen(m->origin)), &c.origin));
	if (m->root.size != TLOG_HASH || m->at <= 0)
		return err_make(ERR_INPUT, "the checkpoint is not complete");
	if (m->size < book_checkpoint_size(d->book))
		return err_make(ERR_EVIDENCE, "a larger log was signed before");
	TRY(desk_number_check(book_checkpoint_size(d->book), m->size));
	memcpy(c.root, m->root.bytes, sizeof c.root);
	checkpoint_write(&c, &text);
	TRY(buf_check(&text));
	TRY(keystore_public(d->keystore, KEYSTORE_LOG, &key));
	struct record_checkpoint_sign r = {.origin = str_bytes(c.origin), .size = c.size, .at = (uint64_t)c.at};
	memcpy(r.root, c.root, sizeof r.root);
	TRY(desk_record(d, RECORD_CHECKPOINT_SIGN, clock_now(), &r));
	FAULT_POINT("keys.checkpoint.record");
	paraph_CheckpointSigned *a = &ret_answer->body.checkpoint_signed;
	TRY(desk_sign(d, KEYSTORE_LOG, buf_bytes(&text), a->signature.bytes, &n));
	a->signature.size = (pb_size_t)n;
	a->key_id.size = RECORD_HASH;
	memcpy(a->key_id.bytes, key.spki_sha256, RECORD_HASH);
	ret_answer->which_body = paraph_Keys_checkpoint_signed_tag;
	FAULT_POINT("keys.checkpoint.answer");
	return OK;
}

err_t
evidence_checkpoint(struct desk *d, const paraph_CheckpointSign *m, paraph_Keys *ret_answer)
{
	static const uint8_t log[RECORD_ID] = {'l', 'o', 'g'};
	if (!book_claim(d->book, log))
		return err_make(ERR_BUSY, "another checkpoint is being signed");
	err_t e = checkpoint(d, m, ret_answer);
	book_release(d->book, log);
	return e;
}

err_t
evidence_journal_root(struct desk *d, paraph_Keys *ret_answer)
{
	paraph_JournalRoot *a = &ret_answer->body.journal_root;
	a->root.size = RECORD_HASH;
	journal_root(d->journal, &a->size, a->root.bytes);
	ret_answer->which_body = paraph_Keys_journal_root_tag;
	return OK;
}

/* ---- statements ---- */

/* The ids of a message, packed. ERR_INPUT when one has the wrong length. */
#define IDS_GET(member, count, ret)                                                                                    \
	do {                                                                                                           \
		for (size_t ids_i_ = 0; ids_i_ < (count); ids_i_++) {                                                  \
			if ((member)[ids_i_].size != sizeof(ret)[0])                                                   \
				return err_make(ERR_INPUT, "number %zu of the list has the wrong length", ids_i_);     \
			memcpy((ret)[ids_i_], (member)[ids_i_].bytes, sizeof(ret)[0]);                                 \
		}                                                                                                      \
	} while (0)

err_t
evidence_statement(struct desk *d, const paraph_StatementAsk *m, paraph_Keys *ret_answer)
{
	uint8_t intents[LIMIT_DOCUMENTS][RECORD_ID];
	AUTO_BUF(json, STATEMENT_MAX);
	IDS_GET(m->intents, m->intents_count, intents);
	TRY(statement_write(d->book, intents, m->intents_count, &json));
	paraph_Statement *a = &ret_answer->body.statement;
	a->json.size = (pb_size_t)json.n;
	memcpy(a->json.bytes, json.p, json.n);
	ret_answer->which_body = paraph_Keys_statement_tag;
	return OK;
}

/* ---- seals ---- */

/* What is to be sealed, after it was compared with the journal. */
struct seal {
	size_t n;
	uint8_t intents[LIMIT_DOCUMENTS][RECORD_ID];
	uint8_t results[LIMIT_DOCUMENTS][RECORD_HASH];
	uint8_t statement[RECORD_HASH], proof[RECORD_HASH];
	struct buf end; /* what the proof must end with: the statement, as JSON writes it */
	int64_t now;
	uint8_t attributes_room[CMS_ATTRIBUTES_MAX];
	struct bytes attributes;
};

/* ,"statement":"…"} as the last member of the proof, whose members stand in the order of the alphabet. */
static err_t
end_write(struct bytes statement, struct buf *b)
{
	buf_put_str(b, STR(",\"statement\":\""));
	for (size_t i = 0; i < statement.n; i++) {
		uint8_t c = statement.p[i];
		if (c < 0x20 || c > 0x7e)
			return err_make(ERR_INTERNAL, "a statement is plain ASCII");
		if (c == '"' || c == '\\')
			buf_put_byte(b, '\\');
		buf_put_byte(b, c);
	}
	buf_put_str(b, STR("\"}"));
	return buf_check(b);
}

static err_t
seal_check(struct desk *d, const paraph_ProofSeal *m, struct seal *s)
{
	AUTO_BUF(json, STATEMENT_MAX);
	struct book_intent i;
	s->n = m->intents_count;
	if (s->n == 0 || m->results_sha256_count != s->n || m->statement_sha256.size != RECORD_HASH)
		return err_make(ERR_INPUT, "the request for a seal is not complete");
	IDS_GET(m->intents, s->n, s->intents);
	IDS_GET(m->results_sha256, s->n, s->results);
	TRY(statement_write(d->book, s->intents, s->n, &json));
	digest_sha256(buf_bytes(&json), s->statement);
	if (memcmp(s->statement, m->statement_sha256.bytes, RECORD_HASH) != 0)
		return err_make(ERR_EVIDENCE, "the statement is not the one that was written here");
	TRY(end_write(buf_bytes(&json), &s->end));
	for (size_t k = 0; k < s->n; k++) {
		TRY(book_intent(d->book, s->intents[k], &i));
		if (memcmp(i.result_sha256, s->results[k], RECORD_HASH) != 0)
			return err_make(ERR_EVIDENCE, "document %zu is not in the journal", k);
	}
	return OK;
}

/* Hashes the proof as it is read, once: what is compared is what is sealed. So nothing is sealed that does not end with what
 * this process says about the signature. */
static err_t
proof_take(int fd, struct seal *s)
{
	struct stat st;
	AUTO_BUF(proof, PROOF_MAX);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > PROOF_MAX)
		return err_make(ERR_INPUT, "the proof is not a file, empty or too large");
	uint8_t *p = buf_extend(&proof, (size_t)st.st_size);
	if (p == NULL)
		return buf_check(&proof);
	TRY(file_pread(fd, 0, (size_t)st.st_size, p));
	if (proof.n < s->end.n || !bytes_eq(bytes_sub(buf_bytes(&proof), proof.n - s->end.n, proof.n), buf_bytes(&s->end)))
		return err_make(ERR_EVIDENCE, "the proof does not end with the statement that was written here");
	digest_sha256(buf_bytes(&proof), s->proof);
	return OK;
}

static err_t
seal_record(struct desk *d, const struct seal *s)
{
	struct record_proof_seal r = {.intents = bytes(s->intents, s->n * RECORD_ID),
	    .results = bytes(s->results, s->n * RECORD_HASH)};
	memcpy(r.statement_sha256, s->statement, RECORD_HASH);
	memcpy(r.proof_sha256, s->proof, RECORD_HASH);
	digest_sha256(s->attributes, r.attributes_sha256);
	TRY(desk_record(d, RECORD_PROOF_SEAL, s->now, &r));
	FAULT_POINT("keys.seal.record");
	return OK;
}

/* Detached CMS over the file: signing-time inside, as CAdES wants it. [EN 319 122-1 5.2.1] */
static err_t
seal_sign(struct desk *d, struct seal *s, paraph_ProofSealed *ret_sealed)
{
	struct keystore_chain chain;
	uint8_t room[CMS_MAX];
	struct bytes cms;
	size_t n;
	TRY(keystore_chain_get(d->keystore, KEYSTORE_SEAL, &chain));
	const struct cms_attributes attributes = {BYTES_OF(s->proof), chain.certificate[0], time_floor(s->now)};
	TRY(cms_signed_attributes(&attributes, s->attributes_room, sizeof s->attributes_room, &s->attributes));
	TRY(seal_record(d, s));
	TRY(desk_sign(d, KEYSTORE_SEAL, s->attributes, ret_sealed->signature.bytes, &n));
	ret_sealed->signature.size = (pb_size_t)n;
	const struct cms_parts parts = {.attributes = s->attributes, .signature = bytes(ret_sealed->signature.bytes, n),
	    .certificates = chain.certificate, .certificates_n = chain.n};
	TRY(cms_signed_data(&parts, room, sizeof room, &cms));
	ret_sealed->cms.size = (pb_size_t)cms.n;
	memcpy(ret_sealed->cms.bytes, cms.p, cms.n);
	return OK;
}

static err_t
seal(struct desk *d, const paraph_ProofSeal *m, const int *fds, paraph_Keys *ret_answer)
{
	struct seal s = {.now = clock_now(), .end = buf_init(2 * STATEMENT_MAX)};
	paraph_ProofSealed *a = &ret_answer->body.proof_sealed;
	err_t e = seal_check(d, m, &s);
	if (!err_is(e))
		e = proof_take(fds[0], &s);
	buf_done(&s.end);
	TRY(e);
	TRY(seal_sign(d, &s, a));
	a->proof_sha256.size = RECORD_HASH;
	memcpy(a->proof_sha256.bytes, s.proof, RECORD_HASH);
	ret_answer->which_body = paraph_Keys_proof_sealed_tag;
	FAULT_POINT("keys.seal.answer");
	return OK;
}

/* While it is sealed, no intent is voided or gets another result. */
err_t
evidence_seal(struct desk *d, const paraph_ProofSeal *m, const int *fds, paraph_Keys *ret_answer)
{
	uint8_t intents[LIMIT_DOCUMENTS][RECORD_ID];
	size_t n = 0;
	IDS_GET(m->intents, m->intents_count, intents);
	while (n < m->intents_count && book_claim(d->book, intents[n]))
		n++;
	err_t e = n == m->intents_count ? seal(d, m, fds, ret_answer)
	                                : err_make(ERR_BUSY, "an intent of this proof is being worked on");
	while (n-- > 0)
		book_release(d->book, intents[n]);
	return e;
}
