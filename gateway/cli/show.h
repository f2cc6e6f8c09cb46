/*
 * One submission, shown to a person.
 */
#pragma once

#include "command.h"
#include "opened.h"
#include "sekisho/store/submissions.h"

/* Facts, fields, mails with their deliveries, as text or (command->is_json) as JSON; with `is_preview`, text only, also each planned mail as it
 * would be sent. */
gboolean show_submission(Command *command, const char *receipt, gboolean is_preview, GError **error);

/* One submission as a{sv}, floating: what the list tells of it, then what `details` (a{sv}, may be NULL) holds. */
GVariant *show_summary_json(const SubmissionSummary *summary, GVariant *details);
/* a{sv}, floating: client and fields (null if the content cannot be opened), mails. `items` are the submission's OutboxItem *. */
GVariant *show_details_json(Command *command, const Opened *opened, const GPtrArray *items);
