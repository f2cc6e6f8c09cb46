/*
 * Which other submissions came from the same sender.
 */
#include "gate_desk.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/related.h"

/* A submission of that site with hashes that are one letter each; "": none is stored. Its id. */
static gint64
put(Gate *gate, const char *receipt, const char *site, const char *hashes[RELATED_KINDS])
{
	keep(gate, (Case){.receipt = receipt, .status = SUBMISSION_HELD, .is_silent = TRUE});
	raw_execute(gate->raw,
	    "UPDATE submission SET site = '%s', network_hash = nullif(CAST('%s' AS BLOB), x''), ip_hash = nullif(CAST('%s' AS "
	    "BLOB), x'') "
	    "WHERE receipt = '%s'",
	    site, hashes[RELATED_NETWORK], hashes[RELATED_IP], receipt);
	raw_execute(gate->raw,
	    "UPDATE verdict SET site = '%s', fingerprint_hash = nullif(CAST('%s' AS BLOB), x'') "
	    "WHERE submission_id = (SELECT id FROM submission WHERE receipt = '%s')",
	    site, hashes[RELATED_FINGERPRINT], receipt);
	return raw_number(gate->raw, "SELECT id FROM submission WHERE receipt = '%s'", receipt);
}

/* "2: B A", "none" or "unknown". The caller's. */
static char *
found(Gate *gate, gint64 id, RelatedBy by)
{
	g_autoptr(GError) error = NULL;
	g_auto(Related) related = {0};
	g_assert_true(related_find(gate->db, id, by, &related, &error));
	g_assert_no_error(error);
	if (!related.is_known)
		return g_strdup("unknown");
	GString *text = g_string_new(NULL);
	g_string_printf(text, "%" G_GUINT64_FORMAT ":", related.count);
	for (guint i = 0; i < related.newest->len; i++) {
		const SubmissionSummary *other = related.newest->pdata[i];
		g_assert_cmpint(other->status, ==, SUBMISSION_HELD);
		g_string_append_printf(text, " %s", other->receipt);
	}
	return g_string_free(text, FALSE);
}

static void
assert_found(Gate *gate, gint64 id, const char *expected[RELATED_KINDS])
{
	for (RelatedBy by = RELATED_FINGERPRINT; by < RELATED_KINDS; by++) {
		g_autofree char *text = found(gate, id, by);
		g_assert_cmpstr(text, ==, expected[by]);
	}
}

static void
test_kinds(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 first = put(&gate, "A", "a.example", (const char *[]){"f", "n", "i"});
	const gint64 second = put(&gate, "B", "a.example", (const char *[]){"f", "n", "j"});
	const gint64 third = put(&gate, "C", "a.example", (const char *[]){"g", "n", "i"});
	const gint64 elsewhere = put(&gate, "D", "b.example", (const char *[]){"f", "n", "i"});
	const gint64 nothing = put(&gate, "E", "a.example", (const char *[]){"", "", ""});
	const gint64 nothing_too = put(&gate, "F", "a.example", (const char *[]){"", "", ""});
	assert_found(&gate, first, (const char *[]){"1: B", "2: C B", "1: C"});
	assert_found(&gate, second, (const char *[]){"1: A", "2: C A", "0:"});
	assert_found(&gate, third, (const char *[]){"0:", "2: B A", "1: A"});
	assert_found(&gate, elsewhere, (const char *[]){"0:", "0:", "0:"});
	assert_found(&gate, nothing, (const char *[]){"unknown", "unknown", "unknown"});
	assert_found(&gate, nothing_too, (const char *[]){"unknown", "unknown", "unknown"});
	assert_found(&gate, nothing_too + 1, (const char *[]){"unknown", "unknown", "unknown"});
	gate_close(&gate);
}

/* The newest few are named, and all are counted. */
static void
test_many(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	gint64 first = 0;

	(void)unused;
	gate_open(&gate, fixture);
	for (guint i = 0; i < LIMIT_RELATED_ROWS + 4; i++) {
		g_autofree char *receipt = g_strdup_printf("R%02u", i);
		const gint64 id = put(&gate, receipt, "a.example", (const char *[]){"f", "n", "i"});
		first = first ? first : id;
	}
	assert_found(
	    &gate, first, (const char *[]){"8: R08 R07 R06 R05 R04", "8: R08 R07 R06 R05 R04", "8: R08 R07 R06 R05 R04"});
	gate_close(&gate);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/related/kinds", Fixture, NULL, fixture_prepare, test_kinds, fixture_clear);
	g_test_add("/related/many", Fixture, NULL, fixture_prepare, test_many, fixture_clear);
	return g_test_run();
}
