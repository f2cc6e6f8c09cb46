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

int
form_preview(Command *command, const char *site_name, const char *form_name, const FormOptions *options, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) given = fields_read(options->values, "--value", error);
	if (!given || !command_open_config(command, error))
		return EX_USAGE;
	g_autoptr(Site) site = config_site(command->config, site_name, error);
	g_autoptr(Form) form = site ? form_find(site, form_name, problems, error) : NULL;
	g_autoptr(Submission) submission = form ? sample_submission(form, given, SAMPLE_FULL, error) : NULL;
	if (!submission)
		return EX_NOINPUT;
	if (problems->len > 0)
		command_print_line(command, "remark: this form cannot be used as it is; see `sekisho check`");
	fields_warn(command, form, given);
	print_mails(command, form, submission);
	return EX_OK;
}
