/* Findings become a verdict: the strongest action wins, points add up, what is in dry-run counts nothing; and the way into sealed text and back. */
#include "sekisho/policy/finding.h"

#include <string.h>

#include "sekisho/base/limits.h"

typedef struct {
	Check check;
	CheckMode mode;
	FindingAction action;
	guint points;
} Told;

static Verdict *
verdict_of(const Told *told, guint count, guint threshold)
{
	GPtrArray *findings = findings_new();
	for (guint i = 0; i < count; i++) {
		const FindingHead head = {told[i].check, told[i].mode, told[i].action, told[i].points, "code"};
		finding_add(findings, &head, "It is number %u.", i);
	}
	return verdict_new(findings, threshold);
}

static void
test_weigh(void)
{
	static const struct {
		const char *name;
		Told told[4];
		guint count;
		FindingAction action;
		guint points;
		int decisive; /* number of the finding that decides, -1: none */
	} cases[] = {
	    {"nothing", {{0}}, 0, FINDING_PASS, 0, -1},
	    {"points below", {{CHECK_LINKS, CHECK_ON, FINDING_NOTE, 4}}, 1, FINDING_PASS, 4, -1},
	    {"points reach", {{CHECK_SHAPE, CHECK_ON, FINDING_NOTE, 2}, {CHECK_LINKS, CHECK_ON, FINDING_NOTE, 3}}, 2,
		FINDING_HOLD, 5, 1},
	    {"dry run counts nothing",
		{{CHECK_SHAPE, CHECK_DRY_RUN, FINDING_REJECT, 0}, {CHECK_LINKS, CHECK_ON, FINDING_NOTE, 3}}, 2, FINDING_PASS, 3,
		-1},
	    {"off says nothing", {{CHECK_SHAPE, CHECK_OFF, FINDING_REJECT, 0}}, 1, FINDING_PASS, 0, -1},
	    {"strongest wins",
		{{CHECK_HONEYPOT, CHECK_ON, FINDING_HOLD, 0}, {CHECK_RATE, CHECK_ON, FINDING_WAIT, 0},
		    {CHECK_CAPTCHA, CHECK_ON, FINDING_AGAIN, 0}, {CHECK_LISTS, CHECK_ON, FINDING_REJECT, 0}},
		4, FINDING_REJECT, 0, 3},
	    {"unsure is nothing", {{CHECK_SENDER, CHECK_ON, FINDING_UNSURE, 0}}, 1, FINDING_PASS, 0, -1},
	    {"points of another action do not count", {{CHECK_SENDER, CHECK_ON, FINDING_PASS, 9}}, 1, FINDING_PASS, 0, -1},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].name);
		g_autoptr(Verdict) verdict = verdict_of(cases[i].told, cases[i].count, 5);
		g_assert_cmpint(verdict->action, ==, cases[i].action);
		g_assert_cmpint(findings_weigh(verdict->findings, 5), ==, cases[i].action);
		g_assert_cmpuint(verdict->points, ==, cases[i].points);
		const Finding *decisive = verdict_decisive(verdict);
		g_autofree char *expected = g_strdup_printf("It is number %d.", cases[i].decisive);
		g_assert_cmpstr(decisive != NULL ? decisive->what : NULL, ==, cases[i].decisive >= 0 ? expected : NULL);
	}
}

static void
test_without(void)
{
	static const Told told[] = {{CHECK_HONEYPOT, CHECK_ON, FINDING_HOLD, 0}, {CHECK_LINKS, CHECK_ON, FINDING_NOTE, 3},
	    {CHECK_SHAPE, CHECK_ON, FINDING_NOTE, 3}};
	g_autoptr(Verdict) verdict = verdict_of(told, G_N_ELEMENTS(told), 5);
	/* Held twice over: neither alone would have changed it. */
	for (guint i = 0; i < verdict->findings->len; i++)
		g_assert_cmpint(verdict_without(verdict, verdict->findings->pdata[i]), ==, FINDING_HOLD);
	g_autoptr(Verdict) by_points = verdict_of(told + 1, 2, 5);
	g_assert_cmpint(by_points->action, ==, FINDING_HOLD);
	g_assert_cmpint(verdict_without(by_points, by_points->findings->pdata[0]), ==, FINDING_PASS);
}

