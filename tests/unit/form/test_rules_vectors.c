/*
 * Validation, by the vectors of contract 13.2 and 13.3 that rules and per-tag checks decide.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/form/rules.h"

/* Forms of contract 13, each made once. */
static Form *form_d, *form_r;

/* Checks that `posted` (taken) makes these fields of the form invalid. */
static void
check_invalid(const Form *form, Posted *posted, const char *expected)
{
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	g_autofree char *invalid = fixture_invalid(form, submission);

	g_assert_cmpstr(invalid, ==, expected);
}

/* Checks form R with rb, in which `name` is `value` (NULL: absent). */
static void
check_r(const char *name, const char *value, const char *expected)
{
	g_test_message("%s=%s", name, value != NULL ? value : "(absent)");
	check_invalid(form_r, fixture_rb(name, value, NULL), expected);
}

#define D_GOOD "your-name", "Taro", "your-email", "taro@example.org", "your-subject", "Hello"

/* --- Vectors of 13.2 ------------------------------------------------------------------------------------------------------------------------- */

static void
test_v01(void)
{
	check_invalid(
	    form_d, posted_new(), "your-name:invalid_required your-email:invalid_required your-subject:invalid_required");
}

static void
test_v02(void)
{
	check_invalid(form_d, fixture_posted(D_GOOD, "your-message", "Line1\r\nLine2 <b>x</b>", NULL), "");
}

static void
test_v05(void)
{
	check_invalid(
	    form_d, fixture_posted(D_GOOD, "your-email", "a@example.org\r\nBcc: v@x.test", NULL), "your-email:invalid_email");
	check_invalid(form_d, fixture_posted(D_GOOD, "your-subject", "S\r\nBcc: victim@x.test", NULL), "");
}

static void
test_v07(void)
{
	check_invalid(form_d, fixture_posted(D_GOOD, "your-name", "\xff\xfe", NULL), "your-name:invalid_required");
}

static void
test_v08(void)
{
	check_invalid(form_d,
	    fixture_posted("your-name", "\xe3\x80\x80 \xc2\xa0\t", "your-email", " taro@example.org\xe3\x80\x80", "your-subject",
		"\xef\xbb\xbfx", NULL),
	    "your-name:invalid_required");
}

static void
test_v12(void)
{
	g_autofree char *name_400 = g_strnfill(400, 'n'), *name_401 = g_strnfill(401, 'n');

	check_invalid(form_d, fixture_posted(D_GOOD, "your-name", name_400, NULL), "");
	check_invalid(form_d, fixture_posted(D_GOOD, "your-name", name_401, NULL), "your-name:invalid_too_long");
}

static void
test_v14(void)
{
	g_autoptr(Submission) submission = fixture_submission(form_r, fixture_rb("t", "ab", NULL));
	g_autoptr(GPtrArray) invalid = fixture_check(form_r, submission);

	check_r("t", "ab", "t:invalid_too_short");
	g_assert_cmpstr(((const InvalidField *)invalid->pdata[0])->idref, ==, "my-t");
}

static void
test_v15(void)
{
	check_r("t", "😀😀😀😀😀", "");
	check_r("t", "😀😀😀😀😀😀", "t:invalid_too_long");
}

static void
test_v16(void)
{
	check_r("e", "foo@bar", "e:invalid_email");
	check_r("e", "日本@example.org", "e:invalid_email");
}

static void
test_v17(void)
{
	check_r("u", "javascript:alert(1)", "u:invalid_url");
	check_r("u", "example.com", "u:invalid_url");
	check_r("u", "ftp://x", "");
	check_r("u", "mailto:a@b", "");
}

static void
test_v18(void)
{
	check_r("tel", "12345", "tel:invalid_tel");
	check_r("tel", "1234567890123456", "tel:invalid_tel");
	check_r("tel", "０３１２３４５６７８", "tel:invalid_tel");
	check_r("tel", "+81 (3) 1234.5678#55", "");
}

static void
test_v19(void)
{
	check_r("n", "4", "");
	check_r("n", "0", "n:number_too_small");
	check_r("n", "３", "n:invalid_number");
	check_r("n", "1e1", "");
	check_r("n", "1e2", "n:number_too_large");
}

static void
test_v20(void)
{
	check_r("r", "51", "r:number_too_large");
}

static void
test_v21(void)
{
	check_r("d", "2025-12-31", "d:date_too_early");
	check_r("d", "2026-02-30", "d:invalid_date");
	check_r("d", "2026/05/01", "d:invalid_date");
	check_r("d", "2027-01-01", "d:date_too_late");
}

static void
test_v22(void)
{
	check_r("cb[]", NULL, "cb:invalid_required");
	check_r("cb[]", "", "cb:invalid_required");
	check_r("cb[]", " ", "cb:invalid_required");
}

static void
test_v23(void)
{
	check_r("cb[]", "Z", "cb:fixed.enum");
	check_r("cb[]", "alpha", "cb:fixed.enum");
	check_r("cb[]", "C &amp; D", "cb:fixed.enum");
}

static void
test_v24(void)
{
	check_invalid(form_r, fixture_rb("ex[]", "one", "ex[]", "two", NULL), "ex:fixed.maxitems");
}

static void
test_v26(void)
{
	check_r("rad", NULL, "rad:invalid_required");
	check_invalid(form_r, fixture_rb("rad[]", "yes", "rad[]", "no", NULL), "rad:fixed.maxitems");
}

static void
test_v27(void)
{
	check_r("sel", "Choose", "sel:fixed.enum");
	check_r("sel", "", "sel:invalid_required");
}

