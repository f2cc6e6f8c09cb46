/*
 * The paragraph formatter. Promises: valid UTF-8 stays valid; no text is lost (what is left of input and output without tags, white space and
 * comments is the same, as long as no tag is cut); the result is bounded and has no CR.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/paragraphs.h"

/* The bytes of `text` that are no white space, without those between "<" and ">". */
static char *
letters(const char *text)
{
	GString *left = g_string_new(NULL);
	gboolean is_tag = FALSE;

	for (; *text != '\0'; text++) {
		if (*text == '<')
			is_tag = TRUE;
		else if (*text == '>')
			is_tag = FALSE;
		else if (!is_tag && strchr(" \t\n\v\f\r", *text) == NULL)
			g_string_append_c(left, *text);
	}
	return g_string_free(left, FALSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);

	if (!g_utf8_validate(text, -1, NULL))
		return 0;
	g_autofree char *formatted = paragraphs_format(text);
	g_assert(g_utf8_validate(formatted, -1, NULL));
	g_assert(strchr(formatted, '\r') == NULL);
	g_assert(strlen(formatted) <= LIMIT_MAIL_TEXT_BYTES || strlen(formatted) <= strlen(text));
	/* Without "<" nothing is a tag, and everything but white space must be there. */
	if (strchr(text, '<') == NULL) {
		g_autofree char *before = letters(text), *after = letters(formatted);
		g_assert(strchr(text, '>') != NULL || g_str_equal(before, after));
	}
	return 0;
}
