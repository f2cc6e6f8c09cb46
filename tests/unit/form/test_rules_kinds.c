/*
 * The engine of rules: each of the 24 with its meaning on the server (contract 5.2), and the schema that rules are read from and written to (5.1).
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/rules.h"
#include "sekisho/wire/json.h"

/* The rule that `json` writes; aborts if it is none. The caller's. */
static Rule *
rule_of(const char *json)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) variant = json_to_variant(json, strlen(json), &error);
	Rule *rule;

	g_assert_no_error(error);
	rule = rule_from_variant(variant, &error);
	g_assert_no_error(error);
	return rule;
}

/* A form with that rule alone. */
static Form *
form_with(const char *json)
{
	Form *form = fixture_form("[text v id:the-v][text w]");

	g_ptr_array_set_size((GPtrArray *)form->rules, 0);
	g_ptr_array_add((GPtrArray *)form->rules, rule_of(json));
	return form;
}

/* `values` are what stands under v[], apart by "|"; NULL: nothing was posted. */
static Posted *
posted_values(const char *values)
{
	g_auto(GStrv) list = g_strsplit(values != NULL ? values : "", "|", -1);
	Posted *posted = posted_new();

	for (char **value = list; *value != NULL; value++) {
		g_autoptr(GBytes) name = g_bytes_new_static("v[]", 3);
		g_autoptr(GBytes) bytes = g_bytes_new(*value, strlen(*value));

		g_assert_true(posted_add(posted, name, bytes, NULL));
	}
	return posted;
}

/* `files` are "NAME=SIZE", apart by "|". */
static GPtrArray *
files_of(const char *files)
{
	GPtrArray *list = submission_files_new();
	g_auto(GStrv) parts = g_strsplit(files, "|", -1);

	for (char **part = parts; *part != NULL && **part != '\0'; part++) {
		g_auto(GStrv) pair = g_strsplit(*part, "=", 2);

		g_ptr_array_add(list, fixture_file("v", pair[0], g_ascii_strtoull(pair[1], NULL, 10)));
	}
	return list;
}

typedef struct {
	const char *properties; /* of the rule, JSON */
	const char *values;     /* of files "NAME=SIZE" */
	gboolean holds;
} Row;

static void
check_rows(const Row *rows, gsize count, gboolean is_file)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *json = g_strdup_printf("{%s,\"field\":\"v\",\"error\":\"no\"}", rows[i].properties);
		g_autoptr(Form) form = form_with(json);
		g_autoptr(Submission) submission = is_file ? fixture_submission_with(form, posted_new(), files_of(rows[i].values))
							   : fixture_submission(form, posted_values(rows[i].values));
		g_autoptr(Form) files_form = fixture_form("[file v]");
		g_autoptr(GPtrArray) invalid = NULL;

		g_test_message("%s: %s", rows[i].properties, rows[i].values != NULL ? rows[i].values : "(nothing)");
		if (is_file) {
			g_ptr_array_set_size((GPtrArray *)files_form->rules, 0);
			g_ptr_array_add((GPtrArray *)files_form->rules, rule_of(json));
			invalid = rules_check_files(files_form, submission);
		} else {
			invalid = fixture_check(form, submission);
		}
		g_assert_cmpuint(invalid->len, ==, rows[i].holds ? 0 : 1);
		if (!rows[i].holds)
			g_assert_cmpstr(((const InvalidField *)invalid->pdata[0])->message, ==, "no");
	}
}

