/*
 * Mail accounts as their servers see them: name, connection, encryption, certificate, public key, login, and whether the senders of each site that uses the account are taken
 * (doctor_sender.c). Nothing is sent.
 *
 * All accounts of a site are looked at, because nobody notices a fallback that is broken before it is needed. Sites that share an account share one connection.
 */
#include <string.h>
#include <unistd.h>

#include "doctor_parts.h"
#include "outgoing.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"

/* A certificate is renewed a month before its end where that is automatic; two weeks before it, it was not. */
#define DAYS_LEFT_FEW 14

/* An account while it is looked at, and the sites that use it. */
typedef struct {
	Doctor *doctor;
	const Account *account;
	GPtrArray *sites; /* Site *; none: it only mails alarms */
} Examined;

/* Why the connection does not stand: one row for each state but PROBE_FINE, and before it one for accounts with a token where that makes a difference. %s is the host in `what`. */
static const struct {
	ProbeState state;
	gboolean is_of_token;
	const char *code;
	const char *what;
	const char *advice;
} failures[] = {
    {PROBE_NO_NAME, FALSE, "smtp.no_name", "the name %s does not resolve",
	"Correct [account] host, or the machine's name servers (/etc/resolv.conf)."},
    {PROBE_NO_ANSWER, FALSE, "smtp.no_answer", "nobody answers at %s",
	"Correct host and port; ask the hoster of this machine whether it lets ports 587 and 465 out (many close 25)."},
    {PROBE_SILENCE, FALSE, "smtp.silence", "%s takes the connection and then says nothing",
	"A firewall or a server that is not there yet: try later, then ask who runs the server. On port 465 write security = "
	"tls, on 587 starttls."},
    {PROBE_REFUSED, FALSE, "smtp.refused", "%s does not talk to this machine",
	"Read what it says: the port may be another service's, or this machine's address may be on a block list."},
    {PROBE_NO_TLS, FALSE, "smtp.no_tls", "%s offers no STARTTLS",
	"Use the port for submission, 587, or 465 with security = tls; a password is never sent in clear."},
    {PROBE_NO_TRUST, FALSE, "smtp.no_trust", "the certificate of %s is signed by nobody this machine trusts",
	"Install ca-certificates; for an authority of your own name its file in [account] ca_file."},
    {PROBE_WRONG_NAME, FALSE, "smtp.wrong_name", "the certificate is not made for %s",
	"Write as [account] host the name that the server's certificate has; the provider's guide names it."},
    {PROBE_WRONG_TIME, FALSE, "smtp.wrong_time", "the certificate of %s has expired or is not valid yet",
	"Who runs the server must renew it. If this machine's clock is wrong, set it."},
    {PROBE_TLS_FAILED, FALSE, "smtp.tls_failed", "no encryption comes about with %s",
	"The server must offer TLS 1.2 with a cipher that OpenSSL takes; ask who runs it. With security = tls the port must be "
	"one that encrypts from the first byte: 465."},
    {PROBE_NO_AUTHORITY, FALSE, "smtp.no_authority", "the certificates of ca_file cannot be read, so %s cannot be trusted",
	"Correct [account] ca_file: a file in PEM form."},
    {PROBE_WRONG_PIN, FALSE, "smtp.wrong_pin", "the certificate of %s is trusted, but its public key is none of [account] pins",
	"Ask who runs the server whether it has a new key. Only if so, add it to pins; else somebody may stand between."},
    {PROBE_NO_LOGIN, TRUE, "smtp.no_login", "%s offers no login by XOAUTH2 on this port",
	"Use the port for submission, 587 or 465, and allow SMTP with OAuth at the provider; or write login = password."},
    {PROBE_LOGIN_REFUSED, TRUE, "smtp.login_refused", "%s does not take user and token",
	"The token must be of this very mailbox, not expired, and made for SMTP (Microsoft: SMTP.Send, of an "
	"application SMTP.SendAsApp; Google: https://mail.google.com/); SMTP must be switched on for the mailbox."},
    {PROBE_NO_LOGIN, FALSE, "smtp.no_login", "%s offers no login by PLAIN or LOGIN on this port",
	"Use the port for submission, 587, and allow passwords for SMTP at the provider."},
    {PROBE_LOGIN_REFUSED, FALSE, "smtp.login_refused", "%s does not take user and password",
	"Correct user and password_file; some providers want an application password, or SMTP switched on for the mailbox."},
};

