/*
 * Mail-tags, by the vectors of contract 13.5 that the handled types allow, dates, and exclude_blank.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/form/mailtag.h"

typedef struct {
	const char *template_text;
	const char *result;
} Pair;

static void
check_pairs(const Form *form, const Submission *submission, const Pair *pairs, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *text = fixture_replace(form, submission, pairs[i].template_text);

		g_test_message("%s", pairs[i].template_text);
		g_assert_cmpstr(text, ==, pairs[i].result);
	}
}

static char *
replace_in_mode(const Form *form, const Submission *submission, MailTagMode mode, const char *text)
{
	MailTagContext context = {.form = form, .submission = submission, .mode = mode};

	return mailtag_replace(text, &context);
}

static void
test_m02(void)
{
	static const Pair pairs[] = {
	    {"[_format_d \"D, d M y\"]", "Fri, 01 May 26"},
	    {"[_format_d \"Y年n月j日\"]", "2026年5月1日"},
	    {"[_format_d 'l jS F']", "Friday 1st May"},
	    {"[_format_d]", "2026-05-01"},
	    {"[_format_d \"\"]", "2026-05-01"},
	    {"[_format_t \"Y\"]", "hello"},
	    {"[_format_no \"Y\"]", "[_format_no \"Y\"]"},
	    {"[_format_bad \"Y\"]", "2026-13-01"},
	    {"[_format_long \"Y\"]", "2026-05-011"},
	    {"[_format_two \"j/n\"]", "1/5, x, 2/6"},
	};
	g_autoptr(Form) form = fixture_form("[text d][text t]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("d", "2026-05-01", "t", "hello", "bad", "2026-13-01", "long", "2026-05-011",
					 "two[]", "2026-05-01", "two[]", "x", "two[]", "2026-06-02", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

/* Letters of PHP 8.2, and its days before the year 1, whatever the calendar of GLib ends at. Values are those of PHP itself. */
static void
test_php_dates(void)
{
	static const struct {
		const char *zone, *date, *format, *result;
	} cases[] = {
	    {"Asia/Tokyo", "2026-05-01", "p x X", "+09:00 2026 +2026"},
	    {"UTC", "2026-05-01", "p P", "Z +00:00"},
	    {"Europe/London", "2026-01-01", "p", "+00:00"},
	    {"UTC", "0000-00-00", "Y-m-d", "-0001-11-30"},
	    {"UTC", "0000-00-00", "y o x X L N W z t U D", "-1 -1 -0001 -0001 0 2 48 333 30 -62169984000 Tue"},
	    {"UTC", "0000-01-01", "Y-m-d y o x X L N W z t U D", "0000-01-01 00 -1 0000 +0000 1 6 52 0 31 -62167219200 Sat"},
	    {"UTC", "0000-02-30", "Y-m-d W z", "0000-03-01 09 60"},
	    {"UTC", "0001-01-00", "Y-m-d o", "0000-12-31 0"},
	    {"UTC", "9999-12-31", "Y x X o U", "9999 9999 +9999 9999 253402214400"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(SiteFacts) site = fixture_site();
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		g_time_zone_unref(site->timezone);
		site->timezone = g_time_zone_new_identifier(cases[i].zone);
		g_autoptr(Form) form = form_new(fixture_source("[text d]"), site, problems);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("d", cases[i].date, NULL));
		g_autofree char *text = g_strdup_printf("[_format_d \"%s\"]", cases[i].format);
		g_autofree char *result = fixture_replace(form, submission, text);
		g_assert_cmpstr(result, ==, cases[i].result);
	}
}

