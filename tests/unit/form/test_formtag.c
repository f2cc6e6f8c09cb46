/*
 * Form-tags: grammar, names, values, options (contract 4.2-4.6, 13.6).
 */
#include <glib.h>
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/form/formtag.h"

/* "type|raw name|options|before=after|content" of each tag, joined by " ; ". */
static char *
describe(const char *template_text)
{
	g_autoptr(GPtrArray) tags = formtag_scan(template_text);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < tags->len; i++) {
		const FormTag *tag = tags->pdata[i];
		g_autofree char *options = g_strjoinv(",", tag->options);

		g_string_append_printf(
		    text, "%s%s|%s|%s|", i > 0 ? " ; " : "", tag->type, tag->raw_name ? tag->raw_name : "", options);
		for (guint k = 0; k < tag->values->len; k++) {
			const FormTagValue *value = tag->values->pdata[k];

			g_string_append_printf(text, "%s%s=%s", k > 0 ? "," : "", value->before, value->after);
		}
		g_string_append_printf(text, "|%s", tag->content ? tag->content : "-");
	}
	return g_string_free(text, FALSE);
}

typedef struct {
	const char *template_text;
	const char *tags;
} Case;

static void
check_cases(const Case *cases, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *tags = describe(cases[i].template_text);

		g_test_message("%s", cases[i].template_text);
		g_assert_cmpstr(tags, ==, cases[i].tags);
	}
}

