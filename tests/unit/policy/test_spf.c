/*
 * SPF: what a record may look like, what its macros stand for, and what an evaluation concludes; the DNS is a table. Examples of RFC 7208 are named.
 */
#include <string.h>

#include "policy/dns_message.h"
#include "policy/spf.h"
#include "policy/spf_record.h"
#include "sekisho/base/limits.h"

#define SENDER "strong-bad@email.example.com"

static void
test_syntax(void)
{
	static const char *const good[] = {"v=spf1", "V=SPF1 -ALL", "v=spf1  a  mx ",
	    "v=spf1 a/24 mx//64 a:x.jp/24//64 mx:x.jp/0",
	    "v=spf1 ip4:192.0.2.1 ip4:192.0.2.129/25 ip6:2001:DB8::/32 ip6:::1/128 ?all",
	    "v=spf1 include:_spf.x.jp exists:%{i}.x.jp ptr ptr:x.jp",
	    "v=spf1 redirect=_spf.x.jp exp=%{d}.x.jp other-1._=%{c}%{r}%{t}%%%_%-", "v=spf1 a:x.jp. a:%{d2r.-+,/_=}",
	    "v=spf1 a:a/b.x.jp x=", "v=spf1 -all more.of=this a"};
	static const char *const bad[] = {"v=spf1 al", "v=spf1 all:x.jp", "v=spf1 all/24", "v=spf1 include",
	    "v=spf1 include:", "v=spf1 include:jp", "v=spf1 include:x.123", "v=spf1 include:x.-jp", "v=spf1 exists",
	    "v=spf1 a:", "v=spf1 a:/24", "v=spf1 a/33", "v=spf1 a//129", "v=spf1 a/024", "v=spf1 a:x.jp/24/64", "v=spf1 ip4",
	    "v=spf1 ip4:1.2.3", "v=spf1 ip4:1.2.3.4/33", "v=spf1 ip4:::1", "v=spf1 ip6:1.2.3.4", "v=spf1 ip6:fe80::1%eth0",
	    "v=spf1 ip6:::/129", "v=spf1 ip4:1.2.3.4/", "v=spf1 ipv4:1.2.3.4", "v=spf1 a:%{x}.jp", "v=spf1 a:%{c}",
	    "v=spf1 a:%{d0}", "v=spf1 a:%{d", "v=spf1 a:%d.jp", "v=spf1 redirect=x.jp redirect=x.jp", "v=spf1 exp=x.jp EXP=x.jp",
	    "v=spf1 redirect=", "v=spf1 redirect=jp", "v=spf1 1=2", "v=spf1 x=%{z}", "v=spf1 =x", "v=spf1 ++all", "v=spf1 +",
	    "v=spf1 a\tmx", "v=spf1 a\r\n", "v=spf1 a:\xe3\x81\x82.jp", "v=spf1 \1"};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SpfRecord) record = spf_record_parse(good[i], &error);
		g_assert_true(spf_record_is(good[i]));
		g_assert_no_error(error);
		g_assert_nonnull(record);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SpfRecord) record = spf_record_parse(bad[i], &error);
		if (record != NULL)
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(error);
	}
	g_assert_false(spf_record_is("v=spf10 a"));
	g_assert_false(spf_record_is("v=spf"));
	g_assert_false(spf_record_is("spf2.0/pra a"));
}

/* RFC 7208 section 7.4. */
static void
test_macros(void)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {{"%{s}", SENDER}, {"%{o}", "email.example.com"}, {"%{d}", "email.example.com"},
	    {"%{d4}", "email.example.com"}, {"%{d2}", "example.com"}, {"%{d1}", "com"}, {"%{dr}", "com.example.email"},
	    {"%{d2r}", "example.email"}, {"%{l}", "strong-bad"}, {"%{l-}", "strong.bad"}, {"%{lr}", "strong-bad"},
	    {"%{lr-}", "bad.strong"}, {"%{l1r-}", "strong"}, {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
	    {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
	    {"%{d2}.trusted-domains.example.net.", "example.com.trusted-domains.example.net"}, {"%%%_%-", "% %20"},
	    {"%{S}", "strong-bad%40email.example.com"}, {"%{h}.x.jp", NULL}, {"%{p}", NULL}};
	g_autoptr(GInetAddress) four = g_inet_address_new_from_string("192.0.2.3"),
				six = g_inet_address_new_from_string("2001:db8::cb01");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const SpfMacros macros = {SENDER, "email.example.com", four};
		g_autofree char *text = spf_record_expand(cases[i].text, &macros);
		g_assert_cmpstr(text, ==, cases[i].expected);
	}
	const SpfMacros macros = {"@email.example.com", "email.example.com", six};
	g_autofree char *text = spf_record_expand("%{ir}.%{v}.%{l}.jp", &macros);
	g_assert_cmpstr(text, ==, "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.postmaster.jp");
}

