/*
 * The database driver for SQLite: the only file that calls it.
 *
 * A Db goes through: file provided -> connected -> recognised as ours (or empty) -> of our version -> ready; db_open does all
 * of it or fails. Statements are prepared when first asked for and kept until db_free. A Db and its statements belong to
 * one thread at a time and must not cross a fork.
 *
 * The file is writable by front and courier, and each distrusts what the other may have written: schema code is not trusted,
 * triggers and views are off, cells are checked, and the file is never reached through a symbolic link.
 */
#include "sekisho/store/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "db_file.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/counters.h"
#include "store/statements.h"
#include "system_error.h"

/* Scrubbing holds back writers while it waits for readers. */
#define SCRUB_WAIT_MS 15
/* A parameter's name with its colon. */
#define PARAMETER_BYTES 64

struct Statement {
	Db *db;
	sqlite3_stmt *prepared;
};

/* Waiting for the write lock: so many milliseconds in all. */
#define OFTEN_WAIT_US 250
#define OFTEN_WAITS 400
#define SELDOM_WAIT_US 5000
#define WAITS(busy_ms) (OFTEN_WAITS + ((int)(busy_ms)*1000 - OFTEN_WAITS * OFTEN_WAIT_US) / SELDOM_WAIT_US)

/* The three files. Application ids, "SEKI", "SEKL" and "SEKC", say which is which, to us and to file(1). */
typedef struct {
	DbFile file;
	int application_id;
	const Migration *migrations;
	gsize migration_count;
	const char *pragmas; /* synchronous: FULL, committed is on the disk; NORMAL, a power cut may take the newest commits back */
	int waits;
} Kind;

/* Of what lies in data_directory, for both processes. */
#define SHARED_RIGHTS "the database cannot be written; its directory must be 2770 and its files 0660, of our group"

static const Kind store_kind = {{"sekisho.db", "data_directory", SHARED_RIGHTS, 0660, FALSE}, 0x53454B49, migrations,
    MIGRATION_COUNT, "PRAGMA synchronous = FULL", WAITS(LIMIT_STORE_BUSY_MS)};
static const Kind ledger_kind = {
    {"ledger.db", "courier_directory",
	"run this as root or as courier_user; its directory must be 0700 and its files 0600, all of that user", 0600, TRUE},
    0x53454B4C, ledger_migrations, LEDGER_MIGRATION_COUNT, "PRAGMA synchronous = FULL", WAITS(LIMIT_STORE_BUSY_MS)};
/* Counters lie anywhere in their file, so nearly each charge is a page of its own: 16 MiB hold the inner pages of ten million counters
 * and the pages of a batch, which are read first and written later; and the log is copied when it has LIMIT_STORE_LOG_BYTES, because
 * only that waits for the disk. */
#define COUNTERS_PRAGMAS "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2000"

static const Kind counters_kind = {{"counters.db", "data_directory", SHARED_RIGHTS, 0660, FALSE}, 0x53454B43, counters_migrations,
    COUNTERS_MIGRATION_COUNT, COUNTERS_PRAGMAS, WAITS(LIMIT_COUNTERS_BUSY_MS)};

struct Db {
	const Kind *kind;
	sqlite3 *handle;
	char *path;
	Statement statements[STATEMENT_COUNT];
};

/* --- Errors ------------------------------------------------------------------------------------------------------- */

/* An I/O error is named by what the operating system said last: SQLite knows only ENOSPC as a full disk. */
static StoreError
error_code(int result, int system_error)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_ERROR_BUSY;
	case SQLITE_FULL:
		return STORE_ERROR_FULL;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return STORE_ERROR_READONLY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_ERROR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return STORE_ERROR_CONFLICT;
	case SQLITE_IOERR:
		return system_error_code(system_error);
	default:
		return STORE_ERROR_IO;
	}
}

/*
 * Sets `error` for a driver's result that is none of OK, ROW and DONE. The driver's words name tables and columns, never values. Reads
 * errno, because sqlite3_system_errno() stays 0 when it is a COMMIT that fails: who calls the driver sets it to 0 before.
 */
