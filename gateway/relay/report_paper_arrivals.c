/*
 * What the report says of messages that came: those that wait for the reader, the numbers, why some were stopped, and what limits and lists did. No state, no I/O.
 */
#include "report_paper.h"

#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/reason.h"

/* Reasons told of one message: the strongest explain it. */
#define CASE_REASONS 3u
/* Entries of lists that never hit: so many show what kind they are. */
#define IDLE_ROWS 5u

/* Of which messages a part tells. */
typedef enum { CASES_WAITING, CASES_OVER } CaseChoice;

/* --- Messages ------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_against(const Finding *finding)
{
	return !finding->is_dry_run && finding->action >= FINDING_NOTE;
}

static void
add_reasons(const Paper *paper, PaperRow *row, const Verdict *verdict)
{
	guint count = 0;

	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		if (!is_against(finding) || ++count > CASE_REASONS)
			continue;
		g_autofree char *name = reason_name(finding);
		paper_add_note(row, g_strdup(reason_sentence(paper->locale, name)));
	}
	if (count > CASE_REASONS)
		paper_add_note(row, paper_counted(paper->locale, "report.reasons_more", count - CASE_REASONS));
}

static const char *
state_text(const char *locale, SubmissionStatus status)
{
	static const char *const ids[] = {[SUBMISSION_ACCEPTED] = "report.state_accepted",
	    [SUBMISSION_HELD] = "report.state_held",
	    [SUBMISSION_REJECTED] = "report.state_rejected",
	    [SUBMISSION_RELEASED] = "report.state_released",
	    [SUBMISSION_DISCARDED] = "report.state_discarded"};

	g_assert(status < G_N_ELEMENTS(ids) && ids[status] != NULL);
	return text_for(locale, ids[status]);
}

static void
add_case(const Paper *paper, PaperBlock *block, const ReportSuspicious *suspicious)
{
	const SubmissionSummary *summary = suspicious->summary;
	g_autofree char *time = paper_time(paper, summary->received_at_us);
	g_autofree char *title = text_one_line(suspicious->form_title);
	const char *site = paper->site == NULL ? summary->site : "";
	/* A link names the receipt itself. */
	const char *receipt = suspicious->link == NULL ? summary->receipt : NULL;
	PaperRow *row = paper_add_row(block, g_strjoin("  ", time, title, receipt, *site == '\0' ? NULL : site, NULL));

	row->is_over = summary->status != SUBMISSION_HELD;
	text_set(&row->value, state_text(paper->locale, summary->status));
	if (suspicious->verdict != NULL)
		add_reasons(paper, row, suspicious->verdict);
	else
		paper_add_note(row, g_strdup(text_for(paper->locale, "report.sealed")));
	if (suspicious->link != NULL) {
		const TextPlace places[] = {{"receipt", summary->receipt}, {NULL, NULL}};
		row->link = g_strdup(suspicious->link);
		row->link_text = text_fill(text_for(paper->locale, "report.look"), places);
	}
}

static gboolean
is_chosen(const ReportSuspicious *suspicious, CaseChoice choice)
{
	return (suspicious->summary->status == SUBMISSION_HELD) == (choice == CASES_WAITING);
}

static PaperBlock *
add_cases(Paper *paper, CaseChoice choice)
{
	const GPtrArray *suspicious = paper->report->suspicious;
	PaperBlock *block = paper_add(paper, PAPER_CASES, NULL);

	for (guint i = 0; i < suspicious->len; i++)
		if (is_chosen(suspicious->pdata[i], choice))
			add_case(paper, block, suspicious->pdata[i]);
	return block;
}

static guint
count_cases(const Report *report, CaseChoice choice)
{
	guint count = 0;

	for (guint i = 0; i < report->suspicious->len; i++)
		count += is_chosen(report->suspicious->pdata[i], choice);
	return count;
}

static gboolean
has_link(const PaperBlock *block)
{
	for (guint i = 0; i < block->rows->len; i++)
		if (((const PaperRow *)block->rows->pdata[i])->link != NULL)
			return TRUE;
	return FALSE;
}

