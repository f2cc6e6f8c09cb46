/*
 * Letters: what of form and submission reaches which header, and which body. The site is the one of contract 13.5 (zone UTC, admin
 * admin@example.test), the submission is Taro's.
 */
#include "sekisho/relay/letter.h"

#include <string.h>

#include "fixture.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/finding.h"

#define FIELDS "[text your-name][text your-email][text your-subject][textarea your-message]"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static FormSource *
source_new(void)
{
	FormSource *source = fixture_source(FIELDS);

	set(&source->mail[0].body, "From: [your-name] [your-email]\n\n[your-message]\n-- \n[_site_title]\n");
	return source;
}

static Submission *
taro(const Form *form)
{
	return fixture_submission(form, fixture_posted("your-name", "Taro", "your-email", "taro@visitor.test", "your-subject",
					    "Hello", "your-message", "line 1\r\nline 2", NULL));
}

/* The notice for what replies_plan says. */
static Letter *
letter_of(const Form *form, const Submission *submission)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	Letter *letter = letter_new(form, submission, MAIL_NOTICE, 0, planned, &error);

	g_assert_no_error(error);
	return letter;
}

static Letter *
letter_with(FormSource *source, Posted *posted)
{
	g_autoptr(Form) form = fixture_compile(source);
	g_autoptr(Submission) submission = posted == NULL ? taro(form) : fixture_submission(form, posted);

	return letter_of(form, submission);
}

static char *
mailboxes_text(const GPtrArray *mailboxes)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		g_string_append_printf(text, "%s%s <%s>", i > 0 ? ", " : "", mailbox->name, mailbox->address);
	}
	return g_string_free(text, FALSE);
}

static void
assert_mailboxes(const GPtrArray *mailboxes, const char *expected)
{
	g_autofree char *text = mailboxes_text(mailboxes);

	g_assert_cmpstr(text, ==, expected);
}

static void
test_a_notice(void)
{
	g_autoptr(Letter) letter = letter_with(source_new(), NULL);

	g_assert_cmpstr(letter->message_id, ==, "0123456789AB.notice.0@example.test");
	g_assert_cmpint(letter->date_us, ==, FIXTURE_TIME_US);
	g_assert_cmpstr(letter->envelope_sender, ==, "noreply@example.test");
	g_assert_cmpstr(letter->from->address, ==, "noreply@example.test");
	g_assert_cmpstr(letter->from->name, ==, "Tom & Jerry Caf\303\251");
	g_assert_cmpstr(letter->subject, ==, "Tom & Jerry \"Caf\303\251\" \"Hello\"");
	assert_mailboxes(letter->to, " <admin@example.test>");
	assert_mailboxes(letter->reply_to, " <taro@visitor.test>");
	g_assert_true(g_str_has_prefix(letter->text, "From: Taro taro@visitor.test\n\nline 1\nline 2\n-- \nTom & Jerry"));
	g_assert_null(letter->html);
	g_assert_cmpuint(letter->recipients->len, ==, 0);
}

static void
test_message_id_is_a_function(void)
{
	g_autoptr(Form) form = fixture_compile(source_new());
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	g_autoptr(Letter) first = letter_new(form, submission, MAIL_NOTICE, 0, planned, NULL);
	g_autoptr(Letter) again = letter_new(form, submission, MAIL_NOTICE, 0, planned, NULL);
	g_autoptr(Letter) ordered = letter_new(form, submission, MAIL_NOTICE, 1, planned, NULL);

	g_assert_cmpstr(first->message_id, ==, again->message_id);
	g_assert_cmpstr(first->message_id, !=, ordered->message_id);
}

