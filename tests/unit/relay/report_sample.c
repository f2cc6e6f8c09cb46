/*
 * Reports filled in by hand.
 */
#include "report_sample.h"

#include "sekisho/store/ledger.h"

#define HOUR_US G_TIME_SPAN_HOUR

static void
reason_free(gpointer data)
{
	ReportReason *reason = data;

	g_free(reason->name);
	g_free(reason);
}

static void
limited_free(gpointer data)
{
	ReportLimited *limited = data;

	g_free(limited->site);
	g_free(limited->tier);
	g_free(limited->who);
	g_free(limited);
}

static void
entry_free(gpointer data)
{
	ReportEntry *entry = data;

	g_free(entry->action);
	g_free(entry->type);
	g_free(entry->value);
	g_free(entry->site);
	g_free(entry->reason);
	g_free(entry);
}

static void
suspicious_free(gpointer data)
{
	ReportSuspicious *suspicious = data;

	submission_summary_free(suspicious->summary);
	g_free(suspicious->form_title);
	verdict_free(suspicious->verdict);
	g_free(suspicious->link);
	g_free(suspicious);
}

Report *
report_sample_quiet(void)
{
	Report *report = g_new0(Report, 1);

	report->site = g_strdup("example.jp");
	report->title = g_strdup("例の店");
	report->from_us = REPORT_SAMPLE_FROM_US;
	report->to_us = report->from_us + G_TIME_SPAN_DAY;
	report->made_at_us = report->to_us + 5 * G_TIME_SPAN_HOUR;
	report->number = 11;
	report->is_before_known = TRUE;
	report->spans = g_array_new(FALSE, TRUE, sizeof(ReportSpan));
	report->reasons = g_ptr_array_new_with_free_func(reason_free);
	report->captcha = g_ptr_array_new_with_free_func(reason_free);
	report->limited = g_ptr_array_new_with_free_func(limited_free);
	report->lists_hit = g_ptr_array_new_with_free_func(entry_free);
	report->lists_idle = g_ptr_array_new_with_free_func(entry_free);
	report->suspicious = g_ptr_array_new_with_free_func(suspicious_free);
	report->replies_reasons = g_ptr_array_new_with_free_func(reason_free);
	report->dead_reasons = g_ptr_array_new_with_free_func(reason_free);
	report->bounce_reasons = g_ptr_array_new_with_free_func(reason_free);
	report->fuses = g_ptr_array_new_with_free_func(g_free);
	report->alarms = g_ptr_array_new_with_free_func((GDestroyNotify)alarm_free);
	for (guint i = 0; i < 24; i++) {
		const ReportSpan span = {.begin_us = report->from_us + i * HOUR_US};
		g_array_append_val(report->spans, span);
	}
	return report;
}

/* --- The busy week ---------------------------------------------------------------------------------------------------------------- */

static void
add_reason(GPtrArray *reasons, const char *name, guint64 now, guint64 before)
{
	ReportReason *reason = g_new0(ReportReason, 1);

	*reason = (ReportReason){.name = g_strdup(name), .count = {now, before}};
	g_ptr_array_add(reasons, reason);
}

static void
add_limited(Report *report, const char *tier, const char *who, guint64 count)
{
	ReportLimited *limited = g_new0(ReportLimited, 1);

	*limited = (ReportLimited){.site = g_strdup("example.jp"),
	    .tier = g_strdup(tier),
	    .who = g_strdup(who),
	    .count = count,
	    .last_at_us = report->from_us + 30 * HOUR_US};
	g_ptr_array_add(report->limited, limited);
}

static void
add_entry(GPtrArray *entries, const char *type, const char *value, guint64 count)
{
	ReportEntry *entry = g_new0(ReportEntry, 1);

	*entry = (ReportEntry){.id = entries->len + 1,
	    .action = g_strdup("block"),
	    .type = g_strdup(type),
	    .value = g_strdup(value),
	    .site = g_strdup(""),
	    .reason = g_strdup(count > 0 ? "営業メール" : ""),
	    .count = count,
	    .created_at_us = REPORT_SAMPLE_FROM_US - 90 * G_TIME_SPAN_DAY};
	g_ptr_array_add(entries, entry);
}

static Verdict *
verdict_of(guint findings)
{
	static const FindingHead heads[] = {{CHECK_LINKS, CHECK_ON, FINDING_HOLD, 0, "too_many"},
	    {CHECK_TRAP, CHECK_ON, FINDING_NOTE, 3, "too_quick"}, {CHECK_SHAPE, CHECK_ON, FINDING_NOTE, 2, "foreign_script"},
	    {CHECK_SENDER, CHECK_ON, FINDING_NOTE, 1, "disposable"}};
	GPtrArray *list = findings_new();

	for (guint i = 0; i < findings; i++)
		finding_add(list, &heads[i], "It was seen.");
	return verdict_new(list, 10);
}

