/*
 * One submission, shown to a person.
 */
#pragma once

#include "command.h"
#include "opened.h"
#include "sekisho/relay/letter.h"
#include "sekisho/store/submissions.h"

/* Facts, fields, files, mails with their deliveries, as text or (command->is_json) as JSON; with `is_preview` also each planned mail as it
 * would be sent ("previews"). */
gboolean show_submission(Command *command, const char *receipt, gboolean is_preview, GError **error);

/* A text of several lines, each behind four spaces and a bar, so that none of them can pose as one of ours. */
void show_block(Command *command, const char *text);
/* A heading behind a blank line, bold on a terminal. */
void show_heading(Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The likeness of the client's browser as an entry of a list has it, under the newest salt; "" if it is not known. The caller's. */
char *show_newest_fingerprint(const ClientFacts *client);
/* The same as a line; none if it is not known. */
void show_fingerprint(Command *command, const ClientFacts *client);
/* Headers and text of a mail as it would be sent. */
void show_letter(Command *command, const Letter *letter);
/* The same as a{sv}, floating: from, to, cc, reply_to (name, address), headers, subject, text and html (null: the letter has none), attachments (names). */
GVariant *show_letter_json(const Letter *letter);

/* One submission as a{sv}, floating: what the list tells of it, then what `details` (a{sv}, may be NULL) holds. */
GVariant *show_summary_json(const SubmissionSummary *summary, GVariant *details);
/* Who sent it, as a maybe of a{sv}, floating; nothing for NULL. */
GVariant *show_client_json(const Submission *submission);
/* a{sv}, floating: client, fields and files (null if the content cannot be opened), mails, gate, not_shown, and `previews` (floating; NULL: without). `items` are the submission's OutboxItem *. */
GVariant *show_details_json(Command *command, const Opened *opened, const GPtrArray *items, GVariant *previews);
