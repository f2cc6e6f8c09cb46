/* Which entry of the lists wins, by tables. */
#include "list_rows.h"

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

typedef struct {
	const char *asked, *found;
} Row;

/* Asks each row and compares what is found. */
static void
check(const Lists *lists, void (*set)(ListsQuestion *, const char *const *), const Row *rows, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		ListsQuestion question = rows_question();
		g_auto(GStrv) asked = g_strsplit(rows[i].asked, "|", -1);
		set(&question, (const char *const *)asked);
		g_autofree char *found = rows_found(lists, &question);
		if (strcmp(found, rows[i].found) != 0)
			g_error("%s: found \"%s\", not \"%s\"", rows[i].asked, found, rows[i].found);
	}
}

static void
set_ip(ListsQuestion *question, const char *const *asked)
{
	question->ip = asked[0] != NULL ? asked[0] : ""; /* "" is split into nothing */
}

/* Of addresses that nobody listed. */
static void
set_domains(ListsQuestion *question, const char *const *asked)
{
	static ListsMail mails[4];
	question->mails = mails;
	for (; asked[question->mail_count] != NULL; question->mail_count++)
		mails[question->mail_count] = (ListsMail){NULL, asked[question->mail_count], NULL};
}

static void
set_links(ListsQuestion *question, const char *const *asked)
{
	question->links = asked;
}

static void
set_texts(ListsQuestion *question, const char *const *asked)
{
	question->texts = asked;
}

static void
set_agent(ListsQuestion *question, const char *const *asked)
{
	question->agent = asked[0];
}

static void
set_fingerprints(ListsQuestion *question, const char *const *asked)
{
	question->fingerprints = asked;
}

static void
test_networks(void)
{
	static const char *const entries[] = {"1|block|network|192.0.2.0/24", "2|allow|network|192.0.2.7/32",
	    "3|note|network|192.0.0.0/16", "4|hold|network|2001:db8::/32", "5|allow|network|2001:db8:0:1::/64",
	    "6|block|network|2001:db8::7/128", "7|block|network|::ffff:198.51.100.0/120", "8|hold|network|203.0.113.128/25",
	    NULL};
	static const Row rows[] = {
	    {"192.0.2.1", "1 3-"},
	    {"192.0.2.7", "2 1- 3-"}, /* allowed inside what is blocked */
	    {"192.0.3.1", "3"},
	    {"192.1.2.1", ""},
	    {"193.0.2.1", ""},
	    {"::ffff:192.0.2.1", "1 3-"},
	    {"2001:db8::1", "4"},
	    {"2001:db8:0:1::1", "5 4-"},
	    {"2001:db8::7", "6 4-"},
	    {"2001:db9::7", ""},
	    {"198.51.100.9", "7"},
	    {"203.0.113.127", ""},
	    {"203.0.113.128", "8"},
	    {"203.0.113.255", "8"},
	    {"c000:0201::", ""}, /* an IPv6 address with the bytes of an IPv4 one */
	    {"", ""},
	    {"192.0.2", ""},
	};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	check(lists, set_ip, rows, G_N_ELEMENTS(rows));
}

static void
test_everybody(void)
{
	static const char *const entries[] = {"1|note|network|0.0.0.0/0", "2|hold|network|::/0", NULL};
	static const Row rows[] = {{"192.0.2.1", "1"}, {"2001:db8::1", "2"}, {"::", "2"}, {"255.255.255.255", "1"}};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	check(lists, set_ip, rows, G_N_ELEMENTS(rows));
}

static void
test_domains(void)
{
	static const char *const entries[] = {"1|block|domain|example.com", "2|allow|domain|mail.example.com",
	    "3|hold|domain|test", "4|block|link|example.com", "5|note|link|192.0.2.7", NULL};
	static const Row rows[] = {
	    {"example.com", "1"},
	    {"www.example.com", "1"},
	    {"a.b.c.example.com", "1"},
	    {"evil-example.com", ""},
	    {"example.com.evil.net", ""},
	    {"xexample.com", ""},
	    {"com", ""},
	    {"mail.example.com", "2 1-"},
	    {"x.mail.example.com", "2 1-"},
	    {"xmail.example.com", "1"},
	    {"any.test", "3"},
	    {"test", "3"},
	    {"latest", ""},
	    {"", ""},
	    {".", ""},
	    /* Two addresses: what one allows does not free the other. */
	    {"mail.example.com|www.example.com", "1 2"},
	};
	static const Row links[] = {{"example.com", "4"}, {"x.example.com", "4"}, {"evil-example.com", ""}, {"192.0.2.7", "5"},
	    {"mail.example.com", "4"}};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	check(lists, set_domains, rows, G_N_ELEMENTS(rows));
	check(lists, set_links, links, G_N_ELEMENTS(links));
}

