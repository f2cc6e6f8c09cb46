/*
 * Delivery by libcurl's SMTP: STARTTLS or TLS from the first byte, PLAIN, LOGIN and XOAUTH2, SMTPUTF8, IPv6 addresses.
 *
 *   letter -> (connect, greeting, TLS, AUTH) -> MAIL -> RCPT, ... -> DATA -> content -> next letter over the same connection
 *          -> refused: the library says QUIT, and the next letter gets a new connection
 *          -> broken off: nothing more is tried, what has no outcome stays open
 *
 * The library's return value says of a mail with several recipients next to nothing, so outcomes are read from the dialogue itself: its debug callback shows each
 * command, its header callback each line of a reply, and it waits for every reply before the next command. What it writes is looked at for the verb only and never kept: it
 * holds the password. The guard (session_guard.c) follows the same dialogue up to the first MAIL and says why a session failed; no content is handed out before it
 * says that TLS and AUTH stand.
 *
 * The deadline is kept from outside: by the session's watchdog until the session is open, by the courier's kill after that. The library's own deadlines are as long.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <glib/gstdio.h>

#include "curl_account.h"
#include "curl_failure.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/compose.h"
#include "sekisho/relay/reply.h"
#include "transports.h"

/* What the next reply answers, as far as a mail is concerned. */
typedef enum { ASKED_NOTHING, ASKED_MAIL, ASKED_RCPT, ASKED_DATA, ASKED_CONTENT } Asked;

typedef enum { PARCEL_OPEN, PARCEL_TAKEN, PARCEL_REPORTED } ParcelState;

typedef struct {
	const TransportJob *job;
	const TransportReport *report;
	CURL *handle;
	SessionGuard *guard; /* of the present connection */
	gboolean is_opened;
	gboolean is_account_refused; /* the server asked for AUTH where we had settled it */
	gboolean is_utf8_offered;

	/* the letter at hand */
	const Letter *letter;
	guint number; /* of it in the job */
	GBytes *content;
	gsize content_at;
	ParcelState *parcels; /* one per recipient */
	guint recipient;      /* the one that RCPT named last, counted from 1 */
	Asked asked;
	guint reply_code; /* of the lines of a reply so far; 0: none yet */
} Run;

/* --- Outcomes ------------------------------------------------------------------------------------------------------------ */

static void
report_parcel(Run *run, guint index, const GError *failure, guint code, const char *text)
{
	const LetterRecipient *recipient = run->letter->recipients->pdata[index];

	run->parcels[index] = PARCEL_REPORTED;
	run->report->outcome(recipient->delivery_id, failure, code, text, run->report->user_data);
}

/* Every recipient in that state gets this outcome. */
static void
report_parcels(Run *run, ParcelState state, const GError *failure, guint code, const char *text)
{
	for (guint i = 0; i < run->letter->recipients->len; i++)
		if (run->parcels[i] == state)
			report_parcel(run, i, failure, code, text);
}

static gboolean
is_settled(const Run *run)
{
	for (guint i = 0; i < run->letter->recipients->len; i++)
		if (run->parcels[i] != PARCEL_REPORTED)
			return FALSE;
	return TRUE;
}

static void
report_refusal(Run *run, guint code, const char *text)
{
	static const ReplyStage stages[] = {[ASKED_MAIL] = REPLY_TO_MAIL,
	    [ASKED_RCPT] = REPLY_TO_RCPT,
	    [ASKED_DATA] = REPLY_TO_CONTENT,
	    [ASKED_CONTENT] = REPLY_TO_CONTENT};
	g_autoptr(GError) failure = reply_failure(stages[run->asked], code, text);

	if (failure->code == RELAY_ERROR_AUTH) {
		if (!run->is_account_refused)
			run->report->account_failed(failure, text, run->report->user_data);
		run->is_account_refused = TRUE;
	} else if (run->asked == ASKED_RCPT) {
		report_parcel(run, run->recipient - 1, failure, code, text);
	} else {
		report_parcels(run, run->asked == ASKED_MAIL ? PARCEL_OPEN : PARCEL_TAKEN, failure, code, text);
	}
}

