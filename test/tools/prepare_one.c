/*
 * For developers and tests: inspects and prepares PDFs in this process, without the jail, as paraph-document would.
 *   prepare-one [--plan FILE] [--out FILE] [--page N] [--rect X,Y,W,H] [--invisible] [--field NAME] [--name TEXT]
 *               [--note TEXT] [--signers N] [--demo] [--inspect] FILE…
 * Prints one line for each file: name, "ok" or the slug of the refusal, milliseconds, detail. --out writes original and
 * increment, --plan the plan (one FILE only); --inspect only looks, as at an upload.
 */
#include "document/prepare.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

struct options {
	const char *plan, *out;
	struct inspect_order order;
};

static void
save(const char *path, struct bytes a, struct bytes b)
{
	FILE *f = path == NULL ? NULL : fopen(path, "w");
	if (f == NULL)
		return;
	fwrite(a.p, 1, a.n, f);
	fwrite(b.p, 1, b.n, f);
	fclose(f);
}

static err_t
map(const char *path, struct bytes *ret_file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno("%s", path);
	void *p = st.st_size == 0 ? NULL : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return err_errno("%s", path);
	*ret_file = bytes(p, (size_t)st.st_size);
	return OK;
}

static err_t
run(const char *path, const struct options *o, const struct typefaces *faces, struct prepared *ret_prepared)
{
	struct bytes file;
	AUTO_BUF(increment, LIMIT_INCREMENT);
	AUTO_BUF(plan, LIMIT_PLAN);
	TRY(map(path, &file));
	err_t e = prepare_run(file, &o->order, faces, &increment, &plan, ret_prepared);
	if (!err_is(e)) {
		save(o->out, file, buf_bytes(&increment));
		save(o->plan, buf_bytes(&plan), bytes("", 0));
	}
	if (file.n > 0)
		munmap((void *)(uintptr_t)file.p, file.n);
	return e;
}

static void
report(const char *path, const struct options *o, const struct typefaces *faces)
{
	struct prepared p = {0};
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	err_t e = run(path, o, faces, &p);
	clock_gettime(CLOCK_MONOTONIC, &to);
	double ms = 1e3 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	printf("%s\t%s\t%.1f\t", path, err_is(e) ? err_info(e.code)->slug : "ok", ms);
	if (err_is(e))
		printf("%s", err_detail());
	else
		printf("pages=%u revisions=%u signatures=%u size=%.1fx%.1f", p.facts.pages, p.facts.revisions, p.facts.signatures,
		    p.facts.page_width, p.facts.page_height);
	for (size_t i = 0; i < p.facts.findings_n; i++)
		printf(" %s", p.facts.findings[i]);
	putchar('\n');
	fflush(stdout);
}

static struct str
text(const char *given)
{
	struct str s;
	if (err_is(str_check(bytes(given, strlen(given)), &s))) {
		fprintf(stderr, "not clean UTF-8: %s\n", given);
		exit(2);
	}
	return s;
}

static void
read_options(int argc, char **argv, struct options *o, size_t *signers)
{
	static const struct option names[] = {{"plan", 1, 0, 'l'}, {"out", 1, 0, 'o'}, {"page", 1, 0, 'p'}, {"rect", 1, 0, 'r'},
	    {"invisible", 0, 0, 'i'}, {"field", 1, 0, 'f'}, {"name", 1, 0, 'n'}, {"note", 1, 0, 't'}, {"signers", 1, 0, 's'},
	    {"demo", 0, 0, 'd'}, {"inspect", 0, 0, 'x'}, {0}};
	struct inspect_wish *w = &o->order.wishes[0];
	int c;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'l': o->plan = optarg; break;
		case 'o': o->out = optarg; break;
		case 'p': w->page = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'r': if (sscanf(optarg, "%lf,%lf,%lf,%lf", &w->x, &w->y, &w->w, &w->h) != 4) exit(2); break;
		case 'i': w->visible = false; break;
		case 'f': w->existing = true; w->name = text(optarg); break;
		case 'n': w->signer_name = text(optarg); break;
		case 't': w->note = text(optarg); break;
		case 's': *signers = strtoul(optarg, NULL, 10); break;
		case 'd': o->order.demo = true; break;
		case 'x': o->order.inspect_only = true; break;
		default: exit(2);
		}
}

int
main(int argc, char **argv)
{
	struct options o = {.order.wishes_n = 1};
	size_t signers = 1;
	o.order.wishes[0] = (struct inspect_wish){.signer_name = STR("Jane Doe"), .note = STR("sign.example.org/verify"),
	    .visible = true, .page = 1, .x = 36, .y = 36, .w = 180, .h = 54};
	read_options(argc, argv, &o, &signers);
	if (o.order.inspect_only)
		o.order.wishes_n = signers = 0;
	for (; o.order.wishes_n < signers && o.order.wishes_n < LIMIT_SIGNERS; o.order.wishes_n++) {
		o.order.wishes[o.order.wishes_n] = o.order.wishes[0];
		o.order.wishes[o.order.wishes_n].y += 60.0 * (double)o.order.wishes_n;
	}
	struct typefaces *faces;
	if (err_is(typeface_open_all(&faces))) {
		fprintf(stderr, "%s\n", err_detail());
		return 1;
	}
	for (int i = optind; i < argc; i++)
		report(argv[i], &o, faces);
	typeface_close_all(faces);
	return 0;
}
