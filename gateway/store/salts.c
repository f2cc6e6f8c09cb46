/*
 * Rows of salts. They are made and removed here and never change. No state.
 *
 * A clock that was set back leaves a salt from the future: it is none of the newest, so another one is made, and goes when its time has come. One that runs ahead makes a new one and
 * removes none that is good: what ends a salt is the age of its successor.
 */
#include "sekisho/store/salts.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "store/statements.h"

#define ID_BYTES 4u
/* A clock may be wrong by so much. */
#define AHEAD_US G_TIME_SPAN_DAY

void
salt_free(Salt *salt)
{
	if (!salt)
		return;
	g_free(salt->id);
	explicit_bzero(salt->secret, sizeof salt->secret);
	g_free(salt);
}

static gpointer
read_salt(Statement *statement)
{
	Salt *salt = g_new0(Salt, 1);
	g_autoptr(GBytes) secret = statement_bytes(statement, 1);
	gsize size = 0;
	const guint8 *bytes = secret ? g_bytes_get_data(secret, &size) : NULL;
	salt->id = statement_text(statement, 0);
	/* Another size is nobody's of ours; what is there is as good as any. */
	if (bytes)
		memcpy(salt->secret, bytes, MIN(size, sizeof salt->secret));
	/* So that whoever may write rows writes no time that no subtraction survives. */
	salt->created_at_us = CLAMP(statement_int(statement, 2), 0, G_MAXINT64 / 2);
	return salt;
}

GPtrArray *
salts_current(Db *db, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SALT_LIST, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "horizon", now_us + AHEAD_US);
	statement_bind_int(statement, "limit", LIMIT_SALTS);
	return statement_rows(statement, read_salt, (GDestroyNotify)salt_free, error);
}

static void
random_bytes(guint8 *bytes, gsize size)
{
	/* Up to 256 bytes come whole once the system has started. */
	if (getrandom(bytes, size, 0) != (ssize_t)size)
		g_error("getrandom: %s", g_strerror(errno));
}

static gboolean
insert_salt(Db *db, gint64 now_us, GError **error)
{
	guint8 id[ID_BYTES], secret[SALT_BYTES];
	g_autoptr(GString) digits = g_string_new(NULL);
	Statement *statement = db_statement(db, STATEMENT_SALT_INSERT, error);
	if (!statement)
		return FALSE;
	random_bytes(id, sizeof id);
	random_bytes(secret, sizeof secret);
	text_append_hex(digits, id, sizeof id);
	statement_bind_text(statement, "id", digits->str);
	statement_bind_bytes(statement, "secret", secret, sizeof secret);
	statement_bind_int(statement, "now", now_us);
	explicit_bzero(secret, sizeof secret);
	return statement_step(statement, NULL, error);
}

static gboolean
purge_salts(Db *db, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SALT_PURGE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "before", now_us - SALT_OVERLAP_US);
	return statement_step(statement, NULL, error);
}

static gboolean
is_newest_old(const GPtrArray *salts, gint64 now_us)
{
	const Salt *newest = salts->len > 0 ? salts->pdata[0] : NULL;
	return newest == NULL || now_us - newest->created_at_us >= SALT_LIFE_US || newest->created_at_us > now_us + AHEAD_US;
}

/* Only what is over, and was not removed yet, need be written for. */
static gboolean
is_any_over(const GPtrArray *salts, gint64 now_us)
{
	const Salt *newest = salts->len > 0 ? salts->pdata[0] : NULL;
	return salts->len > 1 && now_us - newest->created_at_us > SALT_OVERLAP_US;
}

/* In a transaction: another process may have made one meanwhile. */
static gboolean
renew(Db *db, gint64 now_us, GError **error)
{
	g_autoptr(GPtrArray) salts = salts_current(db, now_us, error);
	return salts && (!is_newest_old(salts, now_us) || insert_salt(db, now_us, error)) && purge_salts(db, now_us, error);
}

GPtrArray *
salts_renew(Db *db, gint64 now_us, GError **error)
{
	g_autoptr(GPtrArray) salts = salts_current(db, now_us, error);
	if (!salts)
		return NULL;
	if (!is_newest_old(salts, now_us) && !is_any_over(salts, now_us))
		return g_steal_pointer(&salts);
	if (!db_begin(db, error) || !db_end(db, renew(db, now_us, error), error))
		return NULL;
	return salts_current(db, now_us, error);
}
