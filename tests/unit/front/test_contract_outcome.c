/*
 * Vectors of contract 13.3 that are about what a visitor reads: acceptance, spam, settings, and pages without script. Each test starts a front of
 * its own, with the forms it needs.
 */
#include <string.h>

#include "gateway.h"
#include "sekisho/base/texts.h"

#define FORM_R                                                                                                                   \
	"[text* t minlength:3 maxlength:10 id:my-t] [email e] [url u] [tel tel] [number n min:1 max:10 step:2] [range r min:0 "  \
	"max:50] [date d min:2026-01-01 max:2026-12-31] [checkbox* cb \"A|alpha\" \"B|beta\" \"C &amp; D\"] [checkbox ex "       \
	"exclusive \"one\" \"two\"] [checkbox ft free_text \"x\" \"Other\"] [radio rad \"yes|Y\" \"no|N\"] [select* sel "        \
	"first_as_label \"Choose\" \"red|#f00\" \"blue|#00f\"] [select ms multiple \"m1\" \"m2\"] [acceptance acc]I agree "      \
	"<b>strongly</b>[/acceptance] [acceptance acc2 optional]Mail[/acceptance] [quiz q \"1+1?|2\"] [file f "                  \
	"filetypes:pdf|txt limit:1kb] [hidden h \"hv\"] [textarea msg maxlength:20] [count msg down][reflection t][submit "      \
	"\"Go\"]"
#define NO_HASH "\"posted_data_hash\":\"\""

static void
assert_spam(const char *answer)
{
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, "\"status\":\"spam\",\"message\":\"Your message could not be sent. Please try later.\"," NO_HASH);
	assert_has(answer, "\"invalid_fields\":[]");
}

/* --- A: acceptance ------------------------------------------------------------------------------------------------------------ */

/* rb of contract 13 with `acc` (NULL: not sent), and the hash of a quiz that the front asked. */
static GString *
body_r(const Gateway *gateway, const char *acc)
{
	g_autofree char *refill = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = FORMS "/41/refill"});
	g_autoptr(GRegex) regex = g_regex_new("\"1\\+1\\?\",\"([^\"]+)\"", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_assert_true(g_regex_match(regex, refill, 0, &match));
	g_autofree char *escaped = g_match_info_fetch(match, 1);
	g_autofree char *hash = g_strcompress(escaped);
	GString *body = client_multipart("_wpcf7_unit_tag", "wpcf7-f41-p2-o1", "t", "hello", "e", "taro@example.org", "u",
	    "https://x.test/", "tel", "03-1234-5678", "n", "3", "r", "10", "d", "2026-05-01", "cb[]", "A", "cb[]", "C & D", "ex",
	    "one", "ft[]", "x", "ft[]", "Other", "_wpcf7_free_text_ft", "my own", "rad", "yes", "sel", "red", "ms[]", "m1", "q",
	    "２", "_wpcf7_quiz_answer_q", hash, "h", "tampered", "msg", "hi", acc != NULL ? "acc" : "none",
	    acc != NULL ? acc : "", NULL);
	g_string_truncate(body, body->len - strlen("--" GATEWAY_BOUNDARY "--\r\n"));
	return g_string_append(body,
	    "--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.pdf\"\r\n"
	    "Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n--" GATEWAY_BOUNDARY "--\r\n");
}

static void
test_a01(void)
{
	static const char *const missing[] = {NULL, "0", ""};
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 41, NULL, FORM_R);
	for (gsize i = 0; i < G_N_ELEMENTS(missing); i++) {
		g_autofree char *answer = submit(gateway, 41, body_r(gateway, missing[i]));
		assert_has(answer, "\"status\":\"acceptance_missing\",\"message\":\"Please accept the terms first.\"," NO_HASH);
		assert_has(answer, "\"invalid_fields\":[],\"quiz\":{\"q\":[\"1+1?\",\"");
	}
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

static void
test_a02(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 41, NULL, FORM_R);
	g_autofree char *answer = submit(gateway, 41, body_r(gateway, "whatever"));
	assert_ok(answer);
	assert_has(answer, "\"quiz\":{\"q\":[\"1+1?\",\"");
	gateway_stop(gateway);
}

