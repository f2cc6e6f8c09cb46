/*
 * PHP's serialize() format: what is read, what is put right, what is refused.
 */
#include <string.h>

#include "form/php_serialized.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define SIZED(text) text, sizeof(text) - 1

static void
check_value(const char *text, const char *expected, guint recovered)
{
	g_autoptr(GError) error = NULL;
	guint count = 99;
	g_autoptr(GVariant) value = php_serialized_read(text, strlen(text), &count, &error);

	g_assert_no_error(error);
	g_autofree char *printed = g_variant_print(value, FALSE);
	g_assert_cmpstr(printed, ==, expected);
	g_assert_cmpuint(count, ==, recovered);
	g_assert_false(g_variant_is_floating(value));
}

static void
check_refusal(const char *text, gsize size, const char *hint)
{
	g_autoptr(GError) error = NULL;
	guint count = 99;
	g_autoptr(GVariant) value = php_serialized_read(text, size, &count, &error);

	g_assert_error(error, FORM_ERROR, FORM_ERROR_IMPORT);
	g_assert_null(value);
	if (strstr(error->message, hint) == NULL)
		g_error("\"%s\" does not say \"%s\"", error->message, hint);
}

static void
test_values(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"N;", "nothing"},
	    {"b:1;", "true"},
	    {"b:0;", "false"},
	    {"i:0;", "0"},
	    {"i:-9223372036854775808;", "-9223372036854775808"},
	    {"d:0.5;", "0.5"},
	    {"d:-1.0E+25;", "-1.0000000000000001e+25"},
	    {"d:INF;", "inf"},
	    {"s:0:\"\";", "''"},
	    {"s:6:\"茶茶\";", "'茶茶'"},
	    {"s:5:\"a\";}b\";", "'a\";}b'"},
	    {"a:0:{}", "{}"},
	    {"a:2:{s:1:\"k\";s:1:\"v\";i:7;N;}", "{'k': <'v'>, '7': <@mv nothing>}"},
	    {"a:1:{i:-1;a:1:{i:0;b:1;}}", "{'-1': <{'0': <true>}>}"},
	    {" \n a:0:{}\n", "{}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_value(rows[i].text, rows[i].expected, 0);
}

static void
test_wrapped(void)
{
	check_value("s:6:\"a:0:{}\";", "{}", 0);
	check_value("s:13:\"s:6:\"a:0:{}\";\";", "{}", 0);
	/* Quoting of a text that only begins like one. */
	check_value("s:3:\"a:b\";", "'a:b'", 0);
	check_refusal(SIZED("s:24:\"O:8:\"stdClass\":0:{}12345\";"), "object");
}

/* A length counts CR LF; the text has LF. */
static void
test_lost_line_ends(void)
{
	check_value("s:4:\"a\nb\";", "'a\\nb'", 1);
	check_value("a:2:{s:1:\"k\";s:8:\"a\nb\nc\n\";i:1;s:1:\"x\";}", "{'k': <'a\\nb\\nc\\n'>, '1': <'x'>}", 1);
	/* Some line ends were LF before. */
	check_value("a:1:{s:1:\"k\";s:6:\"a\nb\nc\";}", "{'k': <'a\\nb\\nc'>}", 1);
	/* The text itself holds what looks like its end. */
	check_value("a:2:{i:0;s:9:\"a\n\";}\nb\";i:1;i:2;}", "{'0': <'a\\n\";}\\nb'>, '1': <int64 2>}", 1);
	/* A length that is right stands, though four bytes earlier, after four line ends, the text would end too. */
	check_value("a:1:{i:0;s:8:\"\n\n\n\n\";}x\";}", "{'0': <'\\n\\n\\n\\n\";}x'>}", 0);
	/* The wrong length points exactly at the end of the next text: 18 line ends are lost, and so long is
	 * `";i:1;s:7:"1234567`. */
	check_value("a:2:{i:0;s:36:\"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\";i:1;s:7:\"1234567\";}",
	    "{'0': <'\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n'>, '1': <'1234567'>}", 1);
	/* A key can have them too, and a wrapped value is put right inside and outside. */
	check_value("a:1:{s:3:\"\n\n\";N;}", "{'\\n\\n': <@mv nothing>}", 1);
	check_value("s:19:\"a:1:{i:0;s:2:\"\n\";}\";", "{'0': <'\\n'>}", 2);
}

