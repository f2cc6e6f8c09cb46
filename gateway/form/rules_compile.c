/*
 * The rules that a form's tags make, in the order in which Contact Form 7's modules make them (contract 5.3, 5.4): first each module's rules,
 * grouped by module and inside it by place in the form, then the lists of offered values. Runs once per form. What depends on the day, the
 * threshold of a date, stays an expression here.
 */
#include <string.h>

#include "rules_parts.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/wire/html.h"

/* Lengths that hold where a tag sets none (contract 5.3). */
#define MAXLENGTH_LINE 400
#define MAXLENGTH_TEXTAREA 2000

/* Appends the rule `kind` for the tag's field; the caller fills in what else it has. */
static Rule *
add_rule(GPtrArray *rules, RuleKind kind, const char *field, const char *text_id)
{
	Rule *rule = g_new0(Rule, 1);

	rule->kind = kind;
	rule->field = g_strdup(field);
	rule->text_id = text_id;
	g_ptr_array_add(rules, rule);
	return rule;
}

static void
add_count(GPtrArray *rules, RuleKind kind, const char *field, const char *text_id, gint64 count)
{
	add_rule(rules, kind, field, text_id)->count = count;
}

static void
add_threshold(GPtrArray *rules, RuleKind kind, const char *field, const char *text_id, const char *threshold)
{
	if (threshold != NULL)
		add_rule(rules, kind, field, text_id)->threshold = g_strdup(threshold);
}

static void
add_required(GPtrArray *rules, const FormTag *tag)
{
	if (formtag_is_required(tag))
		add_rule(rules, RULE_REQUIRED, tag->name, "invalid_required");
}

/* Value of the first `name:value` that is right, or NULL: a wrong one before it does not count (contract 4.6). Borrowed. */
static const char *
first_right_option(const FormTag *tag, const char *name, gboolean (*is_right)(const char *value))
{
	gsize size = strlen(name);

	for (char **option = tag->options; *option != NULL; option++) {
		if (g_ascii_strncasecmp(*option, name, size) == 0 && (*option)[size] == ':' && is_right(*option + size + 1))
			return *option + size + 1;
	}
	return NULL;
}

/* --- What each module adds ---------------------------------------------------------------------------------------------------------------- */

static void
add_box_rules(GPtrArray *rules, const FormTag *tag)
{
	add_required(rules, tag);
	if (g_str_equal(tag->basetype, "radio") || formtag_has_option(tag, "exclusive"))
		add_count(rules, RULE_MAXITEMS, tag->name, "fixed.maxitems", 1);
}

static gboolean
is_not_blank(const char *value)
{
	return *value != '\0';
}

static void
add_date_rules(GPtrArray *rules, const FormTag *tag)
{
	add_required(rules, tag);
	add_rule(rules, RULE_DATE, tag->name, "invalid_date");
	add_threshold(rules, RULE_MINDATE, tag->name, "date_too_early", first_right_option(tag, "min", is_not_blank));
	add_threshold(rules, RULE_MAXDATE, tag->name, "date_too_late", first_right_option(tag, "max", is_not_blank));
}

static void
add_file_rules(GPtrArray *rules, const FormTag *tag)
{
	if (formtag_is_required(tag))
		add_rule(rules, RULE_REQUIREDFILE, tag->name, "invalid_required");
	add_rule(rules, RULE_FILE, tag->name, "upload_file_type_invalid")->accept = filetypes_accepted(tag);
	add_count(rules, RULE_MAXFILESIZE, tag->name, "upload_file_too_large", (gint64)filetypes_limit_bytes(tag));
}

/* A signed decimal as an option has it (contract 4.6): other than what is posted it may have a "+", but no exponent. */
static gboolean
is_decimal(const char *value)
{
	return rules_is_number(value + (*value == '+' && value[1] != '-' ? 1 : 0)) && strpbrk(value, "eE") == NULL;
}

static void
add_number_rules(GPtrArray *rules, const FormTag *tag)
{
	const char *min = first_right_option(tag, "min", is_decimal), *max = first_right_option(tag, "max", is_decimal);
	gboolean is_range = g_str_equal(tag->basetype, "range");

	add_required(rules, tag);
	add_rule(rules, RULE_NUMBER, tag->name, "invalid_number");
	add_threshold(rules, RULE_MINNUMBER, tag->name, "number_too_small", min == NULL && is_range ? "0" : min);
	add_threshold(rules, RULE_MAXNUMBER, tag->name, "number_too_large", max == NULL && is_range ? "100" : max);
}

