/*
 * Which submissions a filter finds, whichever way the database walks.
 */
#include "sekisho/store/browse.h"

#include "gate_desk.h"

/* Hashes are one letter; "": none is stored. A status of 0 has no row of its own, as what was accepted before the gate has none. */
static const struct {
	const char *receipt, *site;
	guint form_id;
	gint64 received_at_us;
	guint status;
	const char *ip, *network;
} rows[] = {
    {"A", "a.example", 4, 1000, 0, "i", "n"},
    {"B", "a.example", 5, 2000, SUBMISSION_ACCEPTED, "j", "n"},
    {"C", "b.example", 4, 3000, SUBMISSION_HELD, "i", "n"},
    {"D", "a.example", 4, 4000, SUBMISSION_HELD, "", ""},
    {"E", "a.example", 4, 5000, SUBMISSION_REJECTED, "i", "m"},
    {"F", "a.example", 5, 6000, SUBMISSION_RELEASED, "k", "m"},
    {"G", "b.example", 5, 7000, SUBMISSION_DISCARDED, "k", "m"},
};

static void
fill(Gate *gate)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		raw_execute(gate->raw,
		    "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly, ip_hash, network_hash) "
		    "VALUES ('%s', '%s', %u, %" G_GINT64_FORMAT ", 9, 0, "
		    "CAST(nullif(replace(hex(zeroblob(21)), '00', '%s'), '') AS BLOB), "
		    "CAST(nullif(replace(hex(zeroblob(21)), '00', '%s'), '') AS BLOB))",
		    rows[i].receipt, rows[i].site, rows[i].form_id, rows[i].received_at_us, rows[i].ip, rows[i].network);
		if (rows[i].status != 0)
			raw_execute(gate->raw,
			    "INSERT INTO verdict (submission_id, site, status) SELECT id, site, %u FROM submission WHERE receipt = '%s'",
			    rows[i].status, rows[i].receipt);
	}
	/* Who can write rows can write a hash of any length. */
	raw_execute(gate->raw, "UPDATE submission SET ip_hash = CAST('i' AS BLOB) WHERE receipt = 'D'");
}

/* "C A"; "": none. The caller's. */
static char *
found(Gate *gate, const BrowseFilter *filter, guint limit)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) summaries = browse_list(gate->db, filter, limit, &error);
	GString *text = g_string_new(NULL);
	g_assert_no_error(error);
	for (guint i = 0; i < summaries->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", ((const SubmissionSummary *)summaries->pdata[i])->receipt);
	return g_string_free(text, FALSE);
}

static GArray *
hashes(const char *letters)
{
	GArray *array = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	for (const char *letter = letters; *letter; letter++) {
		const VaultHash hash = row_hash(*letter);
		g_array_append_val(array, hash);
	}
	return array;
}

#define BIT(status) (1u << (status))

static void
test_filters(Fixture *fixture, gconstpointer unused)
{
	static const struct {
		BrowseFilter filter;
		const char *ips, *networks;
		guint limit;
		const char *expected;
	} cases[] = {
	    {{0}, NULL, NULL, 99, "G F E D C B A"},
	    {{0}, NULL, NULL, 2, "G F"},
	    {{.site = "a.example"}, NULL, NULL, 99, "F E D B A"},
	    {{.site = "a.example"}, NULL, NULL, 1, "F"},
	    {{.site = "c.example"}, NULL, NULL, 99, ""},
	    {{.form_id = 5}, NULL, NULL, 99, "G F B"},
	    {{.site = "a.example", .form_id = 5}, NULL, NULL, 99, "F B"},
	    {{.since_us = 3000, .before_us = 6000}, NULL, NULL, 99, "E D C"},
	    {{.site = "a.example", .since_us = 3000, .before_us = 6000}, NULL, NULL, 99, "E D"},
	    {{.statuses = BIT(SUBMISSION_ACCEPTED)}, NULL, NULL, 99, "B A"},
	    {{.statuses = BIT(SUBMISSION_HELD)}, NULL, NULL, 99, "D C"},
	    {{.statuses = BIT(SUBMISSION_HELD), .site = "b.example"}, NULL, NULL, 99, "C"},
	    {{.statuses = BROWSE_STANDING}, NULL, NULL, 99, "E D C"},
	    {{.statuses = BROWSE_STANDING, .form_id = 4, .since_us = 3001, .before_us = 5000}, NULL, NULL, 99, "D"},
	    {{.statuses = BIT(SUBMISSION_HELD) | BIT(SUBMISSION_DISCARDED)}, NULL, NULL, 99, "G D C"},
	    {{.statuses = BIT(SUBMISSION_RELEASED), .site = "a.example"}, NULL, NULL, 99, "F"},
	    {{0}, "i", NULL, 99, "E C A"},
	    {{0}, "xjk", NULL, 99, "G F B"},
	    {{.site = "a.example"}, "i", NULL, 99, "E A"},
	    {{.statuses = BROWSE_STANDING}, "i", NULL, 99, "E C"},
	    {{.statuses = BROWSE_STANDING}, NULL, "m", 99, "E"},
	    {{0}, NULL, "n", 99, "C B A"},
	    {{0}, "x", NULL, 99, ""},
	    {{0}, "", NULL, 99, ""},
	    {{.statuses = BROWSE_STANDING}, NULL, "", 99, ""},
	};
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	fill(&gate);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		BrowseFilter filter = cases[i].filter;
		g_autoptr(GArray) ips = cases[i].ips ? hashes(cases[i].ips) : NULL;
		g_autoptr(GArray) networks = cases[i].networks ? hashes(cases[i].networks) : NULL;
		filter.ips = ips;
		filter.networks = networks;
		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_autofree char *text = found(&gate, &filter, cases[i].limit);
		g_assert_cmpstr(text, ==, cases[i].expected);
	}
	gate_close(&gate);
}

/* The number beside a list is that of the list. */
static void
test_tally(Fixture *fixture, gconstpointer unused)
{
	static const struct {
		BrowseFilter filter;
		const char *ips;
		guint count;
		gint64 oldest_at_us;
	} cases[] = {
	    {{.statuses = BIT(SUBMISSION_HELD)}, NULL, 2, 3000},
	    {{.statuses = BROWSE_STANDING}, NULL, 3, 3000},
	    {{.statuses = BROWSE_STANDING, .site = "a.example"}, NULL, 2, 4000},
	    {{.statuses = BROWSE_STANDING, .form_id = 4, .since_us = 4001, .before_us = 5001}, NULL, 1, 5000},
	    {{.statuses = BROWSE_STANDING}, "i", 2, 3000},
	    {{.statuses = BROWSE_STANDING}, "", 0, 0},
	    {{.statuses = BIT(SUBMISSION_HELD), .site = "c.example"}, NULL, 0, 0},
	};
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	fill(&gate);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		BrowseFilter filter = cases[i].filter;
		g_autoptr(GArray) ips = cases[i].ips ? hashes(cases[i].ips) : NULL;
		guint count = 99;
		gint64 oldest_at_us = 99;
		filter.ips = ips;
		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_assert_true(browse_tally(gate.db, &filter, &count, &oldest_at_us, NULL));
		g_assert_cmpuint(count, ==, cases[i].count);
		g_assert_cmpint(oldest_at_us, ==, cases[i].oldest_at_us);
	}
	gate_close(&gate);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/browse/filters", Fixture, NULL, fixture_prepare, test_filters, fixture_clear);
	g_test_add("/browse/tally", Fixture, NULL, fixture_prepare, test_tally, fixture_clear);
	return g_test_run();
}
