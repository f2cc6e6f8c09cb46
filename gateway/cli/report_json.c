/*
 * A report as JSON: an object with the names that relay/report.h gives its numbers. A number that is compared is an object of `now` and `before`, which is null where the period before is not known.
 */
#include "report_verb.h"
#include "sekisho/store/ledger.h"

static GVariant *
time_or_null(gint64 time_us)
{
	return time_us != 0 ? command_json_time(time_us) : g_variant_new_maybe(G_VARIANT_TYPE_STRING, NULL);
}

static GVariant *
compared_json(ReportCount count, gboolean is_before_known)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	command_json_add(object, "now", g_variant_new_uint64(count.now));
	command_json_add(object, "before",
	    g_variant_new_maybe(G_VARIANT_TYPE_UINT64, is_before_known ? g_variant_new_uint64(count.before) : NULL));
	return g_variant_builder_end(object);
}

static GVariant *
count_json(const Report *report, ReportCount count)
{
	return compared_json(count, report->is_before_known);
}

/* Of mails. */
static GVariant *
mails_json(const Report *report, ReportCount count)
{
	return compared_json(count, report->is_before_known && !report->is_before_gone);
}

typedef GVariant *(*MakeJson)(const Report *report, gconstpointer item);

static void
add_list(GVariantBuilder *object, const char *key, const Report *report, const GPtrArray *items, MakeJson make)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < items->len; i++)
		g_variant_builder_add_value(list, make(report, items->pdata[i]));
	command_json_add(object, key, g_variant_builder_end(list));
}

/* --- Parts -------------------------------------------------------------------------------------------------------------- */

static GVariant *
named_json(const ReportReason *reason, GVariant *count)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	command_json_add(object, "reason", command_json_text(reason->name));
	command_json_add(object, "count", count);
	return g_variant_builder_end(object);
}

static GVariant *
reason_json(const Report *report, gconstpointer item)
{
	return named_json(item, count_json(report, ((const ReportReason *)item)->count));
}

static GVariant *
mail_reason_json(const Report *report, gconstpointer item)
{
	return named_json(item, mails_json(report, ((const ReportReason *)item)->count));
}

static GVariant *
limited_json(const Report *report, gconstpointer item)
{
	const ReportLimited *limited = item;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	(void)report;
	command_json_add(object, "site", command_json_text(limited->site));
	command_json_add(object, "limit", g_variant_new_string(limited->tier));
	command_json_add(object, "who", command_json_text(limited->who));
	command_json_add(object, "count", g_variant_new_uint64(limited->count));
	command_json_add(object, "last_at", command_json_time(limited->last_at_us));
	return g_variant_builder_end(object);
}

static GVariant *
entry_json(const Report *report, gconstpointer item)
{
	const ReportEntry *entry = item;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	(void)report;
	command_json_add(object, "id", g_variant_new_int64(entry->id));
	command_json_add(object, "action", g_variant_new_string(entry->action));
	command_json_add(object, "type", g_variant_new_string(entry->type));
	command_json_add(object, "value", command_json_text(entry->value));
	command_json_add(object, "site", command_json_text(entry->site));
	command_json_add(object, "reason", command_json_text(entry->reason));
	command_json_add(object, "count", g_variant_new_uint64(entry->count));
	command_json_add(object, "created_at", command_json_time(entry->created_at_us));
	return g_variant_builder_end(object);
}

/* Strongest first. */
static GVariant *
findings_json(const Verdict *verdict)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; verdict && i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		command_json_add(object, "check", g_variant_new_string(check_name(finding->check)));
		command_json_add(object, "code", g_variant_new_string(finding->code));
		command_json_add(object, "action", g_variant_new_string(finding_action_name(finding->action)));
		command_json_add(object, "points", g_variant_new_uint32(finding->points));
		command_json_add(object, "is_dry_run", g_variant_new_boolean(finding->is_dry_run));
		command_json_add(object, "what", command_json_text(finding->what));
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

static GVariant *
suspicious_json(const Report *report, gconstpointer item)
{
	const ReportSuspicious *suspicious = item;
	const SubmissionSummary *summary = suspicious->summary;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	(void)report;
	command_json_add(object, "receipt", command_json_text(summary->receipt));
	command_json_add(object, "site", command_json_text(summary->site));
	command_json_add(object, "form", g_variant_new_uint64(summary->form_id));
	command_json_add(object, "form_title", command_json_text(suspicious->form_title));
	command_json_add(object, "received_at", command_json_time(summary->received_at_us));
	command_json_add(object, "status", g_variant_new_string(submission_status_name(summary->status)));
	command_json_add(object, "findings", findings_json(suspicious->verdict));
	return g_variant_builder_end(object);
}

