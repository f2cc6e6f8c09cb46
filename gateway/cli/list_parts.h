/*
 * The orders of `sekisho list`, and what they share.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/policy/lists.h"
#include "sekisho/store/list_entries.h"

/* What the options of the verb said. */
typedef struct {
	char *site;
	char *form;   /* ID or SITE/ID */
	char *for_text;
	char *reason;
	char *type;
	char *action; /* with import: of entries that name none */
	char *format;
	char *limit_text;
	gboolean is_for_all;
	gboolean is_rehearsal;
	gboolean is_skipping; /* with import: bad lines are left out */
	gboolean is_replacing; /* with import: also entries that do something else */
} ListOptions;

/* Exit code of a lint that found something, and of an import that left lines out. */
#define LIST_EXIT_FINDINGS 1

int list_add(Command *command, char **words, const ListOptions *options, GError **error);
int list_remove(Command *command, char **words, GError **error);
int list_show(Command *command, const ListOptions *options, GError **error);
int list_test(Command *command, const char *value, const ListOptions *options, GError **error);
int list_import(Command *command, const char *file, const ListOptions *options, GError **error);
int list_export(Command *command, const ListOptions *options, GError **error);
int list_lint(Command *command, GError **error);

/* Configuration, database and keys. */
gboolean list_open(Command *command, GError **error);
/* The site and form that --site and --form name, which must exist; "" and 0 for all. */
gboolean list_scope(Command *command, const ListOptions *options, char **site, guint64 *form_id, GError **error);
/* "all sites", "example.jp", "example.jp/4". The caller's. */
char *list_scope_text(const char *site, guint64 form_id);
/* "block", "note 3". The caller's. */
char *list_action_text(ListAction action, guint points);
/* And back; `points` is that of a note without one. FALSE: no action. */
gboolean list_action_read(const char *text, ListAction *action, guint *points);
/* A duration ("30d", "12h", "45min", "2w") in microseconds, else a usage error. */
gboolean list_duration(const char *text, const char *what, gint64 *duration_us, GError **error);
/* Fills in what all entries of one order have in common: scope, reason, expiry. */
gboolean list_entry_fill(Command *command, const ListOptions *options, ListEntry *entry, GError **error);

/* As `sekisho list --json` shows it: id, action, points, type, value, site, form, reason, created_at, expires_at, hits, last_hit_at. `hits` as list_hits gives it. Floating. */
GVariant *list_entry_json(Command *command, const ListEntry *entry, GHashTable *hits);
/* The same, or null without one. Floating. */
GVariant *list_maybe_json(Command *command, const ListEntry *entry, GHashTable *hits);
/* The entry of the same type, value and scope, whose place this one takes; NULL without an error: none. The caller's. */
ListEntry *list_find_equal(Command *command, const ListEntry *entry, GError **error);
/* The ListType that --type names, also "ip" and "word"; 0 if `name` is NULL. */
gboolean list_type_read(const char *name, gint *type, GError **error);

/* How often each entry was met (gint64 * -> CounterHits *, store/counters.h); NULL if nobody counted yet. The caller's. */
GHashTable *list_hits(Command *command);

/* Where an entry stands among the others. */
typedef enum {
	LIST_STANDS,    /* nothing speaks against it */
	LIST_NEVER,     /* it can never decide anything */
	LIST_REDUNDANT  /* without it the same would happen */
} ListStanding;
/* `lists` are all entries, for a caller that asks of many; NULL: what covers this one is read from the database. `why` receives a sentence (the caller's) but for LIST_STANDS. Only what is
 * sure is said: a network that is partly covered by others stands. */
ListStanding list_standing(Command *command, const Lists *lists, const ListEntry *entry, char **why);
