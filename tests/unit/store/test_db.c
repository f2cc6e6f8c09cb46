/* The driver on real files: opening, refusing, migrating, errors, transactions, values in and out. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

static void
assert_open_fails(const Fixture *fixture, DbMode mode, int code, const char *advice)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(db_open(fixture->directory, mode, &error));
	g_assert_error(error, STORE_ERROR, code);
	g_assert_nonnull(strstr(error->message, advice));
	g_assert_nonnull(strstr(error->message, fixture->directory));
}

static void
insert_epoch(Db *db, const char *id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_EPOCH_INSERT, error);
	g_assert_nonnull(statement);
	statement_bind_text(statement, "sealed", NULL);
	statement_bind_bytes(statement, "sealed", "\0sealed", 7);
	statement_bind_bytes(statement, "id", id, strlen(id));
	statement_bind_int(statement, "now", G_MAXINT64);
	statement_step(statement, NULL, error);
}

static void
test_create(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	mode_t old_mask = umask(0077);
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	umask(old_mask);
	g_assert_nonnull(db);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *path = g_strconcat(fixture->path, (const char *[]){"", "-wal", "-shm"}[i], NULL);
		struct stat status;
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmphex(status.st_mode & 07777, ==, 0660);
	}
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmphex(raw_number(raw, "PRAGMA application_id"), ==, 0x53454B49);
	g_assert_cmpint(raw_number(raw, "PRAGMA user_version"), ==, MIGRATION_COUNT);
	g_assert_cmpint(raw_number(raw, "PRAGMA auto_vacuum"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), ==, 1);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND "
					"strict = 0 AND name NOT LIKE 'sqlite_%%'"),
	    ==, 0);
	sqlite3_close(raw);
}

static void
test_again(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	Db *db = fixture_open(fixture, DB_CREATE);
	insert_epoch(db, "kept", &error);
	g_assert_no_error(error);
	db_free(db);
	db_free(fixture_open(fixture, DB_CREATE));
	db_free(fixture_open(fixture, DB_EXISTING));
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch WHERE id = CAST('kept' AS BLOB)"), ==, 1);
	sqlite3_close(raw);
}

static int
collect_drop(void *statements, int count, char **values, char **names)
{
	(void)count, (void)names;
	g_string_append_printf(statements, "DROP TABLE %s;", values[0]);
	return 0;
}

static void
drop_all(sqlite3 *raw)
{
	g_autoptr(GString) statements = g_string_new(NULL);
	g_assert_cmpint(sqlite3_exec(raw, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
			    collect_drop, statements, NULL),
	    ==, SQLITE_OK);
	raw_execute(raw, "%s", statements->str);
}

/* A crash between making the file and making the tables leaves an empty file, or one with our id and no tables. */
static void
test_half_made(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_VERSION, "start sekishod");
	db_free(fixture_open(fixture, DB_CREATE));
	sqlite3 *raw = raw_open(fixture);
	drop_all(raw);
	raw_execute(raw, "PRAGMA user_version = 0");
	sqlite3_close(raw);
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_VERSION, "start sekishod");
	db_free(fixture_open(fixture, DB_CREATE));
	db_free(fixture_open(fixture, DB_EXISTING));
}

/* A migration that fails leaves the version and the tables as they were. */
static void
test_migration_fails(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(fixture_open(fixture, DB_CREATE));
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "DROP TABLE delivery; DROP TABLE outbox; DROP TABLE epoch; PRAGMA user_version = 0");
	sqlite3_close(raw);
	assert_open_fails(fixture, DB_CREATE, STORE_ERROR_IO, "migration 0001-start");
	raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "PRAGMA user_version"), ==, 0);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM sqlite_schema WHERE name = 'epoch'"), ==, 0);
	sqlite3_close(raw);
}

static void
test_newer(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(fixture_open(fixture, DB_CREATE));
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "PRAGMA user_version = %d", MIGRATION_COUNT + 1);
	sqlite3_close(raw);
	assert_open_fails(fixture, DB_CREATE, STORE_ERROR_VERSION, "install the newer sekisho");
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_VERSION, "install the newer sekisho");
}

