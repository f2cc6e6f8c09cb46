/*
 * `sekisho list add` and `remove`. What is added replaces an entry of the same type, value and scope; whatever is done is said, and what stands in the way of its ever
 * deciding anything.
 */
#include <string.h>
#include <sysexits.h>

#include "list_parts.h"
#include "prose.h"
#include "rehearse.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/wire/address.h"

/* --- add -------------------------------------------------------------------------------------------------------------- */

/* The words ACTION [POINTS] TYPE VALUE. */
static gboolean
read_words(Command *command, char **words, ListEntry *entry, GError **error)
{
	gboolean is_note = strcmp(words[0], "note") == 0;
	guint first = is_note ? 2 : 1;
	g_autofree char *action = is_note ? g_strdup_printf("note %s", words[1]) : g_strdup(words[0]);
	g_autofree char *problem = NULL;
	if (!list_action_read(action, &entry->action, &entry->points)) {
		command_usage(error, "%s is no action; write block, hold, allow or note and points from 1 to %u", action,
		    LIMIT_LIST_POINTS);
		return FALSE;
	}
	if (g_strv_length(words) != first + 2) {
		command_usage(error, "write ACTION TYPE VALUE, a VALUE with spaces in quotes");
		return FALSE;
	}
	if (list_value_read(words[first], words[first + 1], command->vault, entry, &problem)) {
		if (problem)
			prose_add(command->is_json ? command->console->complaint : command->console->output, 0, "", problem);
		return TRUE;
	}
	/* A sentence, behind which another one follows here. */
	if (g_str_has_suffix(problem, "."))
		problem[strlen(problem) - 1] = '\0';
	command_usage(error, "%s", problem);
	return FALSE;
}

/* "block network 192.0.2.0/24 for all sites, until ...". The caller's. */
static char *
entry_text(Command *command, const ListEntry *entry)
{
	g_autofree char *action = list_action_text(entry->action, entry->points);
	g_autofree char *value = list_value_text(entry, command->vault);
	g_autofree char *scope = list_scope_text(entry->site, entry->form_id);
	g_autofree char *until = command_local_time(command, entry->site, entry->expires_at_us);
	gboolean is_ending = entry->expires_at_us != 0;
	return g_strdup_printf("%s %s %s for %s%s%s", action, list_type_name(entry->type), value, scope,
	    is_ending ? ", until " : "", is_ending ? until : "");
}

ListEntry *
list_find_equal(Command *command, const ListEntry *entry, GError **error)
{
	const ListFilter filter = {
	    .site = entry->site, .type = (gint)entry->type, .value = entry->value, .limit = LIMIT_LIST_ROWS};
	g_autoptr(GPtrArray) found = list_entries_find(command->db, &filter, error);
	for (guint i = 0; found && i < found->len; i++) {
		const ListEntry *other = found->pdata[i];
		if (other->form_id == entry->form_id)
			return g_ptr_array_steal_index(found, i);
	}
	return NULL;
}

/* entry, replaced (null: it took nobody's place), remark (null, or what stands before it). */
static void
print_added_json(Command *command, const ListEntry *entry, const ListEntry *replaced)
{
	GVariantDict dict;
	g_autofree char *why = NULL;
	g_autoptr(GHashTable) hits = list_hits(command);
	(void)list_standing(command, NULL, entry, &why);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "entry", list_entry_json(command, entry, hits));
	g_variant_dict_insert_value(&dict, "replaced", list_maybe_json(command, replaced, hits));
	g_variant_dict_insert_value(&dict, "remark", command_json_text(why));
	command_print_json(command, g_variant_dict_end(&dict));
}

static void
print_added(Command *command, const ListEntry *entry, const ListEntry *replaced)
{
	g_autofree char *text = entry_text(command, entry);
	g_autofree char *line = g_strdup_printf("entry %" G_GINT64_FORMAT ": %s", entry->id, text);
	prose_add(command->console->output, 0, "", line);
	if (replaced) {
		g_autofree char *old = entry_text(command, replaced);
		g_autofree char *was = g_strdup_printf(
		    "it replaces: %s%s%s", old, replaced->reason[0] != '\0' ? ", because " : "", replaced->reason);
		prose_add(command->console->output, 2, "", was);
	}
}

