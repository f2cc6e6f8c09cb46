/*
 * Entries of the operator's lists, as they stand in sekisho.db. They are configuration: networks, words and domains stand in clear; mail addresses are hashed (VAULT_HASH_ADDRESS of
 * address_folded) and boxed, so that the database tells none.
 *
 * Text from outside: values are canonical (policy/list_value.h makes them so); whatever a reason is, list_entries_add stores text_one_line of it.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/store/db.h"

/* Stored: never renumber. `block` refuses, `hold` holds, `note` adds points, `allow` exempts from lists and content checks. */
typedef enum { LIST_ALLOW = 1, LIST_NOTE = 2, LIST_HOLD = 3, LIST_BLOCK = 4 } ListAction;
/* "allow", "note", "hold", "block". Static. */
const char *list_action_name(ListAction action);

/* Stored: never renumber. */
typedef enum {
	LIST_NETWORK = 1,     /* "192.0.2.7/32", "2001:db8::/32": an address is a network of one */
	LIST_COUNTRY = 2,     /* "JP": ISO 3166-1 alpha-2 */
	LIST_ADDRESS = 3,     /* hash and box; `value` is the hash in hex digits */
	LIST_DOMAIN = 4,      /* of mail addresses, with domains below it: lower-case ASCII */
	LIST_FINGERPRINT = 5, /* as ClientFacts.fingerprint has it */
	LIST_PHRASE = 6,      /* text_fold'ed */
	LIST_LINK = 7,        /* domain of a link, with domains below it: lower-case ASCII */
	LIST_AGENT = 8        /* part of the user agent, text_fold'ed */
} ListType;
#define LIST_TYPE_LAST LIST_AGENT
/* "network" (also for one address), "country", "address", "domain", "fingerprint", "phrase", "link", "agent". Static. */
const char *list_type_name(ListType type);

typedef struct {
	gint64 id;            /* 0 before it is stored */
	ListAction action;
	guint points;         /* of LIST_NOTE */
	ListType type;
	char *value;
	GBytes *boxed;        /* LIST_ADDRESS: vault_box of the address; else NULL */
	char *site;           /* "" = all sites */
	guint64 form_id;      /* 0 = all forms of the site */
	char *reason;         /* "" = none */
	gint64 created_at_us;
	gint64 expires_at_us; /* 0 = never */
} ListEntry;
ListEntry *list_entry_new(void); /* every string "" */
void list_entry_free(ListEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListEntry, list_entry_free)

/* Adds entries (ListEntry *) in transactions of at most LIMIT_LIST_BATCH rows each; if it takes several, by type and value. One of the same type, value, site and form is replaced. `progress` (may be NULL) is told
 * after each transaction how many are done, and may return FALSE to stop there. What was written before an error or stop stays. One that is replaced keeps its id. */
typedef gboolean (*ListProgress)(gpointer user_data, guint done, guint total);
gboolean list_entries_add(Db *db, const GPtrArray *entries, ListProgress progress, gpointer user_data, GError **error);
/* Removes by id (gint64). How many were there, or -1. */
gint list_entries_remove(Db *db, const GArray *ids, GError **error);

typedef struct {
	const char *site;       /* NULL: of any; "": only those of all sites */
	guint64 form_id;        /* 0: of any */
	gint type;              /* ListType, or 0: any */
	gint action;            /* ListAction, or 0 */
	const char *value;      /* exactly this canonical value; NULL: any */
	const char *within;     /* a value that is part of this text, which `type` must stand beside: looks at all of that type; NULL: any */
	gint64 after_id;        /* ids above it: for reading page by page */
	guint limit;
} ListFilter;
/* ListEntry *, by id. NULL on error. The caller's. */
GPtrArray *list_entries_find(Db *db, const ListFilter *filter, GError **error);
gboolean list_entries_count(Db *db, guint64 *count, GError **error);
/* A number that changes with every change of the lists; what has expired changes nothing. Cheap: asked once a second. */
gboolean list_entries_generation(Db *db, gint64 *generation, GError **error);
/* Removes entries that expired more than LIMIT_LIST_EXPIRED_US ago, at most `limit`. How many, or -1. */
gint list_entries_purge(Db *db, guint limit, GError **error);