/* TRUE if the server may get one of the letters behind the one at hand. */
static gboolean
has_more(const Run *run)
{
	const GPtrArray *letters = run->job->letters;

	for (guint i = run->number + 1; i < letters->len; i++) {
		const Letter *letter = letters->pdata[i];
		if (transport_is_deliverable(letter) && (run->is_utf8_offered || !letter_is_international(letter)))
			return TRUE;
	}
	return FALSE;
}

/*
 * Behind the last letter the library says QUIT at once, where LIMIT_QUIT_S holds. And who refuses a content may have begun before its end and speak again
 * behind it; on a new connection that answers nobody.
 */
static void
note_content_answer(Run *run, guint code)
{
	gboolean is_leaving = code / 100 != 2 || !has_more(run);

	curl_easy_setopt(run->handle, CURLOPT_FORBID_REUSE, is_leaving ? 1L : 0L);
}

/* A complete reply to a command of a mail. */
static void
note_answer(Run *run, guint code, const char *text)
{
	if (run->asked == ASKED_CONTENT)
		note_content_answer(run, code);
	if (code >= 400 && code <= 599)
		report_refusal(run, code, text);
	else if (code / 100 == 2 && run->asked == ASKED_RCPT)
		run->parcels[run->recipient - 1] = PARCEL_TAKEN;
	else if (code / 100 == 2 && run->asked == ASKED_CONTENT)
		report_parcels(run, PARCEL_TAKEN, NULL, code, text);
	run->asked = run->asked == ASKED_DATA && code == 354 ? ASKED_CONTENT : ASKED_NOTHING;
}

/* TRUE if the letter needs SMTPUTF8 and the server, whose last EHLO is answered, does not offer it. */
static gboolean
is_beyond_server(const Run *run)
{
	return !run->is_utf8_offered && letter_is_international(run->letter) &&
	       (run->guard->is_tls_established || !run->guard->is_tls_required);
}

/* RFC 6531 3.2: it must not be sent. */
static void
refuse_international(Run *run)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_SMTPUTF8,
	    "the server does not offer SMTPUTF8, without which no mail goes to an address beyond ASCII");

	report_parcels(run, PARCEL_OPEN, failure, 0, "");
}

/* --- What the library shows and asks -------------------------------------------------------------------------------------- */

/* Nobody gets another's outcome, whatever the library may leave out or shows in pieces. */
static gboolean
names_recipient(const Run *run, const char *command, gsize size)
{
	if (run->recipient > run->letter->recipients->len)
		return FALSE;
	const LetterRecipient *recipient = run->letter->recipients->pdata[run->recipient - 1];
	g_autofree char *address = address_written(recipient->address);
	g_autofree char *expected = g_strdup_printf("RCPT TO:<%s>", address);
	return session_guard_has_verb(command, size, expected);
}

static void
note_command(Run *run, const char *command, gsize size)
{
	session_guard_monitor(command, (int)size, 1, run->guard);
	run->asked = ASKED_NOTHING;
	if (session_guard_has_verb(command, size, "MAIL FROM:")) {
		run->asked = ASKED_MAIL;
	} else if (session_guard_has_verb(command, size, "RCPT TO:")) {
		run->recipient++;
		run->asked = names_recipient(run, command, size) ? ASKED_RCPT : ASKED_NOTHING;
	} else if (session_guard_has_verb(command, size, "DATA\r\n")) {
		run->asked = ASKED_DATA;
	} else if (session_guard_has_verb(command, size, "EHLO ")) {
		/* Behind STARTTLS, or the guard had seen no "go ahead". */
		run->guard->is_tls_established |= run->guard->starttls_code == 220;
		run->is_utf8_offered = FALSE;
	} else if (session_guard_has_verb(command, size, "QUIT\r\n")) {
		curl_easy_setopt(run->handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)LIMIT_QUIT_S);
	}
}

