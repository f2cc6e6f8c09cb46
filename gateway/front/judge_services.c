/*
 * Captcha's service and DNS, asked at once. Each brings its answer in a thread of its own, into a place of its own, and they count each other down: the last one hands the job over. The worker
 * that asks counts as one of them, so that no answer can overtake the questions, and goes on itself if nobody need be waited for.
 */
#include <string.h>

#include "job.h"
#include "judge.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/sender.h"
#include "server.h"

/* --- Captcha and DNS ------------------------------------------------------------------------------------------------ */

/* An answer has come, or no question is left to be asked. TRUE if it was the last one that was waited for. */
static gboolean
is_last(Judgement *judgement)
{
	return g_atomic_int_dec_and_test(&judgement->outstanding);
}

/* The captcha's thread. */
static void
captcha_done(gpointer user_data, const CaptchaAnswer *answer)
{
	Job *job = user_data;
	job->judgement.captcha =
	    (CaptchaAnswer){.outcome = answer->outcome, .code = answer->code, .what = g_strdup(answer->what)};
	if (is_last(&job->judgement))
		server_job_ready(job);
}

/* The resolver's thread. */
static void
domain_done(gpointer user_data, DomainFact fact)
{
	AskedDomain *domain = user_data;
	Job *job = domain->job;
	domain->fact = fact;
	if (is_last(&job->judgement))
		server_job_ready(job);
}

static void
answer_captcha(Judgement *judgement, CaptchaOutcome outcome, const char *code, const char *what)
{
	captcha_answer_clear(&judgement->captcha);
	judgement->captcha = (CaptchaAnswer){.outcome = outcome, .code = code, .what = g_strdup(what)};
}

static void
ask_captcha(Job *job)
{
	Judgement *judgement = &job->judgement;
	const CaptchaSettings *settings = &judgement->policy->captcha;
	const gboolean is_of_service = settings->service != CAPTCHA_NONE && settings->service != CAPTCHA_ALTCHA;
	g_autoptr(GError) error = NULL;
	if (!is_of_service || judge_mode(job, CHECK_CAPTCHA) == CHECK_OFF || judgement->captcha.code != NULL)
		return;
	char *secret = gate_captcha_secret(judgement->policy, &error);
	const CaptchaQuestion question = {.settings = settings,
	    .secret = secret,
	    .token = captcha_token(settings, job->submission->posted),
	    .received_at_us = job->submission->client->received_at_us};
	judgement->is_captcha_asked = TRUE;
	g_atomic_int_inc(&judgement->outstanding);
	if (secret == NULL) {
		(void)is_last(judgement);
		answer_captcha(judgement, CAPTCHA_MISCONFIGURED, "secret", error->message);
	} else if (!captcha_ask(job->front->captcha, &question, captcha_done, job)) {
		(void)is_last(judgement);
		answer_captcha(
		    judgement, CAPTCHA_UNREACHABLE, "busy", "Too many submissions wait for the captcha's service already.");
	}
	password_free(secret);
}

static gboolean
is_domain_there(const Judgement *judgement, const char *name)
{
	for (guint i = 0; i < judgement->domain_count; i++)
		if (strcmp(judgement->domains[i].name, name) == 0)
			return TRUE;
	return FALSE;
}

static void
find_domains(Job *job)
{
	Judgement *judgement = &job->judgement;
	g_autoptr(GPtrArray) addresses = sender_addresses(job->form, job->submission);
	for (guint i = 0; i < addresses->len && judgement->domain_count < LIMIT_SENDERS; i++) {
		g_autofree char *name = sender_domain(addresses->pdata[i]);
		if (name == NULL || is_domain_there(judgement, name))
			continue;
		AskedDomain *domain = &judgement->domains[judgement->domain_count++];
		*domain = (AskedDomain){.job = job, .name = g_steal_pointer(&name), .fact = DOMAIN_UNKNOWN};
	}
}

static void
ask_domains(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (judge_mode(job, CHECK_SENDER) == CHECK_OFF || judgement_is_exempt(judgement))
		return;
	find_domains(job);
	/* The count is read anew each time round, and the job stays ours: this worker is one of those that are waited for. */
	for (guint i = 0; i < judgement->domain_count; i++) {
		AskedDomain *domain = &judgement->domains[i];
		if (resolver_known(job->front->resolver, domain->name, &domain->fact))
			continue;
		g_atomic_int_inc(&judgement->outstanding);
		if (!resolver_ask(job->front->resolver, domain->name, domain_done, domain))
			(void)is_last(judgement);
	}
}

gboolean
judge_ask_services(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (judgement->policy == NULL || judgement_is_stopped(judgement))
		return FALSE;
	g_atomic_int_set(&judgement->outstanding, 1);
	ask_captcha(job);
	ask_domains(job);
	return !is_last(judgement);
}

/* Our own failures are the operator's to hear of. */
static void
tell_operator(const Job *job, const CaptchaAnswer *answer)
{
	if (answer->outcome == CAPTCHA_UNREACHABLE || answer->outcome == CAPTCHA_MISCONFIGURED)
		log_event(LOG_CHECK_FAILED, "site", job->submission->site, "check", check_name(CHECK_CAPTCHA), "code",
		    answer->code, "reason", answer->what, NULL);
}

void
judge_take_services(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (judgement->is_captcha_asked) {
		tell_operator(job, &judgement->captcha);
		captcha_judge(judge_mode(job, CHECK_CAPTCHA), &judgement->captcha, judgement->findings);
	}
	for (guint i = 0; i < judgement->domain_count; i++)
		resolver_judge(
		    judge_mode(job, CHECK_SENDER), judgement->domains[i].name, judgement->domains[i].fact, judgement->findings);
}

/* --- The ceiling of what goes out unchecked -------------------------------------------------------------------------- */

gboolean
judge_ask_ceiling(Job *job)
{
	Judgement *judgement = &job->judgement;
	if (!judgement->is_captcha_asked || judgement->captcha.outcome != CAPTCHA_MISCONFIGURED ||
	    judge_mode(job, CHECK_CAPTCHA) != CHECK_ON)
		return FALSE;
	job->submission->is_unchecked = TRUE;
	const Rate *rate = &judgement->policy->rates[RATE_UNCHECKED];
	/* One that is held anyway sends no notice, and takes none from those that do. */
	if (rate->count == 0 || findings_weigh(judgement->findings, judgement->policy->hold_points) != FINDING_PASS)
		return FALSE;
	const CounterCharge charge = rate_charge(RATE_UNCHECKED, rate, job->submission, job->front->vault);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	judgement->is_ceiling_asked = TRUE;
	return judge_ask(job, &request);
}

void
judge_take_ceiling(Job *job)
{
	Judgement *judgement = &job->judgement;
	const FindingHead head = {.check = CHECK_CAPTCHA, .mode = CHECK_ON, .action = FINDING_HOLD, .code = "unchecked_ceiling"};
	if (judgement->is_ceiling_asked && judgement->admitted.error == NULL && !judgement->admitted.charged.is_allowed)
		finding_add(judgement->findings, &head,
		    "Its captcha could not be verified because of our own settings, and as many notices as [limit] unchecked "
		    "allows went out "
		    "like that already.");
}
