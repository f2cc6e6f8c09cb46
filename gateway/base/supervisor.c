/*
 * The supervisor: the only process that stays root, and therefore the one that does least. It reads no request and no mail;
 * it starts processes, waits for signals, and starts them again.
 *
 *   process: starting -> ready (it said so) -> retiring (asked to go, finishing its work) -> ended
 *
 * A process that ends unasked is started again after a delay that doubles from one second to 30 and is forgotten once a
 * process has lived for a minute. At a reload each overlapping role gets a second process; when that one is ready the older ones retire, and
 * when it ends before, the older one simply goes on. The other roles are replaced when all overlapping ones have been. Retiring
 * processes may be several, if reloads come quickly; none is hurried before its time.
 */
#include "sekisho/base/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/signals.h"

#define FIRST_DELAY_US G_TIME_SPAN_SECOND
#define LONGEST_DELAY_US (30 * G_TIME_SPAN_SECOND)
#define HEALTHY_LIFE_US (60 * G_TIME_SPAN_SECOND)
#define KILL_AFTER_US ((gint64)(LIMIT_DRAIN_MS + 10000u) * 1000)

typedef enum { PROCESS_STARTING, PROCESS_READY, PROCESS_RETIRING } ProcessState;

/* A role's place in the plan. Times are monotonic. */
typedef struct {
	const SupervisedRole *role;
	gint64 start_at_us; /* when to start a process; 0: not planned */
	gint64 delay_us;    /* of the last start again */
} Place;

typedef struct {
	Place *place;
	GPid pid;
	ProcessState state;
	int ready; /* read end; -1 once it spoke or closed */
	gint64 started_us;
	gint64 kill_at_us; /* retiring: when patience ends */
} Process;

typedef struct {
	const SupervisorSettings *settings;
	Place *places;
	GPtrArray *processes;  /* Process *, oldest first */
	gboolean is_reloading; /* overlapping roles have a second process that is not ready yet */
	gboolean is_stopping;
} Supervisor;

static void
process_free(Process *process)
{
	if (process->ready >= 0)
		(void)close(process->ready);
	g_free(process);
}

/* The role's process in that state, the newest, or NULL. */
static Process *
find_process(const Supervisor *supervisor, const Place *place, ProcessState state)
{
	for (guint i = supervisor->processes->len; i-- > 0;) {
		Process *process = supervisor->processes->pdata[i];
		if (process->place == place && process->state == state)
			return process;
	}
	return NULL;
}

/* --- Starting and retiring ------------------------------------------------------------------------------------------- */

static gboolean
spawn(const Supervisor *supervisor, const SupervisedRole *role, int ready, GPid *pid, GError **error)
{
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	g_ptr_array_add(arguments, (gpointer)supervisor->settings->program);
	for (const char *const *argument = role->arguments; *argument; argument++)
		g_ptr_array_add(arguments, (gpointer)*argument);
	g_ptr_array_add(arguments, NULL);
	int sources[SUPERVISOR_DESCRIPTORS + 1] = {ready};
	int targets[SUPERVISOR_DESCRIPTORS + 1] = {SUPERVISOR_READY};
	gsize count = 1;
	for (; count <= SUPERVISOR_DESCRIPTORS && role->descriptors[count - 1] >= 0; count++) {
		sources[count] = role->descriptors[count - 1];
		targets[count] = SUPERVISOR_READY + (int)count;
	}
	return g_spawn_async_with_pipes_and_fds(NULL, (const char *const *)arguments->pdata, NULL,
	    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL, -1, -1, -1, sources, targets, count, pid, NULL,
	    NULL, NULL, error);
}

static void
start_process(Supervisor *supervisor, Place *place)
{
	g_autoptr(GError) error = NULL;
	int ends[2];
	GPid pid = 0;
	place->start_at_us = 0;
	if (pipe2(ends, O_CLOEXEC) != 0)
		g_error("no pipe for a process: %s", g_strerror(errno));
	gboolean is_started = spawn(supervisor, place->role, ends[1], &pid, &error);
	(void)close(ends[1]);
	if (!is_started) {
		(void)close(ends[0]);
		log_error(LOG_ROLE_ENDED, error, "role", place->role->name, NULL);
		place->start_at_us = g_get_monotonic_time() + LONGEST_DELAY_US;
		return;
	}
	Process *process = g_new0(Process, 1);
	*process = (Process){.place = place, .pid = pid, .ready = ends[0], .started_us = g_get_monotonic_time()};
	g_ptr_array_add(supervisor->processes, process);
}

