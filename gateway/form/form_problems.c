/*
 * Everything that makes a form unusable, as sentences for the person who wrote it: where, what, why, and what to write
 * instead. Called once per form, after its tags were scanned and its settings read. All problems at once.
 *
 * The rules on senders are the reason this file exists. A mail that claims to come from the visitor's own domain fails that
 * domain's SPF, DKIM and DMARC, and a notice goes only to addresses that an operator configured; so the parts of
 * a template that decide about senders and recipients are looked at before any visitor can use them.
 */
#include "form_problems.h"

#include <string.h>

#include "formtag_types.h"
#include "mailtag_scan.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/wire/address.h"

/* One mail of the form while it is looked at. */
typedef struct {
	const Form *form;
	const MailTemplate *mail;
	const char *group;      /* "mail", "mail_2": group in form.ini and stem of the template files */
	char *from_domain;      /* of the site's configured sender; NULL if that is no mailbox */
	guint configured_count; /* recipients that no visitor types */
	GPtrArray *unusable;    /* sentences about parts of lists that are no mailbox (char *) */
	GPtrArray *problems;
} MailCheck;

static void add_problem(GPtrArray *problems, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
add_problem(GPtrArray *problems, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(problems, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* --- Form-tags ---------------------------------------------------------------------------------------------------------- */

static void
check_tag(const FormTag *tag, GPtrArray *problems)
{
	const FormTagType *type = formtag_types_find(tag->type, strlen(tag->type));
	g_autofree char *shown = g_strjoin(" ", tag->type, tag->raw_name, NULL);
	const char *list = (tag->features & TAG_SELECTABLE) != 0 ? formtag_option(tag, "data") : NULL;

	if (!(tag->features & TAG_HANDLED))
		add_problem(problems, "form.html line %u: [%s]: %s", tag->line, shown, type->unsupported);
	else if (list != NULL && *list != '\0')
		add_problem(problems,
		    "form.html line %u: [%s]: the values of \"data:%s\" come from another WordPress plugin, which sekisho cannot "
		    "ask; "
		    "write them out in the tag, each in quotes",
		    tag->line, shown, list);
}

static void
check_tags(const Form *form, GPtrArray *problems)
{
	for (guint i = 0; i < form->tags->len; i++)
		check_tag(form->tags->pdata[i], problems);
	if (form->tags->len >= LIMIT_FORM_TAGS)
		add_problem(problems, "form.html: has %u form-tags or more; a form may have at most %u", LIMIT_FORM_TAGS,
		    LIMIT_FORM_TAGS - 1);
}

/* --- Senders ---------------------------------------------------------------------------------------------------------------- */

/* `text` with the tags of site and form replaced; those of fields stay. The caller's. */
static char *
replace_site_tags(const Form *form, const char *text)
{
	MailTagContext context = {.form = form, .mode = MAILTAG_LINE};

	return mailtag_replace(text, &context);
}

/* The first thing `text` takes from a visitor, or NULL. The caller's. */
static char *
first_field(const Form *form, const char *text)
{
	g_autoptr(GPtrArray) fields = mailtag_fields(text, form);

	return fields->len > 0 ? g_ptr_array_steal_index(fields, 0) : NULL;
}

/* A template of a sender, `Name <address>` or `address`: its parts, the caller's. What follows ">" stays with the address. */
static void
split_sender(const char *sender, char **name, char **address)
{
	const char *bracket = strrchr(sender, '<');

	*name = bracket != NULL ? g_strndup(sender, (gsize)(bracket - sender)) : g_strdup("");
	*address = g_strdup(bracket != NULL ? bracket : sender);
}

/* `sender` stands at `where`. It must be a mailbox of the site's own domain whatever a visitor types; a field may stand in the name. */
static void
check_sender(const MailCheck *check, const char *where, const char *sender)
{
	const SiteFacts *site = check->form->site;
	g_autofree char *name = NULL, *address = NULL;

	split_sender(sender, &name, &address);
	g_autofree char *field = first_field(check->form, address);
	if (field != NULL) {
		add_problem(check->problems,
		    "%s: the sender's address takes [%s] from the visitor; mail in the name of a visitor's domain fails that "
		    "domain's SPF, "
		    "DKIM and DMARC, so receivers drop it or file it as spam; write \"sender = %s\" and the line \"Reply-To: "
		    "[%s]\" in the "
		    "headers instead",
		    where, field, site->from, field);
		return;
	}
	g_autofree char *plain_name = mailtag_scan_without(name, "");
	g_autofree char *plain_address = replace_site_tags(check->form, address);
	g_autofree char *plain = g_strconcat(plain_name, plain_address, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Mailbox) mailbox = mailbox_parse(plain, &error);
	if (mailbox == NULL) {
		add_problem(check->problems, "%s: is no mailbox (%s); write \"sender = %s\"", where, error->message, site->from);
		return;
	}
	g_autofree char *domain = address_domain(mailbox->address);
	if (check->from_domain != NULL && !g_str_equal(domain, check->from_domain))
		add_problem(check->problems,
		    "%s: the sender is in the domain %s, but this site sends as %s; for mail in another domain's name SPF, DKIM "
		    "and "
		    "DMARC fail, so receivers drop it or file it as spam; write \"sender = %s\"",
		    where, domain, check->from_domain, site->from);
}

/* --- Recipients --------------------------------------------------------------------------------------------------------------- */

/* Whether a choice of that name makes a mailbox of `part`, in which its mail-tag stands. */
static gboolean
is_any_choice_mailbox(const Form *form, const char *name, const char *part)
{
	g_autofree char *site_replaced = replace_site_tags(form, part);

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name == NULL || !(tag->features & TAG_SELECTABLE) || !g_str_equal(tag->name, name))
			continue;
		for (guint k = 0; k < tag->values->len; k++) {
			const FormTagValue *value = tag->values->pdata[k];
			g_autofree char *chosen = mailtag_scan_without(site_replaced, value->after);
			g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(chosen, NULL);

			if (mailboxes->len > 0)
				return TRUE;
		}
	}
	return FALSE;
}

/* Counts the parts of `list` in which a visitor chooses among what form.html offers (policy/replies.h). Several fields in one part are not tried
 * in all their combinations: such a part counts. */
static void
count_offered(MailCheck *check, const char *list)
{
	g_autoptr(GPtrArray) parts = mailbox_split_list(list);

	for (guint i = 0; i < parts->len; i++) {
		g_autoptr(GPtrArray) fields = mailtag_fields(parts->pdata[i], check->form);
		g_autoptr(GPtrArray) typed = mailtag_typed_fields(parts->pdata[i], check->form);

		if (fields->len == 0 || typed->len > 0)
			continue;
		if (fields->len > 1 || is_any_choice_mailbox(check->form, fields->pdata[0], parts->pdata[i]))
			check->configured_count++;
	}
}

/* Counts the mailboxes of `list` that are there whatever a visitor types. A part that is no mailbox is left out of each mail, as in WordPress
 * (contract 6.6, S12); lint.c tells the owner. */
static void
count_configured(MailCheck *check, const char *where, const char *list)
{
	g_autofree char *site_replaced = replace_site_tags(check->form, list);
	/* A control character marks what a field decides. */
	g_autofree char *without_fields = mailtag_scan_without(site_replaced, "\x01");
	g_autoptr(GPtrArray) parts = mailbox_split_list(without_fields);

	for (guint i = 0; i < parts->len; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Mailbox) mailbox = mailbox_parse(parts->pdata[i], &error);

		if (mailbox != NULL)
			check->configured_count++;
		else if (strchr(parts->pdata[i], '\x01') == NULL)
			add_problem(check->unusable,
			    "%s: part %u of the list cannot be mailed to (%s); write name@host.domain or Name "
			    "<name@host.domain>, separated by commas",
			    where, i + 1, error->message);
	}
	count_offered(check, list);
	if (parts->len > LIMIT_RECIPIENTS)
		add_problem(check->problems, "%s: has %u parts; a mail goes to at most %u", where, parts->len, LIMIT_RECIPIENTS);
}

