/*
 * A desk (desk.h) at which the gate has its say: submissions that are held, refused or repeat one another, and what became of each.
 */
#pragma once

#include "desk.h"
#include "sekisho/store/held.h"

#define HOUR (3600 * SECOND_US)

typedef struct {
	Fixture *fixture;
	Desk desk;
	Db *db;
	sqlite3 *raw;
	GAsyncQueue *told; /* Told * */
} Gate;

/* A copy of a JournalOutcome. */
typedef struct {
	gboolean is_error;
	char *earlier_receipt;
	SubmissionStatus earlier_status;
	gboolean is_kept;
} Told;

static inline void
told_free(Told *told)
{
	g_free(told->earlier_receipt);
	g_free(told);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Told, told_free)

static inline void
gate_open(Gate *gate, Fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	gate->fixture = fixture;
	desk_open(&gate->desk, fixture);
	gate->db = db_open(fixture->directory, DB_EXISTING, &error);
	g_assert_no_error(error);
	gate->raw = raw_open(fixture);
	gate->told = g_async_queue_new();
}

static inline void
gate_close(Gate *gate)
{
	g_async_queue_unref(gate->told);
	sqlite3_close(gate->raw);
	db_free(gate->db);
	desk_close(&gate->desk);
	clock_set_offset_us(0);
}

static inline void
note_outcome(gpointer user_data, const JournalOutcome *outcome)
{
	Told told = {outcome->error != NULL, g_strdup(outcome->earlier_receipt), outcome->earlier_status, outcome->is_kept};

	g_async_queue_push(user_data, g_memdup2(&told, sizeof told));
}

/* What is submitted; the repetition's key is made of the message. */
typedef struct {
	const char *receipt;
	const char *message; /* NULL: it may be repeated */
	SubmissionStatus status;
	guint64 quota;
	gboolean is_stored_briefly;
	gboolean is_silent; /* promises no mail */
} Case;

static inline JournalEntry *
make_entry(const Desk *desk, const Case *made)
{
	g_autoptr(Submission) submission = make_submission(made->receipt, made->message ? made->message : "message");
	g_autoptr(GPtrArray) planned = new_plan();
	VaultHash key, fingerprint = row_hash('f');

	submission_repetition(submission, desk->vault, NULL, &key);
	if (made->status != SUBMISSION_REJECTED && !made->is_silent)
		plan(planned, made->status == SUBMISSION_HELD ? MAIL_HELD : MAIL_NOTICE, 'a', NULL);
	const JournalRecord record = {.submission = submission,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + 24 * HOUR,
	    .is_stored_briefly = made->is_stored_briefly,
	    .status = made->status,
	    .repetition = made->message ? &key : NULL,
	    .repetition_until_us = clock_now_us() + 600 * SECOND_US,
	    .fingerprint = &fingerprint,
	    .rejected_bytes = made->quota};
	return journal_entry_new(desk->journal, &record);
}

static inline Told *
commit(Gate *gate, JournalEntry *entry)
{
	g_assert_true(journal_submit(gate->desk.journal, entry, note_outcome, gate->told, NULL));
	return g_async_queue_pop(gate->told);
}

static inline Told *
store(Gate *gate, Case made)
{
	return commit(gate, make_entry(&gate->desk, &made));
}

/* Stores it, which succeeds. Its id. */
static inline gint64
keep(Gate *gate, Case made)
{
	g_autoptr(Told) told = store(gate, made);

	g_assert_true(told->is_kept && !told->is_error && !told->earlier_receipt);
	return raw_number(gate->raw, "SELECT id FROM submission WHERE receipt = '%s'", made.receipt);
}

static inline SubmissionStatus
status_of(Gate *gate, const char *receipt)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(gate->db, receipt, NULL);

	g_assert_nonnull(summary);
	return summary->status;
}

static inline gint64
quota(Gate *gate)
{
	return raw_number(gate->raw, "SELECT coalesce(sum(quota_bytes), 0) FROM verdict WHERE site = '%s'", "example.jp");
}

static inline gboolean
release(Gate *gate, gint64 id, GError **error)
{
	g_autoptr(GPtrArray) planned = new_plan();

	plan(planned, MAIL_NOTICE, 'n', NULL);
	return held_release(gate->db, id, planned, clock_now_us() + 48 * HOUR, "tester", error);
}
