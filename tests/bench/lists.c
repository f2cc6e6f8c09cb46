/*
 * What the lists cost: a million networks and a hundred thousand phrases are made, stored, loaded as the front loads them, and asked about texts of 400 Japanese characters. Writes one
 * figure a line. Argument: a folder for the database, which must exist, be empty and have the mode 2770.
 */
#include <glib.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sekisho/base/text.h"
#include "sekisho/policy/lists.h"

#define NETWORKS 1000000u
#define PHRASES 100000u
#define QUESTIONS 20000u
#define ADDRESSES 4096u
#define TEXTS 256u

/* Enquiries are made of the first words, listed phrases of the others. */
static const char *const words[] = {"お世話に", "なって", "おります", "この度", "御社の", "製品に", "ついて", "お問い合わせ",
    "いたしました", "見積もり", "資料を", "お送り", "いただけ", "ますと", "幸いです", "納期は", "どのくらい", "でしょうか", "。",
    "、", "よろしく", "お願い", "無料", "副業", "稼げる", "儲かる", "カジノ", "出会い", "投資", "必ず", "今だけ", "限定",
    "簡単に", "登録", "クリック", "free", "casino", "bonus", "viagra", "https://", "click here"};
#define HONEST_WORDS 22

static void
say(const char *what, double figure, const char *unit)
{
	printf("%-34s %12.2f %s\n", what, figure, unit);
	fflush(stdout);
}

/* Processor time, so that other work on the machine counts less. */
static gint64
spent_us(void)
{
	return (gint64)clock() * G_USEC_PER_SEC / CLOCKS_PER_SEC;
}

static double
since_s(gint64 begin_us)
{
	return (double)(spent_us() - begin_us) / G_USEC_PER_SEC;
}

static double
resident_bytes(void)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
		return 0;
	g_auto(GStrv) columns = g_strsplit(text, " ", -1);
	return g_ascii_strtod(columns[1], NULL) * (double)sysconf(_SC_PAGESIZE);
}

/* `count` of the words from `first` to `last`, not included. */
static char *
sentence(GRand *random, guint count, gint32 first, gint32 last)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < count; i++)
		g_string_append(text, words[g_rand_int_range(random, first, last)]);
	return g_string_free(text, FALSE);
}

/* As lists that are passed around have them: single addresses above all, some networks, a few of IPv6. */
static char *
network(GRand *random)
{
	const guint32 bits = g_rand_int(random), kind = bits % 16;
	const guint32 address = g_rand_int(random);
	const guint lengths[] = {24, 23, 22, 20, 16};
	if (kind == 0)
		return g_strdup_printf("2001:%x:%x::/%u", address >> 16, address & 0xFFFF, 48);
	const guint length = kind < 4 ? lengths[bits / 16 % G_N_ELEMENTS(lengths)] : 32;
	const guint32 cut = length == 32 ? address : address & ~(0xFFFFFFFFu >> length);
	return g_strdup_printf("%u.%u.%u.%u/%u", cut >> 24, cut >> 16 & 255, cut >> 8 & 255, cut & 255, length);
}

static GPtrArray *
make_entries(GRand *random)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (guint i = 0; i < NETWORKS + PHRASES; i++) {
		ListEntry *entry = list_entry_new();
		entry->action = LIST_NOTE;
		entry->points = 1;
		entry->type = i < NETWORKS ? LIST_NETWORK : LIST_PHRASE;
		g_autofree char *phrase = i < NETWORKS ? NULL : sentence(random, 2 + i % 4, HONEST_WORDS, G_N_ELEMENTS(words));
		text_replace(&entry->value, i < NETWORKS ? network(random) : text_fold(phrase));
		text_set(&entry->reason, "bench");
		g_ptr_array_add(entries, entry);
	}
	return entries;
}

/* The longest that others wait for the file, by the clock: it counts what the disk takes. */
typedef struct {
	gint64 begin_us, longest_us;
} Waits;

