/* The ledger: its file and who may have written it, proofs and tokens, alarms, what the doctor saw, and the end of rows. */
#include <sys/wait.h>
#include <unistd.h>

#include "ledger_desk.h"
#include "sekisho/store/counters.h"
#include "store/statements.h"

#define STRANGER 65534

/* --- The file --------------------------------------------------------------------------------------------------------- */

static void
test_file(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	mode_t old_mask = umask(0);
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail mail = mail_to("a@x", "R");
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	umask(old_mask);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *path = g_strconcat(fixture->path, (const char *[]){"", "-wal", "-shm"}[i], NULL);
		struct stat status;
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmphex(status.st_mode & 07777, ==, 0600);
	}
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmphex(raw_number(raw, "PRAGMA application_id"), ==, 0x53454B4C);
	g_assert_cmpint(raw_number(raw, "PRAGMA user_version"), ==, LEDGER_MIGRATION_COUNT);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND "
					"strict = 0 AND name NOT LIKE 'sqlite_%%'"),
	    ==, 0);
	sqlite3_close(raw);
}

static void
assert_refused(const Fixture *fixture, DbMode mode, int code, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(db_open_ledger(fixture->directory, mode, &error));
	g_assert_error(error, STORE_ERROR, code);
	if (!strstr(error->message, words))
		g_error("%s: says nothing of %s", error->message, words);
}

static void
test_writable_by_others(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const mode_t folders[] = {0770, 0720, 0702, 01777};
	db_free(desk_ledger(fixture));
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_assert_cmpint(chmod(fixture->directory, folders[i]), ==, 0);
		assert_refused(fixture, DB_EXISTING, STORE_ERROR_READONLY, "0700");
		assert_refused(fixture, DB_CREATE, STORE_ERROR_READONLY, "0700");
	}
	g_assert_cmpint(chmod(fixture->directory, 0700), ==, 0);
	g_assert_cmpint(chmod(fixture->path, 0620), ==, 0);
	assert_refused(fixture, DB_EXISTING, STORE_ERROR_READONLY, "0600");
	g_assert_cmpint(chmod(fixture->path, 0600), ==, 0);
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_EXISTING, NULL);
	g_assert_nonnull(ledger);
}

static void
test_missing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_assert_cmpint(chmod(fixture->directory, 0700), ==, 0);
	assert_refused(fixture, DB_EXISTING, STORE_ERROR_NOT_FOUND, "courier_directory");
	g_autofree char *path = g_build_filename(fixture->directory, "ledger.db", NULL);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void
test_link(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(desk_ledger(fixture));
	g_autofree char *moved = g_strconcat(fixture->path, "-moved", NULL);
	g_assert_cmpint(g_rename(fixture->path, moved), ==, 0);
	g_assert_cmpint(symlink(moved, fixture->path), ==, 0);
	assert_refused(fixture, DB_EXISTING, STORE_ERROR_READONLY, "ledger.db");
	assert_refused(fixture, DB_CREATE, STORE_ERROR_READONLY, "ledger.db");
}

/* Neither file passes for the other. */
static void
test_not_mixed_up(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autofree char *store = g_strdup(fixture->path);
	db_free(desk_ledger(fixture));
	db_free(fixture_open(fixture, DB_CREATE));
	g_autofree char *between = g_strconcat(store, "-x", NULL);
	g_assert_cmpint(chmod(store, 0600), ==, 0);
	g_assert_cmpint(g_rename(store, between), ==, 0);
	g_assert_cmpint(g_rename(fixture->path, store), ==, 0);
	g_assert_cmpint(g_rename(between, fixture->path), ==, 0);
	assert_refused(fixture, DB_EXISTING, STORE_ERROR_CORRUPT, "another program");
	g_autoptr(GError) error = NULL;
	g_assert_null(db_open(fixture->directory, DB_EXISTING, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CORRUPT);
}

/* Runs `act` as an ordinary user in a process of its own; its exit code. */
static int
as_stranger(const Fixture *fixture, int (*act)(const Fixture *))
{
	pid_t child = fork();
	if (child == 0)
		_exit(setgid(STRANGER) != 0 || setuid(STRANGER) != 0 ? 99 : act(fixture));
	int status = 0;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
is_refused(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_EXISTING, &error);
	return !ledger && g_error_matches(error, STORE_ERROR, STORE_ERROR_READONLY) ? 0 : 1;
}

static int
can_charge(const Fixture *fixture)
{
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_EXISTING, NULL);
	LedgerMail mail = mail_to("courier@x", "C");
	LedgerAnswer answer = LEDGER_TRIPPED;
	return ledger && ledger_charge(ledger, &mail, &wide, &answer, NULL) && answer == LEDGER_CHARGED ? 0 : 1;
}

