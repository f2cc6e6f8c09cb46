/*
 * Leased mails at their accounts' desks, and what becomes of attempts, on a real database and configuration.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

#define OWNER "owner@example.jp"
#define DAY_US (24 * 3600 * (gint64)G_USEC_PER_SEC)

/* --- Settling ------------------------------------------------------------------------------------------------------------------- */

static void
test_what_becomes_of_an_attempt(Office *office, gconstpointer unused)
{
	static const struct {
		int code; /* RelayError, -1: sent */
		gint64 age_days;
		guint attempts;
		const char *states;
	} cases[] = {
	    {-1, 0, 0, "sent"},
	    {RELAY_ERROR_TEMPORARY, 0, 0, "deferred relay.temporary"},
	    {RELAY_ERROR_TEMPORARY, 6, 3, "deferred relay.temporary"},
	    {RELAY_ERROR_TEMPORARY, 6, 100, "dead relay.temporary"},
	    {RELAY_ERROR_LOST, 0, 0, "deferred relay.lost"},
	    {RELAY_ERROR_LOST, 6, 100, "dead relay.lost"},
	    {RELAY_ERROR_PERMANENT, 0, 0, "dead relay.permanent"},
	    {RELAY_ERROR_MESSAGE, 0, 0, "dead relay.message"},
	    {RELAY_ERROR_SMTPUTF8, 0, 0, "dead relay.smtputf8"},
	    /* An account's failure never ends a mail. */
	    {RELAY_ERROR_AUTH, 60, 1000, "deferred relay.auth"},
	    {RELAY_ERROR_TLS, 60, 1000, "deferred relay.tls"},
	    {RELAY_ERROR_CONNECT, 60, 1000, "deferred relay.connect"},
	};

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAA%02u", (guint)i);
		clock_set_offset_us(0);
		office_submit(office, receipt, MAIL_NOTICE, OWNER);
		clock_set_offset_us(cases[i].age_days * DAY_US);
		g_autoptr(GPtrArray) items = office_claim(office);
		OutboxItem *item = NULL;
		for (guint k = 0; k < items->len; k++)
			if (g_str_equal(((OutboxItem *)items->pdata[k])->receipt, receipt))
				item = items->pdata[k];
		g_assert_nonnull(item);
		Delivery *delivery = item->deliveries->pdata[0];
		delivery->attempts = cases[i].attempts;
		g_autoptr(GError) failure = cases[i].code < 0 ? NULL : g_error_new_literal(RELAY_ERROR, cases[i].code, "x");
		settle_attempt(
		    &office->courier, item, delivery, &(Attempt){.failure = failure, .reply_code = 250, .server_text = "words"});
		office_assert_states(office, receipt, cases[i].states);
	}
}

static void
test_a_form_that_is_missing_defers(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 5\ntitle = t\n");
	office_reload(office);
	g_autoptr(GPtrArray) items = office_claim(office);
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	GHashTableIter iter;
	gpointer desk;
	g_hash_table_iter_init(&iter, office->courier.desks);
	g_assert_true(g_hash_table_iter_next(&iter, NULL, &desk));
	flight_start(&office->courier, desk);

	g_assert_cmpuint(office->courier.flights->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred conf.no_form");
}

static void
test_a_site_that_is_missing_defers(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	tree_write(office->tree, "sites/example.jp/site.conf", "[site]\nnonsense = 1\n");
	office_reload(office);
	g_autoptr(GPtrArray) items = office_claim(office);
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));

	g_assert_cmpuint(office->courier.waiting, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred conf.invalid");
}

/* One sweep a claim, though the loop tidies up before its flights. Where no failure was met only the time of the sweep keeps it. */
static void
test_a_sweep_is_remembered(Office *office, gconstpointer unused)
{
	const PutOff put_off = {.reason = AUTOMATIC_FUSE, .due_at_us = G_TIME_SPAN_HOUR};

	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_REPLY, OWNER);
	g_autoptr(GPtrArray) items = office_claim(office);
	office->courier.claims++;
	g_assert_true(obstacle_put_off(&office->courier, items->pdata[0], &put_off));
	obstacle_sweep(&office->courier);
	g_assert_false(obstacle_put_off(&office->courier, items->pdata[0], &put_off));
	office->courier.claims++;
	g_assert_true(obstacle_put_off(&office->courier, items->pdata[0], &put_off));
}

