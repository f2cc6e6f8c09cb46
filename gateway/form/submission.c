/*
 * A submission: what was posted, shaped by the form (contract 3.4), and its way into sealed bytes and back. What comes back from a
 * database is input again: its structure is GVariant's to check, the rest is checked here.
 *
 * Immutable once made. Raw posted values stay beside the shaped ones, because rules and [_raw_x] look at those.
 */
#include "sekisho/form/submission.h"

#include <string.h>

#include "acceptance.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

/* version, client (ip, port, agent, page, unit tag, post, time), posted, fields (name, is an array, values). */
#define BYTES_TYPE "(y(sqssstx)va(sbas))"
#define BYTES_VERSION 1

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

static void
field_free(gpointer data)
{
	SubmissionField *field = data;

	g_free(field->name);
	g_strfreev(field->values);
	g_free(field);
}

static GPtrArray *
fields_new(void)
{
	return g_ptr_array_new_with_free_func(field_free);
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

static SubmissionField *
find_field(const GPtrArray *fields, const char *name)
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
	SubmissionField *field = find_field(fields, tag->name);
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

/* Contract 3.4: posted names in their order, `_...` left out, names the form does not have too; then the form's own that were not sent. */
static GPtrArray *
shape(const Form *form, const Posted *posted)
{
	GPtrArray *fields = fields_new();

	for (guint i = 0; i < posted_count(posted); i++) {
		const PostedValue *value = NULL;
		const char *name = posted_name(posted, i, &value);

		if (name[0] != '_')
			add_field(fields, name, value);
	}
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name != NULL && !(tag->features & TAG_NOT_FOR_MAIL) && form_tag(form, tag->name) == tag)
			shape_field(fields, tag);
	}
	return fields;
}

/* Takes everything it is given. */
static Submission *
submission_take(const char *receipt, const char *site, guint64 form_id, Posted *posted, ClientFacts *client)
{
	Submission *submission = g_new0(Submission, 1);

	submission->receipt = g_strdup(receipt);
	submission->site = g_strdup(site);
	submission->form_id = form_id;
	submission->posted = posted;
	submission->client = client;
	return submission;
}

Submission *
submission_new(const Form *form, const char *receipt, Posted *posted, ClientFacts *client)
{
	Submission *submission = submission_take(receipt, form->site->name, form->source->id, posted, client);

	submission->fields = shape(form, posted);
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
	g_free(submission);
}

const SubmissionField *
submission_field(const Submission *submission, const char *name)
{
	return find_field(submission->fields, name);
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

/* --- Bytes --------------------------------------------------------------------------------------------------------------- */

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

static GVariant *
field_to_variant(const SubmissionField *field)
{
	GVariant *parts[] = {g_variant_new_string(field->name), g_variant_new_boolean(field->is_array),
	    g_variant_new_strv((const char *const *)field->values, -1)};

	return g_variant_new_tuple(parts, G_N_ELEMENTS(parts));
}

GBytes *
submission_to_bytes(const Submission *submission)
{
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GVariant) normal = NULL;
	g_autofree GVariant **fields = g_new(GVariant *, submission->fields->len);

	for (guint i = 0; i < submission->fields->len; i++)
		fields[i] = field_to_variant(submission->fields->pdata[i]);
	GVariant *parts[] = {g_variant_new_byte(BYTES_VERSION), client_to_variant(submission->client),
	    g_variant_new_variant(posted_to_variant(submission->posted)),
	    g_variant_new_array(G_VARIANT_TYPE("(sbas)"), fields, submission->fields->len)};
	value = g_variant_ref_sink(g_variant_new_tuple(parts, G_N_ELEMENTS(parts)));
	normal = little_endian(value);
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

/* NULL if there are more than a request can bring, or a name repeats or could not be a field's. */
static GPtrArray *
fields_from_variant(GVariant *variant)
{
	gsize count = g_variant_n_children(variant);
	g_autoptr(GPtrArray) fields = fields_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < count && count <= LIMIT_FIELDS + LIMIT_FORM_TAGS; i++) {
		SubmissionField *field = g_new0(SubmissionField, 1);

		g_variant_get_child(variant, i, "(sb^as)", &field->name, &field->is_array, &field->values);
		g_ptr_array_add(fields, field);
		if (field->name[0] == '\0' || field->name[0] == '_' || !g_hash_table_add(seen, field->name))
			return NULL;
		if (!field->is_array && g_strv_length(field->values) != 1)
			return NULL;
	}
	return fields->len == count ? g_steal_pointer(&fields) : NULL;
}

/* What `variant`, of BYTES_TYPE and in normal form, holds; NULL if that cannot be a submission. */
static Submission *
from_variant(const char *receipt, const char *site, guint64 form_id, GVariant *variant)
{
	g_autoptr(GVariant) client_value = g_variant_get_child_value(variant, 1);
	g_autoptr(GVariant) posted_boxed = g_variant_get_child_value(variant, 2);
	g_autoptr(GVariant) posted_value = g_variant_get_variant(posted_boxed);
	g_autoptr(GVariant) fields_value = g_variant_get_child_value(variant, 3);
	g_autoptr(Submission) submission =
	    submission_take(receipt, site, form_id, posted_from_variant(posted_value), client_from_variant(client_value));

	submission->fields = fields_from_variant(fields_value);
	if (submission->posted == NULL || submission->client == NULL || submission->fields == NULL)
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
			submission = from_variant(receipt, site, form_id, value);
	}
	if (submission == NULL)
		g_set_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE,
		    "the stored submission %s cannot be read: its bytes are not ours", receipt);
	return submission;
}