/* Asks the role's processes to go, but for `survivor` (0: all). */
static void
retire_others(Supervisor *supervisor, const Place *place, GPid survivor)
{
	for (guint i = 0; i < supervisor->processes->len; i++) {
		Process *process = supervisor->processes->pdata[i];
		if (process->place != place || process->pid == survivor || process->state == PROCESS_RETIRING)
			continue;
		process->state = PROCESS_RETIRING;
		process->kill_at_us = g_get_monotonic_time() + KILL_AFTER_US;
		(void)kill(process->pid, SIGTERM);
	}
}

/* --- Reload ---------------------------------------------------------------------------------------------------------- */

/* Once every overlapping role has its new process, the others are replaced: they start again when they have ended. */
static void
finish_reload(Supervisor *supervisor)
{
	if (!supervisor->is_reloading)
		return;
	for (guint i = 0; i < supervisor->settings->role_count; i++)
		if (find_process(supervisor, &supervisor->places[i], PROCESS_STARTING) &&
		    supervisor->places[i].role->is_overlapping)
			return;
	supervisor->is_reloading = FALSE;
	for (guint i = 0; i < supervisor->settings->role_count; i++)
		if (!supervisor->places[i].role->is_overlapping)
			retire_others(supervisor, &supervisor->places[i], 0);
	log_event(LOG_RELOADED, NULL);
}

static void
reload(Supervisor *supervisor)
{
	if (supervisor->is_stopping || !supervisor->settings->may_reload(supervisor->settings->user_data))
		return;
	supervisor->is_reloading = TRUE;
	for (guint i = 0; i < supervisor->settings->role_count; i++) {
		supervisor->places[i].delay_us = 0;
		if (supervisor->places[i].role->is_overlapping)
			start_process(supervisor, &supervisor->places[i]);
	}
	finish_reload(supervisor);
}

/* A process spoke, or closed its pipe without a word: then its end will be told by SIGCHLD. */
static void
hear(Supervisor *supervisor, Process *process)
{
	char byte;
	gboolean is_ready = read(process->ready, &byte, 1) == 1;
	(void)close(process->ready);
	process->ready = -1;
	if (!is_ready || process->state != PROCESS_STARTING)
		return;
	process->state = PROCESS_READY;
	retire_others(supervisor, process->place, process->pid);
	finish_reload(supervisor);
}

/* --- Ends ------------------------------------------------------------------------------------------------------------ */

static void
log_end(LogEvent event, const Process *process, int status, const char *again_in_s)
{
	char how[40];
	if (WIFSIGNALED(status))
		(void)g_snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
	else
		(void)g_snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
	log_event(event, "role", process->place->role->name, "how", how, "again_in_s", again_in_s, NULL);
}

static void
start_again(const Process *process, int status)
{
	Place *place = process->place;
	gint64 now_us = g_get_monotonic_time();
	if (now_us - process->started_us > HEALTHY_LIFE_US)
		place->delay_us = 0;
	place->delay_us = CLAMP(place->delay_us * 2, FIRST_DELAY_US, LONGEST_DELAY_US);
	place->start_at_us = now_us + place->delay_us;
	char delay[24];
	(void)g_snprintf(delay, sizeof delay, "%" G_GINT64_FORMAT, place->delay_us / G_USEC_PER_SEC);
	log_end(LOG_ROLE_ENDED, process, status, delay);
}

/* `process` has ended and is not in the list any more. */
static void
note_end(Supervisor *supervisor, const Process *process, int status)
{
	Place *place = process->place;
	if (supervisor->is_stopping)
		return;
	gboolean has_ready = find_process(supervisor, place, PROCESS_READY) != NULL;
	gboolean has_starting = find_process(supervisor, place, PROCESS_STARTING) != NULL;
	if (process->state == PROCESS_STARTING && has_ready) {
		/* The new one of a reload could not start; the old one goes on, and so do the other roles, unless a later reload is under way. */
		supervisor->is_reloading = supervisor->is_reloading && has_starting;
		log_end(LOG_RELOAD_REFUSED, process, status, NULL);
	} else if (process->state != PROCESS_RETIRING && has_starting) {
		log_end(LOG_ROLE_ENDED, process, status, NULL);
	} else if (process->state != PROCESS_RETIRING) {
		start_again(process, status);
	} else if (!has_ready && !has_starting && place->start_at_us == 0) {
		start_process(supervisor, place);
	}
}

