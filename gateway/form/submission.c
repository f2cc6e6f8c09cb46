/*
 * A submission: what was posted, shaped by the form (contract 3.4). Its way into sealed bytes and back is submission_bytes.c.
 *
 * Immutable once made. Raw posted values stay beside the shaped ones, because rules and [_raw_x] look at those.
 */
#include "sekisho/form/submission.h"

#include <string.h>

#include "acceptance.h"
#include "pipes.h"
#include "submission_parts.h"

ClientFacts *
client_facts_new(void)
{
	ClientFacts *facts = g_new0(ClientFacts, 1);

	facts->remote_ip = g_strdup("");
	facts->user_agent = g_strdup("");
	facts->url = g_strdup("");
	facts->unit_tag = g_strdup("");
	facts->canary = g_strdup("");
	facts->fingerprint = g_strdup("");
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
	g_free(facts->canary);
	g_free(facts->fingerprint);
	g_free(facts);
}

char *
client_facts_endpoint(const ClientFacts *facts)
{
	if (*facts->remote_ip == '\0' || facts->remote_port == 0)
		return g_strdup(facts->remote_ip);
	if (strchr(facts->remote_ip, ':') != NULL)
		return g_strdup_printf("[%s]:%u", facts->remote_ip, facts->remote_port);
	return g_strdup_printf("%s:%u", facts->remote_ip, facts->remote_port);
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

/* A text of its own for a value that was not posted, or not as an array. */
static char **
one_text(const char *text)
{
	char **values = g_new0(char *, 2);

	values[0] = g_strdup(text);
	return values;
}

/* What the visitor wrote into the box beside the last choice goes to the last element, whichever that is. */
static void
append_free_text(SubmissionField *field, const Posted *posted)
{
	g_autofree char *name = g_strconcat("_wpcf7_free_text_", field->name, NULL);
	char **last = field->values;
	char *joined;

	if (*last == NULL)
		return;
	while (last[1] != NULL)
		last++;
	joined = g_strconcat(*last, " ", posted_text(posted, name), NULL);
	g_free(*last);
	*last = g_strstrip(joined);
}

/* A choice is always an array, and each element goes through the pipes. */
static void
shape_choice(SubmissionField *field, const FormTag *tag, const Form *form, const Posted *posted)
{
	g_autoptr(Pipes) pipes = NULL;

	if (!field->is_array && field->values[0] != NULL && *field->values[0] == '\0')
		g_clear_pointer(&field->values[0], g_free);
	field->is_array = TRUE;
	if (field->values[0] != NULL)
		pipes = pipes_new(form, field->name);
	for (char **value = field->values; *value != NULL; value++) {
		char *piped = pipes_replace(pipes, *value);

		g_free(*value);
		*value = piped;
	}
	if ((tag->features & TAG_MULTIPLE_CONTROLS) && formtag_has_option(tag, "free_text"))
		append_free_text(field, posted);
}

/* The shape that the form gives to one of its fields: a text, or for a choice an array. */
static void
shape_field(GPtrArray *fields, const FormTag *tag, const Form *form, const Posted *posted)
{
	SubmissionField *field = submission_fields_find(fields, tag->name);

	if (field == NULL)
		field = add_field(fields, tag->name, NULL);
	if (tag->features & TAG_SELECTABLE) {
		shape_choice(field, tag, form, posted);
	} else if (!field->is_array && field->values[0] == NULL) {
		g_strfreev(field->values);
		field->values = one_text("");
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
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		/* A quiz of the same name does not count: it is no tag for mail. */
		if (tag->name != NULL && !(tag->features & TAG_NOT_FOR_MAIL) && g_hash_table_add(seen, tag->name))
			shape_field(fields, tag, form, posted);
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
	g_free(submission->evidence);
	g_free(submission);
}

const SubmissionField *
submission_field(const Submission *submission, const char *name)
{
	return submission_fields_find(submission->fields, name);
}

/* Is the field that carries the consent empty in PHP's sense, in which "0" is? So is an unticked box that a script posts as "0". */
static gboolean
is_consent_missing(const FormTag *tag, const Submission *submission)
{
	const SubmissionField *field = submission_field(submission, tag->name);

	if (g_str_equal(tag->basetype, "acceptance"))
		return !acceptance_is_given(tag, submission);
	if (field->is_array)
		return field->values[0] == NULL;
	return *field->values[0] == '\0' || g_str_equal(field->values[0], "0");
}

gboolean
submission_is_stored_briefly(const Form *form, const Submission *submission)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		/* As in shape: of each name the first tag for mail. */
		if (tag->name == NULL || (tag->features & TAG_NOT_FOR_MAIL) || !g_hash_table_add(seen, tag->name))
			continue;
		if (formtag_has_option(tag, "consent_for:storage") && is_consent_missing(tag, submission))
			return TRUE;
	}
	return form->is_stored_briefly;
}
