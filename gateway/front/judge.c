/*
 * Input for the gate's checks, admission, and the verdict; captcha and DNS are judge_services.c. A job that waits for an answer belongs to whoever is asked; the answer is copied into its
 * Judgement by the thread that brings it, and server_job_ready hands the job to a worker.
 *
 * Nobody is turned away because something of ours cannot answer: what could not be looked at is noted and counts nothing. The exception is a captcha, which the owner demanded: without the
 * service's word a person looks (policy/captcha.h). Without counters.db an ALTCHA proof may be used again while it lives, and unchecked notices have no ceiling.
 */
#include "judge.h"

#include <string.h>

#include "count.h"
#include "job.h"
#include "seen.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/altcha.h"
#include "sekisho/policy/sender.h"
#include "server.h"

/* A hint about an address is given once within this time. */
#define HINT_US G_TIME_SPAN_HOUR

void
judgement_clear(Judgement *judgement)
{
	g_clear_pointer(&judgement->findings, g_ptr_array_unref);
	verdict_free(judgement->verdict);
	g_free(judgement->hint_address);
	g_clear_pointer(&judgement->charges, g_array_unref);
	g_free(judgement->earlier_receipt);
	g_clear_error(&judgement->admission_error);
	captcha_answer_clear(&judgement->captcha);
	for (guint i = 0; i < judgement->domain_count; i++)
		g_free(judgement->domains[i].name);
}

/* --- What stands so far --------------------------------------------------------------------------------------------- */

gboolean
judgement_is_stopped(const Judgement *judgement)
{
	for (guint i = 0; i < judgement->findings->len; i++) {
		const Finding *finding = judgement->findings->pdata[i];
		if (!finding->is_dry_run && finding->action >= FINDING_WAIT)
			return TRUE;
	}
	return FALSE;
}

gboolean
judgement_is_exempt(const Judgement *judgement)
{
	for (guint i = 0; i < judgement->findings->len; i++) {
		const Finding *finding = judgement->findings->pdata[i];
		if (finding->check == CHECK_LISTS && finding->action == FINDING_PASS && !finding->is_dry_run)
			return TRUE;
	}
	return FALSE;
}

gboolean
judge_is_refused(const Job *job)
{
	return job->judgement.policy != NULL && gate_is_refused(job->judgement.findings);
}

CheckMode
judge_mode(const Job *job, Check check)
{
	return job->judgement.policy->modes[check];
}

/* --- At once -------------------------------------------------------------------------------------------------------- */

/* A proof of work is verified here, and a token that is missing is nobody's to ask. */
static void
look_at_token(Job *job)
{
	Judgement *judgement = &job->judgement;
	const CaptchaSettings *settings = &judgement->policy->captcha;
	const char *token = captcha_token(settings, job->submission->posted);
	if (settings->service == CAPTCHA_NONE || judge_mode(job, CHECK_CAPTCHA) == CHECK_OFF ||
	    gate_is_refused(judgement->findings))
		return;
	if (token[0] == '\0') {
		judgement->captcha = (CaptchaAnswer){.outcome = CAPTCHA_ASK_AGAIN,
		    .code = "missing",
		    .what = g_strdup("The form brought no token of its captcha.")};
	} else if (settings->service == CAPTCHA_ALTCHA) {
		const AltchaRequest request = {
		    .site = job->site->facts->name, .form_id = job->route.form_id, .cost = settings->altcha_cost};
		judgement->token_until_us =
		    altcha_verify(job->front->vault, &request, token, &judgement->captcha, &judgement->token);
	} else {
		g_autofree char *said = g_strconcat(captcha_service_name(settings->service), "\n", token, NULL);
		vault_hash(job->front->vault, VAULT_HASH_CHALLENGE, said, strlen(said), &judgement->token);
		judgement->token_until_us = clock_now_us() + MAX(settings->maximum_age_us, G_TIME_SPAN_HOUR);
		return;
	}
	captcha_judge(judge_mode(job, CHECK_CAPTCHA), &judgement->captcha, judgement->findings);
}

