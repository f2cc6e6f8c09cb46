/*
 * Escaping, stripping and decoding of HTML text.
 */
#include <string.h>

#include "sekisho/wire/html.h"

typedef struct {
	const char *text;
	const char *expected;
} HtmlCase;

static void
check_cases(char *(*function)(const char *text), const HtmlCase *cases)
{
	for (; cases->text != NULL; cases++) {
		g_autofree char *result = function(cases->text);
		g_test_message("%s", cases->text);
		g_assert_cmpstr(result, ==, cases->expected);
	}
}

static void
test_escape(void)
{
	static const HtmlCase cases[] = {
	    {"", ""},
	    {"関所 <b>&\"'", "関所 &lt;b&gt;&amp;&quot;&#039;"},
	    {"&amp;", "&amp;amp;"},
	    {NULL, NULL},
	};
	check_cases(html_escape, cases);
}

static void
test_strip(void)
{
	static const HtmlCase cases[] = {
	    {"", ""},
	    /* Contract 7.4. */
	    {"Thanks <b>Bob</b> & <script>x</script> <b>x</b> 127.0.0.1 [nope]", "Thanks Bob &  x 127.0.0.1 [nope]"},
	    {" \t\v\r\n a\nb \f \v", "a\nb \f"},
	    {"\xE3\x80\x80関\xE3\x80\x80", "\xE3\x80\x80関\xE3\x80\x80"},
	    {"a<br/>b<br>c</p>", "abc"},
	    {"<STYLE type='x'>p{}</sTyLe>a", "a"},
	    {"<script>a</script><script>b</script>c", "c"},
	    {"<script>a</scripture>b</script>c", "c"},
	    /* The name is a beginning, the end tag is exact. */
	    {"<scripture>a</script>b", "b"},
	    {"<scripture>a</scripture>", "a"},
	    {"<style>a</style  >b", "ab"},
	    {"<script a='>'>b</script>c", "c"},
	    {"<script>a</style></script>c", "c"},
	    {"<script", ""},
	    {"<script\n>a</SCRIPT>c<script></script", "c"},
	    /* A tag within a tag, and quotes in one. */
	    {"Thanks I <3 U <b>x</b> bye", "Thanks I"},
	    {"a<b and c <i>d</i> e", "a"},
	    {"<a <b>> c", "c"},
	    {"a<b < >c", "ac"},
	    {"<b it's>a<i>'>c", "c"},
	    {"a > b >> c", "a > b >> c"},
	    {"x <!--> y --> z", "x  y --> z"},
	    {"x <!- > y", "x  y"},
	    {"<!doctype 'a>b'>c", "c"},
	    {"<!x '\\'>c", ""},
	    {"<!-- ' --> c -->d", "c -->d"},
	    {"<?xml a='?>' -?>b", "b"},
	    {"<?xml a->b?>c", "c"},
	    {"<?php f(')?>') ?>b", "b"},
	    {"<?php ( ?>b)?>c", "c"},
	    {"<? a>b ?>c", "c"},
	    {"a<\vb<\fc", "a<\vb<\fc"},
	    /* An element without an end: only its tag goes. */
	    {"a<script>b", "ab"},
	    {"a<script>b<script>c<style>d</style>e", "abce"},
	    {"<scr<script>x</script>ipt>y", "y"},
	    {"<!-- <b> --> a <!-->b-->c", "a b-->c"},
	    {"a<!-- b", "a"},
	    {"<!DOCTYPE html>a<?php b ?>c", "ac"},
	    {"<a title=\"1>2\" x='\">'>b</a>", "b"},
	    {"1 < 2 > 0", "1 < 2 > 0"},
	    {"1 <2 b", "1"},
	    {"a<", "a"},
	    {"&lt;b&gt; &amp;", "&lt;b&gt; &amp;"},
	    {NULL, NULL},
	};
	check_cases(html_strip_tags, cases);
}

/* Contract 6.2 step 4 and M09b; typography is left out (STAND-IN). */
static void
test_escape_once(void)
{
	static const HtmlCase cases[] = {
	    {"", ""},
	    {"Hi & <b>'q' \"dq\"... -- ok", "Hi &amp; &lt;b&gt;&#039;q&#039; &quot;dq&quot;... -- ok"},
	    {"&amp; &lt; & < &bogus; &#65; 9x9", "&amp; &lt; &amp; &lt; &amp;bogus; &#65; 9x9"},
	    {"&hellip;&apos;&there4; &bigstar; &AMP;", "&hellip;&amp;apos;&there4; &amp;bigstar; &amp;AMP;"},
	    {"&#x3042;&#0;&#xFFFF;&#", "&#x3042;&amp;#0;&amp;#xFFFF;&amp;#"},
	    {NULL, NULL},
	};
	check_cases(html_escape_once, cases);
}

/* Many openings without an end, which a careless search would read as many times. */
static void
test_strip_is_linear(void)
{
	static const char *const pieces[] = {"<script>", "<style>", "<script></style>", "<script", "</", "<!", "< ", "<?(", "\"<'", NULL};

	for (const char *const *piece = pieces; *piece != NULL; piece++) {
		g_autoptr(GString) text = g_string_new(NULL);
		while (text->len < 2 * 1024 * 1024)
			g_string_append(text, *piece);
		gint64 started_us = g_get_monotonic_time();
		g_autofree char *stripped = html_strip_tags(text->str);
		g_assert_cmpuint(strlen(stripped), <=, text->len);
		/* Some 20 ms with sanitizers; the square of it would be hours. */
		g_assert_cmpint(g_get_monotonic_time() - started_us, <, 10 * G_USEC_PER_SEC);
	}
}

static void
test_decode(void)
{
	static const HtmlCase cases[] = {
	    {"", ""},
	    {"C &amp; D &lt;b&gt; &quot;&apos;&nbsp;", "C & D <b> \"'\xC2\xA0"},
	    {"&#039;&#39;&#x27;&#X27;&#12354;&#x1F600;", "''''あ😀"},
	    {"&amp;lt;", "&lt;"},
	    {"&#13;&#xD;&#10;&#9;&#12;", "&#13;&#xD;\n\t\f"},
	    {"&#00000000000000000065;&#x0000000000000000041;&#000;", "AA&#000;"},
	    {"&#0;&#1;&#127;&#x85;&#xD800;&#x110000;&#999999999999;", "&#0;&#1;&#127;&#x85;&#xD800;&#x110000;&#999999999999;"},
	    {"&#xFFFE;&#xFDD0;&#x1FFFF;", "&#xFFFE;&#xFDD0;&#x1FFFF;"},
	    {"&#;&#x;&#65&#x41 & &amp &copy &; &bogus; &Amp;", "&#;&#x;&#65&#x41 & &amp &copy &; &bogus; &Amp;"},
	    /* First and last name, the longest, one of two characters, one with digits, one in capitals. */
	    {"&AElig;&zwnj;&CounterClockwiseContourIntegral;&fjlig;&frac12;&AMP;&hellip;", "Æ\u200C∳fj½&…"},
	    {"&CounterClockwiseContourIntegralx;", "&CounterClockwiseContourIntegralx;"},
	    {NULL, NULL},
	};
	check_cases(html_decode, cases);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/html/five characters are escaped", test_escape);
	g_test_add_func("/wire/html/references are not escaped twice", test_escape_once);
	g_test_add_func("/wire/html/tags and scripts are stripped", test_strip);
	g_test_add_func("/wire/html/stripping takes linear time", test_strip_is_linear);
	g_test_add_func("/wire/html/entities are decoded once", test_decode);
	return g_test_run();
}