/* It may be switched on again; what waits must be there then. */
static void
test_a_mail_switched_off_waits(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 3);
	tree_write(
	    office->tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\ntitle = t\n[settings]\nskip_mail = on\n");
	office_reload(office);
	g_autoptr(GPtrArray) items = outbox_claim(office->courier.db, office->courier.owner, DAY_US, 1, NULL);
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	GHashTableIter iter;
	gpointer desk;
	g_hash_table_iter_init(&iter, office->courier.desks);
	g_assert_true(g_hash_table_iter_next(&iter, NULL, &desk));
	office->courier.claims++;
	flight_start(&office->courier, desk);

	office_assert_states(office, "AAAAAAAAA000", "deferred relay.account");
	/* The others were not even claimed. */
	office_assert_states(office, "AAAAAAAAA002", "deferred relay.account");
	g_autoptr(OutboxItem) item = outbox_find(office->courier.db, 1, NULL);
	g_assert_cmpuint(((Delivery *)item->deliveries->pdata[0])->attempts, ==, 0);
	g_assert_cmpuint(g_hash_table_size(office->courier.obstacles), ==, 1);
}

/* The front answers such a form, whatever else is wrong with it; no mail is made of it. */
static void
test_a_form_for_subscribers_waits(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nsender = [your-email]\n[settings]\nsubscribers_only = on\n");
	office_reload(office);
	g_autoptr(GPtrArray) items = office_claim(office);
	desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	GHashTableIter iter;
	gpointer desk;
	g_hash_table_iter_init(&iter, office->courier.desks);
	g_assert_true(g_hash_table_iter_next(&iter, NULL, &desk));
	flight_start(&office->courier, desk);

	office_assert_states(office, "AAAAAAAAAAAA", "deferred relay.account");
}

static void
test_what_nobody_can_mend_is_given_up(Office *office, gconstpointer unused)
{
	static const struct {
		GQuark (*domain)(void);
		int code;
		const char *states;
	} cases[] = {
	    {base_error_quark, BASE_ERROR_FORGED, "dead base.forged"},
	    {relay_error_quark, RELAY_ERROR_MESSAGE, "dead relay.message"},
	    {base_error_quark, BASE_ERROR_KEY, "deferred base.key"},
	    {conf_error_quark, CONF_ERROR_INVALID, "deferred conf.invalid"},
	};

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAA%02u", (guint)i);
		g_autoptr(GError) failure = g_error_new_literal(cases[i].domain(), cases[i].code, "x");
		office_submit(office, receipt, MAIL_NOTICE, OWNER);
		g_autoptr(GPtrArray) items = office_claim(office);
		g_assert_cmpuint(items->len, ==, 1);
		obstacle_met(&office->courier, items->pdata[0], failure);
		office_assert_states(office, receipt, cases[i].states);
	}
}

/* Whoever may write rows may write one that no outcome fits; the others' outcomes must not wait for it. */
static void
test_a_row_that_takes_no_outcome_is_dropped(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 3);
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(
	    sqlite3_exec(raw, "CREATE UNIQUE INDEX trap ON delivery (iif(id < 3, 1, id)) WHERE state = 5", NULL, NULL, NULL), ==,
	    SQLITE_OK);
	sqlite3_close(raw);
	g_autoptr(GPtrArray) items = office_claim(office);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		settle_attempt(&office->courier, item, item->deliveries->pdata[0], &(Attempt){.reply_code = 250});
	}
	g_assert_true(settle_flush(&office->courier));
	office_assert_states(office, "AAAAAAAAA000", "sent");
	office_assert_states(office, "AAAAAAAAA001", "leased");
	office_assert_states(office, "AAAAAAAAA002", "sent");
}

/* --- Desks -------------------------------------------------------------------------------------------------------------------------- */

static void
test_one_failure_puts_off_all_of_the_account(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH, "x");

	(void)unused;
	office_submit_many(office, 3);
	Desk *desk = office_take_all(office);
	g_assert_cmpuint(desk->waiting.length, ==, 3);
	desk_block(&office->courier, desk, failure, "535");
	g_assert_cmpuint(office->courier.waiting, ==, 0);
	office_assert_states(office, "AAAAAAAAA002", "deferred relay.auth");
	g_autoptr(OutboxItem) item = outbox_find(office->courier.db, 3, NULL);
	const Delivery *delivery = item->deliveries->pdata[0];
	g_assert_cmpuint(delivery->attempts, ==, 0);
	g_assert_cmpstr(delivery->server_text, ==, "535");
	/* What comes later rests with it. */
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	office_take_all(office);
	g_assert_cmpuint(office->courier.waiting, ==, 0);
	office_assert_states(office, "BBBBBBBBBBBB", "deferred relay.auth");
	/* After the rest all of them are due again. */
	clock_set_offset_us(7 * 60 * (gint64)G_USEC_PER_SEC);
	office_take_all(office);
	g_assert_cmpuint(office->courier.waiting, ==, 4);
}

