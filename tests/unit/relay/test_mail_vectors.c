/*
 * The vectors of contract 13.5 about whole mails (M09-M18), from the template to the composed message where the wire decides.
 */
#include "mails.h"

/* "name <address>, name <address>" */
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

/* --- HTML ------------------------------------------------------------------------------------------------------------ */

static Letter *
html_letter(const char *body, const char *s)
{
	FormSource *source = source_of("", body);

	source->mail[0].is_html = TRUE;
	set(&source->locale, "ja");
	return letter_of(source, fixture_posted("s", s, "e", "taro@example.org", NULL));
}

/* What stands in the frame's body. */
static void
assert_html_body(const Letter *letter, const char *expected)
{
	const char *start = strstr(letter->html, "<body>\n"), *end = strstr(letter->html, "\n</body>\n</html>\n");

	g_assert_nonnull(start);
	g_assert_nonnull(end);
	start += strlen("<body>\n");
	g_autofree char *body = g_strndup(start, (gsize)(end - start));
	g_assert_cmpstr(body, ==, expected);
}

/* Without WordPress's typography (contract 6.2 step 4, STAND-IN). */
static void
test_m09(void)
{
	g_autoptr(Letter) letter = html_letter("<p>S: [s]</p>", "Hi & <b>'q' \"dq\"... -- ok");

	assert_html_body(letter, "<p>S: Hi &amp; &lt;b&gt;&#039;q&#039; &quot;dq&quot;... -- ok\n</p>");
	g_assert_cmpstr(letter->text, ==, "S: Hi & <b>'q' \"dq\"... -- ok");
}

static void
test_m09b(void)
{
	g_autoptr(Letter) letter = html_letter("<p>S: [s]</p>", "&amp; &lt; & < &bogus; &#65; 9x9");

	assert_html_body(letter, "<p>S: &amp; &lt; &amp; &lt; &amp;bogus; &#65; 9x9\n</p>");
}

static void
test_m10(void)
{
	g_autoptr(Letter) letter = html_letter("from <[e]> <a href=\"mailto:[e]\">x</a> <taro@example.org\n>", "");

	assert_html_body(letter,
	    "<p>from &lt;taro@example.org&gt; <a href=\"mailto:taro@example.org\">x</a>\n\t<taro@example.org\n>\n"
	    "\t</taro@example.org>\n</p>");
}

static void
test_m11(void)
{
	g_autoptr(Letter) letter = html_letter("x", "a & \"b\"");
	g_autoptr(Letter) document =
	    html_letter("<HTML lang=en>\n<head><title>t</title></head><body>[s]\n\n<header>h</header></body></html>", "v");

	g_assert_cmpstr(letter->html, ==,
	    "<!doctype html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" dir=\"ltr\" lang=\"ja\">\n<head>\n"
	    "<title>a &amp; &quot;b&quot;</title>\n</head>\n<body>\n<p>x\n</p>\n</body>\n</html>\n");
	g_assert_cmpstr(letter->text, ==, "x");
	g_assert_cmpstr(
	    document->html, ==, "<HTML lang=en>\n<head><title>t</title></head><body>v\n\n<header>h</header></body></html>");
	g_assert_cmpstr(document->text, ==, "v\n\nh");
	/* A name that only begins so is none, and the search goes on. */
	g_autoptr(Letter) late = html_letter("<htmlx></htmlx> x <html>a</html>", "v");
	g_assert_cmpstr(late->html, ==, "<htmlx></htmlx> x <html>a</html>");
	g_autoptr(Letter) none = html_letter("<html <htmlx>a</htmlx>", "v");
	g_assert_true(g_str_has_prefix(none->html, "<!doctype html>"));
}

