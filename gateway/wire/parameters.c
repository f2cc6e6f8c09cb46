/*
 * Header parameters for multipart.c. A header is cut at each ";" and each piece at its first "=", where neither stands in quotes; an open
 * quote reaches to the end. No state, and no errors: every sequence of bytes has a meaning, which is PHP's.
 */
#include "parameters.h"

#include <string.h>

typedef struct {
	const guint8 *at;
	const guint8 *end;
} ParameterSpan;

static gboolean
parameters_is_quote(guint8 byte)
{
	return byte == '"' || byte == '\'';
}

static void
parameters_skip_space(ParameterSpan *span)
{
	while (span->at < span->end && g_ascii_isspace((char)*span->at))
		span->at++;
}

/* Behind the quoted text that begins at `at`. */
static const guint8 *
parameters_quoted_end(const guint8 *at, const guint8 *end)
{
	const guint8 quote = *at++;

	while (at < end && *at != quote)
		at += *at == '\\' && end - at > 1 && at[1] == quote ? 2 : 1;
	return at < end ? at + 1 : end;
}

/* What stands before the first `stop` outside of quotes. `rest` begins behind it, and behind all that follow it at once. */
static ParameterSpan
parameters_cut(ParameterSpan *rest, char stop)
{
	ParameterSpan piece = *rest;
	const guint8 *at = rest->at;

	while (at < rest->end && *at != (guint8)stop)
		at = parameters_is_quote(*at) ? parameters_quoted_end(at, rest->end) : at + 1;
	piece.end = at;
	while (at < rest->end && *at == (guint8)stop)
		at++;
	rest->at = at;
	return piece;
}

/* A text without its quotes and escapes. */
static GBytes *
parameters_plain(ParameterSpan text)
{
	gsize size = 0;

	parameters_skip_space(&text);
	const guint8 quote = text.at < text.end && parameters_is_quote(*text.at) ? *text.at++ : '\0';
	guint8 *plain = g_malloc((gsize)(text.end - text.at) + 1);
	for (const guint8 *at = text.at; at < text.end; at++) {
		if (quote != '\0' ? *at == quote : g_ascii_isspace((char)*at))
			break;
		if (*at == '\\' && text.end - at > 1 && (at[1] == '\\' || (quote != '\0' && at[1] == quote)))
			at++;
		plain[size++] = *at;
	}
	return g_bytes_new_take(plain, size);
}

GBytes *
parameters_get(const guint8 *bytes, gsize size, const char *name)
{
	const guint8 *nul = size > 0 ? memchr(bytes, '\0', size) : NULL;
	ParameterSpan rest = {bytes, nul ? nul : bytes + size};
	ParameterSpan found = {NULL, NULL};
	const gsize name_bytes = strlen(name);

	while (rest.at < rest.end) {
		parameters_skip_space(&rest);
		ParameterSpan text = parameters_cut(&rest, ';');
		const ParameterSpan key = parameters_cut(&text, '=');
		if (key.end < text.at && (gsize)(key.end - key.at) == name_bytes &&
		    g_ascii_strncasecmp((const char *)key.at, name, name_bytes) == 0)
			found = text;
	}
	return found.at ? parameters_plain(found) : NULL;
}
