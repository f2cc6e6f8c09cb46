/*
 * What a visitor posted, as PHP would see it (contract 3.2, 3.3): an ordered map from field name to a text or to a nested
 * array. Names are normalised as PHP does (leading spaces dropped; in the part before the first "[" each space and "." becomes "_"; an
 * unclosed "[" becomes "_"; a[] appends, a[k] sets k; repeated plain names: the last wins, the place of the first stays).
 *
 * Text from outside: every name and value passes text_clean as it enters (invalid UTF-8: the whole text becomes empty; NUL, which
 * ends a name, and controls go; CR, LF, tab stay), so everything here is valid, NUL-terminated UTF-8. Values pass text_strip too; names do not,
 * because PHP makes "_" of a space that is not a leading one.
 */
#pragma once

#include <glib.h>

#include "sekisho/wire/packed.h"

typedef struct Posted Posted;
typedef struct PostedValue PostedValue;

Posted *posted_new(void);
void posted_free(Posted *posted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Posted, posted_free)

/* Adds one field. WIRE_ERROR_LIMIT past LIMIT_FIELDS, LIMIT_FIELD_BYTES, LIMIT_FIELD_NAME_BYTES, LIMIT_FIELD_DEPTH, or LIMIT_FIELDS_BYTES
 * for all names and values together (the sentence names the field's number, not its content); then give the map up. Every
 * field counts, also one that replaces another. A name that is empty after normalising is ignored. */
gboolean posted_add(Posted *posted, GBytes *name, GBytes *value, GError **error);
/* Reads an application/x-www-form-urlencoded body into a new map. WIRE_ERROR_LIMIT; malformed escapes stay as they are, as in
 * PHP. `body` may be NULL if `size` is 0. */
Posted *posted_from_urlencoded(const char *body, gsize size, GError **error);

/* Borrowed from `posted`; NULL if absent. */
const PostedValue *posted_get(const Posted *posted, const char *name);
/* The text of a plain value, "" for an array or an absent name. Borrowed. */
const char *posted_text(const Posted *posted, const char *name);
guint posted_count(const Posted *posted);
/* In order of first appearance; `value` may be NULL. Borrowed. */
const char *posted_name(const Posted *posted, guint index, const PostedValue **value);

gboolean posted_value_is_array(const PostedValue *value);
/* All texts at any depth, in order (const char *, borrowed); one element for a plain value. NULL gives an empty list. The caller's. */
GPtrArray *posted_value_flatten(const PostedValue *value);

/* For sealing: appends the map to `packed` (wire/packed.h). */
void posted_pack(const Posted *posted, GString *packed);
/* The map that stands next, or NULL if there is none, or it nests too deep: it comes from a database and is treated as input. */
Posted *posted_unpack(PackedReader *reader);
