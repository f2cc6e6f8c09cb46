/* The supervisor: processes are started again, replaced at SIGHUP, and all gone after SIGTERM. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/base/supervisor.h"

#define PATIENCE_US (20 * G_USEC_PER_SEC)

typedef struct {
	char *directory;
	char *log;
	pid_t pid;
} Run;

static gboolean
may_reload(gpointer user_data)
{
	return !g_file_test(user_data, G_FILE_TEST_EXISTS);
}

/* Each process writes "NAME start PID", at SIGTERM "NAME end PID", and ends. */
static Run *
run_start(void)
{
	Run *run = g_new0(Run, 1);
	run->directory = g_dir_make_tmp("supervisor-XXXXXX", NULL);
	run->log = g_build_filename(run->directory, "log", NULL);
	g_assert_true(g_file_set_contents(run->log, "", 0, NULL));
	run->pid = fork();
	if (run->pid != 0)
		return run;
	/* A shell starts with SIGTERM blocked, as every role does; Python unblocks it to tell us. */
	g_autofree char *script =
	    g_strdup_printf("import os,signal,sys\n"
			    "def say(w): open('%s','a').write('%%s %%s %%d\\n'%%(sys.argv[1],w,os.getpid()))\n"
			    "def end(*a): say('end'); os._exit(0)\n"
			    "signal.signal(signal.SIGTERM,end)\n"
			    "signal.pthread_sigmask(signal.SIG_UNBLOCK,[signal.SIGTERM])\n"
			    "say('start')\n"
			    "if os.path.exists('%s/unfit'): os._exit(77)\n"
			    "os.write(3,b'.')\n"
			    "while True: signal.pause()\n",
		run->log, run->directory);
	const char *first[] = {"python3", "-c", script, "first", NULL};
	const char *second[] = {"python3", "-c", script, "second", NULL};
	const SupervisedRole roles[] = {{"first", first, {-1}, TRUE}, {"second", second, {-1}, FALSE}};
	g_autofree char *veto = g_build_filename(run->directory, "veto", NULL);
	const SupervisorSettings settings = {
	    .program = "/usr/bin/python3", .roles = roles, .role_count = 2, .may_reload = may_reload, .user_data = veto};
	_exit(supervisor_run(&settings));
}

/* The lines of the log, once there are at least `count`. */
static char **
lines_at_least(const Run *run, guint count)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	for (;;) {
		g_autofree char *text = NULL;
		g_assert_true(g_file_get_contents(run->log, &text, NULL, NULL));
		char **lines = g_strsplit(g_strchomp(text), "\n", -1);
		if (g_strv_length(lines) >= count)
			return lines;
		g_strfreev(lines);
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		g_usleep(10000);
	}
}

static pid_t
last_pid(char **lines, const char *prefix)
{
	pid_t pid = 0;
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, prefix))
			pid = (pid_t)g_ascii_strtoll(*line + strlen(prefix), NULL, 10);
	}
	g_assert_cmpint(pid, >, 0);
	return pid;
}

static guint
count_prefix(char **lines, const char *prefix)
{
	guint count = 0;
	for (char **line = lines; *line; line++)
		count += g_str_has_prefix(*line, prefix);
	return count;
}

static void
run_end(Run *run)
{
	int status;
	kill(run->pid, SIGTERM);
	g_assert_cmpint(waitpid(run->pid, &status, 0), ==, run->pid);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, EX_OK);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(run->log, &text, NULL, NULL));
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *start = strstr(*line, " start ");
		if (start)
			g_assert_cmpint(kill((pid_t)g_ascii_strtoll(start + 7, NULL, 10), 0), ==, -1);
	}
	g_autofree char *command = g_strdup_printf("rm -r %s", run->directory);
	g_assert_cmpint(system(command), ==, 0);
	g_free(run->directory);
	g_free(run->log);
	g_free(run);
}

static void
test_killed_process_is_started_again(void)
{
	Run *run = run_start();
	g_auto(GStrv) before = lines_at_least(run, 2);
	kill(last_pid(before, "first start "), SIGKILL);
	g_auto(GStrv) after = lines_at_least(run, 3);
	g_assert_cmpuint(count_prefix(after, "first start "), ==, 2);
	g_assert_cmpuint(count_prefix(after, "second start "), ==, 1);
	run_end(run);
}

