/*
 * The reply rules: which addresses the mails of a submission may go to.
 *
 * The text of a template is split into its comma-separated entries BEFORE any mail-tag is replaced, and each entry is judged
 * as it stands in the template. So whatever a visitor types (commas, line breaks, whole address lists) stays inside
 * the entry that takes it: such an entry gives one address, which is planned as typed, or is refused as a whole. The address of an entry that may be mailed
 * without proof is moreover rendered without the submission, so that no visitor's byte can be in it, whichever tags the entry holds.
 *
 * A visitor may choose among departments: an entry whose fields are all choices of the form takes the addresses that the operator wrote behind
 * "|" in form.html (contract 13.5, M17). What the submission holds there is looked up among the form's choices and chosen anew in an empty submission,
 * and the entry is rendered from that one; so a row with any other address, whoever wrote it, is refused.
 *
 * No state, no I/O.
 */
#include "sekisho/policy/replies.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/policy/automatic.h"
#include "sekisho/wire/address.h"

#define REFUSAL_FIELD "recipient_from_field"
#define REFUSAL_POLICY "reply_policy"
#define REFUSAL_SEVERAL "recipient_several"
#define REFUSAL_UNUSUAL "recipient_unusual"
#define REFUSAL_AUTOMATIC "recipient_automatic"
#define REFUSAL_UNCHECKED "unchecked"
const char *const replies_refusals[] = {
    REFUSAL_FIELD, REFUSAL_POLICY, REFUSAL_SEVERAL, REFUSAL_UNUSUAL, REFUSAL_AUTOMATIC, REFUSAL_UNCHECKED, NULL};

