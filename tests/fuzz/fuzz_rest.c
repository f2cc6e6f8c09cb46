/*
 * JSON from outside, and forms in it, on any bytes. Promises: what is read, written and read again is the same;
 * import_promises.h.
 */
#include "fuzz.h"

#include "import_promises.h"
#include "sekisho/wire/json.h"

static void
check_json(const uint8_t *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) value = json_to_variant((const char *)bytes, size, &error);

	if (value == NULL) {
		g_assert_true(error->domain == WIRE_ERROR);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		return;
	}
	g_autofree char *written = json_from_variant(value, 0);
	g_autoptr(GVariant) again = json_to_variant(written, strlen(written), &error);
	g_assert_no_error(error);
	g_assert_true(g_variant_equal(value, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	check_json(bytes, size);
	check_import(bytes, size);
	return 0;
}
