/*
 * `sekisho list show` and `test`: what stands on the lists, how often it was met, and which entries fit a value.
 */
#include <string.h>
#include <sysexits.h>

#include "list_parts.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/policy/sender.h"
#include "sekisho/store/counters.h"
#include "sekisho/wire/address.h"

/* --- show ------------------------------------------------------------------------------------------------------------- */

/* The day in the site's zone: "2025-11-22". The caller's. */
static char *
day_text(Command *command, const char *site, gint64 time_us)
{
	g_autofree char *time = command_local_time(command, site, time_us);
	return text_truncate(time, strlen("2025-11-22"));
}

/* "12, last 2025-11-22", "never", or "?" if nobody counts. The caller's. */
static char *
hits_text(Command *command, GHashTable *hits, const ListEntry *entry)
{
	const CounterHits *met = hits ? g_hash_table_lookup(hits, &entry->id) : NULL;
	if (!met)
		return g_strdup(hits ? "never" : "?");
	g_autofree char *day = day_text(command, entry->site, met->last_at_us);
	return g_strdup_printf("%" G_GUINT64_FORMAT ", last %s", met->count, day);
}

/* Until when, and why; NULL if there is nothing to say. The caller's. */
static char *
note_text(Command *command, const ListEntry *entry)
{
	g_autofree char *until = command_local_time(command, entry->site, entry->expires_at_us);
	gboolean is_ending = entry->expires_at_us != 0;
	gboolean is_over = is_ending && entry->expires_at_us <= clock_now_us();
	if (!is_ending && entry->reason[0] == '\0')
		return NULL;
	return g_strdup_printf("%s%s%s%s",
	    is_over     ? "over since "
	    : is_ending ? "until "
			: "",
	    is_ending ? until : "", is_ending && entry->reason[0] != '\0' ? "; " : "", entry->reason);
}

static void
print_entries(Command *command, const GPtrArray *entries, GHashTable *hits)
{
	static const char *const headings[] = {"ID", "ACTION", "TYPE", "VALUE", "FOR", "HITS", NULL};
	g_autoptr(Table) table = table_new(headings);
	table_mark_states(table, "ACTION");
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < entries->len; i++) {
		const ListEntry *entry = entries->pdata[i];
		g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, entry->id);
		g_autofree char *action = list_action_text(entry->action, entry->points);
		g_autofree char *value = list_value_text(entry, command->vault);
		g_autofree char *scope = list_scope_text(entry->site, entry->form_id);
		g_autofree char *met = hits_text(command, hits, entry);
		const char *cells[] = {id, action, list_type_name(entry->type), value, scope, met, NULL};
		table_add(table, cells);
		g_ptr_array_add(notes, note_text(command, entry));
	}
	table_print(table, command->console, notes);
}

GVariant *
list_entry_json(Command *command, const ListEntry *entry, GHashTable *hits)
{
	GVariantDict dict;
	g_autofree char *value = list_value_text(entry, command->vault);
	const CounterHits *met = hits ? g_hash_table_lookup(hits, &entry->id) : NULL;
	GVariant *none = g_variant_new_maybe(G_VARIANT_TYPE_STRING, NULL);
	g_variant_ref_sink(none);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "id", "x", entry->id);
	g_variant_dict_insert(&dict, "action", "s", list_action_name(entry->action));
	g_variant_dict_insert(&dict, "points", "u", entry->points);
	g_variant_dict_insert(&dict, "type", "s", list_type_name(entry->type));
	g_variant_dict_insert(&dict, "value", "s", value);
	g_variant_dict_insert(&dict, "site", "s", entry->site);
	g_variant_dict_insert(&dict, "form", "t", entry->form_id);
	g_variant_dict_insert(&dict, "reason", "s", entry->reason);
	g_variant_dict_insert_value(&dict, "created_at", command_json_time(entry->created_at_us));
	g_variant_dict_insert_value(&dict, "expires_at", entry->expires_at_us ? command_json_time(entry->expires_at_us) : none);
	g_variant_dict_insert(&dict, "hits", "t", met ? met->count : 0);
	g_variant_dict_insert_value(&dict, "last_hit_at", met ? command_json_time(met->last_at_us) : none);
	g_variant_unref(none);
	return g_variant_dict_end(&dict);
}

