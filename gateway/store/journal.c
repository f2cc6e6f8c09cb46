/*
 * The journal: one writer thread that makes submissions, and links that were pressed, durable.
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
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "store/statements.h"
#include "submissions_private.h"

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

struct JournalEntry {
	char *site;
	char *token; /* of a pressed link; then there is nothing else. NULL: a submission */
	char *receipt;
	guint64 form_id;
	gint64 received_at_us;
	gint64 purge_at_us;
	gboolean is_stored_briefly;
	gboolean is_address_known;
	VaultHash ip;
	VaultHash network;
	VaultSealed *sealed; /* NULL: nothing of the content is kept */
	GPtrArray *planned;  /* PlannedDelivery * */
	GPtrArray *spooled;  /* char *: spool files of the content; NULL: none */
	JournalDone done;
	gpointer user_data;
	GError *error; /* this entry's own */
};

/* --- Entries ------------------------------------------------------------------------------------------------------ */

static gpointer
copy_planned(gconstpointer source, gpointer unused)
{
	(void)unused;
	g_assert(((const PlannedDelivery *)source)->kind <= MAIL_COPY);
	PlannedDelivery *copy = g_memdup2(source, sizeof *copy);
	copy->reason = g_strdup(copy->reason);
	return copy;
}

gboolean
journal_keeps_content(const JournalRecord *record)
{
	if (!record->is_stored_briefly)
		return TRUE;
	for (guint i = 0; i < record->planned->len; i++)
		if (!((const PlannedDelivery *)g_ptr_array_index(record->planned, i))->is_refused)
			return TRUE;
	return FALSE;
}

static VaultSealed *
seal(Vault *vault, const Submission *submission)
{
	g_autoptr(GBytes) content = submission_to_bytes(submission);
	g_autofree char *associated = submissions_associated(submission->receipt, submission->site, submission->form_id);
	return vault_seal(vault, content, associated);
}

static void
hash_address(Vault *vault, const char *address, JournalEntry *entry)
{
	g_autofree char *network = network_of(address);
	if (!network)
		return;
	entry->is_address_known = TRUE;
	vault_hash(vault, VAULT_HASH_IP, address, strlen(address), &entry->ip);
	vault_hash(vault, VAULT_HASH_NETWORK, network, strlen(network), &entry->network);
}

/* Names of the files that lie in the spool folder; NULL if there are none. */
static GPtrArray *
spool_names(const GPtrArray *files)
{
	GPtrArray *names = NULL;

	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];
		if (file->state != FILE_KEPT)
			continue;
		if (names == NULL)
			names = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(names, g_strdup(file->spool));
	}
	return names;
}

JournalEntry *
journal_entry_new(Journal *journal, const JournalRecord *record)
{
	const Submission *submission = record->submission;
	JournalEntry *entry = g_new0(JournalEntry, 1);
	entry->receipt = g_strdup(submission->receipt);
	entry->site = g_strdup(submission->site);
	entry->form_id = submission->form_id;
	entry->received_at_us = submission->client->received_at_us;
	entry->purge_at_us = record->purge_at_us;
	entry->is_stored_briefly = record->is_stored_briefly;
	hash_address(journal->vault, submission->client->remote_ip, entry);
	if (journal_keeps_content(record)) {
		entry->sealed = seal(journal->vault, submission);
		entry->spooled = spool_names(submission->files);
	}
	entry->planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	for (guint i = 0; i < record->planned->len; i++)
		g_ptr_array_add(entry->planned, copy_planned(g_ptr_array_index(record->planned, i), NULL));
	return entry;
}

JournalEntry *
journal_press_new(const char *site, const char *token)
{
	JournalEntry *entry = g_new0(JournalEntry, 1);
	entry->site = g_strdup(site);
	entry->token = g_strdup(token);
	return entry;
}

void
journal_entry_free(JournalEntry *entry)
{
	if (!entry)
		return;
	g_free(entry->site);
	g_free(entry->token);
	g_free(entry->receipt);
	g_clear_pointer(&entry->sealed, vault_sealed_free);
	g_clear_pointer(&entry->planned, g_ptr_array_unref);
	g_clear_pointer(&entry->spooled, g_ptr_array_unref);
	g_clear_error(&entry->error);
	g_free(entry);
}

static gsize
entry_size_bytes(const JournalEntry *entry)
{
	return entry->sealed ? g_bytes_get_size(entry->sealed->content) : 0;
}

/* --- Writing one entry -------------------------------------------------------------------------------------------- */

static gboolean
insert_epoch(Db *db, const VaultSealed *sealed, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_EPOCH_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_gbytes(statement, "id", sealed->epoch_id);
	statement_bind_gbytes(statement, "sealed", sealed->epoch_sealed);
	statement_bind_int(statement, "now", now_us);
	return statement_step(statement, NULL, error);
}

