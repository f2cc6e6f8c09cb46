/*
 * `sekisho list lint`: entries that can never decide anything, say what others say, have expired, or were never met. Each entry is looked up by its own value among all others,
 * so a long list costs a lookup for each.
 */
#include <string.h>
#include <sysexits.h>

#include "list_parts.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/policy/sender.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/salts.h"
#include "sekisho/wire/json.h"

/* An entry that nothing met for so long is probably of no use. */
#define UNMET_US (90 * G_TIME_SPAN_DAY)
/* Entries read at once. */
#define PAGE 1000u

/* --- Where an entry stands -------------------------------------------------------------------------------------------- */

/* What is looked up for an entry's own value. */
typedef struct {
	char *ip;
	GArray *hashes;
	char *domain;
} OwnValue;

static void
own_value_clear(OwnValue *own)
{
	g_free(own->ip);
	g_free(own->domain);
	g_clear_pointer(&own->hashes, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OwnValue, own_value_clear)

static void
own_value_fill(OwnValue *own, Command *command, const ListEntry *entry)
{
	VaultHash hash;
	if (entry->type == LIST_NETWORK)
		own->ip = g_strndup(entry->value, strcspn(entry->value, "/"));
	if (entry->type == LIST_ADDRESS && text_read_hex(entry->value, hash.bytes, VAULT_HASH_BYTES)) {
		g_autofree char *address = list_value_text(entry, command->vault);
		own->hashes = g_array_new(FALSE, FALSE, sizeof hash);
		g_array_append_val(own->hashes, hash);
		own->domain = sender_domain(address);
	}
	if (entry->type == LIST_DOMAIN)
		own->domain = g_strdup(entry->value);
}

/* Entries that fit wherever the entry itself begins to fit (ListsMatch). The caller's. */
static GArray *
matches_of(const Lists *lists, const ListEntry *entry, const OwnValue *own)
{
	const char *const value[] = {entry->value, NULL};
	const ListsMail mail = {own->hashes, own->domain ? own->domain : "", NULL};
	const char *const none[] = {NULL};
	const ListsQuestion question = {.site = entry->site,
	    .form_id = entry->form_id,
	    .now_us = clock_now_us(),
	    .ip = own->ip ? own->ip : "",
	    .mails = &mail,
	    .mail_count = 1,
	    .fingerprints = entry->type == LIST_FINGERPRINT ? value : none,
	    .texts = entry->type == LIST_PHRASE ? value : none,
	    .links = entry->type == LIST_LINK ? value : none,
	    .agent = entry->type == LIST_AGENT ? entry->value : ""};
	return lists_match(lists, &question);
}

static guint64
prefix_bits(const char *network)
{
	const char *slash = strchr(network, '/');
	return slash ? g_ascii_strtoull(slash + 1, NULL, 10) : G_MAXUINT8;
}

/* TRUE if the match covers all that the entry covers, and is not the entry. */
static gboolean
is_covering(const ListEntry *entry, const ListsMatch *match)
{
	const gboolean is_domain_of = entry->type == LIST_ADDRESS && match->type == LIST_DOMAIN;
	if (match->id == entry->id || (match->type != entry->type && !is_domain_of))
		return FALSE;
	/* Lookups by value find shorter domains and phrases only; a network may be found that begins where this one begins and is smaller. */
	return match->type != LIST_NETWORK || prefix_bits(match->value) <= prefix_bits(entry->value);
}

/* TRUE if `match` decides where both cover the entry: by kind, then by how much of the value it says, then by scope. */
static gboolean
is_more_specific(const ListsMatch *match, const ListsMatch *other)
{
	if (match->type != other->type)
		return match->type == LIST_ADDRESS;
	const guint64 length = match->type == LIST_NETWORK ? prefix_bits(match->value) : strlen(match->value);
	const guint64 other_length = other->type == LIST_NETWORK ? prefix_bits(other->value) : strlen(other->value);
	if (length != other_length)
		return length > other_length;
	return match->site[0] != '\0' && (other->site[0] == '\0' || match->form_id != 0);
}

/* What would decide in its place: the next entry, that covers all of it; of a block the next one that blocks or allows. */
static const ListsMatch *
next_covering(const ListEntry *entry, const GArray *matches)
{
	const ListsMatch *next = NULL;
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		const gboolean is_decider = match->action == LIST_BLOCK || match->action == LIST_ALLOW;
		if (!is_covering(entry, match) || (entry->action == LIST_BLOCK && !is_decider))
			continue;
		if (!next || is_more_specific(match, next))
			next = match;
	}
	return next;
}

/* The block that refuses all that an entry fits which holds or notes; NULL: none. */
static const ListsMatch *
covering_block(const ListEntry *entry, const GArray *matches)
{
	for (guint i = 0; (entry->action == LIST_HOLD || entry->action == LIST_NOTE) && i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		if (match->action == LIST_BLOCK && match->is_winner && is_covering(entry, match))
			return match;
	}
	return NULL;
}

