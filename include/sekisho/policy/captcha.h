/*
 * Captcha services: reCAPTCHA v3 and v2, Cloudflare Turnstile, hCaptcha over libcurl, in a thread of their own, so that requests that wait for an answer hold no worker; and ALTCHA,
 * which is verified here (policy/altcha.h). Sources: the services' public pages on server-side verification; contract section 9 for Contact Form 7's fields.
 *
 * Three failures, three answers: the service cannot be reached (hold, and ask again while the token lives), our key, quota or settings are wrong (goes on unchecked, an operator is
 * told), the visitor's token is missing, expired or used (ask the visitor again).
 *
 * Text from outside: a token is printable ASCII of at most LIMIT_CAPTCHA_TOKEN_BYTES, or it counts as wrong. A service's answer is JSON of at most LIMIT_CAPTCHA_ANSWER_BYTES.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"
#include "sekisho/policy/finding.h"

typedef enum { CAPTCHA_NONE, CAPTCHA_RECAPTCHA_V3, CAPTCHA_RECAPTCHA_V2, CAPTCHA_TURNSTILE, CAPTCHA_HCAPTCHA, CAPTCHA_ALTCHA } CaptchaService;
/* "none", "recaptcha-v3", "recaptcha-v2", "turnstile", "hcaptcha", "altcha": words of [captcha] service. Static. */
const char *captcha_service_name(CaptchaService service);

typedef struct {
	CaptchaService service;
	char *site_key;
	char *secret_file;      /* the front's alone; "" with ALTCHA */
	char **hostnames;       /* an answer's hostname must be one of these (NULL-terminated); empty: any */
	char *action;           /* v3 and Turnstile: an answer's action must be this; "": any */
	guint minimum_score;    /* v3, in hundredths: the score must be above it */
	gint64 maximum_age_us;  /* of the challenge when the submission came; 0: any */
	char *endpoint;         /* URL instead of the service's own (www.recaptcha.net, tests); "" */
	char *ca_file;          /* "" = the system's */
	guint altcha_cost;      /* about so many thousand hashes for the visitor's browser */
} CaptchaSettings;
void captcha_settings_clear(CaptchaSettings *settings);

/* The token that the form sent: in the field of Contact Form 7 or of the service. "" if there is none. Borrowed from `posted`. */
const char *captcha_token(const CaptchaSettings *settings, const Posted *posted);
/* Names of all fields that carry tokens, NULL-terminated: no part of what the visitor wrote. Static. */
const char *const *captcha_fields(void);

typedef enum {
	CAPTCHA_GOOD,
	CAPTCHA_DOUBTFUL,     /* the service thinks of a robot, or the token is another host's or action's */
	CAPTCHA_ASK_AGAIN,    /* missing, malformed, expired, used, or not the service's */
	CAPTCHA_UNREACHABLE,  /* no answer, or none that can be read; the circuit is open */
	CAPTCHA_MISCONFIGURED /* our secret, quota or request is refused */
} CaptchaOutcome;

typedef struct {
	CaptchaOutcome outcome;
	const char *code;  /* "good", "score", "hostname", "action", "missing", "malformed", "expired", "timeout", "http", "secret", "quota" ...; static */
	char *what;        /* for the finding */
} CaptchaAnswer;
void captcha_answer_clear(CaptchaAnswer *answer);

typedef struct Captcha Captcha;
typedef struct {
	const CaptchaSettings *settings; /* must live until done */
	const char *secret;              /* copied, and wiped when done */
	const char *token;               /* copied */
	gint64 received_at_us;           /* of the submission */
} CaptchaQuestion;
/* Called once from the captcha's thread; must not block. The answer is borrowed for the call. */
typedef void (*CaptchaDone)(gpointer user_data, const CaptchaAnswer *answer);

/* Starts the thread. One for all sites; connections are reused, a service that fails is left alone for a while (circuit breaker, one for each endpoint). */
Captcha *captcha_start(GError **error);
/* What waits is answered UNREACHABLE. */
void captcha_stop(Captcha *captcha);
/* `done` is called within LIMIT_CAPTCHA_MS. FALSE, and it is not, if LIMIT_JOBS wait already. Not for CAPTCHA_ALTCHA. Any thread. */
gboolean captcha_ask(Captcha *captcha, const CaptchaQuestion *question, CaptchaDone done, gpointer user_data);

/* The finding of an answer: pass, hold (doubtful, unreachable), again, or, for MISCONFIGURED, a NOTE of no points with code "unchecked", with which the caller deals. */
void captcha_judge(CheckMode mode, const CaptchaAnswer *answer, GPtrArray *findings);
