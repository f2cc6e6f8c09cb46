/*
 * What the gate held or refused: how it is stored, its quota, and what a person makes of it.
 */
#include "gate_desk.h"

/* --- Storing --------------------------------------------------------------------------------------------------------------- */

static void
test_statuses(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	keep(&gate, (Case){.receipt = "ACCEPTED", .status = SUBMISSION_ACCEPTED});
	keep(&gate, (Case){.receipt = "HELD", .status = SUBMISSION_HELD});
	keep(&gate, (Case){.receipt = "REJECTED", .status = SUBMISSION_REJECTED});
	g_assert_cmpint(status_of(&gate, "ACCEPTED"), ==, SUBMISSION_ACCEPTED);
	g_assert_cmpint(status_of(&gate, "HELD"), ==, SUBMISSION_HELD);
	g_assert_cmpint(status_of(&gate, "REJECTED"), ==, SUBMISSION_REJECTED);
	g_assert_cmpint(raw_number(gate.raw, "SELECT count(*) FROM outbox WHERE kind = %d", MAIL_HELD), ==, 1);
	g_assert_cmpint(raw_number(gate.raw, "SELECT count(*) FROM outbox WHERE kind = %d", MAIL_NOTICE), ==, 1);
	g_assert_cmpint(
	    raw_number(gate.raw, "SELECT count(*) FROM verdict WHERE length(fingerprint_hash) = %u", VAULT_HASH_BYTES), ==, 3);
	/* One of an older version has no verdict. */
	row_submission(gate.raw, "OLD", FALSE, "x");
	g_assert_cmpint(status_of(&gate, "OLD"), ==, SUBMISSION_ACCEPTED);
	gate_close(&gate);
}

/* --- The quota of refused ones ------------------------------------------------------------------------------------------------ */

static void
test_quota(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	guint kept = 0;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 first = keep(&gate, (Case){.receipt = "Q0", .status = SUBMISSION_REJECTED, .quota = 1 << 20});
	const gint64 size = quota(&gate);
	g_assert_cmpint(size, >, 50);
	for (guint i = 1; i < 10; i++) {
		g_autofree char *receipt = g_strdup_printf("Q%u", i);
		g_autoptr(Told) told =
		    store(&gate, (Case){.receipt = receipt, .status = SUBMISSION_REJECTED, .quota = (guint64)size * 4 + 3});
		g_assert_true(!told->is_error && !told->earlier_receipt);
		kept += told->is_kept;
	}
	g_assert_cmpuint(kept, ==, 3);
	g_assert_cmpint(count(gate.raw, "submission"), ==, 4);
	g_assert_cmpint(quota(&gate), ==, 4 * size);
	/* What is held or accepted takes nothing of it. */
	keep(&gate, (Case){.receipt = "H", .status = SUBMISSION_HELD, .quota = 1});
	g_assert_cmpint(quota(&gate), ==, 4 * size);
	/* Released and purged ones give it back; a discarded one is still there. */
	g_assert_true(release(&gate, first, NULL));
	g_assert_cmpint(quota(&gate), ==, 3 * size);
	g_assert_true(held_discard(gate.db, first + 1, clock_now_us() - 1, NULL));
	g_assert_cmpint(quota(&gate), ==, 3 * size);
	g_assert_cmpint(submissions_purge(gate.db, 64, NULL, NULL), ==, 1);
	g_assert_cmpint(quota(&gate), ==, 2 * size);
	clock_set_offset_us(25 * HOUR);
	g_assert_cmpint(submissions_purge(gate.db, 64, NULL, NULL), >=, 2);
	g_assert_cmpint(quota(&gate), ==, 0);
	keep(&gate, (Case){.receipt = "AGAIN", .status = SUBMISSION_REJECTED, .quota = (guint64)size + 1});
	gate_close(&gate);
}

