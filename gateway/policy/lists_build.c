/*
 * How a snapshot is made: entries are collected, then frozen. The builder belongs to one thread.
 *
 * An entry that comes twice, which means the same type, value, site and form, counts as it came last; the earlier one stays as a dead row that nothing leads to.
 */
#include <string.h>

#include "lists_parts.h"
#include "sekisho/base/limits.h"

struct ListsBuilder {
	Lists *lists;
	GHashTable *reasons; /* char * -> where it stands in texts: a whole import has one */
};

/* --- Keys ----------------------------------------------------------------------------------------------------------- */

static gboolean
has_key(gconstpointer user_data, guint32 index)
{
	const ListsKey *key = user_data;
	const ListsEntry *entry = lists_entry(key->lists, index);
	const char *value = lists_value(key->lists, index);
	NetworkBlock block;
	if (entry->type != key->type || entry->scope != key->scope)
		return FALSE;
	if (key->value != NULL)
		return strncmp(value, key->value, key->size) == 0 && value[key->size] == '\0';
	return network_block_read(value, &block) && memcmp(&block, &key->block, sizeof block) == 0;
}

ListsSlot *
lists_find(const ListsKey *key, guint64 *hash)
{
	const guint64 seed = key->scope * 16ul + key->type;
	*hash = key->value != NULL ? lists_hash(seed, key->value, key->size) : lists_hash(seed, &key->block, sizeof key->block);
	return lists_keys_slot(&key->lists->keys, *hash, has_key, key);
}

/* --- Scopes --------------------------------------------------------------------------------------------------------- */

guint
lists_scope_hash(gconstpointer scope)
{
	const ListsScope *asked = scope;
	return g_str_hash(asked->site) ^ (guint)asked->form_id * 2654435761u;
}

gboolean
lists_scope_equal(gconstpointer a, gconstpointer b)
{
	const ListsScope *first = a, *second = b;
	return first->form_id == second->form_id && strcmp(first->site, second->site) == 0;
}

static void
scope_free(gpointer data)
{
	ListsScope *scope = data;
	g_free(scope->site);
	g_free(scope);
}

static guint32
scope_index(Lists *lists, const char *site, guint64 form_id)
{
	const ListsScope asked = {(char *)site, site[0] != '\0' ? form_id : 0};
	gpointer found;
	if (g_hash_table_lookup_extended(lists->scope_of, &asked, NULL, &found))
		return GPOINTER_TO_UINT(found);
	ListsScope *scope = g_new(ListsScope, 1);
	*scope = (ListsScope){g_strdup(site), asked.form_id};
	const guint32 index = lists->scopes->len;
	g_hash_table_insert(lists->scope_of, scope, GUINT_TO_POINTER(index));
	g_array_append_val(lists->scopes, *scope);
	return index;
}

/* --- Collecting ------------------------------------------------------------------------------------------------------ */

ListsBuilder *
lists_builder_new(void)
{
	ListsBuilder *builder = g_new0(ListsBuilder, 1);
	Lists *lists = g_new0(Lists, 1);
	lists->references = 1;
	lists->entries = g_array_new(FALSE, FALSE, sizeof(ListsEntry));
	lists->texts = g_string_new(NULL);
	lists->scopes = g_array_new(FALSE, FALSE, sizeof(ListsScope));
	lists->scope_of = g_hash_table_new_full(lists_scope_hash, lists_scope_equal, scope_free, NULL);
	builder->lists = lists;
	builder->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	scope_index(lists, "", 0);
	return builder;
}

/* Rows may have been written by others than us. */
static gboolean
is_usable(const ListEntry *entry)
{
	NetworkBlock block;
	const gsize size = strlen(entry->value);
	if (entry->action < LIST_ALLOW || entry->action > LIST_BLOCK || entry->type < LIST_NETWORK ||
	    entry->type > LIST_TYPE_LAST)
		return FALSE;
	if (size == 0 || size > LIMIT_LIST_VALUE_BYTES)
		return FALSE;
	return entry->type != LIST_NETWORK ||
	       (network_block_read(entry->value, &block) && !network_block_cut(&block, block.bits));
}

static guint32
append_text(Lists *lists, const char *text)
{
	const guint32 place = (guint32)lists->texts->len;
	g_string_append_len(lists->texts, text, (gssize)strlen(text) + 1);
	return place;
}

