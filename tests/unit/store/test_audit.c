/* The audit: what is written down, who finds what, and when it goes. */
#include "ledger_desk.h"
#include "sekisho/store/audit.h"

static void
note(Db *ledger, const char *actor, const char *action, const char *site, const char *target)
{
	g_autoptr(GError) error = NULL;
	const AuditLine line = {.actor = (char *)actor, .action = (char *)action, .site = (char *)site, .target = (char *)target};
	g_assert_true(audit_note(ledger, &line, &error));
	g_assert_no_error(error);
}

/* Targets of what the filter finds, in order. */
static char *
found(Db *ledger, const AuditFilter *filter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) lines = audit_list(ledger, filter, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s%s", i == 0 ? "" : " ", ((const AuditLine *)lines->pdata[i])->target);
	return g_strdup(text->str);
}

static void
test_filters(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	const gint64 begin_us = clock_now_us();
	note(ledger, "hanako", "held.release", "a.example", "1");
	advance(MINUTE_US);
	note(ledger, AUDIT_BY_LINK, "held.discard", "b.example", "2");
	advance(MINUTE_US);
	note(ledger, "hanako", "list.add", "", "3");
	note(ledger, "taro", "heldover", "a.example", "4");
	const struct {
		AuditFilter filter;
		const char *found;
	} rows[] = {
	    {{.limit = 9}, "4 3 2 1"},
	    {{.limit = 2}, "4 3"},
	    {{.site = "a.example", .limit = 9}, "4 1"},
	    {{.site = "", .limit = 9}, "3"},
	    {{.actor = "hanako", .limit = 9}, "3 1"},
	    {{.action = "held", .limit = 9}, "2 1"},
	    {{.action = "held.release", .limit = 9}, "1"},
	    {{.action = "hel", .limit = 9}, ""},
	    {{.action = "held%", .limit = 9}, ""},
	    {{.since_us = begin_us + MINUTE_US, .limit = 9}, "4 3 2"},
	    {{.before_us = begin_us + MINUTE_US, .limit = 9}, "1"},
	    {{.since_us = begin_us + MINUTE_US, .before_us = begin_us + 2 * MINUTE_US, .limit = 9}, "2"},
	    {{.site = "a.example", .actor = "hanako", .action = "held", .limit = 9}, "1"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = found(ledger, &rows[i].filter);
		g_assert_cmpstr(text, ==, rows[i].found);
	}
}

static void
test_line(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	const gint64 before_us = clock_now_us();
	note(ledger, "hanako", "fuse.reset", "a.example", NULL);
	note(ledger, "hanako", "queue.flush", NULL, "3 mails");
	const AuditFilter filter = {.limit = 9};
	g_autoptr(GPtrArray) lines = audit_list(ledger, &filter, &error);
	g_assert_cmpuint(lines->len, ==, 2);
	const AuditLine *newest = lines->pdata[0], *oldest = lines->pdata[1];
	g_assert_cmpint(newest->id, >, oldest->id);
	g_assert_cmpint(oldest->at_us, >=, before_us);
	g_assert_cmpint(newest->at_us, <=, clock_now_us());
	g_assert_cmpstr(oldest->actor, ==, "hanako");
	g_assert_cmpstr(oldest->action, ==, "fuse.reset");
	g_assert_cmpstr(oldest->site, ==, "a.example");
	g_assert_cmpstr(oldest->target, ==, "");
	g_assert_cmpstr(newest->site, ==, "");
	g_assert_cmpstr(newest->target, ==, "3 mails");
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	const AuditFilter filter = {.limit = 9};
	for (guint i = 0; i < 3; i++)
		note(ledger, "hanako", "list.add", "", "old");
	advance(LIMIT_AUDIT_US - MINUTE_US);
	note(ledger, "hanako", "list.add", "", "new");
	g_assert_cmpint(ledger_purge(ledger, 2, &error), ==, 0);
	advance(2 * MINUTE_US);
	g_assert_cmpint(ledger_purge(ledger, 2, &error), ==, 2);
	g_assert_cmpint(ledger_purge(ledger, 2, &error), ==, 1);
	g_autofree char *left = found(ledger, &filter);
	g_assert_cmpstr(left, ==, "new");
	g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"filters", test_filters},
	    {"a line", test_line},
	    {"old lines go", test_purge},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/audit", tests, G_N_ELEMENTS(tests));
}
