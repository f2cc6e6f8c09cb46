/*
 * A submission as bytes that are sealed and stored, and back: the client's facts, what was posted, and of the shaped fields only those that
 * are not what was posted (a choice, a field that was not sent), so that each text is stored once. What comes back from a database
 * is input again: its structure is packed text's to check (wire/packed.h), the rest is checked here.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/submission.h"
#include "sekisho/wire/packed.h"
#include "submission_parts.h"

#define BYTES_VERSION 5
/* Rows of these versions are still read; they have no fingerprint and evidence, and the older ones no canary. */
#define BYTES_VERSION_CANARY 4
#define BYTES_VERSION_OLDEST 3

/*
 * VERSION, the nine FACT of the client, whether it is unchecked (FACT), the gate's EVIDENCE (or none), the map of what was posted, then for each field that differs FIELD, whether it is an array (FACT) and its VALUE, then
 * for each file FILE (its field) and five FACT (the client's name for it, name, spool file, digest, size) and its KEY in hex digits.
 */
enum { PACKED_VERSION = 'v', PACKED_FACT = 'c', PACKED_FIELD = 'f', PACKED_VALUE = 'x', PACKED_FILE = 'u', PACKED_SECRET = 's', PACKED_EVIDENCE = 'e' };

static void
pack_client(const ClientFacts *client, GString *packed)
{
	packed_add(packed, PACKED_FACT, client->remote_ip);
	packed_add_number(packed, PACKED_FACT, client->remote_port);
	packed_add(packed, PACKED_FACT, client->user_agent);
	packed_add(packed, PACKED_FACT, client->url);
	packed_add(packed, PACKED_FACT, client->unit_tag);
	/* The same 64 bits, because a packed number has a sign. */
	packed_add_number(packed, PACKED_FACT, (gint64)client->container_post);
	packed_add_number(packed, PACKED_FACT, client->received_at_us);
	packed_add(packed, PACKED_FACT, client->canary);
	packed_add(packed, PACKED_FACT, client->fingerprint);
}

static gboolean
is_same(const SubmissionField *a, const SubmissionField *b)
{
	return a->is_array == b->is_array && g_strv_equal((const char *const *)a->values, (const char *const *)b->values);
}

/* The shaped fields that cannot be made again from what was posted. */
static void
pack_fields(const Submission *submission, GString *packed)
{
	g_autoptr(GPtrArray) posted = submission_fields_of(submission->posted);

	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];

		if (i < posted->len && is_same(field, posted->pdata[i]))
			continue;
		packed_add(packed, PACKED_FIELD, field->name);
		packed_add_number(packed, PACKED_FACT, field->is_array);
		for (char **value = field->values; *value != NULL; value++)
			packed_add(packed, PACKED_VALUE, *value);
	}
}

static void
pack_files(const GPtrArray *files, GString *packed)
{
	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];

		if (file->state != FILE_KEPT)
			continue;
		packed_add(packed, PACKED_FILE, file->field);
		packed_add(packed, PACKED_FACT, file->client_name);
		packed_add(packed, PACKED_FACT, file->name);
		packed_add(packed, PACKED_FACT, file->spool);
		packed_add(packed, PACKED_FACT, file->sha256);
		packed_add_number(packed, PACKED_FACT, (gint64)file->size_bytes);
		g_string_append_c(packed, PACKED_SECRET);
		text_append_hex(packed, file->key, sizeof file->key);
		g_string_append_c(packed, '\0');
	}
}

GBytes *
submission_to_bytes(const Submission *submission)
{
	GString *packed = g_string_sized_new(1024);

	packed_add_number(packed, PACKED_VERSION, BYTES_VERSION);
	pack_client(submission->client, packed);
	packed_add_number(packed, PACKED_FACT, submission->is_unchecked);
	if (submission->evidence != NULL)
		packed_add(packed, PACKED_EVIDENCE, submission->evidence);
	posted_pack(submission->posted, packed);
	pack_fields(submission, packed);
	pack_files(submission->files, packed);
	return g_string_free_to_bytes(packed);
}

/* --- And back ----------------------------------------------------------------------------------------------------------- */

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

