/*
 * A stored submission opened for a person: its content, its form as it is now, and the mails that would be planned today.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/finding.h"
#include "sekisho/store/outbox.h"

typedef struct {
	Submission *submission; /* NULL if its content is gone or cannot be opened */
	Form *form;             /* NULL if site or form cannot be read */
	GPtrArray *planned;     /* PlannedRecipient *; empty without both */
	char *reason;           /* why something is missing; NULL if nothing is */
} Opened;

/* Never NULL. Opens the keys if need be. */
Opened *opened_new(Command *command, gint64 submission_id, const char *site, guint64 form_id);
void opened_free(Opened *opened);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opened, opened_free)
/* The address behind a delivery's hash: found by planning again, because only its hash is stored. Else a remark in brackets. The caller's. */
char *opened_recipient(const Opened *opened, Command *command, MailKind kind, const VaultHash *hash);
/* What the gate found in it; NULL if it was not asked, or the content cannot be opened. The caller's. */
Verdict *opened_verdict(const Opened *opened);
