/* The report: every number of it from databases with known rows, its chart, and which submissions come first. */
#include <sqlite3.h>
#include <string.h>

#include "report_desk.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/report_letter.h"
#include "tree.h"

/* --- What a report says --------------------------------------------------------------------------------------------------- */

static Report *
collect(ReportDesk *desk, const ReportRequest *wanted)
{
	g_autoptr(GError) error = NULL;
	Office *office = desk->office;
	const ReviewHouse house = {.db = office->courier.db, .ledger = office->courier.ledger, .vault = office->vault};
	ReportRequest request = *wanted;

	request.config = office->config;
	request.house = &house;
	request.counters = desk->counters;
	Report *report = report_collect(&request, &error);
	g_assert_no_error(error);
	return report;
}

static Report *
collect_day(ReportDesk *desk, const char *site)
{
	return collect(desk, &(ReportRequest){.site = site, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + DAY_US});
}

static void
append_count(GString *text, const char *name, ReportCount count)
{
	g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT ")\n", name, count.now, count.before);
}

static void
append_reasons(GString *text, const char *name, const GPtrArray *reasons)
{
	g_string_append_printf(text, "%s:", name);
	for (guint i = 0; i < reasons->len; i++) {
		const ReportReason *reason = reasons->pdata[i];
		g_string_append_printf(text, " %s %" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT ")", reason->name, reason->count.now,
		    reason->count.before);
	}
	g_string_append_c(text, '\n');
}

static void
append_entries(GString *text, const char *name, const GPtrArray *entries)
{
	g_string_append_printf(text, "%s:", name);
	for (guint i = 0; i < entries->len; i++) {
		const ReportEntry *entry = entries->pdata[i];
		g_string_append_printf(text, " %" G_GINT64_FORMAT " %s %s %s %" G_GUINT64_FORMAT, entry->id, entry->action,
		    entry->type, entry->value, entry->count);
	}
	g_string_append_c(text, '\n');
}

static void
append_arrivals(GString *text, const Report *report)
{
	for (guint i = 0; i < TALLY_VERDICTS; i++)
		append_count(text, tally_verdict_name((TallyVerdict)i), report->verdicts[i]);
	append_reasons(text, "reasons", report->reasons);
	append_reasons(text, "captcha", report->captcha);
	g_string_append_printf(text, "limited %u:", report->limited_all);
	for (guint i = 0; i < report->limited->len; i++) {
		const ReportLimited *limited = report->limited->pdata[i];
		g_string_append_printf(
		    text, " %s %s %s %" G_GUINT64_FORMAT, limited->site, limited->tier, limited->who, limited->count);
	}
	g_string_append_c(text, '\n');
	append_entries(text, "hit", report->lists_hit);
	append_entries(text, "idle", report->lists_idle);
	g_string_append_printf(text, "suspicious %u:", report->suspicious_all);
	for (guint i = 0; i < report->suspicious->len; i++)
		g_string_append_printf(text, " %s", ((const ReportSuspicious *)report->suspicious->pdata[i])->summary->receipt);
	g_string_append_printf(text, "\nwaiting for you %u\n", report->waiting_for_you);
}

static void
append_mails(GString *text, const Report *report)
{
	append_count(text, "notices", report->notices_sent);
	append_count(text, "replies", report->replies_sent);
	append_count(text, "stopped", report->replies_stopped);
	append_reasons(text, "why", report->replies_reasons);
	append_count(text, "bounces", report->bounces);
	append_reasons(text, "why", report->bounce_reasons);
	g_string_append_printf(text, "queue %u since +%" G_GINT64_FORMAT "h, dead %u, held %u\n", report->queue_waiting,
	    (report->queue_oldest_us - MIDNIGHT_US) / HOUR_US, report->queue_dead, report->queue_held);
	append_reasons(text, "dead", report->dead_reasons);
	g_string_append(text, "fuses:");
	for (guint i = 0; i < report->fuses->len; i++)
		g_string_append_printf(text, " %s", (const char *)report->fuses->pdata[i]);
	g_string_append(text, "\nalarms:");
	for (guint i = 0; i < report->alarms->len; i++)
		g_string_append_printf(text, " %s", ((const Alarm *)report->alarms->pdata[i])->topic);
	append_count(text, "\ndecisions", report->decisions);
}

/* The caller's. */
static char *
described(const Report *report)
{
	GString *text = g_string_new(NULL);

	append_arrivals(text, report);
	append_mails(text, report);
	return g_string_free(text, FALSE);
}

/* --- Tests ------------------------------------------------------------------------------------------------------------------- */

