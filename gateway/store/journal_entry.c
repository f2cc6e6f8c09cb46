/*
 * One entry of the journal: made by a worker, who seals and hashes, and written by the journal's thread as rows.
 *
 *   a submission   submission, epoch, verdict, names of its files, outbox, deliveries, and what it is told apart by while it counts as a repetition;
 *                  or nothing: it repeats one that stands (told is which), or its site's quota of refused ones is used up
 *   a release      the held submission becomes accepted and its mails are promised; nothing if it is held no more
 *   a press        one row
 *
 * Nothing here begins or ends a transaction: journal.c does, and may write an entry again from the beginning. A repetition is looked for inside the transaction, which nobody else
 * can write beside (BEGIN IMMEDIATE), and the key is unique on top of that: of two that race, be they of two processes, one is stored.
 */
#include <string.h>

#include "journal_private.h"
#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "store/statements.h"
#include "submissions_private.h"

/* --- Making ------------------------------------------------------------------------------------------------------- */

static gpointer
copy_planned(gconstpointer source, gpointer unused)
{
	(void)unused;
	g_assert(((const PlannedDelivery *)source)->kind != MAIL_CONFIRMATION);
	PlannedDelivery *copy = g_memdup2(source, sizeof *copy);
	copy->reason = g_strdup(copy->reason);
	return copy;
}

static GPtrArray *
copy_plan(const GPtrArray *planned)
{
	GPtrArray *copy = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);

	for (guint i = 0; i < planned->len; i++)
		g_ptr_array_add(copy, copy_planned(g_ptr_array_index(planned, i), NULL));
	return copy;
}

