/*
 * The meaning of the tokens of a date expression, as PHP has it (contract 4.6). Each function notes one token; what all of them come to is computed in
 * dates.c. Numbers are bounded by their patterns. No state.
 */
#include "dates_words.h"

#include <string.h>

/* --- Helpers -------------------------------------------------------------------------------------------------------------------------------- */

/* The group as a number, or DATE_UNSET if it did not match. At most 13 digits get here. */
static gint64
number(const GMatchInfo *match, const char *group)
{
	g_autofree char *text = g_match_info_fetch_named(match, group);

	return text == NULL || *text == '\0' ? DATE_UNSET : g_ascii_strtoll(text, NULL, 10);
}

/* The year as it was meant: of one or two digits it lies between 1970 and 2069. */
static gint64
year_number(const GMatchInfo *match)
{
	g_autofree char *text = g_match_info_fetch_named(match, "y");
	gint64 year = g_ascii_strtoll(text, NULL, 10);

	if (strlen(text) >= 4 || year >= 100)
		return year;
	return year + (year < 70 ? 2000 : 1900);
}

/* 1 to 12 for a month's name, abbreviation or Roman numeral. */
static gint64
month_number(const GMatchInfo *match)
{
	static const char *const names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
	static const char *const romans[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};
	g_autofree char *text = g_match_info_fetch_named(match, "name");

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_ascii_strncasecmp(text, names[i], 3) == 0 || g_str_equal(text, romans[i]))
			return i + 1;
	}
	g_assert_not_reached();
}

static gboolean
set_date(DateWords *words, gint64 year, gint64 month, gint64 day)
{
	if (words->has_date)
		return FALSE;
	words->has_date = TRUE;
	if (year != DATE_UNSET)
		words->year = year;
	words->month = month;
	if (day != DATE_UNSET)
		words->day = day;
	return TRUE;
}

static gboolean
set_time(DateWords *words, gint64 hour, gint64 minute, gint64 second)
{
	if (words->has_time)
		return FALSE;
	words->has_time = TRUE;
	words->hour = hour;
	words->minute = minute == DATE_UNSET ? 0 : minute;
	words->second = second == DATE_UNSET ? 0 : second;
	return TRUE;
}

static void
forget_time(DateWords *words)
{
	words->has_time = FALSE;
	words->hour = words->minute = words->second = 0;
}

/* --- Words of their own ---------------------------------------------------------------------------------------------------------------------- */

gboolean
dates_words_now(DateWords *words, const GMatchInfo *match)
{
	(void)words, (void)match;
	return TRUE;
}

gboolean
dates_words_today(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	forget_time(words);
	return TRUE;
}

gboolean
dates_words_noon(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	forget_time(words);
	return set_time(words, 12, 0, 0);
}

/* "tomorrow" and "yesterday" replace the days that were counted before them. */
gboolean
dates_words_tomorrow(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	forget_time(words);
	words->days = 1;
	return TRUE;
}

gboolean
dates_words_yesterday(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	forget_time(words);
	words->days = -1;
	return TRUE;
}

gboolean
dates_words_timestamp(DateWords *words, const GMatchInfo *match)
{
	if (words->zones++ > 0)
		return FALSE;
	words->has_date = FALSE;
	forget_time(words);
	words->year = 1970;
	words->month = words->day = 1;
	words->seconds += number(match, "n");
	return TRUE;
}

gboolean
dates_words_edge(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *which = g_match_info_fetch_named(match, "which");

	words->edge = g_ascii_tolower(*which) == 'l' ? DATE_EDGE_LAST : DATE_EDGE_FIRST;
	return TRUE;
}

/* --- Times and zones ------------------------------------------------------------------------------------------------------------------------- */

gboolean
dates_words_time_12(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *half = g_match_info_fetch_named(match, "half");
	gint64 hour = number(match, "h") % 12 + (g_ascii_tolower(*half) == 'p' ? 12 : 0);

	return set_time(words, hour, number(match, "i"), number(match, "s"));
}

gboolean
dates_words_time(DateWords *words, const GMatchInfo *match)
{
	return set_time(words, number(match, "h"), number(match, "i"), number(match, "s"));
}

