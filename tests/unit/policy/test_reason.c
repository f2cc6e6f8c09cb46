/* Reasons in an owner's words: the right one, and never none. That every code has one is tests/meta/test_texts.py's matter. */
#include "sekisho/policy/reason.h"

#include <string.h>

static void
test_names(void)
{
	for (Check check = CHECK_DUPLICATES; check < CHECK_COUNT; check++) {
		const Finding finding = {.check = check, .code = (char *)"some_code"};
		g_autofree char *name = reason_name(&finding);
		g_autofree char *expected = g_strdup_printf("%s.some_code", check_name(check));
		g_assert_cmpstr(name, ==, expected);
		/* A code of another version is told by what its check looks at. */
		g_assert_cmpstr(reason_sentence("en", name), ==, reason_sentence("en", check_name(check)));
		g_assert_cmpstr(reason_sentence("en", name), !=, reason_sentence("en", "unknown"));
	}
}

static void
test_sentences(void)
{
	static const struct {
		const char *(*find)(const char *, const char *);
		const char *locale, *name, *part;
	} rows[] = {
	    {reason_sentence, "en", "links.shortener", "shortened link"},
	    {reason_sentence, "ja", "links.shortener", "短縮URL"},
	    {reason_sentence, "en", "captcha.of_next_year", "people from programs"},
	    {reason_sentence, "en", "nobody.knows", "suspicious"},
	    {reason_sentence, "ja", "nobody.knows", "不審な点"},
	    {reason_sentence, "en", "", "suspicious"},
	    {reason_sentence, "en", ".", "suspicious"},
	    {reason_sentence, "en", "links.shortener.more", "looks suspicious"},
	    {reason_of_delivery, "en", "bounce.full", "mailbox is full"},
	    {reason_of_delivery, "ja", "bounce.full", "いっぱい"},
	    {reason_of_delivery, "en", "bounce.of_next_year", "came back"},
	    {reason_of_delivery, "en", "conf.no_form", "settings"},
	    {reason_of_delivery, "en", "nobody_knows", "not known"},
	    {reason_of_delivery, "ja", "", "不明"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *sentence = rows[i].find(rows[i].locale, rows[i].name);
		if (strstr(sentence, rows[i].part) == NULL)
			g_error("\"%s\" is told as \"%s\", which lacks \"%s\"", rows[i].name, sentence, rows[i].part);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/reason/names", test_names);
	g_test_add_func("/policy/reason/sentences", test_sentences);
	return g_test_run();
}