/* Whoever can write rows can write numbers that no sum survives. */
static void
test_quota_hostile(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	for (guint i = 0; i < 4; i++) {
		g_autofree char *receipt = g_strdup_printf("Q%u", i);
		keep(&gate, (Case){.receipt = receipt, .status = SUBMISSION_REJECTED});
	}
	raw_execute(gate.raw, "UPDATE verdict SET quota_bytes = 9223372036854775807");
	g_autoptr(Told) full = store(&gate, (Case){.receipt = "FULL", .status = SUBMISSION_REJECTED, .quota = 1 << 20});
	g_assert_true(!full->is_error && !full->is_kept);
	/* A quota is a quota of rows, too, however little they say that they take. */
	raw_execute(gate.raw, "UPDATE verdict SET quota_bytes = 1");
	g_autoptr(Told) fifth = store(&gate, (Case){.receipt = "FIFTH", .status = SUBMISSION_REJECTED, .quota = 5 * 4096});
	g_assert_true(fifth->is_kept);
	g_autoptr(Told) sixth = store(&gate, (Case){.receipt = "SIXTH", .status = SUBMISSION_REJECTED, .quota = 5 * 4096});
	g_assert_false(sixth->is_kept);
	gate_close(&gate);
}

/* The caller's. */
static GPtrArray *
one_file(guint64 size_bytes)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	file->size_bytes = size_bytes;
	g_free(file->spool);
	file->spool = g_strdup("AAAA");
	g_ptr_array_add(files, file);
	return files;
}

static void
test_quota_counts_files(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	g_autoptr(GPtrArray) planned = new_plan();

	(void)unused;
	gate_open(&gate, fixture);
	g_autoptr(Submission) submission = make_submission_of("FILES", "text", one_file(123456));
	const JournalRecord record = {.submission = submission,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + HOUR,
	    .status = SUBMISSION_REJECTED,
	    .rejected_bytes = 1 << 24};
	g_autoptr(Told) told = commit(&gate, journal_entry_new(gate.desk.journal, &record));
	g_assert_true(told->is_kept);
	g_assert_cmpint(quota(&gate), >, 123456);
	/* A hundredth for each at most, or a few would fill it. */
	g_autoptr(Submission) large = make_submission_of("LARGE", "text", one_file(123456));
	const JournalRecord too_large = {.submission = large,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + HOUR,
	    .status = SUBMISSION_REJECTED,
	    .rejected_bytes = 123456 * 100};
	g_autoptr(Told) refused = commit(&gate, journal_entry_new(gate.desk.journal, &too_large));
	g_assert_false(refused->is_kept || refused->is_error);
	gate_close(&gate);
}

/* --- What a person makes of it --------------------------------------------------------------------------------------------------- */

static void
assert_refused(Gate *gate, gint64 id, gboolean is_release, gint code)
{
	g_autoptr(GError) error = NULL;
	const gint64 mails = count(gate->raw, "outbox");

	if (is_release)
		g_assert_false(release(gate, id, &error));
	else
		g_assert_false(held_discard(gate->db, id, clock_now_us(), &error));
	g_assert_error(error, STORE_ERROR, code);
	g_assert_cmpint(count(gate->raw, "outbox"), ==, mails);
}

