/*
 * The log: one line per event to standard error.
 *
 * This is the edge where library errors are written down, once. A line is built in memory and handed over in one write(2), so
 * lines of threads and processes that share the descriptor do not mix. What cannot be written at once is
 * lost and counted, and the next line that can says how many were: a reader that hangs must not stop a delivery. State: the role's name, which
 * must be set before threads start, and that count, guarded by write_lock.
 */
#include "sekisho/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

typedef struct {
	const char *name;
	int priority; /* of syslog(3) */
} EventRow;

static const EventRow event_rows[] = {
    [LOG_STARTED] = {"started", LOG_INFO},
    [LOG_STOPPED] = {"stopped", LOG_INFO},
    [LOG_RELOADED] = {"reloaded", LOG_INFO},
    [LOG_RELOAD_REFUSED] = {"reload_refused", LOG_ERR},
    [LOG_ROLE_ENDED] = {"role_ended", LOG_ERR},
    [LOG_KEYS_CREATED] = {"keys_created", LOG_NOTICE},
    [LOG_WALL_OFF] = {"wall_off", LOG_WARNING},
    [LOG_SUBMISSION] = {"submission", LOG_INFO},
    [LOG_REFUSED] = {"refused", LOG_INFO},
    [LOG_PRESSED] = {"pressed", LOG_INFO},
    [LOG_OVERLOAD] = {"overload", LOG_WARNING},
    [LOG_PEER_FAILED] = {"peer_failed", LOG_NOTICE},
    [LOG_SITE_UNUSABLE] = {"site_unusable", LOG_ERR},
    [LOG_STORE_FAILED] = {"store_failed", LOG_ERR},
    [LOG_DELIVERY] = {"delivery", LOG_INFO},
    [LOG_DELIVERY_DEAD] = {"delivery_dead", LOG_ALERT},
    [LOG_ACCOUNT_FAILED] = {"account_failed", LOG_ALERT},
    [LOG_MAIL_UNUSABLE] = {"mail_unusable", LOG_ALERT},
    [LOG_ATTACHMENT_MISSING] = {"attachment_missing", LOG_WARNING},
    [LOG_SESSION_ENDED] = {"session_ended", LOG_WARNING},
    [LOG_PURGED] = {"purged", LOG_INFO},
    [LOG_CONFIRMATION] = {"confirmation", LOG_INFO},
    [LOG_PRESS] = {"press", LOG_INFO},
    [LOG_FUSE_TRIPPED] = {"fuse_tripped", LOG_ALERT},
    [LOG_ALARM_TOLD] = {"alarm_told", LOG_NOTICE},
    [LOG_ALARM_FAILED] = {"alarm_failed", LOG_ERR},
    [LOG_CHECK_FAILED] = {"check_failed", LOG_ERR},
    [LOG_CHECK_RESTS] = {"check_rests", LOG_WARNING},
    [LOG_CLEARED] = {"cleared", LOG_INFO},
    [LOG_NOT_KEPT] = {"not_kept", LOG_WARNING},
    [LOG_ONE_ADDRESS] = {"one_address", LOG_WARNING},
    [LOG_INTERNAL] = {"internal", LOG_ERR},
};

static const char *log_role;
static gboolean is_journal_known; /* with the role: asked once and not for each line */
static gboolean is_journal;

static const EventRow *
event_row(LogEvent event)
{
	g_assert((gsize)event < G_N_ELEMENTS(event_rows) && event_rows[event].name);
	return &event_rows[event];
}

const char *
log_event_name(LogEvent event)
{
	return event_row(event)->name;
}

/* systemd sets JOURNAL_STREAM to device:inode of the descriptor it gave us (systemd.exec(5)). A child whose standard error was
 * redirected inherits the variable too, so the numbers are compared, as that page advises. */
static gboolean
find_journal(void)
{
	const char *stream = g_getenv("JOURNAL_STREAM");
	struct stat status;
	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return FALSE;
	g_autofree char *ours =
	    g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64)status.st_dev, (guint64)status.st_ino);
	return strcmp(stream, ours) == 0;
}