static void
test_languages(void)
{
	static const struct {
		const char *locale, *attributes;
	} cases[] = {{"ja_JP", " dir=\"ltr\" lang=\"ja-JP\""}, {"ar", " dir=\"rtl\" lang=\"ar\""},
	    {"fa_IR", " dir=\"rtl\" lang=\"fa-IR\""}, {"ckb", " dir=\"rtl\" lang=\"ckb\""}, {"x", ""}, {"JA", ""}, {"ja_", ""},
	    {"ja\"><script>", ""}, {"", ""}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = source_of("", "x");
		source->mail[0].is_html = TRUE;
		set(&source->locale, cases[i].locale);
		g_autoptr(Letter) letter = letter_of(source, fixture_posted("s", "v", NULL));
		g_autofree char *expected = g_strdup_printf(
		    "<!doctype html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"%s>\n<head>", cases[i].attributes);
		g_assert_true(g_str_has_prefix(letter->html, expected));
	}
}

/* --- Headers ----------------------------------------------------------------------------------------------------------- */

/* Without a name the site's title is taken, not the word WordPress: a mail should say whose it is (DEVIATIONS.md). */
static void
test_m12(void)
{
	static const struct {
		const char *sender, *name, *address;
	} cases[] = {
	    {"[n] <wordpress@example.test>", "Taro T, X", "wordpress@example.test"},
	    {"", "WordPress", "wordpress@example.test"}, /* ours, as configured */
	    {"bare@example.test", "Tom & Jerry Café", "bare@example.test"},
	    {"<bare@example.test>", "Tom & Jerry Café", "bare@example.test"},
	    {"[empty] <bare@example.test>", "Tom & Jerry Café", "bare@example.test"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = source_of("", "");
		set(&source->mail[0].sender, cases[i].sender);
		g_autoptr(Letter) letter = letter_of(source, fixture_posted("n", "Taro \"T\", X", "empty", " ", NULL));
		g_assert_cmpstr(letter->from->name, ==, cases[i].name);
		g_assert_cmpstr(letter->from->address, ==, cases[i].address);
	}
}

/* A form with such a sender is refused; should one be there, its mail is not made. */
static void
test_m12_no_mail(void)
{
	static const char *const senders[] = {"not-an-email", "a@example.test, b@example.test"};

	for (gsize i = 0; i < G_N_ELEMENTS(senders); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SiteFacts) site = fixture_site();
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		FormSource *source = source_of("", "");
		set(&source->mail[0].sender, senders[i]);
		g_autoptr(Form) form = form_examine(source, site, problems);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", "x", NULL));
		g_assert_cmpuint(problems->len, ==, 1);
		g_assert_null(try_letter(form, submission, &error));
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
	}
}

static void
test_m12_all(void)
{
	test_m12();
	test_m12_no_mail();
}

static void
assert_reply_to(const char *headers, const char *name, const char *expected)
{
	g_autoptr(Letter) letter = letter_of(source_of(headers, ""), fixture_posted("n", name, "e", "taro@example.org", NULL));
	g_autofree char *reply_to = mailboxes_text(letter->reply_to);

	g_assert_cmpstr(reply_to, ==, expected);
}

/* 12.x: a list is read as RFC 5322 reads it, so the comma in a name does not cut it. A template's own comma cuts as in WordPress. */
static void
test_m13(void)
{
	assert_reply_to("Reply-To: [n] <[e]>", "Taro \"T\", X", "Taro T, X <taro@example.org>");
	assert_reply_to("Reply-To: Doe, John <j@x.test>", "", "John <j@x.test>");
	assert_reply_to("Reply-To: \"Doe, John\" <j@x.test>,k@x.test\nReply-To: nobody, <l@x.test>", "",
	    "Doe, John <j@x.test>,  <k@x.test>,  <l@x.test>");
}

static void
test_m14(void)
{
	g_autoptr(Letter) letter = letter_of(
	    source_of("X-M: [m]\nBadline\nCc:\nX-A: 1\nX-E:\nX-A: 2\nMIME-Version: 2", ""), fixture_posted("m", "l1\r\n\r\nl2", NULL));
	g_autofree char *message = composed(letter);
	g_auto(GStrv) headers = g_new0(char *, letter->headers->len + 1);

	for (guint i = 0; i < letter->headers->len; i++)
		headers[i] = g_strdup(letter->headers->pdata[i]);
	g_autofree char *joined = g_strjoinv("|", headers);
	g_assert_cmpstr(joined, ==, "X-M: l1|X-E: |X-A: 2");
	g_assert_cmpuint(letter->cc->len, ==, 0);
	g_assert_nonnull(strstr(message, "\r\nX-E: \r\nX-A: 2\r\n"));
}

/* A name with mail-tags is a header if what it becomes is a name, and never one of ours. */
static void
test_header_names(void)
{
	static const struct {
		const char *n, *headers;
	} cases[] = {{"Room", "X-Room: v|X-Last: v"}, {"", "X-: v|X-Last: v"}, {"a b", "X-Last: v"}, {"日本", "X-Last: v"},
	    {"a:b", "X-Last: v"}, {"a\r\nBcc", "X-Last: v"}, {"last", "X-Last: v"}, {"Mailer", "X-Last: v"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Letter) letter =
		    letter_of(source_of("X-[n]: v\nX-La[e]st: v", ""), fixture_posted("n", cases[i].n, "e", "", NULL));
		g_ptr_array_add(letter->headers, NULL);
		g_autofree char *joined = g_strjoinv("|", (char **)letter->headers->pdata);
		g_assert_cmpstr(joined, ==, cases[i].headers);
	}
	g_autofree char *name = g_strnfill(2000, 'x');
	g_autoptr(Letter) letter = letter_of(source_of("X-[n]: v", ""), fixture_posted("n", name, NULL));
	g_assert_cmpuint(letter->headers->len, ==, 0);
	g_autoptr(Letter) bcc = letter_of(source_of("[n]: v@x.test", ""), fixture_posted("n", "Bcc", NULL));
	g_assert_cmpuint(bcc->headers->len, ==, 0);
}

/* What the rule for e-mail takes, among it what Japanese carriers once gave out. */
static void
test_odd_reply_to(void)
{
	static const char *const addresses[][2] = {{"a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"}, {".a@b.co", "\".a\"@b.co"},
	    {"a.@ezweb.ne.jp", "\"a.\"@ezweb.ne.jp"}, {"a@1.2.3.4", "a@1.2.3.4"}};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(Letter) letter = letter_of(source_of("Reply-To: [n] <[e]>\nReply-To: [e]", ""),
		    fixture_posted("n", "Taro", "e", addresses[i][0], NULL));
		g_autofree char *message = composed(letter);
		/* Once, though two lines name it. */
		g_autofree char *expected = g_strdup_printf("\r\nReply-To: Taro <%s>\r\n", addresses[i][1]);
		g_assert_nonnull(strstr(message, expected));
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));
		g_autoptr(Letter) back = letter_from_variant(variant, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(back->reply_to->len, ==, 1);
	}
	g_autofree char *local = g_strnfill(300, 'a');
	g_autofree char *address = g_strconcat(local, "@b.co", NULL);
	g_autofree char *expected = g_strconcat(" <", address, ">", NULL);
	assert_reply_to("Reply-To: [n]", address, expected);
}

