/*
 * The fuse of a site's automatic mail: whole -> tripped -> reset by a person -> whole, and counting from then. It is asked inside the transaction that charges a mail
 * (ledger_charge.c); only the functions of the public header take transactions of their own.
 *
 * Two memories: rows of `mail` for the hour and the day that are going on, to the microsecond, and `traffic` for the site's history, by hours. The last 24
 * hours are no history yet, or a flood would raise its own ceiling.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

/* The history: how far it reaches, and from when on it says something. */
#define HISTORY_US (28 * DAY_US)
#define HISTORY_MIN_US (7 * DAY_US)
/* What a site's history makes likely: so many times its busiest hour or day, and never less than the second. */
#define LEARNED_FACTOR 3
#define LEARNED_HOUR_MIN 20
#define LEARNED_DAY_MIN 50

void
fuse_free(Fuse *fuse)
{
	if (!fuse)
		return;
	g_free(fuse->site);
	g_free(fuse->reason);
	g_free(fuse);
}

/* --- Looking ---------------------------------------------------------------------------------------------------------- */

static gboolean
read_standing(Db *ledger, Fuse *fuse, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_FUSE, fuse->site, error);
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	fuse->tripped_at_us = statement_int(statement, 0);
	fuse->reason = statement_text(statement, 1);
	fuse->ceiling = (guint)statement_int(statement, 2);
	fuse->reset_at_us = statement_int(statement, 3);
	statement_reset(statement);
	return TRUE;
}

gboolean
ledger_has_tripped(Db *ledger, const char *site, gboolean *has_tripped, GError **error)
{
	g_autoptr(Fuse) fuse = g_new0(Fuse, 1);
	fuse->site = g_strdup(site);
	if (!read_standing(ledger, fuse, error))
		return FALSE;
	*has_tripped = fuse->tripped_at_us != 0;
	return TRUE;
}

/* Binds the hours of the history and runs the statement to its first row. */
static Statement *
ask_history(Db *ledger, guint id, const char *site, gint64 now_us, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = ledger_statement(ledger, id, site, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "since", (now_us - DAY_US - HISTORY_US) / HOUR_US);
	statement_bind_int(statement, "horizon", (now_us - DAY_US) / HOUR_US);
	if (!statement_step(statement, &has_row, error))
		return NULL;
	g_assert(has_row);
	return statement;
}

static gboolean
read_history(Db *ledger, Fuse *fuse, gint64 now_us, gboolean *is_long_enough, GError **error)
{
	Statement *statement = ask_history(ledger, STATEMENT_LEDGER_HISTORY_HOURS, fuse->site, now_us, error);
	if (!statement)
		return FALSE;
	*is_long_enough = statement_int(statement, 0) <= (now_us - HISTORY_MIN_US) / HOUR_US;
	guint busiest_hour = (guint)statement_int(statement, 1);
	statement_reset(statement);
	if (!*is_long_enough)
		return TRUE;
	fuse->busiest_hour = busiest_hour;
	statement = ask_history(ledger, STATEMENT_LEDGER_HISTORY_DAYS, fuse->site, now_us, error);
	if (!statement)
		return FALSE;
	fuse->busiest_day = (guint)statement_int(statement, 0);
	statement_reset(statement);
	return TRUE;
}

/* The ceilings that hold for a site, whatever has been sent. */
static gboolean
read_ceilings(Db *ledger, Fuse *fuse, const LedgerLimits *limits, GError **error)
{
	gboolean is_long_enough = FALSE;
	if (!read_history(ledger, fuse, clock_now_us(), &is_long_enough, error))
		return FALSE;
	fuse->hour_ceiling = limits->fuse_hour;
	fuse->day_ceiling = limits->fuse_day;
	if (!is_long_enough)
		return TRUE;
	guint learned_hour = MAX(LEARNED_FACTOR * fuse->busiest_hour, LEARNED_HOUR_MIN);
	guint learned_day = MAX(LEARNED_FACTOR * fuse->busiest_day, LEARNED_DAY_MIN);
	fuse->is_hour_learned = learned_hour < limits->fuse_hour;
	fuse->is_day_learned = learned_day < limits->fuse_day;
	fuse->hour_ceiling = MIN(learned_hour, limits->fuse_hour);
	fuse->day_ceiling = MIN(learned_day, limits->fuse_day);
	return TRUE;
}

/* How many mails were asked for within the window and after `after_us`, `but_id` aside; past `limit` nobody counts. */
typedef struct {
	gint64 window_us;
	gint64 after_us;
	gint64 but_id;
	guint limit;
} Count;

