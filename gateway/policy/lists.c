/*
 * The lists as they are asked. A snapshot is frozen; whoever holds a reference may ask it, from any thread.
 *
 * Each thing of a submission (where it comes from, each mail address, each place of a text ...) is looked up by itself, the most specific way first: the first entry found wins, and those
 * behind it are told as losers. Of those that block or allow the first one counts by itself: if it blocks, it wins, too, whatever holds or notes in front of it. What one entry says at one
 * place holds, whatever wins at another.
 */
#include "sekisho/policy/lists.h"

#include <string.h>

#include "lists_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

Lists *
lists_ref(Lists *lists)
{
	g_atomic_int_inc(&lists->references);
	return lists;
}

void
lists_unref(Lists *lists)
{
	if (lists == NULL || !g_atomic_int_dec_and_test(&lists->references))
		return;
	g_array_unref(lists->entries);
	g_string_free(lists->texts, TRUE);
	g_hash_table_unref(lists->scope_of);
	g_array_unref(lists->scopes);
	lists_keys_clear(&lists->keys);
	lists_phrases_clear(&lists->phrases);
	lists_phrases_clear(&lists->agents);
	country_file_unref(lists->country);
	g_free(lists);
}

gboolean
lists_have(const Lists *lists, ListType type)
{
	return lists->counts[type] > 0;
}

guint
lists_count(const Lists *lists, guint *left_out)
{
	guint count = 0;
	for (guint type = LIST_NETWORK; type <= LIST_TYPE_LAST; type++)
		count += lists->counts[type];
	*left_out = lists->left_out;
	return count;
}

/* --- What was found --------------------------------------------------------------------------------------------------- */

typedef struct {
	guint32 entry;
	gboolean is_winner;
} Found;

typedef struct {
	const Lists *lists;
	const ListsQuestion *question;
	guint32 scopes[3]; /* that fit, the most specific first; LISTS_NONE: no entry is there */
	Found found[LIMIT_LIST_MATCHES];
	guint count;
	gsize covered;               /* of a text: how far phrases that begin further in front reach */
	gsize decided;               /* likewise those that block or allow */
	const ListsPhrases *phrases; /* that are looked for */
	GHashTable *winners; /* entry of a phrase -> Winners of it and those it begins with, which were told. NULL: none yet */
} Search;

/* Of one thing, or LISTS_NONE. */
typedef struct {
	guint32 first;   /* the most specific one */
	guint32 decider; /* of those that block or allow */
} Winners;
#define NO_WINNERS ((Winners){LISTS_NONE, LISTS_NONE})

