/*
 * What bounces change, over a real outbox and a real ledger: which tags are believed, whose mail ends, which addresses are spared, and who is alarmed.
 */
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/bounce_apply.h"
#include "tree.h"

#define VISITOR "taro@visitor.test"
#define OWNER "owner@example.jp"
#define RECEIPT "AAAAAAAAAAAA"

/* The address to which a bounce of this mail comes. The caller's. */
static char *
tagged(const Office *office, const char *site, const char *receipt, MailKind kind)
{
	g_autofree char *text = g_strdup_printf("%s%d", receipt, (int)kind);
	g_autofree char *tag = vault_tag(office->vault, site, text);

	return g_strdup_printf("info+%s@example.jp", tag);
}

static Bounce *
bounce_new(BounceAction action, BounceCause cause, const char *recipient, const char *envelope)
{
	Bounce *bounce = g_new0(Bounce, 1);

	bounce->action = action;
	bounce->cause = cause;
	bounce->recipient = g_strdup(recipient);
	bounce->words = g_strdup("550 5.1.1 No <taro@visitor.test> here");
	bounce->reply_code = 550;
	bounce->envelope = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(bounce->envelope, g_strdup("shop@example.jp"));
	g_ptr_array_add(bounce->envelope, g_strdup(envelope));
	return bounce;
}

static BouncePlace
place_of(Office *office)
{
	return (BouncePlace){
	    .config = office->config, .vault = office->vault, .db = office->courier.db, .ledger = office->courier.ledger};
}

static BounceFate
apply(Office *office, const Bounce *bounce)
{
	g_autoptr(GError) error = NULL;
	g_auto(BounceResult) result = {0};
	const BouncePlace place = place_of(office);

	g_assert_true(bounce_apply(&place, bounce, NULL, &result, &error));
	g_assert_no_error(error);
	return result.fate;
}

static GPtrArray *
suppressions(const Office *office)
{
	GPtrArray *list = ledger_suppressions(office->courier.ledger, NULL, 10, NULL);

	g_assert_nonnull(list);
	return list;
}

/* "topic site" of the only alarm, or "". */
static void
assert_alarm(const Office *office, const char *expected)
{
	g_autoptr(GPtrArray) untold = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);
	const Alarm *alarm = untold->len == 0 ? NULL : untold->pdata[0];
	g_autofree char *told = alarm == NULL ? g_strdup("") : g_strdup_printf("%s %s", alarm->topic, alarm->site);

	g_assert_cmpuint(untold->len, <=, 1);
	g_assert_cmpstr(told, ==, expected);
}

static void
send_reply(Office *office, const char *receipt, const char *address)
{
	office_prove(office, address);
	office_submit_from(office, receipt, MAIL_REPLY, address);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	office_assert_states(office, receipt, "sent");
}

static void
test_a_reply_comes_back(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
	office_assert_states(office, RECEIPT, "cancelled bounce.address");
	g_autoptr(GPtrArray) list = suppressions(office);
	g_assert_cmpuint(list->len, ==, 1);
	const Suppression *suppression = list->pdata[0];
	g_assert_cmpstr(suppression->site, ==, "example.jp");
	g_assert_cmpstr(suppression->reason, ==, "bounce.address");
	g_assert_cmpint(suppression->until_us - suppression->since_us, ==, 180 * 24 * (gint64)G_TIME_SPAN_HOUR);
	assert_alarm(office, "");

	/* The same once more changes nothing. */
	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_OLD);
	g_autoptr(GPtrArray) same = suppressions(office);
	g_assert_cmpuint(((const Suppression *)same->pdata[0])->bounces, ==, 1);

	/* And the next one to that mailbox, written otherwise, does not go: nothing is charged. */
	office_prove(office, "Taro+x@visitor.test");
	office_submit_from(office, "BBBBBBBBBBBB", MAIL_REPLY, "Taro+x@visitor.test");
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_assert_cmpuint(nothing->len, ==, 0);
	office_assert_states(office, "BBBBBBBBBBBB", "cancelled suppressed");
	g_assert_cmpuint(g_hash_table_size(office->courier.charges), ==, 0);
}

