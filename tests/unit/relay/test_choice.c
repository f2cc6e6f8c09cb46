/*
 * Which account a mail goes by: order, rests, rates, full desks, and how many sessions each account gets.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

/* sekisho.conf with the accounts main, second and third, of which `main_lines` and `second_lines` are further lines; the site has those that `names` says. */
static void
set_up(Office *office, const char *names, const char *main_lines, const char *second_lines)
{
	g_autofree char *conf = g_strdup_printf("[gateway]\nlisten = ./s.sock\ndata_directory = data\n"
						"[account main]\nhost = 127.0.0.1\nport = 1\nsecurity = plain-loopback\n%s"
						"[account second]\nhost = 127.0.0.1\nport = 2\nsecurity = plain-loopback\n%s"
						"[account third]\nhost = 127.0.0.1\nport = 3\nsecurity = plain-loopback\n",
	    main_lines, second_lines);
	g_auto(GStrv) parts = g_strsplit(tree_site_conf, "account = main", 2);
	g_autofree char *site = g_strconcat(parts[0], "account = ", names, parts[1], NULL);

	tree_write(office->tree, "sekisho.conf", conf);
	tree_write(office->tree, "sites/example.jp/site.conf", site);
	office_reload(office);
}

static Desk *
desk_named(Office *office, const char *name)
{
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);

	for (guint i = 0; i < site->accounts->len; i++)
		if (g_str_equal(((const Account *)site->accounts->pdata[i])->name, name))
			return desk_of(&office->courier, site, site->accounts->pdata[i]);
	g_assert_not_reached();
}

/* Each account's mails that wait at its desk, in the site's order: "2 1". */
static void
assert_waiting(Office *office, const char *expected)
{
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autoptr(GString) found = g_string_new(NULL);
	guint sum = 0;

	for (guint i = 0; i < site->accounts->len; i++) {
		const Desk *desk = desk_of(&office->courier, site, site->accounts->pdata[i]);
		g_string_append_printf(found, "%s%u", i > 0 ? " " : "", desk->waiting.length);
		sum += desk->waiting.length;
	}
	g_assert_cmpstr(found->str, ==, expected);
	g_assert_cmpuint(office->courier.waiting, ==, sum);
}

static void
fail(Office *office, const char *name, RelayError code)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, (gint)code, "x");

	desk_block(&office->courier, desk_named(office, name), failure, name);
}

static Delivery *
delivery_of(OutboxItem *item)
{
	return item->deliveries->pdata[0];
}

/* Claims one mail and takes it as one that has been tried so often. */
static void
take_tried(Office *office, guint attempts)
{
	g_autoptr(GPtrArray) items = office_claim(office);

	g_assert_cmpuint(items->len, ==, 1);
	delivery_of(items->pdata[0])->attempts = attempts;
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
}

static gint64
due_in_us(Office *office, gint64 item_id)
{
	g_assert_true(settle_flush(&office->courier));
	g_autoptr(OutboxItem) item = outbox_find(office->courier.db, item_id, NULL);

	return delivery_of(item)->due_at_us - clock_now_us();
}

/* --- Order -------------------------------------------------------------------------------------------------------------------- */

static void
test_each_try_begins_at_the_next_account(Office *office, gconstpointer unused)
{
	static const char *const waiting[] = {"1 0 0", "1 1 0", "1 1 1", "2 1 1", "2 2 1"};

	(void)unused;
	set_up(office, "main second third", "", "");
	for (guint i = 0; i < G_N_ELEMENTS(waiting); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAA%02u", i);
		office_submit(office, receipt, MAIL_NOTICE, "owner@example.jp");
		take_tried(office, i);
		assert_waiting(office, waiting[i]);
	}
}

static void
test_a_resting_account_is_passed_over(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_AUTH);
	office_submit_many(office, 3);
	office_take_all(office);
	assert_waiting(office, "0 3");
	office_assert_states(office, "AAAAAAAAA002", "leased");
}

static void
test_what_waits_for_an_account_that_fails_goes_by_the_next(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	office_submit_many(office, 3);
	office_take_all(office);
	assert_waiting(office, "3 0");
	fail(office, "main", RELAY_ERROR_CONNECT);
	assert_waiting(office, "0 3");
	office_assert_states(office, "AAAAAAAAA000", "leased");
	/* Oldest first, as they were leased. */
	const Waiting *first = g_queue_peek_head(&desk_named(office, "second")->waiting);
	g_assert_cmpint(first->item->id, ==, 1);
}

