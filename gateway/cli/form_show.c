/*
 * `sekisho form show`: a form at a glance. Which fields it has and what they take, which mails it makes and for whom, what protects it.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "form_parts.h"
#include "prose.h"
#include "sekisho/base/text.h"
#include "sekisho/form/rules.h"
#include "sekisho/form/sample.h"
#include "sekisho/policy/replies.h"
#include "sekisho/wire/json.h"
#include "show.h"

/* Width at which values of the report begin. */
#define VALUE_COLUMN 16u

/* What is shown. */
typedef struct {
	const Site *site;
	const Form *form;
	const GPtrArray *problems;
	const GPtrArray *gate; /* GateSetting * */
} Shown;

/* --- Rules in words --------------------------------------------------------------------------------------------------------------- */

/* The rule as part of a sentence. The caller's. */
static char *
rule_in_words(const Rule *rule)
{
	static const struct {
		RuleKind kind;
		const char *words;
	} plain[] = {{RULE_REQUIRED, "required"}, {RULE_REQUIREDFILE, "required"}, {RULE_EMAIL, "a mail address"},
	    {RULE_URL, "a web address"}, {RULE_TEL, "a telephone number"}, {RULE_NUMBER, "a number"}, {RULE_DATE, "a date"}};
	g_autofree char *list = rule->accept ? g_strjoinv(", ", rule->accept) : NULL;
	g_autofree char *size = g_format_size_full((guint64)MAX(rule->count, 0), G_FORMAT_SIZE_IEC_UNITS);
	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
		if (plain[i].kind == rule->kind)
			return g_strdup(plain[i].words);
	switch (rule->kind) {
	case RULE_MINLENGTH:
		return g_strdup_printf("at least %" G_GINT64_FORMAT " characters", rule->count);
	case RULE_MAXLENGTH:
		return g_strdup_printf("at most %" G_GINT64_FORMAT " characters", rule->count);
	case RULE_MAXITEMS:
		return g_strdup_printf("at most %" G_GINT64_FORMAT " choice%s", rule->count, rule->count == 1 ? "" : "s");
	case RULE_MINNUMBER:
	case RULE_MINDATE:
		return g_strdup_printf("from %s", rule->threshold);
	case RULE_MAXNUMBER:
	case RULE_MAXDATE:
		return g_strdup_printf("up to %s", rule->threshold);
	case RULE_ENUM:
		return g_strdup_printf("of: %s", list);
	case RULE_FILE:
		return g_strdup_printf("files of type %s", list);
	case RULE_MAXFILESIZE:
		return g_strdup_printf("at most %s", size);
	default:
		return g_strdup(rule_kind_name(rule->kind)); /* no tag makes it */
	}
}

/* What the tag's type itself asks, beside the rules of the schema. */
static const char *
tag_in_words(const FormTag *tag)
{
	if (strcmp(tag->basetype, "quiz") == 0)
		return "the right answer";
	if (strcmp(tag->basetype, "acceptance") == 0)
		return formtag_has_option(tag, "optional") ? "may stay unticked"
		       : formtag_has_option(tag, "invert") ? "must not be ticked"
							   : "must be ticked";
	return NULL;
}

static char *
rules_in_words(const Form *form, const FormTag *tag)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	if (tag_in_words(tag))
		g_ptr_array_add(words, g_strdup(tag_in_words(tag)));
	for (guint i = 0; i < form->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(form->rules, i);
		if (strcmp(rule->field, tag->name) == 0)
			g_ptr_array_add(words, rule_in_words(rule));
	}
	g_ptr_array_add(words, NULL);
	return g_strjoinv("; ", (char **)words->pdata);
}

/* --- Text ----------------------------------------------------------------------------------------------------------------------------- */

static void
print_value(Command *command, const char *name, const char *value)
{
	g_autofree char *lead = g_strdup_printf("%-*s", (int)VALUE_COLUMN - 2, name);
	prose_add(command->console->output, VALUE_COLUMN, lead, value[0] != '\0' ? value : "-");
}

/* Fields that are posted; each name once. */
static gboolean
is_field(const Form *form, const FormTag *tag)
{
	return tag->name && !(tag->features & TAG_ZERO_CONTROLS) && form_tag(form, tag->name) == tag;
}

static void
print_fields(Command *command, const Form *form)
{
	show_heading(command, "Fields");
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(form->tags, i);
		if (!is_field(form, tag))
			continue;
		g_autofree char *label = form_field_label(form, tag->name);
		g_autofree char *rules = rules_in_words(form, tag);
		g_autofree char *line =
		    g_strdup_printf("%s %s%s%s", tag->raw_name, tag->basetype, label ? ", " : "", label ? label : "");
		prose_add(command->console->output, 2, "", line);
		if (rules[0] != '\0')
			prose_add(command->console->output, 6, "", rules);
	}
}

