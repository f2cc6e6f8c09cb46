/*
 * The captcha services that verify over HTTPS: where, with which parameters, and what of an answer is looked at. No state, no network; any thread, any bytes.
 *
 * An answer is taken only if it is JSON with a `success` that is true or false. Whatever a stranger could bring about with a token of his own (a token of another key, a code nobody
 * knows) may hold his submission or ask him again, but never makes it go on unchecked: that is for codes that speak of our secret, our request or our quota alone.
 * Sources: the services' pages on verification by a server; contract section 9 (Contact Form 7 looks at the score alone).
 */
#include "captcha_services.h"

#include <string.h>

#include "sekisho/wire/json.h"

#define HTTP_OK 200
#define HTTP_BAD_REQUEST 400
#define HTTP_TOO_MANY 429

typedef struct {
	const char *label;
	const char *url;
	gboolean has_score;
	gboolean has_action;
	gboolean takes_site_key;
	gboolean is_repeatable;
} Protocol;

#define URL_OF_RECAPTCHA "https://www.google.com/recaptcha/api/siteverify"

static const Protocol protocols[] = {
    [CAPTCHA_RECAPTCHA_V3] = {.label = "reCAPTCHA", .url = URL_OF_RECAPTCHA, .has_score = TRUE, .has_action = TRUE},
    [CAPTCHA_RECAPTCHA_V2] = {.label = "reCAPTCHA", .url = URL_OF_RECAPTCHA},
    [CAPTCHA_TURNSTILE] = {.label = "Turnstile",
	.url = "https://challenges.cloudflare.com/turnstile/v0/siteverify",
	.has_action = TRUE,
	.is_repeatable = TRUE},
    [CAPTCHA_HCAPTCHA] = {.label = "hCaptcha", .url = "https://api.hcaptcha.com/siteverify", .takes_site_key = TRUE},
};

/* What a code of `error-codes` means. Of several the outcome that comes first here decides: a wrong secret is ours whatever the token was, but a request that a
 * token made bad is not. */
typedef struct {
	const char *name;
	CaptchaOutcome outcome;
	const char *code;
	const char *what;
} Reason;

#define WHAT_SECRET "does not know our secret"
#define WHAT_KEY "says that token, site key and secret do not belong together"
#define WHAT_REFUSED "does not know the token"
#define WHAT_EXPIRED "says that the token has expired or was used before"
#define WHAT_REQUEST "refuses our request"

static const Reason reasons[] = {
    {"missing-input-secret", CAPTCHA_MISCONFIGURED, "secret", WHAT_SECRET},
    {"invalid-input-secret", CAPTCHA_MISCONFIGURED, "secret", WHAT_SECRET},
    {"not-using-dummy-passcode", CAPTCHA_MISCONFIGURED, "secret", "asks for the test secret that belongs to our test key"},
    /* A token of a stranger's own key looks like that, too. */
    {"sitekey-secret-mismatch", CAPTCHA_DOUBTFUL, "site_key", WHAT_KEY},
    {"invalid-keys", CAPTCHA_DOUBTFUL, "site_key", WHAT_KEY},
    {"missing-input-response", CAPTCHA_ASK_AGAIN, "refused", WHAT_REFUSED},
    {"invalid-input-response", CAPTCHA_ASK_AGAIN, "refused", WHAT_REFUSED},
    {"timeout-or-duplicate", CAPTCHA_ASK_AGAIN, "expired", WHAT_EXPIRED},
    {"expired-input-response", CAPTCHA_ASK_AGAIN, "expired", WHAT_EXPIRED},
    {"already-seen-response", CAPTCHA_ASK_AGAIN, "used", "has seen the token before"},
    {"invalid-or-already-seen-response", CAPTCHA_ASK_AGAIN, "used", WHAT_REFUSED " or has seen it before"},
    {"browser-error", CAPTCHA_ASK_AGAIN, "refused", "had no connection with the visitor's browser"},
    {"internal-error", CAPTCHA_UNREACHABLE, "service", "has an error of its own"},
    {"bad-request", CAPTCHA_MISCONFIGURED, "request", WHAT_REQUEST},
    {"missing-remoteip", CAPTCHA_MISCONFIGURED, "request", WHAT_REQUEST},
    {"invalid-remoteip", CAPTCHA_MISCONFIGURED, "request", WHAT_REQUEST},
};

/* reCAPTCHA v3 says so beside success and a score that means nothing. */
static const Reason over_quota = {NULL, CAPTCHA_MISCONFIGURED, "quota", "says that our quota is used up"};
static const Reason unknown = {NULL, CAPTCHA_DOUBTFUL, "unknown", "refuses without a reason that is known here"};

