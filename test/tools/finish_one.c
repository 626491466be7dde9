/*
 * For developers and tests: writes a finished document (see test/unit/document/finished.h) and the root that proves it, so
 * that foreign judges have a file to look at before a service runs; and times the final check.
 *   finish-one OUT.pdf ROOT.pem c|s SIGNERS visible|invisible
 */
#include "finished.h"

#include "base/base64.h"
#include "pki/verify.h"

#include <time.h>

static void
save(const char *path, struct bytes data)
{
	FILE *f = fopen(path, "w");
	if (f == NULL || fwrite(data.p, 1, data.n, f) != data.n || fclose(f) != 0)
		exit(1);
}

static void
time_check(const struct finished *f)
{
	enum { TIMES = 50 };
	struct timespec from, to;
	struct check_result r;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < TIMES; i++) {
		verify_forget(); /* each document has a process of its own */
		if (err_is(check_file(buf_bytes(&f->file), buf_bytes(&f->plan), &f->facts, &r))) {
			fprintf(stderr, "%s\n", err_detail());
			exit(1);
		}
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	double us = (1e6 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e3) / TIMES;
	printf("%zu octets, final check %.0f us of CPU time\n", f->file.n, us);
}

int
main(int argc, char **argv)
{
	struct finished f;
	AUTO_BUF(pem, 65536);
	if (argc != 6)
		return 64;
	finished_make(&f, argv[3][0], strtoul(argv[4], NULL, 10), argv[5][0] == 'v', SPOIL_NOTHING);
	base64_write_pem(&pem, "CERTIFICATE", f.root);
	save(argv[1], buf_bytes(&f.file));
	save(argv[2], buf_bytes(&pem));
	time_check(&f);
	finished_done(&f);
	return 0;
}
