/*
 * The gate: who may pass, who waits, who is sent away, and why. It orders the checks; each has a file of its own in policy/.
 *
 * Those of gate_examine are pure: they look at a submission, the lists and the settings, so the front asks them for each visitor, and `sekisho rehearse` and `sekisho try`
 * ask them again for what is kept. What needs a counter (store/admission.h), the captcha service (policy/captcha.h) or the DNS (policy/resolver.h) is asked by the caller,
 * who adds what *_judge makes of the answer to the same findings.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/spam.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/captcha.h"
#include "sekisho/policy/finding.h"
#include "sekisho/policy/lists.h"
#include "sekisho/policy/rate.h"

/* [check] sensitivity: the greater, the fewer points hold. In the order of the key's words. */
typedef enum { SENSITIVITY_LOW, SENSITIVITY_NORMAL, SENSITIVITY_HIGH } Sensitivity;
/* Points at which a submission is held. */
guint gate_hold_points(Sensitivity sensitivity);
/* The word of the key that stands for so many points: "low", "normal" or "high"; NULL: none does. Static. */
const char *gate_sensitivity_name(guint hold_points);

/* The settings of the checks for one form: the site's, and over them the form's own. Frozen; made by conf (conf/gatefile.c). Strings and lists are never NULL. */
typedef struct {
	CheckMode modes[CHECK_COUNT];
	guint hold_points;         /* [check] sensitivity (gate_hold_points): at so many it is held */
	Rate rates[RATE_TIERS];    /* [limit] */
	char **honeypot_fields;    /* NULL-terminated */
	gint64 trap_minimum_us;    /* a form sent sooner after its page was loaded is too quick for a person */
	gint64 repetition_us;      /* [check] repeated_within: how long the same submission counts as a repetition */
	guint links_maximum;       /* more links than these in a submission are too many */
	char **brands;             /* names, folded, that a link may carry in its registrable domain alone */
	GHashTable *shorteners;    /* char * (domain) -> itself */
	GHashTable *disposables;   /* char * (domain) -> itself */
	CaptchaSettings captcha;
	gint64 rejected_retention_us;      /* [rejected] keep */
	guint rejected_per_network_day;    /* [rejected] per_network */
	guint64 rejected_bytes;            /* [rejected] bytes: of one site */
} GatePolicy;
/* All checks off, everything else zero or empty, to be filled in (conf/gatefile.c). The caller's. */
GatePolicy *gate_policy_new(void);
void gate_policy_free(GatePolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GatePolicy, gate_policy_free)

/* What the trap saw (policy/trap.h). */
typedef struct {
	gboolean is_asked;       /* FALSE: nothing can be said (another origin, no cookie is possible, the check rests) */
	gboolean is_cookie_there;/* ... and genuine, and not expired */
	gint64 age_us;           /* since the page was loaded */
} TrapSight;

/* What one submission is examined with. All borrowed. */
typedef struct {
	const Form *form;
	const Submission *submission;
	const GatePolicy *policy;
	const SpamWords *disallowed_words; /* the site's; NULL: none */
	const Lists *lists;                /* NULL: none */
	Vault *vault;                      /* to hash addresses as the lists have them */
	TrapSight trap;
} GateInput;

/* The checks that need nobody's answer: contract, lists, trap, honeypot, shape, links, sender. Appends to `findings`. `hits` (guint64 ids of list entries,
 * appended) are those that decided or added points; may be NULL. */
void gate_examine(const GateInput *input, GPtrArray *findings, GArray *hits);
/* TRUE if one that counts refuses already, so that nothing more need be asked. */
gboolean gate_is_refused(const GPtrArray *findings);
