/*
 * Shaping by the form (contract 3.4, 4.7): the vectors of contract 13.2 and 13.3 that are about values, each as /contract/ID.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/form/mailtag.h"

/* The values of a shaped field, "[a|b]" for an array; NULL if there is no such field. The caller's. */
static char *
shaped(const Submission *submission, const char *name)
{
	const SubmissionField *field = submission_field(submission, name);
	g_autofree char *joined = field == NULL ? NULL : g_strjoinv("|", field->values);

	if (field == NULL)
		return NULL;
	g_assert_true(field->is_array || g_strv_length(field->values) == 1);
	return field->is_array ? g_strdup_printf("[%s]", joined) : g_strdup(joined);
}

static void
check_field(const Submission *submission, const char *name, const char *expected)
{
	g_autofree char *text = shaped(submission, name);

	g_test_message("%s", name);
	g_assert_cmpstr(text, ==, expected);
}

static void
check_mail(const Form *form, const Submission *submission, const char *template_text, const char *expected)
{
	g_autofree char *text = fixture_replace(form, submission, template_text);

	g_test_message("%s", template_text);
	g_assert_cmpstr(text, ==, expected);
}

static void
check_invalid(const Form *form, const Submission *submission, const char *expected)
{
	g_autofree char *invalid = fixture_invalid(form, submission);

	g_assert_cmpstr(invalid, ==, expected);
}

/* The courier reads what was shaped, though the form may have changed since. */
static void
check_bytes_keep(const Submission *submission)
{
	g_autoptr(GBytes) bytes = submission_to_bytes(submission);
	g_autoptr(GError) error = NULL;
	g_autoptr(Submission) again =
	    submission_from_bytes(submission->receipt, submission->site, submission->form_id, bytes, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(again->fields->len, ==, submission->fields->len);
	for (guint i = 0; i < submission->fields->len; i++) {
		const char *name = ((const SubmissionField *)submission->fields->pdata[i])->name;
		g_autofree char *text = shaped(submission, name);

		check_field(again, name, text);
	}
}

static void
test_v09(void)
{
	static const char bytes[] = "x\0y \\0z";
	g_autoptr(Form) form = fixture_form_d();
	g_autoptr(GBytes) name = g_bytes_new_static("your-subject", strlen("your-subject"));
	g_autoptr(GBytes) value = g_bytes_new_static(bytes, sizeof bytes - 1);
	g_autoptr(Submission) submission = NULL;
	Posted *posted = posted_new();

	g_assert_true(posted_add(posted, name, value, NULL));
	submission = fixture_submission(form, posted);
	check_field(submission, "your-subject", "xy z");
}

static void
test_v10(void)
{
	g_autoptr(Form) form = fixture_form_d();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-name[]", "a", "your-name[]", "b", NULL));

	check_mail(form, submission, "[your-name]", "a, b");
	check_field(submission, "your-email", "");
}

static void
test_v11(void)
{
	g_autoptr(Form) form = fixture_form_d();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("extra", "zz", "_hidden", "q", NULL));

	check_field(submission, "extra", "zz");
	check_field(submission, "_hidden", NULL);
	check_mail(form, submission, "[extra]|[_hidden]", "zz|[_hidden]");
}

static void
test_v13(void)
{
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb(NULL, NULL));

	check_invalid(form, submission, "");
	check_field(submission, "cb", "[alpha|C &amp; D]");
	check_field(submission, "ex", "[one]");
	check_field(submission, "ft", "[x|Other my own]");
	check_field(submission, "rad", "[Y]");
	check_field(submission, "sel", "[#f00]");
	check_field(submission, "ms", "[m1]");
	check_field(submission, "acc", "[1]");
	check_field(submission, "acc2", "[]");
	check_field(submission, "q", "２");
	check_field(submission, "h", "tampered");
	check_bytes_keep(submission);
	/* Not shaped, and not posted. */
	check_field(submission, "reflection", NULL);
}

static void
test_v25(void)
{
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) submission = fixture_submission(form, fixture_rb("ft[]", "zzz", NULL));

	check_invalid(form, submission, "");
	check_field(submission, "ft", "[zzz my own]");
}

static void
test_v28(void)
{
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) scalar = fixture_submission(form, fixture_rb("ms", "m1", NULL));
	g_autoptr(Submission) blank = fixture_submission(form, fixture_rb("ms", "", NULL));
	g_autoptr(Submission) blank_element = fixture_submission(form, fixture_rb("ms[]", "", NULL));

	check_invalid(form, scalar, "");
	check_field(scalar, "ms", "[m1]");
	check_field(blank, "ms", "[]");
	g_assert_null(submission_field(blank, "ms")->values[0]);
	g_assert_cmpstr(submission_field(blank_element, "ms")->values[0], ==, "");
}

