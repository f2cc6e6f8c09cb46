/*
 * Who does what in the front:
 *
 *   dispatcher   the thread of front_main. Accepts, watches all connections that no worker has (epoll, edge-triggered), and hands each
 *                to the workers when its request has come whole (gather.c), which is often at once. Closes what takes too long. Reads SIGTERM (signalfd).
 *   workers      a small fixed pool. Each takes a job that was answered (first) or a fresh connection, does what can be
 *                done without waiting, writes the answer, and gives the connection back to the dispatcher.
 *   others       whom a job waits for: journal, admission, captchas, resolver (house.c). They call server_job_ready for each job.
 *
 * So a connection that a web server keeps open costs a descriptor and no worker; nor do a slow visitor and a slow disk. The one
 * exception is a request too large for its socket: a worker streams it and waits for its pieces, but only LIMIT_STREAMS of them do at once;
 * other large ones wait for their turn in the dispatcher's table.
 *
 * A connection is idle (in epoll) -> gathering (in epoll, and in the table) -> fresh (in the queue, out of epoll) -> a job's -> idle or
 * closed. libfcgi closes it where it must be closed; nobody else does while a job has it. When SIGTERM comes: no new connections; requests that are
 * being gathered may still become whole; each job's connection is closed after its answer; idle ones stay for LIMIT_IDLE_GRACE_MS,
 * because a request may just be on its way; then workers end, whoever is asked answers what it has, the journal last, and those jobs are answered too.
 */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "feedback.h"
#include "gather.h"
#include "house.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/signals.h"
#include "sekisho/front/front.h"
#include "workload.h"

/* When descriptors run out, accepting pauses this long, so that the dispatcher does not spin on a connection it cannot take. */
#define ACCEPT_PAUSE_US G_TIME_SPAN_SECOND
/* One line about closed connections in this time: a flood must not fill the log. */
#define OVERLOAD_LOG_US G_TIME_SPAN_SECOND
#define EVENTS_AT_ONCE 64
/* How often an epoch that has passed is looked for, so that a front without visitors does not keep its key. */
#define FORGET_US G_TIME_SPAN_MINUTE
/* How often requests that do not grow are looked at. */
#define SWEEP_US G_TIME_SPAN_SECOND
#define CONNECTION_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

typedef struct Server {
	Front front;
	int listen_descriptor;
	gboolean is_local; /* a unix socket */
	int epoll;
	int signals; /* signalfd: SIGTERM */
	Workload workload;
	int changed; /* eventfd: a stream ended, or anything did while the server stops */

	/* The dispatcher's alone. */
	gint64 stop_us;         /* monotonic time of SIGTERM, 0 before it */
	gint64 accept_again_us; /* 0 while accepting */
	gint64 forget_us;       /* when to forget the vault's last epoch, if it has passed */
	gint64 overload_logged_us;
	guint64 overload_closed; /* connections closed since that line */
	guint max_streams;       /* LIMIT_STREAMS */
	GHashTable *gathers;     /* descriptor -> Gather *; bounded because connections is */
	gint64 sweep_us;         /* when to look at them all */
} Server;

/* --- Workers ------------------------------------------------------------------------------------------------------ */

void
server_job_ready(Job *job)
{
	workload_ready(&job->server->workload, job);
}

