/*
 * Hosts of links: where one ends in running text, its form in ASCII, its registrable domain, and what it looks like.
 *
 * The list of public suffixes is the one built into libpsl, so no file is read. libidn2 lets some characters pass that no host has (and with its own option for that makes "ab" of "a_b"), so
 * labels are looked at afterwards.
 *
 * No state.
 */
#include <arpa/inet.h>
#include <idn2.h>
#include <libpsl.h>
#include <string.h>

#include "links.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"

#define LABEL_BYTES 63u
static const char ideographic_stop[] = "。";

/* --- IDNA ------------------------------------------------------------------------------------------------------------ */

/* Letters, digits and hyphens, not at the ends, in labels of 1 to 63 (RFC 1123 section 2.1). Underscores are in names of real sites, too. */
static gboolean
is_host_name(const char *ascii)
{
	const gsize size = strlen(ascii);
	gsize label = 0;
	if (size == 0 || size > LIMIT_DOMAIN_BYTES)
		return FALSE;
	for (const char *at = ascii;; at++) {
		if (*at == '.' || *at == '\0') {
			if (label == 0 || label > LABEL_BYTES || at[-1] == '-')
				return FALSE;
			if (*at == '\0')
				return TRUE;
			label = 0;
		} else if (g_ascii_isalnum(*at) || *at == '_' || (*at == '-' && label > 0)) {
			label++;
		} else {
			return FALSE;
		}
	}
}

/* IDNA takes a time that grows with the square of a label. */
static gboolean
has_long_label(const char *spelling)
{
	for (const char *at = spelling, *label = spelling; *at != '\0'; at++) {
		if (*at == '.' || g_str_has_prefix(at, ideographic_stop))
			label = at;
		else if ((gsize)(at - label) > strlen(ideographic_stop) + (gsize)4 * LABEL_BYTES)
			return TRUE;
	}
	return FALSE;
}