static void
reap(Supervisor *supervisor)
{
	int status;
	for (GPid pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		for (guint i = 0; i < supervisor->processes->len; i++) {
			Process *process = supervisor->processes->pdata[i];
			if (process->pid != pid)
				continue;
			/* What it said before it ended counts. */
			if (process->ready >= 0)
				hear(supervisor, process);
			(void)g_ptr_array_steal_index(supervisor->processes, i);
			note_end(supervisor, process, status);
			process_free(process);
			break;
		}
	}
}

/* --- The loop -------------------------------------------------------------------------------------------------------- */

static void
stop(Supervisor *supervisor)
{
	supervisor->is_stopping = TRUE;
	for (guint i = 0; i < supervisor->settings->role_count; i++) {
		supervisor->places[i].start_at_us = 0;
		retire_others(supervisor, &supervisor->places[i], 0);
	}
}

/* Does what is due; returns how long to wait, in milliseconds, -1 for ever. */
static int
do_what_is_due(Supervisor *supervisor)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 next_us = G_MAXINT64;
	for (guint i = 0; i < supervisor->settings->role_count; i++) {
		Place *place = &supervisor->places[i];
		if (place->start_at_us != 0 && now_us >= place->start_at_us)
			start_process(supervisor, place);
		if (place->start_at_us != 0)
			next_us = MIN(next_us, place->start_at_us);
	}
	for (guint i = 0; i < supervisor->processes->len; i++) {
		Process *process = supervisor->processes->pdata[i];
		if (process->state != PROCESS_RETIRING)
			continue;
		if (now_us >= process->kill_at_us) {
			(void)kill(process->pid, SIGKILL);
			process->kill_at_us = now_us + KILL_AFTER_US;
		}
		next_us = MIN(next_us, process->kill_at_us);
	}
	return next_us == G_MAXINT64 ? -1 : (int)(MAX(next_us - now_us, 0) / 1000) + 1;
}

static void
take_signal(Supervisor *supervisor, int signals)
{
	struct signalfd_siginfo signal_info;
	if (read(signals, &signal_info, sizeof signal_info) != sizeof signal_info)
		return;
	if (signal_info.ssi_signo == SIGCHLD)
		reap(supervisor);
	else if (signal_info.ssi_signo == SIGHUP)
		reload(supervisor);
	else
		stop(supervisor);
}

static void
wait_and_act(Supervisor *supervisor, int signals)
{
	int wait_ms = do_what_is_due(supervisor);
	g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
	struct pollfd one = {.fd = signals, .events = POLLIN};
	g_array_append_val(waiting, one);
	for (guint i = 0; i < supervisor->processes->len; i++) {
		one.fd = ((const Process *)supervisor->processes->pdata[i])->ready; /* poll passes over -1 */
		g_array_append_val(waiting, one);
	}
	if (poll((struct pollfd *)waiting->data, waiting->len, wait_ms) <= 0)
		return;
	/* Words before signals: a signal may end processes, and the list with them. */
	for (guint i = 1; i < waiting->len; i++)
		if (g_array_index(waiting, struct pollfd, i).revents != 0)
			hear(supervisor, supervisor->processes->pdata[i - 1]);
	if (g_array_index(waiting, struct pollfd, 0).revents != 0)
		take_signal(supervisor, signals);
}

int
supervisor_run(const SupervisorSettings *settings)
{
	int signals = signals_open((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0}, (const int[]){0});
	g_autofree Place *places = g_new0(Place, settings->role_count);
	g_autoptr(GPtrArray) processes = g_ptr_array_new();
	Supervisor supervisor = {.settings = settings, .places = places, .processes = processes};
	for (guint i = 0; i < settings->role_count; i++) {
		places[i].role = &settings->roles[i];
		start_process(&supervisor, &places[i]);
	}
	while (!supervisor.is_stopping || processes->len > 0)
		wait_and_act(&supervisor, signals);
	(void)close(signals);
	log_event(LOG_STOPPED, NULL);
	return EX_OK;
}

void
supervisor_say_ready(void)
{
	/* If nobody listens, the supervisor has ended and so shall we. */
	if (write(SUPERVISOR_READY, "", 1) == 1)
		(void)close(SUPERVISOR_READY);
}
