/*
 * Reads an SPF record term by term, and expands the macros in the domains that its terms name. No state.
 *
 * A record with one wrong term is wrong as a whole (RFC 7208 section 4.6), so everything is judged before anything is asked, also the macros in terms that
 * are never reached.
 */
#include "spf_record.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

#define VERSION "v=spf1"
#define DELIMITERS ".-+,/_="

static void
spf_term_free(SpfTerm *term)
{
	if (term == NULL)
		return;
	g_free(term->text);
	g_free(term->domain);
	g_clear_object(&term->address);
	g_free(term);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpfTerm, spf_term_free)

void
spf_record_free(SpfRecord *record)
{
	if (record == NULL)
		return;
	g_ptr_array_unref(record->terms);
	g_free(record->redirect);
	g_free(record);
}

gboolean
spf_record_is(const char *text)
{
	gsize length = strlen(VERSION);
	return g_ascii_strncasecmp(text, VERSION, length) == 0 && (text[length] == '\0' || text[length] == ' ');
}

/* What stands behind a macro at `at` ("%"), or NULL if it is none. `letters`: which may stand in it. */
static const char *
behind_macro(const char *at, const char *letters)
{
	if (at[1] == '%' || at[1] == '_' || at[1] == '-')
		return at + 2;
	if (at[1] != '{' || at[2] == '\0' || strchr(letters, g_ascii_tolower(at[2])) == NULL)
		return NULL;
	at += 3;
	const char *digits = at;
	while (g_ascii_isdigit(*at))
		at++;
	if (at > digits && (g_ascii_strtoull(digits, NULL, 10) == 0 || at - digits > 3))
		return NULL;
	if (g_ascii_tolower(*at) == 'r')
		at++;
	at += strspn(at, DELIMITERS);
	return *at == '}' ? at + 1 : NULL;
}

/* Whether the whole text is a macro-string; `ends_with_macro` says how it ends. */
static gboolean
is_macro_string(const char *text, const char *letters, gboolean *ends_with_macro)
{
	*ends_with_macro = FALSE;
	for (const char *at = text; *at != '\0';) {
		if (*at < 0x21 || *at > 0x7e)
			return FALSE;
		*ends_with_macro = *at == '%';
		at = *at == '%' ? behind_macro(at, letters) : at + 1;
		if (at == NULL)
			return FALSE;
	}
	return TRUE;
}

/* RFC 7208 section 12, toplabel: letters, digits and inner hyphens, not digits alone. */
static gboolean
is_top_label(const char *label, gsize length)
{
	gboolean has_other = FALSE;

	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isalnum(label[i]) && (label[i] != '-' || i == 0 || i + 1 == length))
			return FALSE;
		has_other = has_other || !g_ascii_isdigit(label[i]);
	}
	return has_other;
}

/* domain-spec: it ends with a macro, or with a dot and a top label. */
static gboolean
is_domain_spec(const char *text)
{
	gboolean ends_with_macro;

	if (!is_macro_string(text, "slodiphv", &ends_with_macro))
		return FALSE;
	if (ends_with_macro)
		return TRUE;
	gsize length = strlen(text);
	if (length > 0 && text[length - 1] == '.')
		length--;
	const char *dot = length > 0 ? g_strrstr_len(text, (gssize)length, ".") : NULL;
	return dot != NULL && is_top_label(dot + 1, length - (gsize)(dot + 1 - text));
}

/* A length of a prefix: digits without leading zeros, at most `most`. */
static gboolean
read_bits(const char *digits, guint most, guint *bits)
{
	guint64 value = 0;
	if (*digits == '\0' || (*digits == '0' && digits[1] != '\0') ||
	    !g_ascii_string_to_unsigned(digits, 10, 0, most, &value, NULL))
		return FALSE;
	*bits = (guint)value;
	return TRUE;
}

static gboolean
is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Cuts "/24", "//64" or "/24//64" from the end of `text` and reads them. */
static gboolean
take_prefixes(char *text, SpfTerm *term)
{
	char *slash = strrchr(text, '/');

	if (slash != NULL && slash > text && slash[-1] == '/' && is_digits(slash + 1)) {
		if (!read_bits(slash + 1, 128, &term->bits6))
			return FALSE;
		slash[-1] = '\0';
		slash = strrchr(text, '/');
	}
	if (slash != NULL && is_digits(slash + 1)) {
		if (!read_bits(slash + 1, 32, &term->bits4))
			return FALSE;
		*slash = '\0';
	}
	return TRUE;
}

