/*
 * What becomes of mails whose account fails, with two accounts and sessions that are this program itself (fallback_office.h).
 */
#include <string.h>

#include "fallback_office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "tree.h"

/* --- Fallback ------------------------------------------------------------------------------------------------------------------- */

static void
test_the_next_account_takes_over_at_once(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "fails", "");
	office_submit_many(office, 5);
	g_assert_cmpuint(fallback_work(office), ==, 2);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAA%03u", i);
		office_assert_states(office, receipt, "sent");
		fallback_assert_tries(office, i + 1, "second 1");
		fallback_assert_story(office, i + 1, "account_failed by main relay.auth, tried by second");
	}
	fallback_assert_letters(office, 5, 5);
	g_assert_cmpint(until_left_us(&fallback_main_desk(office)->rest), >, 0);
	/* While it rests it is not asked again. */
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_assert_cmpuint(fallback_work(office), ==, 1);
	fallback_assert_letters(office, 5, 6);
}

/* Nobody can say of the others what became of them: they keep their names. */
static void
test_an_account_that_fails_midway(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "fails midway", "");
	office_submit_many(office, 3);
	g_assert_cmpuint(fallback_work(office), ==, 2);
	fallback_assert_tries(office, 1, "main 1");
	fallback_assert_tries(office, 2, "second 1");
	fallback_assert_tries(office, 3, "second 1");
	fallback_assert_letters(office, 3, 2);
	g_autoptr(GPtrArray) first = fallback_letters(office, "main");
	g_autoptr(GPtrArray) second = fallback_letters(office, "second");
	g_assert_cmpstr(first->pdata[1], ==, second->pdata[0]);
	g_assert_cmpstr(first->pdata[2], ==, second->pdata[1]);
}

static void
test_a_lost_mail_goes_by_the_next_account_later(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "ends", "");
	office_submit_many(office, 1);
	g_assert_cmpuint(fallback_work(office), ==, 1);
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.lost");
	fallback_assert_letters(office, 1, 0);
	clock_set_offset_us(7 * G_TIME_SPAN_MINUTE);
	g_assert_cmpuint(fallback_work(office), ==, 1);
	office_assert_states(office, "AAAAAAAAA000", "sent");
	fallback_assert_tries(office, 1, "main second 2");
	g_autoptr(GPtrArray) first = fallback_letters(office, "main");
	g_autoptr(GPtrArray) second = fallback_letters(office, "second");
	g_assert_cmpstr(first->pdata[0], ==, second->pdata[0]);
}

static void
test_a_mail_put_off_begins_at_the_next_account(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "defers", "");
	office_submit_many(office, 1);
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.temporary");
	clock_set_offset_us(7 * G_TIME_SPAN_MINUTE);
	fallback_work(office);
	fallback_assert_tries(office, 1, "main second 2");
	/* The account works: it said no to one mail. */
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	fallback_work(office);
	fallback_assert_letters(office, 2, 1);
}

static void
test_what_one_server_refuses_goes_nowhere_else(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "refuses", "");
	office_submit_many(office, 1);
	fallback_work(office);
	clock_set_offset_us(G_TIME_SPAN_DAY);
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAA000", "dead relay.permanent");
	fallback_assert_letters(office, 1, 0);
}

/* Each is asked once, and then all waits. */
static void
test_when_both_fail_they_wait(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "both fail", "");
	office_submit_many(office, 3);
	g_assert_cmpuint(fallback_work(office), ==, 2);
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.auth");
	office_assert_states(office, "AAAAAAAAA002", "deferred relay.auth");
	fallback_assert_tries(office, 1, "0");
	fallback_assert_story(office, 1, "account_failed by main relay.auth, account_failed by second relay.auth");
	g_setenv("FALLBACK_TRIAL", "sends", TRUE);
	clock_set_offset_us(7 * G_TIME_SPAN_MINUTE);
	g_assert_cmpuint(fallback_work(office), >=, 1);
	office_assert_states(office, "AAAAAAAAA002", "sent");
}

/* What an account that failed did not even try is none of its rate. */
static void
test_a_failure_uses_up_no_rate(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "fails", "rate = 3/1h burst 3\n");
	office_submit_many(office, 2);
	fallback_work(office);
	fallback_assert_letters(office, 2, 2);
	g_assert_cmpuint(allowance_take(&office->courier, fallback_main_desk(office), 9), ==, 3);
}

static void
test_a_rate_splits_the_mails(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "sends", "rate = 3/1h burst 3\n");
	office_submit_many(office, 5);
	fallback_work(office);
	fallback_assert_letters(office, 3, 2);
	office_assert_states(office, "AAAAAAAAA004", "sent");
	g_assert_cmpuint(allowance_take(&office->courier, fallback_main_desk(office), 1), ==, 0);
}

