/*
 * Reader of PHP's serialize() format, for texts that strangers may have made.
 *
 * A text is read strictly first. If that fails it is read once more with tolerance for lost CRs: a string whose length is too
 * large by k ends at the first `";` before that length that is followed by a token that may stand there and preceded by at least
 * k line ends; the place where every line end has lost its CR comes before the others. Two readings instead of one that tries
 * both at every string, because a length that is too large can by chance point at the end of a later string; a strict reading
 * then fails at the count of its map.
 *
 * State lives for one reading; the functions may be called from any thread.
 */
#include "php_serialized.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

/* Longer than any number PHP writes: a sign, 17 digits, a point, an exponent. */
#define NUMBER_BYTES 40u

/* What stands around a string, and so what may follow it. */
typedef enum { ROLE_WHOLE, ROLE_KEY, ROLE_VALUE } Role;

typedef struct {
	const char *start;
	const char *cursor;
	const char *end;
	gboolean is_lenient;
	guint depth;
	guint values;
	guint recovered;
	gboolean is_refused; /* a kind of value stands there that no form has */
} Reader;

static GVariant *read_value(Reader *reader, Role role, GError **error);

static gboolean fail(const Reader *reader, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean
fail(const Reader *reader, GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "byte %" G_GSIZE_FORMAT " of the serialised value: %s",
	    (gsize)(reader->cursor - reader->start), sentence);
	return FALSE;
}

static gsize
left(const Reader *reader)
{
	return (gsize)(reader->end - reader->cursor);
}

static gboolean
expect(Reader *reader, const char *word, GError **error)
{
	gsize size = strlen(word);

	if (left(reader) < size)
		return fail(reader, error, "it ends early");
	if (memcmp(reader->cursor, word, size) != 0)
		return fail(reader, error, "%s is missing", word);
	reader->cursor += size;
	return TRUE;
}

/* The characters up to `stop`, which is consumed, in `number`. */
static gboolean
read_number_text(Reader *reader, char stop, char number[NUMBER_BYTES + 1], GError **error)
{
	const char *found = memchr(reader->cursor, stop, MIN(left(reader), NUMBER_BYTES));
	gsize size;

	if (found == NULL)
		return fail(reader, error, "a number is missing");
	size = (gsize)(found - reader->cursor);
	memcpy(number, reader->cursor, size);
	number[size] = '\0';
	if (size == 0 || strspn(number, "+-.0123456789EINFAe") != size)
		return fail(reader, error, "a number is missing");
	reader->cursor = found + 1;
	return TRUE;
}

/* A count or length. */
static gboolean
read_size(Reader *reader, gsize *value, GError **error)
{
	char number[NUMBER_BYTES + 1];
	guint64 read;

	if (!read_number_text(reader, ':', number, error))
		return FALSE;
	if (!g_ascii_isdigit(number[0]) || !g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT32, &read, NULL))
		return fail(reader, error, "%s is no length or count", number);
	*value = read;
	return TRUE;
}

static gboolean
read_whole_number(Reader *reader, gint64 *value, GError **error)
{
	char number[NUMBER_BYTES + 1];

	if (!read_number_text(reader, ';', number, error))
		return FALSE;
	if (!g_ascii_string_to_signed(number, 10, G_MININT64, G_MAXINT64, value, NULL))
		return fail(reader, error, "%s is no whole number", number);
	return TRUE;
}

static GVariant *
read_double(Reader *reader, GError **error)
{
	char number[NUMBER_BYTES + 1];
	char *end;
	double value;

	if (!read_number_text(reader, ';', number, error))
		return NULL;
	value = g_ascii_strtod(number, &end);
	if (*end != '\0') {
		fail(reader, error, "%s is no number", number);
		return NULL;
	}
	return g_variant_new_double(value);
}

static GVariant *
read_boolean(Reader *reader, GError **error)
{
	gint64 value;

	if (!read_whole_number(reader, &value, error))
		return NULL;
	if (value != 0 && value != 1) {
		fail(reader, error, "a truth value is neither 0 nor 1");
		return NULL;
	}
	return g_variant_new_boolean(value == 1);
}

/* --- Strings ------------------------------------------------------------------------------------------------------------ */

/* A token that may stand after a string in that role begins at `next`. */
static gboolean
is_token(const Reader *reader, const char *next, Role role)
{
	gsize size = (gsize)(reader->end - next);

	if (role == ROLE_WHOLE)
		return size == 0;
	if (size >= 1 && next[0] == '}')
		return role == ROLE_VALUE;
	if (size >= 2 && next[0] == 'N' && next[1] == ';')
		return role == ROLE_KEY;
	if (size < 3 || next[1] != ':' || strchr(role == ROLE_KEY ? "asibd" : "si", next[0]) == NULL)
		return FALSE;
	return g_ascii_isdigit(next[2]) || next[2] == '-';
}

