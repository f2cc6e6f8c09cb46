/*
 * The table of verbs (cli/grammar.h) as lists of a manual page: what `sekisho --help` and `sekisho VERB --help` say.
 */
#include <string.h>

#include "manual.h"
#include "mdoc.h"
#include "sekisho/base/log.h"
#include "sekisho/cli/grammar.h"

/* The page, and under which heading the verb before this one stood. */
typedef struct {
	GString *page;
	char *heading;
} Listing;

/* Tables have parts of sentences; on a page they are whole ones. */
static void
add_sentence(GString *page, const char *text)
{
	g_autofree char *sentence = g_strdup(text);
	sentence[0] = g_ascii_toupper(sentence[0]);
	g_autofree char *whole = g_strconcat(sentence, g_str_has_suffix(sentence, ".") ? "" : ".", NULL);
	mdoc_add_text(page, whole);
}

static void
add_item(GString *page, const char *macro, const char *text)
{
	g_autofree char *argument = mdoc_argument(text);
	g_string_append_printf(page, ".It %s %s\n", macro, argument);
}

/* "--site=SITE, -s SITE". */
static void
add_option(GString *page, const GOptionEntry *option)
{
	const char *value = option->arg_description;
	g_autoptr(GString) name = g_string_new("--");
	g_string_append(name, option->long_name);
	if (value)
		g_string_append_printf(name, "=%s", value);
	if (option->short_name != 0)
		g_string_append_printf(name, ", -%c", option->short_name);
	if (option->short_name != 0 && value)
		g_string_append_printf(name, " %s", value);
	add_item(page, "Cm", name->str);
	add_sentence(page, option->description);
}

static void
add_options(GString *page, const GOptionEntry *options)
{
	if (!options || !options->long_name)
		return;
	g_string_append(page, ".Bl -tag -width Ds -offset indent\n");
	for (; options->long_name; options++)
		if (!(options->flags & G_OPTION_FLAG_HIDDEN))
			add_option(page, options);
	g_string_append(page, ".El\n");
}

/* Which of the verb's options go with this order, where these are not all. */
static void
add_takes(GString *page, const VerbOrder *order, const GOptionEntry *options)
{
	if (!order->options)
		return;
	g_autoptr(GString) names = g_string_new("Options:");
	for (; options && options->long_name; options++)
		if (grammar_takes(order, options->long_name))
			g_string_append_printf(names, " `--%s`", options->long_name);
	if (*order->options)
		mdoc_add_text(page, names->str);
}

static void
add_orders(GString *page, const Verb *verb, const GOptionEntry *options)
{
	if (!verb->orders)
		return;
	g_string_append(page, ".Bl -tag -width Ds -offset indent\n");
	for (const VerbOrder *order = verb->orders; order->name; order++) {
		g_autofree char *usage = grammar_usage(verb, order);
		add_item(page, "Cm", usage);
		add_sentence(page, order->help);
		add_takes(page, order, options);
	}
	g_string_append(page, ".El\n");
}

static void
add_verb(const char *heading, const Verb *verb, const GOptionEntry *options, gpointer data)
{
	Listing *listing = data;
	GString *page = listing->page;
	if (g_strcmp0(listing->heading, heading) != 0) {
		gsize length = strlen(heading);
		g_string_append_printf(page, "%s.Ss %.*s\n.Bl -tag -width Ds\n", listing->heading ? ".El\n" : "",
		    (int)(length > 0 && heading[length - 1] == ':' ? length - 1 : length), heading);
		g_free(listing->heading);
		listing->heading = g_strdup(heading);
	}
	g_autofree char *usage = grammar_usage(verb, NULL);
	add_item(page, "Cm", usage);
	add_sentence(page, verb->help);
	add_orders(page, verb, options);
	if (verb->details) {
		g_string_append(page, ".Pp\n");
		mdoc_add_text(page, verb->details);
	}
	add_options(page, options);
}

gboolean
manual_verbs(GString *page)
{
	Listing listing = {.page = page};
	grammar_describe(add_verb, &listing);
	g_string_append(page, listing.heading ? ".El\n" : "");
	g_free(listing.heading);
	return TRUE;
}

gboolean
manual_shared_options(GString *page)
{
	add_options(page, grammar_shared_options());
	return TRUE;
}

gboolean
manual_events(GString *page)
{
	for (LogEvent event = 0; event <= LOG_INTERNAL; event++)
		g_string_append_printf(page, ".Sy %s%s\n", log_event_name(event), event < LOG_INTERNAL ? " ," : " .");
	return TRUE;
}
