/* Thousands of small random lists: the snapshot says what a matcher says that looks at every entry in the plainest way. */
#include <arpa/inet.h>

#include "list_rows.h"
#include "sekisho/base/limits.h"

#define ROUNDS 3000u
#define ENTRIES 24u

static GRand *dice;

static guint
roll(guint count)
{
	return (guint)g_rand_int_range(dice, 0, (gint32)count);
}

/* From a few letters, so that values meet and overlap. */
static char *
random_text(guint longest)
{
	static const char *const letters[] = {"a", "b", "あ", "い", "無"};
	GString *text = g_string_new(NULL);
	for (guint i = 1 + roll(longest); i > 0; i--)
		g_string_append(text, letters[roll(G_N_ELEMENTS(letters))]);
	return g_string_free(text, FALSE);
}

static char *
random_domain(void)
{
	static const char *const labels[] = {"a", "b", "xa", "test"};
	GString *domain = g_string_new("test");
	for (guint i = roll(4); i > 0; i--) {
		g_string_prepend(domain, ".");
		g_string_prepend(domain, labels[roll(G_N_ELEMENTS(labels))]);
	}
	return g_string_free(domain, FALSE);
}

static char *
random_network(void)
{
	const guint bits = roll(33);
	guint32 address = roll(2) ? 0xC0000200u | roll(8) : 0xC0000200u ^ 1u << roll(32);
	address = bits == 0 ? 0 : address & 0xFFFFFFFFu << (32 - bits);
	return g_strdup_printf("%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, bits);
}

/* Addresses are numbers here, and each has a hash under two keys, the newer one first. */
#define ADDRESSES 3u
#define KEYS 2u

static VaultHash
address_hash(guint address, guint key)
{
	return (VaultHash){{(guint8)key, (guint8)address}};
}

static char *
address_value(guint address, guint key)
{
	const VaultHash hash = address_hash(address, key);
	GString *digits = g_string_new(NULL);
	text_append_hex(digits, hash.bytes, sizeof hash.bytes);
	return g_string_free(digits, FALSE);
}

static ListEntry *
random_entry(gint64 id)
{
	static const ListType types[] = {LIST_NETWORK, LIST_DOMAIN, LIST_PHRASE, LIST_ADDRESS};
	ListEntry *entry = list_entry_new();
	entry->id = id;
	entry->action = (ListAction)(LIST_ALLOW + roll(4));
	entry->type = types[roll(G_N_ELEMENTS(types))];
	text_replace(&entry->value, entry->type == LIST_NETWORK   ? random_network()
				    : entry->type == LIST_DOMAIN  ? random_domain()
				    : entry->type == LIST_ADDRESS ? address_value(roll(ADDRESSES), roll(KEYS))
								  : random_text(roll(4) == 0 ? 14 : 5));
	if (roll(3) == 0)
		text_set(&entry->site, roll(2) ? "a.example" : "b.example");
	if (entry->site[0] != '\0' && roll(2))
		entry->form_id = 7 + roll(2);
	if (roll(5) == 0)
		entry->expires_at_us = ROWS_NOW_US - 1 + (gint64)roll(3);
	return entry;
}

/* --- The plain matcher ------------------------------------------------------------------------------------------------ */

static gboolean
is_equal_key(const ListEntry *a, const ListEntry *b)
{
	return a->type == b->type && a->form_id == b->form_id && g_str_equal(a->site, b->site) && g_str_equal(a->value, b->value);
}

static gboolean
holds_here(const ListEntry *entry, const ListsQuestion *question)
{
	return (entry->site[0] == '\0' ||
		   (g_str_equal(entry->site, question->site) && (entry->form_id == 0 || entry->form_id == question->form_id))) &&
	       (entry->expires_at_us == 0 || question->now_us < entry->expires_at_us);
}

static gboolean
fits_network(const char *value, const char *ip)
{
	g_auto(GStrv) parts = g_strsplit(value, "/", 2);
	const guint bits = (guint)atoi(parts[1]);
	struct in_addr network, address;
	g_assert_cmpint(inet_pton(AF_INET, parts[0], &network), ==, 1);
	g_assert_cmpint(inet_pton(AF_INET, ip, &address), ==, 1);
	return bits == 0 || ((ntohl(network.s_addr) ^ ntohl(address.s_addr)) >> (32 - bits)) == 0;
}

static gboolean
fits_domain(const char *value, const char *domain)
{
	g_autofree char *below = g_strconcat(".", value, NULL);
	return g_str_equal(value, domain) || g_str_has_suffix(domain, below);
}

/* Larger: more specific. An address is longer than any domain; of the same one in the same scope the newer key counts. */
static guint
rank(const ListEntry *entry)
{
	const char *slash = strchr(entry->value, '/');
	const guint length = entry->type == LIST_NETWORK   ? (guint)atoi(slash + 1)
			     : entry->type == LIST_ADDRESS ? LIMIT_DOMAIN_BYTES + 1
							   : (guint)strlen(entry->value);
	const gboolean is_newer = entry->type == LIST_ADDRESS && g_str_has_prefix(entry->value, "00");
	return length * 8 + (entry->form_id != 0 ? 4 : entry->site[0] != '\0' ? 2 : 0) + (is_newer ? 1 : 0);
}

typedef enum { NOTHING, LOSER, WINNER } Fate;

/* Whether the one, which fits the same thing, goes before the other. A block gives way to blocks and to what allows, and to nothing else. */
static gboolean
is_before(const ListEntry *one, const ListEntry *other)
{
	if (other->action == LIST_BLOCK && one->action != LIST_BLOCK && one->action != LIST_ALLOW)
		return FALSE;
	return rank(one) > rank(other);
}

static gboolean
fits_mail(const ListEntry *entry, const ListsMail *mail)
{
	for (guint i = 0; entry->type == LIST_ADDRESS && i < mail->hashes->len; i++) {
		g_autoptr(GString) digits = g_string_new(NULL);
		text_append_hex(digits, g_array_index(mail->hashes, VaultHash, i).bytes, VAULT_HASH_BYTES);
		if (g_str_equal(digits->str, entry->value))
			return TRUE;
	}
	return entry->type == LIST_DOMAIN && fits_domain(entry->value, mail->domain);
}

/* Whether the entry says something of the mail address, or, without one, of where the submission comes from. */
static gboolean
fits_whole(const ListEntry *entry, const ListsQuestion *question, const ListsMail *mail)
{
	if (!holds_here(entry, question))
		return FALSE;
	return mail != NULL ? fits_mail(entry, mail) : entry->type == LIST_NETWORK && fits_network(entry->value, question->ip);
}

/* Whether the same address stands in the same scope under a newer key. */
static gboolean
is_replaced(const GPtrArray *entries, const ListEntry *entry, const ListsQuestion *question, const ListsMail *mail)
{
	for (guint i = 0; entry->type == LIST_ADDRESS && i < entries->len; i++) {
		const ListEntry *other = entries->pdata[i];
		if (other->type == LIST_ADDRESS && other->form_id == entry->form_id && g_str_equal(other->site, entry->site) &&
		    fits_whole(other, question, mail) && rank(other) > rank(entry))
			return TRUE;
	}
	return FALSE;
}

static Fate
fate_of_whole(const GPtrArray *entries, const ListEntry *entry, const ListsQuestion *question, const ListsMail *mail)
{
	if (!fits_whole(entry, question, mail))
		return NOTHING;
	if (is_replaced(entries, entry, question, mail))
		return LOSER;
	for (guint i = 0; i < entries->len; i++) {
		if (fits_whole(entries->pdata[i], question, mail) && is_before(entries->pdata[i], entry) &&
		    !is_replaced(entries, entries->pdata[i], question, mail))
			return LOSER;
	}
	return WINNER;
}

/* Whether a more specific phrase stands around the place at which this one does. */
static gboolean
is_covered(const GPtrArray *entries, const ListEntry *entry, const ListsQuestion *question, const char *text, const char *place)
{
	for (guint i = 0; i < entries->len; i++) {
		const ListEntry *other = entries->pdata[i];
		if (other->type != LIST_PHRASE || !holds_here(other, question) || !is_before(other, entry))
			continue;
		for (const char *at = strstr(text, other->value); at != NULL; at = strstr(at + 1, other->value)) {
			if (at <= place && place + strlen(entry->value) <= at + strlen(other->value))
				return TRUE;
		}
	}
	return FALSE;
}

static Fate
fate_in_text(const GPtrArray *entries, const ListEntry *entry, const ListsQuestion *question, const char *text)
{
	Fate fate = NOTHING;
	for (const char *at = strstr(text, entry->value); at != NULL; at = strstr(at + 1, entry->value)) {
		if (!is_covered(entries, entry, question, text, at))
			return WINNER;
		fate = LOSER;
	}
	return fate;
}

static Fate
fate_of(const GPtrArray *entries, const ListEntry *entry, const ListsQuestion *question)
{
	Fate fate = NOTHING;
	if (!holds_here(entry, question))
		return NOTHING;
	if (entry->type == LIST_NETWORK)
		return fate_of_whole(entries, entry, question, NULL);
	for (guint i = 0; i < question->mail_count; i++)
		fate = MAX(fate, fate_of_whole(entries, entry, question, &question->mails[i]));
	for (const char *const *text = question->texts; entry->type == LIST_PHRASE && *text != NULL; text++)
		fate = MAX(fate, fate_in_text(entries, entry, question, *text));
	return fate;
}

/* --- The comparison --------------------------------------------------------------------------------------------------- */

static Fate
told(const GArray *matches, gint64 id)
{
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		if (match->id == id)
			return match->is_winner ? WINNER : LOSER;
	}
	return NOTHING;
}

