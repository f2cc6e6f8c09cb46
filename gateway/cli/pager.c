/*
 * The pager. One text in the life of the process, printed when everything else is done: from then on an interrupt belongs to the pager.
 */
#include "sekisho/cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* F: end at once where all fits; R: colours; X: leave it on the screen. */
#define LESS_OPTIONS "FRX"
#define STANDARD_PAGER "less -" LESS_OPTIONS

static gboolean
is_long(const char *text, gsize size, FILE *output)
{
	struct winsize window = {0};
	gsize lines = 0;
	if (!isatty(fileno(output)) || ioctl(fileno(output), TIOCGWINSZ, &window) != 0 || window.ws_row == 0)
		return FALSE;
	for (gsize i = 0; i < size; i++)
		lines += text[i] == '\n' ? 1 : 0;
	/* The prompt takes a row. */
	return lines >= window.ws_row;
}

/* Its words; NULL: none is wanted, or what the variable holds cannot be read. The caller's. */
static char **
choose(void)
{
	const char *own = g_getenv("SEKISHO_PAGER"), *general = g_getenv("PAGER");
	const char *line = own ? own : general ? general : STANDARD_PAGER;
	char **words = NULL;
	if (strcmp(line, "cat") == 0 || !g_shell_parse_argv(line, NULL, &words, NULL))
		return NULL;
	return words;
}

/* Where PAGER is a mere "less", it shows colours, too. Whoever may run sekisho as root by a rule of sudo must not get a shell by it: less runs no commands and opens no files then. The caller's. */
static char **
environment(void)
{
	char **variables = g_environ_setenv(g_get_environ(), "LESS", LESS_OPTIONS, FALSE);
	return g_environ_setenv(variables, "LESSSECURE", "1", TRUE);
}

static void
feed(int pipe, const char *text, gsize size)
{
	gsize done = 0;
	while (done < size) {
		gssize count = write(pipe, text + done, size - done);
		if (count < 0 && errno != EINTR)
			break;
		done += count > 0 ? (gsize)count : 0;
	}
	(void)close(pipe);
}

/* FALSE: it could not be started. */
static gboolean
page(const char *text, gsize size)
{
	g_auto(GStrv) words = choose();
	g_auto(GStrv) variables = environment();
	GPid pid = 0;
	int pipe = -1;
	if (!words || !g_spawn_async_with_pipes(NULL, words, variables, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
			  NULL, &pid, &pipe, NULL, NULL, NULL))
		return FALSE;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	feed(pipe, text, size);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return TRUE;
}

gboolean
pager_print(const char *text, gsize size, FILE *output)
{
	if (is_long(text, size, output) && page(text, size))
		return TRUE;
	return fwrite(text, 1, size, output) == size && fflush(output) == 0;
}
