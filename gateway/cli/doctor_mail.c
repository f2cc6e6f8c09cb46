/*
 * `sekisho doctor --mail`: one real mail by each of a site's accounts, to an address of the operator's. See relay/trial.h.
 */
#include "doctor_parts.h"
#include "outgoing.h"
#include "sekisho/relay/trial.h"
#include "sekisho/wire/address.h"

static void
say_outcome(Doctor *doctor, const char *recipient, const TrialOutcome *outcome)
{
	if (outcome->is_sent)
		doctor_find(doctor, DOCTOR_FINE, "mail.accepted",
		    g_strdup_printf(
			"the server took a test mail to %s: %u %s", recipient, outcome->reply_code, outcome->server_text),
		    g_strdup("Look into that mailbox, and into its spam folder: taken is not yet delivered."));
	else
		doctor_find(doctor, DOCTOR_WRONG, "mail.refused",
		    outcome->reply_code != 0
			? g_strdup_printf("the test mail to %s was not taken: %s: %u %s", recipient, outcome->failure,
			      outcome->reply_code, outcome->server_text)
			: g_strdup_printf("the test mail to %s was not taken: %s", recipient, outcome->failure),
		    g_strdup("Read what the server says; what stands above of the account says more."));
}

/* One mail by one account. */
static void
send_mail(Doctor *doctor, const TrialMail *mail)
{
	g_autoptr(GError) error = NULL;
	g_auto(TrialOutcome) outcome = {0};
	char *secret = outgoing_secret(doctor->command->config, mail->account, &error);
	TrialMail trial = *mail;
	trial.config = doctor->command->config;
	trial.secret = secret;
	if (secret && trial_send(&trial, &outcome, &error))
		say_outcome(doctor, mail->recipient, &outcome);
	else if (doctor_lacks_right(error->message))
		doctor_skip(doctor, "mail.untried", g_strdup_printf("no test mail was sent: %s", error->message));
	else
		doctor_find(doctor, DOCTOR_WRONG, "mail.untried", g_strdup(error->message), NULL);
	password_free(secret);
}

void
doctor_send_mail(Doctor *doctor, Site *site)
{
	g_autofree char *program = outgoing_program();
	const char *recipient = doctor->options->to ? doctor->options->to : site->facts->admin_address;
	doctor_turn_to(doctor, site->facts->name, "Site %s: a test mail", site->facts->name);
	if (!address_is_mailable(recipient)) {
		doctor_find(doctor, DOCTOR_NOTE, "mail.nobody", g_strdup("no test mail was sent: the site has no admin_address"),
		    g_strdup("Write [site] admin_address, or say --to ADDRESS."));
		return;
	}
	for (guint i = 0; i < site->accounts->len; i++) {
		const Account *account = site->accounts->pdata[i];
		if (site->accounts->len > 1)
			doctor_turn_to(
			    doctor, site->facts->name, "Site %s: a test mail by account %s", site->facts->name, account->name);
		send_mail(doctor, &(TrialMail){.program = program, .site = site, .account = account, .recipient = recipient});
	}
}
