/* The operator's alarm program: what it is given, and that neither it nor what it starts outlives its time. */
#include "sekisho/relay/alarm_command.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

#define TEXT "The fuse tripped; $(touch broken)\nSee to it.\n"

/* A folder with a program "told", which runs these lines of a shell in it. */
static char *
tree_with(const char *lines)
{
	char *tree = tree_new();
	g_autofree char *script = g_strdup_printf("#!/bin/sh\ncd '%s' || exit 1\n%s", tree, lines);
	g_autofree char *path = tree_path(tree, "told");

	tree_write(tree, "told", script);
	g_assert_cmpint(g_chmod(path, 0700), ==, 0);
	return tree;
}

static gboolean
run(const char *tree, guint deadline_ms, GError **error)
{
	g_autofree char *program = tree_path(tree, "told");

	return alarm_command_run(
	    &(AlarmCommandRequest){
		.program = program, .topic = "fuse", .site = "a b; exit 1", .text = TEXT, .deadline_ms = deadline_ms},
	    error);
}

static char *
content(const char *tree, const char *name)
{
	g_autofree char *path = tree_path(tree, name);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static void
assert_content(const char *tree, const char *name, const char *expected)
{
	g_autofree char *text = content(tree, name);

	g_assert_cmpstr(text, ==, expected);
}

/* The process whose number stands in the file "child" is gone, or dead and nobody has reaped it. */
static void
assert_child_dies(const char *tree)
{
	g_autofree char *number = g_strstrip(content(tree, "child"));
	g_autofree char *path = g_strdup_printf("/proc/%s/stat", number);
	gint64 deadline_us = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

	g_assert_cmpstr(number, !=, "");
	for (;;) {
		g_autofree char *stat = NULL;
		if (!g_file_get_contents(path, &stat, NULL, NULL) || strstr(stat, ") Z ") != NULL)
			return;
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		g_usleep(10000);
	}
}

static void
test_what_it_is_given(void)
{
	g_autoptr(GError) error = NULL;
	char *tree = tree_with(
	    "printf '%s|' \"$#\" \"$1\" \"$2\" > arguments; cat > input\n"
	    "tr '\\0' '\\n' < /proc/$$/environ > environment\n"
	    "for each in /proc/$$/fd/*; do case \"${each##*/}\" in 0|1|2|3|10) ;; *) echo \"$each\" >> leaked; esac; done\n"
	    "output=$(readlink /proc/$$/fd/1); echo \"$output\" > output; test \"$(cut -d ' ' -f 5 /proc/$$/stat)\" = $$ || echo "
	    "shared > group\n");
	/* The shell itself has the folder at 3 and its script at 10. */
	int leak = fcntl(STDERR_FILENO, F_DUPFD, 50);

	g_assert_true(run(tree, LIMIT_ALARM_COMMAND_MS, &error));
	g_assert_no_error(error);
	assert_content(tree, "arguments", "2|fuse|a b; exit 1|");
	assert_content(tree, "input", TEXT);
	assert_content(tree, "environment", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
	assert_content(tree, "leaked", "");
	assert_content(tree, "output", "/dev/null\n");
	assert_content(tree, "group", "");
	close(leak);
	tree_free(tree);
}

static void
test_how_it_fails(void)
{
	static const struct {
		const char *lines;
		guint deadline_ms;
		const char *words;
	} cases[] = {
	    {"exit 3\n", LIMIT_ALARM_COMMAND_MS, "exit code 3"},
	    {"kill -TERM $$\n", LIMIT_ALARM_COMMAND_MS, "by signal 15"},
	    {"echo $$ > child; exec sleep 600\n", 300, "by signal 9, because it took too long"},
	    {"trap '' TERM INT; echo $$ > child; while :; do sleep 600; done\n", 300, "too long"},
	    {"sleep 600 & echo $! > child; wait\n", 300, "too long"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		gint64 began_us = g_get_monotonic_time();
		char *tree = tree_with(cases[i].lines);
		/* A slow machine may not have come to it. */
		guint deadline_ms = cases[i].deadline_ms;
		g_autofree char *child = NULL;
		do {
			g_clear_error(&error);
			g_free(child);
			g_assert_false(run(tree, deadline_ms, &error));
			child = content(tree, "child");
			deadline_ms *= 2;
		} while (*child == '\0' && strstr(cases[i].lines, "child") != NULL && deadline_ms < 30000);
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_LOST);
		g_assert_nonnull(strstr(error->message, cases[i].words));
		g_assert_cmpint(g_get_monotonic_time() - began_us, <, 90 * G_TIME_SPAN_SECOND);
		if (*child != '\0')
			assert_child_dies(tree);
		tree_free(tree);
	}
}

/* It told somebody; what it left in the background does not stay. */
static void
test_what_it_leaves_behind(void)
{
	g_autoptr(GError) error = NULL;
	char *tree = tree_with("sleep 600 & echo $! > child; exit 0\n");

	g_assert_true(run(tree, LIMIT_ALARM_COMMAND_MS, &error));
	g_assert_no_error(error);
	assert_child_dies(tree);
	tree_free(tree);
}

static void
test_freed_while_it_runs(void)
{
	g_autoptr(GError) error = NULL;
	char *tree = tree_with("sleep 600 & echo $! > number; mv number child; wait\n");
	g_autofree char *program = tree_path(tree, "told");
	g_autofree char *child = tree_path(tree, "child");
	AlarmCommand *command = alarm_command_start(
	    &(AlarmCommandRequest){
		.program = program, .topic = "fuse", .site = "", .text = TEXT, .deadline_ms = LIMIT_ALARM_COMMAND_MS},
	    &error);

	g_assert_no_error(error);
	while (!g_file_test(child, G_FILE_TEST_EXISTS)) {
		g_assert_cmpint(alarm_command_step(command, &error), ==, ALARM_COMMAND_RUNS);
		g_usleep(10000);
	}
	alarm_command_free(command);
	assert_child_dies(tree);
	tree_free(tree);
}

static void
test_no_program(void)
{
	g_autoptr(GError) error = NULL;
	char *tree = tree_new();

	g_assert_false(run(tree, LIMIT_ALARM_COMMAND_MS, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_LOST);
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alarm_command/what it is given", test_what_it_is_given);
	g_test_add_func("/alarm_command/how it fails", test_how_it_fails);
	g_test_add_func("/alarm_command/what it leaves behind", test_what_it_leaves_behind);
	g_test_add_func("/alarm_command/freed while it runs", test_freed_while_it_runs);
	g_test_add_func("/alarm_command/no program", test_no_program);
	return g_test_run();
}
