/*
 * Rules as a form has them: what its tags compile to, the schema, days relative to now, messages; and two promises: the order of errors, and that an
 * answer does not depend on how a body was cut into chunks.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/rules.h"
#include "sekisho/wire/json.h"
#include "sekisho/wire/multipart.h"

/* Forms of contract 13, each made once. */
static Form *form_d, *form_r, *form_u;

/* Checks that `posted` (taken) makes these fields of the form invalid. */
static void
check_invalid(const Form *form, Posted *posted, const char *expected)
{
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	g_autofree char *invalid = fixture_invalid(form, submission);

	g_assert_cmpstr(invalid, ==, expected);
}

#define D_GOOD "your-name", "Taro", "your-email", "taro@example.org", "your-subject", "Hello"

/* --- Schema ----------------------------------------------------------------------------------------------------------------------------------- */

/* The rules of a schema as contract 13.1 writes them: "maxlength e 400; enum ex [one,two]". */
static char *
schema_sequence(const Form *form)
{
	g_autoptr(GVariant) schema = g_variant_ref_sink(rules_schema(form));
	g_autoptr(GVariant) rules = g_variant_lookup_value(schema, "rules", G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < g_variant_n_children(rules); i++) {
		g_autoptr(GVariant) rule = g_variant_get_child_value(rules, i);
		const char *name = NULL, *field = NULL, *error = NULL;
		g_autoptr(GVariant) threshold = g_variant_lookup_value(rule, "threshold", NULL);
		g_autoptr(GVariant) accept = g_variant_lookup_value(rule, "accept", G_VARIANT_TYPE("as"));

		g_assert_true(g_variant_lookup(rule, "rule", "&s", &name) && g_variant_lookup(rule, "field", "&s", &field) &&
			      g_variant_lookup(rule, "error", "&s", &error));
		g_assert_cmpstr(error, !=, "");
		g_string_append_printf(text, "%s%s %s", i > 0 ? "; " : "", name, field);
		if (threshold != NULL) {
			g_autofree char *printed = json_from_variant(threshold, 0);

			g_string_append_printf(text, " %s", printed);
		}
		if (accept != NULL) {
			g_autofree const char **values = g_variant_get_strv(accept, NULL);
			g_autofree char *joined = g_strjoinv(",", (char **)values);

			g_string_append_printf(text, " [%s]", joined);
		}
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
check_sequence(const Form *form, const char *expected)
{
	g_autofree char *sequence = schema_sequence(form);

	g_assert_cmpstr(sequence, ==, expected);
}

static void
test_t14(void)
{
	check_sequence(form_d,
	    "required your-name; maxlength your-name 400; required your-email; email your-email; maxlength your-email 400; "
	    "required your-subject; maxlength your-subject 400; maxlength your-message 2000");
}

static void
test_t20(void)
{
	check_sequence(form_r, "required cb; maxitems ex 1; required rad; maxitems rad 1; date d; mindate d \"2026-01-01\"; "
			       "maxdate d \"2026-12-31\"; "
			       "file f [.pdf,.txt]; maxfilesize f 1024; number n; minnumber n \"1\"; maxnumber n \"10\"; number "
			       "r; minnumber r \"0\"; "
			       "maxnumber r \"50\"; required sel; required t; minlength t 3; maxlength t 10; email e; maxlength "
			       "e 400; url u; maxlength u 400; "
			       "tel tel; maxlength tel 400; maxlength msg 20; enum cb [A,B,C & D]; enum ex [one,two]; enum rad "
			       "[yes,no]; enum sel [red,blue]; "
			       "enum ms [m1,m2]");
}

static void
test_u12(void)
{
	g_autofree char *sequence = schema_sequence(form_u);

	g_assert_nonnull(strstr(sequence, "file g [audio/*,video/*,image/*]"));
	g_assert_nonnull(strstr(sequence, "file h [image/png,.php,audio/mpeg]"));
	g_assert_nonnull(strstr(sequence, "maxfilesize h 20971520"));
	g_assert_nonnull(strstr(sequence, "requiredfile f; file f [.pdf,.txt]; maxfilesize f 1024"));
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

/* What options make of themselves (contract 4.6, 5.3, 5.4). */
static void
test_compiled(void)
{
	static const struct {
		const char *template_text, *sequence;
	} rows[] = {
	    {"[range r][range* s min:x min:-5 max:.5 max:7]",
		"number r; minnumber r \"0\"; maxnumber r \"100\"; required s; number s; minnumber s \"-5\"; maxnumber s \".5\""},
	    {"[number n min:1e3 max:+4]", "number n; maxnumber n \"+4\""},
	    {"[number n min:+-4 max:+x]", "number n"},
	    {"[checkbox c exclusive:no \"a\"]", "enum c [a]"},
	    /* The first min: counts, and one that cannot be read makes no rule (contract 4.6). */
	    {"[date d min:junk min:2026-01-01]", "date d"},
	    {"[number n min: MAX:9]", "number n; maxnumber n \"9\""},
	    {"[date d min:junk max:2026-13-45]", "date d"},
	    {"[date* d min:today+7days]", "required d; date d; mindate d \"2026-11-29\""},
	    {"[date d min:2026-02-30]", "date d; mindate d \"2026-03-02\""},
	    {"[checkbox c exclusive \"a\"][checkbox* c \"b\" \"a\" \"\" \"x|y\"]", "maxitems c 1; required c; enum c [a,b,x]"},
	    {"[checkbox c \"a\"][radio c free_text \"b\"]", "required c; maxitems c 1"},
	    {"[select s][checkbox c]", "enum c []; enum s []"},
	    {"[select s first_as_label \"-\" \"a\"][select s multiple include_blank \"-\"]", "enum s [a,-]"},
	    {"[select s free_text \"a\"]", "enum s [a]"},
	    {"[select s \"&lt;&eacute;&#65;\" \"<éA\"]", "enum s [<éA]"},
	    {"[file f filetypes:PDF|.Doc|pdf|.tar.gz. filetypes:text/plain|text/nope limit:2MB]",
		"file f [.pdf,.doc,.tar.gz,text/plain]; maxfilesize f 2097152"},
	    {"[file f filetypes:application/*|x/y limit:0]", "file f []; maxfilesize f 1048576"},
	    {"[file f filetypes: limit:5gb LIMIT:3Kb]", "file f [audio/*,video/*,image/*]; maxfilesize f 3072"},
	    {"[text t size:10 40/100 20x5/300 maxlength:0]", "maxlength t 100"},
	    {"[acceptance a][hidden h][quiz q][count t][reflection t][output t][response][turnstile][submit]", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Form) form = fixture_form(rows[i].template_text);

		g_test_message("%s", rows[i].template_text);
		check_sequence(form, rows[i].sequence);
	}
}

/* A threshold that is relative to now is computed when it is needed. */
static void
test_moving_day(void)
{
	g_autoptr(Form) form = fixture_form("[date d min:today max:+1_week]");
	gint64 offset_us = FIXTURE_TIME_US - g_get_real_time();

	check_sequence(form, "date d; mindate d \"2026-11-22\"; maxdate d \"2026-11-29\"");
	check_invalid(form, fixture_posted("d", "2026-11-21", NULL), "d:date_too_early");
	check_invalid(form, fixture_posted("d", "2026-11-22", NULL), "");
	check_invalid(form, fixture_posted("d", "2026-11-30", NULL), "d:date_too_late");
	clock_set_offset_us(offset_us + G_TIME_SPAN_DAY);
	check_sequence(form, "date d; mindate d \"2026-11-23\"; maxdate d \"2026-11-30\"");
	check_invalid(form, fixture_posted("d", "2026-11-22", NULL), "d:date_too_early");
	check_invalid(form, fixture_posted("d", "2026-11-30", NULL), "");
	clock_set_offset_us(offset_us);
}

/* Beside the vectors: more than one value, nested ones, and what is not checked at all. */
static void
test_other_fields(void)
{
	g_autoptr(Form) hidden = fixture_form("[hidden h \"v\"]");
	g_autoptr(Form) nested = fixture_form("[checkbox c \"1\" \"2\"]");
	g_autoptr(Form) broken = fixture_form("[select s \"a\nb\"]");

	check_invalid(hidden, posted_new(), "");
	check_invalid(nested, fixture_posted("c[0][x]", "1", NULL), "");
	check_invalid(nested, fixture_posted("c[0][x]", "3", NULL), "c:fixed.enum");
	check_invalid(broken, fixture_posted("s", "a\r\nb", NULL), "");
	check_invalid(form_d, fixture_posted(D_GOOD, "your-name[]", "a", "your-name[]", "b", NULL), "");
	check_invalid(form_d, fixture_posted(D_GOOD, "your-name[]", "", "your-name[]", " ", NULL), "your-name:invalid_required");
	check_invalid(
	    form_d, fixture_posted(D_GOOD, "your-email[]", "a@b.co", "your-email[]", "x", NULL), "your-email:invalid_email");
}

static void
test_message_tags(void)
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
	invalid = fixture_check(form, submission);
	g_assert_cmpstr(((const InvalidField *)invalid->pdata[0])->message, ==, "No ZZ \"q\"");
	schema = json_from_variant(rules_schema(form), 0);
	g_assert_nonnull(strstr(schema, "\"No [z] \\\"q\\\"\""));
	header = mailtag_message(form, submission, "validation_error", 2);
	g_assert_cmpstr(header, ==, "VE 2 ZZ");
}

/* Without the plugin that makes the pictures no answer is right (contract 4.8). */
static void
test_captcha(void)
{
	g_autoptr(Form) form = fixture_form("[captchac c][captchar c]");

	check_invalid(form, fixture_posted("c", "x", NULL), "c:captcha_not_match");
	check_invalid(form, fixture_posted("d", "x", NULL), "c:captcha_not_match");
}

/* What one answer says under its fields has a ceiling, whatever a visitor types (base/limits.h). */
static void
test_message_ceiling(void)
{
	g_autoptr(GString) template_text = g_string_new("[text n][textarea m maxlength:1000000]");
	g_autoptr(GString) repeated = g_string_new("あ");
	g_autofree char *typed = g_strnfill(100000, 'x');
	FormSource *source;
	g_autoptr(Form) form = NULL;
	g_autoptr(Submission) submission = NULL;
	g_autoptr(GPtrArray) invalid = NULL;
	g_autofree char *own = NULL;
	gsize bytes = 0;

	for (guint i = 0; i < 300; i++)
		g_string_append_printf(template_text, "[text* t%u]", i);
	for (guint i = 0; i < 24; i++)
		g_string_append(repeated, "[m]あ");
	source = fixture_source(template_text->str);
	g_hash_table_insert(source->messages, g_strdup("invalid_required"), g_strdup(repeated->str));
	form = fixture_compile(source);
	submission = fixture_submission(form, fixture_posted("m", typed, NULL));
	invalid = fixture_check(form, submission);
	g_assert_cmpuint(invalid->len, ==, 300);
	for (guint i = 0; i < invalid->len; i++) {
		const InvalidField *entry = invalid->pdata[i];

		g_assert_true(g_utf8_validate(entry->message, -1, NULL));
		bytes += strlen(entry->message);
	}
	g_assert_cmpuint(bytes, <=, LIMIT_ANSWER_MESSAGES_BYTES);
	g_assert_cmpuint(bytes, >, LIMIT_ANSWER_MESSAGES_BYTES - 4);
	g_assert_cmpuint(strlen(((const InvalidField *)invalid->pdata[0])->message), >, 200000);
	own = mailtag_message(form, submission, "invalid_required", 1);
	g_assert_cmpuint(strlen(own), <=, LIMIT_ANSWER_MESSAGES_BYTES);
	g_assert_true(g_utf8_validate(own, -1, NULL));
}

/* --- Chunks ------------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
	Posted *posted;
	GBytes *name;
	GByteArray *value;
} Reader;

static gboolean
begin(const MultipartPart *part, gpointer user_data, GError **error G_GNUC_UNUSED)
{
	Reader *reader = user_data;

	reader->name = g_bytes_ref(part->name);
	reader->value = g_byte_array_new();
	return TRUE;
}

static gboolean
data(const guint8 *bytes, gsize size, gpointer user_data, GError **error G_GNUC_UNUSED)
{
	g_byte_array_append(((Reader *)user_data)->value, bytes, (guint)size);
	return TRUE;
}

static gboolean
end(gpointer user_data, GError **error)
{
	Reader *reader = user_data;
	g_autoptr(GBytes) value = g_byte_array_free_to_bytes(g_steal_pointer(&reader->value));
	gboolean is_added = posted_add(reader->posted, reader->name, value, error);

	g_clear_pointer(&reader->name, g_bytes_unref);
	return is_added;
}

/* Reads the body in random cuts of at most `longest` bytes. */
static Posted *
read_in_cuts(const char *body, gsize longest)
{
	static const MultipartHandler handler = {.begin = begin, .data = data, .end = end};
	Reader reader = {.posted = posted_new()};
	g_autoptr(GError) error = NULL;
	g_autoptr(Multipart) multipart = multipart_new("multipart/form-data; boundary=cut", &handler, &reader, &error);
	gsize size = strlen(body);

	g_assert_no_error(error);
	for (gsize at = 0; at < size;) {
		gsize cut = MIN((gsize)g_test_rand_int_range(1, (gint32)longest + 1), size - at);

		multipart_feed(multipart, (const guint8 *)body + at, cut, &error);
		g_assert_no_error(error);
		at += cut;
	}
	g_assert_true(multipart_finish(multipart, &error));
	return reader.posted;
}

static void
test_chunks(void)
{
	static const char *const fields[][2] = {{"t", "a\r\n--cu"}, {"e", "x\r\n--\r\n"}, {"u", "HTTP://x"}, {"tel", "０１"},
	    {"n", "1."}, {"r", "51"}, {"d", "2026-02-30"}, {"cb[]", "Z"}, {"cb[]", "日本"}, {"rad[]", "yes"}, {"rad[]", "no"},
	    {"sel", "\xe3\x81"}, {"msg", "0123456789\r\n0123456789"}};
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *whole = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		g_string_append_printf(
		    body, "--cut\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", fields[i][0], fields[i][1]);
	g_string_append(body, "--cut--\r\n");
	for (guint round = 0; round < 60; round++) {
		g_autoptr(Submission) submission =
		    fixture_submission(form_r, read_in_cuts(body->str, round == 0 ? body->len : round));
		g_autofree char *invalid = fixture_invalid(form_r, submission);

		if (whole == NULL)
			whole = g_steal_pointer(&invalid);
		else
			g_assert_cmpstr(invalid, ==, whole);
	}
	g_assert_cmpstr(whole, ==,
	    "rad:fixed.maxitems d:invalid_date n:invalid_number r:number_too_large sel:invalid_required e:invalid_email "
	    "u:invalid_url "
	    "tel:invalid_tel msg:invalid_too_long cb:fixed.enum q:quiz_answer_not_correct");
}

/* Whatever is posted, errors stand in the order of the rules, then of the tags, and each field at most once. */
static void
test_order(void)
{
	static const char *const names[] = {"t", "e", "u", "tel", "n", "r", "d", "cb[]", "ex", "rad", "sel", "ms[]", "msg", "q"};
	static const char *const values[] = {NULL, "", "x", "12345", "2026-05-01", "yes", "0123456789012345678901", "A", "red"};
	static const char *const order[] = {
	    "cb", "ex", "rad", "d", "n", "r", "sel", "t", "e", "u", "tel", "msg", "cb", "ex", "rad", "sel", "ms", "q"};

	for (guint round = 0; round < 300; round++) {
		Posted *posted = posted_new();
		guint place = 0;

		for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
			const char *value = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))];
			g_autoptr(GBytes) name = g_bytes_new_static(names[i], strlen(names[i]));
			g_autoptr(GBytes) bytes = value != NULL ? g_bytes_new_static(value, strlen(value)) : NULL;

			if (bytes != NULL)
				g_assert_true(posted_add(posted, name, bytes, NULL));
		}
		g_autoptr(Submission) submission = fixture_submission(form_r, posted);
		g_autoptr(GPtrArray) invalid = fixture_check(form_r, submission);
		g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
		for (guint i = 0; i < invalid->len; i++) {
			const InvalidField *entry = invalid->pdata[i];

			g_assert_true(g_hash_table_add(seen, entry->field));
			while (place < G_N_ELEMENTS(order) && !g_str_equal(order[place], entry->field))
				place++;
			g_assert_cmpuint(place, <, G_N_ELEMENTS(order));
		}
	}
}

/* Each test with its path. */
static const struct {
	const char *path;
	void (*run)(void);
} tests[] = {
    {"/contract/T14", test_t14},
    {"/contract/T20", test_t20},
    {"/contract/U12", test_u12},
    {"/rules/the schema of contract 5.1", test_schema},
    {"/rules/what tags compile to", test_compiled},
    {"/rules/days relative to now", test_moving_day},
    {"/rules/several values and nested ones", test_other_fields},
    {"/rules/messages with mail-tags", test_message_tags},
    {"/rules/an image captcha", test_captcha},
    {"/rules/messages have a ceiling", test_message_ceiling},
    {"/rules/however a body is cut", test_chunks},
    {"/rules/the order of errors", test_order},
};

int
main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	clock_set_offset_us(FIXTURE_TIME_US - g_get_real_time());
	form_d = fixture_form_d();
	form_r = fixture_form_r();
	form_u = fixture_form_u();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].run);
	result = g_test_run();
	form_unref(form_d);
	form_unref(form_r);
	form_unref(form_u);
	return result;
}