GVariant *
list_maybe_json(Command *command, const ListEntry *entry, GHashTable *hits)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, entry ? list_entry_json(command, entry, hits) : NULL);
}

gboolean
list_type_read(const char *name, gint *type, GError **error)
{
	*type = 0;
	for (ListType each = LIST_NETWORK; name && each <= LIST_TYPE_LAST; each++)
		if (strcmp(list_type_name(each), name) == 0)
			*type = (gint)each;
	if (name && *type == 0)
		*type = strcmp(name, "ip") == 0 ? LIST_NETWORK : strcmp(name, "word") == 0 ? LIST_PHRASE : 0;
	if (!name || *type != 0)
		return TRUE;
	command_usage(error, "--type is ip, network, country, address, domain, fingerprint, phrase, link or agent");
	return FALSE;
}

int
list_show(Command *command, const ListOptions *options, GError **error)
{
	ListFilter filter = {0};
	guint64 limit = 200;
	g_autofree char *site = NULL;
	guint64 form_id = 0;
	if ((options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error)) ||
	    !list_type_read(options->type, &filter.type, error) || !list_open(command, error) ||
	    !list_scope(command, options, &site, &form_id, error))
		return EX_USAGE;
	filter.limit = (guint)limit;
	filter.site = site[0] != '\0' || options->is_for_all ? site : NULL;
	filter.form_id = form_id;
	g_autoptr(GPtrArray) entries = list_entries_find(command->db, &filter, error);
	guint64 total = 0;
	if (!entries || !list_entries_count(command->db, &total, error))
		return EX_SOFTWARE;
	g_autoptr(GHashTable) hits = list_hits(command);
	if (command->is_json) {
		g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; i < entries->len; i++)
			g_variant_builder_add_value(list, list_entry_json(command, entries->pdata[i], hits));
		command_print_json(command, g_variant_builder_end(list));
	} else if (entries->len > 0) {
		print_entries(command, entries, hits);
	} else {
		command_print_line(command, total > 0 ? "no such entries" : "the lists are empty");
	}
	g_autofree char *rest =
	    g_strdup_printf("There are %" G_GUINT64_FORMAT " entries; `sekisho list export` prints them all.", total);
	if (entries->len == limit && total > limit)
		command_remark(command, rest);
	return EX_OK;
}

/* --- test ------------------------------------------------------------------------------------------------------------- */

/* What a value may be, each part as the lists look it up. */
typedef struct {
	char *ip;
	GArray *hashes, *plain_hashes;
	char *domain;
	char *fingerprints[2];
	char *texts[2];
	char *links[2];
} Sighting;

static void
sighting_clear(Sighting *sighting)
{
	g_free(sighting->ip);
	g_clear_pointer(&sighting->hashes, g_array_unref);
	g_clear_pointer(&sighting->plain_hashes, g_array_unref);
	g_free(sighting->domain);
	g_free(sighting->fingerprints[0]);
	g_free(sighting->texts[0]);
	g_free(sighting->links[0]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sighting, sighting_clear)

/* The host of a link or name that was typed, or NULL. The caller's. */
static char *
host_of(const char *value)
{
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autofree char *problem = NULL;
	return strchr(value, '.') && list_value_read("link", value, NULL, entry, &problem) ? g_strdup(entry->value) : NULL;
}

static void
sighting_fill(Sighting *sighting, Command *command, const char *value)
{
	gboolean is_address = strchr(value, '@') != NULL;
	sighting->ip = network_normalise(value);
	sighting->texts[0] = text_fold(value);
	if (sighting->ip)
		return;
	if (g_regex_match_simple("^[0-9A-Za-z]+-[0-9a-f]{16,}$", value, 0, 0))
		sighting->fingerprints[0] = g_strdup(value);
	if (is_address) {
		g_autofree char *folded = address_folded(value);
		g_autofree char *plain = address_untagged(value);
		sighting->hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
		if (plain)
			sighting->plain_hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, plain, strlen(plain));
		sighting->domain = sender_domain(value);
		return;
	}
	sighting->links[0] = host_of(value);
	sighting->domain = g_strdup(sighting->links[0]);
}

