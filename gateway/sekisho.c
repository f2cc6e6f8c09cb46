/*
 * sekisho, the operator's program: wiring only. What it can do stands in the table of verbs (cli/cli.c).
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/cli/cli.h"
#include "sekisho/cli/pager.h"

/* See no-color.org for NO_COLOR. */
static gboolean
is_colour_wanted(void)
{
	const char *terminal = g_getenv("TERM");
	return isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR") && terminal && !g_str_equal(terminal, "dumb");
}

/* 0: no terminal, or one that does not say. */
static guint
terminal_columns(void)
{
	struct winsize window = {0};
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

int
main(int argc, char **argv)
{
	(void)argc;
	/* Arguments are in the terminal's encoding; sentences stay English. */
	(void)setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): no other thread runs yet. */
	g_autoptr(GString) output = g_string_new(NULL);
	g_autoptr(GString) complaint = g_string_new(NULL);
	CliConsole console = {.output = output,
	    .complaint = complaint,
	    .is_colour = is_colour_wanted(),
	    .columns = terminal_columns(),
	    .answers = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? stdin : NULL,
	    .progress = isatty(STDERR_FILENO) ? stderr : NULL};
	int code = cli_run((const char *const *)argv, &console);
	gboolean is_written = pager_print(output->str, output->len, stdout);
	(void)fputs(complaint->str, stderr);
	return is_written ? code : EX_IOERR;
}