/* For how long, by the cause. */
static void
test_causes(Office *office, gconstpointer unused)
{
	static const struct {
		BounceCause cause;
		guint days;
	} cases[] = {{BOUNCE_UNKNOWN, 180}, {BOUNCE_FULL, 7}, {BOUNCE_REFUSED, 7}, {BOUNCE_CONTENT, 7}, {BOUNCE_SYSTEM, 0}};
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", i);
		g_autofree char *visitor = g_strdup_printf("visitor%u@visitor%u.test", i, i);
		send_reply(office, receipt, visitor);
		g_autofree char *address = tagged(office, "example.jp", receipt, MAIL_REPLY);
		g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, cases[i].cause, visitor, address);
		g_auto(BounceResult) result = {0};
		const BouncePlace place = place_of(office);
		g_assert_true(bounce_apply(&place, bounce, NULL, &result, NULL));
		g_assert_cmpint(result.fate, ==, BOUNCE_FATE_RETURNED);
		gint64 length_us = result.suppressed_until_us == 0 ? 0 : result.suppressed_until_us - clock_now_us();
		g_assert_cmpint((length_us + G_TIME_SPAN_HOUR) / (24 * (gint64)G_TIME_SPAN_HOUR), ==, cases[i].days);
	}
}

/* Forwarded: the report names an address that we never wrote to. It is the only delivery all the same. */
static void
test_forwarded(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, "elsewhere@forward.test", address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
	g_autoptr(GPtrArray) list = suppressions(office);
	g_assert_cmpuint(list->len, ==, 1);
	g_autoptr(GBytes) opened = vault_box_open(office->vault, ((const Suppression *)list->pdata[0])->boxed, NULL);
	g_autofree char *address_text = g_strndup(g_bytes_get_data(opened, NULL), g_bytes_get_size(opened));
	g_assert_cmpstr(address_text, ==, VISITOR);
}

static void
send_to_two(Office *office)
{
	office_submit_from(office, RECEIPT, MAIL_REPLY, VISITOR);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GPtrArray) letters = office_send_due(office);
		(void)letters;
	}
	office_assert_states(office, RECEIPT, "sent, sent");
}

/* All recipients of a mail have its tag: who typed his address and a victim's has the victim's, too. */
static void
test_whose_tag_it_is(Office *office, gconstpointer unused)
{
	static const char victim[] = "colleague-of-" VISITOR;
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	tree_write(office->tree, "sites/example.jp/forms/contact/mail_2-headers.txt", "Cc: colleague-of-[your-email]\n");
	office_reload(office);
	office_prove(office, VISITOR);
	office_prove(office, victim);
	send_to_two(office);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, victim, address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
	g_autoptr(GPtrArray) none = suppressions(office);
	g_assert_cmpuint(none->len, ==, 0);
}

/* The operator's own address beside the visitor's does not matter. */
static void
test_a_tag_with_a_copy(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", "[mail_2]\nactive = on\nrecipient = [your-email], desk@example.jp\n");
	office_prove(office, VISITOR);
	send_to_two(office);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
	g_autoptr(GPtrArray) list = suppressions(office);
	g_assert_cmpuint(list->len, ==, 1);
}

/* The process that read the report may have been taken over: what it calls an address need not be one. */
static void
test_no_address(Office *office, gconstpointer unused)
{
	static const char *const texts[] = {"", "nobody", "@", "\033[2J", "a b@visitor.test"};
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
		g_autoptr(Bounce) bounce = bounce_new(BOUNCE_DELAYED, BOUNCE_SYSTEM, texts[i], address);
		g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_DELAYED);
	}
}

