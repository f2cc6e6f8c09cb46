/*
 * What a notice tells of the mails to its visitor: before they were looked at, and what has become of them.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/submissions.h"
#include "sekisho/wire/address.h"

#define VISITOR "taro@visitor.test"

/* --- Before --------------------------------------------------------------------------------------------------------------- */

static void
suppress(Office *office, const char *address)
{
	g_autofree char *mailbox = address_mailbox(address);
	gint64 now_us = clock_now_us();
	Suppression suppression = {.site = (char *)"example.jp",
	    .kind = SUPPRESSION_BOUNCE,
	    .reason = (char *)"bounce.address",
	    .bounces = 1,
	    .since_us = now_us,
	    .until_us = now_us + G_TIME_SPAN_DAY};
	vault_hash(office->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox), &suppression.address);
	g_assert_true(ledger_suppress(office->courier.ledger, &suppression, NULL));
}

static char *
line_of(const char *id)
{
	return g_strdup_printf("%s: %s", text_for("ja", "facts.reply"), text_for("ja", id));
}

static void
test_what_will_become_of_it(Office *office, gconstpointer unused)
{
	static const struct {
		const char *reply;
		const char *email;
		gboolean is_proved;
		gboolean is_suppressed;
		const char *id;
	} cases[] = {
	    {"confirm", "a" VISITOR, FALSE, FALSE, "facts.mail_asked"},
	    {"confirm", "b" VISITOR, TRUE, FALSE, "facts.mail_follows"},
	    {"confirm", "staff@example.jp", FALSE, FALSE, "facts.mail_follows"},
	    {"proved", "c" VISITOR, FALSE, FALSE, "facts.mail_unproved"},
	    {"proved", "d" VISITOR, TRUE, FALSE, "facts.mail_follows"},
	    {"confirm", "e+tag" VISITOR, TRUE, TRUE, "facts.mail_suppressed"},
	    {"never", "f" VISITOR, TRUE, FALSE, "facts.mail_policy"},
	    {"confirm", "no-reply@visitor.test", FALSE, FALSE, "facts.mail_automatic"},
	};
	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		g_autofree char *expected = line_of(cases[i].id);
		office_form(office, cases[i].reply, OFFICE_REPLY);
		if (cases[i].is_proved)
			office_prove(office, cases[i].email);
		if (cases[i].is_suppressed)
			suppress(office, cases[i].email);
		office_submit_from(office, receipt, MAIL_NOTICE, cases[i].email);
		g_autoptr(GPtrArray) letters = office_send_due(office);
		const Letter *notice = office_only_letter(letters);
		g_test_message("%s: %s", cases[i].email, notice->text);
		office_assert_only_to(notice, "owner@example.jp");
		g_assert_nonnull(strstr(notice->text, expected));
		g_assert_null(strstr(strstr(notice->text, expected) + 1, text_for("ja", "facts.reply")));
	}
}

static void
test_nothing_is_told_of_no_reply(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", "");
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_NOTICE, VISITOR);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_null(strstr(office_only_letter(letters)->text, text_for("ja", "facts.reply")));
}

/* What a carrier accepts may still be hidden, the owner's own answer too. */
static void
test_a_carrier_is_named(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_NOTICE, "taro@docomo.ne.jp");
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *notice = office_only_letter(letters);
	g_assert_nonnull(strstr(notice->text, "\n訪問者への自動返信メール: まだ送信していません。"));
	g_assert_nonnull(strstr(notice->text, "（ドコモのアドレスのため、"));
}

/* --- Afterwards ------------------------------------------------------------------------------------------------------------- */

/* What a notice of that submission would tell now. The caller's. */
static char *
told(Office *office, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	const OutboxFilter filter = {.receipt = receipt};
	g_autoptr(GPtrArray) items = outbox_list(office->courier.db, &filter, 1, &error);
	g_assert_no_error(error);
	const OutboxItem *item = items->pdata[0];
	g_autoptr(Site) site = config_site(office->config, "example.jp", &error);
	g_autoptr(Form) form = site_form(site, 4, &error);
	g_autoptr(Submission) submission = submissions_open(office->courier.db, office->vault, item->submission_id, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	return outlook_text(&office->courier, item, site, form, planned);
}

static void
test_what_has_become_of_it(Office *office, gconstpointer unused)
{
	static const struct {
		DeliveryState state;
		const char *reason;
		const char *id;
	} cases[] = {
	    {DELIVERY_SENT, NULL, "facts.mail_sent"},
	    {DELIVERY_DEFERRED, "relay.connect", "facts.mail_put_off"},
	    {DELIVERY_DEFERRED, "ceiling", "facts.mail_waits"},
	    {DELIVERY_DEFERRED, "fuse", "facts.mail_waits"},
	    {DELIVERY_DEFERRED, CHOICE_RATE, "facts.mail_waits"},
	    {DELIVERY_DEFERRED, "consent", "facts.mail_asked"},
	    {DELIVERY_DEAD, "relay.permanent", "facts.mail_dead"},
	    {DELIVERY_DEAD, OUTBOX_HOLD, "facts.mail_held"},
	    {DELIVERY_CANCELLED, "repeated", "facts.mail_repeated"},
	    {DELIVERY_CANCELLED, "expired", "facts.mail_expired"},
	    {DELIVERY_CANCELLED, "suppressed", "facts.mail_suppressed"},
	    {DELIVERY_CANCELLED, "unproved", "facts.mail_unproved"},
	    {DELIVERY_CANCELLED, "bounce.full", "facts.mail_bounced"},
	    {DELIVERY_CANCELLED, "gone", "facts.mail_cancelled"},
	    {DELIVERY_QUEUED, NULL, "facts.mail_follows"},
	};
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAA%02u", (guint)i);
		g_autofree char *expected = line_of(cases[i].id);
		office_submit_from(office, receipt, MAIL_REPLY, VISITOR);
		g_autoptr(GPtrArray) items = office_claim(office);
		g_assert_cmpuint(items->len, ==, 1);
		const Delivery *delivery = ((const OutboxItem *)items->pdata[0])->deliveries->pdata[0];
		DeliveryOutcome outcome = {.delivery_id = delivery->id,
		    .state = cases[i].state,
		    .reason = cases[i].reason,
		    .due_at_us = clock_now_us() + G_TIME_SPAN_MINUTE};
		g_assert_true(outbox_settle(office->courier.db, office->courier.owner, &outcome, 1, NULL));
		g_autofree char *text = told(office, receipt);
		g_test_message("%s: %s", receipt, text);
		g_assert_true(g_str_has_prefix(text, expected));
		g_assert_cmpstr(strchr(text, '\n'), ==, "\n");
	}
}

/* A refusal is for good, be the form another one by now. */
static void
test_what_was_refused_does_not_follow(Office *office, gconstpointer unused)
{
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(
	    sqlite3_exec(raw, "UPDATE delivery SET state = 7, reason = 'reply_policy'", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
	g_autofree char *text = told(office, "AAAAAAAAAAAA");
	g_autofree char *expected = line_of("facts.mail_policy");
	g_assert_true(g_str_has_prefix(text, expected));
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a notice tells whether the visitor gets an answer, and why not", test_what_will_become_of_it},
	    {"a form without a reply tells of none", test_nothing_is_told_of_no_reply},
	    {"a carrier's address is said to be one", test_a_carrier_is_named},
	    {"what has become of it is told", test_what_has_become_of_it},
	    {"what was refused does not follow", test_what_was_refused_does_not_follow},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "outlook", tests);
}