static void
test_phrases(void)
{
	static const char *const entries[] = {"1|block|phrase|無料", "2|allow|phrase|無料相談", "3|note|phrase|casino",
	    "4|hold|phrase|online casino bonus", "5|note|phrase|x", "6|note|phrase|料相", "7|hold|phrase|カジノ",
	    "8|note|phrase|無料で稼げる方法をお教えします", "9|note|phrase|無料で稼げる方法をお知らせします", NULL};
	static const Row rows[] = {
	    {"", ""},
	    {"こんにちは", ""},
	    {"これは無料です", "1"},
	    {"無料", "1"},
	    {"無", ""},
	    {"無料相談をお願いします", "2 1- 6-"},
	    {"無料相談、ほかも無料", "1 2 6-"},
	    {"無料|無料相談", "1 2 6-"},
	    {"資料相場", "6"},
	    {"casino", "3"},
	    {"the casinos", "3"},
	    {"an online casino bonus", "4 3-"},
	    {"online casino bonu", "3"},
	    {"casino online casino bonus", "4 3"},
	    {"x", "5"},
	    {"无料", ""},
	    {"カジノ", "7"},
	    {"無料で稼げる方法をお教えします", "1 8"},
	    {"無料で稼げる方法をお知らせします。", "1 9"},
	    {"無料で稼げる方法をお", "1"},
	};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	check(lists, set_texts, rows, G_N_ELEMENTS(rows));
}

/* As people and spammers write it. */
static void
test_folded_phrases(void)
{
	static const char *const phrases[] = {"カジノ", "casino", "ギャンブル", "online casino"};
	static const struct {
		const char *text;
		guint phrase;
	} rows[] = {{"ｶｼﾞﾉで遊ぼう", 0}, {"ＣＡＳＩＮＯ", 1}, {"CaSiNo", 1}, {"ca\u200Bsi\u00ADno", 1}, {"カ\u200Dジ\uFEFFノ", 0},
	    {"カシ\u3099ノ", 0}, {"ｷﾞｬﾝﾌﾞﾙ", 2}, {"ｃａｓｉｎｏ", 1}, {"𝐜𝐚𝐬𝐢𝐧𝐨", 1}, {"ⓒⓐⓢⓘⓝⓞ", 1},
	    {"Online\u3000\r\n CASINO", 3}, {"online\u00A0casino", 3}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *phrase = text_fold(phrases[rows[i].phrase]);
		g_autofree char *row = g_strdup_printf("1|block|phrase|%s", phrase);
		const char *const entries[] = {row, NULL};
		g_autoptr(Lists) lists = rows_lists(entries, "");
		g_autofree char *folded = text_fold(rows[i].text);
		const char *const texts[] = {folded, NULL};
		ListsQuestion question = rows_question();
		question.texts = texts;
		g_autofree char *found = rows_found(lists, &question);
		g_assert_cmpstr(found, ==, "1");
	}
}

static void
test_agents_and_fingerprints(void)
{
	static const char *const entries[] = {
	    "1|block|agent|python-requests", "2|note|fingerprint|A1-00ff", "3|block|phrase|mozilla", NULL};
	static const Row agents[] = {{"python-requests/2.31", "1"}, {"mozilla/5.0", ""}};
	static const Row fingerprints[] = {
	    {"A1-00ff", "2"}, {"B2-11|A1-00ff", "2"}, {"A1-00f", ""}, {"A1-00ff0", ""}, {"a1-00ff", ""}};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	check(lists, set_agent, agents, G_N_ELEMENTS(agents));
	check(lists, set_fingerprints, fingerprints, G_N_ELEMENTS(fingerprints));
}

