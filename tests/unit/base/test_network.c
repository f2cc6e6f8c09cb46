/* Addresses have one spelling and one network. */
#include "sekisho/base/network.h"

static void
test_normalise_and_network(void)
{
	static const struct {
		const char *text, *normal, *network;
	} rows[] = {
	    {"192.0.2.7", "192.0.2.7", "192.0.2.0/24"},
	    {"255.255.255.255", "255.255.255.255", "255.255.255.0/24"},
	    {"0.0.0.0", "0.0.0.0", "0.0.0.0/24"},
	    {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "2001:db8::/64"},
	    {"2001:0db8:0000:0001:0002:0003:0004:0005", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"},
	    {"::1", "::1", "::/64"},
	    {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"},
	    {"::FFFF:c000:0207", "192.0.2.7", "192.0.2.0/24"},
	    {"fe80::1", "fe80::1", "fe80::/64"},
	    /* NAT64's prefix is no mapped address. */
	    {"64:ff9b::192.0.2.7", "64:ff9b::c000:207", "64:ff9b::/64"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *normal = network_normalise(rows[i].text), *network = network_of(rows[i].text);
		g_assert_cmpstr(normal, ==, rows[i].normal);
		g_assert_cmpstr(network, ==, rows[i].network);
		g_autofree char *again = network_normalise(normal);
		g_assert_cmpstr(again, ==, normal);
	}
}

static void
test_no_address(void)
{
	static const char *const texts[] = {"", " ", "unix:", "localhost", "192.0.2", "127.1", "1.2.3.4.5", "256.1.1.1",
	    "192.0.2.7:80", "192.0.2.7 ", " 192.0.2.7", "192.0.2.07", "0x7f.1.1.1", "[::1]", "::1%lo", "fe80::1%1",
	    "1:2:3:4:5:6:7:8:9", ":::", "192.0.2.0/24", "日本"};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_assert_null(network_normalise(texts[i]));
		g_assert_null(network_of(texts[i]));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/network/one spelling, one network", test_normalise_and_network);
	g_test_add_func("/base/network/what is no address", test_no_address);
	return g_test_run();
}
