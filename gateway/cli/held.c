/*
 * `sekisho held`: what was stopped, and what a person makes of it. Which order it is; what changes something stands in held_orders.c, the report in held_report.c.
 */
#include <string.h>
#include <sysexits.h>

#include "explain.h"
#include "held_parts.h"
#include "opened.h"
#include "progress.h"
#include "prose.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "show.h"

/* --- list ------------------------------------------------------------------------------------------------------------- */

/* What stopped it, in a sentence. The caller's. */
static char *
reason_text(const Opened *opened, const Verdict *verdict)
{
	char *decisive = verdict ? explain_decisive(verdict) : NULL;
	return decisive ? decisive : g_strdup(opened->reason ? opened->reason : "the reason is not known");
}

/* A few are opened at once; of hundreds somebody wants to see how far it is. */
static void
show_opening(Command *command, guint done, guint total)
{
	if (done > 0 && done % 100 == 0)
		progress_show(command->console, "opening", done, total);
}

static void
print_held(Command *command, const GPtrArray *summaries)
{
	static const char *const headings[] = {"RECEIPT", "RECEIVED", "SITE", "FORM", "STATUS", NULL};
	g_autoptr(Table) table = table_new(headings);
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	table_mark_states(table, "STATUS");
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		show_opening(command, i, summaries->len);
		g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
		g_autoptr(Verdict) verdict = opened_verdict(opened);
		g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
		g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id);
		const char *cells[] = {
		    summary->receipt, received, summary->site, form, submission_status_name(summary->status), NULL};
		table_add(table, cells);
		g_ptr_array_add(notes, reason_text(opened, verdict));
	}
	progress_end(command->console);
	table_print(table, command->console, notes);
}

static void
print_held_json(Command *command, const GPtrArray *summaries)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		show_opening(command, i, summaries->len);
		g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
		g_autoptr(Verdict) verdict = opened_verdict(opened);
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert_value(&dict, "gate", explain_json(verdict));
		g_variant_builder_add_value(list, show_summary_json(summary, g_variant_dict_end(&dict)));
	}
	progress_end(command->console);
	command_print_json(command, g_variant_builder_end(list));
}

/* How many the list does not show, in place of `rest`, which only says that there are some. */
static gboolean
count_rest(Command *command, const BrowseFilter *browse, const GPtrArray *shown, char **rest, GError **error)
{
	guint count = 0;
	gint64 oldest_at_us = 0;
	const SubmissionSummary *last = shown->pdata[shown->len - 1];
	if (!browse_tally(command->db, browse, &count, &oldest_at_us, error))
		return FALSE;
	/* The courier may have removed some meanwhile. */
	if (count <= shown->len)
		return TRUE;
	g_autofree char *oldest = command_local_time(command, last->site, oldest_at_us);
	g_autofree char *how =
	    count > LIMIT_LIST_ROWS ? g_strdup("--before shows older ones") : g_strdup_printf("--limit %u shows them all", count);
	text_replace(rest, g_strdup_printf("... and %u more, the oldest of %s; %s", count - shown->len, oldest, how));
	return TRUE;
}

/* Below the held ones: that there are refused ones. */
static gboolean
print_refused(Command *command, const BrowseFilter *browse, GError **error)
{
	BrowseFilter refused = *browse;
	guint count = 0;
	gint64 oldest_at_us = 0;
	refused.statuses = 1u << SUBMISSION_REJECTED;
	if (!browse_tally(command->db, &refused, &count, &oldest_at_us, error))
		return FALSE;
	if (count > 0)
		command_print_line(command, "Refused ones are kept, too: %u; `sekisho held --rejected` lists them.", count);
	return TRUE;
}

/* Static. */
static const char *
nothing_text(guint statuses)
{
	if (statuses == 1u << SUBMISSION_HELD)
		return "nothing is held";
	return statuses == 1u << SUBMISSION_REJECTED ? "nothing that was refused is kept" : "nothing of that is kept";
}

static gboolean
read_list(Command *command, HeldOptions *options, BrowseFilter *browse, guint *limit, GError **error)
{
	browse->statuses = 1u << (options->is_of_rejected ? SUBMISSION_REJECTED : SUBMISSION_HELD);
	if (options->is_of_rejected && options->filter.texts[FILTER_VERDICT]) {
		command_usage(error, "--rejected is the same as --verdict rejected: give one of them");
		return FALSE;
	}
	return filter_limit(&options->filter, limit, error) && filter_read(command, &options->filter, browse, error) &&
	       command_open_vault(command, error);
}

