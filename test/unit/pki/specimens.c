/*
 * Writes specimens for foreign judges: specimens DIR puts the good certificates, lists, answers and stamps of a fresh
 * test world into DIR/good, every wrong certificate into DIR/wrong, and DIR/wrong.tsv with name, issuer and judge.
 */
#include "base/time.h"
#include "wrong.h"
#include <sys/stat.h>

static void
put(const char *dir, const char *name, struct bytes der)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "we");
	if (!f || fwrite(der.p, 1, der.n, f) != der.n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
put_stamp(const char *dir, const char *query, const char *response, bool cert_req)
{
	uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_SHA256_LEN];
	digest_sha256(bytes("specimen", 8), digest);
	struct tsp_request r = {.kind = DIGEST_SHA256, .imprint = BYTES_OF(digest), .nonce = bytes("\x11\x22\x33\x44", 4), .cert_req = cert_req};
	struct encode w = encode_init(room, sizeof room);
	struct bytes der;
	if (err_is(tsp_request_write(&w, &r)) || err_is(encode_done(&w, &der)))
		abort();
	put(dir, query, der);
	put(dir, response, world_tsr(&r, room, sizeof room));
}

static void
put_answers(const char *dir, const struct world *world)
{
	static const enum digest_kind kinds[] = {DIGEST_SHA1, DIGEST_SHA256};
	static const char *const names[][3] = {{"good-sha1.ors", "revoked-sha1.ors", "unknown-sha1.ors"},
		{"good-sha256.ors", "revoked-sha256.ors", "unknown-sha256.ors"}};
	for (size_t k = 0; k < 2; k++)
		for (int state = 0; state < 3; state++) {
			uint8_t id_room[OCSP_ID_MAX], room[OCSP_RESPONSE_MAX];
			struct encode w = encode_init(id_room, sizeof id_room);
			struct bytes id;
			if (err_is(ocsp_id_write(&w, kinds[k], world->issuing.c.subject, world->issuing.c.public_key,
			        world->signer.c.serial)) || err_is(encode_done(&w, &id)))
				abort();
			put(dir, names[k][state], world_ocsp((enum ocsp_state)state, id, k ? bytes("0123456789abcdef", 16) : bytes(NULL, 0),
			    room, sizeof room));
		}
}

static void
put_lists(const char *dir, const struct world *world)
{
	static uint8_t tbs_room[65536], room[65536];
	struct crl_entry entries[5];
	for (size_t i = 0; i < 5; i++) {
		world_serial(entries[i].serial);
		entries[i].revoked_at = world->now - (int64_t)(i + 1) * TIME_HOUR;
		entries[i].reason = (int)i; /* 0: left out */
	}
	put(dir, "issuing-b.crl", world_join(&world->issuing, world_crl_tbs(&world->issuing, entries, 5, tbs_room, sizeof tbs_room), room, sizeof room));
	put(dir, "issuing-b-empty.crl", world_join(&world->issuing, world_crl_tbs(&world->issuing, NULL, 0, tbs_room, sizeof tbs_room), room, sizeof room));
	put(dir, "root.crl", world_join(&world->root, world_crl_tbs(&world->root, NULL, 0, tbs_room, sizeof tbs_room), room, sizeof room));
}

int
main(int argc, char **argv)
{
	char good[2048], wrong[2048], table[2048];
	if (argc != 2) {
		fprintf(stderr, "usage: specimens DIR\n");
		return 2;
	}
	snprintf(good, sizeof good, "%s/good", argv[1]);
	snprintf(wrong, sizeof wrong, "%s/wrong", argv[1]);
	snprintf(table, sizeof table, "%s/wrong.tsv", argv[1]);
	mkdir(argv[1], 0755);
	mkdir(good, 0755);
	mkdir(wrong, 0755);
	const struct world *w = world_get();
	put(good, "root.cer", w->root.der);
	put(good, "issuing-b.cer", w->issuing.der);
	put(good, "signer-b.cer", w->signer.der);
	put(good, "ocsp.cer", w->ocsp.der);
	put(good, "tsu.cer", w->tsu.der);
	put(good, "seal.cer", w->seal.der);
	put_lists(good, w);
	put_answers(good, w);
	put_stamp(good, "stamp.tsq", "stamp.tsr", true);
	put_stamp(good, "stamp-no-certs.tsq", "stamp-no-certs.tsr", false);
	FILE *f = fopen(table, "we");
	for (size_t i = 0; f && i < wrong_count; i++) {
		uint8_t tbs_room[CERTIFICATE_OCTETS_MAX], room[CERTIFICATE_OCTETS_MAX];
		char name[128];
		const struct wrong *row = &wrong_table[i];
		snprintf(name, sizeof name, "%s.cer", row->name);
		put(wrong, name, wrong_certificate(row, wrong_tbs(row, tbs_room, sizeof tbs_room), room, sizeof room));
		fprintf(f, "%s\t%s\t%s\n", row->name, wrong_party(row->party)->profile.issuer, row->judge ? row->judge : "");
	}
	return f && fclose(f) == 0 ? 0 : 1;
}
