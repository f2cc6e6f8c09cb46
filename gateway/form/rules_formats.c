/*
 * The formats of URLs, telephone numbers, numbers, dates and times (contract 5.2, 5.5); an e-mail address is wire/address.h's. Own code, because no
 * library reads them so: GUri takes "tel:1" and "http://" for good URIs, PHP's parse_url, which the form was written against,
 * does not. No state.
 */
#include <stdlib.h>
#include <string.h>

#include "rules_parts.h"

/* A port of at most five bytes, as PHP reads it: a number from 0 to 65535 with anything behind it. */
static gboolean
is_port(const char *text, gsize size)
{
	g_autofree char *port = g_strndup(text, size);
	char *end = NULL;
	long number = strtol(port, &end, 10);

	return size == 0 || (size <= 5 && end != port && number >= 0 && number <= 65535);
}

/* [user@]host[:port] up to the path; the host may not be empty. */
static gboolean
is_authority(const char *text)
{
	const char *end = text + strcspn(text, "/?#");
	const char *at = memrchr(text, '@', (gsize)(end - text));
	const char *host = at != NULL ? at + 1 : text;
	const char *colon;

	if (host < end && *host == '[' && end[-1] == ']')
		return TRUE;
	colon = memrchr(host, ':', (gsize)(end - host));
	if (colon == NULL)
		return host < end;
	return colon > host && is_port(colon + 1, (gsize)(end - colon - 1));
}

gboolean
rules_is_url(const char *text)
{
	static const char *const schemes[] = {"http", "https", "ftp", "ftps", "mailto", "news", "irc", "irc6", "ircs", "gopher",
	    "nntp", "feed", "telnet", "mms", "rtsp", "sms", "svn", "tel", "fax", "xmpp", "webcal", "urn", NULL};
	const char *colon = strchr(text, ':');
	g_autofree char *scheme = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : NULL;
	gsize digits;

	if (scheme == NULL || !g_strv_contains(schemes, scheme))
		return FALSE;
	if (g_str_has_prefix(colon, "://"))
		return is_authority(colon + 3);
	/* "tel:1" and "sms:12345/x" read as host and port, so they have no scheme; six digits are too many for a port. */
	digits = strspn(colon + 1, "0123456789");
	return digits == 0 || digits > 5 || (colon[1 + digits] != '\0' && colon[1 + digits] != '/');
}

gboolean
rules_is_tel(const char *text)
{
	gsize extension = strcspn(text, "#*");
	g_autoptr(GString) number = g_string_new(NULL);
	const char *digits;

	for (gsize i = 0; i < extension; i++) {
		if (strchr("()/.- \t\n\v\f\r", text[i]) == NULL)
			g_string_append_c(number, text[i]);
	}
	if (number->str[0] == '+' || g_str_has_prefix(number->str, "00")) {
		g_string_erase(number, 0, (gssize)strspn(number->str, "+0"));
		g_string_prepend_c(number, '+');
	}
	digits = number->str[0] == '+' ? number->str + 1 : number->str;
	return number->len >= 6 && number->len <= 15 && strspn(digits, "0123456789") == strlen(digits);
}

static gsize
count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* "12", "1.5", ".5"; not "1." */
static gsize
decimal_span(const char *text)
{
	gsize whole = count_digits(text);
	gsize fraction = text[whole] == '.' ? count_digits(text + whole + 1) : 0;

	return fraction > 0 ? whole + 1 + fraction : whole;
}

gboolean
rules_is_number(const char *text)
{
	const char *cursor = text + (*text == '-' ? 1 : 0);
	gsize span = decimal_span(cursor);

	if (span == 0)
		return FALSE;
	cursor += span;
	if (*cursor != 'e' && *cursor != 'E')
		return *cursor == '\0';
	cursor++;
	if (*cursor == '+' || *cursor == '-')
		cursor++;
	return count_digits(cursor) > 0 && cursor[count_digits(cursor)] == '\0';
}

gboolean
rules_read_date(const char *text, GDate *date)
{
	gsize size = count_digits(text);
	const char *rest = text + size;
	guint64 year;

	if (size < 4 || strlen(rest) != 6 || rest[0] != '-' || rest[3] != '-' || count_digits(rest + 1) != 2 ||
	    count_digits(rest + 4) != 2)
		return FALSE;
	year = g_ascii_strtoull(text, NULL, 10);
	/* PHP knows no later year. */
	if (year < 1 || year > 32767)
		return FALSE;
	GDateDay day = (GDateDay)g_ascii_strtoull(rest + 4, NULL, 10);
	GDateMonth month = (GDateMonth)g_ascii_strtoull(rest + 1, NULL, 10);
	g_date_clear(date, 1);
	if (!g_date_valid_dmy(day, month, (GDateYear)year))
		return FALSE;
	g_date_set_dmy(date, day, month, (GDateYear)year);
	return TRUE;
}

gboolean
rules_is_date(const char *text)
{
	GDate date;

	return rules_read_date(text, &date);
}

/* Two digits below `end`. */
static gboolean
is_two_digits_below(const char *text, guint end)
{
	return count_digits(text) >= 2 && (guint)((text[0] - '0') * 10 + text[1] - '0') < end;
}

gboolean
rules_is_time(const char *text)
{
	gsize size = strlen(text);

	if ((size != 5 && size != 8) || !is_two_digits_below(text, 24) || text[2] != ':' || !is_two_digits_below(text + 3, 60))
		return FALSE;
	return size == 5 || (text[5] == ':' && is_two_digits_below(text + 6, 60));
}
