/*
 * What becomes of replies, copies and confirmations, on a real outbox and a real ledger: who is mailed, who is asked first, and who never is.
 */
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "tree.h"

#define VISITOR "taro@visitor.test"
#define OWNER "owner@example.jp"

static void
assert_shown(const GPtrArray *mailboxes, const char *expected)
{
	g_autoptr(GString) shown = g_string_new(NULL);

	for (guint i = 0; i < mailboxes->len; i++)
		g_string_append_printf(shown, "%s%s", i > 0 ? " " : "", ((const Mailbox *)mailboxes->pdata[i])->address);
	g_assert_cmpstr(shown->str, ==, expected);
}

/* The link's token; the rest of the text holds nothing that was typed. */
static char *
token_of(const Letter *letter)
{
	const char *link = strstr(letter->text, "https://example.jp/sekisho/confirm?t=");

	g_assert_nonnull(link);
	const char *token = link + strlen("https://example.jp/sekisho/confirm?t=");
	return g_strndup(token, strcspn(token, "\n"));
}

/* --- The whole way --------------------------------------------------------------------------------------------------------------- */

static void
test_asked_pressed_answered(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_assert_cmpuint(nothing->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred consent, queued");

	g_autoptr(GPtrArray) asked = office_send_due(office);
	const Letter *confirmation = office_only_letter(asked);
	office_assert_only_to(confirmation, VISITOR);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred consent, sent");

	g_autofree char *token = token_of(confirmation);
	office_press(office, "example.jp", token);
	g_assert_true(presses_attend(&office->courier));
	g_autoptr(GPtrArray) answered = office_send_due(office);
	const Letter *reply = office_only_letter(answered);
	office_assert_only_to(reply, VISITOR);
	assert_shown(reply->to, VISITOR);
	g_assert_nonnull(strstr(reply->text, "返信です。"));
	office_assert_states(office, "AAAAAAAAAAAA", "sent, sent");
}

/* A person cancelled the reply before its address was asked: there is nothing to ask for. */
static void
test_nobody_is_asked_for_nothing(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred consent, queued");

	const OutboxFilter replies = {.kind = MAIL_REPLY};
	g_autoptr(GPtrArray) items = outbox_list(office->courier.db, &replies, 1, NULL);
	g_assert_true(outbox_cancel(office->courier.db, ((const OutboxItem *)items->pdata[0])->id, "operator", NULL));
	g_autoptr(GPtrArray) asked = office_send_due(office);
	g_assert_cmpuint(asked->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled, cancelled gone");
}

/* Envelope senders come back as bounces: the tag tells of what. */
static void
test_an_automatic_mail_is_one(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *reply = office_only_letter(letters);

	g_assert_true(reply->is_automatic);
	g_assert_true(g_str_has_prefix(reply->envelope_sender, "info+"));
	g_assert_true(g_str_has_suffix(reply->envelope_sender, "@example.jp"));
	g_assert_true(address_is_deliverable(reply->envelope_sender));
	const char *tag = strchr(reply->envelope_sender, '+') + 1;
	g_autofree char *alone = g_strndup(tag, strcspn(tag, "@"));
	g_autofree char *text = vault_tag_open(office->vault, "example.jp", alone);
	g_assert_true(g_ascii_strcasecmp(text, "AAAAAAAAAAAA2") == 0);
	g_assert_null(vault_tag_open(office->vault, "other.example", alone));
}

static void
test_a_null_sender_where_the_doctor_saw_it(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "reply_sender = null\n");
	office_form(office, "confirm", OFFICE_REPLY);
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autofree char *key = account_key(site_account(site));
	office_prove(office, VISITOR);
	office_prove(office, "jiro@visitor.test");
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) unseen = office_send_due(office);
	g_assert_true(g_str_has_prefix(office_only_letter(unseen)->envelope_sender, "info+"));

	g_assert_true(ledger_note_null_sender(office->courier.ledger, key, TRUE, NULL));
	office_submit_from(office, "BBBBBBBBBBBB", MAIL_REPLY, "jiro@visitor.test");
	g_autoptr(GPtrArray) seen = office_send_due(office);
	g_assert_cmpstr(office_only_letter(seen)->envelope_sender, ==, "");
}

