/*
 * Finding links in text. A pass from left to right over the text in its compatibility form (NFKC), in which full-width letters are the usual ones. Runs of letters, digits, hyphens and
 * dots are looked at; one that ends with "http" before "://" begins a link with its scheme, any other may be a bare host ("example.jp/contact").
 *
 * Japanese has no spaces, so a link may touch the words around it; links_host_length says where it ends. What begins a sentence without a space after the last one ("done.It"), a mail address and a
 * file's name are no links: mail programs would make links of some of them, but people did not write one. For lists of what is known to be bad (LINKS_POSSIBLE) they are.
 *
 * No state. Each byte is looked at a bounded number of times, and each spelling once, because a host in other letters takes microseconds.
 */
#include <string.h>

#include "links.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/html.h"

#define IDEOGRAPHIC_FULL_STOP 0x3002u

void
link_free(Link *link)
{
	if (link == NULL)
		return;
	g_free(link->host);
	g_free(link->shown);
	g_free(link->path);
	g_free(link);
}

/* --- What was found ------------------------------------------------------------------------------------------------- */

/* What a run of letters begins with. */
typedef struct {
	gsize length;    /* of the host in the run, in bytes; 0: none */
	Link *host;      /* without a path; NULL: none */
	gboolean is_own; /* it has a registrable domain */
} LinksRun;

static void
run_free(gpointer data)
{
	LinksRun *run = data;
	link_free(run->host);
	g_free(run);
}

void
links_found_init(LinksFound *found, LinksCare care, guint maximum)
{
	*found = (LinksFound){.care = care,
	    .maximum = maximum,
	    .links = g_ptr_array_new_with_free_func((GDestroyNotify)link_free),
	    .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	    .runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, run_free)};
}

void
links_found_clear(LinksFound *found)
{
	g_clear_pointer(&found->links, g_ptr_array_unref);
	g_clear_pointer(&found->seen, g_hash_table_unref);
	g_clear_pointer(&found->runs, g_hash_table_unref);
}

/* Takes the link. */
static void
add(LinksFound *found, Link *link)
{
	g_autofree char *key = g_strconcat(link->host, link->path, NULL);
	const gboolean is_new = !g_hash_table_contains(found->seen, key);
	if (is_new && found->links->len < found->maximum) {
		g_hash_table_add(found->seen, g_steal_pointer(&key));
		g_ptr_array_add(found->links, link);
		return;
	}
	found->is_full |= is_new;
	link_free(link);
}

/* --- Runs ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_host_character(gunichar c)
{
	if (c < 0x80)
		return g_ascii_isalnum((gchar)c) || c == '-' || c == '.' || c == '_';
	return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

/* What a browser takes for a dot in a host, and for the code of a character (WHATWG URL, host parsing). */
static gboolean
is_url_character(gunichar c, const char *at)
{
	return c == IDEOGRAPHIC_FULL_STOP || (c == '%' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2]));
}

/* Where the run that begins at `at` ends; two dots are no part of one. One that is longer than a host is cut. */
static const char *
run_end(const char *at, gboolean has_scheme)
{
	const char *start = at;
	for (; *at != '\0' && at - start + 4 <= LIMIT_HOST_SPELLING_BYTES; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);
		if ((!is_host_character(c) && !(has_scheme && is_url_character(c, at))) || (c == '.' && at[1] == '.'))
			break;
	}
	return at;
}

/* The run with the characters that its codes stand for; NULL if they are none. The caller's. */
static char *
decode(const char *run)
{
	if (strchr(run, '%') == NULL)
		return g_strdup(run);
	g_autofree char *decoded = g_uri_unescape_string(run, NULL);
	return decoded != NULL && g_utf8_validate(decoded, -1, NULL) ? text_normalise(decoded, G_NORMALIZE_ALL_COMPOSE) : NULL;
}

