/* The clock follows the system, moves with its offset, and in movable builds with the file of SEKISHO_CLOCK_FILE. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/base/clock.h"

#define DAY_US (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

/* Between two looks at the real clock. */
#define ASSERT_NOW_WITH_OFFSET(offset_us)                                                                                        \
	do {                                                                                                                     \
		gint64 before_us = g_get_real_time();                                                                            \
		gint64 now_us = clock_now_us();                                                                                  \
		gint64 after_us = g_get_real_time();                                                                             \
		g_assert_cmpint(now_us, >=, before_us + (offset_us));                                                            \
		g_assert_cmpint(now_us, <=, after_us + (offset_us));                                                             \
	} while (0)

static void
test_offset(void)
{
	ASSERT_NOW_WITH_OFFSET(0);
	clock_set_offset_us(DAY_US);
	ASSERT_NOW_WITH_OFFSET(DAY_US);
	clock_set_offset_us(-3 * DAY_US);
	ASSERT_NOW_WITH_OFFSET(-3 * DAY_US);
	clock_set_offset_us(0);
}

static void
test_seconds_round_down(void)
{
	/* 0.5 s before the epoch lies in second -1. The real clock may run a while between the two calls: at most one second. */
	clock_set_offset_us(-g_get_real_time() - G_USEC_PER_SEC / 2);
	g_assert_cmpint(clock_now_s(), ==, -1);
	clock_set_offset_us(-g_get_real_time() + 90 * G_USEC_PER_SEC);
	g_assert_cmpint(clock_now_s(), ==, 90);
	clock_set_offset_us(0);
}

#ifdef SEKISHO_MOVABLE_CLOCK
static void
write_offset(const char *path, gint64 offset_us)
{
	FILE *file = fopen(path, "r+");
	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(&offset_us, sizeof offset_us, 1, file), ==, 1);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void
test_file_moves_a_running_process(void)
{
	g_autofree char *path = g_strdup_printf("%s/sekisho-clock-%d", g_get_tmp_dir(), getpid());
	if (g_test_subprocess()) {
		const char *named = g_getenv("SEKISHO_CLOCK_FILE");
		ASSERT_NOW_WITH_OFFSET(7 * DAY_US);
		write_offset(named, -DAY_US);
		ASSERT_NOW_WITH_OFFSET(-DAY_US);
		clock_set_offset_us(2 * DAY_US);
		ASSERT_NOW_WITH_OFFSET(DAY_US);
		return;
	}
	static const char zeros[sizeof(gint64)];
	g_assert_true(g_file_set_contents(path, zeros, sizeof zeros, NULL));
	write_offset(path, 7 * DAY_US);
	g_setenv("SEKISHO_CLOCK_FILE", path, TRUE);
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_unsetenv("SEKISHO_CLOCK_FILE");
	g_remove(path);
	g_test_trap_assert_passed();
}

static void
test_useless_file_is_not_ignored(void)
{
	if (g_test_subprocess()) {
		clock_now_us();
		return;
	}
	g_setenv("SEKISHO_CLOCK_FILE", "/nonexistent/clock", TRUE);
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_unsetenv("SEKISHO_CLOCK_FILE");
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*SEKISHO_CLOCK_FILE*");
}
#endif

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#ifdef SEKISHO_MOVABLE_CLOCK
	/* First, because the file is mapped at the first look at the clock of a process. */
	g_test_add_func("/base/clock/the file moves a running process", test_file_moves_a_running_process);
	g_test_add_func("/base/clock/a file that cannot be used ends the process", test_useless_file_is_not_ignored);
#endif
	g_test_add_func("/base/clock/the offset moves the clock", test_offset);
	g_test_add_func("/base/clock/seconds are rounded down", test_seconds_round_down);
	return g_test_run();
}
