/*
 * The session's own side: a process that holds some letters and one account and nothing else.
 *
 * It reads its job, asks the account's token_command if there is one, runs the transport, and reports each outcome when it happens, so that a crash later loses nothing that was
 * settled. Until the session with the server is open (name, connection, greeting, TLS, AUTH) a watchdog thread keeps the deadline, because
 * the library blocks as long as the server pleases; after that the courier kills at LIMIT_SESSION_MS. Main thread
 * and watchdog write under one lock, and the watchdog ends the process with its report: nothing follows it.
 */
#include "sekisho/relay/session.h"

#include <pthread.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "frame.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/relay/compose.h"
#include "sekisho/relay/token.h"
#include "session_protocol.h"

typedef struct {
	int descriptor;
	gint64 connect_deadline_us; /* monotonic */
	pthread_mutex_t lock;       /* descriptor's writes, is_opened */
	pthread_cond_t changed;
	gboolean is_opened; /* or ended */
} Session;

/* What the job's frame held; strings belong to it. */
typedef struct {
	GVariant *frame;
	Account account;
	const char *secret;
	guint connect_ms;
	GPtrArray *letters;
} Job;

/* --- Reporting ----------------------------------------------------------------------------------------------------------- */

/* What may be kept of a sentence or of a server's words: one line. */
static char *
one_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *glued = g_strdelimit(g_steal_pointer(&valid), "\r\n\t", ' ');
	g_autofree char *visible = text_for_terminal(g_strstrip(glued), FALSE);

	return text_truncate(visible, LIMIT_SERVER_TEXT_BYTES);
}

/* What is said about a delivery (or, with id 0, about the account). */
typedef struct {
	SessionReportKind kind;
	gint64 delivery_id;
	const GError *failure; /* NULL: sent */
	guint reply_code;
	const char *server_text;
} Said;

/* Needs the lock. A courier that is gone needs no report: the lease ends by itself. */
static void
write_report(Session *session, Said said)
{
	g_autofree char *text = one_line(said.server_text);
	g_autofree char *sentence = one_line(said.failure == NULL ? "" : said.failure->message);
	int code = said.failure == NULL ? -1 : said.failure->code;

	frame_write(session->descriptor,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)said.kind, said.delivery_id, code, sentence, said.reply_code, text));
}

static void
report_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	Session *session = user_data;

	pthread_mutex_lock(&session->lock);
	write_report(session, (Said){SESSION_OUTCOME, delivery_id, failure, reply_code, server_text});
	pthread_mutex_unlock(&session->lock);
}

static void
report_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	Session *session = user_data;

	pthread_mutex_lock(&session->lock);
	write_report(session, (Said){SESSION_ACCOUNT_FAILED, 0, failure, 0, server_text});
	pthread_mutex_unlock(&session->lock);
}

static void
end_watch(Session *session)
{
	pthread_mutex_lock(&session->lock);
	session->is_opened = TRUE;
	pthread_cond_signal(&session->changed);
	pthread_mutex_unlock(&session->lock);
}

static void
report_opened(gpointer user_data)
{
	Session *session = user_data;

	end_watch(session);
	pthread_mutex_lock(&session->lock);
	write_report(session, (Said){.kind = SESSION_OPENED, .server_text = ""});
	pthread_mutex_unlock(&session->lock);
}

static void *
watch(void *user_data)
{
	Session *session = user_data;
	struct timespec deadline = {.tv_sec = session->connect_deadline_us / G_USEC_PER_SEC,
	    .tv_nsec = (session->connect_deadline_us % G_USEC_PER_SEC) * 1000};
	int problem = 0;

	pthread_mutex_lock(&session->lock);
	while (!session->is_opened && problem == 0)
		problem = pthread_cond_clockwait(&session->changed, &session->lock, CLOCK_MONOTONIC, &deadline);
	if (!session->is_opened) {
		g_autoptr(GError) failure = g_error_new_literal(
		    RELAY_ERROR, RELAY_ERROR_CONNECT, "the server took too long to connect, greet, encrypt and log in");
		write_report(session, (Said){SESSION_ACCOUNT_FAILED, 0, failure, 0, ""});
		_exit(EX_TEMPFAIL);
	}
	pthread_mutex_unlock(&session->lock);
	return NULL;
}