static gboolean
fail(Db *db, int result, GError **error)
{
	StoreError code = error_code(result, errno);
	g_set_error(error, STORE_ERROR, code, "%s: %s (SQLite %d: %s).", db->path, db_file_advice(&db->kind->file, code), result,
	    sqlite3_errmsg(db->handle));
	return FALSE;
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

static gboolean
execute(Db *db, const char *sql, GError **error)
{
	errno = 0;
	int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return result == SQLITE_OK || fail(db, result, error);
}

/* The one number that `sql` gives, or -1 with an error. */
static gint64
ask_number(Db *db, const char *sql, GError **error)
{
	sqlite3_stmt *prepared = NULL;
	errno = 0;
	int result = sqlite3_prepare_v2(db->handle, sql, -1, &prepared, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(prepared);
	gint64 number = result == SQLITE_ROW ? sqlite3_column_int64(prepared, 0) : -1;
	sqlite3_finalize(prepared);
	if (result != SQLITE_ROW)
		fail(db, result, error);
	return number;
}

/*
 * Called by SQLite while another process writes; 0 gives up. SQLite's own waits grow to 100 ms, and our transactions last a few milliseconds: whoever
 * asks seldom would hardly ever find the lock free. So the first tenth of a second is asked often.
 */
static int
wait_for_lock(void *data, int count)
{
	const Db *db = data;
	if (count >= db->kind->waits)
		return 0;
	g_usleep(count < OFTEN_WAITS ? OFTEN_WAIT_US : SELDOM_WAIT_US);
	return 1;
}

static gboolean
connect_file(Db *db, GError **error)
{
	errno = 0;
	int result = sqlite3_open_v2(db->path, &db->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW, NULL);
	g_assert(db->handle);
	if (result != SQLITE_OK)
		return fail(db, result, error);
	/* Without the right to write SQLite opens for reading and says nothing. */
	if (sqlite3_db_readonly(db->handle, "main"))
		return db_file_fail(&db->kind->file, db->path, EACCES, error);
	sqlite3_busy_handler(db->handle, wait_for_lock, db);
	static const struct {
		int option, value;
	} settings[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		result = sqlite3_db_config(db->handle, settings[i].option, settings[i].value, NULL);
		if (result != SQLITE_OK)
			return fail(db, result, error);
	}
	return TRUE;
}

/* An empty file becomes ours; a foreign or newer one is refused before a byte of it is changed. */
static gboolean
recognise(Db *db, DbMode mode, GError **error)
{
	gint64 pages = ask_number(db, "PRAGMA page_count", error);
	if (pages < 0)
		return FALSE;
	/* Both settings can only be made before the first table, and before WAL. */
	g_autofree char *set_application = g_strdup_printf("PRAGMA application_id = %d", db->kind->application_id);
	if (pages == 0 && mode == DB_CREATE &&
	    !(execute(db, "PRAGMA auto_vacuum = INCREMENTAL", error) && execute(db, set_application, error)))
		return FALSE;
	gint64 application = ask_number(db, "PRAGMA application_id", error);
	if (application < 0)
		return FALSE;
	if (application != db->kind->application_id && !(pages == 0 && mode == DB_EXISTING)) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "%s: this is the database of another program; correct %s.",
		    db->path, db->kind->file.setting);
		return FALSE;
	}
	gint64 version = ask_number(db, "PRAGMA user_version", error);
	if (version < 0)
		return FALSE;
	const gint64 ours = (gint64)db->kind->migration_count;
	if (version > ours || (mode == DB_EXISTING && version < ours)) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_VERSION,
		    "%s: it has version %d and this sekisho works with version %d; %s.", db->path, (int)version, (int)ours,
		    version > ours ? "install the newer sekisho that made it" : "start sekishod, which brings it up to date");
		return FALSE;
	}
	return TRUE;
}

static gboolean
migrate_once(Db *db, const Migration *migration, GError **error)
{
	if (!db_begin(db, error))
		return FALSE;
	/* Asked inside the transaction: another process may have been quicker. */
	gint64 version = ask_number(db, "PRAGMA user_version", error);
	if (version < 0 || version >= migration->version)
		return db_end(db, version >= 0, error);
	g_autofree char *set_version = g_strdup_printf("PRAGMA user_version = %d", migration->version);
	gboolean is_good = execute(db, migration->text, error) && execute(db, set_version, error);
	if (!is_good)
		g_prefix_error(error, "migration %04d-%s: ", migration->version, migration->name);
	return db_end(db, is_good, error);
}

