/*
 * The command line behind a verb, held against the verb's row of the table: its options, its order, its arguments. Called once in each run of a verb, before anything else.
 */
#include "command.h"

#include <string.h>

#include "help.h"

static const VerbOrder *
find_order(const Verb *verb, const char *name)
{
	for (const VerbOrder *order = verb->orders; order && order->name; order++)
		if (name ? strcmp(order->name, name) == 0 : order->is_default)
			return order;
	return NULL;
}

/* --- A site, as argument and as option ---------------------------------------------------------------------------------- */

/* `own` and, where an order begins with SITE and none of them is --site, that. They store where `own` and `site` lie. The caller's. */
static GArray *
options_of(const Verb *verb, const GOptionEntry *own, char **site)
{
	const GOptionEntry entry = {"site", 's', 0, G_OPTION_ARG_STRING, site, "In place of the argument SITE", "SITE"};
	GArray *options = g_array_new(TRUE, FALSE, sizeof(GOptionEntry));
	gboolean is_missing = grammar_begins_with_site(verb->arguments);
	for (const VerbOrder *order = verb->orders; order && order->name; order++)
		is_missing |= grammar_begins_with_site(order->arguments);
	for (; own && own->long_name; own++) {
		is_missing &= strcmp(own->long_name, entry.long_name) != 0;
		g_array_append_val(options, *own);
	}
	if (is_missing)
		g_array_prepend_val(options, entry);
	return options;
}

/* Where --site was stored, if it was given; NULL. */
static char **
find_site(const GOptionEntry *options)
{
	for (const GOptionEntry *option = options; option->long_name; option++)
		if (strcmp(option->long_name, "site") == 0)
			return *(char **)option->arg_data ? option->arg_data : NULL;
	return NULL;
}

/* Moves what --site says to where SITE stands: behind the order, which is written out. */
static void
move_site(const Verb *verb, const VerbOrder *order, const GOptionEntry *options, char ***arguments)
{
	char **site = find_site(options), **old = *arguments;
	if (!site || !grammar_begins_with_site(order ? order->arguments : verb->arguments))
		return;
	GPtrArray *words = g_ptr_array_new();
	const guint leading = order && old[1] ? 2 : 1;
	for (guint i = 0; i < leading; i++)
		g_ptr_array_add(words, old[i]);
	if (order && leading == 1)
		g_ptr_array_add(words, g_strdup(order->name));
	g_ptr_array_add(words, g_steal_pointer(site));
	for (guint i = leading; old[i]; i++)
		g_ptr_array_add(words, old[i]);
	g_ptr_array_add(words, NULL);
	g_free(old);
	*arguments = (char **)g_ptr_array_free(words, FALSE);
}

/* --- What was written -------------------------------------------------------------------------------------------------- */

static gboolean
parse_options(Command *command, const GOptionEntry *options, char ***arguments, GError **error)
{
	g_autofree char *config_path = NULL;
	GOptionEntry shared[] = {grammar_shared_options()[0], grammar_shared_options()[1], G_OPTION_ENTRY_NULL};
	shared[0].arg_data = &config_path;
	shared[1].arg_data = &command->is_help_asked;
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, options, NULL);
	g_option_context_add_main_entries(context, shared, NULL);
	if (!g_option_context_parse_strv(context, arguments, error))
		return FALSE;
	if (config_path) {
		g_free(command->config_path);
		command->config_path = g_steal_pointer(&config_path);
	}
	return TRUE;
}

static gboolean
is_given(const GOptionEntry *entry)
{
	return entry->arg == G_OPTION_ARG_NONE ? *(const gboolean *)entry->arg_data : *(char *const *)entry->arg_data != NULL;
}

/* "`sekisho held release`, `sekisho held discard`". The caller's. */
static char *
owners_of(const Verb *verb, const char *option)
{
	GString *owners = g_string_new(NULL);
	for (const VerbOrder *order = verb->orders; order->name; order++)
		if (grammar_takes(order, option))
			g_string_append_printf(owners, "%s`sekisho %s %s`", owners->len > 0 ? ", " : "", verb->name, order->name);
	return g_string_free(owners, FALSE);
}

static gboolean
are_options_of(const Verb *verb, const VerbOrder *order, const GOptionEntry *options, GError **error)
{
	for (const GOptionEntry *entry = options; order && entry->long_name; entry++) {
		if (!is_given(entry) || grammar_takes(order, entry->long_name))
			continue;
		g_autofree char *owners = owners_of(verb, entry->long_name);
		command_usage(error, "--%s belongs to %s", entry->long_name, owners);
		return FALSE;
	}
	return TRUE;
}

/* What can be written: this order, or, without one, each of them. */
static void
complain_of_words(const Verb *verb, const VerbOrder *order, GError **error)
{
	g_autoptr(GString) forms = g_string_new(NULL);
	for (const VerbOrder *each = order ? order : verb->orders; each && each->name; each++) {
		g_autofree char *usage = grammar_usage(verb, each);
		g_string_append_printf(forms, "%s`sekisho %s`", forms->len > 0 ? ", " : "", usage);
		if (order)
			break;
	}
	if (forms->len == 0) {
		g_autofree char *usage = grammar_usage(verb, NULL);
		g_string_append_printf(forms, "`sekisho %s`", usage);
	}
	command_usage(error, "write %s", forms->str);
}

static gboolean
are_words_fitting(const Verb *verb, const VerbOrder *order, char **words, GError **error)
{
	guint least = 0, most = 0, count = g_strv_length(words);
	if (verb->orders && !order) {
		complain_of_words(verb, NULL, error);
		return FALSE;
	}
	grammar_count(order ? order->arguments : verb->arguments, &least, &most);
	count -= order && count > 0 ? 1 : 0;
	if (count >= least && count <= most)
		return TRUE;
	complain_of_words(verb, order, error);
	return FALSE;
}

/* FALSE as of command_parse. */
static gboolean
parse(Command *command, const Verb *verb, const GOptionEntry *options, char ***arguments, GError **error)
{
	if (!parse_options(command, options, arguments, error))
		return FALSE;
	const char *word = (*arguments)[1];
	const VerbOrder *order = find_order(verb, word);
	if (command->is_help_asked) {
		help_add_verb(command->console->output, verb, word ? order : NULL, options);
		return FALSE;
	}
	move_site(verb, order, options, arguments);
	if (!are_words_fitting(verb, order, *arguments + 1, error) || !are_options_of(verb, order, options, error))
		return FALSE;
	command->order = order ? order->name : NULL;
	return TRUE;
}

gboolean
command_parse(Command *command, const Verb *verb, const GOptionEntry *own, char ***arguments, GError **error)
{
	g_autofree char *site = NULL;
	g_autoptr(GArray) options = options_of(verb, own, &site);
	const GOptionEntry *entries = (const GOptionEntry *)options->data;
	if (!command->tour)
		return parse(command, verb, entries, arguments, error);
	command->tour->listener(command->tour->heading, verb, entries, command->tour->data);
	return FALSE;
}
