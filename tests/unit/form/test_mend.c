/*
 * Mending of imported forms: senders, header lines, blind copies. What was mended can be used.
 */
#include "sekisho/form/mend.h"

#include <string.h>

#include "fixture.h"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

typedef struct {
	const char *sender;
	const char *headers;
	const char *mended_sender;
	const char *mended_headers;
	guint mendings;
} MendCase;

static const MendCase cases[] = {
    /* Nothing to do. */
    {"[_site_title] <noreply@example.test>", "Reply-To: [your-email]\nX-A: 1", "[_site_title] <noreply@example.test>",
	"Reply-To: [your-email]\nX-A: 1", 0},
    {"", "", "", "", 0},
    /* The visitor as the sender. */
    {"[your-name] <[your-email]>", "", "", "Reply-To: [your-name] <[your-email]>", 2},
    {"[your-email]", "X-A: 1\n", "", "X-A: 1\nReply-To: [your-email]", 2},
    {"[your-email]", "Reply-To: shop@example.test", "", "Reply-To: shop@example.test", 2},
    {"[your-email]", "Reply-To:", "", "Reply-To:\nReply-To: [your-email]", 2},
    /* A sender of somewhere else, and none at all. */
    {"Shop <shop@elsewhere.test>", "", "", "", 1},
    {"nobody", "", "", "", 1},
    /* The one that WordPress makes up, for which no account may send; a name that the visitor gives stays. */
    {"[_site_title] <wordpress@example.test>", "", "", "", 1},
    {"WordPress@Example.test", "", "", "", 1},
    {"[your-name] <wordpress@example.test>", "", "[your-name] <noreply@example.test>", "", 1},
    {"Shop <wordpress.shop@example.test>", "", "Shop <wordpress.shop@example.test>", "", 0},
    /* A From: line overrides the sender. */
    {"x@elsewhere.test", "X-A: 1\nFrom: noreply@example.test", "noreply@example.test", "X-A: 1", 1},
    {"noreply@example.test", "from: [your-email]\nCc: a@example.test", "", "Cc: a@example.test\nReply-To: [your-email]", 3},
    /* Lines that may not stand in a template. */
    {"", "To: x@example.test\nX-A: 1\nReturn-Path: [your-email]\nX-B: 2", "", "X-A: 1\nX-B: 2", 2},
    {"", "X A: x", "", "", 1},
    {"", "[your-name]: x", "", "[your-name]: x", 0}, /* what it becomes is seen when the mail is made */
    /* Copies to whom a visitor types stay: policy/replies.c has rules for them. */
    {"", "Bcc: [your-email]", "", "Bcc: [your-email]", 0},
    /* A part of a list that nobody can be mailed at is somebody's to mend. */
    {"", "Cc: a@example.test, nobody", "", "Cc: a@example.test, nobody", 0},
};

static void
test_cases(void)
{
	g_autoptr(SiteFacts) site = fixture_site();

	for (gsize i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		const MendCase *one = &cases[i / 2];
		g_autoptr(FormSource) source = fixture_source("[text* your-name][email* your-email]");
		MailTemplate *mail = &source->mail[i % 2]; /* the second one is not active, and is mended all the same */

		g_test_message("%s / %s", one->sender, one->headers);
		set(&source->mail[1].recipient, "owner@example.test");
		set(&mail->sender, one->sender);
		set(&mail->additional_headers, one->headers);
		g_autoptr(GPtrArray) mendings = mend_source(source, site);
		g_assert_cmpstr(mail->sender, ==, one->mended_sender);
		g_assert_cmpstr(mail->additional_headers, ==, one->mended_headers);
		g_assert_cmpuint(mendings->len, ==, one->mendings);
		g_assert_false(source->mail[1].is_active);
		for (guint j = 0; j < mendings->len; j++) {
			const Mending *mending = mendings->pdata[j];
			g_assert_cmpuint(strlen(mending->reason), >, 10);
			g_assert_cmpstr(mending->before, !=, mending->after);
		}
	}
}

/* What is told: from what to what, and where. */
static void
test_telling(void)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(FormSource) source = fixture_source("[text* your-name][email* your-email]");

	set(&source->mail[0].sender, " [your-name] <[your-email]> ");
	set(&source->mail[0].additional_headers, "");
	g_autoptr(GPtrArray) mendings = mend_source(source, site);
	const Mending *sender = mendings->pdata[0], *reply = mendings->pdata[1];
	g_assert_cmpstr(sender->place, ==, "form.ini [mail] sender");
	g_assert_cmpstr(sender->before, ==, "[your-name] <[your-email]>");
	g_assert_true(g_str_has_prefix(sender->after, "Example <noreply@example.test>"));
	g_assert_nonnull(strstr(sender->reason, "SPF"));
	g_assert_null(strstr(sender->reason, "write \""));
	g_assert_cmpstr(reply->place, ==, "mail-headers.txt");
	g_assert_cmpstr(reply->after, ==, "Reply-To: [your-name] <[your-email]>");
}

/* Header lines are numbered as in the export, however many before them went. */
static void
test_line_numbers(void)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(FormSource) source = fixture_source("[text* your-name][email* your-email]");

	set(&source->mail[0].additional_headers, "X-A: 1\nFrom: noreply@example.test\nX-B: 2\nTo: x@example.test\nDate: [_date]");
	g_autoptr(GPtrArray) mendings = mend_source(source, site);
	static const char *const places[] = {"Additional headers of [mail] in the export, line 2",
	    "Additional headers of [mail] in the export, line 4", "Additional headers of [mail] in the export, line 5"};
	g_assert_cmpuint(mendings->len, ==, G_N_ELEMENTS(places));
	for (guint i = 0; i < mendings->len; i++)
		g_assert_cmpstr(((const Mending *)mendings->pdata[i])->place, ==, places[i]);
	g_assert_cmpstr(source->mail[0].additional_headers, ==, "X-A: 1\nX-B: 2");
}

/* Whatever was mended compiles. */
static void
test_usable(void)
{
	g_autoptr(SiteFacts) site = fixture_site();

	for (gsize i = 0; i + 1 < G_N_ELEMENTS(cases); i++) {
		FormSource *source = fixture_source("[text* your-name][email* your-email]");

		set(&source->mail[0].sender, cases[i].sender);
		set(&source->mail[0].additional_headers, cases[i].headers);
		g_autoptr(GPtrArray) mendings = mend_source(source, site);
		g_autofree char *problems = fixture_problems(source);
		g_assert_cmpstr(problems, ==, "");
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/mend/cases", test_cases);
	g_test_add_func("/form/mend/telling", test_telling);
	g_test_add_func("/form/mend/line numbers", test_line_numbers);
	g_test_add_func("/form/mend/usable", test_usable);
	return g_test_run();
}
