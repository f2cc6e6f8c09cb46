/*
 * The journal: where a submission becomes durable. Workers hand entries in; one writer thread commits everything that waits
 * in ONE transaction (submission, epoch, names of its files, outbox, deliveries), so that many requests share one fsync, and then tells each.
 * What was told "committed" survives a crash of the process and of the machine.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

typedef struct Journal Journal;
typedef struct JournalEntry JournalEntry;

/* What became of an entry. */
typedef struct {
	const GError *error;         /* STORE_ERROR_CONFLICT is this entry's own (its receipt exists), anything else struck the whole commit; nothing of it is stored */
	const char *earlier_receipt; /* it repeats this one (JournalRecord.repetition), so nothing of it was stored; NULL: it does not */
	SubmissionStatus earlier_status;
	gboolean is_kept;            /* FALSE: nothing of it is stored. Without error or repetition: its site's quota of refused ones is used up, or it takes more than a hundredth of it, or what is to be released is held no more */
} JournalOutcome;
/* Called once per entry from the writer thread, after the commit or after it failed. Later entries may succeed. Must not block. */
typedef void (*JournalDone)(gpointer user_data, const JournalOutcome *outcome);

typedef void (*JournalCommitted)(gpointer user_data);

/* Opens the database (it must exist) and starts the writer. `vault` is borrowed and must outlive the journal. */
Journal *journal_start(const char *data_directory, Vault *vault, GError **error);
/* `committed` is called from the writer thread after each commit that stored something, before its entries are told; it must not block. To be set
 * before the first entry is submitted. */
void journal_on_commit(Journal *journal, JournalCommitted committed, gpointer user_data);
/* Commits what waits, then ends the writer. Nothing may be submitted any more. */
void journal_stop(Journal *journal);

typedef struct {
	const Submission *submission;
	const GPtrArray *planned;      /* PlannedDelivery * */
	gint64 purge_at_us;            /* end of retention */
	gboolean is_stored_briefly;    /* do_not_store */
	SubmissionStatus status;       /* ACCEPTED, HELD or REJECTED */
	const VaultHash *repetition;   /* what it is told apart by (submission_repetition); NULL: it may be repeated. Unique until repetition_until_us among accepted and held ones */
	gint64 repetition_until_us;
	const VaultHash *fingerprint;  /* to find others of the same browser; NULL: none */
	guint64 rejected_bytes;        /* quota of the site for what is REJECTED, content and files, of which one may take a hundredth, or the 4 KiB that the smallest takes; 0: there is no ceiling */
} JournalRecord;
/* FALSE for a do_not_store submission that causes no mail: nothing of its content is recorded, and its files (submission->files) are
 * the caller's to remove, and so are those of one that turned out not to be kept (JournalOutcome). Those of any other are the store's once the entry was committed. What is held keeps its content. */
gboolean journal_keeps_content(const JournalRecord *record);
/* Serialises, seals and hashes in the caller's thread; keeps nothing of `record`. A do_not_store submission that causes no mail is recorded
 * without its content. The caller's until submitted. */
JournalEntry *journal_entry_new(Journal *journal, const JournalRecord *record);
void journal_entry_free(JournalEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JournalEntry, journal_entry_free)

/* What was held, released by the gateway itself because a late answer cleared it: status becomes ACCEPTED, its mails (PlannedDelivery *, copied) are promised. If it
 * is held no more, that is no error, and it is not kept (JournalOutcome.is_kept). */
JournalEntry *journal_release_new(const char *receipt, const GPtrArray *planned);

/* A pressed link (store/presses.h) instead of a submission; committed as durably. `decision`: of a review link (review_decision_text); "" of a confirmation. A token that is there already is no
 * error, and its first decision holds. */
JournalEntry *journal_press_new(const char *site, const char *token, const char *decision);

/* Takes `entry`, whatever happens. FALSE, and `done` never called, with STORE_ERROR_BUSY when LIMIT_JOURNAL_QUEUE entries wait, and with
 * STORE_ERROR_CONFLICT for a content above LIMIT_STORED_CONTENT_BYTES, which nobody would open again. */
gboolean journal_submit(Journal *journal, JournalEntry *entry, JournalDone done, gpointer user_data, GError **error);
