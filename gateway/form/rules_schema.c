/*
 * Rules as the schema document has them (contract 5.1), and back. In it thresholds of numbers and dates are texts, all others numbers, as Contact
 * Form 7 6.1 writes them; version 6.2 writes every threshold as a text, so both are read.
 */
#include <math.h>
#include <string.h>

#include "rules_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/dates.h"

/* What a rule has beside field and error. */
typedef enum { SHAPE_PLAIN, SHAPE_COUNT, SHAPE_NUMBER, SHAPE_DATE, SHAPE_STEP, SHAPE_ACCEPT, SHAPE_CHILDREN } RuleShape;

static RuleShape
shape_of(RuleKind kind)
{
	switch (kind) {
	case RULE_MINITEMS:
	case RULE_MAXITEMS:
	case RULE_MINLENGTH:
	case RULE_MAXLENGTH:
	case RULE_MINFILESIZE:
	case RULE_MAXFILESIZE:
		return SHAPE_COUNT;
	case RULE_MINNUMBER:
	case RULE_MAXNUMBER:
		return SHAPE_NUMBER;
	case RULE_MINDATE:
	case RULE_MAXDATE:
		return SHAPE_DATE;
	case RULE_STEPNUMBER:
		return SHAPE_STEP;
	case RULE_ENUM:
	case RULE_FILE:
	case RULE_DAYOFWEEK:
		return SHAPE_ACCEPT;
	case RULE_ALL:
	case RULE_ANY:
		return SHAPE_CHILDREN;
	default:
		return SHAPE_PLAIN;
	}
}

/* --- Writing -------------------------------------------------------------------------------------------------------------------------------- */

static void
add_text(GVariantBuilder *builder, const char *key, const char *text)
{
	g_variant_builder_add(builder, "{sv}", key, g_variant_new_string(text));
}

/* The days of a dayofweek are numbers, other accepted values texts. */
static GVariant *
accept_variant(const Rule *rule)
{
	GVariantBuilder days;

	if (rule->kind != RULE_DAYOFWEEK)
		return g_variant_new_strv((const char *const *)rule->accept, -1);
	g_variant_builder_init(&days, G_VARIANT_TYPE("ax"));
	for (char **day = rule->accept; *day != NULL; day++)
		g_variant_builder_add(&days, "x", (gint64)(**day - '0'));
	return g_variant_builder_end(&days);
}

/* NOLINTBEGIN(misc-no-recursion): LIMIT_RULE_DEPTH bounds the nesting. */

static GVariant *
children_variant(const Form *form, const Rule *rule)
{
	GVariantBuilder children;

	g_variant_builder_init(&children, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < rule->rules->len; i++) {
		GVariant *child = rule_to_variant(form, rule->rules->pdata[i]);

		if (child != NULL)
			g_variant_builder_add_value(&children, child);
	}
	return g_variant_builder_end(&children);
}

/* What stands between field and error. `day` is the threshold of a date rule. */
static void
add_properties(GVariantBuilder *builder, const Form *form, const Rule *rule, const char *day)
{
	switch (shape_of(rule->kind)) {
	case SHAPE_COUNT:
		g_variant_builder_add(builder, "{sv}", "threshold", g_variant_new_int64(rule->count));
		break;
	case SHAPE_NUMBER:
		add_text(builder, "threshold", rule->threshold);
		break;
	case SHAPE_DATE:
		add_text(builder, "threshold", day);
		break;
	case SHAPE_STEP:
		g_variant_builder_add(builder, "{sv}", "base", g_variant_new_double(rule->base));
		g_variant_builder_add(builder, "{sv}", "interval", g_variant_new_double(rule->interval));
		break;
	case SHAPE_ACCEPT:
		g_variant_builder_add(builder, "{sv}", "accept", accept_variant(rule));
		break;
	case SHAPE_CHILDREN:
		g_variant_builder_add(builder, "{sv}", "rules", children_variant(form, rule));
		break;
	case SHAPE_PLAIN:
		break;
	}
}

GVariant *
rule_to_variant(const Form *form, const Rule *rule)
{
	g_autofree char *message = rule_message(rule, form, NULL);
	g_autofree char *day = NULL;
	GVariantBuilder builder;

	if (shape_of(rule->kind) == SHAPE_DATE) {
		day = dates_resolve(rule->threshold, clock_now_us(), form->site->timezone);
		if (day == NULL)
			return NULL;
	}
	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	add_text(&builder, "rule", rule_kind_name(rule->kind));
	if (*rule->field != '\0')
		add_text(&builder, "field", rule->field);
	add_properties(&builder, form, rule, day);
	if (shape_of(rule->kind) != SHAPE_CHILDREN || *message != '\0')
		add_text(&builder, "error", message);
	return g_variant_builder_end(&builder);
}

/* NOLINTEND(misc-no-recursion) */

GVariant *
rules_schema(const Form *form)
{
	GVariantBuilder document, rules;

	g_variant_builder_init(&rules, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < form->rules->len; i++) {
		GVariant *rule = rule_to_variant(form, form->rules->pdata[i]);

		if (rule != NULL)
			g_variant_builder_add_value(&rules, rule);
	}
	g_variant_builder_init(&document, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&document, "{sv}", "version", g_variant_new_string("Contact Form 7 SWV Schema 2024-10"));
	g_variant_builder_add(&document, "{sv}", "locale", g_variant_new_string(form->source->locale));
	g_variant_builder_add(&document, "{sv}", "rules", g_variant_builder_end(&rules));
	return g_variant_builder_end(&document);
}

/* --- Reading -------------------------------------------------------------------------------------------------------------------------------- */

static Rule *read_rule(GVariant *variant, guint depth, GError **error);