/* Mails that fly alone take no more of the rate than they are. */
static void
test_a_rate_counts_what_goes(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "sends", "rate = 9/1h burst 9\n");
	office_submit_many(office, 5);
	g_autoptr(GPtrArray) items = office_claim(office);
	fallback_delivery(items->pdata[0])->reason = g_strdup("relay.lost");
	while (items->len > 0)
		desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	fallback_fly(office, fallback_main_desk(office));
	fallback_assert_letters(office, 1, 0);
	g_assert_cmpuint(allowance_take(&office->courier, fallback_main_desk(office), 99), ==, 8);
}

/* What the doctor saw one server take the other one need not. */
static void
test_the_envelope_is_the_carriers(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "fails", "");
	g_autoptr(GString) conf = g_string_new(tree_site_conf);
	g_string_replace(conf, "account = main", "account = main second\nreply_sender = null", 1);
	tree_write(office->tree, "sites/example.jp/site.conf", conf->str);
	office_form(office, "proved", OFFICE_REPLY);
	office_prove(office, "taro@visitor.test");
	g_autofree char *key = account_key(fallback_main_desk(office)->account);
	g_assert_true(ledger_note_null_sender(office->courier.ledger, key, TRUE, NULL));
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, "taro@visitor.test");
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAAAAA", "sent");
	g_autoptr(GPtrArray) first = fallback_letters(office, "main");
	g_autoptr(GPtrArray) second = fallback_letters(office, "second");
	g_assert_true(g_str_has_suffix(first->pdata[0], " <>"));
	g_assert_nonnull(strstr(second->pdata[0], " <info+"));
}

/* --- Alarms --------------------------------------------------------------------------------------------------------------------- */

static guint
count_alarms(Office *office, const char *topic)
{
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, LIMIT_ALARMS, NULL);
	guint count = 0;

	for (guint i = 0; i < alarms->len; i++)
		count += g_str_equal(((const Alarm *)alarms->pdata[i])->topic, topic);
	return count;
}

static void
test_a_dead_notice_is_told(Office *office, gconstpointer unused)
{
	(void)unused;
	fallback_set_up(office, "refuses", "");
	office_form(office, "proved", OFFICE_REPLY);
	office_prove(office, "taro@visitor.test");
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, "taro@visitor.test");
	fallback_work(office);
	office_assert_states(office, "AAAAAAAAAAAA", "dead relay.permanent");
	g_assert_cmpuint(count_alarms(office, "dead"), ==, 0);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	fallback_work(office);
	office_assert_states(office, "BBBBBBBBBBBB", "dead relay.permanent");
	g_assert_cmpuint(count_alarms(office, "dead"), ==, 1);
}

/* Rows name sites; the gateway hears of those that are none. */
static void
test_an_account_that_goes_on_failing_is_an_alarm(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH, "no");
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	Desk *desk = desk_of(&office->courier, site, site_account(site));

	(void)unused;
	desk_block(&office->courier, desk, failure, "535");
	desk_block(&office->courier, desk, failure, "535");
	g_assert_cmpuint(count_alarms(office, "account"), ==, 0);
	/* A site that has one mail in two days is told as well. */
	desk->rest.monotonic_us -= 2 * G_TIME_SPAN_DAY;
	desk_sweep(&office->courier, FALSE);
	desk = desk_of(&office->courier, site, site_account(site));
	desk_block(&office->courier, desk, failure, "535");
	desk_block(&office->courier, desk, failure, "535");
	g_assert_cmpuint(count_alarms(office, "account"), ==, 1);
}

static void
test_an_unknown_site_is_the_gateways_alarm(Office *office, gconstpointer unused)
{
	(void)unused;
	g_assert_true(alarm_raise_for(&office->courier, "no-such-site.test", "lost"));
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, LIMIT_ALARMS, NULL);
	g_assert_cmpuint(alarms->len, ==, 1);
	g_assert_cmpstr(((const Alarm *)alarms->pdata[0])->site, ==, "");
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"the next account takes over at once", test_the_next_account_takes_over_at_once},
	    {"an account that fails midway", test_an_account_that_fails_midway},
	    {"a lost mail goes by the next account later", test_a_lost_mail_goes_by_the_next_account_later},
	    {"a mail put off begins at the next account", test_a_mail_put_off_begins_at_the_next_account},
	    {"what one server refuses goes nowhere else", test_what_one_server_refuses_goes_nowhere_else},
	    {"when both fail they wait", test_when_both_fail_they_wait},
	    {"a failure uses up no rate", test_a_failure_uses_up_no_rate},
	    {"a rate splits the mails", test_a_rate_splits_the_mails},
	    {"a rate counts what goes", test_a_rate_counts_what_goes},
	    {"the envelope is the carrier's", test_the_envelope_is_the_carriers},
	    {"a dead notice is told", test_a_dead_notice_is_told},
	    {"an account that goes on failing is an alarm", test_an_account_that_goes_on_failing_is_an_alarm},
	    {"an unknown site is the gateway's alarm", test_an_unknown_site_is_the_gateways_alarm},
	    {NULL, NULL},
	};

	return fallback_main(argc, argv, "fallback", tests);
}
