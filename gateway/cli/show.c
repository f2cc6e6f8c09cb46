/*
 * `sekisho submissions show`: one submission opened. Every line of a stranger's text is indented further than any line of ours, so that
 * text with line breaks cannot pose as a part of this report.
 */
#include "show.h"

#include <string.h>

#include "deliveries.h"
#include "explain.h"
#include "prose.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/replies.h"
#include "sekisho/relay/letter.h"
#include "sekisho/store/submissions.h"

void
show_block(Command *command, const char *text)
{
	g_autofree char *shown = text_for_terminal(text, TRUE);
	g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		if (lines[i][0] != '\0' || lines[i + 1])
			g_string_append_printf(command->console->output, "    | %s\n", lines[i]);
}

void
show_heading(Command *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *shown = text_for_terminal(line, FALSE);
	gboolean is_bold = command->console->is_colour;
	g_string_append_printf(command->console->output, "\n%s%s%s\n", is_bold ? "\033[1m" : "", shown, is_bold ? "\033[0m" : "");
}

static void
print_summary(Command *command, const SubmissionSummary *summary, const Opened *opened)
{
	g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
	g_autofree char *purged = command_local_time(command, summary->site, summary->purge_at_us);
	command_print_line(command, "receipt     %s", summary->receipt);
	command_print_line(command, "site        %s", summary->site);
	command_print_line(
	    command, "form        %" G_GUINT64_FORMAT " %s", summary->form_id, opened->form ? opened->form->source->title : "");
	command_print_line(command, "received    %s", received);
	command_print_line(command, "status      %s", submission_status_name(summary->status));
	command_print_line(command, "kept until  %s%s", purged, summary->is_erased ? ", its content was erased already" : "");
}

char *
show_newest_fingerprint(const ClientFacts *client)
{
	return g_strndup(client->fingerprint, strcspn(client->fingerprint, " "));
}

void
show_fingerprint(Command *command, const ClientFacts *client)
{
	g_autofree char *newest = show_newest_fingerprint(client);
	if (newest[0] != '\0')
		command_print_line(command, "fingerprint %s", newest);
}

static void
print_client(Command *command, const ClientFacts *client)
{
	if (client->remote_ip[0] != '\0')
		command_print_line(command, "client      %s port %u", client->remote_ip, client->remote_port);
	show_fingerprint(command, client);
	command_print_line(command, "browser     %s", client->user_agent);
	command_print_line(command, "page        %s", client->url);
}

static void
print_fields(Command *command, const Submission *submission)
{
	show_heading(command, "Fields");
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = g_ptr_array_index(submission->fields, i);
		command_print_line(command, "  %s", field->name);
		for (guint j = 0; field->values[j]; j++)
			show_block(command, field->values[j]);
	}
}

static void
print_files(Command *command, const Submission *submission)
{
	if (submission->files->len > 0)
		show_heading(command, "Files");
	for (guint i = 0; i < submission->files->len; i++) {
		const SubmissionFile *file = g_ptr_array_index(submission->files, i);
		command_print_line(command, "  %s, %" G_GUINT64_FORMAT " bytes", file->field, file->size_bytes);
		show_block(command, file->name);
	}
}

static void
print_mails(Command *command, const GPtrArray *items, const Opened *opened)
{
	show_heading(command, items->len > 0 ? "Mails" : "No mails");
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		g_autoptr(GPtrArray) events = outbox_events(command->db, item->id, NULL);
		command_print_line(command, "  %s, item %" G_GINT64_FORMAT, mail_kind_name(item->kind), item->id);
		for (guint j = 0; j < item->deliveries->len; j++) {
			const Delivery *delivery = g_ptr_array_index(item->deliveries, j);
			g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
			g_autofree char *words = deliveries_in_words(command, item, delivery, events);
			g_autofree char *line = g_strdup_printf("%s: %s", recipient, words);
			prose_add(command->console->output, 7, "to ", line);
		}
	}
}

static void
print_mailboxes(Command *command, const char *header, const GPtrArray *mailboxes)
{
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = g_ptr_array_index(mailboxes, i);
		g_string_append(list, i == 0 ? "" : ", ");
		if (mailbox->name[0] != '\0')
			g_string_append_printf(list, "%s <%s>", mailbox->name, mailbox->address);
		else
			g_string_append(list, mailbox->address);
	}
	if (mailboxes->len > 0)
		command_print_line(command, "    | %s: %s", header, list->str);
}