static void
print_recipients(Command *command, const Form *form, MailKind kind)
{
	g_autoptr(Submission) sample = sample_submission(form, NULL, SAMPLE_FULL, NULL);
	g_autoptr(GPtrArray) planned = sample ? replies_plan(form, sample) : g_ptr_array_new();
	guint mailed = 0;
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = g_ptr_array_index(planned, i);
		if (recipient->kind != kind && (kind != MAIL_NOTICE || recipient->kind != MAIL_COPY))
			continue;
		g_autofree char *fate = form_recipient_fate(form, recipient);
		g_autofree char *line = recipient->refusal || recipient->is_typed
					    ? g_strdup_printf("%s: %s", recipient->address, fate)
					    : g_strdup(recipient->address);
		print_value(command, recipient->header, line);
		mailed += recipient->refusal == NULL;
	}
	if (mailed == 0)
		print_value(command, "mailed", "to nobody");
}

static void
print_mail(Command *command, const Form *form, guint index)
{
	const MailTemplate *mail = &form->source->mail[index];
	g_auto(GStrv) headers = g_strsplit(mail->additional_headers, "\n", -1);
	show_heading(command, index == 0 ? "Mail to the owner (mail)" : "Second mail, usually to the visitor (mail_2)");
	if (index == 1 && !mail->is_active) {
		g_string_append(command->console->output, "  not active\n");
		return;
	}
	print_value(command, "subject", mail->subject);
	print_value(command, "sender", mail->sender[0] != '\0' ? mail->sender : form->site->from);
	print_value(command, "recipient", mail->recipient);
	for (guint i = 0; headers[i]; i++)
		if (headers[i][0] != '\0')
			print_value(command, i == 0 ? "headers" : "", headers[i]);
	if (mail->attachments[0] != '\0')
		print_value(command, "attachments", mail->attachments);
	print_value(command, "text", mail->is_html ? "HTML" : "plain text");
	if (mail->is_exclude_blank)
		print_value(command, "blank lines", "lines whose mail-tags are all empty are left out");
	/* A sample visitor stands for all. */
	print_recipients(command, form, index == 0 ? MAIL_NOTICE : MAIL_REPLY);
}

static const char *
reply_words(ReplyPolicy policy)
{
	switch (policy) {
	case REPLY_CONFIRM:
		return "confirm: who typed an address that has not proved itself is asked first, by a mail to it";
	case REPLY_PROVED:
		return "proved: of the addresses that visitors type only those that proved themselves are mailed";
	default:
		return "never: no address that a visitor types is mailed";
	}
}

/* One line for each switch that is on. */
static void
print_settings(Command *command, const Form *form)
{
	const struct {
		gboolean is_on;
		const char *words;
	} switches[] = {{form->is_demo, "demo_mode: nothing is mailed"}, {form->is_mail_skipped, "skip_mail: nothing is mailed"},
	    {form->is_acceptance_validated, "acceptance_as_validation: an unticked box is an error at its field"},
	    {form->is_stored_briefly, "do_not_store: content is erased once its mails are settled"}};
	show_heading(command, "Settings");
	print_value(command, "reply", reply_words(form->source->reply));
	guint count = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(switches); i++)
		if (switches[i].is_on) {
			prose_add(command->console->output, 2, "", switches[i].words);
			count++;
		}
	g_autoptr(GPtrArray) unknown = form_unknown_settings(form);
	for (guint i = 0; i < unknown->len; i++) {
		g_autofree char *line = g_strdup_printf("%s: does nothing here", (const char *)g_ptr_array_index(unknown, i));
		prose_add(command->console->output, 2, "", line);
	}
	g_autofree char *messages = g_strdup_printf("%u messages of its own", g_hash_table_size(form->source->messages));
	prose_add(command->console->output, 2, "", messages);
}

static gboolean
has_type(const Form *form, const char *basetype)
{
	for (guint i = 0; i < form->tags->len; i++)
		if (strcmp(((const FormTag *)g_ptr_array_index(form->tags, i))->basetype, basetype) == 0)
			return TRUE;
	return FALSE;
}

static void
print_protections(Command *command, const Shown *shown)
{
	GString *output = command->console->output;
	show_heading(command, "Protections");
	prose_add(output, 2, "",
	    "An address that a visitor typed gets at most a request to confirm it until it has proved itself, and no visitor's "
	    "text "
	    "makes a header.");
	prose_add(output, 2, "",
	    shown->site->disallowed_words ? "Disallowed words: the site's list."
					  : "Disallowed words: none ([spam] disallowed_words_file).");
	if (has_type(shown->form, "quiz"))
		prose_add(output, 2, "", "A quiz.");
	if (has_type(shown->form, "acceptance"))
		prose_add(output, 2, "", "A box of consent.");
	prose_add(output, 2, "",
	    shown->form->site->is_facts_on ? "Notices end with the client's address, the page and the receipt."
					   : "Notices do not tell the client's address (notice.facts is off).");
}

