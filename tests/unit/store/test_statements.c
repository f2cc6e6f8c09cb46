/* How questions are asked: every statement of ledger and outbox finds its rows by an index, and fits the file that it is meant for. */
#include "ledger_desk.h"
#include "sekisho/store/counters.h"
#include "store/statements.h"

/* Walks of a whole index, each ended by a limit or as long as what is asked for, and sorting what is printed for a person. */
static gboolean
is_known_walk(const char *name, const char *step)
{
	static const char *const walks[][2] = {
	    {"ledger_alarms_untold", "SCAN alarm USING INDEX alarm_untold"},
	    {"ledger_proofs", "SCAN proof USING INDEX proof_newest"},
	    {"ledger_sites", "SCAN fuse USING INDEX fuse_tripped"},
	    {"ledger_sites", "USE TEMP B-TREE FOR ORDER BY"},
	    {"ledger_suppressions", "SCAN suppression USING INDEX suppression_newest"},
	    {"event_list", "USE TEMP B-TREE FOR ORDER BY"},
	    {"tally_sums", "USE TEMP B-TREE FOR ORDER BY"},
	    {"tally_limited", "USE TEMP B-TREE FOR ORDER BY"},
	    {"reports_missing", "SCAN report"},   /* once an hour, and at most some dozen rows of a site */
	    {"tally_hours", "SCAN CONSTANT ROW"}, /* the hours that are asked for */
	    {"tally_hours", "SCAN span"},
	    {"tally_limited", "SCAN CONSTANT ROW"},
	    {"tally_limited", "SCAN span"},
	    {"tally_sums", "SCAN CONSTANT ROW"},
	    {"tally_sums", "SCAN span"},
	    {"tally_room_changed", "SCAN tally_room"}, /* one row */
	    {"tally_begin", "SCAN tally_room"},
	    {"tally_begin", "SCAN CONSTANT ROW"},
	    {"tally_limited_begin", "SCAN CONSTANT ROW"},
	    {"tally_limited_begin", "SCAN tally_room"},
	    {"outbox_counts", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_counts", "SCAN delivery USING INDEX delivery_dead"},
	    {"outbox_counts", "SCAN delivery"}, /* what the two before found */
	    {"outbox_counts", "USE TEMP B-TREE FOR ORDER BY"},
	    {"outbox_due", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_item", "USE TEMP B-TREE FOR ORDER BY"},
	    {"outbox_list_of_submission", "USE TEMP B-TREE FOR ORDER BY"},
	    {"outbox_lost_all", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_next_due", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_put_off", "SCAN due"}, /* at most :scan rows */
	    {"outbox_take_over", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_walk", "SCAN outbox"},
	    {"outbox_walk_receipt", "USE TEMP B-TREE FOR ORDER BY"},
	    {"outbox_walk_site", "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"},
	    {"outbox_walk_unsettled", "SCAN delivery USING INDEX delivery_claimable"},
	    {"outbox_walk_unsettled", "SCAN delivery USING INDEX delivery_dead"},
	    {"outbox_walk_unsettled", "USE TEMP B-TREE FOR ORDER BY"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(walks); i++)
		if (strcmp(name, walks[i][0]) == 0 && strcmp(step, walks[i][1]) == 0)
			return TRUE;
	return FALSE;
}

static void
assert_no_scan(sqlite3 *raw, const StatementText *statement)
{
	g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", statement->text, NULL);
	sqlite3_stmt *plan = NULL;
	g_assert_cmpint(sqlite3_prepare_v2(raw, sql, -1, &plan, NULL), ==, SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(plan, 3);
		gboolean is_walk = g_str_has_prefix(step, "SCAN ") && !g_str_has_prefix(step, "SCAN (subquery");
		if ((is_walk || strstr(step, "FOR ORDER BY")) && !is_known_walk(statement->name, step))
			g_error("%s: %s", statement->name, step);
	}
	sqlite3_finalize(plan);
}

/* The statements whose names begin so; how many there are. */
static guint
assert_no_scans(sqlite3 *raw, const char *beginning)
{
	guint count = 0;
	for (guint id = 0; id < STATEMENT_COUNT; id++)
		if (g_str_has_prefix(statement_texts[id].name, beginning)) {
			assert_no_scan(raw, &statement_texts[id]);
			count++;
		}
	return count;
}

/* Every statement of the ledger finds its rows by an index, however many sites there are. */
static void
test_ledger_plans(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(desk_ledger(fixture));
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpuint(assert_no_scans(raw, "ledger_"), >=, 45);
	sqlite3_close(raw);
}

/* And so does every statement of the outbox, however many mails are kept. */
static void
test_outbox_plans(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(fixture_open(fixture, DB_CREATE));
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpuint(
	    assert_no_scans(raw, "outbox_") + assert_no_scans(raw, "delivery_") + assert_no_scans(raw, "event_"), >=, 40);
	sqlite3_close(raw);
}

/* What the owner's desk asks: tallies of hours, the audit, reports. */
static void
test_desk_plans(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(db_open_counters(fixture->directory, DB_CREATE, NULL));
	sqlite3 *counters = NULL;
	g_autofree char *path = g_build_filename(fixture->directory, "counters.db", NULL);
	g_assert_cmpint(sqlite3_open_v2(path, &counters, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	g_assert_cmpuint(assert_no_scans(counters, "tally_"), >=, 11);
	sqlite3_close(counters);
	db_free(desk_ledger(fixture));
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpuint(assert_no_scans(raw, "audit_") + assert_no_scans(raw, "reports_"), >=, 8);
	sqlite3_close(raw);
}

/* TRUE if it has such a step. */
static gboolean
has_step(sqlite3 *raw, guint id, const char *wanted)
{
	g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", statement_texts[id].text, NULL);
	sqlite3_stmt *plan = NULL;
	gboolean is_found = FALSE;
	g_assert_cmpint(sqlite3_prepare_v2(raw, sql, -1, &plan, NULL), ==, SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW)
		is_found = is_found || strcmp((const char *)sqlite3_column_text(plan, 3), wanted) == 0;
	sqlite3_finalize(plan);
	return is_found;
}

/* A report of one site does not walk through what all others have: a run makes one for each of them. */
static void
test_report_plans(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const guint of_store[] = {STATEMENT_FIGURES_EVENTS, STATEMENT_FIGURES_STOPPED, STATEMENT_FIGURES_SUSPICIOUS};
	static const guint of_counters[] = {STATEMENT_TALLY_HOURS, STATEMENT_TALLY_SUMS};
	db_free(db_open_counters(fixture->directory, DB_CREATE, NULL));
	db_free(fixture_open(fixture, DB_CREATE));
	sqlite3 *raw = raw_open(fixture), *counters = NULL;
	g_autofree char *path = g_build_filename(fixture->directory, "counters.db", NULL);
	g_assert_cmpint(sqlite3_open_v2(path, &counters, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	for (guint i = 0; i < G_N_ELEMENTS(of_store); i++)
		g_assert_true(has_step(raw, of_store[i], "SEARCH submission USING COVERING INDEX submission_site (site=?)") ||
			      has_step(raw, of_store[i], "SEARCH submission USING INDEX submission_site (site=?)"));
	for (guint i = 0; i < G_N_ELEMENTS(of_counters); i++)
		g_assert_true(
		    has_step(counters, of_counters[i], "SEARCH tally USING PRIMARY KEY (hour=? AND site=? AND topic=?)"));
	sqlite3_close(counters);
	sqlite3_close(raw);
}

/* Which file a statement is meant for, by its name's begin; the others are sekisho.db's. */
static gboolean
is_among(const char *name, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (g_str_has_prefix(name, *beginnings))
			return TRUE;
	return FALSE;
}

static void
test_every_statement(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const of_ledger[] = {"ledger_", "audit_", "reports_", "figures_alarms", "figures_decisions", NULL};
	static const char *const of_counters[] = {"counter_", "tally_", NULL};
	g_autoptr(Db) store = fixture_open(fixture, DB_CREATE), ledger = desk_ledger(fixture);
	g_autoptr(Db) counters = db_open_counters(fixture->directory, DB_CREATE, NULL);
	for (guint id = 0; id < STATEMENT_COUNT; id++) {
		const char *name = statement_texts[id].name;
		gboolean is_ledgers = is_among(name, of_ledger), is_counters = is_among(name, of_counters);
		/* These name no table. */
		gboolean is_all = g_str_has_prefix(name, "transaction_") || g_str_has_prefix(statement_texts[id].text, "PRAGMA ");
		if ((db_statement(ledger, id, NULL) != NULL) != (is_ledgers || is_all) ||
		    (db_statement(counters, id, NULL) != NULL) != (is_counters || is_all) ||
		    (db_statement(store, id, NULL) != NULL) != ((!is_ledgers && !is_counters) || is_all))
			g_error("%s", name);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"no question to the ledger scans a table", test_ledger_plans},
	    {"no question to the outbox scans a table", test_outbox_plans},
	    {"no question of the owner's desk scans a table", test_desk_plans},
	    {"a site's report looks at nobody else's", test_report_plans},
	    {"every statement fits its own file", test_every_statement},
	};
	return fixture_run("statements", tests, G_N_ELEMENTS(tests));
}