static void
test_missing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_NOT_FOUND, "start sekishod");
	g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
	g_autofree char *nowhere = g_build_filename(fixture->directory, "nowhere", NULL);
	g_autoptr(GError) error = NULL;
	g_assert_null(db_open(nowhere, DB_CREATE, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

static void
test_not_a_database(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autofree char *text = g_strnfill(5000, 'x');
	g_assert_true(g_file_set_contents(fixture->path, text, 5000, NULL));
	assert_open_fails(fixture, DB_CREATE, STORE_ERROR_CORRUPT, "restore a backup");
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_CORRUPT, "restore a backup");
}

static void
test_foreign_database(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "CREATE TABLE theirs (id)");
	sqlite3_close(raw);
	g_autofree char *before = NULL, *after = NULL;
	gsize before_size = 0, after_size = 0;
	g_assert_true(g_file_get_contents(fixture->path, &before, &before_size, NULL));
	assert_open_fails(fixture, DB_CREATE, STORE_ERROR_CORRUPT, "another program");
	g_assert_true(g_file_get_contents(fixture->path, &after, &after_size, NULL));
	g_assert_cmpuint(before_size, ==, after_size);
	g_assert_true(memcmp(before, after, after_size) == 0);
}

static void
test_symbolic_link(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	/* An empty file would become a database, if it were reached. */
	g_autofree char *target = g_build_filename(fixture->directory, "target", NULL);
	g_assert_true(g_file_set_contents(target, "", 0, NULL));
	g_assert_cmpint(symlink(target, fixture->path), ==, 0);
	assert_open_fails(fixture, DB_CREATE, STORE_ERROR_READONLY, "sekisho.db");
	assert_open_fails(fixture, DB_EXISTING, STORE_ERROR_READONLY, "sekisho.db");
	struct stat status;
	g_assert_cmpint(stat(target, &status), ==, 0);
	g_assert_cmpint(status.st_size, ==, 0);
}

/* Root may write everywhere, so this is tried by an ordinary user in a process of its own. */
static void
assert_readonly_for_others(const Fixture *fixture, DbMode mode)
{
	pid_t child = fork();
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		g_autoptr(GError) error = NULL;
		g_autoptr(Db) db = db_open(fixture->directory, mode, &error);
		if (error)
			fprintf(stderr, "# %s\n", error->message);
		_exit(!db && g_error_matches(error, STORE_ERROR, STORE_ERROR_READONLY) ? 0 : 1);
	}
	int status = 0;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

static void
test_readonly(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_assert_cmpint(chmod(fixture->directory, 0555), ==, 0);
	assert_readonly_for_others(fixture, DB_CREATE);
	g_assert_cmpint(chmod(fixture->directory, 0755), ==, 0);
	db_free(fixture_open(fixture, DB_CREATE));
	g_assert_cmpint(chmod(fixture->directory, 0555), ==, 0);
	g_assert_cmpint(chmod(fixture->path, 0444), ==, 0);
	assert_readonly_for_others(fixture, DB_EXISTING);
	g_assert_cmpint(chmod(fixture->directory, 0755), ==, 0);
}

static void
test_transactions(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	g_autoptr(GError) error = NULL;
	db_rollback(db);
	g_assert_true(db_begin(db, &error));
	insert_epoch(db, "a", &error);
	g_assert_false(db_end(db, FALSE, &error));
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 0);
	g_assert_true(db_begin(db, &error));
	insert_epoch(db, "b", &error);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 0);
	g_assert_true(db_end(db, TRUE, &error));
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 1);
	g_assert_no_error(error);
	sqlite3_close(raw);
}

static void
test_values(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly) "
			 "VALUES ('R', CAST(x'61ff62' AS TEXT), -1, 1, 2, 0)");
	sqlite3_close(raw);
	g_autoptr(GError) error = NULL;
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_SUMMARY, &error);
	statement_bind_int(statement, "id", 1);
	gboolean has_row = FALSE;
	g_assert_true(statement_step(statement, &has_row, &error));
	g_assert_true(has_row);
	g_autofree char *site = statement_text(statement, 2);
	g_assert_cmpstr(site, ==, "a\357\277\275b");
	g_assert_cmpint(statement_int(statement, 3), ==, -1);
	statement_reset(statement);
	/* The same statement again has no bindings left. */
	g_assert_true(db_statement(db, STATEMENT_SUBMISSION_SUMMARY, &error) == statement);
	g_assert_true(statement_step(statement, &has_row, &error));
	g_assert_false(has_row);
}

