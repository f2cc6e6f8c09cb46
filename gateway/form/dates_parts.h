/*
 * What a date expression says, before it is applied to a day. Private to dates.c and dates_scan.c.
 */
#pragma once

#include <glib.h>

/* A field of a day or time that the expression does not name. */
#define DATE_UNSET G_MININT64

/* "first day of" and its kin. */
typedef enum { DATE_EDGE_NONE, DATE_EDGE_FIRST, DATE_EDGE_LAST } DateEdge;
/* "first monday of", "last monday of": counted from the first of this month or of the next one. */
typedef enum { DATE_OF_NONE, DATE_OF_MONTH, DATE_OF_NEXT_MONTH } DateOf;
/* How the day that is already the wanted weekday counts: it does not ("+1 monday", "next monday"), it does ("monday"), or the week is meant
 * ("monday next week"). */
typedef enum { DATE_WEEKDAY_AFTER = 0, DATE_WEEKDAY_FROM = 1, DATE_WEEKDAY_IN_WEEK = 2 } DateWeekdayMode;

/* All amounts are bounded by DATE_AMOUNT_MAX when they are read. */
#define DATE_AMOUNT_MAX G_GINT64_CONSTANT(1000000000000)
typedef struct {
	gint64 year, month, day;     /* DATE_UNSET if not named */
	gint64 hour, minute, second; /* all or none */
	gboolean has_date;
	gboolean has_time;
	guint zones;                 /* how many were named; they move nothing, but there may not be many */
	gint64 years, months, days, seconds; /* relative */
	gint64 weekdays;             /* Monday to Friday, signed; with has_weekdays */
	gboolean has_weekdays;
	gboolean has_weekday;
	gint64 weekday;              /* 0 Sunday to 6; -7 to -1 after "ago" */
	DateWeekdayMode weekday_mode;
	DateEdge edge;
	DateOf of;
} DateWords;

/* Reads `expression`, where "_" is a space. FALSE if PHP would not read it. */
gboolean dates_scan(const char *expression, DateWords *words);
