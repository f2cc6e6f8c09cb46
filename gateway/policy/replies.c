/*
 * The reply rules: which addresses the mails of a submission may go to.
 *
 * The text of a template is split into its comma-separated entries BEFORE any mail-tag is replaced, and each entry is judged
 * as it stands in the template. So whatever a visitor types (commas, line breaks, whole address lists) stays inside
 * the entry that takes it, and that entry is refused as a whole. The address of an entry that may be mailed is moreover
 * rendered without the submission, so that no visitor's byte can be in it, whichever tags the entry holds.
 *
 * No state, no I/O. In this version mail_2 is always refused.
 */
#include "sekisho/policy/replies.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"

#define REFUSAL_FIELD "recipient_from_field"
#define REFUSAL_POLICY "reply_policy"
const char *const replies_refusals[] = {REFUSAL_FIELD, REFUSAL_POLICY, NULL};

/* The plan of one mail while it grows. */
typedef struct {
	const Form *form;
	const Submission *submission;
	MailKind kind;
	GPtrArray *allowed; /* PlannedRecipient * */
	GPtrArray *refused;
} Plan;

void
planned_recipient_free(PlannedRecipient *recipient)
{
	if (recipient == NULL)
		return;
	g_free(recipient->name);
	g_free(recipient->address);
	g_free(recipient);
}

GPtrArray *
replies_split_entries(const char *list)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func(g_free);
	gboolean is_quoted = FALSE;
	const char *start = list;

	for (const char *at = list;; at++) {
		if (*at == '"')
			is_quoted = !is_quoted;
		if (*at != '\0' && (*at != ',' || is_quoted))
			continue;
		g_ptr_array_add(entries, g_strndup(start, (gsize)(at - start)));
		if (*at == '\0')
			return entries;
		start = at + 1;
	}
}

/* With `submission` NULL only what site and form say is replaced. */
static char *
render(const Plan *plan, const char *entry, const Submission *submission)
{
	MailTagContext context = {.form = plan->form, .submission = submission, .mode = MAILTAG_LINE};
	g_autofree char *replaced = mailtag_replace(entry, &context);

	return text_without_line_breaks(replaced);
}

/* Why this entry may not be mailed, or NULL. */
static const char *
entry_refusal(const Plan *plan, const char *entry, const char *rendered, const char *constant)
{
	if (plan->kind == MAIL_REPLY)
		return REFUSAL_POLICY;
	g_autoptr(GPtrArray) fields = mailtag_fields(entry, plan->form);
	/* The comparison holds even where a tag takes something from the request that mailtag_fields does not count. */
	if (fields->len > 0 || strcmp(rendered, constant) != 0)
		return REFUSAL_FIELD;
	return NULL;
}

static void
plan_entry(const Plan *plan, const char *header, const char *entry)
{
	g_autofree char *rendered = render(plan, entry, plan->submission);
	g_autofree char *constant = render(plan, entry, NULL);
	const char *refusal = entry_refusal(plan, entry, rendered, constant);
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(refusal == NULL ? constant : rendered, NULL);

	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		if (!address_is_deliverable(mailbox->address))
			continue;
		PlannedRecipient *recipient = g_new0(PlannedRecipient, 1);
		*recipient = (PlannedRecipient){
		    .kind = plan->kind,
		    .name = g_strdup(mailbox->name),
		    .address = g_strdup(mailbox->address),
		    .header = header,
		    .refusal = refusal,
		};
		g_ptr_array_add(refusal == NULL ? plan->allowed : plan->refused, recipient);
	}
}

static void
plan_list(const Plan *plan, const char *header, const char *list)
{
	g_autoptr(GPtrArray) entries = replies_split_entries(list);

	for (guint i = 0; i < entries->len && i < LIMIT_RECIPIENTS; i++)
		plan_entry(plan, header, entries->pdata[i]);
}

/* The template's header lines of that name (contract 6.6: repeated ones add up). */
static void
plan_header(const Plan *plan, const MailTemplate *mail, const char *header)
{
	g_autofree char *text = text_with_lf(mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *colon = strchr(*line, ':');
		if (colon == NULL)
			continue;
		g_autofree char *name = g_strstrip(g_strndup(*line, (gsize)(colon - *line)));
		if (g_ascii_strcasecmp(name, header) == 0)
			plan_list(plan, header, colon + 1);
	}
}

/* Moves what is in `from` to `plan` unless its address is there already. */
static void
keep_new(GPtrArray *plan, GHashTable *seen, GPtrArray *from)
{
	for (guint i = 0; i < from->len; i++) {
		PlannedRecipient *recipient = from->pdata[i];
		char *canonical = address_canonical(recipient->address);
		if (g_hash_table_size(seen) >= LIMIT_RECIPIENTS || g_hash_table_contains(seen, canonical)) {
			g_free(canonical);
			planned_recipient_free(recipient);
			continue;
		}
		g_hash_table_add(seen, canonical);
		g_ptr_array_add(plan, recipient);
	}
}

static void
plan_mail(GPtrArray *result, Plan *plan, const MailTemplate *mail)
{
	g_autoptr(GPtrArray) allowed = plan->allowed = g_ptr_array_new();
	g_autoptr(GPtrArray) refused = plan->refused = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	plan_list(plan, "To", mail->recipient);
	plan_header(plan, mail, "Cc");
	plan_header(plan, mail, "Bcc");
	/* Configured addresses first: a visitor who types one of them must not turn it into a refused one, nor crowd it out. */
	keep_new(result, seen, allowed);
	keep_new(result, seen, refused);
}

GPtrArray *
replies_plan(const Form *form, const Submission *submission)
{
	GPtrArray *result = g_ptr_array_new_with_free_func((GDestroyNotify)planned_recipient_free);

	if (form->is_demo || form->is_mail_skipped)
		return result;
	Plan plan = {.form = form, .submission = submission, .kind = MAIL_NOTICE};
	plan_mail(result, &plan, &form->source->mail[0]);
	if (form->source->mail[1].is_active) {
		plan.kind = MAIL_REPLY;
		plan_mail(result, &plan, &form->source->mail[1]);
	}
	return result;
}
