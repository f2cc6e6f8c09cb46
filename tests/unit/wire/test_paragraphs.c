/*
 * The paragraph formatter: the examples of contract 6.9 and what its rules say beyond them, byte for byte.
 */
#include "sekisho/wire/paragraphs.h"

#include <string.h>

#include "sekisho/base/limits.h"

typedef struct {
	const char *html, *formatted;
} Case;

static void
check(gconstpointer data)
{
	for (const Case *one = data; one->html != NULL; one++) {
		g_autofree char *formatted = paragraphs_format(one->html);
		g_assert_cmpstr(formatted, ==, one->formatted);
	}
}

static const Case examples[] = {
    {"x", "<p>x\n</p>"},
    {"a\nb", "<p>a<br />\nb\n</p>"},
    {"a\n\nb", "<p>a\n</p>\n<p>b\n</p>"},
    {"<div>a\nb</div>", "<div>\n\t<p>a<br />\nb\n\t</p>\n</div>"},
    {"text <h2>t\nu</h2> z", "<p>text\n</p>\n<h2>t<br />\nu\n</h2>\n<p>z\n</p>"},
    {"<hr>\na", "<hr />\n<p>a\n</p>"},
    {NULL, NULL},
};

static const Case texts[] = {
    {"", ""},
    {" \n\n ", ""},
    {"a\r\nb\rc", "<p>a<br />\nb<br />\nc\n</p>"},
    {"a  b \t\n c", "<p>a b<br />\nc\n</p>"},
    {"\n\n a \n \n\n b\n\n", "<p>a\n</p>\n<p>b\n</p>"},
    {"a<br>b<BR />\nc", "<p>a<br />\nb\n</p>\n<p>c\n</p>"},
    {"1 < 2 <3 & <", "<p>1 < 2 <3 & <\n</p>"},
    {"a <b", "<p>a <b\n</p>"},
    {"<!-- a\n\nb --> c", "<!-- a\n\nb -->\n<p>c\n</p>"},
    {"a <!-- b", "<p>a <!-- b\n</p>"},
    {"日本\n語", "<p>日本<br />\n語\n</p>"},
    {NULL, NULL},
};

static const Case inline_content[] = {
    {"<b>a</b> <i>b</i>\n<u>c</u>", "<p><b>a</b> <i>b</i><br />\n<u>c</u>\n</p>"},
    {"<label> Name\n    <input type=text></label>\n\n<label>x</label>",
	"<p><label> Name<br />\n<input type=text /></label>\n</p>\n<p><label>x</label>\n</p>"},
    {"<label>a\n\nb</label>", "<p><label>a<br />\nb</label>\n</p>"},
    {"a<img src=x/>b", "<p>a<img src=x />b\n</p>"},
    {"<img alt=\"a > b\">c", "<p><img alt=\"a > b\" />c\n</p>"},
    {"<a title = 'x>y\n\"' href=z>c</a>", "<p><a title = 'x>y\n\"' href=z>c</a>\n</p>"},
    /* Quotes that are no value's, and a value without an end. */
    {"<b it's>c</b> <i \">d</i>", "<p><b it's>c</b> <i \">d</i>\n</p>"},
    {"<b x=\"y>c</b> d", "<p><b x=\"y>c</b> d\n</p>"},
    {"<select>\n<option>a\n<option>b\n</select>", "<p><select>\n<option>a\n</option><option>b\n</option></select>\n</p>"},
    {"<textarea>a\n\nb</textarea>", "<p><textarea>a\n\nb</textarea>\n</p>"},
    {"<h3><em>a</em></h3>", "<h3><em>a</em>\n</h3>"},
    {"<b>x<b>y", "<p><b>x</b><b>y</b>\n</p>"},
    {"<span>x<span>y", "<p><span>x<span>y</span></span>\n</p>"},
    {"x <svg><path d=\"\"/>\n\n<g></g></svg> y", "<p>x <svg><path d=\"\"/>\n\n<g></g></svg> y\n</p>"},
    {"<math>\n<mi>x</mi></math>", "<p><math>\n<mi>x</mi></math>\n</p>"},
    {"<svg> a", "<svg> a\n</svg>"},
    {NULL, NULL},
};