static void
test_v29(void)
{
	g_autofree char *hash = fixture_quiz_hash("2");

	check_invalid(form_r, fixture_rb("q", "3", "_wpcf7_quiz_answer_q", hash, NULL), "q:quiz_answer_not_correct");
	check_invalid(form_r, fixture_rb("q", "3", "_wpcf7_quiz_answer_q", "", NULL), "q:quiz_answer_not_correct");
	check_r("_wpcf7_quiz_answer_q", NULL, "q:quiz_answer_not_correct");
}

static void
test_v30(void)
{
	check_r("msg", "xxxxxxxxx\r\nyyyyyyyyyy", "");
	check_r("msg", "xxxxxxxxxxxxxxxxxxxxx", "msg:invalid_too_long");
}

static void
test_v31(void)
{
	check_invalid(form_r,
	    fixture_rb("t", "", "e", "x", "u", "x", "tel", "x", "n", "x", "r", "x", "d", "x", "cb[]", "Z", "rad[]", "Z", "rad[]",
		"Y", "sel", "Z", "q", "x", "msg", "xxxxxxxxxxxxxxxxxxxxx", "acc", NULL, NULL),
	    "rad:fixed.maxitems d:invalid_date n:invalid_number r:invalid_number t:invalid_required e:invalid_email "
	    "u:invalid_url "
	    "tel:invalid_tel msg:invalid_too_long cb:fixed.enum sel:fixed.enum q:quiz_answer_not_correct");
}

static void
test_v32(void)
{
	g_autoptr(Form) form = fixture_form("[text n \"a\"][text* n minlength:3]");

	check_invalid(form, fixture_posted("n", "xx", NULL), "n:invalid_too_short");
}

static void
test_v40(void)
{
	g_autoptr(Form) form = fixture_form("[select s \"ＡＢＣ|full\" \"ｶﾞ|ga\"]");

	check_invalid(form, fixture_posted("s", "ABC", NULL), "s:fixed.enum");
	check_invalid(form, fixture_posted("s", "ＡＢＣ", NULL), "");
}

static void
test_v41(void)
{
	g_autoptr(Form) form = fixture_form("<!-- [text* hid] --> [text n]");

	check_invalid(form, fixture_posted("n", "x", NULL), "hid:invalid_required");
}

/* --- Acceptance ------------------------------------------------------------------------------------------------------------------------------ */

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
test_a01(void)
{
	check_accepted(form_r, fixture_rb("acc", NULL, NULL), FALSE);
	check_accepted(form_r, fixture_rb("acc", "0", NULL), FALSE);
	check_accepted(form_r, fixture_rb("acc", " ", NULL), FALSE);
	check_accepted(form_r, fixture_rb("acc", NULL, "acc2", "1", NULL), FALSE);
}

static void
test_a02(void)
{
	check_accepted(form_r, fixture_rb("acc", "whatever", NULL), TRUE);
	check_accepted(form_r, fixture_rb("acc[]", "1", NULL), TRUE);
}

static void
test_a03(void)
{
	g_autoptr(Form) form = fixture_form("[text* n][acceptance a]ok[/acceptance]");

	check_invalid(form, posted_new(), "n:invalid_required");
}

static void
test_a04(void)
{
	g_autoptr(Form) form = fixture_form("[acceptance b invert \"inv\"]");

	check_accepted(form, fixture_posted("b", "1", NULL), FALSE);
	check_accepted(form, posted_new(), TRUE);
}

static void
test_a05(void)
{
	FormSource *source =
	    fixture_source("[text n][acceptance a]ok[/acceptance][acceptance b invert \"inv\"][acceptance c optional]");
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;

	g_free(source->additional_settings);
	source->additional_settings = g_strdup("acceptance_as_validation: on");
	form = fixture_compile(source);
	check_invalid(form, fixture_posted("b", "1", NULL), "a:accept_terms b:accept_terms");
	check_invalid(form, fixture_posted("a", "1", NULL), "");
	submission = fixture_submission(form, fixture_posted("a", "1", NULL));
	g_assert_true(rules_is_accepted(form, submission));
}

/* Each test with its path. */
static const struct {
	const char *path;
	void (*run)(void);
} tests[] = {
    {"/contract/V01", test_v01},
    {"/contract/V02", test_v02},
    {"/contract/V05", test_v05},
    {"/contract/V07", test_v07},
    {"/contract/V08", test_v08},
    {"/contract/V12", test_v12},
    {"/contract/V14", test_v14},
    {"/contract/V15", test_v15},
    {"/contract/V16", test_v16},
    {"/contract/V17", test_v17},
    {"/contract/V18", test_v18},
    {"/contract/V19", test_v19},
    {"/contract/V20", test_v20},
    {"/contract/V21", test_v21},
    {"/contract/V22", test_v22},
    {"/contract/V23", test_v23},
    {"/contract/V24", test_v24},
    {"/contract/V26", test_v26},
    {"/contract/V27", test_v27},
    {"/contract/V29", test_v29},
    {"/contract/V30", test_v30},
    {"/contract/V31", test_v31},
    {"/contract/V32", test_v32},
    {"/contract/V40", test_v40},
    {"/contract/V41", test_v41},
    {"/contract/A01", test_a01},
    {"/contract/A02", test_a02},
    {"/contract/A03", test_a03},
    {"/contract/A04", test_a04},
    {"/contract/A05", test_a05},
};

int
main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	clock_set_offset_us(FIXTURE_TIME_US - g_get_real_time());
	form_d = fixture_form_d();
	form_r = fixture_form_r();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].run);
	result = g_test_run();
	form_unref(form_d);
	form_unref(form_r);
	return result;
}
