/* The fuse: when it trips, what it learns from a site's history, and what a reset does. */
#include "ledger_desk.h"

static const LedgerLimits usual = {24 * 3600 * SECOND_US, 20, 30, 25, 100};

/* `mails` in each of the hours of the day that are given, `days` ago. */
static void
row_traffic(sqlite3 *raw, guint days, guint hours, guint mails)
{
	gint64 day_us = clock_now_us() / DAY_US * DAY_US - days * DAY_US;
	for (guint i = 0; i < hours; i++)
		raw_execute(raw, "INSERT INTO traffic (site, hour, mails) VALUES ('" SITE "', %" G_GINT64_FORMAT ", %u)",
		    day_us / HOUR_US + i, mails);
}

static void
assert_tripped(Db *ledger, const LedgerLimits *limits, const char *reason, guint ceiling)
{
	g_autoptr(Fuse) fuse = look(ledger, limits);
	g_assert_cmpint(fuse->tripped_at_us != 0, ==, reason != NULL);
	g_assert_cmpstr(fuse->reason, ==, reason);
	g_assert_cmpuint(fuse->ceiling, ==, ceiling);
}

static void
test_hour(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_assert_cmpuint(charge_many(ledger, "a", 25, &usual), ==, 25);
	assert_tripped(ledger, &usual, NULL, 0);
	LedgerMail more = mail_to("m@m", "M"), charged = mail_to("a3@d3", "R-a-3"), repeated = mail_to("a3@d3", "N");
	g_assert_cmpint(charge_within(ledger, &more, &usual), ==, LEDGER_TRIPPED);
	assert_tripped(ledger, &usual, "hour", 25);
	/* What was charged before may still be sent, and what may never be sent says so. */
	settle(ledger, &charged, FALSE);
	g_assert_cmpint(charge_within(ledger, &charged, &usual), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge_within(ledger, &repeated, &usual), ==, LEDGER_REPEATED);
	/* Time alone does not mend it, nor a higher ceiling. */
	advance(40 * DAY_US);
	g_assert_cmpint(charge_within(ledger, &more, &usual), ==, LEDGER_TRIPPED);
	g_assert_cmpint(charge_within(ledger, &more, &wide), ==, LEDGER_TRIPPED);
	/* Another site has its own. */
	more.site = "other.jp";
	g_assert_cmpint(charge_within(ledger, &more, &usual), ==, LEDGER_CHARGED);
}

/* What slides: 25 within any hour, wherever hours of the clock begin. */
static void
test_hour_slides(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	advance(50 * MINUTE_US);
	g_assert_cmpuint(charge_many(ledger, "a", 20, &usual), ==, 20);
	advance(50 * MINUTE_US);
	g_assert_cmpuint(charge_many(ledger, "b", 5, &usual), ==, 5);
	advance(10 * MINUTE_US + SECOND_US);
	g_assert_cmpuint(charge_many(ledger, "c", 30, &usual), ==, 20);
	assert_tripped(ledger, &usual, "hour", 25);
}

static void
test_day(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *label = g_strdup_printf("%c", 'a' + i);
		g_assert_cmpuint(charge_many(ledger, label, 20, &usual), ==, 20);
		advance(4 * HOUR_US);
	}
	/* 20 hours later all hundred still count, 24 hours later 20 of them do not. */
	LedgerMail more = mail_to("m@m", "M");
	g_autoptr(Fuse) fuse = look(ledger, &usual);
	g_assert_cmpuint(fuse->last_hour, ==, 0);
	g_assert_cmpuint(fuse->last_day, ==, 100);
	advance(4 * HOUR_US + SECOND_US);
	g_assert_cmpuint(charge_many(ledger, "f", 20, &usual), ==, 20);
	g_assert_cmpint(charge_within(ledger, &more, &usual), ==, LEDGER_TRIPPED);
	assert_tripped(ledger, &usual, "day", 100);
}

