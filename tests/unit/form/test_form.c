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
	    {"template",
		"[checkbox* c \"a|b\"][radio d \"a\"][select e \"a\"][quiz q][date* f][number* n][range* r][file* g][count a]"
		"[reflection a][output a][turnstile][acceptance h \"yes|no\"]",
		{NULL}},
	    {"template", "\n\n\n\n\n\n[stripe]", {"form.html line 7: [stripe]: takes payments, which sekisho does not", NULL}},
	    {"template", "[captchac c][captchar d]", {NULL}},
	    {"template", "[select* land data:countries.olympic]",
		{"[select* land]: the values of \"data:countries.olympic\" come from another", "each in quotes", NULL}},
	    {"template", "[text a data:countries]", {NULL}},
	    {"template", "[text a \"yes|no\"]", {NULL}},
	    {"template", "\xff", {"not valid UTF-8", NULL}},
	    {"settings", "subscribers_only: true", {"subscribers_only", "logged in", NULL}},
	    {"settings", "subscribers_only: TRUE", {NULL}},
	    {"settings", "flamingo_email: \"[your-email]\"\non_sent_ok: \"x\"", {NULL}},
	    {"attachments", "[your-file][other]\n", {NULL}},
	    {"attachments", " \n ", {NULL}},
	    {"attachments", "uploads/x.pdf\n uploads/a..b/y.pdf", {NULL}},
	    {"attachments", "[f]\r\n../wp-config.php", {"[mail] attachments: \"../wp-config.php\" leads out", NULL}},
	    {"attachments", "/etc/passwd", {"[mail] attachments: \"/etc/passwd\" leads out", NULL}},
	    {"2 attachments", "uploads/../../x.pdf", {"[mail_2] attachments", NULL}},
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
		"Date: x\nMessage-ID: x\nSender: [your-email]\nReturn-Path: x\nmime-version: 1.0\nContent-Transfer-Encoding: "
		"8bit",
		{"1: Date:", "2: Message-ID:", "3: Sender:", "4: Return-Path:", "6: Content-Transfer-Encoding:"}},
	    {"headers", "Content-Type: text/html\nMIME-Version: 1.0", {NULL}},
	    {"headers", "Content-Language: ja\nResent-From: x", {"Content-Language:", "Resent-From:", NULL}},
	    {"headers", "Bcc: boss@example.test, [your-email]", {NULL}},
	    {"headers", "[your-name]: x\nX-[your-name]: x", {NULL}},
	    {"headers", "X [your-name]: x", {"is no name of a header", NULL}},
	    {"headers", "X-[: x", {"is no name of a header", NULL}},
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
	    {"settings", "skip_mail: yes\ndemo_mode: ON\ndo_not_store: 2", {NULL}},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

/* Words that resemble a type are no tags and stay text (contract 4.2); which they resemble is for warnings only. */
/* Words of other plugins: only these, and with what to write. */
static void
test_foreign_words(void)
{
	g_assert_nonnull(strstr(formtag_foreign_advice("honeypot"), "honeypot_fields = NAME under [check]"));
	g_assert_nonnull(strstr(formtag_foreign_advice("recaptcha"), "[captcha]"));
	g_assert_null(formtag_foreign_advice("dynamictext"));
	g_assert_null(formtag_foreign_advice(""));
}

