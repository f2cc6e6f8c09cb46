/*
 * The database driver: prepare, bind, step, transaction. The only header that knows there is SQL; db_sqlite.c is the only file
 * that knows there is SQLite. Statements stand in sql/ as `-- name: outbox_claim`; the build makes of them the table that
 * `StatementId` indexes (store/statements.h, generated). Parameters are bound by name.
 *
 * A Db belongs to one thread at a time. Writers always BEGIN IMMEDIATE. synchronous is FULL.
 */
#pragma once

#include <glib.h>

typedef struct Db Db;
typedef struct Statement Statement;

typedef enum {
	DB_CREATE,   /* make it or bring it up to date (migrations), for the daemon's supervisor and admin commands */
	DB_EXISTING  /* must exist and be of this version */
} DbMode;

/* The database in `data_directory` (file "sekisho.db"). STORE_ERROR_*; a newer one is STORE_ERROR_VERSION. */
Db *db_open(const char *data_directory, DbMode mode, GError **error);
void db_free(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, db_free)

gboolean db_begin(Db *db, GError **error);
gboolean db_commit(Db *db, GError **error);
/* Never fails; does nothing outside a transaction. */
void db_rollback(Db *db);

/* The prepared statement, reset and without bindings. Borrowed from `db`; one user at a time. `id` is a StatementId. */
Statement *db_statement(Db *db, guint id, GError **error);
/* Binding a name that the statement does not have is a programmer's error. Bytes and texts are copied; NULL binds NULL. */
void statement_bind_int(Statement *statement, const char *name, gint64 value);
void statement_bind_text(Statement *statement, const char *name, const char *value);
void statement_bind_bytes(Statement *statement, const char *name, const void *bytes, gsize size);
/* `has_row` may be NULL where no row is expected. After an error or the last row the statement is reset. */
gboolean statement_step(Statement *statement, gboolean *has_row, GError **error);
gint64 statement_int(Statement *statement, int column);
/* The caller's; NULL for NULL. */
char *statement_text(Statement *statement, int column);
GBytes *statement_bytes(Statement *statement, int column);
/* Rows changed by the last INSERT, UPDATE or DELETE; id of the last INSERT. */
gint64 db_changes(Db *db);
gint64 db_last_id(Db *db);
