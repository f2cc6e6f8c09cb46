/*
 * A transport carries letters over one authenticated, encrypted session with one account's server. It runs in a session
 * process (relay/session.h) that holds nothing but these letters and this account, and may crash or hang: the courier sees to the deadline.
 *
 * Two of them, libcurl's SMTP and libesmtp in armour, keep the same promises and pass the same table of faults (tests/fault). Both verify chain, name and pins, and send nothing in
 * clear but to loopback where the account says so.
 *
 * Outcomes are reported as they happen, one per recipient. delivered = the server took the recipient AND the message; a refusal means what relay/reply.h says, in a session that was
 * authenticated where that is required; a recipient without a clear answer gets no outcome. A wrong password, token, TLS or name is the account's failure: it defers the mails
 * and is reported once.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/letter.h"

typedef struct {
	const Account *account;
	const char *secret;         /* account_secret, or what token_command gave */
	const GPtrArray *letters;   /* Letter * */
} TransportJob;

typedef struct {
	/* `failure` NULL: the server said 2xx to this recipient's message. `reply_code` 0 and `server_text` "" if the server said nothing; `server_text` begins with the
	 * enhanced status code if there was one. */
	void (*outcome)(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data);
	/* RELAY_ERROR_AUTH, _TLS, _CONNECT: the whole session failed. The letters that have no outcome yet are deferred by the courier. */
	void (*account_failed)(const GError *failure, const char *server_text, gpointer user_data);
	/* TLS and AUTH stand where they are required, and the first mail begins. May be NULL. */
	void (*opened)(gpointer user_data);
	gpointer user_data;
} TransportReport;

/* Runs the session to its end, by the account's transport; ACCOUNT_AUTO is libcurl's, which can all of it: libesmtp can neither TLS from the first byte nor XOAUTH2 nor SMTPUTF8. Once per process, which should be there for nothing else: it ignores
 * SIGPIPE and changes the environment. Blocks as long as the server pleases; the caller sees to the deadline. */
void transport_run(const TransportJob *job, const TransportReport *report);