/* Addresses are looked up by their hash under each key. */
static void
test_addresses(void)
{
	VaultHash hashes[2] = {{{1, 2, 3}}, {{1, 2, 4}}};
	g_autoptr(GString) row = g_string_new("1|block|address|");
	text_append_hex(row, hashes[1].bytes, sizeof hashes[1].bytes);
	const char *const entries[] = {row->str, NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	g_autoptr(GArray) asked = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	const ListsMail mail = {asked, "", NULL};
	ListsQuestion question = rows_question();
	question.mails = &mail;
	question.mail_count = 1;
	g_array_append_val(asked, hashes[0]);
	g_autofree char *nothing = rows_found(lists, &question);
	g_assert_cmpstr(nothing, ==, "");
	g_array_append_val(asked, hashes[1]);
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "1");
}

/* The hash of an address that is called by one letter, under the newest key; in capitals: under an older one. */
static VaultHash
letter_hash(char letter)
{
	return (VaultHash){{(guint8)letter}};
}

/* An address is more specific than its domain, whatever the scope; both count for that address only. In rows, "@a" is an address. */
static void
test_addresses_and_domains(void)
{
	static const struct {
		const char *entries[4], *asked, *found;
	} rows[] = {
	    {{"1|block|domain|example.com", "2|allow|address|@a"}, "a@example.com", "2 1-"},
	    {{"1|block|domain|example.com", "2|allow|address|@a"}, "b@example.com", "1"},
	    {{"1|block|domain|example.com", "2|allow|address|@a"}, "a@example.com|b@example.com", "1 2"},
	    {{"1|block|domain|example.com", "2|allow|address|@a"}, "a@example.net", "2"},
	    {{"1|block|domain|example.com|a.example|7", "2|allow|address|@a"}, "a@mail.example.com", "2 1-"},
	    {{"1|allow|domain|example.com", "2|block|address|@a"}, "a@example.com", "2 1-"},
	    {{"1|allow|domain|example.com", "2|note|address|@a"}, "a@example.com", "2 1-"},
	    {{"1|block|domain|example.com", "2|allow|address|@a|b.example"}, "a@example.com", "1"},
	    {{"1|block|domain|example.com", "2|allow|address|@a||0|-1"}, "a@example.com", "1"},
	    {{"1|block|domain|com", "2|allow|domain|example.com", "3|hold|address|@a"}, "a@example.com", "3 1- 2-"},
	    /* The same address under two keys. */
	    {{"1|block|address|@A", "2|allow|address|@a"}, "a@example.com", "2 1-"},
	    {{"1|block|address|@A|a.example", "2|allow|address|@a"}, "a@example.com", "1 2-"},
	    {{"1|block|domain|example.com", "2|allow|address|@A"}, "a@example.com", "2 1-"},
	    /* A block gives way to what allows alone. */
	    {{"1|block|domain|example.com", "2|hold|address|@a"}, "a@example.com", "1 2"},
	    {{"1|block|domain|example.com", "2|note|address|@a"}, "a@example.com", "1 2"},
	    {{"1|block|domain|com", "2|block|domain|example.com", "3|hold|address|@a"}, "a@example.com", "2 3 1-"},
	    {{"1|allow|domain|com", "2|block|domain|example.com", "3|hold|address|@a"}, "a@example.com", "2 3 1-"},
	    {{"1|block|address|@A", "2|hold|address|@a"}, "a@example.com", "2 1-"},
	    {{"1|block|address|@a", "2|note|address|@a|a.example|7"}, "a@example.com", "1 2"},
	    /* Another thing that is blocked stays blocked. */
	    {{"1|block|network|192.0.2.0/24", "2|allow|address|@a"}, "a@example.com", "1 2"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ListsBuilder *builder = lists_builder_new();
		for (const char *const *row = rows[i].entries; *row != NULL; row++) {
			g_autoptr(ListEntry) entry = rows_entry(*row);
			g_autoptr(GString) digits = g_string_new(NULL);
			const VaultHash hash = letter_hash(entry->value[0] == '@' ? entry->value[1] : '\0');
			text_append_hex(digits, hash.bytes, sizeof hash.bytes);
			if (entry->type == LIST_ADDRESS)
				text_set(&entry->value, digits->str);
			lists_builder_add(builder, entry);
		}
		g_autoptr(Lists) lists = lists_builder_end(builder, "", NULL);
		g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
		g_auto(GStrv) asked = g_strsplit(rows[i].asked, "|", -1);
		ListsMail mails[2];
		ListsQuestion question = rows_question();
		question.ip = "192.0.2.7";
		question.mails = mails;
		for (; asked[question.mail_count] != NULL; question.mail_count++) {
			const char *address = asked[question.mail_count];
			const VaultHash keys[] = {letter_hash(address[0]), letter_hash(g_ascii_toupper(address[0]))};
			GArray *both = g_array_new(FALSE, FALSE, sizeof(VaultHash));
			g_array_append_vals(both, keys, G_N_ELEMENTS(keys));
			g_ptr_array_add(hashes, both);
			mails[question.mail_count] = (ListsMail){both, address + 2, NULL};
		}
		g_autofree char *found = rows_found(lists, &question);
		if (strcmp(found, rows[i].found) != 0)
			g_error("row %" G_GSIZE_FORMAT ", %s: found \"%s\", not \"%s\"", i, rows[i].asked, found, rows[i].found);
	}
}

static void
test_scopes(void)
{
	static const char *const entries[] = {"1|block|network|192.0.2.0/24", "2|hold|network|192.0.2.0/24|a.example",
	    "3|allow|network|192.0.2.0/24|a.example|7", "4|block|network|192.0.2.0/24|a.example|8",
	    "5|block|network|192.0.2.0/24|b.example", "6|block|network|198.51.100.0/24|b.example",
	    "7|hold|network|203.0.113.0/24|a.example", "8|block|phrase|無料", "9|allow|phrase|無料|a.example|7",
	    "10|block|phrase|無料|b.example", "11|hold|phrase|無料です|b.example", NULL};
	static const struct {
		const char *site, *ip, *text, *found;
		guint64 form_id;
	} rows[] = {
	    {"a.example", "192.0.2.1", "", "3 1- 2-", 7},
	    {"a.example", "192.0.2.1", "", "4 1- 2-", 8},
	    {"a.example", "192.0.2.1", "", "1 2", 9},
	    {"b.example", "192.0.2.1", "", "5 1-", 7},
	    {"c.example", "192.0.2.1", "", "1", 7},
	    {"a.example", "198.51.100.1", "", "", 7},
	    {"b.example", "198.51.100.1", "", "6", 7},
	    {"a.example", "203.0.113.1", "", "7", 7},
	    {"", "192.0.2.1", "", "1", 0},
	    {"a.example", "", "無料です", "9 8-", 7},
	    {"a.example", "", "無料です", "8", 8},
	    {"b.example", "", "無料です", "10 11 8-", 7},
	};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const texts[] = {rows[i].text, NULL};
		ListsQuestion question = rows_question();
		question.site = rows[i].site;
		question.form_id = rows[i].form_id;
		question.ip = rows[i].ip;
		question.texts = texts;
		g_autofree char *found = rows_found(lists, &question);
		g_assert_cmpstr(found, ==, rows[i].found);
	}
}

