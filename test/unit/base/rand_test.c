#include "unit.h"

#include <sys/wait.h>

/* The first octet is 0x40..0x7f, all others are free. [EN 319 411-1 GEN-6.3.3-02A] */
static void
serials(void **state)
{
	(void)state;
	enum { N = 20000 };
	static uint32_t ones[160];
	static bool seen[64];
	for (int i = 0; i < N; i++) {
		uint8_t serial[20];
		rand_serial(serial);
		assert_true(serial[0] >= 0x40 && serial[0] <= 0x7f);
		seen[serial[0] - 0x40] = true;
		for (size_t bit = 0; bit < 160; bit++)
			ones[bit] += serial[bit / 8] >> (7 - bit % 8) & 1;
	}
	for (size_t i = 0; i < 64; i++)
		assert_true(seen[i]);
	/* Each random bit is one half as often as not: 6 sigma of a fair coin, sigma = sqrt(N) / 2 < 71. */
	for (size_t bit = 2; bit < 160; bit++)
		if (ones[bit] < N / 2 - 426 || ones[bit] > N / 2 + 426)
			fail_msg("bit %zu is set %u times of %d", bit, (unsigned)ones[bit], N);
}

static void
below(void **state)
{
	(void)state;
	static uint32_t count[10];
	for (int i = 0; i < 100000; i++) {
		uint32_t v = rand_below(10);
		assert_true(v < 10);
		count[v]++;
	}
	for (size_t i = 0; i < 10; i++) /* 6 sigma, sigma = sqrt(100000 * 0.1 * 0.9) = 95 */
		assert_true(count[i] > 10000 - 570 && count[i] < 10000 + 570);
	assert_int_equal(rand_below(1), 0);
	assert_true(rand_below(UINT32_MAX) < UINT32_MAX);
}

static void
fills_exactly(void **state)
{
	(void)state;
	uint8_t octets[1024] = {0};
	rand_fill(octets + 1, 1022);
	assert_int_equal(octets[0], 0);
	assert_int_equal(octets[1023], 0);
	rand_fill(octets, 0);
	assert_int_equal(octets[0], 0);
}

/* A fork shares nothing: parent and child draw different numbers. */
static void
no_pool_survives_fork(void **state)
{
	(void)state;
	int pipe_fd[2];
	uint8_t mine[16], theirs[16];
	rand_fill(mine, sizeof mine);
	assert_int_equal(pipe(pipe_fd), 0);
	pid_t pid = fork();
	if (pid == 0) {
		rand_fill(mine, sizeof mine);
		_exit(write(pipe_fd[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(read(pipe_fd[0], theirs, sizeof theirs), sizeof theirs);
	rand_fill(mine, sizeof mine);
	assert_memory_not_equal(mine, theirs, sizeof mine);
	waitpid(pid, NULL, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(serials),
    cmocka_unit_test(below),
    cmocka_unit_test(fills_exactly),
    cmocka_unit_test(no_pool_survives_fork),
};
UNIT_MAIN(tests)
