/*
 * The ends of a job. A submission ends as an Outcome, shown as JSON to the page's script and as a small page to a browser without
 * one; a wrong client ends as a refusal; a question ends as its document. Once a job has ended, nothing in it changes any more.
 */
#include "job.h"

#include <string.h>

#include "count.h"
#include "page.h"
#include "review.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/quiz.h"
#include "server.h"
#include "visitor.h"

Job *
job_new(const Front *front, struct Server *server)
{
	Job *job = g_new0(Job, 1);
	job->front = front;
	job->server = server;
	job->started_us = g_get_monotonic_time();
	return job;
}

void
job_free(Job *job)
{
	if (job == NULL)
		return;
	answer_free(job->answer);
	g_clear_error(&job->store_error);
	outcome_clear(&job->outcome);
	g_strfreev(job->hints);
	judgement_clear(&job->judgement);
	g_clear_pointer(&job->planned, g_ptr_array_unref);
	g_clear_pointer(&job->planned_if_cleared, g_ptr_array_unref);
	g_free(job->earlier_receipt);
	/* What was not taken into the store leaves nothing on the disk. */
	if (job->submission != NULL && !(job->is_kept && job->has_content))
		uploads_remove(job->front->config->data_directory, job->submission->files);
	submission_free(job->submission);
	uploads_free(job->uploads);
	g_free(job->unit_tag);
	posted_free(job->posted);
	if (job->form != NULL)
		form_unref(job->form);
	if (job->site != NULL)
		site_unref(job->site);
	g_free(job);
}

/* --- Finding what is configured ------------------------------------------------------------------------------- */

/* Nobody can send anything until the operator mends it; the visitor is told so in words that keep hope and text. */
static void
end_unusable(Job *job, const char *reason)
{
	if (route_is_submission(&job->route))
		job_end_with_text(job, "mail_failed", "fixed.unavailable", reason);
	else if (job->route.kind == ROUTE_CONFIRM)
		job_end_confirm(job, 503, "page.confirm_later", reason);
	else if (job->route.kind == ROUTE_REVIEW)
		review_end_later(job, reason);
	else
		job_end_refused(job, &route_refusal_form, NULL);
}

gboolean
job_find_site(Job *job)
{
	const char *name = request_param(&job->request, PARAM_SITE);
	g_autoptr(GError) error = NULL;
	if (name[0] == '\0')
		log_event(LOG_SITE_UNUSABLE, "reason",
		    "the web server does not say which site this is: add `fastcgi_param SEKISHO_SITE NAME;`, with the name of a "
		    "folder in sites_directory, where it passes requests to sekisho",
		    NULL);
	else if ((job->site = config_site(job->front->config, name, &error)) != NULL)
		return TRUE;
	else if (g_error_matches(error, CONF_ERROR, CONF_ERROR_NO_SITE))
		log_error(LOG_SITE_UNUSABLE, error, "site", name, "hint",
		    "fastcgi_param SEKISHO_SITE must be the name of a folder in sites_directory", NULL);
	else
		log_error(LOG_SITE_UNUSABLE, error, "site", name, NULL);
	end_unusable(job, "no_site");
	return FALSE;
}

gboolean
job_find_form(Job *job, guint64 form_id)
{
	g_autoptr(GError) error = NULL;
	job->route.form_id = form_id;
	job->form = site_form(job->site, form_id, &error);
	if (job->form != NULL)
		return TRUE;
	if (g_error_matches(error, CONF_ERROR, CONF_ERROR_NO_FORM)) {
		job_end_refused(job, &route_refusal_form, "page.unknown_form");
		return FALSE;
	}
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, form_id);
	log_error(LOG_SITE_UNUSABLE, error, "site", job->site->facts->name, "form", form, NULL);
	end_unusable(job, "form_unusable");
	return FALSE;
}

/* --- Waiting ------------------------------------------------------------------------------------------------------ */

