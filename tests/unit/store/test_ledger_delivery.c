/* The ledger of deliveries: suppressed addresses, how much mail came back, what accounts have used of their rate, and when such rows end. */
#include "ledger_desk.h"

/* --- Suppressions ------------------------------------------------------------------------------------------------------ */

static GArray *
hashes_of(const char *letters)
{
	GArray *hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	for (const char *letter = letters; *letter; letter++) {
		VaultHash hash = row_hash(*letter);
		g_array_append_val(hashes, hash);
	}
	return hashes;
}

static void
suppress(Db *ledger, char letter, SuppressionKind kind, gint64 days, guint bounces)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) boxed = g_bytes_new_static("boxed", 5);
	Suppression suppression = {.site = (char *)SITE,
	    .address = row_hash(letter),
	    .kind = kind,
	    .boxed = kind == SUPPRESSION_OPERATOR ? boxed : NULL,
	    .reason = (char *)(kind == SUPPRESSION_OPERATOR ? "operator" : "bounce.full"),
	    .bounces = bounces,
	    .since_us = clock_now_us(),
	    .until_us = days == 0 ? G_MAXINT64 : clock_now_us() + days * DAY_US};
	g_assert_true(ledger_suppress(ledger, &suppression, &error));
	g_assert_no_error(error);
}

static gboolean
is_suppressed(Db *ledger, const char *site, const char *letters)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) hashes = hashes_of(letters);
	gboolean answer = FALSE;
	g_assert_true(ledger_is_suppressed(ledger, site, hashes, &answer, &error));
	g_assert_no_error(error);
	return answer;
}