static ReportSuspicious *
add_suspicious(Report *report, const char *receipt, SubmissionStatus status, guint findings)
{
	SubmissionSummary *summary = g_new0(SubmissionSummary, 1);
	ReportSuspicious *suspicious = g_new0(ReportSuspicious, 1);

	*summary = (SubmissionSummary){.receipt = g_strdup(receipt),
	    .site = g_strdup("example.jp"),
	    .form_id = 4,
	    .status = status,
	    .received_at_us = report->from_us + 50 * HOUR_US};
	*suspicious = (ReportSuspicious){.summary = summary,
	    .form_title = g_strdup("お問い合わせ <b>"),
	    .verdict = findings > 0 ? verdict_of(findings) : NULL};
	if (status == SUBMISSION_HELD)
		suspicious->link = g_strdup(REPORT_SAMPLE_LINK);
	g_ptr_array_add(report->suspicious, suspicious);
	return suspicious;
}

static void
add_alarm(Report *report, const char *topic, const char *text)
{
	Alarm *alarm = g_new0(Alarm, 1);

	*alarm = (Alarm){.site = g_strdup("example.jp"),
	    .topic = g_strdup(topic),
	    .text = g_strdup(text),
	    .raised_at_us = report->from_us + 60 * HOUR_US};
	g_ptr_array_add(report->alarms, alarm);
}

static void
fill_lists(Report *report)
{
	add_reason(report->reasons, "links.too_many", 21, 9);
	add_reason(report->reasons, "trap.too_quick", 14, 20);
	add_reason(report->reasons, "lists.list_block", 8, 8);
	add_reason(report->reasons, "shape.foreign_script", 5, 0);
	add_reason(report->captcha, "captcha.expired", 4, 1);
	add_reason(report->replies_reasons, "suppressed", 3, 0);
	add_reason(report->bounce_reasons, "bounce.address", 2, 0);
	add_reason(report->dead_reasons, "bounce.refused", 1, 0);
	add_limited(report, "ip", "203.0.113.7", 412);
	add_limited(report, "sender", "a<script>\033[2J@example.com", 12);
	add_limited(report, "form", "", 3);
	report->limited_all = 17;
	add_entry(report->lists_hit, "network", "198.51.100.0/24", 31);
	add_entry(report->lists_hit, "phrase", "<img src=x>", 2);
	for (guint i = 0; i < 10; i++)
		add_entry(report->lists_idle, i % 2 == 0 ? "domain" : "country", i % 2 == 0 ? "spam.example" : "ZZ", 0);
	report->lists_idle_all = 44;
	add_suspicious(report, "HE1D00000001", SUBMISSION_HELD, 4);
	add_suspicious(report, "HE1D00000002", SUBMISSION_HELD, 1);
	add_suspicious(report, "REFUSED00001", SUBMISSION_REJECTED, 2);
	add_suspicious(report, "GONE00000001", SUBMISSION_DISCARDED, 0);
	report->suspicious_all = 9;
	report->waiting_for_you = 2;
	g_ptr_array_add(report->fuses, g_strdup("example.jp"));
	add_alarm(report, "account", "A mail account of the site example.jp does not work.\nSecond line.\n");
}

/* Days, the third of them with everything. */
static void
fill_spans(Report *report)
{
	g_array_set_size(report->spans, 0);
	for (guint i = 0; i < 7; i++) {
		ReportSpan span = {.begin_us = report->from_us + i * G_TIME_SPAN_DAY, .verdicts = {i, i % 2}};
		if (i == 2)
			span = (ReportSpan){.begin_us = span.begin_us, .verdicts = {9, 3, 5, 4, 2, 1}};
		g_array_append_val(report->spans, span);
	}
}

Report *
report_sample_busy(void)
{
	Report *report = report_sample_quiet();

	report->to_us = report->from_us + 7 * G_TIME_SPAN_DAY;
	report->made_at_us = report->to_us + 5 * HOUR_US;
	report->number = 12;
	report->last_missing = 2;
	report->verdicts[TALLY_ACCEPTED] = (ReportCount){28, 21};
	report->verdicts[TALLY_HELD] = (ReportCount){6, 6};
	report->verdicts[TALLY_REJECTED] = (ReportCount){5, 12};
	report->verdicts[TALLY_WAIT] = (ReportCount){427, 0};
	report->verdicts[TALLY_AGAIN] = (ReportCount){2, 3};
	report->replies_sent = (ReportCount){19, 18};
	report->replies_stopped = (ReportCount){3, 0};
	report->notices_sent = (ReportCount){28, 21};
	report->queue_waiting = 2;
	report->queue_oldest_us = report->to_us - HOUR_US;
	report->queue_dead = 1;
	report->queue_held = 1;
	report->bounces = (ReportCount){2, 0};
	report->decisions = (ReportCount){4, 1};
	fill_lists(report);
	fill_spans(report);
	return report;
}
