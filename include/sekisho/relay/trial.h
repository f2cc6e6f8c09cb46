/*
 * A test mail, or another mail of the operator's command (a report): one mail, sent by one of a site's accounts through the session that its forms' mails use, and followed to the server's last
 * word. It passes neither queue nor ledger. For the operator's command alone.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/letter.h"

typedef struct {
	const char *program;   /* path of sekishod */
	const Config *config;  /* whose courier_user the session becomes: what a server says is not read as root */
	const Site *site;
	const Account *account; /* one of the site's */
	const char *secret;    /* what it logs in with: password or token */
	const char *recipient; /* address_is_mailable */
	Letter *letter;        /* without envelope recipients; NULL: a test mail. It gets `recipient` for its only one */
} TrialMail;

typedef struct {
	gboolean is_sent;      /* the server said 2xx to the mail */
	guint reply_code;      /* 0 if the server said nothing */
	char *server_text;     /* its words, escaped, at most LIMIT_SERVER_TEXT_BYTES; "" */
	char *failure;         /* why it was not sent, as a sentence; "" */
} TrialOutcome;
void trial_outcome_clear(TrialOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TrialOutcome, trial_outcome_clear)

/* Waits for the end, twice LIMIT_SESSION_CONNECT_MS at most. FALSE if nothing could be tried: RELAY_ERROR_LOST without a session. */
gboolean trial_send(const TrialMail *mail, TrialOutcome *outcome, GError **error);
