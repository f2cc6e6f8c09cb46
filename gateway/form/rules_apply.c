/*
 * What each of the 24 rules means (contract 5.2): one function a rule, in a table. A rule sees the texts posted under its name, at any depth, the empty
 * ones left out; or the files of that name, those without a byte left out. With nothing to see it holds, but for the rules that ask for something.
 */
#include <math.h>
#include <string.h>

#include "rules_parts.h"
#include "sekisho/base/text.h"
#include "sekisho/form/dates.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/wire/address.h"

/* What one rule looks at. */
typedef struct {
	const RuleInput *input;
	GPtrArray *texts; /* const char *, borrowed; of files, their names */
	guint64 bytes;    /* of all files */
	char *day;        /* threshold of a date rule, resolved; NULL: it cannot be read, and the rule holds */
} Seen;

static void
seen_clear(Seen *seen)
{
	g_clear_pointer(&seen->texts, g_ptr_array_unref);
	g_clear_pointer(&seen->day, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

/* --- Rules on each text ------------------------------------------------------------------------------------------------------------------- */

typedef gboolean (*TextCheck)(const Rule *rule, const Seen *seen, const char *text);

static gboolean
is_email(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return address_is_email(text);
}

static gboolean
is_url(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return rules_is_url(text);
}

static gboolean
is_tel(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return rules_is_tel(text);
}

static gboolean
is_number(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return rules_is_number(text);
}

static gboolean
is_date(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return rules_is_date(text);
}

static gboolean
is_time(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule, (void)seen;
	return rules_is_time(text);
}

static gboolean
is_on_listed_day(const Rule *rule, const Seen *seen, const char *text)
{
	GDate date;

	(void)seen;
	if (!rules_read_date(text, &date))
		return TRUE;
	const char weekday[] = {(char)('0' + (int)g_date_get_weekday(&date)), '\0'};
	return g_strv_contains((const char *const *)rule->accept, weekday);
}

static gboolean
is_offered(const Rule *rule, const Seen *seen, const char *text)
{
	g_autofree char *normal = text_with_lf(text);

	(void)seen;
	return g_strv_contains((const char *const *)rule->accept, normal);
}

static gboolean
is_large_enough(const Rule *rule, const Seen *seen, const char *text)
{
	(void)seen;
	return !rules_is_number(text) || g_ascii_strtod(text, NULL) >= g_ascii_strtod(rule->threshold, NULL);
}

static gboolean
is_small_enough(const Rule *rule, const Seen *seen, const char *text)
{
	(void)seen;
	return !rules_is_number(text) || g_ascii_strtod(text, NULL) <= g_ascii_strtod(rule->threshold, NULL);
}

/* Dates compare as texts, so one of the year 10000 is early. */
static gboolean
is_late_enough(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule;
	return !rules_is_date(text) || strcmp(text, seen->day) >= 0;
}

static gboolean
is_early_enough(const Rule *rule, const Seen *seen, const char *text)
{
	(void)rule;
	return !rules_is_date(text) || strcmp(text, seen->day) <= 0;
}

static gboolean
is_on_step(const Rule *rule, const Seen *seen, const char *text)
{
	double remainder;

	(void)seen;
	if (!rules_is_number(text))
		return TRUE;
	remainder = fabs(fmod(g_ascii_strtod(text, NULL) - rule->base, rule->interval));
	remainder = round(remainder * 1e6) / 1e6;
	return remainder == 0 || remainder == round(rule->interval * 1e6) / 1e6;
}

static gboolean
is_file_type(const Rule *rule, const Seen *seen, const char *text)
{
	(void)seen;
	return filetypes_is_accepted((const char *const *)rule->accept, text);
}

/* --- Rules on all of them together --------------------------------------------------------------------------------------------------------- */

typedef gboolean (*TotalCheck)(const Rule *rule, const Seen *seen);

static gboolean
is_there(const Rule *rule, const Seen *seen)
{
	(void)rule;
	return seen->texts->len > 0;
}

static gboolean
has_items(const Rule *rule, const Seen *seen)
{
	return seen->texts->len >= rule->count;
}

static gboolean
has_no_more_items(const Rule *rule, const Seen *seen)
{
	return seen->texts->len <= rule->count;
}

static gint64
total_units(const Seen *seen)
{
	gint64 units = 0;

	for (guint i = 0; i < seen->texts->len; i++)
		units += (gint64)text_utf16_units(seen->texts->pdata[i]);
	return units;
}

static gboolean
is_long_enough(const Rule *rule, const Seen *seen)
{
	return seen->texts->len == 0 || total_units(seen) >= rule->count;
}

static gboolean
is_short_enough(const Rule *rule, const Seen *seen)
{
	return total_units(seen) <= rule->count;
}

static gboolean
is_heavy_enough(const Rule *rule, const Seen *seen)
{
	return seen->texts->len == 0 || seen->bytes >= (guint64)rule->count;
}

static gboolean
is_light_enough(const Rule *rule, const Seen *seen)
{
	return seen->bytes <= (guint64)rule->count;
}

/* --- All rules ------------------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	TextCheck holds_for_text; /* one of the two; neither for all and any */
	TotalCheck holds;
	gboolean is_file;
} kinds[] = {
    [RULE_REQUIRED] = {"required", NULL, is_there, FALSE},
    [RULE_EMAIL] = {"email", is_email, NULL, FALSE},
    [RULE_URL] = {"url", is_url, NULL, FALSE},
    [RULE_TEL] = {"tel", is_tel, NULL, FALSE},
    [RULE_NUMBER] = {"number", is_number, NULL, FALSE},
    [RULE_DATE] = {"date", is_date, NULL, FALSE},
    [RULE_TIME] = {"time", is_time, NULL, FALSE},
    [RULE_DAYOFWEEK] = {"dayofweek", is_on_listed_day, NULL, FALSE},
    [RULE_ENUM] = {"enum", is_offered, NULL, FALSE},
    [RULE_MINITEMS] = {"minitems", NULL, has_items, FALSE},
    [RULE_MAXITEMS] = {"maxitems", NULL, has_no_more_items, FALSE},
    [RULE_MINLENGTH] = {"minlength", NULL, is_long_enough, FALSE},
    [RULE_MAXLENGTH] = {"maxlength", NULL, is_short_enough, FALSE},
    [RULE_MINNUMBER] = {"minnumber", is_large_enough, NULL, FALSE},
    [RULE_MAXNUMBER] = {"maxnumber", is_small_enough, NULL, FALSE},
    [RULE_MINDATE] = {"mindate", is_late_enough, NULL, FALSE},
    [RULE_MAXDATE] = {"maxdate", is_early_enough, NULL, FALSE},
    [RULE_STEPNUMBER] = {"stepnumber", is_on_step, NULL, FALSE},
    [RULE_REQUIREDFILE] = {"requiredfile", NULL, is_there, TRUE},
    [RULE_FILE] = {"file", is_file_type, NULL, TRUE},
    [RULE_MINFILESIZE] = {"minfilesize", NULL, is_heavy_enough, TRUE},
    [RULE_MAXFILESIZE] = {"maxfilesize", NULL, is_light_enough, TRUE},
    [RULE_ALL] = {"all", NULL, NULL, FALSE},
    [RULE_ANY] = {"any", NULL, NULL, FALSE},
};

const char *
rule_kind_name(RuleKind kind)
{
	return kinds[kind].name;
}

/* V of contract 5.2. */
static void
see_texts(Seen *seen, const char *field)
{
	g_autoptr(GPtrArray) all = posted_value_flatten(posted_get(seen->input->submission->posted, field));

	for (guint i = 0; i < all->len; i++) {
		if (*(const char *)all->pdata[i] != '\0')
			g_ptr_array_add(seen->texts, all->pdata[i]);
	}
}

static void
see_files(Seen *seen, const char *field)
{
	const GPtrArray *files = seen->input->submission->files;

	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];

		if (file->state == FILE_EMPTY || !g_str_equal(file->field, field))
			continue;
		g_ptr_array_add(seen->texts, file->client_name);
		seen->bytes += file->size_bytes;
	}
}

