/*
 * The options that choose submissions, at the verbs that have them.
 */
#include <sqlite3.h>
#include <string.h>
#include <sysexits.h>

#include "gate_house.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"

/* A held one, a refused one and an accepted one, each an hour after the other, the last one just now. */
typedef struct {
	char *held, *rejected, *accepted;
} Kept;

static Kept
keep_all(Gateway *gateway)
{
	Kept kept;
	clock_set_offset_us(-2 * G_TIME_SPAN_HOUR);
	kept.held = gateway_keep(gateway, SUBMISSION_HELD, "一", gateway_evidence(FINDING_PASS, 6));
	clock_set_offset_us(-G_TIME_SPAN_HOUR);
	kept.rejected = gateway_keep(gateway, SUBMISSION_REJECTED, "二", gateway_evidence(FINDING_REJECT, 2));
	clock_set_offset_us(0);
	kept.accepted = gateway_keep(gateway, SUBMISSION_ACCEPTED, "三", gateway_evidence(FINDING_PASS, 0));
	return kept;
}

static void
kept_clear(Kept *kept)
{
	g_free(kept->held);
	g_free(kept->rejected);
	g_free(kept->accepted);
}

/* `expected` has h, r and a for those that the command prints. */
static void
assert_finds(Gateway *gateway, const Kept *kept, const char *words, const char *expected)
{
	const struct {
		char letter;
		const char *receipt;
	} all[] = {{'h', kept->held}, {'r', kept->rejected}, {'a', kept->accepted}};
	gateway_assert(gateway, words, EX_OK, "");
	for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
		if ((strstr(gateway->output, all[i].receipt) != NULL) != (strchr(expected, all[i].letter) != NULL))
			g_error("`%s` should find %s:\n%s", words, expected, gateway->output);
}

static void
test_filters(void)
{
	static const struct {
		const char *words, *expected;
	} cases[] = {
	    {"submissions", "hra"},
	    {"submissions list --site example.jp", "hra"},
	    {"submissions --form 4", "hra"},
	    {"submissions --form example.jp/4", "hra"},
	    {"submissions --site example.jp -f example.jp/4", "hra"},
	    {"submissions --form 5", ""},
	    {"submissions --since 90min", "ra"},
	    {"submissions --before 90min", "h"},
	    {"submissions --since 90min --before 30min", "r"},
	    {"submissions --since 2020-01-01", "hra"},
	    {"submissions --before 2020-01-01", ""},
	    {"submissions --verdict held", "h"},
	    {"submissions --verdict held,rejected", "hr"},
	    {"submissions --verdict accepted --json", "a"},
	    {"submissions --ip " GATEWAY_IP, "hra"},
	    {"submissions --ip 203.0.113.0/24", "hra"},
	    {"submissions --ip 203.0.0.0/16", "hra"},
	    {"submissions --ip 203.0.113.8/30 --since 90min", "ra"},
	    {"submissions --ip 203.0.113.10", ""},
	    {"submissions --ip 203.0.114.0/24", ""},
	    {"submissions --ip 198.0.0.0/8", ""},
	    {"submissions --ip 2001:db8::/32", ""},
	    {"submissions --address visitor@example.com", "hra"},
	    {"submissions --address Visitor@EXAMPLE.com --verdict rejected", "r"},
	    {"submissions --address visitor@example.org", ""},
	    {"submissions --limit 1", "a"},
	    {"submissions --limit 1 --address visitor@example.com", "a"},
	    {"held", "h"},
	    {"held --rejected", "r"},
	    {"held --verdict rejected,held", "hr"},
	    {"held --verdict accepted", "a"},
	    {"held list --since 90min", ""},
	    {"held --before 90min --address visitor@example.com --ip " GATEWAY_IP " --form 4 --json", "h"},
	};
	Gateway gateway = gateway_new();
	Kept kept = keep_all(&gateway);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_finds(&gateway, &kept, cases[i].words, cases[i].expected);
	gateway_assert(&gateway, "submissions --limit 1", EX_OK, "... and older ones; --limit shows more");
	gateway_assert(&gateway, "held --verdict held,rejected --limit 1", EX_OK, "... and 1 more, the oldest of ");
	/* By the clock of the site, as the rows are. */
	g_assert_null(strstr(gateway.output, "+00:00"));
	gateway_assert(&gateway, "held --verdict held,rejected --limit 1 --address visitor@example.com", EX_OK, "... and older ones");
	kept_clear(&kept);
	gateway_clear(&gateway);
}