/* An owner's own address of that kind. */
static void
test_odd_recipient(void)
{
	FormSource *source = source_of("Cc: Taro <.a@b.co>", "");

	set(&source->mail[0].recipient, "a..b@docomo.ne.jp");
	g_autoptr(Letter) letter = letter_of(source, fixture_posted("n", "x", NULL));
	g_autofree char *message = composed(letter);
	g_assert_nonnull(strstr(message, "\r\nTo: \"a..b\"@docomo.ne.jp\r\nCc: Taro <\".a\"@b.co>\r\n"));
}

static void
test_m15(void)
{
	g_autoptr(Letter) letter = letter_of(
	    source_of("Reply-To: [n] <[e]>", ""), fixture_posted("n", "Evil\nBcc: x@y.test", "e", "taro@example.org", NULL));
	g_autofree char *message = composed(letter);

	g_assert_cmpuint(letter->reply_to->len, ==, 0);
	g_assert_null(strstr(message, "Reply-To"));
	g_assert_null(strstr(message, "x@y.test"));
}

/* The decoded bytes of the only part of a message, and its content type as it stands. The caller's. */
static char *
single_part(const char *message, char **type)
{
	const char *blank = strstr(message, "\r\n\r\n");
	const char *line = strstr(message, "\r\nContent-Type: ");
	gsize size = 0;

	g_assert_nonnull(strstr(message, "\r\nContent-Transfer-Encoding: base64\r\n"));
	*type = g_strndup(line + strlen("\r\nContent-Type: "), strcspn(line + strlen("\r\nContent-Type: "), "\r"));
	guchar *bytes = g_base64_decode(blank + 4, &size);
	char *text = g_strndup((const char *)bytes, size);
	g_free(bytes);
	return text;
}

static void
test_m16(void)
{
	g_autoptr(Letter) letter = letter_of(
	    source_of("Content-Type: text/html; charset=ISO-2022-JP", "<p>[n]</p>\n"), fixture_posted("n", "日本 & <b>", NULL));
	g_autofree char *message = composed(letter);
	g_autofree char *type = NULL;
	g_autofree char *text = single_part(message, &type);

	g_assert_cmpstr(type, ==, "text/html; charset=iso-2022-jp");
	g_assert_cmpstr(text, ==, "<p>\033$BF|K\\\033(B & <b></p>\r\n");
}

