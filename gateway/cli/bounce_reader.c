/*
 * The process that reads a bounce, and what it tells over a pipe: one serialised GVariant, after which it ends. What it tells is taken as a stranger's: it is checked for its form, and
 * for nothing else, since bounce_apply believes none of it but a signed tag.
 *
 *   fork -> open charsets -> let go of all else that is open -> become the courier's user -> confine: it can open nothing more -> read -> tell -> end
 *        -> the parent waits for the end of the pipe, kills the process at its deadline, and reaps it
 */
#include "bounce_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/privilege.h"

/* action, cause, class, subject, detail, code, recipient, words, envelope */
#define TOLD_TYPE "(iiuuuumssas)"
/* Twenty addresses and a line, with room. */
#define TOLD_BYTES (64u * 1024u)
/* None may be opened any more: the courier's user could open passwords and keys. */
#define DESCRIPTORS 0u

/* --- In the child ------------------------------------------------------------------------------------------------------------- */

static void
tell(int output, const Bounce *bounce)
{
	g_autoptr(GVariantBuilder) envelope = g_variant_builder_new(G_VARIANT_TYPE("as"));

	for (guint i = 0; i < bounce->envelope->len; i++)
		g_variant_builder_add(envelope, "s", bounce->envelope->pdata[i]);
	g_autoptr(GVariant) told =
	    g_variant_ref_sink(g_variant_new(TOLD_TYPE, (gint)bounce->action, (gint)bounce->cause, bounce->status.class,
		bounce->status.subject, bounce->status.detail, bounce->reply_code, bounce->recipient, bounce->words, envelope));
	const char *bytes = g_variant_get_data(told);
	gsize left = g_variant_get_size(told);
	while (left > 0) {
		ssize_t written = write(output, bytes, left);
		if (written < 0 && errno != EINTR)
			_exit(EX_IOERR);
		bytes += MAX(written, 0);
		left -= (gsize)MAX(written, 0);
	}
}

/* Nothing of root's stays open but the pipe, and no terminal into which something could be typed. */
static gboolean
let_go(int output)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	return nothing >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
	       dup2(nothing, STDERR_FILENO) >= 0 && close_range(STDERR_FILENO + 1, ~0u, 0) == 0;
}

static void
act(const Config *config, GBytes *message, int output)
{
	const PrivilegeIdentity identity = {.user = config->courier_user, .shared_group = config->group};

	bounce_init();
	if (!let_go(output) || !privilege_become(&identity, NULL) || !privilege_confine(DESCRIPTORS, NULL))
		_exit(EX_NOPERM);
	g_autoptr(Bounce) bounce = bounce_read(message);
	tell(STDOUT_FILENO, bounce);
	_exit(EX_OK);
}

/* --- In the parent ------------------------------------------------------------------------------------------------------------ */

/* What the child tells, until it ends or its time is over. */
static GByteArray *
listen_to(int input)
{
	GByteArray *told = g_byte_array_new();
	gint64 deadline_us = g_get_monotonic_time() + LIMIT_BOUNCE_READ_MS * G_TIME_SPAN_MILLISECOND;

	while (told->len <= TOLD_BYTES) {
		guint8 bytes[4096];
		gint64 left_ms = (deadline_us - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND;
		struct pollfd wait = {.fd = input, .events = POLLIN};
		int ready = left_ms <= 0 ? 0 : poll(&wait, 1, (int)left_ms);
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t size = ready <= 0 ? -1 : read(input, bytes, sizeof bytes);
		if (size < 0 && errno == EINTR && ready > 0)
			continue;
		if (size <= 0)
			break;
		g_byte_array_append(told, bytes, (guint)size);
	}
	return told;
}

static Bounce *
understand(GByteArray *told)
{
	g_autoptr(GBytes) bytes = g_bytes_new(told->data, told->len);
	g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(TOLD_TYPE), bytes, FALSE));
	g_autoptr(GVariantIter) envelope = NULL;
	gint action = 0, cause = 0;
	char *address = NULL;

	if (told->len == 0 || !g_variant_is_normal_form(variant))
		return NULL;
	Bounce *bounce = g_new0(Bounce, 1);
	bounce->envelope = g_ptr_array_new_with_free_func(g_free);
	g_variant_get(variant, TOLD_TYPE, &action, &cause, &bounce->status.class, &bounce->status.subject, &bounce->status.detail,
	    &bounce->reply_code, &bounce->recipient, &bounce->words, &envelope);
	bounce->action = (BounceAction)CLAMP(action, BOUNCE_NONE, BOUNCE_FAILED);
	bounce->cause = (BounceCause)CLAMP(cause, BOUNCE_UNKNOWN, BOUNCE_SYSTEM);
	while (g_variant_iter_next(envelope, "s", &address))
		g_ptr_array_add(bounce->envelope, address);
	return bounce;
}

static int
reap(pid_t child)
{
	int status = -1;

	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

Bounce *
bounce_reader_run(const Config *config, GBytes *message, GError **error)
{
	int ends[2];
	pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;

	if (child < 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "a process that reads the message could not be started: %s",
		    g_strerror(errno));
		return NULL;
	}
	if (child == 0)
		act(config, message, ends[1]);
	(void)close(ends[1]);
	g_autoptr(GByteArray) told = listen_to(ends[0]);
	(void)close(ends[0]);
	int status = reap(child);
	Bounce *bounce = understand(told);
	if (bounce == NULL && WIFEXITED(status) && WEXITSTATUS(status) == EX_NOPERM)
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE,
		    "the message cannot be read as the user %s; `sekisho check` says why", config->courier_user);
	else if (bounce == NULL)
		g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "the message cannot be read");
	return bounce;
}
