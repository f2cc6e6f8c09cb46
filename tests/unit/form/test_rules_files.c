/*
 * Uploaded files: the vectors of contract 13.4 that are about rules, and which files a field takes (10.1, 10.2).
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/form/rules.h"

static Form *form_u;

/* --- Files ------------------------------------------------------------------------------------------------------------------------------------ */

/* Checks form U with t=x, acc=1 and these files (taken). */
static void
check_files(GPtrArray *files, const char *expected)
{
	g_autoptr(Submission) submission = fixture_submission_with(form_u, fixture_posted("t", "x", "acc", "1", NULL), files);
	g_autoptr(GPtrArray) invalid = rules_check_files(form_u, submission);
	g_autofree char *text = fixture_invalid_text(form_u, invalid);
	g_autofree char *texts = fixture_invalid(form_u, submission);

	g_assert_cmpstr(text, ==, expected);
	/* Files are none of the first step's business. */
	g_assert_cmpstr(texts, ==, "");
}

/* The files are triples of field, name and size that end with NULL. */
static GPtrArray *
some_files(const char *field, ...)
{
	GPtrArray *files = submission_files_new();
	va_list arguments;

	va_start(arguments, field);
	for (const char *name = field; name != NULL; name = va_arg(arguments, const char *)) {
		const char *client_name = va_arg(arguments, const char *);

		g_ptr_array_add(files, fixture_file(name, client_name, va_arg(arguments, guint)));
	}
	va_end(arguments);
	return files;
}

static GPtrArray *
file_in_state(const char *field, const char *client_name, SubmissionFileState state, guint size)
{
	GPtrArray *files = some_files(field, client_name, size, NULL);

	((SubmissionFile *)files->pdata[0])->state = state;
	return files;
}

#define F_GOOD "f", "a.pdf", 10u

static void
test_u01(void)
{
	check_files(submission_files_new(), "f:invalid_required");
	check_files(some_files("other", "a.pdf", 10u, NULL), "f:invalid_required");
}

static void
test_u02(void)
{
	g_autoptr(Submission) submission =
	    fixture_submission_with(form_u, fixture_posted("t", "x", NULL), some_files("f", "", 0u, NULL));

	check_files(some_files("f", "", 0u, NULL), "f:invalid_required");
	g_assert_false(rules_is_accepted(form_u, submission));
}

static void
test_u03(void)
{
	check_files(some_files("f", "a.exe", 10u, NULL), "f:upload_file_type_invalid");
	check_files(some_files("f", "readme", 10u, NULL), "f:upload_file_type_invalid");
	check_files(some_files("f", "a.pdf.", 10u, NULL), "f:upload_file_type_invalid");
}

static void
test_u04(void)
{
	check_files(some_files("f", "a.pdf", 1024u, NULL), "");
	check_files(some_files("f", "a.pdf", 1025u, NULL), "f:upload_file_too_large");
	check_files(some_files("f", "a.pdf", 1000u, "f", "b.txt", 25u, NULL), "f:upload_file_too_large");
	check_files(some_files("f", "a.exe", 1025u, NULL), "f:upload_file_type_invalid");
}

static void
test_u05(void)
{
	check_files(some_files("f", "a.pdf", 0u, NULL), "f:invalid_required");
	check_files(some_files(F_GOOD, "f", "b.exe", 0u, NULL), "");
}

static void
test_u08(void)
{
	check_files(some_files(F_GOOD, "g", "a.svg", 10u, NULL), "g:upload_file_type_invalid");
	check_files(some_files(F_GOOD, "g", "a.PNG", 10u, NULL), "");
	check_files(some_files(F_GOOD, "g", "a.mp3", 10u, NULL), "");
}

static void
test_u09(void)
{
	check_files(some_files(F_GOOD, "h", "a.php", 10u, NULL), "");
	check_files(some_files(F_GOOD, "h", "a.zip", 10u, NULL), "h:upload_file_type_invalid");
}

/* PHP's own limits are ours here: what passed one while it came is too large, what could not be kept has failed. */
static void
test_u10(void)
{
	check_files(file_in_state("f", "a.pdf", FILE_TOO_LARGE, 1025), "f:upload_file_too_large");
	check_files(file_in_state("f", "a.pdf", FILE_TOO_LARGE, 1), "f:upload_file_too_large");
	check_files(file_in_state("f", "a.exe", FILE_TOO_LARGE, 1025), "f:upload_file_type_invalid");
	check_files(file_in_state("f", "a.exe", FILE_FAILED, 1), "f:upload_failed");
}

static void
test_u11(void)
{
	check_files(
	    some_files("g", "a.svg", 10u, "f", "a.exe", 10u, NULL), "f:upload_file_type_invalid g:upload_file_type_invalid");
}

/* Words of filetypes: (contract 10.2): without "/" each is an extension, whatever its letters. */
static void
test_types(void)
{
	static const struct {
		const char *template_text, *accepted, *good, *bad;
	} rows[] = {
	    {"[file f filetypes:c++|x-wav]", ".c++,.x-wav", "a.c++", "a.c"},
	    {"[file f filetypes:c++|x-wav]", ".c++,.x-wav", "a.X-WAV", "a.wav"},
	    {"[file f filetypes:pdf|PDF|pdf filetypes:pdf]", ".pdf", "a.Pdf", "a.pd"},
	    {"[file f filetypes:...|pdf]", ".,.pdf", "a.pdf", "a."},
	    {"[file f filetypes:font/*]", "", NULL, "a."},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) tags = formtag_scan(rows[i].template_text);
		g_auto(GStrv) accepted = filetypes_accepted(tags->pdata[0]);
		g_autofree char *joined = g_strjoinv(",", accepted);

		g_test_message("%s", rows[i].template_text);
		g_assert_cmpstr(joined, ==, rows[i].accepted);
		g_assert_true(rows[i].good == NULL || filetypes_is_accepted((const char *const *)accepted, rows[i].good));
		g_assert_false(filetypes_is_accepted((const char *const *)accepted, rows[i].bad));
	}
}

/* Each test with its path. */
static const struct {
	const char *path;
	void (*run)(void);
} tests[] = {
    {"/contract/U01", test_u01},
    {"/contract/U02", test_u02},
    {"/contract/U03", test_u03},
    {"/contract/U04", test_u04},
    {"/contract/U05", test_u05},
    {"/contract/U08", test_u08},
    {"/contract/U09", test_u09},
    {"/contract/U10", test_u10},
    {"/contract/U11", test_u11},
    {"/rules/files/words of filetypes", test_types},
};

int
main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	clock_set_offset_us(FIXTURE_TIME_US - g_get_real_time());
	form_u = fixture_form_u();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].run);
	result = g_test_run();
	form_unref(form_u);
	return result;
}
