/*
 * HTML text. Promises for valid UTF-8 (others are not handed to html.c): results are valid UTF-8; an escaped text holds none of
 * the five characters and decodes to the text it was; escaping once leaves only references of them, and what it made it leaves
 * alone; a stripped text holds no "<" but one before white space or at its end. A text in canonical form (base/text.h) has that
 * form.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/text.h"
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
fuzz_check_escape_once(const char *text)
{
	g_autofree char *escaped = html_escape_once(text);
	g_autofree char *again = html_escape_once(escaped);

	g_assert(strpbrk(escaped, "<>\"'") == NULL);
	g_assert(g_str_equal(again, escaped));
}

static void
fuzz_check_canonical(const char *text, char *(*canonicalize)(const char *text))
{
	g_autofree char *canonical = canonicalize(text);
	g_autofree char *again = canonicalize(canonical);

	g_assert(g_utf8_validate(canonical, -1, NULL));
	g_assert(g_str_equal(again, canonical));
}

static void
fuzz_check_strip(const char *text)
{
	g_autofree char *stripped = html_strip_tags(text);

	g_assert(g_utf8_validate(stripped, -1, NULL));
	for (const char *at = strchr(stripped, '<'); at; at = strchr(at + 1, '<'))
		g_assert(strchr(" \t\n\v\f\r", at[1])); /* its NUL too */
	g_assert(strlen(stripped) <= strlen(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);

	if (!g_utf8_validate(text, -1, NULL))
		return 0;
	fuzz_check_escape(text);
	fuzz_check_escape_once(text);
	fuzz_check_strip(text);
	fuzz_check_canonical(text, text_canonicalize);
	fuzz_check_canonical(text, text_canonicalize_answer);
	g_autofree char *decoded = html_decode(text);
	g_assert(g_utf8_validate(decoded, -1, NULL));
	return 0;
}