/* NULL if they are not such as enter. */
static ClientFacts *
unpack_client(PackedReader *reader, gint64 version)
{
	ClientFacts *facts = g_new0(ClientFacts, 1);

	facts->remote_ip = packed_dup(reader, PACKED_FACT);
	facts->remote_port = (guint16)packed_take_number(reader, PACKED_FACT, 0, G_MAXUINT16);
	facts->user_agent = packed_dup(reader, PACKED_FACT);
	facts->url = packed_dup(reader, PACKED_FACT);
	facts->unit_tag = packed_dup(reader, PACKED_FACT);
	facts->container_post = (guint64)packed_take_number(reader, PACKED_FACT, G_MININT64, G_MAXINT64);
	facts->received_at_us = packed_take_number(reader, PACKED_FACT, G_MININT64, G_MAXINT64);
	facts->canary = version < BYTES_VERSION_CANARY ? g_strdup("") : packed_dup(reader, PACKED_FACT);
	facts->fingerprint = version < BYTES_VERSION ? g_strdup("") : packed_dup(reader, PACKED_FACT);
	if (is_line(facts->remote_ip) && is_line(facts->user_agent) && is_line(facts->url) && is_line(facts->unit_tag) &&
	    is_line(facts->canary) && strlen(facts->canary) <= LIMIT_CANARY_BYTES && is_line(facts->fingerprint))
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

/* `value_count` counts the values of all fields; the reader fails at more than a request can bring. */
static SubmissionField *
unpack_field(PackedReader *reader, guint *value_count)
{
	SubmissionField *field = g_new0(SubmissionField, 1);
	g_autoptr(GStrvBuilder) values = g_strv_builder_new();

	field->name = packed_dup(reader, PACKED_FIELD);
	field->is_array = packed_take_number(reader, PACKED_FACT, 0, 1) != 0;
	while (packed_peek(reader) == PACKED_VALUE) {
		const char *value = packed_take(reader, PACKED_VALUE);

		if (++*value_count > LIMIT_FIELD_ENTRIES)
			reader->at = NULL;
		else if (value != NULL)
			g_strv_builder_add(values, value);
	}
	field->values = g_strv_builder_end(values);
	return field;
}

static gboolean
is_field(const SubmissionField *field)
{
	return field->name[0] != '\0' && field->name[0] != '_' && (field->is_array || g_strv_length(field->values) == 1);
}

/* NULL if there are more than a request can bring, or one could not be a field. */
static GPtrArray *
unpack_fields(PackedReader *reader, const Posted *posted)
{
	g_autoptr(GPtrArray) fields = submission_fields_of(posted);
	guint field_count = 0;
	guint value_count = 0;

	/* Records are counted and not fields: one that comes again replaces the earlier and costs as much. */
	while (packed_peek(reader) == PACKED_FIELD) {
		SubmissionField *field = unpack_field(reader, &value_count);

		if (++field_count > LIMIT_FIELDS + LIMIT_FORM_TAGS || fields->len >= LIMIT_FIELDS + LIMIT_FORM_TAGS ||
		    !is_field(field)) {
			submission_field_free(field);
			return NULL;
		}
		put_field(fields, field);
	}
	return g_steal_pointer(&fields);
}

static void
unpack_key(PackedReader *reader, SubmissionFile *file)
{
	const char *digits = packed_take(reader, PACKED_SECRET);

	if (digits == NULL || !text_read_hex(digits, file->key, sizeof file->key))
		reader->at = NULL;
}

/* NULL if there are more than a request can bring. */
static GPtrArray *
unpack_files(PackedReader *reader)
{
	g_autoptr(GPtrArray) files = submission_files_new();

	while (packed_peek(reader) == PACKED_FILE && files->len < LIMIT_FILES) {
		SubmissionFile *file = g_new0(SubmissionFile, 1);

		g_ptr_array_add(files, file);
		file->field = packed_dup(reader, PACKED_FILE);
		file->client_name = packed_dup(reader, PACKED_FACT);
		file->name = packed_dup(reader, PACKED_FACT);
		file->spool = packed_dup(reader, PACKED_FACT);
		file->sha256 = packed_dup(reader, PACKED_FACT);
		file->size_bytes = (guint64)packed_take_number(reader, PACKED_FACT, 0, G_MAXINT64);
		unpack_key(reader, file);
	}
	return g_steal_pointer(&files);
}

static Submission *
unpack(PackedReader *reader)
{
	g_autoptr(Submission) submission = g_new0(Submission, 1);

	gint64 version = packed_take_number(reader, PACKED_VERSION, BYTES_VERSION_OLDEST, BYTES_VERSION);
	submission->client = unpack_client(reader, version);
	if (version == BYTES_VERSION)
		submission->is_unchecked = packed_take_number(reader, PACKED_FACT, 0, 1) != 0;
	if (packed_peek(reader) == PACKED_EVIDENCE)
		submission->evidence = packed_dup(reader, PACKED_EVIDENCE);
	submission->posted = posted_unpack(reader);
	if (submission->client == NULL || submission->posted == NULL)
		return NULL;
	submission->fields = unpack_fields(reader, submission->posted);
	submission->files = unpack_files(reader);
	return submission->fields != NULL && packed_is_done(reader) ? g_steal_pointer(&submission) : NULL;
}

Submission *
submission_from_bytes(const char *receipt, const char *site, guint64 form_id, GBytes *bytes, GError **error)
{
	PackedReader reader = packed_reader(bytes);
	Submission *submission = unpack(&reader);

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
