/*
 * Lists of tags, and the two kinds of records that are such lists: DKIM keys and DMARC policies. No state, nothing is asked.
 */
#include "tag_list.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

#define SPACE " \t\r\n"

static char *
strip(const char *text, gsize length)
{
	while (length > 0 && strchr(SPACE, *text) != NULL) {
		text++;
		length--;
	}
	while (length > 0 && strchr(SPACE, text[length - 1]) != NULL)
		length--;
	return g_strndup(text, length);
}

static gboolean
is_tag_name(const char *name)
{
	return g_ascii_isalpha(*name) && name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_")] == '\0';
}

static gboolean
is_tag_value(const char *value)
{
	for (const char *at = value; *at != '\0'; at++)
		if (strchr(SPACE, *at) == NULL && (*at < 0x21 || *at > 0x7e))
			return FALSE;
	return TRUE;
}

/* One "name=value" into the table; its name, or NULL. */
static const char *
read_tag(const char *tag, GHashTable *tags, GError **error)
{
	const char *equals = strchr(tag, '=');
	g_autofree char *name = equals != NULL ? strip(tag, (gsize)(equals - tag)) : g_strdup("");
	g_autofree char *value = equals != NULL ? strip(equals + 1, strlen(equals + 1)) : g_strdup("");

	if (!is_tag_name(name) || !is_tag_value(value)) {
		g_autofree char *printable = text_for_terminal(tag, FALSE);
		g_autofree char *shown = text_truncate(printable, LIMIT_DNS_SHOWN_BYTES);
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "\"%s\" is not of the form name=value", shown);
		return NULL;
	}
	if (g_hash_table_contains(tags, name)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "\"%s=\" comes twice", name);
		return NULL;
	}
	const char *kept = name;
	g_hash_table_insert(tags, g_steal_pointer(&name), g_steal_pointer(&value));
	return kept;
}

GHashTable *
tag_list_parse(const char *text, const char **first, GError **error)
{
	g_autoptr(GHashTable) tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);
	const char *first_name = NULL;

	for (char **part = parts; *part != NULL; part++) {
		/* One semicolon may stand at the end. */
		if (part[1] == NULL && part > parts && (*part)[strspn(*part, SPACE)] == '\0')
			break;
		const char *name = read_tag(*part, tags, error);
		if (name == NULL)
			return NULL;
		first_name = first_name != NULL ? first_name : name;
	}
	if (first_name == NULL) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "it is empty");
		return NULL;
	}
	if (first != NULL)
		*first = first_name;
	return g_steal_pointer(&tags);
}

/* Whether a list of words between colons names `word`; a tag that is missing names all. */
static gboolean
names_word(const char *list, const char *word)
{
	if (list == NULL)
		return TRUE;
	g_auto(GStrv) words = g_strsplit(list, ":", -1);
	for (char **at = words; *at != NULL; at++) {
		g_autofree char *stripped = strip(*at, strlen(*at));
		if (g_ascii_strcasecmp(stripped, word) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Bytes that base64 stands for, white space in it ignored; FALSE if it is none. */
static gboolean
measure_base64(const char *text, gsize *size)
{
	gsize digits = 0, padding = 0;

	for (const char *at = text; *at != '\0'; at++) {
		if (strchr(SPACE, *at) != NULL)
			continue;
		if (*at == '=')
			padding++;
		else if (padding > 0 || (!g_ascii_isalnum(*at) && *at != '+' && *at != '/'))
			return FALSE;
		else
			digits++;
	}
	*size = digits * 3 / 4;
	return padding <= 2 && digits % 4 != 1 && (padding == 0 || (digits + padding) % 4 == 0);
}

void
dkim_key_free(DkimKey *key)
{
	if (key == NULL)
		return;
	g_free(key->algorithm);
	g_free(key);
}

/* Whether the text begins with the tag v=VERSION, white space aside. */
static gboolean
has_version(const char *text, const char *version)
{
	text += strspn(text, SPACE);
	if (*text != 'v')
		return FALSE;
	text += 1 + strspn(text + 1, SPACE);
	if (*text != '=')
		return FALSE;
	text += 1 + strspn(text + 1, SPACE);
	if (!g_str_has_prefix(text, version))
		return FALSE;
	text += strlen(version);
	text += strspn(text, SPACE);
	return *text == '\0' || *text == ';';
}

gboolean
dkim_key_is(const char *text)
{
	g_autoptr(GHashTable) tags = tag_list_parse(text, NULL, NULL);
	return has_version(text, "DKIM1") || (tags != NULL && g_hash_table_contains(tags, "p"));
}

DkimKey *
dkim_key_parse(const char *text, GError **error)
{
	const char *first = NULL;
	g_autoptr(GHashTable) tags = tag_list_parse(text, &first, error);
	if (tags == NULL)
		return NULL;
	const char *version = g_hash_table_lookup(tags, "v"), *key_text = g_hash_table_lookup(tags, "p");
	const char *algorithm = g_hash_table_lookup(tags, "k"), *services = g_hash_table_lookup(tags, "s");
	const char *flags = g_hash_table_lookup(tags, "t");
	g_autoptr(DkimKey) key = g_new0(DkimKey, 1);

	if (version != NULL && (strcmp(version, "DKIM1") != 0 || strcmp(first, "v") != 0)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "\"v=\" is not DKIM1 or does not come first");
		return NULL;
	}
	if (key_text == NULL || !measure_base64(key_text, &key->size)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
		    key_text == NULL ? "there is no \"p=\"" : "the key in \"p=\" is not base64, or part of it was lost");
		return NULL;
	}
	key->is_revoked = *key_text == '\0';
	key->is_for_mail = services == NULL || names_word(services, "*") || names_word(services, "email");
	key->is_testing = flags != NULL && names_word(flags, "y");
	key->is_sha256 = names_word(g_hash_table_lookup(tags, "h"), "sha256");
	key->algorithm = g_ascii_strdown(algorithm != NULL ? algorithm : "rsa", -1);
	return g_steal_pointer(&key);
}

gboolean
dmarc_record_is(const char *text)
{
	return has_version(text, "DMARC1");
}

static gboolean
read_policy(const char *value, DmarcPolicy *policy)
{
	static const char *const names[] = {"none", "quarantine", "reject"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_ascii_strcasecmp(value, names[i]) != 0)
			continue;
		*policy = (DmarcPolicy)i;
		return TRUE;
	}
	return FALSE;
}

static gboolean
is_strict(GHashTable *tags, const char *name)
{
	const char *value = g_hash_table_lookup(tags, name);
	return value != NULL && g_ascii_strcasecmp(value, "s") == 0;
}

gboolean
dmarc_record_parse(const char *text, DmarcRecord *record, GError **error)
{
	g_autoptr(GHashTable) tags = tag_list_parse(text, NULL, error);
	if (tags == NULL)
		return FALSE;
	const char *policy = g_hash_table_lookup(tags, "p"), *below = g_hash_table_lookup(tags, "sp");
	if (policy == NULL || !read_policy(policy, &record->policy)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
		    policy == NULL ? "there is no \"p=\"" : "\"p=\" is not none, quarantine or reject");
		return FALSE;
	}
	record->subdomain_policy = record->policy;
	if (below != NULL && !read_policy(below, &record->subdomain_policy)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "\"sp=\" is not none, quarantine or reject");
		return FALSE;
	}
	record->is_spf_strict = is_strict(tags, "aspf");
	record->is_dkim_strict = is_strict(tags, "adkim");
	return TRUE;
}
