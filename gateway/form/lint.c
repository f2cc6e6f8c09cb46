/*
 * The findings of Contact Form 7's configuration validator. Mails are looked at as they would be made of a submission with the required fields
 * only (form/sample.h), because what is optional may be empty on any day.
 *
 * No state. form_problems.c looks at the same texts, but for what makes a form unusable; what it refuses is not repeated here.
 */
#include "sekisho/form/lint.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lint_parts.h"
#include "mailtag_scan.h"
#include "sekisho/base/folder.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/sample.h"
#include "sekisho/wire/address.h"

const char *const lint_codes[] = {"attachments_overweight", "colons_in_names", "default_text", "deprecated_settings",
    "dots_in_names", "email_not_in_site_domain", "file_not_found", "file_not_in_content_dir", "html_in_message",
    "invalid_mail_header", "invalid_mailbox_syntax", "maybe_empty", "multiple_controls_in_label", "unavailable_html_elements",
    "unavailable_names", "unsafe_email_without_protection", "upload_filesize_overlimit", NULL};

void
lint_finding_free(LintFinding *finding)
{
	g_free(finding->place);
	g_free(finding->sentence);
	g_free(finding->advice);
	g_free(finding);
}

void
lint_add(GPtrArray *findings, const char *code, const char *place, const char *advice, const char *format, ...)
{
	LintFinding *finding = g_new0(LintFinding, 1);
	va_list arguments;

	g_assert(g_strv_contains(lint_codes, code));
	va_start(arguments, format);
	finding->code = code;
	finding->place = g_strdup(place);
	finding->sentence = g_strdup_vprintf(format, arguments);
	finding->advice = g_strdup(advice);
	va_end(arguments);
	g_ptr_array_add(findings, finding);
}

/* One mail while it is looked at. */
typedef struct {
	const Form *form;
	const MailTemplate *mail;
	const Submission *minimal;
	const char *group;
	const char *folder;
	GPtrArray *findings;
} MailLint;

/* --- Texts ---------------------------------------------------------------------------------------------------------------- */

/* `text` as it is when a visitor fills in the required fields only, stripped. The caller's. */
static char *
minimal_text(const MailLint *lint, const char *text)
{
	MailTagContext context = {.form = lint->form,
	    .submission = lint->minimal,
	    .mode = MAILTAG_LINE,
	    .is_exclude_blank = lint->mail->is_exclude_blank};
	g_autofree char *replaced = mailtag_replace(text, &context);

	return text_strip(replaced);
}

static void
lint_empty(const MailLint *lint, const char *place, const char *text, const char *what)
{
	g_autofree char *minimal = minimal_text(lint, text);

	if (*minimal == '\0')
		lint_add(lint->findings, "maybe_empty", place, "Add a few words of your own, or make one of the fields required.",
		    "The %s is empty when the fields it takes its text from are not filled in.", what);
}

/* --- Mailboxes ------------------------------------------------------------------------------------------------------------- */

/* The site's host without "www.", lower-cased; NULL if its address has none. The caller's. */
static char *
site_domain(const SiteFacts *site)
{
	g_autofree char *host = NULL;

	if (!g_uri_split(site->url, G_URI_FLAGS_NONE, NULL, NULL, &host, NULL, NULL, NULL, NULL, NULL) || host == NULL)
		return NULL;
	return g_ascii_strdown(g_str_has_prefix(host, "www.") ? host + strlen("www.") : host, -1);
}

static gboolean
is_same_or_below(const char *domain, const char *of)
{
	gsize size = strlen(domain), of_size = strlen(of);

	return g_str_has_suffix(domain, of) && (size == of_size || domain[size - of_size - 1] == '.');
}

/* The domain of the site's address, and that of its configured sender: the operator says that we may send for it. */
static gboolean
is_own_domain(const SiteFacts *site, const char *domain)
{
	g_autofree char *own = site_domain(site);
	g_autoptr(Mailbox) from = mailbox_parse(site->from, NULL);
	g_autofree char *from_domain = from == NULL ? NULL : address_domain(from->address);

	return (own != NULL && (is_same_or_below(domain, own) || is_same_or_below(own, domain))) ||
	       g_strcmp0(domain, from_domain) == 0;
}

static void
lint_sender(const MailLint *lint, const char *place, const char *sender)
{
	g_autofree char *minimal = minimal_text(lint, sender);
	g_autoptr(Mailbox) mailbox = mailbox_parse(minimal, NULL);

	if (*minimal == '\0')
		return; /* the site's own sender */
	if (mailbox == NULL) {
		lint_add(lint->findings, "invalid_mailbox_syntax", place,
		    "Write one mailbox such as: Shop <info@example.jp>. Or leave it empty to use the site's own sender.",
		    "\"%s\" is not a mailbox.", minimal);
		return;
	}
	g_autofree char *domain = address_domain(mailbox->address);
	if (!is_own_domain(lint->form->site, domain))
		lint_add(lint->findings, "email_not_in_site_domain", place,
		    "Leave the sender empty to use the site's own, and write the other address in a line Reply-To: of the "
		    "headers.",
		    "The sender is in the domain %s, which is not the site's, so receivers may file the mail as spam.", domain);
}

