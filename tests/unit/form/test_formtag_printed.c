/*
 * A property of the scanner: what it accepts can be printed in a plain way and is then scanned again to the same. The templates
 * are made at random of pieces that mean something to the grammar (contract 4.2).
 */
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/form/formtag.h"

#define TEMPLATES 20000

static const char *const pieces[] = {"[", "]", "[", "]", "[[", "]]", "[/", "/", " ", "　", "\n", "\t", "\u00A0", "\u200B", "\"",
    "'", "\"a|b\"", "'x'", "\"|\"", "\"a\" ", " 'q\"q' ", "\" x|y|z \"", "text", "[text* ", "[text a ", "[checkbox c ",
    "[radio r ", "[acceptance a]", "[/acceptance]", "[quiz q ", "[submit ", "[submit]", "[response]", "[select s multiple ",
    "[file f limit:1mb", "a", "your.name", " your-name", " size:10/20", " 40x10/400", " min:today+7days", " default:1_3",
    " id:x ", "(", ",", "é", "日本", "<br />\n", "<br>", "text]", "[stripe]", "|", "\\", "&amp;"};

static void
append_values(GString *out, const FormTag *tag)
{
	for (guint i = 0; i < tag->values->len; i++) {
		const FormTagValue *value = tag->values->pdata[i];
		char quote = strchr(value->before, '"') != NULL || strchr(value->after, '"') != NULL ? '\'' : '"';

		/* Equal halves need no "|", unless one stands in them: "a|a|b" is not "a|b" twice. */
		g_string_append_printf(out, " %c%s", quote, value->before);
		if (!g_str_equal(value->before, value->after) || strchr(value->after, '|') != NULL)
			g_string_append_printf(out, "|%s", value->after);
		g_string_append_c(out, quote);
	}
}

/* The scanner takes one <br> off the end of each line, and strips only before that. */
static void
append_content(GString *out, const FormTag *tag)
{
	g_auto(GStrv) lines = g_strsplit(tag->content, "\n", -1);
	g_autofree char *content = g_strjoinv("<br>\n", lines);

	g_string_append_printf(out, "%s<br>[/%s]", content, tag->type);
}

/* The tag as its author might have written it. */
static void
append_tag(GString *out, const FormTag *tag)
{
	g_string_append_printf(out, "[%s", tag->type);
	if (tag->raw_name != NULL)
		g_string_append_printf(out, " %s", tag->raw_name);
	for (char **option = tag->options; *option != NULL; option++)
		g_string_append_printf(out, " %s", *option);
	append_values(out, tag);
	/* The space keeps a last option "/" from being taken for the end of an XML element. */
	g_string_append(out, " ]");
	if (tag->content != NULL)
		append_content(out, tag);
	g_string_append_c(out, '\n');
}

static char *
print(const GPtrArray *tags)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < tags->len; i++)
		append_tag(out, tags->pdata[i]);
	return g_string_free(out, FALSE);
}

static void
assert_same_values(const FormTag *a, const FormTag *b)
{
	g_assert_cmpuint(a->values->len, ==, b->values->len);
	for (guint i = 0; i < a->values->len; i++) {
		const FormTagValue *first = a->values->pdata[i], *second = b->values->pdata[i];

		g_assert_cmpstr(first->before, ==, second->before);
		g_assert_cmpstr(first->after, ==, second->after);
	}
}

static void
assert_same(const GPtrArray *first, const GPtrArray *second)
{
	g_assert_cmpuint(first->len, ==, second->len);
	for (guint i = 0; i < first->len; i++) {
		const FormTag *a = first->pdata[i], *b = second->pdata[i];

		g_assert_cmpstr(a->type, ==, b->type);
		g_assert_cmpstr(a->basetype, ==, b->basetype);
		g_assert_cmpstr(a->raw_name, ==, b->raw_name);
		g_assert_cmpstr(a->name, ==, b->name);
		g_assert_cmpstrv(a->options, b->options);
		g_assert_cmpstr(a->content, ==, b->content);
		g_assert_cmpuint(a->features, ==, b->features);
		assert_same_values(a, b);
	}
}

static char *
random_template(void)
{
	GString *text = g_string_new(NULL);
	int count = g_test_rand_int_range(1, 24);

	for (int i = 0; i < count; i++)
		g_string_append(text, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
	return g_string_free(text, FALSE);
}

static void
test_printed(void)
{
	guint seen = 0;

	for (int i = 0; i < TEMPLATES; i++) {
		g_autofree char *text = random_template();
		g_autoptr(GPtrArray) tags = formtag_scan(text);
		g_autofree char *printed = print(tags);
		g_autoptr(GPtrArray) again = formtag_scan(printed);
		g_autofree char *printed_again = print(again);

		assert_same(tags, again);
		g_assert_cmpstr(printed_again, ==, printed);
		seen += tags->len;
	}
	/* The pieces do make tags. */
	g_assert_cmpuint(seen, >, TEMPLATES / 10);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/formtag_printed/what is scanned can be printed and scanned again", test_printed);
	return g_test_run();
}