static void
test_long_names_lose_their_left(void)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string("192.0.2.3");
	const SpfMacros macros = {SENDER, "email.example.com", address};
	g_autoptr(GString) spec = g_string_new(NULL);

	for (guint i = 0; i < 40; i++)
		g_string_append(spec, "%{d}.");
	g_string_append(spec, "jp");
	g_autofree char *text = spf_record_expand(spec->str, &macros);
	g_assert_cmpuint(strlen(text), <=, LIMIT_DOMAIN_BYTES);
	g_assert_true(g_str_has_suffix(text, ".email.example.com.jp"));
	g_assert_true(g_str_has_prefix(text, "email.") || g_str_has_prefix(text, "example.") || g_str_has_prefix(text, "com."));
}

/* --- The DNS as a table: "name type value"; what is not in it does not exist ---------------------------------------- */

typedef struct {
	const char *name;
	DnsType type;
	const char *value; /* NULL: nobody answers */
} Row;

typedef struct {
	const Row *rows;
	gsize count;
	guint asked;
} Table;

static DnsAnswer *
ask_table(gpointer user, const char *name, DnsType type)
{
	Table *table = user;
	DnsAnswer *answer = g_new0(DnsAnswer, 1);

	table->asked++;
	answer->outcome = DNS_NO_NAME;
	answer->name = g_strdup(name);
	answer->records = g_ptr_array_new_with_free_func((GDestroyNotify)dns_record_free);
	for (gsize i = 0; i < table->count; i++) {
		if (g_ascii_strcasecmp(table->rows[i].name, name) != 0)
			continue;
		if (table->rows[i].value == NULL) {
			answer->outcome = DNS_UNKNOWN;
			answer->reason = "timeout";
			return answer;
		}
		if (table->rows[i].type == type) {
			DnsRecord *record = g_new0(DnsRecord, 1);
			record->text = g_strdup(table->rows[i].value);
			g_ptr_array_add(answer->records, record);
		}
		answer->outcome = answer->records->len > 0 ? DNS_FOUND : DNS_NO_RECORD;
	}
	return answer;
}

static SpfCheck *
check(const char *record, const char *address_text, guint *asked)
{
	const Row rows[] = {{"d.jp", DNS_TXT, "not SPF"}, {"d.jp", DNS_TXT, record}, {"d.jp", DNS_A, "192.0.2.1"},
	    {"d.jp", DNS_MX, "mail.jp"}, {"mail.jp", DNS_A, "192.0.2.2"}, {"mail.jp", DNS_AAAA, "2001:db8::2"},
	    {"pass.jp", DNS_TXT, "v=spf1 ip4:192.0.2.3 -all"}, {"open.jp", DNS_TXT, "v=spf1 +all"},
	    {"soft.jp", DNS_TXT, "v=spf1 ~all"}, {"bad.jp", DNS_TXT, "v=spf1 foo"}, {"two.jp", DNS_TXT, "v=spf1 a"},
	    {"two.jp", DNS_TXT, "v=spf1 mx"}, {"none.jp", DNS_A, "192.0.2.9"}, {"silent.jp", DNS_TXT, NULL},
	    {"ptr.jp", DNS_TXT, "v=spf1 ptr"}, {"loop.jp", DNS_TXT, "v=spf1 redirect=loop.jp"}, {"many.jp", DNS_MX, "1.jp"},
	    {"many.jp", DNS_MX, "2.jp"}, {"many.jp", DNS_MX, "3.jp"}, {"many.jp", DNS_MX, "4.jp"}, {"many.jp", DNS_MX, "5.jp"},
	    {"many.jp", DNS_MX, "6.jp"}, {"many.jp", DNS_MX, "7.jp"}, {"many.jp", DNS_MX, "8.jp"}, {"many.jp", DNS_MX, "9.jp"},
	    {"many.jp", DNS_MX, "10.jp"}, {"many.jp", DNS_MX, "11.jp"}, {"3.2.0.192.list.jp", DNS_A, "127.0.0.2"}};
	Table table = {rows, G_N_ELEMENTS(rows), 0};
	const SpfDns dns = {ask_table, &table};
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(address_text);
	SpfCheck *result = spf_check(&dns, "d.jp", "info@d.jp", address);
	if (asked != NULL)
		*asked = table.asked;
	return result;
}