static void
add_text_rules(GPtrArray *rules, const FormTag *tag)
{
	gint64 minlength = formtag_minlength(tag), maxlength = formtag_maxlength(tag);
	gint64 implicit = g_str_equal(tag->basetype, "textarea") ? MAXLENGTH_TEXTAREA : MAXLENGTH_LINE;

	add_required(rules, tag);
	if (g_str_equal(tag->basetype, "email"))
		add_rule(rules, RULE_EMAIL, tag->name, "invalid_email");
	if (g_str_equal(tag->basetype, "url"))
		add_rule(rules, RULE_URL, tag->name, "invalid_url");
	if (g_str_equal(tag->basetype, "tel"))
		add_rule(rules, RULE_TEL, tag->name, "invalid_tel");
	if (minlength > 0)
		add_count(rules, RULE_MINLENGTH, tag->name, "invalid_too_short", minlength);
	add_count(rules, RULE_MAXLENGTH, tag->name, "invalid_too_long", maxlength > 0 ? maxlength : implicit);
}

static const char *const box_types[] = {"checkbox", "radio", NULL};
static const char *const date_types[] = {"date", NULL};
static const char *const file_types[] = {"file", NULL};
static const char *const number_types[] = {"number", "range", NULL};
static const char *const select_types[] = {"select", NULL};
static const char *const line_types[] = {"text", "email", "url", "tel", NULL};
static const char *const textarea_types[] = {"textarea", NULL};

static const struct {
	const char *const *basetypes;
	void (*add)(GPtrArray *rules, const FormTag *tag);
} modules[] = {
    {box_types, add_box_rules},
    {date_types, add_date_rules},
    {file_types, add_file_rules},
    {number_types, add_number_rules},
    {select_types, add_required},
    {line_types, add_text_rules},
    {textarea_types, add_text_rules},
};

/* --- Offered values --------------------------------------------------------------------------------------------------------------------- */

/* The values that one field offers, of all its tags of a module. */
typedef struct {
	GPtrArray *values; /* char *, NULL-terminated */
	GHashTable *known; /* of those, borrowed */
	gboolean is_open;  /* free_text: anything goes */
} Offer;

static void
offer_free(gpointer data)
{
	Offer *offer = data;

	g_hash_table_unref(offer->known);
	g_ptr_array_unref(offer->values);
	g_free(offer);
}

static Offer *
find_offer(GHashTable *offers, GPtrArray *names, const char *name)
{
	Offer *offer = g_hash_table_lookup(offers, name);

	if (offer != NULL)
		return offer;
	offer = g_new0(Offer, 1);
	offer->values = g_ptr_array_new_null_terminated(4, g_free, TRUE);
	offer->known = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(offers, (char *)name, offer);
	g_ptr_array_add(names, (char *)name);
	return offer;
}

static void
offer_values(Offer *offer, const FormTag *tag)
{
	/* The first of a select may be its label, posted as nothing. */
	guint first = g_str_equal(tag->basetype, "select") && formtag_has_option(tag, "first_as_label") ? 1 : 0;

	for (guint i = first; i < tag->values->len; i++) {
		g_autofree char *value = html_decode(((const FormTagValue *)tag->values->pdata[i])->before);

		if (*value == '\0' || g_hash_table_contains(offer->known, value))
			continue;
		g_hash_table_add(offer->known, value);
		g_ptr_array_add(offer->values, g_steal_pointer(&value));
	}
	offer->is_open |= formtag_has_option(tag, "free_text") && !g_str_equal(tag->basetype, "select");
}

/* One rule for each name, however many tags of these types share it. */
static void
add_enum_rules(GPtrArray *rules, const GPtrArray *tags, const char *const *basetypes)
{
	g_autoptr(GHashTable) offers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, offer_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < tags->len; i++) {
		const FormTag *tag = tags->pdata[i];

		if (g_strv_contains(basetypes, tag->basetype))
			offer_values(find_offer(offers, names, tag->name), tag);
	}
	for (guint i = 0; i < names->len; i++) {
		const Offer *offer = g_hash_table_lookup(offers, names->pdata[i]);

		if (!offer->is_open)
			add_rule(rules, RULE_ENUM, names->pdata[i], "fixed.enum")->accept =
			    g_strdupv((char **)offer->values->pdata);
	}
}

GPtrArray *
rules_compile(const GPtrArray *tags)
{
	GPtrArray *rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);

	for (guint module = 0; module < G_N_ELEMENTS(modules); module++) {
		for (guint i = 0; i < tags->len; i++) {
			const FormTag *tag = tags->pdata[i];

			if (g_strv_contains(modules[module].basetypes, tag->basetype))
				modules[module].add(rules, tag);
		}
	}
	add_enum_rules(rules, tags, box_types);
	add_enum_rules(rules, tags, select_types);
	return rules;
}

void
rule_free(Rule *rule)
{
	if (rule == NULL)
		return;
	g_free(rule->field);
	g_free(rule->error);
	g_free(rule->threshold);
	g_strfreev(rule->accept);
	g_clear_pointer(&rule->rules, g_ptr_array_unref);
	g_free(rule);
}
