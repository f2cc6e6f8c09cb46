/*
 * What receivers will find in the DNS about the domain we send from: can it be answered (MX), does the reverse path exist, does SPF name the relay (RFC 7208), is there a DKIM
 * key (RFC 6376), and what does DMARC (RFC 7489) make of all this. For `sekisho doctor`; the courier asks none of it.
 *
 * Whatever the DNS says is shown with its controls made visible (text_for_terminal) and cut short; `what` and `advice` are one line of English each.
 */
#pragma once

#include <glib.h>

#include "sekisho/policy/dns.h"

/* UNKNOWN: the DNS gave no answer, so this says nothing about the domain. */
typedef enum { SENDER_FINE, SENDER_WARNING, SENDER_WRONG, SENDER_UNKNOWN } SenderVerdict;

typedef struct {
	const char *topic; /* "mx", "reverse_path", "spf", "dkim", "dmarc"; static */
	SenderVerdict verdict;
	const char *code; /* a stable word for tests and JSON, listed in sender_domain.c; static */
	char *what;       /* what was found */
	char *advice;     /* what to do, with the record to publish where one is missing; NULL if nothing is to be done */
} SenderFinding;
void sender_finding_free(SenderFinding *finding);

typedef struct {
	const char *from_address;    /* From: of our mails */
	const char *envelope_sender; /* MAIL FROM; "" if it is the null sender */
	const char *relay_host;      /* the SMTP server we hand mail to: a name or an address */
	const char *dkim_selector;   /* "" or NULL: the usual ones are tried */
} SenderQuestion;

/* SenderFinding *, exactly one for each topic, in the order mx, reverse_path, spf, dkim, dmarc. Waits for the DNS, within the deadline of `dns`. The addresses must be
 * deliverable (address_is_deliverable); others get a finding that says so. The caller's. */
GPtrArray *sender_domain_examine(Dns *dns, const SenderQuestion *question);