static void
test_constraint(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GError) error = NULL;
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_INSERT, &error);
	statement_bind_int(statement, "submission_id", 77);
	statement_bind_int(statement, "kind", 1);
	statement_bind_int(statement, "now", 1);
	g_assert_false(statement_step(statement, NULL, &error));
	/* Foreign keys are on. */
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
}

static void
test_busy(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "BEGIN IMMEDIATE");
	g_autoptr(GError) error = NULL;
	gint64 begin_us = g_get_monotonic_time();
	g_assert_false(db_begin(db, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_BUSY);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, >=, 4 * SECOND_US);
	raw_execute(raw, "ROLLBACK");
	sqlite3_close(raw);
	g_clear_error(&error);
	g_assert_true(db_begin(db, &error));
	db_rollback(db);
}

static gint64
log_bytes(const Fixture *fixture)
{
	g_autofree char *path = g_strconcat(fixture->path, "-wal", NULL);
	struct stat status;
	g_assert_cmpint(stat(path, &status), ==, 0);
	return status.st_size;
}

static void
insert_large_epoch(Db *db, char letter)
{
	g_autofree char *bytes = g_strnfill(1024 * 1024, letter);
	g_autoptr(GError) error = NULL;
	Statement *statement = db_statement(db, STATEMENT_EPOCH_INSERT, &error);
	statement_bind_bytes(statement, "sealed", bytes, 1024 * 1024);
	statement_bind_bytes(statement, "id", &letter, 1);
	statement_bind_int(statement, "now", G_MAXINT64);
	statement_step(statement, NULL, &error);
	g_assert_no_error(error);
}

/* A reader that stays keeps the log from being copied into the database, so it grows; but not for good. */
static void
test_long_reader(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "BEGIN");
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 0);
	for (char letter = 'a'; letter <= 'p'; letter++)
		insert_large_epoch(db, letter);
	g_assert_cmpint(log_bytes(fixture), >, 2 * (gint64)LIMIT_STORE_LOG_BYTES - 1024 * 1024);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 0);
	raw_execute(raw, "COMMIT");
	/* The next commit copies the log, the one after it begins it anew. */
	insert_large_epoch(db, 'x');
	insert_large_epoch(db, 'y');
	g_assert_cmpint(log_bytes(fixture), <=, (gint64)LIMIT_STORE_LOG_BYTES);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 18);
	sqlite3_close(raw);
}

/* A front that was taken over could leave code in the schema for the courier to run. */
static void
test_triggers_do_not_run(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "CREATE TRIGGER evil AFTER INSERT ON epoch BEGIN DELETE FROM epoch; END");
	g_autoptr(GError) error = NULL;
	insert_epoch(db, "stays", &error);
	g_assert_no_error(error);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 1);
	sqlite3_close(raw);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a new database has our settings, tables and modes", test_create},
	    {"opening again keeps what is there", test_again},
	    {"a half-made database is finished", test_half_made},
	    {"a migration that fails changes nothing", test_migration_fails},
	    {"a newer database is refused", test_newer},
	    {"a missing database is not made by asking for an existing one", test_missing},
	    {"a file that is no database is refused", test_not_a_database},
	    {"the database of another program is refused unchanged", test_foreign_database},
	    {"a symbolic link is not followed", test_symbolic_link},
	    {"a folder that cannot be written says so", test_readonly},
	    {"a transaction is whole or nothing", test_transactions},
	    {"values come out as they went in and texts as UTF-8", test_values},
	    {"a broken constraint is a conflict", test_constraint},
	    {"a writer waits and then says busy", test_busy},
	    {"a reader that stays makes the log grow but not for good", test_long_reader},
	    {"triggers in the file do not run", test_triggers_do_not_run},
	};
	return fixture_run("db", tests, G_N_ELEMENTS(tests));
}
