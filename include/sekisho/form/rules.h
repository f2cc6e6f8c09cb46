/*
 * Validation (contract section 5). A Form's tags compile to a list of rules in the order of contract 5.3; the same list is served to the page's
 * script as a schema and applied here, where alone it counts. The engine knows all 24 rules of contract 5.2; the tags make twelve kinds, the
 * others come in schema documents.
 *
 * Thresholds of dates are expressions relative to now (form/dates.h), so they are computed when the schema is served and when a rule is applied.
 * Text from outside is what form/submission.h keeps: CR LF counts as one character, and a name or value can hold no NUL.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/quiz.h"
#include "sekisho/form/submission.h"

typedef enum {
	RULE_REQUIRED,
	RULE_EMAIL,
	RULE_URL,
	RULE_TEL,
	RULE_NUMBER,
	RULE_DATE,
	RULE_TIME,
	RULE_DAYOFWEEK,
	RULE_ENUM,
	RULE_MINITEMS,
	RULE_MAXITEMS,
	RULE_MINLENGTH, /* in UTF-16 code units */
	RULE_MAXLENGTH,
	RULE_MINNUMBER,
	RULE_MAXNUMBER,
	RULE_MINDATE,
	RULE_MAXDATE,
	RULE_STEPNUMBER,
	RULE_REQUIREDFILE,
	RULE_FILE,
	RULE_MINFILESIZE, /* in bytes, of all files of the field together */
	RULE_MAXFILESIZE,
	RULE_ALL,
	RULE_ANY
} RuleKind;

typedef struct {
	RuleKind kind;
	char *field;          /* normalised name; "" for an all or any without one */
	const char *text_id;  /* of the error: a message key of contract 7.3, or "fixed...." for a text without a key; static. NULL: see error */
	char *error;          /* its text, in a rule that was read from a schema; else NULL */
	gint64 count;         /* threshold of items, lengths and sizes */
	char *threshold;      /* of numbers, as written, and of dates, an expression; else NULL */
	double base;          /* of stepnumber */
	double interval;
	char **accept;        /* enum: texts; file: ".pdf" or "image/png" or "image/" and a star; dayofweek: "1" Monday to "7"; else NULL */
	GPtrArray *rules;     /* Rule *, of all and any; else NULL */
} Rule;

/* "maxlength": its name in a schema. Static. */
const char *rule_kind_name(RuleKind kind);
/* Rule * in order. The caller's. Called once per form by form_new. */
GPtrArray *rules_compile(const GPtrArray *tags);
void rule_free(Rule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rule, rule_free)

/* Schema document of contract 5.1 (a{sv}, floating). */
GVariant *rules_schema(const Form *form);
/* One rule as the schema has it (a{sv}, floating), children included. NULL if it is no rule today: a date that cannot be read. */
GVariant *rule_to_variant(const Form *form, const Rule *rule);
/* And back, from a{sv} with thresholds as numbers or as texts (Contact Form 7 6.1 and 6.2). FORM_ERROR_TEMPLATE for an unknown rule, one without its
 * properties, and children deeper than LIMIT_RULE_DEPTH. The caller's. */
Rule *rule_from_variant(GVariant *variant, GError **error);

typedef struct {
	char *field;
	char *message;      /* mail-tags replaced, HTML stripped */
	const char *idref;  /* borrowed from the form, or NULL (contract 2.1) */
} InvalidField;
void invalid_field_free(InvalidField *invalid);

/* Applies the text rules and then the per-tag checks of contract 3.5 (acceptance as validation, quiz, captcha) to the raw posted values; the
 * first error of a field is kept, in the order of contract 5.3. Messages get their mail-tags from `submission` (contract 7.4), and
 * are cut where all of them together would pass LIMIT_ANSWER_MESSAGES_BYTES. InvalidField *, empty
 * if all is well. The caller's. */
GPtrArray *rules_check(const Form *form, const Submission *submission, const QuizKeys *quiz_keys);
/* Contract 3.6 in normal mode: TRUE if every acceptance that is not optional is given. */
gboolean rules_is_accepted(const Form *form, const Submission *submission);
/* The file rules (contract 10.1), after acceptance and spam were checked; the result is that of rules_check. Other than Contact Form 7, a required file
 * is missed when its part is absent too, and a file without a byte is none (contract 12.x). */
GPtrArray *rules_check_files(const Form *form, const Submission *submission);

/* The formats of contract 5.5 and 5.2, for text that is already stripped. */
gboolean rules_is_url(const char *text);
gboolean rules_is_tel(const char *text);
gboolean rules_is_number(const char *text);
gboolean rules_is_date(const char *text);
gboolean rules_is_time(const char *text);
