/*
 * What the two halves of the journal share: journal_entry.c says what an entry is and which rows it becomes, journal.c when it is written and who is told.
 */
#pragma once

#include "sekisho/store/db.h"
#include "sekisho/store/journal.h"

/* The vault that journal_start was given. */
Vault *journal_vault(const Journal *journal);

struct JournalEntry {
	char *site;
	char *token;         /* of a pressed link; then there is nothing else but site and decision. NULL: it is none */
	char *decision;      /* of a pressed link */
	gboolean is_release; /* of the held submission with this receipt; then there is nothing else but what is planned */
	char *receipt;
	guint64 form_id;
	gint64 received_at_us;
	gint64 purge_at_us;
	gboolean is_stored_briefly;
	SubmissionStatus status;
	gboolean is_address_known;
	VaultHash ip;
	VaultHash network;
	VaultHash *repetition; /* NULL: it may be repeated */
	gint64 repetition_until_us;
	VaultHash *fingerprint; /* may be NULL */
	guint64 quota_bytes;    /* how much it takes of its site's quota of refused ones; 0: nothing */
	guint64 quota_ceiling;  /* 0: none */
	VaultSealed *sealed;    /* NULL: nothing of the content is kept */
	GPtrArray *planned;     /* PlannedDelivery * */
	GPtrArray *spooled;     /* char *: spool files of the content; NULL: none */
	/* What became of it; journal_entry_insert says so each time anew. */
	char *earlier_receipt;
	SubmissionStatus earlier_status;
	gboolean is_kept;
	gboolean is_erased; /* then db_scrub after the commit */
	JournalDone done;
	gpointer user_data;
	GError *error; /* this entry's own */
};

/* Of its content. */
gsize journal_entry_size_bytes(const JournalEntry *entry);

/* What the entries of one transaction share, all of it 0 at its beginning; borrowed from entries. Nearly all of a batch are of one epoch, and a flood is of one site. */
typedef struct {
	GBytes *epoch_id;       /* inserted last */
	const char *quota_site; /* whose quota was summed up last, */
	guint64 quota_ceiling;  /* ... up to which ceiling: forms of one site may have their own */
	guint64 quota_used;     /* with those of this batch */
} JournalBatch;
/* Inside a transaction: writes its rows, or finds that it repeats another one or has no room. */
gboolean journal_entry_insert(Db *db, JournalEntry *entry, JournalBatch *batch, GError **error);
