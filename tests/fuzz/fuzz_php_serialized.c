/*
 * PHP's serialize() format on any bytes. Promises: an error is FORM_ERROR_IMPORT and one sentence; a value's texts are UTF-8 and
 * no longer than the input; a value has no wrapped value on top; reading the same twice gives the same.
 */
#include "fuzz.h"

#include <string.h>

#include "form/php_serialized.h"
#include "sekisho/base/error.h"

/* NOLINTNEXTLINE(misc-no-recursion): LIMIT_IMPORT_DEPTH bounds it. */
static gsize
text_bytes(GVariant *value)
{
	gsize sum = 0;

	if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
		g_assert_true(g_utf8_validate(g_variant_get_string(value, NULL), -1, NULL));
		return strlen(g_variant_get_string(value, NULL));
	}
	for (gsize i = 0; g_variant_is_container(value) && i < g_variant_n_children(value); i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(value, i);
		/* Keys may be numbers, which are not counted: "5" is as long as i:5; says. */
		sum += text_bytes(child);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	guint recovered = 0, again_recovered = 0;
	g_autoptr(GVariant) value = php_serialized_read((const char *)bytes, size, &recovered, &error);
	g_autoptr(GVariant) again = php_serialized_read((const char *)bytes, size, &again_recovered, NULL);

	if (value == NULL) {
		g_assert_error(error, FORM_ERROR, FORM_ERROR_IMPORT);
		g_assert_null(strpbrk(error->message, "\r\n\033"));
		g_assert_null(again);
		return 0;
	}
	g_assert_no_error(error);
	g_assert_true(g_variant_equal(value, again));
	g_assert_cmpuint(recovered, ==, again_recovered);
	g_assert_cmpuint(text_bytes(value), <=, size);
	return 0;
}