static void
test_m03_m04(void)
{
	static const Pair pairs[] = {
	    {"[nope]", "[nope]"},
	    {"[[t]]", "[t]"},
	    {"[ t ]", "hello"},
	    {"[\tt \"x\" 'y']", "hello"},
	    {"[t \"x\"]", "hello"},
	    {"[t x]", "[t x]"},
	    {"[t\"x\"]", "[t\"x\"]"},
	    {"[t \"x]", "[t \"x]"},
	    {"[T]", "[T]"},
	    {"[t.]", "[t.]"},
	    {"[t\n]", "[t\n]"},
	    {"[[t]", "hello"},
	    {"[t]]", "hello"},
	    {"[[[t]]]", "[[t]]"},
	    {"[[nope]", "[[nope]"},
	    {"[t][t]", "hellohello"},
	    {"a [t] b\r\n[t]\n\n", "a hello b\r\nhello\n\n"},
	    {"[_raw_foo]", ""},
	    {"[_raw_t]", "hello"},
	    {"[_raw__wpcf7_unit_tag]", "ut"},
	    {"[_wpcf7]", "[_wpcf7]"},
	    {"[_wpcf7_unit_tag]", "[_wpcf7_unit_tag]"},
	    {"[]", "[]"},
	    {"[", "["},
	    {"", ""},
	};
	g_autoptr(Form) form = fixture_form("[text t]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("t", "hello", "_wpcf7_unit_tag", "ut", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m05_m07(void)
{
	static const Pair pairs[] = {
	    {"[_remote_ip]|[wpcf7.remote_ip]", "127.0.0.1|127.0.0.1"},
	    {"[_url]", "http://www.example.test:18080/contact/?a=1&b=2"},
	    {"[_user_agent]", "Mozilla/5.0 <test>"},
	    {"[_date]", "November 22, 2026"},
	    {"[_time]", "2:23 am"},
	    {"[wpcf7.date]", "November 22, 2026"},
	    {"[_invalid_fields]", "0"},
	    {"[_serial_number]", "[_serial_number]"},
	    {"[_contact_form_title]", "Contact <us>"},
	    {"[_site_title]", "Tom & Jerry \"Café\""},
	    {"[_site_description]", "A <b>desc</b> & more"},
	    {"[_site_url]|[_site_domain]", "http://www.example.test:18080|example.test"},
	    {"[_site_admin_email]", "admin@example.test"},
	    {"[wpcf7.site_title]", "[wpcf7.site_title]"},
	    {"[_user_login]|[_user_whatever]", "|"},
	    {"[_post_id]|[_post_title]|[_post_foo]", "||"},
	    {"[_user_]|[_post_]|[_foo]|[_site_foo]", "[_user_]|[_post_]|[_foo]|[_site_foo]"},
	    {"[_stripe_payment_link]", "[_stripe_payment_link]"},
	};
	g_autoptr(Form) form = fixture_form("[text t]");
	g_autoptr(Submission) submission = fixture_submission(form, posted_new());
	g_autofree char *html =
	    replace_in_mode(form, submission, MAILTAG_HTML, "[_site_title] [_user_agent] [_url] [_contact_form_title]");

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
	g_assert_cmpstr(html, ==,
	    "Tom &amp; Jerry &quot;Café&quot; Mozilla/5.0 &lt;test&gt; http://www.example.test:18080/contact/?a=1&amp;b=2 "
	    "Contact &lt;us&gt;");
}

static void
test_without_submission(void)
{
	static const Pair pairs[] = {
	    {"[_site_title]|[_contact_form_title]", "Tom & Jerry \"Café\"|Contact <us>"},
	    {"[t]|[_raw_t]|[_remote_ip]|[_date]|[_user_x]|[_post_id]", "[t]|[_raw_t]|[_remote_ip]|[_date]|[_user_x]|[_post_id]"},
	};
	g_autoptr(Form) form = fixture_form("[text t]");

	check_pairs(form, NULL, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m08(void)
{
	g_autoptr(Form) form = fixture_form("[text s][text empty][acceptance acc optional]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("s", "S\nS2", NULL));
	MailTagContext context = {.form = form, .submission = submission, .mode = MAILTAG_TEXT, .is_exclude_blank = TRUE};
	g_autofree char *text = mailtag_replace(
	    "A: [s]\nB: [empty]\nC: [empty] [s]\nD: nothing\n\nE: [empty][_post_foo]\nF: [nope]\nG: [_user_login]\n"
	    "H: [_raw_f]\nI: [acc]\nJ: [[empty]]\nK: [empty][nope]\nL\n",
	    &context);
	g_autofree char *all_gone = mailtag_replace("[empty]", &context);
	g_autofree char *first_gone = mailtag_replace("[empty]\nx", &context);

	g_assert_cmpstr(text, ==, "A: S\nS2\nC:  S\nS2\nD: nothing\n\nF: [nope]\nI: Not consented\nJ: [empty]\nL\n");
	g_assert_cmpstr(all_gone, ==, "");
	g_assert_cmpstr(first_gone, ==, "x");
}

static void
test_m09b(void)
{
	g_autoptr(Form) form = fixture_form("[text s]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("s", "&amp; &lt; & < &bogus; &#65; &#x41; &#; &#x; '\" 9x9 --", NULL));
	g_autofree char *html = replace_in_mode(form, submission, MAILTAG_HTML, "<p>S: [s]</p>");

	g_assert_cmpstr(
	    html, ==, "<p>S: &amp; &lt; &amp; &lt; &amp;bogus; &#65; &#x41; &amp;#; &amp;#x; &#039;&quot; 9x9 --</p>");
}

static void
test_arrays(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n[]", "a", "n[x][]", "<b>", NULL));
	g_autofree char *line = replace_in_mode(form, submission, MAILTAG_LINE, "[n]");
	g_autofree char *text = replace_in_mode(form, submission, MAILTAG_TEXT, "[n]|[_raw_n]");
	g_autofree char *html = replace_in_mode(form, submission, MAILTAG_HTML, "[n]");

	g_assert_cmpstr(line, ==, "a, <b>");
	g_assert_cmpstr(text, ==, "a、<b>|a、<b>");
	g_assert_cmpstr(html, ==, "a、&lt;b&gt;");
}

static void
test_names(void)
{
	static const Pair pairs[] = {{"[your.name]|[your_name]|[_raw_your.name]", "v|v|v"}, {"[a:b]", "w"}, {"[extra]", "zz"}};
	g_autoptr(Form) form = fixture_form("[text your.name][text* a:b]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("your.name", "v", "a:b", "w", "extra", "zz", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_acceptance(void)
{
	FormSource *source =
	    fixture_source("[acceptance a]I <b>agree</b>[/acceptance][acceptance b optional \"B\"][acceptance c]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autofree char *line = NULL, *html = NULL;

	g_free(source->locale);
	source->locale = g_strdup("ja");
	form = fixture_compile(source);
	submission = fixture_submission(form, fixture_posted("a", "1", "b", "0", "c", "yes", NULL));
	line = replace_in_mode(form, submission, MAILTAG_LINE, "[a]|[_raw_a]|[b]|[c]");
	html = replace_in_mode(form, submission, MAILTAG_HTML, "[a]");
	g_assert_cmpstr(line, ==, "同意する: I agree|同意する: I agree|同意しない: B|同意する");
	g_assert_cmpstr(html, ==, "同意する: I <b>agree</b>");
}

static void
test_m14(void)
{
	static const Pair pairs[] = {{"X-M: [m]", "X-M: l1\r\n\r\nl2"}};
	g_autoptr(Form) form = fixture_form("[textarea m]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("m", "l1\r\n\r\nl2", NULL));

	/* The value's line breaks stay; who makes a header cuts them. */
	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m19(void)
{
	FormSource *source = fixture_source("[text n]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autofree char *message = NULL, *blank = NULL, *unsent = NULL;

	g_hash_table_insert(
	    source->messages, g_strdup("mail_sent_ok"), g_strdup("Thanks [n] <b>x</b> [_remote_ip] [nope]\n line2"));
	form = fixture_compile(source);
	submission = fixture_submission(form, fixture_posted("n", "<b>Bob</b> & <script>x</script>", NULL));
	message = mailtag_message(form, submission, "mail_sent_ok", 0);
	blank = mailtag_message(form, submission, "no_such_key", 0);
	unsent = mailtag_message(form, NULL, "mail_sent_ok", 0);
	g_assert_cmpstr(message, ==, "Thanks Bob &  x 127.0.0.1 [nope]\n line2");
	g_assert_cmpstr(blank, ==, "");
	g_assert_cmpstr(unsent, ==, "Thanks [n] x [_remote_ip] [nope]\n line2");
}

static void
test_values_are_not_replaced_again(void)
{
	static const Pair pairs[] = {{"[t]", "[_site_admin_email] [[x]] [t]"}};
	g_autoptr(Form) form = fixture_form("[text t]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("t", "[_site_admin_email] [[x]] [t]", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_ceiling(void)
{
	g_autoptr(Form) form = fixture_form("[text t]");
	g_autofree char *value = g_strnfill(200 * 1024, '&');
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("t", value, NULL));
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *replaced = NULL;

	for (guint i = 0; i < 1000; i++)
		g_string_append(text, "[t][t]\n");
	replaced = replace_in_mode(form, submission, MAILTAG_HTML, text->str);
	g_assert_cmpuint(strlen(replaced), ==, LIMIT_MAIL_TEXT_BYTES);
}

typedef struct {
	const char *format;
	const char *english;
	const char *japanese; /* NULL: the same */
} DateCase;

static void
test_date_letters(void)
{
	/* 2026-11-22 02:23:05.678901 UTC, a Sunday; 11:23 in Tokyo. */
	static const DateCase cases[] = {
	    {"d j D l N S w z", "22 22 Sun Sunday 7 nd 0 325", "22 22 日 日曜日 7 nd 0 325"},
	    {"W o", "47 2026", NULL},
	    {"F M m n t L", "November Nov 11 11 30 0", "11月 11月 11 11 30 0"},
	    {"Y y", "2026 26", NULL},
	    {"a A B g G h H i s u v", "am AM 141 11 11 11 11 23 05 678901 678", NULL},
	    {"e I O P T Z", "Asia/Tokyo 0 +0900 +09:00 JST 32400", NULL},
	    {"c", "2026-11-22T11:23:05+09:00", NULL},
	    {"r", "Sun, 22 Nov 2026 11:23:05 +0900", NULL},
	    {"U", "1795314185", NULL},
	    {"\\Y\\\\ \\年 Y年n月j日 q", "Y\\ 年 2026年11月22日 q", NULL},
	    {"Y\\", "2026\\", NULL},
	    {"", "", NULL},
	};
	gint64 time_us = FIXTURE_TIME_US + 5 * G_USEC_PER_SEC + 678901;

	for (guint language = 0; language < 2; language++) {
		g_autoptr(SiteFacts) site = fixture_site();
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		FormSource *source = fixture_source("[text t]");
		g_autoptr(Form) form = NULL;

		g_time_zone_unref(site->timezone);
		site->timezone = g_time_zone_new_identifier("Asia/Tokyo");
		g_assert_nonnull(site->timezone);
		g_free(source->locale);
		source->locale = g_strdup(language == 0 ? "en_US" : "ja");
		form = form_new(source, site, problems);
		g_assert_nonnull(form);
		for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
			const char *expected = language == 1 && cases[i].japanese != NULL ? cases[i].japanese : cases[i].english;
			g_autofree char *text = mailtag_date(cases[i].format, time_us, form);

			g_assert_cmpstr(text, ==, expected);
		}
	}
}

static void
test_date_edges(void)
{
	static const struct {
		gint64 time_us;
		const char *format;
		const char *text;
	} cases[] = {
	    {0, "Y-m-d H:i:s", "1970-01-01 00:00:00"},
	    {-1, "Y-m-d H:i:s.u", "1969-12-31 23:59:59.999999"},
	    {G_GINT64_CONSTANT(951782400) * G_USEC_PER_SEC, "Y-m-d z t L jS", "2000-02-29 59 29 1 29th"},
	    {G_GINT64_CONSTANT(1609459200) * G_USEC_PER_SEC, "o-W N g a", "2020-53 5 12 am"},
	    {G_GINT64_CONSTANT(1609502400) * G_USEC_PER_SEC, "g a B", "12 pm 541"},
	    {G_GINT64_CONSTANT(-3601) * G_USEC_PER_SEC, "B", "999"},
	    {G_MAXINT64, "Y", ""},
	    {G_MININT64, "Y", ""},
	};
	g_autoptr(Form) form = fixture_form("[text t]");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = mailtag_date(cases[i].format, cases[i].time_us, form);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
	for (int day = 1; day <= 31; day++) {
		static const char *const suffixes[] = {"st", "nd", "rd", "th", "th", "th", "th", "th", "th", "th", "th", "th",
		    "th", "th", "th", "th", "th", "th", "th", "th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th", "th",
		    "st"};
		gint64 time_us = (G_GINT64_CONSTANT(1767225600) + (day - 1) * 86400) * G_USEC_PER_SEC;
		g_autofree char *text = mailtag_date("S", time_us, form);

		g_assert_cmpstr(text, ==, suffixes[day - 1]);
	}
}

static void
test_unknown_words(void)
{
	g_autoptr(Form) form = fixture_form("[text your.name][acceptance a]");
	g_autoptr(GPtrArray) words = mailtag_unknown_words(
	    "[your.name] [your_name] [_format_your.name \"Y\"] [your-name] [[x]] [a]\n[your-name] [_raw_a]\n"
	    "[_raw_b] [_date] [_user_x] [_post_title] [_post_x] [wpcf7.date] [_serial_number] [c d]",
	    form);
	g_autofree char *joined = NULL;

	g_ptr_array_add(words, NULL);
	joined = g_strjoinv(",", (char **)words->pdata);
	g_assert_cmpstr(joined, ==, "your-name,_raw_b,_post_x,_serial_number");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/mailtag/dates as PHP has them", test_php_dates);
	g_test_add_func("/mailtag/M02 formatted dates", test_m02);
	g_test_add_func("/mailtag/M03 M04 brackets, raw, literal", test_m03_m04);
	g_test_add_func("/mailtag/M05 M07 special mail-tags", test_m05_m07);
	g_test_add_func("/mailtag/without a submission only site and form speak", test_without_submission);
	g_test_add_func("/mailtag/M08 exclude_blank", test_m08);
	g_test_add_func("/mailtag/M09b HTML without typography", test_m09b);
	g_test_add_func("/mailtag/V10 V36 arrays and their separators", test_arrays);
	g_test_add_func("/mailtag/V34 V35 V11 names", test_names);
	g_test_add_func("/mailtag/A06 acceptance in Japanese", test_acceptance);
	g_test_add_func("/mailtag/M14 line breaks of a value stay", test_m14);
	g_test_add_func("/mailtag/M19 messages", test_m19);
	g_test_add_func("/mailtag/a value is never replaced again", test_values_are_not_replaced_again);
	g_test_add_func("/mailtag/ends at its ceiling", test_ceiling);
	g_test_add_func("/mailtag/PHP's date letters in two languages", test_date_letters);
	g_test_add_func("/mailtag/dates at their edges", test_date_edges);
	g_test_add_func("/mailtag/unknown words", test_unknown_words);
	return g_test_run();
}
