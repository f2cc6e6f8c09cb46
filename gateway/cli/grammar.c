/*
 * What can be read from the rows of the table of verbs without running one. Knows no verb: they stand in cli.c.
 */
#include "sekisho/cli/grammar.h"

#include <string.h>

const GOptionEntry *
grammar_shared_options(void)
{
	static const GOptionEntry shared[] = {
	    {"config", 'c', 0, G_OPTION_ARG_FILENAME, NULL, "Main file (default: /etc/sekisho/sekisho.conf)", "FILE"},
	    {"help", 'h', 0, G_OPTION_ARG_NONE, NULL, "Print this help", NULL},
	    {"version", 0, 0, G_OPTION_ARG_NONE, NULL, "Print the version", NULL},
	    G_OPTION_ENTRY_NULL,
	};
	return shared;
}

gboolean
grammar_begins_with_site(const char *arguments)
{
	return arguments && (g_str_has_prefix(arguments, "SITE") || g_str_has_prefix(arguments, "[SITE"));
}

gboolean
grammar_takes(const VerbOrder *order, const char *option)
{
	if (!order || !order->options || (strcmp(option, "site") == 0 && grammar_begins_with_site(order->arguments)))
		return TRUE;
	g_auto(GStrv) names = g_strsplit(order->options, " ", -1);
	return g_strv_contains((const char *const *)names, option);
}

void
grammar_count(const char *arguments, guint *least, guint *most)
{
	g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
	gboolean is_optional = FALSE, is_repeated = FALSE;
	*least = *most = 0;
	for (guint i = 0; words[i] && words[i][0] != '\0'; i++) {
		is_optional |= words[i][0] == '[';
		is_repeated |= strstr(words[i], "...") != NULL;
		*least += is_optional ? 0 : 1;
		*most += 1;
		/* "[SITE [FORM]]" closes what it opened at the end alone. */
		is_optional &= !g_str_has_suffix(words[i], "]");
	}
	if (is_repeated)
		*most = G_MAXUINT;
}

char *
grammar_usage(const Verb *verb, const VerbOrder *order)
{
	GString *usage = g_string_new(verb->name);
	const char *arguments = order ? order->arguments : verb->arguments;
	if (order)
		g_string_append_printf(usage, order->is_default ? " [%s]" : " %s", order->name);
	else if (verb->orders)
		g_string_append(usage, verb->orders[0].is_default ? " [ORDER]" : " ORDER");
	if (arguments && arguments[0] != '\0')
		g_string_append_printf(usage, " %s", arguments);
	return g_string_free(usage, FALSE);
}
