/*
 * Makes a manual page at build time: copies its prose, and writes what stands in tables of the program where a line of its source says so. So a page and the program cannot differ.
 *
 *   @keys FILE GROUP    the keys of that group, a list
 *   @names FILE GROUP   their names alone
 *   @verbs              the verbs of `sekisho`, with orders and options
 *   @shared             the options that all of them have
 *   @events             the events of the log
 *
 * Used as: manual SOURCE PAGE. No part of what is installed.
 */
#include "manual.h"

#include <string.h>
#include <sysexits.h>

/* FALSE: a line begins with "@" and is no directive, or names what does not exist. */
static gboolean
add_directive(GString *page, const char *line)
{
	/* A group may have a space in it. */
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	guint count = g_strv_length(words);
	if (count == 1 && g_str_equal(words[0], "@verbs"))
		return manual_verbs(page);
	if (count == 1 && g_str_equal(words[0], "@shared"))
		return manual_shared_options(page);
	if (count == 1 && g_str_equal(words[0], "@events"))
		return manual_events(page);
	if (count == 3 && g_str_equal(words[0], "@keys"))
		return manual_keys(page, words[1], words[2]);
	if (count == 3 && g_str_equal(words[0], "@names"))
		return manual_key_names(page, words[1], words[2]);
	return FALSE;
}

static gboolean
make_page(const char *source, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(source, &text, NULL, error))
		return FALSE;
	g_autoptr(GString) page = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (*lines[i] != '@') {
			g_string_append_printf(page, "%s\n", lines[i]);
		} else if (!add_directive(page, lines[i])) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%u: %s: the program has nothing of this name",
			    source, i + 1, lines[i]);
			return FALSE;
		}
	}
	return g_file_set_contents(path, page->str, (gssize)page->len, error);
}

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	if (argc != 3) {
		g_printerr("usage: manual SOURCE PAGE\n");
		return EX_USAGE;
	}
	if (make_page(argv[1], argv[2], &error))
		return EX_OK;
	g_printerr("%s\n", error->message);
	return EX_DATAERR;
}