/* "entry 4 (block domain example.com)". The caller's. */
static char *
match_text(const ListsMatch *match)
{
	g_autofree char *action = list_action_text(match->action, match->points);
	return g_strdup_printf("entry %" G_GINT64_FORMAT " (%s %s%s%s)", match->id, action, list_type_name(match->type),
	    match->type == LIST_ADDRESS ? "" : " ", match->type == LIST_ADDRESS ? "" : match->value);
}

/* TRUE if the match goes on for as long as the entry does. */
static gboolean
is_lasting(Command *command, const ListEntry *entry, const ListsMatch *match)
{
	const ListFilter filter = {.after_id = match->id - 1, .limit = 1};
	g_autoptr(GPtrArray) found = list_entries_find(command->db, &filter, NULL);
	const ListEntry *other = found && found->len > 0 ? found->pdata[0] : NULL;
	if (!other || other->id != match->id)
		return FALSE;
	return other->expires_at_us == 0 || (entry->expires_at_us != 0 && entry->expires_at_us <= other->expires_at_us);
}

ListStanding
list_standing(Command *command, const Lists *lists, const ListEntry *entry, char **why)
{
	g_auto(OwnValue) own = {0};
	if (entry->type == LIST_COUNTRY) {
		if (command->config->country_file[0] != '\0')
			return LIST_STANDS;
		*why = g_strdup("It can never decide anything, because no country_file is configured in sekisho.conf.");
		return LIST_NEVER;
	}
	if (entry->type == LIST_LINK && !strpbrk(entry->value, ".:")) {
		*why = g_strdup("It can never decide anything, because only a host with a dot in its name is taken for a link.");
		return LIST_NEVER;
	}
	own_value_fill(&own, command, entry);
	g_autoptr(Lists) covering = lists ? NULL : lists_load_covering(command->db, entry, own.domain ? own.domain : "", NULL);
	if (!lists && !covering)
		return LIST_STANDS;
	g_autoptr(GArray) matches = matches_of(lists ? lists : covering, entry, &own);
	const ListsMatch *block = covering_block(entry, matches);
	if (block && is_lasting(command, entry, block)) {
		g_autofree char *words = match_text(block);
		*why = g_strdup_printf(
		    "It can never decide anything, because %s refuses all of it; only an allow takes a block away.", words);
		return LIST_NEVER;
	}
	const ListsMatch *next = next_covering(entry, matches);
	if (!next || next->action != entry->action || next->points != entry->points || !is_lasting(command, entry, next))
		return LIST_STANDS;
	g_autofree char *words = match_text(next);
	*why = g_strdup_printf("It changes nothing, because %s says the same of more.", words);
	return LIST_REDUNDANT;
}

/* --- lint ------------------------------------------------------------------------------------------------------------- */

typedef struct {
	Command *command;
	Lists *lists;
	GHashTable *hits;  /* NULL: nobody counted */
	GHashTable *sites; /* names that exist */
	GHashTable *forms; /* "example.jp/4" -> whether it exists, as far as it was asked */
	GPtrArray *salts;  /* Salt *: those that fingerprints are made with */
	Table *table;
	GPtrArray *notes;
	GVariantBuilder *json;
	guint found;
	guint entries;
} Lint;

static void
report(Lint *lint, const ListEntry *entry, const char *code, const char *why)
{
	lint->found++;
	if (lint->found > LIMIT_LIST_ROWS)
		return;
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, entry->id);
	g_autofree char *action = list_action_text(entry->action, entry->points);
	g_autofree char *value = list_value_text(entry, lint->command->vault);
	g_autofree char *scope = list_scope_text(entry->site, entry->form_id);
	const char *cells[] = {id, code, action, list_type_name(entry->type), value, scope, NULL};
	table_add(lint->table, cells);
	g_ptr_array_add(lint->notes, g_strdup(why));
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "id", "x", entry->id);
	g_variant_dict_insert(&dict, "code", "s", code);
	g_variant_dict_insert(&dict, "value", "s", value);
	g_variant_dict_insert(&dict, "what", "s", why);
	g_variant_builder_add_value(lint->json, g_variant_dict_end(&dict));
}

/* TRUE if it was not met for UNMET_US, and is as old. */
static gboolean
is_unmet(const Lint *lint, const ListEntry *entry)
{
	gint64 before_us = clock_now_us() - UNMET_US;
	const CounterHits *met = lint->hits ? g_hash_table_lookup(lint->hits, &entry->id) : NULL;
	return lint->hits && entry->created_at_us < before_us && (!met || met->last_at_us < before_us);
}

/* FALSE of a fingerprint that no browser has any more: its salt is gone, or lists name more salts than fingerprints are made with. */
static gboolean
is_made(const Lint *lint, const ListEntry *entry)
{
	for (guint i = 0; i < lint->salts->len; i++) {
		const Salt *salt = lint->salts->pdata[i];
		const gsize length = strlen(salt->id);
		if (strncmp(entry->value, salt->id, length) == 0 && entry->value[length] == '-')
			return TRUE;
	}
	return entry->type != LIST_FINGERPRINT;
}

