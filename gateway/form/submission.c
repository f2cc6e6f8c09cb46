/*
 * A submission: what was posted, shaped by the form (contract 3.4). Its way into sealed bytes and back is submission_bytes.c.
 *
 * Immutable once made. Raw posted values stay beside the shaped ones, because rules and [_raw_x] look at those.
 */
#include "sekisho/form/submission.h"

#include <string.h>

#include "acceptance.h"
#include "submission_parts.h"

ClientFacts *
client_facts_new(void)
{
	ClientFacts *facts = g_new0(ClientFacts, 1);

	facts->remote_ip = g_strdup("");
	facts->user_agent = g_strdup("");
	facts->url = g_strdup("");
	facts->unit_tag = g_strdup("");
	return facts;
}

void
client_facts_free(ClientFacts *facts)
{
	if (facts == NULL)
		return;
	g_free(facts->remote_ip);
	g_free(facts->user_agent);
	g_free(facts->url);
	g_free(facts->unit_tag);
	g_free(facts);
}

void
submission_field_free(SubmissionField *field)
{
	g_free(field->name);
	g_strfreev(field->values);
	g_free(field);
}

GPtrArray *
submission_fields_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)submission_field_free);
}

SubmissionFile *
submission_file_new(void)
{
	SubmissionFile *file = g_new0(SubmissionFile, 1);

	file->field = g_strdup("");
	file->client_name = g_strdup("");
	file->name = g_strdup("");
	file->spool = g_strdup("");
	file->sha256 = g_strdup("");
	return file;
}

void
submission_file_free(SubmissionFile *file)
{
	if (file == NULL)
		return;
	g_free(file->field);
	g_free(file->client_name);
	g_free(file->name);
	g_free(file->spool);
	g_free(file->sha256);
	explicit_bzero(file->key, sizeof file->key);
	g_free(file);
}

GPtrArray *
submission_files_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)submission_file_free);
}

/* --- Shaping ---------------------------------------------------------------------------------------------------------- */

static char **
copy_texts(const PostedValue *value)
{
	g_autoptr(GPtrArray) texts = posted_value_flatten(value);
	char **copies = g_new0(char *, texts->len + 1);

	for (guint i = 0; i < texts->len; i++)
		copies[i] = g_strdup(texts->pdata[i]);
	return copies;
}

SubmissionField *
submission_fields_find(const GPtrArray *fields, const char *name)
{
	for (guint i = 0; i < fields->len; i++) {
		SubmissionField *field = fields->pdata[i];

		if (g_str_equal(field->name, name))
			return field;
	}
	return NULL;
}

static SubmissionField *
add_field(GPtrArray *fields, const char *name, const PostedValue *value)
{
	SubmissionField *field = g_new0(SubmissionField, 1);

	field->name = g_strdup(name);
	field->is_array = value != NULL && posted_value_is_array(value);
	field->values = copy_texts(value);
	g_ptr_array_add(fields, field);
	return field;
}

/* The shape that the form gives to one of its fields: a text, or for a choice always an array. */
static void
shape_field(GPtrArray *fields, const FormTag *tag)
{
	SubmissionField *field = submission_fields_find(fields, tag->name);
	gboolean is_choice = (tag->features & TAG_SELECTABLE) != 0;
	guint count;

	if (field == NULL)
		field = add_field(fields, tag->name, NULL);
	count = g_strv_length(field->values);
	if (is_choice && !field->is_array) {
		field->is_array = TRUE;
		if (count == 1 && *field->values[0] == '\0')
			g_clear_pointer(&field->values[0], g_free);
	} else if (!is_choice && !field->is_array && count == 0) {
		g_strfreev(field->values);
		field->values = g_new0(char *, 2);
		field->values[0] = g_strdup("");
	}
}

GPtrArray *
submission_fields_of(const Posted *posted)
{
	GPtrArray *fields = submission_fields_new();

	for (guint i = 0; i < posted_count(posted); i++) {
		const PostedValue *value = NULL;
		const char *name = posted_name(posted, i, &value);

		if (name[0] != '_')
			add_field(fields, name, value);
	}
	return fields;
}

/* Contract 3.4: posted names in their order, names the form does not have too; then the form's own that were not sent. */
static GPtrArray *
shape(const Form *form, const Posted *posted)
{
	GPtrArray *fields = submission_fields_of(posted);

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name != NULL && !(tag->features & TAG_NOT_FOR_MAIL) && form_tag(form, tag->name) == tag)
			shape_field(fields, tag);
	}
	return fields;
}

Submission *
submission_new(const Form *form, const char *receipt, Posted *posted, GPtrArray *files, ClientFacts *client)
{
	Submission *submission = g_new0(Submission, 1);

	submission->receipt = g_strdup(receipt);
	submission->site = g_strdup(form->site->name);
	submission->form_id = form->source->id;
	submission->posted = posted;
	submission->client = client;
	submission->fields = shape(form, posted);
	submission->files = files != NULL ? files : submission_files_new();
	return submission;
}

void
submission_free(Submission *submission)
{
	if (submission == NULL)
		return;
	g_free(submission->receipt);
	g_free(submission->site);
	client_facts_free((ClientFacts *)submission->client);
	posted_free((Posted *)submission->posted);
	if (submission->fields != NULL)
		g_ptr_array_unref((GPtrArray *)submission->fields);
	if (submission->files != NULL)
		g_ptr_array_unref((GPtrArray *)submission->files);
	g_free(submission);
}

const SubmissionField *
submission_field(const Submission *submission, const char *name)
{
	return submission_fields_find(submission->fields, name);
}

/* Is the field that carries the consent empty? An unticked box that a script posts as "0" is. */
static gboolean
is_consent_missing(const FormTag *tag, const Submission *submission)
{
	const SubmissionField *field = submission_field(submission, tag->name);

	if (g_str_equal(tag->basetype, "acceptance"))
		return !acceptance_is_given(tag, submission);
	return field->values[0] == NULL || (!field->is_array && *field->values[0] == '\0');
}

gboolean
submission_is_stored_briefly(const Form *form, const Submission *submission)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		const char *consent = formtag_option(tag, "consent_for");

		if (tag->name == NULL || (tag->features & TAG_NOT_FOR_MAIL) || consent == NULL ||
		    !g_str_equal(consent, "storage"))
			continue;
		if (is_consent_missing(tag, submission))
			return TRUE;
	}
	return form->is_stored_briefly;
}