static void
test_refusals(void)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
	    {"", "no value"},
	    {"x", "no value"},
	    {"i:5", "number is missing"},
	    {"i:;", "number is missing"},
	    {"i:1.5;", "no whole number"},
	    {"i:9223372036854775808;", "no whole number"},
	    {"d:nan(x);", "number is missing"},
	    {"d:1-1;", "no number"},
	    {"b:2;", "truth value"},
	    {"s:1:\"ab\";", "does not end after its 1 bytes"},
	    {"s:3:\"ab\";", "does not end after its 3 bytes"},
	    {"s:-1:\"a\";", "no length"},
	    {"s:+1:\"a\";", "no length"},
	    {"s:4294967296:\"a\";", "no length"},
	    {"s:18446744073709551615:\"a\";", "no length"},
	    {"s:4294967295:\"a\";", "does not end"},
	    {"s:99999:\"a\nb\";", "does not end"},
	    {"s:1:'a';", "\" is missing"},
	    {"s:1:\"", "does not end"},
	    {"s:1", "number is missing"},
	    {"a:1:{}", "ends early"},
	    {"a:0:{i:0;N;}", "} is missing"},
	    {"a:-1:{}", "no length or count"},
	    {"a:4294967295:{i:0;N;}", "ends early"},
	    {"a:1:{i:0;N;", "ends early"},
	    {"a:1:{b:1;N;}", "i: is missing"},
	    {"a:2:{i:0;N;i:0;N;}", "stands twice"},
	    {"a:2:{i:5;N;s:1:\"5\";N;}", "stands twice"},
	    {"a:0:{}a:0:{}", "more stands there"},
	    {"O:8:\"stdClass\":0:{}", "object"},
	    {"C:1:\"X\":0:{}", "object"},
	    {"E:3:\"A:B\";", "object"},
	    {"a:2:{i:0;N;i:1;R:1;}", "reference"},
	    {"a:2:{i:0;N;i:1;r:1;}", "reference"},
	    {"S:1:\"a\";", "object"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_refusal(rows[i].text, strlen(rows[i].text), rows[i].hint);
	check_refusal(SIZED("s:1:\"\0\";"), "not UTF-8");
	check_refusal(SIZED("s:1:\"\xff\";"), "not UTF-8");
	check_refusal(SIZED("s:1:\"\xe8\x8c\xb6\";"), "does not end");
}

static void
test_ceilings(void)
{
	g_autoptr(GString) nested = g_string_new(NULL);
	g_autoptr(GString) many = g_string_new(NULL);
	g_autofree char *big = g_strnfill(LIMIT_IMPORT_TEXT_BYTES + 1, 'x');

	for (guint i = 0; i <= LIMIT_IMPORT_DEPTH; i++)
		g_string_append(nested, "a:1:{i:0;");
	check_refusal(nested->str, nested->len, "nested deeper");
	g_string_printf(many, "a:%u:{", LIMIT_IMPORT_VALUES);
	for (guint i = 0; i < LIMIT_IMPORT_VALUES; i++)
		g_string_append_printf(many, "i:%u;N;", i);
	g_string_append_c(many, '}');
	check_refusal(many->str, many->len, "more than 10000 values");
	check_refusal(big, LIMIT_IMPORT_TEXT_BYTES + 1, "longer than");
}

static void
test_too_many_wrappings(void)
{
	g_autofree char *text = g_strdup("a:0:{}");

	for (guint i = 0; i < LIMIT_IMPORT_WRAPPINGS; i++) {
		char *wrapped = g_strdup_printf("s:%" G_GSIZE_FORMAT ":\"%s\";", strlen(text), text);
		g_free(text);
		text = wrapped;
	}
	check_refusal(text, strlen(text), "serialised more than");
}

/* Texts that make a naive search look at everything again for every string. */
static void
test_linear_time(void)
{
	g_autoptr(GString) text = g_string_new("a:9000:{");
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < 9000; i++)
		g_string_append_printf(text, "i:%u;s:1000000:\"\n\n\n\n\n\";i:0;\";i:x\";", i);
	check_refusal(text->str, text->len, "does not end");
	g_string_truncate(text, 0);
	g_string_append(text, "a:9000:{");
	for (guint i = 0; i < 9000; i++)
		g_string_append_printf(
		    text, "i:%u;s:99:\"%040d\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\";", i, 0);
	g_string_append(text, "}");
	check_refusal(text->str, text->len, "does not end");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/php_serialized/values", test_values);
	g_test_add_func("/form/php_serialized/serialised more than once", test_wrapped);
	g_test_add_func("/form/php_serialized/lost line ends", test_lost_line_ends);
	g_test_add_func("/form/php_serialized/refusals", test_refusals);
	g_test_add_func("/form/php_serialized/ceilings", test_ceilings);
	g_test_add_func("/form/php_serialized/too many wrappings", test_too_many_wrappings);
	g_test_add_func("/form/php_serialized/linear time", test_linear_time);
	return g_test_run();
}
