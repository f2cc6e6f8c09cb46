/*
 * The trap: Contact Form 7's script asks for the rules of a form when its page loads, and the answer sets a cookie that says when. A submission that brings none, or one that is very
 * young, was perhaps made by a program. It is evidence and never a verdict: people without JavaScript exist. If most good submissions of a site lack the cookie (its
 * page is cached without the script, say), the check rests for that site and says so.
 *
 * Text from outside: a cookie's value is any bytes; one that is not exactly ours counts as none.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/policy/finding.h"
#include "sekisho/policy/gate.h"

#define TRAP_COOKIE "sekisho_seen"
/* How long a cookie lives: a page left open over a working day. */
#define TRAP_LIFE_US (12 * G_TIME_SPAN_HOUR)

/* The value of the cookie: time and keyed hash, for this site. The caller's. */
char *trap_token(Vault *vault, const char *site);
/* The age of a genuine one that has not expired; -1 for any other text. */
gint64 trap_age_us(Vault *vault, const char *site, const char *token);

/* Whether the check makes sense for a site: in memory, any thread. */
typedef struct Trap Trap;
Trap *trap_new(void);
void trap_free(Trap *trap);
/* FALSE while it rests: of the site's last LIMIT_TRAP_SAMPLE accepted submissions more than half had no cookie. */
gboolean trap_is_useful(Trap *trap, const char *site);
/* Tells of an accepted submission. TRUE if the check begins to rest with it, so that the caller says so. */
gboolean trap_learn(Trap *trap, const char *site, gboolean has_cookie);
