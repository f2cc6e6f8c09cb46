/*
 * The domain that a site's address says is its own.
 */
#include <glib.h>

#include "sekisho/policy/own_domain.h"

static void
test_of_url(void)
{
	static const struct {
		const char *url, *domain;
	} cases[] = {{"https://example.jp", "example.jp"}, {"https://www.example.jp/", "example.jp"},
	    {"http://WWW.Example.JP:8080/blog", "example.jp"}, {"https://shop.example.co.jp", "shop.example.co.jp"},
	    {"https://example.test", "example.test"}, {"https://日本語.jp", "xn--wgv71a119e.jp"},
	    {"https://www.www.example.jp", "www.example.jp"}, {"https://user.github.io", "user.github.io"},
	    /* Not one's own. */
	    {"https://example.jp/~taro", NULL}, {"https://example.jp/~taro/shop", NULL}, {"https://www.co.jp", NULL},
	    {"https://co.jp", NULL}, {"https://www.github.io", NULL}, {"http://localhost", NULL}, {"http://192.0.2.1", NULL},
	    {"http://[2001:db8::1]/", NULL}, {"not an address", NULL}, {"", NULL}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *domain = own_domain_of_url(cases[i].url);
		g_test_message("%s", cases[i].url);
		g_assert_cmpstr(domain, ==, cases[i].domain);
	}
}

static void
test_shared(void)
{
	static const char *const shared[] = {"jp", "co.jp", "CO.JP", "tokyo.jp", "docomo.ne.jp", "i.softbank.jp", "github.io",
	    "localhost", "192.0.2.1", "", "a..b"};
	static const char *const own[] = {"example.jp", "example.co.jp", "Example.JP", "日本語.jp"};

	for (gsize i = 0; i < G_N_ELEMENTS(shared); i++) {
		g_test_message("%s", shared[i]);
		g_assert_true(own_domain_is_shared(shared[i]));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
		g_assert_false(own_domain_is_shared(own[i]));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/own_domain/of a site's address", test_of_url);
	g_test_add_func("/own_domain/what strangers share is nobody's own", test_shared);
	return g_test_run();
}