void
log_set_role(const char *role)
{
	log_role = role;
	/* From now on standard error is what it is. */
	is_journal_known = role != NULL;
	is_journal = is_journal_known && find_journal();
}

/* Read beyond the limit so that the last character is whole where the cut is made. */
#define SLACK_BYTES 4u

/* Backslash and quote are escaped before anything else, so that an escape of ours cannot be imitated by the value. */
static char *
sanitise(const char *value)
{
	GString *escaped = g_string_new(NULL);
	for (; *value && escaped->len < LIMIT_LOG_VALUE_BYTES + SLACK_BYTES; value++) {
		if (*value == '"' || *value == '\\')
			g_string_append_c(escaped, '\\');
		g_string_append_c(escaped, *value);
	}
	g_autofree char *raw = g_string_free(escaped, FALSE);
	g_autofree char *visible = text_for_terminal(raw, FALSE);
	if (strlen(visible) <= LIMIT_LOG_VALUE_BYTES)
		return g_steal_pointer(&visible);
	g_autofree char *cut = text_truncate(visible, LIMIT_LOG_VALUE_BYTES);
	return g_strconcat(cut, "…", NULL);
}

/* Numbers, names and words of ours, which most values are, need neither escapes nor quotes. */
static gboolean
is_plain(const char *value)
{
	gsize length = 0;
	while (g_ascii_isalnum(value[length]) || value[length] == '_' || value[length] == '-' || value[length] == '.')
		length++;
	return length > 0 && value[length] == '\0' && length <= LIMIT_LOG_VALUE_BYTES;
}

static void
append_pair(GString *line, const char *key, const char *value)
{
	g_autofree char *clean = is_plain(value) ? NULL : sanitise(value);
	const char *text = clean ? clean : value;
	const char *quote = !*text || strpbrk(text, " =\"") ? "\"" : "";
	g_string_append_c(line, ' ');
	g_string_append(line, key);
	g_string_append_c(line, '=');
	g_string_append(line, quote);
	g_string_append(line, text);
	g_string_append(line, quote);
}

static void
append_pairs(GString *line, va_list pairs)
{
	for (const char *key = va_arg(pairs, const char *); key; key = va_arg(pairs, const char *)) {
		const char *value = va_arg(pairs, const char *);
		if (value)
			append_pair(line, key, value);
	}
}

static GString *
line_new(LogEvent event)
{
	const EventRow *row = event_row(event);
	GString *line = g_string_sized_new(256);
	if (is_journal_known ? is_journal : find_journal())
		g_string_append_printf(line, "<%d>", row->priority);
	if (log_role)
		g_string_append_printf(line, "%s: ", log_role);
	g_string_append(line, row->name);
	return line;
}

static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static guint lost_lines;

/* A pipe that poll calls writable takes PIPE_BUF bytes, and so a line, without waiting. */
static gboolean
can_write(void)
{
	struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&output, 1, 0) == 1 && (output.revents & POLLOUT) != 0;
}

/* Takes `line`. */
static void
line_write(GString *line)
{
	int saved_errno = errno;
	pthread_mutex_lock(&write_lock);
	if (can_write()) {
		if (lost_lines > 0)
			g_string_append_printf(line, " lost_lines=%u", lost_lines);
		lost_lines = 0;
		g_string_append_c(line, '\n');
		ssize_t written;
		do
			written = write(STDERR_FILENO, line->str, line->len);
		while (written < 0 && errno == EINTR);
	} else {
		lost_lines++;
	}
	pthread_mutex_unlock(&write_lock);
	g_string_free(line, TRUE);
	errno = saved_errno;
}

void
log_event(LogEvent event, ...)
{
	GString *line = line_new(event);
	va_list pairs;
	va_start(pairs, event);
	append_pairs(line, pairs);
	va_end(pairs);
	line_write(line);
}

void
log_error(LogEvent event, const GError *error, ...)
{
	GString *line = line_new(event);
	va_list pairs;
	va_start(pairs, error);
	append_pairs(line, pairs);
	va_end(pairs);
	append_pair(line, "error", error_name(error));
	append_pair(line, "reason", error->message);
	line_write(line);
}
