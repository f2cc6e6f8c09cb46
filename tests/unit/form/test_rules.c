/*
 * Validation, by the vectors of contract 13.1-13.3 and 13.6 that the handled types allow.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/form/mailtag.h"
#include "sekisho/form/rules.h"
#include "sekisho/wire/json.h"

/* Checks that `posted` (taken) makes these fields invalid. */
static void
check_invalid(const Form *form, Posted *posted, const char *expected)
{
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	g_autofree char *invalid = fixture_invalid(form, submission);

	g_assert_cmpstr(invalid, ==, expected);
}

#define D_GOOD "your-name", "Taro", "your-email", "taro@example.org", "your-subject", "Hello"

static void
test_t14(void)
{
	g_autoptr(Form) form = fixture_form_d();
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < form->rules->len; i++) {
		const Rule *rule = form->rules->pdata[i];

		g_string_append_printf(text, "%d %s %d;", rule->kind, rule->field, (int)rule->threshold);
	}
	g_assert_cmpstr(text->str, ==,
	    "0 your-name 0;5 your-name 400;0 your-email 0;1 your-email 0;5 your-email 400;0 your-subject 0;5 your-subject 400;"
	    "5 your-message 2000;");
}

static void
test_schema(void)
{
	g_autoptr(Form) form = fixture_form("[textarea m maxlength:20][tel* t minlength:3 /10]");
	g_autofree char *schema = json_from_variant(rules_schema(form), 0);
	g_autoptr(Form) blank = fixture_form("[submit]");
	g_autofree char *blank_schema = json_from_variant(rules_schema(blank), 0);

	g_assert_cmpstr(schema, ==,
	    "{\"version\":\"Contact Form 7 SWV Schema 2024-10\",\"locale\":\"en_US\",\"rules\":["
	    "{\"rule\":\"required\",\"field\":\"t\",\"error\":\"This field is required.\"},"
	    "{\"rule\":\"tel\",\"field\":\"t\",\"error\":\"Enter a valid phone number.\"},"
	    "{\"rule\":\"minlength\",\"field\":\"t\",\"threshold\":3,\"error\":\"Too short.\"},"
	    "{\"rule\":\"maxlength\",\"field\":\"t\",\"threshold\":10,\"error\":\"Too long.\"},"
	    "{\"rule\":\"maxlength\",\"field\":\"m\",\"threshold\":20,\"error\":\"Too long.\"}]}");
	g_assert_cmpstr(
	    blank_schema, ==, "{\"version\":\"Contact Form 7 SWV Schema 2024-10\",\"locale\":\"en_US\",\"rules\":[]}");
}

static void
test_v01(void)
{
	g_autoptr(Form) form = fixture_form_d();

	check_invalid(form, posted_new(), "your-name:invalid_required your-email:invalid_required your-subject:invalid_required");
}

static void
test_v02(void)
{
	g_autoptr(Form) form = fixture_form_d();

	check_invalid(form, fixture_posted(D_GOOD, "your-message", "Line1\r\nLine2 <b>x</b>", NULL), "");
}

static void
test_v05_v12(void)
{
	g_autoptr(Form) form = fixture_form_d();
	g_autofree char *name_400 = g_strnfill(400, 'n'), *name_401 = g_strnfill(401, 'n');

	check_invalid(
	    form, fixture_posted(D_GOOD, "your-email", "a@example.org\r\nBcc: v@x.test", NULL), "your-email:invalid_email");
	check_invalid(form, fixture_posted(D_GOOD, "your-subject", "S\r\nBcc: victim@x.test", NULL), "");
	check_invalid(form, fixture_posted(D_GOOD, "your-name", "\xff\xfe", NULL), "your-name:invalid_required");
	check_invalid(form,
	    fixture_posted("your-name", "\xe3\x80\x80\xc2\xa0\t", "your-email", " taro@example.org\xe3\x80\x80", "your-subject",
		"\xef\xbb\xbfx", NULL),
	    "your-name:invalid_required");
	check_invalid(form, fixture_posted(D_GOOD, "your-name[]", "a", "your-name[]", "b", NULL), "");
	check_invalid(form, fixture_posted(D_GOOD, "your-name[]", "", "your-name[]", " ", NULL), "your-name:invalid_required");
	check_invalid(form, fixture_posted(D_GOOD, "extra", "zz", "_hidden", "q", NULL), "");
	check_invalid(form, fixture_posted(D_GOOD, "your-name", name_400, NULL), "");
	check_invalid(form, fixture_posted(D_GOOD, "your-name", name_401, NULL), "your-name:invalid_too_long");
}

