/*
 * The table of replies: which are tried again, which are final, which are the account's fault.
 */
#include "sekisho/relay/reply.h"

static void
test_status_codes(void)
{
	static const struct {
		const char *text;
		ReplyStatus status;
	} cases[] = {
	    {"5.1.1 unknown", {5, 1, 1}},
	    {" \t4.2.2", {4, 2, 2}},
	    {"2.0.0", {2, 0, 0}},
	    {"5.7.509 policy", {5, 7, 509}},
	    {"5.999.999: x", {5, 999, 999}},
	    {"5.1000.1 x", {0}},
	    {"5.1.1000 x", {0}},
	    {"5.1.99999999999999999999 x", {0}},
	    {"3.1.1 x", {0}},
	    {"50.1.1 x", {0}},
	    {"5.1 x", {0}},
	    {"5.1.1.1 x", {0}},
	    {"5.1.1x", {0}},
	    {"5..1 x", {0}},
	    {"192.0.2.1 is blocked", {0}},
	    {"user 5.1.1", {0}},
	    {"\xff\xfe", {0}},
	    {"", {0}},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		ReplyStatus status = {9, 9, 9};
		g_test_message("%s", cases[i].text);
		g_assert_cmpint(reply_status_read(cases[i].text, &status), ==, cases[i].status.class != 0);
		g_assert_cmpmem(&status, sizeof status, &cases[i].status, sizeof status);
	}
}

static void
test_meanings(void)
{
	static const struct {
		ReplyStage stage;
		guint code;
		const char *text;
		RelayError meaning;
	} cases[] = {
	    {REPLY_TO_MAIL, 451, "4.3.0 later", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 421, "", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 450, "4.2.1 greylisted", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 452, "4.5.3 too many recipients", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 550, "5.1.1 unknown", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_CONTENT, 554, "no thanks", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_MAIL, 599, "", RELAY_ERROR_PERMANENT},
	    /* The reply code's first digit counts where the two contradict each other. */
	    {REPLY_TO_RCPT, 450, "5.1.1 unknown", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 550, "4.1.1 unknown", RELAY_ERROR_PERMANENT},
	    /* 552: too many recipients at RCPT, else too large. */
	    {REPLY_TO_RCPT, 552, "no room", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 552, "5.3.4 too large for the system", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_RCPT, 552, "5.2.3 too large for the mailbox", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_MAIL, 552, "5.3.4 too large", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_CONTENT, 552, "too large", RELAY_ERROR_PERMANENT},
	    /* What RFC 3463 says of a kind goes before the code. */
	    {REPLY_TO_RCPT, 552, "5.2.2 over quota", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_CONTENT, 554, "5.2.2 over quota", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 550, "5.3.1 system full", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_CONTENT, 554, "5.4.5 congested", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 550, "5.5.3 too many recipients", RELAY_ERROR_TEMPORARY},
	    {REPLY_TO_RCPT, 550, "5.4.1 recipient address rejected", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_RCPT, 550, "2.2 no status code", RELAY_ERROR_PERMANENT},
	    /* The account's, at any stage; the codes beside them are not. */
	    {REPLY_TO_MAIL, 530, "5.7.0 authentication required", RELAY_ERROR_AUTH},
	    {REPLY_TO_RCPT, 534, "", RELAY_ERROR_AUTH},
	    {REPLY_TO_CONTENT, 535, "5.2.2 even so", RELAY_ERROR_AUTH},
	    {REPLY_TO_MAIL, 538, "", RELAY_ERROR_AUTH},
	    {REPLY_TO_MAIL, 531, "", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_MAIL, 536, "", RELAY_ERROR_PERMANENT},
	    {REPLY_TO_MAIL, 454, "4.7.0 login server away", RELAY_ERROR_TEMPORARY},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%u %s", cases[i].code, cases[i].text);
		g_assert_cmpint(reply_meaning(cases[i].stage, cases[i].code, cases[i].text), ==, cases[i].meaning);
		g_autoptr(GError) failure = reply_failure(cases[i].stage, cases[i].code, cases[i].text);
		g_assert_error(failure, RELAY_ERROR, (gint)cases[i].meaning);
		g_assert_cmpstr(failure->message, !=, "");
	}
}

/* Every refusal has a meaning. */
static void
test_no_code_is_without_one(void)
{
	static const ReplyStage stages[] = {REPLY_TO_MAIL, REPLY_TO_RCPT, REPLY_TO_CONTENT};

	for (guint code = 400; code < 600; code++)
		for (gsize i = 0; i < G_N_ELEMENTS(stages); i++)
			g_assert_true(reply_meaning(stages[i], code, "") != RELAY_ERROR_PERMANENT || code >= 500);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reply/status codes", test_status_codes);
	g_test_add_func("/reply/meanings", test_meanings);
	g_test_add_func("/reply/no code is without one", test_no_code_is_without_one);
	return g_test_run();
}
