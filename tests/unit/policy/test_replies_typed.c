/*
 * What is planned for addresses that visitors type, and for canaries.
 */
#include <string.h>

#include "fixture.h"
#include "plans.h"
#include "sekisho/policy/replies.h"

static Form *
form_replying(const char *recipient, const char *headers, ReplyPolicy policy)
{
	FormSource *source = plans_source("a@example.test", "");

	plans_set(&source->mail[1].sender, "noreply@example.test");
	plans_set(&source->mail[1].recipient, recipient);
	plans_set(&source->mail[1].additional_headers, headers);
	source->mail[1].is_active = TRUE;
	source->reply = policy;
	return fixture_compile(source);
}

static char *
plan_reply(const char *recipient, ReplyPolicy policy, const char *name, const char *email)
{
	g_autoptr(Form) form = form_replying(recipient, "Bcc: b@example.test", policy);
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-name", name, "your-email", email, NULL));

	return plans_text(form, submission);
}

#define OWN "notice To a@example.test; reply Bcc b@example.test"

/* mail_2: what the operator wrote is mailed, what was typed waits or is refused, and one entry never gives two addresses. */
static void
test_typed_replies(void)
{
	static const struct {
		const char *recipient, *name, *email, *planned;
	} cases[] = {
	    {"[your-email]", "", "taro@visitor.test", OWN "; reply To taro@visitor.test (typed)"},
	    {"[your-email]", "", "", OWN},
	    {"[your-email]", "", "no address", OWN},
	    {"[your-email]", "", "@", OWN},
	    {"[your-email]", "", "Taro <taro@visitor.test>", OWN "; reply To Taro taro@visitor.test (typed)"},
	    {"[your-name] <[your-email]>", "Doe, \"John\"", "j@visitor.test", OWN "; reply To Doe, John j@visitor.test (typed)"},
	    {"\"[your-name]\" <[your-email]>", "山田", "j@visitor.test", OWN "; reply To 山田 j@visitor.test (typed)"},
	    {"[your-name] <[your-email]>", "Taro <x@y.test>", "j@visitor.test",
		OWN "; reply To Taro <x@y.test> j@visitor.test (typed)"},
	    /* Several. */
	    {"[your-email]", "", "x@y.test, z@y.test",
		OWN "; reply To x@y.test recipient_several; reply To z@y.test recipient_several"},
	    {"[your-name] <[your-email]>", "T", "x@y.test>, <z@y.test",
		OWN "; reply To T x@y.test recipient_several; reply To T z@y.test recipient_several"},
	    {"[your-email]", "", "x@y.test, nobody", OWN "; reply To x@y.test recipient_several"},
	    {"[your-name] [your-email]", "x@y.test,", "z@y.test",
		OWN "; reply To x@y.test recipient_several; reply To z@y.test recipient_several"},
	    {"[your-email], [your-name]", "z@y.test", "x@y.test", OWN "; reply To x@y.test (typed); reply To z@y.test (typed)"},
	    /* Unusual. */
	    {"[your-email]", "", "a..b@docomo.ne.jp", OWN "; reply To a..b@docomo.ne.jp recipient_unusual"},
	    {"[your-email]", "", "\"a b\"@y.test", OWN "; reply To \"a b\"@y.test recipient_unusual"},
	    {"[your-email]", "", "x@日本.jp", OWN "; reply To x@日本.jp recipient_unusual"},
	    {"[your-email]", "", "日本@y.test", OWN "; reply To 日本@y.test recipient_unusual"},
	    {"[your-email]", "", "x@localhost", OWN "; reply To x@localhost recipient_unusual"},
	    {"[your-email]", "", "x@[192.0.2.1]", OWN "; reply To x@[192.0.2.1] recipient_unusual"},
	    {"[your-email]", "", "x@y@z.test", OWN "; reply To x@y@z.test recipient_unusual"},
	    {"[your-email]", "", "x@y.test\r\nBcc: z@y.test", OWN "; reply To x@y.testBcc: z@y.test recipient_unusual"},
	    /* No host has such a name: it is an address of a machine, or of none (RFC 3696 section 2). */
	    {"[your-email]", "", "x@127.0.0.1", OWN "; reply To x@127.0.0.1 recipient_unusual"},
	    {"[your-email]", "", "x@y.123", OWN "; reply To x@y.123 recipient_unusual"},
	    {"[your-email]", "", "x@1.2.y3", OWN "; reply To x@1.2.y3 (typed)"},
	    /* Source routes: a mail server that trusts us would send them on to the other host. */
	    {"[your-email]", "", "x%y.test@example.test", OWN "; reply To x%y.test@example.test recipient_unusual"},
	    {"[your-email]", "", "y.test!x@example.test", OWN "; reply To y.test!x@example.test recipient_unusual"},
	    /* Automatic. */
	    {"[your-email]", "", "MAILER-DAEMON@y.test", OWN "; reply To MAILER-DAEMON@y.test recipient_automatic"},
	    {"[your-email]", "", "no-reply@y.test", OWN "; reply To no-reply@y.test recipient_automatic"},
	    {"[your-name]@y.test", "owner-list", "", OWN "; reply To owner-list@y.test recipient_automatic"},
	    /* What the operator wrote is his. */
	    {"no-reply@example.test", "", "",
		"notice To a@example.test; reply To no-reply@example.test; reply Bcc b@example.test"},
	    {"[your-email]", "", "b@example.test", OWN},
	    {"[your-email]", "", "a@example.test", OWN "; reply To a@example.test (typed)"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *planned = plan_reply(cases[i].recipient, REPLY_CONFIRM, cases[i].name, cases[i].email);
		g_test_message("%s: %s, %s", cases[i].recipient, cases[i].name, cases[i].email);
		g_assert_cmpstr(planned, ==, cases[i].planned);
	}
}

/* An address that was typed has at most LIMIT_ADDRESS_BYTES, and what is longer is shown up to a limit or not at all. */
static void
test_long_typed(void)
{
	static const struct {
		gsize labels;
		const char *fate;
	} cases[] = {{23, " (typed)"}, {24, " recipient_unusual"}, {88, " recipient_unusual"}, {89, NULL}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) address = g_string_new("taro.yamada@");
		for (gsize k = 0; k < cases[i].labels; k++)
			g_string_append(address, "abcdefghi.");
		g_string_append(address, "test");
		g_autofree char *planned = plan_reply("[your-email]", REPLY_CONFIRM, "", address->str);
		g_autofree char *expected =
		    cases[i].fate == NULL ? g_strdup(OWN) : g_strconcat(OWN "; reply To ", address->str, cases[i].fate, NULL);
		g_assert_cmpstr(planned, ==, expected);
	}
}

