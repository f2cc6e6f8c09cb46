/*
 * An office with known rows in all its databases, for the tests of the owner's report.
 */
#pragma once

#include "office.h"
#include "sekisho/store/submissions.h"

#define SITE "example.jp"
#define OTHER "other.jp"
#define HOUR_US G_TIME_SPAN_HOUR
#define DAY_US G_TIME_SPAN_DAY
/* 2027-03-10 00:00 in Tokyo, a Wednesday. */
#define MIDNIGHT_US (G_GINT64_CONSTANT(1804604400) * G_USEC_PER_SEC)
#define WEEK_BEFORE_US (MIDNIGHT_US - 7 * DAY_US)

typedef struct {
	Office *office;
	Db *counters;
} ReportDesk;

/* Two sites: SITE, with reports every day, and OTHER, without. counters.db is the caller's to free. */
void report_desk_open(ReportDesk *desk, Office *office);
void report_desk_set_clock(gint64 time_us);
/* A submission with a mail of that kind at that time, which ends so; with the reason "bounced" it comes back then. */
void report_desk_mail(ReportDesk *desk, gint64 at_us, MailKind kind, DeliveryState state, const char *reason);
/* A notice to canary@example.jp in the period, which is nobody's news. */
void report_desk_canary(ReportDesk *desk);
/* One of SITE that the gate held (for its points, or without any) or rejected at that time. */
void report_desk_judged(ReportDesk *desk, const char *receipt, gint64 at_us, SubmissionStatus status, guint points);
/* Rows of all kinds in and around the day from MIDNIGHT_US, and of the same day a week before. It is six o'clock of the next morning then. */
void report_desk_seed(ReportDesk *desk);