static const Row text_rows[] = {
#define RULE(name) "\"rule\":\"" name "\""
#define THRESHOLD(name, value) RULE(name) ",\"threshold\":" value
    {RULE("required"), "x", TRUE},
    {RULE("required"), "0", TRUE},
    {RULE("required"), NULL, FALSE},
    {RULE("required"), " |\xe3\x80\x80", FALSE},
    {RULE("required"), "\xff", FALSE},
    {RULE("email"), "a@b.co|c@d.co", TRUE},
    {RULE("email"), "a@b.co|x", FALSE},
    {RULE("email"), "", TRUE},
    {RULE("url"), "https:", TRUE},
    {RULE("url"), "HTTP://x.test", FALSE},
    {RULE("url"), "tel:1", FALSE},
    {RULE("url"), "https://a.test|b", FALSE},
    {RULE("tel"), "03-1234-5678", TRUE},
    {RULE("tel"), "12345", FALSE},
    {RULE("number"), "-.5", TRUE},
    {RULE("number"), "+1", FALSE},
    {RULE("date"), "2028-02-29", TRUE},
    {RULE("date"), "2026-02-29", FALSE},
    {RULE("time"), "23:59|00:00:00", TRUE},
    {RULE("time"), "24:00", FALSE},
    {RULE("time"), "9:00", FALSE},
    {RULE("time"), "12:60", FALSE},
    {RULE("time"), "12:00:60", FALSE},
    {RULE("time"), "12:00:5", FALSE},
    {RULE("time"), "", TRUE},
    {RULE("dayofweek") ",\"accept\":[1,7]", "2026-11-23", TRUE},
    {RULE("dayofweek") ",\"accept\":[1,7]", "2026-11-22", TRUE},
    {RULE("dayofweek") ",\"accept\":[1,7]", "2026-11-24", FALSE},
    {RULE("dayofweek") ",\"accept\":[\"2\"]", "2026-11-24", TRUE},
    {RULE("dayofweek") ",\"accept\":[]", "2026-11-24", FALSE},
    {RULE("dayofweek") ",\"accept\":[]", "2026-11-99", TRUE},
    {RULE("enum") ",\"accept\":[\"a\",\"b\\nc\"]", "a|b\r\nc", TRUE},
    {RULE("enum") ",\"accept\":[\"a\"]", "a|A", FALSE},
    {RULE("enum") ",\"accept\":[\"a\"]", " a ", TRUE},
    {RULE("enum") ",\"accept\":[]", "a", FALSE},
    {RULE("enum") ",\"accept\":[]", "", TRUE},
    {THRESHOLD("minitems", "2"), "a|b", TRUE},
    {THRESHOLD("minitems", "2"), "a| ", FALSE},
    {THRESHOLD("minitems", "1"), NULL, FALSE},
    {THRESHOLD("maxitems", "\"2\""), "a|b", TRUE},
    {THRESHOLD("maxitems", "2"), "a|b|c", FALSE},
    {THRESHOLD("maxitems", "0"), NULL, TRUE},
    {THRESHOLD("minlength", "3"), "ab", FALSE},
    {THRESHOLD("minlength", "3"), "ab|c", TRUE},
    {THRESHOLD("minlength", "3"), "a\r\nb", TRUE},
    {THRESHOLD("minlength", "3"), NULL, TRUE},
    {THRESHOLD("maxlength", "2"), "ab|c", FALSE},
    {THRESHOLD("maxlength", "2"), "😀", TRUE},
    {THRESHOLD("maxlength", "2"), "😀a", FALSE},
    {THRESHOLD("minnumber", "\"1\""), "1", TRUE},
    {THRESHOLD("minnumber", "1"), "0.999", FALSE},
    {THRESHOLD("minnumber", "1"), "x", TRUE},
    {THRESHOLD("minnumber", "\"9007199254740993\""), "9007199254740992", TRUE},
    {THRESHOLD("maxnumber", "\"10\""), "1e1", TRUE},
    {THRESHOLD("maxnumber", "\"10\""), "10|10.01", FALSE},
    {THRESHOLD("mindate", "\"2026-01-01\""), "2026-01-01", TRUE},
    {THRESHOLD("mindate", "\"2026-01-01\""), "2025-12-31", FALSE},
    {THRESHOLD("mindate", "\"2026-01-01\""), "10000-01-01", FALSE},
    {THRESHOLD("mindate", "\"2026-01-01\""), "x", TRUE},
    {THRESHOLD("mindate", "\"junk\""), "1000-01-01", TRUE},
    {THRESHOLD("maxdate", "\"today\""), "2026-11-22", TRUE},
    {THRESHOLD("maxdate", "\"today\""), "2026-11-23", FALSE},
    {THRESHOLD("maxdate", "\"2026-12-31\""), "10000-01-01", TRUE},
    {RULE("stepnumber") ",\"base\":1,\"interval\":2", "5", TRUE},
    {RULE("stepnumber") ",\"base\":1,\"interval\":2", "4", FALSE},
    {RULE("stepnumber") ",\"base\":1,\"interval\":2", "-3", TRUE},
    {RULE("stepnumber") ",\"base\":0,\"interval\":0.1", "0.3", TRUE},
    {RULE("stepnumber") ",\"base\":\"0\",\"interval\":\"0.1\"", "0.35", FALSE},
    {RULE("stepnumber") ",\"base\":0,\"interval\":0.1", "0.3000004", TRUE},
};

static void
test_texts(void)
{
	check_rows(text_rows, G_N_ELEMENTS(text_rows), FALSE);
}

