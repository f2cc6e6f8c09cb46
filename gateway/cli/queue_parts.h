/*
 * The orders of `sekisho queue`.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "filter.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

/* What the options of the verb said. */
typedef struct {
	Filter filter; /* all but FILTER_VERDICT and FILTER_IP; the address is that of a recipient */
	char *kind_text;
	char *states_text;
	char *reason;
	char *receipt;
	gboolean is_everything; /* list: what ended, too */
	gboolean is_resend;     /* retry: what was accepted, too */
} QueueOptions;

/* What a filter's options say; owns what its filter borrows of them. */
typedef struct {
	OutboxFilter filter;
	char *site;
	GArray *hashes; /* of --address; NULL: none */
	SubmissionSummary *submission; /* of --receipt; NULL: none */
} QueueFilter;
void queue_filter_clear(QueueFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QueueFilter, queue_filter_clear)

/* ITEM as a person writes it; FALSE with a complaint that says what it is. */
gboolean queue_read_item(const char *text, gint64 *id, GError **error);
/* TRUE if an option says which mails are meant. */
gboolean queue_has_filter(const QueueOptions *options);
/* The filter, with `states` (bits of DeliveryState; 0: all) where no option gives them. Borrows strings of `options`. Opens database and keys. A receipt may be shortened
 * as for submissions_find, whose errors these are. */
gboolean queue_filter(Command *command, const QueueOptions *options, guint states, QueueFilter *filter, GError **error);
/* At most `limit` items of the filter, newest first; where there are none, an error if its site is not configured. NULL on error. The caller's. */
GPtrArray *queue_find(Command *command, const QueueFilter *filter, guint limit, GError **error);

/* --- queue_orders.c ------------------------------------------------------------------------------------------------------- */

/* retry, cancel, hold and flush: of these items, or, with none, of the options' filter. The exit code, or an error. */
int queue_order_command(Command *command, const char *order, char **items, const QueueOptions *options, GError **error);
