/* Entries of lists in the database. */
#include "fixture.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/store/list_entries.h"

static ListEntry *
entry_of(ListAction action, ListType type, const char *value, const char *site)
{
	ListEntry *entry = list_entry_new();
	entry->action = action;
	entry->points = action == LIST_NOTE ? 3 : 0;
	entry->type = type;
	text_set(&entry->value, value);
	text_set(&entry->site, site);
	text_set(&entry->reason, "because");
	entry->created_at_us = 11;
	return entry;
}

static void
add(Db *db, ListEntry *entry)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	g_ptr_array_add(entries, entry);
	g_assert_true(list_entries_add(db, entries, NULL, NULL, &error));
	g_assert_no_error(error);
}

static GPtrArray *
find(Db *db, ListFilter filter)
{
	g_autoptr(GError) error = NULL;
	if (filter.limit == 0)
		filter.limit = 100;
	GPtrArray *found = list_entries_find(db, &filter, &error);
	g_assert_no_error(error);
	return found;
}

static gint64
generation(Db *db)
{
	gint64 number = -1;
	g_assert_true(list_entries_generation(db, &number, NULL));
	return number;
}

static guint64
count(Db *db)
{
	guint64 number = 0;
	g_assert_true(list_entries_count(db, &number, NULL));
	return number;
}

static void
test_round_trip(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	ListEntry *written = entry_of(LIST_NOTE, LIST_ADDRESS, "00ff", "a.example");
	written->boxed = g_bytes_new("BOX", 3);
	written->form_id = 7;
	written->expires_at_us = 99;
	add(db, written);
	g_autoptr(GPtrArray) found = find(db, (ListFilter){0});
	g_assert_cmpuint(found->len, ==, 1);
	const ListEntry *entry = found->pdata[0];
	g_assert_cmpint(entry->id, ==, 1);
	g_assert_cmpint(entry->action, ==, LIST_NOTE);
	g_assert_cmpuint(entry->points, ==, 3);
	g_assert_cmpint(entry->type, ==, LIST_ADDRESS);
	g_assert_cmpstr(entry->value, ==, "00ff");
	g_assert_cmpmem(g_bytes_get_data(entry->boxed, NULL), (int)g_bytes_get_size(entry->boxed), "BOX", 3);
	g_assert_cmpstr(entry->site, ==, "a.example");
	g_assert_cmpuint(entry->form_id, ==, 7);
	g_assert_cmpstr(entry->reason, ==, "because");
	g_assert_cmpint(entry->created_at_us, ==, 11);
	g_assert_cmpint(entry->expires_at_us, ==, 99);
}

static void
test_replace(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	add(db, entry_of(LIST_BLOCK, LIST_NETWORK, "192.0.2.0/24", ""));
	add(db, entry_of(LIST_BLOCK, LIST_NETWORK, "192.0.2.0/24", "a.example"));
	add(db, entry_of(LIST_BLOCK, LIST_PHRASE, "192.0.2.0/24", ""));
	g_assert_cmpuint(count(db), ==, 3);
	add(db, entry_of(LIST_NOTE, LIST_NETWORK, "192.0.2.0/24", ""));
	g_assert_cmpuint(count(db), ==, 3);
	g_autoptr(GPtrArray) found = find(db, (ListFilter){.limit = 1});
	const ListEntry *entry = found->pdata[0];
	g_assert_cmpint(entry->id, ==, 1);
	g_assert_cmpint(entry->action, ==, LIST_NOTE);
	g_assert_cmpuint(entry->points, ==, 3);
}

static void
test_find(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	add(db, entry_of(LIST_BLOCK, LIST_DOMAIN, "a.test", ""));
	add(db, entry_of(LIST_HOLD, LIST_LINK, "a.test", "a.example"));
	add(db, entry_of(LIST_HOLD, LIST_DOMAIN, "b.test", "a.example"));
	add(db, entry_of(LIST_ALLOW, LIST_DOMAIN, "a.test", "b.example"));
	static const struct {
		ListFilter filter;
		const char *ids;
	} rows[] = {
	    {{0}, "1 2 3 4"},
	    {{.site = ""}, "1"},
	    {{.site = "a.example"}, "2 3"},
	    {{.type = LIST_DOMAIN}, "1 3 4"},
	    {{.action = LIST_HOLD}, "2 3"},
	    {{.value = "a.test"}, "1 2 4"},
	    {{.value = "a.test", .type = LIST_DOMAIN}, "1 4"},
	    {{.value = "a.test", .site = "b.example", .action = LIST_ALLOW}, "4"},
	    {{.value = "a.test", .site = "b.example", .action = LIST_BLOCK}, ""},
	    {{.value = "a.test", .after_id = 1, .limit = 1}, "2"},
	    {{.after_id = 2}, "3 4"},
	    {{.limit = 2}, "1 2"},
	    {{.after_id = 4}, ""},
	    {{.value = "A.test"}, ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) found = find(db, rows[i].filter);
		g_autoptr(GString) ids = g_string_new(NULL);
		for (guint k = 0; k < found->len; k++)
			g_string_append_printf(ids, "%s%d", k > 0 ? " " : "", (int)((ListEntry *)found->pdata[k])->id);
		g_assert_cmpstr(ids->str, ==, rows[i].ids);
	}
}

/* --- In pieces -------------------------------------------------------------------------------------------------------- */

typedef struct {
	guint calls, done, total, stop_at;
} Told;

static gboolean
tell(gpointer user_data, guint done, guint total)
{
	Told *told = user_data;
	told->calls++;
	told->done = done;
	told->total = total;
	return done < told->stop_at;
}