void
judge_examine(Job *job)
{
	Judgement *judgement = &job->judgement;
	/* An operator's own test is not a visitor's. */
	if (job->submission->client->canary[0] != '\0')
		return;
	judgement->policy = site_gate(job->site, job->route.form_id);
	judgement->findings = findings_new();
	judgement->trap = seen_look(job);
	g_autoptr(Lists) lists = lists_watch_current(job->front->lists);
	g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(guint64));
	const GateInput input = {.form = job->form,
	    .submission = job->submission,
	    .policy = judgement->policy,
	    .disallowed_words = job->site->disallowed_words,
	    .lists = lists,
	    .vault = job->front->vault,
	    .trap = judgement->trap};
	gate_examine(&input, judgement->findings, hits);
	count_list_hits(job, hits);
	look_at_token(job);
}

/* --- The same at the same time --------------------------------------------------------------------------------------- */

gboolean
judge_wait_for_twin(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (judgement->policy == NULL)
		return FALSE;
	submission_repetition(job->submission, job->front->vault, captcha_fields(), &judgement->repetition);
	judgement->is_repetition_known = judge_mode(job, CHECK_DUPLICATES) == CHECK_ON;
	/* What is refused has no answer that another one could be given, and nothing to wait for. */
	if (!judgement->is_repetition_known || gate_is_refused(judgement->findings))
		return FALSE;
	return !twins_enter(job->front->twins, &judgement->repetition, job, &job->led);
}

void
judge_end_twin(Job *job)
{
	if (job->led != NULL)
		twins_leave(job->front->twins, g_steal_pointer(&job->led), job,
		    job->is_kept || job->is_repeated ? TWIN_KEPT : TWIN_FAILED);
}

/* Whoever clicks twice reads the same twice, and is charged once: what the leader was told that a second look would not change. */
static void
learn_from(Judgement *judgement, const Job *leader)
{
	const Judgement *first = &leader->judgement;
	const gboolean is_token_same =
	    first->token_until_us > 0 && judgement->token_until_us > 0 && vault_hash_equal(&first->token, &judgement->token);
	judgement->is_twin_hinted = first->admitted.is_hint_new;
	judgement->is_twin_refused = is_token_same && judge_action(leader) == FINDING_AGAIN;
}

void
judge_resume(gpointer user_data, Twin *led, gconstpointer leader)
{
	Job *job = user_data;
	job->led = led;
	if (leader != NULL)
		learn_from(&job->judgement, leader);
	server_job_ready(job);
}

/* --- Admission ------------------------------------------------------------------------------------------------------ */

/* What was said is copied: it is borrowed for the call. */
static void
keep_admission(Judgement *judgement, const AdmissionAnswer *answer)
{
	g_clear_error(&judgement->admission_error);
	judgement->admitted = *answer;
	if (answer->error != NULL)
		judgement->admission_error = g_error_copy(answer->error);
	if (answer->earlier_receipt != NULL)
		judgement->earlier_receipt = g_strdup(answer->earlier_receipt);
	judgement->admitted.error = judgement->admission_error;
	judgement->admitted.earlier_receipt = judgement->earlier_receipt;
}

/* Admission's thread. */
static void
admission_done(gpointer user_data, const AdmissionAnswer *answer)
{
	Job *job = user_data;
	keep_admission(&job->judgement, answer);
	server_job_ready(job);
}

gboolean
judge_ask(Job *job, const AdmissionRequest *request)
{
	if (job->front->admission != NULL && admission_ask(job->front->admission, request, admission_done, job))
		return TRUE;
	job->judgement.admitted = (AdmissionAnswer){.charged.is_allowed = TRUE};
	return FALSE;
}

/* The hint is given once for an address. FALSE if there is nothing to hint at. */
static gboolean
find_hint(Job *job, VaultHash *hint)
{
	Judgement *judgement = &job->judgement;
	if (judge_mode(job, CHECK_SENDER) != CHECK_ON || judgement_is_exempt(judgement) || judgement->hint_address != NULL)
		return FALSE;
	judgement->hint_address = sender_meant(job->form, job->submission, &judgement->hint_field);
	if (judgement->hint_address == NULL)
		return FALSE;
	g_autofree char *said = g_strdup_printf("hint\n%s\n%s\n%s\n%s", job->submission->site, job->submission->client->remote_ip,
	    job->submission->client->unit_tag, judgement->hint_address);
	vault_hash(job->front->vault, VAULT_HASH_COUNTER, said, strlen(said), hint);
	return TRUE;
}

