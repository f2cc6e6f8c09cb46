/*
 * Submissions that a report tells of one by one. All of them (up to LIMIT_REPORT_OPENED) are opened for their evidence, because only that says which are the heaviest; those that
 * wait for a person come first. No state; it writes nothing but the rows of links, if they are wanted.
 */
#include "report_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/store/figures.h"

/* What the gate found; NULL if that is gone or cannot be opened. */
static Verdict *
open_verdict(const ReviewHouse *house, const SubmissionSummary *summary)
{
	g_autoptr(Submission) submission =
	    summary->is_erased ? NULL : submissions_open(house->db, house->vault, summary->id, NULL);

	return submission == NULL || submission->evidence == NULL ? NULL : verdict_from_text(submission->evidence);
}

static void
tell(const Collector *collector, guint done)
{
	const ReportRequest *request = collector->request;

	if (request->progress != NULL)
		request->progress(done, collector->report->suspicious->len, request->user_data);
}

static gboolean
open_all(Collector *collector, GError **error)
{
	Report *report = collector->report;
	const ReviewHouse *house = collector->request->house;
	g_autoptr(GPtrArray) summaries = figures_suspicious(house->db, &collector->now, &report->suspicious_all, error);

	if (summaries == NULL)
		return FALSE;
	g_ptr_array_set_free_func(summaries, NULL);
	for (guint i = 0; i < summaries->len; i++) {
		ReportSuspicious *suspicious = g_new0(ReportSuspicious, 1);
		suspicious->summary = summaries->pdata[i];
		g_ptr_array_add(report->suspicious, suspicious);
	}
	for (guint i = 0; i < report->suspicious->len; i++) {
		ReportSuspicious *suspicious = report->suspicious->pdata[i];
		suspicious->verdict = open_verdict(house, suspicious->summary);
		tell(collector, i + 1);
	}
	return TRUE;
}

static gint
by_number(gint64 one, gint64 other)
{
	return (one < other) - (one > other);
}

static gint
compare(gconstpointer a, gconstpointer b)
{
	const ReportSuspicious *one = *(const ReportSuspicious *const *)a, *other = *(const ReportSuspicious *const *)b;
	const Verdict *mine = one->verdict, *its = other->verdict;
	gint order = by_number(one->summary->status == SUBMISSION_HELD, other->summary->status == SUBMISSION_HELD);

	if (order == 0)
		order = by_number(mine == NULL ? -1 : (gint64)mine->action, its == NULL ? -1 : (gint64)its->action);
	if (order == 0)
		order = by_number(mine == NULL ? -1 : (gint64)mine->points, its == NULL ? -1 : (gint64)its->points);
	return order != 0 ? order : by_number(one->summary->id, other->summary->id);
}

/* Form and link of one that is told of. */
static gboolean
fill_in(Collector *collector, ReportSuspicious *suspicious, GError **error)
{
	const ReportRequest *request = collector->request;
	const SubmissionSummary *summary = suspicious->summary;
	g_autoptr(Site) site = config_site(request->config, summary->site, NULL);
	g_autoptr(Form) form = site == NULL ? NULL : site_form(site, summary->form_id, NULL);
	g_autoptr(GError) problem = NULL;
	gint64 until_us = 0;

	suspicious->form_title = form == NULL ? g_strdup("") : text_without_line_breaks(form->source->title);
	if (!request->has_links || site == NULL || summary->status != SUBMISSION_HELD)
		return TRUE;
	suspicious->link = review_link(request->house, site, summary, REVIEW_HELD, &until_us, &problem);
	if (problem == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean
report_collect_suspicious(Collector *collector, GError **error)
{
	GPtrArray *all = collector->report->suspicious;

	if (!open_all(collector, error))
		return FALSE;
	g_ptr_array_sort(all, compare);
	if (all->len > LIMIT_REPORT_ROWS)
		g_ptr_array_set_size(all, LIMIT_REPORT_ROWS);
	for (guint i = 0; i < all->len; i++)
		if (!fill_in(collector, all->pdata[i], error))
			return FALSE;
	return TRUE;
}