static void
test_grammar(void)
{
	static const Case cases[] = {
	    {"a [text your-name] b", "text|your-name|||-"},
	    {"[text* your-name size:40 \"A\" 'B']", "text*|your-name|size:40|A=A,B=B|-"},
	    {"[[text a]]", ""},
	    {"[[text a]", "text|a|||-"},
	    {"[text a]]", "text|a|||-"},
	    {"[[text a] [text b]]", "text|a|||- ; text|b|||-"},
	    {"[text your-name \"a]b\"]", ""},
	    {"[text a \"x[y\"]", "text|a||x[y=x[y|-"},
	    {"[text a \"x\" size:3]", ""},
	    {"[text\xe3\x80\x80your-name]", "text|your-name|||-"},
	    {"[text\n\tyour-name\n size:3 ]", "text|your-name|size:3||-"},
	    {"[text a\xc2\xa0\xe2\x80\x8b\xc2\xa0size:3]", "text|a|size:3||-"},
	    {"[text \xef\xbb\xbf"
	     "a]",
		"text|a|||-"},
	    {"[textarea m]has [text i] x[/textarea]", "textarea|m|||- ; text|i|||-"},
	    {"[textarea m]\n one<br>\ntwo<br />\nthree <br/>x \n[/textarea]", "textarea|m|||one\ntwo\nthree <br/>x"},
	    {"[text* a]x[/text]", "text*|a|||-"},
	    {"[text* a]x[/text*]", "text*|a|||x"},
	    {"[TEXT a]", ""},
	    {"[text]", ""},
	    {"[text 1a]", ""},
	    {"[text _a]", ""},
	    {"[text a[]]", ""},
	    {"[radio* r]", ""},
	    {"[time t]", ""},
	    {"[hidden* h]", ""},
	    {"[textt a]", ""},
	    {"[text a,b]", ""},
	    {"[text a \"b]", ""},
	    {"[text a \xe3\x81\x82]", ""},
	    {"[text a", ""},
	    {"[submit]", "submit||||-"},
	    {"[submit \"Go\"]", "submit|||Go=Go|-"},
	    {"[submit (bad) \"Go\"]", "submit||||-"},
	    {"[submit class:x \"Go\" bad]", "submit||||-"},
	    {"[text a /]", "text|a|||-"},
	    {"[text a size:3\"v\" /]", "text|a|size:3|v=v|-"},
	    {"[submit /]", "submit||/||-"},
	    {"<!-- [text* hid] --> [text n]", "text*|hid|||- ; text|n|||-"},
	    {"[acceptance a invert]I <b>agree</b>[/acceptance]", "acceptance|a|invert||I <b>agree</b>"},
	    {"[text 1a][/text][text b]", "text|b|||-"},
	    {"[response][text your.name][text a:b]", "response||||- ; text|your.name|||- ; text|a:b|||-"},
	    {"[stripe currency:usd][stripe]", "stripe||currency:usd||-"},
	    {"[checkbox c \"A|alpha\" \" B | b|c \" \"|x\" \"\"]", "checkbox|c||A=alpha,B=b|c,=x,=|-"},
	};

	check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_every_type(void)
{
	static const char *const named[] = {"text", "text*", "email", "email*", "url", "url*", "tel", "tel*", "textarea",
	    "textarea*", "number", "number*", "range", "range*", "date", "date*", "checkbox", "checkbox*", "radio", "select",
	    "select*", "acceptance", "file", "file*", "hidden", "quiz", "captchar", "captchac", "count", "reflection", "output"};
	static const char *const nameless[] = {"submit", "response", "turnstile", "stripe"};

	for (gsize i = 0; i < G_N_ELEMENTS(named); i++) {
		g_autofree char *template_text = g_strdup_printf("[%s x]", named[i]);
		g_autoptr(GPtrArray) tags = formtag_scan(template_text);

		g_assert_cmpuint(tags->len, ==, 1);
		const FormTag *tag = tags->pdata[0];
		g_assert_cmpstr(tag->type, ==, named[i]);
		g_assert_cmpstr(tag->name, ==, "x");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(nameless); i++) {
		g_autofree char *template_text = g_strdup_printf("[%s]", nameless[i]);
		g_autoptr(GPtrArray) tags = formtag_scan(template_text);

		g_assert_cmpuint(tags->len, ==, 1);
		g_assert_null(((const FormTag *)tags->pdata[0])->name);
	}
}

static void
test_place(void)
{
	const char *text = "a\n[[text no]]\n\n [[text your.name]\n[submit]";
	g_autoptr(GPtrArray) tags = formtag_scan(text);
	const FormTag *first = tags->pdata[0], *second = tags->pdata[1];

	g_assert_cmpuint(tags->len, ==, 2);
	g_assert_cmpuint(first->line, ==, 4);
	g_assert_true(g_str_has_prefix(text + first->offset, "[text your.name]"));
	g_assert_cmpstr(first->name, ==, "your_name");
	g_assert_cmpstr(first->raw_name, ==, "your.name");
	g_assert_cmpuint(second->line, ==, 5);
}

typedef struct {
	const char *tag;
	gint64 maxlength;
	gint64 minlength;
	const char *id;
	gboolean is_required;
} OptionCase;

static void
test_options(void)
{
	static const OptionCase cases[] = {
	    {"[text a]", -1, -1, NULL, FALSE},
	    {"[text* a maxlength:10 minlength:3 id:my-t]", 10, 3, "my-t", TRUE},
	    {"[text a MaxLength:10 ID:x]", 10, -1, "x", FALSE},
	    {"[text a maxlength:0]", -1, -1, NULL, FALSE},
	    {"[text a maxlength:0 /5]", 5, -1, NULL, FALSE},
	    {"[text a maxlength:x maxlength:7]", 7, -1, NULL, FALSE},
	    {"[text a size:10 40/100 20x5/300]", 100, -1, NULL, FALSE},
	    {"[text a /30]", 30, -1, NULL, FALSE},
	    {"[textarea a 20x5/300]", 300, -1, NULL, FALSE},
	    {"[textarea a x/300]", 300, -1, NULL, FALSE},
	    {"[text a 40/]", -1, -1, NULL, FALSE},
	    {"[text a 40x5x6/9]", -1, -1, NULL, FALSE},
	    {"[text a maxlength:99999999999999999999]", G_MAXINT64, -1, NULL, FALSE},
	    {"[text a id:wpcf7-x]", -1, -1, NULL, FALSE},
	    {"[text a id:1x]", -1, -1, NULL, FALSE},
	    {"[text a id:x.y]", -1, -1, NULL, FALSE},
	    {"[text a id:first id:second]", -1, -1, "first", FALSE},
	    {"[text a id:x.y id: id:second]", -1, -1, "second", FALSE},
	    {"[text a id:1x id:second]", -1, -1, NULL, FALSE},
	    {"[text a id:wpcf7-x id:second]", -1, -1, NULL, FALSE},
	    {"[acceptance a optional:no]", -1, -1, NULL, TRUE},
	    {"[radio r]", -1, -1, NULL, TRUE},
	    {"[quiz q]", -1, -1, NULL, TRUE},
	    {"[acceptance a]", -1, -1, NULL, TRUE},
	    {"[acceptance a Optional]", -1, -1, NULL, FALSE},
	    {"[checkbox c]", -1, -1, NULL, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) tags = formtag_scan(cases[i].tag);
		const FormTag *tag = tags->pdata[0];

		g_test_message("%s", cases[i].tag);
		g_assert_cmpint(formtag_maxlength(tag), ==, cases[i].maxlength);
		g_assert_cmpint(formtag_minlength(tag), ==, cases[i].minlength);
		g_assert_cmpstr(formtag_id(tag), ==, cases[i].id);
		g_assert_cmpint(formtag_is_required(tag), ==, cases[i].is_required);
	}
}

static void
test_names(void)
{
	g_assert_true(formtag_is_name("a"));
	g_assert_true(formtag_is_name("Your-name_2:b.c"));
	g_assert_false(formtag_is_name(""));
	g_assert_false(formtag_is_name("1a"));
	g_assert_false(formtag_is_name("_a"));
	g_assert_false(formtag_is_name("a b"));
	g_assert_false(formtag_is_name("a\n"));
	g_assert_false(formtag_is_name("\xe3\x81\x82"));
}

static void
test_unknown_words(void)
{
	g_autoptr(GPtrArray) words = formtag_unknown_words("[text a][dynamictext b \"x\"][group g] [1] [/group] [[honeypot h]] "
							   "[group h][radio* r][recaptcha] [text] [see below, [step");
	g_autofree char *joined = NULL;

	g_ptr_array_add(words, NULL);
	joined = g_strjoinv(",", (char **)words->pdata);
	g_assert_cmpstr(joined, ==, "dynamictext,group,radio*,recaptcha");
}

static void
test_ceilings(void)
{
	g_autoptr(GString) many = g_string_new(NULL);
	g_autoptr(GString) open = g_string_new(NULL);
	g_autoptr(GPtrArray) tags = NULL;
	gint64 start_us = g_get_monotonic_time();

	for (guint i = 0; i < LIMIT_FORM_TAGS + 10; i++)
		g_string_append_printf(many, "[text a%u]", i);
	tags = formtag_scan(many->str);
	g_assert_cmpuint(tags->len, ==, LIMIT_FORM_TAGS);
	/* Tags that never close must not make the walk quadratic. */
	while (open->len < LIMIT_TEMPLATE_BYTES)
		g_string_append(open, "[text a \"");
	g_ptr_array_unref(tags);
	tags = formtag_scan(open->str);
	g_ptr_array_unref(formtag_unknown_words(open->str));
	g_assert_cmpuint(tags->len, ==, 0);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 2 * G_USEC_PER_SEC);
}

static void
test_invalid_utf8(void)
{
	g_autoptr(GPtrArray) tags = formtag_scan("[text a]\xff[text b \xe3");
	g_autoptr(GPtrArray) words = formtag_unknown_words("[foo a]\xe3");

	g_assert_cmpuint(tags->len, ==, 0);
	g_assert_cmpuint(words->len, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/formtag/the grammar of contract 4.2", test_grammar);
	g_test_add_func("/formtag/every built-in type is in the table", test_every_type);
	g_test_add_func("/formtag/a tag knows its line and byte", test_place);
	g_test_add_func("/formtag/options of contract 4.6 and 13.6", test_options);
	g_test_add_func("/formtag/NAME of contract 4.3", test_names);
	g_test_add_func("/formtag/unknown words are listed once", test_unknown_words);
	g_test_add_func("/formtag/ends at its ceilings in linear time", test_ceilings);
	g_test_add_func("/formtag/text that is not UTF-8 has no tags", test_invalid_utf8);
	return g_test_run();
}
