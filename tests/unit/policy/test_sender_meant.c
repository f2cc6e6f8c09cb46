/* Which addresses are the visitor's, and slips of the finger in their domains. */
#include "fixture.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/names.h"
#include "sekisho/policy/sender.h"

static const struct {
	const char *written, *meant; /* NULL: it is meant so */
} slips[] = {
    {"taro@gmial.com", "taro@gmail.com"},
    {"taro@gmai.com", "taro@gmail.com"},
    {"taro@gmaill.com", "taro@gmail.com"},
    {"taro@gnail.com", "taro@gmail.com"},
    {"Taro.Y+x@GMAIL.CON", "Taro.Y+x@gmail.com"},
    {"taro@gmail.comm", "taro@gmail.com"},
    {"taro@gmail.cmo", "taro@gmail.com"},
    {"taro@gmail.co.jp", "taro@gmail.com"},
    {"taro@gmail.jp", "taro@gmail.com"},
    {"taro@docomo.co.jp", "taro@docomo.ne.jp"},
    {"taro@docmo.ne.jp", "taro@docomo.ne.jp"},
    {"taro@docomo.ne.jo", "taro@docomo.ne.jp"},
    {"taro@dokomo.ne.jp", "taro@docomo.ne.jp"},
    {"taro@ezwev.ne.jp", "taro@ezweb.ne.jp"},
    {"taro@ezweb.co.jp", "taro@ezweb.ne.jp"},
    {"taro@sofbtank.ne.jp", "taro@softbank.ne.jp"},
    {"taro@sotfbnak.ne.jp", NULL},
    {"taro@softbenk.ne.jp", "taro@softbank.ne.jp"},
    {"taro@i.sofbank.jp", "taro@i.softbank.jp"},
    {"taro@yaho.co.jp", "taro@yahoo.co.jp"},
    {"taro@yahoo.co.jo", "taro@yahoo.co.jp"},
    {"taro@yahoo.jp", "taro@yahoo.co.jp"},
    {"taro@hotmial.com", "taro@hotmail.com"},
    {"taro@iclod.com", "taro@icloud.com"},
    {"taro@outlok.jp", "taro@outlook.jp"},
    {"taro@ocn.ne.jo", "taro@ocn.ne.jp"},
    {"taro@biglobe.ne.jpp", "taro@biglobe.ne.jp"},
    /* Domains of their own, near to others. */
    {"taro@ymail.com", NULL},
    {"taro@mail.com", NULL},
    {"taro@email.com", NULL},
    {"taro@odn.ne.jp", NULL},
    {"taro@ocv.ne.jp", NULL},
    {"taro@dtn.ne.jp", NULL},
    {"taro@yahoo.ne.jp", NULL},
    {"taro@yahoo.de", NULL},
    {"taro@yahoo.pl", NULL},
    {"taro@softbank.co.jp", NULL},
    {"taro@biz.ezweb.ne.jp", NULL},
    {"taro@x.docomo.ne.jp", NULL},
    {"taro@me.com", NULL},
    {"taro@mac.com", NULL},
    {"taro@gmx.net", NULL},
    {"taro@web.de", NULL},
    {"taro@qq.com", NULL},
    {"taro@aol.co.jp", NULL},
    {"taro@example.co.jp", NULL},
    {"taro@example.test", NULL},
    {"taro@gmail.example.jp", NULL},
    {"taro@sky.co.jp", NULL},
    {"taro@mineo.co.jp", NULL},
    {"taro@hitachi.co.jp", NULL},
    {"taro@u-tokyo.ac.jp", NULL},
    {"taro@jp", NULL},
    {"taro", NULL},
    {"", NULL},
};

static void
test_meant(void)
{
	g_autoptr(Form) form = fixture_form("[text your-name] [email your-email]");
	for (gsize i = 0; i < G_N_ELEMENTS(slips); i++) {
		const char *field = NULL;
		g_autoptr(Submission) submission =
		    fixture_submission(form, fixture_posted("your-name", "taro@gmial.com", "your-email", slips[i].written, NULL));
		g_autofree char *meant = sender_meant(form, submission, &field);
		g_test_message("%s", slips[i].written);
		g_assert_cmpstr(meant, ==, slips[i].meant);
		g_assert_cmpstr(field, ==, meant != NULL ? "your-email" : NULL);
	}
}

/* No well-known domain is a slip of another one, and what is meant is well known. */
static void
test_tables(void)
{
	g_autoptr(Form) form = fixture_form("[email e]");
	for (const char *const *known = names_of(NAMES_MAIL_DOMAINS); *known != NULL; known++) {
		const char *field = NULL;
		g_autofree char *address = g_strconcat("taro@", *known, NULL);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("e", address, NULL));
		g_autofree char *meant = sender_meant(form, submission, &field);
		g_assert_null(meant);
	}
	for (const char *const *slip = names_of(NAMES_MAIL_SLIPS); *slip != NULL; slip++) {
		const char *field = NULL;
		g_auto(GStrv) words = g_strsplit(*slip, " ", -1);
		g_autofree char *address = g_strconcat("taro@", words[0], NULL), *expected = g_strconcat("taro@", words[1], NULL);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("e", address, NULL));
		g_autofree char *meant = sender_meant(form, submission, &field);
		g_test_message("%s", *slip);
		g_assert_cmpuint(g_strv_length(words), ==, 2);
		g_assert_cmpstr(meant, ==, expected);
		g_assert_true(g_strv_contains(names_of(NAMES_MAIL_DOMAINS), words[1]));
	}
}

static void
test_addresses(void)
{
	g_autoptr(Form) form = fixture_form("[email a] [email b] [email c] [text d]");
	g_autoptr(Submission) submission = fixture_submission(
	    form, fixture_posted("a", "Taro@Example.JP", "b", "taro@example.jp", "c", "not one", "d", "hanako@example.jp", NULL));
	g_autoptr(GPtrArray) addresses = sender_addresses(form, submission);
	g_assert_cmpuint(addresses->len, ==, 1);
	g_assert_cmpstr(addresses->pdata[0], ==, "Taro@Example.JP");
	g_autofree char *domain = sender_domain(addresses->pdata[0]), *none = sender_domain("not one"),
			*other = sender_domain("a@b@c.jp");
	g_assert_cmpstr(domain, ==, "example.jp");
	g_assert_null(none);
	g_assert_null(other);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sender/meant", test_meant);
	g_test_add_func("/sender/tables", test_tables);
	g_test_add_func("/sender/addresses", test_addresses);
	return g_test_run();
}