static LinksRun *
read_run(const char *run, gboolean has_scheme, LinksCare care)
{
	LinksRun *read = g_new0(LinksRun, 1);
	g_autofree char *decoded = decode(run);
	g_autoptr(Link) host = g_new0(Link, 1);
	const gsize length = decoded != NULL ? links_host_length(decoded, has_scheme, care) : 0;
	if (length == 0)
		return read;
	g_autofree char *spelling = g_strndup(decoded, length);
	/* Where codes were, the whole run is the host's. */
	read->length = strcmp(decoded, run) == 0 ? length : strlen(run);
	if (!links_host_read(spelling, host))
		return read;
	read->is_own = links_registrable(host) != NULL;
	read->host = g_steal_pointer(&host);
	return read;
}

/* What the run begins with (borrowed); NULL if too many were looked at. */
static const LinksRun *
look_at(LinksFound *found, const char *start, const char *end, gboolean has_scheme)
{
	g_autofree char *key = g_strdup_printf("%c%.*s", has_scheme ? '/' : '.', (int)(end - start), start);
	LinksRun *run = g_hash_table_lookup(found->runs, key);
	if (run != NULL)
		return run;
	if (g_hash_table_size(found->runs) >= LIMIT_LINK_LOOKS) {
		found->is_full = TRUE;
		return NULL;
	}
	run = read_run(key + 1, has_scheme, found->care);
	g_hash_table_insert(found->runs, g_steal_pointer(&key), run);
	return run;
}

/* A copy of a host, which is to have a path. The caller's. */
static Link *
copy_host(const Link *host)
{
	Link *link = g_new0(Link, 1);
	link->host = g_strdup(host->host);
	link->shown = g_strdup(host->shown);
	link->is_ip = host->is_ip;
	return link;
}

/* The bytes "://" and more slashes of either kind behind a scheme's name; 0: there are none. */
static gsize
slashes(const char *at)
{
	const gsize count = *at == ':' ? strspn(at + 1, "/\\") : 0;
	return count >= 2 ? 1 + count : 0;
}

static gboolean
ends_with_scheme(const char *start, const char *end)
{
	static const char *const schemes[] = {"https", "http", "ftp"};
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		const gsize length = strlen(schemes[i]);
		if ((gsize)(end - start) >= length && g_ascii_strncasecmp(end - length, schemes[i], length) == 0)
			return TRUE;
	}
	return FALSE;
}

/* --- Behind the host ------------------------------------------------------------------------------------------------ */

static gboolean
is_address_character(char c)
{
	return g_ascii_isgraph(c) && strchr("<>\"'`{}|^()[]", c) == NULL;
}

/* Behind a dot that ends a host's name ("example.jp./x"), where something of the link follows. */
static const char *
skip_last_dot(const char *at)
{
	return at[0] == '.' && at[1] != '\0' && strchr("/\\?#:", at[1]) != NULL ? at + 1 : at;
}

/* Reads port, path and what follows it; where the link ends. */
static const char *
read_path(const char *at, Link *link)
{
	at = skip_last_dot(at);
	if (*at == ':' && g_ascii_isdigit(at[1]))
		for (at++; g_ascii_isdigit(*at);)
			at++;
	const char *start = at, *end = at;
	if (*at == '/' || *at == '\\')
		while (is_address_character(*end) && *end != '?' && *end != '#')
			end++;
	link->path = g_strndup(start, MIN((gsize)(end - start), LIMIT_URL_BYTES));
	if (*end == '/' || *end == '\\' || *end == '?' || *end == '#' || end > start)
		while (is_address_character(*end))
			end++;
	return end;
}

/* --- Links with a scheme -------------------------------------------------------------------------------------------- */

/* Behind "NAME:PASSWORD@" if that stands at `at`, else `at`. */
static const char *
read_credentials(const char *at, Link *link)
{
	const char *last = NULL;
	for (const char *p = at; g_ascii_isgraph(*p) && strchr("/\\?#<>\"'", *p) == NULL; p++)
		if (*p == '@')
			last = p;
	link->has_credentials = last != NULL && last > at;
	link->has_decoy = link->has_credentials && memchr(at, '.', (gsize)(last - at)) != NULL;
	return last != NULL ? last + 1 : at;
}

/* Adds the link with that host; where the search goes on. A path may hold other links, which could be followed. */
static const char *
add_link(LinksFound *found, Link *link, const char *behind_host)
{
	if (found->care == LINKS_WRITTEN)
		behind_host = read_path(behind_host, link);
	else
		link->path = g_strdup("");
	add(found, link);
	return behind_host;
}

