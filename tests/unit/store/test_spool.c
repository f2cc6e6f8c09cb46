/* Spool files: sealed, synced, found again, and gone when they should be. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "desk.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/spool.h"

#define SECRET "the content of a visitor's file"

/* Stands before the C library's: counts, and can be the disk that fails. */
static gint sync_count;
static gint sync_failing; /* the sync of this number, from 1, fails; 0: none */

int
fsync(int descriptor)
{
	if (g_atomic_int_add(&sync_count, 1) + 1 == sync_failing) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, descriptor);
}

static char *
path_of(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->directory, "spool", name, NULL);
}

static guint
file_count(const Fixture *fixture)
{
	g_autofree char *path = path_of(fixture, NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint count = 0;
	while (folder != NULL && g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

static SubmissionFile *
put(const Fixture *fixture, const char *text, gsize size)
{
	g_autoptr(GError) error = NULL;
	SpoolWriter *writer = spool_create(fixture->directory, &error);
	SubmissionFile *file = submission_file_new();
	g_assert_no_error(error);
	for (gsize at = 0; at < size; at += 8192)
		g_assert_true(spool_write(writer, (const guint8 *)text + at, MIN(8192, size - at), &error));
	g_assert_true(spool_finish(writer, file, &error));
	return file;
}

static gboolean
is_there(const Fixture *fixture, const SubmissionFile *file)
{
	g_autofree char *path = path_of(fixture, file->spool);
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
assert_unreadable(const Fixture *fixture, const SubmissionFile *file, GQuark domain, int code)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(spool_read(fixture->directory, file, &error));
	g_assert_error(error, domain, code);
}

static void
test_round(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const gsize sizes[] = {1, sizeof SECRET, 65536, 300000};
	g_autofree char *text = g_strnfill(300000, 'x');
	memcpy(text, SECRET, sizeof SECRET - 1);
	struct stat status;
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GError) error = NULL;
		SubmissionFile *file = put(fixture, text, sizes[i]);
		g_autoptr(GBytes) content = spool_read(fixture->directory, file, &error);
		g_assert_no_error(error);
		g_autoptr(GBytes) expected = g_bytes_new_static(text, sizes[i]);
		g_assert_true(g_bytes_equal(content, expected));
		g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guint8 *)text, sizes[i]);
		g_assert_cmpstr(file->sha256, ==, sum);
		g_assert_cmpuint(file->size_bytes, ==, sizes[i]);
		g_assert_cmpint(file->state, ==, FILE_KEPT);
		g_autofree char *path = path_of(fixture, file->spool);
		g_autofree char *bytes = NULL;
		gsize size = 0;
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpint(status.st_mode & 07777, ==, 0660);
		g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
		g_assert_null(memmem(bytes, size, SECRET, 8));
		submission_file_free(file);
	}
	g_autofree char *folder = path_of(fixture, NULL);
	g_assert_cmpint(stat(folder, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 02770);
	g_assert_cmpuint(file_count(fixture), ==, G_N_ELEMENTS(sizes));
}

static void
change_byte(const char *path, gsize at)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;
	g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	bytes[at] ^= 1;
	g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