static int
note_debug(CURL *handle, curl_infotype kind, char *data, size_t size, void *user_data)
{
	(void)handle;
	if (kind == CURLINFO_HEADER_OUT)
		note_command(user_data, data, size);
	return 0;
}

/* A complete reply. FALSE if the session must end here. */
static gboolean
note_reply(Run *run, guint code)
{
	gboolean is_hello = run->guard->asked == GUARD_HELLO;

	if (run->guard->is_mail_tried && !session_guard_may_send(run->guard))
		return FALSE;
	/* The library would say HELO, which offers no AUTH. */
	if (is_hello && code / 100 != 2 && run->guard->is_auth_required)
		return FALSE;
	if (is_hello && code / 100 == 2 && is_beyond_server(run)) {
		refuse_international(run);
		return FALSE;
	}
	if (run->asked != ASKED_NOTHING)
		note_answer(run, code, run->guard->last_text->str);
	return TRUE;
}

/* One line of a reply. FALSE if the session must end here: what is no reply, or contradicts itself (each line has the same code, RFC 5321 4.2.1), answers nothing. */
static gboolean
note_line(Run *run, const char *line)
{
	guint earlier = run->reply_code, code = (guint)g_ascii_strtoull(line, NULL, 10);

	if (strspn(line, "0123456789") != 3 || (earlier != 0 && earlier != code))
		return FALSE;
	if (run->guard->asked == GUARD_HELLO && line[3] != '\0' && g_ascii_strncasecmp(line + 4, "SMTPUTF8", 8) == 0)
		run->is_utf8_offered = TRUE;
	run->reply_code = line[3] == '-' ? code : 0;
	return line[3] == '-' || note_reply(run, code);
}

static size_t
note_header(char *bytes, size_t one, size_t size, void *user_data)
{
	Run *run = user_data;
	g_autofree char *line = g_strndup(bytes, size * one), *spoilt = g_memdup2(bytes, size * one);

	/* With TLS from the first byte nothing comes before it stands. */
	run->guard->is_tls_established |= run->job->account->security == ACCOUNT_TLS;
	/* The guard misspells what libesmtp must not see. */
	session_guard_monitor(spoilt, (int)(size * one), 0, run->guard);
	return note_line(run, line) ? size * one : 0;
}

static size_t
give_content(char *buffer, size_t one, size_t size, void *user_data)
{
	Run *run = user_data;
	gsize content_size;
	const char *content = g_bytes_get_data(run->content, &content_size);
	gsize piece = MIN(content_size - run->content_at, size * one);

	if (!session_guard_may_send(run->guard))
		return CURL_READFUNC_ABORT;
	memcpy(buffer, content + run->content_at, piece);
	run->content_at += piece;
	return piece;
}

static void
note_opened(gpointer user_data)
{
	Run *run = user_data;

	if (!run->is_opened && run->report->opened != NULL)
		run->report->opened(run->report->user_data);
	run->is_opened = TRUE;
}

/* A new connection, or one more address that is tried for it. */
static int
begin_dialogue(void *user_data, curl_socket_t socket, curlsocktype purpose)
{
	Run *run = user_data;

	(void)socket;
	(void)purpose;
	session_guard_free(run->guard);
	run->guard = session_guard_new(run->job->account);
	run->reply_code = 0;
	run->is_utf8_offered = FALSE;
	run->guard->opened = note_opened;
	run->guard->user_data = run;
	return CURL_SOCKOPT_OK;
}

/* --- Setting up ------------------------------------------------------------------------------------------------------------ */

static void
set_callbacks(Run *run)
{
	CURL *handle = run->handle;

	curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, note_debug);
	curl_easy_setopt(handle, CURLOPT_DEBUGDATA, run);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, note_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, run);
	curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, begin_dialogue);
	curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, run);
	curl_easy_setopt(handle, CURLOPT_READFUNCTION, give_content);
	curl_easy_setopt(handle, CURLOPT_READDATA, run);
}

