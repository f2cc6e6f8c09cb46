/*
 * The ledger: proofs, used tokens, and how old rows end. All else stands in files of its own (ledger_private.h).
 *
 * A proof is: there until its time is over -> purged; or forgotten. A token is: used -> purged when it would have expired anyway. All public
 * functions take their own transaction: do not call them inside one.
 */
#include "sekisho/store/ledger.h"

#include <string.h>

#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

Statement *
ledger_statement(Db *ledger, guint id, const char *site, GError **error)
{
	Statement *statement = db_statement(ledger, id, error);
	if (statement)
		statement_bind_text(statement, "site", site);
	return statement;
}

void
ledger_bind_window(Statement *statement, gint64 now_us, gint64 window_us)
{
	statement_bind_int(statement, "since", now_us - window_us);
	statement_bind_int(statement, "until", now_us + window_us);
}

/* --- Proofs --------------------------------------------------------------------------------------------------------- */

void
proof_free(Proof *proof)
{
	if (!proof)
		return;
	g_free(proof->site);
	g_clear_pointer(&proof->boxed, g_bytes_unref);
	g_free(proof);
}

static Statement *
prove_statement(Db *ledger, const Proof *proof, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_PROVE, proof->site, error);
	if (!statement)
		return NULL;
	statement_bind_bytes(statement, "address", proof->address.bytes, sizeof proof->address.bytes);
	statement_bind_int(statement, "kind", proof->kind);
	statement_bind_gbytes(statement, "boxed", proof->boxed);
	statement_bind_int(statement, "proved_at", proof->proved_at_us);
	statement_bind_int(statement, "until", proof->until_us);
	return statement;
}

gboolean
ledger_prove(Db *ledger, const Proof *proof, GError **error)
{
	Statement *statement = prove_statement(ledger, proof, error);
	return statement && db_run(ledger, statement, error) >= 0;
}

static gboolean
use_token(Db *ledger, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_TOKEN_USE, error);
	if (!statement)
		return FALSE;
	statement_bind_gbytes(statement, "id", token_id);
	statement_bind_int(statement, "until", token_until_us);
	if (!statement_step(statement, NULL, error))
		return FALSE;
	*is_first = db_changes(ledger) == 1;
	return TRUE;
}

static gboolean
redeem_in_transaction(Db *ledger, const Proof *proof, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error)
{
	if (!use_token(ledger, token_id, token_until_us, is_first, error))
		return FALSE;
	if (!*is_first)
		return TRUE;
	Statement *statement = prove_statement(ledger, proof, error);
	return statement && statement_step(statement, NULL, error);
}

gboolean
ledger_redeem(Db *ledger, const Proof *proof, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, redeem_in_transaction(ledger, proof, token_id, token_until_us, is_first, error), error);
}

gboolean
ledger_use_token(Db *ledger, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error)
{
	return db_begin(ledger, error) &&
	       db_end(ledger, use_token(ledger, token_id, token_until_us, is_first, error), error);
}

gboolean
ledger_is_token_used(Db *ledger, GBytes *token_id, gboolean *is_used, GError **error)
{
	gint64 number = 0;
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_TOKEN_IS_USED, error);
	if (!statement)
		return FALSE;
	statement_bind_gbytes(statement, "id", token_id);
	if (!statement_number(statement, 0, &number, error))
		return FALSE;
	*is_used = number != 0;
	return TRUE;
}

gboolean
ledger_has_any(Db *ledger, guint id, LedgerAddress address, gboolean *has_any, GError **error)
{
	gint64 found = 0;
	for (guint i = 0; i < address.hashes->len && found == 0; i++) {
		const VaultHash *hash = &g_array_index(address.hashes, VaultHash, i);
		Statement *statement = ledger_statement(ledger, id, address.site, error);
		if (!statement)
			return FALSE;
		statement_bind_bytes(statement, "address", hash->bytes, sizeof hash->bytes);
		statement_bind_int(statement, "now", clock_now_us());
		if (!statement_number(statement, 0, &found, error))
			return FALSE;
	}
	*has_any = found != 0;
	return TRUE;
}

gboolean
ledger_is_proved(Db *ledger, const char *site, const GArray *hashes, gboolean *is_proved, GError **error)
{
	return ledger_has_any(ledger, STATEMENT_LEDGER_IS_PROVED, (LedgerAddress){site, hashes}, is_proved, error);
}