static void
test_slips(void)
{
	static const struct {
		const char *template_text, *word, *meant; /* meant: NULL for another word */
		guint line;
	} rows[] = {
	    {"[text a]\n[texxt* your-name]", "texxt*", "text*", 2},
	    {"[emial your-email]", "emial", "email", 1},
	    {"[emails e]", "emails", "email", 1},
	    {"[hidden* h]", "hidden*", "hidden", 1},
	    {"[radio* r]", "radio*", "radio", 1},
	    {"[submit* \"Send\"]", "submit*", "submit", 1},
	    {"[submti]", "submti", "submit", 1},
	    {"[TEXT a]", "TEXT", "text", 1},
	    {"[Text a]", "Text", "text", 1},
	    {"[test x]", "test", "text", 1},
	    {"[next]\n\n[next page]", "next", "text", 3},
	    {"[next] [next 1]", "next", NULL, 0},
	    {"[honeypot trap] [dynamictext b] [strip]", "strip", NULL, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint line = 0;
		g_autofree char *problems = fixture_problems(fixture_source(rows[i].template_text));
		g_autofree char *meant = formtag_slip(rows[i].template_text, rows[i].word, &line);

		g_test_message("%s", rows[i].template_text);
		g_assert_cmpstr(problems, ==, "");
		g_assert_cmpstr(meant, ==, rows[i].meant);
		g_assert_cmpuint(line, ==, rows[i].line);
	}
}

static void
test_recipients(void)
{
	static const Case cases[] = {
	    {"recipient", "office@example.test", {NULL}},
	    {"recipient", "good@example.test, , \"a, b\" <good2@example.test>,", {NULL}},
	    {"recipient", "bad, good@example.test", {NULL}},
	    {"recipient", "bad", {"form.ini [mail] recipient: part 1 of the list cannot be mailed to (", NULL}},
	    {"recipient", "[your-email], broken@@x, foo", {"recipient: part 2 of", "recipient: part 3 of", NULL}},
	    {"recipient", "owner@example.test, [your-email] [your-name]", {NULL}},
	    {"2 recipient", "[your-email], broken@@x", {NULL}},
	    {"headers", "Cc: a@example.test, b@", {NULL}},
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

/* Choices of the form with addresses behind them (contract 13.5, M17). */
static void
test_offered_recipients(void)
{
	static const struct {
		const char *fields, *recipient, *headers;
		const char *problem; /* NULL: the form is good */
	} cases[] = {
	    {"[select sel \"Sales|sales@example.test\" \"Other\"]", "[sel]", "", NULL},
	    {"[radio sel \"Other\" \"Sales|S <sales@example.test>, x@example.test\"]", "[sel]", "", NULL},
	    {"[checkbox sel \"sales\"]", "[sel]@[_site_domain]", "", NULL},
	    {"[checkbox sel \"sales\"][select host \"example.test\"]", "[sel]@[host]", "", NULL},
	    {"[select sel \"sales@example.test\"]", "[your-email]", "Bcc: [sel]", NULL},
	    {"[select sel \"Sales\" \"Support\"]", "[sel]", "", "no choice of a field is an address"},
	    {"[select sel \"sales@example.test\"]", "[_raw_sel]", "", "would get the notice"},
	    {"[select sel \"sales@example.test\"]", "[your-name] <[sel]>", "", "would get the notice"},
	    {"[checkbox sel free_text \"sales@example.test\"]", "[sel]", "", "would get the notice"},
	    {"[select sel \"sales@example.test\"][hidden sel]", "[sel]", "", "would get the notice"},
	    {"[hidden sel \"sales@example.test\"]", "[sel]", "", "would get the notice"},
	    {"[checkbox sel free_text \"a@example.test\"]", "a@example.test", "Bcc: [sel]", NULL},
	    {"[select sel \"sales@example.test\"]", "a@example.test", "From: [sel]", "takes [sel]"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = fixture_source(cases[i].fields);
		g_free(source->mail[0].recipient);
		source->mail[0].recipient = g_strdup(cases[i].recipient);
		g_free(source->mail[0].additional_headers);
		source->mail[0].additional_headers = g_strdup(cases[i].headers);
		g_autofree char *problems = fixture_problems(source);
		g_test_message("%s, %s: %s", cases[i].fields, cases[i].recipient, problems);
		if (cases[i].problem == NULL)
			g_assert_cmpstr(problems, ==, "");
		else
			g_assert_nonnull(strstr(problems, cases[i].problem));
	}
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
	source->additional_settings = g_strdup("skip_mail \t:  on\v\t \r\nskip_mail: off\r\n do_not_store: "
					       "on\nempty:\ndemo_mode:\xE3\x80\x80on\nacceptance_as_validation:1");
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

/* Such a form works as it did with Contact Form 7, and the owner is told. */
static void
test_unclear_settings(void)
{
	FormSource *source = fixture_source(TEMPLATE);
	g_autoptr(Form) form = NULL;

	g_free(source->additional_settings);
	source->additional_settings = g_strdup("skip_mail: yes\ndemo_mode: ON\ndo_not_store: off\nacceptance_as_validation:");
	form = fixture_compile(source);
	g_autoptr(GPtrArray) unclear = form_unclear_settings(form);
	g_assert_cmpuint(unclear->len, ==, 2);
	g_assert_true(g_str_has_prefix(unclear->pdata[0], "skip_mail: \"yes\" counts as off"));
	g_assert_true(g_str_has_prefix(unclear->pdata[1], "demo_mode: \"ON\" counts as off"));
	g_assert_false(form->is_mail_skipped || form->is_demo);
}

static void
test_labels(void)
{
	static const struct {
		const char *template_text;
		const char *label; /* of the field n */
	} cases[] = {
	    {"<label> Your name\n    [text* n autocomplete:name] </label>", "Your name"},
	    {"<label>[text n]</label>", NULL},
	    {"<label>Other</label> [text n]", NULL},
	    {"[text n] <label>Other</label>", NULL},
	    {"<p><LABEL class=\"a\">お名前 <span>[必須]</span><br>\n（全角） [text n]</LABEL></p>", "お名前 （全角）"},
	    {"<label>[acceptance n] I <b>agree</b> &amp; more [/acceptance]</label>", "I agree & more"},
	    {"<label>A [text other]</label><label>B [text n] b</label>", "B b"},
	    {"<labels>A [text n]</labels>", NULL},
	    {"<label [text n]", NULL},
	    {"<label>A [text n]", "A"},
	    {"text", NULL},
	    {"<label for=\"i\">A</label> [text n id:i]", "A"},
	    {"[text n id:i] <LABEL class=x FOR = 'i' >B <i>b</i></LABEL>", "B b"},
	    {"<label\n\tfor=i>C</label> [text n id:i]", "C"},
	    {"<label for=i class=x>C</label> [text n id:i]", "C"},
	    {"<label for=j>A</label><label for=i>D</label> [text n id:i]", "D"},
	    {"<label for=i>Other</label> <label>E [text n id:i]</label>", "E"},
	    {"<label for=\"ii\">A</label><label for=ii>A</label><label for='i>A</label> [text n id:i]", NULL},
	    {"<label data-for=\"i\">A</label><label therefor=i>A</label><label>for=i</label> [text n id:i]", NULL},
	    {"<label for=\"i\">A</label> [text n]", NULL},
	    {"<label for=\"i\"", NULL},
	    {"<label=for=i>A</label> [text n id:i]", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Form) form = fixture_form(cases[i].template_text);
		g_autofree char *label = form_field_label(form, "n");

		g_assert_cmpstr(label, ==, cases[i].label);
	}
	g_autofree char *sentence = g_strnfill(99, 'x');
	g_autofree char *template_text = g_strconcat("<label>", sentence, "\xE3\x81\x82 [text n]</label>", NULL);
	g_autoptr(Form) form = fixture_form(template_text);
	g_autofree char *cut = form_field_label(form, "n");
	g_assert_cmpstr(cut, ==, sentence);
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
	g_test_add_func("/form/recipients that the form offers", test_offered_recipients);
	g_test_add_func("/form/a known setting is on or off", test_setting_values);
	g_test_add_func("/form/words of other plugins", test_foreign_words);
	g_test_add_func("/form/a word that is nearly a form-tag is text", test_slips);
	g_test_add_func("/form/without mail no recipient is needed", test_no_recipient_needed);
	g_test_add_func("/form/a configured Bcc is a recipient", test_bcc_is_a_recipient);
	g_test_add_func("/form/mail_2 is looked at only when it is active", test_inactive_mail_2);
	g_test_add_func("/form/a form with too many tags is refused", test_too_many_tags);
	g_test_add_func("/form/additional settings of contract 8.5", test_settings);
	g_test_add_func("/form/a switch that is neither on nor off counts as off and is told", test_unclear_settings);
	g_test_add_func("/form/a field is called by the label around it", test_labels);
	g_test_add_func("/form/messages have defaults in the form's language", test_messages);
	g_test_add_func("/form/the first tag of a name is the field's", test_tags);
	return g_test_run();
}