/* --- The question --------------------------------------------------------------------------------------------------- */

const char *
captcha_services_url(const CaptchaSettings *settings)
{
	return *settings->endpoint != '\0' ? settings->endpoint : protocols[settings->service].url;
}

gboolean
captcha_services_is_repeatable(CaptchaService service)
{
	return protocols[service].is_repeatable;
}

static void
append_parameter(GString *body, const char *name, const char *value)
{
	g_string_append_printf(body, "%s%s=", body->len == 0 ? "" : "&", name);
	g_string_append_uri_escaped(body, value, NULL, FALSE);
}

GString *
captcha_services_body(const CaptchaQuestion *question, const char *key)
{
	const Protocol *protocol = &protocols[question->settings->service];
	/* Room for all of it escaped, so that it never moves and leaves the secret behind. */
	GString *body = g_string_sized_new(
	    3 * (strlen(question->secret) + strlen(question->token) + strlen(key) + strlen(question->settings->site_key)) +
	    sizeof "secret=&response=&sitekey=&idempotency_key=");

	append_parameter(body, "secret", question->secret);
	append_parameter(body, "response", question->token);
	if (protocol->takes_site_key && *question->settings->site_key != '\0')
		append_parameter(body, "sitekey", question->settings->site_key);
	if (protocol->is_repeatable)
		append_parameter(body, "idempotency_key", key);
	return body;
}

void
captcha_services_wipe(GString *body)
{
	if (body == NULL)
		return;
	explicit_bzero(body->str, body->len);
	g_string_free(body, TRUE);
}

/* --- The answer ----------------------------------------------------------------------------------------------------- */

static const char *
text_of(GVariant *object, const char *name)
{
	const char *text = NULL;

	/* A text in a dictionary lives as long as that. */
	return g_variant_lookup(object, name, "&s", &text) ? text : NULL;
}

/* The weightiest of the reasons that an answer names; NULL if it names none. */
static const Reason *
find_reason(GVariant *object)
{
	g_autoptr(GVariant) codes = g_variant_lookup_value(object, "error-codes", G_VARIANT_TYPE("av"));
	const Reason *found = NULL;

	for (gsize i = 0; codes != NULL && i < g_variant_n_children(codes); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(codes, i);
		g_autoptr(GVariant) code = g_variant_get_variant(boxed);
		const char *name = g_variant_is_of_type(code, G_VARIANT_TYPE_STRING) ? g_variant_get_string(code, NULL) : "";
		g_autofree char *folded = g_ascii_strdown(name, -1);
		if (strstr(folded, "quota") != NULL)
			return &over_quota;
		for (const Reason *reason = reasons; reason < reasons + G_N_ELEMENTS(reasons); reason++)
			if (g_str_equal(reason->name, name) && (found == NULL || found == &unknown || reason < found))
				found = reason;
		if (found == NULL)
			found = &unknown;
	}
	return found;
}

static void
answer_reason(const Protocol *protocol, const Reason *reason, CaptchaAnswer *answer)
{
	captcha_answer_set(answer, reason->outcome, reason->code, "%s %s.", protocol->label, reason->what);
}

/* In thousandths; -1 if there is none between 0 and 1. */
static int
score_of(GVariant *object)
{
	double score = -1;
	gint64 whole;

	if (!g_variant_lookup(object, "score", "d", &score) && g_variant_lookup(object, "score", "x", &whole))
		score = whole == 0 || whole == 1 ? (double)whole : -1;
	return score >= 0 && score <= 1 ? (int)(score * 1000 + 0.5) : -1;
}

/* FALSE, with the answer made, unless the score is above the minimum. */
static gboolean
check_score(const CaptchaSettings *settings, GVariant *object, CaptchaAnswer *answer)
{
	int score = score_of(object);

	if (score < 0) {
		captcha_answer_set(
		    answer, CAPTCHA_DOUBTFUL, "score", "reCAPTCHA's answer has no score; the keys may be of another kind.");
		return FALSE;
	}
	if (score > (int)settings->minimum_score * 10)
		return TRUE;
	captcha_answer_set(answer, CAPTCHA_DOUBTFUL, "score", "reCAPTCHA gives the score %d.%02d, and it must be above %u.%02u.",
	    score / 1000, score % 1000 / 10, settings->minimum_score / 100, settings->minimum_score % 100);
	return FALSE;
}

