/*
 * The start of a program of the operator's, without a shell. No state.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static void
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static void
add_descriptor(posix_spawn_file_actions_t *actions, int descriptor, int place, int mode)
{
	if (descriptor < 0)
		posix_spawn_file_actions_addopen(actions, place, "/dev/null", mode, 0);
	else
		posix_spawn_file_actions_adddup2(actions, descriptor, place);
}

pid_t
launch_program(const LaunchRequest *request)
{
	char *environment[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t process = -1;

	posix_spawnattr_init(&attributes);
	set_attributes(&attributes);
	posix_spawn_file_actions_init(&actions);
	add_descriptor(&actions, request->input, STDIN_FILENO, O_RDONLY);
	add_descriptor(&actions, request->output, STDOUT_FILENO, O_WRONLY);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	int problem = posix_spawn(&process, request->arguments[0], &actions, &attributes, request->arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	errno = problem;
	return problem == 0 ? process : -1;
}
