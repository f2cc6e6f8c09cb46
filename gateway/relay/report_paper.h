/*
 * What a report says, in order and in the words of its language, before anybody decides how it looks: report_text.c and report_html.c set the same paper.
 *
 * Text from outside: labels, notes and links are one line each, but not escaped; whoever sets them does that.
 */
#pragma once

#include "sekisho/relay/report_letter.h"

typedef enum {
	PAPER_TITLE,    /* text; notes of its row: site and period */
	PAPER_LEAD,     /* text: the one sentence for those who read no further */
	PAPER_WARNING,  /* text: somebody should act */
	PAPER_HEADING,  /* text */
	PAPER_SENTENCE, /* text */
	PAPER_COUNTS,   /* rows: label, value, before and change */
	PAPER_LIST,     /* rows: label, value, notes */
	PAPER_CASES,    /* rows: submissions, with notes and a link */
	PAPER_REST,     /* text: "and 3 more", of what stands above */
	PAPER_SPANS,    /* the chart of the spans; text: what it shows, in words */
	PAPER_REASONS,  /* the chart of the reasons; rows as in a list, in the chart's order */
	PAPER_FOOT      /* text */
} PaperKind;

/* Of a row that counts no verdict. */
#define PAPER_NO_VERDICT (-1)

typedef struct {
	char *label;
	char *value;        /* a number or a time; "" = none */
	char *before;       /* the number before; NULL if nothing is compared */
	char *change;       /* "+3" */
	GPtrArray *notes;   /* char * */
	char *link;         /* NULL: none */
	char *link_text;
	gboolean is_over;   /* of a submission: nobody need decide any more */
	gint verdict;       /* TallyVerdict that the row counts, as the chart marks it, or PAPER_NO_VERDICT */
	guint64 count;      /* what `value` says, for a bar */
} PaperRow;

typedef struct {
	PaperKind kind;
	char *text;
	GPtrArray *rows;    /* PaperRow * */
} PaperBlock;

/* What is being written. */
typedef struct {
	const Report *report;
	const Site *site;     /* NULL: all */
	const char *locale;
	GTimeZone *zone;
	GPtrArray *blocks;    /* PaperBlock * */
} Paper;

/* The blocks (PaperBlock *). The caller's. */
GPtrArray *report_paper_new(const Report *report, const Site *site, const char *locale);
/* The subject of the mail: number, site, and what matters most. The caller's. */
char *report_paper_subject(const Report *report, const Site *site, const char *locale);
/* Short ASCII below the columns of the chart, "" for most; as many as there are spans, NULL-terminated. At most about ten are not empty. */
GStrv report_paper_labels(const Report *report, const Site *site);
typedef enum { PAPER_NOW, PAPER_BEFORE, PAPER_CHANGE } PaperColumn;
/* Headings of the columns of PAPER_COUNTS. Static. */
const char *report_paper_column(const Report *report, const char *locale, PaperColumn column);

/* TRUE if the columns of the chart are hours, and no days. */
gboolean report_paper_is_hourly(const GArray *spans);
/* TRUE if there is nothing to tell but that there was nothing. */
gboolean report_paper_is_empty(const Report *report);
/* TRUE if the chart of the spans would show anything. */
gboolean report_paper_has_arrivals(const Report *report);
/* PNG of the chart that a block of that kind shows; NULL if there is nothing to show, or it could not be drawn. The caller's. */
GBytes *report_paper_image(const Report *report, const Site *site, PaperKind kind);
/* Its Content-ID, which no other mail of ours has. The caller's. */
char *report_paper_image_id(const Report *report, PaperKind kind);

/* --- report_paper.c, for its parts ----------------------------------------------------------------------------------------- */

/* Appends a block; `text` becomes its. Borrowed. */
PaperBlock *paper_add(Paper *paper, PaperKind kind, char *text);
/* Appends a row with that label, which becomes its. Borrowed. */
PaperRow *paper_add_row(PaperBlock *block, char *label);
/* A row of PAPER_COUNTS. Borrowed. */
PaperRow *paper_add_count(const Paper *paper, PaperBlock *block, const char *label, const ReportCount *count);
/* The row's value. */
void paper_set_count(PaperRow *row, guint64 count);
void paper_add_note(PaperRow *row, char *note);
/* The sentence for so many: ID_none, ID_one or ID, with {count} filled in. The caller's. */
char *paper_counted(const char *locale, const char *id, guint64 count);
/* "2026-11-22 14:05". The caller's. */
char *paper_time(const Paper *paper, gint64 at_us);
/* "and 3 more", if there are. */
void paper_add_rest(Paper *paper, guint64 all, guint shown);

/* --- report_paper_arrivals.c ------------------------------------------------------------------------------------------------- */

void paper_add_waiting(Paper *paper);
void paper_add_arrivals(Paper *paper);
/* That counting began later than the report, if it did. */
void paper_add_counted_since(Paper *paper);
void paper_add_refused(Paper *paper);
void paper_add_guards(Paper *paper);

/* --- report_paper_mails.c ---------------------------------------------------------------------------------------------------- */

void paper_add_warnings(Paper *paper);
void paper_add_mails(Paper *paper);
void paper_add_alarms(Paper *paper);
