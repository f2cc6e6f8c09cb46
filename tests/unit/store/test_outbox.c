/* The outbox as sessions use it: claims, leases, outcomes, two at once, and following today's recipients. */
#include <pthread.h>

#include "bench.h"
#include "sekisho/base/limits.h"

/* --- Claims --------------------------------------------------------------------------------------------------------- */

static void
test_claim_order(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 now_us = clock_now_us();
	static const int ages[] = {10, 30, 20};
	gint64 items[3];
	for (int i = 0; i < 3; i++) {
		g_autofree char *receipt = g_strdup_printf("ORDER%d", i);
		items[i] = row_item(bench.raw, row_submission(bench.raw, receipt, FALSE, "x"), MAIL_NOTICE);
		row_delivery(bench.raw, items[i], 'a', DELIVERY_QUEUED, now_us - ages[i] * SECOND_US);
		row_delivery(bench.raw, items[i], 'b', DELIVERY_DEFERRED, now_us - SECOND_US);
		row_delivery(bench.raw, items[i], 'c', DELIVERY_DEFERRED, now_us + LEASE_US);
		row_delivery(bench.raw, items[i], 'd', DELIVERY_SENT, now_us - SECOND_US);
		row_delivery(bench.raw, items[i], 'e', DELIVERY_DEAD, now_us - SECOND_US);
		row_delivery(bench.raw, items[i], 'f', DELIVERY_CANCELLED, now_us - SECOND_US);
		row_delivery(bench.raw, items[i], 'g', DELIVERY_REFUSED, now_us - SECOND_US);
	}
	g_autoptr(GPtrArray) first = claim(&bench, "one", 2);
	g_assert_cmpuint(first->len, ==, 2);
	const OutboxItem *oldest = g_ptr_array_index(first, 0), *next = g_ptr_array_index(first, 1);
	g_assert_cmpint(oldest->id, ==, items[1]);
	g_assert_cmpint(next->id, ==, items[2]);
	g_assert_cmpstr(oldest->receipt, ==, "ORDER1");
	g_assert_cmpstr(oldest->site, ==, "example.jp");
	g_assert_cmpuint(oldest->form_id, ==, 4);
	g_assert_cmpint(oldest->kind, ==, MAIL_NOTICE);
	g_assert_cmpuint(oldest->deliveries->len, ==, 2);
	for (guint i = 0; i < 2; i++) {
		const Delivery *delivery = g_ptr_array_index(oldest->deliveries, i);
		VaultHash hash = row_hash("ab"[i]);
		g_assert_true(memcmp(&delivery->recipient, &hash, sizeof hash) == 0);
		g_assert_cmpint(delivery->state, ==, DELIVERY_LEASED);
	}
	g_autoptr(GPtrArray) rest = claim(&bench, "two", 10);
	g_assert_cmpuint(rest->len, ==, 1);
	g_assert_cmpint(((OutboxItem *)g_ptr_array_index(rest, 0))->id, ==, items[0]);
	expect_claim(&bench, "three", 0);
	bench_close(&bench);
}

/* An item of which one copy is out already comes again with the other one only, also to the same owner. */
static void
test_claim_partly(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	gint64 other = add(&bench, 'b', DELIVERY_QUEUED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 10);
	g_assert_cmpuint(items->len, ==, 1);
	const OutboxItem *item = g_ptr_array_index(items, 0);
	g_assert_cmpuint(item->deliveries->len, ==, 1);
	g_assert_cmpint(((Delivery *)g_ptr_array_index(item->deliveries, 0))->id, ==, other);
	bench_close(&bench);
}

static void
test_erased_is_not_claimed(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), >, 0);
	raw_execute(bench.raw, "UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL");
	expect_claim(&bench, "one", 0);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, -1);
	bench_close(&bench);
}

static void
test_next_due(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, -1);
	for (DeliveryState state = DELIVERY_DEAD; state <= DELIVERY_REFUSED; state++)
		add(&bench, (char)('k' + state), state);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, -1);
	gint64 later_us = clock_now_us() + 2 * LEASE_US;
	row_delivery(bench.raw, bench.item_id, 'a', DELIVERY_DEFERRED, later_us);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, later_us);
	gint64 queued = add(&bench, 'b', DELIVERY_QUEUED);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, column(&bench, queued, "due_at"));
	expect_claim(&bench, "one", 1);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), ==, column(&bench, queued, "leased_until"));
	bench_close(&bench);
}

