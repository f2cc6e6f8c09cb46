/*
 * How a report reads: its numbers and sentences in both languages, as text and as HTML, and the mail that brings it. What strangers typed breaks neither page nor terminal.
 */
#include <string.h>

#include "relay/letter_parts.h"
#include "relay/report_paper.h"
#include "report_sample.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/rate.h"
#include "sekisho/relay/compose.h"
#include "sekisho/store/list_entries.h"
#include "tree.h"

static const char *const locales[] = {"en", "ja"};

typedef struct {
	char *tree;
	Config *config;
	Site *site;
} House;

static void
set_up(House *house, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	house->tree = tree_new();
	g_autofree char *path = tree_path(house->tree, "sekisho.conf");
	house->config = config_load(path, &error);
	g_assert_no_error(error);
	house->site = config_site(house->config, "example.jp", &error);
	g_assert_no_error(error);
}

static void
tear_down(House *house, gconstpointer data)
{
	(void)data;
	site_unref(house->site);
	config_free(house->config);
	tree_free(house->tree);
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		g_error("\"%s\" is not in:\n%s", part, text);
}

static void
assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		g_error("\"%s\" is in:\n%s", part, text);
}

/* --- What it says ------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *locale;
	const char *part;
} said[] = {{"en", "Report no. 12\n============="}, {"en", "16 Nov 2026 to 22 Nov 2026\n"},
    {"en", "2 messages wait for your decision. 28 messages were mailed"},
    {"en", "! The 2 reports before this one could not be sent."}, {"en", "sekisho fuse reset example.jp"},
    {"en", "One mail could not be delivered"}, {"en", "  █ Mailed to you"}, {"en", "     28           21       +7"},
    {"en", "      5           12       −7"}, {"en", "      6            6       ±0"}, {"en", "Asked to wait"},
    {"en", "    427            0     +427"}, {"en", "and 5 more"}, {"en", "412  203.0.113.7"}, {"en", "and 14 more"},
    {"en", "31  Refuse: network 198.51.100.0/24"}, {"en", "and 39 more"},
    {"en", "2 mails are waiting to be sent, the oldest since 22 Nov 2026 23:00."}, {"en", "One mail is held back by a person."},
    {"en", "and one reason more"}, {"en", "Refused: 18 Nov 2026 02:00"}, {"en", "Read and decide (HE1D00000001):"},
    {"en", "\n    " REPORT_SAMPLE_LINK "\n"}, {"en", "The reasons can no longer be read."}, {"en", "18 Nov 2026 12:00\n"},
    {"ja", "レポート 第12号\n"}, {"ja", "2026年11月16日〜2026年11月22日\n"},
    {"ja", "2件のお問い合わせが、ご確認をお待ちしています。お問い合わせを28件お"}, {"ja", "拒否: 語句 <img src=x>"}};

static void
test_said(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_busy();

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(said); i++) {
		g_autofree char *text = report_text(report, house->site, said[i].locale, 80);
		assert_has(text, said[i].part);
	}
}

/* A terminal obeys none of it, and no line but a link is wider than it. */
static void
test_lines(House *house, gconstpointer data)
{
	static const guint widths[] = {72, 80, 120};
	g_autoptr(Report) report = report_sample_busy();

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(widths) * G_N_ELEMENTS(locales); i++) {
		const guint width = widths[i / G_N_ELEMENTS(locales)];
		g_autofree char *text = report_text(report, house->site, locales[i % G_N_ELEMENTS(locales)], width);
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
		assert_has_not(text, "\033");
		for (char **line = lines; *line != NULL; line++) {
			if (strstr(*line, "https://") == NULL)
				g_assert_cmpuint(text_width(*line), <=, width);
			g_assert_false(g_str_has_suffix(*line, " "));
		}
	}
}