/* --- Who needs no asking, and who gets nothing ------------------------------------------------------------------------------------- */

static void
test_own_domains_are_proved(Office *office, gconstpointer unused)
{
	static const struct {
		const char *email;
		gboolean is_own;
	} cases[] = {
	    {"staff@example.jp", TRUE},
	    {"staff@Tokyo.Example.JP", TRUE},
	    {"staff@notexample.jp", FALSE},
	    {"staff@example.jp.evil.test", FALSE},
	};
	(void)unused;
	office_form(office, "proved", OFFICE_REPLY);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		office_submit_from(office, receipt, MAIL_REPLY, cases[i].email);
		g_autoptr(GPtrArray) letters = office_send_due(office);
		g_assert_cmpuint(letters->len, ==, cases[i].is_own);
		office_assert_states(office, receipt, cases[i].is_own ? "sent" : "cancelled unproved");
	}
}

static void
test_replies_expire(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	office_pass(12 * G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) late = office_send_due(office);

	g_assert_cmpuint(nothing->len + late->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled expired, cancelled expired");
}

/* A link that nobody has the time to press is not sent, and its date is that of the day on which it is. */
static void
test_late_confirmations(Office *office, gconstpointer unused)
{
	static const struct {
		const char *further;
		gint64 pass_us;
		guint asked;
	} cases[] = {
	    {"", 10 * G_TIME_SPAN_HOUR, 1},
	    {"", 11 * G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE, 0},
	    {"[reply]\nwait = 1h\n", 40 * G_TIME_SPAN_MINUTE, 1},
	    {"[reply]\nwait = 1h\n", 46 * G_TIME_SPAN_MINUTE, 0},
	};
	(void)unused;
	for (gsize i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		/* Late are: the reply's first look; or the confirmation, which is made in time and held up. */
		gboolean is_held_up = i >= G_N_ELEMENTS(cases);
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		g_autofree char *address = g_strdup_printf("new%u@visitor%u.test", (guint)i, (guint)i);
		office_site(office, cases[i % G_N_ELEMENTS(cases)].further);
		office_form(office, "confirm", OFFICE_REPLY);
		office_submit_from(office, receipt, MAIL_REPLY, address);
		g_autoptr(GPtrArray) first = is_held_up ? office_send_due(office) : g_ptr_array_new();
		office_pass(cases[i % G_N_ELEMENTS(cases)].pass_us);
		g_autoptr(GPtrArray) nothing = is_held_up ? g_ptr_array_new() : office_send_due(office);
		g_autoptr(GPtrArray) asked = office_send_due(office);
		g_assert_cmpuint(first->len + nothing->len, ==, 0);
		g_assert_cmpuint(asked->len, ==, cases[i % G_N_ELEMENTS(cases)].asked);
		for (guint k = 0; k < asked->len; k++)
			g_assert_cmpint(clock_now_us() - ((const Letter *)asked->pdata[k])->date_us, <, G_TIME_SPAN_MINUTE);
		office_pass(13 * G_TIME_SPAN_HOUR);
		g_autoptr(GPtrArray) expired = office_send_due(office);
		g_assert_cmpuint(expired->len, ==, 0);
	}
}

/* Who writes again when nobody is asked any more by the first mail is asked by the second. */
static void
test_asked_again_after_an_outage(Office *office, gconstpointer unused)
{
	g_autoptr(GError) refused = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_PERMANENT, "no");

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	office->courier.claims++;
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 1);
	OutboxItem *item = items->pdata[0];
	g_autoptr(Letter) letter = prepare_letter(&office->courier, item, NULL);
	g_assert_nonnull(letter);
	settle_attempt(&office->courier, item, item->deliveries->pdata[0], &(Attempt){.failure = refused});

	office_submit_from(office, "BBBBBBBBBBBB", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) none = office_send_due(office);
	g_autoptr(GPtrArray) asked = office_send_due(office);
	office_assert_only_to(office_only_letter(asked), VISITOR);
	office_assert_states(office, "BBBBBBBBBBBB", "deferred consent, sent");
}

