/*
 * The policy library's questions to a captcha service, for the flow beside it:
 *
 *   examine SERVICE ENDPOINT CA_FILE < commands
 *
 *   ask TOKEN    asks, and does not wait       wait    until all is answered
 *   sleep MS                                   stop    stops the captcha with what still waits; the last command
 *
 * For each answer a line: token, outcome, code, milliseconds since it was asked, what. "full" instead of an outcome: it was not taken. Columns are separated by tabs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/policy/captcha.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static guint waiting;

typedef struct {
	char *token;
	gint64 asked_at_us;
} Asked;

static void
on_done(gpointer user_data, const CaptchaAnswer *answer)
{
	static const char *const outcomes[] = {"good", "doubtful", "again", "unreachable", "misconfigured"};
	Asked *asked = user_data;

	pthread_mutex_lock(&lock);
	printf("%s\t%s\t%s\t%d\t%s\n", asked->token, outcomes[answer->outcome], answer->code,
	    (int)((g_get_monotonic_time() - asked->asked_at_us) / 1000), answer->what);
	waiting--;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	g_free(asked->token);
	g_free(asked);
}

static void
ask(Captcha *captcha, const CaptchaSettings *settings, const char *token)
{
	Asked *asked = g_new0(Asked, 1);
	const CaptchaQuestion question = {settings, "the secret", token, clock_now_us()};

	asked->token = g_strdup(token);
	asked->asked_at_us = g_get_monotonic_time();
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_mutex_unlock(&lock);
	if (captcha_ask(captcha, &question, on_done, asked))
		return;
	pthread_mutex_lock(&lock);
	printf("%s\tfull\t\t%d\t\n", token, (int)((g_get_monotonic_time() - asked->asked_at_us) / 1000));
	waiting--;
	pthread_mutex_unlock(&lock);
	g_free(asked->token);
	g_free(asked);
}

static void
wait_all(void)
{
	pthread_mutex_lock(&lock);
	while (waiting > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* FALSE at the end. */
static gboolean
obey(Captcha *captcha, const CaptchaSettings *settings, const char *command)
{
	if (g_str_has_prefix(command, "ask "))
		ask(captcha, settings, command + strlen("ask "));
	else if (g_str_equal(command, "wait"))
		wait_all();
	else if (g_str_has_prefix(command, "sleep "))
		g_usleep(strtoul(command + strlen("sleep "), NULL, 10) * 1000);
	else
		return FALSE;
	return TRUE;
}

static CaptchaService
service_of(const char *name)
{
	for (CaptchaService service = CAPTCHA_RECAPTCHA_V3; service <= CAPTCHA_HCAPTCHA; service++)
		if (g_str_equal(captcha_service_name(service), name))
			return service;
	g_error("no service %s", name);
}

int
main(int argc, char **argv)
{
	char line[10000], *hostnames[] = {NULL};
	g_assert(argc == 4);
	const CaptchaSettings settings = {.service = service_of(argv[1]),
	    .site_key = (char *)"the-site-key",
	    .hostnames = hostnames,
	    .action = (char *)"",
	    .minimum_score = 50,
	    .maximum_age_us = 5 * G_TIME_SPAN_MINUTE,
	    .endpoint = argv[2],
	    .ca_file = argv[3]};
	Captcha *captcha = captcha_start(NULL);

	g_assert(captcha != NULL);
	while (fgets(line, sizeof line, stdin) != NULL && obey(captcha, &settings, g_strchomp(line)))
		fflush(stdout);
	captcha_stop(captcha);
	g_assert(waiting == 0);
	return 0;
}