/* `list` is a list of recipients; all parts of it must be mailboxes. An empty header is no header, an empty recipient is one too few. */
static void
lint_list(const MailLint *lint, const char *place, const char *list)
{
	gboolean is_header = strstr(place, "-headers.txt") != NULL;
	g_autofree char *minimal = minimal_text(lint, list);
	g_autoptr(GPtrArray) parts = mailbox_split_list(minimal);

	if (parts->len == 0 && !is_header)
		lint_add(lint->findings, "invalid_mailbox_syntax", place,
		    "Write an address of your own, or make the field required.",
		    "No address is left when the fields it is taken from are not filled in.");
	for (guint i = 0; i < parts->len; i++) {
		g_autoptr(Mailbox) mailbox = mailbox_parse(parts->pdata[i], NULL);

		if (mailbox == NULL)
			lint_add(lint->findings, "invalid_mailbox_syntax", place,
			    "Write addresses such as info@example.jp or Shop <info@example.jp>, separated by commas.",
			    "\"%s\" is not a mailbox, so this part is left out of every mail.", (const char *)parts->pdata[i]);
	}
}

/* What becomes of a mail to an address that is typed, and what to do about it. policy/replies.c decides; here it is said. */
static const struct {
	const char *sentence, *advice;
} typed_fates[] = {
    [REPLY_CONFIRM] = {"one that has not proved itself is asked by a confirmation mail first, and gets this mail once somebody "
		       "has pressed the button behind its link",
	"Write reply = never under [form] of form.ini if no visitor should get mail, or an address of your own."},
    [REPLY_PROVED] = {"only one that has proved itself gets this mail (reply = proved)",
	"Write reply = confirm under [form] of form.ini to have the others asked, or an address of your own."},
    [REPLY_NEVER] = {"it is never mailed (reply = never)",
	"Take it out, or write reply = confirm under [form] of form.ini, or an address of your own."},
};

/* An address that the visitor types, where mail would go. `header` is "To", "Cc" or "Bcc". */
static void
lint_unsafe(const MailLint *lint, const char *place, const char *header, const char *list)
{
	g_autoptr(GPtrArray) fields = mailtag_typed_fields(list, lint->form);
	gboolean is_notice = g_str_equal(lint->group, "mail");
	ReplyPolicy policy = lint->form->source->reply;

	for (guint i = 0; i < fields->len; i++) {
		const FormTag *tag = form_tag(lint->form, fields->pdata[i]);

		if (tag == NULL)
			continue;
		if (is_notice && g_str_equal(header, "To"))
			lint_add(lint->findings, "unsafe_email_without_protection", place,
			    "Write an address of your own, and the visitor's into a line Cc: of the headers if a copy should go "
			    "there.",
			    "The address is what a visitor types in [%s], and no notice goes to such an address.", tag->raw_name);
		else
			lint_add(lint->findings, "unsafe_email_without_protection", place, typed_fates[policy].advice,
			    "The address is what a visitor types in [%s]%s: %s.", tag->raw_name,
			    is_notice ? ", and gets a copy without the block of facts" : "", typed_fates[policy].sentence);
		return;
	}
}

/* --- Headers ------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_header_name(const char *name)
{
	return *name != '\0' && name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-")] == '\0';
}

static void
lint_header(const MailLint *lint, const char *line, guint number)
{
	g_autofree char *stripped = text_strip(line);
	g_autofree char *name = NULL;
	g_autofree char *value = NULL;
	g_autofree char *place = g_strdup_printf("%s-headers.txt line %u", lint->group, number);

	if (*stripped == '\0')
		return;
	g_autofree char *plain = text_split_header(line, &name, &value) ? mailtag_scan_without(name, "x") : g_strdup("");
	if (!is_header_name(plain)) {
		lint_add(lint->findings, "invalid_mail_header", place, "Write NAME: VALUE, or take the line out.",
		    "\"%s\" is no header and is ignored.", stripped);
		return;
	}
	if (g_ascii_strcasecmp(name, "From") == 0)
		lint_sender(lint, place, value);
	if (g_ascii_strcasecmp(name, "Reply-To") == 0)
		lint_list(lint, place, value);
	if (g_ascii_strcasecmp(name, "Cc") == 0 || g_ascii_strcasecmp(name, "Bcc") == 0) {
		lint_list(lint, place, value);
		lint_unsafe(lint, place, name, value);
	}
}

static void
lint_headers(const MailLint *lint)
{
	g_autofree char *text = text_with_lf(lint->mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++)
		lint_header(lint, lines[i], i + 1);
}

/* --- Attachments ---------------------------------------------------------------------------------------------------------------- */

