/*
 * What a report says: its head, the sentences that matter most, and the tools with which its parts are written (report_paper_arrivals.c, report_paper_mails.c). What did not happen is left
 * out, so the report of a quiet day is short: one of a day on which messages were passed on has their numbers, one of a day without any a sentence. No state, no I/O.
 */
#include "report_paper.h"

#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/relay/chart.h"

/* At most so many columns of a chart have a label: more would touch each other. */
#define LABELS 7u
/* What is longer than a week, and an hour because clocks change, is compared with the time before it (relay/report.h). */
#define LONG_US (7 * G_TIME_SPAN_DAY + 2 * G_TIME_SPAN_HOUR)

/* --- Tools ------------------------------------------------------------------------------------------------------------------- */

static void
row_free(PaperRow *row)
{
	g_free(row->label);
	g_free(row->value);
	g_free(row->before);
	g_free(row->change);
	g_ptr_array_unref(row->notes);
	g_free(row->link);
	g_free(row->link_text);
	g_free(row);
}

static void
block_free(PaperBlock *block)
{
	g_free(block->text);
	g_ptr_array_unref(block->rows);
	g_free(block);
}

PaperBlock *
paper_add(Paper *paper, PaperKind kind, char *text)
{
	PaperBlock *block = g_new0(PaperBlock, 1);

	block->kind = kind;
	block->text = text;
	block->rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
	g_ptr_array_add(paper->blocks, block);
	return block;
}

PaperRow *
paper_add_row(PaperBlock *block, char *label)
{
	PaperRow *row = g_new0(PaperRow, 1);

	row->label = label;
	row->value = g_strdup("");
	row->notes = g_ptr_array_new_with_free_func(g_free);
	row->verdict = PAPER_NO_VERDICT;
	g_ptr_array_add(block->rows, row);
	return row;
}

static char *
digits(guint64 count)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT, count);
}

void
paper_set_count(PaperRow *row, guint64 count)
{
	row->count = count;
	text_replace(&row->value, digits(count));
}

void
paper_add_note(PaperRow *row, char *note)
{
	g_ptr_array_add(row->notes, note);
}

PaperRow *
paper_add_count(const Paper *paper, PaperBlock *block, const char *label, const ReportCount *count)
{
	PaperRow *row = paper_add_row(block, g_strdup(label));

	paper_set_count(row, count->now);
	if (!paper->report->is_before_known)
		return row;
	row->before = digits(count->before);
	const gboolean is_less = count->now < count->before;
	g_autofree char *difference = digits(is_less ? count->before - count->now : count->now - count->before);
	row->change = g_strconcat(is_less ? "−" : count->now == count->before ? "±" : "+", difference, NULL);
	return row;
}

char *
paper_counted(const char *locale, const char *id, guint64 count)
{
	g_autofree char *number = digits(count);
	const TextPlace places[] = {{"count", number}, {NULL, NULL}};
	g_autofree char *form = g_strconcat(id, count == 0 ? "_none" : count == 1 ? "_one" : "", NULL);

	return text_fill(text_for(locale, form), places);
}

static char *
written(const Paper *paper, gint64 at_us, const char *format)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, paper->zone);

	return local == NULL ? g_strdup("") : g_date_time_format(local, format);
}

char *
paper_time(const Paper *paper, gint64 at_us)
{
	g_autofree char *format = g_strconcat(text_for(paper->locale, "report.date"), " %H:%M", NULL);

	return written(paper, at_us, format);
}

void
paper_add_rest(Paper *paper, guint64 all, guint shown)
{
	if (all > shown)
		paper_add(paper, PAPER_REST, paper_counted(paper->locale, "report.more", all - shown));
}

gboolean
report_paper_is_hourly(const GArray *spans)
{
	/* The first day may be short: it begins with the period. */
	return spans->len < 2 || g_array_index(spans, ReportSpan, spans->len - 1).begin_us -
					 g_array_index(spans, ReportSpan, spans->len - 2).begin_us <=
				     G_TIME_SPAN_HOUR;
}

gboolean
report_paper_is_empty(const Report *report)
{
	return report_is_quiet(report) && report->verdicts[TALLY_ACCEPTED].now == 0;
}

gboolean
report_paper_has_arrivals(const Report *report)
{
	for (guint i = 0; i < report->spans->len; i++)
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
			if (g_array_index(report->spans, ReportSpan, i).verdicts[verdict] > 0)
				return TRUE;
	return FALSE;
}