static void
test_release(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 accepted = keep(&gate, (Case){.receipt = "ACC", .status = SUBMISSION_ACCEPTED});
	const gint64 held = keep(&gate, (Case){.receipt = "HELD", .status = SUBMISSION_HELD});
	const gint64 rejected = keep(&gate, (Case){.receipt = "REJ", .status = SUBMISSION_REJECTED});
	const gint64 received = raw_number(gate.raw, "SELECT received_at FROM submission WHERE id = %d", (gint)held);
	clock_set_offset_us(5 * HOUR);
	g_assert_true(release(&gate, held, NULL));
	g_assert_true(release(&gate, rejected, NULL));
	g_assert_cmpint(status_of(&gate, "HELD"), ==, SUBMISSION_RELEASED);
	g_assert_cmpint(status_of(&gate, "REJ"), ==, SUBMISSION_RELEASED);
	/* The story of each mail says by whom; the note about held ones, if there was one, has none. */
	g_assert_cmpint(raw_number(gate.raw,
			    "SELECT count(*) FROM delivery_event JOIN delivery ON delivery.id = delivery_id JOIN outbox ON "
			    "outbox.id = outbox_id "
			    "WHERE delivery_event.kind = 10 AND actor = 'tester' AND outbox.kind <> 5 AND submission_id = %d",
			    (gint)held),
	    ==,
	    raw_number(gate.raw,
		"SELECT count(*) FROM delivery JOIN outbox ON outbox.id = outbox_id WHERE outbox.kind <> 5 AND submission_id = "
		"%d",
		(gint)held));
	g_assert_cmpint(count(gate.raw, "delivery_event"), >=, 2);
	/* Its wait counts from now, its date does not change. */
	g_assert_cmpint(raw_number(gate.raw, "SELECT created_at FROM outbox WHERE kind = 1 AND submission_id = %d", (gint)held),
	    >, received + 4 * HOUR);
	g_assert_cmpint(raw_number(gate.raw, "SELECT received_at FROM submission WHERE id = %d", (gint)held), ==, received);
	/* A rejected one is kept as long as an accepted one from then on. */
	g_assert_cmpint(
	    raw_number(gate.raw, "SELECT min(purge_at) FROM submission WHERE id IN (%d, %d)", (gint)held, (gint)rejected), >,
	    received + 52 * HOUR);
	g_autoptr(Submission) opened = submissions_open(gate.db, gate.desk.vault, held, NULL);
	g_assert_null(opened); /* a front does not open */
	assert_refused(&gate, held, TRUE, STORE_ERROR_CONFLICT);
	/* Nor with nothing to promise, which no rule of the schema would stop. */
	g_autoptr(GPtrArray) nothing = new_plan();
	g_autoptr(GError) error = NULL;
	g_assert_false(held_release(gate.db, held, nothing, 0, "tester", &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
	assert_refused(&gate, held, FALSE, STORE_ERROR_CONFLICT);
	assert_refused(&gate, accepted, TRUE, STORE_ERROR_CONFLICT);
	assert_refused(&gate, accepted, FALSE, STORE_ERROR_CONFLICT);
	assert_refused(&gate, 4711, TRUE, STORE_ERROR_NOT_FOUND);
	assert_refused(&gate, 4711, FALSE, STORE_ERROR_NOT_FOUND);
	gate_close(&gate);
}

static void
test_discard(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 held = keep(&gate, (Case){.receipt = "HELD", .status = SUBMISSION_HELD});
	const gint64 other = keep(&gate, (Case){.receipt = "OTHER", .status = SUBMISSION_HELD});
	const gint64 end = raw_number(gate.raw, "SELECT purge_at FROM submission WHERE id = %d", (gint)held);
	g_assert_true(held_discard(gate.db, held, end - HOUR, NULL));
	g_assert_true(held_discard(gate.db, other, end + 9 * HOUR, NULL));
	g_assert_cmpint(raw_number(gate.raw, "SELECT purge_at FROM submission WHERE id = %d", (gint)held), ==, end - HOUR);
	g_assert_cmpint(raw_number(gate.raw, "SELECT purge_at FROM submission WHERE id = %d", (gint)other), <, end + HOUR);
	assert_refused(&gate, held, FALSE, STORE_ERROR_CONFLICT);
	/* A person may change his mind while it is there. */
	g_assert_true(release(&gate, held, NULL));
	g_assert_cmpint(status_of(&gate, "HELD"), ==, SUBMISSION_RELEASED);
	gate_close(&gate);
}

/* One that may be kept only while it is needed: held it is, discarded it is not. */
static void
test_stored_briefly(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 held = keep(&gate, (Case){.receipt = "HELD", .status = SUBMISSION_HELD, .is_stored_briefly = TRUE});
	const gint64 kept = keep(&gate, (Case){.receipt = "KEPT", .status = SUBMISSION_HELD, .is_stored_briefly = TRUE});
	const gint64 gone = keep(&gate, (Case){.receipt = "GONE", .status = SUBMISSION_REJECTED, .is_stored_briefly = TRUE});
	assert_refused(&gate, gone, TRUE, STORE_ERROR_CONFLICT);
	/* Be there nobody who is told of it. */
	const gint64 silent =
	    keep(&gate, (Case){.receipt = "SILENT", .status = SUBMISSION_HELD, .is_stored_briefly = TRUE, .is_silent = TRUE});
	g_assert_true(release(&gate, silent, NULL));
	const gint64 item = raw_number(gate.raw, "SELECT id FROM outbox WHERE submission_id = %d", (gint)held);
	g_assert_true(outbox_cancel(gate.db, item, "operator", NULL));
	for (gint64 id = held; id <= kept; id++) {
		g_assert_cmpint(
		    raw_number(gate.raw, "SELECT content IS NOT NULL FROM submission WHERE id = %d", (gint)id), ==, 1);
	}
	g_assert_true(held_discard(gate.db, held, clock_now_us() + HOUR, NULL));
	g_assert_cmpint(raw_number(gate.raw, "SELECT content IS NULL FROM submission WHERE id = %d", (gint)held), ==, 1);
	assert_refused(&gate, held, TRUE, STORE_ERROR_CONFLICT);
	g_assert_true(release(&gate, kept, NULL));
	g_assert_cmpint(raw_number(gate.raw, "SELECT content IS NOT NULL FROM submission WHERE id = %d", (gint)kept), ==, 1);
	gate_close(&gate);
}

static void
test_release_by_itself(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	g_autoptr(GPtrArray) planned = new_plan();

	(void)unused;
	gate_open(&gate, fixture);
	plan(planned, MAIL_NOTICE, 'n', NULL);
	plan(planned, MAIL_REPLY, 'r', NULL);
	keep(&gate, (Case){.receipt = "HELD", .status = SUBMISSION_HELD});
	const gint64 discarded = keep(&gate, (Case){.receipt = "DISCARDED", .status = SUBMISSION_HELD});
	g_assert_true(held_discard(gate.db, discarded, clock_now_us() + HOUR, NULL));
	static const char *const receipts[] = {"HELD", "HELD", "DISCARDED", "NOBODY"};
	for (gsize i = 0; i < G_N_ELEMENTS(receipts); i++) {
		g_autoptr(Told) told = commit(&gate, journal_release_new(receipts[i], planned));
		/* What is held no more is no error, and nothing was done. */
		g_assert_true(!told->is_error && told->is_kept == (i == 0) && !told->earlier_receipt);
	}
	g_assert_cmpint(status_of(&gate, "HELD"), ==, SUBMISSION_ACCEPTED);
	/* What may be kept only while it is needed, and causes no mail. */
	keep(&gate, (Case){.receipt = "BRIEF", .status = SUBMISSION_HELD, .is_stored_briefly = TRUE, .is_silent = TRUE});
	g_autoptr(GPtrArray) nothing = new_plan();
	g_autoptr(Told) brief = commit(&gate, journal_release_new("BRIEF", nothing));
	g_assert_true(!brief->is_error && brief->is_kept);
	g_assert_cmpint(raw_number(gate.raw, "SELECT content IS NULL FROM submission WHERE receipt = 'BRIEF'"), ==, 1);
	g_assert_cmpint(status_of(&gate, "DISCARDED"), ==, SUBMISSION_DISCARDED);
	g_assert_cmpint(raw_number(gate.raw, "SELECT count(*) FROM outbox WHERE kind < %d", MAIL_HELD), ==, 2);
	gate_close(&gate);
}

/* --- Looking, ending --------------------------------------------------------------------------------------------------------------- */

static void
assert_list(Gate *gate, HeldFilter filter, const char *expected)
{
	g_autoptr(GPtrArray) list = held_list(gate->db, &filter, NULL);
	g_autoptr(GString) receipts = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(receipts, "%s%s", i == 0 ? "" : " ", ((SubmissionSummary *)list->pdata[i])->receipt);
	g_assert_cmpstr(receipts->str, ==, expected);
}

static void
test_list(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	guint held = 9;
	gint64 oldest_at_us = 9;

	(void)unused;
	gate_open(&gate, fixture);
	g_assert_true(held_count(gate.db, "example.jp", &held, &oldest_at_us, NULL));
	g_assert_true(held == 0 && oldest_at_us == 0);
	keep(&gate, (Case){.receipt = "A", .status = SUBMISSION_ACCEPTED});
	keep(&gate, (Case){.receipt = "H1", .status = SUBMISSION_HELD});
	const gint64 first_at_us = clock_now_us();
	clock_set_offset_us(HOUR);
	keep(&gate, (Case){.receipt = "R", .status = SUBMISSION_REJECTED});
	keep(&gate, (Case){.receipt = "H2", .status = SUBMISSION_HELD});
	const gint64 discarded = keep(&gate, (Case){.receipt = "D", .status = SUBMISSION_HELD});
	g_assert_true(held_discard(gate.db, discarded, clock_now_us() + HOUR, NULL));
	assert_list(&gate, (HeldFilter){.limit = 10}, "H2 R H1");
	assert_list(&gate, (HeldFilter){.limit = 2}, "H2 R");
	assert_list(&gate, (HeldFilter){.limit = 10, .status = SUBMISSION_HELD}, "H2 H1");
	assert_list(&gate, (HeldFilter){.limit = 10, .status = SUBMISSION_DISCARDED}, "D");
	assert_list(&gate, (HeldFilter){.limit = 10, .since_us = first_at_us + 1}, "H2 R");
	assert_list(&gate, (HeldFilter){.limit = 10, .site = "example.jp"}, "H2 R H1");
	assert_list(&gate, (HeldFilter){.limit = 10, .site = "other.example"}, "");
	assert_list(&gate, (HeldFilter){.limit = 10, .site = "example.jp", .status = SUBMISSION_HELD}, "H2 H1");
	assert_list(&gate, (HeldFilter){.limit = 1, .site = "example.jp", .status = SUBMISSION_HELD}, "H2");
	assert_list(&gate, (HeldFilter){.limit = 10, .site = "other.example", .status = SUBMISSION_HELD}, "");
	g_assert_true(held_count(gate.db, "example.jp", &held, &oldest_at_us, NULL));
	g_assert_cmpuint(held, ==, 2);
	g_assert_cmpint(oldest_at_us, <=, first_at_us);
	g_assert_true(held_count(gate.db, "other.example", &held, &oldest_at_us, NULL));
	g_assert_cmpuint(held, ==, 0);
	gate_close(&gate);
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *receipt = g_strdup_printf("P%u", i);
		keep(&gate, (Case){.receipt = receipt, .message = receipt, .status = SUBMISSION_ACCEPTED});
	}
	g_assert_cmpint(submissions_purge_repetitions(gate.db, 3, NULL), ==, 0);
	clock_set_offset_us(601 * SECOND_US);
	keep(&gate, (Case){.receipt = "NEW", .message = "new", .status = SUBMISSION_ACCEPTED});
	g_assert_cmpint(submissions_purge_repetitions(gate.db, 3, NULL), ==, 3);
	g_assert_cmpint(submissions_purge_repetitions(gate.db, 3, NULL), ==, 2);
	g_assert_cmpint(count(gate.raw, "repetition"), ==, 1);
	g_assert_cmpint(count(gate.raw, "submission"), ==, 6);
	gate_close(&gate);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(Fixture *fixture, gconstpointer unused);
	} tests[] = {
	    {"statuses", test_statuses},
	    {"quota", test_quota},
	    {"quota of hostile rows", test_quota_hostile},
	    {"quota counts files", test_quota_counts_files},
	    {"release", test_release},
	    {"discard", test_discard},
	    {"stored briefly", test_stored_briefly},
	    {"release by itself", test_release_by_itself},
	    {"list", test_list},
	    {"purge", test_purge},
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strdup_printf("/held/%s", tests[i].name);
		g_test_add(path, Fixture, NULL, fixture_prepare, tests[i].run, fixture_clear);
	}
	return g_test_run();
}