static void
print_text(Command *command, const Shown *shown)
{
	const FormSource *source = shown->form->source;
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, source->id);
	g_autofree char *folder = site_form_folder(shown->site, source->id);
	print_value(command, "form", id);
	print_value(command, "title", source->title);
	print_value(command, "folder", folder);
	print_value(command, "language", source->locale);
	if (shown->problems->len > 0)
		show_heading(command, "Cannot be used");
	for (guint i = 0; i < shown->problems->len; i++)
		prose_add(command->console->output, 4, "- ", g_ptr_array_index(shown->problems, i));
	print_fields(command, shown->form);
	print_mail(command, shown->form, 0);
	print_mail(command, shown->form, 1);
	print_settings(command, shown->form);
	print_protections(command, shown);
	form_print_gate(command, shown->gate);
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------------------- */

static GVariant *
fields_json(const Form *form)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(form->tags, i);
		if (!is_field(form, tag))
			continue;
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		g_autofree char *label = form_field_label(form, tag->name);
		g_autofree char *rules = rules_in_words(form, tag);
		g_variant_builder_add(object, "{sv}", "name", g_variant_new_string(tag->raw_name));
		g_variant_builder_add(object, "{sv}", "type", g_variant_new_string(tag->basetype));
		g_variant_builder_add(object, "{sv}", "label",
		    g_variant_new_maybe(G_VARIANT_TYPE_STRING, label ? g_variant_new_string(label) : NULL));
		g_variant_builder_add(object, "{sv}", "rules", g_variant_new_string(rules));
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

static GVariant *
mail_json(const MailTemplate *mail)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	const struct {
		const char *key;
		const char *text;
	} texts[] = {{"subject", mail->subject}, {"sender", mail->sender}, {"recipient", mail->recipient}, {"body", mail->body},
	    {"headers", mail->additional_headers}, {"attachments", mail->attachments}};
	g_variant_builder_add(object, "{sv}", "is_active", g_variant_new_boolean(mail->is_active));
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_variant_builder_add(object, "{sv}", texts[i].key, g_variant_new_string(texts[i].text));
	g_variant_builder_add(object, "{sv}", "is_html", g_variant_new_boolean(mail->is_html));
	g_variant_builder_add(object, "{sv}", "is_exclude_blank", g_variant_new_boolean(mail->is_exclude_blank));
	return g_variant_builder_end(object);
}

static void
print_json(Command *command, const Shown *shown)
{
	const FormSource *source = shown->form->source;
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autofree char *folder = site_form_folder(shown->site, source->id);
	g_variant_builder_add(object, "{sv}", "id", g_variant_new_uint64(source->id));
	g_variant_builder_add(object, "{sv}", "title", g_variant_new_string(source->title));
	g_variant_builder_add(object, "{sv}", "folder", g_variant_new_string(folder));
	g_variant_builder_add(object, "{sv}", "locale", g_variant_new_string(source->locale));
	g_variant_builder_add(object, "{sv}", "reply", g_variant_new_string(reply_policy_name(source->reply)));
	g_variant_builder_add(object, "{sv}", "problems",
	    g_variant_new_strv((const char *const *)shown->problems->pdata, (gssize)shown->problems->len));
	g_variant_builder_add(object, "{sv}", "fields", fields_json(shown->form));
	g_variant_builder_add(object, "{sv}", "mail", mail_json(&source->mail[0]));
	g_variant_builder_add(object, "{sv}", "mail_2", mail_json(&source->mail[1]));
	g_variant_builder_add(object, "{sv}", "settings", g_variant_new_string(source->additional_settings));
	g_variant_builder_add(object, "{sv}", "gate", form_gate_json(shown->gate));
	g_autofree char *text = json_from_variant(g_variant_builder_end(object), 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}

int
form_show(Command *command, const char *site_name, const char *form_name, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	if (!command_open_config(command, error))
		return EX_CONFIG;
	g_autoptr(Site) site = config_site(command->config, site_name, error);
	g_autoptr(Form) form = site ? form_find(site, form_name, problems, error) : NULL;
	g_autoptr(GPtrArray) gate = form ? site_gate_settings(site, form->source->id, error) : NULL;
	if (!gate)
		return EX_NOINPUT;
	Shown shown = {.site = site, .form = form, .problems = problems, .gate = gate};
	if (command->is_json)
		print_json(command, &shown);
	else
		print_text(command, &shown);
	return EX_OK;
}
