/*
 * The courier's side of a session.
 *
 *   writing and reading -> socket closed -> process ended (worker_step says TRUE)
 *                                        -> killed at the deadline, or when it breaks the protocol -> process ended
 *
 * The child gets its end of the socket pair as descriptor 3, /dev/null for input and output, our standard error, default signal
 * dispositions and an empty signal mask (ours blocks SIGTERM), and nothing else. A pidfd tells its end, so no SIGCHLD is needed.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "session_protocol.h"

struct Worker {
	TransportReport report;
	pid_t process;
	int process_descriptor; /* pidfd */
	int socket;             /* -1 once closed */
	GByteArray *output;     /* the job; NULL once written */
	gsize output_at;
	FrameReader *reader;
	GHashTable *open; /* gint64 * of deliveries without an outcome */
	gint64 deadline_us;
	gboolean is_killed, is_ended;
	char *trouble;
};

/* --- Starting ------------------------------------------------------------------------------------------------------------- */

static void
set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* The child's pid, or -1 with errno. */
static pid_t
spawn(const WorkerSettings *settings, int descriptor)
{
	const PrivilegeIdentity *identity = settings->identity;
	char *arguments[] = {(char *)"sekishod", (char *)"--role", (char *)"session", identity ? (char *)"--user" : NULL,
	    identity ? identity->user : NULL, (char *)"--group", identity ? identity->shared_group : NULL, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t process = -1;

	posix_spawnattr_init(&attributes);
	set_signals(&attributes);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, descriptor, SESSION_DESCRIPTOR);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, SESSION_DESCRIPTOR + 1);
	errno = posix_spawn(&process, settings->program, &actions, &attributes, arguments, environ);
	gboolean is_started = errno == 0;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return is_started ? process : -1;
}

static GVariant *
job_variant(const TransportJob *job, guint connect_ms)
{
	const Account *account = job->account;
	GVariantBuilder letters;

	g_variant_builder_init(&letters, G_VARIANT_TYPE("av"));
	for (guint i = 0; i < job->letters->len; i++)
		g_variant_builder_add(&letters, "v", letter_to_variant(job->letters->pdata[i]));
	return g_variant_new(SESSION_JOB_TYPE, account->name, account->host, account->port, (gint32)account->security,
	    (gint32)account->transport, (gint32)account->login, account->user, job->secret, account->token_command,
	    account->ca_file, account->pins, account->hello, connect_ms, &letters);
}

static GHashTable *
deliveries_of(const GPtrArray *letters)
{
	GHashTable *deliveries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (guint i = 0; i < letters->len; i++) {
		const Letter *letter = letters->pdata[i];
		for (guint k = 0; k < letter->recipients->len; k++) {
			const LetterRecipient *recipient = letter->recipients->pdata[k];
			g_hash_table_add(deliveries, g_memdup2(&recipient->delivery_id, sizeof recipient->delivery_id));
		}
	}
	return deliveries;
}

/* Both ends close on exec; dup2 makes the child's copy without that flag. */
static gboolean
start_process(Worker *worker, const WorkerSettings *settings, GError **error)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0) {
		worker->socket = sockets[0];
		worker->process = spawn(settings, sockets[1]);
		int problem = errno;
		close(sockets[1]);
		errno = problem;
		if (worker->process > 0)
			worker->process_descriptor = pidfd_open(worker->process, 0);
		if (worker->process_descriptor >= 0 && fcntl(worker->socket, F_SETFL, O_NONBLOCK) == 0)
			return TRUE;
	}
	/* Not "lost": no mail is under suspicion. */
	g_set_error(error, RELAY_ERROR, RELAY_ERROR_CONNECT, "a session process cannot be started: %s", g_strerror(errno));
	return FALSE;
}

Worker *
worker_start(const WorkerSettings *settings, const TransportJob *job, const TransportReport *report, GError **error)
{
	g_autoptr(Worker) worker = g_new0(Worker, 1);

	worker->report = *report;
	worker->process = -1;
	worker->process_descriptor = -1;
	worker->socket = -1;
	worker->deadline_us = g_get_monotonic_time() + (gint64)settings->life_ms * 1000;
	worker->reader = frame_reader_new(SESSION_REPORT_TYPE, SESSION_REPORT_BYTES);
	worker->open = deliveries_of(job->letters);
	worker->output = frame_bytes(job_variant(job, settings->connect_ms));
	if (!start_process(worker, settings, error))
		return NULL;
	return g_steal_pointer(&worker);
}

static void
drop_output(Worker *worker)
{
	if (worker->output == NULL)
		return;
	/* It holds the password. */
	explicit_bzero(worker->output->data, worker->output->len);
	g_byte_array_unref(g_steal_pointer(&worker->output));
}

static void
close_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

void
worker_free(Worker *worker)
{
	if (worker == NULL)
		return;
	if (worker->process > 0 && !worker->is_ended) {
		kill(worker->process, SIGKILL);
		pid_t ended;
		do
			ended = waitpid(worker->process, NULL, 0);
		while (ended < 0 && errno == EINTR);
	}
	close_descriptor(&worker->socket);
	close_descriptor(&worker->process_descriptor);
	drop_output(worker);
	frame_reader_free(worker->reader);
	g_hash_table_unref(worker->open);
	g_free(worker->trouble);
	g_free(worker);
}