/* Negative if `a` is told before `b`: winners first, then by what they do. */
static int
compare_found(const Lists *lists, const Found *a, const Found *b)
{
	static const int powers[] = {[LIST_ALLOW] = 3, [LIST_NOTE] = 1, [LIST_HOLD] = 2, [LIST_BLOCK] = 4};
	const ListsEntry *first = lists_entry(lists, a->entry), *second = lists_entry(lists, b->entry);
	if (a->is_winner != b->is_winner)
		return a->is_winner ? -1 : 1;
	if (first->action != second->action)
		return powers[second->action] - powers[first->action];
	if (first->points != second->points)
		return first->points > second->points ? -1 : 1;
	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* If there are too many, the one that is missed least goes. */
static void
tell(Search *search, guint32 entry, gboolean is_winner)
{
	const Found told = {entry, is_winner};
	guint last = 0;
	for (guint i = 0; i < search->count; i++) {
		if (search->found[i].entry == entry) {
			search->found[i].is_winner |= is_winner;
			return;
		}
	}
	for (guint i = 0; i < search->count; i++) {
		if (compare_found(search->lists, &search->found[i], &search->found[last]) > 0)
			last = i;
	}
	if (search->count < LIMIT_LIST_MATCHES)
		search->found[search->count++] = told;
	else if (compare_found(search->lists, &told, &search->found[last]) < 0)
		search->found[last] = told;
}

static gboolean
is_in_force(const Search *search, guint32 index)
{
	const ListsEntry *entry = lists_entry(search->lists, index);
	return entry->expires_at_us == 0 || search->question->now_us < entry->expires_at_us;
}

/* --- Exact values ----------------------------------------------------------------------------------------------------- */

static gboolean
is_action(const Search *search, guint32 entry, ListAction action)
{
	return lists_entry(search->lists, entry)->action == action;
}

/* Holds and notes take no block away. */
static gboolean
is_decider(const Search *search, guint32 entry)
{
	return is_action(search, entry, LIST_BLOCK) || is_action(search, entry, LIST_ALLOW);
}

/* Looks one key up in one scope. `won` is what more specific was found before. TRUE if there is an entry. */
static gboolean
look_up_in(Search *search, ListsKey *key, guint32 scope, Winners *won)
{
	guint64 hash;
	if (scope == LISTS_NONE)
		return FALSE;
	key->scope = scope;
	const guint32 entry = lists_find(key, &hash)->entry;
	if (entry == LISTS_NONE || !is_in_force(search, entry))
		return FALSE;
	const gboolean is_first = won->first == LISTS_NONE;
	const gboolean is_blocking = won->decider == LISTS_NONE && is_action(search, entry, LIST_BLOCK);
	tell(search, entry, is_first || is_blocking);
	won->first = is_first ? entry : won->first;
	won->decider = won->decider == LISTS_NONE && is_decider(search, entry) ? entry : won->decider;
	return TRUE;
}

static void
look_up(Search *search, ListsKey *key, Winners *won)
{
	for (guint i = 0; i < G_N_ELEMENTS(search->scopes); i++)
		look_up_in(search, key, search->scopes[i], won);
}

static void
look_up_text(Search *search, ListType type, const char *value, Winners *won)
{
	ListsKey key = {.lists = search->lists, .type = type, .value = value, .size = strlen(value)};
	if (lists_have(search->lists, type))
		look_up(search, &key, won);
}

/* The domain itself, then those it is below. */
static void
look_up_domain(Search *search, ListType type, const char *domain, Winners *won)
{
	if (!lists_have(search->lists, type) || strlen(domain) > LIMIT_DOMAIN_BYTES)
		return;
	for (const char *rest = domain; rest != NULL && *rest != '\0';) {
		ListsKey key = {.lists = search->lists, .type = type, .value = rest, .size = strlen(rest)};
		look_up(search, &key, won);
		rest = strchr(rest, '.');
		if (rest != NULL)
			rest++;
	}
}

/* Every length that occurs, longest first. */
static void
look_up_networks(Search *search, Winners *won)
{
	const Lists *lists = search->lists;
	ListsKey key = {.lists = lists, .type = LIST_NETWORK};
	if (!network_block_read(search->question->ip, &key.block))
		return;
	const gboolean is_ipv4 = key.block.family == 4;
	const guint8 *lengths = is_ipv4 ? lists->bits_ipv4 : lists->bits_ipv6;
	const guint count = is_ipv4 ? lists->bits_ipv4_count : lists->bits_ipv6_count;
	for (guint i = 0; i < count; i++) {
		network_block_cut(&key.block, lengths[i]);
		look_up(search, &key, won);
	}
}

static void
look_up_country(Search *search, Winners *won)
{
	CountryCode code;
	if (search->lists->country != NULL && lists_have(search->lists, LIST_COUNTRY) &&
	    country_file_find(search->lists->country, search->question->ip, &code))
		look_up_text(search, LIST_COUNTRY, code.letters, won);
}

/* Where it comes from is one thing: a network says more of it than a country. */
static void
look_up_origin(Search *search)
{
	Winners won = NO_WINNERS;
	look_up_networks(search, &won);
	look_up_country(search, &won);
}

/* The same address may be listed under several keys: within a scope, what stands under a newer key was written later and takes the place of the other, even of a block. */
static void
look_up_address(Search *search, const GArray *hashes, Winners *won)
{
	g_autoptr(GString) digits = g_string_new(NULL);
	if (hashes == NULL || !lists_have(search->lists, LIST_ADDRESS))
		return;
	gboolean is_found = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(search->scopes) * hashes->len; i++) {
		Winners newer = {0};
		const VaultHash *hash = &g_array_index(hashes, VaultHash, i % hashes->len);
		g_string_truncate(digits, 0);
		text_append_hex(digits, hash->bytes, sizeof hash->bytes);
		ListsKey key = {.lists = search->lists, .type = LIST_ADDRESS, .value = digits->str, .size = digits->len};
		is_found = is_found && i % hashes->len > 0;
		is_found = look_up_in(search, &key, search->scopes[i / hashes->len], is_found ? &newer : won) || is_found;
	}
}

