#include "base/secret.h"
#include "unit.h"

#include <sys/wait.h>

static void
take_wipes_its_source(void **state)
{
	(void)state;
	uint8_t code[6] = "123456";
	AUTO_SECRET(s);
	s = secret_take(code, sizeof code);
	assert_memory_equal(code, "\0\0\0\0\0\0", 6);
	assert_true(bytes_eq(secret_bytes(&s), bytes("123456", 6)));
}

static void
done_twice(void **state)
{
	(void)state;
	struct secret s = secret_new(0);
	assert_non_null(s.p);
	secret_done(&s);
	assert_null(s.p);
	secret_done(&s);
}

static void
equal(void **state)
{
	(void)state;
	assert_true(secret_eq(bytes("abc", 3), bytes("abc", 3)));
	assert_true(secret_eq(bytes(NULL, 0), bytes("", 0)));
	assert_false(secret_eq(bytes("abc", 3), bytes("abd", 3)));
	assert_false(secret_eq(bytes("abc", 3), bytes("ab", 2)));
	uint8_t a[32] = {0}, b[32] = {0};
	for (size_t bit = 0; bit < 256; bit++) {
		b[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_false(secret_eq(BYTES_OF(a), BYTES_OF(b)));
		b[bit / 8] = 0;
	}
}

/* Whether the mapping that holds p has the flag in /proc/self/smaps ("dd": not in dumps, "wf": wiped on fork). */
static bool
mapping_has(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool inside = false, found = false;
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = found || strstr(line, flag) != NULL;
	}
	fclose(f);
	return found;
}

static void
kept_out_of_dumps(void **state)
{
	(void)state;
	AUTO_SECRET(s);
	s = secret_new(100);
	assert_true(mapping_has(s.p, " dd"));
	assert_true(mapping_has(s.p, " wf"));
	uint8_t *plain = malloc(100);
	assert_false(mapping_has(plain, " dd")); /* so the check itself can fail */
	free(plain);
}

static void
empty_in_a_child(void **state)
{
	(void)state;
	int status;
	AUTO_SECRET(s);
	uint8_t code[6] = "123456";
	s = secret_take(code, sizeof code);
	pid_t pid = fork();
	if (pid == 0)
		_exit(memcmp(s.p, "\0\0\0\0\0\0", 6) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(bytes_eq(secret_bytes(&s), bytes("123456", 6)));
}

/* What a copy left in a vector register is gone after the wipe: a thread that waits keeps its registers in its dump. */
static void
registers_are_wiped(void **state)
{
	(void)state;
#ifdef __x86_64__
	static const uint8_t code[16] = "code\": \"409635\"";
	uint8_t found[16], high[16] = {0}, other[16] = "other";
	if (!__builtin_cpu_supports("avx"))
		return;
	bool wide = __builtin_cpu_supports("avx512vl");
	__asm__ volatile("movdqu %0, %%xmm7" ::"m"(code) : "xmm7");
	if (wide)
		__asm__ volatile("vmovdqu64 %0, %%xmm19" ::"m"(code));
	secret_wipe(other, sizeof other);
	__asm__ volatile("movdqu %%xmm7, %0" : "=m"(found));
	if (wide)
		__asm__ volatile("vmovdqu64 %%xmm19, %0" : "=m"(high));
	assert_memory_equal(found, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(high, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
#endif
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(registers_are_wiped),
    cmocka_unit_test(take_wipes_its_source),
    cmocka_unit_test(done_twice),
    cmocka_unit_test(equal),
    cmocka_unit_test(kept_out_of_dumps),
    cmocka_unit_test(empty_in_a_child),
};
UNIT_MAIN(tests)