static void
test_suppressed(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_assert_false(is_suppressed(ledger, SITE, "a"));
	suppress(ledger, 'a', SUPPRESSION_BOUNCE, 7, 1);
	suppress(ledger, 'b', SUPPRESSION_OPERATOR, 0, 0);
	static const struct {
		const char *site;
		const char *letters;
		gboolean now;
		gboolean later; /* after 8 days */
	} rows[] = {
	    {SITE, "a", TRUE, FALSE},
	    {SITE, "xa", TRUE, FALSE},
	    {SITE, "b", TRUE, TRUE},
	    {SITE, "", FALSE, FALSE},
	    {SITE, "x", FALSE, FALSE},
	    {"other.jp", "ab", FALSE, FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(is_suppressed(ledger, rows[i].site, rows[i].letters), ==, rows[i].now);
	advance(8 * DAY_US);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(is_suppressed(ledger, rows[i].site, rows[i].letters), ==, rows[i].later);
	g_autoptr(GArray) b = hashes_of("xb");
	g_assert_cmpint(ledger_unsuppress(ledger, "other.jp", b, NULL), ==, 0);
	g_assert_cmpint(ledger_unsuppress(ledger, SITE, b, NULL), ==, 1);
	g_assert_cmpint(ledger_unsuppress(ledger, SITE, b, NULL), ==, 0);
	g_assert_false(is_suppressed(ledger, SITE, "b"));
}

/* Which of two stays: the first, written now, or the second, written a day later. */
static void
test_which_stays(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		SuppressionKind kinds[2];
		gint64 days[2]; /* each from its own writing; 0: for ever */
		guint stays;
	} rows[] = {
	    {{SUPPRESSION_BOUNCE, SUPPRESSION_BOUNCE}, {7, 7}, 1},
	    {{SUPPRESSION_BOUNCE, SUPPRESSION_BOUNCE}, {180, 7}, 0},
	    {{SUPPRESSION_BOUNCE, SUPPRESSION_OPERATOR}, {180, 0}, 1},
	    {{SUPPRESSION_BOUNCE, SUPPRESSION_OPERATOR}, {180, 30}, 0},
	    {{SUPPRESSION_OPERATOR, SUPPRESSION_BOUNCE}, {0, 180}, 0},
	    {{SUPPRESSION_OPERATOR, SUPPRESSION_BOUNCE}, {7, 180}, 0},
	    {{SUPPRESSION_OPERATOR, SUPPRESSION_OPERATOR}, {7, 0}, 1},
	    {{SUPPRESSION_OPERATOR, SUPPRESSION_OPERATOR}, {0, 7}, 0},
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_autoptr(GArray) hashes = hashes_of("a");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		gint64 written_us[2];
		for (guint k = 0; k < 2; k++) {
			written_us[k] = clock_now_us();
			suppress(ledger, 'a', rows[i].kinds[k], rows[i].days[k], 1);
			advance(DAY_US);
		}
		g_autoptr(GPtrArray) list = ledger_suppressions(ledger, SITE, 10, NULL);
		g_assert_cmpuint(list->len, ==, 1);
		const Suppression *stayed = list->pdata[0];
		const guint k = rows[i].stays;
		const gint64 until_us = rows[i].days[k] == 0 ? G_MAXINT64 : written_us[k] + rows[i].days[k] * DAY_US;
		if (stayed->kind != rows[i].kinds[k] || ABS(stayed->until_us - until_us) > MINUTE_US)
			g_error("row %u", i);
		g_assert_cmpuint(stayed->bounces, ==, 2);
		g_assert_cmpstr(stayed->reason, ==, rows[i].kinds[k] == SUPPRESSION_OPERATOR ? "operator" : "bounce.full");
		g_assert_cmpint(ledger_unsuppress(ledger, SITE, hashes, NULL), ==, 1);
	}
	/* One that is over gives way to any; its count goes on. */
	suppress(ledger, 'a', SUPPRESSION_OPERATOR, 7, 3);
	advance(8 * DAY_US);
	suppress(ledger, 'a', SUPPRESSION_BOUNCE, 3, 1);
	g_autoptr(GPtrArray) list = ledger_suppressions(ledger, SITE, 10, NULL);
	const Suppression *renewed = list->pdata[0];
	g_assert_cmpint(renewed->kind, ==, SUPPRESSION_BOUNCE);
	g_assert_cmpuint(renewed->bounces, ==, 4);
	/* The address was known, and stays so. */
	g_assert_cmpuint(g_bytes_get_size(renewed->boxed), ==, 5);
}

static void
test_suppression_lists(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (char letter = 'a'; letter <= 'c'; letter++) {
		suppress(ledger, letter, SUPPRESSION_BOUNCE, letter == 'b' ? 1 : 7, 1);
		advance(HOUR_US);
	}
	advance(DAY_US);
	static const struct {
		const char *site;
		guint limit;
		const char *letters;
	} rows[] = {{NULL, 10, "ca"}, {SITE, 10, "ca"}, {SITE, 1, "c"}, {"other.jp", 10, ""}};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) list = ledger_suppressions(ledger, rows[i].site, rows[i].limit, NULL);
		g_assert_cmpuint(list->len, ==, strlen(rows[i].letters));
		for (guint k = 0; k < list->len; k++) {
			const Suppression *suppression = list->pdata[k];
			g_assert_cmpint(suppression->address.bytes[0], ==, rows[i].letters[k]);
			g_assert_cmpstr(suppression->site, ==, SITE);
			g_assert_cmpint(suppression->since_us, <, clock_now_us());
		}
	}
}

/* --- Surges ------------------------------------------------------------------------------------------------------------ */

static BounceTraffic
count_bounces(Db *ledger, const char *site, gboolean is_tagged, guint count)
{
	BounceTraffic traffic = {0};
	for (guint i = 0; i < count; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(ledger_count_bounce(ledger, site, is_tagged, &traffic, &error));
		g_assert_no_error(error);
	}
	return traffic;
}

