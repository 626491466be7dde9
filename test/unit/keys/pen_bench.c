/*
 * For developers: complete signatures per second of the key process alone, from SignBegin to DocStampPut, with real
 * journals and fsync, stamps and OCSP answers from the role status in this process; beside the bare P-256 operations, and the
 * floor: as many threads that do the same number of those operations and of shared synced writes, in the same run.
 *   pen_bench [--json] [THREADS [SECONDS [FILE]]]
 * Run it in the root of the source tree.
 */
#include "keys/paper.h"

#include "keys/ecdsa.h"
#include "synced.h"

/* Of one signature, with the stamps and the OCSP answer that it needs. */
enum {
	KEY_PAIRS = 1,
	SIGNATURES = 5,      /* certificate, signed attributes, two time-stamps, OCSP answer */
	CHECKS = 3,          /* own signature, both stamps before the holes are filled */
	HASH_PASSES = 1,     /* over the base */
	ISSUING_RECORDS = 9, /* activation, code sent, tried, proved, consent; key, attributes, result, document result */
	STATUS_RECORDS = 3,  /* two stamps, OCSP answer */
};
enum { PARTS = 5, OPERATIONS = 5, THREADS_MAX = 64 };

static struct house house;
static struct buf root_crl;
static struct synced journals[2];
static struct ecdsa *bare_key;
static _Atomic bool stop;
static _Atomic unsigned made;
static const char *const part_names[PARTS] = {"activation", "sign", "stamp", "dss", "document stamp"};
static const struct {
	const char *name;
	int count;
} operations[OPERATIONS] = {{"key pair", KEY_PAIRS}, {"signature", SIGNATURES}, {"verification", CHECKS},
    {"hashing pass", HASH_PASSES}, {"durable record", ISSUING_RECORDS + STATUS_RECORDS}};

struct lane {
	struct paper paper;
	int64_t part_us[PARTS];
};

struct figures {
	double rate, cpu_us; /* per second; of processor for one */
};

static int64_t
lap(int64_t *from)
{
	int64_t now = clock_monotonic(), past = now - *from;
	*from = now;
	return past;
}

static void *
run(void *arg)
{
	struct lane *l = arg;
	struct paper *p = &l->paper;
	while (!stop) {
		int64_t t = clock_monotonic();
		rand_fill(p->request, 16);
		paper_signer(p, 0);
		paper_activate(p);
		l->part_us[0] += lap(&t);
		assert_ok(paper_sign(p));
		l->part_us[1] += lap(&t);
		assert_ok(paper_stamp(p));
		l->part_us[2] += lap(&t);
		assert_ok(paper_dss(p, buf_bytes(&root_crl)));
		l->part_us[3] += lap(&t);
		assert_ok(paper_doc_stamp(p));
		l->part_us[4] += lap(&t);
		close(p->out_fd);
		p->out_fd = paper_out();
		made++;
	}
	return NULL;
}

/* ---- the floor ---- */

static void
key_pair(void)
{
	struct ecdsa *key;
	assert_ok(ecdsa_make(ECDSA_P256, &key));
	ecdsa_free(key);
}

static void
floor_one(struct bytes document)
{
	uint8_t hash[32] = {1}, signature[ECDSA_SIGNATURE_MAX];
	size_t n = 0;
	for (int i = 0; i < KEY_PAIRS; i++)
		key_pair();
	for (int i = 0; i < SIGNATURES; i++)
		assert_ok(ecdsa_sign(bare_key, BYTES_OF(hash), signature, &n));
	for (int i = 0; i < CHECKS; i++)
		assert_ok(ecdsa_verify(bare_key, BYTES_OF(hash), bytes(signature, n)));
	for (int i = 0; i < HASH_PASSES; i++)
		digest_sha256(document, hash);
	for (int i = 0; i < ISSUING_RECORDS; i++)
		synced_append(&journals[0]);
	for (int i = 0; i < STATUS_RECORDS; i++)
		synced_append(&journals[1]);
}

static void *
floor_run(void *arg)
{
	const struct lane *l = arg;
	while (!stop) {
		floor_one(buf_bytes(&l->paper.file));
		made++;
	}
	return NULL;
}

/* Microseconds of each operation alone. */
static void
bare(struct bytes document, double ret_us[OPERATIONS])
{
	enum { N = 2000, RECORDS = 200 };
	uint8_t digest[32] = {1}, signature[ECDSA_SIGNATURE_MAX];
	size_t n = 0;
	int64_t t = clock_monotonic();
	for (int i = 0; i < N; i++)
		key_pair();
	ret_us[0] = (double)lap(&t) / N;
	for (int i = 0; i < N; i++)
		assert_ok(ecdsa_sign(bare_key, BYTES_OF(digest), signature, &n));
	ret_us[1] = (double)lap(&t) / N;
	for (int i = 0; i < N; i++)
		assert_ok(ecdsa_verify(bare_key, BYTES_OF(digest), bytes(signature, n)));
	ret_us[2] = (double)lap(&t) / N;
	for (int i = 0; i < RECORDS; i++)
		digest_sha256(document, digest);
	ret_us[3] = (double)lap(&t) / RECORDS;
	for (int i = 0; i < RECORDS; i++)
		assert_ok(journal_put(house.issuing->journal, RECORD_KEY_MADE, 1, bytes("x", 1)));
	ret_us[4] = (double)lap(&t) / RECORDS;
}

