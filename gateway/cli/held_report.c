/*
 * `sekisho held report`: how many were stopped in a time, by which check, at which site, and what became of them.
 */
#include <string.h>
#include <sysexits.h>

#include "held_parts.h"
#include "opened.h"
#include "progress.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/table.h"

/* How many of one site one check stopped, by what has become of them. */
typedef struct {
	char *site;
	char *check;
	guint counts[SUBMISSION_DISCARDED + 1]; /* by SubmissionStatus */
} Line;

static void
line_free(Line *line)
{
	g_free(line->site);
	g_free(line->check);
	g_free(line);
}

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
	const Line *one = *(Line *const *)a, *other = *(Line *const *)b;
	int order = strcmp(one->site, other->site);
	return order != 0 ? order : strcmp(one->check, other->check);
}

static Line *
find_line(GPtrArray *lines, const char *site, const char *check)
{
	for (guint i = 0; i < lines->len; i++) {
		Line *line = lines->pdata[i];
		if (strcmp(line->site, site) == 0 && strcmp(line->check, check) == 0)
			return line;
	}
	Line *line = g_new0(Line, 1);
	line->site = g_strdup(site);
	line->check = g_strdup(check);
	g_ptr_array_add(lines, line);
	return line;
}

/* The check that stopped it. Static. */
static const char *
stopped_by(Command *command, const SubmissionSummary *summary)
{
	g_autoptr(Submission) submission = submissions_open(command->db, command->vault, summary->id, NULL);
	g_autoptr(Verdict) verdict = submission && submission->evidence ? verdict_from_text(submission->evidence) : NULL;
	const Finding *decisive = verdict ? verdict_decisive(verdict) : NULL;
	return decisive ? check_name(decisive->check) : "(not known)";
}

/* Everything of that status. TRUE: all of it was seen. FALSE with `error`, or, without, there is more than is read. */
static gboolean
count_status(Command *command, BrowseFilter browse, SubmissionStatus status, GPtrArray *lines, GError **error)
{
	browse.statuses = 1u << status;
	g_autoptr(GPtrArray) summaries = browse_list(command->db, &browse, LIMIT_LIST_ROWS, error);
	for (guint i = 0; summaries && i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		find_line(lines, summary->site, stopped_by(command, summary))->counts[status]++;
		if (i % 100 == 0)
			progress_show(command->console, submission_status_name(status), i, summaries->len);
	}
	progress_end(command->console);
	return summaries && summaries->len < LIMIT_LIST_ROWS;
}

static void
add_row(Table *table, const char *site, const char *check, const guint *counts)
{
	static const SubmissionStatus columns[] = {
	    SUBMISSION_HELD, SUBMISSION_REJECTED, SUBMISSION_RELEASED, SUBMISSION_DISCARDED};
	char *cells[G_N_ELEMENTS(columns) + 4] = {g_strdup(site), g_strdup(check)};
	guint all = 0;
	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		all += counts[columns[i]];
		cells[i + 2] = g_strdup_printf("%u", counts[columns[i]]);
	}
	cells[G_N_ELEMENTS(columns) + 2] = g_strdup_printf("%u", all);
	table_add(table, (const char *const *)cells);
	for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
		g_free(cells[i]);
}

static void
print_lines(Command *command, const GPtrArray *lines)
{
	static const char *const headings[] = {"SITE", "STOPPED BY", "HELD", "REJECTED", "RELEASED", "DISCARDED", "ALL", NULL};
	g_autoptr(Table) table = table_new(headings);
	guint total[SUBMISSION_DISCARDED + 1] = {0};
	for (guint i = 0; i < lines->len; i++) {
		const Line *line = lines->pdata[i];
		add_row(table, line->site, line->check, line->counts);
		for (guint j = 0; j < G_N_ELEMENTS(total); j++)
			total[j] += line->counts[j];
	}
	add_row(table, "all", "", total);
	table_print(table, command->console, NULL);
}

static void
print_json(Command *command, const GPtrArray *lines)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < lines->len; i++) {
		const Line *line = lines->pdata[i];
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "site", "s", line->site);
		g_variant_dict_insert(&dict, "check", "s", line->check);
		for (SubmissionStatus status = SUBMISSION_HELD; status <= SUBMISSION_DISCARDED; status++)
			g_variant_dict_insert(&dict, submission_status_name(status), "u", line->counts[status]);
		g_variant_builder_add_value(list, g_variant_dict_end(&dict));
	}
	command_print_json(command, g_variant_builder_end(list));
}

int
held_report(Command *command, HeldOptions *options, GError **error)
{
	BrowseFilter browse = {0};
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
	g_autoptr(GError) problem = NULL;
	gboolean is_whole = TRUE;
	if (!filter_read(command, &options->filter, &browse, error) || !command_open_vault(command, error))
		return EX_USAGE;
	g_autoptr(Site) site = browse.site ? config_site(command->config, browse.site, error) : NULL;
	if (browse.site && !site)
		return EX_USAGE;
	for (SubmissionStatus status = SUBMISSION_HELD; status <= SUBMISSION_DISCARDED && !problem; status++)
		is_whole = count_status(command, browse, status, lines, &problem) && is_whole;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return EX_SOFTWARE;
	}
	g_ptr_array_sort(lines, compare_lines);
	if (command->is_json)
		print_json(command, lines);
	else if (lines->len > 0)
		print_lines(command, lines);
	else
		command_print_line(command, "nothing was held or rejected");
	if (!is_whole && !command->is_json)
		command_print_line(
		    command, "Only the newest %u of each kind are counted; --since makes it fewer.", LIMIT_LIST_ROWS);
	return EX_OK;
}
