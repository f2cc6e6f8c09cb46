/*
 * HTML text. Promises for valid UTF-8 (others are not handed to html.c): results are valid UTF-8; an escaped text holds none of the
 * five characters and decodes to the text it was; a stripped text holds no "<" but one before white space or at its end.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/wire/html.h"

static void
fuzz_check_escape(const char *text)
{
	g_autofree char *escaped = html_escape(text);
	g_autofree char *decoded = html_decode(escaped);

	g_assert(strpbrk(escaped, "<>\"'") == NULL);
	g_assert(g_str_equal(decoded, text));
}

static void
fuzz_check_strip(const char *text)
{
	g_autofree char *stripped = html_strip_tags(text);

	g_assert(g_utf8_validate(stripped, -1, NULL));
	for (const char *at = strchr(stripped, '<'); at; at = strchr(at + 1, '<'))
		g_assert(g_ascii_isspace(at[1]) || at[1] == '\0');
	g_assert(strlen(stripped) <= strlen(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);

	if (!g_utf8_validate(text, -1, NULL))
		return 0;
	fuzz_check_escape(text);
	fuzz_check_strip(text);
	g_autofree char *decoded = html_decode(text);
	g_assert(g_utf8_validate(decoded, -1, NULL));
	return 0;
}
