/*
 * Values of list entries: one reader for each type, in a table. No state.
 */
#include "sekisho/policy/list_value.h"

#include <libpsl.h>
#include <string.h>

#include "network_block.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/names.h"
#include "sekisho/wire/address.h"

G_GNUC_PRINTF(2, 3)
static gboolean
refuse(char **problem, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	*problem = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return FALSE;
}

static gboolean
refuse_long(char **problem)
{
	return refuse(problem, "The value is longer than %u bytes. Write the part that matters.", LIMIT_LIST_VALUE_BYTES);
}

/* What a person reads of what was typed. */
static char *
shown(const char *text)
{
	g_autofree char *visible = text_for_terminal(text, FALSE);
	return text_truncate(visible, LIMIT_IMPORT_SHOWN_BYTES);
}

/* --- Networks and countries ------------------------------------------------------------------------------------------- */

static gboolean
read_network(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	NetworkBlock block;
	(void)vault;
	if (!network_block_read(text, &block)) {
		g_autofree char *what = shown(text);
		return refuse(problem,
		    "\"%s\" is no IP address or network. Write 192.0.2.7, 192.0.2.0/24, 2001:db8::7 or 2001:db8::/32.", what);
	}
	const gboolean is_cut = network_block_cut(&block, block.bits);
	text_replace(&entry->value, network_block_text(&block));
	if (is_cut)
		*problem = g_strdup_printf("The address has bits behind the network's %u; the entry is for the whole network %s.",
		    block.bits, entry->value);
	return TRUE;
}

static gboolean
read_country(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	(void)vault;
	if (strlen(text) != 2 || !g_ascii_isalpha(text[0]) || !g_ascii_isalpha(text[1])) {
		g_autofree char *what = shown(text);
		return refuse(problem, "\"%s\" is no country. Write the two letters of ISO 3166-1: JP, US, DE.", what);
	}
	text_replace(&entry->value, g_ascii_strup(text, 2));
	if (strcmp(entry->value, "UK") == 0)
		return refuse(problem, "UK is not the code of the United Kingdom. Write GB.");
	return TRUE;
}

/* --- Domains and addresses -------------------------------------------------------------------------------------------- */

/* Letters, digits, hyphens within and underscores, which some hosts have (RFC 2181 section 11). */
static gboolean
is_label(const char *label)
{
	const gsize size = strlen(label);
	if (size == 0 || size > 63 || label[0] == '-' || label[size - 1] == '-')
		return FALSE;
	for (const char *at = label; *at; at++) {
		if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_')
			return FALSE;
	}
	return TRUE;
}

/* One label is a top-level domain. */
static gboolean
is_domain(const char *text)
{
	if (strlen(text) > LIMIT_DOMAIN_BYTES || text[0] == '\0')
		return FALSE;
	g_auto(GStrv) labels = g_strsplit(text, ".", -1);
	for (char **label = labels; *label; label++) {
		if (!is_label(*label))
			return FALSE;
	}
	return TRUE;
}

/* The host in whatever way it was written: "https://www.example.com/page", "@example.com", "*.example.com", "example.com.", with a port. */
static char *
bare_host(const char *text)
{
	const char *begin = strstr(text, "://");
	begin = begin != NULL ? begin + strlen("://") : text;
	gsize size = strcspn(begin, "/?#");
	const char *at = memrchr(begin, '@', size);
	if (at != NULL) {
		size -= (gsize)(at + 1 - begin);
		begin = at + 1;
	}
	if (size > 2 && g_str_has_prefix(begin, "*.")) {
		begin += 2;
		size -= 2;
	}
	while (size > 0 && *begin == '.') {
		begin++;
		size--;
	}
	const char *colon = memchr(begin, ':', size);
	if (colon != NULL && strspn(colon + 1, "0123456789") == size - (gsize)(colon + 1 - begin))
		size = (gsize)(colon - begin);
	while (size > 0 && begin[size - 1] == '.')
		size--;
	return g_strndup(begin, size);
}

/* TRUE if a host was written with more behind it than "/". */
static gboolean
has_path(const char *text)
{
	const char *begin = strstr(text, "://");
	begin = begin != NULL ? begin + strlen("://") : text;
	const char *path = begin + strcspn(begin, "/?#");
	return path[0] != '\0' && path[1] != '\0';
}

/* Lower-case ASCII, or NULL. */
static char *
ascii_domain(const char *host)
{
	g_autofree char *ascii = g_hostname_to_ascii(host);
	if (ascii == NULL)
		return NULL;
	g_autofree char *lower = g_ascii_strdown(ascii, -1);
	return is_domain(lower) ? g_steal_pointer(&lower) : NULL;
}

static gboolean
read_domain(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	g_autofree char *host = bare_host(text);
	g_autofree char *domain = ascii_domain(host);
	(void)vault;
	if (domain == NULL || g_hostname_is_ip_address(domain)) {
		g_autofree char *what = shown(text);
		return refuse(problem, "\"%s\" is no domain. Write example.com; the domains below it are meant, too.", what);
	}
	const char *at = strchr(text, '@');
	if (at != NULL && at != text && strstr(text, "://") == NULL) {
		g_autofree char *what = shown(text);
		return refuse(problem, "\"%s\" is one mail address. Write type address for it, or only %s for all that is there.",
		    what, domain);
	}
	text_replace(&entry->value, g_steal_pointer(&domain));
	if (has_path(text))
		*problem = g_strdup_printf("A path is not looked at; the entry is for all of %s.", entry->value);
	return TRUE;
}

