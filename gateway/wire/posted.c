/*
 * The posted fields as an ordered map of texts and nested arrays. An array keeps its entries in order of first appearance and,
 * beside them, a table from key to entry, so that adding and finding cost the same however many fields a stranger sends.
 *
 * Everything enters through posted_add, which cleans and counts, or posted_unpack, which takes back what posted_pack
 * gave. Entries are never removed, so borrowed names and values live as long as the map, unless the same name is added again.
 * Not thread-safe while it is filled; frozen afterwards by agreement.
 */
#include "sekisho/wire/posted.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* A key of more digits is an ordinary word: no form counts that far, and no sum overflows. */
#define POSTED_INDEX_DIGITS 18u

/* A map as packed text: BEGIN, then KEY and its value (TEXT or another map) as often as needed, END. */
enum { PACKED_BEGIN = '[', PACKED_KEY = 'k', PACKED_TEXT = 't', PACKED_END = ']' };

typedef struct {
	char *key;
	PostedValue *value;
} PostedEntry;

struct PostedValue {
	char *text;         /* NULL for an array */
	GPtrArray *entries; /* PostedEntry *; NULL for a text, and so is the table */
	GHashTable *by_key; /* entry's key -> entry, both borrowed from `entries` */
	guint64 next_index; /* what a[] becomes: one above the highest number used as a key, as in PHP */
};

struct Posted {
	PostedValue *root;
	guint field_count;
	gsize size_bytes;
};

/* --- Values -------------------------------------------------------------------------------------------------------- */

static void
posted_value_free(PostedValue *value)
{
	if (!value)
		return;
	g_clear_pointer(&value->by_key, g_hash_table_unref);
	g_clear_pointer(&value->entries, g_ptr_array_unref);
	g_free(value->text);
	g_free(value);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PostedValue, posted_value_free)

static void
posted_entry_free(gpointer data)
{
	PostedEntry *entry = data;

	g_free(entry->key);
	posted_value_free(entry->value);
	g_free(entry);
}

/* `text` becomes the value's. */
static PostedValue *
posted_value_new_text(char *text)
{
	PostedValue *value = g_new0(PostedValue, 1);

	value->text = text;
	return value;
}

static PostedValue *
posted_value_new_array(void)
{
	PostedValue *value = g_new0(PostedValue, 1);

	value->entries = g_ptr_array_new_with_free_func(posted_entry_free);
	value->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	return value;
}

/* A key that PHP would take for a whole number: "0", "7", "42", but not "07", "-1" or "+1". */
static gboolean
posted_is_index(const char *key)
{
	gsize digits = strspn(key, "0123456789");

	return digits > 0 && digits <= POSTED_INDEX_DIGITS && key[digits] == '\0' && (key[0] != '0' || digits == 1);
}

/* Sets `key` of an array, or appends if it is NULL. What stood there goes, its place stays. `value` becomes the array's. */
static void
posted_value_put(PostedValue *array, const char *key, PostedValue *value)
{
	g_autofree char *name = key ? g_strdup(key) : g_strdup_printf("%" G_GUINT64_FORMAT, array->next_index);
	PostedEntry *entry = g_hash_table_lookup(array->by_key, name);

	if (entry) {
		posted_value_free(entry->value);
		entry->value = value;
		return;
	}
	if (posted_is_index(name))
		array->next_index = MAX(array->next_index, g_ascii_strtoull(name, NULL, 10) + 1);
	entry = g_new0(PostedEntry, 1);
	entry->key = g_steal_pointer(&name);
	entry->value = value;
	g_ptr_array_add(array->entries, entry);
	g_hash_table_insert(array->by_key, entry->key, entry);
}

static PostedValue *
posted_value_find(const PostedValue *array, const char *key)
{
	const PostedEntry *entry = g_hash_table_lookup(array->by_key, key);

	return entry ? entry->value : NULL;
}

/* The array at `key`, made if there is none; a text in its place is replaced, as in PHP. */
static PostedValue *
posted_value_enter(PostedValue *array, const char *key)
{
	PostedValue *inner = key ? posted_value_find(array, key) : NULL;

	if (inner && posted_value_is_array(inner))
		return inner;
	inner = posted_value_new_array();
	posted_value_put(array, key, inner);
	return inner;
}

gboolean
posted_value_is_array(const PostedValue *value)
{
	return value->entries != NULL;
}

static void
posted_value_collect(const PostedValue *value, GPtrArray *texts) /* NOLINT(misc-no-recursion): at most LIMIT_FIELD_DEPTH deep */
{
	if (!posted_value_is_array(value)) {
		g_ptr_array_add(texts, value->text);
		return;
	}
	for (guint i = 0; i < value->entries->len; i++) {
		const PostedEntry *entry = g_ptr_array_index(value->entries, i);
		posted_value_collect(entry->value, texts);
	}
}

