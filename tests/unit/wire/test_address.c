/*
 * Addresses: what a visitor may type, what we deliver to, and mailboxes with their names.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/address.h"

/* Contract 13.6, and 13.2 V16. */
static void
test_is_email(void)
{
	static const char *const good[] = {"a@b.co", "ab@c.d", ".a@b.co", "a..b@b.co", "a@1.2.3.4", "a+b@b.co", "a@xn--wgv71a.jp",
	    "!#$%&'*+/=?^_`{|}~.-@b.co", NULL};
	static const char *const bad[] = {"a@b.c", "a@b", "a@b.co.", "a@b@c.co", "\"a b\"@b.co", "a@-b.co", "a@b-.co",
	    "a@[1.2.3.4]", "a@b.co,c@d.co", "a@日本.jp", "", "@b.co.jp", "@", "foo@bar", "日本@example.org", "a@b..co", "a@.b.co",
	    "a@b_c.co", "a@b.co\n", "a\n@b.co", "a@b.co\r\nBcc: v@x.test", " a@b.co", "a@b.co ", "a b@b.co", "a<b@b.co",
	    "a@b.co>", "\xFF@example.org", NULL};

	for (const char *const *text = good; *text != NULL; text++) {
		g_test_message("%s", *text);
		g_assert_true(address_is_email(*text));
	}
	for (const char *const *text = bad; *text != NULL; text++) {
		g_test_message("%s", *text);
		g_assert_false(address_is_email(*text));
	}
}