/* A folder that is somebody else's, although everybody may read it; and root's commands in the courier's folder. */
static void
test_owner(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	if (geteuid() != 0) {
		g_test_skip("only root can play two users");
		return;
	}
	db_free(desk_ledger(fixture));
	g_assert_cmpint(chmod(fixture->directory, 0755), ==, 0);
	g_assert_cmpint(as_stranger(fixture, is_refused), ==, 0);
	g_assert_cmpint(g_remove(fixture->path), ==, 0);
	g_assert_cmpint(chmod(fixture->directory, 0700), ==, 0);
	g_assert_cmpint(chown(fixture->directory, STRANGER, STRANGER), ==, 0);
	/* Root makes it, and holds it open with its side files while the courier works. */
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_CREATE, &error);
	g_assert_no_error(error);
	LedgerMail mail = mail_to("root@x", "R");
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	g_assert_cmpint(as_stranger(fixture, can_charge), ==, 0);
	/* A file in the folder that a third one owns was not written by the courier alone. */
	g_clear_pointer(&ledger, db_free);
	g_assert_cmpint(chown(fixture->path, STRANGER - 1, STRANGER - 1), ==, 0);
	assert_refused(fixture, DB_EXISTING, STORE_ERROR_READONLY, "courier_user");
}

/* --- Proofs ------------------------------------------------------------------------------------------------------------ */

static Proof
proof_of(const char *site, char letter, gint64 days)
{
	gint64 now_us = clock_now_us();
	return (Proof){(char *)site, row_hash(letter), PROOF_LINK, NULL, now_us, now_us + days * DAY_US};
}

static gboolean
is_proved(Db *ledger, const char *site, const char *letters)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	gboolean answer = FALSE;
	for (; *letters; letters++) {
		VaultHash hash = row_hash(*letters);
		g_array_append_val(hashes, hash);
	}
	ledger_is_proved(ledger, site, hashes, &answer, &error);
	g_assert_no_error(error);
	return answer;
}

static void
test_proofs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_autoptr(GBytes) box = g_bytes_new_static("boxed", 5);
	Proof proof = proof_of(SITE, 'a', 10);
	proof.boxed = box;
	g_assert_true(ledger_prove(ledger, &proof, &error));
	g_assert_true(is_proved(ledger, SITE, "a"));
	/* Under any of the keys that the vault holds. */
	g_assert_true(is_proved(ledger, SITE, "xya"));
	g_assert_false(is_proved(ledger, SITE, "xy"));
	g_assert_false(is_proved(ledger, SITE, ""));
	g_assert_false(is_proved(ledger, "other.jp", "a"));
	advance(SECOND_US);
	Proof shorter = proof_of(SITE, 'a', 5), second = proof_of(SITE, 'b', 20), foreign = proof_of("other.jp", 'c', 20);
	shorter.kind = PROOF_OPERATOR;
	g_assert_true(ledger_prove(ledger, &shorter, &error));
	g_assert_true(ledger_prove(ledger, &second, &error));
	advance(SECOND_US);
	g_assert_true(ledger_prove(ledger, &foreign, &error));
	g_autoptr(GPtrArray) of_site = ledger_proofs(ledger, SITE, 10, &error), all = ledger_proofs(ledger, NULL, 10, &error);
	g_assert_cmpuint(of_site->len, ==, 2);
	const Proof *newest = of_site->pdata[0], *kept = of_site->pdata[1];
	g_assert_cmpint(newest->address.bytes[0], ==, 'b');
	g_assert_null(newest->boxed);
	g_assert_cmpint(kept->kind, ==, PROOF_LINK);
	g_assert_cmpint(kept->until_us, ==, proof.until_us);
	g_assert_cmpint(kept->proved_at_us, ==, proof.proved_at_us);
	g_assert_true(g_bytes_equal(kept->boxed, box));
	g_assert_cmpuint(all->len, ==, 3);
	g_assert_cmpstr(((Proof *)all->pdata[0])->site, ==, "other.jp");
	/* A longer one takes its place. */
	Proof longer = proof_of(SITE, 'a', 15);
	g_assert_true(ledger_prove(ledger, &longer, &error));
	advance(12 * DAY_US);
	g_assert_true(is_proved(ledger, SITE, "a"));
	advance(3 * DAY_US);
	g_assert_false(is_proved(ledger, SITE, "a"));
	g_autoptr(GPtrArray) later = ledger_proofs(ledger, SITE, 10, &error);
	g_assert_cmpuint(later->len, ==, 1);
	g_assert_no_error(error);
}