GPtrArray *
posted_value_flatten(const PostedValue *value)
{
	GPtrArray *texts = g_ptr_array_new();

	if (value)
		posted_value_collect(value, texts);
	return texts;
}

/* --- Names (contract 3.2) ------------------------------------------------------------------------------------------ */

static void
posted_underline(char *text, const char *characters)
{
	g_strdelimit(text, characters, '_');
}

/* Cuts the first "[key]" off `*rest`, which begins with "[". `*key` becomes NULL for "[]" and "[ ]". FALSE if the "[" is never
 * closed. */
static gboolean
posted_take_key(char **rest, const char **key)
{
	char *start = *rest + 1;
	/* PHP looks past one white space here, and keeps it in the key if there is more. */
	char *probe = *start != '\0' && g_ascii_isspace(*start) ? start + 1 : start;
	char *close = strchr(probe, ']');

	if (!close)
		return FALSE;
	*close = '\0';
	*key = close == probe ? NULL : start;
	*rest = close + 1;
	return TRUE;
}

/*
 * `name`, which is changed, as the path into the map: its first word, then one key for each pair of brackets, NULL for "[]" (all borrowed from
 * `name`). Text behind the last "]" is dropped, and so is an open bracket behind a closed one; an open bracket behind the
 * first word belongs to that word. An empty path: the name is empty. NULL: it is too deep.
 */
static GPtrArray *
posted_path(char *name)
{
	g_autoptr(GPtrArray) path = g_ptr_array_new();
	char *word = name + strspn(name, " ");
	char *rest = word + strcspn(word, "[");
	const char *key = NULL;
	char *bracket = *rest == '[' ? rest : NULL;

	if (rest == word)
		return g_steal_pointer(&path);
	g_ptr_array_add(path, word);
	while (*rest == '[' && posted_take_key(&rest, &key)) {
		if (path->len > LIMIT_FIELD_DEPTH)
			return NULL;
		g_ptr_array_add(path, (gpointer)key);
	}
	if (bracket && path->len > 1)
		*bracket = '\0';
	posted_underline(word, " .[");
	return g_steal_pointer(&path);
}

/* --- The map ------------------------------------------------------------------------------------------------------- */

Posted *
posted_new(void)
{
	Posted *posted = g_new0(Posted, 1);

	posted->root = posted_value_new_array();
	return posted;
}

void
posted_free(Posted *posted)
{
	if (!posted)
		return;
	posted_value_free(posted->root);
	g_free(posted);
}

static gboolean
posted_refuse(GError **error, guint number, const char *what, gsize limit)
{
	g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "field %u: %s (%" G_GSIZE_FORMAT ")", number, what, limit);
	return FALSE;
}

/* Counts the field and says whether it still fits. */
static gboolean
posted_admit(Posted *posted, gsize name_bytes, gsize value_bytes, GError **error)
{
	guint number = ++posted->field_count;

	if (number > LIMIT_FIELDS)
		return posted_refuse(error, number, "more fields than are taken", LIMIT_FIELDS);
	if (name_bytes > LIMIT_FIELD_NAME_BYTES)
		return posted_refuse(error, number, "its name has more bytes than are taken", LIMIT_FIELD_NAME_BYTES);
	if (value_bytes > LIMIT_FIELD_BYTES)
		return posted_refuse(error, number, "its value has more bytes than are taken", LIMIT_FIELD_BYTES);
	posted->size_bytes += name_bytes + value_bytes;
	if (posted->size_bytes > LIMIT_FIELDS_BYTES)
		return posted_refuse(error, number, "all fields together have more bytes than are taken", LIMIT_FIELDS_BYTES);
	return TRUE;
}

/* Contract 3.3 steps 1 and 2. Empty GBytes have no address at all. */
static char *
posted_clean(GBytes *bytes)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(bytes, &size);

	return size > 0 ? text_clean(text, size) : g_strdup("");
}

/* PHP's names end at NUL; its values do not. */
static char *
posted_clean_name(GBytes *bytes)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(bytes, &size);

	size = size > 0 ? strnlen(text, size) : 0;
	return size > 0 ? text_clean(text, size) : g_strdup("");
}

gboolean
posted_add(Posted *posted, GBytes *name, GBytes *value, GError **error)
{
	if (!posted_admit(posted, g_bytes_get_size(name), g_bytes_get_size(value), error))
		return FALSE;
	g_autofree char *clean_name = posted_clean_name(name);
	g_autoptr(GPtrArray) path = posted_path(clean_name);
	if (!path)
		return posted_refuse(error, posted->field_count, "its name nests deeper than is taken", LIMIT_FIELD_DEPTH);
	if (path->len == 0)
		return TRUE;
	PostedValue *array = posted->root;
	for (guint i = 0; i + 1 < path->len; i++)
		array = posted_value_enter(array, g_ptr_array_index(path, i));
	g_autofree char *clean_value = posted_clean(value);
	posted_value_put(array, g_ptr_array_index(path, path->len - 1), posted_value_new_text(text_strip(clean_value)));
	return TRUE;
}