static void
write_canary_site(Office *office)
{
	tree_write(office->tree, "sites/" SITE "/site.conf",
	    "[site]\nurl = https://example.jp/\nadmin_address = owner@example.jp\ncanary_address = canary@example.jp\n"
	    "timezone = Asia/Tokyo\n[mail]\nfrom = info@example.jp\naccount = main\n");
	office_reload(office);
}

static void
test_numbers(Office *office, gconstpointer unused)
{
	static const char expected[] = "accepted 7 (30)\n"
				       "held 3 (1)\n"
				       "rejected 4 (0)\n"
				       "wait 11 (0)\n"
				       "again 13 (0)\n"
				       "repeated 17 (0)\n"
				       "reasons: captcha.refused 9 (0) captcha.missing 8 (0) links.many 7 (2)\n"
				       "captcha: captcha.refused 9 (0) captcha.missing 8 (0)\n"
				       "limited 2: example.jp sender a@visitor.test 6 example.jp ip 192.0.2.1 4\n"
				       "hit: 4 block domain four.test 3 1 block domain one.test 2\n"
				       "idle: 2 block domain idle.test 0\n"
				       "suspicious 5: HEAVYAAAAAAA LIGHTAAAAAAA OLDHELDAAAAA REJECTAAAAAA RELEASEDAAAA\n"
				       "waiting for you 3\n"
				       "notices 4 (1)\n"
				       "replies 3 (1)\n"
				       "stopped 4 (1)\n"
				       "why: repeated 2 (0) expired 1 (1) ordered 1 (0)\n"
				       "bounces 2 (0)\n"
				       "why: bounce.address 2 (0)\n"
				       /* With the notice of what was released; what came back of the notices is dead, too. */
				       "queue 3 since +2h, dead 2, held 1\n"
				       "dead: bounce.address 1 (0) relay.refused 1 (0)\n"
				       "fuses: example.jp\n"
				       "alarms: surge dead\n"
				       "decisions 2 (1)\n";
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	write_canary_site(office);
	report_desk_seed(&desk);
	g_autoptr(Report) report = collect_day(&desk, SITE);
	g_autofree char *text = described(report);

	g_assert_cmpstr(text, ==, expected);
	g_assert_true(report->is_before_known);
	g_assert_cmpint(report->counted_since_us, ==, 0);
	g_assert_cmpint(report->made_at_us / HOUR_US, ==, (MIDNIGHT_US + DAY_US + 6 * HOUR_US) / HOUR_US);
	g_assert_false(report_is_quiet(report));
	g_assert_cmpuint(report->spans->len, ==, 24);
	const ReportSpan *fourth = &g_array_index(report->spans, ReportSpan, 3);
	g_assert_cmpint(fourth->begin_us, ==, MIDNIGHT_US + 3 * HOUR_US);
	g_assert_cmpuint(fourth->verdicts[TALLY_ACCEPTED], ==, 2);
	g_assert_cmpuint(fourth->verdicts[TALLY_HELD], ==, 3);
	g_assert_cmpuint(g_array_index(report->spans, ReportSpan, 23).verdicts[TALLY_REJECTED], ==, 4);
	g_assert_cmpuint(g_array_index(report->spans, ReportSpan, 22).verdicts[TALLY_REJECTED], ==, 0);
	db_free(desk.counters);
}

static void
test_all_sites(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_seed(&desk);
	g_autoptr(Report) report = collect_day(&desk, NULL);

	g_assert_null(report->site);
	g_assert_cmpstr(report->title, ==, "");
	g_assert_cmpuint(report->verdicts[TALLY_ACCEPTED].now, ==, 107);
	g_assert_cmpuint(report->alarms->len, ==, 3);
	g_assert_cmpuint(report->lists_idle_all, ==, 2);
	g_assert_cmpuint(report->fuses->len, ==, 1);
	/* Here it is nobody's canary. */
	g_assert_cmpuint(report->notices_sent.now, ==, 5);
	g_autoptr(Report) other = collect_day(&desk, OTHER);
	g_assert_cmpuint(other->verdicts[TALLY_ACCEPTED].now, ==, 100);
	g_assert_cmpuint(other->suspicious_all + other->waiting_for_you + other->queue_waiting + other->queue_dead, ==, 0);
	g_assert_cmpuint(other->fuses->len, ==, 0);
	db_free(desk.counters);
}