static void
test_when_all_rest_they_wait_for_the_first(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_AUTH);
	fail(office, "main", RELAY_ERROR_AUTH);
	fail(office, "second", RELAY_ERROR_TLS);
	g_assert_cmpint(until_left_us(&desk_named(office, "main")->rest), >, until_left_us(&desk_named(office, "second")->rest));
	office_submit_many(office, 3);
	office->courier.claims++;
	g_autoptr(GPtrArray) items = outbox_claim(office->courier.db, office->courier.owner, G_TIME_SPAN_HOUR, 1, NULL);
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	assert_waiting(office, "0 0");
	/* The others were not even claimed. */
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.tls");
	office_assert_states(office, "AAAAAAAAA002", "deferred relay.tls");
	const gint64 rest_us = until_left_us(&desk_named(office, "second")->rest);
	g_assert_cmpint(due_in_us(office, 1), >=, rest_us - G_TIME_SPAN_SECOND);
	g_assert_cmpint(due_in_us(office, 1), <=, rest_us + 21 * G_TIME_SPAN_SECOND);
}

/* Nothing is put off by form that another account could take in a moment. */
static void
test_a_full_desk_is_no_rest(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_AUTH);
	office_submit_many(office, LIMIT_ACCOUNT_ITEMS + 3);
	g_autoptr(GPtrArray) items =
	    outbox_claim(office->courier.db, office->courier.owner, G_TIME_SPAN_HOUR, LIMIT_ACCOUNT_ITEMS + 1, NULL);
	office->courier.claims++;
	while (items->len > 0)
		desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	assert_waiting(office, "0 100");
	office_assert_states(office, "AAAAAAAAA100", "queued");
	g_assert_cmpint(due_in_us(office, 101), <=, 5 * G_TIME_SPAN_SECOND);
	/* Nobody has touched these, even where the queue looks as if the rest ended sooner. */
	g_assert_cmpint(due_in_us(office, 103), <=, 0);
	desk_named(office, "second")->overflow = 1000 * LIMIT_SESSION_MAILS;
	g_autoptr(GPtrArray) more = outbox_claim(office->courier.db, office->courier.owner, G_TIME_SPAN_HOUR, 1, NULL);
	office->courier.claims++;
	desk_take(&office->courier, g_ptr_array_steal_index(more, 0));
	office_assert_states(office, "AAAAAAAAA101", "deferred relay.auth");
	office_assert_states(office, "AAAAAAAAA102", "queued");
}

static void
test_a_full_desk_sends_to_the_next(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	office_submit_many(office, LIMIT_ACCOUNT_ITEMS + 3);
	office_take_all(office);
	assert_waiting(office, "100 3");
}

/* Until it has worked again, one mail tries it. */
static void
test_an_account_on_trial_gets_one_mail(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_CONNECT);
	desk_named(office, "main")->rest = (Until){0};
	office_submit_many(office, 4);
	office_take_all(office);
	assert_waiting(office, "1 3");
	/* Where there is no other account all wait for it. */
	desk_sweep(&office->courier, TRUE);
	g_assert_true(settle_flush(&office->courier));
	fail(office, "second", RELAY_ERROR_CONNECT);
	office_take_all(office);
	assert_waiting(office, "4 0");
}

static void
order(Office *office)
{
	g_assert_true(outbox_hold(office->courier.db, 1, "operator", NULL));
	g_assert_true(outbox_retry(office->courier.db, 1, FALSE, "operator", NULL));
}

static void
test_an_order_prefers_an_account_that_works(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_AUTH);
	office_submit_many(office, 1);
	order(office);
	office_take_all(office);
	assert_waiting(office, "0 1");
}

/* Which of them is mended only the person knows. */
static void
test_an_order_breaks_each_rest_once(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	fail(office, "main", RELAY_ERROR_AUTH);
	fail(office, "second", RELAY_ERROR_AUTH);
	office_submit_many(office, 1);
	order(office);
	office_take_all(office);
	assert_waiting(office, "1 0");
	fail(office, "main", RELAY_ERROR_AUTH);
	assert_waiting(office, "0 1");
	fail(office, "second", RELAY_ERROR_AUTH);
	assert_waiting(office, "0 0");
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.auth");
}

/* --- Rates ---------------------------------------------------------------------------------------------------------------------- */

