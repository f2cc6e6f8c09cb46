/*
 * Drives one session against whatever SMTP server the caller set up, through the courier's own code: worker.c starts this program again
 * with `--role session`, which runs session_main and the real transport. tests/fault/test_smtp.py plays the server.
 *
 *   smtp_trial --host localhost --port 2525 --letters 3 --recipient a@example.jp ...
 *   smtp_trial --in-process 2 ...     runs the transport itself, so many times in this one process
 *
 * Prints one line per report, fields separated by tabs:
 *   outcome DELIVERY sent|ERROR REPLY_CODE SERVER_TEXT      account ERROR SENTENCE SERVER_TEXT
 *   open DELIVERY      trouble SENTENCE      run NUMBER (before each one in this process)
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "hasty_poll.h"
#include "relay/letter_parts.h"
#include "relay/session_protocol.h"
#include "relay/worker.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/compose.h"
#include "sekisho/relay/session.h"
#include "sekisho/relay/transport.h"

typedef struct {
	char *host, *user, *password, *ca_file, *transport, *security, *login, *token_command, *pins;
	char **recipients;
	int port, letters, connect_ms, life_ms, body_bytes, in_process;
	gboolean is_plain, is_null_sender;
} Options;

static void
print_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	(void)user_data;
	printf("outcome\t%" G_GINT64_FORMAT "\t%s\t%u\t%s\n", delivery_id, failure == NULL ? "sent" : error_name(failure),
	    reply_code, server_text);
	fflush(stdout);
}

static void
print_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	(void)user_data;
	printf("account\t%s\t%s\t%s\n", error_name(failure), failure->message, server_text);
	fflush(stdout);
}

/* Letter `index`: delivery ids are 100 * index + the recipient's place. */
static Letter *
trial_letter(const Options *options, int index)
{
	Letter *letter = letter_empty();
	g_autofree char *filler = g_strnfill((gsize)options->body_bytes, 'x');

	letter->message_id = g_strdup_printf("TRIAL%d.notice.0@example.jp", index);
	letter->date_us = G_GINT64_CONSTANT(1763780400000000);
	letter->date_offset_s = 9 * 3600;
	letter->envelope_sender = g_strdup(options->is_null_sender ? "" : "bounce@example.jp");
	letter->is_automatic = options->is_null_sender;
	letter->from = letter_mailbox_new("お問い合わせ窓口", "form@example.jp");
	letter->subject = g_strdup_printf("お問い合わせ %d", index);
	letter->text = g_strdup_printf("一行目\n.\n..二つの点\nFrom here\n%s\n終わり\n", filler);
	g_ptr_array_add(letter->to, letter_mailbox_new("", "owner@example.jp"));
	for (guint i = 0; options->recipients[i] != NULL; i++)
		letter_add_recipient(letter, 100 * index + i, options->recipients[i]);
	return letter;
}

static void
run_worker(Worker *worker)
{
	struct pollfd descriptors[WORKER_DESCRIPTORS];

	while (!worker_step(worker)) {
		gint64 wait_us = worker_deadline_us(worker) - g_get_monotonic_time();
		worker_descriptors(worker, descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, (int)CLAMP(wait_us / 1000 + 1, 0, 60000));
	}
	g_autoptr(GArray) open = worker_open_deliveries(worker);
	for (guint i = 0; i < open->len; i++)
		printf("open\t%" G_GINT64_FORMAT "\n", g_array_index(open, gint64, i));
	if (worker_trouble(worker) != NULL)
		printf("trouble\t%s\n", worker_trouble(worker));
}

static gboolean
is_word(const char *given, const char *word)
{
	return g_strcmp0(given, word) == 0;
}

