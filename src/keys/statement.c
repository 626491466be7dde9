#include "keys/statement.h"
#include "base/time.h"

static void
put_hex(struct buf *b, const char *name, struct bytes octets)
{
	buf_printf(b, "\"%s\":\"", name);
	buf_put_hex(b, octets);
	buf_put_byte(b, '"');
}

static void
put_hash_of(struct buf *b, const char *name, struct bytes octets)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(octets, hash);
	put_hex(b, name, BYTES_OF(hash));
}

static void
put_time(struct buf *b, const char *name, int64_t at)
{
	char text[TIME_TEXT_MAX];
	time_text(at, true, text);
	buf_printf(b, "\"%s\":\"%s\"", name, text);
}

static void
put_times(struct buf *b, const char *name, const int64_t *at, size_t n)
{
	char text[TIME_TEXT_MAX];
	buf_printf(b, "\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		time_text(at[i], true, text);
		buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", text);
	}
	buf_put_byte(b, ']');
}

static void
comma(struct buf *b)
{
	buf_put_byte(b, ',');
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
put_activation(struct buf *b, const struct book_activation *a)
{
	buf_put_str(b, STR("\"activation\":{"));
	put_hex(b, "id", BYTES_OF(a->id)), comma(b);
	put_hex(b, "request", BYTES_OF(a->request)), comma(b);
	put_hex(b, "signer", BYTES_OF(a->signer)), comma(b);
	put_hex(b, "registration_sha256", BYTES_OF(a->registration_digest)), comma(b);
	put_hex(b, "subject_sha256", BYTES_OF(a->subject_sha256)), comma(b);
	put_hex(b, "terms_sha256", BYTES_OF(a->terms_sha256)), comma(b);
	put_hex(b, "consent_sha256", BYTES_OF(a->consent_sha256)), comma(b);
	put_hex(b, "digest", BYTES_OF(a->digest)), comma(b);
	put_time(b, "begun_at", a->begun_at), comma(b);
	put_time(b, "expires_at", a->expires_at), comma(b);
	put_times(b, "codes_sent_at", a->sent_at, least(a->sends, LIMIT_CODE_SENDS)), comma(b);
	put_times(b, "codes_tried_at", a->tried_at, least(a->tries, LIMIT_CODE_TRIES)), comma(b);
	put_time(b, "proved_at", a->proved_at), comma(b);
	put_time(b, "completed_at", a->completed_at);
	buf_put_byte(b, '}');
}

static void
put_document(struct buf *b, const struct book_activation *a, const struct book_intent *i)
{
	const struct record_document *doc = &a->documents[i->document];
	buf_printf(b, "\"document\":{\"index\":%u,\"field\":%llu,", (unsigned)i->document, (unsigned long long)doc->field);
	put_hex(b, "revision0_sha256", BYTES_OF(doc->revision0_sha256)), comma(b);
	put_hex(b, "plan_sha256", BYTES_OF(doc->plan_sha256)), comma(b);
	put_hex(b, "appearance_sha256", BYTES_OF(a->appearances[i->document])), comma(b);
	put_hex(b, "base_sha256", BYTES_OF(i->base_sha256));
	buf_printf(b, ",\"base_length\":%llu,", (unsigned long long)i->base_length);
	put_hex(b, "result_sha256", BYTES_OF(i->result_sha256));
	buf_printf(b, ",\"result_length\":%llu}", (unsigned long long)i->result_length);
}

static void
put_key(struct buf *b, const struct book_intent *i)
{
	buf_put_str(b, STR("\"key\":{"));
	put_hex(b, "spki_sha256", BYTES_OF(i->spki_sha256)), comma(b);
	put_time(b, "made_at", i->key_made_at), comma(b);
	put_time(b, "destroyed_at", i->key_destroyed_at);
	buf_put_str(b, STR("},\"certificate\":{"));
	put_hex(b, "serial", BYTES_OF(i->serial)), comma(b);
	put_hash_of(b, "sha256", bytes(i->certificate, i->certificate_n));
	buf_put_str(b, STR("},\"signature\":{"));
	put_hash_of(b, "signed_attributes_sha256", bytes(i->attributes, i->attributes_n)), comma(b);
	put_hash_of(b, "sha256", bytes(i->signature, i->signature_n)), comma(b);
	put_time(b, "signed_at", i->signed_at);
	buf_put_byte(b, '}');
}

static err_t
put_intent(struct book *book, const uint8_t id[RECORD_ID], struct buf *b)
{
	struct book_intent i;
	struct book_activation a;
	if (err_is(book_intent(book, id, &i)) || err_is(book_activation(book, i.activation, &a)))
		return err_make(ERR_EVIDENCE, "the journal knows nothing of this intent");
	if (i.known != BOOK_RESULT || !i.finished)
		return err_make(ERR_EVIDENCE, "this intent has no finished document");
	buf_put_byte(b, '{');
	put_hex(b, "intent", BYTES_OF(i.id)), comma(b);
	put_activation(b, &a), comma(b);
	put_document(b, &a, &i), comma(b);
	put_key(b, &i);
	buf_put_byte(b, '}');
	return OK;
}

err_t
statement_write(struct book *book, const uint8_t (*intents)[RECORD_ID], size_t n, struct buf *b)
{
	buf_put_str(b, STR("{\"statement\":\"paraph-keys-1\",\"intents\":["));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			comma(b);
		TRY(put_intent(book, intents[i], b));
	}
	buf_put_str(b, STR("]}"));
	return buf_check(b);
}
