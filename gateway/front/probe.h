/*
 * What `sekisho doctor` and `sekisho canary` send through the web server, in headers of their own.
 *
 * Sekisho-Probe: NONCE (1 to 64 hex digits) asks any address of ours who answers there. The answer is HTTP 200 with the header Sekisho-Probe: HEX, the
 * keyed hash VAULT_HASH_PROBE of "SITE\nROUTE\nNONCE" in small hex digits, so that only this gateway can give it: SITE is the web server's SEKISHO_SITE as it
 * stands, ROUTE is Route.name. It comes whatever the method is, before site, body or form are looked at, and nothing follows.
 *
 * Sekisho-Canary: TOKEN (VAULT_LINK_CANARY) makes a submission the canary's: it is mailed to canary_address alone.
 *
 * Text from outside: both headers are any bytes; what is not exactly as above is refused.
 */
#pragma once

#include "job.h"

/* TRUE if the request is a probe: then the job has ended. */
gboolean probe_answer(Job *job);
/* FALSE if the request says that it is the canary's and cannot prove it: then the job has ended. Its site must be known. */
gboolean probe_is_canary_true(Job *job);