static void
test_a_rate_lets_so_many_go(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main", "rate = 6/1h burst 3\n", "");
	Desk *desk = desk_named(office, "main");
	Courier *courier = &office->courier;

	g_assert_cmpuint(allowance_take(courier, desk, 2), ==, 2);
	g_assert_cmpuint(allowance_take(courier, desk, 5), ==, 1);
	g_assert_cmpint(until_left_us(&desk->spent), <=, 0);
	g_assert_cmpuint(allowance_take(courier, desk, 5), ==, 0);
	g_assert_cmpint(until_left_us(&desk->spent), >, 9 * G_TIME_SPAN_MINUTE);
	g_assert_cmpint(until_left_us(&desk->spent), <=, 10 * G_TIME_SPAN_MINUTE);
	/* What was not tried is there again; and another courier knows what this one sent. */
	allowance_return(courier, desk, 1);
	g_hash_table_remove_all(courier->desks);
	g_assert_cmpuint(allowance_take(courier, desk_named(office, "main"), 5), ==, 1);
	g_assert_cmpuint(allowance_take(courier, desk_named(office, "main"), 5), ==, 0);
}

/* They come back one by one, and a person sees why they wait: not for an account that works again. Another reason stays. */
static void
test_a_used_up_rate_makes_them_wait_for_their_turn(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main", "rate = 6/1h burst 3\n", "");
	Courier *courier = &office->courier;
	g_assert_cmpuint(allowance_take(courier, desk_named(office, "main"), 3), ==, 3);
	office_submit_many(office, 12);
	g_autoptr(GPtrArray) items = office_claim(office);
	delivery_of(items->pdata[1])->reason = g_strdup("relay.auth");
	delivery_of(items->pdata[2])->reason = g_strdup("relay.lost");
	while (items->len > 0)
		desk_take(courier, g_ptr_array_steal_index(items, 0));
	assert_waiting(office, "12");
	flight_start(courier, desk_named(office, "main"));
	g_assert_cmpuint(courier->flights->len, ==, 0);
	assert_waiting(office, "0");
	office_assert_states(office, "AAAAAAAAA000", "deferred rate");
	office_assert_states(office, "AAAAAAAAA001", "deferred rate");
	office_assert_states(office, "AAAAAAAAA002", "queued");
	for (gint64 item = 1; item <= 5; item++)
		g_assert_cmpint(ABS(due_in_us(office, item) - item * 10 * G_TIME_SPAN_MINUTE), <, G_TIME_SPAN_MINUTE);
	for (gint64 item = 7; item <= 12; item++) {
		g_assert_cmpint(due_in_us(office, item), >=, 29 * G_TIME_SPAN_MINUTE);
		g_assert_cmpint(due_in_us(office, item), <=, 60 * G_TIME_SPAN_MINUTE);
	}
}

static void
test_what_a_rate_does_not_let_go_goes_by_the_next(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "rate = 6/1h burst 3\n", "");
	Courier *courier = &office->courier;
	g_assert_cmpuint(allowance_take(courier, desk_named(office, "main"), 3), ==, 3);
	office_submit_many(office, 4);
	office_take_all(office);
	assert_waiting(office, "4 0");
	flight_start(courier, desk_named(office, "main"));
	assert_waiting(office, "0 4");
	/* And what comes later goes there at once. */
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, "owner@example.jp");
	office_take_all(office);
	assert_waiting(office, "0 5");
}