/* Nobody waits for a clock that was set back. */
static void
test_a_rest_ends_by_either_clock(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH, "x");

	(void)unused;
	office_submit_many(office, 1);
	Desk *desk = office_take_all(office);
	desk_block(&office->courier, desk, failure, "535");
	g_assert_true(settle_flush(&office->courier));
	clock_set_offset_us(-DAY_US);
	office_take_all(office);
	g_assert_cmpuint(office->courier.waiting, ==, 0);
	office_assert_states(office, "AAAAAAAAA000", "deferred relay.auth");
	desk->rest.monotonic_us = g_get_monotonic_time();
	clock_set_offset_us(-2 * DAY_US);
	office_take_all(office);
	g_assert_cmpuint(office->courier.waiting, ==, 1);
}

static void
test_failures_in_a_row_rest_longer(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_CONNECT, "x");

	(void)unused;
	office_submit_many(office, 1);
	Desk *desk = office_take_all(office);
	gint64 last_us = 0;
	for (guint i = 0; i < 4; i++) {
		desk_block(&office->courier, desk, failure, "");
		gint64 rest_us = until_left_us(&desk->rest);
		g_assert_cmpint(rest_us, >, last_us);
		last_us = rest_us;
	}
	desk_unblock(desk);
	desk_block(&office->courier, desk, failure, "");
	g_assert_cmpint(until_left_us(&desk->rest), <=, 6 * G_TIME_SPAN_MINUTE);
}

static void
test_a_persons_order_breaks_the_rest(Office *office, gconstpointer unused)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH, "x");
	g_autoptr(GError) error = NULL;

	(void)unused;
	office_submit_many(office, 2);
	desk_block(&office->courier, office_take_all(office), failure, "535");
	g_assert_true(settle_flush(&office->courier));
	g_assert_true(outbox_retry(office->courier.db, 1, FALSE, "operator", &error));
	g_assert_no_error(error);
	office_take_all(office);
	g_assert_cmpuint(office->courier.waiting, ==, 1);
	office_assert_states(office, "AAAAAAAAA000", "leased relay.auth");
	office_assert_states(office, "AAAAAAAAA001", "deferred relay.auth");
}

static void
test_an_account_with_too_much_leaves_room(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, LIMIT_ACCOUNT_ITEMS + 10);
	Desk *desk = office_take_all(office);

	g_assert_cmpuint(desk->waiting.length, ==, LIMIT_ACCOUNT_ITEMS);
	office_assert_states(office, "AAAAAAAAA105", "queued");
	g_autoptr(OutboxItem) item = outbox_find(office->courier.db, 106, NULL);
	const Delivery *delivery = item->deliveries->pdata[0];
	g_assert_cmpuint(delivery->attempts, ==, 0);
	g_assert_cmpint(delivery->due_at_us, >, clock_now_us());
	g_autoptr(GPtrArray) batch = desk_batch(&office->courier, desk, LIMIT_SESSION_MAILS);
	g_assert_cmpuint(batch->len, ==, LIMIT_SESSION_MAILS);
}

static void
test_a_lost_mail_flies_alone(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 4);
	Desk *desk = office_take_all(office);
	OutboxItem *second = ((Waiting *)g_queue_peek_nth(&desk->waiting, 1))->item;
	((Delivery *)second->deliveries->pdata[0])->reason = g_strdup("relay.lost");
	static const guint sizes[] = {1, 1, 2, 0};

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GPtrArray) batch = desk_batch(&office->courier, desk, LIMIT_SESSION_MAILS);
		g_assert_cmpuint(batch->len, ==, sizes[i]);
	}
	g_assert_cmpuint(office->courier.waiting, ==, 0);
}

static void
test_leases_are_given_back(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 3);
	office_take_all(office);
	office_assert_states(office, "AAAAAAAAA001", "leased");
	desk_sweep(&office->courier, TRUE);
	office_assert_states(office, "AAAAAAAAA001", "queued");
	g_assert_cmpuint(g_hash_table_size(office->courier.desks), ==, 0);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"what becomes of an attempt", test_what_becomes_of_an_attempt},
	    {"a form that is missing defers", test_a_form_that_is_missing_defers},
	    {"a site that is missing defers", test_a_site_that_is_missing_defers},
	    {"a sweep is remembered", test_a_sweep_is_remembered},
	    {"a mail switched off waits", test_a_mail_switched_off_waits},
	    {"a form for subscribers waits", test_a_form_for_subscribers_waits},
	    {"what nobody can mend is given up", test_what_nobody_can_mend_is_given_up},
	    {"a row that takes no outcome is dropped", test_a_row_that_takes_no_outcome_is_dropped},
	    {"one failure puts off all of the account", test_one_failure_puts_off_all_of_the_account},
	    {"a rest ends by either clock", test_a_rest_ends_by_either_clock},
	    {"failures in a row rest longer", test_failures_in_a_row_rest_longer},
	    {"a person's order breaks the rest", test_a_persons_order_breaks_the_rest},
	    {"an account with too much leaves room", test_an_account_with_too_much_leaves_room},
	    {"a lost mail flies alone", test_a_lost_mail_flies_alone},
	    {"leases are given back", test_leases_are_given_back},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "desk", tests);
}