/* Lower-case ASCII, or NULL. The caller's. */
static char *
to_ascii(const char *spelling)
{
	char *converted = NULL;
	if (strlen(spelling) > LIMIT_HOST_SPELLING_BYTES || has_long_label(spelling))
		return NULL;
	if (g_str_is_ascii(spelling)) {
		g_autofree char *lower = g_ascii_strdown(spelling, -1);
		return is_host_name(lower) ? g_steal_pointer(&lower) : NULL;
	}
	if (idn2_to_ascii_8z(spelling, &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return NULL;
	char *ascii = is_host_name(converted) ? g_ascii_strdown(converted, -1) : NULL;
	idn2_free(converted);
	return ascii;
}

/* As people read it. The caller's. */
static char *
to_unicode(const char *ascii)
{
	char *converted = NULL;
	if (strstr(ascii, "xn--") == NULL || idn2_to_unicode_8z8z(ascii, &converted, 0) != IDN2_OK)
		return g_strdup(ascii);
	char *shown = g_utf8_validate(converted, -1, NULL) ? g_strdup(converted) : g_strdup(ascii);
	idn2_free(converted);
	return shown;
}

/* --- Where a host ends ------------------------------------------------------------------------------------------------ */

/* TRUE for an ending that the list of public suffixes knows, or with a scheme for any in ASCII. */
static gboolean
is_ending(const char *label, gsize length, gboolean has_scheme)
{
	g_autofree char *spelling = g_strndup(label, length);
	/* No list knows a longer one. */
	if (length == 0 || length > LABEL_BYTES)
		return FALSE;
	if (has_scheme && g_str_is_ascii(spelling))
		return TRUE;
	g_autofree char *ascii = to_ascii(spelling);
	return ascii != NULL && psl_is_public_suffix2(psl_builtin(), ascii, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}

/* The dot before the last label of the first `length` bytes; NULL: there is none. An ideographic full stop is one. `size` receives its bytes. */
static const char *
last_dot(const char *run, gsize length, gsize *size)
{
	for (gsize i = length; i > 0; i--) {
		const char *at = run + i - 1;
		*size = *at == '.' ? 1 : sizeof(ideographic_stop) - 1;
		if (*at == '.' || (length - (i - 1) >= *size && strncmp(at, ideographic_stop, *size) == 0))
			return at;
	}
	return NULL;
}

gsize
links_host_length(const char *run, gboolean has_scheme, LinksCare care)
{
	gsize length = strlen(run), dot_size;
	/* The list of endings must be asked a few times only, however many dots somebody typed. */
	if (length > LIMIT_HOST_SPELLING_BYTES)
		return 0;
	for (guint dropped = 0; dropped <= LIMIT_FIELD_DEPTH && length > 0; dropped++) {
		const char *dot = last_dot(run, length, &dot_size);
		const char *label = dot != NULL ? dot + dot_size : run;
		gsize ascii = 0;
		while (label + ascii < run + length && (guchar)label[ascii] < 0x80)
			ascii++;
		/* "jpをご覧ください": no ending mixes Latin and other letters. */
		if (ascii > 0)
			length = (gsize)(label - run) + ascii;
		while (care == LINKS_POSSIBLE && run + length > label && strchr("-_", run[length - 1]) != NULL)
			length--;
		if (is_ending(label, (gsize)(run + length - label), has_scheme))
			return dot == NULL && !has_scheme ? 0 : length;
		if (dot == NULL)
			return 0;
		length = (gsize)(dot - run);
	}
	return 0;
}

/* --- Reading --------------------------------------------------------------------------------------------------------- */

/* The address that a browser reads out of "3232235777", "0xc0.0250.1" and the like, or NULL. */
static char *
read_number(const char *spelling)
{
	struct in_addr address;
	char text[INET_ADDRSTRLEN];
	if (!g_ascii_isdigit(*spelling) || strspn(spelling, "0123456789abcdefABCDEFxX.") != strlen(spelling) ||
	    inet_aton(spelling, &address) == 0)
		return NULL;
	return g_strdup(inet_ntop(AF_INET, &address, text, sizeof(text)));
}

gboolean
links_host_read(const char *spelling, Link *link)
{
	/* A browser looks for a number in what IDNA made of the host. */
	g_autofree char *ascii = to_ascii(spelling);
	link->host = ascii != NULL ? read_number(ascii) : network_normalise(spelling);
	link->is_ip = link->host != NULL;
	if (!link->is_ip)
		link->host = g_steal_pointer(&ascii);
	if (link->host == NULL || (!link->is_ip && strchr(link->host, '.') == NULL))
		return FALSE;
	link->shown = link->is_ip ? g_strdup(link->host) : to_unicode(link->host);
	return TRUE;
}

const char *
links_registrable(const Link *link)
{
	return link->is_ip ? NULL : psl_registrable_domain(psl_builtin(), link->host);
}

gboolean
links_is_private(const Link *link)
{
	/* RFC 6890. */
	static const char *const networks[] = {"0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	    "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10"};
	for (gsize i = 0; link->is_ip && i < G_N_ELEMENTS(networks); i++)
		if (network_contains(networks[i], link->host))
			return TRUE;
	return FALSE;
}

/* --- What it looks like ------------------------------------------------------------------------------------------------ */

gboolean
links_mixes_scripts(const Link *link)
{
	gboolean has_latin = FALSE, has_twin = FALSE;
	for (const char *at = link->shown;; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);
		if (c == '.' || c == '\0' || c == '-') {
			if (has_latin && has_twin)
				return TRUE;
			has_latin = has_twin = FALSE;
			if (c == '\0')
				return FALSE;
			continue;
		}
		const GUnicodeScript script = g_unichar_get_script(c);
		has_latin |= script == G_UNICODE_SCRIPT_LATIN;
		has_twin |= script == G_UNICODE_SCRIPT_CYRILLIC || script == G_UNICODE_SCRIPT_GREEK ||
			    script == G_UNICODE_SCRIPT_ARMENIAN || script == G_UNICODE_SCRIPT_CHEROKEE;
	}
}

/* The Latin letter that small letters of other scripts, and digits, look like. From the shapes of the letters, as fonts have them. */
static char
twin_of(gunichar c)
{
	static const struct {
		gunichar letter;
		char twin;
	} twins[] = {{'0', 'o'}, {'1', 'l'}, {0x0430, 'a'}, {0x0432, 'b'}, {0x0435, 'e'}, {0x043a, 'k'}, {0x043c, 'm'},
	    {0x043d, 'h'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'},
	    {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x04bb, 'h'}, {0x0501, 'd'}, {0x051b, 'q'}, {0x051d, 'w'},
	    {0x04cf, 'l'}, {0x03b1, 'a'}, {0x03b5, 'e'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bd, 'v'}, {0x03bf, 'o'},
	    {0x03c1, 'p'}, {0x03c4, 't'}, {0x03c5, 'u'}, {0x03c7, 'x'}, {0x03f2, 'c'}, {0x03f3, 'j'}, {0x0131, 'i'},
	    {0x0261, 'g'}, {0x026a, 'i'}, {0x0578, 'n'}, {0x057d, 'u'}, {0x0585, 'o'}};
	for (gsize i = 0; i < G_N_ELEMENTS(twins); i++)
		if (twins[i].letter == c)
			return twins[i].twin;
	return '\0';
}

char *
links_skeleton(const char *text)
{
	g_autofree char *lower = g_utf8_strdown(text, -1);
	g_autofree char *apart = text_normalise(lower, G_NORMALIZE_ALL);
	GString *skeleton = g_string_new(NULL);
	for (const char *at = apart; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);
		const char twin = twin_of(c);
		if (twin != '\0')
			g_string_append_c(skeleton, twin);
		else if (!g_unichar_ismark(c))
			g_string_append_unichar(skeleton, c);
	}
	g_string_replace(skeleton, "rn", "m", 0);
	g_string_replace(skeleton, "vv", "w", 0);
	return g_string_free(skeleton, FALSE);
}
