/* Rows put in past our code, so that the outbox is tested alone. */
#pragma once

#include "fixture.h"
#include "sekisho/store/outbox.h"

/* A recipient's hash: VAULT_HASH_BYTES times `letter`. */
static inline VaultHash
row_hash(char letter)
{
	VaultHash hash;
	memset(hash.bytes, letter, sizeof hash.bytes);
	return hash;
}

/* A submission with `content` under epoch 'epoch'; its id. */
static inline gint64
row_submission(sqlite3 *raw, const char *receipt, gboolean is_stored_briefly, const char *content)
{
	raw_execute(raw, "INSERT OR IGNORE INTO epoch VALUES (x'01', x'02', 3)");
	raw_execute(raw,
	    "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly, epoch_id, wrapped_key, content) "
	    "VALUES ('%s', 'example.jp', 4, 5, 6, %d, x'01', CAST('KEY-%s' AS BLOB), CAST('%s' AS BLOB))",
	    receipt, is_stored_briefly, receipt, content);
	return sqlite3_last_insert_rowid(raw);
}

static inline gint64
row_item(sqlite3 *raw, gint64 submission_id, MailKind kind)
{
	raw_execute(
	    raw, "INSERT INTO outbox (submission_id, kind, created_at) VALUES (%" G_GINT64_FORMAT ", %d, 1)", submission_id, (int)kind);
	return sqlite3_last_insert_rowid(raw);
}

static inline gint64
row_delivery(sqlite3 *raw, gint64 item_id, char letter, DeliveryState state, gint64 due_at_us)
{
	VaultHash hash = row_hash(letter);
	GString *hex = g_string_new(NULL);
	for (gsize i = 0; i < sizeof hash.bytes; i++)
		g_string_append_printf(hex, "%02x", hash.bytes[i]);
	raw_execute(raw, "INSERT INTO delivery (outbox_id, recipient, state, due_at) VALUES (%" G_GINT64_FORMAT ", x'%s', %d, %" G_GINT64_FORMAT ")",
	    item_id, hex->str, (int)state, due_at_us);
	g_string_free(hex, TRUE);
	return sqlite3_last_insert_rowid(raw);
}
