/*
 * sekisho, the operator's program: wiring only. What it can do stands in the table of verbs (cli/cli.c).
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/cli/cli.h"

/* See no-color.org for NO_COLOR. */
static gboolean
is_colour_wanted(void)
{
	const char *terminal = g_getenv("TERM");
	return isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR") && terminal && !g_str_equal(terminal, "dumb");
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
	    .answers = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? stdin : NULL,
	    .progress = isatty(STDERR_FILENO) ? stderr : NULL};
	int code = cli_run((const char *const *)argv, &console);
	gboolean is_written = fwrite(output->str, 1, output->len, stdout) == output->len && fflush(stdout) == 0;
	(void)fputs(complaint->str, stderr);
	return is_written ? code : EX_IOERR;
}