/* Four digits that can be a time of day are one, the first time. */
gboolean
dates_words_four_digits(DateWords *words, const GMatchInfo *match)
{
	if (!words->has_time)
		return dates_words_time(words, match);
	words->year = number(match, "h") * 100 + number(match, "i");
	return TRUE;
}

gboolean
dates_words_zone(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	/* PHP only warns of a second zone. */
	return ++words->zones <= 2;
}

/* The letters of the military zones, of which J is none. Names of places and other abbreviations are left out. */
gboolean
dates_words_zone_name(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *name = g_match_info_fetch_named(match, "zone");

	if (g_ascii_strcasecmp(name, "UTC") != 0 && g_ascii_strcasecmp(name, "GMT") != 0 &&
	    (name[1] != '\0' || g_ascii_tolower(name[0]) == 'j'))
		return FALSE;
	return dates_words_zone(words, match);
}

/* --- Days ------------------------------------------------------------------------------------------------------------------------------------- */

gboolean
dates_words_year_month_day(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, year_number(match), number(match, "m"), number(match, "d"));
}

gboolean
dates_words_month_day(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, DATE_UNSET, number(match, "m"), number(match, "d"));
}

gboolean
dates_words_year_month(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, year_number(match), number(match, "m"), 1);
}

gboolean
dates_words_named_full(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, year_number(match), month_number(match), number(match, "d"));
}

gboolean
dates_words_named_day(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, DATE_UNSET, month_number(match), number(match, "d"));
}

gboolean
dates_words_named_day_time(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *half = g_match_info_fetch_named(match, "half");

	if (!dates_words_named_day(words, match))
		return FALSE;
	return half != NULL && *half != '\0' ? dates_words_time_12(words, match) : dates_words_time(words, match);
}

gboolean
dates_words_named_year(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, year_number(match), month_number(match), 1);
}

/* The month alone leaves the day as it is today. */
gboolean
dates_words_named_month(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, DATE_UNSET, month_number(match), DATE_UNSET);
}

gboolean
dates_words_day_of_year(DateWords *words, const GMatchInfo *match)
{
	return set_date(words, year_number(match), 1, number(match, "n"));
}

gboolean
dates_words_year(DateWords *words, const GMatchInfo *match)
{
	words->year = number(match, "y");
	return TRUE;
}

/* ISO 8601 weeks: week 1 has the year's fourth of January. */
gboolean
dates_words_week(DateWords *words, const GMatchInfo *match)
{
	gint64 year = number(match, "y"), day = number(match, "n");
	GDate fourth;

	if (year == 0)
		return FALSE;
	g_date_clear(&fourth, 1);
	g_date_set_dmy(&fourth, 4, G_DATE_JANUARY, (GDateYear)year);
	words->days =
	    3 + (gint64)(1 - (int)g_date_get_weekday(&fourth)) + (number(match, "w") - 1) * 7 + (day == DATE_UNSET ? 0 : day - 1);
	return set_date(words, year, 1, 1);
}

/* --- Relative to a day ----------------------------------------------------------------------------------------------------------------------- */

/* 0 Sunday to 6 for a weekday's name, "weekday" being Monday; -1 if it is none. */
static gint64
weekday_number(const char *text)
{
	static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_ascii_strncasecmp(text, names[i], 3) == 0)
			return i;
	}
	return g_ascii_strncasecmp(text, "weekday", 7) == 0 ? 1 : -1;
}

static void
set_weekday(DateWords *words, gint64 weekday, DateWeekdayMode mode)
{
	words->has_weekday = TRUE;
	words->weekday = weekday;
	words->weekday_mode = mode;
}

