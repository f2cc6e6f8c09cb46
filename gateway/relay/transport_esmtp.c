/*
 * Delivery by libesmtp over STARTTLS (or in clear to loopback, where the account says so).
 *
 * All letters of the job go over one session. The library runs it in one blocking call; what it gets wrong is made
 * good by the guard (session_guard.c) and the TLS context (esmtp_tls.c). Its timeouts corrupt messages (it drops
 * what it could not write in time and goes on), so they are set out of reach and the deadline is kept from outside: by the session's watchdog until
 * the session is open, by the courier's kill after that.
 *
 * An outcome is read from the library's status of recipient, sender and transfer together: its return value and smtp_errno say
 * nothing reliable. A recipient without a clear answer gets no outcome; the courier tries it again under the same Message-ID.
 *
 * One session per process: environment, signal disposition and the library's state are the process's.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include <auth-client.h>

#include <libesmtp.h>

#include "esmtp_tls.h"
#include "sekisho/base/error.h"
#include "sekisho/relay/compose.h"
#include "sekisho/relay/reply.h"
#include "session_guard.h"
#include "transports.h"

/* Longer than any session lives. */
#define TIMEOUT_MS (24L * 3600L * 1000L)

/* One recipient of one letter in the library's hands. */
typedef struct {
	const LetterRecipient *recipient;
	smtp_recipient_t handle;
	gboolean is_reported;
} Parcel;

typedef struct {
	smtp_message_t handle;
	GBytes *content;
	gboolean is_taken;  /* the content was handed out once in this attempt */
	GPtrArray *parcels; /* Parcel * */
	struct Run *run;
} Sending;

typedef struct Run {
	const TransportJob *job;
	const TransportReport *report;
	SessionGuard *guard;
	smtp_session_t session;
	auth_context_t auth;
	SSL_CTX *tls;
	GPtrArray *sendings;         /* Sending * */
	gboolean is_account_refused; /* the server asked for AUTH where we had settled it */
} Run;

static void
sending_free(Sending *sending)
{
	g_bytes_unref(sending->content);
	g_ptr_array_unref(sending->parcels);
	g_free(sending);
}

/* --- Outcomes ------------------------------------------------------------------------------------------------------------ */

static char *
status_text(const smtp_status_t *status)
{
	if (status->enh_class == 0)
		return g_strdup(status->text == NULL ? "" : status->text);
	return g_strdup_printf(
	    "%d.%d.%d %s", status->enh_class, status->enh_subject, status->enh_detail, status->text == NULL ? "" : status->text);
}

static void
report_refusal(Run *run, Parcel *parcel, ReplyStage stage, const smtp_status_t *status)
{
	g_autofree char *text = status_text(status);
	g_autoptr(GError) failure = reply_failure(stage, (guint)status->code, text);

	if (failure->code == RELAY_ERROR_AUTH) {
		if (!run->is_account_refused)
			run->report->account_failed(failure, text, run->report->user_data);
		run->is_account_refused = TRUE;
		return;
	}
	parcel->is_reported = TRUE;
	run->report->outcome(parcel->recipient->delivery_id, failure, (guint)status->code, text, run->report->user_data);
}

static gboolean
is_positive(const smtp_status_t *status)
{
	return status != NULL && status->code / 100 == 2;
}

static gboolean
is_refusal(const smtp_status_t *status)
{
	return status != NULL && status->code >= 400 && status->code <= 599;
}

/* Reports what is known for certain. The order matters: a server may say 250 to the content of a mail all of whose recipients
 * it had refused. */
static void
report_parcel(Run *run, Sending *sending, Parcel *parcel)
{
	const smtp_status_t *sender = smtp_reverse_path_status(sending->handle);
	const smtp_status_t *recipient = smtp_recipient_status(parcel->handle);
	const smtp_status_t *transfer = smtp_message_transfer_status(sending->handle);

	if (parcel->is_reported || !session_guard_may_send(run->guard))
		return;
	if (is_refusal(sender)) {
		report_refusal(run, parcel, REPLY_TO_MAIL, sender);
	} else if (is_refusal(recipient)) {
		report_refusal(run, parcel, REPLY_TO_RCPT, recipient);
	} else if (is_refusal(transfer)) {
		report_refusal(run, parcel, REPLY_TO_CONTENT, transfer);
	} else if (smtp_recipient_check_complete(parcel->handle) && is_positive(recipient) && is_positive(transfer)) {
		g_autofree char *text = status_text(transfer);
		parcel->is_reported = TRUE;
		run->report->outcome(parcel->recipient->delivery_id, NULL, (guint)transfer->code, text, run->report->user_data);
	}
}

