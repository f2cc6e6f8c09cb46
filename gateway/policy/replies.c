/*
 * The reply rules: which addresses the mails of a submission may go to.
 *
 * The text of a template is split into its comma-separated entries BEFORE any mail-tag is replaced, and each entry is judged
 * as it stands in the template. So whatever a visitor types (commas, line breaks, whole address lists) stays inside
 * the entry that takes it, and that entry is refused as a whole. The address of an entry that may be mailed is moreover
 * rendered without the submission, so that no visitor's byte can be in it, whichever tags the entry holds.
 *
 * A visitor may choose among departments: an entry whose fields are all choices of the form takes the addresses that the operator wrote behind
 * "|" in form.html (contract 13.5, M17). What the submission holds there is looked up among the form's choices and chosen anew in an empty submission,
 * and the entry is rendered from that one; so a row with any other address, whoever wrote it, is refused.
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

const char *
replies_entry_refusal(const Form *form, MailKind kind, const char *entry)
{
	if (kind == MAIL_REPLY)
		return REFUSAL_POLICY;
	g_autoptr(GPtrArray) typed = mailtag_typed_fields(entry, form);
	return typed->len > 0 ? REFUSAL_FIELD : NULL;
}

/* The text before "|" of a choice of that name whose text after it is `after`, or NULL. */
static const char *
find_choice(const Form *form, const char *name, const char *after)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		if (tag->name == NULL || !(tag->features & TAG_SELECTABLE) || strcmp(tag->name, name) != 0)
			continue;
		for (guint k = 0; k < tag->values->len; k++) {
			const FormTagValue *value = tag->values->pdata[k];
			if (strcmp(value->after, after) == 0)
				return value->before;
		}
	}
	return NULL;
}

/* Posts what the field holds again, in the form's own words. FALSE if it holds anything that the form does not offer. */
static gboolean
post_choices(const Plan *plan, const char *name, Posted *posted)
{
	const SubmissionField *field = submission_field(plan->submission, name);
	g_autofree char *several = g_strconcat(name, "[]", NULL);
	g_autoptr(GBytes) name_bytes = g_bytes_new(several, strlen(several));

	for (char **value = field != NULL ? field->values : NULL; value != NULL && *value != NULL; value++) {
		const char *before = find_choice(plan->form, name, *value);
		if (before == NULL)
			return FALSE;
		g_autoptr(GBytes) before_bytes = g_bytes_new(before, strlen(before));
		if (!posted_add(posted, name_bytes, before_bytes, NULL))
			return FALSE;
	}
	return TRUE;
}

/* A submission that holds nothing but the choices made in these fields; NULL if one of them is none of the form's. */
static Submission *
choose_again(const Plan *plan, const GPtrArray *fields)
{
	Posted *posted = posted_new();

	for (guint i = 0; i < fields->len; i++) {
		if (!post_choices(plan, fields->pdata[i], posted)) {
			posted_free(posted);
			return NULL;
		}
	}
	return submission_new(plan->form, "", posted, NULL, client_facts_new());
}

/* What the entry reads in the operator's words alone: those of site, template and offered choices. NULL if there is no such reading. */
static char *
render_own(const Plan *plan, const char *entry)
{
	g_autoptr(GPtrArray) fields = mailtag_fields(entry, plan->form);
	g_autoptr(Submission) chosen = fields->len > 0 ? choose_again(plan, fields) : NULL;

	return fields->len > 0 && chosen == NULL ? NULL : render(plan, entry, chosen);
}

static void
plan_entry(const Plan *plan, const char *header, const char *entry)
{
	const char *refusal = replies_entry_refusal(plan->form, plan->kind, entry);
	g_autofree char *rendered = render(plan, entry, plan->submission);
	g_autofree char *own = refusal == NULL ? render_own(plan, entry) : NULL;

	/* The comparison holds even where a tag takes something from the request that mailtag_fields does not count. */
	if (refusal == NULL && (own == NULL || strcmp(rendered, own) != 0))
		refusal = REFUSAL_FIELD;
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(refusal == NULL ? own : rendered, NULL);
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
		g_autofree char *name = NULL;
		g_autofree char *value = NULL;
		if (text_split_header(*line, &name, &value) && g_ascii_strcasecmp(name, header) == 0)
			plan_list(plan, header, value);
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