/* An entry ends by itself, and what it stood before holds again. */
static void
test_expiry(void)
{
	static const char *const entries[] = {"1|block|network|192.0.2.0/24||0|10", "2|allow|network|192.0.2.7/32||0|5",
	    "3|hold|phrase|無料||0|5", "4|note|phrase|無料相談||0|3", NULL};
	static const struct {
		gint64 after_s;
		const char *found;
	} rows[] = {{0, "2 4 1- 3-"}, {2, "2 4 1- 3-"}, {3, "2 3 1-"}, {4, "2 3 1-"}, {5, "1"}, {9, "1"}, {10, ""}};
	static const char *const texts[] = {"無料相談", NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ListsQuestion question = rows_question();
		question.now_us += rows[i].after_s * G_TIME_SPAN_SECOND;
		question.ip = "192.0.2.7";
		question.texts = texts;
		g_autofree char *found = rows_found(lists, &question);
		g_assert_cmpstr(found, ==, rows[i].found);
	}
}

/* What decides is told first, and what an entry says is told whole. */
static void
test_order(void)
{
	static const char *const entries[] = {"1|note|network|192.0.2.0/24", "2|hold|domain|example.com", "3|allow|phrase|hello",
	    "4|block|link|example.net|a.example|7", "5|note|agent|curl", NULL};
	static const char *const texts[] = {"hello", NULL}, *const links[] = {"x.example.net", NULL};
	static const ListsMail mail = {NULL, "example.com", NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	ListsQuestion question = rows_question();
	question.ip = "192.0.2.1";
	question.texts = texts;
	question.mails = &mail;
	question.mail_count = 1;
	question.links = links;
	question.agent = "curl/8";
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "4 3 2 5 1");
	g_autoptr(GArray) matches = lists_match(lists, &question);
	const ListsMatch *first = &g_array_index(matches, ListsMatch, 0);
	g_assert_cmpint(first->action, ==, LIST_BLOCK);
	g_assert_cmpint(first->type, ==, LIST_LINK);
	g_assert_cmpstr(first->value, ==, "example.net");
	g_assert_cmpstr(first->reason, ==, "reason 4");
	g_assert_cmpstr(first->site, ==, "a.example");
	g_assert_cmpuint(first->form_id, ==, 7);
	g_assert_cmpuint(g_array_index(matches, ListsMatch, 3).points, ==, 5);
}

