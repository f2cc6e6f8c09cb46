/*
 * Ceilings and the fuse, as the courier obeys them: what waits, what does not, and who is told.
 */
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "tree.h"

#define OWNER "owner@example.jp"

static void
submit_proved(Office *office, guint count)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", i);
		g_autofree char *email = g_strdup_printf("visitor%u@visitor.test", i);
		office_prove(office, email);
		office_submit_from(office, receipt, MAIL_REPLY, email);
	}
}

static guint
alarms_count(Office *office)
{
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);

	return alarms->len;
}

/* The one alarm, by both channels. */
static void
tell_alarm(Office *office)
{
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);

	g_assert_cmpuint(alarms->len, ==, 1);
	const Alarm *alarm = alarms->pdata[0];
	g_assert_cmpstr(alarm->site, ==, "example.jp");
	g_assert_cmpstr(alarm->topic, ==, "ceiling");
	g_assert_nonnull(strstr(alarm->text, "example.jp"));
	g_assert_true(ledger_alarm_commanded(office->courier.ledger, alarm->id, NULL));
	g_assert_true(ledger_alarm_mailed(office->courier.ledger, alarm->id, NULL));
}

static void
test_a_ceiling_alarms_once_a_day(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[reply]\nper_domain = 1\n");
	office_form(office, "confirm", OFFICE_REPLY);
	submit_proved(office, 3);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	tell_alarm(office);
	office_pass(16 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) still = office_send_due(office);
	g_assert_cmpuint(alarms_count(office), ==, 0);

	/* One reply of yesterday has left meanwhile, so the ceiling is reached again. */
	office_pass(G_TIME_SPAN_DAY);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *receipt = g_strdup_printf("CCCCCCCCCCC%u", i);
		g_autofree char *address = g_strdup_printf("new%u@visitor.test", i);
		office_prove(office, address);
		office_submit_from(office, receipt, MAIL_REPLY, address);
	}
	g_autoptr(GPtrArray) next = office_send_due(office);
	g_assert_cmpuint(next->len, ==, 1);
	tell_alarm(office);
}

static void
test_a_ceiling_puts_off(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[reply]\nper_domain = 2\n");
	office_form(office, "confirm", OFFICE_REPLY);
	submit_proved(office, 3);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 2);
	office_assert_states(office, "AAAAAAAAAAA2", "deferred ceiling");
	office_pass(16 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) still = office_send_due(office);
	g_assert_cmpuint(still->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAA2", "deferred ceiling");
}

static void
test_the_fuse_trips_once(Office *office, gconstpointer unused)
{
	gboolean was_tripped = FALSE;

	(void)unused;
	office_site(office, "[reply]\nfuse_hour = 2\n");
	office_form(office, "confirm", OFFICE_REPLY);
	submit_proved(office, 5);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	/* Two replies and the notice. */
	g_assert_cmpuint(letters->len, ==, 3);
	office_assert_states(office, "BBBBBBBBBBBB", "sent");
	for (guint i = 2; i < 5; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", i);
		office_assert_states(office, receipt, "deferred fuse");
	}
	g_assert_cmpuint(alarms_count(office), ==, 1);
	office_pass(31 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) still = office_send_due(office);
	g_assert_cmpuint(still->len, ==, 0);
	g_assert_cmpuint(alarms_count(office), ==, 1);

	g_assert_true(ledger_fuse_reset(office->courier.ledger, "example.jp", &was_tripped, NULL));
	g_assert_true(was_tripped);
	office_pass(31 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) released = office_send_due(office);
	g_assert_cmpuint(released->len, ==, 2);
}

/* Claims one mail; TRUE if it may go. */
static gboolean
prepare_one(Office *office)
{
	g_autoptr(GError) error = NULL;
	office->courier.claims++;
	g_assert_true(settle_flush(&office->courier));
	g_autoptr(GPtrArray) items = outbox_claim(office->courier.db, office->courier.owner, G_TIME_SPAN_HOUR, 1, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(items->len, ==, 1);
	g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[0], &error);
	g_assert_no_error(error);
	return letter != NULL;
}

