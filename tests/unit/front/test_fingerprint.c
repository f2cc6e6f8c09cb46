/* One browser keeps its fingerprint for a month and a little longer, others have other ones, and one that a list names stays. */
#include "fingerprint.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/salts.h"

#define FINGERPRINT_BYTES (8u + 1u + 32u)

typedef struct {
	char *directory;
	Vault *vault;
	Fingerprints *fingerprints;
} House;

static House
house_open(void)
{
	g_autoptr(GError) error = NULL;
	House house = {.directory = g_dir_make_tmp("sekisho-fingerprint-XXXXXX", NULL)};
	g_autofree char *keys = g_build_filename(house.directory, "keys", NULL);
	g_assert_true(vault_create(keys, &error));
	house.vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	db_free(db_open(house.directory, DB_CREATE, &error));
	g_assert_no_error(error);
	house.fingerprints = fingerprints_new(house.directory, &error);
	g_assert_no_error(error);
	return house;
}

static void
remove_all(const char *path)
{
	g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		remove_all(inner);
	}
	g_remove(path);
}

static void
house_close(House *house)
{
	fingerprints_free(house->fingerprints);
	vault_free(house->vault);
	remove_all(house->directory);
	g_free(house->directory);
	clock_set_offset_us(0);
}

static Request
browser(void)
{
	Request request = {0};
	for (guint i = 0; i < PARAM_COUNT; i++)
		request.params[i] = "";
	request.params[PARAM_USER_AGENT] = "Mozilla/5.0";
	request.params[PARAM_ACCEPT_LANGUAGE] = "ja";
	request.params[PARAM_REMOTE_ADDR] = "192.0.2.7";
	return request;
}

/* Under each salt, newest first. */
static char **
fingerprints_at(House *house, const Request *request, gint64 day)
{
	g_autoptr(GError) error = NULL;
	clock_set_offset_us(day * G_TIME_SPAN_DAY);
	g_assert_true(fingerprints_refresh(house->fingerprints, &error));
	g_assert_no_error(error);
	g_autofree char *all = fingerprints_of(house->fingerprints, house->vault, request);
	return g_strsplit(all, " ", -1);
}

static void
test_parts(void)
{
	static const RequestParam parts[] = {PARAM_USER_AGENT, PARAM_ACCEPT_LANGUAGE, PARAM_ACCEPT_ENCODING, PARAM_HINT_BRANDS,
	    PARAM_HINT_MOBILE, PARAM_HINT_PLATFORM, PARAM_TLS_FINGERPRINT};
	House house = house_open();
	Request request = browser();
	g_autofree char *one = fingerprints_of(house.fingerprints, house.vault, &request);
	g_assert_cmpuint(strlen(one), ==, FINGERPRINT_BYTES);
	/* Another address is the same browser; another part is another one. */
	request.params[PARAM_REMOTE_ADDR] = "198.51.100.200";
	g_autofree char *moved = fingerprints_of(house.fingerprints, house.vault, &request);
	g_assert_cmpstr(moved, ==, one);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		Request other = browser();
		other.params[parts[i]] = "x";
		g_autofree char *another = fingerprints_of(house.fingerprints, house.vault, &other);
		g_assert_cmpstr(another, !=, one);
	}
	/* Parts do not run into one another. */
	request.params[PARAM_USER_AGENT] = "Mozilla/5.0j";
	request.params[PARAM_ACCEPT_LANGUAGE] = "a";
	g_autofree char *shifted = fingerprints_of(house.fingerprints, house.vault, &request);
	g_assert_cmpstr(shifted, !=, one);
	request.params[PARAM_USER_AGENT] = request.params[PARAM_ACCEPT_LANGUAGE] = "";
	g_autofree char *none = fingerprints_of(house.fingerprints, house.vault, &request);
	g_assert_cmpstr(none, ==, "");
	house_close(&house);
}

