/*
 * The outbox: what mail has been promised, and how far each recipient's copy has come. An OutboxItem is one promise of one mail
 * (kind, submission, generation; never an address); each recipient has a delivery record, keyed by the hash of its address.
 *
 *   queued -> leased -> sent
 *                    -> deferred -> leased (when due)
 *                    -> dead        (a person may retry: -> queued)
 *            deferred -> dead        ("retention": nobody mended in time what it waited for)
 *                    -> cancelled   (the courier: it need not or may not leave any more: "expired", "unproved", "repeated", "proved")
 *   queued, deferred, dead -> cancelled ("gone" only: a person may retry: -> queued)
 *   queued, deferred -> dead           (OUTBOX_HOLD: a person stopped it; retry lets it go)
 *   sent -> dead, cancelled            ("bounce.address" and the like: it came back; a notice waits for a person, an automatic mail ends)
 *   refused                         (never leased; stored so that a person sees what was asked for)
 *
 * Deliveries move only inside this file. A lease that ran out counts as queued again. "gone" settles to cancelled: the
 * address is no recipient any more; if it becomes one again, it is queued again. Every function that changes something takes a
 * transaction of its own. `owner` names who holds a lease: never the same for two processes, and no personal data.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/store/db.h"

/* Values are stored: never renumber. */
typedef enum {
	DELIVERY_QUEUED = 1, DELIVERY_LEASED, DELIVERY_DEFERRED, DELIVERY_DEAD, DELIVERY_SENT, DELIVERY_CANCELLED, DELIVERY_REFUSED
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
	guint attempts;            /* sessions that tried it, those that never told included; at most a million or so */
	gint64 due_at_us;
	gint64 settled_at_us;      /* last change; 0 if none */
	char *reason;              /* error_name of the last failure, or a refusal's code; NULL if none */
	char *server_text;         /* the server's words: one line of LIMIT_SERVER_TEXT_BYTES, controls escaped, addresses masked; NULL if none */
	guint reply_code;          /* 250, 451, 550; 0 if none */
	gint64 ordered_at_us;      /* when a person ordered the try that is still to come; 0 if none did */
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
 * (OutboxItem *), oldest first. An empty array when nothing is due; NULL on error. A submission whose content was erased is never claimed. An
 * item may come again while some of its deliveries are still leased: then with the others only. What `owner` holds itself it is never given again, so
 * it must settle or give back all that it claims; and what is due later than LIMIT_DUE_AHEAD_MS from now is due. So neither a clock
 * that jumps ahead nor one that jumps back does harm. */
GPtrArray *outbox_claim(Db *db, const char *owner, gint64 lease_us, guint limit, GError **error);
/* For a courier that begins, when no other runs: what others hold is queued again, one attempt more, since it may have been tried. How many, or -1
 * on error. */
gint outbox_take_over(Db *db, const char *owner, GError **error);
/* Why and until when mails wait. */
typedef struct {
	const char *reason;
	const char *server_text; /* may be NULL */
	gint64 due_at_us;
	gboolean is_renewal;     /* only those that wait for this reason already */
} PutOff;
/* Puts off what is due of all items of the same site, form and kind as `item`: up to LIMIT_PUT_OFF_ROWS deliveries that nobody holds and no person
 * has ordered. How many, or -1 on error. */
gint outbox_put_off(Db *db, const OutboxItem *item, const PutOff *put_off, GError **error);
/* Retention: up to `limit` mails that still wait five days after they were first seen to wait past their submission's purge_at end as dead with the reason
 * "retention", so that submissions_purge takes them. How many, or -1 on error. */
gint outbox_end_overdue(Db *db, guint limit, GError **error);
/* Makes the item's records follow what the configuration says now: `recipients` are VaultHash * of today's addresses. New ones, and those that
 * were "gone", get a record leased to `owner` as long as the item's others; of the item's own deliveries those that are no recipient any more are
 * cancelled ("gone"). Reloads item->deliveries with what is leased now. STORE_ERROR_CONFLICT if none of its leases is held any more. */
gboolean outbox_reconcile(Db *db, OutboxItem *item, const char *owner, const GPtrArray *recipients, GError **error);

/* A confirmation for the address of a mail that waits for its proof: an item MAIL_CONFIRMATION of the same submission with a delivery to `recipient`, due now. One that
 * was "gone" is due again; otherwise nothing changes if it is there, and *is_new is FALSE. */
gboolean outbox_add_confirmation(Db *db, gint64 submission_id, const VaultHash *recipient, gboolean *is_new, GError **error);
/* What of a submission is deferred with this reason, and not due yet, becomes due now. How many, or -1. */
gint outbox_make_due(Db *db, const char *receipt, const char *reason, GError **error);
/* The same for a whole site: up to `limit` deliveries, so that the write lock is not held long. Call again while it returns `limit`. */
gint outbox_make_site_due(Db *db, const char *site, const char *reason, guint limit, GError **error);

/* One recipient's outcome. */
typedef struct {
	gint64 delivery_id;
	DeliveryState state;       /* SENT, DEFERRED, DEAD, CANCELLED or QUEUED (lease given back: state, attempts and reason as they were); or LEASED: it stays so, only
	                            * its story tells that its account failed */
	gboolean is_untried;       /* no session tried it: attempts stay */
	const char *reason;        /* error_name; NULL for sent */
	const char *server_text;   /* may be NULL; any bytes: lines are joined, then as Delivery says */
	guint reply_code;
	const char *account;       /* name of the account that tried it, for the event; NULL: none did */
	gint64 due_at_us;          /* DEFERRED: when to try again; QUEUED: the same, or 0 for at once */
	gboolean is_too_late;      /* set by outbox_settle: `owner` does not hold the lease any more, so nothing changed */
} DeliveryOutcome;
/* Writes `count` outcomes in one transaction, so that they share one fsync and take the write lock once. A lease that ran out is held until
 * somebody else takes it, because a late "sent" saves the recipient a second copy. Erases the content of a do_not_store submission whose last
 * delivery settled here (sent or cancelled; a dead one keeps it: a person may retry). */
gboolean outbox_settle(Db *db, const char *owner, DeliveryOutcome *outcomes, guint count, GError **error);
/* When the next delivery is due, in microseconds of clock_now_us, or -1 if none waits. Leases count with their end, but for those of `owner` (may be NULL),
 * which it is never given again. */
gint64 outbox_next_due(Db *db, const char *owner, GError **error);

/* --- What happened to a delivery ------------------------------------------------------------------------------------------ */

/* The reason of what a person holds back. */
#define OUTBOX_HOLD "hold"

/* Values are stored: never renumber. */
typedef enum {
	EVENT_TRIED = 1,   /* a session tried it: state and reason say what came of it; queued and "relay.lost": it never told */
	EVENT_ENDED,       /* the courier ended it without a session */
	EVENT_RETRIED,     /* a person: it is due now */
	EVENT_RESENT,      /* a person: again, as a new generation */
	EVENT_CANCELLED,   /* a person */
	EVENT_HELD,        /* a person */
	EVENT_BOUNCED,     /* a mail server said so by mail: it came back */
	EVENT_DELAYED,     /* a mail server said so by mail: it is still trying */
	EVENT_ACCOUNT_FAILED, /* its account's session failed before it told of it: no try */
	EVENT_RELEASED     /* a person let the held submission go that promised it */
} EventKind;
const char *event_kind_name(EventKind kind);

/* One line of a delivery's story, written in the transaction of the change that it tells of; at most LIMIT_DELIVERY_EVENTS of a delivery are kept, the first and the last ones. It goes with its delivery.
 * That a mail waits (put off untried, given back) is no event. */
typedef struct {
	gint64 id;
	gint64 delivery_id;
	gint64 at_us;
	EventKind kind;
	DeliveryState state;       /* after it */
	char *account;             /* that tried it; NULL */
	char *actor;               /* login name of the person who ordered it; NULL */
	char *reason;              /* as Delivery; NULL */
	char *server_text;         /* as Delivery; NULL */
	guint reply_code;
} DeliveryEvent;
void delivery_event_free(DeliveryEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeliveryEvent, delivery_event_free)
/* DeliveryEvent * of all deliveries of an item, oldest first. NULL on error. */
GPtrArray *outbox_events(Db *db, gint64 item_id, GError **error);

/* What a mail server says of a mail that it had accepted. */
typedef struct {
	const char *receipt;
	MailKind kind;
	const GArray *recipients;  /* VaultHash: hashes of the address that the report names, any of which is the delivery's; NULL: not named, and the only delivery is meant */
	gboolean is_delay;         /* it is still trying: only an event */
	const char *reason;        /* "bounce.address" and the like (relay/bounce.h) */
	const char *server_text;   /* its words; may be NULL */
	guint reply_code;
} OutboxBounce;
typedef struct {
	gint64 delivery_id;
	gint64 submission_id;
	MailKind kind;
	VaultHash recipient;
	gboolean is_news;          /* FALSE: it had ended or come back before; nothing changed */
} OutboxBounced;
/* A sent delivery ends: of a notice (or a note about held ones) as dead, of an automatic mail as cancelled, both with the bounce's reason. Items that are waiting again (a retry) are left alone. STORE_ERROR_NOT_FOUND if there
 * is no such mail, or more than one delivery could be meant. */
gboolean outbox_bounce(Db *db, const OutboxBounce *bounce, OutboxBounced *bounced, GError **error);

/* --- For people ----------------------------------------------------------------------------------------------------------- */

/* Which items. Everything that is given must hold of the item or of one of its deliveries. */
typedef struct {
	const char *site;          /* NULL: all */
	guint64 form_id;           /* 0: all */
	MailKind kind;             /* 0: all */
	guint states;              /* bits 1 << DeliveryState; 0: all */
	const char *reason;        /* of a delivery; NULL: any */
	const char *receipt;       /* of the submission; NULL: any */
	const GArray *recipients;  /* VaultHash, any of which; NULL: any */
	gint64 since_us;           /* promised then or later; 0: any */
	gint64 before_us;          /* promised before; 0: any */
} OutboxFilter;
/* What waits for a session or a person: queued, leased, deferred, dead. */
#define OUTBOX_UNSETTLED ((1u << DELIVERY_QUEUED) | (1u << DELIVERY_LEASED) | (1u << DELIVERY_DEFERRED) | (1u << DELIVERY_DEAD))
/* OutboxItem * with all deliveries, newest first, at most `limit`. */
GPtrArray *outbox_list(Db *db, const OutboxFilter *filter, guint limit, GError **error);
/* How many deliveries are not settled (OUTBOX_UNSETTLED; other states are not counted), by site, state and reason, for a summary. Most first, at most `limit`. */
typedef struct {
	char *site;
	DeliveryState state;
	char *reason;              /* NULL: none */
	guint count;
	gint64 oldest_us;          /* when the oldest of their mails was promised */
} OutboxCount;
void outbox_count_free(OutboxCount *count);
GPtrArray *outbox_counts(Db *db, const OutboxFilter *filter, guint limit, GError **error);
/* With all deliveries, or STORE_ERROR_NOT_FOUND. */
OutboxItem *outbox_find(Db *db, gint64 id, GError **error);
/* The items of one submission, with all deliveries. */
GPtrArray *outbox_of_submission(Db *db, gint64 submission_id, GError **error);
/* Orders. `actor` is the login name of who gives them, for the events.
 * Deferred and dead deliveries (held ones too), and those that were "gone", become due now; sent ones are sent again as a new generation (a new Message-ID) only if `resend_sent`, which
 * is refused for all but notices: of automatic mail there is one copy.
 * All but the deferred ones begin with 0 attempts. Refused ones stay refused. STORE_ERROR_NOT_FOUND, or STORE_ERROR_CONFLICT if there is nothing to retry,
 * the content was erased, or a session holds the item at this moment. */
gboolean outbox_retry(Db *db, gint64 id, gboolean resend_sent, const char *actor, GError **error);
/* Deferred deliveries alone become due now; what was given up or is held back stays so. Errors as above. */
gboolean outbox_flush(Db *db, gint64 id, const char *actor, GError **error);
/* Queued, deferred and dead deliveries end as cancelled, and a do_not_store submission may be erased by that. Errors as above. */
gboolean outbox_cancel(Db *db, gint64 id, const char *actor, GError **error);
/* Queued and deferred deliveries wait for a person: dead with the reason OUTBOX_HOLD, until outbox_retry. Errors as above; a conflict, too, if the submission's time is over, because
 * retention would remove it at once. */
gboolean outbox_hold(Db *db, gint64 id, const char *actor, GError **error);