static void
test_v33(void)
{
	g_autoptr(Form) form = fixture_form("[checkbox c \"1|one\" \"2|two\"][checkbox c \"3|three\"]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("c[]", "1", "c[]", "3", NULL));
	g_autoptr(Submission) shown = fixture_submission(form, fixture_posted("c[]", "1", "c[]", "three", NULL));

	check_invalid(form, submission, "");
	check_invalid(form, shown, "c:fixed.enum");
	check_mail(form, submission, "[c]", "one, three");
	check_mail(form, submission, "[_raw_c]", "1, 3");
}

static void
test_v34(void)
{
	static const char *const names[] = {"your_name", "your.name"};
	g_autoptr(Form) form = fixture_form("[text your.name][email* your.email]");

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted(names[i], "v", NULL));

		check_mail(form, submission, "[your.name]|[your_name]", "v|v");
		check_invalid(form, submission, "your_email:invalid_required");
	}
	g_autoptr(Submission) wrong = fixture_submission(form, fixture_posted("your.email", "x", NULL));
	g_autoptr(Submission) right = fixture_submission(form, fixture_posted("your_email", "a@example.org", NULL));
	check_invalid(form, wrong, "your_email:invalid_email");
	check_invalid(form, right, "");
}

static void
test_v35(void)
{
	g_autoptr(Form) form = fixture_form("[text* a:b]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("a:b", "v", NULL));

	check_invalid(form, submission, "");
	check_mail(form, submission, "[a:b]", "v");
}

static void
test_v36(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("n x", "v", "n[", "w", "n[a][b]", "q", "__n", "h", NULL));

	check_field(submission, "n_x", "v");
	check_field(submission, "n_", "w");
	check_field(submission, "n", "[q]");
	check_field(submission, "__n", NULL);
	check_mail(form, submission, "[n]", "q");
}

static void
test_v37(void)
{
	g_autoptr(Form) form = fixture_form("[checkbox r free_text \"a\" \"Other\"]");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("r[]", "a", "_wpcf7_free_text_r", "mine", NULL));

	check_mail(form, submission, "[r]|[_raw_r]", "a mine|a");
}

static void
test_v38(void)
{
	g_autoptr(Form) form = fixture_form("[checkbox r free_text \"a\" \"Other\"]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("_wpcf7_free_text_r", "mine", NULL));

	check_field(submission, "r", "[]");
	check_mail(form, submission, "<[r]>", "<>");
}

static void
test_v39(void)
{
	g_autoptr(Form) form = fixture_form("[checkbox c \"1|one\" \"2\"]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("c[0][x]", "1", "c[]", "2", NULL));
	g_autofree char *invalid = fixture_invalid(form, submission);

	/* The deviation of contract 12.x: flattened, where PHP 8 crashes. */
	check_field(submission, "c", "[one|2]");
	g_assert_cmpstr(invalid, ==, "");
}

/* Contract 4.7 and 13.6: what counts as equal, what comes out, and that text fields have no pipes. */
static void
test_pipes(void)
{
	static const struct {
		const char *posted;
		const char *expected;
	} rows[] = {
	    {"A & B", "[one]"},
	    {"A &amp; B", "[one]"},
	    {"Ａ　＆　Ｂ", "[one]"},
	    {"A\r\n\t & B", "[one]"},
	    {"a & b", "[a & b]"},
	    {"ガ", "[&lt;ga&gt;]"},
	    {"ABC", "[b|c]"},
	    {"1", "[first]"},
	    {"none", "[none]"},
	    {"一 号", "[号]"},
	};
	g_autoptr(Form) form =
	    fixture_form("[select s \"A &amp; B|one\" \"ｶﾞ|&lt;ga&gt;\" \"ＡＢＣ|b|c\" \"1|first\" \"1|second\" "
			 "\"一　号|号\" \"first|chained\"][text t \"1|one\"]");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("s", rows[i].posted, "t", "1", NULL));

		check_field(submission, "s", rows[i].expected);
		check_field(submission, "t", "1");
	}
}

/* Contract 3.4: the pipes of all tags of a name, one tag after the other. */
static void
test_pipes_in_turn(void)
{
	static const struct {
		const char *template_text, *posted, *shaped;
	} rows[] = {
	    {"[select s \"a|b\"][select s \"b|c\"]", "a", "[c]"},
	    {"[select s \"b|c\"][select s \"a|b\"]", "a", "[b]"},
	    {"[select s \"a|b\" \"b|c\"]", "a", "[b]"},
	    {"[select s \"a|Ｂ&amp;\"][select s \"B&|c &amp;\"]", "a", "[c &amp;]"},
	    {"[select s \"a|x\"][select s \"a|y\"]", "a", "[x]"},
	    {"[select s \"a|b\"][select s][select s \"b|a\"][select s \"a|z\"]", "a", "[z]"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Form) form = fixture_form(rows[i].template_text);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("s", rows[i].posted, NULL));

		g_test_message("%s", rows[i].template_text);
		check_field(submission, "s", rows[i].shaped);
	}
}