static void
report_sending(Run *run, Sending *sending)
{
	for (guint i = 0; i < sending->parcels->len; i++)
		report_parcel(run, sending, sending->parcels->pdata[i]);
}

/* A letter that never reaches the server. */
static void
report_letter(const TransportReport *report, const Letter *letter, const GError *failure)
{
	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		report->outcome(recipient->delivery_id, failure, 0, "", report->user_data);
	}
}

/* --- What the library asks ------------------------------------------------------------------------------------------------ */

static const char *
give_content(void **context, int *size, void *arg)
{
	Sending *sending = arg;
	gsize content_size;
	const char *content = g_bytes_get_data(sending->content, &content_size);

	(void)context;
	if (size == NULL) {
		sending->is_taken = FALSE;
		return NULL;
	}
	/* An errno makes the library drop the connection, and a stale one does too. */
	gboolean may_send = session_guard_may_send(sending->run->guard);
	*size = sending->is_taken || !may_send ? 0 : (int)content_size;
	sending->is_taken = TRUE;
	errno = may_send ? 0 : EACCES;
	return *size == 0 ? NULL : content;
}

static int
give_credentials(auth_client_request_t request, char **result, int fields, void *arg)
{
	const TransportJob *job = arg;

	for (int i = 0; i < fields; i++) {
		if ((request[i].flags & AUTH_PASS) != 0)
			result[i] = (char *)job->secret;
		else if ((request[i].flags & AUTH_USER) != 0)
			result[i] = job->account->user;
		else
			result[i] = NULL;
	}
	return 1;
}

static Sending *
sending_of(Run *run, smtp_message_t handle)
{
	for (guint i = 0; i < run->sendings->len; i++) {
		Sending *sending = run->sendings->pdata[i];
		if (sending->handle == handle)
			return sending;
	}
	return NULL;
}

static void
note_event(smtp_session_t session, int event, void *arg, ...)
{
	Run *run = arg;
	va_list arguments;

	(void)session;
	va_start(arguments, arg);
	switch (event) {
	case SMTP_EV_STARTTLS_OK:
		run->guard->is_tls_established = TRUE;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE: {
		/* The library compared with the wrong name; OpenSSL has verified the right one, or there were no handshake. */
		int *is_accepted = va_arg(arguments, int *);
		*is_accepted = 1;
		break;
	}
	case SMTP_EV_MESSAGESENT: {
		Sending *sending = sending_of(run, va_arg(arguments, smtp_message_t));
		if (sending != NULL)
			report_sending(run, sending);
		break;
	}
	default:
		break;
	}
	va_end(arguments);
}

/* --- Setting up ------------------------------------------------------------------------------------------------------------ */

static void
add_letter(Run *run, const Letter *letter)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) content = NULL;

	if (letter_is_international(letter))
		failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_SMTPUTF8,
		    "libesmtp cannot SMTPUTF8, without which no mail goes to an address beyond ASCII; write transport = auto");
	else if (!transport_is_deliverable(letter))
		failure =
		    g_error_new_literal(RELAY_ERROR, RELAY_ERROR_MESSAGE, "an address of the mail cannot be written in SMTP");
	else
		content = compose_message(letter, &failure);
	if (content == NULL) {
		report_letter(run->report, letter, failure);
		return;
	}
	Sending *sending = g_new0(Sending, 1);
	sending->run = run;
	sending->content = g_steal_pointer(&content);
	sending->parcels = g_ptr_array_new_with_free_func(g_free);
	sending->handle = smtp_add_message(run->session);
	/* The library copies both; without a sender it says `MAIL FROM:<>`. */
	g_autofree char *sender = *letter->envelope_sender == '\0' ? NULL : address_written(letter->envelope_sender);
	smtp_set_reverse_path(sending->handle, sender);
	smtp_set_messagecb(sending->handle, give_content, sending);
	for (guint i = 0; i < letter->recipients->len; i++) {
		Parcel *parcel = g_new0(Parcel, 1);
		parcel->recipient = letter->recipients->pdata[i];
		g_autofree char *address = address_written(parcel->recipient->address);
		parcel->handle = smtp_add_recipient(sending->handle, address);
		g_ptr_array_add(sending->parcels, parcel);
	}
	g_ptr_array_add(run->sendings, sending);
}