static void
test_policies(void)
{
	g_autofree char *proved = plan_reply("[your-email]", REPLY_PROVED, "", "taro@visitor.test");
	g_autofree char *never = plan_reply("[your-email]", REPLY_NEVER, "", "taro@visitor.test");
	g_autofree char *never_several = plan_reply("[your-email]", REPLY_NEVER, "", "x@y.test, z@y.test");

	g_assert_cmpstr(proved, ==, OWN "; reply To taro@visitor.test (typed)");
	g_assert_cmpstr(never, ==, OWN "; reply To taro@visitor.test reply_policy");
	g_assert_cmpstr(never_several, ==, OWN "; reply To x@y.test reply_policy; reply To z@y.test reply_policy");
}

/* Cc and Bcc of the notice that take what was typed are copies of it; its To is refused; a configured address needs no copy. */
static void
test_copies(void)
{
	static const struct {
		const char *recipient, *headers, *email, *planned;
	} cases[] = {
	    {"a@example.test", "Cc: [your-email]\nBcc: [_raw_your-email]", "x@y.test",
		"notice To a@example.test; copy Cc x@y.test (typed)"},
	    {"a@example.test", "Bcc: [your-email], c@example.test", "x@y.test",
		"notice To a@example.test; notice Bcc c@example.test; copy Bcc x@y.test (typed)"},
	    {"a@example.test", "Cc: [your-email]", "a@EXAMPLE.test", "notice To a@example.test"},
	    {"a@example.test", "Cc: [your-email]", "x@y.test, z@y.test",
		"notice To a@example.test; copy Cc x@y.test recipient_several; copy Cc z@y.test recipient_several"},
	    {"a@example.test", "Cc: [your-email]", "bounces@y.test",
		"notice To a@example.test; copy Cc bounces@y.test recipient_automatic"},
	    {"a@example.test, [your-email]", "Cc: [your-email]", "x@y.test",
		"notice To a@example.test; copy Cc x@y.test (typed)"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *planned = plans_for(cases[i].recipient, cases[i].headers, cases[i].email);
		g_assert_cmpstr(planned, ==, cases[i].planned);
	}
}

/* A canary goes to the site's canary address, whatever the form says, and to nobody without one. */
static void
test_canary(gconstpointer address)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(SiteFacts) site = fixture_site();
	FormSource *source = plans_source("a@example.test", "Cc: [your-email]");
	ClientFacts *client = client_facts_new();

	plans_set(&source->mail[1].recipient, "[your-email]");
	source->mail[1].is_active = TRUE;
	plans_set(&site->canary_address, address);
	plans_set(&client->canary, "token");
	g_autoptr(Form) form = form_examine(source, site, problems);
	g_autoptr(Submission) submission =
	    submission_new(form, "RECEIPT", fixture_posted("your-email", "x@y.test", NULL), NULL, client);
	g_autofree char *planned = plans_text(form, submission);
	g_autofree char *expected =
	    *(const char *)address == '\0' ? g_strdup("") : g_strdup_printf("notice To %s", (const char *)address);
	g_assert_cmpstr(planned, ==, expected);
}