static char *
with_words(char *sentence, const ProbeSmtpFacts *facts)
{
	g_autofree char *begin = sentence;
	/* Only a refusal, or another protocol's words, are worth repeating: before them the server was polite. XOAUTH2's refusal begins with 334. */
	gboolean is_polite = facts->words[0] == '2' || facts->words[0] == '3';
	gboolean is_refusal = facts->words[0] != '\0' && (!is_polite || facts->state == PROBE_LOGIN_REFUSED);
	if (facts->state == PROBE_WRONG_PIN)
		return g_strdup_printf("%s: it is %s", begin, facts->pin);
	if (is_refusal)
		return g_strdup_printf("%s: \"%s\"", begin, facts->words);
	return facts->problem[0] != '\0' ? g_strdup_printf("%s (%s)", begin, facts->problem) : g_strdup(begin);
}

static void
say_failure(Examined *examined, const ProbeSmtpFacts *facts)
{
	for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
		if (failures[i].state != facts->state || (failures[i].is_of_token && examined->account->login != ACCOUNT_XOAUTH2))
			continue;
		g_auto(GStrv) parts = g_strsplit(failures[i].what, "%s", 2);
		char *what = g_strjoinv(examined->account->host, parts);
		doctor_find(
		    examined->doctor, DOCTOR_WRONG, failures[i].code, with_words(what, facts), g_strdup(failures[i].advice));
		return;
	}
	g_assert_not_reached();
}

static void
say_certificate(Examined *examined, const ProbeSmtpFacts *facts)
{
	gint64 days = (facts->valid_until_us - clock_now_us()) / (G_TIME_SPAN_DAY);
	g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(facts->valid_until_us / G_USEC_PER_SEC);
	g_autofree char *date = end ? g_date_time_format(end, "%Y-%m-%d") : g_strdup("?");
	gboolean is_soon = days < DAYS_LEFT_FEW;
	doctor_find(examined->doctor, is_soon ? DOCTOR_NOTE : DOCTOR_FINE, is_soon ? "smtp.certificate_ends" : "smtp.certificate",
	    g_strdup_printf("its certificate is made for this name and valid until %s%s", date, is_soon ? ", which is soon" : ""),
	    is_soon ? g_strdup("Who runs the server should renew it: once it has ended, mails wait.") : NULL);
	if (facts->pin[0] != '\0')
		doctor_find(examined->doctor, DOCTOR_FINE, "smtp.pin",
		    g_strdup_printf(
			"its public key%s is %s", examined->account->pins[0] != '\0' ? ", one of pins," : "", facts->pin),
		    NULL);
}

static void
say_login(Examined *examined)
{
	const Account *account = examined->account;
	if (account->user[0] != '\0')
		doctor_find(examined->doctor, DOCTOR_FINE, "smtp.login",
		    g_strdup_printf(
			"it takes user %s and the %s", account->user, account->login == ACCOUNT_XOAUTH2 ? "token" : "password"),
		    NULL);
	else if (account->security != ACCOUNT_PLAIN_LOOPBACK)
		doctor_find(examined->doctor, DOCTOR_NOTE, "smtp.no_user", g_strdup("the account has no user, so nobody logs in"),
		    g_strdup(
			"Most servers take mail for others from logged-in users only; write [account] user and password_file."));
}

/* How far the account came, step by step. */
static void
say_connection(Examined *examined, const ProbeSmtpFacts *facts)
{
	static const char *const ways[] = {
	    [ACCOUNT_STARTTLS] = ", encrypted by STARTTLS",
	    [ACCOUNT_TLS] = ", encrypted from the first byte",
	    [ACCOUNT_PLAIN_LOOPBACK] = ", in clear on this machine",
	};
	const Account *account = examined->account;
	if (facts->state != PROBE_FINE) {
		say_failure(examined, facts);
		return;
	}
	doctor_find(examined->doctor, DOCTOR_FINE, "smtp.connected",
	    g_strdup_printf(
		"%s port %u answers (%s)%s", account->host, (guint)account->port, facts->address, ways[account->security]),
	    NULL);
	if (facts->valid_until_us > 0)
		say_certificate(examined, facts);
	say_login(examined);
}