static void
set_timeouts(smtp_session_t session)
{
	static const int timeouts[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER, Timeout_DATA2};

	for (gsize i = 0; i < G_N_ELEMENTS(timeouts); i++)
		smtp_set_timeout(session, timeouts[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, TIMEOUT_MS);
}

static gboolean
set_server(Run *run, GError **error)
{
	const Account *account = run->job->account;
	const char *hello = *account->hello == '\0' ? g_get_host_name() : account->hello;

	if (account->security == ACCOUNT_TLS || account->login != ACCOUNT_PASSWORD) {
		g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_CONNECT,
		    "libesmtp can neither TLS from the first byte nor XOAUTH2; write transport = curl");
		return FALSE;
	}
	if (!transport_is_host_name(account->host)) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_CONNECT,
		    "host = %s is no name of a server; write a host name or an IPv4 address (libesmtp takes no IPv6 address)",
		    account->host);
		return FALSE;
	}
	g_autofree char *server = g_strdup_printf("%s:%u", account->host, account->port);
	smtp_set_server(run->session, server);
	smtp_set_hostname(run->session, transport_is_host_name(hello) ? hello : "localhost");
	smtp_set_eventcb(run->session, note_event, run);
	smtp_set_monitorcb(run->session, session_guard_monitor, run->guard, 0);
	set_timeouts(run->session);
	return TRUE;
}

static gboolean
set_security(Run *run, GError **error)
{
	const Account *account = run->job->account;

	if (account->security == ACCOUNT_PLAIN_LOOPBACK) {
		smtp_starttls_enable(run->session, Starttls_DISABLED);
	} else {
		run->tls = esmtp_tls_context(account, run->guard, error);
		if (run->tls == NULL)
			return FALSE;
		smtp_starttls_enable(run->session, Starttls_REQUIRED);
		smtp_starttls_set_ctx(run->session, run->tls);
	}
	if (*account->user == '\0')
		return TRUE;
	run->auth = auth_create_context();
	/* Without this flag PLAIN and LOGIN are never tried; that TLS stands before them is Starttls_REQUIRED's work. */
	auth_set_mechanism_flags(run->auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(run->auth, give_credentials, (void *)run->job);
	smtp_auth_set_context(run->session, run->auth);
	return TRUE;
}

static void
run_session(Run *run)
{
	g_autoptr(GError) failure = NULL;
	const char *server_text = "";

	if (set_server(run, &failure) && set_security(run, &failure)) {
		for (guint i = 0; i < run->job->letters->len; i++)
			add_letter(run, run->job->letters->pdata[i]);
		if (run->sendings->len == 0)
			return;
		smtp_start_session(run->session);
		for (guint i = 0; i < run->sendings->len; i++)
			report_sending(run, run->sendings->pdata[i]);
		if (!run->guard->is_opened)
			failure = session_guard_failure(run->guard, &server_text);
	}
	if (failure != NULL)
		run->report->account_failed(failure, server_text, run->report->user_data);
}

void
transport_esmtp_run(const TransportJob *job, const TransportReport *report)
{
	g_autoptr(SessionGuard) guard = session_guard_new(job->account);
	g_autoptr(GPtrArray) sendings = g_ptr_array_new_with_free_func((GDestroyNotify)sending_free);
	Run run = {.job = job, .report = report, .guard = guard, .sendings = sendings};

	guard->opened = report->opened;
	guard->user_data = report->user_data;
	/* The library looks for certificates in the home directory, and fails if it may not look there. */
	g_setenv("XDG_CONFIG_DIR", "/nonexistent", TRUE);
	(void)signal(SIGPIPE, SIG_IGN);

	run.session = smtp_create_session();
	run_session(&run);
	smtp_destroy_session(run.session);
	if (run.auth != NULL)
		auth_destroy_context(run.auth);
	SSL_CTX_free(run.tls);
}