static void
test_a03(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, NULL, "[text* n][acceptance a]ok[/acceptance]");
	g_autofree char *answer = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "n", "", NULL));
	assert_has(answer, "\"status\":\"validation_failed\"");
	assert_has(answer, "\"invalid_fields\":[{\"field\":\"n\",\"message\":\"This field is required.\",\"idref\":null,"
			   "\"error_id\":\"u-ve-n\",\"into\":\"span.wpcf7-form-control-wrap.n\"}]," NO_HASH);
	gateway_stop(gateway);
}

static void
test_a04(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, NULL, "[acceptance b invert \"inv\"]");
	g_autofree char *given = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "b", "1", NULL));
	assert_has(given, "\"status\":\"acceptance_missing\"");
	g_autofree char *absent = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", NULL));
	assert_ok(absent);
	gateway_stop(gateway);
}

static void
test_a05(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[settings]\nacceptance_as_validation = on\n",
	    "[text n][acceptance a]ok[/acceptance][acceptance b invert \"inv\"][acceptance c optional]");
	g_autofree char *answer = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "b", "1", NULL));
	assert_has(answer, "\"status\":\"validation_failed\",\"message\":\"Please correct the marked fields.\"");
	assert_has(answer, "\"invalid_fields\":[{\"field\":\"a\",\"message\":\"Please accept the terms first.\"");
	assert_has(answer, "{\"field\":\"b\",\"message\":\"Please accept the terms first.\"");
	g_assert_null(strstr(answer, "{\"field\":\"c\""));
	gateway_stop(gateway);
}

/* --- S: spam --------------------------------------------------------------------------------------------------------------------- */

static void
test_s01(void)
{
	static const char *const agents[] = {"", "x", " x "};
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	for (gsize i = 0; i < G_N_ELEMENTS(agents); i++) {
		request.user_agent = agents[i];
		g_autofree char *answer = client_ask(gateway, &request);
		assert_spam(answer);
	}
	g_assert_true(gateway_wait_log(gateway, "status=spam kept=rejected check=contract code=wpcf7 mails=0"));
	/* Nothing is lost, and nothing is mailed. */
	g_assert_cmpuint(stored_count(gateway), ==, G_N_ELEMENTS(agents));
	g_assert_cmpuint(mails_count(gateway), ==, 0);
	g_autoptr(Submission) submission = stored_newest(gateway);
	g_assert_cmpstr(submission_field(submission, "your-message")->values[0], ==, "本文です");
	/* A client of two letters is one. */
	request.user_agent = "xy";
	g_autofree char *answer = client_ask(gateway, &request);
	assert_ok(answer);
	gateway_stop(gateway);
}

/* A front whose site has this list of words. */
static Gateway *
start_with_words(const char *words)
{
	Gateway *gateway = gateway_start(1);
	gateway_set_site(gateway, "", "[spam]\ndisallowed_words_file = words.txt\n");
	gateway_put(gateway, "words.txt", words);
	return gateway;
}

static void
test_s02(void)
{
	Gateway *gateway = start_with_words("x\n\nVIAGRA\n");
	g_autofree char *answer = submit(gateway, 4,
	    client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", "Taro", "your-email", "taro@example.org", "your-subject",
		"S", "your-message", "buy viagra", NULL));
	assert_spam(answer);
	g_assert_true(gateway_wait_log(gateway, "status=spam kept=rejected check=contract code=disallowed_list mails=0"));
	g_assert_cmpuint(mails_count(gateway), ==, 0);
	/* The visitor corrects first what is wrong: rules come before spam. */
	g_autofree char *invalid = submit(gateway, 4, client_multipart("_wpcf7_unit_tag", "u", "your-message", "viagra", NULL));
	assert_has(invalid, "\"status\":\"validation_failed\"");
	gateway_stop(gateway);
}

static void
test_s03(void)
{
	static const char *const words[] = {"192.0.2", "mozilla/5"};
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		Gateway *gateway = start_with_words(words[i]);
		g_autofree char *answer = submit(gateway, 4, good_body());
		assert_spam(answer);
		gateway_stop(gateway);
	}
}

static void
test_s04(void)
{
	Gateway *gateway = start_with_words("viagra");
	gateway_add_form(gateway, 42, NULL, "[text n]");
	g_autofree char *unknown = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "zz", "viagra", NULL));
	assert_spam(unknown);
	g_autofree char *nested = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "zz[a][b]", "viagra", NULL));
	assert_spam(nested);
	g_autofree char *hidden =
	    submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "_wpcf7_free_text_x", "viagra", NULL));
	assert_ok(hidden);
	gateway_stop(gateway);
}

/* --- S: settings and mails ----------------------------------------------------------------------------------------------------- */