static gboolean
note_transaction(gpointer user_data, guint done, guint total)
{
	Waits *waits = user_data;
	const gint64 now_us = g_get_monotonic_time();
	(void)total;
	if (done > 0)
		waits->longest_us = MAX(waits->longest_us, now_us - waits->begin_us);
	waits->begin_us = now_us;
	return TRUE;
}

static Lists *
store_and_load(const char *folder, GRand *random)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = db_open(folder, DB_CREATE, &error);
	if (db == NULL)
		g_error("%s", error->message);
	GPtrArray *entries = make_entries(random);
	gint64 begin_us = spent_us(), clock_us = g_get_monotonic_time();
	Waits waits = {clock_us, 0};
	if (!list_entries_add(db, entries, note_transaction, &waits, &error))
		g_error("%s", error->message);
	say("storing, by the clock", (double)(g_get_monotonic_time() - clock_us) / G_USEC_PER_SEC, "s");
	say("longest transaction, by the clock", (double)waits.longest_us / 1000, "ms");
	say("storing 1,100,000 entries", since_s(begin_us), "s");
	g_ptr_array_unref(entries);
	malloc_trim(0);
	const double before = resident_bytes();
	begin_us = spent_us();
	Lists *lists = lists_load(db, "", &error);
	if (lists == NULL)
		g_error("%s", error->message);
	guint left_out;
	say("loading them", since_s(begin_us), "s");
	say("entries", lists_count(lists, &left_out), "");
	malloc_trim(0);
	say("memory of one entry", (resident_bytes() - before) / lists_count(lists, &left_out), "bytes");
	return lists;
}

static double
ask(const Lists *lists, const char *const *addresses, const char *const *texts, guint *found)
{
	static const ListsMail mail = {NULL, "mail.example.co.jp", NULL};
	static const char *const nothing[] = {NULL};
	const gint64 begin_us = spent_us();
	for (guint i = 0; i < QUESTIONS; i++) {
		const char *const asked[] = {texts[i % TEXTS], NULL};
		const ListsQuestion question = {.site = "www.example.jp",
		    .form_id = 7,
		    .now_us = 1,
		    .ip = addresses[i % ADDRESSES],
		    .mails = &mail,
		    .mail_count = 1,
		    .fingerprints = nothing,
		    .texts = asked,
		    .links = nothing,
		    .agent = "mozilla/5.0 (windows nt 10.0; win64; x64)"};
		g_autoptr(GArray) matches = lists_match(lists, &question);
		*found += matches->len;
	}
	return since_s(begin_us) * 1e6 / QUESTIONS;
}

/* 400 characters of words. */
static char *
enquiry(GRand *random, gint32 first, gint32 last)
{
	g_autofree char *text = sentence(random, 400, first, last);
	return g_utf8_substring(text, 0, 400);
}

static void
measure(const char *what, const Lists *lists, const char *const *addresses, const char *const *texts)
{
	guint found = 0;
	say(what, ask(lists, addresses, texts, &found), "us");
	say("  matches", (double)found / QUESTIONS, "");
}

int
main(int argc, char **argv)
{
	static const char *honest[TEXTS], *spam[TEXTS], *empty[TEXTS], *addresses[ADDRESSES];
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	if (argc != 2)
		return 64;
	g_autoptr(Lists) lists = store_and_load(argv[1], random);
	for (guint i = 0; i < TEXTS; i++) {
		honest[i] = enquiry(random, 0, HONEST_WORDS);
		spam[i] = enquiry(random, 0, G_N_ELEMENTS(words));
		empty[i] = "";
	}
	for (guint i = 0; i < ADDRESSES; i++)
		addresses[i] = g_strdup_printf("%u.%u.%u.%u", i * 7 % 223 + 1, i % 256, i * 31 % 256, i * 17 % 256);
	const gint64 begin_us = spent_us();
	for (guint i = 0; i < QUESTIONS; i++)
		g_free(text_fold(honest[i % TEXTS]));
	say("folding 400 characters", since_s(begin_us) * 1e6 / QUESTIONS, "us");
	measure("an address alone", lists, addresses, empty);
	measure("an address and an enquiry", lists, addresses, honest);
	measure("an address and much spam", lists, addresses, spam);
	return 0;
}
