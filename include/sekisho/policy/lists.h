/*
 * The operator's lists as a frozen snapshot, made for looking up: a million networks and a hundred thousand phrases cost a submission microseconds. Any thread may ask it.
 *
 * Which entry wins: each thing of a submission (where it comes from, each mail address, each host of a link, each place of a text ...) is looked up by itself. Of the entries that fit
 * it, whose site and form fit and that have not expired, the most specific one wins: any network before a country, and the longest network; a mail address before any domain, and the
 * longest domain; the longest phrase of which the others are a part; of equal values that of the form before that of the site before that of all. So `allow user@example.com` wins over
 * `block example.com`, and the other way round. A `block` gives way to a more specific `allow` of the same thing alone: a more specific `hold` or `note` counts, and takes nothing from it.
 * Then over different things: a `block` wins over everything, an `allow` over `hold` and `note`; holds and notes all count. An address also meets the entry of itself without its "+tag",
 * which is less specific than one with it. A phrase is found
 * anywhere in a text, also within a word.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/list_entries.h"

typedef struct Lists Lists;

typedef struct ListsBuilder ListsBuilder;
ListsBuilder *lists_builder_new(void);
/* Copies what it needs. An entry whose value cannot be read is left out (and counted). */
void lists_builder_add(ListsBuilder *builder, const ListEntry *entry);
/* `country_file`: a MaxMind database, or "" for none; one that cannot be read is CONF_ERROR_UNREADABLE, and the lists are made without it where `error` is NULL. Ends the builder. */
Lists *lists_builder_end(ListsBuilder *builder, const char *country_file, GError **error);
/* What of the database may fit wherever `entry` fits, and nothing else: the networks, domains and phrases that it is part of, and it itself; no countries. Cheap beside a million
 * entries. `domain`: that of the address of a LIST_ADDRESS; else "". NULL on error. */
Lists *lists_load_covering(Db *db, const ListEntry *entry, const char *domain, GError **error);
/* Everything of the database. NULL on error. */
Lists *lists_load(Db *db, const char *country_file, GError **error);
/* `addition` (ListEntry *, not stored yet, may be NULL) besides: for a rehearsal. */
Lists *lists_load_with(Db *db, const GPtrArray *addition, const char *country_file, GError **error);
Lists *lists_ref(Lists *lists);
void lists_unref(Lists *lists);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lists, lists_unref)

/* One mail address: both parts are one thing. Borrowed. */
typedef struct {
	const GArray *hashes; /* VaultHash: of the address under each key, newest first (vault_hashes); NULL: only its domain is known */
	const char *domain;   /* lower-case ASCII; "": none */
	const GArray *plain_hashes; /* likewise of the address without its "+tag"; NULL: it has none */
} ListsMail;

/* What is looked up. Strings are never NULL and borrowed; "" or an empty list: nothing of that type. */
typedef struct {
	const char *site;
	guint64 form_id;
	gint64 now_us;
	const char *ip;              /* network_normalise'd */
	const ListsMail *mails;
	guint mail_count;
	const char *const *fingerprints;
	const char *const *texts;    /* folded (text_fold), one for each value */
	const char *const *links;    /* hosts of links, lower-case ASCII */
	const char *agent;           /* folded */
} ListsQuestion;

typedef struct {
	gint64 id;
	ListAction action;
	guint points;
	ListType type;
	const char *value;  /* as stored; borrowed from the lists */
	const char *reason;
	const char *site;   /* "" = all */
	guint64 form_id;
	gboolean is_winner; /* FALSE: a more specific one takes its place */
} ListsMatch;
/* Every entry that fits (ListsMatch, at most LIMIT_LIST_MATCHES), winners first. The caller's; valid while the lists are. */
GArray *lists_match(const Lists *lists, const ListsQuestion *question);

/* FALSE if no entry is of that type: then what it would be looked up with need not be collected. */
gboolean lists_have(const Lists *lists, ListType type);
/* How many entries there are; `left_out` receives how many could not be used (a value that cannot be read, or LIMIT_LIST_ENTRIES). */
guint lists_count(const Lists *lists, guint *left_out);

/*
 * The lists that hold now: a thread reads them anew when they have changed (within about a second) and swaps the snapshot. An entry that expires stops by itself.
 */
typedef struct ListsWatch ListsWatch;
/* Loads once, then starts the thread. */
ListsWatch *lists_watch_start(const char *data_directory, const char *country_file, GError **error);
void lists_watch_stop(ListsWatch *watch);
/* Why a file of countries that came later cannot be used, so that the countries are those of before; NULL: it can, or that was taken already. Any thread; the caller's. */
GError *lists_watch_take_problem(ListsWatch *watch);
/* A reference to the newest. Any thread. */
Lists *lists_watch_current(ListsWatch *watch);
