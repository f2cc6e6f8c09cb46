/*
 * Submissions as JSON, for the list and for `show`, and letters as they would be sent.
 */
#include "deliveries.h"
#include "explain.h"
#include "show.h"

GVariant *
show_summary_json(const SubmissionSummary *summary, GVariant *details)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	command_json_add(object, "receipt", g_variant_new_string(summary->receipt));
	command_json_add(object, "received_at", command_json_time(summary->received_at_us));
	command_json_add(object, "kept_until", command_json_time(summary->purge_at_us));
	command_json_add(object, "site", g_variant_new_string(summary->site));
	command_json_add(object, "form", g_variant_new_uint64(summary->form_id));
	command_json_add(object, "status", g_variant_new_string(submission_status_name(summary->status)));
	command_json_add(object, "is_erased", g_variant_new_boolean(summary->is_erased));
	command_json_add(object, "mails_waiting", g_variant_new_uint32(summary->mails_waiting));
	command_json_add(object, "mails_sent", g_variant_new_uint32(summary->mails_sent));
	command_json_add(object, "mails_dead", g_variant_new_uint32(summary->mails_dead));
	command_json_add(object, "mails_held", g_variant_new_uint32(summary->mails_held));
	command_json_add(object, "mails_returned", g_variant_new_uint32(summary->mails_returned));
	command_json_add(object, "mails_refused", g_variant_new_uint32(summary->mails_refused));
	if (details) {
		g_autoptr(GVariant) held = g_variant_ref_sink(details);
		for (gsize i = 0; i < g_variant_n_children(held); i++) {
			g_autoptr(GVariant) entry = g_variant_get_child_value(held, i);
			g_variant_builder_add_value(object, entry);
		}
	}
	return g_variant_builder_end(object);
}

GVariant *
show_client_json(const Submission *submission)
{
	if (!submission)
		return g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, NULL);
	const ClientFacts *client = submission->client;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autofree char *fingerprint = show_newest_fingerprint(client);
	command_json_add(object, "address", g_variant_new_string(client->remote_ip));
	command_json_add(object, "port", g_variant_new_uint16(client->remote_port));
	command_json_add(object, "fingerprint", g_variant_new_string(fingerprint));
	command_json_add(object, "user_agent", g_variant_new_string(client->user_agent));
	command_json_add(object, "page", g_variant_new_string(client->url));
	return g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, g_variant_builder_end(object));
}

/* A field's text, or the list of its texts where the form makes it a choice. */
static GVariant *
fields_json(const Submission *submission)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = g_ptr_array_index(submission->fields, i);
		command_json_add(object, field->name,
		    field->is_array ? g_variant_new_strv((const char *const *)field->values, -1)
				    : g_variant_new_string(field->values[0]));
	}
	return g_variant_builder_end(object);
}

static GVariant *
files_json(const Submission *submission)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < submission->files->len; i++) {
		const SubmissionFile *file = g_ptr_array_index(submission->files, i);
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		command_json_add(object, "field", g_variant_new_string(file->field));
		command_json_add(object, "name", g_variant_new_string(file->name));
		command_json_add(object, "size", g_variant_new_uint64(file->size_bytes));
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

GVariant *
show_details_json(Command *command, const Opened *opened, const GPtrArray *items, GVariant *previews)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariantBuilder) mails = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	const Submission *submission = opened->submission;
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		g_autoptr(GPtrArray) events = outbox_events(command->db, item->id, NULL);
		g_variant_builder_add_value(mails, deliveries_json(command, opened, item, events));
	}
	command_json_add(object, "client", show_client_json(submission));
	command_json_add(
	    object, "fields", g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, submission ? fields_json(submission) : NULL));
	command_json_add(
	    object, "files", g_variant_new_maybe(G_VARIANT_TYPE("aa{sv}"), submission ? files_json(submission) : NULL));
	command_json_add(object, "mails", g_variant_builder_end(mails));
	g_autoptr(Verdict) verdict = opened_verdict(opened);
	command_json_add(object, "gate", explain_json(verdict));
	if (previews)
		command_json_add(object, "previews", previews);
	command_json_add(object, "not_shown",
	    g_variant_new_maybe(G_VARIANT_TYPE_STRING, opened->reason ? g_variant_new_string(opened->reason) : NULL));
	return g_variant_builder_end(object);
}

static void
add_mailbox(GVariantBuilder *list, const Mailbox *mailbox)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "name", command_json_text(mailbox->name));
	g_variant_dict_insert_value(&dict, "address", command_json_text(mailbox->address));
	g_variant_builder_add_value(list, g_variant_dict_end(&dict));
}

static GVariant *
mailboxes_json(const GPtrArray *mailboxes)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < mailboxes->len; i++)
		add_mailbox(list, mailboxes->pdata[i]);
	return g_variant_builder_end(list);
}

GVariant *
show_letter_json(const Letter *letter)
{
	g_autoptr(GPtrArray) from = g_ptr_array_new();
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GVariantDict dict;
	g_ptr_array_add(from, letter->from);
	for (guint i = 0; i < letter->attachments->len; i++)
		g_ptr_array_add(names, ((const LetterAttachment *)letter->attachments->pdata[i])->name);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "from", mailboxes_json(from));
	g_variant_dict_insert_value(&dict, "to", mailboxes_json(letter->to));
	g_variant_dict_insert_value(&dict, "cc", mailboxes_json(letter->cc));
	g_variant_dict_insert_value(&dict, "reply_to", mailboxes_json(letter->reply_to));
	g_variant_dict_insert_value(
	    &dict, "headers", g_variant_new_strv((const char *const *)letter->headers->pdata, (gssize)letter->headers->len));
	g_variant_dict_insert_value(&dict, "subject", command_json_text(letter->subject));
	g_variant_dict_insert_value(&dict, "text", command_json_text(letter->text));
	g_variant_dict_insert_value(&dict, "html", command_json_text(letter->html));
	g_variant_dict_insert_value(
	    &dict, "attachments", g_variant_new_strv((const char *const *)names->pdata, (gssize)names->len));
	return g_variant_dict_end(&dict);
}