/* --- The head ----------------------------------------------------------------------------------------------------------------- */

static char *
title_of(const Paper *paper)
{
	const SiteFacts *facts = paper->site == NULL ? NULL : paper->site->facts;

	if (facts == NULL)
		return g_strdup(text_for(paper->locale, "report.all_sites"));
	return text_one_line(*facts->title != '\0' ? facts->title : facts->name);
}

static gboolean
is_midnight(const Paper *paper, gint64 at_us)
{
	g_autofree char *time = written(paper, at_us, "%H:%M:%S");

	return g_str_equal(time, "00:00:00");
}

/* Whole days as days, anything else by the minute. */
static char *
period_of(const Paper *paper)
{
	const Report *report = paper->report;
	const char *day = text_for(paper->locale, "report.date");
	const gboolean is_days = is_midnight(paper, report->from_us) && is_midnight(paper, report->to_us);
	g_autofree char *from = is_days ? written(paper, report->from_us, day) : paper_time(paper, report->from_us);
	g_autofree char *to = is_days ? written(paper, report->to_us - 1, day) : paper_time(paper, report->to_us);
	const TextPlace days[] = {{"from", from}, {"to", to}, {NULL, NULL}};
	g_autofree char *period =
	    g_str_equal(from, to) ? g_strdup(from) : text_fill(text_for(paper->locale, "report.days"), days);
	/* A site's owner lives in its zone. */
	if (paper->site != NULL)
		return g_steal_pointer(&period);
	g_autofree char *zone = written(paper, report->to_us, "%:z");
	const TextPlace places[] = {{"period", period}, {"zone", zone}, {NULL, NULL}};

	return text_fill(text_for(paper->locale, "report.zone"), places);
}

static void
add_title(Paper *paper)
{
	g_autofree char *number = g_strdup_printf("%u", paper->report->number);
	const TextPlace places[] = {{"number", number}, {NULL, NULL}};
	const char *text = text_for(paper->locale, paper->report->number == 0 ? "report.title_unnumbered" : "report.title");
	PaperBlock *block = paper_add(paper, PAPER_TITLE, text_fill(text, places));
	const char *name = paper->site == NULL ? NULL : paper->site->facts->name;
	g_autofree char *title = title_of(paper);
	char *label = name == NULL || g_str_equal(title, name) ? g_strdup(title) : g_strdup_printf("%s (%s)", title, name);

	paper_add_note(paper_add_row(block, label), period_of(paper));
}

/* Something is wrong that no visitor's message is to blame for. */
static gboolean
is_troubled(const Report *report)
{
	return report->queue_dead > 0 || report->fuses->len > 0 || report->alarms->len > 0 || report->last_missing > 0;
}

static void
add_lead(Paper *paper)
{
	const Report *report = paper->report;

	if (report_paper_is_empty(report)) {
		paper_add(paper, PAPER_LEAD, g_strdup(text_for(paper->locale, "report.quiet")));
		return;
	}
	g_autofree char *passed = paper_counted(paper->locale, "report.passed", report->verdicts[TALLY_ACCEPTED].now);
	g_autofree char *next = report->waiting_for_you > 0
				    ? paper_counted(paper->locale, "report.waiting", report->waiting_for_you)
				: is_troubled(report) ? g_strdup("")
						      : g_strdup(text_for(paper->locale, "report.calm"));
	/* What the reader is to do stands first. */
	const gboolean is_waiting = report->waiting_for_you > 0;
	const TextPlace places[] = {{"first", is_waiting ? next : passed}, {"then", is_waiting ? passed : next}, {NULL, NULL}};
	paper_add(paper, PAPER_LEAD, g_strchomp(text_fill(text_for(paper->locale, "report.lead"), places)));
}

static void
add_foot(Paper *paper)
{
	g_autofree char *time = paper_time(paper, paper->report->made_at_us);
	const TextPlace places[] = {{"time", time}, {NULL, NULL}};

	paper_add(paper, PAPER_FOOT, text_fill(text_for(paper->locale, "report.foot"), places));
}

/* --- The whole ------------------------------------------------------------------------------------------------------------------ */

static Paper
begin(const Report *report, const Site *site, const char *locale)
{
	return (Paper){.report = report,
	    .site = site,
	    .locale = locale,
	    .zone = site == NULL ? g_time_zone_new_utc() : g_time_zone_ref(site->facts->timezone)};
}