static void
test_surge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		guint usual; /* in an hour that is `ago` hours ago */
		guint ago;
		guint now;
		gboolean is_surge;
	} rows[] = {
	    {0, 2, LIMIT_BOUNCE_SURGE - 1, FALSE},
	    {0, 2, LIMIT_BOUNCE_SURGE, TRUE},
	    {1, 2, LIMIT_BOUNCE_SURGE, TRUE},
	    {10, 2, 29, FALSE},
	    {10, 2, 30, TRUE},
	    /* The hour before this one may be the surge. */
	    {10, 1, LIMIT_BOUNCE_SURGE, TRUE},
	    {10, 27 * 24, 29, FALSE},
	    {10, 29 * 24, LIMIT_BOUNCE_SURGE, TRUE},
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *site = g_strdup_printf("site%u.jp", i);
		count_bounces(ledger, site, TRUE, rows[i].usual);
		/* What anybody can send hides no surge, and is none of the site's. */
		count_bounces(ledger, site, FALSE, 40);
		count_bounces(ledger, "", TRUE, 40);
		advance(rows[i].ago * HOUR_US);
		BounceTraffic traffic = count_bounces(ledger, site, TRUE, rows[i].now);
		if (traffic.is_surge != rows[i].is_surge || traffic.last_hour != rows[i].now)
			g_error("row %u: %u, %u", i, traffic.last_hour, traffic.busiest_hour);
	}
	/* A clock that is put back finds hours that lie ahead, and does not count them. */
	BounceTraffic ahead = count_bounces(ledger, "clock.jp", TRUE, 50);
	g_assert_true(ahead.is_surge);
	advance(-2 * HOUR_US);
	BounceTraffic back = count_bounces(ledger, "clock.jp", TRUE, 1);
	g_assert_cmpuint(back.last_hour, ==, 1);
	g_assert_cmpuint(back.busiest_hour, ==, 0);
}

/* --- Rates -------------------------------------------------------------------------------------------------------------- */

static const LedgerRate six = {60, HOUR_US, 6}; /* one a minute, six at once */

static guint
take(Db *ledger, const char *account, guint wanted, gint64 *again_at_us)
{
	g_autoptr(GError) error = NULL;
	LedgerGrant grant = {G_MAXUINT, 0};
	g_assert_true(ledger_account_take(ledger, account, &six, wanted, &grant, &error));
	g_assert_no_error(error);
	*again_at_us = grant.again_at_us;
	return grant.mails;
}

static void
test_rate(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		gint64 after_us;
		guint returned;
		guint wanted;
		guint granted;
	} rows[] = {
	    {0, 0, 4, 4},
	    {0, 0, 4, 2},
	    {0, 0, 1, 0},
	    {MINUTE_US / 2, 0, 1, 0},
	    {MINUTE_US, 0, 5, 1},
	    {0, 3, 9, 3},
	    {2 * MINUTE_US, 0, 9, 2},
	    {DAY_US, 0, 100, 6},
	    {0, 100, 100, 6},
	    {-DAY_US, 0, 1, 0},
	    {6 * MINUTE_US, 0, 100, 6},
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	gint64 again_at_us = 0;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		advance(rows[i].after_us);
		if (rows[i].returned > 0)
			g_assert_true(ledger_account_return(ledger, "main", &six, rows[i].returned, &error));
		g_assert_no_error(error);
		guint granted = take(ledger, "main", rows[i].wanted, &again_at_us);
		if (granted != rows[i].granted)
			g_error("row %u: %u", i, granted);
	}
	/* It is kept, and it is each account's own. */
	g_clear_pointer(&ledger, db_free);
	ledger = db_open_ledger(fixture->directory, DB_EXISTING, NULL);
	g_assert_cmpuint(take(ledger, "main", 1, &again_at_us), ==, 0);
	g_assert_cmpuint(take(ledger, "backup", 1, &again_at_us), ==, 1);
	/* Then there is room for one, and not a moment earlier. */
	g_assert_cmpuint(take(ledger, "main", 1, &again_at_us), ==, 0);
	g_assert_cmpint(again_at_us, >, clock_now_us());
	g_assert_cmpint(again_at_us, <=, clock_now_us() + MINUTE_US);
	advance(again_at_us - clock_now_us() - SECOND_US);
	g_assert_cmpuint(take(ledger, "main", 1, &again_at_us), ==, 0);
	advance(again_at_us - clock_now_us());
	g_assert_cmpuint(take(ledger, "main", 9, &again_at_us), ==, 1);
}

