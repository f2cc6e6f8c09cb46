/*
 * A submission as bytes that are sealed and stored, and back: the client's facts, what was posted, and of the shaped fields only those that
 * are not what was posted (a choice, a field that was not sent), so that each text is stored once. What comes back from a database
 * is input again: its structure is GVariant's to check, the rest is checked here.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/submission.h"
#include "submission_parts.h"

/* version, client (ip, port, agent, page, unit tag, post, time), posted, fields that differ from it (name, is an array, values), files (field,
 * name of the client, name, spool file, digest, size, key). */
#define BYTES_TYPE "(y(sqssstx)va(sbas)a(ssssstay))"
#define BYTES_VERSION 2

static GVariant *
client_to_variant(const ClientFacts *client)
{
	return g_variant_new("(sqssstx)", client->remote_ip, client->remote_port, client->user_agent, client->url,
	    client->unit_tag, client->container_post, client->received_at_us);
}

/* Bytes are the same on every machine: little-endian. */
static GVariant *
little_endian(GVariant *value)
{
	return G_BYTE_ORDER == G_LITTLE_ENDIAN ? g_variant_get_normal_form(value) : g_variant_byteswap(value);
}

static gboolean
is_same(const SubmissionField *a, const SubmissionField *b)
{
	return b != NULL && a->is_array == b->is_array &&
	       g_strv_equal((const char *const *)a->values, (const char *const *)b->values);
}

/* The shaped fields that cannot be made again from what was posted. */
static GVariant *
fields_to_variant(const Submission *submission)
{
	g_autoptr(GPtrArray) posted = submission_fields_of(submission->posted);
	g_autofree GVariant **fields = g_new(GVariant *, submission->fields->len);
	gsize count = 0;

	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];

		if (i < posted->len && is_same(field, posted->pdata[i]))
			continue;
		GVariant *parts[] = {g_variant_new_string(field->name), g_variant_new_boolean(field->is_array),
		    g_variant_new_strv((const char *const *)field->values, -1)};
		fields[count++] = g_variant_new_tuple(parts, G_N_ELEMENTS(parts));
	}
	return g_variant_new_array(G_VARIANT_TYPE("(sbas)"), fields, count);
}

static GVariant *
files_to_variant(const GPtrArray *files)
{
	GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ssssstay)"));

	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];

		if (file->state == FILE_KEPT)
			g_variant_builder_add(&builder, "(ssssst@ay)", file->field, file->client_name, file->name, file->spool,
			    file->sha256, file->size_bytes,
			    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, file->key, sizeof file->key, 1));
	}
	return g_variant_builder_end(&builder);
}

GBytes *
submission_to_bytes(const Submission *submission)
{
	GVariant *parts[] = {g_variant_new_byte(BYTES_VERSION), client_to_variant(submission->client),
	    g_variant_new_variant(posted_to_variant(submission->posted)), fields_to_variant(submission),
	    files_to_variant(submission->files)};
	g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_tuple(parts, G_N_ELEMENTS(parts)));
	g_autoptr(GVariant) normal = little_endian(value);

	return g_variant_get_data_as_bytes(normal);
}

/* A fact about the client stands on one line. Refused is only what text_clean and text_first_line remove from every fact when it enters: were
 * it more (DEL, say), a submission that was acknowledged could never be opened. */
static gboolean
is_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((guchar)*text < 0x20 && *text != '\t')
			return FALSE;
	}
	return TRUE;
}

static ClientFacts *
client_from_variant(GVariant *variant)
{
	ClientFacts *facts = g_new0(ClientFacts, 1);

	g_variant_get(variant, "(sqssstx)", &facts->remote_ip, &facts->remote_port, &facts->user_agent, &facts->url,
	    &facts->unit_tag, &facts->container_post, &facts->received_at_us);
	if (is_line(facts->remote_ip) && is_line(facts->user_agent) && is_line(facts->url) && is_line(facts->unit_tag))
		return facts;
	client_facts_free(facts);
	return NULL;
}

