/*
 * The journal: where a submission becomes durable. Workers hand entries in; one writer thread commits everything that waits
 * in ONE transaction (submission, epoch, outbox, deliveries), so that many requests share one fsync, and then tells each.
 * What was told "committed" survives a crash of the process and of the machine.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/store/outbox.h"

typedef struct Journal Journal;
typedef struct JournalEntry JournalEntry;

/* Called once per entry from the writer thread, after the commit (error NULL) or after it failed: STORE_ERROR_CONFLICT is this entry's own (its
 * receipt exists), anything else struck the whole commit. Nothing of a failed entry is stored, and later entries may succeed. Must not block. */
typedef void (*JournalDone)(gpointer user_data, const GError *error);

/* Opens the database (it must exist) and starts the writer. `vault` is borrowed and must outlive the journal. */
Journal *journal_start(const char *data_directory, Vault *vault, GError **error);
/* Commits what waits, then ends the writer. Nothing may be submitted any more. */
void journal_stop(Journal *journal);

typedef struct {
	const Submission *submission;
	const GPtrArray *planned;      /* PlannedDelivery * */
	gint64 purge_at_us;            /* end of retention */
	gboolean is_stored_briefly;    /* do_not_store */
} JournalRecord;
/* Serialises, seals and hashes in the caller's thread; keeps nothing of `record`. A do_not_store submission that causes no mail is recorded
 * without its content. The caller's until submitted. */
JournalEntry *journal_entry_new(Journal *journal, const JournalRecord *record);
void journal_entry_free(JournalEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JournalEntry, journal_entry_free)

/* Takes `entry`, whatever happens. FALSE with STORE_ERROR_BUSY, and `done` never called, when LIMIT_JOURNAL_QUEUE entries wait. */
gboolean journal_submit(Journal *journal, JournalEntry *entry, JournalDone done, gpointer user_data, GError **error);