static void
test_read_refuses(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SubmissionFile *file = put(fixture, SECRET, sizeof SECRET), *other = put(fixture, "y", 1);
	g_autofree char *path = path_of(fixture, file->spool);
	g_autofree char *name = g_strdup(file->spool);
	static const char *const names[] = {"", "..", "../sekisho.db", "ABCDEF00112233445566778899aabbcc",
	    "00112233445566778899aabbccddeef", "0/112233445566778899aabbccddeeff"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_free(file->spool);
		file->spool = g_strdup(names[i]);
		assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	}
	g_free(file->spool);
	file->spool = g_strdup(name);
	/* A changed byte, another file's key, another size. */
	change_byte(path, 40);
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	change_byte(path, 40);
	g_autoptr(GBytes) good = spool_read(fixture->directory, file, NULL);
	g_assert_nonnull(good);
	file->key[3] ^= 1;
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	file->key[3] ^= 1;
	file->size_bytes--;
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	file->size_bytes = G_MAXUINT64;
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	file->size_bytes = sizeof SECRET;
	/* Cut off, a link, a pipe, nothing. */
	g_assert_cmpint(truncate(path, 50), ==, 0);
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	g_autofree char *target = path_of(fixture, other->spool);
	g_assert_cmpint(unlink(path) | symlink(target, path), ==, 0);
	assert_unreadable(fixture, file, STORE_ERROR, STORE_ERROR_IO);
	g_assert_cmpint(unlink(path) | mkfifo(path, 0600), ==, 0);
	assert_unreadable(fixture, file, BASE_ERROR, BASE_ERROR_FORGED);
	g_assert_cmpint(unlink(path), ==, 0);
	assert_unreadable(fixture, file, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	submission_file_free(file);
	submission_file_free(other);
}

static void
test_discard(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SpoolWriter *writer = spool_create(fixture->directory, NULL);
	g_assert_cmpuint(file_count(fixture), ==, 1);
	spool_discard(writer);
	g_assert_cmpuint(file_count(fixture), ==, 0);
	SubmissionFile *file = put(fixture, SECRET, sizeof SECRET), *none = submission_file_new();
	spool_remove(fixture->directory, none);
	g_assert_cmpuint(file_count(fixture), ==, 1);
	spool_remove(fixture->directory, file);
	g_assert_cmpuint(file_count(fixture), ==, 0);
	submission_file_free(file);
	submission_file_free(none);
}

/* Files of this process may not grow past `size`. */
static void
limit_files(rlim_t size)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* Whether the disk is full in the middle or only at the end. */
static void
test_full(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const gsize sizes[] = {200000, 10000};
	g_autofree guint8 *bytes = g_malloc0(200000);
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GError) error = NULL;
		SubmissionFile *file = submission_file_new();
		SpoolWriter *writer = spool_create(fixture->directory, NULL);
		limit_files(5000);
		gboolean is_good = spool_write(writer, bytes, sizes[i], &error);
		g_assert_true(is_good == (sizes[i] < 65536));
		if (is_good)
			is_good = spool_finish(writer, file, &error);
		else
			spool_discard(writer);
		limit_files(RLIM_INFINITY);
		g_assert_false(is_good);
		g_assert_error(error, STORE_ERROR, STORE_ERROR_FULL);
		g_assert_cmpuint(file_count(fixture), ==, 0);
		g_assert_cmpstr(file->spool, ==, "");
		submission_file_free(file);
	}
}