/* Called by the journal's thread after the commit, or after it failed. */
void
job_stored(gpointer user_data, const JournalOutcome *outcome)
{
	Job *job = user_data;
	job->store_error = outcome->error != NULL ? g_error_copy(outcome->error) : NULL;
	job->earlier_receipt = g_strdup(outcome->earlier_receipt);
	job->earlier_status = outcome->earlier_status;
	job->is_kept = outcome->error == NULL && outcome->earlier_receipt == NULL && outcome->is_kept;
	server_job_ready(job);
}

/* --- Ending ------------------------------------------------------------------------------------------------------ */

const char *
job_locale(const Job *job)
{
	if (job->form != NULL)
		return job->form->source->locale;
	return page_locale(
	    request_param(&job->request, PARAM_ACCEPT_LANGUAGE), job->site != NULL ? site_locale(job->site) : "en");
}

/* The page with the form. Without the form's own #fragment: the browser has posted to that very address, and a link that only adds a
 * fragment to the address one is at leads nowhere. */
static char *
back_url(const Job *job)
{
	return job->site != NULL ? visitor_page(&job->request, job->site->facts) : g_strdup("");
}

/* What the store has of it, where that is not simply what the visitor was told. */
static const char *
kept_as(const Job *job)
{
	const FindingAction action = judge_action(job);
	if (job->is_repeated || (action != FINDING_HOLD && action != FINDING_REJECT))
		return NULL;
	if (!job->is_kept)
		return "counted";
	return action == FINDING_HOLD ? "held" : "rejected";
}

/* Since the request came. The caller's. */
static char *
duration_ms(const Job *job)
{
	return g_strdup_printf("%" G_GINT64_FORMAT, (g_get_monotonic_time() - job->started_us) / G_TIME_SPAN_MILLISECOND);
}

/* By which the submission can be found; NULL if nothing of it is there. */
static const char *
logged_receipt(const Job *job)
{
	if (job->is_repeated)
		return job->outcome.receipt;
	return job->is_kept ? job->submission->receipt : NULL;
}

/* With which finding the gate decided, and by how many points. */
static void
log_submission(const Job *job, const char *form, const char *status)
{
	const Verdict *verdict = job->judgement.verdict;
	const Finding *decisive = verdict != NULL ? verdict_decisive(verdict) : NULL;
	const char *check = decisive != NULL ? check_name(decisive->check) : NULL;
	const char *code = decisive != NULL ? decisive->code : NULL;
	g_autofree char *mails = g_strdup_printf("%u", job->mails);
	g_autofree char *points = verdict != NULL && verdict->points > 0 ? g_strdup_printf("%u", verdict->points) : NULL;
	g_autofree char *ms = duration_ms(job);
	if (job->is_repeated) {
		check = check_name(CHECK_DUPLICATES);
		code = "repetition";
	} else if (job->is_hinted) {
		check = check_name(CHECK_SENDER);
		code = "address_hint";
	}
	log_event(LOG_SUBMISSION, "receipt", logged_receipt(job), "site", job->submission->site, "form", form, "status", status,
	    "kept", kept_as(job), "check", check, "code", code, "points", points, "mails", mails, "ms", ms, NULL);
}

/* One line for every submission, or pressed link; one of another kind for what never became one. Nothing a visitor typed is in it. */
static void
log_end(const Job *job, const char *status, const char *reason)
{
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, job->route.form_id);
	g_autofree char *ms = duration_ms(job);
	if (job->submission != NULL)
		log_submission(job, form, status);
	else if (job->is_kept && job->site != NULL)
		log_event(LOG_PRESSED, "site", job->site->facts->name, "ms", ms, NULL);
	else
		log_event(LOG_REFUSED, "site", job->site != NULL ? job->site->facts->name : NULL, "form",
		    job->route.form_id != 0 ? form : NULL, "status", status, "reason", reason, NULL);
}

GVariant *
job_quiz(const Job *job)
{
	if (job->form == NULL || !quiz_is_asked(job->form))
		return NULL;
	return g_variant_ref_sink(quiz_questions(job->form, job->front->vault));
}

