/*
 * The database driver: prepare, bind, step, transaction. The only header that knows there is SQL; db_sqlite.c is the only file
 * that knows there is SQLite. Statements stand in sql/ as `-- name: outbox_claim`; the build makes of them the table that
 * `StatementId` indexes (store/statements.h, generated). Parameters are bound by name.
 *
 * A Db belongs to one thread at a time. Writers always BEGIN IMMEDIATE. synchronous is FULL. Every call may fail with the codes
 * of STORE_ERROR but VERSION and NOT_FOUND, which db_open alone gives; the sentence says what a person can do. The rest of
 * store/ takes its own transactions, so nobody else calls db_begin.
 *
 * Text from outside: bound texts and bytes are stored as they are; texts that are read are valid UTF-8, whatever the file holds.
 */
#pragma once

#include <glib.h>

typedef struct Db Db;
typedef struct Statement Statement;

typedef enum {
	DB_CREATE,   /* make it or bring it up to date (migrations), for the daemon's supervisor and admin commands */
	DB_EXISTING  /* must exist and be of this version */
} DbMode;

/* The database in `data_directory` (file "sekisho.db", mode 0660; its group is the directory's, which is setgid). STORE_ERROR_*; a newer one, and
 * with DB_EXISTING an older one, is STORE_ERROR_VERSION; a missing directory or, with DB_EXISTING, file is STORE_ERROR_NOT_FOUND. The
 * file may be no symbolic link. Do not open the file by other means in the same process: closing it drops the driver's locks. */
Db *db_open(const char *data_directory, DbMode mode, GError **error);
/* The courier's own file ("ledger.db", mode 0600) in `courier_directory`, which must belong to the caller (or the caller is root) and let nobody else write, or it is
 * STORE_ERROR_READONLY: what it holds is trusted (store/ledger.h). Else as db_open. Statements of the one file do not work on the other. */
Db *db_open_ledger(const char *courier_directory, DbMode mode, GError **error);
void db_free(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, db_free)

gboolean db_begin(Db *db, GError **error);
/* If it fails, everything since db_begin is rolled back. */
gboolean db_commit(Db *db, GError **error);
/* Never fails; does nothing outside a transaction. */
void db_rollback(Db *db);
/* The end of every transaction: commits if `is_good`, else rolls back and returns FALSE (`error` is set already). */
gboolean db_end(Db *db, gboolean is_good, GError **error);
/* Runs a statement that gives no row in a transaction of its own. How many rows it changed, or -1. */
gint db_run(Db *db, Statement *statement, GError **error);
/* Erased content leaves the write-ahead log too. Best effort outside a transaction: while others read or write it is left for the next time. */
void db_scrub(Db *db);

/* Whether the whole file is in order: reads all of it, as long as that takes. STORE_ERROR_CORRUPT with what is wrong. Works on both databases. */
gboolean db_check(Db *db, GError **error);

/* The prepared statement, reset and without bindings. Borrowed from `db`; one user at a time. `id` is a StatementId. */
Statement *db_statement(Db *db, guint id, GError **error);
/* Binding a name that the statement does not have is a programmer's error. Bytes and texts are copied; NULL binds NULL. */
void statement_bind_int(Statement *statement, const char *name, gint64 value);
void statement_bind_text(Statement *statement, const char *name, const char *value);
void statement_bind_bytes(Statement *statement, const char *name, const void *bytes, gsize size);
/* An empty or no GBytes binds NULL. */
void statement_bind_gbytes(Statement *statement, const char *name, GBytes *bytes);
/* `has_row` may be NULL where no row is expected. After an error or the last row the statement is reset. */
gboolean statement_step(Statement *statement, gboolean *has_row, GError **error);
/* Ends reading before the last row. */
void statement_reset(Statement *statement);
/* What `read` makes of each remaining row, the array's, to be freed by `destroy`. The caller's; NULL on error. */
typedef gpointer (*StatementReader)(Statement *statement);
GPtrArray *statement_rows(Statement *statement, StatementReader read, GDestroyNotify destroy, GError **error);
/* A StatementReader: the first column's text (char *). */
gpointer statement_read_text(Statement *statement);
/* The first column of all remaining rows (gint64). The caller's; NULL on error. */
GArray *statement_ids(Statement *statement, GError **error);
/* The number that a statement gives first, or `otherwise` if it gives no row. */
gboolean statement_number(Statement *statement, gint64 otherwise, gint64 *number, GError **error);
gint64 statement_int(Statement *statement, int column);
/* The caller's; NULL for NULL. */
char *statement_text(Statement *statement, int column);
GBytes *statement_bytes(Statement *statement, int column);
/* Rows changed by the last INSERT, UPDATE or DELETE; id of the last INSERT. */
gint64 db_changes(Db *db);
gint64 db_last_id(Db *db);
