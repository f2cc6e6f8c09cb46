/*
 * What the ledger knows of mail accounts: what they have used of their rate, and what the doctor saw their server take.
 *
 * A rate is kept as one time, when all of it is free again: each mail moves it on by one interval, and it may lie ahead as far as the burst reaches. A time farther ahead was noted by a
 * clock that ran ahead or with another rate, and counts as the whole burst. All public functions take their own transaction: do not call them inside one.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

/* --- Rates ---------------------------------------------------------------------------------------------------------- */

/* Rounded up: in the long run rather one less than one more. */
static gint64
interval_us(const LedgerRate *rate)
{
	g_assert(rate->count > 0 && rate->period_us > 0 && rate->burst > 0);
	return (rate->period_us + rate->count - 1) / rate->count;
}

/* When all of the rate is free again, as it was noted. */
static gboolean
read_free_at(Db *ledger, const char *account, gint64 *free_at_us, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_ACCOUNT_RATE, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "account", account);
	return statement_number(statement, 0, free_at_us, error);
}

/* The same as it counts now. */
static gint64
counted(gint64 free_at_us, const LedgerRate *rate)
{
	const gint64 now_us = clock_now_us();
	return CLAMP(free_at_us, now_us, now_us + interval_us(rate) * rate->burst);
}

static gboolean
write_free_at(Db *ledger, const char *account, gint64 free_at_us, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_ACCOUNT_CHARGE, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "account", account);
	statement_bind_int(statement, "free_at", free_at_us);
	return statement_step(statement, NULL, error);
}

static gboolean
take_in_transaction(Db *ledger, const char *account, const LedgerRate *rate, guint wanted, LedgerGrant *grant, GError **error)
{
	gint64 noted_us = 0;
	if (!read_free_at(ledger, account, &noted_us, error))
		return FALSE;
	const gint64 free_at_us = counted(noted_us, rate);
	const gint64 each_us = interval_us(rate);
	const gint64 room_us = clock_now_us() + each_us * rate->burst - free_at_us;
	grant->mails = (guint)MIN((gint64)wanted, MAX(room_us, 0) / each_us);
	grant->again_at_us = free_at_us + each_us - each_us * rate->burst;
	/* One too far ahead is put right even if nothing is granted, or the burst would count as used until the clock gets there. */
	return (grant->mails == 0 && noted_us <= free_at_us) ||
	       write_free_at(ledger, account, free_at_us + each_us * grant->mails, error);
}

gboolean
ledger_account_take(Db *ledger, const char *account, const LedgerRate *rate, guint wanted, LedgerGrant *grant, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, take_in_transaction(ledger, account, rate, wanted, grant, error), error);
}

static gboolean
return_in_transaction(Db *ledger, const char *account, const LedgerRate *rate, guint unused, GError **error)
{
	gint64 noted_us = 0;
	return read_free_at(ledger, account, &noted_us, error) &&
	       write_free_at(ledger, account, counted(noted_us, rate) - interval_us(rate) * MIN(unused, rate->burst), error);
}

gboolean
ledger_account_return(Db *ledger, const char *account, const LedgerRate *rate, guint unused, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, return_in_transaction(ledger, account, rate, unused, error), error);
}

/* --- What the doctor saw ---------------------------------------------------------------------------------------------- */

static gboolean
note_sender(Db *ledger, guint id, const char *account, gboolean is_accepted, GError **error)
{
	Statement *statement = db_statement(ledger, id, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "account", account);
	statement_bind_int(statement, "is_accepted", is_accepted ? 1 : 0);
	statement_bind_int(statement, "now", clock_now_us());
	return db_run(ledger, statement, error) >= 0;
}

static gboolean
read_sender(Db *ledger, guint id, const char *account, gboolean *is_accepted, GError **error)
{
	gint64 found = 0;
	Statement *statement = db_statement(ledger, id, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "account", account);
	if (!statement_number(statement, 0, &found, error))
		return FALSE;
	*is_accepted = found != 0;
	return TRUE;
}

gboolean
ledger_note_null_sender(Db *ledger, const char *account, gboolean is_accepted, GError **error)
{
	return note_sender(ledger, STATEMENT_LEDGER_NULL_SENDER_NOTE, account, is_accepted, error);
}

gboolean
ledger_is_null_sender(Db *ledger, const char *account, gboolean *is_accepted, GError **error)
{
	return read_sender(ledger, STATEMENT_LEDGER_NULL_SENDER, account, is_accepted, error);
}

gboolean
ledger_note_tagged_sender(Db *ledger, const char *account, gboolean is_accepted, GError **error)
{
	return note_sender(ledger, STATEMENT_LEDGER_TAGGED_SENDER_NOTE, account, is_accepted, error);
}

gboolean
ledger_is_tagged_sender(Db *ledger, const char *account, gboolean *is_accepted, GError **error)
{
	return read_sender(ledger, STATEMENT_LEDGER_TAGGED_SENDER, account, is_accepted, error);
}