static void
test_v14_v15(void)
{
	g_autoptr(Form) form = fixture_form("[text* t minlength:3 maxlength:10 id:my-t]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("t", "ab", NULL));
	g_autoptr(GPtrArray) invalid = rules_check(form, submission);
	const InvalidField *field = invalid->pdata[0];

	g_assert_cmpstr(field->idref, ==, "my-t");
	check_invalid(form, fixture_posted("t", "ab", NULL), "t:invalid_too_short");
	check_invalid(form, fixture_posted("t", "😀😀😀😀😀", NULL), "");
	check_invalid(form, fixture_posted("t", "😀😀😀😀😀😀", NULL), "t:invalid_too_long");
}

static void
test_v16_v18(void)
{
	g_autoptr(Form) form = fixture_form("[email e][url u][tel tel]");

	check_invalid(form, fixture_posted("e", "foo@bar", "u", "javascript:alert(1)", "tel", "12345", NULL),
	    "e:invalid_email u:invalid_url tel:invalid_tel");
	check_invalid(form, fixture_posted("e", "日本@example.org", "u", "example.com", "tel", "０３１２３４５６７８", NULL),
	    "e:invalid_email u:invalid_url tel:invalid_tel");
	check_invalid(form, fixture_posted("e", "taro@example.org", "u", "ftp://x", "tel", "+81 (3) 1234.5678#55", NULL), "");
	check_invalid(form, fixture_posted("e", "", "u", "mailto:a@b", "tel", "03-1234-5678", NULL), "");
	check_invalid(form, fixture_posted("e[]", "taro@example.org", "e[]", "x", NULL), "e:invalid_email");
}

static void
test_v30_v32(void)
{
	g_autoptr(Form) textarea = fixture_form("[textarea msg maxlength:20]");
	g_autoptr(Form) order = fixture_form("[textarea* msg maxlength:3][text* t][email e][url u][tel tel]");
	g_autoptr(Form) both = fixture_form("[email* e minlength:10 maxlength:11]");
	g_autoptr(Form) twice = fixture_form("[text n \"a\"][text* n minlength:3]");

	check_invalid(textarea, fixture_posted("msg", "xxxxxxxxx\r\nyyyyyyyyyy", NULL), "");
	check_invalid(textarea, fixture_posted("msg", "xxxxxxxxxxxxxxxxxxxxx", NULL), "msg:invalid_too_long");
	/* V31 within the handled types: lines before textareas, whatever the form's order. */
	check_invalid(order, fixture_posted("t", "", "e", "x", "u", "x", "tel", "x", "msg", "long", NULL),
	    "t:invalid_required e:invalid_email u:invalid_url tel:invalid_tel msg:invalid_too_long");
	check_invalid(both, fixture_posted("e", "x", NULL), "e:invalid_email");
	check_invalid(twice, fixture_posted("n", "xx", NULL), "n:invalid_too_short");
}

static void
test_v34_v35_v41(void)
{
	g_autoptr(Form) dotted = fixture_form("[text your.name][email* your.email]");
	g_autoptr(Form) colon = fixture_form("[text* a:b]");
	g_autoptr(Form) comment = fixture_form("<!-- [text* hid] --> [text n]");
	g_autoptr(Form) hidden = fixture_form("[hidden h \"v\"]");

	check_invalid(dotted, fixture_posted("your.email", "x", NULL), "your_email:invalid_email");
	check_invalid(dotted, fixture_posted("your_email", "a@example.org", NULL), "");
	check_invalid(colon, fixture_posted("a:b", "v", NULL), "");
	check_invalid(comment, fixture_posted("n", "x", NULL), "hid:invalid_required");
	check_invalid(hidden, posted_new(), "");
}

static void
check_accepted(const Form *form, Posted *posted, gboolean expected)
{
	g_autoptr(Submission) submission = fixture_submission(form, posted);

	g_assert_cmpint(rules_is_accepted(form, submission), ==, expected);
	/* In normal mode a missing consent is no invalid field. */
	g_autofree char *invalid = fixture_invalid(form, submission);
	g_assert_cmpstr(invalid, ==, "");
}

static void
test_a01_a04(void)
{
	g_autoptr(Form) form =
	    fixture_form("[acceptance acc]I agree <b>strongly</b>[/acceptance][acceptance acc2 optional]Mail[/acceptance]");
	g_autoptr(Form) inverted = fixture_form("[acceptance b invert \"inv\"]");
	g_autoptr(Form) required = fixture_form("[text* n][acceptance a]ok[/acceptance]");

	check_accepted(form, posted_new(), FALSE);
	check_accepted(form, fixture_posted("acc", "0", NULL), FALSE);
	check_accepted(form, fixture_posted("acc", " ", NULL), FALSE);
	check_accepted(form, fixture_posted("acc", "whatever", NULL), TRUE);
	check_accepted(form, fixture_posted("acc[]", "1", NULL), TRUE);
	check_accepted(form, fixture_posted("acc2", "1", NULL), FALSE);
	check_invalid(required, posted_new(), "n:invalid_required");
	check_accepted(inverted, fixture_posted("b", "1", NULL), FALSE);
	check_accepted(inverted, posted_new(), TRUE);
}

static void
test_a05_a06(void)
{
	FormSource *source =
	    fixture_source("[text n][acceptance a]ok[/acceptance][acceptance b invert \"inv\"][acceptance c optional]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autofree char *text = NULL;

	g_free(source->additional_settings);
	source->additional_settings = g_strdup("acceptance_as_validation: on");
	form = fixture_compile(source);
	check_invalid(form, fixture_posted("b", "1", NULL), "a:accept_terms b:accept_terms");
	check_invalid(form, fixture_posted("a", "1", NULL), "");
	submission = fixture_submission(form, fixture_posted("a", "1", NULL));
	g_assert_true(rules_is_accepted(form, submission));
	text = fixture_replace(form, submission, "[a]|[b]|[c]");
	g_assert_cmpstr(text, ==, "Consented: ok|Not consented: inv|Not consented");
}

static void
test_m20(void)
{
	FormSource *source = fixture_source("[email e][text z]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autoptr(GPtrArray) invalid = NULL;
	g_autofree char *schema = NULL, *header = NULL;

	g_hash_table_insert(source->messages, g_strdup("invalid_email"), g_strdup("No [z] \"<i>q</i>\""));
	g_hash_table_insert(source->messages, g_strdup("validation_error"), g_strdup("VE [_invalid_fields] [z]"));
	form = fixture_compile(source);
	submission = fixture_submission(form, fixture_posted("z", "ZZ", "e", "x", NULL));
	invalid = rules_check(form, submission);
	g_assert_cmpstr(((const InvalidField *)invalid->pdata[0])->message, ==, "No ZZ \"q\"");
	schema = json_from_variant(rules_schema(form), 0);
	g_assert_nonnull(strstr(schema, "\"No [z] \\\"q\\\"\""));
	header = mailtag_message(form, submission, "validation_error", 2);
	g_assert_cmpstr(header, ==, "VE 2 ZZ");
}

static void
test_url(void)
{
	static const char *const good[] = {"https://x.test/", "http://x", "ftp://x", "ftps://x", "mailto:a@b",
	    "https:", "tel:", "http:/x", "tel:123456", "tel:+8131", "urn:isbn:1", "xmpp:a@b", "http://u:p@h:80/?q#f",
	    "http://[::1]/", "http://[::1]:80", "http://x:", "http://x:65535", "http://日本.jp/", "http://x?y:99999999",
	    "sms:12345a"};
	static const char *const bad[] = {"", "x", "example.com", "//x", "HTTP://x", "Https://x", "javascript:alert(1)",
	    "data:,x", "http://", "http:///x", "http://?x", "http://u@", "http://:80", "http://x:65536", "http://x:123456",
	    "http://x:ab", "http://x:-1", "tel:1", "sms:12345/x", "example.com:80", " http://x", "ht tp://x", ":", "file:///x"};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_test_message("%s", good[i]);
		g_assert_true(rules_is_url(good[i]));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(rules_is_url(bad[i]));
	}
}

static void
test_tel(void)
{
	static const char *const good[] = {"123456", "123456789012345", "+12345", "1234567#89", "1234567*89", "03/1234/5678",
	    "++123456", "0000123456", "03-1234-5678", "+81 (3) 1234.5678#55", "0 1 2\t3 4 5"};
	static const char *const bad[] = {"", "12345", "1234567890123456", "+123456789012345", "+", "abc", "123456a",
	    "０３１２３４５６", "12345#6", "123+456", "000000"};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_test_message("%s", good[i]);
		g_assert_true(rules_is_tel(good[i]));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(rules_is_tel(bad[i]));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/T14 the order of a form's rules", test_t14);
	g_test_add_func("/rules/the schema of contract 5.1", test_schema);
	g_test_add_func("/rules/V01 nothing posted", test_v01);
	g_test_add_func("/rules/V02 a good submission", test_v02);
	g_test_add_func("/rules/V05-V08 V10-V12 the default form", test_v05_v12);
	g_test_add_func("/rules/V14 V15 lengths", test_v14_v15);
	g_test_add_func("/rules/V16-V18 formats", test_v16_v18);
	g_test_add_func("/rules/V30-V32 line ends, order, one error a field", test_v30_v32);
	g_test_add_func("/rules/V34 V35 V41 names and comments", test_v34_v35_v41);
	g_test_add_func("/rules/A01-A04 acceptance", test_a01_a04);
	g_test_add_func("/rules/A05 A06 acceptance as validation", test_a05_a06);
	g_test_add_func("/rules/M20 messages with mail-tags", test_m20);
	g_test_add_func("/rules/a URL is what PHP reads as one", test_url);
	g_test_add_func("/rules/telephone numbers of contract 13.6", test_tel);
	return g_test_run();
}