/* Of several tags of one name the first one for mail says what becomes of the value (contract 3.4); free_text anywhere lifts the enum (5.4). */
static void
test_first_tag_counts(void)
{
	g_autoptr(Form) late = fixture_form("[checkbox c \"a\"][checkbox c free_text \"b\"]");
	g_autoptr(Form) valued = fixture_form("[checkbox c free_text:no \"a\"]");
	g_autoptr(Form) consent_late = fixture_form("[text a][text a consent_for:storage]");
	g_autoptr(Form) consent_first = fixture_form("[quiz a][text a consent_for:storage][text a]");
	g_autoptr(Submission) free_text =
	    fixture_submission(late, fixture_posted("c", "zz", "_wpcf7_free_text_c", "mine", NULL));
	g_autoptr(Submission) value_is_no_flag =
	    fixture_submission(valued, fixture_posted("c", "zz", "_wpcf7_free_text_c", "mine", NULL));
	g_autoptr(Submission) nothing = fixture_submission(consent_late, posted_new());

	check_field(free_text, "c", "[zz]");
	check_invalid(late, free_text, "");
	check_field(value_is_no_flag, "c", "[zz]");
	g_assert_false(submission_is_stored_briefly(consent_late, nothing));
	g_assert_true(submission_is_stored_briefly(consent_first, nothing));
}

static void
test_free_text(void)
{
	g_autoptr(Form) form = fixture_form(
	    "[radio r free_text \"a|A\" \"Other\"][select s free_text \"a\"][acceptance c free_text][quiz t][text t]");
	g_autoptr(Submission) piped =
	    fixture_submission(form, fixture_posted("r", "a", "_wpcf7_free_text_r", "x", "s", "a", "_wpcf7_free_text_s", "x", "c",
					 "1", "_wpcf7_free_text_c", "x", NULL));
	g_autoptr(Submission) empty = fixture_submission(form, fixture_posted("r", "Other", "_wpcf7_free_text_r", "", NULL));
	g_autoptr(Submission) array = fixture_submission(form, fixture_posted("r", "a", "_wpcf7_free_text_r[]", "x", NULL));

	check_field(piped, "r", "[A x]");
	check_field(piped, "s", "[a]");
	check_field(piped, "c", "[1]");
	check_field(empty, "r", "[Other]");
	check_field(array, "r", "[A]");
	/* A quiz of the same name, which is not for mail, does not stand in the way. */
	check_field(empty, "t", "");
}

static void
test_a07(void)
{
	g_autoptr(Form) form = fixture_form("[acceptance a optional consent_for:storage]ok[/acceptance]");
	g_autoptr(Form) second = fixture_form("[text a consent_for:other consent_for:storage]");
	g_autoptr(Submission) refused = fixture_submission(form, posted_new());
	g_autoptr(Submission) given = fixture_submission(form, fixture_posted("a", "1", NULL));
	g_autoptr(Submission) zero = fixture_submission(second, fixture_posted("a", "0", NULL));
	g_autoptr(Form) other = fixture_form("[text a consent_for:sendinblue]");
	g_autoptr(Submission) of_other = fixture_submission(other, posted_new());
	g_autoptr(Submission) text = fixture_submission(second, fixture_posted("a", "yes", NULL));

	g_assert_true(submission_is_stored_briefly(form, refused));
	g_assert_false(submission_is_stored_briefly(form, given));
	g_assert_true(submission_is_stored_briefly(second, zero));
	g_assert_false(submission_is_stored_briefly(other, of_other));
	g_assert_false(submission_is_stored_briefly(second, text));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/contract/V09", test_v09);
	g_test_add_func("/contract/V10", test_v10);
	g_test_add_func("/contract/V11", test_v11);
	g_test_add_func("/contract/V13", test_v13);
	g_test_add_func("/contract/V25", test_v25);
	g_test_add_func("/contract/V28", test_v28);
	g_test_add_func("/contract/V33", test_v33);
	g_test_add_func("/contract/V34", test_v34);
	g_test_add_func("/contract/V35", test_v35);
	g_test_add_func("/contract/V36", test_v36);
	g_test_add_func("/contract/V37", test_v37);
	g_test_add_func("/contract/V38", test_v38);
	g_test_add_func("/contract/V39", test_v39);
	g_test_add_func("/contract/A07", test_a07);
	g_test_add_func("/shaping/pipes compare canonical texts and give theirs verbatim", test_pipes);
	g_test_add_func("/shaping/pipes of several tags work in turn", test_pipes_in_turn);
	g_test_add_func("/shaping/the first tag of a name counts", test_first_tag_counts);
	g_test_add_func("/shaping/free text goes to the last element of a checkbox or radio", test_free_text);
	return g_test_run();
}
