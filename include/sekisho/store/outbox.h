/*
 * The outbox: what mail has been promised, and how far each recipient's copy has come. An OutboxItem is one promise of one mail
 * (kind, submission, generation; never an address); each recipient has a delivery record, keyed by the hash of its address.
 *
 *   queued -> leased -> sent
 *                    -> deferred -> leased (when due)
 *                    -> dead        (a person may retry: -> queued)
 *   queued, deferred, dead -> cancelled
 *   refused                         (never leased; stored so that a person sees what was asked for)
 *
 * Deliveries move only inside this file. A lease that ran out counts as queued again. "gone" settles to cancelled: the
 * address is no recipient any more.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/store/db.h"

/* Values are stored: never renumber. */
typedef enum {
	DELIVERY_QUEUED = 1, DELIVERY_LEASED, DELIVERY_SENT, DELIVERY_DEFERRED, DELIVERY_DEAD, DELIVERY_CANCELLED, DELIVERY_REFUSED
} DeliveryState;
const char *delivery_state_name(DeliveryState state);

/* What a submission may cause, decided by policy/replies.c when it is accepted. */
typedef struct {
	MailKind kind;
	VaultHash recipient;   /* of address_canonical */
	gboolean is_refused;
	char *reason;          /* code of a refusal, "reply_policy", "recipient_from_field"; NULL if not refused */
} PlannedDelivery;
void planned_delivery_free(PlannedDelivery *planned);

typedef struct {
	gint64 id;
	VaultHash recipient;
	DeliveryState state;
	guint attempts;            /* sessions that tried it */
	gint64 due_at_us;
	gint64 settled_at_us;      /* last change; 0 if none */
	char *reason;              /* error_name of the last failure, or a refusal's code; NULL if none */
	char *server_text;         /* the server's words, sanitised to one line of LIMIT_SERVER_TEXT_BYTES; NULL if none */
	guint reply_code;          /* 250, 451, 550; 0 if none */
} Delivery;

typedef struct {
	gint64 id;
	gint64 submission_id;
	char *receipt;
	char *site;
	guint64 form_id;
	MailKind kind;
	guint generation;          /* grows when a person orders a retry after a recorded 250 */
	gint64 created_at_us;
	GPtrArray *deliveries;     /* Delivery * */
} OutboxItem;
void outbox_item_free(OutboxItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxItem, outbox_item_free)

/* Leases up to `limit` due items (all their due deliveries) to `owner` until now + lease; returns them with their leased deliveries only
 * (OutboxItem *). An empty array when nothing is due; NULL on error. A submission whose content was erased is never claimed. */
GPtrArray *outbox_claim(Db *db, const char *owner, gint64 lease_us, guint limit, GError **error);
/* Makes the item's records follow what the configuration says now: `recipients` are VaultHash * of today's addresses. New ones get a record
 * leased to `owner`; leased ones that are no recipient any more are cancelled ("gone"). Reloads item->deliveries. */
gboolean outbox_reconcile(Db *db, OutboxItem *item, const char *owner, const GPtrArray *recipients, GError **error);

/* One recipient's outcome. */
typedef struct {
	DeliveryState state;       /* SENT, DEFERRED, DEAD or QUEUED (lease given back untouched) */
	const char *reason;        /* error_name; NULL for sent */
	const char *server_text;   /* may be NULL */
	guint reply_code;
	gint64 due_at_us;          /* DEFERRED: when to try again */
} DeliveryOutcome;
/* STORE_ERROR_CONFLICT if `owner` does not hold the lease any more, and then nothing changes. Erases the content of a do_not_store
 * submission whose last delivery settled here. */
gboolean outbox_settle(Db *db, gint64 delivery_id, const char *owner, const DeliveryOutcome *outcome, GError **error);
/* When the next delivery is due, in microseconds of clock_now_us, or -1 if none waits. Leases count with their end. */
gint64 outbox_next_due(Db *db, GError **error);

/* For people. `site` NULL: all. Newest first, at most `limit`; `waiting_only` leaves settled items out. */
GPtrArray *outbox_list(Db *db, const char *site, gboolean waiting_only, guint limit, GError **error);
/* With all deliveries, or STORE_ERROR_NOT_FOUND. */
OutboxItem *outbox_find(Db *db, gint64 id, GError **error);
/* The items of one submission, with all deliveries. */
GPtrArray *outbox_of_submission(Db *db, gint64 submission_id, GError **error);
/* Deferred and dead deliveries become due now; sent ones are sent again as a new generation (a new Message-ID) only if `resend_sent`.
 * Refused ones stay refused. STORE_ERROR_CONFLICT if there is nothing to retry or a session holds the item at this moment. */
gboolean outbox_retry(Db *db, gint64 id, gboolean resend_sent, GError **error);
/* Queued, deferred and dead deliveries end as cancelled. STORE_ERROR_CONFLICT as above. */
gboolean outbox_cancel(Db *db, gint64 id, GError **error);
