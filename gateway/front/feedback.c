/*
 * One submission's life, told from top to bottom. This is the heart of the front; everything else serves it.
 *
 *     feedback_receive     which form is it for? what was typed? is it complete? is it spam? which mails may it cause?
 *                          -> handed to the journal
 *           ... the journal commits all that waits with one fsync; the job waits there, and no thread waits with it ...
 *     feedback_conclude    it is on disk, and the courier is awake: tell the visitor
 *
 * Two promises are kept here. The visitor reads "sent" only after the submission and the promise of its mails were committed and
 * synced, so whatever breaks afterwards costs time and never the message. And the addresses that mails go to come from
 * policy/replies.c alone; one that a visitor typed is mailed only once it has proved itself (link.c), and by nobody here.
 *
 * Each step below either lets the job go on or ends it with an answer (job_end and its kin) and says FALSE. An answer to a
 * real visitor is always HTTP 200 with a status word, because the page's script would hang on anything else (contract 2.3).
 * Nothing here blocks on the disk or the network, except reading a site's files and keeping uploaded ones.
 */
#include "feedback.h"

#include <string.h>

#include "hints.h"
#include "inquiry.h"
#include "link.h"
#include "probe.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/form/quiz.h"
#include "sekisho/form/rules.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/spool.h"
#include "sekisho/wire/address.h"
#include "visitor.h"

static gboolean find_form_and_fields(Job *job);
static gboolean find_unit_tag(Job *job);
static gboolean is_for_everybody(Job *job);
static void shape_submission(Job *job);
static gboolean is_valid(Job *job);
static gboolean is_accepted(Job *job);
static gboolean is_every_file_valid(Job *job);
static GPtrArray *plan_mails(Job *job);
static FeedbackStep keep(Job *job, const GPtrArray *planned);

FeedbackStep
feedback_receive(Job *job)
{
	/* 1. Which door? Only two lead to a submission: the page's script, and a form sent without script. A link of ours has a story of its own. */
	const RouteInput input = {.method = request_param(&job->request, PARAM_METHOD),
	    .uri = request_param(&job->request, PARAM_URI),
	    .content_type = request_param(&job->request, PARAM_CONTENT_TYPE)};
	route_find(&input, &job->route);
	if (probe_answer(job))
		return FEEDBACK_ENDED;
	if (job->route.kind == ROUTE_CONFIRM)
		return link_receive(job);
	if (!route_is_submission(&job->route)) {
		inquiry_answer(job);
		return FEEDBACK_ENDED;
	}

	/* 2. Whose form is it, and what did the visitor send? */
	if (!job_find_site(job) || !probe_is_canary_true(job) || !find_form_and_fields(job) || !find_unit_tag(job) ||
	    !is_for_everybody(job))
		return FEEDBACK_ENDED;

	/* 3. Shaped by the form it becomes a submission. What is missing or wrong goes straight back to the visitor. */
	shape_submission(job);
	if (!is_valid(job) || !is_accepted(job))
		return FEEDBACK_ENDED;

	/* 4. Spam goes on, but without mails: a check may be wrong, so what it stopped is kept as it came and can be found. */
	job->spam = spam_find(job->submission, job->site->disallowed_words);
	if (job->spam.agent == NULL && !is_every_file_valid(job))
		return FEEDBACK_ENDED;

	/* 5. Which mails may it cause? */
	g_autoptr(GPtrArray) planned = plan_mails(job);
	if (planned == NULL)
		return FEEDBACK_ENDED;

	/* 6. To the journal. Here the job may wait. */
	return keep(job, planned);
}

void
feedback_conclude(Job *job)
{
	if (job->route.kind == ROUTE_CONFIRM) {
		link_conclude(job);
		return;
	}

	/* 7. Not on disk: the visitor is told so, and the text is still in the form to be sent again. */
	if (job->store_error != NULL) {
		log_error(LOG_STORE_FAILED, job->store_error, "site", job->submission->site, NULL);
		job->mails = 0;
		job_end(job, "mail_failed", "mail_sent_ng");
		return;
	}

	/* 8. On disk: it will be delivered, whatever happens to this process. Only now the visitor reads "sent". */
	job->is_kept = TRUE;
	if (job->spam.agent != NULL) {
		job_end(job, "spam", "spam");
		return;
	}
	job->outcome.hints = g_steal_pointer(&job->hints);
	job->outcome.receipt = g_strdup(job->submission->receipt);
	job_end(job, "mail_sent", "mail_sent_ok");
}

/* --- The steps, in the order in which they are taken ----------------------------------------------------------- */

/* The page's script finds its form by the unit tag, if that came before what was too much. */
static gboolean
refuse_too_large(Job *job, const char *reason)
{
	job->unit_tag = visitor_unit_tag(&job->request, job->posted);
	job_end_with_text(job, "aborted", "fixed.too_large", reason);
	return FALSE;
}