static void
test_readonly(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	Fixture gone = {.directory = g_build_filename(fixture->directory, "not-there", NULL)};
	g_assert_null(spool_create(gone.directory, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_IO);
	g_free(gone.directory);
	/* A link in the place of the folder leads nowhere. */
	g_autofree char *folder = path_of(fixture, NULL);
	g_clear_error(&error);
	g_assert_cmpint(symlink("/tmp", folder), ==, 0);
	g_assert_null(spool_create(fixture->directory, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(unlink(folder), ==, 0);
}

/* Nothing is synced before spool_sync; then each kept file and the folder once, and what it lies in once per made folder. */
static void
test_sync(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files = submission_files_new();
	SubmissionFile *empty = submission_file_new();
	empty->state = FILE_EMPTY;
	sync_count = 0;
	g_ptr_array_add(files, empty);
	g_assert_true(spool_sync(fixture->directory, files, NULL)); /* no folder, and none is needed */
	g_ptr_array_add(files, put(fixture, SECRET, sizeof SECRET));
	g_ptr_array_add(files, put(fixture, SECRET, sizeof SECRET));
	g_assert_cmpint(sync_count, ==, 0);
	/* Whichever of the four fails, and it is not forgotten. */
	for (gint failing = 1; failing <= 4; failing++) {
		sync_count = 0;
		sync_failing = failing;
		g_assert_false(spool_sync(fixture->directory, files, &error));
		g_assert_error(error, STORE_ERROR, STORE_ERROR_IO);
		g_assert_cmpint(sync_count, ==, failing);
		g_clear_error(&error);
	}
	sync_failing = 0;
	static const gint expected[] = {4, 3, 3};
	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
		sync_count = 0;
		g_assert_true(spool_sync(fixture->directory, files, NULL));
		g_assert_cmpint(sync_count, ==, expected[i]);
	}
	/* One that is gone, or a link by now. */
	g_autofree char *path = path_of(fixture, ((SubmissionFile *)files->pdata[2])->spool);
	g_assert_cmpint(unlink(path), ==, 0);
	g_assert_false(spool_sync(fixture->directory, files, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_cmpint(symlink("/dev/null", path), ==, 0);
	g_assert_false(spool_sync(fixture->directory, files, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_IO);
}

/* --- With the database ---------------------------------------------------------------------------------------------- */

static void
submit_file(Desk *desk, const char *receipt, const SubmissionFile *file, gboolean is_stored_briefly)
{
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_NOTICE, 'a', NULL);
	GPtrArray *files = submission_files_new();
	SubmissionFile *copy = g_memdup2(file, sizeof *file);
	copy->field = g_strdup("f");
	copy->client_name = g_strdup("a.PDF");
	copy->name = g_strdup("a.pdf");
	copy->spool = g_strdup(file->spool);
	copy->sha256 = g_strdup(file->sha256);
	SubmissionFile *empty = submission_file_new();
	empty->state = FILE_EMPTY;
	g_ptr_array_add(files, copy);
	g_ptr_array_add(files, empty);
	g_autoptr(Submission) submission = make_submission_of(receipt, "text", files);
	JournalRecord record = {.submission = submission,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + SECOND_US,
	    .is_stored_briefly = is_stored_briefly,
	    .status = SUBMISSION_ACCEPTED};
	g_assert_true(journal_keeps_content(&record));
	desk->accepted++;
	g_assert_true(journal_submit(desk->journal, journal_entry_new(desk->journal, &record), tell, desk, NULL));
	wait_for(desk, desk->accepted);
	g_assert_no_error(desk->failure);
}

static void
settle_all(Db *db)
{
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, NULL);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		DeliveryOutcome outcome = {.delivery_id = ((Delivery *)item->deliveries->pdata[0])->id, .state = DELIVERY_SENT};
		g_assert_true(outbox_settle(db, "me", &outcome, 1, NULL));
	}
}

static void
test_rows(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	sqlite3 *raw = raw_open(fixture);
	SubmissionFile *kept = put(fixture, SECRET, sizeof SECRET), *brief = put(fixture, SECRET, sizeof SECRET);
	submit_file(&desk, "KEPT", kept, FALSE);
	submit_file(&desk, "BRIEF", brief, TRUE);
	submit(&desk, "NOFILE");
	wait_for(&desk, 3);
	g_assert_cmpint(count(raw, "spool_file"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT submission_id FROM spool_file WHERE name = '%s'", kept->spool), ==, 1);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	/* Nothing is released yet, and nothing that has a row is ever swept, however old. */
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, NULL), ==, 0);
	clock_set_offset_us((LIMIT_SPOOL_ORPHAN_S + 100) * SECOND_US);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 0);
	clock_set_offset_us(0);
	/* do_not_store: its file goes as soon as its mails have settled; the other's at its purge. */
	settle_all(db);
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, NULL), ==, 1);
	g_assert_false(is_there(fixture, brief));
	g_assert_true(is_there(fixture, kept));
	clock_set_offset_us(2 * SECOND_US);
	g_assert_cmpint(submissions_purge(db, 10, NULL, NULL), ==, 3);
	g_assert_true(is_there(fixture, kept));
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, NULL), ==, 1);
	g_assert_false(is_there(fixture, kept));
	g_assert_cmpint(count(raw, "spool_file"), ==, 0);
	submission_file_free(kept);
	submission_file_free(brief);
	sqlite3_close(raw);
	desk_close(&desk);
}