static void
look_up_mail(Search *search, const ListsMail *mail)
{
	Winners won = NO_WINNERS;
	look_up_address(search, mail->hashes, &won);
	look_up_address(search, mail->plain_hashes, &won);
	look_up_domain(search, LIST_DOMAIN, mail->domain, &won);
}

static void
look_up_fingerprint(Search *search, const char *fingerprint)
{
	Winners won = NO_WINNERS;
	look_up_text(search, LIST_FINGERPRINT, fingerprint, &won);
}

static void
look_up_link(Search *search, const char *host)
{
	Winners won = NO_WINNERS;
	look_up_domain(search, LIST_LINK, host, &won);
}

/* --- Phrases ---------------------------------------------------------------------------------------------------------- */

/* 0: it holds elsewhere; else the more, the more specific. */
static guint
scope_rank(const Search *search, guint32 index)
{
	const guint32 scope = lists_entry(search->lists, index)->scope;
	for (guint i = 0; i < G_N_ELEMENTS(search->scopes); i++) {
		if (search->scopes[i] == scope)
			return (guint)G_N_ELEMENTS(search->scopes) - i;
	}
	return 0;
}

/* The better one of a phrase and the winner of those that it begins with. */
static guint32
better_phrase(const Search *search, guint32 index, guint32 winner)
{
	if (winner != LISTS_NONE && strcmp(lists_value(search->lists, index), lists_value(search->lists, winner)) == 0 &&
	    scope_rank(search, index) <= scope_rank(search, winner))
		return winner;
	return index;
}

/* Tells the phrase and keeps what wins of it and of those that it begins with. */
static void
see_phrase(Search *search, guint32 index, Winners *winners)
{
	if (scope_rank(search, index) > 0 && is_in_force(search, index)) {
		tell(search, index, FALSE);
		winners->first = better_phrase(search, index, winners->first);
		if (is_decider(search, index))
			winners->decider = better_phrase(search, index, winners->decider);
	}
	g_hash_table_insert(search->winners, GUINT_TO_POINTER(index), g_memdup2(winners, sizeof *winners));
}

/* Which of the phrase and those that it begins with win. Each is looked at and told once, however often it stands in a text: many may begin with each other. */
static Winners
winners_of(Search *search, guint32 head)
{
	g_autoptr(GArray) unknown = NULL;
	const ListsPhrases *phrases = search->phrases;
	Winners winners = NO_WINNERS;
	if (search->winners == NULL)
		search->winners = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	for (guint32 at = head; at != LISTS_NONE; at = phrases->shorter[at]) {
		const Winners *known = g_hash_table_lookup(search->winners, GUINT_TO_POINTER(phrases->order[at]));
		if (known != NULL) {
			winners = *known;
			break;
		}
		if (unknown == NULL)
			unknown = g_array_new(FALSE, FALSE, sizeof(guint32));
		g_array_append_val(unknown, phrases->order[at]);
	}
	for (guint i = unknown != NULL ? unknown->len : 0; i-- > 0;)
		see_phrase(search, g_array_index(unknown, guint32, i), &winners);
	return winners;
}

/* TRUE if the phrase at that place reaches further than those that begin further in front, which *covered says; it is moved on. */
static gboolean
is_uncovered(const Search *search, guint32 phrase, gsize place, gsize *covered)
{
	const gsize end = phrase != LISTS_NONE ? place + strlen(lists_value(search->lists, phrase)) : 0;
	if (end <= *covered)
		return FALSE;
	*covered = end;
	return TRUE;
}

