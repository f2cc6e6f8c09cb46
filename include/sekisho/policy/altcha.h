/*
 * ALTCHA: a proof of work instead of a service (altcha.org, protocol 2; protocol 1 for older widgets). Challenges are signed with a keyed hash of the vault, bound to site and form; what
 * comes back is read into fields, checked, and the canonical text that was signed is built from those fields alone, so nothing can be spliced into it.
 * Being used once is the caller's matter (a mark of altcha_mark until its expiry).
 *
 * Text from outside: a payload is base64 of JSON of at most LIMIT_CAPTCHA_TOKEN_BYTES, with exactly the members of the protocol.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/policy/captcha.h"

typedef struct {
	const char *site;
	guint64 form_id;
	guint version;      /* 1 or 2; only for a challenge */
	guint cost;         /* CaptchaSettings.altcha_cost, at most ALTCHA_COST_MOST; only for a challenge */
} AltchaRequest;
/* Some minutes of computing; nobody waits for more. */
#define ALTCHA_COST_MOST 10000u
/* The challenge as JSON text, that expires in LIMIT_ALTCHA_MS. The caller's. */
char *altcha_challenge(Vault *vault, const AltchaRequest *request);
/* Verifies a payload of either protocol: pure, some milliseconds at most. Never UNREACHABLE or MISCONFIGURED. If the outcome is GOOD, `mark` receives what names the challenge, and its end is returned; else 0. */
gint64 altcha_verify(Vault *vault, const AltchaRequest *request, const char *payload, CaptchaAnswer *answer, VaultHash *mark);