/* Looks as the courier does (relay/attachments.c). */
static gboolean
find_attached(const char *folder, const char *path, guint64 *size_bytes)
{
	int descriptor = folder_open_below(folder, path);
	struct stat status;
	gboolean is_file = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);

	if (is_file)
		*size_bytes = (guint64)status.st_size;
	if (descriptor >= 0)
		close(descriptor);
	return is_file;
}

/* Bytes of a file of the site's own; 0 and a finding if there is none to attach. */
static guint64
lint_attached_file(const MailLint *lint, const char *place, const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (g_path_is_absolute(path) || g_strv_contains((const char *const *)parts, "..")) {
		lint_add(lint->findings, "file_not_in_content_dir", place,
		    "Copy the file into the attachments folder and write its path from there.",
		    "\"%s\" lies outside of the folder for attachments and is not attached.", path);
		return 0;
	}
	guint64 size_bytes = 0;
	if (lint->folder != NULL && find_attached(lint->folder, path, &size_bytes))
		return size_bytes;
	lint_add(lint->findings, "file_not_found", place,
	    lint->folder == NULL
		? "Write attachments_directory = FOLDER under [mail] of site.conf and copy the file there, or take the line out."
		: "Copy the file itself there (no symbolic link is followed), or take the line out.",
	    "There is no file \"%s\"%s%s, so nothing is attached.", path, lint->folder == NULL ? "" : " in ",
	    lint->folder == NULL ? " (the site has no folder for attachments)" : lint->folder);
	return 0;
}

static guint64
attached_uploads_bytes(const MailLint *lint)
{
	guint64 bytes = 0;

	for (guint i = 0; i < lint->form->tags->len; i++) {
		const FormTag *tag = lint->form->tags->pdata[i];
		g_autofree char *word = g_strdup_printf("[%s]", tag->name != NULL ? tag->name : "");

		if ((tag->features & TAG_FILE_UPLOADING) && strstr(lint->mail->attachments, word) != NULL)
			bytes += filetypes_limit_bytes(tag);
	}
	return bytes;
}

static void
lint_attachments(const MailLint *lint)
{
	g_autofree char *place = g_strdup_printf("form.ini [%s] attachments", lint->group);
	g_autofree char *text = text_with_lf(lint->mail->attachments);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint64 bytes = attached_uploads_bytes(lint);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *path = text_strip(*line);

		if (*path != '\0' && *path != '[')
			bytes += lint_attached_file(lint, place, path);
	}
	if (bytes > LIMIT_ATTACHMENTS_BYTES) {
		g_autofree char *size = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);

		lint_add(lint->findings, "attachments_overweight", place,
		    "Lower the limit: of the file fields, or attach fewer files; what does not fit is left out.",
		    "The attachments may grow to %s; a mail takes 25 MiB.", size);
	}
}

/* --- Mails ------------------------------------------------------------------------------------------------------------------------ */

static void
lint_mail(const MailLint *lint)
{
	g_autofree char *subject = g_strdup_printf("form.ini [%s] subject", lint->group);
	g_autofree char *sender = g_strdup_printf("form.ini [%s] sender", lint->group);
	g_autofree char *recipient = g_strdup_printf("form.ini [%s] recipient", lint->group);
	g_autofree char *body = g_strdup_printf("%s.txt", lint->group);

	lint_empty(lint, subject, lint->mail->subject, "subject");
	lint_sender(lint, sender, lint->mail->sender);
	lint_list(lint, recipient, lint->mail->recipient);
	lint_unsafe(lint, recipient, "To", lint->mail->recipient);
	lint_attachments(lint);
	lint_empty(lint, body, lint->mail->body, "mail's text");
	/* A notice's default is good enough for the owner; visitors read the other one. */
	if (lint->mail != lint->form->source->mail && lint->mail->is_default_text)
		lint_add(lint->findings, "default_text", body, "Write what visitors should read into that file.",
		    "The file is missing, so the reply to visitors has Contact Form 7's default text.");
	lint_headers(lint);
}

GPtrArray *
lint_form(const Form *form)
{
	static const char *const groups[] = {"mail", "mail_2"};
	const char *folder = *form->site->attachments_directory != '\0' ? form->site->attachments_directory : NULL;
	GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)lint_finding_free);
	g_autoptr(Submission) minimal = sample_submission(form, NULL, SAMPLE_MINIMAL, NULL);

	lint_template(form, findings);
	lint_texts(form, findings);
	for (guint i = 0; i < G_N_ELEMENTS(groups) && minimal != NULL; i++) {
		MailLint lint = {.form = form,
		    .mail = &form->source->mail[i],
		    .minimal = minimal,
		    .group = groups[i],
		    .folder = folder,
		    .findings = findings};

		if (i == 0 || lint.mail->is_active)
			lint_mail(&lint);
	}
	return findings;
}
