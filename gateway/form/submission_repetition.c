/*
 * What a submission has in common with itself sent again: a double click, a reload, a retry whose captcha token is used up. See submission_repetition. No state.
 */
#include <string.h>

#include "sekisho/form/submission.h"
#include "sekisho/wire/packed.h"

enum { PART_SITE = 's', PART_FORM = 'i', PART_FIELD = 'f', PART_VALUE = 'x', PART_FILE = 'u', PART_FACT = 'c' };

/* What the visitor types beside the last choice of a field is posted under such a name (contract 3.4). */
#define FREE_TEXT "_wpcf7_free_text_"

/* Other names with "_" are the plugin's and change from try to try. */
static gboolean
is_told_apart_by(const char *name, const char *const *without)
{
	if (name[0] == '_' && !g_str_has_prefix(name, FREE_TEXT))
		return FALSE;
	return without == NULL || !g_strv_contains(without, name);
}

static void
add_values(GString *packed, const char *name, const PostedValue *value)
{
	g_autoptr(GPtrArray) texts = posted_value_flatten(value);

	packed_add(packed, PART_FIELD, name);
	for (guint i = 0; i < texts->len; i++)
		packed_add(packed, PART_VALUE, texts->pdata[i]);
}

static void
add_file(GString *packed, const SubmissionFile *file)
{
	packed_add(packed, PART_FILE, file->field);
	packed_add(packed, PART_FACT, file->client_name);
	packed_add_number(packed, PART_FACT, (gint64)file->size_bytes);
	packed_add(packed, PART_FACT, file->sha256);
}

void
submission_repetition(const Submission *submission, Vault *vault, const char *const *without, VaultHash *repetition)
{
	g_autoptr(GString) packed = g_string_new(NULL);

	packed_add(packed, PART_SITE, submission->site);
	packed_add_number(packed, PART_FORM, (gint64)submission->form_id);
	for (guint i = 0; i < posted_count(submission->posted); i++) {
		const PostedValue *value = NULL;
		const char *name = posted_name(submission->posted, i, &value);
		if (is_told_apart_by(name, without))
			add_values(packed, name, value);
	}
	for (guint i = 0; i < submission->files->len; i++)
		add_file(packed, submission->files->pdata[i]);
	vault_hash(vault, VAULT_HASH_REPETITION, packed->str, packed->len, repetition);
}
