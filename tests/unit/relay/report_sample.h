/*
 * Reports filled in by hand, for tests of how they look: a week of the site "example.jp" in which everything happened, and one in which nothing did.
 */
#pragma once

#include "sekisho/relay/report.h"

/* Monday 2026-11-16, midnight in Tokyo. */
#define REPORT_SAMPLE_FROM_US (G_GINT64_CONSTANT(1794754800) * G_USEC_PER_SEC)
#define REPORT_SAMPLE_LINK "https://example.jp/sekisho/review?t=abc&d=1"

/* Text from outside that would break a page or a terminal is among what was limited, and among lists and titles. The caller's. */
Report *report_sample_busy(void);
/* Of one day. The caller's. */
Report *report_sample_quiet(void);
