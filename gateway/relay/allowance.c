/*
 * How many mails an account's rate lets go. What went is counted in the ledger, so that a restart forgets nothing, and before the session, so that what a
 * session never told counts.
 *
 * An account without a rate asks nobody. A ledger that cannot be asked does not stop notices: the account then goes on at its rate's even pace, one mail after the other, which
 * needs no memory but the desk's.
 */
#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"

/* An answer of the ledger holds at least so long, and at most so long should a clock have been wrong. */
#define SPENT_MIN_US (G_TIME_SPAN_SECOND / 10)
#define SPENT_MAX_US G_TIME_SPAN_HOUR

/* Between two log lines about the ledger. */
#define LOG_PAUSE_US G_TIME_SPAN_MINUTE

static LedgerRate
ledger_rate(const Account *account)
{
	return (LedgerRate){.count = account->rate.count, .period_us = account->rate.period_us, .burst = account->rate.burst};
}

static void
note_ledger_failure(Courier *courier, const Account *account, const GError *failure)
{
	const gint64 now_us = g_get_monotonic_time();

	if (now_us < courier->ledger_alarm_at_us)
		return;
	courier->ledger_alarm_at_us = now_us + LOG_PAUSE_US;
	log_error(LOG_STORE_FAILED, failure, "account", account->name, "consequence",
	    "its rate is kept by sending one mail at a time", NULL);
}

static void
spend(Desk *desk, gint64 time_us)
{
	desk->spent = until_after(CLAMP(time_us, SPENT_MIN_US, SPENT_MAX_US));
}

guint
allowance_take(Courier *courier, Desk *desk, guint wanted)
{
	g_autoptr(GError) error = NULL;
	const Account *account = desk->account;
	const LedgerRate rate = ledger_rate(account);
	LedgerGrant grant = {0};

	if (rate.count == 0)
		return wanted;
	if (until_left_us(&desk->spent) > 0)
		return 0;
	g_autofree char *key = account_key(account);
	if (!ledger_account_take(courier->ledger, key, &rate, wanted, &grant, &error)) {
		note_ledger_failure(courier, account, error);
		spend(desk, rate.period_us / rate.count);
		return MIN(wanted, 1);
	}
	if (grant.mails == 0)
		spend(desk, grant.again_at_us - clock_now_us());
	return MIN(grant.mails, wanted);
}

void
allowance_return(Courier *courier, const Desk *desk, guint unused)
{
	g_autoptr(GError) error = NULL;
	const LedgerRate rate = ledger_rate(desk->account);

	if (rate.count == 0 || unused == 0)
		return;
	g_autofree char *key = account_key(desk->account);
	if (!ledger_account_return(courier->ledger, key, &rate, unused, &error))
		note_ledger_failure(courier, desk->account, error);
}