static void
test_results(void)
{
	static const struct {
		const char *record;
		const char *address;
		SpfResult result;
	} cases[] = {{"v=spf1 a -all", "192.0.2.1", SPF_PASS}, {"v=spf1 a -all", "192.0.2.9", SPF_FAIL},
	    {"v=spf1 a ~all", "192.0.2.9", SPF_SOFTFAIL}, {"v=spf1 a ?all", "192.0.2.9", SPF_NEUTRAL},
	    {"v=spf1 a", "192.0.2.9", SPF_NEUTRAL}, {"v=spf1 -a +all", "192.0.2.1", SPF_FAIL},
	    {"no record", "192.0.2.1", SPF_NONE}, {"v=spf1 a/24 -all", "192.0.2.200", SPF_PASS},
	    {"v=spf1 a/25 -all", "192.0.2.200", SPF_FAIL}, {"v=spf1 a/0 -all", "203.0.113.1", SPF_PASS},
	    {"v=spf1 mx -all", "192.0.2.2", SPF_PASS}, {"v=spf1 mx -all", "2001:db8::2", SPF_PASS},
	    {"v=spf1 mx//64 -all", "2001:db8::ffff", SPF_PASS}, {"v=spf1 mx/0 -all", "2001:db8::3", SPF_FAIL},
	    {"v=spf1 ip4:192.0.2.77/24 -all", "192.0.2.3", SPF_PASS}, {"v=spf1 ip4:0.0.0.0/0 -all", "2001:db8::2", SPF_FAIL},
	    {"v=spf1 ip6:2001:db8::/33 -all", "2001:db8:8000::1", SPF_FAIL},
	    {"v=spf1 include:pass.jp -all", "192.0.2.3", SPF_PASS}, {"v=spf1 include:pass.jp -all", "192.0.2.4", SPF_FAIL},
	    {"v=spf1 ?include:pass.jp -all", "192.0.2.3", SPF_NEUTRAL}, {"v=spf1 include:soft.jp -all", "192.0.2.3", SPF_FAIL},
	    {"v=spf1 include:none.jp -all", "192.0.2.3", SPF_PERMERROR},
	    {"v=spf1 include:bad.jp a -all", "192.0.2.1", SPF_PERMERROR}, {"v=spf1 a include:bad.jp -all", "192.0.2.1", SPF_PASS},
	    {"v=spf1 include:two.jp -all", "192.0.2.1", SPF_PERMERROR},
	    {"v=spf1 include:silent.jp a -all", "192.0.2.1", SPF_TEMPERROR},
	    {"v=spf1 a include:silent.jp -all", "192.0.2.1", SPF_PASS}, {"v=spf1 a:silent.jp -all", "192.0.2.1", SPF_TEMPERROR},
	    {"v=spf1 redirect=pass.jp", "192.0.2.3", SPF_PASS}, {"v=spf1 redirect=pass.jp", "192.0.2.4", SPF_FAIL},
	    {"v=spf1 redirect=pass.jp ~all", "192.0.2.3", SPF_SOFTFAIL}, {"v=spf1 redirect=none.jp", "192.0.2.3", SPF_PERMERROR},
	    {"v=spf1 redirect=loop.jp", "192.0.2.3", SPF_PERMERROR}, {"v=spf1 exists:%{ir}.list.jp -all", "192.0.2.3", SPF_PASS},
	    {"v=spf1 exists:%{ir}.list.jp -all", "192.0.2.4", SPF_FAIL}, {"v=spf1 mx:many.jp -all", "192.0.2.4", SPF_PERMERROR},
	    {"v=spf1 ptr -all", "192.0.2.4", SPF_UNDECIDED}, {"v=spf1 ptr a -all", "192.0.2.1", SPF_PASS},
	    {"v=spf1 -ptr a -all", "192.0.2.1", SPF_UNDECIDED}, {"v=spf1 exists:%{h}.jp -all", "192.0.2.1", SPF_UNDECIDED},
	    {"v=spf1 include:ptr.jp -all", "192.0.2.1", SPF_UNDECIDED}, {"v=spf1 redirect=%{p}.jp", "192.0.2.1", SPF_UNDECIDED}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(SpfCheck) one = check(cases[i].record, cases[i].address, NULL);
		if (one->result != cases[i].result)
			g_error("%s at %s: %d (%s)", cases[i].record, cases[i].address, (int)one->result, one->detail);
		gboolean needs_detail =
		    one->result == SPF_PERMERROR || one->result == SPF_TEMPERROR || one->result == SPF_UNDECIDED;
		g_assert_true((one->detail != NULL) == needs_detail);
		g_assert_true((one->problem != SPF_PROBLEM_NONE) == (one->result == SPF_PERMERROR));
	}
}

