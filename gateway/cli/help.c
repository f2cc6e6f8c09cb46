/*
 * Help, as `--help` prints it: made of the rows of the table of verbs (sekisho/cli/grammar.h). Pure.
 */
#include "help.h"

#include <string.h>

#include "prose.h"

/* Where what an order does begins, at the most, and what an option does. */
#define ORDER_INDENT_MAX 30u
#define OPTION_INDENT 26u
/* An option of so many orders has no list of them behind its description. */
#define ORDERS_NAMED 3u

static guint
count_orders(const Verb *verb)
{
	guint count = 0;
	while (verb->orders && verb->orders[count].name)
		count++;
	return count;
}

/* "list, report"; NULL if the option goes with nearly all orders. The caller's. */
static char *
orders_of(const Verb *verb, const char *option)
{
	guint taking = 0;
	g_autoptr(GString) names = g_string_new(NULL);
	for (const VerbOrder *order = verb->orders; order && order->name; order++) {
		if (!grammar_takes(order, option))
			continue;
		g_string_append_printf(names, "%s%s", taking > 0 ? ", " : "", order->name);
		taking++;
	}
	return taking == 0 || taking > ORDERS_NAMED || taking == count_orders(verb) ? NULL : g_strdup(names->str);
}

/* What something is called, and, at `indent` or below it where it is too long, what it does. */
static void
add_pair(GString *help, guint indent, const char *name, const char *what)
{
	g_autofree char *lead = g_strdup_printf("%-*s", (int)indent, name);
	if (strlen(name) + 2 > indent) {
		g_string_append_printf(help, "%s\n", name);
		g_free(lead);
		lead = g_strnfill(indent, ' ');
	}
	prose_add(help, indent, lead, what);
}

static void
add_orders(GString *help, const Verb *verb)
{
	guint indent = 0;
	for (const VerbOrder *order = verb->orders; order->name; order++)
		indent = MAX(indent, (guint)(strlen(order->name) + strlen(order->arguments)) + 5);
	indent = MIN(indent, ORDER_INDENT_MAX);
	g_string_append_c(help, '\n');
	for (const VerbOrder *order = verb->orders; order->name; order++) {
		g_autofree char *name = g_strdup_printf("  %s %s", order->name, order->arguments);
		g_autofree char *what = g_strdup_printf("%s%s", order->help, order->is_default ? "; also without a word" : "");
		add_pair(help, indent, g_strchomp(name), what);
	}
}

void
help_add_options(GString *help, const Verb *verb, const VerbOrder *order, const GOptionEntry *options)
{
	for (const GOptionEntry *option = options; option->long_name; option++) {
		if (!grammar_takes(order, option->long_name))
			continue;
		g_autofree char *names = order || !verb ? NULL : orders_of(verb, option->long_name);
		g_autofree char *what = g_strconcat(option->description, names ? " (" : NULL, names, ")", NULL);
		g_autofree char *letter = option->short_name != '\0' ? g_strdup_printf("-%c, ", option->short_name) : NULL;
		g_autofree char *value = option->arg_description ? g_strconcat("=", option->arg_description, NULL) : NULL;
		g_autofree char *lead =
		    g_strdup_printf("  %s--%s%s", letter ? letter : "", option->long_name, value ? value : "");
		add_pair(help, OPTION_INDENT, lead, what);
	}
}

void
help_add_verb(GString *help, const Verb *verb, const VerbOrder *order, const GOptionEntry *own)
{
	const GOptionEntry *shared = grammar_shared_options();
	const GOptionEntry behind[] = {shared[0], shared[1], G_OPTION_ENTRY_NULL};
	g_autofree char *usage = grammar_usage(verb, order);
	g_string_append_printf(help, "Usage: sekisho %s [OPTION...]\n\n", usage);
	if (order)
		prose_add(help, 0, "", order->help);
	else
		prose_add(help, 0, "", verb->help);
	if (!order && verb->orders)
		add_orders(help, verb);
	if (verb->details)
		g_string_append_printf(help, "\n%s\n", verb->details);
	g_string_append(help, "\nOptions:\n");
	help_add_options(help, verb, order, own);
	help_add_options(help, NULL, NULL, behind);
}
