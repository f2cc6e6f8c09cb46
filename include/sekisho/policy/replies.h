/*
 * Which mails a submission may cause, and to whom. A stranger cannot make us mail a stranger: without more ado only addresses that an operator
 * configured are mailed. They may stand in form.html as choices of a select, radio or checkbox field without free_text, and the visitor chooses. Any
 * other address that comes from a field is either refused (kept, shown to the owner, never sent), or is_typed: what is planned for it waits until the courier knows
 * that it has proved itself.
 *   - The To of a notice is never typed: refused (recipient_from_field).
 *   - Policy `never` of the form: refused (reply_policy).
 *   - A typed Cc or Bcc of `mail` is planned as MAIL_COPY; whatever of mail_2 is typed as MAIL_REPLY.
 *   - An entry that takes a field gives one address or none (recipient_several), which must be a dot-atom address of LIMIT_ADDRESS_BYTES at a host with a name (recipient_unusual), and no
 *     mailer-daemon, no-reply, list or the like (recipient_automatic, RFC 3834 section 2).
 *   - A canary's only recipient is the site's canary_address.
 *   - Of one that is_unchecked the notice alone goes; every reply and copy is refused (unchecked).
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
	char *address;         /* deliverable; of a refused one any line with an "@" of at most LIMIT_REPLY_ADDRESS_BYTES */
	const char *header;    /* "To", "Cc" or "Bcc"; static */
	const char *refusal;   /* NULL if it may be mailed, else one of replies_refusals; static */
	gboolean is_typed;     /* what a visitor typed; it may be mailed only once it has proved itself */
} PlannedRecipient;
void planned_recipient_free(PlannedRecipient *recipient);
/* TRUE if it is typed and not refused: whoever mails it asks first whether it has proved itself. */
gboolean replies_needs_proof(const PlannedRecipient *recipient);

/* All codes of refusals; ends with NULL. */
extern const char *const replies_refusals[];
/* PlannedRecipient *, each address once in `mail` (notice and copies) and once in `mail_2`, at most LIMIT_RECIPIENTS in each: first what may be mailed without more
 * ado, then what is typed, then what is refused, each To before Cc before Bcc. Empty for demo_mode and skip_mail. The caller's. */
GPtrArray *replies_plan(const Form *form, const Submission *submission);

/* Whom the note goes to that something of this form is held (one PlannedRecipient of MAIL_HELD): the site's admin_address. Empty for demo_mode and skip_mail. The caller's. */
GPtrArray *replies_plan_held(const Form *form);

/* Whom mail_2 would go to, be it switched off or the form's mail skipped (PlannedRecipient *). The caller's. */
GPtrArray *replies_plan_reply(const Form *form, const Submission *submission);

/* TRUE if automatic mail of this form may go to an address that is typed. */
gboolean replies_is_answering(const Form *form);

/* Why no mail goes to this entry of a template's list, whoever fills in the form: a code of replies_refusals, or NULL if it may be mailed (an entry with
 * mailtag_typed_fields once the address has proved itself). `kind` of an entry of `mail` is MAIL_NOTICE in its To and MAIL_COPY in Cc and Bcc. Static. */
const char *replies_entry_refusal(const Form *form, MailKind kind, const char *entry);

/* TRUE if the address is in one of the site's own domains or below one (SiteFacts.own_domains; case ignored): it needs no proof. Any text may come. */
gboolean replies_is_own_address(const SiteFacts *site, const char *address);

/* A template's address list at its commas outside double quotes, mail-tags and white space as they stand (char *). The caller's. */
GPtrArray *replies_split_entries(const char *list);