static void
test_files(void)
{
	static const Row rows[] = {
	    {RULE("requiredfile"), "a.pdf=1", TRUE},
	    {RULE("requiredfile"), "", FALSE},
	    {RULE("requiredfile"), "a.pdf=0", FALSE},
	    {RULE("file") ",\"accept\":[\".pdf\"]", "a.PDF=1", TRUE},
	    {RULE("file") ",\"accept\":[\".PDF\"]", "a.b.pdf=1", TRUE},
	    {RULE("file") ",\"accept\":[\".pdf\"]", "a.pdf=1|b.exe=1", FALSE},
	    {RULE("file") ",\"accept\":[\".pdf\"]", "pdf=1", FALSE},
	    {RULE("file") ",\"accept\":[\".pdf\"]", ".pdf=1", TRUE},
	    {RULE("file") ",\"accept\":[\".pdf\"]", "a.pdf =1", FALSE},
	    {RULE("file") ",\"accept\":[\"image/jpeg\"]", "a.jpe=1|b.jpg=2", TRUE},
	    {RULE("file") ",\"accept\":[\"image/jpeg\"]", "a.png=1", FALSE},
	    {RULE("file") ",\"accept\":[\"video/*\"]", "a.3gp2=1", TRUE},
	    {RULE("file") ",\"accept\":[\"image/*\"]", "a.svg=1", FALSE},
	    {RULE("file") ",\"accept\":[\"text/*\"]", "a.txt=1", FALSE},
	    {RULE("file") ",\"accept\":[\".tar.gz\"]", "a.tar.gz=1", FALSE},
	    {RULE("file") ",\"accept\":[\"\"]", "a.pdf=1", FALSE},
	    {RULE("file") ",\"accept\":[\"\"]", "", TRUE},
	    {THRESHOLD("minfilesize", "10"), "a=4|b=6", TRUE},
	    {THRESHOLD("minfilesize", "10"), "a=9", FALSE},
	    {THRESHOLD("minfilesize", "10"), "", TRUE},
	    {THRESHOLD("maxfilesize", "10"), "a=4|b=6", TRUE},
	    {THRESHOLD("maxfilesize", "10"), "a=4|b=7", FALSE},
	};

	check_rows(rows, G_N_ELEMENTS(rows), TRUE);
}

/* all and any: whose error it is, and for which field. */
static void
test_composed(void)
{
#define CHILD(rule, field, error) "{\"rule\":\"" rule "\",\"field\":\"" field "\",\"error\":\"" error "\"}"
	static const struct {
		const char *json, *v, *w, *expected;
	} rows[] = {
	    {"{\"rule\":\"all\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("required", "v", "child") "," CHILD(
		 "email", "w", "second") "]}",
		"x", "a@b.co", ""},
	    {"{\"rule\":\"all\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("required", "v", "child") "," CHILD(
		 "email", "w", "second") "]}",
		"x", "a", "w:second"},
	    {"{\"rule\":\"all\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("required", "v", "") "]}", "", "", "v:own"},
	    {"{\"rule\":\"all\",\"rules\":[" CHILD("required", "v", "") "]}", "", "", ""},
	    {"{\"rule\":\"any\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("required", "v", "a") "," CHILD(
		 "required", "w", "b") "]}",
		"", "x", ""},
	    {"{\"rule\":\"any\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("required", "v", "a") "," CHILD(
		 "required", "w", "b") "]}",
		"", "", "v:own"},
	    {"{\"rule\":\"any\",\"field\":\"v\",\"error\":\"own\",\"rules\":[]}", "", "", ""},
	    {"{\"rule\":\"any\",\"field\":\"v\",\"error\":\"own\",\"rules\":[" CHILD("requiredfile", "v", "a") "]}", "", "", ""},
	    {"{\"rule\":\"all\",\"field\":\"v\",\"error\":\"own\",\"rules\":[{\"rule\":\"any\",\"field\":\"w\",\"error\":"
	     "\"inner\",\"rules\":[" CHILD("email", "v", "a") "," CHILD("url", "v", "b") "]}]}",
		"x", "", "w:inner"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Form) form = form_with(rows[i].json);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("v", rows[i].v, "w", rows[i].w, NULL));
		g_autoptr(GPtrArray) invalid = fixture_check(form, submission);
		g_autoptr(GString) text = g_string_new(NULL);

		for (guint k = 0; k < invalid->len; k++) {
			const InvalidField *entry = invalid->pdata[k];

			g_string_append_printf(text, "%s:%s", entry->field, entry->message);
			g_assert_cmpstr(entry->idref, ==, g_str_equal(entry->field, "v") ? "the-v" : NULL);
		}
		g_assert_cmpstr(text->str, ==, rows[i].expected);
	}
}

