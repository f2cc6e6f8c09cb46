/*
 * Dates by PHP's letters (contract 6.3), because date_format and time_format of a site, and [_format_x "..."] in its mails,
 * are written with them. The calendar is GDateTime's; names of days and months come in the form's language, except in the
 * letters whose format a standard fixes (r, c). No state.
 */
#include "mailtag_date.h"

#include <stdlib.h>
#include <string.h>

#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"

/* The calendar repeats itself, days of the week too, after so many years, and so many seconds. */
#define CYCLE_YEARS 400
#define CYCLE_S (G_GINT64_CONSTANT(146097) * 86400)

/* GDateTime begins with the year 1; PHP makes dates of years 0 and -1 too. */
typedef struct {
	GDateTime *shown;
	int years_added; /* 0 or CYCLE_YEARS: `shown` is so many years later than what is meant */
} PhpDate;

static const char *
name_of(const char *locale, const char *kind, int number)
{
	g_autofree char *id = g_strdup_printf("date.%s.%d", kind, number);

	return text_for(locale, id);
}

/* Tables of one letter a line. */
/* clang-format off */

/* Letters of day and week. TRUE if it was one. */
static gboolean
append_day(GString *out, char letter, GDateTime *date, const char *locale)
{
	int day = g_date_time_get_day_of_month(date), weekday = g_date_time_get_day_of_week(date);
	static const char *const suffixes[] = {"th", "st", "nd", "rd"};

	switch (letter) {
	case 'd': g_string_append_printf(out, "%02d", day); return TRUE;
	case 'j': g_string_append_printf(out, "%d", day); return TRUE;
	case 'S': g_string_append(out, suffixes[day % 10 > 3 || day / 10 == 1 ? 0 : day % 10]); return TRUE;
	case 'D': g_string_append(out, name_of(locale, "weekday_short", weekday)); return TRUE;
	case 'l': g_string_append(out, name_of(locale, "weekday", weekday)); return TRUE;
	case 'N': g_string_append_printf(out, "%d", weekday); return TRUE;
	case 'w': g_string_append_printf(out, "%d", weekday % 7); return TRUE;
	case 'z': g_string_append_printf(out, "%d", g_date_time_get_day_of_year(date) - 1); return TRUE;
	case 'W': g_string_append_printf(out, "%02d", g_date_time_get_week_of_year(date)); return TRUE;
	default: return FALSE;
	}
}

/* Letters of month and year. */
static gboolean
append_month(GString *out, char letter, const PhpDate *php_date, const char *locale)
{
	GDateTime *date = php_date->shown;
	int month = g_date_time_get_month(date), shown_year = g_date_time_get_year(date), year = shown_year - php_date->years_added;

	switch (letter) {
	case 'F': g_string_append(out, name_of(locale, "month", month)); return TRUE;
	case 'M': g_string_append(out, name_of(locale, "month_short", month)); return TRUE;
	case 'm': g_string_append_printf(out, "%02d", month); return TRUE;
	case 'n': g_string_append_printf(out, "%d", month); return TRUE;
	case 't': g_string_append_printf(out, "%d", g_date_get_days_in_month((GDateMonth)month, (GDateYear)shown_year)); return TRUE;
	case 'L': g_string_append_c(out, g_date_is_leap_year((GDateYear)shown_year) ? '1' : '0'); return TRUE;
	case 'o': g_string_append_printf(out, "%d", g_date_time_get_week_numbering_year(date) - php_date->years_added); return TRUE;
	case 'Y':
	case 'x': g_string_append_printf(out, "%s%04d", year < 0 ? "-" : "", ABS(year)); return TRUE;
	case 'X': g_string_append_printf(out, "%c%04d", year < 0 ? '-' : '+', ABS(year)); return TRUE;
	case 'y': g_string_append_printf(out, "%02d", year % 100); return TRUE;
	default: return FALSE;
	}
}

/* Swatch Internet Time: thousandths of a day that begins at midnight UTC+1. */
static int
beat(GDateTime *date)
{
	gint64 seconds = (g_date_time_to_unix(date) + 3600) % 86400;

	return (int)((seconds < 0 ? seconds + 86400 : seconds) * 10 / 864);
}

/* Letters of the time of day. */
static gboolean
append_time(GString *out, char letter, GDateTime *date)
{
	int hour = g_date_time_get_hour(date);
	int hour_of_12 = hour % 12 == 0 ? 12 : hour % 12;

	switch (letter) {
	case 'a': g_string_append(out, hour < 12 ? "am" : "pm"); return TRUE;
	case 'A': g_string_append(out, hour < 12 ? "AM" : "PM"); return TRUE;
	case 'B': g_string_append_printf(out, "%03d", beat(date)); return TRUE;
	case 'g': g_string_append_printf(out, "%d", hour_of_12); return TRUE;
	case 'h': g_string_append_printf(out, "%02d", hour_of_12); return TRUE;
	case 'G': g_string_append_printf(out, "%d", hour); return TRUE;
	case 'H': g_string_append_printf(out, "%02d", hour); return TRUE;
	case 'i': g_string_append_printf(out, "%02d", g_date_time_get_minute(date)); return TRUE;
	case 's': g_string_append_printf(out, "%02d", g_date_time_get_second(date)); return TRUE;
	case 'u': g_string_append_printf(out, "%06d", g_date_time_get_microsecond(date)); return TRUE;
	case 'v': g_string_append_printf(out, "%03d", g_date_time_get_microsecond(date) / 1000); return TRUE;
	default: return FALSE;
	}
}

