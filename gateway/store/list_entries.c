/*
 * Entries of the operator's lists. A list of a million rows is written and read in pieces, so that nobody waits for it: each piece is a transaction of its
 * own. An entry is: there -> expired (it stays, and decides nothing) -> purged; or removed. No state.
 */
#include "sekisho/store/list_entries.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "store/statements.h"

static const char *const action_names[] = {
    [LIST_ALLOW] = "allow", [LIST_NOTE] = "note", [LIST_HOLD] = "hold", [LIST_BLOCK] = "block"};
static const char *const type_names[] = {[LIST_NETWORK] = "network",
    [LIST_COUNTRY] = "country",
    [LIST_ADDRESS] = "address",
    [LIST_DOMAIN] = "domain",
    [LIST_FINGERPRINT] = "fingerprint",
    [LIST_PHRASE] = "phrase",
    [LIST_LINK] = "link",
    [LIST_AGENT] = "agent"};

const char *
list_action_name(ListAction action)
{
	return action_names[action];
}

const char *
list_type_name(ListType type)
{
	return type_names[type];
}

ListEntry *
list_entry_new(void)
{
	ListEntry *entry = g_new0(ListEntry, 1);
	entry->value = g_strdup("");
	entry->site = g_strdup("");
	entry->reason = g_strdup("");
	return entry;
}

void
list_entry_free(ListEntry *entry)
{
	if (!entry)
		return;
	g_free(entry->value);
	g_clear_pointer(&entry->boxed, g_bytes_unref);
	g_free(entry->site);
	g_free(entry->reason);
	g_free(entry);
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static gboolean
tell_change(Db *db, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_LIST_CHANGED, error);
	return statement && statement_step(statement, NULL, error);
}

static gboolean
add_one(Db *db, const ListEntry *entry, GError **error)
{
	g_autofree char *reason = text_one_line(entry->reason);
	Statement *statement = db_statement(db, STATEMENT_LIST_ADD, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "action", entry->action);
	statement_bind_int(statement, "points", entry->points);
	statement_bind_int(statement, "type", entry->type);
	statement_bind_text(statement, "value", entry->value);
	statement_bind_gbytes(statement, "boxed", entry->boxed);
	statement_bind_text(statement, "site", entry->site);
	statement_bind_int(statement, "form", (gint64)entry->form_id);
	statement_bind_text(statement, "reason", reason);
	statement_bind_int(statement, "now", entry->created_at_us);
	statement_bind_int(statement, "expires", entry->expires_at_us);
	return statement_step(statement, NULL, error);
}

static gboolean
add_batch(Db *db, const GPtrArray *entries, guint from, guint until, GError **error)
{
	for (guint i = from; i < until; i++) {
		if (!add_one(db, entries->pdata[i], error))
			return FALSE;
	}
	return tell_change(db, error);
}

static gint
compare_values(gconstpointer a, gconstpointer b)
{
	const ListEntry *first = *(ListEntry *const *)a, *second = *(ListEntry *const *)b;
	return first->type != second->type ? (gint)first->type - (gint)second->type : strcmp(first->value, second->value);
}

/* As the index has them, so that each of several transactions touches few pages of it: a million entries cost a third. Of equal ones the last stays last. What one transaction takes keeps
 * the order it was written in. Borrows the entries. */
static GPtrArray *
in_order(const GPtrArray *entries)
{
	GPtrArray *sorted = g_ptr_array_sized_new(entries->len);
	for (guint i = 0; i < entries->len; i++)
		g_ptr_array_add(sorted, entries->pdata[i]);
	if (entries->len > LIMIT_LIST_BATCH)
		g_ptr_array_sort(sorted, compare_values);
	return sorted;
}

gboolean
list_entries_add(Db *db, const GPtrArray *entries, ListProgress progress, gpointer user_data, GError **error)
{
	g_autoptr(GPtrArray) sorted = in_order(entries);
	for (guint done = 0; done < entries->len;) {
		const guint until = MIN(done + LIMIT_LIST_BATCH, entries->len);
		if (!db_begin(db, error) || !db_end(db, add_batch(db, sorted, done, until, error), error))
			return FALSE;
		done = until;
		if (progress && !progress(user_data, done, entries->len))
			break;
	}
	return TRUE;
}