static gboolean
insert_submission(Db *db, const JournalEntry *entry, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "receipt", entry->receipt);
	statement_bind_text(statement, "site", entry->site);
	statement_bind_int(statement, "form_id", (gint64)entry->form_id);
	statement_bind_int(statement, "received_at", entry->received_at_us);
	statement_bind_int(statement, "purge_at", entry->purge_at_us);
	statement_bind_int(statement, "is_stored_briefly", entry->is_stored_briefly ? 1 : 0);
	if (entry->is_address_known) {
		statement_bind_bytes(statement, "ip_hash", entry->ip.bytes, VAULT_HASH_BYTES);
		statement_bind_bytes(statement, "network_hash", entry->network.bytes, VAULT_HASH_BYTES);
	}
	if (entry->sealed) {
		statement_bind_gbytes(statement, "epoch_id", entry->sealed->epoch_id);
		statement_bind_gbytes(statement, "wrapped_key", entry->sealed->wrapped_key);
		statement_bind_gbytes(statement, "content", entry->sealed->content);
	}
	return statement_step(statement, NULL, error);
}

static gboolean
insert_outbox(Db *db, gint64 submission_id, MailKind kind, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "kind", kind);
	statement_bind_int(statement, "now", now_us);
	return statement_step(statement, NULL, error);
}

static gboolean
insert_delivery(Db *db, gint64 outbox_id, const PlannedDelivery *planned, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", outbox_id);
	statement_bind_bytes(statement, "recipient", planned->recipient.bytes, VAULT_HASH_BYTES);
	statement_bind_int(statement, "state", planned->is_refused ? DELIVERY_REFUSED : DELIVERY_QUEUED);
	statement_bind_int(statement, "now", now_us);
	statement_bind_text(statement, "reason", planned->is_refused ? planned->reason : NULL);
	return statement_step(statement, NULL, error);
}

/* One outbox row for each kind that is planned, with its deliveries. Confirmations are never planned: the courier makes them. */
static gboolean
insert_mails(Db *db, gint64 submission_id, const JournalEntry *entry, gint64 now_us, GError **error)
{
	for (MailKind kind = MAIL_NOTICE; kind <= MAIL_COPY; kind++) {
		gint64 outbox_id = 0;
		for (guint i = 0; i < entry->planned->len; i++) {
			const PlannedDelivery *planned = g_ptr_array_index(entry->planned, i);
			if (planned->kind != kind)
				continue;
			if (outbox_id == 0 && !insert_outbox(db, submission_id, kind, now_us, error))
				return FALSE;
			if (outbox_id == 0)
				outbox_id = db_last_id(db);
			if (!insert_delivery(db, outbox_id, planned, now_us, error))
				return FALSE;
		}
	}
	return TRUE;
}

static gboolean
insert_files(Db *db, gint64 submission_id, const JournalEntry *entry, GError **error)
{
	for (guint i = 0; entry->spooled && i < entry->spooled->len; i++) {
		Statement *statement = db_statement(db, STATEMENT_SPOOL_INSERT, error);
		if (!statement)
			return FALSE;
		statement_bind_text(statement, "name", g_ptr_array_index(entry->spooled, i));
		statement_bind_int(statement, "submission_id", submission_id);
		if (!statement_step(statement, NULL, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
insert_press(Db *db, const JournalEntry *entry, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_PRESS_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "site", entry->site);
	statement_bind_text(statement, "token", entry->token);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

/* `epoch_id` is the one that this transaction inserted last: nearly all of a batch share it. */
static gboolean
insert_entry(Db *db, const JournalEntry *entry, GBytes **epoch_id, GError **error)
{
	gint64 now_us = clock_now_us();
	if (entry->token)
		return insert_press(db, entry, error);
	const gboolean is_epoch_known =
	    !entry->sealed || (*epoch_id != NULL && g_bytes_equal(*epoch_id, entry->sealed->epoch_id));
	if (!is_epoch_known && !insert_epoch(db, entry->sealed, now_us, error))
		return FALSE;
	if (!is_epoch_known)
		*epoch_id = entry->sealed->epoch_id;
	if (!insert_submission(db, entry, error))
		return FALSE;
	const gint64 submission_id = db_last_id(db);
	return insert_files(db, submission_id, entry, error) && insert_mails(db, submission_id, entry, now_us, error);
}

/* --- Committing a batch ------------------------------------------------------------------------------------------- */

/* One transaction with every entry that has no error of its own. An entry that breaks a rule gets one, and *is_struck is set: then nothing was
 * committed. Any other failure is the transaction's. */
static gboolean
try_batch(Db *db, const GPtrArray *batch, gboolean *is_struck, GError **error)
{
	GBytes *epoch_id = NULL;
	if (!db_begin(db, error))
		return FALSE;
	for (guint i = 0; i < batch->len; i++) {
		JournalEntry *entry = g_ptr_array_index(batch, i);
		if (entry->error || insert_entry(db, entry, &epoch_id, &entry->error))
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
	for (gboolean is_struck = TRUE; is_struck;) {
		is_struck = FALSE;
		try_batch(db, batch, &is_struck, error);
	}
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
		size_bytes += entry_size_bytes(entry);
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
			entry->done(entry->user_data, entry->error ? entry->error : error);
		}
	}
}

/* --- The journal ---------------------------------------------------------------------------------------------------- */

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
	if (entry_size_bytes(entry) > LIMIT_STORED_CONTENT_BYTES) {
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
