/*
 * What the checks of the gate say. Each check adds Findings to a list; all together are a Verdict, a plain value that is sealed with its submission as evidence.
 *
 * Text from outside: `what` may repeat what a visitor typed. finding_add makes one line of valid UTF-8 without controls of it and cuts it at LIMIT_FINDING_BYTES; for a
 * terminal it is escaped once more. It never goes to the log, where check and code stand.
 */
#pragma once

#include <glib.h>

/* The checks, in the order in which they are made. Stored: never renumber. */
typedef enum {
	CHECK_DUPLICATES,
	CHECK_CONTRACT, /* what Contact Form 7 itself calls spam (form/spam.h) */
	CHECK_LISTS,
	CHECK_RATE,
	CHECK_TRAP,
	CHECK_HONEYPOT,
	CHECK_SHAPE,
	CHECK_LINKS,
	CHECK_SENDER,
	CHECK_CAPTCHA
} Check;
#define CHECK_COUNT 10u
/* "duplicates", "contract", "lists" ...: also the key in [check]. Static. */
const char *check_name(Check check);

/* Whether a check is made, and whether it counts. DRY_RUN records what it would have done. */
typedef enum { CHECK_OFF, CHECK_DRY_RUN, CHECK_ON } CheckMode;

/* What a finding asks for, weakest first. Stored: never renumber. */
typedef enum {
	FINDING_PASS,   /* looked, and saw nothing */
	FINDING_UNSURE, /* could not look: the DNS is silent, a service does not answer. Counts nothing by itself */
	FINDING_NOTE,   /* points; enough of them hold */
	FINDING_HOLD,   /* kept, not mailed, a person will look */
	FINDING_WAIT,   /* too many at once: not kept, the visitor may try again later */
	FINDING_AGAIN,  /* not kept, the visitor is asked for a fresh captcha or to look at a field again */
	FINDING_REJECT  /* refused */
} FindingAction;
/* "pass", "unsure", "note", "hold", "wait", "again", "reject". Static. */
const char *finding_action_name(FindingAction action);

typedef struct {
	Check check;
	FindingAction action;
	guint points;        /* of a NOTE; else 0 */
	gboolean is_dry_run; /* it only says what it would have done */
	gint64 retry_at_us;  /* of a WAIT: when another try has a chance; else 0 */
	char *code;          /* a stable word for logs, JSON and tests: letters, digits and "_" */
	char *what;          /* one English sentence for the operator: what was seen and what makes it suspicious */
} Finding;
void finding_free(Finding *finding);

/* An empty list of findings (Finding *). The caller's. */
GPtrArray *findings_new(void);
typedef struct {
	Check check;
	CheckMode mode;       /* DRY_RUN marks the finding; OFF adds none */
	FindingAction action;
	guint points;
	const char *code;
} FindingHead;
/* Appends one, up to LIMIT_FINDINGS (further ones are dropped, unless they are stronger than the weakest there, which they replace). The new finding, borrowed from the
 * list; NULL if it was dropped or its check is off. */
Finding *finding_add(GPtrArray *findings, const FindingHead *head, const char *what, ...) G_GNUC_PRINTF(3, 4);

/* What follows from the findings so far: the action that a verdict of them would have. */
FindingAction findings_weigh(const GPtrArray *findings, guint threshold);

/* Everything that was found, and what follows. Frozen once made. */
typedef struct {
	FindingAction action; /* the strongest of the findings that count; HOLD if the points of NOTEs reach the threshold */
	guint points;         /* sum of the NOTEs that count */
	guint threshold;      /* points at which it is held */
	const GPtrArray *findings; /* Finding *, strongest first: those that count before those that do not, then by action, points and check */
} Verdict;
/* `findings` becomes the verdict's. */
Verdict *verdict_new(GPtrArray *findings, guint threshold);
void verdict_free(Verdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_free)
/* The finding that decided: the first one that asks for the verdict's action; of a hold by points the heaviest note. NULL if it passes. Borrowed. */
const Finding *verdict_decisive(const Verdict *verdict);
/* What the action would be without that finding (one of the verdict's). */
FindingAction verdict_without(const Verdict *verdict, const Finding *finding);

/* As text that is sealed with the submission (Submission.evidence), and back; NULL for a text that is none of ours. The caller's. */
char *verdict_to_text(const Verdict *verdict);
Verdict *verdict_from_text(const char *text);