static guint32
append_reason(ListsBuilder *builder, const char *reason)
{
	gpointer found;
	if (g_hash_table_lookup_extended(builder->reasons, reason, NULL, &found))
		return GPOINTER_TO_UINT(found);
	const guint32 place = append_text(builder->lists, reason);
	g_hash_table_insert(builder->reasons, g_strdup(reason), GUINT_TO_POINTER(place));
	return place;
}

/* Places in `texts` are 32 bits. */
static gboolean
is_full(const Lists *lists, const ListEntry *entry)
{
	return lists->entries->len >= LIMIT_LIST_ENTRIES ||
	       lists->texts->len + strlen(entry->value) + strlen(entry->reason) + 2 > G_MAXUINT32;
}

void
lists_builder_add(ListsBuilder *builder, const ListEntry *entry)
{
	Lists *lists = builder->lists;
	if (!is_usable(entry) || is_full(lists, entry)) {
		lists->left_out++;
		return;
	}
	const ListsEntry added = {
	    .id = entry->id,
	    .expires_at_us = entry->expires_at_us,
	    .value = append_text(lists, entry->value),
	    .reason = append_reason(builder, entry->reason),
	    .scope = scope_index(lists, entry->site, entry->form_id),
	    .points = (guint16)MIN(entry->points, LIMIT_LIST_POINTS),
	    .action = (guint8)entry->action,
	    .type = (guint8)entry->type,
	};
	g_array_append_val(lists->entries, added);
}

/* --- Freezing ------------------------------------------------------------------------------------------------------- */

typedef struct {
	gboolean ipv4[33], ipv6[129];
} Lengths;

static void
index_entry(Lists *lists, guint32 index, Lengths *lengths)
{
	const ListsEntry *entry = lists_entry(lists, index);
	const char *value = lists_value(lists, index);
	ListsKey key = {.lists = lists, .type = (ListType)entry->type, .scope = entry->scope};
	if (entry->type == LIST_NETWORK) {
		network_block_read(value, &key.block);
		(key.block.family == 4 ? lengths->ipv4 : lengths->ipv6)[key.block.bits] = TRUE;
	} else {
		key.value = value;
		key.size = strlen(value);
	}
	guint64 hash;
	ListsSlot *slot = lists_find(&key, &hash);
	lists->counts[entry->type] += slot->entry == LISTS_NONE;
	*slot = (ListsSlot){.tag = (guint32)(hash >> 32), .entry = index};
}

static guint
list_lengths(const gboolean *lengths, guint longest, guint8 *list)
{
	guint count = 0;
	for (guint bits = longest + 1; bits-- > 0;) {
		if (lengths[bits])
			list[count++] = (guint8)bits;
	}
	return count;
}

/* The entries of one type that are not dead. */
static GArray *
living(const Lists *lists, ListType type)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(guint32));
	for (guint64 i = 0; i <= lists->keys.mask; i++) {
		const guint32 index = lists->keys.slots[i].entry;
		if (index != LISTS_NONE && lists_entry(lists, index)->type == type)
			g_array_append_val(found, index);
	}
	return found;
}

static void
freeze(Lists *lists)
{
	Lengths lengths = {0};
	lists_keys_init(&lists->keys, lists->entries->len);
	for (guint32 i = 0; i < lists->entries->len; i++)
		index_entry(lists, i, &lengths);
	lists->bits_ipv4_count = list_lengths(lengths.ipv4, 32, lists->bits_ipv4);
	lists->bits_ipv6_count = list_lengths(lengths.ipv6, 128, lists->bits_ipv6);
	g_autoptr(GArray) phrases = living(lists, LIST_PHRASE);
	g_autoptr(GArray) agents = living(lists, LIST_AGENT);
	lists_phrases_init(&lists->phrases, lists, phrases);
	lists_phrases_init(&lists->agents, lists, agents);
}

/* Arrays grow by doubling; what was not needed is given back. */
static void
shrink(Lists *lists)
{
	const guint count = lists->entries->len;
	GArray *entries = g_array_sized_new(FALSE, FALSE, sizeof(ListsEntry), count);
	g_array_append_vals(entries, lists->entries->data, count);
	g_array_unref(lists->entries);
	lists->entries = entries;
	GString *texts = g_string_sized_new(lists->texts->len);
	g_string_append_len(texts, lists->texts->str, (gssize)lists->texts->len);
	g_string_free(lists->texts, TRUE);
	lists->texts = texts;
}

