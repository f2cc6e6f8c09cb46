/*
 * Questions of `sekisho try`: captcha and resolver have threads of their own and answer by a call; here that call wakes the command, which waits for one answer at a time. Both
 * promise to answer within their limits, so the waiting has an end.
 */
#include "try_ask.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/policy/altcha.h"
#include "sekisho/policy/resolver.h"
#include "sekisho/policy/sender.h"

/* One answer that is waited for. */
typedef struct {
	GMutex mutex;
	GCond came;
	gboolean is_there;
	CaptchaAnswer captcha;
	DomainFact fact;
} Waiting;

static void
waiting_end(Waiting *waiting)
{
	g_mutex_lock(&waiting->mutex);
	waiting->is_there = TRUE;
	g_cond_signal(&waiting->came);
	g_mutex_unlock(&waiting->mutex);
}

static void
wait_for(Waiting *waiting)
{
	g_mutex_lock(&waiting->mutex);
	while (!waiting->is_there)
		g_cond_wait(&waiting->came, &waiting->mutex);
	waiting->is_there = FALSE;
	g_mutex_unlock(&waiting->mutex);
}

static void
waiting_clear(Waiting *waiting)
{
	captcha_answer_clear(&waiting->captcha);
	g_mutex_clear(&waiting->mutex);
	g_cond_clear(&waiting->came);
}

/* --- Captcha ---------------------------------------------------------------------------------------------------------- */

/* The captcha's thread. */
static void
captcha_done(gpointer user_data, const CaptchaAnswer *answer)
{
	Waiting *waiting = user_data;
	waiting->captcha = (CaptchaAnswer){.outcome = answer->outcome, .code = answer->code, .what = g_strdup(answer->what)};
	waiting_end(waiting);
}

static gboolean
ask_service(const GateInput *input, Waiting *waiting, GError **error)
{
	const CaptchaSettings *settings = &input->policy->captcha;
	char *secret = gate_captcha_secret(input->policy, error);
	Captcha *captcha = secret ? captcha_start(error) : NULL;
	const CaptchaQuestion question = {.settings = settings,
	    .secret = secret,
	    .token = captcha_token(settings, input->submission->posted),
	    .received_at_us = input->submission->client->received_at_us};
	gboolean is_asked = captcha && captcha_ask(captcha, &question, captcha_done, waiting);
	if (is_asked)
		wait_for(waiting);
	if (captcha)
		captcha_stop(captcha);
	password_free(secret);
	return is_asked;
}

gboolean
try_ask_captcha(Command *command, const GateInput *input, GPtrArray *findings, GError **error)
{
	const CaptchaSettings *settings = &input->policy->captcha;
	const char *token = captcha_token(settings, input->submission->posted);
	Waiting waiting = {0};
	gboolean is_answered = TRUE;
	g_mutex_init(&waiting.mutex);
	g_cond_init(&waiting.came);
	if (token[0] == '\0') {
		waiting.captcha = (CaptchaAnswer){.outcome = CAPTCHA_ASK_AGAIN,
		    .code = "missing",
		    .what = g_strdup("The form brought no token of its captcha.")};
	} else if (settings->service == CAPTCHA_ALTCHA) {
		const AltchaRequest request = {
		    .site = input->submission->site, .form_id = input->submission->form_id, .cost = settings->altcha_cost};
		VaultHash mark;
		altcha_verify(command->vault, &request, token, &waiting.captcha, &mark);
	} else {
		is_answered = ask_service(input, &waiting, error);
	}
	if (is_answered)
		captcha_judge(input->policy->modes[CHECK_CAPTCHA], &waiting.captcha, findings);
	waiting_clear(&waiting);
	return is_answered;
}

/* --- DNS -------------------------------------------------------------------------------------------------------------- */

/* The resolver's thread. */
static void
domain_done(gpointer user_data, DomainFact fact)
{
	Waiting *waiting = user_data;
	waiting->fact = fact;
	waiting_end(waiting);
}

gboolean
try_ask_domains(Command *command, const GateInput *input, GPtrArray *findings, GError **error)
{
	g_autoptr(GPtrArray) addresses = sender_addresses(input->form, input->submission);
	Resolver *resolver = resolver_start(command->config->dns_servers, error);
	if (!resolver)
		return FALSE;
	Waiting waiting = {0};
	g_mutex_init(&waiting.mutex);
	g_cond_init(&waiting.came);
	for (guint i = 0; i < MIN(addresses->len, LIMIT_SENDERS); i++) {
		g_autofree char *domain = sender_domain(addresses->pdata[i]);
		if (!domain || !resolver_ask(resolver, domain, domain_done, &waiting))
			continue;
		wait_for(&waiting);
		resolver_judge(input->policy->modes[CHECK_SENDER], domain, waiting.fact, findings);
	}
	resolver_stop(resolver);
	waiting_clear(&waiting);
	return TRUE;
}