/* RFC 5321 4.1.2: a local part that is no dot-atom is a quoted string. */
static void
test_written(void)
{
	static const struct {
		const char *address, *written;
	} cases[] = {{"a.b@c.co", "a.b@c.co"}, {"a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"}, {".a@b.co", "\".a\"@b.co"},
	    {"a.@ezweb.ne.jp", "\"a.\"@ezweb.ne.jp"}, {"...@b.co", "\"...\"@b.co"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *written = address_written(cases[i].address);
		g_assert_cmpstr(written, ==, cases[i].written);
	}
}

/* Reply-To takes what the rule for e-mail takes, if it fits a line. */
static void
test_reply(void)
{
	g_autofree char *local = g_strnfill(LIMIT_LOCAL_PART_BYTES + 1, 'a');
	g_autofree char *long_local = g_strconcat("Taro <", local, "@b.co>", NULL);
	g_autofree char *much = g_strnfill(LIMIT_REPLY_ADDRESS_BYTES, 'a');
	g_autofree char *too_much = g_strconcat(much, "@b.co", NULL);
	g_autofree char *list = g_strconcat("a@b.c, ", long_local, ", x, a..b@docomo.ne.jp,", too_much, NULL);
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_reply_list(list);
	const Mailbox *mailbox = NULL;

	g_assert_cmpuint(mailboxes->len, ==, 3);
	mailbox = mailboxes->pdata[1];
	g_assert_cmpstr(mailbox->name, ==, "Taro");
	g_assert_cmpuint(strlen(mailbox->address), ==, strlen(local) + strlen("@b.co"));
	g_assert_false(address_is_deliverable(mailbox->address));
	g_assert_true(address_is_reply(mailbox->address));
	g_assert_true(address_is_email(too_much));
	g_assert_false(address_is_reply(too_much));
	g_assert_null(mailbox_parse(long_local, NULL));
	g_autoptr(Mailbox) parsed = mailbox_parse_reply(long_local, NULL);
	g_assert_nonnull(parsed);
}

static char *
address_of_sizes(gsize local_bytes, gsize domain_bytes)
{
	g_autoptr(GString) address = g_string_new(NULL);

	while (address->len < local_bytes)
		g_string_append_c(address, 'a');
	g_string_append_c(address, '@');
	gsize start = address->len;
	while (address->len - start < domain_bytes)
		g_string_append_c(address, (address->len - start) % 50 == 49 ? '.' : 'd');
	return g_strdup(address->str);
}

static void
test_is_deliverable(void)
{
	static const char *const good[] = {"a@b.co", "a@b.c", "a.b+c@mail.example.jp", "x@xn--wgv71a.jp", "o'neil@b.co",
	    ".a@b.co", "a.@ezweb.ne.jp", "a..b@docomo.ne.jp", NULL};
	static const char *const bad[] = {"a@b", "@b.co", "a@", "a@@b.co", "a@b@c.co", "a@b.co.", "a@b..co", "a@-b.co", "a@b-.co",
	    "a@[192.0.2.1]", "\"a\"@b.co", "a@日本.jp", "あ@b.co", "a b@b.co", "<a@b.co>", "a@b.co\r", "a@b_c.co", "", NULL};

	for (const char *const *text = good; *text != NULL; text++) {
		g_test_message("%s", *text);
		g_assert_true(address_is_deliverable(*text));
	}
	for (const char *const *text = bad; *text != NULL; text++) {
		g_test_message("%s", *text);
		g_assert_false(address_is_deliverable(*text));
	}
}

/* What an operator writes, and what it is used as; NULL: no address. */
static void
test_configured(void)
{
	static const struct {
		const char *text, *address;
	} cases[] = {{"Taro@Example.JP", "Taro@Example.JP"}, {"a..b@docomo.ne.jp", "a..b@docomo.ne.jp"},
	    {"info@日本.jp", "info@xn--wgv71a.jp"}, {"info@Bücher.example", "info@xn--bcher-kva.example"},
	    {"用户@例え.jp", "用户@xn--r8jz45g.jp"}, {"i.山田+x@b.co", "i.山田+x@b.co"}, {"café@b.co", "café@b.co"},
	    {"cafe\xCC\x81@b.co", "café@b.co"}, {"👍@b.co", "👍@b.co"},
	    /* Two hosts, by the older and the newer rule; a zero-width space; no host name; a script's mark alone. */
	    {"a@straße.example", NULL},
	    {"a@ab\xE2\x80\x8B"
	     "cd.jp",
		NULL},
	    {"a@日 本.jp", NULL}, {"a@日本", NULL}, {"a@日本_x.jp", NULL},
	    /* In the local part: dots, white space, what shows nothing or turns the line, other normal forms, nobody's characters. */
	    {".あ@b.co", NULL}, {"あ.@b.co", NULL}, {"あ..い@b.co", NULL}, {"あ い@b.co", NULL}, {"あ\xE3\x80\x80い@b.co", NULL},
	    {"あ\xE2\x80\x8B@b.co", NULL}, {"あ\xE2\x80\xAE@b.co", NULL}, {"あ\xE2\x81\xA6@b.co", NULL},
	    {"あ\xC2\xAD@b.co", NULL}, {"あ\xEF\xB8\x8F@b.co", NULL}, {"あ\xE2\x80\xA8@b.co", NULL}, {"あ\xC2\x85@b.co", NULL},
	    {"あ\xC2\xA0@b.co", NULL}, {"ａ@b.co", NULL}, {"あ＠い@b.co", NULL}, {"あ\xEE\x80\x80@b.co", NULL},
	    {"あ\xEF\xBF\xBE@b.co", NULL}, {"あ\r\nRCPT TO:<v@x.test>@b.co", NULL}, {"あ\r@b.co", NULL}, {"あ\n@b.co", NULL},
	    {"あ\x01@b.co", NULL}, {"あ\x7F@b.co", NULL}, {"あ<@b.co", NULL}, {"\"あ\"@b.co", NULL}, {"あ@い@b.co", NULL},
	    {"あ\xFF@b.co", NULL}, {"あ\xC3@b.co", NULL}, {"@b.co", NULL}, {"あ", NULL}, {"", NULL}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *address = address_configured(cases[i].text);
		g_test_message("%s", cases[i].text);
		g_assert_cmpstr(address, ==, cases[i].address);
		g_assert_true(address == NULL || address_is_mailable(address));
		g_autofree char *again = address != NULL ? address_configured(address) : NULL;
		g_assert_cmpstr(again, ==, address);
	}
	g_assert_false(address_is_mailable("か\xE3\x82\x99@b.co"));
	g_assert_false(address_is_mailable("info@日本.jp"));
	g_assert_false(address_is_deliverable("用户@b.co"));
	g_assert_false(address_is_reply("用户@b.co"));
	g_assert_null(mailbox_parse_reply("用户@b.co", NULL));
	g_assert_null(mailbox_parse_reply("info@日本.jp", NULL));
}

/* 64 bytes, not characters (RFC 6531 3.1 and RFC 5321 4.5.3.1.1). */
static void
test_configured_lengths(void)
{
	g_autoptr(GString) local = g_string_new(NULL);
	while (local->len + 3 <= LIMIT_LOCAL_PART_BYTES)
		g_string_append(local, "あ");
	g_autofree char *longest = g_strconcat("a", local->str, "@b.co", NULL);
	g_autofree char *too_long = g_strconcat("aa", local->str, "@b.co", NULL);
	g_autofree char *host = g_strnfill(300, 'd');
	g_autofree char *long_host = g_strconcat("あ@", host, ".co", NULL);

	g_assert_true(address_is_mailable(longest));
	g_assert_false(address_is_mailable(too_long));
	g_assert_false(address_is_mailable(long_host));
}

static void
test_lengths(void)
{
	static const struct {
		gsize local_bytes;
		gsize domain_bytes;
		gboolean is_deliverable;
	} cases[] = {{64, 189, TRUE}, {65, 188, FALSE}, {64, 190, FALSE}, {1, 252, TRUE}, {1, 253, FALSE}, {1, 300, FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *address = address_of_sizes(cases[i].local_bytes, cases[i].domain_bytes);
		g_test_message("%s", address);
		g_assert_cmpint(address_is_deliverable(address), ==, cases[i].is_deliverable);
	}
	g_autofree char *label = g_strnfill(64, 'l');
	g_autofree char *long_label = g_strdup_printf("a@%s.co", label);
	g_autofree char *longest_label = g_strdup_printf("a@%s.co", label + 1);
	g_assert_false(address_is_deliverable(long_label));
	g_assert_true(address_is_deliverable(longest_label));
}

static void
test_parts(void)
{
	g_autofree char *domain = address_domain("Taro@Example.ORG");
	g_autofree char *canonical = address_canonical("Taro@Example.ORG");
	g_autofree char *folded = address_folded("Taro@Example.ORG");

	g_assert_cmpstr(domain, ==, "example.org");
	g_assert_cmpstr(canonical, ==, "Taro@example.org");
	g_assert_cmpstr(folded, ==, "taro@example.org");
}

static void
test_mailbox_counted(void)
{
	static const struct {
		const char *address, *mailbox;
	} cases[] = {{"Taro@Example.ORG", "taro@example.org"}, {"taro+a+b@example.org", "taro@example.org"},
	    {"+taro@example.org", "+taro@example.org"}, {"t.aro@example.org", "t.aro@example.org"},
	    {"T.a.ro+x.y@GMail.com", "taro@gmail.com"}, {"taro@googlemail.com", "taro@gmail.com"},
	    {"t.aro@mail.gmail.com", "t.aro@mail.gmail.com"}, {"t.aro@notgmail.com", "t.aro@notgmail.com"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *mailbox = address_mailbox(cases[i].address);
		g_assert_cmpstr(mailbox, ==, cases[i].mailbox);
	}
}

static void
test_within(void)
{
	static const struct {
		const char *address, *domain;
		gboolean is_within;
	} cases[] = {{"a@b.co", "b.co", TRUE}, {"a@B.Co", "b.co", TRUE}, {"a@c.b.co", "b.co", TRUE}, {"a@ab.co", "b.co", FALSE},
	    {"a@b.co.jp", "b.co", FALSE}, {"a@co", "b.co", FALSE}, {"b.co", "b.co", FALSE}, {"b.co@x", "b.co", FALSE},
	    {"a@x@b.co", "b.co", TRUE}, {"", "b.co", FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(address_is_within(cases[i].address, cases[i].domain), ==, cases[i].is_within);
}

typedef struct {
	const char *text;
	const char *name; /* NULL: no mailbox */
	const char *address;
} MailboxCase;

static void
test_mailbox(void)
{
	static const MailboxCase cases[] = {
	    {"a@b.co", "", "a@b.co"},
	    {"  a@b.co ", "", "a@b.co"},
	    {"<a@b.co>", "", "a@b.co"},
	    {"< a@b.co > ", "", "a@b.co"},
	    {"John Q. Public <j@x.test>", "John Q. Public", "j@x.test"},
	    {"関所 太郎 <taro@example.jp>", "関所 太郎", "taro@example.jp"},
	    {"\"Doe, John\" <j@x.test>", "Doe, John", "j@x.test"},
	    {"\"a \\\"b\\\" <c>\\\\\" <j@x.test>", "a \"b\" <c>\\", "j@x.test"},
	    {"\"John\" \"Jack\" Doe <j@x.test>", "John Jack Doe", "j@x.test"},
	    {"\"\" <j@x.test>", "", "j@x.test"},
	    {"5\" pipes <j@x.test>", "5\" pipes", "j@x.test"},
	    {"Site (Tokyo): shop@home <j@x.test>", "Site (Tokyo): shop@home", "j@x.test"},
	    {"O'Neil <j@x.test>", "O'Neil", "j@x.test"},
	    {"", NULL, NULL},
	    {"John", NULL, NULL},
	    {"a@b", NULL, NULL},
	    {"a@b.co (John)", NULL, NULL},
	    {"a@b.co, c@d.co", NULL, NULL},
	    {"Doe, John <j@x.test>", NULL, NULL},
	    {"\"Doe, John <j@x.test>", NULL, NULL},
	    {"<a@b.co", NULL, NULL},
	    {"a@b.co>", NULL, NULL},
	    {"<a@b.co> x", NULL, NULL},
	    {"<a@b.co><c@d.co>", NULL, NULL},
	    {"<<a@b.co>>", NULL, NULL},
	    {"Evil <v@x.test> <me@y.test>", NULL, NULL},
	    {"<@x.test:a@b.co>", NULL, NULL},
	    {"friends: a@b.co;", NULL, NULL},
	    {"\"a b\"@b.co", NULL, NULL},
	    /* An operator's own words: the domain in A-labels, the local part in NFC. */
	    {"a@日本.jp", "", "a@xn--wgv71a.jp"},
	    {"窓口 <か\xE3\x82\x99@日本。jp>", "窓口", "が@xn--wgv71a.jp"},
	    {"a@b.co\r\nBcc: v@x.test", NULL, NULL},
	    {"a@b.co\n", NULL, NULL},
	    {"J\r\n <j@x.test>", NULL, NULL},
	    {"J\xE2\x80\xA8 <j@x.test>", NULL, NULL},
	    {"J\xC2\x85 <j@x.test>", NULL, NULL},
	    {"J\x01 <j@x.test>", NULL, NULL},
	    {"J\xFF <j@x.test>", NULL, NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Mailbox) mailbox = mailbox_parse(cases[i].text, &error);
		g_test_message("%s", cases[i].text);
		if (!cases[i].name) {
			g_assert_null(mailbox);
			g_assert_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpstr(mailbox->name, ==, cases[i].name);
		g_assert_cmpstr(mailbox->address, ==, cases[i].address);
	}
}

/* "name|address" of each, separated by ";". The caller's. */
static char *
list_in_words(const char *text, guint *dropped)
{
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(text, dropped);
	GString *words = g_string_new(NULL);

	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = g_ptr_array_index(mailboxes, i);
		g_string_append_printf(words, "%s%s|%s", i > 0 ? ";" : "", mailbox->name, mailbox->address);
	}
	return g_string_free(words, FALSE);
}

static void
test_list(void)
{
	static const struct {
		const char *text;
		const char *expected;
		guint dropped;
	} cases[] = {
	    {"", "", 0},
	    {" , ,", "", 0},
	    {"a@b.co", "|a@b.co", 0},
	    {"a@b.co,c@d.co , E F <e@f.co>", "|a@b.co;|c@d.co;E F|e@f.co", 0},
	    {"\"Doe, John\" <j@x.test>, a@b.co,", "Doe, John|j@x.test;|a@b.co", 0},
	    /* Contract 6.6. */
	    {"Doe, John <j@x.test>", "John|j@x.test", 1},
	    {"\"Doe, John <j@x.test>", "John|j@x.test", 1},
	    {"a@b, c@d.co, [your-email]", "|c@d.co", 2},
	    {"friends: a@b.co, c@d.co;", "", 2},
	    {"a@b.co\r\nBcc: v@x.test, c@d.co", "|c@d.co", 1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint dropped = 99;
		g_autofree char *words = list_in_words(cases[i].text, &dropped);
		g_test_message("%s", cases[i].text);
		g_assert_cmpstr(words, ==, cases[i].expected);
		g_assert_cmpuint(dropped, ==, cases[i].dropped);
	}
}

static void
test_list_ceiling(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint dropped = 0;

	for (guint i = 0; i < LIMIT_RECIPIENTS + 3; i++)
		g_string_append_printf(text, "a%u@b.co,", i);
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(text->str, &dropped);
	g_assert_cmpuint(mailboxes->len, ==, LIMIT_RECIPIENTS);
	g_assert_cmpuint(dropped, ==, 3);
}

/* Quotes that are never closed, which a careless search would read as many times. */
static void
test_list_is_linear(void)
{
	static const char *const pieces[] = {"\\\",", "\"\\", "\",\\", ",", "<", NULL};

	for (const char *const *piece = pieces; *piece != NULL; piece++) {
		g_autoptr(GString) text = g_string_new("\"");
		while (text->len < 1024 * 1024)
			g_string_append(text, *piece);
		gint64 started_us = g_get_monotonic_time();
		g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(text->str, NULL);
		g_assert_cmpuint(mailboxes->len, ==, 0);
		/* Below a second with sanitizers; the square of it would be hours. */
		g_assert_cmpint(g_get_monotonic_time() - started_us, <, 10 * G_USEC_PER_SEC);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/address/13.6 e-mail as WordPress judges it", test_is_email);
	g_test_add_func("/wire/address/what may stand in RCPT TO", test_is_deliverable);
	g_test_add_func("/wire/address/lengths of RFC 5321", test_lengths);
	g_test_add_func("/wire/address/what an operator may write beyond ASCII", test_configured);
	g_test_add_func("/wire/address/lengths are of bytes beyond ASCII, too", test_configured_lengths);
	g_test_add_func("/wire/address/domain and canonical form", test_parts);
	g_test_add_func("/wire/address/mailboxes as they are counted", test_mailbox_counted);
	g_test_add_func("/wire/address/a domain and those below it", test_within);
	g_test_add_func("/wire/address/a local part that is no dot-atom is quoted", test_written);
	g_test_add_func("/wire/address/what Reply-To takes", test_reply);
	g_test_add_func("/wire/address/one mailbox", test_mailbox);
	g_test_add_func("/wire/address/a list keeps what is a mailbox", test_list);
	g_test_add_func("/wire/address/a list ends at its ceiling", test_list_ceiling);
	g_test_add_func("/wire/address/a list takes linear time", test_list_is_linear);
	return g_test_run();
}
