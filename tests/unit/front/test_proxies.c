/* Whose word counts for the client's address, and when all of them look like one. */
#include "proxies.h"

#include "sekisho/base/limits.h"

static const char *const trusted[] = {"10.0.0.0/8", "192.0.2.1/32", "2001:db8:1::/48", NULL};
static const char *const nobody[] = {NULL};

static void
test_client(void)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} rows[] = {
	    /* Without a proxy, or without its word. */
	    {"198.51.100.7", "", "198.51.100.7"},
	    {"10.0.0.1", "", "10.0.0.1"},
	    /* A stranger's header is nobody's word. */
	    {"198.51.100.7", "203.0.113.9", "198.51.100.7"},
	    {"192.0.2.2", "203.0.113.9", "192.0.2.2"},
	    /* A trusted one's last entry; what stands before it is the client's own. */
	    {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
	    {"10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
	    {"10.0.0.1", "10.0.0.2, 203.0.113.9,  192.0.2.1 ", "203.0.113.9"},
	    {"10.0.0.1", "nonsense, 203.0.113.9, 10.9.9.9", "203.0.113.9"},
	    {"2001:db8:1::5", "2001:DB8:2:0::7", "2001:db8:2::7"},
	    {"::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"},
	    /* Some proxies add ports, and brackets where an address has colons itself. */
	    {"10.0.0.1", "203.0.113.9:4711", "203.0.113.9"},
	    {"10.0.0.1", "1.1.1.1:1, 203.0.113.9:65535, 10.9.9.9:4711", "203.0.113.9"},
	    {"10.0.0.1", "[2001:DB8::1]", "2001:db8::1"},
	    {"10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"},
	    {"10.0.0.1", "2001:db8::1:443", "2001:db8::1:443"},
	    {"10.0.0.1", "[::ffff:203.0.113.9]:443", "203.0.113.9"},
	    /* All are ours: somebody inside. */
	    {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
	    /* What is no address says nothing. */
	    {"10.0.0.1", "unknown", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9, ", "10.0.0.1"},
	    {"10.0.0.1", ",", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9:", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9:http", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9:123456", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9:4711:4712", "10.0.0.1"},
	    {"10.0.0.1", "[2001:db8::1", "10.0.0.1"},
	    {"10.0.0.1", "2001:db8::1]", "10.0.0.1"},
	    {"10.0.0.1", "[2001:db8::1]4711", "10.0.0.1"},
	    {"10.0.0.1", "[2001:db8::1]:", "10.0.0.1"},
	    {"10.0.0.1", "[203.0.113.9]:4711", "10.0.0.1"},
	    {"10.0.0.1", "[", "10.0.0.1"},
	    {"10.0.0.1", ":443", "10.0.0.1"},
	    {"10.0.0.1", "_hidden", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9\r\nX: 1", "10.0.0.1"},
	    {"10.0.0.1", "203.0.113.9 10.0.0.2", "10.0.0.1"},
	    {"unix:", "203.0.113.9", ""},
	    {"", "203.0.113.9", ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *client = proxies_client(trusted, rows[i].peer, rows[i].forwarded);
		g_assert_cmpstr(client, ==, rows[i].client);
	}
	g_autofree char *untrusted = proxies_client(nobody, "10.0.0.1", "203.0.113.9");
	g_assert_cmpstr(untrusted, ==, "10.0.0.1");
}

/* So many stations are looked at; what a stranger wrote before the one that a proxy of ours saw changes nothing, however much it is. */
static void
test_too_many(void)
{
	g_autoptr(GString) header = g_string_new("203.0.113.9");
	for (guint i = 1; i < LIMIT_PROXIES; i++)
		g_string_append(header, ", 10.0.0.2");
	g_autofree char *most = proxies_client(trusted, "10.0.0.1", header->str);
	g_assert_cmpstr(most, ==, "203.0.113.9");
	g_string_append(header, ", 10.0.0.2");
	g_autofree char *more = proxies_client(trusted, "10.0.0.1", header->str);
	g_assert_cmpstr(more, ==, "10.0.0.1");
	g_string_append(header, ", 198.51.100.9");
	g_autofree char *hidden = proxies_client(trusted, "10.0.0.1", header->str);
	g_assert_cmpstr(hidden, ==, "198.51.100.9");
	g_string_append(header, ",10.0.0.3");
	g_autofree char *behind = proxies_client(trusted, "10.0.0.1", header->str);
	g_assert_cmpstr(behind, ==, "198.51.100.9");
}

static guint
count_told(const char *const *addresses, guint rounds)
{
	OneAddress one;
	guint told = 0;
	one_address_init(&one);
	for (guint i = 0; i < rounds; i++)
		told += one_address_note(&one, addresses[i % g_strv_length((char **)addresses)]) ? i + 1 : 0;
	one_address_clear(&one);
	return told;
}

static void
test_one_address(void)
{
	static const char *const one[] = {"10.0.0.1", NULL};
	static const char *const two[] = {"10.0.0.1", "10.0.0.2", NULL};
	/* Once, and at that very one. */
	g_assert_cmpuint(count_told(one, LIMIT_ONE_ADDRESS - 1), ==, 0);
	g_assert_cmpuint(count_told(one, 3 * LIMIT_ONE_ADDRESS), ==, LIMIT_ONE_ADDRESS);
	g_assert_cmpuint(count_told(two, 3 * LIMIT_ONE_ADDRESS), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/proxies/client", test_client);
	g_test_add_func("/front/proxies/too_many", test_too_many);
	g_test_add_func("/front/proxies/one_address", test_one_address);
	return g_test_run();
}