static void
test_lease_ends(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	clock_set_offset_us(LEASE_US - SECOND_US);
	expect_claim(&bench, "two", 0);
	clock_set_offset_us(LEASE_US + SECOND_US);
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 0);
	/* Its holder has it still: it may be the clock that jumped. */
	expect_claim(&bench, "one", 0);
	expect_claim(&bench, "two", 1);
	/* The first session tried and never told. */
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 1);
	expect_too_late(&bench, id, "one");
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_LEASED);
	settle(&bench, id, "two", DELIVERY_SENT);
	expect_too_late(&bench, id, "two");
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_SENT);
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 2);
	bench_close(&bench);
}

static void
test_late_outcome(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	clock_set_offset_us(2 * LEASE_US);
	settle(&bench, id, "one", DELIVERY_SENT);
	expect_claim(&bench, "two", 0);
	bench_close(&bench);
}

/* --- Outcomes ------------------------------------------------------------------------------------------------------- */

static void
test_settle(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		DeliveryState state;
		const char *reason;
		guint reply_code;
		guint attempts;
	} rows[] = {
	    {DELIVERY_SENT, NULL, 250, 1},
	    {DELIVERY_DEFERRED, "relay.temporary", 451, 1},
	    {DELIVERY_DEAD, "relay.permanent", 550, 1},
	    {DELIVERY_QUEUED, NULL, 0, 0},
	};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 ids[G_N_ELEMENTS(rows)];
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		ids[i] = add(&bench, (char)('a' + i), DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	gint64 later_us = clock_now_us() + LEASE_US;
	g_autoptr(GError) error = NULL;
	DeliveryOutcome outcomes[G_N_ELEMENTS(rows)];
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		outcomes[i] = (DeliveryOutcome){.delivery_id = ids[i],
		    .state = rows[i].state,
		    .reason = rows[i].reason,
		    .server_text = "its words",
		    .reply_code = rows[i].reply_code,
		    .due_at_us = rows[i].state == DELIVERY_QUEUED ? 0 : later_us};
	}
	g_assert_true(outbox_settle(bench.db, "one", outcomes, G_N_ELEMENTS(rows), &error));
	g_autoptr(OutboxItem) item = outbox_find(bench.db, bench.item_id, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(item->deliveries->len, ==, G_N_ELEMENTS(rows));
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		gboolean is_tried = rows[i].state != DELIVERY_QUEUED;
		g_assert_cmpint(delivery->state, ==, rows[i].state);
		g_assert_cmpstr(delivery->reason, ==, rows[i].reason);
		g_assert_cmpstr(delivery->server_text, ==, is_tried ? "its words" : NULL);
		g_assert_cmpuint(delivery->reply_code, ==, rows[i].reply_code);
		g_assert_cmpuint(delivery->attempts, ==, rows[i].attempts);
		g_assert_cmpint(delivery->due_at_us == later_us, ==, rows[i].state == DELIVERY_DEFERRED);
		g_assert_cmpint(delivery->settled_at_us > 0, ==, is_tried);
	}
	/* The one that was given back is due at once, the deferred one when its time has come. */
	expect_claim(&bench, "two", 1);
	g_assert_cmpint(column(&bench, ids[3], "state"), ==, DELIVERY_LEASED);
	g_assert_cmpint(column(&bench, ids[1], "state"), ==, DELIVERY_DEFERRED);
	bench_close(&bench);
}

static void
test_server_text(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const texts[][2] = {
	    {"550 5.1.1 <taro@example.jp>: no\r\nsuch user", "550 5.1.1 <address> no such user"},
	    {"\033[2Jbad \377", "\\x1B[2Jbad \\xFF"},
	    {"", ""},
	};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		gint64 id = add(&bench, (char)('a' + i), DELIVERY_QUEUED);
		expect_claim(&bench, "one", 1);
		DeliveryOutcome outcome = {.delivery_id = id, .state = DELIVERY_DEAD, .server_text = texts[i][0]};
		g_assert_true(outbox_settle(bench.db, "one", &outcome, 1, NULL));
		g_autoptr(OutboxItem) item = outbox_find(bench.db, bench.item_id, NULL);
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		g_assert_cmpstr(delivery->server_text, ==, texts[i][1]);
	}
	gint64 id = add(&bench, 'z', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	g_autofree char *endless = g_strnfill(100000, 'x');
	DeliveryOutcome outcome = {.delivery_id = id, .state = DELIVERY_DEAD, .server_text = endless};
	g_assert_true(outbox_settle(bench.db, "one", &outcome, 1, NULL));
	g_assert_cmpint(column(&bench, id, "length(server_text)"), ==, LIMIT_SERVER_TEXT_BYTES);
	bench_close(&bench);
}

