/*
 * What a session needs that is no courier's: the program, and what an account logs in with, as the courier has it. A token_command is the courier's to run: as root it would be another
 * program, with other files before it and rights that nobody gave it. So a child becomes the courier's user, runs it, and writes down a pipe what came of it: "+" and the token, or "-" and what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outgoing.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/privilege.h"
#include "sekisho/relay/token.h"

/* The sign and a token, or a sentence, which is shorter. */
#define ANSWER_BYTES (LIMIT_TOKEN_BYTES + 1)

char *
outgoing_program(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup("/usr/bin");
	char *beside = g_build_filename(folder, "sekishod", NULL);
	if (access(beside, X_OK) == 0)
		return beside;
	g_free(beside);
	return g_build_filename(folder, "..", "sbin", "sekishod", NULL);
}

static void
write_answer(int output, char sign, const char *text)
{
	gsize left = strlen(text);
	ssize_t put = write(output, &sign, 1);

	while (put > 0 && left > 0) {
		put = write(output, text, left);
		text += MAX(put, 0);
		left -= (gsize)MAX(put, 0);
	}
}

/* In the child. */
static void
ask_as_courier(const Config *config, const char *program, int output)
{
	const PrivilegeIdentity identity = {.user = config->courier_user, .shared_group = config->group};
	g_autoptr(GError) error = NULL;
	char *token = privilege_become(&identity, &error) ? token_from_command(program, &error) : NULL;

	write_answer(output, token != NULL ? '+' : '-', token != NULL ? token : error->message);
	password_free(token);
}

/* All that the child writes, at most ANSWER_BYTES. The caller's. */
static char *
read_answer(int input)
{
	char *answer = g_malloc0(ANSWER_BYTES + 1);
	gsize size = 0;
	ssize_t got = 1;

	while (got > 0 && size < ANSWER_BYTES) {
		got = read(input, answer + size, ANSWER_BYTES - size);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			size += (gsize)got;
	}
	return answer;
}

/* The answer of a child that has ended; "" without one. The caller's. */
static char *
answer_of_courier(const Config *config, const char *program)
{
	int ends[2];
	pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;

	if (child == 0) {
		ask_as_courier(config, program, ends[1]);
		_exit(0);
	}
	if (child < 0)
		return g_strdup("");
	(void)close(ends[1]);
	char *answer = read_answer(ends[0]);
	(void)close(ends[0]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return answer;
}

char *
outgoing_secret(const Config *config, const Account *account, GError **error)
{
	if (account->token_command[0] == '\0')
		return account_secret(account, error);
	char *answer = answer_of_courier(config, account->token_command);
	char *token = answer[0] == '+' ? g_strdup(answer + 1) : NULL;
	if (token == NULL)
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_AUTH, "%s",
		    answer[0] == '-' ? answer + 1 : "no process can be started for token_command");
	password_free(answer);
	return token;
}
