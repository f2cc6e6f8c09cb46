/*
 * What the parts of sender_domain.h share: each topic is examined in a file of its own, and DMARC builds on what SPF and DKIM found.
 */
#pragma once

#include "sekisho/policy/sender_domain.h"

/* Whether mail of ours will prove that it is the domain's. */
typedef enum {
	PROOF_NO,
	PROOF_UNKNOWN, /* the DNS gave no answer, or the answer is not in it */
	PROOF_MAYBE,   /* DKIM: there is a key; whether the relay signs with it, the DNS cannot say */
	PROOF_YES
} SenderProof;

typedef struct {
	Dns *dns;
	const SenderQuestion *question;
	char *from_domain;     /* lower case */
	char *envelope_domain; /* lower case; NULL of the null sender */
	GPtrArray *findings;   /* SenderFinding * */
	SenderProof spf;       /* for envelope_domain */
	SenderProof dkim;      /* for dkim_domain */
	char *dkim_domain;     /* whose key it is */
} SenderExamination;

/* Each adds one finding. sender_dmarc_examine comes last. */
void sender_spf_examine(SenderExamination *examination);
void sender_dkim_examine(SenderExamination *examination);
void sender_dmarc_examine(SenderExamination *examination);

/* Adds a finding; its topic is what `code`, one of those listed in sender_domain.c, begins with. Takes `what` and `advice` (may be NULL). */
void sender_add(SenderExamination *examination, SenderVerdict verdict, const char *code, char *what, char *advice);

/* The domain at which a registry lets people register, where DMARC looks, too: "shop.example.co.jp" has "example.co.jp". A public suffix is its own. The caller's. */
char *sender_organization(const char *domain);

/* A text of the DNS for a person: controls visible, LIMIT_DNS_SHOWN_BYTES at most. The caller's. */
char *sender_shown(const char *text);
