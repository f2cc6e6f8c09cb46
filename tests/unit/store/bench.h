/*
 * A database with one submission and one item to put deliveries in, and short words for claiming and settling.
 */
#pragma once

#include "rows.h"

#define LEASE_US (60 * SECOND_US)

typedef struct {
	Db *db;
	sqlite3 *raw;
	gint64 submission_id;
	gint64 item_id;
} Bench;

/* A database with one submission and one empty item. */
static inline void
bench_open(Bench *bench, const Fixture *fixture, gboolean is_stored_briefly)
{
	bench->db = fixture_open(fixture, DB_CREATE);
	bench->raw = raw_open(fixture);
	bench->submission_id = row_submission(bench->raw, "RECEIPT00001", is_stored_briefly, "CONTENT-OF-1");
	bench->item_id = row_item(bench->raw, bench->submission_id, MAIL_NOTICE);
}

static inline void
bench_close(Bench *bench)
{
	sqlite3_close(bench->raw);
	db_free(bench->db);
}

static inline gint64
add(Bench *bench, char letter, DeliveryState state)
{
	return row_delivery(bench->raw, bench->item_id, letter, state, clock_now_us());
}

static inline GPtrArray *
claim(Bench *bench, const char *owner, guint limit)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *items = outbox_claim(bench->db, owner, LEASE_US, limit, &error);
	g_assert_no_error(error);
	return items;
}

/* Claims and expects that many items. */
static inline void
expect_claim(Bench *bench, const char *owner, guint count)
{
	g_autoptr(GPtrArray) items = claim(bench, owner, 100);
	g_assert_cmpuint(items->len, ==, count);
}

static inline void
settle(Bench *bench, gint64 id, const char *owner, DeliveryState state)
{
	g_autoptr(GError) error = NULL;
	DeliveryOutcome outcome = {.delivery_id = id, .state = state, .due_at_us = clock_now_us() + SECOND_US};
	g_assert_true(outbox_settle(bench->db, owner, &outcome, 1, &error));
	g_assert_no_error(error);
	g_assert_false(outcome.is_too_late);
}

static inline void
expect_too_late(Bench *bench, gint64 id, const char *owner)
{
	DeliveryOutcome outcome = {.delivery_id = id, .state = DELIVERY_SENT};
	g_assert_true(outbox_settle(bench->db, owner, &outcome, 1, NULL));
	g_assert_true(outcome.is_too_late);
}

static inline void
expect_conflict(gboolean result, GError **error)
{
	g_assert_false(result);
	g_assert_error(*error, STORE_ERROR, STORE_ERROR_CONFLICT);
	g_clear_error(error);
}

static inline gint64
column(Bench *bench, gint64 id, const char *name)
{
	return raw_number(bench->raw, "SELECT %s FROM delivery WHERE id = %" G_GINT64_FORMAT, name, id);
}

/* Reconciles with the recipients whose letters stand in `letters`; TRUE if it succeeds. */
static inline gboolean
reconcile(Bench *bench, OutboxItem *item, const char *owner, const char *letters, GError **error)
{
	g_autoptr(GPtrArray) recipients = g_ptr_array_new_with_free_func(g_free);
	for (const char *letter = letters; *letter; letter++) {
		VaultHash hash = row_hash(*letter);
		g_ptr_array_add(recipients, g_memdup2(&hash, sizeof hash));
	}
	return outbox_reconcile(bench->db, item, owner, recipients, error);
}
