/*
 * What an import says of one form (contract 11.4). Nothing is judged here: problems are form_examine's, findings are lint's, refusals of
 * recipients are policy/replies.h's.
 */
#include <string.h>

#include "deliveries.h"
#include "form_parts.h"
#include "sekisho/base/text.h"
#include "sekisho/form/lint.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/mend.h"
#include "sekisho/policy/replies.h"

static const char *const groups[] = {"mail", "mail_2"};
static const MailKind kinds[] = {MAIL_NOTICE, MAIL_REPLY};

/* Begins the only mail-tags that do not stay when nothing fills them. */
#define RAW "_raw_"

FormReport *
form_report_new(const FormSource *source)
{
	FormReport *report = g_new0(FormReport, 1);
	report->id = source->id;
	report->title = g_strdup(source->title);
	report->slug = g_strdup(source->slug);
	report->messages = g_hash_table_size(source->messages);
	report->folder = g_strdup("");
	for (guint i = 0; i < FORM_TOPICS; i++)
		report->topics[i] = g_ptr_array_new_with_free_func(g_free);
	return report;
}

void
form_report_free(FormReport *report)
{
	g_free(report->title);
	g_free(report->slug);
	g_free(report->folder);
	for (guint i = 0; i < FORM_TOPICS; i++)
		g_ptr_array_unref(report->topics[i]);
	g_clear_pointer(&report->mendings, g_ptr_array_unref);
	g_clear_pointer(&report->findings, g_ptr_array_unref);
	g_free(report);
}

void
form_report_say(FormReport *report, FormTopic topic, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_ptr_array_add(report->topics[topic], g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* --- The template ----------------------------------------------------------------------------------------------------------- */

/* Its keys are in no export. */
static void
examine_captcha(FormReport *report, const FormTag *tag)
{
	if (g_str_equal(tag->basetype, "turnstile"))
		form_report_say(report, FORM_TOPIC_REMARKS,
		    "form.html line %u: [%s]: its tokens are verified once [captcha] of site.conf has service = turnstile, "
		    "site_key and "
		    "secret_file.",
		    tag->line, tag->type);
}

/* Values that WordPress takes from who is logged in, or from the page (contract 4.6); they are drawn and not posted by us. */
static void
examine_defaults(FormReport *report, const FormTag *tag)
{
	for (guint i = 0; tag->options[i]; i++) {
		const char *option = tag->options[i];
		if (g_str_has_prefix(option, "default:user_") || g_str_equal(option, "default:post_meta"))
			form_report_say(report, FORM_TOPIC_REMARKS,
			    "form.html line %u: [%s %s]: only WordPress can fill in %s, when it draws the page.", tag->line,
			    tag->type, tag->raw_name ? tag->raw_name : "", option);
	}
}

static void
examine_template(FormReport *report, const Form *form)
{
	g_autoptr(GPtrArray) words = formtag_unknown_words(form->source->template_text);
	for (guint i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);
		guint line = 0;
		g_autofree char *meant = formtag_slip(form->source->template_text, word, &line);
		const char *advice = formtag_foreign_advice(word);
		if (advice)
			form_report_say(report, FORM_TOPIC_WORDS, "[%s] %s", word, advice);
		else if (meant)
			form_report_say(report, FORM_TOPIC_WORDS, "[%s] (line %u: did you mean [%s]?)", word, line, meant);
		else
			form_report_say(report, FORM_TOPIC_WORDS, "[%s]", word);
	}
	for (guint i = 0; i < form->tags->len; i++) {
		examine_captcha(report, g_ptr_array_index(form->tags, i));
		examine_defaults(report, g_ptr_array_index(form->tags, i));
	}
}

/* --- Mail-tags ---------------------------------------------------------------------------------------------------------------- */

static void
examine_text(FormReport *report, const Form *form, const char *place, const char *text)
{
	g_autoptr(GPtrArray) words = mailtag_unknown_words(text, form);
	for (guint i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);
		gboolean is_counter = strcmp(word, "_serial_number") == 0;
		if (g_str_has_prefix(word, RAW)) {
			form_report_say(report, FORM_TOPIC_REMARKS, "%s: [%s]: reads nothing, because the form has no field %s.",
			    place, word, word + strlen(RAW));
			continue;
		}
		form_report_say(report, FORM_TOPIC_LITERAL, "%s: [%s]%s", place, word,
		    is_counter ? ": sekisho does not count messages, as Contact Form 7 does not without Flamingo" : "");
	}
}

/* Whether a text of the form holds a mail-tag that begins so. */
static gboolean
is_used(const FormSource *source, const char *beginning)
{
	GHashTableIter messages;
	gpointer text;
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++) {
		const MailTemplate *mail = &source->mail[i];
		if ((i == 0 || mail->is_active) &&
		    (strstr(mail->subject, beginning) || strstr(mail->recipient, beginning) || strstr(mail->body, beginning) ||
			strstr(mail->additional_headers, beginning)))
			return TRUE;
	}
	g_hash_table_iter_init(&messages, source->messages);
	while (g_hash_table_iter_next(&messages, NULL, &text))
		if (strstr(text, beginning))
			return TRUE;
	return FALSE;
}