static gboolean
is_end_of_string(const Reader *reader, const char *quote, Role role)
{
	return reader->end - quote >= 2 && quote[0] == '"' && quote[1] == ';' && is_token(reader, quote + 2, role);
}

/* The quote that ends the string at the cursor, of which `size` was said; NULL without one. */
static const char *
find_end_of_string(const Reader *reader, gsize size, Role role)
{
	const char *said = left(reader) >= size ? reader->cursor + size : reader->end;
	const char *first = NULL;
	gsize lines = 0;

	for (const char *place = reader->cursor; place <= said && place < reader->end; place++) {
		gsize missing = size - (gsize)(place - reader->cursor);

		if (missing <= lines && is_end_of_string(reader, place, role)) {
			if (missing == lines || missing == 0)
				return place;
			if (first == NULL)
				first = place;
		}
		lines += *place == '\n';
	}
	return first;
}

/* The string after its `s:`; `text` and `size` point into the reader's text, and both ends are valid UTF-8 because quotes stand
 * there. */
static gboolean
read_string(Reader *reader, Role role, const char **text, gsize *size, GError **error)
{
	const char *end = NULL;
	gsize said = 0;

	if (!read_size(reader, &said, error) || !expect(reader, "\"", error))
		return FALSE;
	if (reader->is_lenient)
		end = find_end_of_string(reader, said, role);
	else if (left(reader) >= 2 && said <= left(reader) - 2)
		end = reader->cursor + said;
	if (end == NULL || end[0] != '"' || end[1] != ';')
		return fail(reader, error, "a text does not end after its %" G_GSIZE_FORMAT " bytes", said);
	reader->recovered += (gsize)(end - reader->cursor) != said;
	*text = reader->cursor;
	*size = (gsize)(end - reader->cursor);
	reader->cursor = end + 2;
	return TRUE;
}

static char *
copy_string(Reader *reader, Role role, GError **error)
{
	const char *text = NULL;
	gsize size = 0;

	return read_string(reader, role, &text, &size, error) ? g_strndup(text, size) : NULL;
}

/* --- Maps and values ---------------------------------------------------------------------------------------------------- */

