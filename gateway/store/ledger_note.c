/*
 * Notes to a site's owner that something is held: at most one within LIMIT_HELD_NOTE_US, whatever the rows say that ask for one, because a front that was taken over writes those.
 *
 *   none -> begun -> sent    (another one when the time is over)
 *                 -> none    (known as not sent: another one may go at once)
 *                 -> begun   (nobody knows: another one when the time is over)
 *
 * A clock that was put right counts what lies as far ahead as behind. Every function takes its own transaction.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

/* While a note is on its way, those that it tells of ask again after this. */
#define FLIGHT_US (5 * G_TIME_SPAN_MINUTE)

/* So long what was told counts as told. Then whoever asks again has a reason, and numbers of submissions may begin anew with another file. */
#define TOLD_US (2 * LIMIT_HELD_NOTE_US)

typedef struct {
	gint64 begun_at_us; /* 0: none was */
	gint64 told_id;
	gboolean is_sent;
} Note;

static gboolean
read_note(Db *ledger, const char *site, Note *note, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_NOTE_READ, site, error);
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	*note = (Note){statement_int(statement, 0), statement_int(statement, 1), statement_int(statement, 2) != 0};
	statement_reset(statement);
	return TRUE;
}

static gboolean
begin_note(Db *ledger, const LedgerNoteRequest *request, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_NOTE_BEGIN, request->site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "told_id", request->newest_id);
	return statement_step(statement, NULL, error);
}

static gboolean
ask_in_transaction(Db *ledger, const LedgerNoteRequest *request, LedgerNoteAnswer *answer, GError **error)
{
	const gint64 now_us = clock_now_us();
	Note note = {0};
	if (!read_note(ledger, request->site, &note, error))
		return FALSE;
	const gint64 end_us = note.begun_at_us + LIMIT_HELD_NOTE_US;
	const gboolean is_over = now_us >= end_us || note.begun_at_us > now_us + LIMIT_HELD_NOTE_US;
	const gboolean is_recent = now_us < note.begun_at_us + TOLD_US && now_us > note.begun_at_us - TOLD_US;
	if (note.is_sent && is_recent && request->newest_id <= note.told_id) {
		*answer = (LedgerNoteAnswer){.fate = LEDGER_NOTE_TOLD};
		return TRUE;
	}
	if (!is_over) {
		*answer = (LedgerNoteAnswer){
		    .fate = LEDGER_NOTE_WAITS, .again_at_us = note.is_sent ? end_us : MIN(end_us, now_us + FLIGHT_US)};
		return TRUE;
	}
	*answer = (LedgerNoteAnswer){.fate = LEDGER_NOTE_GOES};
	return !request->is_to_begin || begin_note(ledger, request, error);
}

gboolean
ledger_note_ask(Db *ledger, const LedgerNoteRequest *request, LedgerNoteAnswer *answer, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, ask_in_transaction(ledger, request, answer, error), error);
}

gboolean
ledger_note_settle(Db *ledger, const char *site, gboolean is_sent, GError **error)
{
	Statement *statement =
	    ledger_statement(ledger, is_sent ? STATEMENT_LEDGER_NOTE_SENT : STATEMENT_LEDGER_NOTE_FAILED, site, error);
	return statement && db_run(ledger, statement, error) >= 0;
}
