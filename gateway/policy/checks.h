/*
 * The checks that gate_examine orders, one file each. All are pure: they append to `findings` what they see, a PASS too where they looked and saw nothing of note only if that helps a
 * person who asks why (a captcha's score, an entry of a list that allows); silence means pass.
 */
#pragma once

#include "sekisho/policy/gate.h"

/* contract.c: what Contact Form 7 calls spam. Always on. */
void contract_check(const GateInput *input, GPtrArray *findings);
/* lists_check.c: TRUE if an entry exempts the submission from the checks of its content. `hits` may be NULL. */
gboolean lists_check(const GateInput *input, GPtrArray *findings, GArray *hits);
/* trap.c */
void trap_check(const GateInput *input, GPtrArray *findings);
void honeypot_check(const GateInput *input, GPtrArray *findings);
void shape_check(const GateInput *input, GPtrArray *findings);
void links_check(const GateInput *input, GPtrArray *findings);
/* links.c: hosts of whatever could be followed in what came in and a mail can show: typed_all_values but addresses, typed_facts (char *, lower-case ASCII, each once, at most LIMIT_LINK_HOSTS). *is_full: there were more. The caller's. */
GPtrArray *links_hosts(const GateInput *input, gboolean *is_full);
void sender_check(const GateInput *input, GPtrArray *findings);