/* Of more matches than are told those that decide stay. */
static void
test_too_many(void)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 1; i <= 3 * LIMIT_LIST_MATCHES; i++) {
		const char *action = i == 90 ? "block" : i == 91 ? "allow" : "note";
		g_ptr_array_add(entries, g_strdup_printf("%u|%s|phrase|word%03u", i, action, i));
		g_string_append_printf(text, "word%03u ", i);
	}
	g_ptr_array_add(entries, NULL);
	g_autoptr(Lists) lists = rows_lists((const char *const *)entries->pdata, "");
	const char *const texts[] = {text->str, NULL};
	ListsQuestion question = rows_question();
	question.texts = texts;
	g_autoptr(GArray) matches = lists_match(lists, &question);
	g_assert_cmpuint(matches->len, ==, LIMIT_LIST_MATCHES);
	g_assert_cmpint(g_array_index(matches, ListsMatch, 0).id, ==, 90);
	g_assert_cmpint(g_array_index(matches, ListsMatch, 1).id, ==, 91);
	g_assert_cmpint(g_array_index(matches, ListsMatch, 2).id, ==, 96);
}

/* The same entry again replaces the first, and what cannot be used is counted. */
static void
test_builder(void)
{
	static const char *const entries[] = {"1|block|network|192.0.2.0/24", "2|hold|network|192.0.2.0/24", "3|block|phrase|abc",
	    "4|allow|phrase|abc", "5|block|network|192.0.2.0", "6|block|network|300.0.0.0/8", "7|block|network|192.0.2.1/24",
	    "8|block|phrase|", NULL};
	static const char *const texts[] = {"abc", NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	guint left_out = 0;
	ListsQuestion question = rows_question();
	question.ip = "192.0.2.9";
	question.texts = texts;
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "4 2");
	g_assert_cmpuint(lists_count(lists, &left_out), ==, 3);
	g_assert_cmpuint(left_out, ==, 3);
	g_assert_true(lists_have(lists, LIST_PHRASE));
	g_assert_false(lists_have(lists, LIST_LINK));
}

static void
test_empty(void)
{
	g_autoptr(Lists) lists = rows_lists(rows_nothing, "");
	static const char *const texts[] = {"abc", NULL};
	ListsQuestion question = rows_question();
	question.ip = "192.0.2.9";
	question.texts = texts;
	question.links = texts;
	question.mails = &(ListsMail){NULL, "abc", NULL};
	question.mail_count = 1;
	question.agent = "curl";
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "");
}

static void
test_no_country_file(void)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(lists_builder_end(lists_builder_new(), "/nowhere/country.mmdb", &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE);
	g_autoptr(Lists) lists = lists_builder_end(lists_builder_new(), "/nowhere/country.mmdb", NULL);
	g_assert_nonnull(lists);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lists/networks", test_networks);
	g_test_add_func("/lists/everybody", test_everybody);
	g_test_add_func("/lists/domains", test_domains);
	g_test_add_func("/lists/phrases", test_phrases);
	g_test_add_func("/lists/folded_phrases", test_folded_phrases);
	g_test_add_func("/lists/agents_and_fingerprints", test_agents_and_fingerprints);
	g_test_add_func("/lists/addresses", test_addresses);
	g_test_add_func("/lists/addresses_and_domains", test_addresses_and_domains);
	g_test_add_func("/lists/scopes", test_scopes);
	g_test_add_func("/lists/expiry", test_expiry);
	g_test_add_func("/lists/order", test_order);
	g_test_add_func("/lists/too_many", test_too_many);
	g_test_add_func("/lists/builder", test_builder);
	g_test_add_func("/lists/empty", test_empty);
	g_test_add_func("/lists/no_country_file", test_no_country_file);
	return g_test_run();
}