/* --- Running -------------------------------------------------------------------------------------------------------------- */

void
worker_descriptors(const Worker *worker, struct pollfd descriptors[WORKER_DESCRIPTORS])
{
	short events = worker->output == NULL ? POLLIN : POLLIN | POLLOUT;

	descriptors[0] = (struct pollfd){.fd = worker->socket, .events = events};
	descriptors[1] = (struct pollfd){.fd = worker->process_descriptor, .events = POLLIN};
}

gint64
worker_deadline_us(const Worker *worker)
{
	return worker->is_killed ? G_MAXINT64 : worker->deadline_us;
}

static void
end_with(Worker *worker, const char *trouble)
{
	if (worker->trouble == NULL)
		worker->trouble = g_strdup(trouble);
	worker_kill(worker);
}

void
worker_kill(Worker *worker)
{
	if (!worker->is_ended)
		kill(worker->process, SIGKILL);
	worker->is_killed = TRUE;
}

static void
write_output(Worker *worker)
{
	while (worker->output != NULL && worker->socket >= 0) {
		gssize written = send(worker->socket, worker->output->data + worker->output_at,
		    worker->output->len - worker->output_at, MSG_NOSIGNAL);
		if (written < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (written > 0)
			worker->output_at += (gsize)written;
		/* A session that reads no more has ended or will say why. */
		if (written <= 0 || worker->output_at == worker->output->len)
			drop_output(worker);
	}
}

static GError *
reported_failure(int code, const char *sentence)
{
	if (code < 0)
		return NULL;
	int known = code <= RELAY_ERROR_SMTPUTF8 ? code : RELAY_ERROR_LOST;
	g_autofree char *shown = text_for_terminal(sentence, FALSE);
	return g_error_new_literal(RELAY_ERROR, known, shown);
}

/* One report. FALSE if it is none that this session may make. */
static gboolean
take_report(Worker *worker, GVariant *frame)
{
	guchar kind;
	gint64 delivery_id;
	gint32 code;
	guint32 reply_code;
	const char *sentence, *server_text;

	g_variant_get(frame, "(yxi&su&s)", &kind, &delivery_id, &code, &sentence, &reply_code, &server_text);
	g_autoptr(GError) failure = reported_failure(code, sentence);
	g_autofree char *shown = text_for_terminal(server_text, FALSE);
	g_autofree char *text = text_truncate(shown, LIMIT_SERVER_TEXT_BYTES);
	if (kind == SESSION_ACCOUNT_FAILED && failure != NULL) {
		worker->report.account_failed(failure, text, worker->report.user_data);
		return TRUE;
	}
	if (kind == SESSION_OPENED) {
		if (worker->report.opened != NULL)
			worker->report.opened(worker->report.user_data);
		return TRUE;
	}
	/* RFC 5321 4.2.1: a reply code has three digits. */
	if (kind != SESSION_OUTCOME || reply_code > 599 || !g_hash_table_remove(worker->open, &delivery_id))
		return FALSE;
	worker->report.outcome(delivery_id, failure, reply_code, text, worker->report.user_data);
	return TRUE;
}

static void
read_reports(Worker *worker)
{
	FrameState state = FRAME_MORE;

	while (worker->socket >= 0 && state == FRAME_MORE) {
		state = frame_reader_fill(worker->reader, worker->socket);
		gboolean is_broken = FALSE;
		for (;;) {
			g_autoptr(GVariant) frame = frame_reader_next(worker->reader, &is_broken);
			if (frame == NULL)
				break;
			if (!take_report(worker, frame))
				is_broken = TRUE;
			if (is_broken)
				break;
		}
		if (is_broken)
			end_with(worker, "the session broke its protocol and was killed");
		if (is_broken || state == FRAME_END)
			close_descriptor(&worker->socket);
	}
}

static void
reap(Worker *worker)
{
	int status;

	if (waitpid(worker->process, &status, WNOHANG) != worker->process)
		return;
	worker->is_ended = TRUE;
	if (worker->trouble != NULL)
		return;
	if (WIFSIGNALED(status))
		worker->trouble = g_strdup_printf("the session ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0 && g_hash_table_size(worker->open) > 0)
		worker->trouble = g_strdup_printf("the session ended with exit code %d", WEXITSTATUS(status));
}

gboolean
worker_step(Worker *worker)
{
	if (!worker->is_killed && g_get_monotonic_time() >= worker->deadline_us)
		end_with(worker, "the session lived too long and was killed");
	write_output(worker);
	/* First the process, then what it said: so nothing can be said after the last reading. */
	if (!worker->is_ended)
		reap(worker);
	read_reports(worker);
	return worker->is_ended;
}

const char *
worker_trouble(const Worker *worker)
{
	return worker->trouble;
}

GArray *
worker_open_deliveries(const Worker *worker)
{
	GArray *deliveries = g_array_new(FALSE, FALSE, sizeof(gint64));
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, worker->open);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_array_append_val(deliveries, *(gint64 *)key);
	return deliveries;
}
