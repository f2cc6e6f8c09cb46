/*
 * What the files of `sekisho report` share.
 */
#pragma once

#include "command.h"
#include "sekisho/relay/report.h"

typedef struct {
	char *site;       /* NULL: all */
	char *since_text; /* NULL: the last 24 hours; of a mail as its site's schedule says */
	char *format;     /* "text", "html", "json"; NULL: text */
	gboolean is_mail;
} ReportOptions;

/* report.c: a report of that period; everything it needs is open. The caller's; NULL on error. */
Report *report_of_period(Command *command, const ReportRequest *wanted, GError **error);
/* report_json.c: floating. */
GVariant *report_json(const Report *report);
/* report_mail.c: mails what is due, or what is asked for. FALSE if a report that should have gone did not. */
gboolean report_mail(Command *command, const ReportOptions *options, GError **error);