/* Reads an address in brackets; where the search goes on. */
static const char *
read_bracket(LinksFound *found, const char *at, Link *credentials)
{
	g_autoptr(Link) link = credentials;
	const gsize length = strspn(at + 1, "0123456789abcdefABCDEF:.");
	if (at[1 + length] != ']')
		return at + 1;
	g_autofree char *spelling = g_strndup(at + 1, length);
	return links_host_read(spelling, link) ? add_link(found, g_steal_pointer(&link), at + length + 2) : at + 1;
}

/* Reads what stands behind a scheme; where the search goes on. */
static const char *
read_url(LinksFound *found, const char *at)
{
	Link credentials = {0};
	const char *host = read_credentials(at, &credentials);
	if (*host == '[')
		return read_bracket(found, host, g_memdup2(&credentials, sizeof credentials));
	const LinksRun *run = look_at(found, host, run_end(host, TRUE), TRUE);
	if (run == NULL || run->host == NULL)
		return host + (run != NULL ? run->length : 0);
	Link *link = copy_host(run->host);
	link->has_credentials = credentials.has_credentials;
	link->has_decoy = credentials.has_decoy;
	return add_link(found, link, host + run->length);
}

/* --- Bare hosts ------------------------------------------------------------------------------------------------------ */

/* TRUE for scripts that are written without spaces, so that a word touches what follows. */
static gboolean
is_spaceless(gunichar c)
{
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_HAN:
	case G_UNICODE_SCRIPT_HIRAGANA:
	case G_UNICODE_SCRIPT_KATAKANA:
	case G_UNICODE_SCRIPT_HANGUL:
	case G_UNICODE_SCRIPT_BOPOMOFO:
	case G_UNICODE_SCRIPT_THAI:
	case G_UNICODE_SCRIPT_LAO:
		return TRUE;
	default:
		return c == 0x30fc; /* the long vowel mark is common to two scripts */
	}
}

/* Where the host begins in a run in whose first word Japanese touches Latin letters ("サイトはexample.jp"). */
static const char *
skip_words(const char *run, const char *end)
{
	const char *start = run;
	for (const char *at = run; at < end && *at != '.'; at = g_utf8_next_char(at)) {
		const char *next = g_utf8_next_char(at);
		if (is_spaceless(g_utf8_get_char(at)) && next < end && g_ascii_isalnum(*next))
			start = next;
	}
	return start;
}

/* Endings that are countries or new domains, and files much more often. */
static gboolean
is_file_ending(const char *ending)
{
	static const char *const endings[] = {"ai", "md", "mov", "pl", "ps", "py", "rs", "sh", "zip", NULL};
	return g_strv_contains(endings, ending);
}

/* A host alone must look as hosts are written: "done.It" and "U.S" are sentences, "logo.ai" is a file. */
static gboolean
is_written_as_host(const char *spelling)
{
	const char *ending = strrchr(spelling, '.') + 1;
	if (g_ascii_strncasecmp(spelling, "www.", 4) == 0)
		return TRUE;
	g_autofree char *lower = g_ascii_strdown(ending, -1), *upper = g_ascii_strup(ending, -1);
	if (is_file_ending(lower) || (strcmp(ending, lower) != 0 && strcmp(ending, upper) != 0))
		return FALSE;
	const char *name = ending - 1;
	while (name > spelling && name[-1] != '.')
		name--;
	return ending - 1 - name >= 2;
}

/* FALSE for a host that is part of a mail address, or was not meant as a link. */
static gboolean
is_written_as_link(const LinksRun *run, const char *start)
{
	g_autofree char *spelling = g_strndup(start, run->length);
	return run->is_own && (start[run->length] == '/' || is_written_as_host(spelling));
}

/* Looks at a run without a scheme; where the search goes on. */
static const char *
read_bare(LinksFound *found, const char *start, const char *end)
{
	const gboolean is_strict = found->care == LINKS_WRITTEN;
	/* A mail address, or its local part. */
	if (is_strict && (*end == '@' || *end == '+'))
		return end;
	start = skip_words(start, end);
	const LinksRun *run = look_at(found, start, end, FALSE);
	if (run == NULL || run->host == NULL || run->host->is_ip || (is_strict && !is_written_as_link(run, start)))
		return end;
	return add_link(found, copy_host(run->host), start + run->length);
}