static int
trial(const Options *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);
	Account account = {
	    .name = (char *)"trial",
	    .host = options->host,
	    .port = (guint16)options->port,
	    .security = options->is_plain ? ACCOUNT_PLAIN_LOOPBACK : is_word(options->security, "tls") ? ACCOUNT_TLS : ACCOUNT_STARTTLS,
	    .transport = is_word(options->transport, "esmtp") ? ACCOUNT_ESMTP
			 : is_word(options->transport, "curl") ? ACCOUNT_CURL
							       : ACCOUNT_AUTO,
	    .login = is_word(options->login, "xoauth2") ? ACCOUNT_XOAUTH2 : ACCOUNT_PASSWORD,
	    .user = options->user,
	    .password_file = (char *)"",
	    .token_file = (char *)"",
	    .token_command = options->token_command != NULL ? options->token_command : (char *)"",
	    .pins = options->pins != NULL ? options->pins : (char *)"",
	    .connections = 1,
	    .ca_file = options->ca_file,
	    .hello = (char *)"client.example.jp",
	};

	compose_init();
	for (int i = 0; i < options->letters; i++)
		g_ptr_array_add(letters, trial_letter(options, i));
	TransportJob job = {.account = &account, .secret = options->password, .letters = letters};
	TransportReport report = {.outcome = print_outcome, .account_failed = print_account_failed};
	for (int i = 0; i < options->in_process; i++) {
		printf("run\t%d\n", i);
		transport_run(&job, &report);
	}
	if (options->in_process > 0)
		return 0;
	WorkerSettings settings = {
	    .program = "/proc/self/exe", .connect_ms = (guint)options->connect_ms, .life_ms = (guint)options->life_ms};
	g_autoptr(Worker) worker = worker_start(&settings, &job, &report, &error);
	if (worker == NULL) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	run_worker(worker);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--role") == 0 && strcmp(argv[2], "session") == 0) {
		hasty_poll_begin();
		return session_main(SESSION_DESCRIPTOR);
	}
	Options options = {.letters = 1, .connect_ms = 20000, .life_ms = 60000};
	GOptionEntry entries[] = {
	    {"host", 0, 0, G_OPTION_ARG_STRING, &options.host, NULL, NULL},
	    {"port", 0, 0, G_OPTION_ARG_INT, &options.port, NULL, NULL},
	    {"user", 0, 0, G_OPTION_ARG_STRING, &options.user, NULL, NULL},
	    {"password", 0, 0, G_OPTION_ARG_STRING, &options.password, NULL, NULL},
	    {"transport", 0, 0, G_OPTION_ARG_STRING, &options.transport, "auto, curl or esmtp", NULL},
	    {"security", 0, 0, G_OPTION_ARG_STRING, &options.security, "starttls or tls", NULL},
	    {"login", 0, 0, G_OPTION_ARG_STRING, &options.login, "password or xoauth2 (--password is then the token)", NULL},
	    {"token-command", 0, 0, G_OPTION_ARG_STRING, &options.token_command, NULL, NULL},
	    {"pins", 0, 0, G_OPTION_ARG_STRING, &options.pins, NULL, NULL},
	    {"ca-file", 0, 0, G_OPTION_ARG_STRING, &options.ca_file, NULL, NULL},
	    {"recipient", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.recipients, NULL, NULL},
	    {"letters", 0, 0, G_OPTION_ARG_INT, &options.letters, NULL, NULL},
	    {"body-bytes", 0, 0, G_OPTION_ARG_INT, &options.body_bytes, NULL, NULL},
	    {"connect-ms", 0, 0, G_OPTION_ARG_INT, &options.connect_ms, NULL, NULL},
	    {"life-ms", 0, 0, G_OPTION_ARG_INT, &options.life_ms, NULL, NULL},
	    {"in-process", 0, 0, G_OPTION_ARG_INT, &options.in_process, NULL, NULL},
	    {"plain", 0, 0, G_OPTION_ARG_NONE, &options.is_plain, NULL, NULL},
	    {"null-sender", 0, 0, G_OPTION_ARG_NONE, &options.is_null_sender, NULL, NULL},
	    {0},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || options.recipients == NULL) {
		fprintf(stderr, "%s\n", error == NULL ? "--recipient is missing" : error->message);
		return 2;
	}
	int status = trial(&options);
	g_free(options.host);
	g_free(options.user);
	g_free(options.password);
	g_free(options.ca_file);
	g_free(options.transport);
	g_free(options.security);
	g_free(options.login);
	g_free(options.token_command);
	g_free(options.pins);
	g_strfreev(options.recipients);
	return status;
}