/* Says what stands before the new entry. A remark and no failure: an operator may know better what comes next. */
static void
print_standing(Command *command, const ListEntry *entry)
{
	g_autofree char *why = NULL;
	if (list_standing(command, NULL, entry, &why) != LIST_STANDS)
		prose_add(command->console->output, 2, "", why);
}

static gboolean
store(Command *command, ListEntry *entry, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(ListEntry) replaced = list_find_equal(command, entry, &problem);
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_ptr_array_add(entries, entry);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!list_entries_add(command->db, entries, NULL, NULL, error))
		return FALSE;
	g_autoptr(ListEntry) stored = list_find_equal(command, entry, error);
	if (!stored)
		return FALSE;
	if (command->is_json) {
		print_added_json(command, stored, replaced);
	} else {
		print_added(command, stored, replaced);
		print_standing(command, stored);
	}
	g_autofree char *target = g_strdup_printf("entry %" G_GINT64_FORMAT, stored->id);
	return command_audit(command, "list.add", stored->site, target, error);
}

int
list_add(Command *command, char **words, const ListOptions *options, GError **error)
{
	g_autoptr(ListEntry) entry = list_entry_new();
	if (!list_open(command, error) || !read_words(command, words, entry, error) ||
	    !list_entry_fill(command, options, entry, error))
		return EX_USAGE;
	if (!options->is_rehearsal)
		return store(command, entry, error) ? EX_OK : EX_SOFTWARE;
	g_autofree char *text = entry_text(command, entry);
	g_autofree char *line = g_strdup_printf("Rehearsal of: %s. It has no number yet, and is called entry 0.", text);
	if (!command->is_json)
		prose_add(command->console->output, 0, "", line);
	return rehearse_entry(command, entry, error);
}

/* --- remove ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_id(const char *word)
{
	return word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
}

/* What the value is stored as, if it is one of this type (char *): an address may have been hashed under any of the keys. The caller's. */
static GPtrArray *
stored_values(Command *command, ListType type, const char *text)
{
	GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autofree char *problem = NULL;
	if (!list_value_read(list_type_name(type), text, command->vault, entry, &problem) || entry->type != type)
		return values;
	if (type != LIST_ADDRESS) {
		g_ptr_array_add(values, g_strdup(entry->value));
		return values;
	}
	g_autofree char *folded = address_folded(text);
	g_autoptr(GArray) hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
	for (guint i = 0; i < hashes->len; i++) {
		GString *digits = g_string_new(NULL);
		text_append_hex(digits, g_array_index(hashes, VaultHash, i).bytes, VAULT_HASH_BYTES);
		g_ptr_array_add(values, g_string_free(digits, FALSE));
	}
	return values;
}

/* Entries that have the value, whatever they take it for (ListEntry *). NULL on error. The caller's. */
static GPtrArray *
find_value(Command *command, const char *text, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (ListType type = LIST_NETWORK; type <= LIST_TYPE_LAST; type++) {
		g_autoptr(GPtrArray) values = stored_values(command, type, text);
		for (guint i = 0; i < values->len; i++) {
			const ListFilter filter = {.type = (gint)type, .value = values->pdata[i], .limit = LIMIT_LIST_ROWS};
			GPtrArray *some = list_entries_find(command->db, &filter, error);
			if (!some)
				return NULL;
			g_ptr_array_extend_and_steal(found, some);
		}
	}
	return g_steal_pointer(&found);
}

/* The one entry that VALUE means; as find_ids. */
static GPtrArray *
find_one(Command *command, const char *text, GError **error)
{
	g_autoptr(GPtrArray) found = find_value(command, text, error);
	if (found && found->len == 1)
		return g_steal_pointer(&found);
	if (found && found->len == 0)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "no entry has the value %s; `sekisho list` shows what there is", text);
	if (!found || found->len == 0)
		return NULL;
	g_autoptr(GString) choice = g_string_new(NULL);
	for (guint i = 0; i < found->len; i++) {
		g_autofree char *words = entry_text(command, found->pdata[i]);
		g_string_append_printf(choice, "\n  %" G_GINT64_FORMAT "  %s", ((const ListEntry *)found->pdata[i])->id, words);
	}
	g_set_error(
	    error, STORE_ERROR, STORE_ERROR_CONFLICT, "several entries have this value; name one by its number:%s", choice->str);
	return NULL;
}