static void
test_without_a_ledger_the_rate_is_an_even_pace(Office *office, gconstpointer unused)
{
	g_autofree char *path = g_build_filename(office->config->courier_directory, "ledger.db", NULL);
	sqlite3 *ledger = NULL;

	(void)unused;
	set_up(office, "main", "rate = 60/1h burst 30\n", "");
	Desk *desk = desk_named(office, "main");
	g_assert_cmpint(sqlite3_open(path, &ledger), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(ledger, "DROP TABLE account_rate", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(ledger);
	g_assert_cmpuint(allowance_take(&office->courier, desk, 20), ==, 1);
	g_assert_cmpint(ABS(until_left_us(&desk->spent) - G_TIME_SPAN_MINUTE), <, G_TIME_SPAN_SECOND);
	/* And the next one when a minute is over. */
	g_assert_cmpuint(allowance_take(&office->courier, desk, 20), ==, 0);
	clock_set_offset_us(G_TIME_SPAN_MINUTE);
	g_assert_cmpuint(allowance_take(&office->courier, desk, 20), ==, 1);
}

/* --- Sessions ------------------------------------------------------------------------------------------------------------------ */

/* As a flight that begins does. */
static void
begin_session(Desk *desk)
{
	desk_note_flight(desk);
}

static void
test_a_silent_server_gets_one_session(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main", "connections = 3\n", "");
	office_submit_many(office, 5);
	Desk *desk = office_take_all(office);
	for (guint i = 0; i < 3; i++) {
		g_assert_true(desk_next(&office->courier) == desk);
		begin_session(desk);
		g_assert_null(desk_next(&office->courier));
		desk->has_answered = TRUE;
	}
	/* So many and no more. */
	g_assert_null(desk_next(&office->courier));
	desk->flights--;
	g_assert_true(desk_next(&office->courier) == desk);
	desk->flights = 0;
}

static void
test_no_account_takes_more_than_half_while_others_wait(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "connections = 8\n", "connections = 8\n");
	office_submit_many(office, LIMIT_ACCOUNT_ITEMS + 10);
	office_take_all(office);
	Desk *first = desk_named(office, "main"), *second = desk_named(office, "second");
	for (guint i = 0; i < LIMIT_SESSIONS / 2; i++) {
		g_assert_true(desk_next(&office->courier) == first);
		begin_session(first);
		first->has_answered = TRUE;
	}
	g_assert_true(desk_next(&office->courier) == second);
	begin_session(second);
	/* The other one's server is silent, so nobody is kept waiting. */
	g_assert_true(desk_next(&office->courier) == first);
	second->has_answered = TRUE;
	g_assert_true(desk_next(&office->courier) == second);
	first->flights = second->flights = 0;
}

static void
test_nothing_waits_behind_a_session_that_hangs(Office *office, gconstpointer unused)
{
	(void)unused;
	set_up(office, "main second", "", "");
	office_submit_many(office, 3);
	office_take_all(office);
	Desk *desk = desk_named(office, "main");
	begin_session(desk);
	desk_sweep(&office->courier, FALSE);
	assert_waiting(office, "3 0");
	desk->heard_at_us -= 20 * G_TIME_SPAN_SECOND;
	desk_sweep(&office->courier, FALSE);
	assert_waiting(office, "0 3");
	/* Where both hang they stay. */
	Desk *second = desk_named(office, "second");
	begin_session(second);
	second->heard_at_us -= 20 * G_TIME_SPAN_SECOND;
	desk_sweep(&office->courier, FALSE);
	assert_waiting(office, "3 0");
	desk->flights = second->flights = 0;
}

/* A server that bears fewer sessions than the account says. */
static void
test_one_session_too_many_is_no_rest(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_CONNECT, "x");

	(void)unused;
	set_up(office, "main", "connections = 3\n", "");
	office_submit_many(office, 5);
	Desk *desk = office_take_all(office);
	begin_session(desk);
	desk->has_answered = TRUE;
	desk_fail(&office->courier, desk, failure, "421");
	assert_waiting(office, "5");
	g_assert_cmpint(until_left_us(&desk->rest), <=, 0);
	g_assert_null(desk_next(&office->courier));
	desk->flights--;
	g_assert_true(desk_next(&office->courier) == desk);
	desk_fail(&office->courier, desk, failure, "421");
	g_assert_cmpint(until_left_us(&desk->rest), >, 0);
	assert_waiting(office, "0");
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"each try begins at the next account", test_each_try_begins_at_the_next_account},
	    {"a resting account is passed over", test_a_resting_account_is_passed_over},
	    {"what waits for an account that fails goes by the next", test_what_waits_for_an_account_that_fails_goes_by_the_next},
	    {"when all rest they wait for the first", test_when_all_rest_they_wait_for_the_first},
	    {"a full desk is no rest", test_a_full_desk_is_no_rest},
	    {"a full desk sends to the next", test_a_full_desk_sends_to_the_next},
	    {"an account on trial gets one mail", test_an_account_on_trial_gets_one_mail},
	    {"an order prefers an account that works", test_an_order_prefers_an_account_that_works},
	    {"an order breaks each rest once", test_an_order_breaks_each_rest_once},
	    {"a rate lets so many go", test_a_rate_lets_so_many_go},
	    {"a used up rate makes them wait for their turn", test_a_used_up_rate_makes_them_wait_for_their_turn},
	    {"what a rate does not let go goes by the next", test_what_a_rate_does_not_let_go_goes_by_the_next},
	    {"without a ledger the rate is an even pace", test_without_a_ledger_the_rate_is_an_even_pace},
	    {"a silent server gets one session", test_a_silent_server_gets_one_session},
	    {"no account takes more than half while others wait", test_no_account_takes_more_than_half_while_others_wait},
	    {"nothing waits behind a session that hangs", test_nothing_waits_behind_a_session_that_hangs},
	    {"one session too many is no rest", test_one_session_too_many_is_no_rest},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "choice", tests);
}
