/*
 * The guard of a session. libesmtp 1.1.0 reports too little and believes too much, libcurl tells only the last code; both show the raw bytes
 * of both sides, and in lock step (one command, one reply) they tell everything:
 *
 *   - PIPELINING and CHUNKING are misspelt in EHLO replies before libesmtp parses them, because a disconnect inside a
 *     pipeline crashes it. So the dialogue is in lock step. libcurl pipelines nothing.
 *   - Until TLS stands, a byte that arrives while no reply is due was put there by somebody in the middle (STARTTLS
 *     response injection, CVE-2011-0411 and kin). The certificate callback then fails the handshake; libcurl sees to it itself.
 *   - Both libraries go on unauthenticated where AUTH is not offered, libesmtp also when it fails. The guard looks for the 235 itself; without it no content leaves.
 *   - The server's words on a failed greeting or AUTH are kept here; the libraries lose them.
 *
 * What the client writes is looked at for its verb only and never kept: it holds the password.
 */
#include "session_guard.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/reply.h"

/* "250 " */
#define CODE_BYTES 4u

static const char *const HIDDEN_CAPABILITIES[] = {"PIPELINING", "CHUNKING"};
G_STATIC_ASSERT(G_N_ELEMENTS(HIDDEN_CAPABILITIES) == G_N_ELEMENTS(((SessionGuard *)NULL)->hidden_matched));

SessionGuard *
session_guard_new(const Account *account)
{
	SessionGuard *guard = g_new0(SessionGuard, 1);

	guard->account = account;
	guard->is_tls_required = account->security != ACCOUNT_PLAIN_LOOPBACK;
	guard->is_auth_required = *account->user != '\0';
	guard->tls_problem = g_string_new(NULL);
	guard->last_text = g_string_new(NULL);
	guard->auth_text = g_string_new(NULL);
	guard->line = g_string_new(NULL);
	guard->reply = g_string_new(NULL);
	guard->replies_due = 1; /* the greeting */
	return guard;
}

void
session_guard_free(SessionGuard *guard)
{
	if (guard == NULL)
		return;
	g_string_free(guard->tls_problem, TRUE);
	g_string_free(guard->last_text, TRUE);
	g_string_free(guard->auth_text, TRUE);
	g_string_free(guard->line, TRUE);
	g_string_free(guard->reply, TRUE);
	g_free(guard);
}

gboolean
session_guard_may_send(const SessionGuard *guard)
{
	return !guard->is_out_of_turn && (guard->is_tls_established || !guard->is_tls_required) &&
	       (guard->is_authenticated || !guard->is_auth_required);
}

/* --- What the client says ---------------------------------------------------------------------------------------------- */

gboolean
session_guard_has_verb(const char *command, gsize size, const char *verb)
{
	gsize verb_size = strlen(verb);

	return size >= verb_size && g_ascii_strncasecmp(command, verb, verb_size) == 0;
}

static void
note_command(SessionGuard *guard, const char *command, gsize size)
{
	guard->replies_due++;
	/* The library says QUIT after every failure; what it asked before is what matters. */
	guard->is_leaving |= session_guard_has_verb(command, size, "QUIT");
	if (guard->is_leaving)
		return;
	if (session_guard_has_verb(command, size, "EHLO ") || session_guard_has_verb(command, size, "HELO ")) {
		guard->asked = GUARD_HELLO;
	} else if (session_guard_has_verb(command, size, "STARTTLS")) {
		guard->asked = GUARD_STARTTLS;
	} else if (session_guard_has_verb(command, size, "AUTH ")) {
		guard->asked = GUARD_AUTH;
		guard->is_auth_tried = TRUE;
	} else if (guard->asked != GUARD_AUTH || guard->auth_code != 334) {
		/* After 334 comes the answer to a challenge, which still belongs to AUTH. */
		guard->asked = GUARD_OTHER;
	}
	if (!session_guard_has_verb(command, size, "MAIL FROM:"))
		return;
	guard->is_mail_tried = TRUE;
	if (!guard->is_opened && session_guard_may_send(guard)) {
		guard->is_opened = TRUE;
		if (guard->opened != NULL)
			guard->opened(guard->user_data);
	}
}