/* A key as text; the caller's. */
static char *
read_key(Reader *reader, GError **error)
{
	gint64 number;

	if (left(reader) >= 2 && memcmp(reader->cursor, "s:", 2) == 0) {
		reader->cursor += 2;
		return copy_string(reader, ROLE_KEY, error);
	}
	if (!expect(reader, "i:", error) || !read_whole_number(reader, &number, error))
		return NULL;
	return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

/* NOLINTBEGIN(misc-no-recursion): LIMIT_IMPORT_DEPTH bounds the nesting. */

static gboolean
read_entry(Reader *reader, GVariantBuilder *builder, GHashTable *seen, GError **error)
{
	g_autofree char *key = read_key(reader, error);
	GVariant *value;

	if (key == NULL)
		return FALSE;
	if (g_hash_table_contains(seen, key))
		return fail(reader, error, "a key stands twice in one map");
	value = read_value(reader, ROLE_VALUE, error);
	if (value == NULL)
		return FALSE;
	g_variant_builder_add(builder, "{sv}", key, value);
	g_hash_table_add(seen, g_steal_pointer(&key));
	return TRUE;
}

static GVariant *
read_map(Reader *reader, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gsize count;

	if (++reader->depth > LIMIT_IMPORT_DEPTH) {
		fail(reader, error, "it is nested deeper than %u levels", LIMIT_IMPORT_DEPTH);
		return NULL;
	}
	if (!read_size(reader, &count, error) || !expect(reader, "{", error))
		return NULL;
	/* A count of billions ends here or at the first entry that is missing; nothing is made ready for it. */
	for (gsize i = 0; i < count; i++) {
		if (!read_entry(reader, &builder, seen, error))
			return NULL;
	}
	if (!expect(reader, "}", error))
		return NULL;
	reader->depth--;
	return g_variant_builder_end(&builder);
}

static GVariant *
refuse_kind(Reader *reader, char kind, GError **error)
{
	reader->is_refused = strchr("OCERrS", kind) != NULL && kind != '\0';
	if (reader->is_refused)
		fail(reader, error,
		    "an object, enum or reference (%c) stands there; no form of Contact Form 7 has one, so this export is "
		    "damaged or made to do harm",
		    kind);
	else
		fail(reader, error, "no value stands there");
	return NULL;
}

/* Floating; NULL with an error. */
static GVariant *
read_value(Reader *reader, Role role, GError **error)
{
	gint64 number;
	char *text;
	char kind = '\0';

	if (++reader->values > LIMIT_IMPORT_VALUES) {
		fail(reader, error, "it holds more than %u values", LIMIT_IMPORT_VALUES);
		return NULL;
	}
	if (left(reader) >= 2 && memcmp(reader->cursor, "N;", 2) == 0) {
		reader->cursor += 2;
		return g_variant_new_maybe(G_VARIANT_TYPE_VARIANT, NULL);
	}
	if (left(reader) >= 2 && reader->cursor[1] == ':')
		kind = reader->cursor[0];
	if (kind == '\0' || strchr("asibd", kind) == NULL)
		return refuse_kind(reader, kind, error);
	reader->cursor += 2;
	switch (kind) {
	case 'a':
		return read_map(reader, error);
	case 's':
		text = copy_string(reader, role, error);
		return text == NULL ? NULL : g_variant_new_take_string(text);
	case 'b':
		return read_boolean(reader, error);
	case 'd':
		return read_double(reader, error);
	default:
		return read_whole_number(reader, &number, error) ? g_variant_new_int64(number) : NULL;
	}
}

/* NOLINTEND(misc-no-recursion) */

/* --- The whole ---------------------------------------------------------------------------------------------------------- */

/* One reading of all of the text. The caller's. */
static GVariant *
read_whole(Reader *reader, GError **error)
{
	g_autoptr(GVariant) value = read_value(reader, ROLE_WHOLE, error);

	if (value == NULL)
		return NULL;
	g_variant_ref_sink(value);
	if (reader->cursor != reader->end) {
		fail(reader, error, "more stands there than the value");
		return NULL;
	}
	return g_steal_pointer(&value);
}

/* Both readings. The caller's. An object stands where the strict reading found it; the lenient one stumbles over the text before. */
static GVariant *
read_text(const char *text, gsize size, guint *recovered, GError **error)
{
	Reader strict = {.start = text, .cursor = text, .end = text + size};
	Reader lenient = {.start = text, .cursor = text, .end = text + size, .is_lenient = TRUE};
	g_autoptr(GError) refusal = NULL;
	GVariant *value = read_whole(&strict, &refusal);

	if (value == NULL)
		value = read_whole(&lenient, strict.is_refused ? NULL : error);
	if (value == NULL && strict.is_refused)
		g_propagate_error(error, g_steal_pointer(&refusal));
	*recovered += lenient.recovered;
	return value;
}

static gboolean
is_serialised(GVariant *value)
{
	const char *text;

	if (!g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
		return FALSE;
	text = g_variant_get_string(value, NULL);
	return text[0] != '\0' && strchr("asOCE", text[0]) != NULL && text[1] == ':' && g_ascii_isdigit(text[2]);
}

static gboolean
check_text(const char *text, gsize size, GError **error)
{
	const char *invalid;

	if (size > LIMIT_IMPORT_TEXT_BYTES) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "the serialised value is longer than %lu KiB",
		    LIMIT_IMPORT_TEXT_BYTES / 1024u);
		return FALSE;
	}
	if (!g_utf8_validate(text, (gssize)size, &invalid)) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "byte %" G_GSIZE_FORMAT " of the serialised value is not UTF-8",
		    (gsize)(invalid - text));
		return FALSE;
	}
	return TRUE;
}

GVariant *
php_serialized_read(const char *text, gsize size, guint *recovered, GError **error)
{
	g_autoptr(GVariant) value = NULL;
	guint count = 0;

	if (!check_text(text, size, error))
		return NULL;
	for (guint wrapping = 0; value == NULL || is_serialised(value); wrapping++) {
		g_autoptr(GVariant) outer = g_steal_pointer(&value);

		if (wrapping == LIMIT_IMPORT_WRAPPINGS) {
			g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "the value was serialised more than %u times",
			    LIMIT_IMPORT_WRAPPINGS);
			return NULL;
		}
		if (outer != NULL)
			text = g_variant_get_string(outer, &size);
		while (size > 0 && g_ascii_isspace(text[size - 1]))
			size--;
		while (size > 0 && g_ascii_isspace(text[0]))
			text++, size--;
		value = read_text(text, size, &count, error);
		if (value == NULL)
			return NULL;
	}
	if (recovered != NULL)
		*recovered = count;
	return g_steal_pointer(&value);
}
