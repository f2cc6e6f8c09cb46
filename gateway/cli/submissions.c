/*
 * `sekisho submissions`: the list, and one of them shown (show.c).
 */
#include "sekisho/store/submissions.h"

#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/table.h"
#include "sekisho/wire/json.h"
#include "show.h"

/* "2 sent, 1 waiting". The caller's. */
static char *
mails_in_words(const SubmissionSummary *summary)
{
	const struct {
		guint count;
		const char *word;
	} parts[] = {
	    {summary->mails_dead, "given up"},
	    {summary->mails_returned, "came back"},
	    {summary->mails_held, "held back"},
	    {summary->mails_waiting, "waiting"},
	    {summary->mails_sent, "sent"},
	    {summary->mails_refused, "refused"},
	};
	g_autoptr(GString) words = g_string_new(NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i].count > 0)
			g_string_append_printf(words, "%s%u %s", words->len > 0 ? ", " : "", parts[i].count, parts[i].word);
	if (summary->is_erased)
		g_string_append(words, words->len > 0 ? ", erased" : "erased");
	return g_strdup(words->len > 0 ? words->str : "none");
}

static void
print_table(Command *command, const GPtrArray *summaries)
{
	static const char *const headings[] = {"RECEIPT", "RECEIVED", "SITE", "FORM", "STATUS", "MAILS", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = g_ptr_array_index(summaries, i);
		g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
		g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id);
		g_autofree char *mails = mails_in_words(summary);
		const char *cells[] = {
		    summary->receipt, received, summary->site, form, submission_status_name(summary->status), mails, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console->output, command->console->is_colour);
}

static void
print_json(Command *command, const GPtrArray *summaries)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < summaries->len; i++)
		g_variant_builder_add_value(list, show_summary_json(g_ptr_array_index(summaries, i), NULL));
	g_autofree char *text = json_from_variant(g_variant_builder_end(list), 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}

static gboolean
list_submissions(Command *command, const char *site, guint limit, GError **error)
{
	if (!command_open_store(command, error))
		return FALSE;
	g_autoptr(GPtrArray) summaries = submissions_list(command->db, site, limit, error);
	if (!summaries)
		return FALSE;
	if (command->is_json)
		print_json(command, summaries);
	else if (summaries->len > 0)
		print_table(command, summaries);
	else
		command_print_line(command, "no submissions");
	return TRUE;
}

static int
submissions_run(Command *command, char ***arguments, GError **error)
{
	g_autofree char *site = NULL;
	g_autofree char *limit_text = NULL;
	gboolean is_preview = FALSE;
	guint64 limit = 50;
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &site, "Only of this site", "SITE"},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &limit_text, "At most so many (default: 50)", "N"},
	    {"preview", 0, 0, G_OPTION_ARG_NONE, &is_preview, "With show: each mail as it would be sent", NULL},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &submissions_verb, own, arguments, error))
		return EX_OK;
	char **rest = *arguments + 1;
	if (limit_text && !command_number(limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error))
		return EX_USAGE;
	if (rest[0] && strcmp(rest[0], "show") == 0 && rest[1] && !rest[2] && !(command->is_json && is_preview))
		return show_submission(command, rest[1], is_preview, error) ? EX_OK : EX_SOFTWARE;
	if (rest[0] || is_preview) {
		command_usage(error, "write `sekisho submissions` or `sekisho submissions show RECEIPT [--preview | --json]`");
		return EX_USAGE;
	}
	return list_submissions(command, site, (guint)limit, error) ? EX_OK : EX_SOFTWARE;
}

const Verb submissions_verb = {
    .name = "submissions",
    .usage = "[show RECEIPT]",
    .help = "List what visitors sent, newest first, or show one of it",
    .run = submissions_run,
};