/* Contract 13.5 M12, M18: the sender's name may hold fields, its address is the configured one whatever is typed. */
static void
test_senders(void)
{
	static const struct {
		const char *sender, *headers, *name, *from_name, *from_address;
	} cases[] = {
	    {"[your-name] <form@example.test>", "", "Taro \"T\", X", "Taro T, X", "form@example.test"},
	    {"[your-name] <form@example.test>", "", "Evil\r\nBcc: x@y.test", "Evil", "form@example.test"},
	    {"[your-name] <form@example.test>", "", "a@b.test>, <c@d.test", "a@b.test>, <c@d.test", "form@example.test"},
	    {"", "", "Taro", "Example", "noreply@example.test"},
	    {"bare@example.test", "", "Taro", "Tom & Jerry Café", "bare@example.test"},
	    {"", "From: Other <other@example.test>", "Taro", "Other", "other@example.test"},
	    {"Desk <[_site_admin_email]>", "", "Taro", "Desk", "admin@example.test"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = source_new();
		set(&source->mail[0].sender, cases[i].sender);
		set(&source->mail[0].additional_headers, cases[i].headers);
		g_autoptr(Letter) letter = letter_with(source, fixture_posted("your-name", cases[i].name, NULL));
		g_assert_cmpstr(letter->from->name, ==, cases[i].from_name);
		g_assert_cmpstr(letter->from->address, ==, cases[i].from_address);
		g_assert_cmpstr(letter->envelope_sender, ==, "noreply@example.test");
	}
}

/* Contract 13.5 M13, M15; the comma in a name is the deviation of 12.x. */
static void
test_reply_to(void)
{
	static const struct {
		const char *headers, *name, *email, *reply_to;
	} cases[] = {
	    {"Reply-To: [your-name] <[your-email]>", "Taro \"T\", X", "taro@v.test", "Taro T, X <taro@v.test>"},
	    {"Reply-To: [your-name] <[your-email]>", "Evil\nBcc: x@y.test", "taro@v.test", ""},
	    {"Reply-To: [your-email], desk@example.test", "", "a@b.test\r\nBcc: x@y.test", " <a@b.test>"},
	    {"Reply-To: desk@example.test, [your-email]", "", "no address", " <desk@example.test>"},
	    {"Reply-To: [your-email]", "", "\"quoted local\"@v.test", ""},
	    {"Reply-To: [your-email]", "", "\346\227\245\346\234\254@v.test", ""},
	    {"Reply-To: a@b.test\nReply-To: [your-email]", "", "taro@v.test", " <a@b.test>,  <taro@v.test>"},
	    {"reply-to:[your-email]", "", "taro@v.test", " <taro@v.test>"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = source_new();
		set(&source->mail[0].additional_headers, cases[i].headers);
		g_autoptr(Letter) letter =
		    letter_with(source, fixture_posted("your-name", cases[i].name, "your-email", cases[i].email, NULL));
		assert_mailboxes(letter->reply_to, cases[i].reply_to);
	}
}

/* Contract 13.5 M14. */
static void
test_further_headers(void)
{
	FormSource *source = source_new();
	set(&source->mail[0].additional_headers,
	    "X-M: [your-message]\nBadline\nCc:\nX-A: 1\nx-a: 2\nX-Empty: [your-name]\nX-T: \t a b ");
	g_autoptr(Letter) letter = letter_with(source, fixture_posted("your-message", "l1\r\n\r\nl2", NULL));

	g_assert_cmpuint(letter->headers->len, ==, 4);
	g_assert_cmpstr(letter->headers->pdata[0], ==, "X-M: l1");
	g_assert_cmpstr(letter->headers->pdata[1], ==, "x-a: 2");
	g_assert_cmpstr(letter->headers->pdata[2], ==, "X-Empty: ");
	g_assert_cmpstr(letter->headers->pdata[3], ==, "X-T: a b");
	g_assert_cmpuint(letter->cc->len, ==, 0);
}

static void
test_to_and_cc_show_only_whom_we_mail(void)
{
	FormSource *source = source_new();
	set(&source->mail[0].recipient, "Owner <a@example.test>, [your-email]");
	set(&source->mail[0].additional_headers, "Cc: c@example.test\nBcc: d@example.test");
	g_autoptr(Letter) letter = letter_with(source, NULL);

	assert_mailboxes(letter->to, "Owner <a@example.test>");
	assert_mailboxes(letter->cc, " <c@example.test>");
}

static void
test_a_preview_shows_refused_recipients(void)
{
	FormSource *source = source_new();
	set(&source->mail[1].recipient, "[your-email]");
	set(&source->mail[1].body, "Thanks [your-name]");
	source->mail[1].is_active = TRUE;
	g_autoptr(Form) form = fixture_compile(source);
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	g_autoptr(Letter) letter = letter_new(form, submission, MAIL_REPLY, 0, planned, NULL);

	assert_mailboxes(letter->to, " <taro@visitor.test>");
	g_assert_cmpstr(letter->text, ==, "Thanks Taro");
	g_assert_cmpstr(letter->message_id, ==, "0123456789AB.reply.0@example.test");
}

static void
test_the_subject_is_one_line(void)
{
	FormSource *source = source_new();
	g_autofree char *big = g_strnfill(LIMIT_MAIL_HEADER_BYTES + 1, 'x');
	GString *japanese = g_string_new(NULL);
	set(&source->mail[0].subject, " [your-subject] ");
	g_autoptr(Letter) glued = letter_with(source, fixture_posted("your-subject", "a\r\nBcc: b\n c", NULL));
	g_assert_cmpstr(glued->subject, ==, "aBcc: b c");

	source = source_new();
	set(&source->mail[0].subject, "[your-subject]");
	g_autoptr(Letter) cut = letter_with(source, fixture_posted("your-subject", big, NULL));
	g_assert_cmpuint(strlen(cut->subject), ==, LIMIT_MAIL_HEADER_BYTES);

	/* What a textarea takes by itself (contract 0.3, 5.9.7). */
	source = source_new();
	set(&source->mail[0].subject, "[your-subject]");
	for (guint i = 0; i < 2000; i++)
		g_string_append(japanese, "語");
	g_autofree char *longest = g_string_free(japanese, FALSE);
	g_autoptr(Letter) whole = letter_with(source, fixture_posted("your-subject", longest, NULL));
	g_assert_true(g_str_equal(whole->subject, longest));
}

/* A form whose site wants the facts and lies in Japan; the caller keeps `site` until the form is gone. */
static Form *
form_in_japan(FormSource *source, SiteFacts **site)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

	*site = fixture_site();
	(*site)->is_facts_on = TRUE;
	g_time_zone_unref((*site)->timezone);
	(*site)->timezone = g_time_zone_new_offset(9 * 3600);
	Form *form = form_new(source, *site, problems);
	g_assert_nonnull(form);
	return form;
}

static void
test_facts(void)
{
	g_autoptr(SiteFacts) site = NULL;
	g_autoptr(Form) form = form_in_japan(source_new(), &site);
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(Letter) letter = letter_of(form, submission);

	g_assert_cmpint(letter->date_offset_s, ==, 9 * 3600);
	const char *facts = strstr(letter->text, "\n\n---- About this submission ----\n");
	g_assert_nonnull(facts);
	g_assert_cmpstr(facts, ==,
	    "\n\n---- About this submission ----\n"
	    "Sender's network address: 127.0.0.1:54321\n"
	    "Received: 2026-11-22 11:23:00 +09:00\n"
	    "Form: Contact <us>\n"
	    "Page: http://www.example.test:18080/contact/?a=1&b=2\n"
	    "Receipt number: 0123456789AB\n"
	    "It has not been confirmed that the sender's e-mail address belongs to the person who wrote this.\n");
}

static void
test_facts_are_in_the_forms_language(void)
{
	g_autoptr(SiteFacts) site = NULL;
	FormSource *source = source_new();
	set(&source->locale, "ja");
	g_autoptr(Form) form = form_in_japan(source, &site);
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(Letter) letter = letter_of(form, submission);

	g_assert_nonnull(strstr(letter->text, "\n受付番号: 0123456789AB\n"));
	g_assert_nonnull(strstr(letter->text, "\n受付日時: 2026-11-22 11:23:00 +09:00\n"));
}

/* What the visitor read when it came in is not the same for one that was held and one that was refused, and whoever answers it should know. */
static void
test_facts_of_a_released_one(void)
{
	static const char held[] = "\nThis message was held back for a while before it was sent.\n";
	static const char refused[] = "\nThis message was refused at first, and its sender read that it had not been sent.";
	static const struct {
		FindingAction action;
		const char *said, *unsaid;
	} rows[] = {{FINDING_HOLD, held, refused}, {FINDING_REJECT, refused, held}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SiteFacts) site = NULL;
		g_autoptr(Form) form = form_in_japan(source_new(), &site);
		g_autoptr(Submission) submission = taro(form);
		GPtrArray *findings = findings_new();
		const FindingHead head = {CHECK_LISTS, CHECK_ON, rows[i].action, 0, "entry"};
		finding_add(findings, &head, "An entry fits it.");
		g_autoptr(Verdict) verdict = verdict_new(findings, 5);
		submission->evidence = verdict_to_text(verdict);
		g_autoptr(Letter) unreleased = letter_of(form, submission);
		g_assert_null(strstr(unreleased->text, rows[i].said));
		submission->is_released = TRUE;
		g_autoptr(Letter) letter = letter_of(form, submission);
		g_assert_nonnull(strstr(letter->text, rows[i].said));
		g_assert_null(strstr(letter->text, rows[i].unsaid));
	}
}

