/*
 * A Job: one request on its way through the front. It belongs to no thread: a worker receives it, whoever is asked about it hands it
 * back (job->stage says who), any worker goes on. One thread at a time touches it; each hand-over goes through a lock (that of who is asked, then the
 * server's), so the job itself needs none. The exception are answers that several threads bring at once (judge.h): each writes a place of its own, and they count each other down.
 *
 * However a request ends, its end is one of the job_end_* calls here: each fills `answer` and writes the one log line.
 */
#pragma once

#include <glib.h>

#include "hourly.h"
#include "answer.h"
#include "fingerprint.h"
#include "judge.h"
#include "proxies.h"
#include "request.h"
#include "route.h"
#include "sekisho/conf/config.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/resolver.h"
#include "sekisho/policy/trap.h"
#include "sekisho/store/journal.h"
#include "twins.h"

typedef struct Chores Chores;

/* What all jobs share (house.h). Frozen while workers run. */
typedef struct {
	Config *config;
	Vault *vault;
	int wake_descriptor; /* see FrontSettings */
	Journal *journal;
	ListsWatch *lists;
	Twins *twins;
	Admission *admission;
	Captcha *captcha;
	Resolver *resolver;
	Trap *trap;
	Fingerprints *fingerprints;
	struct Rechecks *rechecks;
	struct Reviews *reviews;
	OneAddress *one_address;
	Hourly *full; /* sites whose refused ones were not kept */
	Chores *chores;
} Front;

/* Whose answer a job goes on with. */
typedef enum { STAGE_TWIN, STAGE_ADMISSION, STAGE_SERVICES, STAGE_CEILING, STAGE_JOURNAL } JobStage;

typedef struct Job {
	const Front *front;
	struct Server *server;
	gint64 started_us;      /* g_get_monotonic_time */
	Request request;
	Route route;
	Site *site;             /* everything from here on is NULL until it is known */
	Form *form;
	Posted *posted;         /* until the submission takes it */
	Uploads *uploads;       /* the same */
	char *unit_tag;
	Submission *submission;
	JobStage stage;
	Twin *led;              /* the same submissions that wait until this one has ended; NULL: it leads none */
	Judgement judgement;    /* what the gate knows of it */
	GPtrArray *planned;     /* PlannedDelivery *: what the journal is to promise */
	GPtrArray *planned_if_cleared; /* the same, should what is held be cleared (recheck.h); NULL: it will not be */
	guint mails;            /* promised in the outbox to addresses that need no proof */
	char **hints;           /* what to tell of them besides the form's message (hints.h); NULL: nothing */
	gboolean is_kept;       /* committed */
	gboolean has_content;   /* ... with its content, and then its files are the store's */
	Outcome outcome;
	GError *store_error;    /* why it could not be kept */
	char *earlier_receipt;  /* another one like it was committed first; NULL: none was */
	SubmissionStatus earlier_status;
	gboolean is_repeated;   /* its answer is that of an earlier one */
	gboolean is_hinted;     /* its answer asks about an address */
	Answer *answer;         /* NULL where nobody waits for one */
} Job;

Job *job_new(const Front *front, struct Server *server);
/* The request must have ended: see request_finish. */
void job_free(Job *job);

/* Finds site or form; if there is none that can be used, the job ends here and FALSE is returned. */
gboolean job_find_site(Job *job);
gboolean job_find_form(Job *job, guint64 form_id);

/* The language in which to answer: the form's, else the browser's if we speak it, else the site's. Borrowed. */
const char *job_locale(const Job *job);

/* JournalDone of a waiting job, which is `user_data`: hands it to the next free worker. */
void job_stored(gpointer user_data, const JournalOutcome *outcome);

/* Fresh questions for the form's quiz fields, or NULL if it has none. The caller's. */
GVariant *job_quiz(const Job *job);

/* Ends a submission with `status` (contract 2.2) and the form's message for `message_key` (7.3). */
void job_end(Job *job, const char *status, const char *message_key);
/* The same with a text of ours, for what no form has words for; `reason` is for the log. */
void job_end_with_text(Job *job, const char *status, const char *text_id, const char *reason);
/* Turns a visitor away for `wait_s` seconds. */
void job_end_wait(Job *job, guint wait_s);
/* Turns a wrong client away: JSON of `refusal`, or for a plain POST the page with `text_id`, which may be NULL on REST routes. */
void job_end_refused(Job *job, const RouteRefusal *refusal, const char *text_id);
/* Ends a confirmation's link with a page (page_confirm_end); `reason` is for the log. */
void job_end_confirm(Job *job, guint status, const char *text_id, const char *reason);
/* The same with any page of a link; `answer` becomes the job's. */
void job_end_page(Job *job, Answer *answer, const char *reason);
/* Answers a question that changed nothing (schema, refill, OPTIONS, a link's page, a probe). */
void job_end_with_answer(Job *job, Answer *answer);