/* The host of a link may be an address. */
static gboolean
read_link(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	g_autofree char *host = bare_host(text);
	g_autofree char *address = network_normalise(host);
	if (address == NULL)
		return read_domain(text, vault, entry, problem);
	text_replace(&entry->value, g_steal_pointer(&address));
	if (has_path(text))
		*problem = g_strdup_printf("A path is not looked at; the entry is for all of %s.", entry->value);
	return TRUE;
}

static gboolean
read_address(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	const char *at = strrchr(text, '@');
	g_autofree char *domain = at != NULL ? ascii_domain(at + 1) : NULL;
	g_autofree char *address = domain != NULL ? g_strdup_printf("%.*s@%s", (int)(at - text), text, domain) : NULL;
	if (address == NULL || (!address_is_deliverable(address) && !address_is_email(address))) {
		g_autofree char *what = shown(text);
		return refuse(problem,
		    "\"%s\" is no mail address. Write taro@example.com, or a domain (type domain) for all of its addresses.",
		    what);
	}
	g_autofree char *folded = address_folded(address);
	g_autoptr(GBytes) content = g_bytes_new(address, strlen(address));
	g_autoptr(GString) digits = g_string_new(NULL);
	VaultHash hash;
	vault_hash(vault, VAULT_HASH_ADDRESS, folded, strlen(folded), &hash);
	text_append_hex(digits, hash.bytes, sizeof hash.bytes);
	text_set(&entry->value, digits->str);
	g_clear_pointer(&entry->boxed, g_bytes_unref);
	entry->boxed = vault_box(vault, content);
	return TRUE;
}

/* --- The rest --------------------------------------------------------------------------------------------------------- */

#define HEX_DIGITS "0123456789abcdef"

static gboolean
is_of(const char *text, gsize size, const char *characters)
{
	return strspn(text, characters) >= size;
}

/* "SALT-HEX" (front/fingerprint.h). */
static gboolean
read_fingerprint(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	const char *dash = strchr(text, '-');
	(void)vault;
	if (dash == NULL || dash == text ||
	    !is_of(text, (gsize)(dash - text), HEX_DIGITS "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ||
	    strlen(dash + 1) < 16 || !is_of(dash + 1, strlen(dash + 1), HEX_DIGITS)) {
		g_autofree char *what = shown(text);
		return refuse(problem, "\"%s\" is no fingerprint. Copy one from `sekisho held show` or `sekisho why`.", what);
	}
	text_set(&entry->value, text);
	return TRUE;
}

/* A Chinese character may be a word, and so may be what is no letter: an emoji. */
static gboolean
is_word_alone(gunichar character)
{
	return character >= 0x80 && (g_unichar_get_script(character) == G_UNICODE_SCRIPT_HAN || !g_unichar_isalnum(character));
}

static gboolean
read_phrase(const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	g_autofree char *folded = text_fold(text);
	(void)vault;
	if (folded[0] == '\0')
		return refuse(
		    problem, "Nothing is left of the phrase when spaces and invisible characters are taken away. Write a word.");
	const gboolean is_single = *g_utf8_next_char(folded) == '\0';
	const gunichar first = g_utf8_get_char(folded);
	if (is_single && !is_word_alone(first))
		return refuse(problem, "\"%s\" is one letter and stands in nearly every text. Write a word.", folded);
	/* Some letters are written out when they are folded. */
	if (strlen(folded) > LIMIT_LIST_VALUE_BYTES)
		return refuse_long(problem);
	if (is_single && g_unichar_get_script(first) == G_UNICODE_SCRIPT_HAN)
		*problem = g_strdup_printf("\"%s\" is one letter; every text with a word that it is part of is meant.", folded);
	text_replace(&entry->value, g_steal_pointer(&folded));
	return TRUE;
}

typedef gboolean (*ValueReader)(const char *text, Vault *vault, ListEntry *entry, char **problem);

static const struct {
	const char *name;
	ListType type;
	ValueReader read;
} readers[] = {
    {"network", LIST_NETWORK, read_network},
    {"ip", LIST_NETWORK, read_network},
    {"country", LIST_COUNTRY, read_country},
    {"address", LIST_ADDRESS, read_address},
    {"domain", LIST_DOMAIN, read_domain},
    {"fingerprint", LIST_FINGERPRINT, read_fingerprint},
    {"phrase", LIST_PHRASE, read_phrase},
    {"word", LIST_PHRASE, read_phrase},
    {"link", LIST_LINK, read_link},
    {"agent", LIST_AGENT, read_phrase},
};

/* "mail" is an address or a domain. */
static const char *
meant_type(const char *type, const char *text)
{
	if (strcmp(type, "mail") != 0)
		return type;
	const char *at = strchr(text, '@');
	return at != NULL && at != text && strstr(text, "://") == NULL ? "address" : "domain";
}

static gboolean
is_readable(const char *text, char **problem)
{
	if (!g_utf8_validate(text, -1, NULL))
		return refuse(problem, "The value is not valid UTF-8. Save the file or set the terminal to UTF-8.");
	if (strlen(text) > LIMIT_LIST_VALUE_BYTES / 4)
		return refuse(
		    problem, "The value is longer than %u bytes. Write the part that matters.", LIMIT_LIST_VALUE_BYTES / 4);
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		if (g_unichar_iscntrl(g_utf8_get_char(at)))
			return refuse(
			    problem, "The value has a line break, tab or control character in it. Write it on one line.");
	}
	return TRUE;
}

