/*
 * One run of the operator's alarm_command.
 *
 *   running -> ended by itself, or killed with its group at the deadline -> its group killed -> reaped
 *
 * Its group is killed before the program is reaped: until then its number is nobody else's. What began a session of its own has left the group
 * and is not followed. No step may follow one that said that it has ended.
 */
#include "sekisho/relay/alarm_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* Between two looks where there is no pidfd. */
#define LOOK_US (G_TIME_SPAN_SECOND / 10)

struct AlarmCommand {
	pid_t process;      /* 0: reaped */
	int descriptor;     /* pidfd; -1 */
	gint64 deadline_us; /* monotonic */
	gboolean is_killed;
};

static void
kill_group(const AlarmCommand *command)
{
	kill(-command->process, SIGKILL);
}

/* Its exit status as waitpid gives it. */
static int
reap(AlarmCommand *command)
{
	int status = 0;

	while (waitpid(command->process, &status, 0) < 0 && errno == EINTR)
		;
	command->process = 0;
	return status;
}

void
alarm_command_free(AlarmCommand *command)
{
	if (command == NULL)
		return;
	if (command->process > 0) {
		kill_group(command);
		(void)reap(command);
	}
	if (command->descriptor >= 0)
		close(command->descriptor);
	g_free(command);
}

/* --- Its start -------------------------------------------------------------------------------------------------------------------- */

/* The text waits in a pipe, which holds it whole, so that nobody has to stay and write. The reading end, or -1 with errno. */
static int
pipe_with(const char *text)
{
	g_autofree char *cut = text_truncate(text, LIMIT_ALARM_TEXT_BYTES);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	gboolean is_good = fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 && write(ends[1], cut, strlen(cut)) == (gssize)strlen(cut);
	close(ends[1]);
	if (is_good)
		return ends[0];
	close(ends[0]);
	return -1;
}

AlarmCommand *
alarm_command_start(const AlarmCommandRequest *request, GError **error)
{
	int input = pipe_with(request->text);
	char *arguments[] = {(char *)request->program, (char *)request->topic, (char *)request->site, NULL};
	pid_t process = input < 0 ? -1 : launch_program(&(LaunchRequest){.arguments = arguments, .input = input, .output = -1});
	int problem = errno;

	if (input >= 0)
		close(input);
	if (process <= 0) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_LOST, "%s: %s", request->program, g_strerror(problem));
		return NULL;
	}
	AlarmCommand *command = g_new0(AlarmCommand, 1);
	command->process = process;
	command->descriptor = pidfd_open(process, 0);
	command->deadline_us = g_get_monotonic_time() + (gint64)request->deadline_ms * 1000;
	return command;
}

/* --- Its end ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
has_ended(const AlarmCommand *command)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)command->process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == command->process;
}

AlarmCommandState
alarm_command_step(AlarmCommand *command, GError **error)
{
	if (!command->is_killed && g_get_monotonic_time() >= command->deadline_us) {
		kill_group(command);
		command->is_killed = TRUE;
	}
	if (!has_ended(command))
		return ALARM_COMMAND_RUNS;
	/* What it left behind goes with it. */
	kill_group(command);
	int status = reap(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ALARM_COMMAND_TOLD;
	if (WIFEXITED(status))
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_LOST, "the program ended with exit code %d", WEXITSTATUS(status));
	else
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_LOST, "the program ended by signal %d%s", WTERMSIG(status),
		    command->is_killed ? ", because it took too long" : "");
	return ALARM_COMMAND_FAILED;
}

int
alarm_command_descriptor(const AlarmCommand *command)
{
	return command->descriptor;
}

gint64
alarm_command_deadline_us(const AlarmCommand *command)
{
	gint64 look_at_us = g_get_monotonic_time() + LOOK_US;

	if (command->is_killed || command->descriptor < 0)
		return look_at_us;
	return command->deadline_us;
}

gboolean
alarm_command_run(const AlarmCommandRequest *request, GError **error)
{
	g_autoptr(AlarmCommand) command = alarm_command_start(request, error);
	AlarmCommandState state = command == NULL ? ALARM_COMMAND_FAILED : ALARM_COMMAND_RUNS;

	while (state == ALARM_COMMAND_RUNS) {
		struct pollfd end = {.fd = command->descriptor, .events = POLLIN};
		gint64 wait_us = alarm_command_deadline_us(command) - g_get_monotonic_time();
		(void)poll(&end, 1, (int)CLAMP(wait_us / 1000 + 1, 0, G_MAXINT));
		state = alarm_command_step(command, error);
	}
	return state == ALARM_COMMAND_TOLD;
}