static void
test_without_facts_the_text_is_the_templates(void)
{
	g_autoptr(SiteFacts) site = NULL;
	FormSource *source = source_new();
	set(&source->mail[0].body, "[your-message]");
	g_autoptr(Form) form = form_in_japan(source, &site);
	site->is_facts_on = FALSE;
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(Letter) letter = letter_of(form, submission);

	g_assert_cmpstr(letter->text, ==, "line 1\nline 2");
}

static void
test_html(void)
{
	g_autoptr(SiteFacts) site = NULL;
	FormSource *source = source_new();
	source->mail[0].is_html = TRUE;
	set(&source->locale, "ja_JP");
	set(&source->mail[0].body, "<b>[your-name]</b>\nfrom <[your-email]>\n[your-message]");
	g_autoptr(Form) form = form_in_japan(source, &site);
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("your-name", "A & <script>x</script>", "your-email", "taro@v.test",
					 "your-message", "1 < 2\n</body></html>", NULL));
	g_autoptr(Letter) letter = letter_of(form, submission);

	g_assert_true(g_str_has_prefix(letter->html, "<!doctype html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" dir=\"ltr\" "
						     "lang=\"ja-JP\">\n<head>\n<title>Tom &amp; "));
	g_assert_nonnull(strstr(
	    letter->html, "<body>\n<p><b>A &amp; &lt;script&gt;x&lt;/script&gt;</b><br />\nfrom &lt;taro@v.test&gt;<br />\n"));
	g_assert_nonnull(strstr(letter->html, "<hr>\n<p>---- "));
	g_assert_nonnull(strstr(letter->html, "フォーム: Contact &lt;us&gt;<br>"));
	g_assert_true(g_str_has_suffix(letter->html, "</p>\n\n</body>\n</html>\n"));
	g_assert_true(
	    g_str_has_prefix(letter->text, "A & <script>x</script>\nfrom <taro@v.test>\n1 < 2\n</body></html>\n\n---- "));
}

