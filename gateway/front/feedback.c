/*
 * One submission's life, told from top to bottom. This is the heart of the front; everything else serves it.
 *
 *     feedback_receive     which form is it for? what was typed? is it complete? what do the checks of the gate see in it?
 *           ... the very same that is on its way already goes first ...
 *     feedback_continue    what is to be asked before anybody else is troubled?
 *           ... admission says whether it was sent a moment ago, and whether there is room for one more ...
 *     feedback_continue    who else must be asked?
 *           ... the captcha's service and the DNS say what they know, both at once ...
 *     feedback_continue    the verdict. Which mails may it cause? -> handed to the journal
 *           ... the journal commits all that waits with one fsync ...
 *     feedback_continue    it is on disk, and the courier is awake: tell the visitor
 *
 * Wherever it says "...", the job waits and no thread waits with it: whoever is asked gives it back (server_job_ready), and the next free worker goes on at job->stage. What
 * need not be asked is left out, and then the same worker goes on.
 *
 * Two promises are kept here. The visitor reads "sent" only after the submission and the promise of its mails were committed and
 * synced, so whatever breaks afterwards costs time and never the message. And the addresses that mails go to come from
 * policy/replies.c alone; one that a visitor typed is mailed only once it has proved itself (link.c), and by nobody here.
 * A third one is the gate's (judge.c, policy/gate.h): whoever is sent away reads what to do, and what is held or refused is kept, because a check may be wrong.
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
#include "promise.h"
#include "recheck.h"
#include "review.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/formtag.h"
#include "sekisho/form/quiz.h"
#include "sekisho/form/rules.h"
#include "sekisho/policy/replies.h"
#include "visitor.h"

static gboolean find_form_and_fields(Job *job);
static gboolean find_unit_tag(Job *job);
static gboolean is_for_everybody(Job *job);
static void shape_submission(Job *job);
static gboolean is_valid(Job *job);
static gboolean is_accepted(Job *job);
static gboolean is_every_file_valid(Job *job);
static gboolean is_new(Job *job);
static gboolean may_stay(Job *job);
static void conclude(Job *job);

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
	if (job->route.kind == ROUTE_REVIEW)
		return review_receive(job);
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

	/* 4. The checks that need nobody's answer. What they refuse goes on, without mails, to be kept as it came. */
	judge_examine(job);
	if (!judge_is_refused(job) && !is_every_file_valid(job))
		return FEEDBACK_ENDED;

	/* 5. Twice the same at once is a double click: the first one goes on, and the other may wait here to have its answer. */
	job->stage = STAGE_TWIN;
	return judge_wait_for_twin(job) ? FEEDBACK_WAITS : feedback_continue(job);
}

static FeedbackStep
go_on(Job *job)
{
	switch (job->stage) {
	case STAGE_TWIN:
		/* 6. Was it sent a moment ago? Is there room? Here the job may wait. */
		job->stage = STAGE_ADMISSION;
		if (judge_ask_admission(job))
			return FEEDBACK_WAITS;
		/* fall through */
	case STAGE_ADMISSION:
		if (judge_take_admission(job))
			return FEEDBACK_WAITS;
		/* 7. The same again has the same answer; one who may have mistyped the address is asked. */
		if (!is_new(job))
			return FEEDBACK_ENDED;

		/* 8. Captcha and sender's domain. Here it may wait again. */
		job->stage = STAGE_SERVICES;
		if (judge_ask_services(job))
			return FEEDBACK_WAITS;
		/* fall through */
	case STAGE_SERVICES:
		judge_take_services(job);
		job->stage = STAGE_CEILING;
		if (judge_ask_ceiling(job))
			return FEEDBACK_WAITS;
		/* fall through */
	case STAGE_CEILING:
		judge_take_ceiling(job);

		/* 9. The verdict. Who may stay: which mails may it cause? */
		judge_decide(job);
		if (!may_stay(job) || !promise_plan(job))
			return FEEDBACK_ENDED;

		/* 10. To the journal. Here it may wait for the last time. */
		job->stage = STAGE_JOURNAL;
		if (promise_keep(job))
			return FEEDBACK_WAITS;
		/* fall through */
	case STAGE_JOURNAL:
		conclude(job);
		return FEEDBACK_ENDED;
	default:
		g_assert_not_reached();
	}
}

