/*
 * Header parameters for multipart.c: of the request's Content-Type and of each part's Content-Disposition. A cursor walks the bytes
 * once; the first thing out of place refuses the whole value, because a lenient reading differs from one program to
 * the next, and that is what a stranger would look for.
 */
#include "parameters.h"

#include <string.h>

#include "sekisho/base/error.h"

typedef struct {
	const guint8 *at;
	const guint8 *end;
} ParameterCursor;

static gboolean
parameters_refuse(GError **error, const char *sentence)
{
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, sentence);
	return FALSE;
}

static void
parameters_skip_space(ParameterCursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

static gboolean
parameters_take(ParameterCursor *cursor, char character)
{
	if (cursor->at == cursor->end || *cursor->at != (guint8)character)
		return FALSE;
	cursor->at++;
	return TRUE;
}

/* A token in lower case ("/" too, for a media type), or NULL. The caller's. */
static char *
parameters_take_word(ParameterCursor *cursor)
{
	const guint8 *start = cursor->at;

	while (cursor->at < cursor->end && *cursor->at != '\0' && *cursor->at < 0x80 &&
	       (g_ascii_isalnum((char)*cursor->at) || strchr("!#$%&'*+-.^_`{|}~/", *cursor->at)))
		cursor->at++;
	return cursor->at > start ? g_ascii_strdown((const char *)start, cursor->at - start) : NULL;
}

/* The text after "=", quoted or up to the next ";" or white space. NULL for an open quote or no text at all. */
static GBytes *
parameters_take_text(ParameterCursor *cursor)
{
	const guint8 *start = cursor->at;

	if (parameters_take(cursor, '"')) {
		const guint8 *close = memchr(cursor->at, '"', (gsize)(cursor->end - cursor->at));
		if (!close)
			return NULL;
		cursor->at = close + 1;
		return g_bytes_new(start + 1, (gsize)(close - start - 1));
	}
	/* strchr finds NUL too, which therefore needs quotes. */
	while (cursor->at < cursor->end && !strchr("; \t\"", *cursor->at))
		cursor->at++;
	return cursor->at > start ? g_bytes_new(start, (gsize)(cursor->at - start)) : NULL;
}

/* One parameter, with the cursor on its first byte and afterwards on ";" or the end. */
static gboolean
parameters_take_one(ParameterCursor *cursor, GHashTable *table, GError **error)
{
	g_autofree char *name = parameters_take_word(cursor);

	if (!name || !parameters_take(cursor, '='))
		return parameters_refuse(error, "a header parameter is not written name=value");
	GBytes *text = parameters_take_text(cursor);
	if (!text)
		return parameters_refuse(error, "a header parameter has no value or an open quote");
	if (!g_hash_table_insert(table, g_steal_pointer(&name), text))
		return parameters_refuse(error, "a header parameter stands there twice");
	return TRUE;
}

char *
parameters_parse(const guint8 *bytes, gsize size, GHashTable **parameters, GError **error)
{
	ParameterCursor cursor = {bytes, bytes + size};
	g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);

	parameters_skip_space(&cursor);
	g_autofree char *value = parameters_take_word(&cursor);
	if (!value) {
		parameters_refuse(error, "a header has no value before its parameters");
		return NULL;
	}
	for (;;) {
		parameters_skip_space(&cursor);
		if (cursor.at == cursor.end)
			break;
		if (!parameters_take(&cursor, ';')) {
			parameters_refuse(error, "a header parameter is followed by other text than \";\"");
			return NULL;
		}
		parameters_skip_space(&cursor);
		gboolean is_empty = cursor.at == cursor.end || *cursor.at == ';';
		if (!is_empty && !parameters_take_one(&cursor, table, error))
			return NULL;
	}
	*parameters = g_steal_pointer(&table);
	return g_steal_pointer(&value);
}