/* --- Header lines ---------------------------------------------------------------------------------------------------------------- */

/* Headers that the composed mail has already, or that decide about its structure, sender or path (contract 6.6). One that ends in "-"
 * stands for all names that begin so. */
static const char *const structural_headers[] = {
    "To", "Subject", "Date", "Message-ID", "Sender", "Return-Path", "Content-", "Resent-", "Received", NULL};

/* Of these a template's line is taken for what it means (Content-Type), or counts for nothing, as in WordPress. */
static const char *const harmless_headers[] = {"Content-Type", "MIME-Version", NULL};

static gboolean
is_structural(const char *name)
{
	for (const char *const *harmless = harmless_headers; *harmless != NULL; harmless++)
		if (g_ascii_strcasecmp(name, *harmless) == 0)
			return FALSE;
	for (const char *const *structural = structural_headers; *structural != NULL; structural++) {
		gsize size = strlen(*structural);

		if (g_ascii_strncasecmp(name, *structural, size) == 0 && (name[size] == '\0' || (*structural)[size - 1] == '-'))
			return TRUE;
	}
	return FALSE;
}

/* RFC 5322 3.6.8. What a mail-tag in it becomes is seen when the mail is made (relay/letter_headers.c); any other "[" is a slip. */
static gboolean
is_header_name(const char *text)
{
	g_autofree char *plain = mailtag_scan_without(text, "x");
	const char *name = plain;

	const char *start = name;

	while (g_ascii_isgraph(*name) && strchr("[]:", *name) == NULL)
		name++;
	return name > start && *name == '\0';
}

