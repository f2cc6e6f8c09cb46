/*
 * Mail-tags by the vectors of contract 13.5 and A06, each as /contract/ID. The edges around them are test_mailtag.c's.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/form/import.h"
#include "sekisho/form/mailtag.h"

typedef struct {
	const char *template_text;
	const char *result;
} Pair;

static char *
replace(const Form *form, const Submission *submission, MailTagMode mode, const char *text)
{
	MailTagContext context = {.form = form, .submission = submission, .mode = mode};

	return mailtag_replace(text, &context);
}

static void
check_pairs(const Form *form, const Submission *submission, const Pair *pairs, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *text = fixture_replace(form, submission, pairs[i].template_text);

		g_test_message("%s", pairs[i].template_text);
		g_assert_cmpstr(text, ==, pairs[i].result);
	}
}

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

/* A form of the site of contract 13.5 in a page that the site's table knows. */
static Form *
form_with_posts(const char *template_text)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	SitePost *post = site_post_new();

	post->id = 2;
	set(&post->name, "sample-page");
	set(&post->title, "Sample Page");
	set(&post->url, "http://example.test:18080/sample-page/");
	set(&post->author, "admin");
	set(&post->author_address, "admin@example.test");
	site->posts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)site_post_free);
	g_hash_table_insert(site->posts, g_memdup2(&post->id, sizeof post->id), post);
	return form_new(fixture_source(template_text), site, problems);
}

static Submission *
submission_from_post(const Form *form, guint64 post_id)
{
	Submission *submission = fixture_submission(form, posted_new());

	((ClientFacts *)submission->client)->container_post = post_id;
	return submission;
}

