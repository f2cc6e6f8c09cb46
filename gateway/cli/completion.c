/*
 * `sekisho completion`: what bash needs to complete verbs, orders, options and some of their values. Made of the table of verbs alone; when somebody presses Tab no part of sekisho runs.
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"

/* Around what is made from the table. COMP_WORDS has "--site=x" in three words, and compgen expands what it is given, so a folder's name must be no more than that of a site. */
static const char head[] =
    "# bash completion of sekisho; made by `sekisho completion`\n"
    "_sekisho()\n"
    "{\n"
    "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= order= words= kind= i\n"
    "\tCOMPREPLY=()\n"
    "\tif [[ $current == = ]]; then\n"
    "\t\tcurrent=\n"
    "\telif [[ $before == = ]]; then\n"
    "\t\tbefore=${COMP_WORDS[COMP_CWORD-2]}\n"
    "\tfi\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tif [[ ${COMP_WORDS[i]} == -* ]]; then\n"
    "\t\t\tif [[ ${COMP_WORDS[i+1]} == = ]]; then\n"
    "\t\t\t\t((i += 2))\n"
    "\t\t\telif [[ -n $(_sekisho_kind \"$verb\" \"${COMP_WORDS[i]}\") ]]; then\n"
    "\t\t\t\t((i++))\n"
    "\t\t\tfi\n"
    "\t\telif [[ -z $verb ]]; then\n"
    "\t\t\tverb=${COMP_WORDS[i]}\n"
    "\t\telif [[ -z $order ]]; then\n"
    "\t\t\torder=${COMP_WORDS[i]}\n"
    "\t\tfi\n"
    "\tdone\n"
    "\tif [[ $before == -* ]]; then\n"
    "\t\tkind=$(_sekisho_kind \"$verb\" \"$before\")\n"
    "\tfi\n"
    "\tif [[ -z $kind && $current == -* ]]; then\n"
    "\t\twords=$(_sekisho_options \"$verb\" \"$order\")\n"
    "\telif [[ -z $kind ]]; then\n"
    "\t\tkind=$(_sekisho_words \"$verb\" \"$order\")\n"
    "\tfi\n"
    "\tcase $kind in\n"
    "\tFILE | FOLDER)\n"
    "\t\tcompopt -o filenames\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "\t\treturn ;;\n"
    "\tSITE)\n"
    "\t\tfor i in /etc/sekisho/sites/*/site.conf; do\n"
    "\t\t\ti=${i%/site.conf}\n"
    "\t\t\ti=${i##*/}\n"
    "\t\t\t[[ $i =~ ^[A-Za-z0-9.-]+$ ]] && words+=\" $i\"\n"
    "\t\tdone ;;\n"
    "\tTIME)\n"
    "\t\twords='today yesterday this-week last-week 24h 7d' ;;\n"
    "\t[a-z]*)\n"
    "\t\twords=${kind//|/ } ;;\n"
    "\tesac\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "}\n";
static const char foot[] = "complete -F _sekisho sekisho\n";

typedef struct {
	GString *kinds;   /* what follows an option */
	GString *options; /* options of a verb and order */
	GString *words;   /* what may stand behind a verb, or an order */
	GString *verbs;
} Completion;

/* --- What stands behind options ---------------------------------------------------------------------------------------- */

/* `verb` is a pattern of bash: a name, or "*" for all. */
static void
add_kind(Completion *completion, const char *verb, const GOptionEntry *option)
{
	if (option->arg == G_OPTION_ARG_NONE)
		return;
	g_string_append_printf(completion->kinds, "\t%s' --%s'", verb, option->long_name);
	if (option->short_name != '\0')
		g_string_append_printf(completion->kinds, " | %s' -%c'", verb, option->short_name);
	g_string_append_printf(completion->kinds, ") echo '%s' ;;\n", option->arg_description);
}

