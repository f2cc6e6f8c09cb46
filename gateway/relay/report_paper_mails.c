/*
 * What the report says of mails: what somebody should mend comes first, then the numbers, and what alarms there were. No state, no I/O.
 */
#include "report_paper.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/reason.h"
#include "sekisho/store/ledger.h"

/* --- Warnings ------------------------------------------------------------------------------------------------------------------ */

static void
warn(Paper *paper, char *text)
{
	paper_add(paper, PAPER_WARNING, text);
}

void
paper_add_warnings(Paper *paper)
{
	const Report *report = paper->report;

	if (report->last_missing > 0)
		warn(paper, paper_counted(paper->locale, "report.missing", report->last_missing));
	for (guint i = 0; i < report->fuses->len; i++) {
		const TextPlace places[] = {{"site", report->fuses->pdata[i]}, {NULL, NULL}};
		warn(paper, text_fill(text_for(paper->locale, "report.fuse"), places));
	}
	if (report->queue_dead > 0)
		warn(paper, paper_counted(paper->locale, "report.dead", report->queue_dead));
}

/* --- Mails ---------------------------------------------------------------------------------------------------------------------- */

static void
add_reasons(Paper *paper, const char *heading, const GPtrArray *reasons)
{
	if (reasons->len == 0)
		return;
	paper_add(paper, PAPER_SENTENCE, g_strdup(heading));
	PaperBlock *block = paper_add(paper, PAPER_LIST, NULL);
	for (guint i = 0; i < reasons->len; i++) {
		const ReportReason *reason = reasons->pdata[i];
		if (reason->count.now > 0)
			paper_set_count(
			    paper_add_row(block, g_strdup(reason_of_delivery(paper->locale, reason->name))), reason->count.now);
	}
}

static void
add_queue(Paper *paper)
{
	const Report *report = paper->report;
	g_autofree char *time = paper_time(paper, report->queue_oldest_us);
	const TextPlace places[] = {{"time", time}, {NULL, NULL}};
	g_autofree char *waiting = paper_counted(paper->locale, "report.queue", report->queue_waiting);

	paper_add(paper, PAPER_SENTENCE, text_fill(waiting, places));
	if (report->queue_held > 0)
		paper_add(paper, PAPER_SENTENCE, paper_counted(paper->locale, "report.queue_held", report->queue_held));
}

/* What retention has removed cannot be compared with. */
static void
add_mail_count(const Paper *paper, PaperBlock *block, const char *id, const ReportCount *count)
{
	PaperRow *row = paper_add_count(paper, block, text_for(paper->locale, id), count);

	if (!paper->report->is_before_gone || row->before == NULL)
		return;
	text_set(&row->before, "–");
	text_set(&row->change, "–");
}

static void
add_kept_since(Paper *paper)
{
	g_autofree char *time = paper_time(paper, paper->report->kept_since_us);
	const TextPlace places[] = {{"time", time}, {NULL, NULL}};

	if (paper->report->kept_since_us != 0)
		paper_add(paper, PAPER_SENTENCE, text_fill(text_for(paper->locale, "report.mails_since"), places));
}

void
paper_add_mails(Paper *paper)
{
	const Report *report = paper->report;
	const char *locale = paper->locale;

	paper_add(paper, PAPER_HEADING, g_strdup(text_for(locale, "report.heading_mails")));
	PaperBlock *block = paper_add(paper, PAPER_COUNTS, NULL);
	add_mail_count(paper, block, "report.notices_sent", &report->notices_sent);
	add_mail_count(paper, block, "report.replies_sent", &report->replies_sent);
	add_mail_count(paper, block, "report.replies_stopped", &report->replies_stopped);
	add_mail_count(paper, block, "report.bounces", &report->bounces);
	if (report->decisions.now > 0 || report->decisions.before > 0)
		paper_add_count(paper, block, text_for(locale, "report.decisions"), &report->decisions);
	add_kept_since(paper);
	add_reasons(paper, text_for(locale, "report.why_stopped"), report->replies_reasons);
	add_reasons(paper, text_for(locale, "report.why_bounced"), report->bounce_reasons);
	add_reasons(paper, text_for(locale, "report.why_dead"), report->dead_reasons);
	add_queue(paper);
}

void
paper_add_alarms(Paper *paper)
{
	const GPtrArray *alarms = paper->report->alarms;

	if (alarms->len == 0)
		return;
	paper_add(paper, PAPER_HEADING, g_strdup(text_for(paper->locale, "report.heading_alarms")));
	paper_add(paper, PAPER_SENTENCE, g_strdup(text_for(paper->locale, "report.about_alarms")));
	PaperBlock *block = paper_add(paper, PAPER_LIST, NULL);
	for (guint i = 0; i < alarms->len; i++) {
		const Alarm *alarm = alarms->pdata[i];
		g_autofree char *id = g_strconcat("alarm.topic_", alarm->topic, NULL);
		const char *topic = text_find(paper->locale, id);
		g_autofree char *first = text_first_line(alarm->text);
		PaperRow *row = paper_add_row(block, paper_time(paper, alarm->raised_at_us));
		paper_add_note(row, g_strdup(topic == NULL ? alarm->topic : topic));
		if (*first != '\0')
			paper_add_note(row, text_one_line(first));
	}
}