/* A flood to one domain: the ceiling holds most of it back, and the fuse sees it all the same. */
static void
test_one_domain(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	guint answers[LEDGER_TRIPPED + 1] = {0};
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *recipient = g_strdup_printf("v%u@victims", i);
		g_autofree char *receipt = g_strdup_printf("R%u", i);
		LedgerMail mail = mail_to(recipient, receipt);
		answers[charge_within(ledger, &mail, &usual)]++;
		/* The courier asks again for what waits; that is nothing new, even where one more would be too many. */
		if (i == 24)
			for (guint again = 20; again <= 24; again++) {
				g_autofree char *waiting = g_strdup_printf("v%u@victims", again);
				g_autofree char *its_receipt = g_strdup_printf("R%u", again);
				LedgerMail same = mail_to(waiting, its_receipt);
				g_assert_cmpint(charge_within(ledger, &same, &usual), ==, LEDGER_DOMAIN);
			}
	}
	g_assert_cmpuint(answers[LEDGER_CHARGED], ==, 20);
	g_assert_cmpuint(answers[LEDGER_DOMAIN], ==, 5);
	g_assert_cmpuint(answers[LEDGER_TRIPPED], ==, 975);
	assert_tripped(ledger, &usual, "hour", 25);
	/* A flood makes no more rows than the fuse lets through. */
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM mail"), ==, 25);
	sqlite3_close(raw);
}

static void
test_learned(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		guint days, hours, mails; /* some days ago, so many hours with so many mails */
		guint hour_ceiling, day_ceiling;
		guint busiest_hour, busiest_day;
	} rows[] = {
	    {6, 1, 1, 25, 100, 0, 0}, /* too young to say anything */
	    {8, 1, 1, 20, 50, 1, 1},  /* the least that is learned */
	    {8, 4, 5, 20, 60, 5, 20}, {27, 4, 5, 20, 60, 5, 20}, {8, 1, 8, 24, 50, 8, 8},
	    {8, 10, 9, 25, 100, 9, 90}, /* a busy site has the absolute ceilings */
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	sqlite3 *raw = raw_open(fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		raw_execute(raw, "DELETE FROM traffic");
		row_traffic(raw, rows[i].days, rows[i].hours, rows[i].mails);
		g_autoptr(Fuse) fuse = look(ledger, &usual);
		g_assert_cmpuint(fuse->hour_ceiling, ==, rows[i].hour_ceiling);
		g_assert_cmpuint(fuse->day_ceiling, ==, rows[i].day_ceiling);
		g_assert_cmpuint(fuse->busiest_hour, ==, rows[i].busiest_hour);
		g_assert_cmpuint(fuse->busiest_day, ==, rows[i].busiest_day);
		g_assert_cmpint(fuse->is_hour_learned, ==, rows[i].hour_ceiling < 25);
		g_assert_cmpint(fuse->is_day_learned, ==, rows[i].day_ceiling < 100);
	}
	sqlite3_close(raw);
}

static void
test_learned_hour_trips(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	sqlite3 *raw = raw_open(fixture);
	row_traffic(raw, 8, 4, 8);
	/* Yesterday and today are no history: a flood does not raise its own ceiling. */
	row_traffic(raw, 0, 3, 20);
	sqlite3_close(raw);
	g_assert_cmpuint(charge_many(ledger, "a", 30, &usual), ==, 24);
	assert_tripped(ledger, &usual, "learned_hour", 24);
}

static void
test_learned_day_trips(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	sqlite3 *raw = raw_open(fixture);
	row_traffic(raw, 8, 9, 2);
	sqlite3_close(raw);
	g_assert_cmpuint(charge_many(ledger, "a", 20, &usual), ==, 20);
	advance(2 * HOUR_US);
	g_assert_cmpuint(charge_many(ledger, "b", 20, &usual), ==, 20);
	advance(2 * HOUR_US);
	g_assert_cmpuint(charge_many(ledger, "c", 20, &usual), ==, 14);
	assert_tripped(ledger, &usual, "learned_day", 54);
}

/* What made it trip is no example of what is likely: neither the hour nor the one that it began in. */
static void
test_teaches_nothing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	sqlite3 *raw = raw_open(fixture);
	row_traffic(raw, 8, 1, 7);
	g_assert_cmpuint(charge_many(ledger, "quiet", 2, &usual), ==, 2);
	advance(2 * HOUR_US + 50 * MINUTE_US);
	g_assert_cmpuint(charge_many(ledger, "a", 15, &usual), ==, 15);
	advance(20 * MINUTE_US);
	g_assert_cmpuint(charge_many(ledger, "b", 10, &usual), ==, 6);
	g_assert_cmpint(raw_number(raw, "SELECT sum(mails) FROM traffic WHERE is_lesson = 0"), ==, 21);
	advance(10 * DAY_US);
	g_autoptr(Fuse) fuse = look(ledger, &usual);
	g_assert_cmpuint(fuse->busiest_hour, ==, 7);
	g_assert_cmpuint(fuse->busiest_day, ==, 7);
	sqlite3_close(raw);
}