static void
test_wrong(void)
{
	static const struct {
		const char *words, *complaint;
	} cases[] = {
	    {"submissions --since soon", "--since is a time like"},
	    {"submissions --before 2026-02-30", "--before is a time like"},
	    {"submissions --since 1h --before 2h", "nothing can be since 1h and before 2h"},
	    {"submissions --form x", "the id in --form is a number"},
	    {"submissions --form example.jp/", "the id in --form is a number"},
	    {"submissions --site other.jp --form example.jp/4", "is a form of another site than --site"},
	    {"submissions --verdict good", "--verdict is accepted, held,"},
	    {"submissions --verdict held,", "--verdict is accepted, held,"},
	    {"submissions --ip here", "--ip is an IP address"},
	    {"submissions --ip 192.0.2.1/24", "--ip is an IP address"},
	    {"submissions --address nobody", "--address is a mail address"},
	    {"submissions --limit 10001", "--limit is a number from 1 to 10000"},
	    {"held --rejected --verdict held", "give one of them"},
	    {"held report --ip 192.0.2.1", "--ip belongs to `sekisho held list`"},
	};
	Gateway gateway = gateway_new();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		gateway_assert(&gateway, cases[i].words, EX_USAGE, cases[i].complaint);
	gateway_assert(&gateway, "submissions --site nowhere.jp", EX_NOINPUT, "nowhere.jp");
	gateway_assert(&gateway, "held --site nowhere.jp", EX_NOINPUT, "nowhere.jp");
	gateway_clear(&gateway);
}

/* The beginning of a receipt is enough wherever one is wanted. */
static void
test_shortened(void)
{
	static const char *const verbs[] = {"submissions show %s", "held show %s", "why %s", "queue --all --receipt %s", "held discard %s"};
	Gateway gateway = gateway_new();
	Kept kept = keep_all(&gateway);
	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		g_autofree char *beginning = g_ascii_strdown(kept.held, (gssize)strlen(kept.held) - 3);
		g_auto(GStrv) parts = g_strsplit(verbs[i], "%s", -1);
		g_autofree char *words = g_strjoinv(beginning, parts);
		gateway_assert(&gateway, words, EX_OK, "");
	}
	kept_clear(&kept);
	gateway_clear(&gateway);
}

/* Where each must be opened, somebody at a terminal sees how far it is. */
static void
test_progress(void)
{
	Gateway gateway = gateway_new();
	Kept kept = keep_all(&gateway);
	g_autofree char *drawn = g_malloc0(4096);
	gateway.progress = fmemopen(drawn, 4096, "w");
	gateway_assert(&gateway, "submissions --address visitor@example.com", EX_OK, kept.held);
	(void)fclose(gateway.progress);
	gateway.progress = NULL;
	g_assert_nonnull(strstr(drawn, "\ropening  [  "));
	kept_clear(&kept);
	gateway_clear(&gateway);
}

/* What was not looked at is not said to be none. */
static void
test_unopened(void)
{
	Gateway gateway = gateway_new();
	Kept kept = keep_all(&gateway);
	g_autofree char *path = g_build_filename(gateway.data_directory, "sekisho.db", NULL);
	g_autofree char *sql = g_strdup_printf(
	    "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < %u) "
	    "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly) "
	    "SELECT printf('Z%%011d', n), 'example.jp', 4, 1, 2, 0 FROM more",
	    LIMIT_REHEARSED);
	sqlite3 *raw = NULL;
	gateway_assert(&gateway, "submissions --address nobody@example.com", EX_OK, "no submissions\n");
	g_assert_null(strstr(gateway.output, "newest"));
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
	gateway_assert(&gateway, "submissions --address visitor@example.com", EX_OK,
	    "no submissions\nOnly the newest 100000 were opened; --before looks at older ones");
	gateway_assert(&gateway, "held --verdict accepted --address visitor@example.com", EX_OK, "Only the newest 100000 were opened");
	kept_clear(&kept);
	gateway_clear(&gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filter/each finds what it says", test_filters);
	g_test_add_func("/filter/slips are usage errors", test_wrong);
	g_test_add_func("/filter/receipts may be shortened", test_shortened);
	g_test_add_func("/filter/opening many draws a bar", test_progress);
	g_test_add_func("/filter/what was too much to be opened is said", test_unopened);
	return g_test_run();
}