static void
test_content_types(void)
{
	static const struct {
		const char *header, *n, *type;
	} cases[] = {
	    {"Content-Type: text/plain; format=flowed; charset=\"shift_jis\"", "日本", "text/plain; charset=shift_jis"},
	    {"Content-Type: text/plain; charset=iso-2022-jp", "日本 😀", "text/plain; charset=utf-8"}, /* does not fit */
	    {"Content-Type: text/plain; charset=utf-7", "日本", "text/plain; charset=utf-8"},
	    {"Content-Type: multipart/mixed; boundary=x", "日本", "text/plain; charset=utf-8"},
	    {"Content-Type: [n]", "text/html; charset=euc-jp\r\nBcc: x@y.test, 日本", "text/html; charset=euc-jp"},
	    {"Content-Type: text/html\nCONTENT-TYPE : text/plain;charset=EUC-JP", "日本", "text/plain; charset=euc-jp"},
	    {"Content-Type:", "日本", "text/plain; charset=utf-8"},
	};
	/* With use_html. */
	static const char *const plain[] = {"Content-Type: text/plain; charset=UTF-8", "Content-Type: text/html\nContent-Type: TEXT/plain",
	    NULL};
	static const char *const both[] = {"Content-Type: text/plain\nContent-Type: text/html", "Content-Type: multipart/mixed", NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Letter) letter =
		    letter_of(source_of(cases[i].header, "[n] 日本日本日本日本日本日本"), fixture_posted("n", cases[i].n, NULL));
		g_autofree char *message = composed(letter);
		g_autofree char *type = NULL;
		g_autofree char *text = single_part(message, &type);
		g_assert_cmpstr(type, ==, cases[i].type);
		g_assert_null(strstr(message, "Bcc"));
	}
	for (const char *const *header = plain; *header != NULL; header++) {
		FormSource *source = source_of(*header, "<p>[n] &amp;</p>\n<p>日本日本</p>");
		source->mail[0].is_html = TRUE;
		g_autoptr(Letter) letter = letter_of(source, fixture_posted("n", "<b>", NULL));
		g_autofree char *message = composed(letter);
		g_autofree char *type = NULL;
		g_autofree char *text = single_part(message, &type);
		g_assert_cmpstr(type, ==, "text/plain; charset=utf-8");
		g_assert_cmpstr(text, ==, "<b> &\r\n\r\n日本日本");
	}
	for (const char *const *header = both; *header != NULL; header++) {
		FormSource *source = source_of(*header, "x");
		source->mail[0].is_html = TRUE;
		g_autoptr(Letter) letter = letter_of(source, fixture_posted("n", "x", NULL));
		g_assert_nonnull(letter->text);
		g_assert_nonnull(letter->html);
	}
}

/* The template says who else gets it, so nobody does (policy/replies.h): the addresses are planned, shown to the owner, and refused. */
static void
test_m17(void)
{
	FormSource *source =
	    fixture_source("[select sel \"Sales|sales@example.test\" \"Support|Sup <support@example.test>, x@example.test\"]");
	set(&source->mail[0].recipient, "[sel], [_site_admin_email]");
	g_autoptr(Form) form = form_of(source);
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("sel", "Support", NULL));
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		g_string_append_printf(
		    text, "%s <%s> %s|", recipient->name, recipient->address, recipient->refusal ? recipient->refusal : "");
	}
	g_assert_cmpstr(text->str, ==,
	    "Sup <support@example.test> | <x@example.test> | <admin@example.test> |");
	g_string_free(text, TRUE);
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = try_letter(form, submission, &error);
	g_assert_no_error(error);
	g_autofree char *message = composed(letter);
	g_assert_nonnull(strstr(message, "To: Sup <support@example.test>, x@example.test, admin@example.test\r\n"));
}

static void
test_m18(void)
{
	g_autoptr(Letter) letter = letter_of(
	    source_of("From: One <one@example.test>\nFrom : Other <other@example.test>", ""), fixture_posted("n", "x", NULL));
	g_autofree char *message = composed(letter);

	g_assert_nonnull(strstr(message, "From: Other <other@example.test>\r\n"));
	g_assert_null(strstr(message, "wordpress@"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	g_test_add_func("/contract/M09", test_m09);
	g_test_add_func("/contract/M09b", test_m09b);
	g_test_add_func("/contract/M10", test_m10);
	g_test_add_func("/contract/M11", test_m11);
	g_test_add_func("/contract/M12", test_m12_all);
	g_test_add_func("/contract/M13", test_m13);
	g_test_add_func("/contract/M14", test_m14);
	g_test_add_func("/contract/M15", test_m15);
	g_test_add_func("/contract/M16", test_m16);
	g_test_add_func("/contract/M17", test_m17);
	g_test_add_func("/contract/M18", test_m18);
	g_test_add_func("/mail/language and direction of the frame", test_languages);
	g_test_add_func("/mail/content types choose from our own", test_content_types);
	g_test_add_func("/mail/names of headers with mail-tags", test_header_names);
	g_test_add_func("/mail/Reply-To takes every e-mail address", test_odd_reply_to);
	g_test_add_func("/mail/an owner's address that is no dot-atom", test_odd_recipient);
	return g_test_run();
}