/* Durability and erasure, first of all; the log's mode is kept in the file, the rest holds for this connection. */
static gboolean
configure(Db *db, GError **error)
{
	g_autofree char *log_limit = g_strdup_printf("PRAGMA journal_size_limit = %lu", LIMIT_STORE_LOG_BYTES);
	return execute(db, "PRAGMA journal_mode = WAL", error) && execute(db, db->kind->pragmas, error) &&
	       execute(db, "PRAGMA secure_delete = ON", error) && execute(db, "PRAGMA cell_size_check = ON", error) &&
	       execute(db, log_limit, error);
}

/* Foreign keys come after the migrations, because rebuilding a table needs them off. */
static gboolean
migrate(Db *db, GError **error)
{
	for (gsize i = 0; i < db->kind->migration_count; i++)
		if (!migrate_once(db, &db->kind->migrations[i], error))
			return FALSE;
	return execute(db, "PRAGMA foreign_keys = ON", error);
}

static gboolean
open_in(Db *db, const char *directory, DbMode mode, GError **error)
{
	const DbFile *file = &db->kind->file;
	return db_file_check_folder(file, directory, error) &&
	       (mode == DB_EXISTING || db_file_create(file, db->path, directory, error)) &&
	       db_file_check(file, db->path, directory, error) && connect_file(db, error) && recognise(db, mode, error) &&
	       configure(db, error) && migrate(db, error);
}

static Db *
open_kind(const Kind *kind, const char *any_directory, DbMode mode, GError **error)
{
	/* SQLite refuses symbolic links anywhere in the path; the operator's own, above the file, are fine. */
	char *directory = realpath(any_directory, NULL);
	if (!directory) {
		db_file_fail(&kind->file, any_directory, errno, error);
		return NULL;
	}
	g_autoptr(Db) db = g_new0(Db, 1);
	db->kind = kind;
	db->path = g_build_filename(directory, kind->file.name, NULL);
	gboolean is_good = open_in(db, directory, mode, error);
	free(directory);
	return is_good ? g_steal_pointer(&db) : NULL;
}

Db *
db_open(const char *data_directory, DbMode mode, GError **error)
{
	return open_kind(&store_kind, data_directory, mode, error);
}

Db *
db_open_ledger(const char *courier_directory, DbMode mode, GError **error)
{
	return open_kind(&ledger_kind, courier_directory, mode, error);
}

