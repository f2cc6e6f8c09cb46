/*
 * What becomes of a token_command: programs that do right, fail, hang, print rubbish, or leave others behind.
 */
#include "sekisho/relay/token.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/conf/config.h"

/* Nobody may see it in a sentence. */
#define SECRET "ya29.SECRET-~+/=="

/* A shell program in a folder of its own. The caller's. */
static char *
program_of(const char *script, int mode)
{
	g_autofree char *folder = g_dir_make_tmp("token-XXXXXX", NULL);
	char *path = g_build_filename(folder, "program", NULL);
	g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
	return path;
}

static void
forget(char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);

	g_unlink(path);
	g_rmdir(folder);
	g_free(path);
}

static void
test_tokens(void)
{
	static const char *const scripts[] = {
	    "echo '" SECRET "'",
	    "printf '%s' '" SECRET "'",
	    "printf ' \\t" SECRET " \\r\\nsecond line\\n'",
	    "echo '" SECRET "'; echo noise >&2 2>/dev/null; yes 2>/dev/null | head -c 200000",
	    "[ \"$(cat)\" = '' ] && [ \"$#\" = 0 ] && [ \"$HOME\" = '' ] && echo '" SECRET "'",
	    /* Left behind with the pipe in its hands. */
	    "echo '" SECRET "'; sleep 600 &",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_autoptr(GError) error = NULL;
		char *program = program_of(scripts[i], 0700);
		gint64 began_us = g_get_monotonic_time();
		char *token = token_from_command(program, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(token, ==, SECRET);
		g_assert_cmpint(g_get_monotonic_time() - began_us, <, LIMIT_TOKEN_COMMAND_MS * 1000 / 2);
		password_free(token);
		forget(program);
	}
}

static void
test_the_longest_token(void)
{
	g_autofree char *fits = g_strdup_printf("head -c %u /dev/zero | tr '\\0' x; echo", LIMIT_TOKEN_BYTES);
	g_autofree char *exceeds = g_strdup_printf("head -c %u /dev/zero | tr '\\0' x; echo", LIMIT_TOKEN_BYTES + 1);
	g_autoptr(GError) error = NULL;
	char *good = program_of(fits, 0700), *bad = program_of(exceeds, 0700);

	char *token = token_from_command(good, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(token), ==, LIMIT_TOKEN_BYTES);
	password_free(token);
	g_assert_null(token_from_command(bad, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_AUTH);
	forget(good);
	forget(bad);
}

static void
test_failures(void)
{
	static const struct {
		const char *script, *words;
	} cases[] = {
	    {"echo '" SECRET "'; exit 3", "exit code 3"},
	    {"echo '" SECRET "'; kill -9 $$", "signal 9"},
	    {"", "no token"},
	    {"echo; echo '" SECRET "'", "no token"},
	    {"echo '" SECRET " and more'", "is no token"},
	    {"printf '" SECRET "\\001\\n'", "is no token"},
	    {"printf '" SECRET "\\000x\\n'", "is no token"},
	    {"printf '" SECRET "\\303\\251\\n'", "is no token"},
	    {"printf '" SECRET "'; yes | tr -d '\\n'", "more than a token"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		char *program = program_of(cases[i].script, 0700);
		g_assert_null(token_from_command(program, &error));
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_AUTH);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, cases[i].words));
		g_assert_null(strstr(error->message, "SECRET"));
		forget(program);
	}
}

static void
test_a_program_that_cannot_start(void)
{
	g_autoptr(GError) error = NULL;
	char *program = program_of("echo x", 0600);

	if (geteuid() != 0 || g_access(program, X_OK) != 0) {
		g_assert_null(token_from_command(program, &error));
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_AUTH);
		g_assert_nonnull(strstr(error->message, g_strerror(EACCES)));
		g_clear_error(&error);
	}
	g_assert_null(token_from_command("/nowhere/at/all", &error));
	g_assert_nonnull(strstr(error->message, g_strerror(ENOENT)));
	forget(program);
}

/* It, and what it started, are gone after the deadline, whether it prints or not. */
static void
test_a_program_that_hangs(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("token-XXXXXX", NULL), *note = g_build_filename(folder, "child", NULL),
			*number = NULL;
	g_autofree char *script = g_strdup_printf("echo '" SECRET "'; sleep 600 & echo $! > %s; wait", note);
	char *program = program_of(script, 0700);

	gint64 began_us = g_get_monotonic_time();
	g_assert_null(token_from_command(program, &error));
	gint64 took_ms = (g_get_monotonic_time() - began_us) / 1000;
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_AUTH);
	g_assert_nonnull(strstr(error->message, "too long"));
	g_assert_cmpint(took_ms, >=, LIMIT_TOKEN_COMMAND_MS);
	g_assert_cmpint(took_ms, <, LIMIT_TOKEN_COMMAND_MS + 5000);
	g_assert_true(g_file_get_contents(note, &number, NULL, NULL));
	g_autofree char *process = g_strdup_printf("/proc/%s/exe", g_strchomp(number));
	/* One that init has not reaped yet has no program any more. */
	for (guint i = 0; i < 50 && g_file_test(process, G_FILE_TEST_EXISTS); i++)
		g_usleep(20000);
	g_assert_false(g_file_test(process, G_FILE_TEST_EXISTS));
	g_unlink(note);
	g_rmdir(folder);
	forget(program);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/token/tokens", test_tokens);
	g_test_add_func("/token/the longest", test_the_longest_token);
	g_test_add_func("/token/failures", test_failures);
	g_test_add_func("/token/a program that cannot start", test_a_program_that_cannot_start);
	g_test_add_func("/token/a program that hangs", test_a_program_that_hangs);
	return g_test_run();
}
