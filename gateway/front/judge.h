/*
 * The gate's part of a submission's life: what the front asks, of whom, and what it makes of the answers. feedback.c says when. The checks themselves are policy's; here they get
 * their input, and whoever must be waited for is asked so that no thread waits.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/limits.h"
#include "sekisho/policy/gate.h"
#include "sekisho/policy/resolver.h"
#include "sekisho/store/admission.h"
#include "twins.h"

struct Job;

/* One domain that the DNS is asked about. */
typedef struct {
	struct Job *job;
	char *name;
	DomainFact fact;
} AskedDomain;

/* What the gate knows of one submission. All but `policy` and `findings` are empty until they are asked for. */
typedef struct {
	const GatePolicy *policy;      /* borrowed from the site; NULL: the gate is not asked (a canary) */
	GPtrArray *findings;           /* until they become the verdict's */
	Verdict *verdict;
	TrapSight trap;
	VaultHash token;               /* of the captcha: it is good once, */
	gint64 token_until_us;         /* and nobody need remember it after this; 0: there is none to remember */
	VaultHash repetition;
	gboolean is_repetition_known;  /* it may not be repeated */
	gboolean is_twin_hinted;       /* the same submission led this one, and its visitor was asked about the address */
	gboolean is_twin_refused;      /* ... or its captcha's token, which this one brings, too, was not good */
	char *hint_address;            /* what the visitor perhaps meant, and the field where it was typed */
	const char *hint_field;
	GArray *charges;               /* CounterCharge: what admission was asked to charge; its `tier` is the RateTier */
	const CounterCharge *denied;   /* of these the one that sends the visitor away; NULL: none does */
	/* What admission said: its answer, with strings of our own. */
	AdmissionAnswer admitted;
	char *earlier_receipt;
	GError *admission_error;
	/* What services and the DNS said. */
	int outstanding;               /* answers that are still to come, atomic */
	gboolean is_captcha_asked;
	gboolean is_ceiling_asked;     /* and then `admitted` is the ceiling's answer */
	CaptchaAnswer captcha;
	AskedDomain domains[LIMIT_SENDERS];
	guint domain_count;
	gboolean is_counted_only;      /* refused, and its network has sent more such than are kept */
} Judgement;
void judgement_clear(Judgement *judgement);

/* TRUE if a finding that counts sends the visitor away, for now or for good: nothing more need be asked. Before the verdict. */
gboolean judgement_is_stopped(const Judgement *judgement);
/* TRUE if an entry of the lists exempts it from what looks at its content. Before the verdict. */
gboolean judgement_is_exempt(const Judgement *judgement);
/* Whether a check is made for this submission. It must have a policy. */
CheckMode judge_mode(const struct Job *job, Check check);
/* Asks admission, for the questions below. FALSE if it cannot be asked; then the answer is that nothing stands in the way. */
gboolean judge_ask(struct Job *job, const AdmissionRequest *request);

/* Asks the checks that need nobody's answer. First. */
void judge_examine(struct Job *job);
gboolean judge_is_refused(const struct Job *job);

/* If the very same is on its way already, it goes first. TRUE: the job waits until that one has ended. FALSE: go on. */
gboolean judge_wait_for_twin(struct Job *job);
/* The job has ended: those that waited for it go on. */
void judge_end_twin(struct Job *job);
/* TwinResume of a waiting job, which is `user_data`: hands it to the next free worker. */
void judge_resume(gpointer user_data, Twin *led, gconstpointer leader);

/* Asks whether it is a repetition, and whether there is room. TRUE: the job waits, and may be another worker's already. FALSE: nobody need or can be asked; go on. */
gboolean judge_ask_admission(struct Job *job);
/* What follows from the answer. TRUE if more had to be asked, and the job waits once more for the same. */
gboolean judge_take_admission(struct Job *job);
/* The receipt of the submission that this one repeats, or NULL. */
const char *judge_earlier(const struct Job *job);
/* TRUE if the visitor is to look at the address again. */
gboolean judge_is_hint_due(const struct Job *job);

/* Asks captcha service and DNS at once. Returns as judge_ask_admission. */
gboolean judge_ask_services(struct Job *job);
void judge_take_services(struct Job *job);

/* What goes out unchecked has a ceiling. Returns as judge_ask_admission. */
gboolean judge_ask_ceiling(struct Job *job);
void judge_take_ceiling(struct Job *job);

/* Everything was asked: the verdict, which the submission keeps as its evidence. */
void judge_decide(struct Job *job);
/* What is to become of it: PASS where the gate is not asked. */
FindingAction judge_action(const struct Job *job);
/* Whole seconds after which another try has a chance, at least 1. For a verdict of WAIT. */
guint judge_wait_s(const struct Job *job);
/* It was accepted and is on disk: the trap learns. */
void judge_learn(const struct Job *job);
/* TRUE if it is held for nothing but a captcha's service that did not answer. */
gboolean judge_may_clear(const struct Job *job);
