/*
 * Admission: one thread that answers, for many submissions at once, what only a database knows: was this very submission sent a moment ago (sekisho.db), has its captcha
 * token been used before, may one more come (counters.db). All that waits is decided in one transaction. A memory of denials that are not over yet answers floods
 * without touching counters.db.
 *
 * If counters.db cannot be used (full disk, damage, a lock), nobody is turned away for it: the answer is the error's, and the caller notes that it could not look. The file is
 * tried again after LIMIT_ADMISSION_REST_MS; until then answers come at once.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/counters.h"
#include "sekisho/store/submissions.h"
#include "sekisho/store/tally.h"

typedef struct Admission Admission;

typedef struct {
	gboolean is_repetition_asked;
	VaultHash repetition;          /* of form, values and files (JournalRecord.repetition) */
	const VaultHash *hint;         /* NULL, or: a hint that is given once, and charged like any other. If its mark is new it is set, and the token is not looked at; who is denied gets none */
	gint64 hint_until_us;
	const VaultHash *token;        /* NULL, or: works once. Marked only if the charges were allowed, or are not enforced; who brings a used one is charged, too */
	gint64 token_until_us;
	gboolean is_dry_run;           /* who is denied goes on nevertheless, so hint and token are decided as if the charges were allowed */
	const CounterCharge *charges;  /* all, or none */
	guint charge_count;            /* at most LIMIT_CHARGES */
} AdmissionRequest;

typedef struct {
	const GError *error;           /* what could not be looked at; of that the others say that nothing stands in the way. NULL: everything was */
	const char *earlier_receipt;   /* the repetition's first one, accepted, held or released; NULL: it is none. Then nothing was charged or marked */
	SubmissionStatus earlier_status;
	gboolean is_hint_new;          /* then the token was not marked */
	gboolean is_token_used;        /* it was marked before */
	CounterAnswer charged;
} AdmissionAnswer;
/* Called once for each request from the admission's thread; the answer is borrowed for the call. Must not block. */
typedef void (*AdmissionDone)(gpointer user_data, const AdmissionAnswer *answer);

/* Opens sekisho.db, which must exist, and starts the thread, which opens counters.db. */
Admission *admission_start(const char *data_directory, GError **error);
/* Answers what waits, writes the hits, ends the thread. */
void admission_stop(Admission *admission);
/* Copies the request. FALSE, and `done` never called, if LIMIT_JOBS wait already. Any thread, and not after admission_stop began. */
gboolean admission_ask(Admission *admission, const AdmissionRequest *request, AdmissionDone done, gpointer user_data);
/* One hit of each of these list entries; written in batches, within seconds. Beyond LIMIT_HITS entries that wait it is not counted. Any thread. */
void admission_count_hits(Admission *admission, const gint64 *entry_ids, guint count);
/* Counts for the owner's report (store/tally.h); written in batches, within seconds. Beyond LIMIT_TALLY_PENDING that wait it is not counted. Any thread. */
void admission_tally(Admission *admission, const TallyMark *marks, guint count);
/* The same for who was limited. FALSE, and nothing is counted, if `boxed` is NULL and it does not wait already: then box its text, which costs a tenth of a millisecond, and ask again. */
gboolean admission_tally_limited(Admission *admission, const TallyLimited *limited);