/* What is due of the form waits together; it need not be claimed first. */
static void
test_a_tripped_fuse_puts_the_form_off(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[reply]\nfuse_hour = 1\n");
	tree_write(office->tree, "sites/example.jp/forms/contact/mail-headers.txt", "Cc: [your-email]\n");
	office_form(office, "confirm", "");
	for (guint i = 0; i < 4; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", i);
		g_autofree char *email = g_strdup_printf("visitor%u@visitor.test", i);
		office_prove(office, email);
		office_submit_from(office, receipt, MAIL_COPY, email);
	}
	g_assert_true(prepare_one(office));
	g_assert_false(prepare_one(office));
	office_assert_states(office, "AAAAAAAAAAA3", "deferred fuse");
}

/* A flood makes no confirmations that could not leave; who waited is asked after the reset. */
static void
test_a_tripped_fuse_asks_nobody(Office *office, gconstpointer unused)
{
	gboolean was_tripped = FALSE;

	(void)unused;
	office_site(office, "[reply]\nfuse_hour = 1\n");
	office_form(office, "confirm", OFFICE_REPLY);
	submit_proved(office, 2);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	office_submit_from(office, "BBBBBBBBBBB0", MAIL_REPLY, "stranger@visitor.test");
	g_autoptr(GPtrArray) none = office_send_due(office);
	g_assert_cmpuint(none->len, ==, 0);
	office_assert_states(office, "BBBBBBBBBBB0", "deferred fuse");

	/* Whoever waited is looked at again: the reply goes, and the stranger is to be asked. */
	g_assert_true(ledger_fuse_reset(office->courier.ledger, "example.jp", &was_tripped, NULL));
	office_pass(31 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) after = office_send_due(office);
	g_assert_cmpuint(after->len, ==, 1);
	office_assert_states(office, "BBBBBBBBBBB0", "deferred consent, queued");
}

/* mail_2 may go to the operator too, and what he wrote is not the fuse's matter: only what waited for the fuse before is put off unseen. */
static void
test_a_tripped_fuse_holds_no_configured_mail(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[reply]\nfuse_hour = 1\n");
	office_form(office, "confirm", "[mail_2]\nactive = on\nrecipient = [your-email], desk@example.jp\n");
	submit_proved(office, 3);
	g_assert_true(prepare_one(office));
	g_autoptr(GPtrArray) tripped = office_send_due(office);
	g_assert_cmpuint(tripped->len, ==, 2);
	for (guint i = 0; i < tripped->len; i++)
		office_assert_only_to(tripped->pdata[i], "desk@example.jp");
	office_assert_states(office, "AAAAAAAAAAA1", "deferred fuse, sent");

	office_pass(31 * G_TIME_SPAN_MINUTE);
	office_submit(office, "BBBBBBBBBBBB", MAIL_REPLY, "desk@example.jp");
	g_assert_false(prepare_one(office));
	/* The other one that waited so is put off with it; the new one was not touched, and goes. */
	g_assert_true(prepare_one(office));
	office_assert_states(office, "AAAAAAAAAAA2", "deferred fuse, sent");
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a ceiling alarms once a day", test_a_ceiling_alarms_once_a_day},
	    {"a ceiling puts off", test_a_ceiling_puts_off},
	    {"the fuse trips and alarms once", test_the_fuse_trips_once},
	    {"a tripped fuse puts the whole form off", test_a_tripped_fuse_puts_the_form_off},
	    {"a tripped fuse asks nobody", test_a_tripped_fuse_asks_nobody},
	    {"a tripped fuse holds no configured mail", test_a_tripped_fuse_holds_no_configured_mail},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "automatic_ceilings", tests);
}