/* --- The job ------------------------------------------------------------------------------------------------------------- */

static GVariant *
read_frame(int descriptor)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	gboolean is_broken = FALSE;

	while (!is_broken) {
		GVariant *frame = frame_reader_next(reader, &is_broken);
		if (frame != NULL)
			return frame;
		if (!is_broken && frame_reader_fill(reader, descriptor) == FRAME_END)
			return NULL;
	}
	return NULL;
}

/* What needs SMTPUTF8 must not keep the other recipients from a server without it: they stay in `letter`, and the new one, of the same variant, goes to the rest. */
static Letter *
split_letter(Letter *letter, GVariant *variant)
{
	Letter *international = letter_from_variant(variant, NULL);

	letter_keep_recipients(letter, FALSE);
	letter_keep_recipients(international, TRUE);
	return international;
}

static gboolean
read_letters(GPtrArray *letters, GVariant *list, GError **error)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(list, i);
		g_autoptr(GVariant) inner = g_variant_get_variant(boxed);
		Letter *letter = letter_from_variant(inner, error);
		if (letter == NULL)
			return FALSE;
		g_ptr_array_add(letters, letter);
		if (letter_is_international(letter))
			g_ptr_array_add(letters, split_letter(letter, inner));
		if (letter->recipients->len == 0)
			g_ptr_array_remove(letters, letter);
	}
	return TRUE;
}

static gboolean
job_read(Job *job, int descriptor, GError **error)
{
	g_autoptr(GVariant) letters = NULL;
	gint32 security, transport, login;

	job->letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);
	job->frame = read_frame(descriptor);
	if (job->frame == NULL) {
		g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_LOST, "the courier handed over no job");
		return FALSE;
	}
	Account *account = &job->account;
	g_variant_get(job->frame, "(&s&sqiii&s&s&s&s&s&su@av)", &account->name, &account->host, &account->port, &security,
	    &transport, &login, &account->user, &job->secret, &account->token_command, &account->ca_file, &account->pins,
	    &account->hello, &job->connect_ms, &letters);
	account->security = (AccountSecurity)CLAMP(security, ACCOUNT_STARTTLS, ACCOUNT_PLAIN_LOOPBACK);
	account->transport = (AccountTransport)CLAMP(transport, ACCOUNT_AUTO, ACCOUNT_ESMTP);
	account->login = (AccountLogin)CLAMP(login, ACCOUNT_PASSWORD, ACCOUNT_XOAUTH2);
	return read_letters(job->letters, letters, error);
}

static void
job_clear(Job *job)
{
	g_ptr_array_unref(job->letters);
	if (job->frame != NULL)
		g_variant_unref(job->frame);
}

static void
run(Session *session, const Job *job)
{
	g_autoptr(GError) failure = NULL;
	char *token = NULL;
	pthread_t watchdog;
	TransportJob transport = {.account = &job->account, .secret = job->secret, .letters = job->letters};
	TransportReport report = {
	    .outcome = report_outcome, .account_failed = report_account_failed, .opened = report_opened, .user_data = session};

	session->connect_deadline_us = g_get_monotonic_time() + (gint64)job->connect_ms * 1000;
	gboolean is_watched = pthread_create(&watchdog, NULL, watch, session) == 0;
	g_assert(is_watched);
	if (job->account.login == ACCOUNT_XOAUTH2 && *job->account.token_command != '\0')
		transport.secret = token = token_from_command(job->account.token_command, &failure);
	if (failure == NULL)
		transport_run(&transport, &report);
	else
		report_account_failed(failure, "", session);
	password_free(token);
	end_watch(session);
	pthread_join(watchdog, NULL);
}

int
session_main(int descriptor)
{
	g_autoptr(GError) error = NULL;
	Session session = {.descriptor = descriptor, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	Job job = {0};

	compose_init();
	gboolean is_read = job_read(&job, descriptor, &error);
	if (is_read)
		run(&session, &job);
	job_clear(&job);
	return is_read ? EX_OK : EX_PROTOCOL;
}
