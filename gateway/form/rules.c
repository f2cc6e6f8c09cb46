/*
 * Validation (contract 5.1-5.3, 3.5, 3.6). rules_compile runs once per form; the list is then read by rules_schema, which shows it
 * to the page's script, and by rules_check, which alone decides. Rules look at what was posted, not at the shaped fields.
 */
#include "sekisho/form/rules.h"

#include <string.h>

#include "acceptance.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/wire/address.h"

/* Lengths that hold where a tag sets none (contract 5.3). */
#define MAXLENGTH_LINE 400
#define MAXLENGTH_TEXTAREA 2000

static const struct {
	const char *name; /* in the schema */
	const char *message_key;
	gboolean has_threshold;
} kinds[] = {
    [RULE_REQUIRED] = {"required", "invalid_required", FALSE},
    [RULE_EMAIL] = {"email", "invalid_email", FALSE},
    [RULE_URL] = {"url", "invalid_url", FALSE},
    [RULE_TEL] = {"tel", "invalid_tel", FALSE},
    [RULE_MINLENGTH] = {"minlength", "invalid_too_short", TRUE},
    [RULE_MAXLENGTH] = {"maxlength", "invalid_too_long", TRUE},
};

/* --- Compiling ------------------------------------------------------------------------------------------------------ */

static void
add_rule(GPtrArray *rules, RuleKind kind, const FormTag *tag, gint64 threshold)
{
	Rule *rule = g_new(Rule, 1);

	*rule = (Rule){
	    .kind = kind,
	    .field = g_strdup(tag->name),
	    .threshold = threshold,
	    .message_key = kinds[kind].message_key,
	};
	g_ptr_array_add(rules, rule);
}

static void
add_rules_of_tag(GPtrArray *rules, const FormTag *tag)
{
	gint64 minlength = formtag_minlength(tag), maxlength = formtag_maxlength(tag);
	gint64 implicit = g_str_equal(tag->basetype, "textarea") ? MAXLENGTH_TEXTAREA : MAXLENGTH_LINE;

	if (formtag_is_required(tag))
		add_rule(rules, RULE_REQUIRED, tag, 0);
	if (g_str_equal(tag->basetype, "email"))
		add_rule(rules, RULE_EMAIL, tag, 0);
	if (g_str_equal(tag->basetype, "url"))
		add_rule(rules, RULE_URL, tag, 0);
	if (g_str_equal(tag->basetype, "tel"))
		add_rule(rules, RULE_TEL, tag, 0);
	if (minlength > 0)
		add_rule(rules, RULE_MINLENGTH, tag, minlength);
	add_rule(rules, RULE_MAXLENGTH, tag, maxlength > 0 ? maxlength : implicit);
}

GPtrArray *
rules_compile(const GPtrArray *tags)
{
	/* Rules stand grouped by Contact Form 7's modules, inside a group by place in the form (contract 5.3). */
	static const char *const line_types[] = {"text", "email", "url", "tel", NULL};
	static const char *const textarea_types[] = {"textarea", NULL};
	static const char *const *const groups[] = {line_types, textarea_types};
	GPtrArray *rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);

	for (guint group = 0; group < G_N_ELEMENTS(groups); group++) {
		for (guint i = 0; i < tags->len; i++) {
			const FormTag *tag = tags->pdata[i];

			if (g_strv_contains(groups[group], tag->basetype))
				add_rules_of_tag(rules, tag);
		}
	}
	return rules;
}

void
rule_free(Rule *rule)
{
	if (rule == NULL)
		return;
	g_free(rule->field);
	g_free(rule);
}

/* --- The schema ------------------------------------------------------------------------------------------------------- */

static GVariant *
schema_rule(const Form *form, const Rule *rule)
{
	g_autofree char *message = mailtag_message(form, NULL, rule->message_key, 0);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&builder, "{sv}", "rule", g_variant_new_string(kinds[rule->kind].name));
	g_variant_builder_add(&builder, "{sv}", "field", g_variant_new_string(rule->field));
	if (kinds[rule->kind].has_threshold)
		g_variant_builder_add(&builder, "{sv}", "threshold", g_variant_new_int64(rule->threshold));
	g_variant_builder_add(&builder, "{sv}", "error", g_variant_new_string(message));
	return g_variant_builder_end(&builder);
}