static void append_format(GString *out, const char *php_format, const PhpDate *date, const char *locale);

/* NOLINTBEGIN(misc-no-recursion): only our two formats of whole dates lead back, and they hold none of these letters. */

/* Letters of the zone, and those that stand for a whole date. */
static gboolean
append_zone(GString *out, char letter, const PhpDate *php_date)
{
	GDateTime *date = php_date->shown;
	const char *abbreviation = g_date_time_get_timezone_abbreviation(date);
	gint64 offset_s = g_date_time_get_utc_offset(date) / G_USEC_PER_SEC;
	int minutes = (int)ABS(offset_s / 60);
	char sign = offset_s < 0 ? '-' : '+';

	switch (letter) {
	case 'e': g_string_append(out, g_time_zone_get_identifier(g_date_time_get_timezone(date))); return TRUE;
	case 'I': g_string_append_c(out, g_date_time_is_daylight_savings(date) ? '1' : '0'); return TRUE;
	case 'O': g_string_append_printf(out, "%c%02d%02d", sign, minutes / 60, minutes % 60); return TRUE;
	case 'p':
		if (g_str_equal(abbreviation, "UTC")) {
			g_string_append_c(out, 'Z');
			return TRUE;
		}
		G_GNUC_FALLTHROUGH;
	case 'P': g_string_append_printf(out, "%c%02d:%02d", sign, minutes / 60, minutes % 60); return TRUE;
	case 'T': g_string_append(out, abbreviation); return TRUE;
	case 'Z': g_string_append_printf(out, "%" G_GINT64_FORMAT, offset_s); return TRUE;
	case 'c': append_format(out, "Y-m-d\\TH:i:sP", php_date, "en"); return TRUE;
	case 'r': append_format(out, "D, d M Y H:i:s O", php_date, "en"); return TRUE;
	case 'U': g_string_append_printf(out, "%" G_GINT64_FORMAT, g_date_time_to_unix(date) - (php_date->years_added > 0 ? CYCLE_S : 0)); return TRUE;
	default: return FALSE;
	}
}

/* clang-format on */

static void
append_format(GString *out, const char *php_format, const PhpDate *date, const char *locale)
{
	for (const char *cursor = php_format; *cursor != '\0'; cursor++) {
		if (*cursor == '\\' && cursor[1] != '\0')
			g_string_append_c(out, *++cursor);
		else if (!append_day(out, *cursor, date->shown, locale) && !append_month(out, *cursor, date, locale) &&
			 !append_time(out, *cursor, date->shown) && !append_zone(out, *cursor, date))
			g_string_append_c(out, *cursor);
	}
}

/* NOLINTEND(misc-no-recursion) */

static char *
format_date(const char *php_format, const PhpDate *date, const Form *form)
{
	g_autoptr(GString) out = g_string_new(NULL);

	append_format(out, php_format, date, form->source->locale);
	return g_strdup(out->str);
}

char *
mailtag_date(const char *php_format, gint64 time_us, const Form *form)
{
	gint64 seconds = time_us / G_USEC_PER_SEC - (time_us % G_USEC_PER_SEC < 0 ? 1 : 0);
	g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(seconds);
	g_autoptr(GDateTime) utc = second == NULL ? NULL : g_date_time_add(second, time_us - seconds * G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, form->site->timezone);

	/* A time outside GDateTime's years 1 to 9999 cannot come from our clock; it reads as nothing. */
	return local == NULL ? g_strdup("") : format_date(php_format, &(PhpDate){.shown = local}, form);
}

/* The day that PHP makes of these numbers: days past a month's end count on, and month or day 0 is the one before. NULL
 * where PHP knows no such date. */
static GDateTime *
day_of(int year, int month, int day, GTimeZone *zone)
{
	g_autoptr(GDateTime) january = month > 12 || day > 31 ? NULL : g_date_time_new_utc(year, 1, 1, 0, 0, 0);
	g_autoptr(GDateTime) first = january == NULL ? NULL : g_date_time_add_months(january, month - 1);
	g_autoptr(GDateTime) date = first == NULL ? NULL : g_date_time_add_days(first, day - 1);

	if (date == NULL)
		return NULL;
	g_date_time_get_ymd(date, &year, &month, &day);
	return g_date_time_new(zone, year, month, day, 0, 0, 0);
}

/* The number that the digits at the start of `text` make: at most four here. */
static int
number_of(const char *text)
{
	return (int)g_ascii_strtoull(text, NULL, 10);
}

char *
mailtag_date_reformat(const char *value, const char *php_format, const Form *form)
{
	static const char pattern[] = "dddd-dd-dd";
	g_autoptr(GDateTime) date = NULL;

	if (strlen(value) != strlen(pattern))
		return NULL;
	for (gsize i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] == 'd' ? !g_ascii_isdigit(value[i]) : value[i] != '-')
			return NULL;
	}
	int year = number_of(value);
	/* Month and day 0 lead back one year more. */
	int years_added = year <= 1 ? CYCLE_YEARS : 0;
	date = day_of(year + years_added, number_of(value + 5), number_of(value + 8), form->site->timezone);
	return date == NULL ? NULL : format_date(php_format, &(PhpDate){.shown = date, .years_added = years_added}, form);
}
