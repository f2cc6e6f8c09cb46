/* The resolver without a server: its settings and its deadline. tests/flow/21-dns asks a real one. */
#include "sekisho/base/error.h"
#include "sekisho/policy/dns.h"

static void
test_servers(void)
{
	static const char *const bad[] = {"localhost", "192.0.2.1,x", "192.0.2.300", "192.0.2.1:x"};
	static const char *const good[] = {NULL, "", "192.0.2.1", "192.0.2.1:5353,[2001:db8::1]:53,2001:db8::2"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Dns) dns = dns_new(bad[i], 1000, &error);
		g_test_message("%s", bad[i]);
		g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
		g_assert_null(dns);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Dns) dns = dns_new(good[i], 1000, &error);
		g_assert_no_error(error);
		g_assert_nonnull(dns);
	}
}

static void
test_after_the_deadline_nothing_is_asked(void)
{
	const DnsQuestion questions[] = {{"x.jp", DNS_A}, {"", DNS_TXT}};
	g_autoptr(Dns) dns = dns_new("127.0.0.1:1", 0, NULL);
	g_autoptr(GPtrArray) answers = dns_ask_all(dns, questions, G_N_ELEMENTS(questions));

	for (guint i = 0; i < answers->len; i++) {
		const DnsAnswer *answer = g_ptr_array_index(answers, i);
		g_assert_cmpint(answer->outcome, ==, DNS_UNKNOWN);
		g_assert_cmpstr(answer->reason, ==, "timeout");
	}
	g_autoptr(GPtrArray) none = dns_ask_all(dns, questions, 0);
	g_assert_cmpuint(none->len, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dns/servers", test_servers);
	g_test_add_func("/dns/deadline", test_after_the_deadline_nothing_is_asked);
	return g_test_run();
}
