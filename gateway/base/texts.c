/*
 * Texts in the reader's language, from a table that gateway/po/make_texts.py makes of the .po files at build time.
 *
 * gettext proper is not used because it follows the process's locale, while here every form has its own. The table is sorted by
 * id and constant; there is no state.
 */
#include "sekisho/base/texts.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *id;
	const char *english;
	const char *japanese; /* NULL if there is none yet */
} TextRow;

/* static const TextRow text_rows[], sorted by strcmp of the id. */
#include "texts_table.h"

static int
compare_id(const void *id, const void *element)
{
	const TextRow *row = element;
	return strcmp(id, row->id);
}

/* "ja", "ja_JP", "ja-JP", "ja.UTF-8" read Japanese; "jam" is another language. */
static gboolean
is_japanese(const char *locale)
{
	return g_ascii_strncasecmp(locale, "ja", 2) == 0 && !g_ascii_isalpha(locale[2]);
}

const char *
text_find(const char *locale, const char *id)
{
	const TextRow *row = bsearch(id, text_rows, G_N_ELEMENTS(text_rows), sizeof text_rows[0], compare_id);
	if (!row)
		return NULL;
	return row->japanese && is_japanese(locale) ? row->japanese : row->english;
}

const char *
text_for(const char *locale, const char *id)
{
	const char *text = text_find(locale, id);
	if (!text)
		g_error("no text has the id \"%s\"", id);
	return text;
}

static const char *
value_at(const TextPlace *places, const char *name, size_t size)
{
	for (; places->name != NULL; places++)
		if (strlen(places->name) == size && strncmp(places->name, name, size) == 0)
			return places->value;
	return NULL;
}

char *
text_fill(const char *text, const TextPlace *places)
{
	GString *filled = g_string_new(NULL);

	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		g_string_append_len(filled, text, (gssize)plain);
		text += plain;
		const char *end = *text == '\0' ? NULL : strchr(text, '}');
		const char *value = end == NULL ? NULL : value_at(places, text + 1, (size_t)(end - text - 1));
		if (value != NULL)
			g_string_append(filled, value);
		else if (*text != '\0')
			g_string_append_c(filled, *text);
		text += value != NULL ? end + 1 - text : *text != '\0';
	}
	return g_string_free(filled, FALSE);
}