static void
test_reload_replaces_every_process(void)
{
	Run *run = run_start();
	g_auto(GStrv) before = lines_at_least(run, 2);
	g_assert_cmpuint(count_prefix(before, "first start "), ==, 1);
	kill(run->pid, SIGHUP);
	g_auto(GStrv) after = lines_at_least(run, 6);
	g_assert_cmpuint(count_prefix(after, "first start "), ==, 2);
	g_assert_cmpuint(count_prefix(after, "first end "), ==, 1);
	/* The one that may not overlap: its second start comes after its first end. */
	guint place_of_end = 0, place_of_start = 0;
	for (guint i = 0; after[i]; i++) {
		if (g_str_has_prefix(after[i], "second end "))
			place_of_end = i;
		if (g_str_has_prefix(after[i], "second start "))
			place_of_start = i;
	}
	g_assert_cmpuint(place_of_start, >, place_of_end);
	run_end(run);
}

static void
test_refused_reload_changes_nothing(void)
{
	Run *run = run_start();
	g_auto(GStrv) before = lines_at_least(run, 2);
	g_autofree char *veto = g_build_filename(run->directory, "veto", NULL);
	g_assert_true(g_file_set_contents(veto, "", 0, NULL));
	kill(run->pid, SIGHUP);
	/* A kill that comes after the refused reload proves that the reload was handled: signals are read in order of their number, HUP first. */
	kill(last_pid(before, "second start "), SIGKILL);
	g_auto(GStrv) after = lines_at_least(run, 3);
	g_assert_cmpuint(count_prefix(after, "first start "), ==, 1);
	g_assert_cmpuint(count_prefix(after, "first end "), ==, 0);
	run_end(run);
}

/* A new process that cannot start changes nothing: neither its own role's old one nor the others are touched. */
static void
test_unfit_process_replaces_nobody(void)
{
	Run *run = run_start();
	g_auto(GStrv) before = lines_at_least(run, 2);
	g_assert_cmpuint(count_prefix(before, "first start "), ==, 1);
	g_autofree char *unfit = g_build_filename(run->directory, "unfit", NULL);
	g_assert_true(g_file_set_contents(unfit, "", 0, NULL));
	kill(run->pid, SIGHUP);
	g_auto(GStrv) tried = lines_at_least(run, 3);
	g_assert_cmpuint(count_prefix(tried, "first start "), ==, 2);
	g_unlink(unfit);
	kill(run->pid, SIGHUP);
	g_auto(GStrv) after = lines_at_least(run, 7);
	g_assert_cmpuint(count_prefix(after, "first start "), ==, 3);
	g_assert_cmpuint(count_prefix(after, "first end "), ==, 1);
	g_assert_cmpuint(count_prefix(after, "second end "), ==, 1);
	run_end(run);
}

/* How many lines begin so, once there are at least `count`. */
static void
wait_for_prefix(const Run *run, const char *prefix, guint count)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	for (guint seen = 0; seen < count; g_usleep(10000)) {
		g_auto(GStrv) lines = lines_at_least(run, 1);
		seen = count_prefix(lines, prefix);
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
	}
}

/* The old ones take their time, however many reloads come meanwhile: each ends by itself and says so. */
static void
test_quick_reloads_hurry_nobody(void)
{
	Run *run = run_start();
	wait_for_prefix(run, "second start ", 1);
	for (guint i = 1; i <= 4; i++) {
		kill(run->pid, SIGHUP);
		wait_for_prefix(run, "first start ", 1 + i);
	}
	wait_for_prefix(run, "first end ", 4);
	run_end(run);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/supervisor/killed-process-is-started-again", test_killed_process_is_started_again);
	g_test_add_func("/supervisor/reload-replaces-every-process", test_reload_replaces_every_process);
	g_test_add_func("/supervisor/refused-reload-changes-nothing", test_refused_reload_changes_nothing);
	g_test_add_func("/supervisor/unfit-process-replaces-nobody", test_unfit_process_replaces_nobody);
	g_test_add_func("/supervisor/quick-reloads-hurry-nobody", test_quick_reloads_hurry_nobody);
	return g_test_run();
}
