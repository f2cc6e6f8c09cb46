/*
 * The line scan and the table of keys on any bytes, as each of the three files. Promises: a file without problems dumps to a text that
 * has none either and dumps to itself; every problem is one line that begins with the file's name.
 */
#include "fuzz.h"

#include <string.h>

#include "sekisho/conf/settings.h"

static void
check_problems(const GPtrArray *problems)
{
	for (guint i = 0; i < problems->len; i++) {
		const char *problem = g_ptr_array_index(problems, i);
		g_assert_true(g_str_has_prefix(problem, "f:"));
		g_assert_null(strchr(problem, '\n'));
		g_assert_null(strchr(problem, '\033'));
	}
}

static void
check_file(KeysFile file, GBytes *content)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = settings_parse("f", file, content, problems);
	check_problems(problems);
	if (problems->len > 0)
		return;
	char *dump = settings_dump(settings);
	g_autoptr(GBytes) dumped = g_bytes_new_take(dump, strlen(dump));
	g_autoptr(Settings) again = settings_parse("f", file, dumped, problems);
	g_autofree char *second = settings_dump(again);
	g_assert_cmpuint(problems->len, ==, 0);
	g_assert_cmpstr(second, ==, dump);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autoptr(GBytes) content = g_bytes_new(bytes, size);
	check_file(KEYS_MAIN, content);
	check_file(KEYS_SITE, content);
	check_file(KEYS_FORM, content);
	return 0;
}