/* Reads the body under the ceilings of base/limits.h. */
static gboolean
read_fields(Job *job)
{
	g_autoptr(GError) error = NULL;
	if (job->request.is_oversized)
		return refuse_too_large(job, "params_limit");
	job->uploads = uploads_new(job->front->config->data_directory, job->form);
	const gboolean is_read = request_fields(&job->request, job->uploads, &job->posted, &error);
	/* The visitor reads it under the field; the operator here. */
	if (uploads_error(job->uploads) != NULL)
		log_error(LOG_STORE_FAILED, uploads_error(job->uploads), "site", job->site->facts->name, NULL);
	if (is_read)
		return TRUE;
	/* A body that did not come whole is nobody's submission: the visitor or the web server broke off, and nobody listens. */
	if (job->request.is_broken)
		return FALSE;
	if (g_error_matches(error, WIRE_ERROR, WIRE_ERROR_LIMIT))
		return refuse_too_large(job, error->message);
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
	if (route_read_posted_id(posted_text(job->posted, "_wpcf7"), &form_id)) {
		if (!job_find_form(job, form_id))
			return FALSE;
		uploads_fit(job->uploads, job->form);
		return TRUE;
	}
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

/* Who is logged in is known to WordPress alone, so to us every visitor is a guest (contract 8.5). */
static gboolean
is_for_everybody(Job *job)
{
	if (!job->form->is_for_subscribers)
		return TRUE;
	job_end_with_text(job, "error", "fixed.subscribers_only", "subscribers_only");
	return FALSE;
}

static void
shape_submission(Job *job)
{
	g_autofree char *receipt = vault_receipt();
	ClientFacts *client = visitor_facts(&job->request, job->posted, job->unit_tag, job->site->facts);
	job->submission = submission_new(job->form, receipt, g_steal_pointer(&job->posted), uploads_take(job->uploads), client);
}

/* Takes `invalid`; what is in it ends the job. */
static gboolean
is_flawless(Job *job, GPtrArray *invalid)
{
	g_clear_pointer(&job->outcome.invalid, g_ptr_array_unref);
	job->outcome.invalid = invalid;
	if (invalid->len == 0)
		return TRUE;
	job_end(job, "validation_failed", "validation_error");
	return FALSE;
}

static gboolean
is_valid(Job *job)
{
	g_autoptr(GError) error = NULL;
	char *wordpress_key = quiz_is_asked(job->form) ? site_wordpress_key(job->site, &error) : NULL;
	if (error != NULL)
		log_error(LOG_SITE_UNUSABLE, error, "site", job->submission->site, NULL);
	const QuizKeys keys = {.vault = job->front->vault, .wordpress_key = wordpress_key};
	GPtrArray *invalid = rules_check(job->form, job->submission, &keys);
	password_free(wordpress_key);
	return is_flawless(job, invalid);
}

static gboolean
is_accepted(Job *job)
{
	if (rules_is_accepted(job->form, job->submission))
		return TRUE;
	job_end(job, "acceptance_missing", "accept_terms");
	return FALSE;
}

/* After acceptance and spam, as in Contact Form 7 (contract 3, step 6): a visitor hears of a bad file last. */
static gboolean
is_every_file_valid(Job *job)
{
	return is_flawless(job, rules_check_files(job->form, job->submission));
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

/* Whether an address may never prove itself is nobody's to foresee. */
static gboolean
is_sure(const PlannedRecipient *recipient)
{
	return recipient->refusal == NULL && !recipient->is_typed;
}

/*
 * The mails to promise (PlannedDelivery *), those that wait for an address's proof among them: none for spam; refused ones are kept too, so that the owner sees what was asked for. A form in demo mode
 * or with skip_mail promises none, and is kept all the same: Contact Form 7 would store a skipped one and not a demo, but
 * a message that a visitor was thanked for must be findable. If nobody would surely get the message, it is not taken: NULL.
 */
static GPtrArray *
plan_mails(Job *job)
{
	g_autoptr(GPtrArray) planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	if (job->spam.agent != NULL)
		return g_steal_pointer(&planned);
	g_autoptr(GPtrArray) recipients = replies_plan(job->form, job->submission);
	for (guint i = 0; i < recipients->len; i++) {
		PlannedDelivery *delivery = planned_delivery_new(job, recipients->pdata[i]);
		g_ptr_array_add(planned, delivery);
		job->mails += is_sure(recipients->pdata[i]) ? 1 : 0;
	}
	job->hints = hints_of(job->form, recipients);
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
	job->has_content = journal_keeps_content(&record);
	/* Only now it is known that the files are wanted, and they must be durable before a row names them. */
	const gboolean is_durable =
	    !job->has_content || spool_sync(job->front->config->data_directory, job->submission->files, &error);
	if (is_durable &&
	    journal_submit(job->front->journal, journal_entry_new(job->front->journal, &record), job_stored, job, &error))
		return FEEDBACK_WAITS;
	/* The files are not safe, or the journal's queue is full because the disk cannot keep up: the same to the visitor as a failed commit. */
	job->store_error = g_steal_pointer(&error);
	feedback_conclude(job);
	return FEEDBACK_ENDED;
}