/* A rate that was made smaller waits for its own burst at most, and the largest ones overflow nothing. */
static void
test_other_rates(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const LedgerRate rates[] = {
	    {1, 366 * DAY_US, 1}, {1, 366 * DAY_US, 100000}, {100000, SECOND_US, 100000}, {60, HOUR_US, 6}};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
		LedgerGrant grant = {0};
		const gint64 each_us = (rates[i].period_us + rates[i].count - 1) / rates[i].count;
		g_assert_true(ledger_account_take(ledger, "main", &rates[i], G_MAXUINT, &grant, NULL));
		g_assert_true(ledger_account_take(ledger, "main", &rates[i], 1, &grant, NULL));
		if (grant.mails == 0)
			g_assert_cmpint(grant.again_at_us, <=, clock_now_us() + each_us);
	}
}

static void
test_tagged_sender(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	static const gboolean notes[] = {TRUE, FALSE, TRUE};
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		gboolean is_tagged = FALSE, is_null = TRUE;
		g_assert_true(ledger_note_tagged_sender(ledger, "mail.jp:587 user", notes[i], NULL));
		g_assert_true(ledger_is_tagged_sender(ledger, "mail.jp:587 user", &is_tagged, NULL));
		g_assert_true(ledger_is_null_sender(ledger, "mail.jp:587 user", &is_null, NULL));
		g_assert_cmpint(is_tagged, ==, notes[i]);
		g_assert_false(is_null);
	}
	gboolean is_other = TRUE;
	g_assert_true(ledger_is_tagged_sender(ledger, "mail.jp:587 other", &is_other, NULL));
	g_assert_false(is_other);
}

/* --- The end of rows ------------------------------------------------------------------------------------------------------ */

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		gint64 after_us;
		gint removed;
		const char *table;
	} rows[] = {
	    {0, 0, NULL},
	    {7 * MINUTE_US, 1, "account_rate"},
	    {8 * DAY_US, 1, NULL}, /* the suppression of seven days */
	    {22 * DAY_US, 1, "bounce_traffic"},
	    {1000 * DAY_US, 0, NULL},
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	gint64 again_at_us = 0;
	suppress(ledger, 'a', SUPPRESSION_BOUNCE, 7, 1);
	suppress(ledger, 'b', SUPPRESSION_OPERATOR, 0, 0);
	count_bounces(ledger, SITE, TRUE, 3);
	g_assert_cmpuint(take(ledger, "main", 6, &again_at_us), ==, 6);
	sqlite3 *raw = raw_open(fixture);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		advance(rows[i].after_us);
		g_assert_cmpint(ledger_purge(ledger, 10, NULL), ==, rows[i].removed);
		if (rows[i].table)
			g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM %s", rows[i].table), ==, 0);
	}
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM suppression"), ==, 1);
	sqlite3_close(raw);
	g_assert_true(is_suppressed(ledger, SITE, "b"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a suppression holds for a site and a time", test_suppressed},
	    {"the longer suppression stays, and an operator's", test_which_stays},
	    {"suppressions are listed newest first", test_suppression_lists},
	    {"many bounces in an hour are a surge", test_surge},
	    {"an account's rate is kept", test_rate},
	    {"a rate may change", test_other_rates},
	    {"what the doctor saw of tags holds", test_tagged_sender},
	    {"old rows end", test_purge},
	};
	return fixture_run("ledger_delivery", tests, G_N_ELEMENTS(tests));
}
