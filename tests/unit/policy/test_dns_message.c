/* Answers of DNS servers as bytes: whose records they are, and damage at every byte. */
#include <string.h>

#include "policy/dns_message.h"

/* A question about x.jp of type TXT and its answer: x.jp is an alias of y.jp, which has a text of two strings; a text of z.jp stands there, too. */
static const guint8 answer[] = {0x12, 0x34, 0x85, 0x80, 0, 1, 0, 3, 0, 0, 0, 0, /* */
    1, 'x', 2, 'j', 'p', 0, 0, 16, 0, 1,                                        /* 12 */
    0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'y', 0xc0, 14,                  /* 22 */
    1, 'z', 0xc0, 14, 0, 16, 0, 1, 0, 0, 0, 60, 0, 3, 2, 'n', 'o',              /* 38 */
    0xc0, 34, 0, 16, 0, 1, 0, 0, 0, 60, 0, 6, 2, 'a', 0, 2, 'c', 'd'};

static void
test_aliases_and_owners(void)
{
	g_autoptr(DnsMessage) message = dns_message_read(answer, sizeof answer, DNS_TXT);

	g_assert_nonnull(message);
	g_assert_cmpuint(message->rcode, ==, 0);
	g_assert_cmpuint(message->aliases, ==, 1);
	g_assert_cmpstr(message->name, ==, "y.jp");
	g_assert_cmpuint(message->records->len, ==, 1);
	const DnsRecord *record = g_ptr_array_index(message->records, 0);
	g_assert_cmpstr(record->text, ==, "a\1cd");
	g_autoptr(DnsMessage) alias = dns_message_read(answer, sizeof answer, DNS_CNAME);
	g_assert_cmpstr(alias->name, ==, "x.jp");
	record = g_ptr_array_index(alias->records, 0);
	g_assert_cmpstr(record->text, ==, "y.jp");
}

/* Each prefix, each byte with each of some values: never a crash, and prefixes are no answer. */
static void
test_damage(void)
{
	static const guint8 values[] = {0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};

	for (gsize size = 0; size < sizeof answer; size++) {
		g_autofree guint8 *bytes = g_memdup2(answer, size);
		g_assert_null(dns_message_read(bytes, size, DNS_TXT));
	}
	for (gsize at = 0; at < sizeof answer; at++) {
		for (gsize i = 0; i < sizeof values; i++) {
			g_autofree guint8 *bytes = g_memdup2(answer, sizeof answer);
			bytes[at] = values[i];
			for (DnsType type = DNS_A; type <= DNS_CNAME; type++) {
				g_autoptr(DnsMessage) message = dns_message_read(bytes, sizeof answer, type);
				g_assert_true(message == NULL || message->name != NULL);
			}
		}
	}
}

static void
test_referrals(void)
{
	/* No answer, one NS or SOA in the authority section. */
	guint8 bytes[] = {0x12, 0x34, 0x81, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 'x', 2, 'j', 'p', 0, 0, 1, 0, 1, /* */
	    0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'n', 0xc0, 12};
	g_autoptr(DnsMessage) referral = dns_message_read(bytes, sizeof bytes, DNS_A);
	g_assert_true(referral->is_referral);
	bytes[2] |= 4; /* authoritative */
	g_autoptr(DnsMessage) authoritative = dns_message_read(bytes, sizeof bytes, DNS_A);
	g_assert_false(authoritative->is_referral);
	bytes[2] = 0x81;
	bytes[25] = 6; /* SOA */
	g_autoptr(DnsMessage) nothing = dns_message_read(bytes, sizeof bytes, DNS_A);
	g_assert_false(nothing->is_referral);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dns_message/owners", test_aliases_and_owners);
	g_test_add_func("/dns_message/damage", test_damage);
	g_test_add_func("/dns_message/referrals", test_referrals);
	return g_test_run();
}