static void
compare(const GPtrArray *entries, const Lists *lists, const ListsQuestion *question)
{
	g_autoptr(GArray) matches = lists_match(lists, question);
	for (guint i = 0; i < entries->len; i++) {
		const ListEntry *entry = entries->pdata[i];
		const Fate expected = fate_of(entries, entry, question), found = told(matches, entry->id);
		if (expected != found)
			g_error("%s %s (site \"%s\", form %d): %d, not %d; asked %s %s %s", list_type_name(entry->type),
			    entry->value, entry->site, (int)entry->form_id, found, expected, question->ip,
			    question->mails[0].domain, question->texts[0]);
	}
}

static GPtrArray *
random_entries(void)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (guint i = 0; i < ENTRIES; i++) {
		ListEntry *entry = random_entry((gint64)i + 1);
		for (guint k = 0; k < entries->len; k++) {
			if (is_equal_key(entries->pdata[k], entry)) {
				g_ptr_array_remove_index(entries, k);
				break;
			}
		}
		g_ptr_array_add(entries, entry);
	}
	return entries;
}

static GArray *
random_hashes(void)
{
	GArray *hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	const guint address = roll(ADDRESSES);
	for (guint key = 0; key < KEYS; key++) {
		const VaultHash hash = address_hash(address, key);
		g_array_append_val(hashes, hash);
	}
	return hashes;
}

static void
test_random(void)
{
	dice = g_rand_new_with_seed((guint32)g_test_rand_int());
	for (guint round = 0; round < ROUNDS; round++) {
		g_autoptr(GPtrArray) entries = random_entries();
		ListsBuilder *builder = lists_builder_new();
		for (guint i = 0; i < entries->len; i++)
			lists_builder_add(builder, entries->pdata[i]);
		g_autoptr(Lists) lists = lists_builder_end(builder, "", NULL);
		for (guint i = 0; i < 4; i++) {
			g_autofree char *text = random_text(30), *other = random_text(6), *domain = random_domain(),
					*second = random_domain();
			g_autoptr(GArray) hashes = random_hashes(), second_hashes = random_hashes();
			const char *const texts[] = {text, other, NULL};
			const ListsMail mails[] = {{hashes, domain, NULL}, {second_hashes, second, NULL}};
			g_autofree char *ip = g_strdup_printf("192.0.2.%u", roll(10));
			ListsQuestion question = rows_question();
			question.ip = ip;
			question.mails = mails;
			question.mail_count = G_N_ELEMENTS(mails);
			question.texts = texts;
			compare(entries, lists, &question);
		}
	}
	g_rand_free(dice);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lists_random/random", test_random);
	return g_test_run();
}