static void
test_a_notice_comes_back(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_NOTICE);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_FULL, OWNER, address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
	office_assert_states(office, RECEIPT, "dead bounce.full");
	assert_alarm(office, "dead example.jp");
	g_autoptr(GPtrArray) none = suppressions(office);
	g_assert_cmpuint(none->len, ==, 0);
}

static void
test_a_delay_is_told(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_DELAYED, BOUNCE_SYSTEM, VISITOR, address);

	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_DELAYED);
	office_assert_states(office, RECEIPT, "sent");
	g_autoptr(GPtrArray) none = suppressions(office);
	g_assert_cmpuint(none->len, ==, 0);
	assert_alarm(office, "");
}

/* Whoever knows a receipt and everything else, but not the key. */
static void
test_forgeries(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	g_autofree char *good = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autofree char *other_kind = tagged(office, "example.jp", RECEIPT, MAIL_NOTICE);
	g_autofree char *other_site = tagged(office, "other.example", RECEIPT, MAIL_REPLY);
	g_autofree char *unknown = tagged(office, "example.jp", "ZZZZZZZZZZZZ", MAIL_REPLY);
	g_autofree char *wrong_kind = tagged(office, "example.jp", RECEIPT, (MailKind)9);
	g_autofree char *changed = g_strdup(good);
	changed[strlen("info+")] = 'b';
	g_autofree char *bent = g_strdup(good);
	char *last = strchr(bent, '@') - 1;
	*last = *last == '0' ? '1' : '0';
	g_autofree char *cut = g_strdup(good + 1);
	memmove(strchr(cut, '@') - 1, strchr(cut, '@'), strlen(strchr(cut, '@')) + 1);
	const char *const forged[] = {other_kind, other_site, unknown, wrong_kind, changed, bent, cut,
	    "info+" RECEIPT "2@example.jp", "info+" RECEIPT "2-0000000000000000@example.jp",
	    "ééééééé-0123456789abcdef@example.jp", "info+%%%%%%%%%%%%2-0123456789abcdef@example.jp", "@", "", "x"};

	for (gsize i = 0; i < G_N_ELEMENTS(forged); i++) {
		g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, forged[i]);
		g_test_message("%s", forged[i]);
		g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_FOREIGN);
		office_assert_states(office, RECEIPT, "sent");
	}
	g_autoptr(GPtrArray) none = suppressions(office);
	g_assert_cmpuint(none->len, ==, 0);
	/* Letter case does not matter: some mail servers change it. */
	g_autofree char *shouted = g_ascii_strup(good, -1);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, shouted);
	g_assert_cmpint(apply(office, bounce), ==, BOUNCE_FATE_RETURNED);
}

/* What the mail server says of the recipient goes before the header, which its writer made. */
static void
test_the_envelope_goes_first(Office *office, gconstpointer unused)
{
	(void)unused;
	g_auto(BounceResult) first = {0}, second = {0};
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	const BouncePlace place = place_of(office);
	g_autofree char *good = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) bounce = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, good);

	g_assert_true(bounce_apply(&place, bounce, "info@example.jp", &first, NULL));
	g_assert_cmpint(first.fate, ==, BOUNCE_FATE_FOREIGN);
	g_assert_true(bounce_apply(&place, bounce, good, &second, NULL));
	g_assert_cmpint(second.fate, ==, BOUNCE_FATE_RETURNED);
}

static void
test_surge(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Bounce) foreign = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, NULL, "info@example.jp");
	g_autoptr(Bounce) none = bounce_new(BOUNCE_NONE, BOUNCE_UNKNOWN, NULL, "info@example.jp");

	for (guint i = 0; i < 2 * LIMIT_BOUNCE_SURGE; i++)
		g_assert_cmpint(apply(office, none), ==, BOUNCE_FATE_NONE);
	for (guint i = 1; i < LIMIT_BOUNCE_SURGE; i++)
		g_assert_cmpint(apply(office, foreign), ==, BOUNCE_FATE_FOREIGN);
	assert_alarm(office, "");
	g_assert_cmpint(apply(office, foreign), ==, BOUNCE_FATE_FOREIGN);
	assert_alarm(office, "surge ");
	g_assert_cmpint(apply(office, foreign), ==, BOUNCE_FATE_FOREIGN);
	assert_alarm(office, "surge ");
}

