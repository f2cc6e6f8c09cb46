/*
 * Captchas as the gate sees them: names, which field of a submission carries the token, and what an answer means for its submission. No state; any thread.
 *
 * The services are asked by captcha_verifier.c, their answers understood by captcha_services.c; ALTCHA is in altcha.c.
 */
#include "sekisho/policy/captcha.h"

#include <stdarg.h>
#include <string.h>

#include "captcha_services.h"
#include "sekisho/base/limits.h"

#define FIELD_OF_CF7_RECAPTCHA "_wpcf7_recaptcha_response"
#define FIELD_OF_CF7_TURNSTILE "_wpcf7_turnstile_response"
#define FIELD_OF_RECAPTCHA "g-recaptcha-response"

/* Indexed by CaptchaService. What Contact Form 7 puts into the page comes first (contract 9), then the service's own; hCaptcha answers under reCAPTCHA's name, too. */
static const struct {
	const char *name;
	const char *fields[3];
} services[] = {
    {"none", {NULL}},
    {"recaptcha-v3", {FIELD_OF_CF7_RECAPTCHA, FIELD_OF_RECAPTCHA}},
    {"recaptcha-v2", {FIELD_OF_CF7_RECAPTCHA, FIELD_OF_RECAPTCHA}},
    {"turnstile", {FIELD_OF_CF7_TURNSTILE, "cf-turnstile-response"}},
    {"hcaptcha", {"h-captcha-response", FIELD_OF_RECAPTCHA}},
    {"altcha", {"altcha"}},
};

const char *
captcha_service_name(CaptchaService service)
{
	return services[service].name;
}

void
captcha_settings_clear(CaptchaSettings *settings)
{
	g_free(settings->site_key);
	g_free(settings->secret_file);
	g_strfreev(settings->hostnames);
	g_free(settings->action);
	g_free(settings->endpoint);
	g_free(settings->ca_file);
	memset(settings, 0, sizeof *settings);
}

const char *
captcha_token(const CaptchaSettings *settings, const Posted *posted)
{
	const char *const *fields = services[settings->service].fields;

	for (guint i = 0; fields[i] != NULL; i++) {
		const char *token = posted_text(posted, fields[i]);
		if (*token != '\0')
			return token;
	}
	return "";
}

const char *const *
captcha_fields(void)
{
	static const char *const fields[] = {FIELD_OF_CF7_RECAPTCHA, FIELD_OF_CF7_TURNSTILE, FIELD_OF_RECAPTCHA,
	    "cf-turnstile-response", "h-captcha-response", "altcha", NULL};
	return fields;
}

void
captcha_answer_set(CaptchaAnswer *answer, CaptchaOutcome outcome, const char *code, const char *what, ...)
{
	va_list arguments;

	va_start(arguments, what);
	answer->outcome = outcome;
	answer->code = code;
	answer->what = g_strdup_vprintf(what, arguments);
	va_end(arguments);
}

void
captcha_answer_clear(CaptchaAnswer *answer)
{
	g_clear_pointer(&answer->what, g_free);
}

gboolean
captcha_token_is_fit(const char *token, CaptchaAnswer *answer)
{
	if (*token == '\0') {
		captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "missing", "The form came without a captcha's token.");
		return FALSE;
	}
	gsize size = strlen(token);
	for (const char *at = token; *at != '\0' && size <= LIMIT_CAPTCHA_TOKEN_BYTES; at++)
		if (!g_ascii_isgraph(*at))
			size = G_MAXSIZE;
	if (size <= LIMIT_CAPTCHA_TOKEN_BYTES)
		return TRUE;
	captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "malformed", "What came as the captcha's token cannot be one.");
	return FALSE;
}

gboolean
captcha_services_token_is_fit(const char *token, CaptchaAnswer *answer)
{
	if (!captcha_token_is_fit(token, answer))
		return FALSE;
	if (token[strspn(token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-")] == '\0')
		return TRUE;
	captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "malformed", "What came as the captcha's token cannot be one.");
	return FALSE;
}

/* Indexed by CaptchaOutcome. */
static const FindingAction actions[] = {FINDING_PASS, FINDING_HOLD, FINDING_AGAIN, FINDING_HOLD, FINDING_NOTE};

void
captcha_judge(CheckMode mode, const CaptchaAnswer *answer, GPtrArray *findings)
{
	const FindingHead head = {.check = CHECK_CAPTCHA,
	    .mode = mode,
	    .action = actions[answer->outcome],
	    .code = answer->outcome == CAPTCHA_MISCONFIGURED ? "unchecked" : answer->code};
	finding_add(findings, &head, "%s", answer->what);
}