/* --- What the server says ---------------------------------------------------------------------------------------------- */

static void
note_reply(SessionGuard *guard, guint code)
{
	guard->replies_due -= guard->replies_due > 0;
	if (!guard->is_leaving)
		g_string_assign(guard->last_text, guard->reply->str);
	g_string_truncate(guard->reply, 0);
	if (guard->is_leaving)
		return;
	switch (guard->asked) {
	case GUARD_GREETING:
		guard->greeting_code = code;
		break;
	case GUARD_HELLO:
		guard->hello_code = code;
		break;
	case GUARD_STARTTLS:
		guard->starttls_code = code;
		break;
	case GUARD_AUTH:
		guard->auth_code = code;
		guard->is_authenticated |= code == 235;
		if (code != 235 && code != 334)
			g_string_assign(guard->auth_text, guard->last_text->str);
		break;
	case GUARD_OTHER:
		break;
	}
}

/* Each line of a reply may begin with the same status code (RFC 2034 4), which is kept once. */
static const char *
without_repeated_status(const SessionGuard *guard, const char *text)
{
	gsize size = strcspn(text, " ");
	ReplyStatus status;

	if (!reply_status_read(text, &status) || text[size] == '\0' || guard->reply->len <= size ||
	    strncmp(guard->reply->str, text, size + 1) != 0)
		return text;
	return text + size + 1;
}

/* One line of a reply: three digits, then "-" if more lines follow (RFC 5321 4.2). */
static void
note_line(SessionGuard *guard)
{
	const char *line = g_strchomp(guard->line->str);
	gboolean has_code = g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1]) && g_ascii_isdigit(line[2]);
	const char *text = !has_code || line[3] == '\0' ? line : line + CODE_BYTES;

	g_string_append_printf(guard->reply, "%s%s", guard->reply->len > 0 ? " " : "", without_repeated_status(guard, text));
	if (guard->reply->len > LIMIT_SERVER_TEXT_BYTES)
		g_string_truncate(guard->reply, LIMIT_SERVER_TEXT_BYTES);
	if (!has_code || line[3] != '-')
		note_reply(guard, has_code ? (guint)g_ascii_strtoull(line, NULL, 10) : 0);
	g_string_truncate(guard->line, 0);
}

/* Spoils the last letter of a capability that must not be used; the name may have come in pieces. */
static void
hide_capabilities(SessionGuard *guard, char *byte)
{
	for (gsize i = 0; i < G_N_ELEMENTS(HIDDEN_CAPABILITIES); i++) {
		const char *name = HIDDEN_CAPABILITIES[i];
		guint *matched = &guard->hidden_matched[i];
		char upper = g_ascii_toupper(*byte);
		if (upper != name[*matched])
			*matched = 0;
		if (upper == name[*matched])
			(*matched)++;
		if (name[*matched] == '\0') {
			*byte = 'X';
			*matched = 0;
		}
	}
}

static void
note_byte(SessionGuard *guard, char *byte)
{
	/* As the server spelt it: an operator may read it. */
	const char said = *byte;

	if (guard->is_tls_required && !guard->is_tls_established && guard->replies_due == 0)
		guard->is_out_of_turn = TRUE;
	if (guard->asked == GUARD_HELLO || guard->asked == GUARD_GREETING)
		hide_capabilities(guard, byte);
	if (said == '\n')
		note_line(guard);
	else if (said != '\0' && guard->line->len < LIMIT_SERVER_TEXT_BYTES + CODE_BYTES)
		g_string_append_c(guard->line, said);
}