static void
test_m01(void)
{
	static const Pair pairs[] = {
	    {"[cb]", "alpha, C &amp; D"},
	    {"[_raw_cb]", "A, C & D"},
	    {"[sel]", "#f00"},
	    {"[_raw_sel]", "red"},
	    {"[acc]", "Consented: I agree strongly"},
	    {"[q]", "２"},
	    {"[f]", "re-port.pdf"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = NULL;
	GPtrArray *files = fixture_files_rb();

	set(&((SubmissionFile *)files->pdata[0])->name, "re-port.pdf");
	submission = fixture_submission_with(form, fixture_rb(NULL, NULL), files);
	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m02(void)
{
	static const Pair pairs[] = {
	    {"[_format_d \"D, d M y\"]", "Fri, 01 May 26"},
	    {"[_format_d \"Y年n月j日\"]", "2026年5月1日"},
	    {"[_format_d]", "2026-05-01"},
	    {"[_format_t \"Y\"]", "hello"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb(NULL, NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m03(void)
{
	static const Pair pairs[] = {
	    {"[nope]", "[nope]"},
	    {"[[t]]", "[t]"},
	    {"[ t ]", "hello"},
	    {"[t \"x\"]", "hello"},
	    {"[t x]", "[t x]"},
	    {"[T]", "[T]"},
	    {"[t.]", "[t.]"},
	    {"[t\n]", "[t\n]"},
	    {"[[t]", "hello"},
	    {"[t]]", "hello"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb(NULL, NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m04(void)
{
	static const Pair pairs[] = {
	    {"<[_raw_foo]>", "<>"},
	    {"[_raw__wpcf7_unit_tag]", "wpcf7-f4-p2-o1"},
	    {"[_wpcf7]", "[_wpcf7]"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_rb("_wpcf7_unit_tag", "wpcf7-f4-p2-o1", "_wpcf7", "4", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m05(void)
{
	static const Pair pairs[] = {
	    {"[_remote_ip]", "127.0.0.1"},
	    {"[_url]", "http://www.example.test:18080/contact/?a=1&b=2"},
	    {"[_date]", "November 22, 2026"},
	    {"[_time]", "2:23 am"},
	    {"[_invalid_fields]", "0"},
	    {"[_serial_number]", "[_serial_number]"},
	    {"[wpcf7.remote_ip]", "127.0.0.1"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb(NULL, NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_m06(void)
{
	static const Pair known[] = {
	    {"[_post_id]|[_post_name]|[_post_title]|[_post_url]|[_post_author]|[_post_author_email]",
		"2|sample-page|Sample Page|http://example.test:18080/sample-page/|admin|admin@example.test"},
	    {"[_post_foo]", "[_post_foo]"},
	};
	static const Pair unknown[] = {{"[_post_id]|[_post_title]|[_post_author_email]|[_post_foo]", "|||"}};
	g_autoptr(Form) form = form_with_posts("[text t]");
	g_autoptr(Submission) submission = submission_from_post(form, 2);
	g_autoptr(Submission) elsewhere = submission_from_post(form, 0);

	check_pairs(form, submission, known, G_N_ELEMENTS(known));
	check_pairs(form, elsewhere, unknown, G_N_ELEMENTS(unknown));
}

static void
test_m07(void)
{
	static const Pair pairs[] = {
	    {"[_site_title]", "Tom & Jerry \"Café\""},
	    {"[_site_domain]", "example.test"},
	    {"<[_user_login]>", "<>"},
	    {"[_foo]", "[_foo]"},
	};
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb(NULL, NULL));
	g_autofree char *html = replace(form, submission, MAILTAG_HTML, "[_site_title]");

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
	g_assert_cmpstr(html, ==, "Tom &amp; Jerry &quot;Café&quot;");
}

static void
test_m08(void)
{
	g_autoptr(Form) form = fixture_form("[text s][text empty][file f][acceptance acc optional]ok[/acceptance]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("s", "S", "empty", "", "acc", "1", NULL));
	MailTagContext context = {.form = form, .submission = submission, .mode = MAILTAG_TEXT, .is_exclude_blank = TRUE};
	g_autofree char *text =
	    mailtag_replace("A: [s]\nB: [empty]\nC: [empty] [s]\nD: nothing\n\nE: [empty][_post_foo]\nF: [nope]\n"
			    "G: [_user_login]\nH: [f]\nI: [acc]\nJ: [[empty]]",
		&context);

	g_assert_cmpstr(text, ==, "A: S\nC:  S\nD: nothing\n\nF: [nope]\nI: Consented: ok\nJ: [empty]");
}

static void
test_m09b(void)
{
	g_autoptr(Form) form = fixture_form("[text s]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("s", "&amp; &lt; & < &bogus; &#65; 9x9", NULL));
	g_autofree char *html = replace(form, submission, MAILTAG_HTML, "[s]");

	/* The deviation of contract 12.x: no typography, which would write &#065; and 9&#215;9. */
	g_assert_cmpstr(html, ==, "&amp; &lt; &amp; &lt; &amp;bogus; &#65; 9x9");
}

/* A form with that template and one message of its own. */
static Form *
form_with_message(const char *template_text, const char *key, const char *message)
{
	FormSource *source = fixture_source(template_text);

	g_hash_table_insert(source->messages, g_strdup(key), g_strdup(message));
	return fixture_compile(source);
}

static void
test_m19(void)
{
	g_autoptr(Form) form = form_with_message("[text n]", "mail_sent_ok", "Thanks [n] <b>x</b> [_remote_ip] [nope]\n line2");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", "<b>Bob</b> & <script>x</script>", NULL));
	g_autofree char *message = mailtag_message(form, submission, "mail_sent_ok", 0);

	g_assert_cmpstr(message, ==, "Thanks Bob &  x 127.0.0.1 [nope]\n line2");
}

static void
test_m20(void)
{
	g_autoptr(Form) form = form_with_message("[text z]", "invalid_email", "No [z] \"<i>q</i>\"");
	g_autoptr(Form) counting = form_with_message("[text z]", "validation_error", "VE [_invalid_fields] [z]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("z", "ZZ", NULL));
	g_autofree char *answer = mailtag_message(form, submission, "invalid_email", 0);
	g_autofree char *schema = mailtag_message(form, NULL, "invalid_email", 0);
	g_autoptr(Form) naming = form_with_message("[text z]", "spam", "by [_post_id] of [_site_domain]");
	g_autofree char *of_site = mailtag_message(naming, NULL, "spam", 0);
	g_autofree char *counted = mailtag_message(counting, submission, "validation_error", 2);

	g_assert_cmpstr(answer, ==, "No ZZ \"q\"");
	g_assert_cmpstr(schema, ==, "No [z] \"q\"");
	g_assert_cmpstr(of_site, ==, "by [_post_id] of example.test");
	g_assert_cmpstr(counted, ==, "VE 2 ZZ");
}

static void
test_m21(void)
{
	static const Pair pairs[] = {{"[_post_title]|[_post_author_email]", "|"}};
	g_autoptr(Form) form = form_with_posts("[text t]");
	g_autoptr(Submission) submission = submission_from_post(form, 3);

	/* The deviation of contract 12.x: post 3 may be a draft, so it is not in the table. */
	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

static void
test_a06(void)
{
	static const Pair pairs[] = {{"[a]|[b]|[c]", "Consented: ok|Not consented: inv|Not consented"}};
	FormSource *source =
	    fixture_source("[text n][acceptance a]ok[/acceptance][acceptance b invert \"inv\"][acceptance c optional]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autofree char *invalid = NULL;

	set(&source->additional_settings, "acceptance_as_validation: on");
	form = fixture_compile(source);
	submission = fixture_submission(form, fixture_posted("a", "1", NULL));
	invalid = fixture_invalid(form, submission);
	g_assert_cmpstr(invalid, ==, "");
	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

/* Names of several files are joined by the site's separator in every part; files that were not kept do not count. */
static void
test_files(void)
{
	g_autoptr(Form) form = fixture_form("[file f][file g]");
	g_autoptr(Submission) submission = NULL;
	GPtrArray *files = submission_files_new();
	SubmissionFile *large = fixture_file("g", "large.pdf", 1);
	g_autofree char *line = NULL, *html = NULL;

	large->state = FILE_TOO_LARGE;
	g_ptr_array_add(files, fixture_file("f", "a.pdf", 1));
	g_ptr_array_add(files, large);
	g_ptr_array_add(files, fixture_file("f", "見積.pdf", 1));
	submission = fixture_submission_with(form, posted_new(), files);
	line = replace(form, submission, MAILTAG_LINE, "[f]|[_raw_f]|[g]");
	html = replace(form, submission, MAILTAG_HTML, "[f]");
	g_assert_cmpstr(line, ==, "a.pdf、見積.pdf|a.pdf、見積.pdf|");
	g_assert_cmpstr(html, ==, "a.pdf、見積.pdf");
}

/* Contract 6.2 step 4: in a body the separator is the language's, unless the site sets one; elsewhere it is ", ". */
static void
test_separators(void)
{
	static const struct {
		const char *locale;
		const char *of_site;
		const char *expected;
	} rows[] = {{"en_US", "", "a, b"}, {"ja", "", "a、b"}, {"ja", " / ", "a / b"}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SiteFacts) site = fixture_site();
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		FormSource *source = fixture_source("[text n]");
		g_autoptr(Form) form = NULL;
		g_autoptr(Submission) submission = NULL;
		g_autofree char *line = NULL, *text = NULL, *html = NULL;

		set(&site->list_separator, rows[i].of_site);
		set(&source->locale, rows[i].locale);
		form = form_new(source, site, problems);
		submission = fixture_submission(form, fixture_posted("n[]", "a", "n[]", "b", NULL));
		line = replace(form, submission, MAILTAG_LINE, "[n]");
		text = replace(form, submission, MAILTAG_TEXT, "[n]");
		html = replace(form, submission, MAILTAG_HTML, "[n]");
		g_assert_cmpstr(line, ==, "a, b");
		g_assert_cmpstr(text, ==, rows[i].expected);
		g_assert_cmpstr(html, ==, rows[i].expected);
	}
}

/* What PHP's date_create makes of numbers that are no day of the calendar, and what it refuses. */
static void
test_odd_days(void)
{
	static const Pair rows[] = {
	    {"2026-02-30", "Mon, 02 Mar 26"},
	    {"2026-00-10", "Wed, 10 Dec 25"},
	    {"2026-01-00", "Wed, 31 Dec 25"},
	    {"2026-00-00", "Sun, 30 Nov 25"},
	    {"2026-13-01", "2026-13-01"},
	    {"2026-02-32", "2026-02-32"},
	};
	g_autoptr(Form) form = fixture_form("[text d]");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("d", rows[i].template_text, NULL));
		const Pair pair = {"[_format_d \"D, d M y\"]", rows[i].result};

		check_pairs(form, submission, &pair, 1);
	}
}

/* A count before the acceptance of the same name does not hide it (contract 6.2 step 5). */
static void
test_type_of_first_tag_with_value(void)
{
	static const Pair pairs[] = {{"[a]", "Consented: ok"}};
	g_autoptr(Form) form = fixture_form("[count a][acceptance a]ok[/acceptance]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("a", "1", NULL));

	check_pairs(form, submission, pairs, G_N_ELEMENTS(pairs));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/contract/M01", test_m01);
	g_test_add_func("/contract/M02", test_m02);
	g_test_add_func("/contract/M03", test_m03);
	g_test_add_func("/contract/M04", test_m04);
	g_test_add_func("/contract/M05", test_m05);
	g_test_add_func("/contract/M06", test_m06);
	g_test_add_func("/contract/M07", test_m07);
	g_test_add_func("/contract/M08", test_m08);
	g_test_add_func("/contract/M09b", test_m09b);
	g_test_add_func("/contract/M19", test_m19);
	g_test_add_func("/contract/M20", test_m20);
	g_test_add_func("/contract/M21", test_m21);
	g_test_add_func("/contract/A06", test_a06);
	g_test_add_func("/mailtag_vectors/names of files", test_files);
	g_test_add_func("/mailtag_vectors/separators", test_separators);
	g_test_add_func("/mailtag_vectors/days that are none", test_odd_days);
	g_test_add_func("/mailtag_vectors/the first tag with a value decides", test_type_of_first_tag_with_value);
	return g_test_run();
}
