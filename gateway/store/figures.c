/*
 * Numbers for the owner's report. Only reads; no state.
 */
#include "sekisho/store/figures.h"

#include <string.h>

#include "ledger_private.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/audit.h"
#include "store/statements.h"
#include "submissions_private.h"

void
figures_mail_free(FiguresMail *mail)
{
	g_free(mail->reason);
	g_free(mail);
}

void
figures_stop_free(FiguresStop *stop)
{
	g_free(stop->reason);
	g_free(stop);
}

void
figures_queued_free(FiguresQueued *queued)
{
	g_free(queued->reason);
	g_free(queued);
}

static Statement *
statement_of(Db *db, guint statement_id, const TallyPeriod *period, GError **error)
{
	Statement *statement = db_statement(db, statement_id, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "site", period->site);
	statement_bind_int(statement, "from", period->from_us);
	statement_bind_int(statement, "to", period->to_us);
	return statement;
}

/* Notices to one of these addresses. */
static gboolean
is_left_out(Statement *statement, GHashTable *left_out)
{
	g_autoptr(GBytes) recipient = statement_bytes(statement, 3);

	return recipient && g_bytes_get_size(recipient) == VAULT_HASH_BYTES &&
	       g_hash_table_contains(left_out, g_bytes_get_data(recipient, NULL));
}

/* Adds to what is there of its kind. Of more reasons than are told apart each is "". */
static void
add_mail(GPtrArray *mails, const FiguresMail *mail)
{
	const char *reason = mails->len < LIMIT_FIGURES_ROWS ? mail->reason : "";
	FiguresMail *sum = NULL;

	for (guint i = 0; !sum && i < mails->len; i++) {
		FiguresMail *known = mails->pdata[i];
		if (known->kind == mail->kind && known->is_bounce == mail->is_bounce && strcmp(known->reason, reason) == 0)
			sum = known;
	}
	if (!sum) {
		sum = g_new0(FiguresMail, 1);
		*sum = (FiguresMail){.kind = mail->kind, .is_bounce = mail->is_bounce, .reason = g_strdup(reason)};
		g_ptr_array_add(mails, sum);
	}
	sum->count += mail->count;
}

GPtrArray *
figures_mails(Db *db, const TallyPeriod *period, GHashTable *left_out, GError **error)
{
	g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)figures_mail_free);
	Statement *statement = statement_of(db, STATEMENT_FIGURES_EVENTS, period, error);
	if (!statement)
		return NULL;
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&mails);
		g_autofree char *reason = statement_text(statement, 2);
		const FiguresMail mail = {.kind = (MailKind)statement_int(statement, 0),
		    .is_bounce = statement_int(statement, 1) == EVENT_BOUNCED,
		    .reason = reason,
		    .count = (guint64)statement_int(statement, 4)};
		if (!is_left_out(statement, left_out))
			add_mail(mails, &mail);
	}
}

static gpointer
read_stop(Statement *statement)
{
	FiguresStop *stop = g_new0(FiguresStop, 1);
	stop->reason = statement_text(statement, 0);
	stop->count = (guint64)statement_int(statement, 1);
	return stop;
}

GPtrArray *
figures_stopped(Db *db, const TallyPeriod *period, GError **error)
{
	Statement *statement = statement_of(db, STATEMENT_FIGURES_STOPPED, period, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "limit", LIMIT_FIGURES_ROWS);
	return statement_rows(statement, read_stop, (GDestroyNotify)figures_stop_free, error);
}

static gpointer
read_queued(Statement *statement)
{
	FiguresQueued *queued = g_new0(FiguresQueued, 1);
	queued->state = (DeliveryState)statement_int(statement, 0);
	queued->reason = statement_text(statement, 1);
	queued->count = (guint64)statement_int(statement, 2);
	queued->oldest_us = statement_int(statement, 3);
	return queued;
}

GPtrArray *
figures_queue(Db *db, const char *site, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_FIGURES_QUEUE, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "site", site);
	statement_bind_int(statement, "limit", LIMIT_FIGURES_ROWS);
	return statement_rows(statement, read_queued, (GDestroyNotify)figures_queued_free, error);
}

GPtrArray *
figures_suspicious(Db *db, const TallyPeriod *period, guint *all, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	Statement *statement = statement_of(db, STATEMENT_FIGURES_SUSPICIOUS, period, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "limit", LIMIT_REPORT_OPENED);
	*all = 0;
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return submissions_summaries(db, ids, error);
		const gint64 id = statement_int(statement, 0);
		*all = (guint)statement_int(statement, 1);
		g_array_append_val(ids, id);
	}
}

GPtrArray *
figures_alarms(Db *ledger, const TallyPeriod *period, guint limit, GError **error)
{
	Statement *statement = statement_of(ledger, STATEMENT_FIGURES_ALARMS, period, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, ledger_read_alarm, (GDestroyNotify)alarm_free, error);
}

gboolean
figures_decisions(Db *ledger, const TallyPeriod *period, guint64 *count, GError **error)
{
	gint64 number = 0;
	Statement *statement = statement_of(ledger, STATEMENT_FIGURES_DECISIONS, period, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "link", AUDIT_BY_LINK);
	if (!statement_number(statement, 0, &number, error))
		return FALSE;
	*count = (guint64)number;
	return TRUE;
}
