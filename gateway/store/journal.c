/*
 * The journal: one writer thread that makes submissions, and links that were pressed, durable. What an entry is and which rows it becomes, journal_entry.c says.
 *
 * An entry is: made and sealed by a worker -> waiting in the queue -> in a batch -> told (done) and freed. The writer takes
 * what waits, up to the ceilings of a batch, and commits it in one transaction; while it syncs, the next batch gathers by itself, so no
 * timer is needed. An entry that breaks a rule of the schema fails alone: the batch begins anew without it. Any other failure (full disk, I/O,
 * lock) fails the whole batch, and the writer goes on with the next: when the disk has room again, entries succeed again.
 *
 * `waiting`, `is_stopping` and `wake` are guarded by `lock`; `db` belongs to the writer thread. After journal_stop began
 * nothing may be submitted.
 */
#include "sekisho/store/journal.h"

#include <pthread.h>

#include "journal_private.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

struct Journal {
	Vault *vault;
	Db *db;
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	GQueue waiting; /* JournalEntry * */
	gboolean is_stopping;
	JournalCommitted committed; /* may be NULL */
	gpointer committed_data;
};

/* --- Committing a batch ------------------------------------------------------------------------------------------- */

/* One transaction with every entry that has no error of its own. An entry that breaks a rule gets one, and *is_struck is set: then nothing was
 * committed. Any other failure is the transaction's. */
static gboolean
try_batch(Db *db, const GPtrArray *batch, gboolean *is_struck, GError **error)
{
	JournalBatch shared = {0};
	if (!db_begin(db, error))
		return FALSE;
	for (guint i = 0; i < batch->len; i++) {
		JournalEntry *entry = g_ptr_array_index(batch, i);
		if (entry->error || journal_entry_insert(db, entry, &shared, &entry->error))
			continue;
		*is_struck = g_error_matches(entry->error, STORE_ERROR, STORE_ERROR_CONFLICT);
		if (!*is_struck)
			g_propagate_error(error, g_steal_pointer(&entry->error));
		return db_end(db, FALSE, NULL);
	}
	return db_commit(db, error);
}

/* Begins anew without the entry that was struck: that is next to never, and a savepoint around each entry would cost all of them. */
static void
commit_batch(Db *db, const GPtrArray *batch, GError **error)
{
	gboolean is_committed = FALSE, is_erased = FALSE;

	for (gboolean is_struck = TRUE; is_struck;) {
		is_struck = FALSE;
		is_committed = try_batch(db, batch, &is_struck, error);
	}
	for (guint i = 0; is_committed && i < batch->len; i++)
		is_erased |= ((const JournalEntry *)g_ptr_array_index(batch, i))->is_erased;
	if (is_erased)
		db_scrub(db);
}

/* Waits for entries and takes them, oldest first; an empty batch means: stop. */
static GPtrArray *
take_batch(Journal *journal)
{
	GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify)journal_entry_free);
	gsize size_bytes = 0;
	pthread_mutex_lock(&journal->lock);
	while (g_queue_is_empty(&journal->waiting) && !journal->is_stopping)
		pthread_cond_wait(&journal->wake, &journal->lock);
	while (
	    batch->len < LIMIT_JOURNAL_BATCH && size_bytes < LIMIT_JOURNAL_BATCH_BYTES && !g_queue_is_empty(&journal->waiting)) {
		JournalEntry *entry = g_queue_pop_head(&journal->waiting);
		size_bytes += journal_entry_size_bytes(entry);
		g_ptr_array_add(batch, entry);
	}
	pthread_mutex_unlock(&journal->lock);
	return batch;
}

static void *
write_batches(void *data)
{
	Journal *journal = data;
	for (;;) {
		g_autoptr(GPtrArray) batch = take_batch(journal);
		if (batch->len == 0)
			return NULL;
		g_autoptr(GError) error = NULL;
		commit_batch(journal->db, batch, &error);
		if (!error && journal->committed)
			journal->committed(journal->committed_data);
		for (guint i = 0; i < batch->len; i++) {
			const JournalEntry *entry = g_ptr_array_index(batch, i);
			JournalOutcome outcome = {.error = entry->error ? entry->error : error, .is_kept = entry->is_kept};
			if (!outcome.error && entry->earlier_receipt) {
				outcome.earlier_receipt = entry->earlier_receipt;
				outcome.earlier_status = entry->earlier_status;
			}
			entry->done(entry->user_data, &outcome);
		}
	}
}

/* --- The journal ---------------------------------------------------------------------------------------------------- */

Vault *
journal_vault(const Journal *journal)
{
	return journal->vault;
}

Journal *
journal_start(const char *data_directory, Vault *vault, GError **error)
{
	Db *db = db_open(data_directory, DB_EXISTING, error);
	if (!db)
		return NULL;
	Journal *journal = g_new0(Journal, 1);
	journal->vault = vault;
	journal->db = db;
	pthread_mutex_init(&journal->lock, NULL);
	pthread_cond_init(&journal->wake, NULL);
	g_queue_init(&journal->waiting);
	int result = pthread_create(&journal->writer, NULL, write_batches, journal);
	if (result != 0)
		g_error("the journal's thread cannot be started: %s", g_strerror(result));
	return journal;
}

void
journal_on_commit(Journal *journal, JournalCommitted committed, gpointer user_data)
{
	journal->committed = committed;
	journal->committed_data = user_data;
}

void
journal_stop(Journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal->is_stopping = TRUE;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
	pthread_join(journal->writer, NULL);
	g_assert(g_queue_is_empty(&journal->waiting));
	db_free(journal->db);
	pthread_cond_destroy(&journal->wake);
	pthread_mutex_destroy(&journal->lock);
	g_free(journal);
}

gboolean
journal_submit(Journal *journal, JournalEntry *entry, JournalDone done, gpointer user_data, GError **error)
{
	entry->done = done;
	entry->user_data = user_data;
	if (journal_entry_size_bytes(entry) > LIMIT_STORED_CONTENT_BYTES) {
		journal_entry_free(entry);
		g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT,
		    "the submission has more than %lu bytes once its choices are spelled out.", LIMIT_STORED_CONTENT_BYTES);
		return FALSE;
	}
	pthread_mutex_lock(&journal->lock);
	g_assert(!journal->is_stopping);
	gboolean has_room = g_queue_get_length(&journal->waiting) < LIMIT_JOURNAL_QUEUE;
	if (has_room)
		g_queue_push_tail(&journal->waiting, entry);
	pthread_mutex_unlock(&journal->lock);
	if (has_room) {
		pthread_cond_signal(&journal->wake);
		return TRUE;
	}
	journal_entry_free(entry);
	g_set_error(error, STORE_ERROR, STORE_ERROR_BUSY, "%u submissions wait for the disk already; it is too slow or hangs.",
	    LIMIT_JOURNAL_QUEUE);
	return FALSE;
}