static void
test_text(void)
{
	GPtrArray *findings = findings_new();
	const FindingHead head = {CHECK_LINKS, CHECK_DRY_RUN, FINDING_NOTE, 3, "brand_in_path"};
	finding_add(findings, &head, "The link %s lies.", "evil\texample\r\n\x1b[31m\xff日本");
	const FindingHead wait = {CHECK_RATE, CHECK_ON, FINDING_WAIT, 7, "ip"};
	finding_add(findings, &wait, "Too many.")->retry_at_us = 1700000000000000;
	g_autoptr(Verdict) verdict = verdict_new(findings, 7);
	g_autofree char *text = verdict_to_text(verdict);
	g_autoptr(Verdict) read = verdict_from_text(text);
	g_assert_nonnull(read);
	g_autofree char *again = verdict_to_text(read);
	g_assert_cmpstr(again, ==, text);
	g_assert_cmpint(read->action, ==, FINDING_WAIT);
	const Finding *first = read->findings->pdata[0], *second = read->findings->pdata[1];
	g_assert_cmpint(first->retry_at_us, ==, 1700000000000000);
	g_assert_cmpuint(first->points, ==, 0);
	g_assert_true(second->is_dry_run);
	g_assert_null(strpbrk(second->what, "\t\r\n\x1b"));
	g_assert_true(g_utf8_validate(second->what, -1, NULL));
	static const char *const rubbish[] = {"", "1", "2\t5", "1\tx", "1\t5\n", "1\t5\n1\t2\t3", "1\t5\n99\t2\t3\t0\t0\tc\tw",
	    "1\t5\n1\t99\t3\t0\t0\tc\tw", "1\t5\n1\t2\t3\t2\t0\tc\tw", "1\t5\n1\t2\t3\t0\t-1\tc\tw",
	    "1\t5\n1\t2\t3\t0\t0\tc\tw\tmore"};
	for (gsize i = 0; i < G_N_ELEMENTS(rubbish); i++)
		g_assert_null(verdict_from_text(rubbish[i]));
}

/* However much is said, a refusal is not lost among notes. */
static void
test_ceiling(void)
{
	GPtrArray *findings = findings_new();
	const FindingHead note = {CHECK_LINKS, CHECK_ON, FINDING_NOTE, 1, "note"};
	for (guint i = 0; i < 2 * LIMIT_FINDINGS; i++)
		finding_add(findings, &note, "A note.");
	g_assert_cmpuint(findings->len, ==, LIMIT_FINDINGS);
	const FindingHead refusal = {CHECK_LISTS, CHECK_ON, FINDING_REJECT, 0, "block"};
	g_assert_nonnull(finding_add(findings, &refusal, "A block."));
	g_autofree char *long_text = g_strnfill(2 * LIMIT_FINDING_BYTES, 'x');
	const FindingHead hold = {CHECK_HONEYPOT, CHECK_ON, FINDING_HOLD, 0, "filled"};
	const Finding *cut = finding_add(findings, &hold, "%s", long_text);
	g_assert_cmpuint(strlen(cut->what), ==, LIMIT_FINDING_BYTES);
	g_autoptr(Verdict) verdict = verdict_new(findings, 5);
	g_assert_cmpuint(verdict->findings->len, ==, LIMIT_FINDINGS);
	g_assert_cmpint(verdict->action, ==, FINDING_REJECT);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/finding/weigh", test_weigh);
	g_test_add_func("/finding/without", test_without);
	g_test_add_func("/finding/text", test_text);
	g_test_add_func("/finding/ceiling", test_ceiling);
	return g_test_run();
}