static void
test_html(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_busy();

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(locales); i++) {
		g_autofree char *html = report_html(report, house->site, locales[i], NULL);
		g_autofree char *lang = g_strdup_printf("<html lang=\"%s\">", locales[i]);
		assert_has(html, lang);
		assert_has(html, "a&lt;script&gt;");
		assert_has_not(html, "<script");
		assert_has_not(html, "<img src=x");
		assert_has_not(html, "<b>お");
		assert_has(html, "href=\"https://example.jp/sekisho/review?t=abc&amp;d=1\"");
		assert_has(html, "<b>427</b></td><td");
		assert_has(html, "src=\"data:image/png;base64,");
		assert_has_not(html, "src=\"http");
		assert_has_not(html, "url(");
	}
}

/* Nothing but what the reader must know. */
static void
test_quiet(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_quiet();
	g_autofree char *text = report_text(report, house->site, "en", 80), *html = report_html(report, house->site, "en", NULL);

	(void)data;
	assert_has(text, "Report no. 11");
	assert_has(text, "\n16 Nov 2026\n");
	assert_has(text, "All was quiet");
	assert_has(html, "All was quiet");
	assert_has_not(html, "<img");
	assert_has_not(html, "<h2");
	/* A mail that was given up needs no picture of a day without messages. */
	report->queue_dead = 1;
	g_autofree char *dead = report_html(report, house->site, "en", NULL);
	assert_has_not(dead, "<img");
	report->queue_dead = 0;
	report->last_missing = 1;
	g_autofree char *missing = report_text(report, house->site, "en", 80);
	assert_has(missing, "The report before this one could not be sent.");
}

/* Nothing is compared with what nobody counted. */
static void
test_without_before(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_busy();
	report->is_before_known = FALSE;
	report->counted_since_us = REPORT_SAMPLE_FROM_US + G_TIME_SPAN_DAY;
	g_autofree char *text = report_text(report, house->site, "en", 80), *html = report_html(report, house->site, "en", NULL);

	(void)data;
	assert_has(text, "There are no earlier numbers yet");
	assert_has(text, "\n  What arrived was counted only from 17 Nov 2026 00:00;");
	assert_has_not(text, "Week before");
	assert_has_not(html, "Week before");
}

/* A month is compared with the month before. */
static void
test_longer_than_a_week(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_busy();
	report->from_us -= 23 * G_TIME_SPAN_DAY;
	g_autofree char *text = report_text(report, house->site, "en", 80);

	(void)data;
	assert_has(text, " Before ");
	assert_has_not(text, "Week before");
}

/* A day on which messages came and nothing else: their numbers, and no more. */
static void
test_calm(House *house, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Report) report = report_sample_quiet();
	report->verdicts[TALLY_ACCEPTED].now = 1;
	g_array_index(report->spans, ReportSpan, 9).verdicts[TALLY_ACCEPTED] = 1;
	g_autofree char *text = report_text(report, house->site, "en", 80);
	g_autoptr(Letter) letter = report_letter(report, house->site, &error);

	(void)data;
	assert_has(text, "One message was mailed to you. There is nothing that you need to do.");
	assert_has(text, "11-16       04:00       08:00");
	assert_has_not(text, "Mail\n----");
	g_assert_cmpuint(letter->images->len, ==, 1);
	g_assert_cmpstr(letter->subject, ==, "お問い合わせ1件、対応は不要です（example.jp レポート第11号）");
}

/* A report for a terminal has no links, and one of all sites names them. */
static void
test_for_a_terminal(House *house, gconstpointer data)
{
	g_autoptr(Report) report = report_sample_busy();

	(void)data;
	(void)house;
	for (guint i = 0; i < report->suspicious->len; i++)
		g_clear_pointer(&((ReportSuspicious *)report->suspicious->pdata[i])->link, g_free);
	g_autofree char *text = report_text(report, NULL, "en", 80);
	assert_has(text, "All sites");
	assert_has(text, "sekisho held show RECEIPT");
	assert_has_not(text, "Read and decide");
	assert_has(text, "example.jp");
}

/* --- Texts --------------------------------------------------------------------------------------------------------------------------- */

static void
assert_text(const char *prefix, const char *name)
{
	g_autofree char *id = g_strconcat(prefix, name, NULL);

	if (text_find("ja", id) == NULL)
		g_error("%s has no text", id);
}

