/*
 * A process that writes a journal is killed, and what it had been told is in the file, uploads too; what it left beside them is swept. Started as
 * `test_store_journal_killed --writer DATA KEYS` it is that process.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/spool.h"

#define ROUNDS 3
#define RECEIPT_CHARACTERS 12

static void
print_receipt(gpointer user_data, const JournalOutcome *outcome)
{
	g_autofree char *line = user_data;
	if (!outcome->error && write(STDOUT_FILENO, line, strlen(line)) < 0)
		_exit(1);
}

/* One upload, of a size that is not always the same. */
static GPtrArray *
spool_upload(const char *data_directory, guint number)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	const gsize size = (gsize)number % 7 * 20000 + 1;
	g_autofree guint8 *bytes = g_malloc0(size);
	SpoolWriter *writer = spool_create(data_directory, NULL);
	if (!spool_write(writer, bytes, size, NULL) || !spool_finish(writer, file, NULL))
		_exit(1);
	g_ptr_array_add(files, file);
	if (!spool_sync(data_directory, files, NULL))
		_exit(1);
	return files;
}

/* Submits for ever; prints each receipt when it is told that it is durable. */
G_NORETURN static void
write_until_killed(const char *data_directory, const char *key_directory)
{
	g_autoptr(Vault) vault = vault_open(key_directory, VAULT_FRONT, NULL);
	Journal *journal = journal_start(data_directory, vault, NULL);
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_NOTICE, 'a', NULL);
	for (guint number = 0;; number++) {
		g_autofree char *receipt = vault_receipt();
		GPtrArray *files = number % 4 == 0 ? spool_upload(data_directory, number) : NULL;
		g_autoptr(Submission) submission = make_submission_of(receipt, "message", files);
		VaultHash key, fingerprint = row_hash('f');
		vault_hash(vault, VAULT_HASH_REPETITION, receipt, strlen(receipt), &key);
		JournalRecord record = {.submission = submission,
		    .planned = planned,
		    .purge_at_us = clock_now_us(),
		    .is_stored_briefly = FALSE,
		    .status = number % 2 == 0 ? SUBMISSION_ACCEPTED : SUBMISSION_HELD,
		    .repetition = &key,
		    .repetition_until_us = clock_now_us() + SECOND_US,
		    .fingerprint = &fingerprint};
		g_autofree char *line = g_strconcat(receipt, "\n", NULL);
		if (journal_submit(journal, journal_entry_new(journal, &record), print_receipt, line, NULL))
			g_steal_pointer(&line);
	}
}

/* The receipts that the writer printed until it was killed after `enough` of them. */
static GString *
run_and_kill(const Fixture *fixture, const Desk *desk, gsize enough)
{
	int ends[2];
	g_assert_cmpint(pipe(ends), ==, 0);
	pid_t writer = fork();
	if (writer == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/proc/self/exe", "test_store_journal", "--writer", fixture->directory, desk->keys.directory, NULL);
		_exit(127);
	}
	close(ends[1]);
	GString *receipts = g_string_new(NULL);
	gboolean is_killed = FALSE;
	char buffer[4096];
	for (gssize size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
		g_string_append_len(receipts, buffer, size);
		if (!is_killed && receipts->len > enough * (RECEIPT_CHARACTERS + 1))
			is_killed = kill(writer, SIGKILL) == 0;
	}
	close(ends[0]);
	int status = 0;
	g_assert_cmpint(waitpid(writer, &status, 0), ==, writer);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return receipts;
}

/* Its files are there and open. Returns how many. */
static guint
assert_files(const Fixture *fixture, Db *db, Vault *vault, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SubmissionSummary) summary = submissions_find(db, receipt, &error);
	g_autoptr(Submission) submission = submissions_open(db, vault, summary->id, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < submission->files->len; i++) {
		g_autoptr(GBytes) content = spool_read(fixture->directory, submission->files->pdata[i], &error);
		g_assert_no_error(error);
	}
	return submission->files->len;
}

static gint64
spool_count(const Fixture *fixture)
{
	g_autofree char *path = g_build_filename(fixture->directory, "spool", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	gint64 count = 0;
	while (g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

/* An upload that was on its way when the writer was killed, and nothing else, is swept when it is old. */
static void
assert_swept(const Fixture *fixture, Db *db)
{
	sqlite3 *raw = raw_open(fixture);
	const gint64 orphans = spool_count(fixture) - count(raw, "spool_file");
	clock_set_offset_us((LIMIT_SPOOL_ORPHAN_S + 100) * SECOND_US);
	g_test_message("%d orphans", (int)orphans);
	g_assert_cmpint(orphans, >=, 0);
	g_assert_cmpint(spool_sweep(db, fixture->directory, 1000, NULL), ==, orphans);
	g_assert_cmpint(spool_count(fixture), ==, count(raw, "spool_file"));
	clock_set_offset_us(0);
	sqlite3_close(raw);
}

static void
test_killed(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	desk_stop(&desk);
	g_autoptr(Vault) admin = vault_open(desk.keys.directory, VAULT_ADMIN, NULL);
	for (guint round = 0; round < ROUNDS; round++) {
		g_autoptr(GString) receipts = run_and_kill(fixture, &desk, 100 + 77 * round);
		g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
		g_auto(GStrv) lines = g_strsplit(receipts->str, "\n", -1);
		assert_swept(fixture, db);
		guint found = 0, files = 0;
		for (char **line = lines; *line; line++) {
			if (strlen(*line) != RECEIPT_CHARACTERS)
				continue;
			assert_opens(db, admin, *line);
			files += assert_files(fixture, db, admin, *line);
			found++;
		}
		g_test_message("round %u: %u acknowledged with %u files, all there", round, found, files);
		g_assert_cmpuint(found, >=, 100);
		g_assert_cmpuint(files, >=, 20);
	}
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(count(raw, "submission"), ==, count(raw, "delivery"));
	/* What the gate made of each came with it, or it did not come. */
	g_assert_cmpint(count(raw, "submission"), ==, count(raw, "verdict"));
	g_assert_cmpint(count(raw, "submission"), ==, count(raw, "repetition"));
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"), ==, 0);
	sqlite3_close(raw);
	desk_close(&desk);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && g_str_equal(argv[1], "--writer"))
		write_until_killed(argv[2], argv[3]);
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {{"what was acknowledged survives SIGKILL", test_killed}};
	return fixture_run("journal_killed", tests, G_N_ELEMENTS(tests));
}
