/*
 * Forms: what compiles, what is refused and with which sentence, messages, settings.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/form/rules.h"

static const char TEMPLATE[] = "[text your-name][email your-email]\n[submit]";

/* The problems of a form with one thing changed. */
typedef struct {
	const char *
	    what; /* "template", "sender", "recipient", "headers", "attachments", "settings", "subject", or with "2 " of an active mail_2 */
	const char *text;
	const char *problems[8]; /* pieces that the problems must hold; none: the form is good */
} Case;

static void
change(FormSource *source, const Case *change)
{
	MailTemplate *mail = &source->mail[0];
	const char *what = change->what;
	char **place = NULL;

	if (g_str_has_prefix(what, "2 ")) {
		mail = &source->mail[1];
		mail->is_active = TRUE;
		what += 2;
	}
	if (g_str_equal(what, "template"))
		place = &source->template_text;
	else if (g_str_equal(what, "settings"))
		place = &source->additional_settings;
	else if (g_str_equal(what, "sender"))
		place = &mail->sender;
	else if (g_str_equal(what, "recipient"))
		place = &mail->recipient;
	else if (g_str_equal(what, "headers"))
		place = &mail->additional_headers;
	else if (g_str_equal(what, "attachments"))
		place = &mail->attachments;
	else if (g_str_equal(what, "subject"))
		place = &mail->subject;
	g_assert_nonnull(place);
	g_free(*place);
	*place = g_strdup(change->text);
}

static void
check_cases(const Case *cases, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		FormSource *source = fixture_source(TEMPLATE);
		g_autofree char *problems = NULL;

		change(source, &cases[i]);
		problems = fixture_problems(source);
		g_test_message("%s: %s -> %s", cases[i].what, cases[i].text, problems);
		if (cases[i].problems[0] == NULL)
			g_assert_cmpstr(problems, ==, "");
		for (guint k = 0; cases[i].problems[k] != NULL; k++)
			g_assert_nonnull(strstr(problems, cases[i].problems[k]));
	}
}