/* `variant` as text, if it is one or a number. The caller's, or NULL. */
static char *
scalar_text(GVariant *variant)
{
	if (g_variant_is_of_type(variant, G_VARIANT_TYPE_STRING))
		return g_variant_dup_string(variant, NULL);
	if (g_variant_is_of_type(variant, G_VARIANT_TYPE_INT64))
		return g_strdup_printf("%" G_GINT64_FORMAT, g_variant_get_int64(variant));
	if (g_variant_is_of_type(variant, G_VARIANT_TYPE_DOUBLE)) {
		char number[G_ASCII_DTOSTR_BUF_SIZE];

		return g_strdup(g_ascii_dtostr(number, sizeof number, g_variant_get_double(variant)));
	}
	return NULL;
}

static char *
property_text(GVariant *rule, const char *key)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(rule, key, NULL);

	return value != NULL ? scalar_text(value) : NULL;
}

static gboolean
property_number(GVariant *rule, const char *key, double *number)
{
	g_autofree char *text = property_text(rule, key);
	char *end = NULL;

	if (text == NULL || *text == '\0')
		return FALSE;
	*number = g_ascii_strtod(text, &end);
	return *end == '\0' && isfinite(*number);
}

static gboolean
read_count(Rule *rule, GVariant *variant)
{
	double count = 0;

	if (!property_number(variant, "threshold", &count) || count < 0 || count > 9e15)
		return FALSE;
	rule->count = (gint64)count;
	return TRUE;
}

/* The element `index` of an array of values or of variants. The caller's. */
static GVariant *
element(GVariant *array, gsize index)
{
	GVariant *child = g_variant_get_child_value(array, index);
	GVariant *inner;

	if (!g_variant_is_of_type(child, G_VARIANT_TYPE_VARIANT))
		return child;
	inner = g_variant_get_variant(child);
	g_variant_unref(child);
	return inner;
}

static gboolean
is_weekday(const char *text)
{
	return text[0] >= '1' && text[0] <= '7' && text[1] == '\0';
}

static gboolean
read_accept(Rule *rule, GVariant *variant)
{
	g_autoptr(GVariant) list = g_variant_lookup_value(variant, "accept", G_VARIANT_TYPE_ARRAY);
	g_autoptr(GPtrArray) accept = g_ptr_array_new_null_terminated(4, g_free, TRUE);

	for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) value = element(list, i);
		char *text = scalar_text(value);

		if (text == NULL)
			return FALSE;
		g_ptr_array_add(accept, text);
		if (rule->kind == RULE_DAYOFWEEK && !is_weekday(text))
			return FALSE;
	}
	rule->accept = g_strdupv((char **)accept->pdata);
	return list != NULL;
}

/* NOLINTBEGIN(misc-no-recursion): LIMIT_RULE_DEPTH bounds the nesting. */

static gboolean
read_children(Rule *rule, GVariant *variant, guint depth, GError **error)
{
	g_autoptr(GVariant) list = g_variant_lookup_value(variant, "rules", G_VARIANT_TYPE_ARRAY);

	rule->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) value = element(list, i);
		Rule *child = read_rule(value, depth + 1, error);

		if (child == NULL)
			return FALSE;
		g_ptr_array_add(rule->rules, child);
	}
	return list != NULL;
}

static gboolean
read_properties(Rule *rule, GVariant *variant, guint depth, GError **error)
{
	switch (shape_of(rule->kind)) {
	case SHAPE_COUNT:
		return read_count(rule, variant);
	case SHAPE_NUMBER:
	case SHAPE_DATE:
		rule->threshold = property_text(variant, "threshold");
		return rule->threshold != NULL;
	case SHAPE_STEP:
		return property_number(variant, "base", &rule->base) && property_number(variant, "interval", &rule->interval) &&
		       rule->interval > 0;
	case SHAPE_ACCEPT:
		return read_accept(rule, variant);
	case SHAPE_CHILDREN:
		return read_children(rule, variant, depth, error);
	case SHAPE_PLAIN:
		break;
	}
	return TRUE;
}

static gboolean
find_kind(const char *name, RuleKind *kind)
{
	for (RuleKind candidate = RULE_REQUIRED; candidate <= RULE_ANY; candidate++) {
		if (g_strcmp0(rule_kind_name(candidate), name) == 0) {
			*kind = candidate;
			return TRUE;
		}
	}
	return FALSE;
}

static Rule *
read_rule(GVariant *variant, guint depth, GError **error)
{
	g_autoptr(Rule) rule = g_new0(Rule, 1);
	g_autofree char *name = NULL;

	if (depth > LIMIT_RULE_DEPTH || !g_variant_is_of_type(variant, G_VARIANT_TYPE_VARDICT)) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE, "a rule of a schema is an object, at most %u levels deep",
		    LIMIT_RULE_DEPTH);
		return NULL;
	}
	name = property_text(variant, "rule");
	if (!find_kind(name, &rule->kind)) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE, "a schema has no rule \"%s\"", name != NULL ? name : "");
		return NULL;
	}
	rule->field = property_text(variant, "field");
	rule->error = property_text(variant, "error");
	rule->error = rule->error != NULL ? rule->error : g_strdup("");
	if (!read_properties(rule, variant, depth, error) || (rule->field == NULL && rule->rules == NULL)) {
		if (error != NULL && *error == NULL)
			g_set_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE, "the rule \"%s\" lacks one of its properties", name);
		return NULL;
	}
	rule->field = rule->field != NULL ? rule->field : g_strdup("");
	return g_steal_pointer(&rule);
}

/* NOLINTEND(misc-no-recursion) */

Rule *
rule_from_variant(GVariant *variant, GError **error)
{
	return read_rule(variant, 1, error);
}