/* --- How much it means ------------------------------------------------------------------------------------------------ */

/* Shorter prefixes hold so many addresses that no one network has them. */
#define BROAD_BITS_IPV4 8u
#define BROAD_BITS_IPV6 20u

static char *
network_breadth(const char *value)
{
	NetworkBlock block;
	if (!network_block_read(value, &block) || block.bits >= (block.family == 4 ? BROAD_BITS_IPV4 : BROAD_BITS_IPV6))
		return NULL;
	if (block.bits == 0)
		return g_strdup_printf("%s is every IPv%u address there is.", value, block.family);
	return g_strdup_printf("%s is a large part of the Internet, and belongs to many.", value);
}

static gboolean
is_named(const char *const *names, const char *domain)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, domain) == 0)
			return TRUE;
	}
	return FALSE;
}

static char *
domain_breadth(const ListEntry *entry)
{
	if (entry->type == LIST_DOMAIN && is_named(names_of(NAMES_MAIL_DOMAINS), entry->value))
		return g_strdup_printf("Everyone who has mail at %s is meant; for one of them write type address.", entry->value);
	if (!g_hostname_is_ip_address(entry->value) && psl_is_public_suffix(psl_builtin(), entry->value))
		return g_strdup_printf("%s is a public suffix; everybody's domains below it are meant.", entry->value);
	return NULL;
}

/* What every address of a page begins with. */
static char *
phrase_breadth(const char *value)
{
	static const char *const beginnings[] = {"http", "https", "www", "http:", "https:", "http://", "https://", "www.", NULL};
	if (!g_strv_contains(beginnings, value))
		return NULL;
	return g_strdup_printf("\"%s\" stands in every link; a person who names a page of their own is meant, too.", value);
}

char *
list_value_breadth(const ListEntry *entry)
{
	switch (entry->type) {
	case LIST_NETWORK:
		return network_breadth(entry->value);
	case LIST_DOMAIN:
	case LIST_LINK:
		return domain_breadth(entry);
	case LIST_PHRASE:
		return phrase_breadth(entry->value);
	default:
		return NULL;
	}
}

/* --- Reading ---------------------------------------------------------------------------------------------------------- */

/* What the reader remarked and how much is meant, as one text. */
static void
add_breadth(const ListEntry *entry, char **remark)
{
	g_autofree char *breadth = list_value_breadth(entry);
	if (breadth != NULL)
		text_replace(remark, *remark != NULL ? g_strjoin(" ", *remark, breadth, NULL) : g_strdup(breadth));
}

gboolean
list_value_read(const char *type, const char *text, Vault *vault, ListEntry *entry, char **problem)
{
	*problem = NULL;
	if (!is_readable(text, problem))
		return FALSE;
	g_autofree char *stripped = text_strip(text);
	const char *meant = meant_type(type, stripped);
	for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
		if (strcmp(meant, readers[i].name) != 0)
			continue;
		entry->type = readers[i].type;
		if (!readers[i].read(stripped, vault, entry, problem))
			return FALSE;
		add_breadth(entry, problem);
		return TRUE;
	}
	g_autofree char *what = shown(type);
	return refuse(problem,
	    "There is no type \"%s\". Write ip, network, country, address, domain, fingerprint, phrase, link or agent.", what);
}

/* --- For a person ----------------------------------------------------------------------------------------------------- */

static char *
network_text(const char *value)
{
	NetworkBlock block;
	const char *slash = strchr(value, '/');
	const gboolean is_single =
	    slash != NULL && network_block_read(value, &block) && block.bits == (block.family == 4 ? 32 : 128);
	return is_single ? g_strndup(value, (gsize)(slash - value)) : g_strdup(value);
}

static char *
address_text(const ListEntry *entry, Vault *vault)
{
	g_autoptr(GBytes) content = entry->boxed != NULL ? vault_box_open(vault, entry->boxed, NULL) : NULL;
	if (content == NULL)
		return g_strdup("(an address that cannot be opened)");
	gsize size;
	const char *bytes = g_bytes_get_data(content, &size);
	return g_utf8_make_valid(bytes, (gssize)size);
}

char *
list_value_text(const ListEntry *entry, Vault *vault)
{
	switch (entry->type) {
	case LIST_NETWORK:
		return network_text(entry->value);
	case LIST_ADDRESS:
		return address_text(entry, vault);
	default:
		return g_strdup(entry->value);
	}
}