VaultHash
ledger_read_hash(Statement *statement, int column)
{
	VaultHash hash = {0};
	g_autoptr(GBytes) bytes = statement_bytes(statement, column);
	if (bytes && g_bytes_get_size(bytes) == VAULT_HASH_BYTES)
		memcpy(hash.bytes, g_bytes_get_data(bytes, NULL), VAULT_HASH_BYTES);
	return hash;
}

static gpointer
read_proof(Statement *statement)
{
	Proof *proof = g_new0(Proof, 1);
	proof->site = statement_text(statement, 0);
	proof->address = ledger_read_hash(statement, 1);
	proof->kind = (ProofKind)statement_int(statement, 2);
	proof->boxed = statement_bytes(statement, 3);
	proof->proved_at_us = statement_int(statement, 4);
	proof->until_us = statement_int(statement, 5);
	return proof;
}

static Statement *
proofs_statement(Db *ledger, const char *site, GError **error)
{
	return site ? ledger_statement(ledger, STATEMENT_LEDGER_PROOFS_OF_SITE, site, error)
		    : db_statement(ledger, STATEMENT_LEDGER_PROOFS, error);
}

GPtrArray *
ledger_proofs(Db *ledger, const char *site, guint limit, GError **error)
{
	Statement *statement = proofs_statement(ledger, site, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, read_proof, (GDestroyNotify)proof_free, error);
}

static gboolean
remove_in_transaction(Db *ledger, guint id, LedgerAddress address, gint *count, GError **error)
{
	for (guint i = 0; i < address.hashes->len; i++) {
		const VaultHash *hash = &g_array_index(address.hashes, VaultHash, i);
		Statement *statement = ledger_statement(ledger, id, address.site, error);
		if (!statement)
			return FALSE;
		statement_bind_bytes(statement, "address", hash->bytes, sizeof hash->bytes);
		if (!statement_step(statement, NULL, error))
			return FALSE;
		*count += (gint)db_changes(ledger);
	}
	return TRUE;
}

gint
ledger_remove(Db *ledger, guint id, LedgerAddress address, GError **error)
{
	gint count = 0;
	if (!db_begin(ledger, error))
		return -1;
	gboolean is_good = remove_in_transaction(ledger, id, address, &count, error);
	return db_end(ledger, is_good, error) ? count : -1;
}

gint
ledger_forget(Db *ledger, const char *site, const GArray *hashes, GError **error)
{
	return ledger_remove(ledger, STATEMENT_LEDGER_FORGET, (LedgerAddress){site, hashes}, error);
}

/* --- The end of rows ---------------------------------------------------------------------------------------------------- */

static gboolean
purge_in_transaction(Db *ledger, guint limit, gint *count, GError **error)
{
	gint64 now_us = clock_now_us();
	const struct {
		guint statement;
		gint64 before;
	} steps[] = {
	    {STATEMENT_LEDGER_PURGE_MAILS, now_us - 31 * DAY_US},
	    {STATEMENT_LEDGER_PURGE_TOKENS, now_us},
	    {STATEMENT_LEDGER_PURGE_PROOFS, now_us},
	    {STATEMENT_LEDGER_PURGE_TRAFFIC, (now_us - 29 * DAY_US) / HOUR_US},
	    {STATEMENT_LEDGER_PURGE_SUPPRESSIONS, now_us},
	    {STATEMENT_LEDGER_PURGE_BOUNCE_TRAFFIC, (now_us - 29 * DAY_US) / HOUR_US},
	    {STATEMENT_LEDGER_PURGE_ACCOUNT_RATES, now_us},
	    {STATEMENT_LEDGER_PURGE_ALARMS, now_us - 90 * DAY_US},
	    {STATEMENT_AUDIT_PURGE, now_us - LIMIT_AUDIT_US},
	    {STATEMENT_REPORTS_PURGE, now_us - LIMIT_REPORTS_US},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		Statement *statement = db_statement(ledger, steps[i].statement, error);
		if (!statement)
			return FALSE;
		statement_bind_int(statement, "before", steps[i].before);
		statement_bind_int(statement, "limit", limit);
		if (!statement_step(statement, NULL, error))
			return FALSE;
		*count += (gint)db_changes(ledger);
	}
	return TRUE;
}

gint
ledger_purge(Db *ledger, guint limit, GError **error)
{
	gint count = 0;
	if (!db_begin(ledger, error))
		return -1;
	gboolean is_good = purge_in_transaction(ledger, limit, &count, error);
	return db_end(ledger, is_good, error) ? count : -1;
}