/* What is read is written again, in the order and with the types of contract 5.1. */
static void
test_round_trip(void)
{
	static const char *const rules[] = {
	    "{\"rule\":\"required\",\"field\":\"v\",\"error\":\"e\"}",
	    "{\"rule\":\"maxlength\",\"field\":\"v\",\"threshold\":400,\"error\":\"e\"}",
	    "{\"rule\":\"minnumber\",\"field\":\"v\",\"threshold\":\"-.5\",\"error\":\"\"}",
	    "{\"rule\":\"maxdate\",\"field\":\"v\",\"threshold\":\"2026-12-31\",\"error\":\"e\"}",
	    "{\"rule\":\"enum\",\"field\":\"v\",\"accept\":[\"a\",\"\\u3042\"],\"error\":\"e\"}",
	    "{\"rule\":\"dayofweek\",\"field\":\"v\",\"accept\":[1,7],\"error\":\"e\"}",
	    "{\"rule\":\"stepnumber\",\"field\":\"v\",\"base\":0.5,\"interval\":1.5,\"error\":\"e\"}",
	    "{\"rule\":\"any\",\"rules\":[{\"rule\":\"all\",\"field\":\"v\",\"rules\":[{\"rule\":\"tel\",\"field\":\"v\","
	    "\"error\":\"t\"}]}],"
	    "\"error\":\"e\"}",
	};
	g_autoptr(Form) form = fixture_form("[text v]");

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_autoptr(Rule) rule = rule_of(rules[i]);
		g_autofree char *json = json_from_variant(rule_to_variant(form, rule), 0);

		g_assert_cmpstr(json, ==, rules[i]);
	}
}

static void
test_unreadable(void)
{
	g_autoptr(GString) deep = g_string_new("{\"rule\":\"required\",\"field\":\"v\"}");
	static const char *const rules[] = {
	    "[]",
	    "{}",
	    "{\"rule\":\"nope\",\"field\":\"v\"}",
	    "{\"rule\":\"required\"}",
	    "{\"rule\":\"maxlength\",\"field\":\"v\"}",
	    "{\"rule\":\"maxlength\",\"field\":\"v\",\"threshold\":-1}",
	    "{\"rule\":\"maxlength\",\"field\":\"v\",\"threshold\":\"1x\"}",
	    "{\"rule\":\"maxlength\",\"field\":\"v\",\"threshold\":\"inf\"}",
	    "{\"rule\":\"mindate\",\"field\":\"v\"}",
	    "{\"rule\":\"enum\",\"field\":\"v\",\"accept\":\"x\"}",
	    "{\"rule\":\"enum\",\"field\":\"v\",\"accept\":[null]}",
	    "{\"rule\":\"dayofweek\",\"field\":\"v\",\"accept\":[8]}",
	    "{\"rule\":\"stepnumber\",\"field\":\"v\",\"base\":0,\"interval\":0}",
	    "{\"rule\":\"all\",\"field\":\"v\"}",
	    "{\"rule\":\"all\",\"field\":\"v\",\"rules\":[1]}",
	    "{\"rule\":\"any\",\"field\":\"v\",\"rules\":[{\"rule\":\"maxitems\",\"field\":\"v\"}]}",
	};

	for (guint depth = 0; depth < LIMIT_RULE_DEPTH; depth++) {
		g_string_prepend(deep, "{\"rule\":\"all\",\"rules\":[");
		g_string_append(deep, "]}");
	}
	for (gsize i = 0; i <= G_N_ELEMENTS(rules); i++) {
		const char *json = i < G_N_ELEMENTS(rules) ? rules[i] : deep->str;
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) variant = json_to_variant(json, strlen(json), &error);

		g_test_message("%s", json);
		/* JSON's own ceiling may come first. */
		if (variant == NULL)
			continue;
		g_assert_null(rule_from_variant(variant, &error));
		g_assert_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE);
		g_assert_null(rule_from_variant(variant, NULL));
	}
}

/* Each test with its path. */
static const struct {
	const char *path;
	void (*run)(void);
} tests[] = {
    {"/rules/kinds/of texts", test_texts},
    {"/rules/kinds/of files", test_files},
    {"/rules/kinds/all and any", test_composed},
    {"/rules/kinds/read and written", test_round_trip},
    {"/rules/kinds/what is no rule", test_unreadable},
};

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	clock_set_offset_us(FIXTURE_TIME_US - g_get_real_time());
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].run);
	return g_test_run();
}
