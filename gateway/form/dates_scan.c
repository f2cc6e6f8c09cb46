/*
 * The words of a date expression (contract 4.6). PHP reads one as a row of tokens without any grammar above them: at each place the longest token that
 * fits wins, the first of the table below if two are as long; each adds to what is known of the day, and a second day or time of day is an error. So
 * "first monday of january 2030" is "first monday of" and "january 2030", and "today+7days" is "today" and "+7days". What the words come to is
 * dates.c. Pure but for the table of compiled patterns, which is made once.
 *
 * Left out: sub-second times, "front of" and "back of", the names and abbreviations of time zones but UTC, GMT and single letters, and years beyond
 * four digits.
 */
#include <string.h>

#include "dates_words.h"
#include "sekisho/base/limits.h"

#define DAY "(?<d>3[01]|[0-2]?[0-9])"
#define DAY_SUFFIXED DAY "(?:st|nd|rd|th)?"
#define DAY_LZ "(?<d>3[01]|[12][0-9]|0[0-9])"
#define MONTH "(?<m>1[0-2]|0?[0-9])"
#define MONTH_LZ "(?<m>1[0-2]|0[0-9])"
#define YEAR "(?<y>[0-9]{1,4})"
#define YEAR4 "(?<y>[0-9]{4})"
#define MONTH_SHORT "jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec"
#define MONTH_WORD "january|february|march|april|may|june|july|august|september|october|november|december|" MONTH_SHORT
#define MONTH_NAME "(?<name>" MONTH_WORD "|(?-i:VIII|VII|VI|V|IV|III|II|IX|I|XII|XI|X))"
#define HOUR "(?<h>2[0-4]|[01]?[0-9])"
#define HOUR_LZ "(?<h>2[0-4]|[01][0-9])"
#define MINUTE "(?<i>[0-5]?[0-9])"
#define MINUTE_LZ "(?<i>[0-5][0-9])"
#define SECOND "(?<s>60|[0-5]?[0-9])"
#define SECOND_LZ "(?<s>60|[0-5][0-9])"
#define WEEKDAY "sundays?|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sun|mon|tue|wed|thu|fri|sat"
/* Longer words first: the first that fits is taken. */
#define UNIT "weekdays?|weeks|seconds?|secs?|minutes?|mins?|hours?|days?|fort?h?nights?|months?|years?|" WEEKDAY
#define ORDINAL "first|second|third|fourth|fifth|sixth|seventh|eighth?|ninth|tenth|eleventh|twelfth"
#define WHICH "next|last|previous|this"
#define BLANK "[ \\t]+"
#define GAP "[ .\\t-]*"

/* --- The table --------------------------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *
	    starts; /* what it may begin with: "9" any digit, "a" any letter, others themselves; saves looking at most patterns */
	const char *pattern;
	gboolean (*read)(DateWords *words, const GMatchInfo *match);
} tokens[] = {
    {"y", "yesterday", dates_words_yesterday},
    {"n", "now", dates_words_now},
    {"n", "noon", dates_words_noon},
    {"mt", "midnight|today", dates_words_today},
    {"t", "tomorrow", dates_words_tomorrow},
    {"@", "@(?<n>-?[0-9]{1,12})", dates_words_timestamp},
    {"fl", "(?<which>first|last) day of", dates_words_edge},
    {"a", "(?<which>" ORDINAL "|" WHICH ")" BLANK "(?<unit>" WEEKDAY ")" BLANK "of", dates_words_which_of},
    {"9", "(?<h>1[0-2]|0?[1-9])(?:[:.]" MINUTE "(?:[:.]" SECOND_LZ ")?)?[ \\t]*(?<half>[ap])\\.?m\\.?(?=[ \\t]|$)",
	dates_words_time_12},
    {"9t", "t?" HOUR "[:.]" MINUTE "(?:[:.]" SECOND ")?|t(?<h2>2[0-4]|[01]?[0-9])(?![0-9:.])", dates_words_time},
    {"9t", "t?" HOUR_LZ MINUTE_LZ, dates_words_four_digits},
    {"9t", "t?" HOUR_LZ MINUTE_LZ SECOND_LZ, dates_words_time},
    {"9", MONTH "/" DAY "/" YEAR, dates_words_year_month_day},
    {"9", MONTH "/" DAY, dates_words_month_day},
    {"9+-", "(?<y>[+-]?[0-9]{4})-" MONTH_LZ "-" DAY_LZ, dates_words_year_month_day},
    {"9", YEAR4 "/" MONTH "/" DAY "/?", dates_words_year_month_day},
    {"9", "(?<y>[0-9]{2})-" MONTH_LZ "-" DAY_LZ, dates_words_year_month_day},
    {"9", YEAR4 "-" MONTH, dates_words_year_month},
    {"9", YEAR "-" MONTH "-" DAY, dates_words_year_month_day},
    {"9", DAY_SUFFIXED "[ \\t.-]*" MONTH_NAME "[ \\t.-]*" YEAR, dates_words_named_full},
    {"9", DAY "[.\\t-]" MONTH "[.-]" YEAR4, dates_words_year_month_day},
    {"9", DAY "[.\\t]" MONTH "\\.(?<y>[0-9]{2})", dates_words_year_month_day},
    {"a", MONTH_NAME GAP YEAR4, dates_words_named_year},
    {"9", YEAR4 GAP MONTH_NAME, dates_words_named_year},
    {"a", MONTH_NAME GAP DAY "[,.stndrh\\t ]+" YEAR, dates_words_named_full},
    {"a", MONTH_NAME GAP DAY "(?![0-9:])[,.stndrh\\t ]*", dates_words_named_day},
    {"9", DAY_SUFFIXED GAP MONTH_NAME, dates_words_named_day},
    {"9", YEAR4 MONTH_LZ DAY_LZ, dates_words_year_month_day},
    {"9", YEAR4 "[.-]?(?<n>36[0-6]|3[0-5][0-9]|[12][0-9][0-9]|0[1-9][0-9]|00[1-9])", dates_words_day_of_year},
    {"9", YEAR4 "-?W(?<w>5[0-3]|[1-4][0-9]|0[1-9])(?:-?(?<n>[0-7]))?", dates_words_week},
    {"a", "(?<name>" MONTH_SHORT ")-" DAY_LZ "-" YEAR, dates_words_named_full},
    {"9", YEAR "-(?<name>" MONTH_SHORT ")-" DAY_LZ, dates_words_named_full},
    {"9", YEAR4, dates_words_year},
    {"a", "ago", dates_words_ago},
    {"a", "(?<unit>weekdays?|" WEEKDAY ")", dates_words_weekday},
    {"a", "(?<which>" WHICH ")" BLANK "week", dates_words_which_week},
    {"a", "(?<which>" ORDINAL "|" WHICH ")" BLANK "(?<unit>" UNIT ")", dates_words_which},
    {"a", "(?<name>" MONTH_WORD ")", dates_words_named_month},
    {"gu+-", "(?:GMT|UTC)?[+-]" HOUR "(?::?" MINUTE "(?::?" SECOND_LZ ")?)?", dates_words_zone},
    /* As long as a name can be, so that "agonext" is no "ago". */
    {"(a", "\\(?(?<zone>[a-z]{1,6})\\)?", dates_words_zone_name},
    {"a",
	MONTH_NAME GAP DAY "[,.stndrh\\t ]+t?" HOUR "[:.]" MINUTE "(?:[:.]" SECOND
			   ")?(?:[ \\t]*(?<half>[ap])\\.?m\\.?(?=[ \\t]|$))?",
	dates_words_named_day_time},
    {"9+-", "(?<signs>[+-]*)[ \\t]*(?<n>[0-9]{1,13})[ \\t]*(?<unit>" UNIT "|week)", dates_words_amount},
};