static gboolean
watch(const Server *server, int descriptor, guint32 events)
{
	struct epoll_event event = {.events = events, .data.fd = descriptor};
	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* A job has ended; its connection is idle again, or -1 and gone. */
static void
give_back(Server *server, int connection)
{
	if (connection >= 0 && !watch(server, connection, CONNECTION_EVENTS)) {
		(void)close(connection);
		connection = -1;
	}
	if (workload_job_ended(&server->workload, connection))
		(void)eventfd_write(server->changed, 1);
}

static void
send_answer(Server *server, Job *job)
{
	g_autoptr(GString) response = NULL;
	if (job->answer != NULL)
		response = answer_to_response(job->answer, job->route.is_head);
	else
		log_event(LOG_PEER_FAILED, "reason", "the web server broke off or stalled inside a request's body", NULL);
	const int connection = request_finish(&job->request, response, !workload_is_stopping(&server->workload));
	job_free(job);
	give_back(server, connection);
}

/* Reads the request and takes it as far as it goes without waiting. */
static void
receive(Server *server, const Fresh *fresh)
{
	Job *job = job_new(&server->front, server);
	const RequestStart start = request_accept(&job->request, fresh->connection, fresh->deadline_us);
	if (start != REQUEST_ACCEPTED) {
		if (start == REQUEST_BROKEN)
			log_event(
			    LOG_PEER_FAILED, "reason", "the web server broke off or stalled inside a request's params", NULL);
		job_free(job);
		give_back(server, -1);
	} else if (feedback_receive(job) == FEEDBACK_ENDED) {
		send_answer(server, job);
	}
}

static void
serve(Server *server, Fresh *fresh)
{
	receive(server, fresh);
	if (fresh->kind == FRESH_STREAM) {
		workload_stream_ended(&server->workload);
		(void)eventfd_write(server->changed, 1);
	}
	g_free(fresh);
}

static void
go_on(Server *server, Job *job)
{
	if (feedback_continue(job) == FEEDBACK_ENDED)
		send_answer(server, job);
}

static void *
work(void *user_data)
{
	Server *server = user_data;
	Job *job;
	Fresh *fresh;
	workload_begin(&server->workload);
	while (workload_take(&server->workload, &job, &fresh)) {
		if (job != NULL)
			go_on(server, job);
		else
			serve(server, fresh);
	}
	return NULL;
}

/* --- Dispatcher --------------------------------------------------------------------------------------------------- */

/* The web server sees the close and answers for us (contract 2.3b). */
static void
close_overloaded(Server *server, int connection, const char *ceiling)
{
	const gint64 now_us = g_get_monotonic_time();
	(void)close(connection);
	server->overload_closed++;
	if (now_us - server->overload_logged_us < OVERLOAD_LOG_US)
		return;
	g_autofree char *closed = g_strdup_printf("%" G_GUINT64_FORMAT, server->overload_closed);
	log_event(LOG_OVERLOAD, "closed", closed, "ceiling", ceiling, NULL);
	server->overload_logged_us = now_us;
	server->overload_closed = 0;
}

static void
queue(Server *server, const Fresh *fresh)
{
	if (!workload_add(&server->workload, fresh))
		close_overloaded(server, fresh->connection, "jobs");
}

/* A web server connects when it has a request, so most have come whole by the time we look. FALSE if this one has not. */
static gboolean
is_whole_at_once(Server *server, int connection)
{
	const gint64 now_us = g_get_monotonic_time();
	g_autofree Gather *gather = gather_new(connection, now_us);
	if (gather_look(gather, now_us, FALSE) != GATHER_WHOLE)
		return FALSE;
	queue(server, &(Fresh){connection, gather->deadline_us, FRESH_WHOLE});
	return TRUE;
}

/* A new connection: a worker's at once, or idle, and the dispatcher watches it until its first bytes come. */
static void
admit(Server *server, int connection)
{
	const struct timeval patience = {.tv_sec = LIMIT_PEER_MS / 1000u, .tv_usec = LIMIT_PEER_MS % 1000u * 1000L};
	(void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	/* Over TCP the receiver's buffer says how much can wait; on a unix socket it is the sender's. */
	if (!server->is_local)
		(void)setsockopt(connection, SOL_SOCKET, SO_RCVBUF, &(int){4 * LIMIT_GATHER_BYTES}, sizeof(int));
	if (!workload_connect(&server->workload)) {
		close_overloaded(server, connection, "connections");
	} else if (!is_whole_at_once(server, connection) && !watch(server, connection, CONNECTION_EVENTS)) {
		workload_disconnect(&server->workload);
		close_overloaded(server, connection, "epoll");
	}
}

static void
pause_accepting(Server *server)
{
	(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->listen_descriptor, NULL);
	server->accept_again_us = g_get_monotonic_time() + ACCEPT_PAUSE_US;
	log_event(LOG_OVERLOAD, "ceiling", "descriptors", NULL);
}

static void
resume_accepting(Server *server)
{
	if (server->accept_again_us == 0 || g_get_monotonic_time() < server->accept_again_us)
		return;
	server->accept_again_us = 0;
	if (server->stop_us == 0 && !watch(server, server->listen_descriptor, EPOLLIN))
		server->accept_again_us = g_get_monotonic_time() + ACCEPT_PAUSE_US;
}

static void
accept_connections(Server *server)
{
	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		const int connection = accept4(server->listen_descriptor, NULL, NULL, SOCK_CLOEXEC);
		if (connection >= 0)
			admit(server, connection);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return pause_accepting(server);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/* A worker's work from now on; ends `gather`. */
static void
hand_over(Server *server, Gather *gather, FreshKind kind)
{
	const Fresh fresh = {gather->descriptor, gather->deadline_us, kind};
	(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, fresh.connection, NULL);
	(void)g_hash_table_remove(server->gathers, GINT_TO_POINTER(fresh.connection));
	queue(server, &fresh);
}

/* A connection has bytes, or its end. */
static void
gather_more(Server *server, int connection, guint32 events)
{
	const gint64 now_us = g_get_monotonic_time();
	Gather *gather = g_hash_table_lookup(server->gathers, GINT_TO_POINTER(connection));
	if (gather == NULL) {
		gather = gather_new(connection, now_us);
		g_hash_table_insert(server->gathers, GINT_TO_POINTER(connection), gather);
	}
	if (gather_look(gather, now_us, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) == GATHER_WHOLE)
		hand_over(server, gather, FRESH_WHOLE);
}

static void
close_late(Server *server, int connection)
{
	(void)g_hash_table_remove(server->gathers, GINT_TO_POINTER(connection));
	(void)close(connection);
	workload_disconnect(&server->workload);
	log_event(LOG_PEER_FAILED, "reason", "the web server stalled inside a request", NULL);
}

/* Requests that do not grow cause no event: now and then all are looked at. */
static void
sweep(Server *server)
{
	const gint64 now_us = g_get_monotonic_time();
	if (now_us < server->sweep_us)
		return;
	server->sweep_us = now_us + SWEEP_US;
	g_autoptr(GList) gathers = g_hash_table_get_values(server->gathers);
	for (GList *item = gathers; item != NULL; item = item->next) {
		Gather *gather = item->data;
		if (gather_look(gather, now_us, FALSE) == GATHER_WHOLE)
			hand_over(server, gather, FRESH_WHOLE);
		else if (gather_is_late(gather, now_us))
			close_late(server, gather->descriptor);
	}
}

/* As many of the large requests as may be streamed at once, those first that have waited for longest. */
static void
hand_over_large(Server *server)
{
	Gather *gather;
	guint room = server->max_streams - workload_streams(&server->workload);
	for (; room > 0 && (gather = gather_longest_large(server->gathers)) != NULL; room--)
		hand_over(server, gather, FRESH_STREAM);
}

static void
begin_stop(Server *server)
{
	struct signalfd_siginfo info;
	if (read(server->signals, &info, sizeof info) < 0 || server->stop_us != 0)
		return;
	server->stop_us = g_get_monotonic_time();
	if (server->accept_again_us == 0)
		(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->listen_descriptor, NULL);
	workload_stop(&server->workload);
}

/* TRUE when nothing is left to do, or when waiting for it has lasted long enough. */
static gboolean
is_finished(Server *server)
{
	if (server->stop_us == 0)
		return FALSE;
	const gint64 stopped_ms = (g_get_monotonic_time() - server->stop_us) / G_TIME_SPAN_MILLISECOND;
	guint jobs;
	guint connections;
	workload_count(&server->workload, &jobs, &connections);
	if (jobs == 0 && g_hash_table_size(server->gathers) == 0 && (connections == 0 || stopped_ms >= LIMIT_IDLE_GRACE_MS))
		return TRUE;
	return stopped_ms >= LIMIT_DRAIN_MS;
}

static void
forget_old_epoch(Server *server)
{
	const gint64 now_us = g_get_monotonic_time();
	if (now_us < server->forget_us)
		return;
	vault_forget_epoch(server->front.vault);
	server->forget_us = now_us + FORGET_US;
}

/* How long the dispatcher may sleep: until accepting goes on, until requests are looked at again, until the next end of patience while stopping, or until it is time to forget. */
static int
sleep_ms(const Server *server)
{
	const gint64 now_us = g_get_monotonic_time();
	const gint64 grace_us = server->stop_us + LIMIT_IDLE_GRACE_MS * G_TIME_SPAN_MILLISECOND;
	const gint64 drain_us = server->stop_us + LIMIT_DRAIN_MS * G_TIME_SPAN_MILLISECOND;
	gint64 until_us = server->forget_us;
	if (server->stop_us != 0)
		until_us = now_us < grace_us ? grace_us : drain_us;
	else if (server->accept_again_us != 0)
		until_us = server->accept_again_us;
	if (g_hash_table_size(server->gathers) > 0)
		until_us = MIN(until_us, server->sweep_us);
	return (int)MAX((until_us - now_us) / G_TIME_SPAN_MILLISECOND + 1, 0);
}

static void
dispatch(Server *server)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	eventfd_t ended;
	while (!is_finished(server)) {
		const int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, sleep_ms(server));
		if (count < 0 && errno != EINTR)
			g_error("epoll_wait: %s", g_strerror(errno));
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == server->listen_descriptor)
				accept_connections(server);
			else if (events[i].data.fd == server->signals)
				begin_stop(server);
			else if (events[i].data.fd == server->changed)
				(void)eventfd_read(server->changed, &ended);
			else
				gather_more(server, events[i].data.fd, events[i].events);
		}
		sweep(server);
		hand_over_large(server);
		resume_accepting(server);
		forget_old_epoch(server);
	}
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_local(int descriptor)
{
	int domain = 0;
	socklen_t size = sizeof domain;
	return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static gboolean
server_init(Server *server, const FrontSettings *settings, GError **error)
{
	*server = (Server){
	    .listen_descriptor = settings->listen_descriptor,
	    .is_local = is_local(settings->listen_descriptor),
	    .epoll = epoll_create1(EPOLL_CLOEXEC),
	    /* The other three are the supervisor's and not ours to die of. */
	    .signals = signals_open((const int[]){SIGTERM, 0}, (const int[]){SIGINT, SIGHUP, SIGUSR1, 0}),
	    .changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	workload_init(&server->workload);
	server->gathers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	if (!watch(server, server->listen_descriptor, EPOLLIN) || !watch(server, server->signals, EPOLLIN) ||
	    !watch(server, server->changed, EPOLLIN)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "epoll, signalfd or eventfd: %s", g_strerror(errno));
		return FALSE;
	}
	return TRUE;
}

static void
server_clear(Server *server)
{
	workload_clear(&server->workload);
	g_hash_table_unref(server->gathers);
	(void)close(server->changed);
	(void)close(server->signals);
	(void)close(server->epoll);
}

/* How many of `count` workers could be started. */
static guint
start_workers(Server *server, pthread_t *workers, guint count)
{
	guint started = 0;
	while (started < count && pthread_create(&workers[started], NULL, work, server) == 0)
		started++;
	return started;
}

/* Workers end after the job they have; a stalled peer holds none longer than LIMIT_REQUEST_MS. */
static void
end_workers(Server *server, const pthread_t *workers, guint count)
{
	workload_end(&server->workload);
	for (guint i = 0; i < count; i++)
		pthread_join(workers[i], NULL);
}

static void
go_on_with_ready(Server *server)
{
	Job *job;
	Fresh *unused;
	/* Whoever is still asked may answer meanwhile. */
	while (workload_take(&server->workload, &job, &unused))
		go_on(server, job);
}

/* Fewer workers than configured serve as well as they can; without any there is nothing to run. */
static gboolean
run(Server *server, guint worker_count, GError **error)
{
	g_autofree pthread_t *workers = g_new0(pthread_t, worker_count);
	const guint started = start_workers(server, workers, worker_count);
	if (started > 0) {
		server->max_streams = LIMIT_STREAMS(started);
		g_autofree char *count = g_strdup_printf("%u", started);
		log_event(LOG_STARTED, "workers", count, NULL);
		dispatch(server);
	} else {
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE, "no thread can be started");
	}
	end_workers(server, workers, started);

	/* Nobody comes any more. Whoever is still asked answers now, those last who are asked last, and these visitors are told here. */
	static void (*const ends[])(Front *front) = {house_end_twins, house_end_admission, house_end_services, house_end_journal};
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		ends[i](&server->front);
		go_on_with_ready(server);
	}
	return started > 0;
}

int
front_main(const FrontSettings *settings)
{
	g_autoptr(GError) error = NULL;
	Server server;
	request_library_init();
	if (server_init(&server, settings, &error) && house_open(&server.front, settings, &error) &&
	    run(&server, settings->config->workers, &error))
		log_event(LOG_STOPPED, NULL);
	else
		log_error(LOG_INTERNAL, error, NULL);
	house_close(&server.front);
	server_clear(&server);
	return error != NULL ? error_exit_code(error) : EX_OK;
}