/* What the operator keeps for all sites may name somebody who wrote to another one. */
static void
test_one_owner_of_several(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_seed(&desk);
	const ReportRequest wanted = {.site = SITE, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + DAY_US, .hides_shared = TRUE};
	g_autoptr(Report) report = collect(&desk, &wanted);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(office->config, SITE, &error);
	g_assert_no_error(error);

	append_entries(text, "hit", report->lists_hit);
	g_assert_nonnull(strstr(text->str, "1 block domain  "));
	g_assert_nonnull(strstr(text->str, "4 block domain four.test "));
	g_assert_cmpuint(report->lists_idle_all, ==, 0);
	g_autofree char *told = report_text(report, site, "en", 78);
	g_assert_nonnull(strstr(told, "(kept for all sites"));
	g_assert_null(strstr(told, "one.test"));
	db_free(desk.counters);
}

static void
test_quiet(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_set_clock(MIDNIGHT_US + DAY_US);
	g_autoptr(Report) nothing = collect_day(&desk, SITE);
	g_assert_true(report_is_quiet(nothing));
	g_assert_false(nothing->is_before_known);
	g_assert_cmpuint(nothing->spans->len, ==, 24);

	/* An enquiry that arrived and was mailed is no trouble. */
	g_autoptr(GError) error = NULL;
	const TallyMark mark = {MIDNIGHT_US + HOUR_US, SITE, TALLY_VERDICT, "accepted", 1};
	g_assert_true(db_begin(desk.counters, &error) && tally_add(desk.counters, &mark, &error));
	g_assert_true(db_end(desk.counters, TRUE, &error));
	report_desk_mail(&desk, MIDNIGHT_US + HOUR_US, MAIL_NOTICE, DELIVERY_SENT, NULL);
	g_autoptr(Report) usual = collect_day(&desk, SITE);
	g_assert_true(report_is_quiet(usual));
	g_assert_cmpint(usual->counted_since_us, ==, MIDNIGHT_US + HOUR_US);
	g_assert_false(usual->is_before_known);

	/* A gateway that ran and had no visitor counted, too. */
	report_desk_set_clock(WEEK_BEFORE_US);
	g_assert_true(tally_awake(desk.counters, &error) && tally_awake(desk.counters, &error));
	report_desk_set_clock(MIDNIGHT_US + DAY_US);
	g_autoptr(Report) later = collect_day(&desk, SITE);
	g_assert_true(later->is_before_known && report_is_quiet(later));
	g_assert_cmpint(later->counted_since_us, ==, 0);
	g_assert_cmpuint(later->verdicts[TALLY_ACCEPTED].now, ==, 1);

	/* One that is held waits for a person, whenever it came. */
	report_desk_judged(&desk, "HELDAAAAAAAA", MIDNIGHT_US - DAY_US, SUBMISSION_HELD, 0);
	report_desk_set_clock(MIDNIGHT_US + DAY_US);
	g_autoptr(Report) waiting = collect_day(&desk, SITE);
	g_assert_false(report_is_quiet(waiting));
	db_free(desk.counters);
}

/* Each by itself is worth a word. */
static void
test_not_quiet(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_set_clock(MIDNIGHT_US + DAY_US);
	g_autoptr(Report) report = collect_day(&desk, SITE);
	guint64 *const counts[] = {&report->verdicts[TALLY_HELD].now, &report->verdicts[TALLY_REJECTED].now,
	    &report->verdicts[TALLY_WAIT].now, &report->verdicts[TALLY_AGAIN].now, &report->replies_stopped.now,
	    &report->bounces.now, &report->decisions.now};
	guint *const numbers[] = {&report->limited_all, &report->suspicious_all, &report->queue_waiting, &report->queue_dead,
	    &report->queue_held, &report->fuses->len, &report->alarms->len};

	for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
		*counts[i] = 1;
		g_assert_false(report_is_quiet(report));
		*counts[i] = 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		*numbers[i] = 1;
		g_assert_false(report_is_quiet(report));
		*numbers[i] = 0;
	}
	g_assert_true(report_is_quiet(report));
	db_free(desk.counters);
}

static void
test_links(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_judged(&desk, "HELDAAAAAAAA", MIDNIGHT_US, SUBMISSION_HELD, 0);
	report_desk_judged(&desk, "REJECTAAAAAA", MIDNIGHT_US, SUBMISSION_REJECTED, 0);
	g_autoptr(Report) shown = collect_day(&desk, SITE);
	g_autoptr(Report) mailed = collect(
	    &desk, &(ReportRequest){.site = SITE, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + DAY_US, .has_links = TRUE});

	for (guint i = 0; i < 2; i++) {
		const ReportSuspicious *suspicious = mailed->suspicious->pdata[i];
		gboolean is_held = suspicious->summary->status == SUBMISSION_HELD;
		g_assert_null(((const ReportSuspicious *)shown->suspicious->pdata[i])->link);
		g_assert_cmpint(is_held, ==, suspicious->link != NULL);
		g_assert_true(!is_held || g_str_has_prefix(suspicious->link, "https://example.jp/sekisho/review?t="));
		g_assert_cmpstr(suspicious->form_title, ==, "お問い合わせ");
		g_assert_cmpuint(suspicious->verdict->findings->len, ==, 1);
	}
	db_free(desk.counters);
}