static void
test_templates(void)
{
	static const Case cases[] = {
	    {"template",
		"[text* a][email* b][url c][url* d][tel e][tel* f][textarea g][textarea* h][hidden i \"v\"][acceptance "
		"j]x[/acceptance]"
		"[response][submit]",
		{NULL}},
	    {"template", "no tag at all, [dynamictext x] [1]", {NULL}},
	    {"template", "\n\n\n\n\n\n[file* cv]",
		{"form.html line 7: [file* cv]: this version does not take file uploads yet", NULL}},
	    {"template", "[checkbox c]\n[quiz q]\n[date* d] [number n][range r]",
		{"line 1: [checkbox c]", "line 2: [quiz q]", "line 3: [date* d]", "[number n]", "[range r]", NULL}},
	    {"template", "[stripe]", {"[stripe]: this version does not take payments yet", NULL}},
	    {"template", "[turnstile][captchac c][captchar c][count a][reflection a][output a]",
		{"[turnstile]", "[captchac c]", "[captchar c]", "[count a]", "[reflection a]", "[output a]"}},
	    {"template", "[acceptance a \"yes|no\"]", {"[acceptance a]", "\"|\"", NULL}},
	    {"template", "[text a \"yes|no\"]", {NULL}},
	    {"template", "\xff", {"not valid UTF-8", NULL}},
	    {"settings", "subscribers_only: true", {"subscribers_only", "logged in", NULL}},
	    {"settings", "subscribers_only: TRUE", {NULL}},
	    {"settings", "flamingo_email: \"[your-email]\"\non_sent_ok: \"x\"", {NULL}},
	    {"attachments", "[your-file]", {"[mail] attachments", NULL}},
	    {"attachments", " \n ", {NULL}},
	    {"2 attachments", "uploads/x.pdf", {"[mail_2] attachments", NULL}},
	    {"subject", "", {NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_senders(void)
{
	static const Case cases[] = {
	    {"sender", "", {NULL}},
	    {"sender", "noreply@example.test", {NULL}},
	    {"sender", "office@EXAMPLE.test", {NULL}},
	    {"sender", "[_site_title] <noreply@example.test>", {NULL}},
	    {"sender", "[your-name] <noreply@example.test>", {NULL}},
	    {"sender", "\"[your-name]\" <form@[_site_domain]>", {NULL}},
	    {"sender", "[_site_admin_email]", {NULL}},
	    {"sender", "Name <[_site_admin_email]>", {NULL}},
	    {"sender", "[your-email]",
		{"form.ini [mail] sender", "[your-email]", "SPF", "DKIM and DMARC", "sender = Example <noreply@example.test>",
		    "Reply-To: [your-email]"}},
	    {"sender", "[your-name] <[your-email]>", {"takes [your-email]", "SPF", NULL}},
	    {"sender", "[your-name] <[_raw_your.email]>", {"takes [your_email]", "SPF", NULL}},
	    {"sender", "Form <[unknown]>", {"takes [unknown]", NULL}},
	    {"sender", "Form <[wpcf7.remote_ip]@example.test>", {"takes [wpcf7_remote_ip]", NULL}},
	    {"sender", "Form <[_user_agent]@example.test>", {"takes [_user_agent]", NULL}},
	    {"sender", "Form <[_post_author_email]>", {"takes [_post_author_email]", NULL}},
	    {"sender", "Form <a@example.test> [your-email]", {"[your-email]", NULL}},
	    {"sender", "Form <[_date]@example.test>", {"is no mailbox", NULL}},
	    {"sender", "Form <[_foo]>", {"is no mailbox", NULL}},
	    {"sender", "Form <form@other.test>", {"domain other.test", "example.test", "SPF", "sender = Example", NULL}},
	    {"sender", "Form <form@sub.example.test>", {"domain sub.example.test", NULL}},
	    {"sender", "A, B <form@example.test>", {"is no mailbox", NULL}},
	    {"sender", "not an address", {"is no mailbox", NULL}},
	    {"sender", "a@example.test, b@example.test", {"is no mailbox", NULL}},
	    {"headers", "From: Other <other@example.test>", {NULL}},
	    {"headers", "X: 1\r\nfrom : [your-name] <[your-email]>",
		{"mail-headers.txt line 2: from", "takes [your-email]", "SPF", NULL}},
	    {"headers", "From: x@other.test", {"domain other.test", NULL}},
	    {"2 sender", "[your-email]", {"form.ini [mail_2] sender", "takes [your-email]", NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_headers(void)
{
	static const Case cases[] = {
	    {"headers",
		"Reply-To: [your-name] <[your-email]>\nCc: boss@example.test\nCc: [your-email]\nX-A: [your-name]\nBcc: "
		"a@b.test\nBadline",
		{NULL}},
	    {"headers", "To: a@b.test", {"mail-headers.txt line 1: To: this header is made by sekisho", NULL}},
	    {"headers", "\nsubject: x", {"line 2: subject", NULL}},
	    {"headers",
		"Date: x\nMessage-ID: x\nSender: [your-email]\nReturn-Path: x\nMIME-Version: 1.0\nContent-Transfer-Encoding: "
		"8bit",
		{"1: Date:", "2: Message-ID:", "3: Sender:", "4: Return-Path:", "5: MIME-Version:",
		    "6: Content-Transfer-Encoding:"}},
	    {"headers", "Content-Type: text/html\nResent-From: x", {"Content-Type:", "Resent-From:", NULL}},
	    {"headers", "Bcc: boss@example.test, [your-email]", {"Bcc: takes [your-email]", NULL}},
	    {"headers", "[your-name]: x", {"is no name of a header", NULL}},
	    {"headers", "X Y: x", {"is no name of a header", NULL}},
	    {"headers", ": x", {"is no name of a header", NULL}},
	    {"2 headers", "To: x", {"mail_2-headers.txt line 1", NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_setting_values(void)
{
	static const Case cases[] = {
	    {"settings", "skip_mail: on\ndemo_mode: 0\nacceptance_as_validation:true\ndo_not_store : off", {NULL}},
	    {"settings", "my_own: what it likes\nskip_mail_x: maybe", {NULL}},
	    {"settings", "skip_mail: yes", {"form.ini [settings] skip_mail: \"yes\" would count as off; write on", NULL}},
	    {"settings", "demo_mode: ON", {"form.ini [settings] demo_mode: \"ON\"", NULL}},
	    {"settings", "do_not_store: 2\nacceptance_as_validation: x",
		{"do_not_store: \"2\"", "acceptance_as_validation: \"x\"", NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_slips(void)
{
	static const Case cases[] = {
	    {"template", "[text a]\n[texxt* your-name]",
		{"form.html line 2: [texxt*]: there is no such form-tag; did you mean [text*]?", NULL}},
	    {"template", "[emial your-email]", {"[emial]: there is no such form-tag; did you mean [email]?", NULL}},
	    {"template", "[hidden* x]", {"[hidden*]: there is no such form-tag; did you mean [hidden]?", NULL}},
	    {"template", "[submit* \"Send\"]", {"did you mean [submit]?", NULL}},
	    {"template", "[submti]", {"did you mean [submit]?", NULL}},
	    {"template", "[Text a]", {"did you mean [text]?", NULL}},
	    {"template", "[next] [next 1] [honeypot trap] [dynamictext b] [strip]", {NULL}},
	    {"template", "[next]\n\n[next page]", {"form.html line 3: [next]: ", NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_recipients(void)
{
	static const Case cases[] = {
	    {"recipient", "office@example.test", {NULL}},
	    {"recipient", "good@example.test, , \"a, b\" <good2@example.test>,", {NULL}},
	    {"recipient", "bad, good@example.test",
		{"form.ini [mail] recipient: part 1 of the list cannot be mailed to (", NULL}},
	    {"recipient", "owner@example.test, broken@@x, foo", {"recipient: part 2 of", "recipient: part 3 of", NULL}},
	    {"recipient", "owner@example.test, [your-email] [your-name]", {NULL}},
	    {"2 recipient", "[your-email], broken@@x", {"form.ini [mail_2] recipient: part 2 of", NULL}},
	    {"headers", "Cc: a@example.test, b@", {"mail-headers.txt line 1: Cc: part 2 of", NULL}},
	    {"recipient", "[your-email], [_site_admin_email]", {NULL}},
	    {"recipient", "[your-email]", {"form.ini [mail] recipient", NULL}},
	    {"recipient", "[your-name] <office@example.test>", {"form.ini [mail] recipient", NULL}},
	    {"recipient", "info+[your-name]@example.test", {"form.ini [mail] recipient", NULL}},
	    {"recipient", "", {"form.ini [mail] recipient", NULL}},
	    {"recipient", "[unknown]", {"form.ini [mail] recipient", NULL}},
	    {"2 recipient", "[your-email]", {NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_no_recipient_needed(void)
{
	static const char *const settings[] = {"demo_mode: on", "skip_mail: on"};

	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		FormSource *source = fixture_source(TEMPLATE);
		g_autofree char *problems = NULL;

		g_free(source->mail[0].recipient);
		source->mail[0].recipient = g_strdup("[your-email]");
		g_free(source->additional_settings);
		source->additional_settings = g_strdup(settings[i]);
		problems = fixture_problems(source);
		g_assert_cmpstr(problems, ==, "");
	}
}

static void
test_bcc_is_a_recipient(void)
{
	FormSource *source = fixture_source(TEMPLATE);
	g_autofree char *problems = NULL;

	g_free(source->mail[0].recipient);
	source->mail[0].recipient = g_strdup("[your-email]");
	g_free(source->mail[0].additional_headers);
	source->mail[0].additional_headers = g_strdup("Bcc: office@example.test");
	problems = fixture_problems(source);
	g_assert_cmpstr(problems, ==, "");
}

static void
test_inactive_mail_2(void)
{
	FormSource *source = fixture_source(TEMPLATE);
	g_autofree char *problems = NULL;

	g_free(source->mail[1].sender);
	source->mail[1].sender = g_strdup("[your-email]");
	problems = fixture_problems(source);
	g_assert_cmpstr(problems, ==, "");
}

static void
test_too_many_tags(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *problems = NULL;

	for (guint i = 0; i < LIMIT_FORM_TAGS + 1; i++)
		g_string_append_printf(text, "[hidden a%u]", i);
	problems = fixture_problems(fixture_source(text->str));
	g_assert_nonnull(strstr(problems, "form-tags"));
}

static void
test_settings(void)
{
	FormSource *source = fixture_source(TEMPLATE);
	g_autoptr(Form) form = NULL;
	g_autofree char *first = NULL, *indented = NULL, *missing = NULL, *empty = NULL, *prefix = NULL;

	g_free(source->additional_settings);
	source->additional_settings = g_strdup(
	    "skip_mail \t:  on \r\nskip_mail: off\r\n do_not_store: on\nempty:\ndemo_mode: false\nacceptance_as_validation:1");
	form = fixture_compile(source);
	first = form_setting(form, "skip_mail");
	indented = form_setting(form, "do_not_store");
	missing = form_setting(form, "nothing");
	empty = form_setting(form, "empty");
	prefix = form_setting(form, "skip");
	g_assert_cmpstr(first, ==, "on");
	g_assert_null(indented);
	g_assert_null(missing);
	g_assert_cmpstr(empty, ==, "");
	g_assert_null(prefix);
	g_assert_true(form->is_mail_skipped);
	g_assert_false(form->is_demo);
	g_assert_false(form->is_stored_briefly);
	g_assert_true(form->is_acceptance_validated);
	g_assert_true(form_is_set(form, "skip_mail"));
	g_assert_false(form_is_set(form, "nothing"));
}

static void
test_messages(void)
{
	FormSource *source = fixture_source(TEMPLATE);
	g_autoptr(Form) form = NULL;

	g_free(source->locale);
	source->locale = g_strdup("ja");
	g_hash_table_insert(source->messages, g_strdup("spam"), g_strdup(""));
	g_hash_table_insert(source->messages, g_strdup("mail_sent_ok"), g_strdup("OK"));
	form = fixture_compile(source);
	g_assert_cmpstr(form_message(form, "mail_sent_ok"), ==, "OK");
	g_assert_cmpstr(form_message(form, "spam"), ==, "");
	g_assert_cmpstr(form_message(form, "invalid_required"), ==, "この項目は入力が必要です。");
	g_assert_cmpstr(form_message(form, "nonsense"), ==, "");
}

static void
test_tags(void)
{
	g_autoptr(Form) form = fixture_form("[text your.name id:one][text your_name id:two]");
	g_autoptr(Form) again = form_ref(form);

	g_assert_cmpstr(formtag_id(form_tag(form, "your_name")), ==, "one");
	g_assert_null(form_tag(form, "your.name"));
	g_assert_true(again == form);
	g_assert_cmpstr(mail_kind_name(MAIL_NOTICE), ==, "notice");
	g_assert_cmpstr(mail_kind_name(MAIL_REPLY), ==, "reply");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/tags and settings that are not done are refused by name and line", test_templates);
	g_test_add_func("/form/a sender must be ours", test_senders);
	g_test_add_func("/form/header lines of contract 6.6", test_headers);
	g_test_add_func("/form/a notice needs a configured recipient, and no part of the list may be wrong", test_recipients);
	g_test_add_func("/form/a known setting is on or off", test_setting_values);
	g_test_add_func("/form/a word that is nearly a form-tag is an error", test_slips);
	g_test_add_func("/form/without mail no recipient is needed", test_no_recipient_needed);
	g_test_add_func("/form/a configured Bcc is a recipient", test_bcc_is_a_recipient);
	g_test_add_func("/form/mail_2 is looked at only when it is active", test_inactive_mail_2);
	g_test_add_func("/form/a form with too many tags is refused", test_too_many_tags);
	g_test_add_func("/form/additional settings of contract 8.5", test_settings);
	g_test_add_func("/form/messages have defaults in the form's language", test_messages);
	g_test_add_func("/form/the first tag of a name is the field's", test_tags);
	return g_test_run();
}
