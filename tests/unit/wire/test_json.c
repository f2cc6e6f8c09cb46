/*
 * JSON as the contract's answers need it.
 */
#include <math.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/json.h"

static void
check_json(GVariant *value, const char *expected)
{
	g_autofree char *json = json_from_variant(value, 0);

	g_assert_cmpstr(json, ==, expected);
}

static void
test_scalars(void)
{
	check_json(g_variant_new_boolean(TRUE), "true");
	check_json(g_variant_new_boolean(FALSE), "false");
	check_json(g_variant_new_int32(-7), "-7");
	check_json(g_variant_new_uint32(G_MAXUINT32), "4294967295");
	check_json(g_variant_new_int16(-3), "-3");
	check_json(g_variant_new_uint16(3), "3");
	check_json(g_variant_new_byte(255), "255");
	check_json(g_variant_new_int64(G_MININT64), "-9223372036854775808");
	check_json(g_variant_new_uint64(G_MAXINT64), "9223372036854775807");
	check_json(g_variant_new_uint64(G_MAXUINT64), "1.8446744073709552e+19");
	check_json(g_variant_new_double(0.5), "0.5");
	check_json(g_variant_new_double(NAN), "null");
	check_json(g_variant_new_double(INFINITY), "null");
}

static void
test_strings(void)
{
	check_json(g_variant_new_string("a/b"), "\"a\\/b\"");
	check_json(g_variant_new_string("関"), "\"\\u95A2\"");
	check_json(g_variant_new_string("😀"), "\"\\uD83D\\uDE00\"");
	check_json(g_variant_new_string("\"\\\r\n\t\x01"), "\"\\\"\\\\\\r\\n\\t\\u0001\"");
	check_json(g_variant_new_string("</script>"), "\"<\\/script>\"");
	check_json(g_variant_new_string(""), "\"\"");
}

static void
test_containers(void)
{
	check_json(g_variant_new_parsed("@ms nothing"), "null");
	check_json(g_variant_new_parsed("just 'x'"), "\"x\"");
	check_json(g_variant_new_parsed("@ai []"), "[]");
	check_json(g_variant_new_parsed("@a{sv} {}"), "{}");
	check_json(g_variant_new_parsed("('quiz', 3, <true>)"), "[\"quiz\",3,true]");
	check_json(g_variant_new_parsed("{'b': 'x', 'a': 'y'}"), "{\"b\":\"x\",\"a\":\"y\"}");
	check_json(g_variant_new_parsed("<<'x'>>"), "\"x\"");
}

static void
test_order_and_nesting(void)
{
	check_json(
	    g_variant_new_parsed("{'status': <'mail_sent'>, 'invalid_fields': <[{'field': <'n'>, 'idref': <@ms nothing>}]>, "
				 "'contact_form_id': <uint64 4>, 'about': <''>}"),
	    "{\"status\":\"mail_sent\",\"invalid_fields\":[{\"field\":\"n\",\"idref\":null}],\"contact_form_id\":4,\"about\":"
	    "\"\"}");
}

static void
test_indent(void)
{
	g_autofree char *json = json_from_variant(g_variant_new_parsed("{'b': <[1, 2]>}"), 2);

	g_assert_cmpstr(json, ==, "{\n  \"b\": [\n    1,\n    2\n  ]\n}");
}

static void
test_floating_and_owned(void)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(g_variant_new_string("x"));

	for (int i = 0; i < 3; i++)
		check_json(owned, "\"x\"");
}

/* --- From outside ------------------------------------------------------------------------------------------------------- */

static void
test_read(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"null", "nothing"},
	    {" true ", "true"},
	    {"-5", "-5"},
	    {"0.5", "0.5"},
	    {"\"\\u95a2\\r\\n\"", "'関\\r\\n'"},
	    {"[]", "[]"},
	    {"[1,\"a\",null,{}]", "[<int64 1>, <'a'>, <@mv nothing>, <@a{sv} {}>]"},
	    {"{\"b\":1,\"a\":[true]}", "{'b': <int64 1>, 'a': <[<true>]>}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) value = json_to_variant(rows[i].text, strlen(rows[i].text), &error);
		g_assert_no_error(error);
		g_autofree char *printed = g_variant_print(value, FALSE);
		g_assert_cmpstr(printed, ==, rows[i].expected);
	}
}

static void
check_unreadable(const char *text, gsize size, WireError code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) value = json_to_variant(text, size, &error);

	g_assert_error(error, WIRE_ERROR, code);
	g_assert_null(value);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void
test_unreadable(void)
{
	static const char *const rows[] = {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "\"\\ud800\"", "1 2", "\"\xff\"",
	    "'a'", "[\"\033[2J", "99999999999999999999", "{\"a\\u0000b\":1}"};
	g_autofree char *big = g_strnfill(LIMIT_JSON_BYTES + 1, ' ');
	g_autofree char *deep = g_strnfill(LIMIT_JSON_DEPTH * 2 + 2, '[');
	GString *many = g_string_new("[0");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_unreadable(rows[i], strlen(rows[i]), WIRE_ERROR_MALFORMED);
	check_unreadable("1\0", 2, WIRE_ERROR_MALFORMED);
	check_unreadable(big, LIMIT_JSON_BYTES + 1, WIRE_ERROR_LIMIT);
	memset(deep + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
	check_unreadable(deep, LIMIT_JSON_DEPTH * 2 + 2, WIRE_ERROR_LIMIT);
	for (guint i = 1; i < LIMIT_JSON_VALUES; i++)
		g_string_append(many, ",0");
	g_string_append_c(many, ']');
	check_unreadable(many->str, many->len, WIRE_ERROR_LIMIT);
	g_string_free(many, TRUE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/json/numbers and truth values", test_scalars);
	g_test_add_func("/wire/json/strings are escaped as PHP does", test_strings);
	g_test_add_func("/wire/json/arrays objects and nothing", test_containers);
	g_test_add_func("/wire/json/keys keep their order", test_order_and_nesting);
	g_test_add_func("/wire/json/indent is for people", test_indent);
	g_test_add_func("/wire/json/an owned value stays the caller's", test_floating_and_owned);
	g_test_add_func("/wire/json/what is read", test_read);
	g_test_add_func("/wire/json/what is not read", test_unreadable);
	return g_test_run();
}
