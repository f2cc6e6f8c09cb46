/*
 * Spam as Contact Form 7 means it (contract 8.1, 8.3): which word is met where, and what a list of words is.
 */
#include "fixture.h"
#include "sekisho/form/spam.h"

/* The line that is met by a submission of `value` in the field n, with the fixture's client; 0: none. */
static guint
line_met(const char *list, const char *value)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", value, NULL));
	g_autoptr(SpamWords) words = spam_words_new(list);
	const SpamFinding finding = spam_find(submission, words);

	g_assert_true((finding.line != 0) == (g_strcmp0(finding.agent, "disallowed_list") == 0));
	return finding.line;
}

static void
test_words(void)
{
	static const struct {
		const char *list;
		const char *value;
		guint line;
	} cases[] = {
	    {"", "viagra", 0},
	    {"VIAGRA", "buy viagra!", 1},
	    {"viagra", "buy ViAgRa", 1},
	    {"one\n\n  two \t\r\nthree", "a three b two", 3},
	    {"three\ntwo", "a two b three", 1},
	    {"x\nxy", "x", 0},
	    {"x\nxy", "wxyz", 2},
	    {"casino\ncas", "my casino", 1},
	    {"cast\ncas", "my casino", 2},
	    {"ab\nab", "ab", 1},
	    {"aab", "aaab", 1},
	    {"two words", "two words here", 1},
	    {"two words", "two  words", 0},
	    {"激安", "本日は激安です", 1},
	    {"É", "é", 0},
	    {"ab", "a\nb", 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s in %s", cases[i].list, cases[i].value);
		g_assert_cmpuint(line_met(cases[i].list, cases[i].value), ==, cases[i].line);
	}
}

static void
test_lengths(void)
{
	g_autofree char *longest = g_strnfill(256, 'x');
	g_autofree char *longer = g_strnfill(257, 'x');

	g_assert_cmpuint(line_met("x", longest), ==, 0);
	g_assert_cmpuint(line_met(longest, longer), ==, 1);
	g_assert_cmpuint(line_met(longer, longer), ==, 0);
}

/* Against the plain way: every word of a random list, one after the other. */
static void
test_against_plain_search(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);

	for (guint round = 0; round < 300; round++) {
		g_autoptr(GString) list = g_string_new(NULL);
		char text[41] = "";
		guint expected = 0;
		for (guint i = 0; i < 40; i++)
			text[i] = (char)g_rand_int_range(random, 'a', 'd');
		for (guint line = 1; line <= 12; line++) {
			char word[6] = "";
			for (gint32 i = 0, size = g_rand_int_range(random, 2, 6); i < size; i++)
				word[i] = (char)g_rand_int_range(random, 'a', 'e');
			g_string_append_printf(list, "%s\n", word);
			if (expected == 0 && g_strstr_len(text, -1, word) != NULL)
				expected = line;
		}
		g_assert_cmpuint(line_met(list->str, text), ==, expected);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/spam/the first word of the list that stands anywhere is met", test_words);
	g_test_add_func("/form/spam/words of 2 to 256 bytes count", test_lengths);
	g_test_add_func("/form/spam/a random list finds what a plain search finds", test_against_plain_search);
	return g_test_run();
}