/* More than a report names, and a row whose content is nobody's. */
static void
test_many(Office *office, gconstpointer unused)
{
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_set_clock(MIDNIGHT_US);
	for (guint i = 0; i < LIMIT_REPORT_ROWS + 3; i++) {
		g_autofree char *receipt = g_strdup_printf("REJECTAAA%03u", i);
		office_submit_judged(office, SITE, receipt, SUBMISSION_REJECTED, "no verdict of ours");
	}
	report_desk_judged(&desk, "HELDAAAAAAAA", MIDNIGHT_US, SUBMISSION_HELD, 5);
	g_autoptr(Report) report = collect_day(&desk, SITE);

	g_assert_cmpuint(report->suspicious_all, ==, LIMIT_REPORT_ROWS + 4);
	g_assert_cmpuint(report->suspicious->len, ==, LIMIT_REPORT_ROWS);
	const ReportSuspicious *first = report->suspicious->pdata[0], *second = report->suspicious->pdata[1];
	g_assert_cmpstr(first->summary->receipt, ==, "HELDAAAAAAAA");
	g_assert_cmpstr(second->summary->receipt, ==, "REJECTAAA022");
	g_assert_null(second->verdict);
	db_free(desk.counters);
}

/* Notices to more addresses than a report tells apart by anything are counted, and those to the canary are not. */
static void
test_many_recipients(Office *office, gconstpointer unused)
{
	static const char rows[] =
	    "WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 2500) "
	    "INSERT INTO delivery (outbox_id, recipient, state, due_at) SELECT (SELECT max(id) FROM outbox), randomblob(21), 5, "
	    "0 FROM row;"
	    "INSERT INTO delivery_event (delivery_id, at, kind, state) SELECT id, (SELECT max(at) FROM delivery_event), 1, 5 "
	    "FROM delivery WHERE id NOT IN (SELECT delivery_id FROM delivery_event);";
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	write_canary_site(office);
	report_desk_set_clock(MIDNIGHT_US + HOUR_US);
	report_desk_canary(&desk);
	report_desk_mail(&desk, MIDNIGHT_US + HOUR_US, MAIL_NOTICE, DELIVERY_SENT, NULL);
	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, rows, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
	static const char *const sites[] = {SITE, NULL};
	for (guint i = 0; i < 2; i++) {
		g_autoptr(Report) report = collect_day(&desk, sites[i]);
		g_assert_cmpuint(report->notices_sent.now, ==, 2501);
	}
	db_free(desk.counters);
}

/* What retention has removed is not taken for nothing. */
static void
test_retention(Office *office, gconstpointer unused)
{
	static const struct {
		const char *kept;
		gboolean is_cut, is_before_gone;
	} cases[] = {{"90d", FALSE, FALSE}, {"8d", FALSE, TRUE}, {"1d", TRUE, TRUE}};
	static const char *const sites[] = {SITE, NULL};
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	report_desk_seed(&desk);
	for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		g_autofree char *settings = g_strdup_printf("[retention]\nsubmissions = %s\n", cases[i / 2].kept);
		office_site(office, settings);
		g_autoptr(Report) report = collect_day(&desk, sites[i % 2]);
		g_assert_cmpint(report->kept_since_us, ==, cases[i / 2].is_cut ? report->kept_since_us : 0);
		g_assert_cmpint(report->kept_since_us > MIDNIGHT_US, ==, cases[i / 2].is_cut);
		g_assert_cmpint(report->is_before_gone, ==, cases[i / 2].is_before_gone);
		g_assert_cmpuint(report->notices_sent.before, ==, cases[i / 2].is_before_gone ? 0 : 1);
		/* Tallies are kept. */
		g_assert_cmpuint(report->verdicts[TALLY_ACCEPTED].before, ==, 30);
		g_assert_cmpuint(report->decisions.before, ==, 1);
	}
	db_free(desk.counters);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {{"numbers", test_numbers}, {"all-sites", test_all_sites},
	    {"one-owner-of-several", test_one_owner_of_several}, {"quiet", test_quiet}, {"not-quiet", test_not_quiet},
	    {"links", test_links}, {"many", test_many}, {"many-recipients", test_many_recipients}, {"retention", test_retention},
	    {NULL, NULL}};

	return office_run(argc, argv, "report", tests);
}
