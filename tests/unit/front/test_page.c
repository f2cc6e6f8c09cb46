/*
 * The page without script: everything a visitor needs is on it, and nothing a visitor typed runs.
 */
#include "page.h"

#include <string.h>

static const PageFrame ENGLISH = {.locale = "en_US", .back_url = "https://example.jp/contact/?a=1&b=2"};
static const PageFrame JAPANESE = {.locale = "ja", .back_url = ""};

static void
assert_has(const Answer *answer, const char *text)
{
	if (strstr(answer->body, text) == NULL)
		g_error("page lacks \"%s\":\n%s", text, answer->body);
}

static void
assert_lacks(const Answer *answer, const char *text)
{
	if (strstr(answer->body, text) != NULL)
		g_error("page has \"%s\":\n%s", text, answer->body);
}

static void
test_sent(void)
{
	const Outcome outcome = {.status = "mail_sent", .message = (char *)"Thanks <b>&\nbye", .receipt = (char *)"ABCDEFGHJKMN"};
	g_autoptr(Answer) answer = page_outcome(&outcome, &ENGLISH);
	g_assert_cmpuint(answer->status, ==, 200);
	g_assert_true(answer->is_page);
	assert_has(answer, "<html lang=\"en\">");
	assert_has(answer, "Thanks &lt;b&gt;&amp;\nbye</p>");
	assert_has(answer, "role=\"status\"");
	assert_has(answer, "ABCDEFGHJKMN");
	assert_has(answer, "<a href=\"https://example.jp/contact/?a=1&amp;b=2\">");
	assert_has(answer, "Back to the page</a>");
	assert_lacks(answer, "Back button");
}

static void
test_invalid(void)
{
	InvalidField field = {.field = (char *)"your-name", .message = (char *)"必須 \"<script>"};
	gpointer fields[] = {&field};
	GPtrArray invalid = {.pdata = fields, .len = 1};
	const Outcome outcome = {.status = "validation_failed", .message = (char *)"入力に不備があります。", .invalid = &invalid};
	g_autoptr(Answer) answer = page_outcome(&outcome, &JAPANESE);
	assert_has(answer, "<html lang=\"ja\">");
	assert_has(answer, "role=\"alert\">入力に不備があります。");
	assert_has(answer, "<dt>your-name</dt><dd>必須 &quot;&lt;script&gt;</dd>");
	assert_has(answer, "「戻る」ボタン");
	assert_lacks(answer, "<script");
	assert_lacks(answer, "<a href");
	g_autoptr(Answer) linked = page_outcome(&outcome, &ENGLISH);
	assert_has(linked, "Start again with an empty form</a>");
}

/* Fields are called what the visitor saw beside them, whatever the owner wrote there. */
static void
test_labels(void)
{
	InvalidField labelled = {.field = (char *)"your-name", .message = (char *)"required"};
	InvalidField bare = {.field = (char *)"your-email", .message = (char *)"required"};
	gpointer fields[] = {&labelled, &bare};
	GPtrArray invalid = {.pdata = fields, .len = G_N_ELEMENTS(fields)};
	const Outcome outcome = {.status = "validation_failed", .message = (char *)"", .invalid = &invalid};
	FormSource *source = form_source_new();
	g_autoptr(SiteFacts) site = site_facts_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_free(source->template_text);
	source->template_text = g_strdup("<label>Name &lt;b&gt; [text* your-name]</label> [email* your-email]");
	g_autoptr(Form) form = form_examine(source, site, problems);
	const PageFrame frame = {.locale = "en", .back_url = "", .form = form};
	g_autoptr(Answer) answer = page_outcome(&outcome, &frame);
	assert_has(answer, "<dt>Name &lt;b&gt;</dt><dd>required</dd>");
	assert_has(answer, "<dt>your-email</dt><dd>required</dd>");
}

static void
test_hints(void)
{
	char *hints[] = {(char *)"One <b>", (char *)"Two", NULL};
	const Outcome outcome = {.status = "mail_sent", .message = (char *)"Thanks", .hints = hints};
	g_autoptr(Answer) answer = page_outcome(&outcome, &ENGLISH);
	assert_has(answer, ">Thanks</p>\n<p>One &lt;b&gt;</p>\n<p>Two</p>\n");
}

