/*
 * Test mails. One session (relay/worker.c) with one letter, waited for; no state is left.
 */
#include "sekisho/relay/trial.h"

#include <poll.h>

#include "letter_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/vault.h"
#include "worker.h"

/* The one delivery of the one letter. */
#define DELIVERY 1

void
trial_outcome_clear(TrialOutcome *outcome)
{
	g_free(outcome->server_text);
	g_free(outcome->failure);
	*outcome = (TrialOutcome){0};
}

static void
note_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	TrialOutcome *outcome = user_data;

	(void)delivery_id;
	outcome->is_sent = failure == NULL;
	outcome->reply_code = reply_code;
	text_set(&outcome->server_text, server_text);
	text_set(&outcome->failure, failure == NULL ? "" : failure->message);
}

static void
note_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	note_outcome(DELIVERY, failure, 0, server_text, user_data);
}

static Letter *
make_letter(const TrialMail *mail)
{
	const SiteFacts *facts = mail->site->facts;
	Letter *letter = letter_empty();
	g_autofree char *unique = vault_receipt();

	letter->message_id = g_strdup_printf("doctor.%s@%s", unique, facts->name);
	letter->date_us = clock_now_us();
	letter->envelope_sender = g_strdup(facts->bounce_address);
	letter->from = mailbox_parse(facts->from, NULL);
	letter->subject = g_strdup_printf("sekisho doctor: test mail of %s", facts->name);
	letter->text = g_strdup_printf("This is a test mail. `sekisho doctor --mail` sent it by the account %s.\n"
				       "If it lies in the spam folder, read what the doctor says of SPF, DKIM and DMARC.\n",
	    mail->account->name);
	letter_add_mailbox(letter->to, "", mail->recipient);
	return letter;
}

/* The session ends itself, or is killed at its deadline. */
static void
follow(Worker *worker)
{
	while (!worker_step(worker)) {
		struct pollfd descriptors[WORKER_DESCRIPTORS];
		gint64 left_ms = (worker_deadline_us(worker) - g_get_monotonic_time()) / 1000;

		worker_descriptors(worker, descriptors);
		(void)poll(descriptors, WORKER_DESCRIPTORS, (int)CLAMP(left_ms, 1, 1000));
	}
}

static Worker *
start(const TrialMail *mail, TrialOutcome *outcome, GError **error)
{
	g_autoptr(Letter) test = mail->letter == NULL ? make_letter(mail) : NULL;
	Letter *letter = mail->letter == NULL ? test : mail->letter;
	g_autoptr(GPtrArray) letters = g_ptr_array_new();
	const PrivilegeIdentity identity = {.user = mail->config->courier_user, .shared_group = mail->config->group};
	const WorkerSettings settings = {.program = mail->program,
	    .identity = &identity,
	    .connect_ms = LIMIT_SESSION_CONNECT_MS,
	    .life_ms = 2 * LIMIT_SESSION_CONNECT_MS};
	/* The secret is here already, and the session need not ask for it. */
	Account account = *mail->account;
	account.token_command = (char *)"";
	const TransportJob job = {.account = &account, .secret = mail->secret, .letters = letters};
	const TransportReport report = {.outcome = note_outcome, .account_failed = note_account_failed, .user_data = outcome};

	g_ptr_array_set_size(letter->recipients, 0);
	letter_add_recipient(letter, DELIVERY, mail->recipient);
	g_ptr_array_add(letters, letter);
	return worker_start(&settings, &job, &report, error);
}

gboolean
trial_send(const TrialMail *mail, TrialOutcome *outcome, GError **error)
{
	*outcome = (TrialOutcome){.server_text = g_strdup(""), .failure = g_strdup("the session ended and said nothing")};
	g_autoptr(Worker) worker = start(mail, outcome, error);
	if (worker == NULL)
		return FALSE;
	follow(worker);
	if (!outcome->is_sent && outcome->reply_code == 0 && worker_trouble(worker) != NULL)
		text_set(&outcome->failure, worker_trouble(worker));
	return TRUE;
}