static const Case blocks[] = {
    {"<p>a<p>b", "<p>a\n</p>\n<p>b\n</p>"},
    {"<p class=\"x\">a</p>", "<p class=\"x\">a\n</p>"},
    {"<p></p>a", "<p>a\n</p>"},
    {"<ul><li>a<li>b</ul>", "<ul>\n\t<li>\n\t\t<p>a\n\t\t</p>\n\t</li>\n\t<li>\n\t\t<p>b\n\t\t</p>\n\t</li>\n</ul>"},
    {"<ul><li>a<ul><li>b</ul></li></ul>", "<ul>\n\t<li>\n\t\t<p>a\n\t\t</p>\n\t\t<ul>\n\t\t\t<li>\n\t\t\t\t<p>b\n\t\t\t\t</"
					  "p>\n\t\t\t</li>\n\t\t</ul>\n\t</li>\n</ul>"},
    {"<ol><li><ol></li>x", "<ol>\n\t<li>\n\t\t<ol>x\n\t\t</ol>\n\t</li>\n</ol>"},
    {"<dl><dt>a<dd>b</dl>", "<dl>\n\t<dt>\n\t\t<p>a\n\t\t</p>\n\t</dt>\n\t<dd>\n\t\t<p>b\n\t\t</p>\n\t</dd>\n</dl>"},
    {"<table>\n<tr><td>a<td><tr><th>b</table>", "<table>\n\t<tr>\n\t\t<td>\n\t\t\t<p>a\n\t\t\t</p>\n\t\t</td>\n\t\t<td>\n\t\t</"
						"td>\n\t</tr>\n\t<tr>\n\t\t<th>\n\t\t\t<p>b\n"
						"\t\t\t</p>\n\t\t</th>\n\t</tr>\n</table>"},
    {"a<pre>\n  b\n\n<b>c</b>  d</pre>", "<p>a\n</p>\n<pre>\n  b\n\n<b>c</b>  d\n</pre>"},
    {"<div><b>a</div>b</b>", "<div>\n\t<p><b>a</b>\n\t</p>\n</div>\n<p>b\n</p>"},
    {"<DIV>a</DIV>", "<DIV>\n\t<p>a\n\t</p>\n</div>"},
    {"a<div>\n</div>", "<p>a\n</p>\n<div>\n</div>"},
    {"<center>a\nb</center>", "<center>a\nb\n</center>"},
    {"</p></div>a", "<p>a\n</p>"},
    {NULL, NULL},
};

/* Text of many unclosed beginnings, and deep or growing ones, cost linear time and end. */
static void
test_hostile(void)
{
	static const char *const pieces[] = {"<a x=\"", "<a x=", "<a x=\"'>", "<!--", "<svg ", "<svg>", "<a", "<div>", "<b>", "<span>", "<ul><li>", "\n", "<br>",
	    "</div>", "<p>", "<table><tr><td>"};

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		GString *text = g_string_new(NULL);
		while (text->len < 256 * 1024)
			g_string_append(text, pieces[i]);
		gint64 start_us = g_get_monotonic_time();
		g_autofree char *formatted = paragraphs_format(text->str);
		g_assert_cmpuint(strlen(formatted), <=, LIMIT_MAIL_TEXT_BYTES);
		/* Quadratic would be minutes. */
		g_assert_cmpint(g_get_monotonic_time() - start_us, <, 10 * G_USEC_PER_SEC);
		g_string_free(text, TRUE);
	}
}

static void
test_too_deep_stays_as_it_is(void)
{
	GString *text = g_string_new("a\r\n\r\nb");
	for (guint i = 0; i <= LIMIT_HTML_DEPTH; i++)
		g_string_append(text, "<div>");
	g_autofree char *formatted = paragraphs_format(text->str);

	g_assert_true(g_str_has_prefix(formatted, "a\n\nb<div><div>"));
	g_string_free(text, TRUE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/paragraphs/the examples of contract 6.9", examples, check);
	g_test_add_data_func("/paragraphs/texts", texts, check);
	g_test_add_data_func("/paragraphs/inline content", inline_content, check);
	g_test_add_data_func("/paragraphs/blocks", blocks, check);
	g_test_add_func("/paragraphs/hostile texts cost linear time", test_hostile);
	g_test_add_func("/paragraphs/what is too deep stays as it is", test_too_deep_stays_as_it_is);
	return g_test_run();
}