/* Adds `amount` of the unit. "second" and "month" begin as weekdays do, so those are looked for last. */
static void
add_units(DateWords *words, gint64 amount, const char *unit, DateWeekdayMode mode)
{
	static const struct {
		const char *prefix;
		gint64 seconds, days, months, years;
	} units[] = {{"sec", 1, 0, 0, 0}, {"min", 60, 0, 0, 0}, {"hour", 3600, 0, 0, 0}, {"day", 0, 1, 0, 0},
	    {"fort", 0, 14, 0, 0}, {"month", 0, 0, 1, 0}, {"year", 0, 0, 0, 1}};

	if (g_ascii_strncasecmp(unit, "weekday", 7) == 0) {
		words->has_weekdays = TRUE;
		words->of = DATE_OF_NONE;
		words->weekdays = amount;
		return;
	}
	if (g_ascii_strncasecmp(unit, "week", 4) == 0) {
		words->days += amount * 7;
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
		if (g_ascii_strncasecmp(unit, units[i].prefix, strlen(units[i].prefix)) == 0) {
			words->seconds += amount * units[i].seconds;
			words->days += amount * units[i].days;
			words->months += amount * units[i].months;
			words->years += amount * units[i].years;
			return;
		}
	}
	words->days += (amount > 0 ? amount - 1 : amount) * 7;
	set_weekday(words, weekday_number(unit), mode);
}

/* "+1 week", "2days", "--3 months". */
gboolean
dates_words_amount(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *signs = g_match_info_fetch_named(match, "signs");
	g_autofree char *unit = g_match_info_fetch_named(match, "unit");
	gint64 amount = number(match, "n");

	for (const char *sign = signs; *sign != '\0'; sign++)
		amount = *sign == '-' ? -amount : amount;
	if (ABS(amount) > DATE_AMOUNT_MAX)
		return FALSE;
	add_units(words, amount, unit, DATE_WEEKDAY_FROM);
	return TRUE;
}

/* "first" is 1, "next" 1, "this" 0, "last" -1. */
static gint64
word_amount(const char *word)
{
	static const char *const ordinals[] = {"this", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eight",
	    "ninth", "tenth", "eleventh", "twelfth"};

	for (guint i = 0; i < G_N_ELEMENTS(ordinals); i++) {
		if (g_ascii_strncasecmp(word, ordinals[i], strlen(ordinals[i])) == 0)
			return i;
	}
	return g_ascii_strcasecmp(word, "next") == 0 ? 1 : -1;
}

/* "next month", "third friday", "last day". */
gboolean
dates_words_which(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *which = g_match_info_fetch_named(match, "which");
	g_autofree char *unit = g_match_info_fetch_named(match, "unit");
	gint64 amount = word_amount(which);

	if (weekday_number(unit) >= 0 && g_ascii_strncasecmp(unit, "month", 5) != 0)
		forget_time(words);
	add_units(words, amount, unit, amount == 0 ? DATE_WEEKDAY_FROM : DATE_WEEKDAY_AFTER);
	return TRUE;
}

/* "next week" means the week from Monday to Sunday. */
gboolean
dates_words_which_week(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *which = g_match_info_fetch_named(match, "which");

	words->days += word_amount(which) * 7;
	set_weekday(words, words->has_weekday ? words->weekday : 1, DATE_WEEKDAY_IN_WEEK);
	return TRUE;
}

/* "first monday of", "last friday of". */
gboolean
dates_words_which_of(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *which = g_match_info_fetch_named(match, "which");
	g_autofree char *unit = g_match_info_fetch_named(match, "unit");
	gint64 amount = word_amount(which);

	forget_time(words);
	words->of = amount > 0 ? DATE_OF_MONTH : DATE_OF_NEXT_MONTH;
	words->has_weekdays = FALSE;
	add_units(words, amount, unit, amount >= 0 ? DATE_WEEKDAY_FROM : DATE_WEEKDAY_AFTER);
	return TRUE;
}

gboolean
dates_words_weekday(DateWords *words, const GMatchInfo *match)
{
	g_autofree char *unit = g_match_info_fetch_named(match, "unit");
	gboolean is_in_week = words->has_weekday && words->weekday_mode == DATE_WEEKDAY_IN_WEEK;

	forget_time(words);
	set_weekday(words, weekday_number(unit), is_in_week ? DATE_WEEKDAY_IN_WEEK : DATE_WEEKDAY_FROM);
	return TRUE;
}

/* "2 days ago": everything relative that stands before it is turned round. */
gboolean
dates_words_ago(DateWords *words, const GMatchInfo *match)
{
	(void)match;
	words->years = -words->years;
	words->months = -words->months;
	words->days = -words->days;
	words->seconds = -words->seconds;
	words->weekdays = -words->weekdays;
	if (words->has_weekday)
		words->weekday = words->weekday == 0 ? -7 : -words->weekday;
	return TRUE;
}
