/*
 * What the captcha services ask for and answer, in one table; nothing here talks to anybody.
 */
#pragma once

#include "sekisho/policy/captcha.h"

#define HTTP_SERVER_ERROR 500 /* and above: the service's own failure (RFC 9110, 15.6) */

/* What came back of one question. All borrowed. */
typedef struct {
	const CaptchaSettings *settings;
	gint64 received_at_us; /* of the submission */
	long status;           /* HTTP's */
	const char *bytes;     /* any, of any kind */
	gsize size;
} CaptchaReply;

/* Where the question goes: the settings' endpoint, or the service's own. Borrowed. */
const char *captcha_services_url(const CaptchaSettings *settings);
/* TRUE if the service takes the same question twice, as long as it has the same idempotency key. */
gboolean captcha_services_is_repeatable(CaptchaService service);
/* The urlencoded body of a question. It holds the secret: wipe it with captcha_services_wipe. `key`: a UUID, used by services that are repeatable. The caller's. */
GString *captcha_services_body(const CaptchaQuestion *question, const char *key);
void captcha_services_wipe(GString *body);
/* Judges any bytes at all. `answer` must be empty; captcha_answer_clear. */
void captcha_services_judge(const CaptchaReply *reply, CaptchaAnswer *answer);

/* captcha.c: fills in an answer. `code` is static. */
void captcha_answer_set(CaptchaAnswer *answer, CaptchaOutcome outcome, const char *code, const char *what, ...) G_GNUC_PRINTF(4, 5);
/* captcha.c: FALSE, with the answer ASK_AGAIN, for a token that no service can have made. */
gboolean captcha_token_is_fit(const char *token, CaptchaAnswer *answer);
/* The same for a service's token: all of them make theirs of letters, digits, ".", "_" and "-", and what has more is not worth a question. */
gboolean captcha_services_token_is_fit(const char *token, CaptchaAnswer *answer);