static void
test_rotation(void)
{
	House house = house_open();
	Request request = browser();
	g_auto(GStrv) first = fingerprints_at(&house, &request, 0);
	g_auto(GStrv) late = fingerprints_at(&house, &request, 29);
	g_auto(GStrv) overlap = fingerprints_at(&house, &request, 31);
	g_auto(GStrv) end = fingerprints_at(&house, &request, 37);
	g_auto(GStrv) after = fingerprints_at(&house, &request, 39);
	g_assert_cmpuint(g_strv_length(first), ==, 1);
	g_assert_true(g_strv_equal((const char *const *)first, (const char *const *)late));
	g_assert_cmpuint(g_strv_length(overlap), ==, 2);
	g_assert_cmpstr(overlap[1], ==, first[0]);
	g_assert_true(g_strv_equal((const char *const *)end, (const char *const *)overlap));
	g_assert_cmpuint(g_strv_length(after), ==, 1);
	g_assert_cmpstr(after[0], ==, overlap[0]);
	house_close(&house);
}

static void
add_to_list(const House *house, const char *fingerprint)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = db_open(house->directory, DB_EXISTING, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_autoptr(ListEntry) entry = list_entry_new();
	entry->action = LIST_BLOCK;
	entry->type = LIST_FINGERPRINT;
	g_free(entry->value);
	entry->value = g_strdup(fingerprint);
	entry->created_at_us = clock_now_us();
	g_ptr_array_add(entries, entry);
	g_assert_true(list_entries_add(db, entries, NULL, NULL, &error));
}

static void
test_kept_by_a_list(void)
{
	House house = house_open();
	Request request = browser();
	g_auto(GStrv) first = fingerprints_at(&house, &request, 0);
	add_to_list(&house, first[0]);
	g_auto(GStrv) later = fingerprints_at(&house, &request, 100);
	g_assert_cmpuint(g_strv_length(later), ==, 2);
	g_assert_cmpstr(later[1], ==, first[0]);
	house_close(&house);
}

/* A clock that jumps ahead, and one that says 1970: when it is right again the old one is used, and not made anew each time. */
static void
test_wrong_clock(void)
{
	static const gint64 wrong[] = {400, -18000};
	House house = house_open();
	Request request = browser();
	g_auto(GStrv) first = fingerprints_at(&house, &request, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_auto(GStrv) odd = fingerprints_at(&house, &request, wrong[i]);
		g_auto(GStrv) again = fingerprints_at(&house, &request, wrong[i]);
		g_assert_true(g_strv_equal((const char *const *)odd, (const char *const *)again));
		g_assert_cmpstr(odd[0], !=, first[0]);
		g_assert_true(g_strv_contains((const char *const *)odd, first[0]));
		g_auto(GStrv) right = fingerprints_at(&house, &request, 1 + (gint64)i);
		g_assert_cmpstr(right[0], ==, first[0]);
	}
	house_close(&house);
}

/* Two fronts have the same salts: a restart changes nothing. */
static void
test_restart(void)
{
	g_autoptr(GError) error = NULL;
	House house = house_open();
	Request request = browser();
	g_auto(GStrv) before = fingerprints_at(&house, &request, 0);
	fingerprints_free(house.fingerprints);
	house.fingerprints = fingerprints_new(house.directory, &error);
	g_assert_no_error(error);
	g_autofree char *after = fingerprints_of(house.fingerprints, house.vault, &request);
	g_assert_cmpstr(after, ==, before[0]);
	house_close(&house);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/fingerprint/parts", test_parts);
	g_test_add_func("/front/fingerprint/rotation", test_rotation);
	g_test_add_func("/front/fingerprint/kept_by_a_list", test_kept_by_a_list);
	g_test_add_func("/front/fingerprint/wrong_clock", test_wrong_clock);
	g_test_add_func("/front/fingerprint/restart", test_restart);
	return g_test_run();
}
