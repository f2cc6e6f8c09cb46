/*
 * Urlencoded bodies. Promises: every name and value is clean UTF-8 without surrounding white space, no name is empty, each is found
 * under its name, and the way into packed text and back gives the same map. The bytes are also read as a stored
 * map themselves, because a database is input.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/posted.h"

static void
fuzz_check_clean(const char *text)
{
	g_assert(g_utf8_validate(text, -1, NULL));
	for (const char *at = text; *at != '\0'; at++)
		g_assert((guchar)*at >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r');
}

static void
fuzz_check_map(const Posted *posted)
{
	for (guint i = 0; i < posted_count(posted); i++) {
		const PostedValue *value = NULL;
		const char *name = posted_name(posted, i, &value);
		fuzz_check_clean(name);
		g_assert(name[0] != '\0' && strpbrk(name, " .[") == NULL);
		g_assert(posted_get(posted, name) == value);
		g_autoptr(GPtrArray) texts = posted_value_flatten(value);
		g_assert(texts->len >= 1);
		for (guint k = 0; k < texts->len; k++) {
			const char *text = g_ptr_array_index(texts, k);
			g_autofree char *stripped = text_strip(text);
			fuzz_check_clean(text);
			g_assert(g_str_equal(stripped, text));
		}
	}
}

static void
fuzz_check_way_back(const Posted *posted)
{
	g_autoptr(GString) packed = g_string_new(NULL);
	g_autoptr(GString) packed_again = g_string_new(NULL);

	posted_pack(posted, packed);
	g_autoptr(GBytes) bytes = g_bytes_new(packed->str, packed->len);
	PackedReader reader = packed_reader(bytes);
	g_autoptr(Posted) again = posted_unpack(&reader);
	g_assert(again != NULL && packed_is_done(&reader));
	posted_pack(again, packed_again);
	g_assert(g_string_equal(packed, packed_again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Posted) posted = posted_from_urlencoded((const char *)bytes, size, &error);

	g_assert((posted == NULL) == (error != NULL));
	if (posted) {
		fuzz_check_map(posted);
		fuzz_check_way_back(posted);
	}
	g_autoptr(GBytes) stored = g_bytes_new(bytes, size);
	PackedReader reader = packed_reader(stored);
	g_autoptr(Posted) foreign = posted_unpack(&reader);
	if (foreign)
		fuzz_check_way_back(foreign);
	return 0;
}