/* --- The search ------------------------------------------------------------------------------------------------------ */

/* The text without what shows nothing, in its compatibility form (NFKC); itself if it has no letter that would change: those stand where UTF-8 begins with these bytes. The caller's. */
static char *
as_seen(const char *text)
{
	/* U+00AD the soft hyphen; U+0300 combining marks; U+061C, U+180E and U+2000 what shows nothing, letters in circles and signs; U+F000 full-width ones; all beyond U+FFFF. */
	static const char bytes[] = "\xc2\xcc\xcd\xd8\xe1\xe2\xef\xf0\xf1\xf2\xf3\xf4";
	if (strpbrk(text, bytes) == NULL)
		return g_strdup(text);
	g_autofree char *visible = g_malloc(strlen(text) + 1);
	char *end = visible;
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
		if (!text_is_invisible(g_utf8_get_char(at)))
			end = mempcpy(end, at, (gsize)(g_utf8_next_char(at) - at));
	*end = '\0';
	return text_normalise(visible, G_NORMALIZE_ALL_COMPOSE);
}

static void
find_in(LinksFound *found, const char *text)
{
	/* Half of all values have neither, and need no normal form. */
	if (strpbrk(text, ".:") == NULL && g_str_is_ascii(text))
		return;
	g_autofree char *seen = as_seen(text);
	const char *at = seen;
	while (*at != '\0' && !found->is_full) {
		if (strchr(".-_", *at) != NULL) {
			at++;
			continue;
		}
		const char *end = run_end(at, FALSE);
		const gsize scheme = slashes(end);
		if (end == at)
			at = g_utf8_next_char(at);
		else if (scheme > 0 && ends_with_scheme(at, end))
			at = read_url(found, end + scheme);
		else if (memchr(at, '.', (gsize)(end - at)) == NULL ||
			 (found->care == LINKS_WRITTEN && at > seen && at[-1] == '@'))
			at = end;
		else
			at = read_bare(found, at, end);
	}
}

/* --- Other readings -------------------------------------------------------------------------------------------------- */

#define HALF_WIDTH_FULL_STOP "\uff61"

/* The text with a half-width full stop between letters as a dot, and without tabs and ends of lines in the host behind a scheme, which browsers skip (WHATWG URL). The caller's. */
static char *
as_joined(const char *text)
{
	GString *joined = g_string_sized_new(strlen(text));
	gboolean is_host = FALSE;
	for (const char *at = text; *at != '\0'; at++) {
		const gsize stop = strlen(HALF_WIDTH_FULL_STOP);
		if (g_str_has_prefix(at, "://")) {
			is_host = TRUE;
			g_string_append(joined, "://");
			at += 2;
		} else if (is_host && strchr("\t\r\n", *at) != NULL) {
			continue;
		} else if (at > text && g_ascii_isalnum(at[-1]) && strncmp(at, HALF_WIDTH_FULL_STOP, stop) == 0 &&
			   g_ascii_isalnum(at[stop])) {
			g_string_append_c(joined, '.');
			at += stop - 1;
		} else {
			is_host &= strchr(" /\\?#<>\"", *at) == NULL;
			g_string_append_c(joined, *at);
		}
	}
	return g_string_free(joined, FALSE);
}

/* Looks at the text as it stands, and as something that is kinder to its writer may read it. */
static void
find_twice(LinksFound *found, const char *text)
{
	g_autofree char *joined = as_joined(text);
	find_in(found, text);
	if (strcmp(joined, text) != 0)
		find_in(found, joined);
}

void
links_find(LinksFound *found, const char *text)
{
	if (found->care == LINKS_WRITTEN) {
		find_in(found, text);
		return;
	}
	find_twice(found, text);
	if (strchr(text, '&') == NULL)
		return;
	g_autofree char *decoded = html_decode(text);
	if (strcmp(decoded, text) != 0)
		find_twice(found, decoded);
}