static gboolean
set_server(Run *run, GError **error)
{
	CURL *handle = run->handle;
	g_autofree char *url = curl_account_url(run->job->account);

	if (url == NULL) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_CONNECT,
		    "host = %s is no name of a server; write a host name or an IP address", run->job->account->host);
		return FALSE;
	}
	if (*run->job->account->ca_file != '\0' && g_access(run->job->account->ca_file, R_OK) != 0) {
		g_propagate_error(error, session_guard_no_authorities(run->job->account->ca_file));
		return FALSE;
	}
	curl_easy_setopt(handle, CURLOPT_URL, url);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_SESSION_MS);
	curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	curl_account_set_security(handle, run->job->account);
	curl_account_set_login(handle, run->job->account, run->job->secret);
	set_callbacks(run);
	return TRUE;
}

/* --- Letters ---------------------------------------------------------------------------------------------------------------- */

/* FALSE, with an outcome for all its recipients, if it cannot be sent. */
static gboolean
begin_letter(Run *run, const Letter *letter)
{
	g_autoptr(GError) failure = NULL;

	g_clear_pointer(&run->content, g_bytes_unref);
	g_free(run->parcels);
	run->letter = letter;
	run->parcels = g_new0(ParcelState, letter->recipients->len);
	run->content_at = 0;
	run->recipient = 0;
	run->asked = ASKED_NOTHING;
	if (!transport_is_deliverable(letter))
		failure =
		    g_error_new_literal(RELAY_ERROR, RELAY_ERROR_MESSAGE, "an address of the mail cannot be written in SMTP");
	else
		run->content = compose_message(letter, &failure);
	if (run->content == NULL)
		report_parcels(run, PARCEL_OPEN, failure, 0, "");
	return run->content != NULL;
}

static CURLcode
carry_letter(Run *run)
{
	const Letter *letter = run->letter;
	g_autofree char *sender = *letter->envelope_sender == '\0' ? NULL : address_written(letter->envelope_sender);
	struct curl_slist *recipients = NULL;

	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		g_autofree char *address = address_written(recipient->address);
		recipients = curl_slist_append(recipients, address);
		g_assert(recipients != NULL);
	}
	curl_easy_setopt(run->handle, CURLOPT_MAIL_FROM, sender);
	curl_easy_setopt(run->handle, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(run->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)g_bytes_get_size(run->content));
	curl_easy_setopt(run->handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(LIMIT_SESSION_MS / 1000));
	CURLcode code = curl_easy_perform(run->handle);
	curl_easy_setopt(run->handle, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(recipients);
	return code;
}

static void
report_failure(Run *run, CURLcode code)
{
	const char *server_text = "";

	if (run->is_account_refused || run->guard->is_opened)
		return;
	g_autoptr(GError) failure = curl_failure(run->handle, code, run->guard, &server_text);
	run->report->account_failed(failure, server_text, run->report->user_data);
}

static void
run_session(Run *run)
{
	const GPtrArray *letters = run->job->letters;

	for (guint i = 0; i < letters->len; i++) {
		run->number = i;
		if (!begin_letter(run, letters->pdata[i]))
			continue;
		if (run->guard->is_opened && is_beyond_server(run)) {
			refuse_international(run);
			continue;
		}
		CURLcode code = carry_letter(run);
		/* After a refusal the library has closed the connection, and makes another for the next letter. */
		if (!is_settled(run)) {
			report_failure(run, code);
			return;
		}
	}
}

void
transport_curl_run(const TransportJob *job, const TransportReport *report)
{
	g_autoptr(GError) failure = NULL;
	Run run = {.job = job, .report = report, .handle = curl_easy_init()};

	g_assert(run.handle != NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	begin_dialogue(&run, CURL_SOCKET_BAD, CURLSOCKTYPE_IPCXN);
	if (set_server(&run, &failure))
		run_session(&run);
	else
		report->account_failed(failure, "", report->user_data);
	curl_easy_cleanup(run.handle);
	session_guard_free(run.guard);
	g_free(run.parcels);
	if (run.content != NULL)
		g_bytes_unref(run.content);
}