/* A refused one is counted among its network's refused ones, and among nothing else. */
static void
add_charges(Job *job, GArray *charges)
{
	Judgement *judgement = &job->judgement;
	const GatePolicy *policy = judgement->policy;
	if (gate_is_refused(judgement->findings)) {
		const CounterCharge charge =
		    rate_charge(RATE_REJECTED, &policy->rates[RATE_REJECTED], job->submission, job->front->vault);
		g_array_append_val(charges, charge);
	} else if (!judgement_is_stopped(judgement) && judge_mode(job, CHECK_RATE) != CHECK_OFF) {
		rate_charges(policy->rates, job->form, job->submission, job->front->vault, charges);
	}
}

static gboolean
ask_with(Job *job, gboolean is_repetition_asked)
{
	Judgement *judgement = &job->judgement;
	VaultHash hint;
	g_clear_pointer(&judgement->charges, g_array_unref);
	judgement->charges = g_array_new(FALSE, FALSE, sizeof(CounterCharge));
	const GArray *charges = judgement->charges;
	add_charges(job, judgement->charges);
	const gboolean is_going_on = !judgement_is_stopped(judgement);
	const AdmissionRequest request = {.is_repetition_asked = is_repetition_asked,
	    .repetition = judgement->repetition,
	    .hint = is_going_on && find_hint(job, &hint) ? &hint : NULL,
	    .hint_until_us = clock_now_us() + HINT_US,
	    .token = is_going_on && judgement->token_until_us > 0 ? &judgement->token : NULL,
	    .token_until_us = judgement->token_until_us,
	    .is_dry_run = judge_mode(job, CHECK_RATE) == CHECK_DRY_RUN,
	    .charges = (const CounterCharge *)(const void *)charges->data,
	    .charge_count = charges->len};
	return judge_ask(job, &request);
}

/* FALSE if the leader's answer is not this one's. */
static gboolean
is_answered_by_twin(Job *job)
{
	Judgement *judgement = &job->judgement;
	VaultHash unused;
	judgement->admitted = (AdmissionAnswer){.charged.is_allowed = TRUE,
	    .is_hint_new = judgement->is_twin_hinted && find_hint(job, &unused),
	    .is_token_used = judgement->is_twin_refused};
	return judgement->admitted.is_hint_new || judgement->admitted.is_token_used;
}

gboolean
judge_ask_admission(Job *job)
{
	if (job->judgement.policy == NULL || is_answered_by_twin(job))
		return FALSE;
	return ask_with(job, judge_mode(job, CHECK_DUPLICATES) != CHECK_OFF);
}

const char *
judge_earlier(const Job *job)
{
	return job->judgement.earlier_receipt;
}

gboolean
judge_is_hint_due(const Job *job)
{
	return job->judgement.admitted.is_hint_new;
}

/* A token that was used here is as good as none. */
static void
refuse_used_token(Job *job)
{
	Judgement *judgement = &job->judgement;
	captcha_answer_clear(&judgement->captcha);
	judgement->captcha = (CaptchaAnswer){.outcome = CAPTCHA_ASK_AGAIN,
	    .code = "used",
	    .what = g_strdup("The captcha's token came with another submission before, and it is good for one.")};
	captcha_judge(judge_mode(job, CHECK_CAPTCHA), &judgement->captcha, judgement->findings);
}

static void
note_unlooked(Job *job, const GError *error)
{
	const FindingHead head = {.check = CHECK_RATE, .mode = CHECK_ON, .action = FINDING_UNSURE, .code = "unknown"};
	log_error(LOG_CHECK_FAILED, error, "site", job->submission->site, "check", check_name(CHECK_RATE), NULL);
	finding_add(job->judgement.findings, &head, "Not everything could be looked up, so nobody was turned away for it: %s",
	    error->message);
}