/* The plan of one mail while it grows. */
typedef struct {
	const Form *form;
	const Submission *submission;
	MailKind kind;
	GPtrArray *allowed; /* PlannedRecipient * */
	GPtrArray *typed;
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

gboolean
replies_needs_proof(const PlannedRecipient *recipient)
{
	return recipient->is_typed && recipient->refusal == NULL;
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
	g_autoptr(GPtrArray) typed = mailtag_typed_fields(entry, form);

	if (typed->len == 0)
		return NULL;
	if (kind == MAIL_NOTICE)
		return REFUSAL_FIELD;
	return form->source->reply == REPLY_NEVER ? REFUSAL_POLICY : NULL;
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
add_recipient(GPtrArray *list, PlannedRecipient recipient)
{
	recipient.name = g_strdup(recipient.name);
	recipient.address = g_strdup(recipient.address);
	g_ptr_array_add(list, g_memdup2(&recipient, sizeof recipient));
}

/* An entry that holds the operator's words alone. */
static void
plan_own(const Plan *plan, const char *header, const char *entry)
{
	g_autofree char *rendered = render(plan, entry, plan->submission);
	g_autofree char *own = render_own(plan, entry);
	/* The comparison holds even where a tag takes something from the request that mailtag_fields does not count. */
	const char *refusal = own == NULL || strcmp(rendered, own) != 0 ? REFUSAL_FIELD : NULL;
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(refusal == NULL ? own : rendered, NULL);

	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		PlannedRecipient recipient = {
		    .kind = plan->kind, .name = mailbox->name, .address = mailbox->address, .header = header, .refusal = refusal};
		add_recipient(refusal == NULL ? plan->allowed : plan->refused, recipient);
	}
}

/* TRUE if the last label is a number: an IPv4 address, or a name that no host has (RFC 3696 section 2). */
static gboolean
is_numbered(const char *address)
{
	const char *label = strrchr(address, '.') + 1;

	return label[strspn(label, G_CSET_DIGITS)] == '\0';
}

/* Why no automatic mail goes to what was typed, or NULL. */
static const char *
typed_refusal(const char *address)
{
	g_autofree char *written = address_is_deliverable(address) ? address_written(address) : NULL;

	/* What has to be put into quotes to be sent is no dot-atom. "user%host@ours" and "host!user@ours" are source routes (RFC 1123 5.2.16, 5.2.19):
	 * a server that trusts us may send them on, and so an address in the site's own domain would reach a stranger. */
	if (written == NULL || strcmp(written, address) != 0 || strpbrk(address, "%!") != NULL || is_numbered(address))
		return REFUSAL_UNUSUAL;
	return automatic_reason(address) != NULL ? REFUSAL_AUTOMATIC : NULL;
}

/* Something around an "@" that is not too long to be shown. */
static gboolean
is_like_address(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' && strlen(text) <= LIMIT_REPLY_ADDRESS_BYTES;
}

/* One part of what an entry became. Nothing is planned if it is like no address at all. */
static void
plan_typed_part(const Plan *plan, PlannedRecipient recipient, const char *part)
{
	g_autoptr(Mailbox) mailbox = mailbox_parse_reply(part, NULL);
	g_autofree char *stripped = text_strip(part);

	if (mailbox == NULL && !is_like_address(stripped))
		return;
	recipient.address = mailbox != NULL ? mailbox->address : stripped;
	if (recipient.name == NULL)
		recipient.name = mailbox != NULL ? mailbox->name : (char *)"";
	if (recipient.refusal == NULL)
		recipient.refusal = typed_refusal(recipient.address);
	add_recipient(recipient.refusal == NULL ? plan->typed : plan->refused, recipient);
}

/* A typed display name, without the quotes around or in it. The caller's. */
static char *
typed_name(const Plan *plan, const char *text)
{
	g_autofree char *rendered = render(plan, text, plan->submission);

	return mailbox_clean_name(rendered);
}

/* An entry that takes what a visitor typed. `NAME <ADDRESS>` keeps its halves apart, so that a comma in a typed name does not make two mailboxes of one; anything
 * else is read as the text that it becomes. */
static void
plan_typed(const Plan *plan, const char *header, const char *entry)
{
	gboolean is_copy = plan->kind == MAIL_NOTICE && strcmp(header, "To") != 0;
	const char *bracket = strrchr(entry, '<');
	g_autofree char *before = g_strndup(entry, bracket != NULL ? (gsize)(bracket - entry) : 0);
	g_autofree char *name = bracket != NULL ? typed_name(plan, before) : NULL;
	g_autofree char *rendered = render(plan, bracket != NULL ? bracket : entry, plan->submission);
	g_autoptr(GPtrArray) parts = mailbox_split_list(rendered);
	PlannedRecipient recipient = {.kind = is_copy ? MAIL_COPY : plan->kind, .name = name, .header = header, .is_typed = TRUE};

	recipient.refusal = replies_entry_refusal(plan->form, recipient.kind, entry);
	if (recipient.refusal == NULL && parts->len > 1)
		recipient.refusal = REFUSAL_SEVERAL;
	for (guint i = 0; i < parts->len && i < LIMIT_RECIPIENTS; i++)
		plan_typed_part(plan, recipient, parts->pdata[i]);
}

static void
plan_entry(const Plan *plan, const char *header, const char *entry)
{
	g_autoptr(GPtrArray) typed = mailtag_typed_fields(entry, plan->form);

	if (typed->len > 0)
		plan_typed(plan, header, entry);
	else
		plan_own(plan, header, entry);
}

static void
plan_list(const Plan *plan, const char *header, const char *list)
{
	g_autoptr(GPtrArray) entries = replies_split_entries(list);

	for (guint i = 0; i < entries->len && i < LIMIT_RECIPIENTS; i++)
		plan_entry(plan, header, entries->pdata[i]);
}

/* The values of the template's header lines of that name (char *). The caller's. */
static GPtrArray *
header_lists(const MailTemplate *mail, const char *header)
{
	g_autofree char *text = text_with_lf(mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *lists = g_ptr_array_new_with_free_func(g_free);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *name = NULL;
		g_autofree char *value = NULL;
		if (text_split_header(*line, &name, &value) && g_ascii_strcasecmp(name, header) == 0)
			g_ptr_array_add(lists, g_steal_pointer(&value));
	}
	return lists;
}

/* Contract 6.6: repeated lines add up. */
static void
plan_header(const Plan *plan, const MailTemplate *mail, const char *header)
{
	g_autoptr(GPtrArray) lists = header_lists(mail, header);

	for (guint i = 0; i < lists->len; i++)
		plan_list(plan, header, lists->pdata[i]);
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
	g_autoptr(GPtrArray) typed = plan->typed = g_ptr_array_new();
	g_autoptr(GPtrArray) refused = plan->refused = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	plan_list(plan, "To", mail->recipient);
	plan_header(plan, mail, "Cc");
	plan_header(plan, mail, "Bcc");
	/* Configured addresses first: a visitor who types one of them must not turn it into a refused or waiting one, nor crowd it out. */
	keep_new(result, seen, allowed);
	keep_new(result, seen, typed);
	keep_new(result, seen, refused);
}

static void
plan_canary(GPtrArray *result, const SiteFacts *site)
{
	PlannedRecipient recipient = {.kind = MAIL_NOTICE, .name = (char *)"", .address = site->canary_address, .header = "To"};

	if (site->canary_address[0] != '\0')
		add_recipient(result, recipient);
}

/* Nobody knows whether a person sent it: that is for the owner to judge, and nothing automatic answers it. */
static void
refuse_unchecked(GPtrArray *planned)
{
	for (guint i = 0; i < planned->len; i++) {
		PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->kind != MAIL_NOTICE)
			recipient->refusal = REFUSAL_UNCHECKED;
	}
}