/* Whoever reads Taro@ reads taro@. */
static void
test_proofs_ignore_case(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "proved", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, "Taro@Visitor.test");
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office_assert_only_to(office_only_letter(letters), "Taro@Visitor.test");
}

/* Nobody waits for a reply that comes days late; the operator's own copy is none. */
static void
test_switched_off_replies_expire(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", "[mail_2]\nrecipient = [your-email], desk@example.jp\n");
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	office_submit(office, "BBBBBBBBBBBB", MAIL_REPLY, "desk@example.jp");
	office_submit_from(office, "CCCCCCCCCCCC", MAIL_COPY, VISITOR);
	for (guint round = 0; round < 2; round++) {
		g_autoptr(GPtrArray) items = office_claim(office);
		g_assert_cmpuint(items->len, ==, 3);
		office->courier.claims++;
		for (guint i = 0; i < items->len; i++) {
			g_autoptr(GError) error = NULL;
			g_assert_null(prepare_letter(&office->courier, items->pdata[i], &error));
			if (error != NULL)
				obstacle_met(&office->courier, items->pdata[i], error);
		}
		gboolean is_late = round == 1;
		office_assert_states(office, "AAAAAAAAAAAA", is_late ? "cancelled expired" : "deferred relay.account");
		office_assert_states(office, "BBBBBBBBBBBB", "deferred relay.account");
		office_assert_states(office, "CCCCCCCCCCCC", is_late ? "cancelled expired" : "deferred relay.account");
		office_pass(12 * G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE);
	}
}

/* What was proved in another way meanwhile goes without a press, and the confirmation has become needless. */
static void
test_proved_meanwhile(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	office_prove(office, VISITOR);
	g_autoptr(GPtrArray) needless = office_send_due(office);
	g_assert_cmpuint(nothing->len + needless->len, ==, 0);
	office_pass(G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) letters = office_send_due(office);

	office_assert_only_to(office_only_letter(letters), VISITOR);
	office_assert_states(office, "AAAAAAAAAAAA", "sent, cancelled proved");
}