/* Names that rows hold are told in words. */
static void
test_every_name_has_a_text(void)
{
	for (guint tier = 0; tier < RATE_TIERS; tier++)
		assert_text("report.tier_", rate_tier_name((RateTier)tier));
	for (guint type = LIST_NETWORK; type <= LIST_TYPE_LAST; type++)
		assert_text("report.type_", list_type_name((ListType)type));
	for (guint action = LIST_ALLOW; action <= LIST_BLOCK; action++)
		assert_text("report.action_", list_action_name((ListAction)action));
	for (guint status = SUBMISSION_ACCEPTED; status <= SUBMISSION_DISCARDED; status++)
		assert_text("report.state_", submission_status_name((SubmissionStatus)status));
}

/* None, one and several of everything that is counted in a sentence: a missing text would abort. */
static void
test_every_count_has_a_sentence(House *house, gconstpointer data)
{
	(void)data;
	for (guint count = 0; count < 3; count++)
		for (gsize i = 0; i < G_N_ELEMENTS(locales); i++) {
			g_autoptr(Report) report = report_sample_busy();
			report->verdicts[TALLY_ACCEPTED].now = count;
			report->waiting_for_you = count;
			report->last_missing = report->queue_dead = report->queue_held = report->queue_waiting = count;
			report->limited_all = report->limited->len + count;
			g_ptr_array_set_size(report->fuses, 0);
			g_autofree char *text = report_text(report, house->site, locales[i], 80);
			g_autofree char *subject = report_paper_subject(report, house->site, locales[i]);
			assert_has_not(text, "{");
			assert_has_not(subject, "{");
		}
}

/* --- The mail ------------------------------------------------------------------------------------------------------------------------ */

static void
test_letter(House *house, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Report) report = report_sample_busy();
	g_autoptr(Letter) letter = report_letter(report, house->site, &error);

	(void)data;
	g_assert_no_error(error);
	g_assert_cmpstr(letter->message_id, ==, "report.12.1794754800@example.jp");
	g_assert_cmpstr(letter->subject, ==, "確認待ちのお問い合わせが2件あります（example.jp レポート第12号）");
	g_assert_cmpstr(((const Mailbox *)letter->to->pdata[0])->address, ==, "owner@example.jp");
	g_assert_cmpint(letter->date_us, ==, report->made_at_us);
	g_assert_cmpint(letter->date_offset_s, ==, 9 * 3600);
	g_assert_cmpuint(letter->images->len, ==, 2);
	for (guint i = 0; i < letter->images->len; i++) {
		const LetterImage *image = letter->images->pdata[i];
		g_autofree char *source = g_strdup_printf("src=\"cid:%s\"", image->id);
		assert_has(letter->html, source);
	}
	g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));
	g_autoptr(Letter) back = letter_from_variant(variant, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) bytes = compose_message(back, &error);
	g_assert_no_error(error);
}

static void
test_quiet_letter(House *house, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Report) report = report_sample_quiet();
	g_autoptr(Letter) letter = report_letter(report, house->site, &error);

	(void)data;
	g_assert_no_error(error);
	g_assert_cmpuint(letter->images->len, ==, 0);
	g_assert_cmpstr(letter->subject, ==, "お問い合わせはありませんでした（example.jp レポート第11号）");
}

#define ADD(name, test) g_test_add("/report_letter/" name, House, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	ADD("its numbers and sentences", test_said);
	ADD("its lines fit", test_lines);
	ADD("its HTML is safe and whole", test_html);
	ADD("a quiet day is short", test_quiet);
	ADD("nothing to compare with", test_without_before);
	ADD("a month", test_longer_than_a_week);
	ADD("a calm day", test_calm);
	ADD("of all sites, for a terminal", test_for_a_terminal);
	ADD("every count has a sentence", test_every_count_has_a_sentence);
	ADD("the mail", test_letter);
	ADD("the mail of a quiet day", test_quiet_letter);
	g_test_add_func("/report_letter/every name has a text", test_every_name_has_a_text);
	return g_test_run();
}