static void
examine_special(FormReport *report, const Form *form, gboolean has_posts)
{
	if (is_used(form->source, "[_user_"))
		form_report_say(report, FORM_TOPIC_REMARKS,
		    "A mail uses [_user_...]: sekisho knows no logins, so it is always empty, as it was for visitors who were "
		    "not logged in.");
	if (is_used(form->source, "[_post_") && !has_posts)
		form_report_say(report, FORM_TOPIC_REMARKS,
		    "A mail uses [_post_...], but this file has no posts, so it will be empty; import a WXR export of all "
		    "content to have it filled.");
}

/* --- Recipients ------------------------------------------------------------------------------------------------------------------ */

static void
examine_list(FormReport *report, const Form *form, const char *place, const char *list, MailKind kind)
{
	g_autoptr(GPtrArray) entries = replies_split_entries(list);
	for (guint i = 0; i < entries->len; i++) {
		const char *entry = g_strstrip(g_ptr_array_index(entries, i));
		g_autoptr(GPtrArray) fields = mailtag_fields(entry, form);
		g_autoptr(GPtrArray) typed = mailtag_typed_fields(entry, form);
		const char *refusal = replies_entry_refusal(form, kind, entry);
		if (fields->len == 0)
			continue;
		if (form->is_demo || form->is_mail_skipped)
			form_report_say(report, FORM_TOPIC_RECIPIENTS, "%s: %s: not mailed: %s is on, so this form mails nobody",
			    place, entry, form->is_demo ? "demo_mode" : "skip_mail");
		else if (refusal)
			form_report_say(report, FORM_TOPIC_RECIPIENTS, "%s: %s: not mailed, only shown to you: %s", place, entry,
			    deliveries_reason(refusal));
		else if (typed->len > 0)
			form_report_say(report, FORM_TOPIC_RECIPIENTS, "%s: %s: %s", place, entry, form_typed_fate(form));
		else
			form_report_say(report, FORM_TOPIC_RECIPIENTS,
			    "%s: %s: mailed; the visitor chooses among the addresses that form.html offers", place, entry);
	}
}

static void
examine_header_lists(FormReport *report, const Form *form, guint index)
{
	const MailTemplate *mail = &form->source->mail[index];
	g_auto(GStrv) lines = g_strsplit(mail->additional_headers, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		g_autofree char *name = NULL, *value = NULL;
		g_autofree char *place = g_strdup_printf("%s-headers.txt line %u", groups[index], i + 1);
		if (!text_split_header(lines[i], &name, &value))
			continue;
		if (g_ascii_strcasecmp(name, "Cc") == 0 || g_ascii_strcasecmp(name, "Bcc") == 0)
			examine_list(report, form, place, value, kinds[index] == MAIL_NOTICE ? MAIL_COPY : kinds[index]);
		else if (g_ascii_strcasecmp(name, "X-Mailer") == 0)
			form_report_say(report, FORM_TOPIC_REMARKS, "%s: X-Mailer is ignored; no mail says what sent it.", place);
	}
}

static void
examine_mails(FormReport *report, const Form *form)
{
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		const MailTemplate *mail = &form->source->mail[i];
		if (i > 0 && !mail->is_active)
			continue;
		g_autofree char *recipient = g_strdup_printf("form.ini [%s] recipient", groups[i]);
		g_autofree char *subject = g_strdup_printf("form.ini [%s] subject", groups[i]);
		g_autofree char *sender = g_strdup_printf("form.ini [%s] sender", groups[i]);
		g_autofree char *body = g_strdup_printf("%s.txt", groups[i]);
		g_autofree char *headers = g_strdup_printf("%s-headers.txt", groups[i]);
		examine_list(report, form, recipient, mail->recipient, kinds[i]);
		examine_header_lists(report, form, i);
		examine_text(report, form, subject, mail->subject);
		examine_text(report, form, sender, mail->sender);
		examine_text(report, form, recipient, mail->recipient);
		examine_text(report, form, body, mail->body);
		examine_text(report, form, headers, mail->additional_headers);
	}
}

static void
examine_messages(FormReport *report, const Form *form)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(form->source->messages), (GCompareFunc)strcmp);
	for (const GList *key = keys; key; key = key->next) {
		g_autofree char *place = g_strdup_printf("form.ini [messages] %s", (const char *)key->data);
		examine_text(report, form, place, g_hash_table_lookup(form->source->messages, key->data));
	}
}

void
form_report_examine(FormReport *report, const Form *form, gboolean has_posts)
{
	g_autoptr(GPtrArray) settings = form_unknown_settings(form);
	examine_template(report, form);
	examine_mails(report, form);
	examine_messages(report, form);
	examine_special(report, form, has_posts);
	for (guint i = 0; i < settings->len; i++)
		form_report_say(report, FORM_TOPIC_SETTINGS, "%s", (const char *)g_ptr_array_index(settings, i));
	report->findings = lint_form(form);
	/* Said above, with what is done about them; form_examine said that a path leads out. */
	for (guint i = report->findings->len; i-- > 0;) {
		const LintFinding *finding = g_ptr_array_index(report->findings, i);
		if (strcmp(finding->code, "unsafe_email_without_protection") == 0 ||
		    strcmp(finding->code, "file_not_in_content_dir") == 0)
			g_ptr_array_remove_index(report->findings, i);
	}
}
