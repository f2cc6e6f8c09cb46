/*
 * Vectors of contract 13.2 and 13.3 that are about what becomes of a submission: what is kept, which mails are promised, and the letter that the
 * courier would make of it. Each test starts a front of its own.
 */
#include <string.h>
#include <sys/resource.h>

#include "gateway.h"
#include "sekisho/conf/config.h"
#include "sekisho/relay/letter.h"

/* Form 4 is form D; this submission of it is taken. */
static GString *
body_d(const char *subject, const char *message)
{
	return client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", "Taro", "your-email", "taro@example.org",
	    "your-subject", subject, "your-message", message, NULL);
}

/* The letter that the courier would make of the newest submission. */
static Letter *
letter_of_newest(const Gateway *gateway, guint id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *main_file = g_build_filename(gateway->directory, "sekisho.conf", NULL);
	g_autoptr(Config) config = config_load(main_file, &error);
	g_assert_no_error(error);
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_autoptr(Form) form = site_form(site, id, &error);
	g_assert_no_error(error);
	g_autoptr(Submission) submission = stored_newest(gateway);
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	Letter *letter = letter_new(form, submission, MAIL_NOTICE, 0, planned, &error);
	g_assert_no_error(error);
	return letter;
}

static void
test_v02(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *answer = submit(gateway, 4, body_d("Hello & \"hi\"", "Line1\r\nLine2 <b>x</b>"));
	assert_ok(answer);
	g_autoptr(Letter) letter = letter_of_newest(gateway, 4);
	g_assert_cmpuint(letter->to->len, ==, 1);
	g_assert_cmpstr(((Mailbox *)letter->to->pdata[0])->address, ==, "owner@example.jp");
	g_assert_cmpstr(letter->subject, ==, "example.jp \"Hello & \"hi\"\"");
	g_assert_cmpuint(letter->reply_to->len, ==, 1);
	g_assert_cmpstr(((Mailbox *)letter->reply_to->pdata[0])->address, ==, "taro@example.org");
	assert_has(letter->text, "Line1\nLine2 <b>x</b>");
	g_assert_null(letter->html);
	gateway_stop(gateway);
}

static void
test_v03(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *first = submit(gateway, 4, body_d("S", "M"));
	g_autofree char *second = submit(gateway, 4, body_d("S", "M"));
	assert_ok(first);
	assert_ok(second);
	g_assert_cmpuint(mails_count(gateway), ==, 2);
	g_autofree char *first_hash = hash_of(first);
	g_autofree char *second_hash = hash_of(second);
	if (strcmp(first_hash, second_hash) != 0) {
		/* The half hour ended between the two; it does not do so again. */
		g_autofree char *third = submit(gateway, 4, body_d("S", "M"));
		g_autofree char *third_hash = hash_of(third);
		g_assert_cmpstr(second_hash, ==, third_hash);
	}
	gateway_stop(gateway);
}

static void
test_v04(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *first = submit(gateway, 4, body_d("S", "M"));
	GString *body = body_d("S", "M");
	g_string_replace(body, UNIT_TAG, "wpcf7-f4-p2-o2", 1);
	g_autofree char *second = submit(gateway, 4, body);
	assert_ok(second);
	g_autofree char *first_hash = hash_of(first);
	g_autofree char *second_hash = hash_of(second);
	g_assert_cmpstr(first_hash, !=, second_hash);
	gateway_stop(gateway);
}

static void
test_v06(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_put(gateway, "forms/contact/mail.txt", "Subject: [your-subject]\n");
	g_autofree char *answer = submit(gateway, 4, body_d("S\r\nBcc: victim@x.test", "M"));
	assert_ok(answer);
	g_autoptr(Letter) letter = letter_of_newest(gateway, 4);
	g_assert_true(g_str_has_suffix(letter->subject, "\"SBcc: victim@x.test\""));
	assert_has(letter->text, "Subject: S\nBcc: victim@x.test\n");
	g_assert_cmpuint(letter->to->len + letter->cc->len + letter->headers->len, ==, 1);
	gateway_stop(gateway);
}

