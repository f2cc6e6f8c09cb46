/*
 * The courier's side against sessions that lie, hang and crash. This program is the session too: WORKER_TRIAL says how it behaves.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/frame.h"
#include "relay/letter_parts.h"
#include "relay/session_protocol.h"
#include "relay/worker.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

/* --- The session --------------------------------------------------------------------------------------------------------------- */

static void
report(SessionReportKind kind, gint64 delivery_id, int code, const char *server_text)
{
	frame_write(SESSION_DESCRIPTOR,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)kind, delivery_id, code, "a sentence", 250u, server_text));
}

static void
read_job(void)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	gboolean is_broken = FALSE;
	GVariant *job = NULL;

	while (job == NULL && !is_broken && frame_reader_fill(reader, SESSION_DESCRIPTOR) != FRAME_END)
		job = frame_reader_next(reader, &is_broken);
	if (job == NULL)
		abort();
	g_variant_unref(job);
}

static int
misbehave(const char *how)
{
	/* Nothing but the socket came along. */
	for (int descriptor = SESSION_DESCRIPTOR + 1; descriptor < 64; descriptor++)
		if (close(descriptor) == 0)
			return 1;
	if (strcmp(how, "exits at once") == 0)
		return 0;
	read_job();
	if (strcmp(how, "opens") == 0)
		report(SESSION_OPENED, 0, -1, "");
	report(SESSION_OUTCOME, 1, -1, "ok");
	if (strcmp(how, "honest") == 0)
		report(SESSION_OUTCOME, 2, RELAY_ERROR_PERMANENT, "no\x1b[2J");
	if (strcmp(how, "account") == 0)
		report(SESSION_ACCOUNT_FAILED, 0, RELAY_ERROR_AUTH, "535");
	if (strcmp(how, "foreign") == 0)
		report(SESSION_OUTCOME, 77, -1, "ok");
	if (strcmp(how, "twice") == 0)
		report(SESSION_OUTCOME, 1, -1, "ok");
	if (strcmp(how, "garbage") == 0 && write(SESSION_DESCRIPTOR, "\377\377\377\377garbage", 11) != 11)
		return 1;
	if (strcmp(how, "crashes") == 0)
		raise(SIGKILL);
	if (strcmp(how, "hangs") == 0)
		pause();
	if (strcmp(how, "closes and hangs") == 0 && close(SESSION_DESCRIPTOR) == 0)
		pause();
	if (strcmp(how, "fails") == 0)
		return 7;
	/* What lies must be killed: it does not end by itself. */
	if (strcmp(how, "foreign") == 0 || strcmp(how, "twice") == 0 || strcmp(how, "garbage") == 0)
		pause();
	return 0;
}

/* --- The courier's side ---------------------------------------------------------------------------------------------------------- */

typedef struct {
	GString *said;
	guint count;
} Notes;

static void
on_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	Notes *notes = user_data;

	notes->count++;
	g_string_append_printf(notes->said, "%d=%s/%u/%s ", (int)delivery_id, failure == NULL ? "sent" : error_name(failure),
	    reply_code, server_text);
}

static void
on_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	Notes *notes = user_data;

	g_string_append_printf(notes->said, "account=%s/%s ", error_name(failure), server_text);
}

static void
on_opened(gpointer user_data)
{
	g_string_append(((Notes *)user_data)->said, "opened ");
}

static Letter *
letter_for(gint64 first_delivery)
{
	Letter *letter = letter_empty();

	letter->message_id = g_strdup("A.notice.0@example.jp");
	letter->envelope_sender = g_strdup("a@example.jp");
	letter->from = letter_mailbox_new("", "a@example.jp");
	letter->subject = g_strdup("s");
	/* More than a socket buffer holds, so that the job is written in pieces. */
	letter->text = g_strnfill(2000000, 'x');
	letter_add_recipient(letter, first_delivery, "b@example.jp");
	return letter;
}