Db *
db_open_counters(const char *data_directory, DbMode mode, GError **error)
{
	g_autoptr(GError) failure = NULL;
	Db *db = open_kind(&counters_kind, data_directory, mode, &failure);
	if (db && (mode == DB_EXISTING || db_check(db, &failure)))
		return db;
	db_free(db);
	if (mode == DB_EXISTING || !g_error_matches(failure, STORE_ERROR, STORE_ERROR_CORRUPT)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (!db_file_set_aside(&counters_kind.file, data_directory, error))
		return NULL;
	return open_kind(&counters_kind, data_directory, mode, error);
}

void
db_free(Db *db)
{
	if (!db)
		return;
	for (gsize i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(db->statements[i].prepared);
	int result = sqlite3_close(db->handle);
	g_assert(result == SQLITE_OK);
	g_free(db->path);
	g_free(db);
}

/* --- Transactions ------------------------------------------------------------------------------------------------- */

gboolean
db_begin(Db *db, GError **error)
{
	g_assert(sqlite3_get_autocommit(db->handle));
	Statement *statement = db_statement(db, STATEMENT_TRANSACTION_BEGIN, error);
	return statement && statement_step(statement, NULL, error);
}

gboolean
db_commit(Db *db, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_TRANSACTION_COMMIT, error);
	if (statement && statement_step(statement, NULL, error))
		return TRUE;
	db_rollback(db);
	return FALSE;
}

void
db_rollback(Db *db)
{
	/* A full disk or an I/O error may have ended the transaction already. */
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

gboolean
db_end(Db *db, gboolean is_good, GError **error)
{
	if (is_good)
		return db_commit(db, error);
	db_rollback(db);
	return FALSE;
}

void
db_scrub(Db *db)
{
	sqlite3_busy_timeout(db->handle, SCRUB_WAIT_MS);
	sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_handler(db->handle, wait_for_lock, db);
}

gint
db_run(Db *db, Statement *statement, GError **error)
{
	if (!db_begin(db, error))
		return -1;
	gboolean is_good = statement_step(statement, NULL, error);
	gint64 changes = db_changes(db);
	return db_end(db, is_good, error) ? (gint)changes : -1;
}

gint64
db_changes(Db *db)
{
	return sqlite3_changes64(db->handle);
}

gint64
db_last_id(Db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

/* --- Statements --------------------------------------------------------------------------------------------------- */

Statement *
db_statement(Db *db, guint id, GError **error)
{
	g_assert(id < STATEMENT_COUNT);
	Statement *statement = &db->statements[id];
	if (statement->prepared) {
		sqlite3_reset(statement->prepared);
		sqlite3_clear_bindings(statement->prepared);
		return statement;
	}
	statement->db = db;
	const char *text = statement_texts[id].text;
	errno = 0;
	int result = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL);
	if (result == SQLITE_OK)
		return statement;
	fail(db, result, error);
	g_prefix_error(error, "statement %s: ", statement_texts[id].name);
	return NULL;
}

static int
parameter_index(Statement *statement, const char *name)
{
	char parameter[PARAMETER_BYTES];
	g_snprintf(parameter, sizeof parameter, ":%s", name);
	int index = sqlite3_bind_parameter_index(statement->prepared, parameter);
	if (index == 0)
		g_error("statement has no parameter %s: %s", parameter, sqlite3_sql(statement->prepared));
	return index;
}

void
statement_bind_int(Statement *statement, const char *name, gint64 value)
{
	int result = sqlite3_bind_int64(statement->prepared, parameter_index(statement, name), value);
	g_assert(result == SQLITE_OK);
}

void
statement_bind_text(Statement *statement, const char *name, const char *value)
{
	int result = sqlite3_bind_text(statement->prepared, parameter_index(statement, name), value, -1, SQLITE_TRANSIENT);
	g_assert(result == SQLITE_OK);
}

void
statement_bind_bytes(Statement *statement, const char *name, const void *bytes, gsize size)
{
	int result = sqlite3_bind_blob64(statement->prepared, parameter_index(statement, name), bytes, size, SQLITE_TRANSIENT);
	g_assert(result == SQLITE_OK);
}

void
statement_bind_gbytes(Statement *statement, const char *name, GBytes *bytes)
{
	gsize size = 0;
	const void *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
	statement_bind_bytes(statement, name, data, size);
}

gboolean
statement_step(Statement *statement, gboolean *has_row, GError **error)
{
	errno = 0;
	int result = sqlite3_step(statement->prepared);
	g_assert(result != SQLITE_ROW || has_row);
	if (has_row)
		*has_row = result == SQLITE_ROW;
	if (result == SQLITE_ROW)
		return TRUE;
	gboolean is_good = result == SQLITE_DONE || fail(statement->db, result, error);
	sqlite3_reset(statement->prepared);
	return is_good;
}

void
statement_reset(Statement *statement)
{
	sqlite3_reset(statement->prepared);
}

gint64
statement_int(Statement *statement, int column)
{
	return sqlite3_column_int64(statement->prepared, column);
}

char *
statement_text(Statement *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement->prepared, column);
	return text ? g_utf8_make_valid(text, -1) : NULL;
}

GBytes *
statement_bytes(Statement *statement, int column)
{
	if (sqlite3_column_type(statement->prepared, column) == SQLITE_NULL)
		return NULL;
	const void *bytes = sqlite3_column_blob(statement->prepared, column);
	return g_bytes_new(bytes, (gsize)sqlite3_column_bytes(statement->prepared, column));
}
