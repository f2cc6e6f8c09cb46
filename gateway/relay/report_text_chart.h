/*
 * Charts drawn with characters: block elements (U+2580-259F), which every terminal has. Each of them takes one cell.
 */
#pragma once

#include "sekisho/relay/report.h"

/* What stands for a verdict in the columns, and before its number. Static. */
const char *text_chart_mark(TallyVerdict verdict);
/* Columns of the spans in at most `width` cells, stacked by verdict from below, and their labels, one for each, below them. Spans that have no room for a column of their own share one. */
void text_chart_spans(GString *output, const GArray *spans, const char *const *labels, guint width);
/* A bar of `count` of `most` in at most `cells` cells, to an eighth of one; anything that is not 0 can be seen. */
void text_chart_bar(GString *output, guint64 count, guint64 most, guint cells);
