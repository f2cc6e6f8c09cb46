/* What the log writes, read back from its descriptor. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* Standard error becomes a pipe until captured() gives what came. A line of ours fits a pipe easily. */
static int pipe_read_end = -1, real_stderr = -1;

static void
capture(void)
{
	int ends[2];
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	real_stderr = dup(STDERR_FILENO);
	g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
	close(ends[1]);
	pipe_read_end = ends[0];
}

static char *
captured(void)
{
	char buffer[32768];
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	ssize_t size = read(pipe_read_end, buffer, sizeof buffer);
	close(pipe_read_end);
	g_assert_cmpint(size, >=, 0);
	return g_strndup(buffer, (gsize)size);
}

static void
test_plain_line(void)
{
	capture();
	log_event(LOG_SUBMISSION, "receipt", "01ABCDEFGHJK", "site", NULL, "status", "mail_sent", "note", "", NULL);
	g_autofree char *line = captured();
	g_assert_cmpstr(line, ==, "submission receipt=01ABCDEFGHJK status=mail_sent note=\"\"\n");
}

static void
test_role(void)
{
	log_set_role("courier");
	capture();
	log_event(LOG_STARTED, NULL);
	g_autofree char *line = captured();
	log_set_role(NULL);
	g_assert_cmpstr(line, ==, "courier: started\n");
}

/* A reader that hangs: lines are lost and counted, and nobody waits. The alarm ends a writer that does. */
static void
test_full_pipe_stops_nobody(void)
{
	capture();
	g_autofree char *rest = NULL;
	alarm(20);
	for (int i = 0; i < 5000; i++)
		log_event(LOG_SUBMISSION, "receipt", "01ABCDEFGHJK", NULL);
	alarm(0);
	char buffer[65536];
	g_assert_cmpint(read(pipe_read_end, buffer, sizeof buffer), >, 0);
	g_assert_cmpint(fcntl(pipe_read_end, F_SETFL, O_NONBLOCK), ==, 0);
	while (read(pipe_read_end, buffer, sizeof buffer) > 0)
		continue;
	log_event(LOG_STARTED, NULL);
	rest = captured();
	g_assert_true(g_str_has_prefix(rest, "started lost_lines="));
}

static void
test_error_line(void)
{
	g_autoptr(GError) error = g_error_new_literal(STORE_ERROR, STORE_ERROR_FULL, "no space for \"a\"\nline two");
	capture();
	log_error(LOG_STORE_FAILED, error, "file", "sekisho.db", NULL);
	g_autofree char *line = captured();
	g_assert_cmpstr(
	    line, ==, "store_failed file=sekisho.db error=store.full reason=\"no space for \\\"a\\\"\\x0Aline two\"\n");
}

static void
test_values_cannot_fake(void)
{
	static const struct {
		const char *value, *shown;
	} rows[] = {
	    {"a\r\n<0>front: started", "\"a\\x0D\\x0A<0>front: started\""},
	    {"\nx", "\\x0Ax"},
	    {"a b", "\"a b\""},
	    {"k=v", "\"k=v\""},
	    {"\" status=mail_sent", "\"\\\" status=mail_sent\""},
	    {"\\", "\\\\"},
	    {"\\x0A", "\\\\x0A"},
	    {"x\\\" y=z", "\"x\\\\\\\" y=z\""},
	    {"\x1b[2J", "\\x1B[2J"},
	    {"\x7f\t", "\\x7F\\x09"},
	    {"\xC2\x85\xC2\x9B", "\\u{0085}\\u{009B}"},
	    {"\xE2\x80\xAEtxt", "\\u{202E}txt"},
	    {"\xE2\x80\xA8\xE2\x81\xA6\xD8\x9C", "\\u{2028}\\u{2066}\\u{061C}"},
	    {"\xFF\xE3\x81", "\\xFF\\xE3\\x81"},
	    {"\xED\xA0\x80", "\\xED\\xA0\\x80"},
	    {"日本語", "日本語"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *expected = g_strdup_printf("refused reason=%s\n", rows[i].shown);
		capture();
		log_event(LOG_REFUSED, "reason", rows[i].value, NULL);
		g_autofree char *line = captured();
		g_assert_cmpstr(line, ==, expected);
	}
}

static void
test_long_value_is_cut(void)
{
	/* 512 is no multiple of the three bytes of あ: the cut goes back to the character's begin. */
	for (guint length = 508; length <= 520; length++) {
		g_autoptr(GString) value = g_string_new(NULL);
		while (value->len < length)
			g_string_append(value, "あ");
		capture();
		log_event(LOG_REFUSED, "reason", value->str, NULL);
		g_autofree char *line = captured();
		gboolean is_cut = value->len > LIMIT_LOG_VALUE_BYTES;
		g_autofree char *shown = g_strndup(value->str, is_cut ? 510 : value->len);
		g_autofree char *expected = g_strdup_printf("refused reason=%s%s\n", shown, is_cut ? "…" : "");
		g_assert_true(g_utf8_validate(line, -1, NULL));
		g_assert_cmpstr(line, ==, expected);
	}
	g_autofree char *controls = g_strnfill(100000, '\x01');
	capture();
	log_event(LOG_REFUSED, "reason", controls, NULL);
	g_autofree char *line = captured();
	g_assert_cmpuint(strlen(line), <=, strlen("refused reason=…\n") + LIMIT_LOG_VALUE_BYTES);
	g_assert_true(g_str_has_suffix(line, "\\x01…\n"));
}

static void
test_journal_priority(void)
{
	struct stat status;
	capture();
	g_assert_cmpint(fstat(STDERR_FILENO, &status), ==, 0);
	g_autofree char *ours = g_strdup_printf("%lu:%lu", (gulong)status.st_dev, (gulong)status.st_ino);
	g_setenv("JOURNAL_STREAM", ours, TRUE);
	log_event(LOG_DELIVERY_DEAD, NULL);
	log_event(LOG_WALL_OFF, NULL);
	/* Somebody else's stream, inherited. */
	g_setenv("JOURNAL_STREAM", "1:1", TRUE);
	log_event(LOG_STARTED, NULL);
	g_unsetenv("JOURNAL_STREAM");
	g_autofree char *lines = captured();
	g_assert_cmpstr(lines, ==, "<1>delivery_dead\n<4>wall_off\nstarted\n");
}

static void
test_names(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (int event = LOG_STARTED; event <= (int)LOG_INTERNAL; event++)
		g_assert_true(g_hash_table_add(names, (gpointer)log_event_name((LogEvent)event)));
	g_assert_cmpstr(log_event_name(LOG_DELIVERY_DEAD), ==, "delivery_dead");
	g_assert_cmpstr(log_event_name(LOG_INTERNAL), ==, "internal");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/log/a line is event and pairs", test_plain_line);
	g_test_add_func("/base/log/the role stands first", test_role);
	g_test_add_func("/base/log/a full pipe stops nobody", test_full_pipe_stops_nobody);
	g_test_add_func("/base/log/an error adds its name and sentence", test_error_line);
	g_test_add_func("/base/log/no value can fake a line, a pair or a cursor", test_values_cannot_fake);
	g_test_add_func("/base/log/a long value is cut at a character", test_long_value_is_cut);
	g_test_add_func("/base/log/priorities only for the journal's own stream", test_journal_priority);
	g_test_add_func("/base/log/every event has a name of its own", test_names);
	return g_test_run();
}