static void
test_reset(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	gboolean was_tripped = TRUE, is_new = FALSE;
	g_assert_true(ledger_fuse_reset(ledger, SITE, &was_tripped, &error));
	g_assert_false(was_tripped);
	g_assert_cmpuint(charge_many(ledger, "a", 30, &usual), ==, 25);
	g_assert_true(ledger_alarm_raise(ledger, SITE, "fuse", "text", &is_new, &error));
	g_assert_true(is_new);
	advance(SECOND_US);
	g_assert_true(ledger_fuse_reset(ledger, SITE, &was_tripped, &error));
	g_assert_true(was_tripped);
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(ledger, ALARM_BY_MAIL, 10, &error);
	g_assert_cmpuint(alarms->len, ==, 0);
	/* It counts from now, within the same hour. */
	advance(SECOND_US);
	g_assert_cmpuint(charge_many(ledger, "b", 30, &(LedgerLimits){DAY_US, 1000, 1000, 25, 100}), ==, 25);
	g_autoptr(Fuse) fuse = look(ledger, &usual);
	g_assert_cmpstr(fuse->reason, ==, "hour");
	g_assert_cmpuint(fuse->last_hour, ==, 50);
	g_assert_cmpint(fuse->reset_at_us, >, 0);
	g_assert_cmpint(fuse->reset_at_us, <, fuse->tripped_at_us);
	/* A clock that was set back: the reset lies ahead, and what is asked for now counts all the same. */
	g_assert_true(ledger_fuse_reset(ledger, SITE, &was_tripped, &error));
	advance(-5 * DAY_US);
	g_assert_cmpuint(charge_many(ledger, "c", 30, &(LedgerLimits){DAY_US, 1000, 1000, 25, 100}), ==, 25);
	g_assert_no_error(error);
}

static void
test_sites(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	charge_many(ledger, "a", 30, &usual);
	advance(2 * DAY_US);
	LedgerMail mails[] = {mail_to("a@x", "R1"), mail_to("a@x", "R1"), mail_to("b@x", "R2")};
	mails[0].site = "zoo.jp";
	mails[1].site = "ant.jp";
	mails[2].site = "zoo.jp";
	for (gsize i = 0; i < G_N_ELEMENTS(mails); i++)
		g_assert_cmpint(charge(ledger, &mails[i]), ==, LEDGER_CHARGED);
	g_autoptr(GPtrArray) sites = ledger_sites(ledger, 10, &error);
	g_assert_cmpuint(sites->len, ==, 3);
	g_assert_cmpstr(sites->pdata[0], ==, SITE);
	g_assert_cmpstr(sites->pdata[1], ==, "ant.jp");
	g_assert_cmpstr(sites->pdata[2], ==, "zoo.jp");
	advance(DAY_US + SECOND_US);
	g_autoptr(GPtrArray) later = ledger_sites(ledger, 10, &error);
	g_assert_cmpuint(later->len, ==, 1);
	g_autoptr(Fuse) whole = ledger_fuse(ledger, "never.jp", &usual, &error);
	g_assert_cmpint(whole->tripped_at_us, ==, 0);
	g_assert_cmpuint(whole->hour_ceiling, ==, 25);
	g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"one more than an hour may have trips it until a reset", test_hour},
	    {"the hour slides", test_hour_slides},
	    {"one more than a day may have trips it", test_day},
	    {"a flood to one domain trips it", test_one_domain},
	    {"ceilings are learned from the history", test_learned},
	    {"a learned hour trips it", test_learned_hour_trips},
	    {"a learned day trips it", test_learned_day_trips},
	    {"hours that made it trip teach nothing", test_teaches_nothing},
	    {"a reset counts from now and clears the alarm", test_reset},
	    {"sites that have something to show", test_sites},
	};
	return fixture_run("ledger_fuse", tests, G_N_ELEMENTS(tests));
}