/* One button, which posts the token to the page's own address; no other page frames it or hears where it was. */
static void
test_confirm(void)
{
	g_autoptr(Answer) answer = page_confirm("A & B <shop>", "tok\"en", &ENGLISH);
	g_assert_cmpuint(answer->status, ==, 200);
	assert_has(answer, "<html lang=\"en\">");
	assert_has(answer, "the form of A &amp; B &lt;shop&gt;.");
	assert_has(answer, "<form method=\"post\" action=\"confirm\"><input type=\"hidden\" name=\"t\" value=\"tok&quot;en\">");
	assert_has(answer, "<button type=\"submit\">Send me the reply</button></form>");
	assert_lacks(answer, "{site}");
	assert_lacks(answer, "<script");
	g_autoptr(GString) response = answer_to_response(answer, FALSE);
	static const char *const headers[] = {"form-action 'self'; frame-ancestors 'none'\r\n",
	    "Referrer-Policy: no-referrer\r\n", "X-Frame-Options: DENY\r\n", "X-Robots-Tag: noindex, nofollow\r\n",
	    "Cache-Control: no-store\r\n"};
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		if (strstr(response->str, headers[i]) == NULL)
			g_error("no %s", headers[i]);
}

static void
test_confirm_end(void)
{
	g_autoptr(Answer) done = page_confirm_end(200, "page.confirm_done", &JAPANESE);
	assert_has(done, "<h1>確認しました</h1>");
	assert_has(done, "role=\"status\">メールアドレスを確認しました。");
	g_autoptr(Answer) late = page_confirm_end(410, "page.confirm_expired", &JAPANESE);
	g_assert_cmpuint(late->status, ==, 410);
	g_assert_true(late->is_link);
	assert_has(late, "<h1>確認できませんでした</h1>");
	assert_has(late, "role=\"alert\">このリンクは有効期限が切れています。");
	/* Within the period nobody is asked a second time, so sending again would bring the owner two messages and the visitor nothing. */
	assert_lacks(late, "もう一度");
	assert_lacks(late, "<form");
}

static void
test_refused(void)
{
	g_autoptr(Answer) answer = page_refusal(400, "page.no_form", &ENGLISH);
	g_assert_cmpuint(answer->status, ==, 400);
	assert_has(answer, "did not say which form");
}

/* The policy lets in exactly the style sheet that stands on the page. */
static void
test_policy(void)
{
	g_autoptr(Answer) answer = page_refusal(400, "page.no_form", &ENGLISH);
	const char *begin = strstr(answer->body, "<style>") + strlen("<style>");
	const char *end = strstr(begin, "</style>");
	guint8 digest[32];
	gsize size = sizeof digest;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)begin, end - begin);
	g_checksum_get_digest(checksum, digest, &size);
	g_autofree char *hash = g_base64_encode(digest, size);
	g_autofree char *source = g_strdup_printf("default-src 'none'; style-src 'sha256-%s';", hash);
	for (guint is_link = 0; is_link <= 1; is_link++)
		g_assert_true(g_str_has_prefix(page_security_policy(is_link), source));
	g_autoptr(GString) response = answer_to_response(answer, FALSE);
	g_assert_nonnull(strstr(response->str, "Content-Type: text/html; charset=UTF-8\r\n"));
	g_assert_nonnull(strstr(response->str, page_security_policy(FALSE)));
	g_assert_null(strstr(response->str, "Referrer-Policy"));
}

static void
test_locale(void)
{
	g_assert_cmpstr(page_locale("ja,en;q=0.5", "en"), ==, "ja");
	g_assert_cmpstr(page_locale("JA-jp", "en"), ==, "ja");
	g_assert_cmpstr(page_locale("en-US,ja", "ja"), ==, "en");
	g_assert_cmpstr(page_locale("fr,en", "ja_JP"), ==, "ja_JP");
	g_assert_cmpstr(page_locale("", "ja"), ==, "ja");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/page/a success has message, receipt and the way back", test_sent);
	g_test_add_func("/front/page/problems are listed and escaped in the form's language", test_invalid);
	g_test_add_func("/front/page/a field is called by its label", test_labels);
	g_test_add_func("/front/page/hints follow the message", test_hints);
	g_test_add_func("/front/page/a link's page has one button and keeps its address to itself", test_confirm);
	g_test_add_func("/front/page/what became of a link is said in the visitor's language", test_confirm_end);
	g_test_add_func("/front/page/a request without a form is told so", test_refused);
	g_test_add_func("/front/page/the policy names the page's own style sheet by its hash", test_policy);
	g_test_add_func("/front/page/without a form the browser's language counts", test_locale);
	return g_test_run();
}