static void
end(Paper *paper)
{
	g_time_zone_unref(paper->zone);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Paper, end)

GPtrArray *
report_paper_new(const Report *report, const Site *site, const char *locale)
{
	g_auto(Paper) paper = begin(report, site, locale);

	paper.blocks = g_ptr_array_new_with_free_func((GDestroyNotify)block_free);
	add_title(&paper);
	add_lead(&paper);
	paper_add_warnings(&paper);
	if (report_paper_is_empty(report))
		paper_add_counted_since(&paper);
	if (!report_is_quiet(report)) {
		paper_add_waiting(&paper);
		paper_add_alarms(&paper);
	}
	if (!report_paper_is_empty(report))
		paper_add_arrivals(&paper);
	if (!report_is_quiet(report)) {
		paper_add_refused(&paper);
		paper_add_guards(&paper);
		paper_add_mails(&paper);
	}
	add_foot(&paper);
	return paper.blocks;
}

static char *
summary_of(const Report *report, const char *locale)
{
	if (report->waiting_for_you > 0)
		return paper_counted(locale, "report.summary_waiting", report->waiting_for_you);
	if (is_troubled(report))
		return g_strdup(text_for(locale, "report.summary_trouble"));
	if (report_paper_is_empty(report))
		return g_strdup(text_for(locale, "report.summary_quiet"));
	return paper_counted(locale, "report.summary_passed", report->verdicts[TALLY_ACCEPTED].now);
}

char *
report_paper_subject(const Report *report, const Site *site, const char *locale)
{
	g_auto(Paper) paper = begin(report, site, locale);
	g_autofree char *title = title_of(&paper);
	g_autofree char *summary = summary_of(report, locale);
	g_autofree char *number = g_strdup_printf("%u", report->number);
	const TextPlace places[] = {{"number", number}, {"summary", summary}, {"title", title}, {NULL, NULL}};

	return text_fill(text_for(locale, report->number == 0 ? "report.subject_unnumbered" : "report.subject"), places);
}

const char *
report_paper_column(const Report *report, const char *locale, PaperColumn column)
{
	const gboolean is_long = report->to_us - report->from_us > LONG_US;
	const char *const ids[] = {[PAPER_NOW] = "report.column_now",
	    [PAPER_BEFORE] = is_long ? "report.column_earlier" : "report.column_before",
	    [PAPER_CHANGE] = "report.column_change"};

	return text_for(locale, ids[column]);
}

/* --- Charts ------------------------------------------------------------------------------------------------------------------------- */

/* Every so many spans have a label; of hours a part of the day, so that each day has the same ones. */
static guint
label_step(const GArray *spans)
{
	guint step = MAX((spans->len + LABELS - 1) / LABELS, 1);

	while (report_paper_is_hourly(spans) && step < 24 && 24 % step != 0)
		step++;
	return step;
}

GStrv
report_paper_labels(const Report *report, const Site *site)
{
	g_auto(Paper) paper = begin(report, site, "en");
	GStrv labels = g_new0(char *, report->spans->len + 1);
	const guint step = label_step(report->spans);

	for (guint i = 0; i < report->spans->len; i++) {
		const gint64 begin_us = g_array_index(report->spans, ReportSpan, i).begin_us;
		const gboolean is_day = is_midnight(&paper, begin_us);
		labels[i] = i % step == 0 ? written(&paper, begin_us, is_day ? "%m-%d" : "%H:%M") : g_strdup("");
	}
	return labels;
}

GBytes *
report_paper_image(const Report *report, const Site *site, PaperKind kind)
{
	if (kind == PAPER_REASONS)
		return report->reasons->len == 0 ? NULL : chart_reasons(report->reasons);
	if (!report_paper_has_arrivals(report))
		return NULL;
	g_auto(GStrv) labels = report_paper_labels(report, site);
	return chart_spans(report->spans, (const char *const *)labels);
}

char *
report_paper_image_id(const Report *report, PaperKind kind)
{
	g_autofree char *host = g_strdup(report->site == NULL ? "sekisho" : report->site);

	return g_strdup_printf("%s.%u.%" G_GINT64_FORMAT "@%s", kind == PAPER_REASONS ? "reasons" : "spans", report->number,
	    report->from_us / G_USEC_PER_SEC, g_strcanon(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-.", '-'));
}