/* --- Accounts ----------------------------------------------------------------------------------------------------------------- */

/* The caller's. */
static char *
token_advice(const Examined *examined)
{
	const Account *account = examined->account;
	if (account->token_command[0] == '\0')
		return g_strdup("Mend what writes [account] token_file: the courier's user must find one line there, the token.");
	return g_strdup_printf("Try `runuser -u %s -- %s` as root, and mend it until it prints one line, the token.",
	    examined->doctor->command->config->courier_user, account->token_command);
}

static void
say_no_secret(Examined *examined, const GError *failure)
{
	const gboolean is_token = examined->account->login == ACCOUNT_XOAUTH2;
	/* Whoever is not root is not the courier, and a program may fail because of that. */
	if (doctor_lacks_right(failure->message) || (failure->domain == RELAY_ERROR && geteuid() != 0))
		doctor_skip(examined->doctor, "smtp.untried", g_strdup_printf("the account was not tried: %s", failure->message));
	else if (is_token)
		doctor_find(examined->doctor, DOCTOR_WRONG, "smtp.no_token", g_strdup(failure->message), token_advice(examined));
	else
		doctor_find(examined->doctor, DOCTOR_WRONG, "smtp.no_password", g_strdup(failure->message),
		    g_strdup("Write the password, one line, into [account] password_file, and run the doctor as root."));
}

static void
examine_account(Examined *examined)
{
	const Account *account = examined->account;
	const GPtrArray *sites = examined->sites;
	g_autoptr(GError) error = NULL;
	doctor_turn_to(examined->doctor, sites->len == 1 ? ((const Site *)sites->pdata[0])->facts->name : "", "Mail account %s",
	    account->name);
	char *secret = outgoing_secret(examined->doctor->command->config, account, &error);
	if (!secret) {
		say_no_secret(examined, error);
		return;
	}
	g_autoptr(ProbeSmtp) probe = probe_smtp_new(account, secret);
	password_free(secret);
	say_connection(examined, probe_smtp_facts(probe));
	for (guint i = 0; i < sites->len && probe_smtp_facts(probe)->state == PROBE_FINE; i++)
		doctor_examine_senders(examined->doctor, probe, account, sites->pdata[i]);
}

static void
examined_free(Examined *examined)
{
	g_ptr_array_unref(examined->sites);
	g_free(examined);
}

/* The row of `list` (Examined *) for that account, made if there is none. */
static Examined *
row_of(Doctor *doctor, GPtrArray *list, const Account *account)
{
	g_autofree char *identity = account_identity(account);
	for (guint i = 0; i < list->len; i++) {
		g_autofree char *known = account_identity(((const Examined *)list->pdata[i])->account);
		if (g_str_equal(known, identity))
			return list->pdata[i];
	}
	Examined *examined = g_new0(Examined, 1);
	examined->doctor = doctor;
	examined->account = account;
	examined->sites = g_ptr_array_new_with_free_func((GDestroyNotify)site_unref);
	g_ptr_array_add(list, examined);
	return examined;
}

void
doctor_examine_accounts(Doctor *doctor)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)examined_free);
	for (guint i = 0; i < doctor->sites->len; i++) {
		g_autoptr(Site) site = config_site(doctor->command->config, doctor->sites->pdata[i], NULL);
		for (guint k = 0; site && k < site->accounts->len; k++)
			g_ptr_array_add(row_of(doctor, list, site->accounts->pdata[k])->sites, site_ref(site));
	}
	if (doctor->command->config->alarm_account)
		(void)row_of(doctor, list, doctor->command->config->alarm_account);
	for (guint i = 0; i < list->len; i++)
		examine_account(list->pdata[i]);
}
