/*
 * The pager on a terminal of its own: when one is started, and what it gets.
 */
#include "sekisho/cli/pager.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A terminal of ten rows: its far end, and what is written into it. */
typedef struct {
	int far;
	FILE *near;
} Terminal;

static Terminal
terminal_new(void)
{
	const struct winsize window = {.ws_row = 10, .ws_col = 80};
	const int far = posix_openpt(O_RDWR | O_NOCTTY);
	char name[128] = "";
	g_assert_cmpint(far, >=, 0);
	g_assert_cmpint(grantpt(far), ==, 0);
	g_assert_cmpint(unlockpt(far), ==, 0);
	g_assert_cmpint(ptsname_r(far, name, sizeof name), ==, 0);
	const int near = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	g_assert_cmpint(near, >=, 0);
	g_assert_cmpint(ioctl(near, TIOCSWINSZ, &window), ==, 0);
	return (Terminal){.far = far, .near = fdopen(near, "w")};
}

/* How many bytes came out of it; it is gone then. */
static gsize
terminal_drain(Terminal *terminal)
{
	char bytes[4096];
	gsize count = 0;
	gssize got = 0;
	(void)fcntl(terminal->far, F_SETFL, O_NONBLOCK);
	while ((got = read(terminal->far, bytes, sizeof bytes)) > 0)
		count += (gsize)got;
	(void)fclose(terminal->near);
	(void)close(terminal->far);
	return count;
}

static char *
lines_of(guint count)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "line %u\n", i);
	return g_string_free(text, FALSE);
}

static void
test_choice(void)
{
	static const struct {
		const char *own, *general;
		guint lines;
		gboolean is_paged;
	} cases[] = {
	    {"tee PATH", NULL, 30, TRUE},
	    {"tee PATH", NULL, 10, TRUE},
	    {"tee PATH", NULL, 9, FALSE}, /* all of it fits */
	    {NULL, "tee PATH", 30, TRUE},
	    {"", "tee PATH", 30, FALSE},
	    {"cat", "tee PATH", 30, FALSE},
	    {"tee PATH", "cat", 30, TRUE},
	    {"/nowhere/pager", NULL, 30, FALSE},
	    {"tee 'PATH", NULL, 30, FALSE}, /* a quote is missing */
	};
	g_autofree char *directory = g_dir_make_tmp("sekisho-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "paged", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = lines_of(cases[i].lines);
		g_autofree char *got = NULL;
		const char *const names[] = {"SEKISHO_PAGER", "PAGER"}, *const values[] = {cases[i].own, cases[i].general};
		for (guint j = 0; j < 2; j++) {
			g_auto(GStrv) parts = g_strsplit(values[j] ? values[j] : "", "PATH", -1);
			g_autofree char *value = g_strjoinv(path, parts);
			g_unsetenv(names[j]);
			if (values[j])
				g_setenv(names[j], value, TRUE);
		}
		Terminal terminal = terminal_new();
		g_assert_true(pager_print(text, strlen(text), terminal.near));
		/* The pager writes to our standard output, which is not that terminal. */
		g_assert_true((terminal_drain(&terminal) == 0) == cases[i].is_paged);
		g_assert_true(g_file_get_contents(path, &got, NULL, NULL) == cases[i].is_paged);
		if (cases[i].is_paged)
			g_assert_cmpstr(got, ==, text);
		(void)g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* A less that is only named shows colours, too, unless its reader has settled that; and is no way to a shell. */
static void
test_less(void)
{
	static const char *const settings[] = {NULL, "i"}, *const expected[] = {"FRX 1", "i 1"};
	g_autofree char *text = lines_of(30);
	g_autofree char *directory = g_dir_make_tmp("sekisho-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "told", NULL);
	g_autofree char *pager = g_strdup_printf("sh -c 'printf \"%%s\" \"$LESS $LESSSECURE\" >%s; cat >/dev/null'", path);
	g_setenv("SEKISHO_PAGER", pager, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		g_autofree char *told = NULL;
		g_unsetenv("LESS");
		if (settings[i])
			g_setenv("LESS", settings[i], TRUE);
		Terminal terminal = terminal_new();
		g_assert_true(pager_print(text, strlen(text), terminal.near));
		g_assert_cmpuint(terminal_drain(&terminal), ==, 0);
		g_assert_true(g_file_get_contents(path, &told, NULL, NULL));
		g_assert_cmpstr(told, ==, expected[i]);
	}
	(void)g_unlink(path);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* A reader who leaves early: more than a pipe holds, and nobody reads it. */
static void
test_leaving(void)
{
	g_autofree char *text = lines_of(100000);
	g_setenv("SEKISHO_PAGER", "true", TRUE);
	Terminal terminal = terminal_new();
	g_assert_true(pager_print(text, strlen(text), terminal.near));
	g_assert_cmpuint(terminal_drain(&terminal), ==, 0);
}

static void
test_file(void)
{
	g_autofree char *text = lines_of(100);
	g_autofree char *got = NULL;
	g_autofree char *path = NULL;
	const int file = g_file_open_tmp("sekisho-XXXXXX", &path, NULL);
	FILE *output = fdopen(file, "w");
	g_setenv("SEKISHO_PAGER", "false", TRUE);
	g_assert_true(pager_print(text, strlen(text), output));
	(void)fclose(output);
	g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
	g_assert_cmpstr(got, ==, text);
	(void)g_unlink(path);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pager/long texts on a terminal go through the reader's pager", test_choice);
	g_test_add_func("/pager/less shows colours and opens nothing", test_less);
	g_test_add_func("/pager/a reader may leave early", test_leaving);
	g_test_add_func("/pager/what is no terminal gets the text as it is", test_file);
	return g_test_run();
}