static void
test_v10(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_put(gateway, "forms/contact/mail.txt", "[your-name]\n");
	g_autofree char *answer = submit(gateway, 4,
	    client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name[]", "a", "your-name[]", "b", "your-email", "a@example.org",
		"your-subject", "s", NULL));
	assert_ok(answer);
	g_autoptr(Letter) letter = letter_of_newest(gateway, 4);
	g_assert_true(g_str_has_prefix(letter->text, "a, b\n"));
	gateway_stop(gateway);
}

static void
test_v11(void)
{
	Gateway *gateway = gateway_start(1);
	GString *body = body_d("S", "M");
	g_string_truncate(body, body->len - strlen("--" GATEWAY_BOUNDARY "--\r\n"));
	g_autoptr(GString) more = client_multipart("extra", "zz", "_hidden", "q", NULL);
	g_autofree char *answer = submit(gateway, 4, g_string_append(body, more->str));
	assert_ok(answer);
	g_autoptr(Submission) submission = stored_newest(gateway);
	const SubmissionField *extra = submission_field(submission, "extra");
	g_assert_nonnull(extra);
	g_assert_cmpstr(extra->values[0], ==, "zz");
	g_assert_null(submission_field(submission, "_hidden"));
	gateway_stop(gateway);
}

/* "The mailer" is our own disk: what cannot be kept is not sent. */
static void
test_s11(void)
{
	Gateway *gateway = gateway_start(1);
	struct rlimit full = {0}, before = {0};
	g_autofree char *taken = submit(gateway, 4, good_body());
	assert_ok(taken);
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, NULL, &before), ==, 0);
	full.rlim_max = before.rlim_max;
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &full, NULL), ==, 0);
	g_autofree char *answer = submit(gateway, 4, good_body());
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &before, NULL), ==, 0);
	assert_has(answer, "Status: 200 OK");
	assert_has(answer, "\"status\":\"mail_failed\",\"message\":\"Your message could not be sent. Please try later.\"");
	g_autofree char *hash = hash_of(answer);
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	g_autofree char *again = submit(gateway, 4, good_body());
	assert_ok(again);
	g_assert_cmpuint(stored_count(gateway), ==, 2);
	gateway_stop(gateway);
}

static void
test_s12(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[mail]\nrecipient = [empty]\n", "[email empty][text n]");
	gateway_add_form(gateway, 43, "[mail]\nrecipient = not an address\n", "[text n]");
	gateway_add_form(gateway, 44, "[mail]\nrecipient = bad, good@example.test\n", "[text n]");
	for (guint id = 42; id <= 43; id++) {
		g_autofree char *answer = submit(gateway, id, client_multipart("_wpcf7_unit_tag", "u", "n", "x", NULL));
		assert_has(answer, "\"status\":\"mail_failed\"");
	}
	g_assert_cmpuint(mails_count(gateway), ==, 0);
	g_autofree char *answer = submit(gateway, 44, client_multipart("_wpcf7_unit_tag", "u", "n", "x", NULL));
	assert_ok(answer);
	g_assert_cmpuint(mails_count(gateway), ==, 1);
	g_autoptr(Letter) letter = letter_of_newest(gateway, 44);
	g_assert_cmpuint(letter->to->len, ==, 1);
	g_assert_cmpstr(((Mailbox *)letter->to->pdata[0])->address, ==, "good@example.test");
	gateway_stop(gateway);
}

static void
test_s13(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 42, "[mail_2]\nactive = on\nrecipient = [e]\n", "[text n][email e]");
	g_autofree char *answer = submit(gateway, 42, client_multipart("_wpcf7_unit_tag", "u", "n", "x", "e", "", NULL));
	assert_ok(answer);
	g_assert_cmpuint(mails_count(gateway), ==, 1);
	g_assert_true(gateway_wait_log(gateway, "status=mail_sent mails=1"));
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		GTestFunc test;
	} tests[] = {
	    {"/contract/V02", test_v02},
	    {"/contract/V03", test_v03},
	    {"/contract/V04", test_v04},
	    {"/contract/V06", test_v06},
	    {"/contract/V10", test_v10},
	    {"/contract/V11", test_v11},
	    {"/contract/S11", test_s11},
	    {"/contract/S12", test_s12},
	    {"/contract/S13", test_s13},
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].test);
	return g_test_run();
}
