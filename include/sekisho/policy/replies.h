/*
 * Which mails a submission may cause, and to whom. A stranger cannot make us mail a stranger: only addresses that an operator
 * configured are mailed. They may stand in form.html as choices of a select, radio or checkbox field without free_text, and the visitor chooses. Any
 * other address that comes from a field, and everything of mail_2, is planned as refused: kept, shown to the owner, never sent.
 *
 * Asked twice: by the front when it accepts (what to promise) and by the courier before it sends (what is true now), so a
 * row written by a front that was taken over cannot become an open relay.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"
#include "sekisho/wire/address.h"

typedef struct {
	MailKind kind;
	char *name;            /* display name, may be "" */
	char *address;         /* deliverable */
	const char *header;    /* "To", "Cc" or "Bcc"; static */
	const char *refusal;   /* NULL if it may be mailed, else a code: "recipient_from_field", "reply_policy"; static */
} PlannedRecipient;
void planned_recipient_free(PlannedRecipient *recipient);

/* All codes of refusals; ends with NULL. */
extern const char *const replies_refusals[];
/* PlannedRecipient *, each address once per kind (what may be mailed first, To before Cc before Bcc), at most LIMIT_RECIPIENTS a kind. Empty for demo_mode
 * and skip_mail. The caller's. */
GPtrArray *replies_plan(const Form *form, const Submission *submission);

/* Why no mail goes to this entry of a template's list, whoever fills in the form: a code of replies_refusals, or NULL if it may be mailed. Static. */
const char *replies_entry_refusal(const Form *form, MailKind kind, const char *entry);

/* A template's address list at its commas outside double quotes, mail-tags and white space as they stand (char *). The caller's. */
GPtrArray *replies_split_entries(const char *list);