void
paper_add_waiting(Paper *paper)
{
	if (paper->report->waiting_for_you == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_waiting")));
	PaperBlock *about = paper_add(paper, PAPER_SENTENCE, NULL);
	PaperBlock *block = add_cases(paper, CASES_WAITING);
	about->text = g_strdup(text_for(paper->locale, has_link(block) ? "report.about_waiting" : "report.how_held"));
	paper_add_rest(paper, paper->report->waiting_for_you, block->rows->len);
}

void
paper_add_refused(Paper *paper)
{
	const Report *report = paper->report;
	const guint shown = count_cases(report, CASES_OVER), waiting = count_cases(report, CASES_WAITING);

	if (shown == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_refused")));
	paper_add(paper, PAPER_SENTENCE, g_strdup(text_for(paper->locale, "report.about_refused")));
	add_cases(paper, CASES_OVER);
	const guint all = report->suspicious_all - MIN(MAX(waiting, report->waiting_for_you), report->suspicious_all);
	paper_add_rest(paper, all, shown);
}

/* --- Numbers -------------------------------------------------------------------------------------------------------------------- */

static const char *
verdict_text(const char *locale, TallyVerdict verdict)
{
	static const char *const ids[TALLY_VERDICTS] = {[TALLY_ACCEPTED] = "report.verdict_accepted",
	    [TALLY_HELD] = "report.verdict_held",
	    [TALLY_REJECTED] = "report.verdict_rejected",
	    [TALLY_WAIT] = "report.verdict_wait",
	    [TALLY_AGAIN] = "report.verdict_again",
	    [TALLY_REPEATED] = "report.verdict_repeated"};

	return text_for(locale, ids[verdict]);
}

static void
append_number(GString *words, const char *label, guint64 count)
{
	if (count > 0)
		g_string_append_printf(words, " %s %" G_GUINT64_FORMAT, label, count);
}

/* "09:00 Passed on 3; ..." of each span in which something came. */
static char *
spans_text(const Paper *paper)
{
	const GArray *spans = paper->report->spans;
	const char *title = text_for(paper->locale, report_paper_is_hourly(spans) ? "report.chart_hours" : "report.chart_days");
	g_autoptr(GString) words = g_string_new(NULL);

	for (guint i = 0; i < spans->len; i++) {
		const ReportSpan *span = &g_array_index(spans, ReportSpan, i);
		g_autoptr(GString) numbers = g_string_new(NULL);
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
			append_number(numbers, verdict_text(paper->locale, verdict), span->verdicts[verdict]);
		if (numbers->len == 0)
			continue;
		g_autofree char *time = paper_time(paper, span->begin_us);
		g_string_append_printf(words, "%s%s%s", words->len == 0 ? "" : "; ", time, numbers->str);
	}
	const TextPlace none[] = {{"chart", title}, {NULL, NULL}};
	return words->len == 0 ? text_fill(text_for(paper->locale, "report.chart_none"), none)
			       : g_strdup_printf("%s: %s", title, words->str);
}

static void
add_reason_chart(Paper *paper)
{
	const GPtrArray *reasons = paper->report->reasons;

	if (reasons->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_reasons")));
	PaperBlock *block = paper_add(paper, PAPER_REASONS, g_strdup(text_for(paper->locale, "report.chart_reasons")));
	for (guint i = 0; i < reasons->len; i++) {
		const ReportReason *reason = reasons->pdata[i];
		paper_add_count(paper, block, reason_sentence(paper->locale, reason->name), &reason->count);
	}
}

void
paper_add_counted_since(Paper *paper)
{
	if (paper->report->counted_since_us == 0)
		return;
	g_autofree char *time = paper_time(paper, paper->report->counted_since_us);
	const TextPlace places[] = {{"time", time}, {NULL, NULL}};
	paper_add(paper, PAPER_SENTENCE, text_fill(text_for(paper->locale, "report.counted_since"), places));
}

void
paper_add_arrivals(Paper *paper)
{
	const Report *report = paper->report;

	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_arrivals")));
	PaperBlock *block = paper_add(paper, PAPER_COUNTS, NULL);
	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++) {
		const ReportCount *count = &report->verdicts[verdict];
		if (verdict > TALLY_REJECTED && count->now == 0 && count->before == 0)
			continue;
		paper_add_count(paper, block, verdict_text(paper->locale, verdict), count)->verdict = (gint)verdict;
	}
	if (!report->is_before_known)
		paper_add(paper, PAPER_SENTENCE, g_strdup(text_for(paper->locale, "report.no_before")));
	paper_add_counted_since(paper);
	if (report_paper_has_arrivals(report))
		paper_add(paper, PAPER_SPANS, spans_text(paper));
	add_reason_chart(paper);
}

/* --- Limits and lists -------------------------------------------------------------------------------------------------------------- */

/* A row of a database names it. */
static const char *
named(const char *locale, const char *prefix, const char *name)
{
	g_autofree char *id = g_strconcat(prefix, name, NULL);
	const char *text = text_find(locale, id);

	return text == NULL ? name : text;
}

/* A tier of the whole form or site has nobody to name. */
static void
add_limited_row(const Paper *paper, PaperBlock *block, const ReportLimited *limited)
{
	const char *what = named(paper->locale, "report.tier_", limited->tier);
	g_autofree char *who = text_one_line(limited->who);
	g_autofree char *time = paper_time(paper, limited->last_at_us);
	const TextPlace places[] = {{"what", what}, {"time", time}, {NULL, NULL}};
	const char *note = text_for(paper->locale, *who == '\0' ? "report.limited_last" : "report.limited_note");
	PaperRow *row = paper_add_row(block, g_strdup(*who == '\0' ? what : who));

	paper_set_count(row, limited->count);
	paper_add_note(row, text_fill(note, places));
}

static void
add_limited(Paper *paper)
{
	const GPtrArray *limited = paper->report->limited;

	if (limited->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_limited")));
	PaperBlock *block = paper_add(paper, PAPER_LIST, NULL);
	for (guint i = 0; i < limited->len; i++)
		add_limited_row(paper, block, limited->pdata[i]);
	paper_add_rest(paper, paper->report->limited_all, limited->len);
}

/* "Refuse: network 192.0.2.0/24", and below it what the operator wrote of it. */
static PaperRow *
add_entry(const Paper *paper, PaperBlock *block, const ReportEntry *entry)
{
	g_autofree char *value = text_one_line(entry->value), *reason = text_one_line(entry->reason);
	const gboolean is_shared = paper->site != NULL && *entry->site == '\0';
	const TextPlace places[] = {{"action", named(paper->locale, "report.action_", entry->action)},
	    {"type", named(paper->locale, "report.type_", entry->type)},
	    {"value", *value == '\0' ? text_for(paper->locale, is_shared ? "report.entry_shared" : "report.unknown") : value},
	    {NULL, NULL}};
	PaperRow *row = paper_add_row(block, text_fill(text_for(paper->locale, "report.entry"), places));

	if (*reason != '\0')
		paper_add_note(row, g_steal_pointer(&reason));
	if (paper->site == NULL && *entry->site != '\0') {
		const TextPlace only[] = {{"site", entry->site}, {NULL, NULL}};
		paper_add_note(row, text_fill(text_for(paper->locale, "report.entry_site"), only));
	}
	return row;
}

static void
add_hits(Paper *paper)
{
	const GPtrArray *hits = paper->report->lists_hit;

	if (hits->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_hits")));
	PaperBlock *block = paper_add(paper, PAPER_LIST, NULL);
	for (guint i = 0; i < hits->len; i++) {
		const ReportEntry *entry = hits->pdata[i];
		paper_set_count(add_entry(paper, block, entry), entry->count);
	}
}

static void
add_idle(Paper *paper)
{
	const GPtrArray *idle = paper->report->lists_idle;
	guint shown = 0;

	if (idle->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_idle")));
	PaperBlock *block = paper_add(paper, PAPER_LIST, NULL);
	for (; shown < idle->len && shown < IDLE_ROWS; shown++) {
		const ReportEntry *entry = idle->pdata[shown];
		g_autofree char *time = paper_time(paper, entry->created_at_us);
		const TextPlace places[] = {{"time", time}, {NULL, NULL}};
		paper_add_note(add_entry(paper, block, entry), text_fill(text_for(paper->locale, "report.entry_since"), places));
	}
	paper_add_rest(paper, paper->report->lists_idle_all, shown);
}

static void
add_captcha(Paper *paper)
{
	const GPtrArray *captcha = paper->report->captcha;

	if (captcha->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_captcha")));
	PaperBlock *block = paper_add(paper, PAPER_COUNTS, NULL);
	for (guint i = 0; i < captcha->len; i++) {
		const ReportReason *reason = captcha->pdata[i];
		paper_add_count(paper, block, reason_sentence(paper->locale, reason->name), &reason->count);
	}
}

void
paper_add_guards(Paper *paper)
{
	add_captcha(paper);
	add_limited(paper);
	add_hits(paper);
	add_idle(paper);
}
