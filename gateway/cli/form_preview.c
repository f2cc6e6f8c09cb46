/*
 * `sekisho form preview`: the mails of a form for values given on the command line, as relay/letter.h makes them. Nothing is stored or sent. A field
 * without a value gets a sample that says so.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "fields.h"
#include "form_parts.h"
#include "prose.h"
#include "sekisho/form/sample.h"
#include "sekisho/policy/replies.h"
#include "sekisho/relay/letter.h"
#include "show.h"

static void
print_recipients(Command *command, const Form *form, const GPtrArray *planned, MailKind kind)
{
	guint count = 0;
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = g_ptr_array_index(planned, i);
		/* A copy is the notice without its block of facts, and shown with it. */
		if (recipient->kind != kind && (kind != MAIL_NOTICE || recipient->kind != MAIL_COPY))
			continue;
		g_autofree char *fate = form_recipient_fate(form, recipient);
		g_autofree char *line = g_strdup_printf("%s %s: %s", recipient->header, recipient->address, fate);
		prose_add(command->console->output, 4, "- ", line);
		count++;
	}
	if (count == 0)
		prose_add(command->console->output, 4, "- ", "No recipient: nobody gets this mail.");
}

static void
print_mail(Command *command, const Form *form, const Submission *submission, const GPtrArray *planned, MailKind kind)
{
	g_autoptr(GError) error = NULL;
	const MailTemplate *mail = &form->source->mail[kind == MAIL_NOTICE ? 0 : 1];
	if (kind == MAIL_REPLY && !mail->is_active) {
		show_heading(command, "mail_2 is not active");
		return;
	}
	show_heading(command, kind == MAIL_NOTICE ? "mail, to the owner" : "mail_2, usually to the visitor");
	print_recipients(command, form, planned, kind);
	g_autoptr(Letter) letter = letter_new(form, submission, kind, 0, planned, &error);
	if (!letter) {
		command_print_line(command, "  cannot be composed: %s", error->message);
		return;
	}
	show_letter(command, letter);
	for (guint i = 0; i < submission->files->len; i++) {
		const SubmissionFile *file = g_ptr_array_index(submission->files, i);
		g_autofree char *word = g_strdup_printf("[%s]", file->field);
		if (strstr(mail->attachments, word))
			command_print_line(command, "    | attached: %s", file->name);
	}
	if (letter->html && letter->text) {
		command_print_line(command, "  The same as HTML, which most readers see:");
		show_block(command, letter->html);
	}
}

static void
print_mails(Command *command, const Form *form, const Submission *submission)
{
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	if (form->is_demo || form->is_mail_skipped)
		command_print_line(command, "The form is in demo_mode or has skip_mail: nothing is mailed. The texts would be:");
	print_mail(command, form, submission, planned, MAIL_NOTICE);
	print_mail(command, form, submission, planned, MAIL_REPLY);
}

/* --- JSON --------------------------------------------------------------------------------------------------------------- */

static GVariant *
recipients_json(const Form *form, const GPtrArray *planned, MailKind kind)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = g_ptr_array_index(planned, i);
		if (recipient->kind != kind && (kind != MAIL_NOTICE || recipient->kind != MAIL_COPY))
			continue;
		GVariantDict dict;
		g_autofree char *fate = form_recipient_fate(form, recipient);
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert_value(&dict, "header", command_json_text(recipient->header));
		g_variant_dict_insert_value(&dict, "address", command_json_text(recipient->address));
		g_variant_dict_insert(&dict, "is_refused", "b", recipient->refusal != NULL);
		g_variant_dict_insert_value(&dict, "fate", command_json_text(fate));
		g_variant_builder_add_value(list, g_variant_dict_end(&dict));
	}
	return g_variant_builder_end(list);
}

/* mail ("notice" for mail, "reply" for mail_2), is_active, recipients (header, address, is_refused, fate), letter (show_letter_json; null: none is made), problem. */
static GVariant *
mail_json(const Form *form, const Submission *submission, const GPtrArray *planned, MailKind kind)
{
	g_autoptr(GError) error = NULL;
	const gboolean is_active = kind == MAIL_NOTICE || form->source->mail[1].is_active;
	g_autoptr(Letter) letter = is_active ? letter_new(form, submission, kind, 0, planned, &error) : NULL;
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "mail", "s", mail_kind_name(kind));
	g_variant_dict_insert(&dict, "is_active", "b", is_active);
	g_variant_dict_insert_value(&dict, "recipients", recipients_json(form, planned, kind));
	g_variant_dict_insert_value(
	    &dict, "letter", g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, letter ? show_letter_json(letter) : NULL));
	g_variant_dict_insert_value(&dict, "problem", command_json_text(error ? error->message : NULL));
	return g_variant_dict_end(&dict);
}

static void
print_json(Command *command, const Form *form, const Submission *submission, const GPtrArray *problems)
{
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	g_autoptr(GVariantBuilder) mails = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	GVariantDict dict;
	g_variant_builder_add_value(mails, mail_json(form, submission, planned, MAIL_NOTICE));
	g_variant_builder_add_value(mails, mail_json(form, submission, planned, MAIL_REPLY));
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", form->site->name);
	g_variant_dict_insert(&dict, "form", "t", form->source->id);
	g_variant_dict_insert(&dict, "is_mailing", "b", !form->is_demo && !form->is_mail_skipped);
	g_variant_dict_insert_value(
	    &dict, "problems", g_variant_new_strv((const char *const *)problems->pdata, (gssize)problems->len));
	g_variant_dict_insert_value(&dict, "mails", g_variant_builder_end(mails));
	command_print_json(command, g_variant_dict_end(&dict));
}

/* --- The order ---------------------------------------------------------------------------------------------------------- */

int
form_preview(Command *command, const char *site_name, const char *form_name, const FormOptions *options, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) given = fields_read(options->fields, error);
	if (!given || !command_open_config(command, error))
		return EX_USAGE;
	g_autoptr(Site) site = config_site(command->config, site_name, error);
	g_autoptr(Form) form = site ? form_find(site, form_name, problems, error) : NULL;
	g_autoptr(Submission) submission = form ? sample_submission(form, given, SAMPLE_FULL, error) : NULL;
	if (!submission)
		return EX_NOINPUT;
	if (problems->len > 0)
		command_remark(command, "remark: this form cannot be used as it is; see `sekisho check`");
	fields_warn(command, form, given);
	if (command->is_json)
		print_json(command, form, submission, problems);
	else
		print_mails(command, form, submission);
	return EX_OK;
}