/* Who was not tried has no attempt, and who only waits for its turn stays what it was. */
static void
test_put_off_is_no_attempt(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 blocked = add(&bench, 'a', DELIVERY_QUEUED), queued = add(&bench, 'b', DELIVERY_QUEUED);
	gint64 failed = add(&bench, 'c', DELIVERY_DEFERRED);
	raw_execute(bench.raw,
	    "UPDATE delivery SET attempts = 3, ordered_at = 5, reason = iif(id = %" G_GINT64_FORMAT ", 'relay.temporary', NULL)",
	    failed);
	expect_claim(&bench, "one", 1);
	gint64 later_us = clock_now_us() + 600 * SECOND_US;
	DeliveryOutcome outcomes[] = {
	    {.delivery_id = blocked,
		.state = DELIVERY_DEFERRED,
		.is_untried = TRUE,
		.reason = "relay.auth",
		.due_at_us = later_us},
	    {.delivery_id = queued, .state = DELIVERY_QUEUED, .due_at_us = later_us},
	    {.delivery_id = failed, .state = DELIVERY_QUEUED, .due_at_us = later_us},
	};
	g_assert_true(outbox_settle(bench.db, "one", outcomes, G_N_ELEMENTS(outcomes), NULL));
	g_assert_cmpint(
	    raw_number(bench.raw, "SELECT count(*) FROM delivery WHERE attempts = 3 AND due_at = %" G_GINT64_FORMAT, later_us),
	    ==, 3);
	g_assert_cmpint(column(&bench, blocked, "state = 3 AND reason = 'relay.auth' AND ordered_at = 0"), ==, 1);
	g_assert_cmpint(column(&bench, queued, "state = 1 AND reason IS NULL"), ==, 1);
	g_assert_cmpint(column(&bench, failed, "state = 3 AND reason = 'relay.temporary'"), ==, 1);
	bench_close(&bench);
}

/* --- Two at once ------------------------------------------------------------------------------------------------------ */

#define THREADS 4
#define ITEMS 120

typedef struct {
	const Fixture *fixture;
	const char *owner;
	GArray *delivered; /* gint64 */
} Claimer;

static void *
claim_all(void *data)
{
	Claimer *claimer = data;
	g_autoptr(Db) db = fixture_open(claimer->fixture, DB_EXISTING);
	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) items = outbox_claim(db, claimer->owner, LEASE_US, 3, &error);
		g_assert_no_error(error);
		if (items->len == 0)
			return NULL;
		for (guint i = 0; i < items->len; i++) {
			const OutboxItem *item = g_ptr_array_index(items, i);
			for (guint j = 0; j < item->deliveries->len; j++) {
				const Delivery *delivery = g_ptr_array_index(item->deliveries, j);
				g_array_append_val(claimer->delivered, delivery->id);
				DeliveryOutcome outcome = {.delivery_id = delivery->id, .state = DELIVERY_SENT};
				g_assert_true(outbox_settle(db, claimer->owner, &outcome, 1, &error));
				g_assert_false(outcome.is_too_late);
			}
		}
	}
}

static void
test_concurrent_claims(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	for (guint i = 0; i < ITEMS; i++) {
		g_autofree char *receipt = g_strdup_printf("MANY%u", i);
		bench.item_id = row_item(bench.raw, row_submission(bench.raw, receipt, FALSE, "x"), MAIL_NOTICE);
		add(&bench, 'a', DELIVERY_QUEUED);
		add(&bench, 'b', DELIVERY_QUEUED);
	}
	static const char *const owners[THREADS] = {"one", "two", "three", "four"};
	pthread_t threads[THREADS];
	Claimer claimers[THREADS];
	for (guint i = 0; i < THREADS; i++) {
		claimers[i] = (Claimer){fixture, owners[i], g_array_new(FALSE, FALSE, sizeof(gint64))};
		g_assert_cmpint(pthread_create(&threads[i], NULL, claim_all, &claimers[i]), ==, 0);
	}
	g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (guint i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		for (guint j = 0; j < claimers[i].delivered->len; j++)
			g_assert_true(g_hash_table_add(seen, GSIZE_TO_POINTER(g_array_index(claimers[i].delivered, gint64, j))));
		g_array_unref(claimers[i].delivered);
	}
	g_assert_cmpuint(g_hash_table_size(seen), ==, 2 * ITEMS);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery WHERE state <> 5 OR attempts <> 1"), ==, 0);
	bench_close(&bench);
}