/* Contract 2.1: nothing that failed before it was worth repeating has a hash. */
static char *
posted_data_hash(const Job *job, const char *status)
{
	static const char *const without[] = {"validation_failed", "acceptance_missing", "spam", NULL};
	if (job->submission == NULL || g_strv_contains(without, status))
		return g_strdup("");
	return answer_posted_data_hash(job->front->vault, job->submission);
}

/* The origin is borrowed from the site, which the job keeps longer than the answer. */
static void
give_answer(Job *job, Answer *answer)
{
	/* What a link shows is for whoever reads the mail, and for no other page's script. */
	const gboolean is_shared = job->site != NULL && !answer->is_link;
	answer->origin = is_shared ? visitor_origin(&job->request, job->site->facts) : NULL;
	job->answer = answer;
}

static void
end_outcome(Job *job, const char *status, char *message, const char *reason)
{
	Outcome *outcome = &job->outcome;
	outcome->form_id = job->route.form_id;
	outcome->status = status;
	outcome->message = message;
	outcome->posted_data_hash = posted_data_hash(job, status);
	outcome->unit_tag = g_strdup(job->unit_tag != NULL ? job->unit_tag : "");
	outcome->quiz = job_quiz(job);
	outcome->locale = job_locale(job);
	outcome->is_demo = job->form != NULL && job->form->is_demo;
	if (job->route.kind == ROUTE_PLAIN_POST) {
		g_autofree char *back = back_url(job);
		const PageFrame frame = {.locale = job_locale(job), .back_url = back, .form = job->form};
		give_answer(job, page_outcome(outcome, &frame));
	} else {
		give_answer(job, answer_outcome(outcome));
	}
	if (outcome->receipt != NULL && job->submission->client->canary[0] != '\0')
		job->answer->receipt = g_strdup(outcome->receipt);
	if (job->submission != NULL)
		count_submission(job);
	log_end(job, status, reason);
}

void
job_end(Job *job, const char *status, const char *message_key)
{
	const guint invalid_count = job->outcome.invalid != NULL ? job->outcome.invalid->len : 0;
	end_outcome(job, status, mailtag_message(job->form, job->submission, message_key, invalid_count), NULL);
}

void
job_end_with_text(Job *job, const char *status, const char *text_id, const char *reason)
{
	end_outcome(job, status, g_strdup(text_for(job_locale(job), text_id)), reason);
}

void
job_end_wait(Job *job, guint wait_s)
{
	const guint minutes = (wait_s + 59) / 60;
	const gboolean is_hours = minutes > 90;
	g_autofree char *count = g_strdup_printf("%u", is_hours ? (minutes + 59) / 60 : minutes);
	const TextPlace places[] = {{"count", count}, {NULL, NULL}};
	const char *several = is_hours ? "gate.wait_hours" : "gate.wait_minutes";
	end_outcome(
	    job, "aborted", text_fill(text_for(job_locale(job), minutes == 1 ? "gate.wait_minute" : several), places), NULL);
	job->answer->retry_after_s = wait_s;
}

void
job_end_refused(Job *job, const RouteRefusal *refusal, const char *text_id)
{
	g_autofree char *status = g_strdup_printf("%u", refusal->status);
	if (job->route.kind == ROUTE_PLAIN_POST) {
		g_autofree char *back = back_url(job);
		const PageFrame frame = {.locale = job_locale(job), .back_url = back};
		give_answer(job, page_refusal(refusal->status, text_id, &frame));
	} else {
		give_answer(job, answer_refusal(refusal, job->route.allow));
	}
	log_end(job, status, refusal->code);
}

void
job_end_confirm(Job *job, guint status, const char *text_id, const char *reason)
{
	const PageFrame frame = {.locale = job_locale(job), .back_url = ""};
	job_end_page(job, page_confirm_end(status, text_id, &frame), reason);
}

void
job_end_page(Job *job, Answer *answer, const char *reason)
{
	g_autofree char *status = g_strdup_printf("%u", answer->status);
	give_answer(job, answer);
	log_end(job, status, reason);
}

void
job_end_with_answer(Job *job, Answer *answer)
{
	give_answer(job, answer);
}