static Worker *
run_session(const char *how, guint life_ms, Notes *notes)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);
	char *empty = (char *)"";
	Account account = {
	    .name = empty, .host = empty, .user = empty, .token_command = empty, .ca_file = empty, .pins = empty, .hello = empty};
	TransportJob job = {.account = &account, .secret = "", .letters = letters};
	TransportReport transport = {
	    .outcome = on_outcome, .account_failed = on_account_failed, .opened = on_opened, .user_data = notes};
	WorkerSettings settings = {.program = "/proc/self/exe", .connect_ms = 1000, .life_ms = life_ms};
	struct pollfd descriptors[WORKER_DESCRIPTORS];
	gint64 deadline_us = g_get_monotonic_time() + 60 * (gint64)G_USEC_PER_SEC;

	g_ptr_array_add(letters, letter_for(1));
	g_ptr_array_add(letters, letter_for(2));
	g_setenv("WORKER_TRIAL", how, TRUE);
	Worker *worker = worker_start(&settings, &job, &transport, &error);
	g_assert_no_error(error);
	while (!worker_step(worker)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		worker_descriptors(worker, descriptors);
		gint64 wait_ms = (worker_deadline_us(worker) - g_get_monotonic_time()) / 1000 + 1;
		poll(descriptors, WORKER_DESCRIPTORS, (int)CLAMP(wait_ms, 0, 1000));
	}
	return worker;
}

static void
test_session(gconstpointer data)
{
	static const struct {
		const char *how, *said, *trouble;
		guint life_ms, open;
	} cases[] = {
	    {"honest", "1=sent/250/ok 2=relay.permanent/250/no\\x1B[2J ", NULL, 30000, 0},
	    {"account", "1=sent/250/ok account=relay.auth/535 ", NULL, 30000, 1},
	    {"opens", "opened 1=sent/250/ok ", NULL, 30000, 1},
	    {"exits at once", "", NULL, 30000, 2},
	    {"fails", "1=sent/250/ok ", "the session ended with exit code 7", 30000, 1},
	    {"crashes", "1=sent/250/ok ", "the session ended by signal 9", 30000, 1},
	    {"hangs", "1=sent/250/ok ", "the session lived too long and was killed", 1500, 1},
	    {"closes and hangs", "1=sent/250/ok ", "the session lived too long and was killed", 1500, 1},
	    {"foreign", "1=sent/250/ok ", "the session broke its protocol and was killed", 30000, 1},
	    {"twice", "1=sent/250/ok ", "the session broke its protocol and was killed", 30000, 1},
	    {"garbage", "1=sent/250/ok ", "the session broke its protocol and was killed", 30000, 1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (strcmp(cases[i].how, data) != 0)
			continue;
		Notes notes = {.said = g_string_new(NULL)};
		g_autoptr(Worker) worker = run_session(cases[i].how, cases[i].life_ms, &notes);
		g_autoptr(GArray) open = worker_open_deliveries(worker);
		g_assert_cmpstr(notes.said->str, ==, cases[i].said);
		g_assert_cmpstr(worker_trouble(worker), ==, cases[i].trouble);
		g_assert_cmpuint(open->len, ==, cases[i].open);
		g_string_free(notes.said, TRUE);
	}
}

static void
test_a_program_that_is_missing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) letters = g_ptr_array_new();
	char *empty = (char *)"";
	Account account = {
	    .name = empty, .host = empty, .user = empty, .token_command = empty, .ca_file = empty, .pins = empty, .hello = empty};
	TransportJob job = {.account = &account, .secret = "", .letters = letters};
	WorkerSettings settings = {.program = "/nonexistent/sekishod", .connect_ms = 1000, .life_ms = 1000};

	g_assert_null(worker_start(&settings, &job, &(TransportReport){0}, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_CONNECT);
}

int
main(int argc, char **argv)
{
	static const char *const behaviours[] = {"honest", "account", "opens", "exits at once", "fails", "crashes", "hangs",
	    "closes and hangs", "foreign", "twice", "garbage"};

	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return misbehave(g_getenv("WORKER_TRIAL"));
	g_test_init(&argc, &argv, NULL);
	/* One that exec would leave open. */
	g_assert_cmpint(dup2(STDERR_FILENO, 40), ==, 40);
	for (gsize i = 0; i < G_N_ELEMENTS(behaviours); i++) {
		g_autofree char *name = g_strdup_printf("/worker/a session that is or does: %s", behaviours[i]);
		g_test_add_data_func(name, behaviours[i], test_session);
	}
	g_test_add_func("/worker/a program that is missing", test_a_program_that_is_missing);
	return g_test_run();
}