static GVariant *
alarm_json(const Report *report, gconstpointer item)
{
	const Alarm *alarm = item;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	(void)report;
	command_json_add(object, "site", g_variant_new_string(alarm->site));
	command_json_add(object, "topic", g_variant_new_string(alarm->topic));
	command_json_add(object, "raised_at", command_json_time(alarm->raised_at_us));
	command_json_add(object, "text", command_json_text(alarm->text));
	return g_variant_builder_end(object);
}

static GVariant *
spans_json(const Report *report)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < report->spans->len; i++) {
		const ReportSpan *span = &g_array_index(report->spans, ReportSpan, i);
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		command_json_add(object, "begin", command_json_time(span->begin_us));
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
			command_json_add(
			    object, tally_verdict_name((TallyVerdict)verdict), g_variant_new_uint64(span->verdicts[verdict]));
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

/* --- All of it ------------------------------------------------------------------------------------------------------------ */

static void
add_arrivals(GVariantBuilder *object, const Report *report)
{
	g_autoptr(GVariantBuilder) verdicts = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
		command_json_add(
		    verdicts, tally_verdict_name((TallyVerdict)verdict), count_json(report, report->verdicts[verdict]));
	command_json_add(object, "verdicts", g_variant_builder_end(verdicts));
	command_json_add(object, "spans", spans_json(report));
	add_list(object, "reasons", report, report->reasons, reason_json);
	add_list(object, "captcha", report, report->captcha, reason_json);
	add_list(object, "limited", report, report->limited, limited_json);
	command_json_add(object, "limited_all", g_variant_new_uint32(report->limited_all));
	add_list(object, "lists_hit", report, report->lists_hit, entry_json);
	add_list(object, "lists_idle", report, report->lists_idle, entry_json);
	command_json_add(object, "lists_idle_all", g_variant_new_uint32(report->lists_idle_all));
	add_list(object, "suspicious", report, report->suspicious, suspicious_json);
	command_json_add(object, "suspicious_all", g_variant_new_uint32(report->suspicious_all));
	command_json_add(object, "waiting_for_you", g_variant_new_uint32(report->waiting_for_you));
}

static void
add_mails(GVariantBuilder *object, const Report *report)
{
	command_json_add(object, "notices_sent", mails_json(report, report->notices_sent));
	command_json_add(object, "replies_sent", mails_json(report, report->replies_sent));
	command_json_add(object, "replies_stopped", mails_json(report, report->replies_stopped));
	add_list(object, "replies_reasons", report, report->replies_reasons, mail_reason_json);
	command_json_add(object, "queue_waiting", g_variant_new_uint32(report->queue_waiting));
	command_json_add(object, "queue_oldest", time_or_null(report->queue_oldest_us));
	command_json_add(object, "queue_dead", g_variant_new_uint32(report->queue_dead));
	command_json_add(object, "queue_held", g_variant_new_uint32(report->queue_held));
	add_list(object, "dead_reasons", report, report->dead_reasons, reason_json);
	command_json_add(object, "bounces", mails_json(report, report->bounces));
	add_list(object, "bounce_reasons", report, report->bounce_reasons, mail_reason_json);
}

GVariant *
report_json(const Report *report)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariantBuilder) fuses = g_variant_builder_new(G_VARIANT_TYPE("as"));
	for (guint i = 0; i < report->fuses->len; i++)
		g_variant_builder_add(fuses, "s", (const char *)report->fuses->pdata[i]);
	command_json_add(object, "site", command_json_text(report->site));
	command_json_add(object, "from", command_json_time(report->from_us));
	command_json_add(object, "to", command_json_time(report->to_us));
	command_json_add(object, "made_at", command_json_time(report->made_at_us));
	command_json_add(object, "counted_since", time_or_null(report->counted_since_us));
	command_json_add(object, "kept_since", time_or_null(report->kept_since_us));
	command_json_add(object, "is_before_known", g_variant_new_boolean(report->is_before_known));
	command_json_add(object, "is_quiet", g_variant_new_boolean(report_is_quiet(report)));
	add_arrivals(object, report);
	add_mails(object, report);
	command_json_add(object, "fuses", g_variant_builder_end(fuses));
	add_list(object, "alarms", report, report->alarms, alarm_json);
	command_json_add(object, "decisions", count_json(report, report->decisions));
	return g_variant_builder_end(object);
}