Lists *
lists_builder_end(ListsBuilder *builder, const char *country_file, GError **error)
{
	g_autoptr(Lists) lists = builder->lists;
	g_hash_table_unref(builder->reasons);
	g_free(builder);
	if (country_file[0] != '\0')
		lists->country = country_file_open(country_file, error);
	if (country_file[0] != '\0' && lists->country == NULL && error != NULL)
		return NULL;
	shrink(lists);
	freeze(lists);
	return g_steal_pointer(&lists);
}

/* --- Loading -------------------------------------------------------------------------------------------------------- */

/* Adds one page; *last_id is moved on, and stays where it is behind the last one. */
static gboolean
add_page(ListsBuilder *builder, Db *db, gint64 *last_id, GError **error)
{
	const ListFilter filter = {.after_id = *last_id, .limit = LIMIT_LIST_PAGE};
	g_autoptr(GPtrArray) entries = list_entries_find(db, &filter, error);
	if (entries == NULL)
		return FALSE;
	for (guint i = 0; i < entries->len; i++) {
		const ListEntry *entry = entries->pdata[i];
		lists_builder_add(builder, entry);
		*last_id = entry->id;
	}
	return TRUE;
}

static gboolean
add_found(ListsBuilder *builder, Db *db, const ListFilter *filter, GError **error)
{
	g_autoptr(GPtrArray) entries = list_entries_find(db, filter, error);
	for (guint i = 0; entries != NULL && i < entries->len; i++)
		lists_builder_add(builder, entries->pdata[i]);
	return entries != NULL;
}

static gboolean
add_value(ListsBuilder *builder, Db *db, ListType type, const char *value, GError **error)
{
	const ListFilter filter = {.type = (gint)type, .value = value, .limit = LIMIT_LIST_PAGE};
	return add_found(builder, db, &filter, error);
}

/* The domain and those it is below. */
static gboolean
add_domains(ListsBuilder *builder, Db *db, ListType type, const char *domain, GError **error)
{
	for (const char *rest = domain; *rest != '\0'; rest += strcspn(rest, "."), rest += *rest == '.') {
		if (!add_value(builder, db, type, rest, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
add_networks(ListsBuilder *builder, Db *db, const char *network, GError **error)
{
	NetworkBlock block;
	if (!network_block_read(network, &block))
		return TRUE;
	for (guint bits = block.bits + 1u; bits-- > 0;) {
		network_block_cut(&block, bits);
		g_autofree char *value = network_block_text(&block);
		if (!add_value(builder, db, LIST_NETWORK, value, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
add_covering(ListsBuilder *builder, Db *db, const ListEntry *entry, const char *domain, GError **error)
{
	const ListFilter within = {.type = (gint)entry->type, .within = entry->value, .limit = LIMIT_LIST_PAGE};
	switch (entry->type) {
	case LIST_NETWORK:
		return add_networks(builder, db, entry->value, error);
	case LIST_ADDRESS:
		return add_value(builder, db, entry->type, entry->value, error) &&
		       add_domains(builder, db, LIST_DOMAIN, domain, error);
	case LIST_DOMAIN:
	case LIST_LINK:
		return add_domains(builder, db, entry->type, entry->value, error);
	case LIST_PHRASE:
	case LIST_AGENT:
		return add_found(builder, db, &within, error);
	default:
		return add_value(builder, db, entry->type, entry->value, error);
	}
}

Lists *
lists_load_covering(Db *db, const ListEntry *entry, const char *domain, GError **error)
{
	ListsBuilder *builder = lists_builder_new();
	const gboolean is_read = add_covering(builder, db, entry, domain, error);
	g_autoptr(Lists) lists = lists_builder_end(builder, "", NULL);
	return is_read ? g_steal_pointer(&lists) : NULL;
}

static gboolean
add_all(ListsBuilder *builder, Db *db, GError **error)
{
	for (gint64 last_id = 0, before = -1; last_id != before;) {
		before = last_id;
		if (!add_page(builder, db, &last_id, error))
			return FALSE;
	}
	return TRUE;
}

Lists *
lists_load_with(Db *db, const GPtrArray *addition, const char *country_file, GError **error)
{
	ListsBuilder *builder = lists_builder_new();
	if (!add_all(builder, db, error)) {
		lists_unref(lists_builder_end(builder, "", NULL));
		return NULL;
	}
	for (guint i = 0; addition != NULL && i < addition->len; i++)
		lists_builder_add(builder, addition->pdata[i]);
	return lists_builder_end(builder, country_file, error);
}

Lists *
lists_load(Db *db, const char *country_file, GError **error)
{
	return lists_load_with(db, NULL, country_file, error);
}