FeedbackStep
feedback_continue(Job *job)
{
	const FeedbackStep step = go_on(job);
	if (step == FEEDBACK_ENDED)
		judge_end_twin(job);
	return step;
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

/* Behind proxies the client is who they say; and who cannot be told apart from all others is told to the operator. */
static void
identify_client(const Job *job, ClientFacts *client)
{
	const Front *front = job->front;
	const char *peer = request_param(&job->request, PARAM_REMOTE_ADDR);
	char *address = proxies_client((const char *const *)front->config->trusted_proxies, peer,
	    request_header(&job->request, front->config->proxy_header));
	/* The port is the proxy's then. */
	if (strcmp(address, client->remote_ip) != 0)
		client->remote_port = 0;
	g_free(client->remote_ip);
	client->remote_ip = address;
	g_free(client->fingerprint);
	client->fingerprint = fingerprints_of(front->fingerprints, front->vault, &job->request);
	if (one_address_note(front->one_address, address))
		log_event(LOG_ONE_ADDRESS, "reason",
		    "all submissions since the start come from one address, so limits and lists take all visitors for one: if "
		    "the web server "
		    "stands behind a proxy, let it find the visitor's address (nginx: set_real_ip_from and real_ip_header; "
		    "Apache: mod_remoteip) "
		    "or name the proxy in [gateway] trusted_proxies, and see that it passes REMOTE_ADDR to sekisho",
		    NULL);
}

static void
shape_submission(Job *job)
{
	g_autofree char *receipt = vault_receipt();
	ClientFacts *client = visitor_facts(&job->request, job->posted, job->unit_tag, job->site->facts);
	identify_client(job, client);
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

/* --- What the gate says to the visitor ---------------------------------------------------------------------------------- */

static void
end_kept(Job *job, SubmissionStatus status, const char *receipt)
{
	const gboolean is_held = status == SUBMISSION_HELD;
	job->outcome.hints = g_steal_pointer(&job->hints);
	job->outcome.receipt = g_strdup(receipt);
	job->outcome.is_receipt_told = is_held;
	job_end(job, "mail_sent", is_held ? "held" : "mail_sent_ok");
}

/* Twice the same: a double click, a reload, or a second try because the first answer was lost. What was said then holds. */
static void
end_repeated(Job *job, SubmissionStatus status, const char *receipt)
{
	g_autoptr(GPtrArray) recipients = replies_plan(job->form, job->submission);
	g_strfreev(g_steal_pointer(&job->hints));
	if (status != SUBMISSION_HELD)
		job->hints = hints_of(job->form, recipients);
	job->mails = 0;
	job->is_repeated = TRUE;
	end_kept(job, status, receipt);
}

static void
end_hinted(Job *job)
{
	const Judgement *judgement = &job->judgement;
	const TextPlace places[] = {{"address", judgement->hint_address}, {NULL, NULL}};
	const FormTag *tag = form_tag(job->form, judgement->hint_field);
	InvalidField *invalid = g_new0(InvalidField, 1);
	invalid->field = g_strdup(judgement->hint_field);
	invalid->message = text_fill(text_for(job_locale(job), "gate.address_hint"), places);
	invalid->idref = tag != NULL ? formtag_id(tag) : NULL;
	g_clear_pointer(&job->outcome.invalid, g_ptr_array_unref);
	job->outcome.invalid = g_ptr_array_new_with_free_func((GDestroyNotify)invalid_field_free);
	g_ptr_array_add(job->outcome.invalid, invalid);
	job->is_hinted = TRUE;
	job_end(job, "validation_failed", "validation_error");
}

static gboolean
is_new(Job *job)
{
	const Judgement *judgement = &job->judgement;
	if (judge_earlier(job) != NULL)
		end_repeated(job, judgement->admitted.earlier_status, judge_earlier(job));
	else if (judge_is_hint_due(job))
		end_hinted(job);
	else
		return TRUE;
	return FALSE;
}

static gboolean
may_stay(Job *job)
{
	if (judge_action(job) == FINDING_WAIT)
		job_end_wait(job, judge_wait_s(job));
	else if (judge_action(job) == FINDING_AGAIN)
		job_end_with_text(job, "aborted", "gate.captcha_again", NULL);
	else if (job->judgement.is_counted_only)
		job_end(job, "spam", "spam");
	else
		return TRUE;
	return FALSE;
}

/* --- The end ------------------------------------------------------------------------------------------------------------ */

/* The operator hears why `sekisho held` does not have it. */
static void
end_refused(Job *job)
{
	const char *site = job->submission->site;
	if (!job->is_kept && hourly_is_due(job->front->full, site))
		log_event(LOG_NOT_KEPT, "site", site, "reason",
		    "refused submissions are only counted now, because the site's quota of them is used up or one alone is "
		    "larger than a hundredth of it; raise [rejected] bytes, or lower keep, if you want to look at them",
		    NULL);
	job_end(job, "spam", "spam");
}

static void
conclude(Job *job)
{
	if (job->route.kind == ROUTE_CONFIRM) {
		link_conclude(job);
		return;
	}
	if (job->route.kind == ROUTE_REVIEW) {
		review_conclude(job);
		return;
	}

	/* 11. Not on disk: the visitor is told so, and the text is still in the form to be sent again. */
	if (job->store_error != NULL) {
		log_error(LOG_STORE_FAILED, job->store_error, "site", job->submission->site, NULL);
		job->mails = 0;
		job_end(job, "mail_failed", "mail_sent_ng");
		return;
	}

	/* 12. Two of the same came at once, and the other was first. */
	if (job->earlier_receipt != NULL) {
		end_repeated(job, job->earlier_status, job->earlier_receipt);
		return;
	}

	/* 13. On disk: it will be delivered, whatever happens to this process. Only now the visitor reads "sent". */
	if (judge_action(job) == FINDING_REJECT) {
		end_refused(job);
		return;
	}
	if (job->planned_if_cleared != NULL)
		rechecks_add(job->front->rechecks, job, job->planned_if_cleared);
	if (judge_action(job) == FINDING_PASS)
		judge_learn(job);
	end_kept(job, promise_status(job), job->submission->receipt);
}