static void
print_matches(Command *command, const GArray *matches)
{
	static const char *const headings[] = {"ID", "ACTION", "TYPE", "VALUE", "FOR", "WINS", NULL};
	g_autoptr(Table) table = table_new(headings);
	table_mark_states(table, "ACTION");
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, match->id);
		g_autofree char *action = list_action_text(match->action, match->points);
		g_autofree char *scope = list_scope_text(match->site, match->form_id);
		const char *wins = match->is_winner ? "yes" : "no, a more specific one takes its place";
		const char *value = match->type == LIST_ADDRESS ? "(this address)" : match->value;
		const char *cells[] = {id, action, list_type_name(match->type), value, scope, wins, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

/* What follows, as a sentence: the caller's. */
static char *
outcome_text(const GArray *matches)
{
	const ListsMatch *best[LIST_BLOCK + 1] = {NULL};
	guint points = 0;
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		if (!match->is_winner)
			continue;
		best[match->action] = best[match->action] ? best[match->action] : match;
		points += match->points;
	}
	if (best[LIST_BLOCK])
		return g_strdup_printf(
		    "It would be refused: entry %" G_GINT64_FORMAT " blocks it, and a block is absolute.", best[LIST_BLOCK]->id);
	if (best[LIST_ALLOW])
		return g_strdup_printf("It would pass lists and content checks: entry %" G_GINT64_FORMAT
				       " allows it, which goes before every hold and note.",
		    best[LIST_ALLOW]->id);
	if (best[LIST_HOLD])
		return g_strdup_printf("It would be held: entry %" G_GINT64_FORMAT " says so.", best[LIST_HOLD]->id);
	return g_strdup_printf("It would get %u point%s; with others they may hold it.", points, points == 1 ? "" : "s");
}

static GVariant *
match_json(const ListsMatch *match)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "id", "x", match->id);
	g_variant_dict_insert(&dict, "action", "s", list_action_name(match->action));
	g_variant_dict_insert(&dict, "points", "u", match->points);
	g_variant_dict_insert(&dict, "type", "s", list_type_name(match->type));
	g_variant_dict_insert(&dict, "value", "s", match->value);
	g_variant_dict_insert(&dict, "site", "s", match->site);
	g_variant_dict_insert(&dict, "form", "t", match->form_id);
	g_variant_dict_insert(&dict, "wins", "b", match->is_winner);
	return g_variant_dict_end(&dict);
}

static void
print_test(Command *command, const ListsQuestion *question, const GArray *matches)
{
	if (command->is_json) {
		g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; i < matches->len; i++)
			g_variant_builder_add_value(list, match_json(&g_array_index(matches, ListsMatch, i)));
		command_print_json(command, g_variant_builder_end(list));
		return;
	}
	g_autofree char *outcome = matches->len > 0 ? outcome_text(matches) : g_strdup("No entry fits it.");
	if (matches->len > 0)
		print_matches(command, matches);
	prose_add(command->console->output, 0, "", outcome);
	if (question->site[0] == '\0')
		prose_add(command->console->output, 0, "",
		    "Only entries for all sites were asked; --site or --form asks those of one site, too.");
}

int
list_test(Command *command, const char *value, const ListOptions *options, GError **error)
{
	g_auto(Sighting) sighting = {0};
	g_autofree char *site = NULL;
	guint64 form_id = 0;
	if (!g_utf8_validate(value, -1, NULL)) {
		command_usage(error, "VALUE is not valid UTF-8");
		return EX_USAGE;
	}
	if (!list_open(command, error) || !list_scope(command, options, &site, &form_id, error))
		return EX_USAGE;
	g_autoptr(Lists) lists = lists_load(command->db, command->config->country_file, error);
	if (!lists)
		return EX_SOFTWARE;
	sighting_fill(&sighting, command, value);
	const ListsMail mail = {sighting.hashes, sighting.domain ? sighting.domain : "", sighting.plain_hashes};
	const ListsQuestion question = {.site = site,
	    .form_id = form_id,
	    .now_us = clock_now_us(),
	    .ip = sighting.ip ? sighting.ip : "",
	    .mails = &mail,
	    .mail_count = 1,
	    .fingerprints = (const char *const *)sighting.fingerprints,
	    .texts = (const char *const *)sighting.texts,
	    .links = (const char *const *)sighting.links,
	    .agent = sighting.texts[0]};
	g_autoptr(GArray) matches = lists_match(lists, &question);
	print_test(command, &question, matches);
	return EX_OK;
}
