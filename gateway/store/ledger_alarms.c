/*
 * Alarms. One is: raised (it stands) -> told by command and by mail, in any order -> cleared -> purged. While it stands, a second one of the same site and topic is
 * the same alarm. One that is cleared before it was told is not told any more: it is over. No state; every function takes its own transaction.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

void
alarm_free(Alarm *alarm)
{
	if (!alarm)
		return;
	g_free(alarm->site);
	g_free(alarm->topic);
	g_free(alarm->text);
	g_free(alarm);
}

gboolean
ledger_alarm_raise(Db *ledger, const char *site, const char *topic, const char *text, gboolean *is_new, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_ALARM_RAISE, site, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "topic", topic);
	statement_bind_text(statement, "text", text);
	statement_bind_int(statement, "now", clock_now_us());
	gint changes = db_run(ledger, statement, error);
	*is_new = changes > 0;
	return changes >= 0;
}

gpointer
ledger_read_alarm(Statement *statement)
{
	Alarm *alarm = g_new0(Alarm, 1);
	alarm->id = statement_int(statement, 0);
	alarm->site = statement_text(statement, 1);
	alarm->topic = statement_text(statement, 2);
	alarm->text = statement_text(statement, 3);
	alarm->raised_at_us = statement_int(statement, 4);
	return alarm;
}

GPtrArray *
ledger_alarms_untold(Db *ledger, AlarmChannel channel, guint limit, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_ALARMS_UNTOLD, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "channel", channel);
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, ledger_read_alarm, (GDestroyNotify)alarm_free, error);
}

static gboolean
note_told(Db *ledger, guint statement_id, gint64 id, GError **error)
{
	Statement *statement = db_statement(ledger, statement_id, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	return db_run(ledger, statement, error) >= 0;
}

gboolean
ledger_alarm_commanded(Db *ledger, gint64 id, GError **error)
{
	return note_told(ledger, STATEMENT_LEDGER_ALARM_COMMANDED, id, error);
}

gboolean
ledger_alarm_mailed(Db *ledger, gint64 id, GError **error)
{
	return note_told(ledger, STATEMENT_LEDGER_ALARM_MAILED, id, error);
}

gboolean
ledger_alarm_clear(Db *ledger, const char *site, const char *topic, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_ALARM_CLEAR, site, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "topic", topic);
	statement_bind_int(statement, "now", clock_now_us());
	return db_run(ledger, statement, error) >= 0;
}

gboolean
ledger_alarm_expire(Db *ledger, const char *site, const char *topic, gint64 age_us, GError **error)
{
	gint64 now_us = clock_now_us();
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_ALARM_EXPIRE, site, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "topic", topic);
	statement_bind_int(statement, "now", now_us);
	ledger_bind_window(statement, now_us, age_us);
	return db_run(ledger, statement, error) >= 0;
}
