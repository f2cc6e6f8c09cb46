/*
 * The armour around libesmtp: it watches every byte of the dialogue and knows what the library does not tell, or tells too late. See
 * esmtp_guard.c. One guard per session.
 */
#pragma once

#include <glib.h>

typedef struct {
	gboolean is_tls_required;
	gboolean is_auth_required;
	/* Called once, when the first MAIL goes out in a session that may send. */
	void (*opened)(gpointer user_data);
	gpointer user_data;

	/* What was seen. */
	gboolean is_tls_established;
	gboolean is_authenticated;
	gboolean is_out_of_turn;   /* the server spoke unasked before TLS stood: injected replies */
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
} EsmtpGuard;

EsmtpGuard *esmtp_guard_new(void);
void esmtp_guard_free(EsmtpGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsmtpGuard, esmtp_guard_free)

/* libesmtp's monitor callback (`arg` is the guard). It changes `buffer`: capabilities that must not be used are misspelt. */
void esmtp_guard_monitor(const char *buffer, int size, int is_writing, void *arg);
/* TRUE if content may go out: TLS stands and AUTH was accepted where they are required, and nobody spoke out of turn. */
gboolean esmtp_guard_may_send(const EsmtpGuard *guard);
/* Why the session never opened, as an error of RELAY_ERROR (AUTH, TLS, CONNECT), with `*server_text` (borrowed) the server's words, or
 * those about its certificate. */
GError *esmtp_guard_failure(const EsmtpGuard *guard, const char **server_text);