static void
test_one_of_each_within_the_period(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	office_submit_from(office, "BBBBBBBBBBBB", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	office_assert_states(office, "BBBBBBBBBBBB", "cancelled repeated");
	office_pass(25 * G_TIME_SPAN_HOUR);
	office_prove(office, VISITOR);
	office_submit_from(office, "CCCCCCCCCCCC", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) again = office_send_due(office);
	g_assert_cmpuint(again->len, ==, 1);
}

/* However the address is written, its mailbox is asked once. */
static void
test_one_confirmation_a_mailbox(Office *office, gconstpointer unused)
{
	static const char *const spellings[] = {VISITOR, "Taro@visitor.test", "taro+1@visitor.test", "TARO+x@Visitor.test",
	    "taro.yamada@gmail.com", "taroyamada@gmail.com", "T.aroYamada+x@Gmail.com", "t.a.r.o.yamada@googlemail.com"};
	guint asked = 0;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	for (gsize i = 0; i < G_N_ELEMENTS(spellings); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		office_submit_from(office, receipt, MAIL_REPLY, spellings[i]);
		for (guint round = 0; round < 3; round++) {
			g_autoptr(GPtrArray) letters = office_send_due(office);
			asked += letters->len;
		}
	}
	g_assert_cmpuint(asked, ==, 2);
	office_assert_states(office, "AAAAAAAAAAA3", "deferred consent");
	office_assert_states(office, "AAAAAAAAAAA7", "deferred consent");
}

/* Two that came in one moment are both asked for, and the ledger lets one go. */
static void
test_two_at_once_are_asked_once(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	office_submit_from(office, "BBBBBBBBBBBB", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_autoptr(GPtrArray) asked = office_send_due(office);

	g_assert_cmpuint(nothing->len, ==, 0);
	g_assert_cmpuint(asked->len, ==, 1);
	office_assert_states(office, "BBBBBBBBBBBB", "deferred consent, cancelled repeated");
}

/* --- Ceilings and the fuse ------------------------------------------------------------------------------------------------------------ */

static void
test_a_configured_reader_sees_no_unproved_address(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/mail_2-headers.txt", "Cc: desk@example.jp\n");
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) first = office_send_due(office);
	office_assert_only_to(office_only_letter(first), "desk@example.jp");
	assert_shown(office_only_letter(first)->to, "");
	assert_shown(office_only_letter(first)->cc, "desk@example.jp");

	office_prove(office, VISITOR);
	office_pass(G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) second = office_send_due(office);
	office_assert_only_to(office_only_letter(second), VISITOR);
	assert_shown(office_only_letter(second)->to, VISITOR);
	assert_shown(office_only_letter(second)->cc, "desk@example.jp");
}

static void
test_a_copy_is_the_notice_without_facts(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/mail-headers.txt", "Cc: [your-email]\n");
	office_form(office, "confirm", "");
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_COPY, VISITOR);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 2);
	const Letter *copy = letters->pdata[0];
	const Letter *notice = letters->pdata[1];

	office_assert_only_to(copy, VISITOR);
	assert_shown(copy->to, OWNER);
	assert_shown(copy->cc, VISITOR);
	g_assert_true(copy->is_automatic);
	g_assert_nonnull(strstr(copy->text, "本文"));
	g_assert_null(strstr(copy->text, "受付番号"));
	office_assert_only_to(notice, OWNER);
	assert_shown(notice->cc, "");
	g_assert_false(notice->is_automatic);
	g_assert_cmpstr(notice->envelope_sender, ==, "info@example.jp");
	g_assert_nonnull(strstr(notice->text, "受付番号"));
}

/* Two fields are not two chances to reach a mailbox. */
static void
test_two_spellings_in_one_submission(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/mail_2-headers.txt", "Cc: Taro+[your-email]");
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	guint mails = 0;
	for (guint round = 0; round < 3; round++) {
		g_autoptr(GPtrArray) letters = office_send_due(office);
		mails += letters->len;
	}
	g_assert_cmpuint(mails, ==, 1);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"asked, pressed, answered", test_asked_pressed_answered},
	    {"nobody is asked for nothing", test_nobody_is_asked_for_nothing},
	    {"an automatic mail is marked and its sender tagged", test_an_automatic_mail_is_one},
	    {"a null sender where the doctor saw it accepted", test_a_null_sender_where_the_doctor_saw_it},
	    {"own domains are proved; policy proved asks nobody", test_own_domains_are_proved},
	    {"replies and confirmations expire", test_replies_expire},
	    {"a confirmation that comes too late is not sent", test_late_confirmations},
	    {"asked again after an outage", test_asked_again_after_an_outage},
	    {"proofs ignore case", test_proofs_ignore_case},
	    {"replies that are switched off expire", test_switched_off_replies_expire},
	    {"what is proved meanwhile goes without a press", test_proved_meanwhile},
	    {"one reply an address within the period", test_one_of_each_within_the_period},
	    {"one confirmation a mailbox, however it is written", test_one_confirmation_a_mailbox},
	    {"two at once are asked once", test_two_at_once_are_asked_once},
	    {"a configured reader sees no unproved address", test_a_configured_reader_sees_no_unproved_address},
	    {"a copy is the notice without facts", test_a_copy_is_the_notice_without_facts},
	    {"two spellings in one submission", test_two_spellings_in_one_submission},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "automatic", tests);
}