void
session_guard_monitor(const char *buffer, int size, int is_writing, void *arg)
{
	SessionGuard *guard = arg;

	if (size <= 0)
		return;
	if (is_writing != 0) {
		note_command(guard, buffer, (gsize)size);
		return;
	}
	/* The library's own read buffer, handed out as const before it parses it. */
	char *bytes = (char *)buffer;
	for (int i = 0; i < size; i++)
		note_byte(guard, &bytes[i]);
}

/* --- Why it failed ------------------------------------------------------------------------------------------------------- */

static GError *
tls_failure(const SessionGuard *guard)
{
	if (guard->is_out_of_turn)
		return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TLS,
		    "the server sent replies that nobody had asked for before TLS stood; somebody may be between us and it");
	if (guard->tls_problem->len > 0)
		return g_error_new(
		    RELAY_ERROR, RELAY_ERROR_TLS, "the server's certificate is not accepted: %s", guard->tls_problem->str);
	if (guard->account->security == ACCOUNT_TLS)
		return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TLS,
		    "the TLS handshake with the server failed; security = tls needs a port that speaks TLS from the first byte "
		    "(465)");
	if (guard->starttls_code == 0)
		return g_error_new_literal(
		    RELAY_ERROR, RELAY_ERROR_TLS, "the server does not offer STARTTLS; nothing is sent in clear");
	if (guard->starttls_code != 220)
		return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TLS, "the server refused STARTTLS; nothing is sent in clear");
	return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TLS, "the TLS handshake with the server failed");
}

static GError *
auth_failure(const SessionGuard *guard)
{
	gboolean is_token = guard->account->login == ACCOUNT_XOAUTH2;

	if (!guard->is_auth_tried)
		return g_error_new(RELAY_ERROR, RELAY_ERROR_AUTH, "the server offers no AUTH that we can do (%s)",
		    is_token ? "XOAUTH2" : "PLAIN, LOGIN");
	/* RFC 4954 6: 454 and its like say nothing about password or token. */
	if (guard->auth_code / 100 == 4)
		return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH, "the server does not let the account log in for now");
	return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_AUTH,
	    is_token ? "the server does not accept the account's token; it may have expired, or be another user's"
		     : "the server does not accept the account's user and password");
}

GError *
session_guard_no_authorities(const char *ca_file)
{
	return g_error_new(RELAY_ERROR, RELAY_ERROR_TLS, "the certificates of ca_file = %s cannot be read",
	    *ca_file == '\0' ? "(the system's)" : ca_file);
}

GError *
session_guard_failure(const SessionGuard *guard, const char **server_text)
{
	/* A STARTTLS without an answer is a lost connection, not a refusal. */
	gboolean is_unanswered = guard->asked == GUARD_STARTTLS && guard->starttls_code == 0;
	gboolean has_hello = guard->hello_code / 100 == 2;

	*server_text = guard->last_text->str;
	if (guard->is_tls_required && !guard->is_tls_established &&
	    (guard->is_tls_failed || (has_hello ? !is_unanswered : guard->is_out_of_turn && guard->greeting_code == 220))) {
		/* A server that said "go ahead", or nothing yet, has said nothing of what failed then. */
		if (guard->starttls_code == 220 || guard->greeting_code == 0)
			*server_text = guard->tls_problem->str;
		return tls_failure(guard);
	}
	gboolean is_refused = guard->is_auth_tried && guard->auth_text->len > 0;
	if (guard->is_auth_required && !guard->is_authenticated &&
	    (is_refused || guard->is_mail_tried || guard->is_auth_failed)) {
		if (is_refused)
			*server_text = guard->auth_text->str;
		return auth_failure(guard);
	}
	if (guard->greeting_code != 0 && guard->greeting_code != 220)
		return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_CONNECT, "the server does not want to talk to us");
	return g_error_new_literal(RELAY_ERROR, RELAY_ERROR_CONNECT,
	    guard->greeting_code == 0 ? "the server cannot be reached, or did not greet as a mail server does"
				      : "the session with the server ended before a mail could be sent");
}