/* --- Reconciling ------------------------------------------------------------------------------------------------------ */

/* The letters of the item's leased deliveries, in order of their ids. */
static char *
letters_of(const OutboxItem *item)
{
	GString *letters = g_string_new(NULL);
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		g_assert_cmpint(delivery->state, ==, DELIVERY_LEASED);
		g_string_append_c(letters, (char)delivery->recipient.bytes[0]);
	}
	return g_string_free(letters, FALSE);
}

static void
test_reconcile(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 gone = add(&bench, 'a', DELIVERY_QUEUED);
	add(&bench, 'b', DELIVERY_QUEUED);
	add(&bench, 'r', DELIVERY_REFUSED);
	add(&bench, 's', DELIVERY_SENT);
	add(&bench, 'c', DELIVERY_CANCELLED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 1);
	OutboxItem *item = g_ptr_array_index(items, 0);
	g_autoptr(GError) error = NULL;
	/* d is new; what was refused, sent or cancelled by a person stays so. */
	g_assert_true(reconcile(&bench, item, "one", "bdrsc", &error));
	g_assert_no_error(error);
	g_autofree char *now = letters_of(item);
	g_assert_cmpstr(now, ==, "bd");
	g_assert_cmpint(column(&bench, gone, "state"), ==, DELIVERY_CANCELLED);
	g_assert_cmpint(column(&bench, gone, "reason = 'gone'"), ==, 1);
	/* A recipient that comes back is served again. */
	g_assert_true(reconcile(&bench, item, "one", "a", &error));
	g_autofree char *back = letters_of(item);
	g_assert_cmpstr(back, ==, "a");
	settle(&bench, gone, "one", DELIVERY_SENT);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery WHERE state <= 3"), ==, 0);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery"), ==, 6);
	bench_close(&bench);
}

static void
test_reconcile_lost(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 1);
	clock_set_offset_us(2 * LEASE_US);
	expect_claim(&bench, "two", 1);
	GError *error = NULL;
	expect_conflict(reconcile(&bench, g_ptr_array_index(items, 0), "one", "b", &error), &error);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery WHERE state = 2 AND owner = 'two'"), ==, 1);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery"), ==, 1);
	bench_close(&bench);
}

/* Recipients as they were do not help who lost the lease. */
static void
test_reconcile_unchanged_needs_the_lease(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 1);
	GError *error = NULL;
	g_assert_true(reconcile(&bench, g_ptr_array_index(items, 0), "one", "a", &error));
	clock_set_offset_us(2 * LEASE_US);
	expect_claim(&bench, "two", 1);
	expect_conflict(reconcile(&bench, g_ptr_array_index(items, 0), "one", "a", &error), &error);
	bench_close(&bench);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a claim takes what is due, oldest first", test_claim_order},
	    {"an item comes again with its other copies only", test_claim_partly},
	    {"an erased submission is never claimed", test_erased_is_not_claimed},
	    {"the next due time counts leases with their end", test_next_due},
	    {"a lease that ran out can be taken and its outcome is refused", test_lease_ends},
	    {"a put-off is no attempt", test_put_off_is_no_attempt},
	    {"unchanged recipients still need the lease", test_reconcile_unchanged_needs_the_lease},
	    {"a late outcome counts if nobody took the lease", test_late_outcome},
	    {"each outcome is recorded", test_settle},
	    {"the server's words are one line without addresses", test_server_text},
	    {"four connections never get the same delivery", test_concurrent_claims},
	    {"records follow today's recipients", test_reconcile},
	    {"without its lease nothing is reconciled", test_reconcile_lost},
	};
	return fixture_run("outbox", tests, G_N_ELEMENTS(tests));
}