/* One mail and its tag are enough to send any number: the gateway's, as what has no tag. */
static void
test_a_tag_again_is_no_surge_of_the_site(Office *office, gconstpointer unused)
{
	BounceTraffic sites = {0}, gateways = {0};

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	send_reply(office, RECEIPT, VISITOR);
	g_autofree char *address = tagged(office, "example.jp", RECEIPT, MAIL_REPLY);
	g_autoptr(Bounce) delayed = bounce_new(BOUNCE_DELAYED, BOUNCE_SYSTEM, VISITOR, address);
	g_autoptr(Bounce) failed = bounce_new(BOUNCE_FAILED, BOUNCE_ADDRESS, VISITOR, address);

	g_assert_cmpint(apply(office, delayed), ==, BOUNCE_FATE_DELAYED);
	g_assert_cmpint(apply(office, failed), ==, BOUNCE_FATE_RETURNED);
	for (guint i = 2; i < LIMIT_BOUNCE_SURGE; i++)
		g_assert_cmpint(apply(office, failed), ==, BOUNCE_FATE_OLD);
	assert_alarm(office, "");
	g_assert_cmpint(apply(office, failed), ==, BOUNCE_FATE_OLD);
	assert_alarm(office, "surge ");
	g_assert_true(ledger_count_bounce(office->courier.ledger, "example.jp", TRUE, &sites, NULL));
	g_assert_true(ledger_count_bounce(office->courier.ledger, "", FALSE, &gateways, NULL));
	g_assert_cmpuint(sites.last_hour, ==, 1 + 1);
	g_assert_cmpuint(gateways.last_hour, ==, LIMIT_BOUNCE_SURGE + 1);
}

static void
test_a_notice_has_a_tag_where_the_doctor_saw_it(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autofree char *key = account_tagged_key(site_account(site), site);
	g_autofree char *another = account_key(site_account(site));
	/* What the server says to another site's sender says nothing of this one's. */
	g_assert_true(ledger_note_tagged_sender(office->courier.ledger, another, TRUE, NULL));
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) plain = office_send_due(office);
	g_assert_null(strchr(office_only_letter(plain)->envelope_sender, '+'));

	g_assert_true(ledger_note_tagged_sender(office->courier.ledger, key, TRUE, NULL));
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_autofree char *expected = tagged(office, "example.jp", "BBBBBBBBBBBB", MAIL_NOTICE);
	g_assert_cmpstr(office_only_letter(letters)->envelope_sender, ==, expected);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a reply that came back ends, and its address is spared", test_a_reply_comes_back},
	    {"for how long, by the cause", test_causes},
	    {"a forwarded mail's bounce is the mail's", test_forwarded},
	    {"a tag of several typed addresses spares none", test_whose_tag_it_is},
	    {"a tag of one typed address spares it", test_a_tag_with_a_copy},
	    {"what is no address names nobody", test_no_address},
	    {"a notice that came back is dead and alarms", test_a_notice_comes_back},
	    {"a delay is told and changes nothing", test_a_delay_is_told},
	    {"forged tags change nothing", test_forgeries},
	    {"the envelope goes before the header", test_the_envelope_goes_first},
	    {"a surge alarms once", test_surge},
	    {"a tag again is no surge of the site", test_a_tag_again_is_no_surge_of_the_site},
	    {"a notice has a tag where the doctor saw one accepted", test_a_notice_has_a_tag_where_the_doctor_saw_it},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "bounce_apply", tests);
}