static void
test_limits(void)
{
	guint asked = 0;
	g_autoptr(GString) ten = g_string_new("v=spf1");
	for (guint i = 0; i < LIMIT_SPF_LOOKUPS; i++)
		g_string_append(ten, " include:soft.jp");

	g_autofree char *just = g_strconcat(ten->str, " ip4:192.0.2.3 -all", NULL),
			*over = g_strconcat(ten->str, " a ip4:192.0.2.3 -all", NULL);
	g_autoptr(SpfCheck) one = check(just, "192.0.2.3", NULL), other = check(over, "192.0.2.3", &asked);
	g_assert_cmpint(one->result, ==, SPF_PASS);
	g_assert_cmpuint(one->lookups, ==, LIMIT_SPF_LOOKUPS);
	g_assert_cmpint(other->problem, ==, SPF_PROBLEM_LOOKUPS);
	g_assert_cmpuint(asked, ==, LIMIT_SPF_LOOKUPS + 1);

	g_autoptr(SpfCheck) loop = check("v=spf1 include:d.jp include:d.jp -all", "192.0.2.3", &asked);
	g_assert_cmpint(loop->problem, ==, SPF_PROBLEM_LOOKUPS);
	g_assert_cmpuint(asked, <=, LIMIT_SPF_LOOKUPS + 1);

	g_autoptr(SpfCheck) two = check("v=spf1 a:x1.jp exists:x2.jp a -all", "192.0.2.1", NULL),
			    three = check("v=spf1 a:x1.jp mx:x2.jp exists:x3.jp a -all", "192.0.2.1", NULL);
	g_assert_cmpint(two->result, ==, SPF_PASS);
	g_assert_cmpint(three->problem, ==, SPF_PROBLEM_VOID);
}

static void
test_what_is_told(void)
{
	g_autoptr(SpfCheck) pass = check("v=spf1 mx a include:pass.jp -all", "192.0.2.3", NULL);
	g_assert_cmpstr(pass->term, ==, "include:pass.jp");
	g_assert_cmpstr(pass->record, ==, "v=spf1 mx a include:pass.jp -all");
	g_assert_false(pass->is_open);
	g_autoptr(SpfCheck) open = check("v=spf1 a +all", "192.0.2.1", NULL);
	g_assert_cmpstr(open->term, ==, "a");
	g_assert_true(open->is_open);
	g_autoptr(SpfCheck) open_elsewhere = check("v=spf1 include:open.jp -all", "192.0.2.1", NULL);
	g_assert_true(open_elsewhere->is_open);
	g_autoptr(SpfCheck) wrong = check("v=spf1 include:bad.jp -all", "192.0.2.1", NULL);
	g_assert_nonnull(strstr(wrong->detail, "bad.jp"));
	g_assert_nonnull(strstr(wrong->detail, "\"foo\""));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spf/syntax", test_syntax);
	g_test_add_func("/spf/macros", test_macros);
	g_test_add_func("/spf/long-names", test_long_names_lose_their_left);
	g_test_add_func("/spf/results", test_results);
	g_test_add_func("/spf/limits", test_limits);
	g_test_add_func("/spf/told", test_what_is_told);
	return g_test_run();
}
