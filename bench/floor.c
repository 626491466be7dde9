/*
 * The floor of a complete signature: one run of exactly the operations that the rules demand, nothing around them, with as
 * many signatures in flight as the service was given, and with synced writes shared as the service may share them.
 *	bench-floor DIRECTORY DOCUMENT_OCTETS IN_FLIGHT SECONDS
 * prints one JSON object: rate, processor time for one, and each operation with its count and microseconds.
 */
#include "base/digest.h"
#include "base/time.h"
#include "os/clock.h"
#include "synced.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Of one signature with one document (ARCHITECTURE.md "One signature"). */
enum {
	KEY_PAIRS = 1,
	SIGNATURES = 8,  /* certificate, signed attributes, three time-stamps, OCSP answer, checkpoint, seal */
	CHECKS = 7,      /* own signature, both stamps before the holes are filled; CMS, both stamps and OCSP in the final check */
	HASH_PASSES = 4, /* keys over the base, core over the join, the check's digest, the proof's descriptor */
	JOURNAL_SYNCS = 10, /* key, attributes, result, document result, checkpoint, seal; OCSP and three stamps */
	COMMITS = 6,     /* intent, certificate, result, checkpoint, proof with release, last answer */
	FILE_SYNCS = 3,  /* joined document and its name, proof */
	CHILDREN = 1,
};

static struct {
	struct synced synced[3]; /* journal, database, files */
	size_t document;
	int64_t until;
	_Atomic uint64_t finished;
	EVP_PKEY *key;
} run;

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
key_pair(void)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	must(k != NULL);
	EVP_PKEY_free(k);
}

static size_t
sign(const uint8_t hash[32], uint8_t *signature)
{
	size_t n = 80;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(run.key, NULL);
	must(c != NULL && EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_sign(c, signature, &n, hash, 32) == 1);
	EVP_PKEY_CTX_free(c);
	return n;
}

static void
check(const uint8_t hash[32], const uint8_t *signature, size_t n)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(run.key, NULL);
	must(c != NULL && EVP_PKEY_verify_init(c) == 1 && EVP_PKEY_verify(c, signature, n, hash, 32) == 1);
	EVP_PKEY_CTX_free(c);
}

static void
hash_pass(const uint8_t *document)
{
	uint8_t hash[32];
	digest_sha256(bytes(document, run.document), hash);
}

static void
child(void)
{
	pid_t pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	must(waitpid(pid, NULL, 0) == pid);
}

static void
one(const uint8_t *document)
{
	uint8_t hash[32] = {1}, signature[80];
	size_t n = 0;
	for (int i = 0; i < KEY_PAIRS; i++)
		key_pair();
	for (int i = 0; i < SIGNATURES; i++)
		n = sign(hash, signature);
	for (int i = 0; i < CHECKS; i++)
		check(hash, signature, n);
	for (int i = 0; i < HASH_PASSES; i++)
		hash_pass(document);
	for (int i = 0; i < JOURNAL_SYNCS; i++)
		synced_append(&run.synced[0]);
	for (int i = 0; i < COMMITS; i++)
		synced_append(&run.synced[1]);
	for (int i = 0; i < FILE_SYNCS; i++)
		synced_append(&run.synced[2]);
	for (int i = 0; i < CHILDREN; i++)
		child();
}

static void *
work(void *arg)
{
	while (clock_monotonic() < run.until) {
		one(arg);
		run.finished++;
	}
	return NULL;
}

static double
cpu_us(void)
{
	struct rusage self, children;
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	double us = 0;
	const struct timeval *t[] = {&self.ru_utime, &self.ru_stime, &children.ru_utime, &children.ru_stime};
	for (size_t i = 0; i < 4; i++)
		us += (double)t[i]->tv_sec * 1e6 + (double)t[i]->tv_usec;
	return us;
}

/* Microseconds of one call, alone. */
#define TIME_ONE(us, times, call)                                                                                      \
	do {                                                                                                           \
		int64_t start_ = clock_monotonic();                                                                    \
		for (int i_ = 0; i_ < (times); i_++)                                                                   \
			call;                                                                                          \
		(us) = (double)(clock_monotonic() - start_) / (times);                                                 \
	} while (0)

static void
operations_print(const uint8_t *document)
{
	uint8_t hash[32] = {1}, signature[80];
	size_t n = sign(hash, signature);
	double us[6];
	TIME_ONE(us[0], 300, key_pair());
	TIME_ONE(us[1], 1000, (void)sign(hash, signature));
	n = sign(hash, signature);
	TIME_ONE(us[2], 500, check(hash, signature, n));
	TIME_ONE(us[3], 20, hash_pass(document));
	TIME_ONE(us[4], 100, synced_append(&run.synced[0]));
	TIME_ONE(us[5], 50, child());
	static const struct {
		const char *name;
		int count;
	} rows[] = {{"P-256 key pair", KEY_PAIRS}, {"P-256 signature", SIGNATURES}, {"P-256 verification", CHECKS},
	    {"hashing pass", HASH_PASSES}, {"synced write", JOURNAL_SYNCS + COMMITS + FILE_SYNCS}, {"document child", CHILDREN}};
	printf(",\"operations\":[");
	for (size_t i = 0; i < 6; i++)
		printf("%s{\"name\":\"%s\",\"count\":%d,\"us\":%.1f}", i > 0 ? "," : "", rows[i].name, rows[i].count, us[i]);
	printf("]");
}

static void
files_open(const char *directory)
{
	static const char *const names[] = {"floor-journal", "floor-database", "floor-files"};
	for (int i = 0; i < 3; i++)
		must(synced_open(&run.synced[i], directory, names[i]));
}

int
main(int argc, char **argv)
{
	enum { THREADS_MAX = 256 };
	pthread_t threads[THREADS_MAX];
	if (argc != 5) {
		fprintf(stderr, "Usage: bench-floor DIRECTORY DOCUMENT_OCTETS IN_FLIGHT SECONDS\n");
		return 64;
	}
	size_t n = strtoul(argv[3], NULL, 10);
	n = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
	run.document = strtoul(argv[2], NULL, 10);
	files_open(argv[1]);
	run.key = EVP_EC_gen("P-256");
	uint8_t *document = calloc(1, run.document + 1);
	must(run.key != NULL && document != NULL);
	double seconds = strtod(argv[4], NULL), cpu = cpu_us();
	int64_t start = clock_monotonic();
	run.until = start + (int64_t)(seconds * (double)TIME_SECOND);
	for (size_t i = 0; i < n; i++)
		must(pthread_create(&threads[i], NULL, work, document) == 0);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	double took = (double)(clock_monotonic() - start) / (double)TIME_SECOND, done = (double)run.finished;
	printf("{\"rate\":%.1f,\"cpu_us\":%.0f,\"in_flight\":%zu,\"document\":%zu", done / took, (cpu_us() - cpu) / done, n,
	    run.document);
	operations_print(document);
	printf("}\n");
	EVP_PKEY_free(run.key);
	free(document);
	return 0;
}
