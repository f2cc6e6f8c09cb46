/*
 * Validation of a submission (contract 3.5, 3.6, 10.1): which rules are asked in which order, and what the visitor is told. What a rule means is
 * rules_apply.c, which ones a form has rules_compile.c. Rules look at what was posted, not at the shaped fields. No state.
 */
#include "sekisho/form/rules.h"

#include <string.h>

#include "acceptance.h"
#include "rules_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"

/* --- Messages --------------------------------------------------------------------------------------------------------------------------------- */

static char *
message_text(const Form *form, const Submission *submission, const char *text_id)
{
	/* Message keys have no dot. */
	if (strchr(text_id, '.') != NULL)
		return g_strdup(text_for(form->source->locale, text_id));
	return mailtag_message(form, submission, text_id, 0);
}

char *
rule_message(const Rule *rule, const Form *form, const Submission *submission)
{
	return rule->text_id != NULL ? message_text(form, submission, rule->text_id) : g_strdup(rule->error);
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

/* --- Errors ---------------------------------------------------------------------------------------------------------------------------------- */

/* The errors of one submission while they are found. */
typedef struct {
	const Form *form;
	const Submission *submission;
	GPtrArray *invalid;   /* InvalidField * */
	GHashTable *messages; /* by text id, each made once: many fields have the same, and it may be long */
	gsize bytes_left;     /* for messages of further fields */
} Report;

static Report
report_new(const Form *form, const Submission *submission)
{
	return (Report){.form = form,
	    .submission = submission,
	    .invalid = g_ptr_array_new_with_free_func((GDestroyNotify)invalid_field_free),
	    .messages = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
	    .bytes_left = LIMIT_ANSWER_MESSAGES_BYTES};
}

/* The errors, the caller's; the report is gone. */
static GPtrArray *
report_end(Report *report)
{
	g_hash_table_unref(report->messages);
	return report->invalid;
}

static gboolean
is_reported(const Report *report, const char *field)
{
	for (guint i = 0; i < report->invalid->len; i++) {
		if (g_str_equal(((InvalidField *)report->invalid->pdata[i])->field, field))
			return TRUE;
	}
	return FALSE;
}

static void
report_text(Report *report, const char *field, const char *message)
{
	InvalidField *entry = g_new0(InvalidField, 1);
	const FormTag *tag = form_tag(report->form, field);

	entry->field = g_strdup(field);
	entry->message = text_truncate(message, report->bytes_left);
	entry->idref = tag != NULL ? formtag_id(tag) : NULL;
	report->bytes_left -= strlen(entry->message);
	g_ptr_array_add(report->invalid, entry);
}

/* `text_id` is static. */
static void
report_error(Report *report, const char *field, const char *text_id)
{
	const char *message = g_hash_table_lookup(report->messages, text_id);

	if (message == NULL) {
		char *made = message_text(report->form, report->submission, text_id);

		g_hash_table_insert(report->messages, (char *)text_id, made);
		message = made;
	}
	report_text(report, field, message);
}

/* Applies one rule of the form. An error without a valid field has no place in an answer and is left out (contract 2.1). */
static void
apply(Report *report, const Rule *rule, const RuleInput *input)
{
	const Rule *failure;

	if (!rule_is_about(rule, input) || (rule->rules == NULL && is_reported(report, rule->field)))
		return;
	failure = rule_failure(rule, input);
	if (failure == NULL || !formtag_is_name(failure->field) || is_reported(report, failure->field))
		return;
	if (failure->text_id != NULL)
		report_error(report, failure->field, failure->text_id);
	else
		report_text(report, failure->field, failure->error);
}

static RuleInput
rule_input(const Form *form, const Submission *submission, gboolean is_file)
{
	return (RuleInput){.submission = submission, .zone = form->site->timezone, .now_us = clock_now_us(), .is_file = is_file};
}

/* --- Texts ---------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_acceptance(const FormTag *tag)
{
	return g_str_equal(tag->basetype, "acceptance");
}

/* The message of the tag's own check (contract 3.5), or NULL if it is passed or has none. */
static const char *
tag_error(const Form *form, const FormTag *tag, const Submission *submission, const QuizKeys *quiz_keys)
{
	if (is_acceptance(tag) && form->is_acceptance_validated && !acceptance_is_satisfied(tag, submission))
		return "accept_terms";
	if (g_str_equal(tag->basetype, "quiz") && !quiz_is_right(form, tag->name, submission, quiz_keys))
		return "quiz_answer_not_correct";
	/* The picture comes from another plugin; without it no answer is right (contract 4.8). */
	if (g_str_equal(tag->basetype, "captchar"))
		return "captcha_not_match";
	return NULL;
}

GPtrArray *
rules_check(const Form *form, const Submission *submission, const QuizKeys *quiz_keys)
{
	Report report = report_new(form, submission);
	RuleInput input = rule_input(form, submission, FALSE);

	for (guint i = 0; i < form->rules->len; i++)
		apply(&report, form->rules->pdata[i], &input);
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		const char *error = tag_error(form, tag, submission, quiz_keys);

		if (error != NULL && !is_reported(&report, tag->name))
			report_error(&report, tag->name, error);
	}
	return report_end(&report);
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

/* --- Files ---------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
has_file(const Submission *submission, const char *field, SubmissionFileState state)
{
	for (guint i = 0; i < submission->files->len; i++) {
		const SubmissionFile *file = submission->files->pdata[i];

		if (file->state == state && g_str_equal(file->field, field))
			return TRUE;
	}
	return FALSE;
}

/* One file field (contract 10.1): first whether it came whole, then its rules in their order. */
static void
check_file_field(Report *report, const char *field, const RuleInput *input)
{
	if (has_file(input->submission, field, FILE_FAILED)) {
		report_error(report, field, "upload_failed");
		return;
	}
	for (guint i = 0; i < report->form->rules->len; i++) {
		const Rule *rule = report->form->rules->pdata[i];

		if (g_str_equal(rule->field, field))
			apply(report, rule, input);
	}
	/* It passed another limit than its own: the one of the whole request. */
	if (!is_reported(report, field) && has_file(input->submission, field, FILE_TOO_LARGE))
		report_error(report, field, "upload_file_too_large");
}

GPtrArray *
rules_check_files(const Form *form, const Submission *submission)
{
	Report report = report_new(form, submission);
	RuleInput input = rule_input(form, submission, TRUE);

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if ((tag->features & TAG_FILE_UPLOADING) && !is_reported(&report, tag->name))
			check_file_field(&report, tag->name, &input);
	}
	return report_end(&report);
}
