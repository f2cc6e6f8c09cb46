/*
 * Findings and the verdict that follows from them. Values only: nothing here looks at a submission, and any thread may call it.
 *
 * A finding is made by finding_add and belongs to its list; the list becomes a verdict's, sorted, and from then on nothing in it changes.
 */
#include "sekisho/policy/finding.h"

#include <stdarg.h>
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

static const char *const check_names[CHECK_COUNT] = {
    "duplicates", "contract", "lists", "rate", "trap", "honeypot", "shape", "links", "sender", "captcha"};
static const char *const action_names[] = {"pass", "unsure", "note", "hold", "wait", "again", "reject"};

const char *
check_name(Check check)
{
	return check_names[check];
}

const char *
finding_action_name(FindingAction action)
{
	return action_names[action];
}

void
finding_free(Finding *finding)
{
	if (finding == NULL)
		return;
	g_free(finding->code);
	g_free(finding->what);
	g_free(finding);
}

GPtrArray *
findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
}

/* --- Order ---------------------------------------------------------------------------------------------------------- */

/* Negative if `a` is the weightier one. Of equals the check that is made first. */
static int
compare_weight(const Finding *a, const Finding *b)
{
	if (a->is_dry_run != b->is_dry_run)
		return a->is_dry_run ? 1 : -1;
	if (a->action != b->action)
		return a->action > b->action ? -1 : 1;
	if (a->points != b->points)
		return a->points > b->points ? -1 : 1;
	return (int)a->check - (int)b->check;
}

static gint
compare_findings(gconstpointer a, gconstpointer b)
{
	return compare_weight(*(Finding *const *)a, *(Finding *const *)b);
}

/* The index of the one that is missed least. */
static guint
lightest(const GPtrArray *findings)
{
	guint index = 0;
	for (guint i = 1; i < findings->len; i++)
		if (compare_weight(findings->pdata[i], findings->pdata[index]) > 0)
			index = i;
	return index;
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

/* Whatever a visitor typed into it becomes one line. */
G_GNUC_PRINTF(1, 0)
static char *
sentence(const char *format, va_list arguments)
{
	g_autofree char *raw = g_strdup_vprintf(format, arguments);
	g_autofree char *valid = g_utf8_make_valid(raw, -1);
	g_autofree char *line = text_for_terminal(valid, FALSE);
	return text_truncate(line, LIMIT_FINDING_BYTES);
}

Finding *
finding_add(GPtrArray *findings, const FindingHead *head, const char *what, ...)
{
	if (head->mode == CHECK_OFF)
		return NULL;
	Finding *finding = g_new0(Finding, 1);
	finding->check = head->check;
	finding->action = head->action;
	finding->points = head->action == FINDING_NOTE ? head->points : 0;
	finding->is_dry_run = head->mode == CHECK_DRY_RUN;
	finding->code = g_strdup(head->code);
	va_list arguments;
	va_start(arguments, what);
	finding->what = sentence(what, arguments);
	va_end(arguments);
	if (findings->len >= LIMIT_FINDINGS) {
		const guint index = lightest(findings);
		if (compare_weight(finding, findings->pdata[index]) >= 0) {
			finding_free(finding);
			return NULL;
		}
		g_ptr_array_remove_index_fast(findings, index);
	}
	g_ptr_array_add(findings, finding);
	return finding;
}

/* --- The verdict ----------------------------------------------------------------------------------------------------- */

/* What follows from all findings but `without`, which may be NULL. `points` receives the sum of the notes. */
static FindingAction
weigh(const GPtrArray *findings, const Finding *without, guint threshold, guint *points)
{
	FindingAction strongest = FINDING_PASS;
	*points = 0;
	for (guint i = 0; i < findings->len; i++) {
		const Finding *finding = findings->pdata[i];
		if (finding == without || finding->is_dry_run)
			continue;
		strongest = MAX(strongest, finding->action);
		*points += finding->points;
	}
	if (strongest < FINDING_HOLD)
		return *points > 0 && *points >= threshold ? FINDING_HOLD : FINDING_PASS;
	return strongest;
}

FindingAction
findings_weigh(const GPtrArray *findings, guint threshold)
{
	guint points = 0;
	return weigh(findings, NULL, threshold, &points);
}

Verdict *
verdict_new(GPtrArray *findings, guint threshold)
{
	Verdict *verdict = g_new0(Verdict, 1);
	g_ptr_array_sort(findings, compare_findings);
	verdict->findings = findings;
	verdict->threshold = threshold;
	verdict->action = weigh(findings, NULL, threshold, &verdict->points);
	return verdict;
}

void
verdict_free(Verdict *verdict)
{
	if (verdict == NULL)
		return;
	g_ptr_array_unref((GPtrArray *)verdict->findings);
	g_free(verdict);
}

const Finding *
verdict_decisive(const Verdict *verdict)
{
	/* Sorted: the first one that counts is the strongest, and where points hold, the heaviest note. */
	const Finding *first = verdict->findings->len > 0 ? verdict->findings->pdata[0] : NULL;
	return verdict->action == FINDING_PASS || first == NULL || first->is_dry_run ? NULL : first;
}

FindingAction
verdict_without(const Verdict *verdict, const Finding *finding)
{
	guint points = 0;
	return weigh(verdict->findings, finding, verdict->threshold, &points);
}

/* --- As text -------------------------------------------------------------------------------------------------------- */

/* A line "1 TAB threshold", then one for each finding: check, action, points, dry run, retry, code, what. No text of ours has a tab or a line feed. */
#define VERDICT_VERSION "1"
#define POINTS_MAXIMUM 1000u
enum { TEXT_CHECK, TEXT_ACTION, TEXT_POINTS, TEXT_DRY_RUN, TEXT_RETRY, TEXT_CODE, TEXT_WHAT, TEXT_PARTS };

char *
verdict_to_text(const Verdict *verdict)
{
	GString *text = g_string_new(NULL);
	g_string_append_printf(text, VERDICT_VERSION "\t%u", verdict->threshold);
	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		g_string_append_printf(text, "\n%u\t%u\t%u\t%d\t%" G_GINT64_FORMAT "\t%s\t%s", (guint)finding->check,
		    (guint)finding->action, MIN(finding->points, POINTS_MAXIMUM), finding->is_dry_run, finding->retry_at_us,
		    finding->code, finding->what);
	}
	return g_string_free(text, FALSE);
}

