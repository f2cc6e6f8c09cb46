/* Countries of visitors, by a database made here. */
#include <glib/gstdio.h>

#include "country_maker.h"
#include "list_rows.h"
#include "sekisho/base/error.h"

static const CountryRow countries[] = {
    {"000000000000000000000000c0000200", 120, "JP", FALSE}, /* 192.0.2.0/24 */
    {"000000000000000000000000c6336400", 120, "us", TRUE},  /* 198.51.100.0/24 */
    {"20010db8000000000000000000000000", 32, "DE", TRUE}, {"20010db9000000000000000000000000", 32, "EUR", TRUE}, /* no country */
};

static char *
made_file(void)
{
	g_autoptr(GError) error = NULL;
	char *path = NULL;
	g_close(g_file_open_tmp("sekisho-country-XXXXXX", &path, &error), NULL);
	g_assert_no_error(error);
	country_maker_write(path, countries, G_N_ELEMENTS(countries));
	return path;
}

static void
test_countries(void)
{
	static const char *const entries[] = {"1|block|country|JP", "2|allow|country|US|a.example", "3|note|country|DE", NULL};
	static const struct {
		const char *ip, *found;
	} rows[] = {
	    {"192.0.2.9", "1"},
	    {"198.51.100.255", "2"},
	    {"2001:db8::1", "3"},
	    {"2001:db9::1", ""},
	    {"203.0.113.1", ""},
	    {"", ""},
	    {"junk", ""},
	};
	g_autofree char *path = made_file();
	g_autoptr(Lists) lists = rows_lists(entries, path);
	g_assert_cmpint(g_remove(path), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ListsQuestion question = rows_question();
		question.ip = rows[i].ip;
		g_autofree char *found = rows_found(lists, &question);
		g_assert_cmpstr(found, ==, rows[i].found);
	}
}

/* A network is more specific than a country, however large it is. */
static void
test_networks_and_countries(void)
{
	static const struct {
		const char *entries[3], *found;
	} rows[] = {
	    {{"1|block|country|JP", "2|allow|network|192.0.2.0/25"}, "2 1-"},
	    {{"1|allow|country|JP", "2|block|network|192.0.2.0/25"}, "2 1-"},
	    {{"1|block|country|JP|a.example|7", "2|allow|network|192.0.0.0/8"}, "2 1-"},
	    {{"1|block|country|JP", "2|allow|network|192.0.2.128/25"}, "1"},
	    {{"1|block|country|JP", "2|allow|network|192.0.2.0/25|b.example"}, "1"},
	};
	g_autofree char *path = made_file();
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Lists) lists = rows_lists(rows[i].entries, path);
		ListsQuestion question = rows_question();
		question.ip = "192.0.2.9";
		g_autofree char *found = rows_found(lists, &question);
		g_assert_cmpstr(found, ==, rows[i].found);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void
test_damaged(void)
{
	g_autofree char *path = made_file();
	g_autoptr(GError) error = NULL;
	g_assert_true(g_file_set_contents(path, "no database", -1, NULL));
	g_assert_null(lists_builder_end(lists_builder_new(), path, &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE);
	g_assert_nonnull(strstr(error->message, path));
	g_assert_cmpint(g_remove(path), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lists_country/countries", test_countries);
	g_test_add_func("/lists_country/networks_and_countries", test_networks_and_countries);
	g_test_add_func("/lists_country/damaged", test_damaged);
	return g_test_run();
}