/* `text`: the address, perhaps with the length of a prefix behind it. */
static gboolean
read_network(char *text, SpfTerm *term)
{
	gboolean is_four = term->mechanism == SPF_IP4;
	char *slash = strchr(text, '/');

	if (slash != NULL) {
		*slash = '\0';
		if (!read_bits(slash + 1, is_four ? 32 : 128, is_four ? &term->bits4 : &term->bits6))
			return FALSE;
	}
	if (text[strspn(text, "0123456789abcdefABCDEF:.")] != '\0')
		return FALSE;
	term->address = g_inet_address_new_from_string(text);
	return term->address != NULL &&
	       g_inet_address_get_family(term->address) == (is_four ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);
}

/* What stands behind a mechanism's name: "", ":..." or "/...". */
static gboolean
read_argument(const char *argument, SpfTerm *term)
{
	g_autofree char *rest = g_strdup(argument);
	gboolean is_given = *rest == ':';

	switch (term->mechanism) {
	case SPF_ALL:
		return *rest == '\0';
	case SPF_IP4:
	case SPF_IP6:
		return is_given && read_network(rest + 1, term);
	case SPF_A:
	case SPF_MX:
		if (!take_prefixes(rest, term))
			return FALSE;
		break;
	case SPF_PTR:
		break;
	case SPF_INCLUDE:
	case SPF_EXISTS:
		if (!is_given)
			return FALSE;
	}
	if (*rest == '\0')
		return TRUE;
	if (*rest != ':' || !is_domain_spec(rest + 1))
		return FALSE;
	term->domain = g_strdup(rest + 1);
	return TRUE;
}

static SpfTerm *
read_mechanism(const char *text)
{
	static const char *const names[] = {"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"};
	g_autoptr(SpfTerm) term = g_new0(SpfTerm, 1);
	gboolean is_qualified = *text != '\0' && strchr("+-~?", *text) != NULL;
	const char *name = is_qualified ? text + 1 : text;
	gsize length = strcspn(name, ":/");

	term->text = g_strdup(text);
	term->qualifier = '+';
	if (is_qualified)
		term->qualifier = *text;
	term->bits4 = 32;
	term->bits6 = 128;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strlen(names[i]) != length || g_ascii_strncasecmp(names[i], name, length) != 0)
			continue;
		term->mechanism = (SpfMechanism)i;
		return read_argument(name + length, term) ? g_steal_pointer(&term) : NULL;
	}
	return NULL;
}

/* name=value. FALSE if it breaks the grammar; `has_explanation` finds the second exp=. */
static gboolean
read_modifier(const char *text, gsize name_length, SpfRecord *record, gboolean *has_explanation)
{
	const char *value = text + name_length + 1;
	gboolean ends_with_macro;

	if (!g_ascii_isalpha(*text))
		return FALSE;
	if (name_length == strlen("redirect") && g_ascii_strncasecmp(text, "redirect", name_length) == 0) {
		if (record->redirect != NULL || !is_domain_spec(value))
			return FALSE;
		record->redirect = g_strdup(value);
		return TRUE;
	}
	if (name_length == strlen("exp") && g_ascii_strncasecmp(text, "exp", name_length) == 0) {
		gboolean is_second = *has_explanation;
		*has_explanation = TRUE;
		return !is_second && is_domain_spec(value);
	}
	return is_macro_string(value, "slodiphvcrt", &ends_with_macro);
}

static gboolean
read_term(const char *text, SpfRecord *record, gboolean *has_explanation)
{
	gsize name_length = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");

	if (text[name_length] == '=')
		return read_modifier(text, name_length, record, has_explanation);
	SpfTerm *term = read_mechanism(text);
	if (term != NULL)
		g_ptr_array_add(record->terms, term);
	return term != NULL;
}

SpfRecord *
spf_record_parse(const char *text, GError **error)
{
	g_autoptr(SpfRecord) record = g_new0(SpfRecord, 1);
	g_auto(GStrv) words = g_strsplit(text + strlen(VERSION), " ", -1);
	gboolean has_explanation = FALSE;

	record->terms = g_ptr_array_new_with_free_func((GDestroyNotify)spf_term_free);
	for (char **word = words; *word != NULL; word++) {
		if (**word == '\0' || read_term(*word, record, &has_explanation))
			continue;
		g_autofree char *printable = text_for_terminal(*word, FALSE);
		g_autofree char *shown = text_truncate(printable, LIMIT_DNS_SHOWN_BYTES);
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "the term \"%s\" is not what SPF allows", shown);
		return NULL;
	}
	return g_steal_pointer(&record);
}

