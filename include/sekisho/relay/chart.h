/*
 * Charts as PNG images (cairo), for mails: bars on a light ground that reads in light and dark mail programs alike. Labels are made of digits, "-" and ":", which need no font;
 * what the numbers mean stands beside the image in words.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/report.h"

/* Columns of spans, stacked by verdict. `labels`: one for each span, NULL or "" for none. PNG bytes, 1200 x 440 pixels to be shown at half of that; NULL if the library fails. The caller's. */
GBytes *chart_spans(const GArray *spans, const char *const *labels);
/* Horizontal bars of the first reasons (at most 8), numbered from 1 as the list beside it is. */
GBytes *chart_reasons(const GPtrArray *reasons);
/* "#rrggbb" of a verdict in both charts, for the legend. Static. */
const char *chart_colour(TallyVerdict verdict);
