/*
 * A process that writes a journal is killed, and what it had been told is in the file. Started as
 * `test_store_journal_killed --writer DATA KEYS` it is that process.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk.h"

#define ROUNDS 3
#define RECEIPT_CHARACTERS 12

static void
print_receipt(gpointer user_data, const GError *error)
{
	g_autofree char *line = user_data;
	if (!error && write(STDOUT_FILENO, line, strlen(line)) < 0)
		_exit(1);
}

/* Submits for ever; prints each receipt when it is told that it is durable. */
G_NORETURN static void
write_until_killed(const char *data_directory, const char *key_directory)
{
	g_autoptr(Vault) vault = vault_open(key_directory, VAULT_FRONT, NULL);
	Journal *journal = journal_start(data_directory, vault, NULL);
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_NOTICE, 'a', NULL);
	for (;;) {
		g_autofree char *receipt = vault_receipt();
		g_autoptr(Submission) submission = make_submission(receipt, "message");
		JournalRecord record = {submission, planned, clock_now_us(), FALSE};
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
		guint found = 0;
		for (char **line = lines; *line; line++) {
			if (strlen(*line) != RECEIPT_CHARACTERS)
				continue;
			assert_opens(db, admin, *line);
			found++;
		}
		g_test_message("round %u: %u acknowledged, all there", round, found);
		g_assert_cmpuint(found, >=, 100);
	}
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(count(raw, "submission"), ==, count(raw, "delivery"));
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
