/*
 * What each token of a date expression adds to what is known of the day; see dates_scan.c for the tokens. Private to form/. `match` has the groups that the
 * token's pattern names. FALSE if the token does not go with those before it: a second day, time of day or zone.
 */
#pragma once

#include "dates_parts.h"

gboolean dates_words_now(DateWords *words, const GMatchInfo *match);
gboolean dates_words_today(DateWords *words, const GMatchInfo *match);
gboolean dates_words_noon(DateWords *words, const GMatchInfo *match);
gboolean dates_words_tomorrow(DateWords *words, const GMatchInfo *match);
gboolean dates_words_yesterday(DateWords *words, const GMatchInfo *match);
gboolean dates_words_timestamp(DateWords *words, const GMatchInfo *match);
gboolean dates_words_edge(DateWords *words, const GMatchInfo *match);
gboolean dates_words_time_12(DateWords *words, const GMatchInfo *match);
gboolean dates_words_time(DateWords *words, const GMatchInfo *match);
gboolean dates_words_four_digits(DateWords *words, const GMatchInfo *match);
gboolean dates_words_zone(DateWords *words, const GMatchInfo *match);
gboolean dates_words_zone_name(DateWords *words, const GMatchInfo *match);
gboolean dates_words_year_month_day(DateWords *words, const GMatchInfo *match);
gboolean dates_words_month_day(DateWords *words, const GMatchInfo *match);
gboolean dates_words_year_month(DateWords *words, const GMatchInfo *match);
gboolean dates_words_named_full(DateWords *words, const GMatchInfo *match);
gboolean dates_words_named_day(DateWords *words, const GMatchInfo *match);
gboolean dates_words_named_day_time(DateWords *words, const GMatchInfo *match);
gboolean dates_words_named_year(DateWords *words, const GMatchInfo *match);
gboolean dates_words_named_month(DateWords *words, const GMatchInfo *match);
gboolean dates_words_day_of_year(DateWords *words, const GMatchInfo *match);
gboolean dates_words_year(DateWords *words, const GMatchInfo *match);
gboolean dates_words_week(DateWords *words, const GMatchInfo *match);
gboolean dates_words_amount(DateWords *words, const GMatchInfo *match);
gboolean dates_words_which(DateWords *words, const GMatchInfo *match);
gboolean dates_words_which_week(DateWords *words, const GMatchInfo *match);
gboolean dates_words_which_of(DateWords *words, const GMatchInfo *match);
gboolean dates_words_weekday(DateWords *words, const GMatchInfo *match);
gboolean dates_words_ago(DateWords *words, const GMatchInfo *match);
