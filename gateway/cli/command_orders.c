/*
 * What the verbs share that change something: the question before what cannot be undone, and the line in the audit behind what was done. Neither is for verbs that only show.
 */
#include "command.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/store/audit.h"

GOptionEntry
command_yes_option(Command *command)
{
	return (GOptionEntry){"yes", 'y', 0, G_OPTION_ARG_NONE, &command->is_agreed, "Ask nothing, do it", NULL};
}

void
command_remark(Command *command, const char *line)
{
	g_autofree char *shown = text_for_terminal(line, FALSE);
	if (command->is_json)
		g_string_append_printf(command->console->complaint, "%s\n", shown);
	else
		command_print_line(command, "%s", line);
}

/* Of a person who is there. */
static gboolean
is_answer_yes(const CliConsole *console, const char *question)
{
	char answer[8] = "";
	(void)fprintf(console->progress, "%s [y/N] ", question);
	(void)fflush(console->progress);
	if (!fgets(answer, sizeof answer, console->answers))
		return FALSE;
	g_strchomp(answer);
	return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

gboolean
command_confirm(Command *command, const char *question, GError **error)
{
	if (command->is_agreed)
		return TRUE;
	if (!command->console->answers || !command->console->progress) {
		command_usage(error, "nobody is here to be asked: %s If so, add --yes", question);
		return FALSE;
	}
	g_autofree char *shown = text_for_terminal(question, FALSE);
	if (is_answer_yes(command->console, shown))
		return TRUE;
	command_remark(command, "nothing was changed");
	return FALSE;
}

gboolean
command_audit(Command *command, const char *action, const char *site, const char *target, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *actor = command_actor();
	const AuditLine line = {.actor = actor, .action = (char *)action, .site = (char *)site, .target = (char *)target};
	if (command_open_ledger(command, &failure) && audit_note(command->ledger, &line, &failure))
		return TRUE;
	/* What needs no database can be done before sekishod has run for the first time and made them. */
	if (!command->db && g_error_matches(failure, STORE_ERROR, STORE_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_prefixed_error(
	    error, g_steal_pointer(&failure), "it was done, but could not be written down for `sekisho audit`: ");
	return FALSE;
}

char *
command_targets(const char *one, const char *many, const GArray *ids)
{
	GString *targets = g_string_new(ids->len == 1 ? one : many);
	for (guint i = 0; i < MIN(ids->len, LIMIT_AUDIT_NAMED); i++)
		g_string_append_printf(targets, " %" G_GINT64_FORMAT, g_array_index(ids, gint64, i));
	if (ids->len > LIMIT_AUDIT_NAMED)
		g_string_append_printf(targets, " and %u more", ids->len - LIMIT_AUDIT_NAMED);
	return g_string_free(targets, FALSE);
}

GVariant *
command_json_text(const char *text)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_STRING, text ? g_variant_new_take_string(g_utf8_make_valid(text, -1)) : NULL);
}