void
show_letter(Command *command, const Letter *letter)
{
	g_autoptr(GPtrArray) from = g_ptr_array_new();
	g_ptr_array_add(from, letter->from);
	print_mailboxes(command, "From", from);
	print_mailboxes(command, "To", letter->to);
	print_mailboxes(command, "Cc", letter->cc);
	print_mailboxes(command, "Reply-To", letter->reply_to);
	for (guint i = 0; i < letter->headers->len; i++)
		command_print_line(command, "    | %s", (const char *)g_ptr_array_index(letter->headers, i));
	command_print_line(command, "    | Subject: %s", letter->subject);
	command_print_line(command, "    |");
	show_block(command, letter->text ? letter->text : letter->html);
}

/* Why nobody gets this mail, or NULL if somebody does. */
static const char *
refusal_of(const GPtrArray *planned, MailKind kind)
{
	const char *refusal = NULL;
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = g_ptr_array_index(planned, i);
		if (recipient->kind == kind && !recipient->refusal)
			return NULL;
		if (recipient->kind == kind)
			refusal = recipient->refusal;
	}
	return refusal;
}

static gboolean
is_planned(const GPtrArray *planned, MailKind kind)
{
	for (guint i = 0; i < planned->len; i++)
		if (((const PlannedRecipient *)g_ptr_array_index(planned, i))->kind == kind)
			return TRUE;
	return FALSE;
}

static void
print_preview(Command *command, const Opened *opened)
{
	/* A confirmation is not made of a template of the form's. */
	for (MailKind kind = MAIL_NOTICE; kind < MAIL_CONFIRMATION; kind++) {
		g_autoptr(GError) error = NULL;
		if (!is_planned(opened->planned, kind))
			continue;
		const char *refusal = refusal_of(opened->planned, kind);
		show_heading(command, "Preview of the %s as the form is now%s%s", mail_kind_name(kind),
		    refusal ? "; refused, nobody gets it, because " : "", refusal ? deliveries_reason(refusal) : "");
		g_autoptr(Letter) letter = letter_new(opened->form, opened->submission, kind, 0, opened->planned, &error);
		if (letter)
			show_letter(command, letter);
		else
			command_print_line(command, "  cannot be composed: %s", error->message);
	}
}

/* mail, refusal (null: it leaves; else why nobody gets it), letter (show_letter_json; null: it cannot be composed), problem. */
static GVariant *
preview_json(const Opened *opened, MailKind kind)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = letter_new(opened->form, opened->submission, kind, 0, opened->planned, &error);
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "mail", "s", mail_kind_name(kind));
	g_variant_dict_insert_value(&dict, "refusal", command_json_text(refusal_of(opened->planned, kind)));
	g_variant_dict_insert_value(
	    &dict, "letter", g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, letter ? show_letter_json(letter) : NULL));
	g_variant_dict_insert_value(&dict, "problem", command_json_text(error ? error->message : NULL));
	return g_variant_dict_end(&dict);
}

static GVariant *
previews_json(const Opened *opened)
{
	g_autoptr(GVariantBuilder) previews = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (MailKind kind = MAIL_NOTICE; kind < MAIL_CONFIRMATION; kind++)
		if (is_planned(opened->planned, kind))
			g_variant_builder_add_value(previews, preview_json(opened, kind));
	return g_variant_builder_end(previews);
}

static void
print_gate(Command *command, const Opened *opened)
{
	g_autoptr(Verdict) verdict = opened_verdict(opened);
	if (!verdict || verdict->findings->len == 0)
		return;
	show_heading(command, "Gate");
	explain_print_findings(command, verdict);
}

static void
print_text(Command *command, const SubmissionSummary *summary, const Opened *opened, const GPtrArray *items)
{
	print_summary(command, summary, opened);
	if (opened->submission) {
		print_client(command, opened->submission->client);
		print_fields(command, opened->submission);
		print_files(command, opened->submission);
		print_gate(command, opened);
	}
	print_mails(command, items, opened);
}

gboolean
show_submission(Command *command, const char *receipt, gboolean is_preview, GError **error)
{
	if (!command_open_store(command, error) || !command_open_vault(command, error))
		return FALSE;
	g_autoptr(SubmissionSummary) summary = submissions_find(command->db, receipt, error);
	g_autoptr(GPtrArray) items = summary ? outbox_of_submission(command->db, summary->id, error) : NULL;
	if (!items)
		return FALSE;
	g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
	if (command->is_json) {
		GVariant *previews = is_preview ? previews_json(opened) : NULL;
		command_print_json(command, show_summary_json(summary, show_details_json(command, opened, items, previews)));
		return TRUE;
	}
	print_text(command, summary, opened, items);
	if (is_preview)
		print_preview(command, opened);
	if (opened->reason)
		show_heading(command, "Not everything could be shown: %s", opened->reason);
	return TRUE;
}
