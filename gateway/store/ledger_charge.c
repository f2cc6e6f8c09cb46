/*
 * Leave for automatic mail.
 *
 * A mail is: unknown -> asked for (a ceiling holds it back) -> charged, with leave to be sent -> settled: sent, or its leave ended. From charged without leave it may get
 * leave again, uncounted; from sent nothing leads away. A mail whose fuse has tripped, or whose address had its mail, leaves no row: so a flood makes no more
 * rows than the fuse lets through.
 *
 * One question is one IMMEDIATE transaction, so of two that ask at once one counts before the other.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

/* What the ledger knows of a mail. */
typedef struct {
	gint64 id; /* 0: nothing */
	gint64 charged_at_us;
	gint64 leave_until_us;
	gboolean is_sent;
} Known;

static void
bind_mail(Statement *statement, const LedgerMail *mail)
{
	statement_bind_bytes(statement, "recipient", mail->recipient.bytes, sizeof mail->recipient.bytes);
	statement_bind_text(statement, "receipt", mail->receipt);
	statement_bind_int(statement, "kind", mail->kind);
	statement_bind_int(statement, "generation", mail->generation);
}

static gboolean
find_mail(Db *ledger, const LedgerMail *mail, Known *known, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_MAIL_FIND, mail->site, error);
	if (!statement)
		return FALSE;
	bind_mail(statement, mail);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	known->id = statement_int(statement, 0);
	known->charged_at_us = statement_int(statement, 1);
	known->leave_until_us = statement_int(statement, 2);
	known->is_sent = statement_int(statement, 3) != 0;
	statement_reset(statement);
	return TRUE;
}

/* What find_in_period leaves out. */
typedef struct {
	const char *receipt; /* NULL: nothing */
	gint64 id;           /* 0: nothing */
} But;

/* Whether the address was sent a mail of this kind, or may have been. */
static gboolean
find_in_period(Db *ledger, const LedgerMail *mail, But but, gint64 period_us, gboolean *is_found, GError **error)
{
	gint64 found = 0;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_MAIL_OF_PERIOD, mail->site, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "recipient", mail->recipient.bytes, sizeof mail->recipient.bytes);
	statement_bind_int(statement, "kind", mail->kind);
	statement_bind_text(statement, "receipt", but.receipt);
	statement_bind_int(statement, "but", but.id);
	ledger_bind_window(statement, clock_now_us(), period_us);
	if (!statement_number(statement, 0, &found, error))
		return FALSE;
	*is_found = found != 0;
	return TRUE;
}

/* Runs a counting statement whose window and ceiling are still to be bound. */
static gboolean
is_full(Statement *statement, gint64 window_us, guint ceiling, gboolean *is_reached, GError **error)
{
	gint64 count = 0;
	ledger_bind_window(statement, clock_now_us(), window_us);
	statement_bind_int(statement, "limit", ceiling);
	if (!statement_number(statement, 0, &count, error))
		return FALSE;
	*is_reached = count >= ceiling;
	return TRUE;
}

/* Whether the mailbox had its mail of this kind from this site within the period, or its confirmations of a day from all. */
static gboolean
find_repeated(Db *ledger, const LedgerMail *mail, gint64 period_us, gboolean *is_repeated, GError **error)
{
	if (!find_in_period(ledger, mail, (But){NULL, 0}, period_us, is_repeated, error))
		return FALSE;
	if (*is_repeated || mail->kind != MAIL_CONFIRMATION)
		return TRUE;
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_CONFIRMATIONS_OF_MAILBOX, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "recipient", mail->recipient.bytes, sizeof mail->recipient.bytes);
	return is_full(statement, DAY_US, LIMIT_CONFIRMATIONS_PER_MAILBOX, is_repeated, error);
}

/* LEDGER_DOMAIN, LEDGER_FORM or, if no ceiling is reached, LEDGER_CHARGED. */
static gboolean
ask_ceilings(Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, LedgerAnswer *answer, GError **error)
{
	gboolean is_reached = FALSE;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_MAILS_OF_DOMAIN, mail->site, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "domain", mail->domain.bytes, sizeof mail->domain.bytes);
	if (!is_full(statement, DAY_US, limits->per_domain, &is_reached, error))
		return FALSE;
	*answer = LEDGER_DOMAIN;
	if (is_reached)
		return TRUE;
	statement = ledger_statement(ledger, STATEMENT_LEDGER_MAILS_OF_FORM, mail->site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "form_id", (gint64)mail->form_id);
	if (!is_full(statement, HOUR_US, limits->per_form, &is_reached, error))
		return FALSE;
	*answer = is_reached ? LEDGER_FORM : LEDGER_CHARGED;
	return TRUE;
}