static void
test_redeem(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_autoptr(GBytes) token = g_bytes_new_static("token", 5), other = g_bytes_new_static("other", 5);
	Proof proof = proof_of(SITE, 'a', 10);
	gboolean is_first = FALSE;
	gint64 until_us = clock_now_us() + DAY_US;
	g_assert_true(ledger_redeem(ledger, &proof, token, until_us, &is_first, &error));
	g_assert_true(is_first);
	g_assert_true(is_proved(ledger, SITE, "a"));
	/* Forgotten: the link that proved it once does not prove it again. */
	g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	g_array_append_vals(hashes, (VaultHash[]){row_hash('z'), row_hash('a')}, 2);
	g_assert_cmpint(ledger_forget(ledger, SITE, hashes, &error), ==, 1);
	g_assert_cmpint(ledger_forget(ledger, SITE, hashes, &error), ==, 0);
	g_assert_false(is_proved(ledger, SITE, "a"));
	g_assert_true(ledger_redeem(ledger, &proof, token, until_us, &is_first, &error));
	g_assert_false(is_first);
	g_assert_false(is_proved(ledger, SITE, "a"));
	g_assert_true(ledger_redeem(ledger, &proof, other, until_us, &is_first, &error));
	g_assert_true(is_first);
	g_assert_true(is_proved(ledger, SITE, "a"));
	g_assert_no_error(error);
}

/* --- Alarms, accounts, the end ------------------------------------------------------------------------------------------- */

static void
assert_untold(Db *ledger, const char *by_command, const char *by_mail)
{
	const char *const topics[] = {[ALARM_BY_COMMAND] = by_command, [ALARM_BY_MAIL] = by_mail};
	for (AlarmChannel channel = ALARM_BY_COMMAND; channel <= ALARM_BY_MAIL; channel++) {
		g_autoptr(GPtrArray) alarms = ledger_alarms_untold(ledger, channel, 10, NULL);
		g_autoptr(GString) found = g_string_new(NULL);
		g_assert_nonnull(alarms);
		for (guint i = 0; i < alarms->len; i++)
			g_string_append_printf(
			    found, "%s/%s ", ((Alarm *)alarms->pdata[i])->site, ((Alarm *)alarms->pdata[i])->topic);
		g_assert_cmpstr(found->str, ==, topics[channel]);
	}
}