static gboolean
may_start(const char *starts, char first)
{
	if (g_ascii_isdigit(first))
		return strchr(starts, '9') != NULL;
	return strchr(starts, g_ascii_tolower(first)) != NULL || (g_ascii_isalpha(first) && strchr(starts, 'a') != NULL);
}

static GRegex *const *
patterns(void)
{
	static GRegex *compiled[G_N_ELEMENTS(tokens)];
	static gsize is_compiled = 0;

	if (g_once_init_enter(&is_compiled)) {
		for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
			g_autoptr(GError) error = NULL;

			compiled[i] = g_regex_new(
			    tokens[i].pattern, G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE, G_REGEX_MATCH_ANCHORED, &error);
			if (compiled[i] == NULL)
				g_error("%s: %s", tokens[i].pattern, error->message);
		}
		g_once_init_leave(&is_compiled, 1);
	}
	return compiled;
}

/* Reads the longest token that begins at `position` and moves behind it. FALSE if none does, or the token does not go with those before it. */
static gboolean
read_token(const char *text, int *position, DateWords *words)
{
	g_autoptr(GMatchInfo) longest = NULL;
	int end = *position;
	guint token = 0;

	for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
		g_autoptr(GMatchInfo) match = NULL;
		int match_end = 0;

		if (!may_start(tokens[i].starts, text[*position]) ||
		    !g_regex_match_full(patterns()[i], text, -1, *position, G_REGEX_MATCH_ANCHORED, &match, NULL))
			continue;
		g_match_info_fetch_pos(match, 0, NULL, &match_end);
		if (match_end <= end)
			continue;
		g_clear_pointer(&longest, g_match_info_unref);
		longest = g_steal_pointer(&match);
		end = match_end;
		token = i;
	}
	*position = end;
	return longest != NULL && tokens[token].read(words, longest);
}

gboolean
dates_scan(const char *expression, DateWords *words)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int position = 0;

	*words = (DateWords){.year = DATE_UNSET,
	    .month = DATE_UNSET,
	    .day = DATE_UNSET,
	    .hour = DATE_UNSET,
	    .minute = DATE_UNSET,
	    .second = DATE_UNSET};
	if (strnlen(expression, LIMIT_DATE_EXPRESSION_BYTES + 1) > LIMIT_DATE_EXPRESSION_BYTES)
		return FALSE;
	for (; *expression != '\0'; expression++) {
		if (*expression != '_' || expression[1] != '_')
			g_string_append_c(text, *expression == '_' ? ' ' : *expression);
	}
	g_strstrip(text->str);
	while (text->str[position] != '\0') {
		if (strchr(" \t.,", text->str[position]) != NULL)
			position++;
		else if (!read_token(text->str, &position, words))
			return FALSE;
	}
	return TRUE;
}