/*
 * Of the phrases that begin at one place the longest wins, unless one that begins further in front reaches as far: then all of them are part of that
 * one. So "free of charge" may be allowed where "free" is blocked.
 */
static void
see_phrases(gpointer user_data, gsize place, const guint32 *heads, guint count)
{
	Search *search = user_data;
	Winners winners = NO_WINNERS;
	for (guint i = 0; i < count; i++) {
		const Winners longer = winners_of(search, heads[i]);
		winners.first = longer.first != LISTS_NONE ? longer.first : winners.first;
		winners.decider = longer.decider != LISTS_NONE ? longer.decider : winners.decider;
	}
	if (is_uncovered(search, winners.first, place, &search->covered))
		tell(search, winners.first, TRUE);
	if (is_uncovered(search, winners.decider, place, &search->decided) && is_action(search, winners.decider, LIST_BLOCK))
		tell(search, winners.decider, TRUE);
}

static void
look_up_phrases(Search *search, const ListsPhrases *phrases, const char *text)
{
	search->covered = search->decided = 0;
	search->phrases = phrases;
	lists_phrases_scan(phrases, search->lists, text, see_phrases, search);
}

/* --- The question ----------------------------------------------------------------------------------------------------- */

static guint32
find_scope(const Lists *lists, const char *site, guint64 form_id)
{
	const ListsScope asked = {(char *)site, form_id};
	gpointer found;
	const gboolean is_there = g_hash_table_lookup_extended(lists->scope_of, &asked, NULL, &found);
	return is_there ? GPOINTER_TO_UINT(found) : LISTS_NONE;
}

static void
find_scopes(Search *search)
{
	const ListsQuestion *question = search->question;
	const gboolean is_of_site = question->site[0] != '\0';
	search->scopes[0] =
	    is_of_site && question->form_id != 0 ? find_scope(search->lists, question->site, question->form_id) : LISTS_NONE;
	search->scopes[1] = is_of_site ? find_scope(search->lists, question->site, 0) : LISTS_NONE;
	search->scopes[2] = LISTS_EVERYWHERE;
}

static gint
compare_told(gconstpointer a, gconstpointer b, gpointer lists)
{
	return compare_found(lists, a, b);
}

static GArray *
matches_of(Search *search)
{
	const Lists *lists = search->lists;
	GArray *matches = g_array_new(FALSE, FALSE, sizeof(ListsMatch));
	g_qsort_with_data(search->found, (gint)search->count, sizeof(Found), compare_told, (gpointer)lists);
	for (guint i = 0; i < search->count; i++) {
		const ListsEntry *entry = lists_entry(lists, search->found[i].entry);
		const ListsScope *scope = &g_array_index(lists->scopes, ListsScope, entry->scope);
		const ListsMatch match = {.id = entry->id,
		    .action = (ListAction)entry->action,
		    .points = entry->points,
		    .type = (ListType)entry->type,
		    .value = lists->texts->str + entry->value,
		    .reason = lists->texts->str + entry->reason,
		    .site = scope->site,
		    .form_id = scope->form_id,
		    .is_winner = search->found[i].is_winner};
		g_array_append_val(matches, match);
	}
	return matches;
}

GArray *
lists_match(const Lists *lists, const ListsQuestion *question)
{
	Search search = {.lists = lists, .question = question};
	find_scopes(&search);
	look_up_origin(&search);
	for (guint i = 0; i < question->mail_count; i++)
		look_up_mail(&search, &question->mails[i]);
	for (const char *const *fingerprint = question->fingerprints; *fingerprint != NULL; fingerprint++)
		look_up_fingerprint(&search, *fingerprint);
	for (const char *const *text = question->texts; *text != NULL; text++)
		look_up_phrases(&search, &lists->phrases, *text);
	for (const char *const *host = question->links; *host != NULL; host++)
		look_up_link(&search, *host);
	look_up_phrases(&search, &lists->agents, question->agent);
	g_clear_pointer(&search.winners, g_hash_table_unref);
	return matches_of(&search);
}