GPtrArray *
replies_plan_held(const Form *form)
{
	GPtrArray *result = g_ptr_array_new_with_free_func((GDestroyNotify)planned_recipient_free);
	PlannedRecipient owner = {.kind = MAIL_HELD, .name = (char *)"", .address = form->site->admin_address, .header = "To"};

	if (!form->is_demo && !form->is_mail_skipped && form->site->admin_address[0] != '\0')
		add_recipient(result, owner);
	return result;
}

GPtrArray *
replies_plan(const Form *form, const Submission *submission)
{
	GPtrArray *result = g_ptr_array_new_with_free_func((GDestroyNotify)planned_recipient_free);

	if (form->is_demo || form->is_mail_skipped)
		return result;
	if (submission->client->canary[0] != '\0') {
		plan_canary(result, form->site);
		return result;
	}
	plan_mail(result, &(Plan){.form = form, .submission = submission, .kind = MAIL_NOTICE}, &form->source->mail[0]);
	if (form->source->mail[1].is_active)
		plan_mail(result, &(Plan){.form = form, .submission = submission, .kind = MAIL_REPLY}, &form->source->mail[1]);
	if (submission->is_unchecked)
		refuse_unchecked(result);
	return result;
}

GPtrArray *
replies_plan_reply(const Form *form, const Submission *submission)
{
	GPtrArray *result = g_ptr_array_new_with_free_func((GDestroyNotify)planned_recipient_free);

	plan_mail(result, &(Plan){.form = form, .submission = submission, .kind = MAIL_REPLY}, &form->source->mail[1]);
	return result;
}

static gboolean
has_typed(const Form *form, const char *list)
{
	g_autoptr(GPtrArray) typed = mailtag_typed_fields(list, form);

	return typed->len > 0;
}

static gboolean
has_typed_header(const Form *form, const MailTemplate *mail, const char *header)
{
	g_autoptr(GPtrArray) lists = header_lists(mail, header);

	for (guint i = 0; i < lists->len; i++)
		if (has_typed(form, lists->pdata[i]))
			return TRUE;
	return FALSE;
}

static gboolean
has_typed_copy(const Form *form, const MailTemplate *mail)
{
	return has_typed_header(form, mail, "Cc") || has_typed_header(form, mail, "Bcc");
}

gboolean
replies_is_answering(const Form *form)
{
	const MailTemplate *reply = &form->source->mail[1];

	if (form->is_demo || form->is_mail_skipped || form->source->reply == REPLY_NEVER)
		return FALSE;
	return has_typed_copy(form, &form->source->mail[0]) ||
	       (reply->is_active && (has_typed(form, reply->recipient) || has_typed_copy(form, reply)));
}

gboolean
replies_is_own_address(const SiteFacts *site, const char *address)
{
	for (char **own = site->own_domains; *own != NULL; own++) {
		if (address_is_within(address, *own))
			return TRUE;
	}
	return FALSE;
}