/* Puts a stored field in the place of the posted one, or behind them all. */
static void
put_field(GPtrArray *fields, SubmissionField *field)
{
	SubmissionField *posted = submission_fields_find(fields, field->name);

	if (posted == NULL) {
		g_ptr_array_add(fields, field);
		return;
	}
	SubmissionField swapped = *posted;
	*posted = *field;
	*field = swapped;
	submission_field_free(field);
}

static gboolean
is_field(const SubmissionField *field)
{
	return field->name[0] != '\0' && field->name[0] != '_' && (field->is_array || g_strv_length(field->values) == 1);
}

/* NULL if there are more than a request can bring, or one could not be a field. */
static GPtrArray *
fields_from_variant(GVariant *variant, const Posted *posted)
{
	gsize count = g_variant_n_children(variant);

	if (posted == NULL || count > LIMIT_FIELDS + LIMIT_FORM_TAGS)
		return NULL;
	g_autoptr(GPtrArray) fields = submission_fields_of(posted);
	for (gsize i = 0; i < count; i++) {
		SubmissionField *field = g_new0(SubmissionField, 1);

		g_variant_get_child(variant, i, "(sb^as)", &field->name, &field->is_array, &field->values);
		if (!is_field(field)) {
			submission_field_free(field);
			return NULL;
		}
		put_field(fields, field);
	}
	return g_steal_pointer(&fields);
}

/* NULL if there are more than a request can bring, or a key is none. */
static GPtrArray *
files_from_variant(GVariant *variant)
{
	gsize count = g_variant_n_children(variant);
	g_autoptr(GPtrArray) files = submission_files_new();

	for (gsize i = 0; i < count && count <= LIMIT_FILES; i++) {
		SubmissionFile *file = g_new0(SubmissionFile, 1);
		g_autoptr(GVariant) key = NULL;
		gsize key_bytes = 0;

		g_ptr_array_add(files, file);
		g_variant_get_child(variant, i, "(ssssst@ay)", &file->field, &file->client_name, &file->name, &file->spool,
		    &file->sha256, &file->size_bytes, &key);
		gconstpointer bytes = g_variant_get_fixed_array(key, &key_bytes, 1);
		if (key_bytes != sizeof file->key)
			return NULL;
		memcpy(file->key, bytes, sizeof file->key);
	}
	return files->len == count ? g_steal_pointer(&files) : NULL;
}

/* What `variant`, of BYTES_TYPE and in normal form, holds; NULL if that cannot be a submission. */
static Submission *
from_variant(GVariant *variant)
{
	g_autoptr(GVariant) client = g_variant_get_child_value(variant, 1);
	g_autoptr(GVariant) boxed = g_variant_get_child_value(variant, 2);
	g_autoptr(GVariant) posted = g_variant_get_variant(boxed);
	g_autoptr(GVariant) fields = g_variant_get_child_value(variant, 3);
	g_autoptr(GVariant) files = g_variant_get_child_value(variant, 4);
	g_autoptr(Submission) submission = g_new0(Submission, 1);

	submission->posted = posted_from_variant(posted);
	submission->client = client_from_variant(client);
	submission->fields = fields_from_variant(fields, submission->posted);
	submission->files = files_from_variant(files);
	if (submission->posted == NULL || submission->client == NULL || submission->fields == NULL || submission->files == NULL)
		return NULL;
	return g_steal_pointer(&submission);
}

Submission *
submission_from_bytes(const char *receipt, const char *site, guint64 form_id, GBytes *bytes, GError **error)
{
	g_autoptr(GVariant) foreign = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(BYTES_TYPE), bytes, FALSE));
	g_autoptr(GVariant) value = NULL;
	Submission *submission = NULL;
	guint8 version = 0;

	if (g_variant_is_normal_form(foreign)) {
		value = little_endian(foreign);
		g_variant_get_child(value, 0, "y", &version);
		if (version == BYTES_VERSION)
			submission = from_variant(value);
	}
	if (submission == NULL) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE,
		    "the stored submission %s cannot be read: its bytes are not ours", receipt);
		return NULL;
	}
	submission->receipt = g_strdup(receipt);
	submission->site = g_strdup(site);
	submission->form_id = form_id;
	return submission;
}
