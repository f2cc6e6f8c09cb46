/*
 * From the words of a date expression (dates_scan.c) to a day, with PHP's arithmetic: what is not named is today's; then the weekday is looked for, then
 * years, months and days are added, and only then days beyond a month's last run over into the next one, so that "31 January +1 month" is 3 March. Hours
 * are added as a clock on the wall shows them, whatever clocks are put forward or back meanwhile; working days come last. Pure functions.
 *
 * A zone in the expression changes nothing: PHP takes the day in the zone that the expression names, and fills in what it does not name from the site's.
 */
#include "sekisho/form/dates.h"

#include "dates_parts.h"

/* A day while it is counted with: month and day may be out of range until `settle`. */
typedef struct {
	gint64 year, month, day;
	gint64 hour, minute, second;
} Moment;

static gint64
floor_divide(gint64 number, gint64 divisor)
{
	gint64 quotient = number / divisor;

	return number % divisor < 0 ? quotient - 1 : quotient;
}

/* Days since 1970-01-01 of any day of the Gregorian calendar. Years are counted from March, so that the leap day is the last of one. */
static gint64
day_number(gint64 year, gint64 month, gint64 day)
{
	gint64 months = year * 12 + month - 3;
	gint64 march_year = floor_divide(months, 12);
	gint64 march_month = months - march_year * 12;

	return march_year * 365 + floor_divide(march_year, 4) - floor_divide(march_year, 100) + floor_divide(march_year, 400) +
	       (march_month * 153 + 2) / 5 + day - 1 - 719468;
}

/* The day with that number; the time of day stays. */
static void
set_day_number(Moment *moment, gint64 number)
{
	gint64 shifted = number + 719468;
	gint64 era = floor_divide(shifted, 146097);
	gint64 day_of_era = shifted - era * 146097;
	gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	gint64 march_month = (5 * day_of_year + 2) / 153;

	moment->day = day_of_year - (153 * march_month + 2) / 5 + 1;
	moment->month = march_month < 10 ? march_month + 3 : march_month - 9;
	moment->year = era * 400 + year_of_era + (moment->month <= 2 ? 1 : 0);
}

/* Brings month and day into range. */
static void
settle(Moment *moment)
{
	gint64 seconds = moment->hour * 3600 + moment->minute * 60 + moment->second;
	gint64 days = floor_divide(seconds, 86400);

	seconds -= days * 86400;
	moment->hour = seconds / 3600;
	moment->minute = seconds / 60 % 60;
	moment->second = seconds % 60;
	set_day_number(moment, day_number(moment->year, moment->month, moment->day) + days);
}

/* 0 Sunday to 6. */
static gint64
weekday_of(const Moment *moment)
{
	gint64 days = day_number(moment->year, moment->month, moment->day) + 4;

	return days - floor_divide(days, 7) * 7;
}

static void
go_to_edge(Moment *moment, DateEdge edge)
{
	if (edge == DATE_EDGE_NONE)
		return;
	moment->day = edge == DATE_EDGE_FIRST ? 1 : 0;
	moment->month += edge == DATE_EDGE_LAST ? 1 : 0;
	settle(moment);
}

/* "monday next week": weeks begin on Monday. */
static void
go_to_weekday_in_week(Moment *moment, gint64 weekday)
{
	gint64 today = weekday_of(moment);

	if (today == 0 && weekday != 0)
		weekday -= 7;
	if (weekday == 0 && today != 0)
		weekday = 7;
	moment->day += weekday - today;
}

static void
go_to_weekday(Moment *moment, const DateWords *words)
{
	gint64 difference;

	if (words->weekday_mode == DATE_WEEKDAY_IN_WEEK) {
		go_to_weekday_in_week(moment, words->weekday);
		return;
	}
	difference = words->weekday - weekday_of(moment);
	if ((words->days < 0 && difference < 0) || (words->days >= 0 && difference <= -(gint64)words->weekday_mode))
		difference += 7;
	moment->day += words->weekday >= 0 ? difference : -(7 - (-words->weekday - weekday_of(moment)));
}

/* Steps over Monday to Friday; whole weeks at once. With none to step, a weekend moves on to Monday. */
static void
add_weekdays(Moment *moment, gint64 count)
{
	gint64 direction = count > 0 ? 1 : -1;
	gint64 rest = ABS(count) % 5, weekday;

	moment->day += count / 5 * 7;
	weekday = weekday_of(moment);
	/* On a weekend, whole weeks end on the working day before it. */
	if (rest == 0 && (weekday == 0 || weekday == 6)) {
		moment->day -= direction * (weekday == (direction > 0 ? 0 : 6) ? 2 : 1);
		return;
	}
	while (rest > 0) {
		moment->day += direction;
		weekday = weekday_of(moment);
		rest -= weekday != 0 && weekday != 6 ? 1 : 0;
	}
}

static void
add_relative(Moment *moment, const DateWords *words)
{
	gint64 months = words->months;

	if (words->of != DATE_OF_NONE) {
		moment->day = 1;
		moment->month += months + (words->of == DATE_OF_NEXT_MONTH ? 1 : 0);
		months = 0;
	}
	go_to_edge(moment, words->edge);
	settle(moment);
	if (words->has_weekday)
		go_to_weekday(moment, words);
	settle(moment);
	moment->year += words->years;
	moment->month += months;
	moment->day += words->days;
	moment->second += words->seconds;
	go_to_edge(moment, words->edge);
	settle(moment);
}

/* What the expression does not name is now's; a day without a time begins at midnight. */
static Moment
fill(const DateWords *words, GDateTime *now)
{
	gboolean is_midnight = words->has_date && !words->has_time;
	Moment moment = {.year = words->year,
	    .month = words->month,
	    .day = words->day,
	    .hour = words->hour,
	    .minute = words->minute,
	    .second = words->second};

	if (moment.year == DATE_UNSET)
		moment.year = g_date_time_get_year(now);
	if (moment.month == DATE_UNSET)
		moment.month = g_date_time_get_month(now);
	if (moment.day == DATE_UNSET)
		moment.day = g_date_time_get_day_of_month(now);
	if (moment.hour == DATE_UNSET || is_midnight) {
		moment.hour = is_midnight ? 0 : g_date_time_get_hour(now);
		moment.minute = is_midnight ? 0 : g_date_time_get_minute(now);
		moment.second = is_midnight ? 0 : g_date_time_get_second(now);
	}
	return moment;
}

char *
dates_resolve(const char *expression, gint64 now_us, GTimeZone *zone)
{
	g_autoptr(GDateTime) utc = NULL;
	g_autoptr(GDateTime) now = NULL;
	DateWords words;
	Moment moment;

	if (!dates_scan(expression, &words))
		return NULL;
	utc = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
	now = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;
	if (now == NULL)
		return NULL;
	moment = fill(&words, now);
	add_relative(&moment, &words);
	if (words.has_weekdays)
		add_weekdays(&moment, words.weekdays);
	settle(&moment);
	return g_strdup_printf("%s%04" G_GINT64_FORMAT "-%02d-%02d", moment.year < 0 ? "-" : "", ABS(moment.year),
	    (int)moment.month, (int)moment.day);
}