/* The address as %{i} has it: dotted decimals, or the 32 hex digits with dots between them. */
static char *
dotted_address(GInetAddress *address)
{
	if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV4)
		return g_inet_address_to_string(address);
	g_autoptr(GString) hex = g_string_new(NULL);
	g_autoptr(GString) dotted = g_string_new(NULL);
	text_append_hex(hex, g_inet_address_to_bytes(address), g_inet_address_get_native_size(address));
	for (gsize i = 0; i < hex->len; i++) {
		if (i > 0)
			g_string_append_c(dotted, '.');
		g_string_append_c(dotted, hex->str[i]);
	}
	return g_string_free(g_steal_pointer(&dotted), FALSE);
}

/* What a macro's letter stands for; NULL for those that only a receiver knows. The caller's. */
static char *
value_of(char letter, const SpfMacros *macros)
{
	const char *at = strrchr(macros->sender, '@');

	switch (g_ascii_tolower(letter)) {
	case 's':
		return g_strdup(macros->sender);
	case 'l':
		return at == NULL || at == macros->sender ? g_strdup("postmaster")
							  : g_strndup(macros->sender, (gsize)(at - macros->sender));
	case 'o':
		return g_strdup(at != NULL ? at + 1 : macros->sender);
	case 'd':
		return g_strdup(macros->domain);
	case 'i':
		return dotted_address(macros->address);
	case 'v':
		return g_strdup(g_inet_address_get_family(macros->address) == G_SOCKET_FAMILY_IPV4 ? "in-addr" : "ip6");
	default:
		return NULL;
	}
}

/* Splits `value` at `delimiters`, turns it round if asked, and joins the last `count` parts (0: all) with dots (RFC 7208 section 7.3). */
static char *
transform(const char *value, const char *delimiters, guint count, gboolean is_reversed)
{
	g_auto(GStrv) parts = g_strsplit_set(value, delimiters, -1);
	guint length = g_strv_length(parts);

	for (guint i = 0; is_reversed && i < length / 2; i++) {
		char *other = parts[i];
		parts[i] = parts[length - 1 - i];
		parts[length - 1 - i] = other;
	}
	return g_strjoinv(".", parts + (count > 0 && count < length ? length - count : 0));
}

/* Appends what the macro "%{...}" at `at` stands for. FALSE if nobody here knows. */
static gboolean
append_value(GString *text, const char *at, const SpfMacros *macros)
{
	char letter = at[2];
	char *rest = NULL;
	guint count = (guint)g_ascii_strtoull(at + 3, &rest, 10);
	gboolean is_reversed = g_ascii_tolower(*rest) == 'r';
	const char *first = is_reversed ? rest + 1 : rest;
	g_autofree char *delimiters = g_strndup(first, strcspn(first, "}"));
	g_autofree char *value = value_of(letter, macros);

	if (value == NULL)
		return FALSE;
	g_autofree char *transformed = transform(value, *delimiters != '\0' ? delimiters : ".", count, is_reversed);
	g_autofree char *escaped =
	    g_ascii_isupper(letter) ? g_uri_escape_string(transformed, NULL, FALSE) : g_steal_pointer(&transformed);
	g_string_append(text, escaped);
	return TRUE;
}

char *
spf_record_expand(const char *domain, const SpfMacros *macros)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (const char *at = domain; *at != '\0';) {
		if (*at != '%') {
			g_string_append_c(text, *at++);
			continue;
		}
		if (at[1] == '{' && !append_value(text, at, macros))
			return NULL;
		if (at[1] != '{')
			g_string_append(text, at[1] == '%' ? "%" : at[1] == '_' ? " " : "%20");
		at = behind_macro(at, "slodiphv");
		g_assert(at != NULL);
	}
	if (text->len > 0 && text->str[text->len - 1] == '.')
		g_string_truncate(text, text->len - 1);
	while (text->len > LIMIT_DOMAIN_BYTES) {
		const char *dot = strchr(text->str, '.');
		g_string_erase(text, 0, dot != NULL ? dot + 1 - text->str : (gssize)(text->len - LIMIT_DOMAIN_BYTES));
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
