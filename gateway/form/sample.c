/*
 * Sample submissions. A value is made by the field's type, so that it passes the field's own rule where that is easy; it is shaped by the form like
 * any other submission, pipes and consent texts included. No state.
 */
#include "sekisho/form/sample.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"

/* Letters and digits, as vault_receipt makes them. */
#define RECEIPT "SAMPLE000000"

/* RFC 5737, RFC 2606: addresses that are nobody's. */
#define ADDRESS "192.0.2.1"

typedef struct {
	const Form *form;
	GHashTable *given;
	SampleExtent extent;
	Posted *posted;
	GPtrArray *files;
} Sample;

static gboolean
add(Sample *sample, const char *name, const char *value, GError **error)
{
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));

	return posted_add(sample->posted, name_bytes, value_bytes, error);
}

static char *
sample_number(const FormTag *tag)
{
	const char *minimum = formtag_option(tag, "min");

	return g_strdup(minimum != NULL ? minimum : "1");
}

/* What a visitor might type into the field. The caller's. */
static char *
sample_text(const FormTag *tag)
{
	static const struct {
		const char *basetype;
		const char *text;
	} samples[] = {{"email", "visitor@example.com"}, {"url", "https://example.com/"}, {"tel", "03-0000-0000"},
	    {"date", "2030-01-31"}, {"acceptance", "1"}};

	for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
		if (g_str_equal(tag->basetype, samples[i].basetype))
			return g_strdup(samples[i].text);
	}
	if (g_str_equal(tag->basetype, "number") || g_str_equal(tag->basetype, "range"))
		return sample_number(tag);
	if (g_str_equal(tag->basetype, "hidden") && tag->values->len > 0)
		return g_strdup(((const FormTagValue *)tag->values->pdata[0])->before);
	if (g_str_equal(tag->basetype, "textarea"))
		return g_strdup_printf("(sample of %s,\nin two lines)", tag->raw_name);
	return g_strdup_printf("(sample of %s)", tag->raw_name);
}

/* A choice is posted as the text before its "|"; the first one may be no more than the list's heading. */
static char *
sample_choice(const FormTag *tag)
{
	const guint first = formtag_has_option(tag, "first_as_label") ? 1 : 0;

	return tag->values->len > first ? g_strdup(((const FormTagValue *)tag->values->pdata[first])->before) : sample_text(tag);
}

static void
add_file(Sample *sample, const FormTag *tag)
{
	SubmissionFile *file = submission_file_new();
	g_autofree char *name = g_strdup_printf("sample-of-%s.pdf", tag->name);
	char **places[] = {&file->field, &file->client_name, &file->name};
	const char *values[] = {tag->name, name, name};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
		text_set(places[i], values[i]);
	file->state = FILE_KEPT;
	file->size_bytes = 1;
	g_ptr_array_add(sample->files, file);
}

static gboolean
is_wanted(const Sample *sample, const FormTag *tag)
{
	if (tag->name == NULL || (tag->features & TAG_NOT_FOR_MAIL) || form_tag(sample->form, tag->name) != tag)
		return FALSE;
	if (sample->given != NULL && g_hash_table_contains(sample->given, tag->name))
		return FALSE;
	return sample->extent == SAMPLE_FULL || formtag_is_required(tag);
}

static gboolean
add_tag(Sample *sample, const FormTag *tag, GError **error)
{
	gboolean is_choice = (tag->features & TAG_SELECTABLE) != 0 && !g_str_equal(tag->basetype, "acceptance");

	if (!is_wanted(sample, tag))
		return TRUE;
	if (tag->features & TAG_FILE_UPLOADING) {
		add_file(sample, tag);
		return TRUE;
	}
	g_autofree char *value = is_choice ? sample_choice(tag) : sample_text(tag);
	return add(sample, tag->name, value, error);
}

/* One value as the plain field, several as the array that a browser posts. */
static gboolean
add_given(Sample *sample, const char *name, const GPtrArray *values, GError **error)
{
	g_autofree char *several = g_strconcat(name, "[]", NULL);

	for (guint i = 0; i < values->len; i++) {
		if (!add(sample, values->len > 1 ? several : name, values->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
fill(Sample *sample, GError **error)
{
	GHashTableIter iterator;
	gpointer name, values;

	if (sample->given != NULL) {
		g_hash_table_iter_init(&iterator, sample->given);
		while (g_hash_table_iter_next(&iterator, &name, &values)) {
			if (!add_given(sample, name, values, error))
				return FALSE;
		}
	}
	for (guint i = 0; i < sample->form->tags->len; i++) {
		if (!add_tag(sample, sample->form->tags->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

static ClientFacts *
sample_client(const Form *form)
{
	ClientFacts *client = client_facts_new();

	text_set(&client->remote_ip, ADDRESS);
	text_set(&client->user_agent, "Mozilla/5.0 (sample)");
	text_set(&client->url, form->site->url);
	text_set(&client->unit_tag, "wpcf7-sample");
	client->remote_port = 50000;
	client->received_at_us = clock_now_us();
	return client;
}

Submission *
sample_submission(const Form *form, GHashTable *given, SampleExtent extent, GError **error)
{
	Sample sample = {.form = form, .given = given, .extent = extent, .posted = posted_new(), .files = submission_files_new()};

	if (fill(&sample, error))
		return submission_new(form, RECEIPT, sample.posted, sample.files, sample_client(form));
	posted_free(sample.posted);
	g_ptr_array_unref(sample.files);
	return NULL;
}
