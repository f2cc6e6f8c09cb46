/*
 * The owner's report: what happened in a period, in numbers, and what waits for a person. A plain value, filled in once by report_collect and then shown by whoever wants: as text for a
 * terminal, as HTML and text of a mail (relay/report_letter.h), as JSON (cli/report_json.c).
 *
 * Numbers of arrivals (verdicts, reasons, limits, hits of lists) are of counters.db, all others of sekisho.db and the ledger.
 * Text from outside: titles of forms are the operator's; nothing that a visitor typed is in a report, but who was limited (an address of the network, or one that he typed) and the values of lists are: escape them.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/policy/finding.h"
#include "sekisho/relay/review.h"
#include "sekisho/store/submissions.h"
#include "sekisho/store/tally.h"

/* Now, and in the period a week before. */
typedef struct {
	guint64 now;
	guint64 before;
} ReportCount;

typedef struct {
	char *name;          /* "CHECK.CODE" (policy/reason.h), or the reason of a delivery */
	ReportCount count;
} ReportReason;

/* A column of the chart. */
typedef struct {
	gint64 begin_us;
	guint64 verdicts[TALLY_VERDICTS];
} ReportSpan;

typedef struct {
	char *site;
	char *tier;          /* "ip", "network", "sender" ... (policy/rate.h) */
	char *who;           /* what it counts by, opened; "" if it cannot be opened */
	guint64 count;
	gint64 last_at_us;
} ReportLimited;

typedef struct {
	gint64 id;
	char *action;        /* "block", "hold", "note", "allow" */
	char *type;          /* "address", "network" ... */
	char *value;
	char *site;          /* "": all */
	char *reason;
	guint64 count;       /* in the period; 0: of those that never hit */
	gint64 created_at_us;
} ReportEntry;

typedef struct {
	SubmissionSummary *summary;
	char *form_title;
	Verdict *verdict;    /* findings strongest first; NULL if it cannot be opened */
	char *link;          /* of one that is held, if the caller asked for links; else NULL */
} ReportSuspicious;

typedef struct {
	char *site;          /* NULL: of all sites */
	char *title;         /* of the site */
	gint64 from_us;
	gint64 to_us;
	gint64 made_at_us;
	guint number;        /* of the site's reports (store/reports.h); 0: it has none */
	guint last_missing;  /* so many reports before this one were never sent */
	gint64 counted_since_us; /* counting began only then, within or after the period; 0: it covers all of it */
	gboolean is_before_known; /* and the period a week before */
	gint64 kept_since_us;     /* retention has removed submissions and mails of before, within or after the period; 0: none of it */
	gboolean is_before_gone;  /* and of the period a week before, so that its mails are not known */

	ReportCount verdicts[TALLY_VERDICTS];
	GArray *spans;           /* ReportSpan: hours up to two days, else days of the site's zone; all of the period, empty ones too */
	GPtrArray *reasons;      /* ReportReason *, most first */
	GPtrArray *captcha;      /* ReportReason *: those of the captcha */
	GPtrArray *limited;      /* ReportLimited *, most first */
	guint limited_all;
	GPtrArray *lists_hit;    /* ReportEntry *, most first */
	GPtrArray *lists_idle;   /* ReportEntry * made before the period that never hit anything, oldest first */
	guint lists_idle_all;
	GPtrArray *suspicious;   /* ReportSuspicious * received in the period and held or rejected (also if a person has decided since), and all that are held; these before the others, then heaviest first */
	guint suspicious_all;
	guint waiting_for_you;   /* held now, of whatever time */

	ReportCount replies_sent;
	ReportCount replies_stopped;  /* refused, cancelled or not wanted */
	GPtrArray *replies_reasons;   /* ReportReason *: why they were */
	ReportCount notices_sent;
	guint queue_waiting;     /* mails now, without replies that wait for a visitor to confirm */
	gint64 queue_oldest_us;  /* 0: none waits */
	guint queue_dead;        /* given up, now */
	guint queue_held;        /* held back by a person, now */
	GPtrArray *dead_reasons; /* ReportReason *: why, `before` 0 */
	ReportCount bounces;
	GPtrArray *bounce_reasons; /* ReportReason * */
	GPtrArray *fuses;        /* char *: sites whose fuse has tripped and stands */
	GPtrArray *alarms;       /* Alarm * (store/ledger.h) raised in the period, newest first */
	ReportCount decisions;   /* by people: lines of the audit */
} Report;
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

typedef struct {
	Config *config;
	const ReviewHouse *house;
	Db *counters;
	const char *site;     /* NULL: all */
	gint64 from_us;
	gint64 to_us;
	gboolean has_links;   /* of what is held, for a mail to the owner */
	gboolean hides_shared; /* the reader is one owner of several: list entries for all sites are told without value and reason, and not at all if they never hit */
	void (*progress)(guint64 done, guint64 total, gpointer user_data); /* NULL: nobody watches */
	gpointer user_data;
} ReportRequest;
/* Everything but number and last_missing. NULL on error. The caller's. */
Report *report_collect(const ReportRequest *request, GError **error);
/* How long the owner waits from one report to the next. */
gint64 report_interval_us(const Site *site);
/* When the one after that which ends at `to_us` must have been sent; never for a site that wants none. */
gint64 report_next_by_us(const Site *site, gint64 to_us);
/* TRUE if nothing happened that anybody would want to know, and nothing waits; enquiries may have arrived and been mailed. */
gboolean report_is_quiet(const Report *report);
