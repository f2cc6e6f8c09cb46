/*
 * One run of the operator's token_command.
 *
 *   running, its output read -> ended by itself, or killed with its group (deadline, too much output) -> its group killed -> reaped
 *
 * Its end counts and not its output's: a program that it left in the background may hold the pipe for ever. Blocks for at most LIMIT_TOKEN_COMMAND_MS. What began a session of
 * its own has left the group and is not followed. What was read is wiped, whatever came of it.
 */
#include "sekisho/relay/token.h"

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
#include "sekisho/conf/config.h"

typedef struct {
	pid_t process;
	int descriptor; /* pidfd */
	int output;     /* the pipe's reading end, not blocking */
	gint64 deadline_us;
	/* With room for the line's end; what comes behind the first line is not kept. */
	char line[LIMIT_TOKEN_BYTES + 1];
	gsize size;
	gboolean is_line_complete, is_too_much, is_late;
} TokenRun;

/* --- Its start and end -------------------------------------------------------------------------------------------------------------------- */

/* Its exit status as waitpid gives it. The group is killed before its number can be somebody else's. */
static int
end(TokenRun *run)
{
	int status = 0;

	kill(-run->process, SIGKILL);
	while (waitpid(run->process, &status, 0) < 0 && errno == EINTR)
		;
	close(run->output);
	if (run->descriptor >= 0)
		close(run->descriptor);
	return status;
}

/* FALSE with errno, and nothing left open. */
static gboolean
start(TokenRun *run, const char *program)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return FALSE;
	gboolean is_set = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
	char *arguments[] = {(char *)program, NULL};
	run->process = is_set ? launch_program(&(LaunchRequest){.arguments = arguments, .input = -1, .output = ends[1]}) : -1;
	int problem = errno;
	close(ends[1]);
	if (run->process < 0) {
		close(ends[0]);
		errno = problem;
		return FALSE;
	}
	run->output = ends[0];
	run->descriptor = pidfd_open(run->process, 0);
	run->deadline_us = g_get_monotonic_time() + (gint64)LIMIT_TOKEN_COMMAND_MS * 1000;
	problem = errno;
	if (run->descriptor < 0)
		(void)end(run);
	errno = problem;
	return run->descriptor >= 0;
}

/* --- Its output -------------------------------------------------------------------------------------------------------------------- */

static void
take(TokenRun *run, const char *bytes, gsize size)
{
	const char *line_end = memchr(bytes, '\n', size);
	gsize wanted = line_end == NULL ? size : (gsize)(line_end - bytes);

	if (run->is_line_complete)
		return;
	run->is_line_complete = line_end != NULL;
	run->is_too_much = wanted > sizeof run->line - 1 - run->size;
	if (run->is_too_much)
		return;
	memcpy(run->line + run->size, bytes, wanted);
	run->size += wanted;
}

/* What is there now. FALSE at its end, or if it is too much. */
static gboolean
read_output(TokenRun *run)
{
	char bytes[1024];
	gssize size = read(run->output, bytes, sizeof bytes);

	if (size > 0)
		take(run, bytes, (gsize)size);
	explicit_bzero(bytes, sizeof bytes);
	return !run->is_too_much && (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)));
}

/* Until the program has ended, or must be made to. */
static void
watch(TokenRun *run)
{
	struct pollfd descriptors[] = {{.fd = run->descriptor, .events = POLLIN}, {.fd = run->output, .events = POLLIN}};

	while (descriptors[0].revents == 0 && !run->is_too_much && !run->is_late) {
		gint64 wait_us = run->deadline_us - g_get_monotonic_time();
		run->is_late = wait_us <= 0;
		if (run->is_late || poll(descriptors, G_N_ELEMENTS(descriptors), (int)(wait_us / 1000 + 1)) <= 0)
			continue;
		if (descriptors[1].revents != 0 && !read_output(run))
			descriptors[1].fd = -1;
	}
	/* It has ended: what it wrote is in the pipe, which holds 64 KiB. Others may go on writing, so not for ever. */
	for (guint i = 0; i < 64 && descriptors[0].revents != 0 && descriptors[1].fd >= 0; i++)
		if (!read_output(run))
			descriptors[1].fd = -1;
}

/* --- What came of it --------------------------------------------------------------------------------------------------------------- */

/* In place, without the white space around it. NULL if it is no token. */
static const char *
token_in(TokenRun *run)
{
	run->line[run->size] = '\0';
	if (strlen(run->line) != run->size)
		return NULL;
	char *token = g_strstrip(run->line);
	for (const char *at = token; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at))
			return NULL;
	return token;
}

/* What the program did instead of giving `token`; NULL if it gave one. The caller's. */
static char *
complaint(const TokenRun *run, int status, const char *token)
{
	if (run->is_late)
		return g_strdup("took too long and was killed");
	if (run->is_too_much)
		return g_strdup("printed more than a token and was killed");
	if (WIFSIGNALED(status))
		return g_strdup_printf("ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return g_strdup_printf("ended with exit code %d", WEXITSTATUS(status));
	if (token == NULL)
		return g_strdup("printed a line that is no token (a token is printable ASCII without spaces)");
	return *token == '\0' ? g_strdup("printed no token") : NULL;
}

static char *
judge(TokenRun *run, int status, GError **error)
{
	const char *token = token_in(run);
	g_autofree char *said = complaint(run, status, token);

	if (said == NULL)
		return g_strdup(token);
	g_set_error(error, RELAY_ERROR, RELAY_ERROR_AUTH, "token_command %s; run it by hand as the courier's user", said);
	return NULL;
}

char *
token_from_command(const char *program, GError **error)
{
	g_autofree TokenRun *run = g_new0(TokenRun, 1);

	if (!start(run, program)) {
		g_set_error(
		    error, RELAY_ERROR, RELAY_ERROR_AUTH, "token_command = %s cannot be started: %s", program, g_strerror(errno));
		return NULL;
	}
	watch(run);
	int status = end(run);
	char *token = judge(run, status, error);
	explicit_bzero(run->line, sizeof run->line);
	return token;
}