static void
test_own_address(void)
{
	static char *domains[] = {(char *)"example.test", (char *)"xn--wgv71a.jp", NULL};
	static const struct {
		const char *address;
		gboolean is_own;
	} cases[] = {{"a@example.test", TRUE}, {"a@EXAMPLE.Test", TRUE}, {"a@mail.example.test", TRUE},
	    {"a@example.test.evil.test", FALSE}, {"a@evilexample.test", FALSE}, {"a@test", FALSE}, {"a@xn--wgv71a.jp", TRUE},
	    {"a@.example.test", TRUE}, {"example.test", FALSE}, {"", FALSE}, {"a@", FALSE}, {"a@example.test@evil.test", FALSE}};
	g_autoptr(SiteFacts) site = fixture_site();

	g_strfreev(site->own_domains);
	site->own_domains = g_strdupv(domains);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(replies_is_own_address(site, cases[i].address), ==, cases[i].is_own);
}

/* What could not be checked is not answered: the notice alone goes. */
static void
test_unchecked(void)
{
	g_autoptr(FormSource) source = plans_source("a@example.test", "Cc: [your-email]\nBcc: c@example.test");

	source->mail[1].is_active = TRUE;
	plans_set(&source->mail[1].recipient, "[your-email], d@example.test");
	g_autoptr(Form) form = fixture_compile(g_steal_pointer(&source));
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-email", "x@y.test", NULL));
	submission->is_unchecked = TRUE;
	g_autofree char *planned = plans_text(form, submission);
	g_assert_cmpstr(planned, ==,
	    "notice To a@example.test; notice Bcc c@example.test; copy Cc x@y.test unchecked; reply To d@example.test unchecked; "
	    "reply To x@y.test unchecked");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replies_typed/of mail_2 what was typed waits or is refused", test_typed_replies);
	g_test_add_func("/replies_typed/a typed address has a limit", test_long_typed);
	g_test_add_func("/replies_typed/policies of a form", test_policies);
	g_test_add_func("/replies_typed/typed copies of a notice", test_copies);
	g_test_add_data_func("/replies_typed/a canary goes to its own address", "canary@example.test", test_canary);
	g_test_add_data_func("/replies_typed/a canary without address goes nowhere", "", test_canary);
	g_test_add_func("/replies_typed/own addresses", test_own_address);
	g_test_add_func("/replies_typed/what is not checked is not answered", test_unchecked);
	return g_test_run();
}