static gboolean
is_form_there(Lint *lint, const ListEntry *entry)
{
	gpointer known = NULL;
	g_autofree char *name = list_scope_text(entry->site, entry->form_id);
	if (!g_hash_table_lookup_extended(lint->forms, name, NULL, &known)) {
		g_autoptr(Site) site = config_site(lint->command->config, entry->site, NULL);
		g_autoptr(Form) form = site ? site_form(site, entry->form_id, NULL) : NULL;
		known = GINT_TO_POINTER(form != NULL);
		g_hash_table_insert(lint->forms, g_steal_pointer(&name), known);
	}
	return GPOINTER_TO_INT(known);
}

/* The gravest thing that there is to say of an entry, one for each. */
static void
examine(Lint *lint, const ListEntry *entry)
{
	g_autofree char *why = NULL;
	lint->entries++;
	if (entry->expires_at_us != 0 && entry->expires_at_us <= clock_now_us()) {
		report(lint, entry, "expired", "It has expired, and is removed after 90 days.");
		return;
	}
	if (entry->site[0] != '\0' && !g_hash_table_contains(lint->sites, entry->site)) {
		report(lint, entry, "never", "It can never decide anything, because its site is gone.");
		return;
	}
	if (entry->form_id != 0 && !is_form_there(lint, entry)) {
		report(lint, entry, "never", "It can never decide anything, because its form is gone.");
		return;
	}
	if (!is_made(lint, entry)) {
		report(lint, entry, "never",
		    "It can never decide anything, because fingerprints of its month are not made any more: lists name too many "
		    "months, or it came from another gateway.");
		return;
	}
	ListStanding standing = list_standing(lint->command, lint->lists, entry, &why);
	if (standing != LIST_STANDS)
		report(lint, entry, standing == LIST_NEVER ? "never" : "redundant", why);
	else if ((why = list_value_breadth(entry)))
		report(lint, entry, "broad", why);
	else if (is_unmet(lint, entry))
		report(lint, entry, "unmet", "Nothing met it in the last 90 days.");
}

static gboolean
examine_all(Lint *lint, GError **error)
{
	ListFilter filter = {.limit = PAGE};
	for (guint count = PAGE; count == PAGE;) {
		g_autoptr(GPtrArray) entries = list_entries_find(lint->command->db, &filter, error);
		if (!entries)
			return FALSE;
		count = entries->len;
		for (guint i = 0; i < count; i++) {
			examine(lint, entries->pdata[i]);
			filter.after_id = ((const ListEntry *)entries->pdata[i])->id;
		}
	}
	return TRUE;
}

static GHashTable *
site_names(Command *command, GError **error)
{
	g_autoptr(GPtrArray) names = config_site_names(command->config, error);
	GHashTable *sites = names ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;
	for (guint i = 0; names && i < names->len; i++)
		g_hash_table_add(sites, g_strdup(names->pdata[i]));
	return sites;
}

static void
print_lint(Lint *lint)
{
	Command *command = lint->command;
	if (command->is_json) {
		command_print_json(command, g_variant_builder_end(lint->json));
		return;
	}
	if (lint->found > 0)
		table_print(lint->table, command->console, lint->notes);
	if (lint->found > LIMIT_LIST_ROWS)
		command_print_line(command, "... and %u more", lint->found - LIMIT_LIST_ROWS);
	command_print_line(command, "%u of %u entries can go or need a look%s", lint->found, lint->entries,
	    lint->hits ? "" : "; how often they were met is not known");
	guint left_out = 0;
	(void)lists_count(lint->lists, &left_out);
	if (left_out > 0)
		command_print_line(
		    command, "%u more are too many, or have a value that cannot be read, and count nothing", left_out);
}

int
list_lint(Command *command, GError **error)
{
	static const char *const headings[] = {"ID", "FINDING", "ACTION", "TYPE", "VALUE", "FOR", NULL};
	if (!list_open(command, error))
		return EX_CONFIG;
	g_autoptr(Table) table = table_new(headings);
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GHashTable) hits = list_hits(command);
	g_autoptr(GHashTable) sites = site_names(command, error);
	g_autoptr(GHashTable) forms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) salts = sites ? salts_current(command->db, clock_now_us(), error) : NULL;
	g_autoptr(Lists) lists = salts ? lists_load(command->db, command->config->country_file, error) : NULL;
	Lint lint = {.command = command,
	    .lists = lists,
	    .hits = hits,
	    .sites = sites,
	    .forms = forms,
	    .salts = salts,
	    .table = table,
	    .notes = notes,
	    .json = json};
	if (!lists || !examine_all(&lint, error))
		return EX_SOFTWARE;
	print_lint(&lint);
	return lint.found > 0 ? LIST_EXIT_FINDINGS : EX_OK;
}