static gboolean
simple_rule_holds(const Rule *rule, const RuleInput *input)
{
	g_auto(Seen) seen = {.input = input, .texts = g_ptr_array_new()};

	if (input->is_file)
		see_files(&seen, rule->field);
	else
		see_texts(&seen, rule->field);
	if (kinds[rule->kind].holds != NULL)
		return kinds[rule->kind].holds(rule, &seen);
	if (rule->kind == RULE_MINDATE || rule->kind == RULE_MAXDATE) {
		seen.day = seen.texts->len > 0 ? dates_resolve(rule->threshold, input->now_us, input->zone) : NULL;
		if (seen.day == NULL)
			return TRUE;
	}
	for (guint i = 0; i < seen.texts->len; i++) {
		if (!kinds[rule->kind].holds_for_text(rule, &seen, seen.texts->pdata[i]))
			return FALSE;
	}
	return TRUE;
}

/* NOLINTBEGIN(misc-no-recursion): LIMIT_RULE_DEPTH bounds the nesting. */

gboolean
rule_is_about(const Rule *rule, const RuleInput *input)
{
	if (rule->rules == NULL)
		return kinds[rule->kind].is_file == input->is_file;
	for (guint i = 0; i < rule->rules->len; i++) {
		if (rule_is_about(rule->rules->pdata[i], input))
			return TRUE;
	}
	return FALSE;
}

/* The first child that fails; the error is the all's own if the child has no text. */
static const Rule *
failure_of_all(const Rule *rule, const RuleInput *input)
{
	for (guint i = 0; i < rule->rules->len; i++) {
		const Rule *child = rule->rules->pdata[i];
		const Rule *failure = rule_is_about(child, input) ? rule_failure(child, input) : NULL;

		if (failure != NULL)
			return failure->text_id == NULL && *failure->error == '\0' ? rule : failure;
	}
	return NULL;
}

static const Rule *
failure_of_any(const Rule *rule, const RuleInput *input)
{
	for (guint i = 0; i < rule->rules->len; i++) {
		const Rule *child = rule->rules->pdata[i];

		if (rule_is_about(child, input) && rule_failure(child, input) == NULL)
			return NULL;
	}
	return rule;
}

const Rule *
rule_failure(const Rule *rule, const RuleInput *input)
{
	switch (rule->kind) {
	case RULE_ALL:
		return failure_of_all(rule, input);
	case RULE_ANY:
		return failure_of_any(rule, input);
	default:
		return simple_rule_holds(rule, input) ? NULL : rule;
	}
}

/* NOLINTEND(misc-no-recursion) */
