/*
 * One submission's life, told from top to bottom. This is the heart of the front; everything else serves it.
 *
 *     feedback_receive     which form is it for? what was typed? is it complete? which mails may it cause?
 *                          -> handed to the journal
 *           ... the journal commits all that waits with one fsync; the job waits there, and no thread waits with it ...
 *     feedback_conclude    it is on disk: wake the courier, and tell the visitor
 *
 * Two promises are kept here. The visitor reads "sent" only after the submission and the promise of its mails were committed and
 * synced, so whatever breaks afterwards costs time and never the message. And the addresses that mails go to come from
 * policy/replies.c alone, which takes none from a visitor.
 *
 * Each step below either lets the job go on or ends it with an answer (job_end and its kin) and says FALSE. An answer to a
 * real visitor is always HTTP 200 with a status word, because the page's script would hang on anything else (contract 2.3).
 * Nothing here blocks on the disk or the network, except the first reading of a site's files.
 */
#include "feedback.h"

#include <string.h>
#include <sys/eventfd.h>

#include "inquiry.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/form/rules.h"
#include "sekisho/policy/replies.h"
#include "sekisho/wire/address.h"
#include "server.h"
#include "visitor.h"

static gboolean find_form_and_fields(Job *job);
static gboolean find_unit_tag(Job *job);
static void shape_submission(Job *job);
static gboolean is_valid(Job *job);
static gboolean is_accepted(Job *job);
static GPtrArray *plan_mails(Job *job);
static FeedbackStep keep(Job *job, const GPtrArray *planned);

FeedbackStep
feedback_receive(Job *job)
{
	/* 1. Which door? Only two lead to a submission: the page's script, and a form sent without script. */
	const RouteInput input = {.method = request_param(&job->request, PARAM_METHOD),
	    .uri = request_param(&job->request, PARAM_URI),
	    .content_type = request_param(&job->request, PARAM_CONTENT_TYPE)};
	route_find(&input, &job->route);
	if (!route_is_submission(&job->route)) {
		inquiry_answer(job);
		return FEEDBACK_ENDED;
	}

	/* 2. Whose form is it, and what did the visitor send? */
	if (!job_find_site(job) || !find_form_and_fields(job) || !find_unit_tag(job))
		return FEEDBACK_ENDED;

	/* 3. Shaped by the form it becomes a submission. What is missing or wrong goes straight back to the visitor. */
	shape_submission(job);
	if (!is_valid(job) || !is_accepted(job))
		return FEEDBACK_ENDED;

	/* 4. Which mails may it cause? */
	g_autoptr(GPtrArray) planned = plan_mails(job);
	if (planned == NULL)
		return FEEDBACK_ENDED;

	/* 5. To the journal. Here the job may wait. */
	return keep(job, planned);
}

/* Called by the journal's thread after the commit, or after it failed. The job goes to the next free worker. */
static void
feedback_stored(gpointer user_data, const GError *error)
{
	Job *job = user_data;
	job->store_error = error != NULL ? g_error_copy(error) : NULL;
	server_job_ready(job);
}

/* The courier sleeps on this counter. It also wakes by itself when something is due, so a counter that is full loses nothing. */
static void
wake_courier(const Job *job)
{
	if (job->mails > 0 && job->front->wake_descriptor >= 0)
		(void)eventfd_write(job->front->wake_descriptor, 1);
}

void
feedback_conclude(Job *job)
{
	/* 6. Not on disk: the visitor is told so, and the text is still in the form to be sent again. */
	if (job->store_error != NULL) {
		log_error(LOG_STORE_FAILED, job->store_error, "site", job->submission->site, NULL);
		job->mails = 0;
		job_end(job, "mail_failed", "mail_sent_ng");
		return;
	}

	/* 7. On disk: it will be delivered, whatever happens to this process. Only now the visitor reads "sent". */
	wake_courier(job);
	job->outcome.receipt = g_strdup(job->submission->receipt);
	job_end(job, "mail_sent", "mail_sent_ok");
}

/* --- The steps, in the order in which they are taken ----------------------------------------------------------- */

/* Reads the body under the ceilings of base/limits.h. */
static gboolean
read_fields(Job *job)
{
	g_autoptr(GError) error = NULL;
	if (job->request.is_oversized) {
		job_end_with_text(job, "aborted", "fixed.too_large", "params_limit");
		return FALSE;
	}
	job->posted = request_fields(&job->request, &error);
	if (job->posted != NULL)
		return TRUE;
	/* A body that did not come whole is nobody's submission: the visitor or the web server broke off, and nobody listens. */
	if (job->request.is_broken)
		return FALSE;
	if (g_error_matches(error, WIRE_ERROR, WIRE_ERROR_LIMIT))
		job_end_with_text(job, "aborted", "fixed.too_large", error->message);
	else
		job_end_refused(job, &route_refusal_unit_tag, "page.unreadable");
	return FALSE;
}