/* How many rows of `ids` from `from` on went, or -1. */
static gint
remove_batch(Db *db, const GArray *ids, guint from, guint until, GError **error)
{
	gint removed = 0;
	for (guint i = from; i < until; i++) {
		Statement *statement = db_statement(db, STATEMENT_LIST_REMOVE, error);
		if (!statement)
			return -1;
		statement_bind_int(statement, "id", g_array_index(ids, gint64, i));
		if (!statement_step(statement, NULL, error))
			return -1;
		removed += (gint)db_changes(db);
	}
	return removed == 0 || tell_change(db, error) ? removed : -1;
}

gint
list_entries_remove(Db *db, const GArray *ids, GError **error)
{
	gint removed = 0;
	for (guint done = 0; done < ids->len; done += LIMIT_LIST_BATCH) {
		if (!db_begin(db, error))
			return -1;
		const gint count = remove_batch(db, ids, done, MIN(done + LIMIT_LIST_BATCH, ids->len), error);
		if (!db_end(db, count >= 0, error))
			return -1;
		removed += count;
	}
	return removed;
}

gint
list_entries_purge(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_LIST_PURGE, error);
	if (!statement)
		return -1;
	statement_bind_int(statement, "before", clock_now_us() - LIMIT_LIST_EXPIRED_US);
	statement_bind_int(statement, "limit", limit);
	return db_run(db, statement, error);
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static gpointer
read_entry(Statement *statement)
{
	ListEntry *entry = g_new0(ListEntry, 1);
	entry->id = statement_int(statement, 0);
	entry->action = (ListAction)statement_int(statement, 1);
	entry->points = (guint)CLAMP(statement_int(statement, 2), 0, LIMIT_LIST_POINTS);
	entry->type = (ListType)statement_int(statement, 3);
	entry->value = statement_text(statement, 4);
	entry->boxed = statement_bytes(statement, 5);
	entry->site = statement_text(statement, 6);
	entry->form_id = (guint64)statement_int(statement, 7);
	entry->reason = statement_text(statement, 8);
	entry->created_at_us = statement_int(statement, 9);
	entry->expires_at_us = statement_int(statement, 10);
	return entry;
}

GPtrArray *
list_entries_find(Db *db, const ListFilter *filter, GError **error)
{
	guint id = filter->value ? STATEMENT_LIST_FIND_VALUE : filter->within ? STATEMENT_LIST_FIND_WITHIN : STATEMENT_LIST_FIND;
	Statement *statement = db_statement(db, id, error);
	if (!statement)
		return NULL;
	if (filter->value)
		statement_bind_text(statement, "value", filter->value);
	else if (filter->within)
		statement_bind_text(statement, "within", filter->within);
	statement_bind_text(statement, "site", filter->site);
	statement_bind_int(statement, "form", (gint64)filter->form_id);
	statement_bind_int(statement, "type", filter->type);
	statement_bind_int(statement, "action", filter->action);
	statement_bind_int(statement, "after", filter->after_id);
	statement_bind_int(statement, "limit", filter->limit);
	return statement_rows(statement, read_entry, (GDestroyNotify)list_entry_free, error);
}

static gboolean
ask_number(Db *db, guint id, gint64 *number, GError **error)
{
	Statement *statement = db_statement(db, id, error);
	return statement && statement_number(statement, 0, number, error);
}

gboolean
list_entries_count(Db *db, guint64 *count, GError **error)
{
	gint64 number;
	if (!ask_number(db, STATEMENT_LIST_COUNT, &number, error))
		return FALSE;
	*count = (guint64)number;
	return TRUE;
}

gboolean
list_entries_generation(Db *db, gint64 *generation, GError **error)
{
	return ask_number(db, STATEMENT_LIST_GENERATION, generation, error);
}
