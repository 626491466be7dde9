/*
 * A plain main for a fuzz target: feeds it every file of the folders and files named on the command line, so that a
 * corpus is a test of every build and compiler. TAP output, one line for each folder or file named. A folder with few inputs
 * is a failure: it would prove little.
 */
#include "base/err.h"

#include <dirent.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CORPUS_LEAST = 100 };

static bool
file_run(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	if (f == NULL || fstat(fileno(f), &st) != 0) {
		printf("# cannot read %s\n", path);
		if (f != NULL)
			fclose(f);
		return false;
	}
	/* Exactly as large as the input, so that a read past its end is seen by the sanitizer. */
	size_t n = (size_t)st.st_size;
	uint8_t *data = malloc(n == 0 ? 1 : n);
	bool whole = data != NULL && fread(data, 1, n, f) == n;
	fclose(f);
	if (whole)
		LLVMFuzzerTestOneInput(data, n);
	free(data);
	return whole;
}

/* How many inputs of the folder ran; -1 when one could not be read. */
static long
folder_run(const char *path)
{
	DIR *d = opendir(path);
	long ran = 0;
	bool good = d != NULL;
	for (struct dirent *entry; good && (entry = readdir(d)) != NULL;) {
		char file[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		good = file_run(file);
		ran++;
	}
	if (d != NULL)
		closedir(d);
	return good ? ran : -1;
}

int
main(int argc, char **argv)
{
	int failed = argc < 2;
	printf("1..%d\n", argc < 2 ? 1 : argc - 1);
	if (argc < 2)
		printf("not ok 1 - no corpus named\n");
	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
		long ran = folder ? folder_run(argv[i]) : file_run(argv[i]) ? 1 : -1;
		bool enough = ran >= (folder ? CORPUS_LEAST : 1);
		printf("%s %d - %s (%ld inputs)\n", enough ? "ok" : "not ok", i, argv[i], ran);
		failed |= !enough;
	}
	return failed;
}