static void
test_s08(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[settings]\nskip_mail = on\n", "[text n]");
	g_autofree char *answer = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "n", "x", NULL));
	assert_ok(answer);
	g_assert_null(strstr(answer, "demo_mode"));
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	g_assert_cmpuint(mails_count(gateway), ==, 0);
	gateway_stop(gateway);
}

static void
test_s09(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[settings]\ndemo_mode = on\n", "[text n]");
	gateway_add_form(gateway, 43, "[settings]\ndemo_mode = ON\n", "[text n]");
	g_autofree char *demo = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "n", "x", NULL));
	assert_ok(demo);
	assert_has(demo, "\"demo_mode\":true,\"into\":");
	g_assert_cmpuint(mails_count(gateway), ==, 0);
	g_autofree char *real = submit(gateway, 43, client_multipart("_wpcf7_unit_tag", "u", "n", "x", NULL));
	assert_ok(real);
	g_assert_null(strstr(real, "demo_mode"));
	g_assert_cmpuint(mails_count(gateway), ==, 1);
	gateway_stop(gateway);
}

/* Who is logged in is WordPress's knowledge, so everybody is a guest (contract 8.5). */
static void
test_s10(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[settings]\nsubscribers_only = true\n", "[text* n]");
	g_autofree char *answer = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "wpcf7-f42-p2-o1", "n", "", NULL));
	g_autofree char *message = g_strdup(text_for("en", "fixed.subscribers_only"));
	g_autofree char *body = g_strdup_printf("\r\n\r\n{\"contact_form_id\":42,\"status\":\"error\",\"message\":\"%s\","
						"\"into\":\"#wpcf7-f42-p2-o1\",\"invalid_fields\":[]}",
	    message);
	assert_has(answer, "Status: 200 OK");
	g_assert_true(g_str_has_suffix(answer, body));
	g_assert_true(gateway_wait_log(gateway, "subscribers_only"));
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

/* --- S: pages without script (contract 2.6) --------------------------------------------------------------------------------------- */

static char *
post_plainly(const Gateway *gateway, const char *uri, const char *fields)
{
	g_autoptr(GString) body = g_string_new(fields);
	return client_ask(gateway,
	    &(ClientRequest){.method = "POST", .uri = uri, .content_type = "application/x-www-form-urlencoded", .body = body});
}

static void
test_s14(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *answer = post_plainly(
	    gateway, "/sample-page/", "_wpcf7=4&your-name=Taro&your-email=taro%40example.org&your-subject=s&your-message=m");
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, "Content-Type: text/html; charset=UTF-8\r\n");
	assert_has(answer, "Thanks, your message is on its way.");
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	g_assert_cmpuint(mails_count(gateway), ==, 1);
	gateway_stop(gateway);
}

static void
test_s15(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, NULL, "<label> Your e-mail\n    [email* your-email] </label>\n[text* your-subject]");
	g_autofree char *answer =
	    post_plainly(gateway, "/sample-page/", "_wpcf7=42&_wpcf7_unit_tag=wpcf7-f42-p2-o1&your-email=x&your-subject=");
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, "<main class=\"problem\">");
	assert_has(answer, "Please correct the marked fields.");
	assert_has(answer, "<dt>Your e-mail</dt><dd>Enter a valid e-mail address.</dd>");
	assert_has(answer, "<dt>your-subject</dt><dd>This field is required.</dd>");
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

static void
test_s16(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *answer =
	    client_ask(gateway, &(ClientRequest){.method = "GET",
				    .uri = "/sample-page/?_wpcf7=4&your-name=Taro&your-email=taro%40example.org&your-subject=s"});
	assert_has(answer, "Status: 404 Not Found\r\n");
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		GTestFunc test;
	} tests[] = {
	    {"/contract/A01", test_a01},
	    {"/contract/A02", test_a02},
	    {"/contract/A03", test_a03},
	    {"/contract/A04", test_a04},
	    {"/contract/A05", test_a05},
	    {"/contract/S01", test_s01},
	    {"/contract/S02", test_s02},
	    {"/contract/S03", test_s03},
	    {"/contract/S04", test_s04},
	    {"/contract/S08", test_s08},
	    {"/contract/S09", test_s09},
	    {"/contract/S10", test_s10},
	    {"/contract/S14", test_s14},
	    {"/contract/S15", test_s15},
	    {"/contract/S16", test_s16},
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].test);
	return g_test_run();
}