int
held_list_command(Command *command, HeldOptions *options, GError **error)
{
	BrowseFilter browse = {0};
	guint limit = 50;
	g_autofree char *rest = NULL;
	if (!read_list(command, options, &browse, &limit, error))
		return EX_USAGE;
	g_autoptr(GPtrArray) summaries = filter_find(command, &options->filter, &browse, limit, &rest, error);
	if (!summaries)
		return EX_SOFTWARE;
	if (command->is_json)
		print_held_json(command, summaries);
	else if (summaries->len > 0)
		print_held(command, summaries);
	else
		command_print_line(command, "%s", nothing_text(browse.statuses));
	/* What is looked for by opening it is not counted. */
	const gboolean is_counted = (browse.statuses & ~BROWSE_STANDING) == 0 && !filter_is_opening(&options->filter);
	if (rest && is_counted && !count_rest(command, &browse, summaries, &rest, error))
		return EX_SOFTWARE;
	if (rest)
		prose_add(command->is_json ? command->console->complaint : command->console->output, 0, "", rest);
	const gboolean is_to_tell_refused = is_counted && !command->is_json && browse.statuses == 1u << SUBMISSION_HELD;
	return !is_to_tell_refused || print_refused(command, &browse, error) ? EX_OK : EX_SOFTWARE;
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

static const char *const blockable[] = {"address", "network", "fingerprint", NULL};

/* --block takes the next word if that is one of its own, which no receipt is, and blocks the address without one. GOption knows optional words for callbacks alone, and those get no
 * place of ours to write to. */
static void
complete_block(char **arguments)
{
	for (guint i = 0; arguments[i]; i++) {
		const char *next = arguments[i + 1];
		if (strcmp(arguments[i], "--block") != 0)
			continue;
		const gboolean has_word = next && g_strv_contains(blockable, next);
		text_replace(&arguments[i], g_strconcat("--block=", has_word ? next : "address", NULL));
		if (!has_word)
			continue;
		g_free(arguments[i + 1]);
		memmove(&arguments[i + 1], &arguments[i + 2], sizeof *arguments * (g_strv_length(&arguments[i + 2]) + 1));
	}
}

static gboolean
is_block_known(const char *what, GError **error)
{
	if (!what || g_strv_contains(blockable, what))
		return TRUE;
	command_usage(error, "--block is --block=address, --block=network or --block=fingerprint");
	return FALSE;
}

static int
obey(Command *command, char **words, HeldOptions *options, GError **error)
{
	const char *order = command->order;
	if (strcmp(order, "show") == 0)
		return show_submission(command, words[1], FALSE, error) ? EX_OK : EX_SOFTWARE;
	if (strcmp(order, "release") == 0)
		return held_release_command(command, words + 1, options, error);
	if (strcmp(order, "discard") == 0)
		return held_discard_command(command, words + 1, options, error);
	return strcmp(order, "report") == 0 ? held_report(command, options, error) : held_list_command(command, options, error);
}

static int
held_run(Command *command, char ***arguments, GError **error)
{
	HeldOptions options = {0};
	const GOptionEntry own[] = {
	    filter_option(&options.filter, FILTER_SITE),
	    filter_option(&options.filter, FILTER_FORM),
	    filter_option(&options.filter, FILTER_VERDICT),
	    filter_option(&options.filter, FILTER_IP),
	    filter_option(&options.filter, FILTER_ADDRESS),
	    filter_option(&options.filter, FILTER_SINCE),
	    filter_option(&options.filter, FILTER_BEFORE),
	    filter_option(&options.filter, FILTER_LIMIT),
	    {"rejected", 0, 0, G_OPTION_ARG_NONE, &options.is_of_rejected, "What was refused: --verdict rejected", NULL},
	    {"allow", 0, 0, G_OPTION_ARG_NONE, &options.is_allowing, "Allow its mail addresses from now on", NULL},
	    {"block", 0, 0, G_OPTION_ARG_STRING, &options.blocked, "Block this of its sender from now on",
		"address|network|fingerprint"},
	    command_yes_option(command),
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	complete_block(*arguments);
	if (command_parse(command, &held_verb, own, arguments, error) && is_block_known(options.blocked, error))
		code = obey(command, *arguments + 1, &options, error);
	filter_clear(&options.filter);
	g_free(options.blocked);
	return code;
}

static const VerbOrder orders[] = {
    {"list", "", FILTER_NAMES " rejected json", "what is held, newest first", TRUE},
    {"show", "RECEIPT", "json", "one of it: what was typed, and what was found", FALSE},
    {"release", "RECEIPT...", "allow json", "mail it after all, with its own date", FALSE},
    {"discard", "RECEIPT...", "block yes json", "throw it away", FALSE},
    {"report", "", "site form since before json", "what each check stopped, and what became of it", FALSE},
    {0},
};

const Verb held_verb = {
    .name = "held",
    .help = "Look at what was held or refused, release or discard it",
    .orders = orders,
    .details = "--block alone blocks the address. A RECEIPT may be shortened to its beginning,\n"
	       "as long as that is unambiguous.",
    .run = held_run,
};
