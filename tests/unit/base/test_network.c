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
test_cut(void)
{
	static const struct {
		const char *address;
		guint bits_ipv4, bits_ipv6;
		const char *network;
	} rows[] = {
	    {"192.0.2.7", 32, 64, "192.0.2.7"},
	    {"192.0.2.7", 24, 56, "192.0.2.0/24"},
	    {"192.0.2.255", 25, 56, "192.0.2.128/25"},
	    {"192.0.2.255", 31, 1, "192.0.2.254/31"},
	    {"192.0.2.7", 1, 1, "128.0.0.0/1"},
	    {"192.0.2.7", 0, 48, NULL},
	    {"::ffff:192.0.2.7", 24, 48, "192.0.2.0/24"},
	    {"2001:db8:1:2ff:3::4", 32, 64, "2001:db8:1:2ff::/64"},
	    {"2001:db8:1:2ff:3::4", 24, 56, "2001:db8:1:200::/56"},
	    {"2001:db8:1:2ff:3::4", 0, 48, "2001:db8:1::/48"},
	    {"2001:db8:1:2ff:3::4", 24, 128, "2001:db8:1:2ff:3::4"},
	    {"2001:db8:1:2ff:3::5", 24, 127, "2001:db8:1:2ff:3::4/127"},
	    {"2001:db8:1:2ff:3::4", 24, 0, NULL},
	    {"", 32, 64, NULL},
	    {"localhost", 32, 64, NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *network = network_cut(rows[i].address, rows[i].bits_ipv4, rows[i].bits_ipv6);
		g_assert_cmpstr(network, ==, rows[i].network);
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

static void
test_networks(void)
{
	static const struct {
		const char *text, *normal;
	} rows[] = {
	    {"192.0.2.0/24", "192.0.2.0/24"},
	    {"192.0.2.7", "192.0.2.7/32"},
	    {"::FFFF:192.0.2.7", "192.0.2.7/32"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"192.0.2.128/25", "192.0.2.128/25"},
	    {"2001:DB8::/32", "2001:db8::/32"},
	    {"2001:db8::1", "2001:db8::1/128"},
	    {"::/0", "::/0"},
	    {"192.0.2.128/24", NULL},
	    {"2001:db8::1/64", NULL},
	    {"192.0.2.0/33", NULL},
	    {"2001:db8::/129", NULL},
	    {"192.0.2.0/", NULL},
	    {"192.0.2.0/+8", NULL},
	    {"192.0.2.0/24 ", NULL},
	    {"192.0.2.0/24/1", NULL},
	    {"::ffff:192.0.2.0/120", NULL},
	    {"", NULL},
	    {"/8", NULL},
	    {"10/8", NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *normal = network_read(rows[i].text);
		g_assert_cmpstr(normal, ==, rows[i].normal);
	}
}

static void
test_contains(void)
{
	static const struct {
		const char *network, *address;
		gboolean is_in;
	} rows[] = {
	    {"192.0.2.0/24", "192.0.2.255", TRUE},
	    {"192.0.2.0/24", "::ffff:192.0.2.1", TRUE},
	    {"192.0.2.0/24", "192.0.3.0", FALSE},
	    {"192.0.2.128/25", "192.0.2.127", FALSE},
	    {"192.0.2.128/25", "192.0.2.128", TRUE},
	    {"192.0.2.7/32", "192.0.2.7", TRUE},
	    {"192.0.2.7/32", "192.0.2.6", FALSE},
	    {"0.0.0.0/0", "203.0.113.9", TRUE},
	    {"0.0.0.0/0", "2001:db8::1", FALSE},
	    {"2001:db8::/33", "2001:db8:7fff::1", TRUE},
	    {"2001:db8::/33", "2001:db8:8000::1", FALSE},
	    {"2001:db8::/32", "192.0.2.1", FALSE},
	    {"192.0.2.0/24", "unix:", FALSE},
	    {"192.0.2.0/24", "", FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s in %s", rows[i].address, rows[i].network);
		g_assert_true(network_contains(rows[i].network, rows[i].address) == rows[i].is_in);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/network/one spelling, one network", test_normalise_and_network);
	g_test_add_func("/base/network/networks of other sizes", test_cut);
	g_test_add_func("/base/network/what is no address", test_no_address);
	g_test_add_func("/base/network/one spelling of networks", test_networks);
	g_test_add_func("/base/network/which addresses lie in one", test_contains);
	return g_test_run();
}
