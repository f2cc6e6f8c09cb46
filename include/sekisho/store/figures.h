/*
 * Numbers for the owner's report that sekisho.db and the ledger know: mails that went, came back or were stopped, what was suspicious, alarms, decisions. Only reads. What retention
 * has removed meanwhile counts no more.
 *
 * Text from outside: reasons and receipts come from rows; valid UTF-8, escape them.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"
#include "sekisho/store/tally.h"

/* What became of mails within a period. */
typedef struct {
	MailKind kind;
	gboolean is_bounce;     /* they came back; else a server took them */
	char *reason;           /* of a bounce: "bounce.address" and the like; "" */
	guint64 count;
} FiguresMail;
void figures_mail_free(FiguresMail *mail);
/* FiguresMail *, one of each kind and reason, in no order; of LIMIT_FIGURES_ROWS reasons, all others together are "". Without notices to `left_out`, a set of VaultHash. NULL on error. */
GPtrArray *figures_mails(Db *db, const TallyPeriod *period, GHashTable *left_out, GError **error);

typedef struct {
	char *reason; /* "reply_policy", "expired" ...; "ordered": a person cancelled them */
	guint64 count;
} FiguresStop;
void figures_stop_free(FiguresStop *stop);
/* Replies and copies that were refused or cancelled in the period (FiguresStop *), most first, at most LIMIT_FIGURES_ROWS. NULL on error. */
GPtrArray *figures_stopped(Db *db, const TallyPeriod *period, GError **error);

typedef struct {
	DeliveryState state; /* queued, leased, deferred or dead */
	char *reason;        /* "" */
	guint64 count;
	gint64 oldest_us;    /* when the oldest of them was promised */
} FiguresQueued;
void figures_queued_free(FiguresQueued *queued);
/* What is not settled now (FiguresQueued *), most first, at most LIMIT_FIGURES_ROWS. `site` NULL: of all sites together. NULL on error. */
GPtrArray *figures_queue(Db *db, const char *site, GError **error);

/* SubmissionSummary *: all that is held, and what was held or rejected of those that were received in the period, also if a person has decided since; newest first, those that are held before
 * the others, at most LIMIT_REPORT_OPENED. *all receives how many there are. NULL on error. */
GPtrArray *figures_suspicious(Db *db, const TallyPeriod *period, guint *all, GError **error);

/* Alarm * (store/ledger.h) that were raised in the period, newest first, at most `limit`; of all sites with `site` NULL, the gateway's own included. NULL on error. */
GPtrArray *figures_alarms(Db *ledger, const TallyPeriod *period, guint limit, GError **error);
/* How often a person decided about a submission, by command or by a review link. */
gboolean figures_decisions(Db *ledger, const TallyPeriod *period, guint64 *count, GError **error);