static gboolean
check_hostname(const CaptchaSettings *settings, GVariant *object, CaptchaAnswer *answer)
{
	const char *hostname = text_of(object, "hostname");

	if (settings->hostnames == NULL || settings->hostnames[0] == NULL)
		return TRUE;
	for (guint i = 0; hostname != NULL && settings->hostnames[i] != NULL; i++)
		if (g_ascii_strcasecmp(settings->hostnames[i], hostname) == 0)
			return TRUE;
	captcha_answer_set(answer, CAPTCHA_DOUBTFUL, "hostname",
	    "The token was made on the host \"%s\", which is none of [captcha] hostnames.", hostname != NULL ? hostname : "");
	return FALSE;
}

static gboolean
check_action(const CaptchaSettings *settings, GVariant *object, CaptchaAnswer *answer)
{
	const char *action = text_of(object, "action");

	if (settings->action == NULL || *settings->action == '\0' || g_strcmp0(action, settings->action) == 0)
		return TRUE;
	captcha_answer_set(answer, CAPTCHA_DOUBTFUL, "action", "The token was made for the action \"%s\" and not for \"%s\".",
	    action != NULL ? action : "", settings->action);
	return FALSE;
}

static gboolean
check_age(const CaptchaReply *reply, GVariant *object, CaptchaAnswer *answer)
{
	const char *text = text_of(object, "challenge_ts");
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) made = text != NULL ? g_date_time_new_from_iso8601(text, utc) : NULL;

	if (reply->settings->maximum_age_us <= 0)
		return TRUE;
	if (made == NULL) {
		captcha_answer_set(answer, CAPTCHA_DOUBTFUL, "age", "The answer does not say when the captcha was shown.");
		return FALSE;
	}
	gint64 age_us = reply->received_at_us - g_date_time_to_unix(made) * G_USEC_PER_SEC;
	if (age_us <= reply->settings->maximum_age_us)
		return TRUE;
	captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "expired",
	    "The captcha was %" G_GINT64_FORMAT " seconds old when the form came.", age_us / G_USEC_PER_SEC);
	return FALSE;
}

static void
judge_success(const CaptchaReply *reply, GVariant *object, CaptchaAnswer *answer)
{
	const CaptchaSettings *settings = reply->settings;
	const Protocol *protocol = &protocols[settings->service];

	if (find_reason(object) == &over_quota) {
		answer_reason(protocol, &over_quota, answer);
		return;
	}
	if (!check_hostname(settings, object, answer) || (protocol->has_action && !check_action(settings, object, answer)) ||
	    !check_age(reply, object, answer) || (protocol->has_score && !check_score(settings, object, answer)))
		return;
	if (protocol->has_score)
		captcha_answer_set(answer, CAPTCHA_GOOD, "good", "%s gives the score %d.%02d.", protocol->label,
		    score_of(object) / 1000, score_of(object) % 1000 / 10);
	else
		captcha_answer_set(answer, CAPTCHA_GOOD, "good", "%s takes the visitor for a person.", protocol->label);
}

static void
judge_failure(const CaptchaReply *reply, GVariant *object, CaptchaAnswer *answer)
{
	const Reason *reason = find_reason(object);

	answer_reason(&protocols[reply->settings->service], reason != NULL ? reason : &unknown, answer);
}

/* An answer whose status alone must do. A status below 500 can be brought about by a strange token, at a service's guard against attacks, so only 429 speaks of us. */
static void
judge_status(const CaptchaReply *reply, CaptchaAnswer *answer)
{
	const Protocol *protocol = &protocols[reply->settings->service];

	if (reply->status == HTTP_TOO_MANY)
		answer_reason(protocol, &over_quota, answer);
	else if (reply->status == HTTP_OK)
		captcha_answer_set(
		    answer, CAPTCHA_UNREACHABLE, "answer", "%s answers with something that cannot be read.", protocol->label);
	else
		captcha_answer_set(
		    answer, CAPTCHA_UNREACHABLE, "http", "%s answers with HTTP status %ld.", protocol->label, reply->status);
}

void
captcha_services_judge(const CaptchaReply *reply, CaptchaAnswer *answer)
{
	gboolean is_readable =
	    reply->status == HTTP_OK || (reply->status >= HTTP_BAD_REQUEST && reply->status < HTTP_SERVER_ERROR);
	g_autoptr(GVariant) object = is_readable ? json_to_variant(reply->bytes, reply->size, NULL) : NULL;
	gboolean is_success = FALSE;

	/* Turnstile sends its error codes with status 400, too; but success is 200. */
	if (object == NULL || !g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT) ||
	    !g_variant_lookup(object, "success", "b", &is_success) || (is_success && reply->status != HTTP_OK) ||
	    (reply->status != HTTP_OK && find_reason(object) == NULL))
		judge_status(reply, answer);
	else if (is_success)
		judge_success(reply, object, answer);
	else
		judge_failure(reply, object, answer);
}