static void
test_batches(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (guint i = 0; i < 2 * LIMIT_LIST_BATCH + 1; i++) {
		g_autofree char *value = g_strdup_printf("word %u", i);
		g_ptr_array_add(entries, entry_of(LIST_BLOCK, LIST_PHRASE, value, ""));
	}
	Told told = {.stop_at = 2 * LIMIT_LIST_BATCH};
	g_assert_true(list_entries_add(db, entries, tell, &told, NULL));
	g_assert_cmpuint(told.calls, ==, 2);
	g_assert_cmpuint(told.total, ==, entries->len);
	g_assert_cmpuint(count(db), ==, 2 * LIMIT_LIST_BATCH);
	told = (Told){.stop_at = G_MAXUINT};
	g_assert_true(list_entries_add(db, entries, tell, &told, NULL));
	g_assert_cmpuint(told.calls, ==, 3);
	g_assert_cmpuint(told.done, ==, entries->len);
	g_assert_cmpuint(count(db), ==, entries->len);
	/* Of equal ones the last counts, wherever they stand. */
	g_ptr_array_add(entries, entry_of(LIST_HOLD, LIST_PHRASE, "word 700", ""));
	g_assert_true(list_entries_add(db, entries, NULL, NULL, NULL));
	g_assert_cmpuint(count(db), ==, entries->len - 1);
	g_autoptr(GPtrArray) held =
	    list_entries_find(db, &(ListFilter){.value = "word 700", .action = LIST_HOLD, .limit = 2}, NULL);
	g_assert_cmpuint(held->len, ==, 1);
	/* What is part of a text: all phrases and nothing of other types. */
	g_autoptr(GPtrArray) part =
	    list_entries_find(db, &(ListFilter){.within = "a word 12 here", .type = LIST_PHRASE, .limit = 9}, NULL);
	g_autoptr(GPtrArray) none =
	    list_entries_find(db, &(ListFilter){.within = "a word 12 here", .type = LIST_AGENT, .limit = 9}, NULL);
	g_assert_cmpuint(part->len, ==, 2); /* "word 1" and "word 12" */
	g_assert_cmpuint(none->len, ==, 0);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (gint64 id = 1; id <= LIMIT_LIST_BATCH + 2; id++)
		g_array_append_val(ids, id);
	const gint64 missing = 1000000;
	g_array_append_val(ids, missing);
	g_assert_cmpint(list_entries_remove(db, ids, NULL), ==, LIMIT_LIST_BATCH + 2);
	g_assert_cmpuint(count(db), ==, LIMIT_LIST_BATCH - 1);
}

static void
test_generation(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	const gint64 first = generation(db);
	add(db, entry_of(LIST_BLOCK, LIST_PHRASE, "abc", ""));
	const gint64 second = generation(db);
	g_assert_cmpint(second, >, first);
	gint64 id = 99;
	g_array_append_val(ids, id);
	g_assert_cmpint(list_entries_remove(db, ids, NULL), ==, 0);
	g_assert_cmpint(generation(db), ==, second);
	id = 1;
	g_array_append_val(ids, id);
	g_assert_cmpint(list_entries_remove(db, ids, NULL), ==, 1);
	g_assert_cmpint(generation(db), >, second);
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	const gint64 now_us = clock_now_us();
	static const char *const values[] = {"never", "later", "a while ago", "long ago", "longer ago"};
	const gint64 expires_us[] = {0, now_us + SECOND_US, now_us - SECOND_US, now_us - LIMIT_LIST_EXPIRED_US - SECOND_US, 1};
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		ListEntry *entry = entry_of(LIST_BLOCK, LIST_PHRASE, values[i], "");
		entry->expires_at_us = expires_us[i];
		add(db, entry);
	}
	const gint64 before = generation(db);
	g_assert_cmpint(list_entries_purge(db, 1, NULL), ==, 1);
	g_assert_cmpint(list_entries_purge(db, 10, NULL), ==, 1);
	g_assert_cmpint(list_entries_purge(db, 10, NULL), ==, 0);
	g_assert_cmpuint(count(db), ==, 3);
	g_assert_cmpint(generation(db), ==, before);
}

/* The front can write the file, too. */
static void
test_foreign_rows(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw,
	    "INSERT INTO list_entry VALUES (1, 4, -5, 6, printf('%%.*c', 100000, 'x'), NULL, '', 0, CAST(x'ff' AS TEXT), 0, 0)");
	raw_execute(raw, "INSERT INTO list_entry VALUES (2, 2, 4000000000, 6, '', NULL, '', 0, '', 0, 0)");
	sqlite3_close(raw);
	g_autoptr(GPtrArray) found = find(db, (ListFilter){0});
	g_assert_cmpuint(found->len, ==, 2);
	const ListEntry *first = found->pdata[0], *second = found->pdata[1];
	g_assert_cmpuint(strlen(first->value), <, 2000);
	g_assert_cmpuint(first->points, ==, 0);
	g_assert_true(g_utf8_validate(first->reason, -1, NULL));
	g_assert_cmpuint(second->points, ==, LIMIT_LIST_POINTS);
}

static void
test_names(Fixture *fixture, gconstpointer unused)
{
	(void)fixture;
	(void)unused;
	g_assert_cmpstr(list_action_name(LIST_ALLOW), ==, "allow");
	g_assert_cmpstr(list_action_name(LIST_BLOCK), ==, "block");
	g_assert_cmpstr(list_type_name(LIST_NETWORK), ==, "network");
	g_assert_cmpstr(list_type_name(LIST_AGENT), ==, "agent");
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"round_trip", test_round_trip},
	    {"replace", test_replace},
	    {"find", test_find},
	    {"batches", test_batches},
	    {"generation", test_generation},
	    {"purge", test_purge},
	    {"foreign_rows", test_foreign_rows},
	    {"names", test_names},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("list_entries", tests, G_N_ELEMENTS(tests));
}
