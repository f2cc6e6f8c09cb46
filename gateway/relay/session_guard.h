/*
 * The guard of a session, whichever library speaks: it watches every byte of the dialogue and knows what the library does not tell, or tells too late. See
 * session_guard.c. One guard per connection.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"

typedef struct {
	const Account *account;
	gboolean is_tls_required;
	gboolean is_auth_required;
	/* Called once, when the first MAIL goes out in a session that may send. */
	void (*opened)(gpointer user_data);
	gpointer user_data;

	/* What was seen. */
	gboolean is_tls_established;
	gboolean is_authenticated;
	gboolean is_out_of_turn;   /* the server spoke unasked before TLS stood: injected replies */
	gboolean is_tls_failed;    /* what a library knows besides: it was TLS, or AUTH, that failed */
	gboolean is_auth_failed;
	gboolean is_opened;
	GString *tls_problem;      /* first sentence about the certificate; empty if there was none */
	GString *last_text;        /* the last complete reply's, lines joined by a space, at most LIMIT_SERVER_TEXT_BYTES */
	guint greeting_code, hello_code, starttls_code, auth_code; /* 0: no reply to it was seen */
	gboolean is_auth_tried, is_mail_tried;
	GString *auth_text;        /* the server's words when it refused AUTH */

	/* private: the dialogue */
	enum { GUARD_GREETING, GUARD_HELLO, GUARD_STARTTLS, GUARD_AUTH, GUARD_OTHER } asked;
	guint replies_due;
	gboolean is_leaving;       /* QUIT was said */
	GString *line;             /* server line so far */
	GString *reply;            /* text of the reply so far */
	guint hidden_matched[2];   /* letters matched of each capability to hide */
} SessionGuard;

/* For a session with `account`, which must outlive it. */
SessionGuard *session_guard_new(const Account *account);
void session_guard_free(SessionGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionGuard, session_guard_free)

/* What was read or written, in any pieces; a command in one. libesmtp's monitor callback (`arg` is the guard). It changes a `buffer` that was read: capabilities that libesmtp must not use are misspelt. */
void session_guard_monitor(const char *buffer, int size, int is_writing, void *arg);
/* TRUE if the command, any bytes of that size, begins with `verb` ("MAIL FROM:"), in whatever case. */
gboolean session_guard_has_verb(const char *command, gsize size, const char *verb);
/* TRUE if content may go out: TLS stands and AUTH was accepted where they are required, and nobody spoke out of turn. */
gboolean session_guard_may_send(const SessionGuard *guard);
/* Why the session never opened, as an error of RELAY_ERROR (AUTH, TLS, CONNECT), with `*server_text` (borrowed) the server's words, or
 * those about its certificate. */
GError *session_guard_failure(const SessionGuard *guard, const char **server_text);
/* RELAY_ERROR_TLS: the certificates of `ca_file` ("": the system's) cannot be read. */
GError *session_guard_no_authorities(const char *ca_file);
/* Of tls_problem, where the key is none of the account's pins. */
#define SESSION_GUARD_WRONG_PIN "its public key is none of the account's pins"
