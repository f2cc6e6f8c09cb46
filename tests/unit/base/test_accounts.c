#include "sekisho/base/accounts.h"

#include <glib.h>

/* root and daemon stand on every machine. */
static void
test_found(void)
{
	uid_t user = 7;
	gid_t own_group = 7, group = 7;

	g_assert_true(accounts_find_user("root", &user, &own_group));
	g_assert_cmpuint(user, ==, 0);
	g_assert_cmpuint(own_group, ==, 0);
	g_assert_true(accounts_find_group("root", &group));
	g_assert_cmpuint(group, ==, 0);
	g_assert_true(accounts_find_user("daemon", &user, NULL));
	g_assert_cmpuint(user, !=, 0);
	g_autofree char *name = accounts_user_name(user), *number = accounts_user_name(4000000001u);
	g_assert_cmpstr(name, ==, "daemon");
	g_assert_cmpstr(number, ==, "4000000001");
}

static void
test_missing(void)
{
	uid_t user = 7;
	gid_t group = 7;

	g_assert_false(accounts_find_user("no such user", &user, &group));
	g_assert_false(accounts_find_group("no such group", &group));
	g_assert_false(accounts_find_user("", NULL, NULL));
	g_assert_cmpuint(user, ==, 7);
	g_assert_cmpuint(group, ==, 7);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/accounts/users and groups are found by name", test_found);
	g_test_add_func("/accounts/what is not there leaves the results alone", test_missing);
	return g_test_run();
}