GVariant *
rules_schema(const Form *form)
{
	GVariantBuilder document, rules;

	g_variant_builder_init(&rules, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < form->rules->len; i++)
		g_variant_builder_add_value(&rules, schema_rule(form, form->rules->pdata[i]));
	g_variant_builder_init(&document, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&document, "{sv}", "version", g_variant_new_string("Contact Form 7 SWV Schema 2024-10"));
	g_variant_builder_add(&document, "{sv}", "locale", g_variant_new_string(form->source->locale));
	g_variant_builder_add(&document, "{sv}", "rules", g_variant_builder_end(&rules));
	return g_variant_builder_end(&document);
}

/* --- Checking --------------------------------------------------------------------------------------------------------- */

/* V of contract 5.2: all texts posted under that name, the empty ones left out (const char *, borrowed). The caller's. */
static GPtrArray *
posted_texts(const Submission *submission, const char *field)
{
	GPtrArray *texts = posted_value_flatten(posted_get(submission->posted, field));

	for (guint i = texts->len; i > 0; i--) {
		const char *text = texts->pdata[i - 1];

		if (*text == '\0')
			g_ptr_array_remove_index(texts, i - 1);
	}
	return texts;
}

static gboolean
all_pass(const GPtrArray *texts, gboolean (*is_right)(const char *text))
{
	for (guint i = 0; i < texts->len; i++) {
		if (!is_right(texts->pdata[i]))
			return FALSE;
	}
	return TRUE;
}

static gint64
total_units(const GPtrArray *texts)
{
	gint64 units = 0;

	for (guint i = 0; i < texts->len; i++)
		units += (gint64)text_utf16_units(texts->pdata[i]);
	return units;
}

static gboolean
rule_passes(const Rule *rule, const GPtrArray *texts)
{
	if (texts->len == 0)
		return rule->kind != RULE_REQUIRED;
	switch (rule->kind) {
	case RULE_REQUIRED:
		return TRUE;
	case RULE_EMAIL:
		return all_pass(texts, address_is_email);
	case RULE_URL:
		return all_pass(texts, rules_is_url);
	case RULE_TEL:
		return all_pass(texts, rules_is_tel);
	case RULE_MINLENGTH:
		return total_units(texts) >= rule->threshold;
	case RULE_MAXLENGTH:
		return total_units(texts) <= rule->threshold;
	default:
		g_assert_not_reached();
	}
}

void
invalid_field_free(InvalidField *invalid)
{
	if (invalid == NULL)
		return;
	g_free(invalid->field);
	g_free(invalid->message);
	g_free(invalid);
}

static gboolean
is_reported(const GPtrArray *invalid, const char *field)
{
	for (guint i = 0; i < invalid->len; i++) {
		if (g_str_equal(((InvalidField *)invalid->pdata[i])->field, field))
			return TRUE;
	}
	return FALSE;
}

static void
report(GPtrArray *invalid, const Form *form, const Submission *submission, const char *field, const char *message_key)
{
	InvalidField *entry = g_new0(InvalidField, 1);

	entry->field = g_strdup(field);
	entry->message = mailtag_message(form, submission, message_key, 0);
	entry->idref = formtag_id(form_tag(form, field));
	g_ptr_array_add(invalid, entry);
}

static gboolean
is_acceptance(const FormTag *tag)
{
	return g_str_equal(tag->basetype, "acceptance");
}

GPtrArray *
rules_check(const Form *form, const Submission *submission)
{
	GPtrArray *invalid = g_ptr_array_new_with_free_func((GDestroyNotify)invalid_field_free);

	for (guint i = 0; i < form->rules->len; i++) {
		const Rule *rule = form->rules->pdata[i];

		if (is_reported(invalid, rule->field))
			continue;
		g_autoptr(GPtrArray) texts = posted_texts(submission, rule->field);
		if (!rule_passes(rule, texts))
			report(invalid, form, submission, rule->field, rule->message_key);
	}
	for (guint i = 0; i < form->tags->len && form->is_acceptance_validated; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (is_acceptance(tag) && !acceptance_is_satisfied(tag, submission) && !is_reported(invalid, tag->name))
			report(invalid, form, submission, tag->name, "accept_terms");
	}
	return invalid;
}

gboolean
rules_is_accepted(const Form *form, const Submission *submission)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (is_acceptance(tag) && !acceptance_is_satisfied(tag, submission))
			return FALSE;
	}
	return TRUE;
}