/* In dry-run it goes on as if it were none, and what that costs is asked for. */
static gboolean
note_repetition(Job *job)
{
	Judgement *judgement = &job->judgement;
	const FindingHead head = {.check = CHECK_DUPLICATES, .mode = CHECK_DRY_RUN, .action = FINDING_PASS, .code = "repetition"};
	finding_add(judgement->findings, &head,
	    "The same was sent a moment ago, as %s: it would have had that one's answer, and no mail.",
	    judgement->earlier_receipt);
	g_clear_pointer(&judgement->earlier_receipt, g_free);
	return ask_with(job, FALSE);
}

static void
deny(Job *job, const CounterCharge *charge)
{
	Judgement *judgement = &job->judgement;
	judgement->denied = charge;
	rate_judge(judge_mode(job, CHECK_RATE), charge->tier, judgement->admitted.charged.retry_at_us, judgement->findings);
}

gboolean
judge_take_admission(Job *job)
{
	Judgement *judgement = &job->judgement;
	const AdmissionAnswer *answer = &judgement->admitted;
	if (judgement->policy == NULL)
		return FALSE;
	if (answer->error != NULL)
		note_unlooked(job, answer->error);
	if (judgement->earlier_receipt != NULL && !judgement->is_repetition_known)
		return note_repetition(job);
	if (judgement->earlier_receipt != NULL || answer->is_hint_new)
		return FALSE;
	if (answer->is_token_used)
		refuse_used_token(job);
	if (gate_is_refused(judgement->findings))
		judgement->is_counted_only = !answer->charged.is_allowed;
	else if (!answer->charged.is_allowed && answer->charged.denied < judgement->charges->len)
		deny(job, &g_array_index(judgement->charges, CounterCharge, answer->charged.denied));
	return FALSE;
}

/* --- The verdict ---------------------------------------------------------------------------------------------------- */

void
judge_decide(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (judgement->policy == NULL)
		return;
	judgement->verdict = verdict_new(g_steal_pointer(&judgement->findings), judgement->policy->hold_points);
	job->submission->evidence = verdict_to_text(judgement->verdict);
}

FindingAction
judge_action(const Job *job)
{
	return job->judgement.verdict != NULL ? job->judgement.verdict->action : FINDING_PASS;
}

guint
judge_wait_s(const Job *job)
{
	const Finding *finding = verdict_decisive(job->judgement.verdict);
	const gint64 wait_us = finding->retry_at_us - clock_now_us();
	return (guint)CLAMP((wait_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC, 1, G_TIME_SPAN_DAY / G_USEC_PER_SEC);
}

void
judge_learn(const Job *job)
{
	const char *site = job->site->facts->name;
	if (job->judgement.policy == NULL || judge_mode(job, CHECK_TRAP) == CHECK_OFF || !seen_is_possible(job))
		return;
	if (trap_learn(job->front->trap, site, job->judgement.trap.is_cookie_there))
		log_event(LOG_CHECK_RESTS, "site", site, "check", check_name(CHECK_TRAP), "reason",
		    "most visitors whose messages were accepted came without the cookie that the form's script fetches when the "
		    "page loads, so its lack "
		    "says nothing; see that the web server passes .../feedback/schema to sekisho uncached, or set [check] trap = "
		    "off",
		    NULL);
}

gboolean
judge_may_clear(const Job *job)
{
	const Judgement *judgement = &job->judgement;
	if (judge_action(job) != FINDING_HOLD || !judgement->is_captcha_asked ||
	    judgement->captcha.outcome != CAPTCHA_UNREACHABLE)
		return FALSE;
	for (guint i = 0; i < judgement->verdict->findings->len; i++) {
		const Finding *finding = judgement->verdict->findings->pdata[i];
		if (finding->check == CHECK_CAPTCHA && finding->action == FINDING_HOLD && !finding->is_dry_run)
			return verdict_without(judgement->verdict, finding) == FINDING_PASS;
	}
	return FALSE;
}
