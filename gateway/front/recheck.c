/*
 * A Recheck waits (in the list) -> is asked (still in the list, is_asked) -> waits again, or is taken out: its answer was a clear one, or its token's time is over. A good answer
 * goes to the journal, which releases it with the mails that were planned when it came.
 *
 * Under the lock: the list and what is in it. Answers come from the captcha's thread, commits from the journal's.
 */
#include "recheck.h"

#include <pthread.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* After which it is asked again, and then each time twice as long; and how long a token lives: two minutes at the shortest-lived service (reCAPTCHA), less the time of a question. */
#define FIRST_US (20 * G_TIME_SPAN_SECOND)
#define LIFE_US (105 * G_TIME_SPAN_SECOND)

typedef struct {
	Rechecks *rechecks;
	Site *site;
	const GatePolicy *policy; /* the site's */
	char *receipt;
	char *token;
	gint64 received_at_us;
	GPtrArray *planned;
	gint64 wait_us;
	gint64 due_us; /* monotonic, like end_us */
	gint64 end_us;
	gboolean is_asked;
} Recheck;

struct Rechecks {
	const Front *front;
	pthread_mutex_t lock;
	GPtrArray *waiting; /* Recheck * */
};

static void
recheck_free(Recheck *recheck)
{
	site_unref(recheck->site);
	g_free(recheck->receipt);
	g_free(recheck->token);
	g_ptr_array_unref(recheck->planned);
	g_free(recheck);
}

Rechecks *
rechecks_new(const Front *front)
{
	Rechecks *rechecks = g_new0(Rechecks, 1);
	rechecks->front = front;
	pthread_mutex_init(&rechecks->lock, NULL);
	rechecks->waiting = g_ptr_array_new();
	return rechecks;
}

void
rechecks_free(Rechecks *rechecks)
{
	if (rechecks == NULL)
		return;
	for (guint i = 0; i < rechecks->waiting->len; i++)
		recheck_free(rechecks->waiting->pdata[i]);
	g_ptr_array_unref(rechecks->waiting);
	pthread_mutex_destroy(&rechecks->lock);
	g_free(rechecks);
}

void
rechecks_add(Rechecks *rechecks, const Job *job, GPtrArray *planned)
{
	const gint64 now_us = g_get_monotonic_time();
	const Submission *submission = job->submission;
	Recheck *recheck = g_new0(Recheck, 1);
	*recheck = (Recheck){.rechecks = rechecks,
	    .site = site_ref(job->site),
	    .policy = job->judgement.policy,
	    .receipt = g_strdup(submission->receipt),
	    .token = g_strdup(captcha_token(&job->judgement.policy->captcha, submission->posted)),
	    .received_at_us = submission->client->received_at_us,
	    .planned = g_ptr_array_ref(planned),
	    .wait_us = FIRST_US,
	    .due_us = now_us + FIRST_US,
	    .end_us = now_us + LIFE_US};
	pthread_mutex_lock(&rechecks->lock);
	const gboolean is_room = rechecks->waiting->len < LIMIT_RECHECKS;
	if (is_room)
		g_ptr_array_add(rechecks->waiting, recheck);
	pthread_mutex_unlock(&rechecks->lock);
	if (!is_room)
		recheck_free(recheck);
}

/* --- Answers -------------------------------------------------------------------------------------------------------- */

/* The journal's thread. A person may have been faster. */
static void
released(gpointer user_data, const JournalOutcome *outcome)
{
	Recheck *recheck = user_data;
	if (outcome->error != NULL)
		log_error(
		    LOG_STORE_FAILED, outcome->error, "site", recheck->site->facts->name, "receipt", recheck->receipt, NULL);
	else if (outcome->is_kept)
		log_event(LOG_CLEARED, "site", recheck->site->facts->name, "receipt", recheck->receipt, NULL);
	recheck_free(recheck);
}

/* What cannot be released stays held. */
static void
release(Recheck *recheck)
{
	g_autoptr(GError) error = NULL;
	JournalEntry *entry = journal_release_new(recheck->receipt, recheck->planned);
	if (journal_submit(recheck->rechecks->front->journal, entry, released, recheck, &error))
		return;
	log_error(LOG_STORE_FAILED, error, "site", recheck->site->facts->name, "receipt", recheck->receipt, NULL);
	recheck_free(recheck);
}

/* Under the lock. FALSE if its time is over. */
static gboolean
wait_again(Recheck *recheck)
{
	recheck->is_asked = FALSE;
	recheck->wait_us *= 2;
	recheck->due_us = MIN(recheck->due_us + recheck->wait_us, recheck->end_us - 1);
	return g_get_monotonic_time() < recheck->due_us;
}

/* The captcha's thread. */
static void
answered(gpointer user_data, const CaptchaAnswer *answer)
{
	Recheck *recheck = user_data;
	Rechecks *rechecks = recheck->rechecks;
	pthread_mutex_lock(&rechecks->lock);
	const gboolean is_waiting = answer->outcome == CAPTCHA_UNREACHABLE && wait_again(recheck);
	if (!is_waiting)
		g_ptr_array_remove_fast(rechecks->waiting, recheck);
	pthread_mutex_unlock(&rechecks->lock);
	if (answer->outcome == CAPTCHA_GOOD)
		release(recheck);
	else if (!is_waiting)
		recheck_free(recheck);
}

/* --- Questions ------------------------------------------------------------------------------------------------------ */

static void
ask(Recheck *recheck)
{
	const Front *front = recheck->rechecks->front;
	char *secret = gate_captcha_secret(recheck->policy, NULL);
	const CaptchaQuestion question = {.settings = &recheck->policy->captcha,
	    .secret = secret,
	    .token = recheck->token,
	    .received_at_us = recheck->received_at_us};
	const CaptchaAnswer unasked = {.outcome = CAPTCHA_UNREACHABLE, .code = "busy"};
	if (secret == NULL || !captcha_ask(front->captcha, &question, answered, recheck))
		answered(recheck, &unasked);
	password_free(secret);
}

/* Those that are due, marked as asked: nobody else takes them out meanwhile. */
static GPtrArray *
take_due(Rechecks *rechecks)
{
	const gint64 now_us = g_get_monotonic_time();
	GPtrArray *due = g_ptr_array_new();
	pthread_mutex_lock(&rechecks->lock);
	for (guint i = 0; i < rechecks->waiting->len; i++) {
		Recheck *recheck = rechecks->waiting->pdata[i];
		if (recheck->is_asked || now_us < recheck->due_us)
			continue;
		recheck->is_asked = TRUE;
		g_ptr_array_add(due, recheck);
	}
	pthread_mutex_unlock(&rechecks->lock);
	return due;
}

void
rechecks_ask(Rechecks *rechecks)
{
	g_autoptr(GPtrArray) due = take_due(rechecks);
	for (guint i = 0; i < due->len; i++)
		ask(due->pdata[i]);
}
