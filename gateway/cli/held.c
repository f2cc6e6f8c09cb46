/*
 * `sekisho held`: what was stopped, and what a person makes of it. Which order it is; what changes something stands in held_orders.c, the report in held_report.c.
 */
#include "sekisho/store/held.h"

#include <string.h>
#include <sysexits.h>

#include "explain.h"
#include "held_parts.h"
#include "list_parts.h"
#include "opened.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "show.h"

gboolean
held_begin(Command *command, const HeldOptions *options, gint64 *since_us, GError **error)
{
	gint64 period_us = 0;
	*since_us = 0;
	if (options->since_text && !list_duration(options->since_text, "--since", &period_us, error))
		return FALSE;
	if (!command_open_store(command, error) || !command_open_vault(command, error))
		return FALSE;
	g_autoptr(Site) site = options->site ? config_site(command->config, options->site, error) : NULL;
	if (options->since_text)
		*since_us = clock_now_us() - period_us;
	return site || !options->site;
}

/* --- list ------------------------------------------------------------------------------------------------------------- */

/* What stopped it, in a sentence. The caller's. */
static char *
reason_text(const Opened *opened, const Verdict *verdict)
{
	char *decisive = verdict ? explain_decisive(verdict) : NULL;
	return decisive ? decisive : g_strdup(opened->reason ? opened->reason : "the reason is not known");
}

static void
print_held(Command *command, const GPtrArray *summaries)
{
	static const char *const headings[] = {"RECEIPT", "RECEIVED", "SITE", "FORM", NULL};
	g_autoptr(Table) table = table_new(headings);
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
		g_autoptr(Verdict) verdict = opened_verdict(opened);
		g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
		g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id);
		const char *cells[] = {summary->receipt, received, summary->site, form, NULL};
		table_add(table, cells);
		g_ptr_array_add(notes, reason_text(opened, verdict));
	}
	prose_add_table(command->console, table, notes);
}

static void
print_held_json(Command *command, const GPtrArray *summaries)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
		g_autoptr(Verdict) verdict = opened_verdict(opened);
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert_value(&dict, "gate", explain_json(verdict));
		g_variant_builder_add_value(list, show_summary_json(summary, g_variant_dict_end(&dict)));
	}
	command_print_json(command, g_variant_builder_end(list));
}

/* What the list does not show: the rest of its kind, beside JSON on standard error, and, below the held ones, that there are refused ones. */
static gboolean
print_rest(Command *command, const HeldFilter *filter, guint shown, GError **error)
{
	const gboolean is_held = filter->status == SUBMISSION_HELD;
	HeldFilter refused = *filter;
	guint count = 0, refused_count = 0;
	gint64 oldest_at_us = 0, unused = 0;
	refused.status = SUBMISSION_REJECTED;
	if (!held_tally(command->db, filter, &count, &oldest_at_us, error) ||
	    !held_tally(command->db, &refused, &refused_count, &unused, error))
		return FALSE;
	if (count == 0 && !command->is_json)
		command_print_line(command, is_held ? "nothing is held" : "nothing that was refused is kept");
	if (count > shown) {
		g_autofree char *oldest = command_local_time(command, filter->site ? filter->site : "", oldest_at_us);
		g_autofree char *line = g_strdup_printf("... and %u more, the oldest of %s; --limit %u shows %s", count - shown,
		    oldest, MIN(count, LIMIT_LIST_ROWS), count > LIMIT_LIST_ROWS ? "the newest of them" : "them all");
		prose_add(command->is_json ? command->console->complaint : command->console->output, 0, "", line);
	}
	if (is_held && refused_count > 0 && !command->is_json)
		command_print_line(
		    command, "Refused ones are kept, too: %u; `sekisho held --rejected` lists them.", refused_count);
	return TRUE;
}

int
held_list_command(Command *command, const HeldOptions *options, GError **error)
{
	HeldFilter filter = {.site = options->site, .status = options->is_of_rejected ? SUBMISSION_REJECTED : SUBMISSION_HELD};
	guint64 limit = 50;
	if (options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error))
		return EX_USAGE;
	if (!held_begin(command, options, &filter.since_us, error))
		return EX_USAGE;
	filter.limit = (guint)limit;
	g_autoptr(GPtrArray) summaries = held_list(command->db, &filter, error);
	if (!summaries)
		return EX_SOFTWARE;
	if (command->is_json)
		print_held_json(command, summaries);
	else if (summaries->len > 0)
		print_held(command, summaries);
	return print_rest(command, &filter, summaries->len, error) ? EX_OK : EX_SOFTWARE;
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
obey(Command *command, char **words, const HeldOptions *options, GError **error)
{
	guint count = g_strv_length(words);
	const char *order = count > 0 ? words[0] : "list";
	gboolean is_changing = options->is_allowing || options->blocked;
	if (options->is_of_rejected && strcmp(order, "list") != 0) {
		command_usage(error, "--rejected belongs to `sekisho held list`");
		return EX_USAGE;
	}
	if (strcmp(order, "list") == 0 && count <= 1 && !is_changing)
		return held_list_command(command, options, error);
	if (strcmp(order, "report") == 0 && count == 1 && !is_changing)
		return held_report(command, options, error);
	if (strcmp(order, "show") == 0 && count == 2 && !is_changing)
		return show_submission(command, words[1], FALSE, error) ? EX_OK : EX_SOFTWARE;
	if (strcmp(order, "release") == 0 && count >= 2 && !options->blocked && !command->is_json)
		return held_release_command(command, words + 1, options, error);
	if (strcmp(order, "discard") == 0 && count >= 2 && !options->is_allowing && !command->is_json)
		return held_discard_command(command, words + 1, options, error);
	command_usage(error,
	    "write `sekisho held [list]`, `sekisho held show RECEIPT`, `sekisho held release RECEIPT... [--allow]`, "
	    "`sekisho held discard RECEIPT... [--block]` or `sekisho held report [--since 30d]`");
	return EX_USAGE;
}

static int
held_run(Command *command, char ***arguments, GError **error)
{
	HeldOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "With list, report: only of this site", "SITE"},
	    {"rejected", 0, 0, G_OPTION_ARG_NONE, &options.is_of_rejected, "With list: what was refused", NULL},
	    {"since", 0, 0, G_OPTION_ARG_STRING, &options.since_text, "With list, report: only of this time, like 7d", "TIME"},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "With list: at most so many (default: 50)", "N"},
	    {"allow", 0, 0, G_OPTION_ARG_NONE, &options.is_allowing, "With release: allow its mail addresses", NULL},
	    {"block", 0, 0, G_OPTION_ARG_STRING, &options.blocked, "With discard: block its sender's WHAT", "WHAT"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	complete_block(*arguments);
	if (command_parse(command, &held_verb, own, arguments, error) && is_block_known(options.blocked, error))
		code = obey(command, *arguments + 1, &options, error);
	g_free(options.site);
	g_free(options.since_text);
	g_free(options.limit_text);
	g_free(options.blocked);
	return code;
}

const Verb held_verb = {
    .name = "held",
    .usage = "[ORDER ...]",
    .help = "Look at what was held or refused, release or discard it\n\n"
	    "  list                what is held, newest first; also without a word\n"
	    "  show RECEIPT        one of it: what was typed, and what was found\n"
	    "  release RECEIPT...  mail it after all, with its own date\n"
	    "  discard RECEIPT...  throw it away\n"
	    "  report              what each check stopped, and what became of it\n\n"
	    "WHAT is address, network or fingerprint; without it the address.",
    .run = held_run,
};
