/*
 * What goes back. An Outcome says how a submission ended; it becomes an Answer, either the JSON of contract 2.1 for Contact Form
 * 7's script, or our own page (page.h) where there is no script. An Answer becomes the bytes of a CGI response.
 */
#pragma once

#include <glib.h>

#include "route.h"
#include "sekisho/base/vault.h"
#include "sekisho/form/rules.h"
#include "sekisho/form/submission.h"

/* How a submission ended (contract 2.1, 2.2). */
typedef struct {
	guint64 form_id;
	const char *status;      /* "mail_sent" ...; static */
	char *message;           /* plain text, may be "" */
	char *posted_data_hash;  /* 32 hex digits, or "" where contract 2.1 wants none */
	char *unit_tag;          /* "" if a plain POST named none */
	GPtrArray *invalid;      /* InvalidField *, in order; NULL or empty if all is well */
	GVariant *quiz;          /* fresh questions (form/quiz.h); NULL if the form asks none */
	gboolean is_demo;
	char **hints;            /* plain texts that follow the message, NULL-terminated; NULL for none */
	char *receipt;           /* NULL unless the submission is kept; shown on the page */
	gboolean is_receipt_told; /* ... and told behind the message, because somebody may have to ask for it */
	const char *locale;      /* of that; borrowed */
} Outcome;
void outcome_clear(Outcome *outcome);

typedef struct {
	guint status;            /* HTTP */
	gboolean is_page;        /* HTML; else JSON */
	gboolean is_link;        /* the page of a link: its address is a secret, its buttons may come to us, and no other page may frame it */
	const char *allow;       /* value of the Allow header, NULL for none; static */
	const char *origin;      /* value of Access-Control-Allow-Origin, NULL for none; borrowed, see job.c */
	char *probe;             /* value of the Sekisho-Probe header, NULL for none */
	char *receipt;           /* value of the Sekisho-Receipt header, by which `sekisho canary` finds its mail; NULL for none */
	char *cookie;            /* value of the Set-Cookie header, NULL for none */
	guint retry_after_s;     /* value of the Retry-After header, 0 for none */
	gboolean is_description; /* of OPTIONS: says what pages of that origin may send */
	char *body;
} Answer;
void answer_free(Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

/* The JSON of a submission: always HTTP 200 (contract 2.3). */
Answer *answer_outcome(const Outcome *outcome);
/* What a probe reads back (probe.h); `probe` is copied. */
Answer *answer_probe(const char *probe);
/* A wrong client's JSON error (contract 1.3). */
Answer *answer_refusal(const RouteRefusal *refusal, const char *allow);
/* Any JSON document with HTTP 200; consumes a floating `document`. */
Answer *answer_document(GVariant *document, const char *allow);
/* The same of JSON that is text already; `json` becomes the answer's. */
Answer *answer_json_text(char *json, const char *allow);
/* What OPTIONS says of a route that takes the method `allow` (contract 13.1, T13). `schema` describes its document (contract 5.1); NULL: nothing does.
 * Consumes a floating `schema`. */
Answer *answer_description(const char *allow, GVariant *schema);
/* Status line, headers of contract 1.4 and, unless `is_head`, the body. The caller's. */
GString *answer_to_response(const Answer *answer, gboolean is_head);

/* posted_data_hash of contract 3.4: bound to the half hour, the client's address, the unit tag and all values; opaque. The caller's. */
char *answer_posted_data_hash(Vault *vault, const Submission *submission);