/* ---- the run ---- */

static double
cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Until each thread has ended what it began; all of it counts. */
static struct figures
timed(void *(*f)(void *), struct lane *lanes, size_t threads, unsigned seconds)
{
	pthread_t id[THREADS_MAX];
	stop = false;
	made = 0;
	double cpu = cpu_us();
	int64_t t = clock_monotonic();
	for (size_t i = 0; i < threads; i++)
		pthread_create(&id[i], NULL, f, &lanes[i]);
	sleep(seconds);
	stop = true;
	for (size_t i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	return (struct figures){made * 1e6 / (double)lap(&t), (cpu_us() - cpu) / made};
}

static uint64_t
records(struct desk *d)
{
	uint64_t n;
	uint8_t root[DIGEST_SHA256_LEN];
	journal_root(d->journal, &n, root);
	return n;
}

/* A floor that counts other records than the journals got would be no floor. */
static struct figures
timed_signatures(struct lane *lanes, size_t threads, unsigned seconds)
{
	uint64_t issuing = records(house.issuing), status = records(house.status);
	struct figures f = timed(run, lanes, threads, seconds);
	assert_int_equal(records(house.issuing) - issuing, (uint64_t)made * ISSUING_RECORDS);
	assert_int_equal(records(house.status) - status, (uint64_t)made * STATUS_RECORDS);
	for (size_t k = 0; k < PARTS; k++) {
		for (size_t i = 1; i < threads; i++)
			lanes[0].part_us[k] += lanes[i].part_us[k];
		lanes[0].part_us[k] /= made;
	}
	return f;
}

static void
print_json(size_t threads, struct figures f, struct figures floor_, const int64_t part_us[PARTS], const double us[OPERATIONS])
{
	printf("{\"bench\": \"pen\", \"rate\": %.1f, \"cpu_us\": %.0f, \"floor\": %.1f, \"floor_cpu_us\": %.0f, \"ratio\": %.3f, "
	       "\"threads\": %zu, \"steps\": [", f.rate, f.cpu_us, floor_.rate, floor_.cpu_us, f.rate / floor_.rate, threads);
	for (size_t k = 0; k < PARTS; k++)
		printf("%s{\"name\": \"%s\", \"us_mean\": %lld}", k > 0 ? ", " : "", part_names[k], (long long)part_us[k]);
	printf("], \"operations\": [");
	for (size_t k = 0; k < OPERATIONS; k++)
		printf("%s{\"name\": \"%s\", \"count\": %d, \"us\": %.1f}", k > 0 ? ", " : "", operations[k].name,
		    operations[k].count, us[k]);
	printf("]}\n");
}

static void
print_text(size_t threads, struct figures f, struct figures floor_, const int64_t part_us[PARTS], const double us[OPERATIONS])
{
	for (size_t k = 0; k < OPERATIONS; k++)
		printf("%-15s %7.1f us, %d of a signature\n", operations[k].name, us[k], operations[k].count);
	printf("%zu threads: %.0f complete signatures/s, %.0f us of processor each\n", threads, f.rate, f.cpu_us);
	for (size_t k = 0; k < PARTS; k++)
		printf("%-15s %7lld us\n", part_names[k], (long long)part_us[k]);
	printf("floor: %.0f/s, %.0f us of processor each\nratio to that floor %.3f\n", floor_.rate, floor_.cpu_us,
	    f.rate / floor_.rate);
}

static void
set_up(struct lane *lanes, size_t threads, const char *file)
{
	char sample[PATH_MAX];
	house_make(&house);
	root_crl = buf_init(8192);
	paper_root_crl(&house, &root_crl);
	snprintf(sample, sizeof sample, "%s/share/sample/contract.pdf", getenv("PARAPH_SHARE"));
	for (size_t i = 0; i < threads; i++) {
		paper_make(&lanes[i].paper, &house, file != NULL ? file : sample, 1);
		paper_person(&lanes[i].paper, (uint8_t)i); /* each with a mail box of its own */
	}
	assert_ok(ecdsa_make(ECDSA_P256, &bare_key));
	assert_true(synced_open(&journals[0], house.dir, "floor-issuing"));
	assert_true(synced_open(&journals[1], house.dir, "floor-status"));
}

int
main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	argc -= json;
	argv += json;
	size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 8;
	unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
	double us[OPERATIONS];
	if (threads < 1 || threads > THREADS_MAX || seconds < 1)
		return 2;
	struct lane *lanes = calloc(threads, sizeof *lanes);
	set_up(lanes, threads, argc > 3 ? argv[3] : NULL);
	bare(buf_bytes(&lanes[0].paper.file), us);
	struct figures f = timed_signatures(lanes, threads, seconds), floor_ = timed(floor_run, lanes, threads, seconds);
	(json ? print_json : print_text)(threads, f, floor_, lanes[0].part_us, us);
	for (size_t i = 0; i < threads; i++)
		paper_done(&lanes[i].paper);
	free(lanes);
	ecdsa_free(bare_key);
	buf_done(&root_crl);
	house_done(&house);
	return 0;
}