static gboolean
read_number(const char *text, guint64 maximum, guint64 *number)
{
	return g_ascii_string_to_unsigned(text, 10, 0, maximum, number, NULL);
}

static Finding *
read_finding(const char *line)
{
	g_auto(GStrv) parts = g_strsplit(line, "\t", TEXT_PARTS + 1);
	guint64 check, action, points, is_dry_run, retry_at_us;
	if (g_strv_length(parts) != TEXT_PARTS || !read_number(parts[TEXT_CHECK], CHECK_COUNT - 1, &check) ||
	    !read_number(parts[TEXT_ACTION], FINDING_REJECT, &action) ||
	    !read_number(parts[TEXT_POINTS], POINTS_MAXIMUM, &points) || !read_number(parts[TEXT_DRY_RUN], 1, &is_dry_run) ||
	    !read_number(parts[TEXT_RETRY], G_MAXINT64, &retry_at_us))
		return NULL;
	Finding *finding = g_new0(Finding, 1);
	*finding = (Finding){.check = (Check)check,
	    .action = (FindingAction)action,
	    .points = (guint)points,
	    .is_dry_run = is_dry_run != 0,
	    .retry_at_us = (gint64)retry_at_us,
	    .code = g_strdup(parts[TEXT_CODE]),
	    .what = g_strdup(parts[TEXT_WHAT])};
	return finding;
}

Verdict *
verdict_from_text(const char *text)
{
	static const char beginning[] = VERDICT_VERSION "\t";
	g_auto(GStrv) lines = g_strsplit(text, "\n", LIMIT_FINDINGS + 2);
	guint64 threshold;
	if (lines[0] == NULL || !g_str_has_prefix(lines[0], beginning) ||
	    !read_number(lines[0] + strlen(beginning), POINTS_MAXIMUM, &threshold))
		return NULL;
	g_autoptr(GPtrArray) findings = findings_new();
	for (guint i = 1; lines[i] != NULL; i++) {
		Finding *finding = read_finding(lines[i]);
		if (finding == NULL)
			return NULL;
		g_ptr_array_add(findings, finding);
	}
	return verdict_new(g_steal_pointer(&findings), (guint)threshold);
}