/* A crash between removing the file and its row, a name that is none of ours, a file that cannot be removed. */
static void
test_released(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GError) error = NULL;
	sqlite3 *raw = raw_open(fixture);
	SubmissionFile *file = put(fixture, SECRET, sizeof SECRET);
	g_autofree char *stubborn = path_of(fixture, "ffffffffffffffffffffffffffffffff");
	g_assert_cmpint(g_mkdir(stubborn, 0700), ==, 0);
	raw_execute(raw,
	    "INSERT INTO spool_file VALUES ('00112233445566778899aabbccddeeff', NULL), ('../sekisho.db', NULL), "
	    "('ffffffffffffffffffffffffffffffff', NULL), ('%s', NULL)",
	    file->spool);
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, &error), ==, -1);
	g_assert_nonnull(error);
	g_assert_cmpint(count(raw, "spool_file"), ==, 1);
	g_assert_false(is_there(fixture, file));
	g_assert_true(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
	g_assert_cmpint(g_rmdir(stubborn), ==, 0);
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, NULL), ==, 1);
	g_assert_cmpint(count(raw, "spool_file"), ==, 0);
	submission_file_free(file);
	sqlite3_close(raw);
}

/* A folder that cannot be opened says nothing about its files. */
static void
test_released_unopened(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GError) error = NULL;
	sqlite3 *raw = raw_open(fixture);
	SubmissionFile *file = put(fixture, SECRET, sizeof SECRET);
	g_autofree char *folder = path_of(fixture, NULL);
	g_autofree char *aside = g_build_filename(fixture->directory, "aside", NULL);
	raw_execute(raw, "INSERT INTO spool_file VALUES ('%s', NULL)", file->spool);
	g_assert_cmpint(rename(folder, aside), ==, 0);
	g_assert_cmpint(symlink(aside, folder), ==, 0);
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, &error), ==, -1);
	g_assert_nonnull(error);
	g_assert_cmpint(count(raw, "spool_file"), ==, 1);
	g_assert_cmpint(unlink(folder), ==, 0);
	g_assert_cmpint(rename(aside, folder), ==, 0);
	g_assert_cmpint(spool_remove_released(db, fixture->directory, 10, NULL), ==, 1);
	g_assert_false(is_there(fixture, file));
	g_assert_cmpint(count(raw, "spool_file"), ==, 0);
	submission_file_free(file);
	sqlite3_close(raw);
}

static void
test_sweep(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 0); /* no folder yet */
	for (guint i = 0; i < 5; i++)
		submission_file_free(put(fixture, SECRET, sizeof SECRET));
	g_autofree char *foreign = path_of(fixture, "README");
	g_assert_true(g_file_set_contents(foreign, "not ours", -1, NULL));
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 0);
	clock_set_offset_us((LIMIT_SPOOL_ORPHAN_S - 100) * SECOND_US);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 0);
	clock_set_offset_us((LIMIT_SPOOL_ORPHAN_S + 100) * SECOND_US);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 2, NULL), ==, 2);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 3);
	g_assert_cmpuint(file_count(fixture), ==, 1);
	/* Written while the clock was wrong. */
	clock_set_offset_us(0);
	submission_file_free(put(fixture, SECRET, sizeof SECRET));
	clock_set_offset_us(-(LIMIT_SPOOL_ORPHAN_S + 100) * SECOND_US);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 10, NULL), ==, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"content is sealed on the disk and comes back", test_round},
	    {"what is not as it was written is refused", test_read_refuses},
	    {"what is not kept leaves nothing", test_discard},
	    {"a full disk is an error and leaves nothing", test_full},
	    {"a folder that is not ours is not used", test_readonly},
	    {"files are synced together, when they are to be kept", test_sync},
	    {"files are named with their submission and released with it", test_rows},
	    {"released files go whatever happened to the last attempt", test_released},
	    {"released files keep their rows while the folder cannot be opened", test_released_unopened},
	    {"only old files without a row are swept", test_sweep},
	};
	return fixture_run("spool", tests, G_N_ELEMENTS(tests));
}
