/*
 * The table of verbs, and what stands before a verb on the command line. Errors of all verbs end here: one sentence on standard error
 * and the exit code of base/error.h.
 */
#include "sekisho/cli/cli.h"

#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "prose.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"

/* By what somebody wants to know; each begins with the verb that is needed first. */
static const struct {
	const char *heading;
	const Verb *verbs[5]; /* NULL behind the last one */
} groups[] = {
    {"Setting up:", {&check_verb, &dump_verb, &form_verb, NULL}},
    {"What visitors sent:", {&submissions_verb, &held_verb, &why_verb, NULL}},
    {"Who may pass:", {&list_verb, &rehearse_verb, &try_verb, NULL}},
    {"Mail and replies:", {&queue_verb, &address_verb, &fuse_verb, &bounce_verb, NULL}},
    {"Whether it works:", {&doctor_verb, &canary_verb, NULL}},
};

/* Where what a verb does begins, behind its name. */
#define VERB_INDENT 15u

static char *
list_of_verbs(void)
{
	GString *list = g_string_new(NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_string_append_printf(list, "%s\n", groups[i].heading);
		for (const Verb *const *verb = groups[i].verbs; *verb; verb++) {
			g_autofree char *lead = g_strdup_printf("  %-12s ", (*verb)->name);
			g_autofree char *first = g_strndup((*verb)->help, strcspn((*verb)->help, "\n"));
			prose_add(list, VERB_INDENT, lead, first);
		}
		g_string_append_c(list, '\n');
	}
	g_string_append(list, "`sekisho VERB --help` says more.");
	return g_string_free(list, FALSE);
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

/* Takes the options that stand before the verb out of `arguments`. */
static GOptionContext *
parse_before_verb(Command *command, char ***arguments, GError **error)
{
	const GOptionEntry entries[] = {
	    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &command->config_path, "Main file (default: /etc/sekisho/sekisho.conf)",
		"FILE"},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &command->is_version_asked, "Print the version", NULL},
	    {"help", 'h', 0, G_OPTION_ARG_NONE, &command->is_help_asked, "Print this help", NULL},
	    G_OPTION_ENTRY_NULL,
	};
	g_autofree char *list = list_of_verbs();
	GOptionContext *context = g_option_context_new("VERB …");
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_set_summary(context, "Looks after the contact-form gateway.");
	g_option_context_set_description(context, list);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_parse_strv(context, arguments, error);
	return context;
}

static int
run(Command *command, char ***arguments, GError **error)
{
	GError *own_error = NULL;
	g_autoptr(GOptionContext) context = parse_before_verb(command, arguments, &own_error);
	if (own_error) {
		g_propagate_error(error, own_error);
		return EX_USAGE;
	}
	if (command->is_help_asked) {
		g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
		g_string_append(command->console->output, help);
		return EX_OK;
	}
	if (command->is_version_asked) {
		g_string_append(command->console->output, "sekisho " SEKISHO_VERSION "\n");
		return EX_OK;
	}
	const char *name = (*arguments)[1];
	const Verb *verb = name ? find_verb(name) : NULL;
	if (!verb) {
		command_usage(error, "%s%s", name ? "unknown verb " : "a verb is missing", name ? name : "");
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