/* The options with their dashes: of the table's shared ones those that stand behind a verb. */
static void
add_names(GString *list, const GOptionEntry *options, const VerbOrder *order)
{
	for (const GOptionEntry *option = options; option->long_name; option++)
		if (grammar_takes(order, option->long_name))
			g_string_append_printf(list, " --%s", option->long_name);
}

/* --- Verbs and orders -------------------------------------------------------------------------------------------------- */

/* The first word of the arguments, as far as bash can know what it may be. */
static const char *
kind_of_argument(const char *arguments)
{
	if (grammar_begins_with_site(arguments))
		return "SITE";
	return g_str_has_prefix(arguments, "FILE") ? "FILE" : "";
}

static void
add_order(Completion *completion, const Verb *verb, const VerbOrder *order, const GOptionEntry *options)
{
	g_string_append_printf(completion->options, "\t'%s %s') echo '--config --help", verb->name, order->name);
	add_names(completion->options, options, order);
	g_string_append(completion->options, "' ;;\n");
	g_string_append_printf(
	    completion->words, "\t'%s %s') echo '%s' ;;\n", verb->name, order->name, kind_of_argument(order->arguments));
}

static void
add_verb(const char *heading, const Verb *verb, const GOptionEntry *options, gpointer data)
{
	Completion *completion = data;
	(void)heading;
	g_string_append_printf(completion->verbs, "%s%s", completion->verbs->len > 0 ? "|" : "", verb->name);
	for (const GOptionEntry *option = options; option->long_name; option++)
		add_kind(completion, verb->name, option);
	g_string_append_printf(completion->words, "\t'%s ') echo '", verb->name);
	for (const VerbOrder *order = verb->orders; order && order->name; order++)
		g_string_append_printf(completion->words, "%s%s", order == verb->orders ? "" : "|", order->name);
	g_string_append_printf(completion->words, "%s' ;;\n", verb->orders ? "" : kind_of_argument(verb->arguments));
	for (const VerbOrder *order = verb->orders; order && order->name; order++)
		add_order(completion, verb, order, options);
	g_string_append_printf(completion->options, "\t'%s '*) echo '--config --help", verb->name);
	add_names(completion->options, options, NULL);
	g_string_append(completion->options, "' ;;\n");
}

/* A function of bash that looks at its two arguments. */
static void
print_function(GString *output, const char *name, const GString *cases)
{
	g_string_append_printf(output, "_sekisho_%s()\n{\n\tcase \"$1 $2\" in\n%s\tesac\n}\n", name, cases->str);
}

static void
print_script(GString *output)
{
	g_autoptr(GString) kinds = g_string_new(NULL);
	g_autoptr(GString) options = g_string_new(NULL);
	g_autoptr(GString) words = g_string_new(NULL);
	g_autoptr(GString) verbs = g_string_new(NULL);
	Completion completion = {.kinds = kinds, .options = options, .words = words, .verbs = verbs};
	grammar_describe(add_verb, &completion);
	for (const GOptionEntry *option = grammar_shared_options(); option->long_name; option++)
		add_kind(&completion, "*", option);
	g_string_append(options, "\t' ') echo '");
	add_names(options, grammar_shared_options(), NULL);
	g_string_append(options, "' ;;\n");
	g_string_append_printf(words, "\t' ') echo '%s' ;;\n", verbs->str);
	g_string_append(output, head);
	print_function(output, "kind", kinds);
	print_function(output, "options", options);
	print_function(output, "words", words);
	g_string_append(output, foot);
}

/* --- The verb ---------------------------------------------------------------------------------------------------------- */

static int
completion_run(Command *command, char ***arguments, GError **error)
{
	if (!command_parse(command, &completion_verb, NULL, arguments, error))
		return EX_OK;
	print_script(command->console->output);
	return EX_OK;
}

const Verb completion_verb = {
    .name = "completion",
    .arguments = "",
    .help = "Print what bash needs to complete all this",
    .details = "The package installs it; elsewhere: source <(sekisho completion)",
    .run = completion_run,
};