static void
test_alarms(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	gboolean is_new = FALSE;
	static const struct {
		const char *site, *topic;
		gboolean is_new;
	} rows[] = {
	    {SITE, "fuse", TRUE}, {SITE, "fuse", FALSE}, {SITE, "canary", TRUE}, {"", "fuse", TRUE}, {SITE, "fuse", FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_true(ledger_alarm_raise(ledger, rows[i].site, rows[i].topic, "what\nto do", &is_new, &error));
		g_assert_cmpint(is_new, ==, rows[i].is_new);
	}
	assert_untold(ledger, SITE "/fuse " SITE "/canary /fuse ", SITE "/fuse " SITE "/canary /fuse ");
	g_autoptr(GPtrArray) raised = ledger_alarms_untold(ledger, ALARM_BY_MAIL, 10, &error);
	gint64 fuse = ((Alarm *)raised->pdata[0])->id, canary = ((Alarm *)raised->pdata[1])->id;
	g_assert_true(ledger_alarm_mailed(ledger, fuse, &error) && ledger_alarm_commanded(ledger, canary, &error));
	assert_untold(ledger, SITE "/fuse /fuse ", SITE "/canary /fuse ");
	g_assert_true(ledger_alarm_commanded(ledger, fuse, &error) && ledger_alarm_clear(ledger, SITE, "canary", &error));
	assert_untold(ledger, "/fuse ", "/fuse ");
	/* It stands, although it was told. */
	g_assert_true(ledger_alarm_raise(ledger, SITE, "fuse", "again", &is_new, &error));
	g_assert_false(is_new);
	g_assert_true(ledger_alarm_raise(ledger, SITE, "canary", "again", &is_new, &error));
	g_assert_true(is_new);
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(ledger, ALARM_BY_MAIL, 1, &error);
	g_assert_cmpuint(alarms->len, ==, 1);
	g_assert_cmpstr(((Alarm *)alarms->pdata[0])->text, ==, "what\nto do");
	g_assert_no_error(error);
}

static void
test_alarm_expires(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	gboolean is_new = FALSE;
	g_assert_true(ledger_alarm_raise(ledger, SITE, "ceiling", "first", &is_new, &error));
	g_autoptr(GPtrArray) raised = ledger_alarms_untold(ledger, ALARM_BY_MAIL, 10, &error);
	gint64 id = ((Alarm *)raised->pdata[0])->id;
	advance(2 * DAY_US);
	/* Nobody was told by mail yet. */
	g_assert_true(ledger_alarm_commanded(ledger, id, &error) && ledger_alarm_expire(ledger, SITE, "ceiling", DAY_US, &error));
	assert_untold(ledger, "", SITE "/ceiling ");
	g_assert_true(ledger_alarm_mailed(ledger, id, &error));
	static const struct {
		const char *site, *topic;
		gint64 age_us;
		gboolean is_over;
	} rows[] = {{SITE, "ceiling", 2 * DAY_US + MINUTE_US, FALSE}, {SITE, "fuse", DAY_US, FALSE},
	    {"", "ceiling", DAY_US, FALSE}, {SITE, "ceiling", 2 * DAY_US - MINUTE_US, TRUE}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_true(ledger_alarm_expire(ledger, rows[i].site, rows[i].topic, rows[i].age_us, &error));
		g_assert_true(ledger_alarm_raise(ledger, SITE, "ceiling", "next", &is_new, &error));
		g_assert_cmpint(is_new, ==, rows[i].is_over);
	}
	g_assert_no_error(error);
}

static void
test_null_sender(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	static const gboolean notes[] = {TRUE, FALSE, TRUE};
	gboolean is_accepted = TRUE;
	g_assert_true(ledger_is_null_sender(ledger, "mail.jp:587 user", &is_accepted, &error));
	g_assert_false(is_accepted);
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		g_assert_true(ledger_note_null_sender(ledger, "mail.jp:587 user", notes[i], &error));
		g_assert_true(ledger_is_null_sender(ledger, "mail.jp:587 user", &is_accepted, &error));
		g_assert_cmpint(is_accepted, ==, notes[i]);
	}
	g_assert_true(ledger_is_null_sender(ledger, "mail.jp:587 other", &is_accepted, &error));
	g_assert_false(is_accepted);
	g_assert_no_error(error);
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		gint64 after_days;
		const char *table;
		gint removed;
	} rows[] = {
	    {0, NULL, 0},
	    {11, "used_token", 1},
	    {10, "proof", 1},  /* after 21 days */
	    {9, "traffic", 1}, /* 30 */
	    {2, "mail", 1},    /* 32 */
	    {57, NULL, 0},     /* 89 */
	    {2, "alarm", 1},   /* 91 */
	    {1000, NULL, 0},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_autoptr(GBytes) token = g_bytes_new_static("token", 5);
	gboolean answer = FALSE;
	Proof proof = proof_of(SITE, 'a', 20);
	LedgerMail mail = mail_to("a@x", "R");
	ledger_redeem(ledger, &proof, token, clock_now_us() + 10 * DAY_US, &answer, &error);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	ledger_alarm_raise(ledger, SITE, "fuse", "", &answer, &error);
	ledger_alarm_clear(ledger, SITE, "fuse", &error);
	ledger_alarm_raise(ledger, SITE, "fuse", "stands", &answer, &error);
	ledger_note_null_sender(ledger, "account", TRUE, &error);
	sqlite3 *raw = raw_open(fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		advance(rows[i].after_days * DAY_US);
		g_assert_cmpint(ledger_purge(ledger, 10, &error), ==, rows[i].removed);
		g_assert_no_error(error);
		if (rows[i].table)
			g_assert_cmpint(
			    raw_number(raw, "SELECT count(*) FROM %s", rows[i].table), ==, strcmp(rows[i].table, "alarm") == 0);
	}
	sqlite3_close(raw);
	assert_untold(ledger, SITE "/fuse ", SITE "/fuse ");
	/* Never more than was allowed. */
	g_assert_cmpuint(charge_many(ledger, "p", 30, &wide), ==, 30);
	advance(40 * DAY_US);
	g_assert_cmpint(ledger_purge(ledger, 20, &error), ==, 21);
	g_assert_cmpint(ledger_purge(ledger, 20, &error), ==, 10);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a new ledger has our settings, tables and modes", test_file},
	    {"what others may write is not believed", test_writable_by_others},
	    {"a missing ledger is not made by asking for an existing one", test_missing},
	    {"a symbolic link is not followed", test_link},
	    {"neither file passes for the other", test_not_mixed_up},
	    {"only its owner and root open it, and root leaves it usable", test_owner},
	    {"proofs hold for a site and a time", test_proofs},
	    {"a token works once", test_redeem},
	    {"an alarm stands until it is cleared", test_alarms},
	    {"an alarm that both channels told may end by itself", test_alarm_expires},
	    {"what the doctor saw last holds", test_null_sender},
	    {"old rows end", test_purge},
	};
	return fixture_run("ledger", tests, G_N_ELEMENTS(tests));
}