/* The page's script names the form in the URL, a form without script in a hidden field (contract 2.6). */
static gboolean
find_form_and_fields(Job *job)
{
	if (job->route.kind == ROUTE_FEEDBACK)
		return job_find_form(job, job->route.form_id) && read_fields(job);
	guint64 form_id = 0;
	if (!read_fields(job))
		return FALSE;
	if (route_read_form_id(posted_text(job->posted, "_wpcf7"), &form_id))
		return job_find_form(job, form_id);
	job_end_refused(job, &route_refusal_unit_tag, "page.no_form");
	return FALSE;
}

/* Which copy of the form on the page it was. The script needs it back; a form without script may leave it out. */
static gboolean
find_unit_tag(Job *job)
{
	job->unit_tag = visitor_unit_tag(&job->request, job->posted);
	if (job->unit_tag[0] != '\0' || job->route.kind == ROUTE_PLAIN_POST)
		return TRUE;
	job_end_refused(job, &route_refusal_unit_tag, NULL);
	return FALSE;
}

static void
shape_submission(Job *job)
{
	g_autofree char *receipt = vault_receipt();
	ClientFacts *client = visitor_facts(&job->request, job->posted, job->unit_tag, job->site->facts);
	job->submission = submission_new(job->form, receipt, g_steal_pointer(&job->posted), NULL, client);
}

static gboolean
is_valid(Job *job)
{
	job->outcome.invalid = rules_check(job->form, job->submission);
	if (job->outcome.invalid->len == 0)
		return TRUE;
	job_end(job, "validation_failed", "validation_error");
	return FALSE;
}

static gboolean
is_accepted(Job *job)
{
	if (rules_is_accepted(job->form, job->submission))
		return TRUE;
	job_end(job, "acceptance_missing", "accept_terms");
	return FALSE;
}

/* The outbox keeps no address, only its keyed hash; the courier computes the address again from the form. */
static PlannedDelivery *
planned_delivery_new(Job *job, const PlannedRecipient *recipient)
{
	PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
	g_autofree char *canonical = address_canonical(recipient->address);
	vault_hash(job->front->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient);
	delivery->kind = recipient->kind;
	delivery->is_refused = recipient->refusal != NULL;
	delivery->reason = g_strdup(recipient->refusal);
	return delivery;
}

/*
 * The mails to promise (PlannedDelivery *): refused ones are kept too, so that the owner sees what was asked for. A form in demo mode
 * or with skip_mail promises none, and is kept all the same: Contact Form 7 would store a skipped one and not a demo, but
 * a message that a visitor was thanked for must be findable. If nobody at all would get the message, it is not taken: NULL.
 */
static GPtrArray *
plan_mails(Job *job)
{
	g_autoptr(GPtrArray) recipients = replies_plan(job->form, job->submission);
	g_autoptr(GPtrArray) planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	for (guint i = 0; i < recipients->len; i++) {
		PlannedDelivery *delivery = planned_delivery_new(job, recipients->pdata[i]);
		g_ptr_array_add(planned, delivery);
		job->mails += delivery->is_refused ? 0 : 1;
	}
	if (job->mails > 0 || job->form->is_demo || job->form->is_mail_skipped)
		return g_steal_pointer(&planned);
	log_event(LOG_SITE_UNUSABLE, "site", job->submission->site, "reason",
	    "this submission has no recipient that may be mailed: give [mail] recipient an address of yours", NULL);
	job_end(job, "mail_failed", "mail_sent_ng");
	return NULL;
}

static FeedbackStep
keep(Job *job, const GPtrArray *planned)
{
	g_autoptr(GError) error = NULL;
	const JournalRecord record = {.submission = job->submission,
	    .planned = planned,
	    .purge_at_us = job->submission->client->received_at_us + job->site->retention_us,
	    .is_stored_briefly = submission_is_stored_briefly(job->form, job->submission)};
	JournalEntry *entry = journal_entry_new(job->front->journal, &record);
	if (journal_submit(job->front->journal, entry, feedback_stored, job, &error))
		return FEEDBACK_WAITS;
	/* The journal's queue is full, so the disk cannot keep up: the same to the visitor as a failed commit. */
	job->store_error = g_steal_pointer(&error);
	feedback_conclude(job);
	return FEEDBACK_ENDED;
}
