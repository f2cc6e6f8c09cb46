/*
 * A transport carries letters over one authenticated, encrypted session with one account's server. It runs in a session
 * process (relay/session.h) that holds nothing but these letters and this account, and may crash or hang: the courier sees to the deadline.
 *
 * Outcomes are reported as they happen, one per recipient. delivered = the server took the recipient AND the message (libraries
 * 2.2); permanent = 5xx to MAIL, RCPT or the message in a session that was authenticated where that is required; everything else is temporary. A
 * wrong password, TLS or name is the account's failure: it defers the mails and is reported once.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/letter.h"

typedef struct {
	const Account *account;
	const char *password;
	const GPtrArray *letters;   /* Letter * */
} TransportJob;

typedef struct {
	/* `failure` NULL: the server said 2xx to this recipient's message. `reply_code` 0 and `server_text` "" if the server said nothing. */
	void (*outcome)(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data);
	/* RELAY_ERROR_AUTH, _TLS, _CONNECT: the whole session failed. The letters that have no outcome yet are deferred by the courier. */
	void (*account_failed)(const GError *failure, const char *server_text, gpointer user_data);
	/* TLS and AUTH stand where they are required, and the first mail begins. May be NULL. */
	void (*opened)(gpointer user_data);
	gpointer user_data;
} TransportReport;

/* Runs the session to its end. Once per process, which should be there for nothing else: it ignores SIGPIPE and sets XDG_CONFIG_DIR. Blocks
 * as long as the server pleases; the caller sees to the deadline. */
void transport_esmtp_run(const TransportJob *job, const TransportReport *report);