static gboolean
has_id(const GPtrArray *entries, gint64 id)
{
	for (guint i = 0; i < entries->len; i++)
		if (((const ListEntry *)entries->pdata[i])->id == id)
			return TRUE;
	return FALSE;
}

static gboolean
find_id(Command *command, gint64 id, GPtrArray *entries, GError **error)
{
	const ListFilter filter = {.after_id = id - 1, .limit = 1};
	g_autoptr(GPtrArray) found = has_id(entries, id) ? g_ptr_array_new() : list_entries_find(command->db, &filter, error);
	if (found && has_id(found, id))
		g_ptr_array_extend_and_steal(entries, g_steal_pointer(&found));
	return has_id(entries, id);
}

/* Those of the numbers that are there (ListEntry *); one at least. NULL on error. The caller's. */
static GPtrArray *
find_ids(Command *command, char **words, guint *missing, GError **error)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (guint i = 0; words[i]; i++) {
		g_autoptr(GError) problem = NULL;
		guint64 number = 0;
		const gboolean is_number = command_number(words[i], "ID", G_MAXINT64, &number, &problem);
		*missing += is_number && !find_id(command, (gint64)number, entries, &problem) ? 1 : 0;
		if (!problem)
			continue;
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (entries->len > 0)
		return g_steal_pointer(&entries);
	g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "there is no such entry; `sekisho list` shows what there is");
	return NULL;
}

static gboolean
is_agreed(Command *command, const GPtrArray *entries, GError **error)
{
	g_autofree char *first = entry_text(command, entries->pdata[0]);
	g_autofree char *question =
	    entries->len == 1
		? g_strdup_printf("Remove entry %" G_GINT64_FORMAT ", %s?", ((const ListEntry *)entries->pdata[0])->id, first)
		: g_strdup_printf("Remove %u entries, the first of them %s?", entries->len, first);
	return command_confirm(command, question, error);
}

/* removed (what the entries were), missing (how many of the numbers were not there). */
static void
print_removed_json(Command *command, const GPtrArray *entries, guint missing)
{
	GVariantDict dict;
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GHashTable) hits = list_hits(command);
	for (guint i = 0; i < entries->len; i++)
		g_variant_builder_add_value(list, list_entry_json(command, entries->pdata[i], hits));
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "removed", g_variant_builder_end(list));
	g_variant_dict_insert(&dict, "missing", "u", missing);
	command_print_json(command, g_variant_dict_end(&dict));
}

/* The site whose entries they all are; NULL. Borrowed. */
static const char *
site_of(const GPtrArray *entries)
{
	const char *site = ((const ListEntry *)entries->pdata[0])->site;
	for (guint i = 1; i < entries->len; i++)
		if (strcmp(((const ListEntry *)entries->pdata[i])->site, site) != 0)
			return NULL;
	return site;
}

static gboolean
remove_entries(Command *command, const GPtrArray *entries, guint missing, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < entries->len; i++)
		g_array_append_val(ids, ((const ListEntry *)entries->pdata[i])->id);
	if (list_entries_remove(command->db, ids, error) < 0)
		return FALSE;
	if (command->is_json)
		print_removed_json(command, entries, missing);
	else
		command_print_line(command, "%u entr%s removed%s", entries->len, entries->len == 1 ? "y is" : "ies are",
		    missing > 0 ? "; the others were not there" : "");
	g_autofree char *target = command_targets("entry", "entries", ids);
	return command_audit(command, "list.remove", site_of(entries), target, error);
}

int
list_remove(Command *command, char **words, GError **error)
{
	guint missing = 0;
	if (!list_open(command, error))
		return EX_CONFIG;
	const gboolean is_value = !words[1] && !is_id(words[0]);
	g_autoptr(GPtrArray) entries = is_value ? find_one(command, words[0], error) : find_ids(command, words, &missing, error);
	if (!entries)
		return EX_USAGE;
	/* Without an error the answer was no. */
	if (!is_agreed(command, entries, error))
		return EX_OK;
	return remove_entries(command, entries, missing, error) ? EX_OK : EX_SOFTWARE;
}
