/*
 * `sekisho submissions`: the list, and one of them shown (show.c).
 */
#include "sekisho/store/submissions.h"

#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "filter.h"
#include "sekisho/cli/table.h"
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
	table_mark_states(table, "MAILS");
	table_mark_states(table, "STATUS");
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = g_ptr_array_index(summaries, i);
		g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
		g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id);
		g_autofree char *mails = mails_in_words(summary);
		const char *cells[] = {
		    summary->receipt, received, summary->site, form, submission_status_name(summary->status), mails, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

static void
print_json(Command *command, const GPtrArray *summaries)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < summaries->len; i++)
		g_variant_builder_add_value(list, show_summary_json(g_ptr_array_index(summaries, i), NULL));
	command_print_json(command, g_variant_builder_end(list));
}

static gboolean
list_submissions(Command *command, Filter *filter, GError **error)
{
	BrowseFilter browse = {0};
	guint limit = 50;
	g_autofree char *rest = NULL;
	if (!filter_limit(filter, &limit, error) || !filter_read(command, filter, &browse, error))
		return FALSE;
	g_autoptr(GPtrArray) summaries = filter_find(command, filter, &browse, limit, &rest, error);
	if (!summaries)
		return FALSE;
	if (command->is_json)
		print_json(command, summaries);
	else if (summaries->len > 0)
		print_table(command, summaries);
	else
		command_print_line(command, "no submissions");
	if (rest)
		command_remark(command, rest);
	return TRUE;
}

static int
submissions_run(Command *command, char ***arguments, GError **error)
{
	g_auto(Filter) filter = {0};
	gboolean is_preview = FALSE, is_done = FALSE;
	const GOptionEntry own[] = {
	    filter_option(&filter, FILTER_SITE),
	    filter_option(&filter, FILTER_FORM),
	    filter_option(&filter, FILTER_VERDICT),
	    filter_option(&filter, FILTER_IP),
	    filter_option(&filter, FILTER_ADDRESS),
	    filter_option(&filter, FILTER_SINCE),
	    filter_option(&filter, FILTER_BEFORE),
	    filter_option(&filter, FILTER_LIMIT),
	    {"preview", 0, 0, G_OPTION_ARG_NONE, &is_preview, "Each mail as it would be sent, too", NULL},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &submissions_verb, own, arguments, error))
		return EX_OK;
	if (strcmp(command->order, "show") == 0)
		is_done = show_submission(command, (*arguments)[2], is_preview, error);
	else
		is_done = list_submissions(command, &filter, error);
	return is_done ? EX_OK : EX_SOFTWARE;
}

static const VerbOrder orders[] = {
    {"list", "", FILTER_NAMES " json", "what came in, newest first", TRUE},
    {"show", "RECEIPT", "preview json", "one of it: fields, files, mails and what became of them", FALSE},
    {0},
};

const Verb submissions_verb = {
    .name = "submissions",
    .help = "Look at what visitors sent",
    .orders = orders,
    .details = "A RECEIPT may be shortened to its beginning, as long as that is unambiguous.",
    .run = submissions_run,
};