/* The row of a mail that is asked for for the first time. */
static gboolean
insert_mail(Db *ledger, const LedgerMail *mail, gint64 *id, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_MAIL_INSERT, mail->site, error);
	if (!statement)
		return FALSE;
	bind_mail(statement, mail);
	statement_bind_int(statement, "form_id", (gint64)mail->form_id);
	statement_bind_bytes(statement, "domain", mail->domain.bytes, sizeof mail->domain.bytes);
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, NULL, error))
		return FALSE;
	*id = db_last_id(ledger);
	return ledger_fuse_count(ledger, mail->site, error);
}

static gboolean
give_leave(Db *ledger, gint64 id, gboolean is_counted, GError **error)
{
	gint64 now_us = clock_now_us();
	Statement *statement =
	    db_statement(ledger, is_counted ? STATEMENT_LEDGER_MAIL_CHARGE : STATEMENT_LEDGER_MAIL_LEAVE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	statement_bind_int(statement, "until", now_us + (gint64)LIMIT_LEASE_MS * 1000);
	if (is_counted)
		statement_bind_int(statement, "now", now_us);
	return statement_step(statement, NULL, error);
}

/* A mail that was charged before; another one may have reached the address since. A leave that ends later than any of ours was given by a clock that ran
 * ahead. */
static gboolean
charge_again(Db *ledger, const LedgerMail *mail, const Known *known, gint64 period_us, LedgerAnswer *answer, GError **error)
{
	gint64 now_us = clock_now_us();
	gboolean is_repeated = FALSE;
	*answer = LEDGER_SENT;
	if (known->is_sent)
		return TRUE;
	if (!find_in_period(ledger, mail, (But){NULL, known->id}, period_us, &is_repeated, error))
		return FALSE;
	gboolean is_held = known->leave_until_us > now_us && known->leave_until_us <= now_us + (gint64)LIMIT_LEASE_MS * 1000;
	*answer = is_repeated ? LEDGER_REPEATED : is_held ? LEDGER_HELD : LEDGER_CHARGED;
	return *answer != LEDGER_CHARGED || give_leave(ledger, known->id, FALSE, error);
}

static gboolean
charge_first(Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, gint64 id, LedgerAnswer *answer, GError **error)
{
	gboolean is_repeated = FALSE, is_tripped = FALSE;
	if (!find_repeated(ledger, mail, limits->period_us, &is_repeated, error))
		return FALSE;
	*answer = LEDGER_REPEATED;
	if (is_repeated)
		return TRUE;
	if (!ledger_fuse_try(ledger, mail, limits, id, &is_tripped, error))
		return FALSE;
	*answer = LEDGER_TRIPPED;
	if (is_tripped)
		return TRUE;
	if (!ask_ceilings(ledger, mail, limits, answer, error) || (id == 0 && !insert_mail(ledger, mail, &id, error)))
		return FALSE;
	return *answer != LEDGER_CHARGED || give_leave(ledger, id, TRUE, error);
}

gboolean
ledger_charge(Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, LedgerAnswer *answer, GError **error)
{
	g_assert(mail->kind == MAIL_REPLY || mail->kind == MAIL_COPY || mail->kind == MAIL_CONFIRMATION);
	Known known = {0};
	if (!db_begin(ledger, error))
		return FALSE;
	gboolean is_good = find_mail(ledger, mail, &known, error) &&
			   (known.charged_at_us > 0 ? charge_again(ledger, mail, &known, limits->period_us, answer, error)
						    : charge_first(ledger, mail, limits, known.id, answer, error));
	return db_end(ledger, is_good, error);
}

static gboolean
settle_in_transaction(Db *ledger, const LedgerMail *mail, gboolean is_sent, GError **error)
{
	Known known = {0};
	if (!find_mail(ledger, mail, &known, error))
		return FALSE;
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_MAIL_SETTLE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", known.id);
	statement_bind_int(statement, "is_sent", is_sent ? 1 : 0);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

gboolean
ledger_settle(Db *ledger, const LedgerMail *mail, gboolean is_sent, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, settle_in_transaction(ledger, mail, is_sent, error), error);
}

gboolean
ledger_take_over(Db *ledger, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_TAKE_OVER, error);
	return statement && db_run(ledger, statement, error) >= 0;
}

gboolean
ledger_was_sent(Db *ledger, const LedgerMail *mail, gint64 period_us, gboolean *was_sent, GError **error)
{
	return find_in_period(ledger, mail, (But){mail->receipt, 0}, period_us, was_sent, error);
}