gboolean
journal_keeps_content(const JournalRecord *record)
{
	/* What is held waits for a person, whose release needs it. */
	if (!record->is_stored_briefly || record->status == SUBMISSION_HELD)
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

/* Rows, indexes and a page of content: what keeping even an empty one takes, so that the quota bounds their number, too. */
#define QUOTA_LEAST_BYTES 4096u

/* How much a refused one takes of its site's quota: what is sealed, and its files. */
static guint64
quota_bytes(const JournalEntry *entry, const GPtrArray *files)
{
	guint64 bytes = journal_entry_size_bytes(entry);

	for (guint i = 0; entry->sealed && i < files->len; i++)
		bytes += ((const SubmissionFile *)files->pdata[i])->size_bytes;
	return MAX(bytes, QUOTA_LEAST_BYTES);
}

static void
take_record(JournalEntry *entry, const JournalRecord *record)
{
	entry->purge_at_us = record->purge_at_us;
	entry->is_stored_briefly = record->is_stored_briefly;
	entry->status = record->status;
	if (record->repetition && record->status != SUBMISSION_REJECTED) {
		entry->repetition = g_memdup2(record->repetition, sizeof *record->repetition);
		entry->repetition_until_us = record->repetition_until_us;
	}
	if (record->fingerprint)
		entry->fingerprint = g_memdup2(record->fingerprint, sizeof *record->fingerprint);
	entry->planned = copy_plan(record->planned);
}

JournalEntry *
journal_entry_new(Journal *journal, const JournalRecord *record)
{
	g_assert(record->status >= SUBMISSION_ACCEPTED && record->status <= SUBMISSION_REJECTED);
	Vault *vault = journal_vault(journal);
	const Submission *submission = record->submission;
	JournalEntry *entry = g_new0(JournalEntry, 1);
	entry->receipt = g_strdup(submission->receipt);
	entry->site = g_strdup(submission->site);
	entry->form_id = submission->form_id;
	entry->received_at_us = submission->client->received_at_us;
	take_record(entry, record);
	hash_address(vault, submission->client->remote_ip, entry);
	if (journal_keeps_content(record)) {
		entry->sealed = seal(vault, submission);
		entry->spooled = spool_names(submission->files);
	}
	if (record->status == SUBMISSION_REJECTED) {
		entry->quota_bytes = quota_bytes(entry, submission->files);
		entry->quota_ceiling = record->rejected_bytes;
	}
	return entry;
}

JournalEntry *
journal_release_new(const char *receipt, const GPtrArray *planned)
{
	JournalEntry *entry = g_new0(JournalEntry, 1);
	entry->is_release = TRUE;
	entry->receipt = g_strdup(receipt);
	entry->planned = copy_plan(planned);
	return entry;
}

JournalEntry *
journal_press_new(const char *site, const char *token, const char *decision)
{
	JournalEntry *entry = g_new0(JournalEntry, 1);
	entry->site = g_strdup(site);
	entry->token = g_strdup(token);
	entry->decision = g_strdup(decision);
	return entry;
}

void
journal_entry_free(JournalEntry *entry)
{
	if (!entry)
		return;
	g_free(entry->site);
	g_free(entry->token);
	g_free(entry->decision);
	g_free(entry->receipt);
	g_free(entry->repetition);
	g_free(entry->fingerprint);
	g_free(entry->earlier_receipt);
	g_clear_pointer(&entry->sealed, vault_sealed_free);
	g_clear_pointer(&entry->planned, g_ptr_array_unref);
	g_clear_pointer(&entry->spooled, g_ptr_array_unref);
	g_clear_error(&entry->error);
	g_free(entry);
}

gsize
journal_entry_size_bytes(const JournalEntry *entry)
{
	return entry->sealed ? g_bytes_get_size(entry->sealed->content) : 0;
}

/* --- Does it belong there? ----------------------------------------------------------------------------------------- */

/* Sets earlier_receipt if it repeats one that stands. */
static gboolean
look_for_earlier(Db *db, JournalEntry *entry, GError **error)
{
	return !entry->repetition ||
	       submissions_find_repeated(db, entry->repetition, &entry->earlier_receipt, &entry->earlier_status, error);
}

/* Summed up once for each site of a batch, as long as its forms agree on the ceiling: the sum ends there. */
static gboolean
read_quota(Db *db, const JournalEntry *entry, JournalBatch *batch, GError **error)
{
	gint64 used_bytes = 0;
	if (g_strcmp0(batch->quota_site, entry->site) == 0 && batch->quota_ceiling == entry->quota_ceiling)
		return TRUE;
	Statement *statement = db_statement(db, STATEMENT_REJECTED_QUOTA, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "site", entry->site);
	statement_bind_int(statement, "least", QUOTA_LEAST_BYTES);
	statement_bind_int(statement, "limit", (gint64)(entry->quota_ceiling / QUOTA_LEAST_BYTES + 1));
	if (!statement_number(statement, 0, &used_bytes, error))
		return FALSE;
	batch->quota_site = entry->site;
	batch->quota_ceiling = entry->quota_ceiling;
	batch->quota_used = (guint64)used_bytes;
	return TRUE;
}

/* A hundred may share a quota: a larger one would let a few strangers fill it. */
#define QUOTA_SHARES 100u

/* *has_room is FALSE if the site's quota of refused ones would be passed, or this one is larger than its share. */
static gboolean
look_for_room(Db *db, const JournalEntry *entry, JournalBatch *batch, gboolean *has_room, GError **error)
{
	*has_room = TRUE;
	if (entry->quota_bytes == 0 || entry->quota_ceiling == 0)
		return TRUE;
	*has_room = entry->quota_bytes <= MAX(entry->quota_ceiling / QUOTA_SHARES, QUOTA_LEAST_BYTES);
	if (!*has_room)
		return TRUE;
	if (!read_quota(db, entry, batch, error))
		return FALSE;
	*has_room = batch->quota_used <= entry->quota_ceiling && entry->quota_bytes <= entry->quota_ceiling - batch->quota_used;
	return TRUE;
}

/* --- Rows ----------------------------------------------------------------------------------------------------------- */

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

/* What nothing is to be said about has none. */
static gboolean
insert_verdict(Db *db, gint64 submission_id, const JournalEntry *entry, GError **error)
{
	if (entry->status == SUBMISSION_ACCEPTED && !entry->fingerprint)
		return TRUE;
	Statement *statement = db_statement(db, STATEMENT_VERDICT_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_text(statement, "site", entry->site);
	statement_bind_int(statement, "status", entry->status);
	statement_bind_int(statement, "quota_bytes", (gint64)entry->quota_bytes);
	if (entry->fingerprint)
		statement_bind_bytes(statement, "fingerprint_hash", entry->fingerprint->bytes, sizeof entry->fingerprint->bytes);
	return statement_step(statement, NULL, error);
}

static gboolean
insert_repetition(Db *db, gint64 submission_id, const JournalEntry *entry, GError **error)
{
	if (!entry->repetition)
		return TRUE;
	Statement *statement = db_statement(db, STATEMENT_REPETITION_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_bytes(statement, "key", entry->repetition->bytes, sizeof entry->repetition->bytes);
	statement_bind_int(statement, "until", entry->repetition_until_us);
	return statement_step(statement, NULL, error);
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
	statement_bind_text(statement, "decision", entry->decision);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

static gboolean
release_held(Db *db, JournalEntry *entry, GError **error)
{
	gint64 submission_id = 0;
	Statement *statement = db_statement(db, STATEMENT_HELD_OF_RECEIPT, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "receipt", entry->receipt);
	if (!statement_number(statement, 0, &submission_id, error))
		return FALSE;
	entry->is_kept = submission_id != 0;
	if (!entry->is_kept)
		return TRUE;
	statement = db_statement(db, STATEMENT_VERDICT_CHANGE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", submission_id);
	statement_bind_int(statement, "status", SUBMISSION_ACCEPTED);
	/* Where no mail was planned nothing needs its content any more. */
	return statement_step(statement, NULL, error) && outbox_promise(db, submission_id, entry->planned, error) &&
	       submissions_erase_settled(db, submission_id, &entry->is_erased, error);
}

static gboolean
insert_rows(Db *db, const JournalEntry *entry, JournalBatch *batch, GError **error)
{
	const gint64 now_us = clock_now_us();
	const gboolean is_epoch_known =
	    !entry->sealed || (batch->epoch_id != NULL && g_bytes_equal(batch->epoch_id, entry->sealed->epoch_id));
	if (!is_epoch_known && !insert_epoch(db, entry->sealed, now_us, error))
		return FALSE;
	if (!is_epoch_known)
		batch->epoch_id = entry->sealed->epoch_id;
	if (!insert_submission(db, entry, error))
		return FALSE;
	const gint64 submission_id = db_last_id(db);
	return insert_verdict(db, submission_id, entry, error) && insert_repetition(db, submission_id, entry, error) &&
	       insert_files(db, submission_id, entry, error) && outbox_promise(db, submission_id, entry->planned, error);
}

gboolean
journal_entry_insert(Db *db, JournalEntry *entry, JournalBatch *batch, GError **error)
{
	g_clear_pointer(&entry->earlier_receipt, g_free);
	entry->is_erased = FALSE;
	entry->is_kept = TRUE;
	if (entry->token)
		return insert_press(db, entry, error);
	if (entry->is_release)
		return release_held(db, entry, error);
	if (!look_for_earlier(db, entry, error) || !look_for_room(db, entry, batch, &entry->is_kept, error))
		return FALSE;
	entry->is_kept &= !entry->earlier_receipt;
	if (!entry->is_kept)
		return TRUE;
	if (g_strcmp0(batch->quota_site, entry->site) == 0)
		batch->quota_used += entry->quota_bytes;
	return insert_rows(db, entry, batch, error);
}
