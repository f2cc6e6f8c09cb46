/*
 * The table of verbs, and what stands before a verb on the command line. Errors of all verbs end here: one sentence on standard error
 * and the exit code of base/error.h.
 */
#include "sekisho/cli/cli.h"

#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "help.h"
#include "prose.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"

/* By what somebody wants to know; each begins with the verb that is needed first. */
static const struct {
	const char *heading;
	const Verb *verbs[5]; /* NULL behind the last one */
} groups[] = {
    {"Setting up:", {&check_verb, &dump_verb, &form_verb, &completion_verb, NULL}},
    {"What visitors sent:", {&report_verb, &submissions_verb, &held_verb, &why_verb, NULL}},
    {"Who may pass:", {&list_verb, &rehearse_verb, &try_verb, NULL}},
    {"Mail and replies:", {&queue_verb, &address_verb, &fuse_verb, &bounce_verb, NULL}},
    {"Whether it works:", {&doctor_verb, &canary_verb, &audit_verb, NULL}},
};

/* Where what a verb does begins, behind its name. */
#define VERB_INDENT 15u
/* One letter in so many may be wrong in a verb that is meant. */
#define SLIP_ONE_OF 3u

static void
print_help(GString *help)
{
	g_string_append(help, "Usage: sekisho [OPTION...] VERB [ORDER] [ARGUMENT...]\n\nLooks after the contact-form gateway.\n");
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_string_append_printf(help, "\n%s\n", groups[i].heading);
		for (const Verb *const *verb = groups[i].verbs; *verb; verb++) {
			g_autofree char *lead = g_strdup_printf("  %-12s ", (*verb)->name);
			prose_add(help, VERB_INDENT, lead, (*verb)->help);
		}
	}
	g_string_append(help, "\nOptions:\n");
	help_add_options(help, NULL, NULL, grammar_shared_options());
	g_string_append(help, "\n`sekisho VERB --help` says more, and `sekisho VERB ORDER --help` of one order.\n");
}

static const Verb *
find_verb(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
		for (const Verb *const *verb = groups[i].verbs; *verb; verb++)
			if (strcmp((*verb)->name, name) == 0)
				return *verb;
	return NULL;
}

void
grammar_describe(GrammarListener listener, gpointer data)
{
	g_autoptr(GString) unused = g_string_new(NULL);
	CliConsole console = {.output = unused, .complaint = unused};
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
		for (const Verb *const *verb = groups[i].verbs; *verb; verb++) {
			CommandTour tour = {.listener = listener, .heading = groups[i].heading, .data = data};
			Command command = {.console = &console, .verb = (*verb)->name, .tour = &tour};
			const char *const words[] = {"sekisho", NULL};
			char **arguments = g_strdupv((char **)words);
			(void)(*verb)->run(&command, &arguments, NULL);
			command_close(&command);
			g_strfreev(arguments);
		}
}

/* Takes the options that stand before the verb out of `arguments`. */
static gboolean
parse_before_verb(Command *command, char ***arguments, GError **error)
{
	const GOptionEntry *shared = grammar_shared_options();
	GOptionEntry entries[] = {shared[0], shared[1], shared[2], G_OPTION_ENTRY_NULL};
	entries[0].arg_data = &command->config_path;
	entries[1].arg_data = &command->is_help_asked;
	entries[2].arg_data = &command->is_version_asked;
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse_strv(context, arguments, error);
}

/* The verb whose name is nearest, if it is near; for a slip of the finger. NULL: none. Static. */
static const char *
nearest_verb(const char *name)
{
	const char *nearest = NULL;
	guint least = (guint)strlen(name) / SLIP_ONE_OF + 1;
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
		for (const Verb *const *verb = groups[i].verbs; *verb; verb++) {
			const guint distance = text_distance(name, (*verb)->name);
			nearest = distance < least ? (*verb)->name : nearest;
			least = MIN(least, distance);
		}
	return nearest;
}

static void
complain_of_verb(const char *name, GError **error)
{
	const char *nearest = name ? nearest_verb(name) : NULL;
	if (!name)
		command_usage(error, "a verb is missing");
	else if (nearest)
		command_usage(error, "unknown verb %s; did you mean %s?", name, nearest);
	else
		command_usage(error, "unknown verb %s", name);
}

static int
run(Command *command, char ***arguments, GError **error)
{
	if (!parse_before_verb(command, arguments, error))
		return EX_USAGE;
	if (command->is_help_asked) {
		print_help(command->console->output);
		return EX_OK;
	}
	if (command->is_version_asked) {
		g_string_append(command->console->output, "sekisho " SEKISHO_VERSION "\n");
		return EX_OK;
	}
	const char *name = (*arguments)[1];
	const Verb *verb = name ? find_verb(name) : NULL;
	if (!verb) {
		complain_of_verb(name, error);
		return EX_USAGE;
	}
	char **rest = *arguments;
	g_free(rest[1]);
	command->verb = verb->name;
	memmove(&rest[1], &rest[2], sizeof *rest * g_strv_length(&rest[2]) + sizeof *rest);
	return verb->run(command, arguments, error);
}

/* Says what went wrong, once, and which exit code it is. */
static int
complain(const Command *command, const GError *error)
{
	GString *complaint = command->console->complaint;
	gboolean is_usage = error->domain == G_OPTION_ERROR;
	g_autofree char *sentence = text_for_terminal(error->message, TRUE);
	g_string_append_printf(complaint, "sekisho: %s", sentence);
	if (is_usage)
		g_string_append_printf(
		    complaint, "; see `sekisho %s%s--help`", command->verb ? command->verb : "", command->verb ? " " : "");
	g_string_append_c(complaint, '\n');
	return is_usage ? EX_USAGE : error_exit_code(error);
}

int
cli_run(const char *const *arguments, CliConsole *console)
{
	Command command = {.console = console};
	g_autoptr(GError) error = NULL;
	char **rest = g_strdupv((char **)arguments);
	g_set_prgname("sekisho");
	int code = run(&command, &rest, &error);
	if (error)
		code = complain(&command, error);
	command_close(&command);
	g_strfreev(rest);
	return code;
}