const PostedValue *
posted_get(const Posted *posted, const char *name)
{
	return posted_value_find(posted->root, name);
}

const char *
posted_text(const Posted *posted, const char *name)
{
	const PostedValue *value = posted_get(posted, name);

	return value && value->text ? value->text : "";
}

guint
posted_count(const Posted *posted)
{
	return posted->root->entries->len;
}

const char *
posted_name(const Posted *posted, guint index, const PostedValue **value)
{
	const PostedEntry *entry = NULL;

	g_assert(index < posted_count(posted));
	entry = g_ptr_array_index(posted->root->entries, index);
	if (value)
		*value = entry->value;
	return entry->key;
}

/* --- application/x-www-form-urlencoded ----------------------------------------------------------------------------- */

static GBytes *
posted_decode(const char *text, gsize size)
{
	GByteArray *decoded = g_byte_array_sized_new((guint)size);

	for (gsize i = 0; i < size; i++) {
		guint8 byte = text[i] == '+' ? ' ' : (guint8)text[i];
		if (byte == '%' && size - i >= 3 && g_ascii_isxdigit(text[i + 1]) && g_ascii_isxdigit(text[i + 2])) {
			byte = (guint8)(g_ascii_xdigit_value(text[i + 1]) * 16 + g_ascii_xdigit_value(text[i + 2]));
			i += 2;
		}
		g_byte_array_append(decoded, &byte, 1);
	}
	return g_byte_array_free_to_bytes(decoded);
}

Posted *
posted_from_urlencoded(const char *body, gsize size, GError **error)
{
	g_autoptr(Posted) posted = posted_new();
	const char *end = size > 0 ? body + size : body;

	for (const char *at = body, *stop = body; at < end; at = stop + 1) {
		const char *ampersand = memchr(at, '&', (gsize)(end - at));
		stop = ampersand ? ampersand : end;
		if (stop == at)
			continue;
		const char *equals = memchr(at, '=', (gsize)(stop - at));
		const char *name_end = equals ? equals : stop;
		const char *value_start = equals ? equals + 1 : stop;
		g_autoptr(GBytes) name = posted_decode(at, (gsize)(name_end - at));
		g_autoptr(GBytes) value = posted_decode(value_start, (gsize)(stop - value_start));
		if (!posted_add(posted, name, value, error))
			return NULL;
	}
	return g_steal_pointer(&posted);
}

/* --- Keeping ------------------------------------------------------------------------------------------------------- */

static void
posted_value_pack(const PostedValue *value, GString *packed) /* NOLINT(misc-no-recursion): at most LIMIT_FIELD_DEPTH deep */
{
	if (!posted_value_is_array(value)) {
		packed_add(packed, PACKED_TEXT, value->text);
		return;
	}
	packed_add(packed, PACKED_BEGIN, "");
	for (guint i = 0; i < value->entries->len; i++) {
		const PostedEntry *entry = g_ptr_array_index(value->entries, i);
		packed_add(packed, PACKED_KEY, entry->key);
		posted_value_pack(entry->value, packed);
	}
	packed_add(packed, PACKED_END, "");
}

void
posted_pack(const Posted *posted, GString *packed)
{
	posted_value_pack(posted->root, packed);
}

/* The value at `depth`; what is deeper than posted_add would have made it makes the reader fail, and so do more entries, also of one key
 * (`entries` counts those of the whole map). */
static PostedValue *
posted_value_unpack(PackedReader *reader, guint depth, guint *entries) /* NOLINT(misc-no-recursion): `depth` has a ceiling */
{
	if (packed_peek(reader) != PACKED_BEGIN || depth > LIMIT_FIELD_DEPTH + 1)
		return posted_value_new_text(packed_dup(reader, PACKED_TEXT));
	PostedValue *array = posted_value_new_array();
	(void)packed_take(reader, PACKED_BEGIN);
	while (packed_peek(reader) == PACKED_KEY) {
		const char *key = packed_take(reader, PACKED_KEY);
		if (++*entries > LIMIT_FIELD_ENTRIES)
			reader->at = NULL;
		else if (key != NULL)
			posted_value_put(array, key, posted_value_unpack(reader, depth + 1, entries));
	}
	(void)packed_take(reader, PACKED_END);
	return array;
}

Posted *
posted_unpack(PackedReader *reader)
{
	if (packed_peek(reader) != PACKED_BEGIN)
		return NULL;
	g_autoptr(Posted) posted = g_new0(Posted, 1);
	guint entries = 0;
	posted->root = posted_value_unpack(reader, 1, &entries);
	g_assert(posted_value_is_array(posted->root));
	posted->field_count = posted->root->entries->len;
	return packed_is_good(reader) && posted->field_count <= LIMIT_FIELDS ? g_steal_pointer(&posted) : NULL;
}