static gboolean
count_mails(Db *ledger, const char *site, Count count, guint *mails, GError **error)
{
	gint64 now_us = clock_now_us();
	gint64 found = 0;
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_MAILS_OF_SITE, site, error);
	if (!statement)
		return FALSE;
	ledger_bind_window(statement, now_us, count.window_us);
	/* A reset that lies ahead was noted by a clock that ran ahead. */
	if (count.after_us <= now_us)
		statement_bind_int(statement, "since", MAX(count.after_us, now_us - count.window_us));
	statement_bind_int(statement, "but", count.but_id);
	statement_bind_int(statement, "limit", count.limit);
	if (!statement_number(statement, 0, &found, error))
		return FALSE;
	*mails = (guint)found;
	return TRUE;
}

Fuse *
ledger_fuse(Db *ledger, const char *site, const LedgerLimits *limits, GError **error)
{
	g_autoptr(Fuse) fuse = g_new0(Fuse, 1);
	fuse->site = g_strdup(site);
	gboolean is_good = read_standing(ledger, fuse, error) && read_ceilings(ledger, fuse, limits, error) &&
			   count_mails(ledger, site, (Count){HOUR_US, 0, 0, G_MAXINT}, &fuse->last_hour, error) &&
			   count_mails(ledger, site, (Count){DAY_US, 0, 0, G_MAXINT}, &fuse->last_day, error);
	return is_good ? g_steal_pointer(&fuse) : NULL;
}

GPtrArray *
ledger_sites(Db *ledger, guint limit, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_LEDGER_SITES, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "since", clock_now_us() - DAY_US);
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, statement_read_text, g_free, error);
}

/* --- Tripping --------------------------------------------------------------------------------------------------------- */

static gboolean
trip(Db *ledger, const Fuse *fuse, gint64 window_us, GError **error)
{
	gint64 now_us = clock_now_us();
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_FUSE_TRIP, fuse->site, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "reason", fuse->reason);
	statement_bind_int(statement, "ceiling", fuse->ceiling);
	statement_bind_int(statement, "now", now_us);
	if (!statement_step(statement, NULL, error))
		return FALSE;
	statement = ledger_statement(ledger, STATEMENT_LEDGER_TRAFFIC_DISOWN, fuse->site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "since", (now_us - window_us) / HOUR_US);
	return statement_step(statement, NULL, error);
}

/* One of the two ceilings. */
typedef struct {
	gint64 window_us;
	guint ceiling;
	const char *reason;
} Ceiling;

static gboolean
try_ceiling(Db *ledger, Fuse *fuse, Ceiling ceiling, gint64 but_id, GError **error)
{
	guint mails = 0;
	if (!count_mails(
		ledger, fuse->site, (Count){ceiling.window_us, fuse->reset_at_us, but_id, ceiling.ceiling}, &mails, error))
		return FALSE;
	if (mails < ceiling.ceiling)
		return TRUE;
	fuse->tripped_at_us = clock_now_us();
	fuse->ceiling = ceiling.ceiling;
	fuse->reason = g_strdup(ceiling.reason);
	return trip(ledger, fuse, ceiling.window_us, error);
}

gboolean
ledger_fuse_try(
    Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, gint64 but_id, gboolean *is_tripped, GError **error)
{
	g_autoptr(Fuse) fuse = g_new0(Fuse, 1);
	fuse->site = g_strdup(mail->site);
	if (!read_standing(ledger, fuse, error))
		return FALSE;
	if (fuse->tripped_at_us == 0 && !read_ceilings(ledger, fuse, limits, error))
		return FALSE;
	const Ceiling ceilings[] = {
	    {HOUR_US, fuse->hour_ceiling, fuse->is_hour_learned ? "learned_hour" : "hour"},
	    {DAY_US, fuse->day_ceiling, fuse->is_day_learned ? "learned_day" : "day"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(ceilings) && fuse->tripped_at_us == 0; i++)
		if (!try_ceiling(ledger, fuse, ceilings[i], but_id, error))
			return FALSE;
	*is_tripped = fuse->tripped_at_us != 0;
	return TRUE;
}

gboolean
ledger_fuse_count(Db *ledger, const char *site, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_TRAFFIC_ADD, site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "hour", clock_now_us() / HOUR_US);
	return statement_step(statement, NULL, error);
}

/* --- Resetting -------------------------------------------------------------------------------------------------------- */

static gboolean
reset_in_transaction(Db *ledger, const char *site, gboolean *was_tripped, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_LEDGER_FUSE_RESET, site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, NULL, error))
		return FALSE;
	*was_tripped = db_changes(ledger) > 0;
	statement = ledger_statement(ledger, STATEMENT_LEDGER_ALARM_CLEAR, site, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "topic", "fuse");
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

gboolean
ledger_fuse_reset(Db *ledger, const char *site, gboolean *was_tripped, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, reset_in_transaction(ledger, site, was_tripped, error), error);
}