static void
test_an_html_document_stays_whole(void)
{
	g_autoptr(SiteFacts) site = NULL;
	FormSource *source = source_new();
	source->mail[0].is_html = TRUE;
	set(&source->mail[0].body,
	    "<HTML lang=\"en\"><head><title>t</title><style>p{}</style></head>\n<body><p>[your-name]</p>\n</BODY></html>\n");
	g_autoptr(Form) form = form_in_japan(source, &site);
	g_autoptr(Submission) submission = taro(form);
	g_autoptr(Letter) letter = letter_of(form, submission);

	g_assert_true(g_str_has_prefix(
	    letter->html, "<HTML lang=\"en\"><head><title>t</title><style>p{}</style></head>\n<body><p>Taro</p>\n"));
	g_assert_true(g_str_has_suffix(letter->html, "</p>\n</BODY></html>\n"));
	g_assert_nonnull(strstr(letter->html, "<hr>"));
	g_assert_true(g_str_has_prefix(letter->text, "Taro\n\n---- "));
}

static void
test_a_foreign_receipt_is_refused(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Form) form = fixture_compile(source_new());
	g_autoptr(Submission) submission = submission_new(form, "x\r\nBcc: y", posted_new(), NULL, client_facts_new());
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);

	g_assert_null(letter_new(form, submission, MAIL_NOTICE, 0, planned, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/letter/a notice", test_a_notice);
	g_test_add_func("/letter/Message-ID is a function of receipt, kind and generation", test_message_id_is_a_function);
	g_test_add_func("/letter/M12 M18 the sender's address is ours whatever is typed", test_senders);
	g_test_add_func("/letter/M13 M15 Reply-To", test_reply_to);
	g_test_add_func("/letter/M14 further headers end at the first line break", test_further_headers);
	g_test_add_func("/letter/To and Cc show only whom we mail", test_to_and_cc_show_only_whom_we_mail);
	g_test_add_func("/letter/a preview shows refused recipients", test_a_preview_shows_refused_recipients);
	g_test_add_func("/letter/the subject is one line", test_the_subject_is_one_line);
	g_test_add_func("/letter/facts end a notice", test_facts);
	g_test_add_func("/letter/facts are in the form's language", test_facts_are_in_the_forms_language);
	g_test_add_func("/letter/facts say what a released one was before", test_facts_of_a_released_one);
	g_test_add_func("/letter/without facts the text is exactly the template's", test_without_facts_the_text_is_the_templates);
	g_test_add_func("/letter/M10 M11 HTML is framed and has a plain alternative", test_html);
	g_test_add_func("/letter/M11 an HTML document stays whole", test_an_html_document_stays_whole);
	g_test_add_func("/letter/a foreign receipt is refused", test_a_foreign_receipt_is_refused);
	return g_test_run();
}
