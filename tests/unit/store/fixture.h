/*
 * A data directory for one test, with a database in it, and a second, raw connection that looks at the rows past our code.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/store/db.h"

#define SECOND_US G_GINT64_CONSTANT(1000000)

typedef struct {
	char *directory;
	char *path;
} Fixture;

static inline void
fixture_prepare(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	fixture->directory = g_dir_make_tmp("sekisho-store-XXXXXX", &error);
	g_assert_no_error(error);
	g_assert_cmpint(chmod(fixture->directory, 02770), ==, 0);
	fixture->path = g_build_filename(fixture->directory, "sekisho.db", NULL);
	clock_set_offset_us(0);
}

/* Removes a folder of files. */
static inline void
remove_folder(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	g_assert_nonnull(folder);
	for (const char *name; (name = g_dir_read_name(folder));) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_assert_cmpint(g_remove(file), ==, 0);
	}
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

static inline void
fixture_clear(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autofree char *spool = g_build_filename(fixture->directory, "spool", NULL);
	if (g_file_test(spool, G_FILE_TEST_IS_DIR))
		remove_folder(spool);
	remove_folder(fixture->directory);
	g_clear_pointer(&fixture->directory, g_free);
	g_clear_pointer(&fixture->path, g_free);
	clock_set_offset_us(0);
}

static inline Db *
fixture_open(const Fixture *fixture, DbMode mode)
{
	g_autoptr(GError) error = NULL;
	Db *db = db_open(fixture->directory, mode, &error);
	g_assert_no_error(error);
	g_assert_nonnull(db);
	return db;
}

static inline sqlite3 *
raw_open(const Fixture *fixture)
{
	sqlite3 *raw = NULL;
	g_assert_cmpint(sqlite3_open_v2(fixture->path, &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), ==, SQLITE_OK);
	sqlite3_busy_timeout(raw, 5000);
	return raw;
}

G_GNUC_PRINTF(2, 3)
static inline void
raw_execute(sqlite3 *raw, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sql = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	char *message = NULL;
	sqlite3_exec(raw, sql, NULL, NULL, &message);
	if (message)
		g_error("%s: %s", sql, message);
}

G_GNUC_PRINTF(2, 3)
static inline gint64
raw_number(sqlite3 *raw, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sql = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	sqlite3_stmt *statement = NULL;
	g_assert_cmpint(sqlite3_prepare_v2(raw, sql, -1, &statement, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
	gint64 number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/*
 * All bytes of the files that begin as sekisho.db`suffix` does. Read by another process: closing a file in this one would drop the
 * locks of our open connections.
 */
static inline GByteArray *
fixture_bytes(const Fixture *fixture, const char *suffix)
{
	g_autofree char *command = g_strdup_printf("cat '%s'%s*", fixture->path, suffix);
	FILE *cat = popen(command, "r");
	g_assert_nonnull(cat);
	GByteArray *bytes = g_byte_array_new();
	guint8 buffer[65536];
	for (gsize size; (size = fread(buffer, 1, sizeof buffer, cat)) > 0;)
		g_byte_array_append(bytes, buffer, (guint)size);
	g_assert_cmpint(pclose(cat), ==, 0);
	return bytes;
}

static inline gboolean
fixture_holds(const Fixture *fixture, const char *text)
{
	g_autoptr(GByteArray) bytes = fixture_bytes(fixture, "");
	return memmem(bytes->data, bytes->len, text, strlen(text)) != NULL;
}

typedef struct {
	const char *name;
	void (*run)(Fixture *, gconstpointer);
} FixtureTest;

static inline int
fixture_run(const char *folder, const FixtureTest *tests, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("/%s/%s", folder, tests[i].name);
		g_test_add(path, Fixture, NULL, fixture_prepare, tests[i].run, fixture_clear);
	}
	return g_test_run();
}
