/*
 * For developers: complete signatures per second of the key process alone, from SignBegin to DocStampPut, with real
 * journals and fsync, stamps and OCSP answers from the role status in this process; beside the bare P-256 operations.
 *   pen_bench [THREADS [SECONDS [FILE]]]
 */
#include "keys/paper.h"

static struct house house;
static struct buf root_crl;
static _Atomic bool stop;
static _Atomic unsigned made;

struct lane {
	struct paper paper;
	int64_t activation_us, sign_us, stamp_us, dss_us, doc_us;
	unsigned n;
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
		l->activation_us += lap(&t);
		assert_ok(paper_sign(p));
		l->sign_us += lap(&t);
		assert_ok(paper_stamp(p));
		l->stamp_us += lap(&t);
		assert_ok(paper_dss(p, buf_bytes(&root_crl)));
		l->dss_us += lap(&t);
		assert_ok(paper_doc_stamp(p));
		l->doc_us += lap(&t);
		close(p->out_fd);
		p->out_fd = paper_out();
		l->n++;
		made++;
	}
	return NULL;
}

static double
cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
bare(void)
{
	enum { N = 2000 };
	uint8_t digest[32] = {1}, signature[ECDSA_SIGNATURE_MAX];
	size_t n = 0;
	struct ecdsa *key = NULL;
	int64_t t = clock_monotonic();
	for (int i = 0; i < N; i++) {
		ecdsa_free(key);
		assert_ok(ecdsa_make(ECDSA_P256, &key));
	}
	printf("key pair        %7.1f us\n", (double)lap(&t) / N);
	for (int i = 0; i < N; i++)
		assert_ok(ecdsa_sign(key, BYTES_OF(digest), signature, &n));
	printf("signature       %7.1f us\n", (double)lap(&t) / N);
	for (int i = 0; i < N; i++)
		assert_ok(ecdsa_verify(key, BYTES_OF(digest), bytes(signature, n)));
	printf("verification    %7.1f us\n", (double)lap(&t) / N);
	for (int i = 0; i < 200; i++)
		assert_ok(journal_put(house.issuing->journal, RECORD_KEY_MADE, 1, bytes("x", 1)));
	printf("durable record  %7.1f us\n", (double)lap(&t) / 200);
	ecdsa_free(key);
}

int
main(int argc, char **argv)
{
	size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 8;
	unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
	char sample[PATH_MAX];
	pthread_t id[64];
	if (threads < 1 || threads > 64)
		return 2;
	house_make(&house);
	root_crl = buf_init(8192);
	paper_root_crl(&house, &root_crl);
	bare();
	snprintf(sample, sizeof sample, "%s/share/sample/contract.pdf", getenv("PARAPH_SHARE"));
	struct lane *lanes = calloc(threads, sizeof *lanes);
	for (size_t i = 0; i < threads; i++) {
		paper_make(&lanes[i].paper, &house, argc > 3 ? argv[3] : sample, 1);
		paper_person(&lanes[i].paper, (uint8_t)i); /* each with a mail box of its own */
	}
	for (size_t i = 0; i < threads; i++)
		pthread_create(&id[i], NULL, run, &lanes[i]);
	double cpu = cpu_us();
	sleep(seconds);
	stop = true;
	int64_t sum[5] = {0};
	for (size_t i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		const int64_t part[5] = {lanes[i].activation_us, lanes[i].sign_us, lanes[i].stamp_us, lanes[i].dss_us, lanes[i].doc_us};
		for (size_t k = 0; k < 5; k++)
			sum[k] += part[k];
		paper_done(&lanes[i].paper);
	}
	cpu = cpu_us() - cpu;
	static const char *const names[] = {"activation", "sign", "stamp", "dss", "document stamp"};
	printf("%zu threads: %.0f complete signatures/s, %.0f us of processor each\n", threads, (double)made / seconds,
	    cpu / (made > 0 ? made : 1));
	for (size_t k = 0; k < 5; k++)
		printf("%-15s %7.0f us\n", names[k], (double)sum[k] / (made > 0 ? made : 1));
	free(lanes);
	buf_done(&root_crl);
	house_done(&house);
	return 0;
}