/* One line `Name: value` of the template's headers; lines without a colon are no headers (contract 6.6). */
static void
check_header(MailCheck *check, const char *line, guint number)
{
	g_autofree char *name = NULL;
	g_autofree char *value = NULL;

	if (!text_split_header(line, &name, &value))
		return;
	g_autofree char *where = g_strdup_printf("%s-headers.txt line %u: %s", check->group, number, name);
	if (!is_header_name(name))
		add_problem(check->problems, "%s: is no name of a header; write letters, digits and hyphens", where);
	else if (is_structural(name))
		add_problem(check->problems,
		    "%s: this header is made by sekisho and may not stand in a template; take the line out (recipients, subject "
		    "and "
		    "HTML have their own settings)",
		    where);
	else if (g_ascii_strcasecmp(name, "From") == 0)
		check_sender(check, where, value);
	else if (g_ascii_strcasecmp(name, "Cc") == 0 || g_ascii_strcasecmp(name, "Bcc") == 0)
		count_configured(check, where, value);
}

static void
check_headers(MailCheck *check)
{
	g_autofree char *text = text_with_lf(check->mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint count = 0;

	for (guint i = 0; lines[i] != NULL; i++) {
		check_header(check, lines[i], i + 1);
		count += strchr(lines[i], ':') != NULL;
	}
	if (count > LIMIT_MAIL_HEADERS)
		add_problem(check->problems, "%s-headers.txt: has %u header lines; a mail may add at most %u", check->group,
		    count, LIMIT_MAIL_HEADERS);
}

/* --- Attachments -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
leads_out(const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, "/", -1);

	return *path == '/' || g_strv_contains((const char *const *)names, "..");
}

/* Lines that begin with "[" name uploads, the others files of the site (contract 6.8). */
static void
check_attachments(const MailCheck *check)
{
	g_autofree char *text = text_with_lf(check->mail->attachments);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *path = text_strip(*line);

		if (*path != '[' && leads_out(path))
			add_problem(check->problems,
			    "form.ini [%s] attachments: \"%s\" leads out of the site's attachments folder; copy the file into "
			    "that folder and write its path from there",
			    check->group, path);
	}
}

/* --- Mails --------------------------------------------------------------------------------------------------------------------------- */

static void
check_mail(MailCheck *check)
{
	g_autofree char *where = g_strdup_printf("form.ini [%s] sender", check->group);
	g_autofree char *recipient = g_strdup_printf("form.ini [%s] recipient", check->group);
	g_autofree char *sender = text_strip(check->mail->sender);

	if (*sender != '\0')
		check_sender(check, where, sender);
	count_configured(check, recipient, check->mail->recipient);
	check_headers(check);
	check_attachments(check);
}

static void
check_mails(const Form *form, GPtrArray *problems)
{
	static const char *const groups[] = {"mail", "mail_2"};
	g_autoptr(Mailbox) from = mailbox_parse(form->site->from, NULL);
	g_autofree char *from_domain = from != NULL ? address_domain(from->address) : NULL;

	if (from == NULL)
		add_problem(problems,
		    "form.ini: the site's own sender (from) is no mailbox, so no sender of this form can be compared with it");
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_autoptr(GPtrArray) unusable = g_ptr_array_new_with_free_func(g_free);
		MailCheck check = {.form = form,
		    .mail = &form->source->mail[i],
		    .group = groups[i],
		    .from_domain = from_domain,
		    .unusable = unusable,
		    .problems = problems};

		if (i > 0 && !check.mail->is_active)
			continue;
		check_mail(&check);
		if (i > 0 || check.configured_count > 0 || form->is_mail_skipped || form->is_demo)
			continue;
		if (unusable->len > 0)
			g_ptr_array_extend_and_steal(problems, g_steal_pointer(&unusable));
		else
			add_problem(problems,
			    "form.ini [mail] recipient: no address that you configured would get the notice: none goes to what a "
			    "visitor "
			    "types, and no choice of a field is an address; write an address of your own, for example "
			    "\"recipient = [_site_admin_email]\"");
	}
}

/* --- All ------------------------------------------------------------------------------------------------------------------------------ */

void
form_problems_find(const Form *form, GPtrArray *problems)
{
	check_tags(form, problems);
	if (form->is_for_subscribers)
		add_problem(problems, "form.ini [settings] subscribers_only: who is logged in is known to WordPress alone; leave "
				      "this form with Contact "
				      "Form 7, or take the setting out");
	check_mails(form, problems);
}
