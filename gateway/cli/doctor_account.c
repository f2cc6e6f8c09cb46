/*
 * Mail accounts as their servers see them: name, connection, encryption, certificate, login, and whether the senders of each site that uses the account are taken. Nothing
 * is sent: a sender is tried with MAIL, RCPT and RSET.
 *
 * Sites that share an account share one connection. What the server says to the null sender is noted in the ledger, because a site with reply_sender = null uses it
 * only where it was seen accepted.
 */
#include <string.h>

#include "doctor_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/store/ledger.h"
#include "sekisho/wire/address.h"

/* A certificate is renewed a month before its end where that is automatic; two weeks before it, it was not. */
#define DAYS_LEFT_FEW 14

/* An account while it is looked at, and the sites that use it. */
typedef struct {
	Doctor *doctor;
	const Account *account;
	GPtrArray *sites; /* Site * */
	ProbeSmtp *probe;
} Examined;

/* Why the connection does not stand: one row for each state but PROBE_FINE. %s is the host in `what`. */
static const struct {
	ProbeState state;
	const char *code;
	const char *what;
	const char *advice;
} failures[] = {
    {PROBE_NO_NAME, "smtp.no_name", "the name %s does not resolve",
	"Correct [account] host, or the machine's name servers (/etc/resolv.conf)."},
    {PROBE_NO_ANSWER, "smtp.no_answer", "nobody answers at %s",
	"Correct host and port; ask the hoster of this machine whether it lets port 587 out (many close 25)."},
    {PROBE_SILENCE, "smtp.silence", "%s takes the connection and then says nothing",
	"A firewall or a server that is not there yet: try later, then ask who runs the server."},
    {PROBE_REFUSED, "smtp.refused", "%s does not talk to this machine",
	"Read what it says: the port may be another service's, or this machine's address may be on a block list."},
    {PROBE_NO_TLS, "smtp.no_tls", "%s offers no STARTTLS",
	"Use the port for submission, 587; a password is never sent in clear."},
    {PROBE_NO_TRUST, "smtp.no_trust", "the certificate of %s is signed by nobody this machine trusts",
	"Install ca-certificates; for an authority of your own name its file in [account] ca_file."},
    {PROBE_WRONG_NAME, "smtp.wrong_name", "the certificate is not made for %s",
	"Write as [account] host the name that the server's certificate has; the provider's guide names it."},
    {PROBE_WRONG_TIME, "smtp.wrong_time", "the certificate of %s has expired or is not valid yet",
	"Who runs the server must renew it. If this machine's clock is wrong, set it."},
    {PROBE_TLS_FAILED, "smtp.tls_failed", "no encryption comes about with %s",
	"The server must offer TLS 1.2 with a cipher that OpenSSL takes; ask who runs it."},
    {PROBE_NO_AUTHORITY, "smtp.no_authority", "the certificates of ca_file cannot be read, so %s cannot be trusted",
	"Correct [account] ca_file: a file in PEM form."},
    {PROBE_NO_LOGIN, "smtp.no_login", "%s offers no login by PLAIN or LOGIN on this port",
	"Use the port for submission, 587, and allow passwords for SMTP at the provider."},
    {PROBE_LOGIN_REFUSED, "smtp.login_refused", "%s does not take user and password",
	"Correct user and password_file; some providers want an application password, or SMTP switched on for the mailbox."},
};

static char *
with_words(char *sentence, const ProbeSmtpFacts *facts)
{
	g_autofree char *begin = sentence;
	/* Only a refusal, or another protocol's words, are worth repeating: before them the server was polite. */
	gboolean is_refusal = facts->words[0] != '\0' && facts->words[0] != '2' && facts->words[0] != '3';
	if (is_refusal)
		return g_strdup_printf("%s: \"%s\"", begin, facts->words);
	return facts->problem[0] != '\0' ? g_strdup_printf("%s (%s)", begin, facts->problem) : g_strdup(begin);
}

static void
say_failure(Examined *examined, const ProbeSmtpFacts *facts)
{
	for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
		if (failures[i].state != facts->state)
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
}

/* How far the account came, step by step. */
static void
say_connection(Examined *examined, const ProbeSmtpFacts *facts)
{
	const Account *account = examined->account;
	if (facts->state != PROBE_FINE) {
		say_failure(examined, facts);
		return;
	}
	doctor_find(examined->doctor, DOCTOR_FINE, "smtp.connected",
	    g_strdup_printf("%s port %u answers (%s)%s", account->host, (guint)account->port, facts->address,
		account->security == ACCOUNT_STARTTLS ? ", encrypted by STARTTLS" : ", in clear on this machine"),
	    NULL);
	if (facts->valid_until_us > 0)
		say_certificate(examined, facts);
	if (account->user[0] != '\0')
		doctor_find(examined->doctor, DOCTOR_FINE, "smtp.login",
		    g_strdup_printf("it takes user %s and the password", account->user), NULL);
	else if (account->security == ACCOUNT_STARTTLS)
		doctor_find(examined->doctor, DOCTOR_NOTE, "smtp.no_user", g_strdup("the account has no user, so nobody logs in"),
		    g_strdup(
			"Most servers take mail for others from logged-in users only; write [account] user and password_file."));
}

/* --- Senders ------------------------------------------------------------------------------------------------------------------ */

static void
say_refusal(Examined *examined, const char *sender, const char *recipient, const ProbeReply *reply)
{
	gboolean is_temporary = reply->code / 100 == 4;
	if (reply->is_recipient) {
		doctor_find(examined->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.recipient_refused",
		    g_strdup_printf("sender %s is taken, but %s is refused%s: \"%s\"", sender, recipient,
			is_temporary ? " for now" : "", reply->words),
		    g_strdup(
			"Read what it says: many servers judge the sender only here. If not, correct [site] admin_address or "
			"let the account send to it."));
		return;
	}
	doctor_find(examined->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.sender_refused",
	    g_strdup_printf("the sender %s is refused%s: \"%s\"", sender, is_temporary ? " for now" : "", reply->words),
	    g_strdup(
		"Make a mailbox of that address that the account may send for, or write one it has in [mail] bounce_address."));
}

static gboolean
try_sender(Examined *examined, const char *sender, const char *recipient)
{
	g_auto(ProbeReply) reply = {0};
	if (!probe_smtp_sender(examined->probe, sender, recipient, &reply)) {
		doctor_find(examined->doctor, DOCTOR_WRONG, "smtp.sender_unanswered",
		    g_strdup_printf("the server did not answer when told the sender %s", sender[0] != '\0' ? sender : "<>"),
		    g_strdup("Run the doctor again; if it stays so, ask who runs the server."));
		return FALSE;
	}
	if (reply.code / 100 == 2)
		return TRUE;
	say_refusal(examined, sender, recipient, &reply);
	return FALSE;
}

/* The bounce address with a tag, as replies have it, or NULL. The caller's. */
static char *
tagged_address(Examined *examined, const Site *site)
{
	const char *at = strrchr(site->facts->bounce_address, '@');
	if (site->reply->bounce_delimiter[0] == '\0' || !at || !command_open_vault(examined->doctor->command, NULL))
		return NULL;
	g_autofree char *tag = vault_tag(examined->doctor->command->vault, site->facts->name, "DOCTOR0000002");
	g_autofree char *address = g_strdup_printf("%.*s%s%s%s", (int)(at - site->facts->bounce_address),
	    site->facts->bounce_address, site->reply->bounce_delimiter, tag, at);
	return address_is_deliverable(address) ? g_steal_pointer(&address) : NULL;
}

/* That sender without a tag, and mail to that recipient from it, were taken. */
static void
say_tagged_refusal(Examined *examined, const char *tagged, const char *recipient, const ProbeReply *reply)
{
	gboolean is_temporary = reply->code / 100 == 4;
	g_autofree char *taken =
	    reply->is_recipient ? g_strdup_printf(" is taken, but then %s is refused", recipient) : g_strdup(" is refused");
	doctor_find(examined->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.tagged_refused",
	    g_strdup_printf(
		"the sender with a tag, %s,%s%s: \"%s\"", tagged, taken, is_temporary ? " for now" : "", reply->words),
	    g_strdup_printf("%swrite [mail] bounce_delimiter = none, or the sign that the server cuts at.",
		reply->is_recipient ? "Read what it says: many servers judge the sender only here. If it is the tag, "
		: is_temporary      ? "Run the doctor again; if it stays so, "
				    : "Replies would not leave: "));
}

static void
try_tagged(Examined *examined, const Site *site, const char *recipient)
{
	g_auto(ProbeReply) reply = {0};
	g_autofree char *tagged = tagged_address(examined, site);
	if (!tagged || !probe_smtp_sender(examined->probe, tagged, recipient, &reply))
		return;
	if (reply.code / 100 == 2) {
		doctor_find(examined->doctor, DOCTOR_FINE, "smtp.tagged",
		    g_strdup("it takes that sender with a tag, as replies have it"), NULL);
		return;
	}
	say_tagged_refusal(examined, tagged, recipient, &reply);
}

/* Noted for the courier, where root lets us. */
static void
note_null_sender(Examined *examined, gboolean is_accepted)
{
	Command *command = examined->doctor->command;
	g_autoptr(GError) error = NULL;
	g_autofree char *key = account_key(examined->account);
	if (doctor_lacks_right_to(command->config->courier_directory, "ledger.db"))
		return;
	if (command_open_ledger(command, &error) && ledger_note_null_sender(command->ledger, key, is_accepted, &error))
		return;
	doctor_find(examined->doctor, DOCTOR_NOTE, "smtp.null_sender_unnoted",
	    g_strdup_printf("what it says to <> could not be noted: %s", error->message), NULL);
}

static void
try_null_sender(Examined *examined, const char *recipient)
{
	g_auto(ProbeReply) reply = {0};
	if (!probe_smtp_sender(examined->probe, "", recipient, &reply))
		return;
	gboolean is_accepted = reply.code / 100 == 2;
	/* "Later" says nothing about the sender. */
	if (is_accepted || reply.code / 100 == 5)
		note_null_sender(examined, is_accepted);
	doctor_find(examined->doctor, is_accepted ? DOCTOR_FINE : DOCTOR_NOTE,
	    is_accepted ? "smtp.null_sender" : "smtp.null_sender_refused",
	    is_accepted ? g_strdup("it takes the null sender <> too, which reply_sender = null would use")
			: g_strdup_printf("the null sender <> is refused: \"%s\"", reply.words),
	    is_accepted ? NULL : g_strdup("Nothing need be done: replies have the bounce address as sender."));
}

static void
try_senders(Examined *examined, const Site *site)
{
	const char *recipient = address_is_deliverable(site->facts->admin_address) ? site->facts->admin_address : NULL;
	if (!try_sender(examined, site->facts->bounce_address, recipient))
		return;
	doctor_find(examined->doctor, DOCTOR_FINE, "smtp.sender",
	    g_strdup_printf("it takes %s as sender (of %s)%s%s", site->facts->bounce_address, site->facts->name,
		recipient ? " for mail to " : "", recipient ? recipient : ""),
	    NULL);
	try_tagged(examined, site, recipient);
	try_null_sender(examined, recipient);
}

/* --- Accounts ----------------------------------------------------------------------------------------------------------------- */

static void
examine_account(Examined *examined)
{
	const Account *account = examined->account;
	g_autoptr(GError) error = NULL;
	doctor_turn_to(examined->doctor, examined->sites->len == 1 ? ((const Site *)examined->sites->pdata[0])->facts->name : "",
	    "Mail account %s", account->name);
	char *password = account_password(account, &error);
	if (!password && doctor_lacks_right(error->message)) {
		doctor_skip(examined->doctor, "smtp.untried", g_strdup_printf("the account was not tried: %s", error->message));
		return;
	}
	if (!password) {
		doctor_find(examined->doctor, DOCTOR_WRONG, "smtp.no_password", g_strdup(error->message),
		    g_strdup("Write the password, one line, into [account] password_file, and run the doctor as root."));
		return;
	}
	examined->probe = probe_smtp_new(account, password);
	password_free(password);
	say_connection(examined, probe_smtp_facts(examined->probe));
	for (guint i = 0; i < examined->sites->len && probe_smtp_facts(examined->probe)->state == PROBE_FINE; i++)
		try_senders(examined, examined->sites->pdata[i]);
	probe_smtp_free(examined->probe);
}

static void
examined_free(Examined *examined)
{
	g_ptr_array_unref(examined->sites);
	g_free(examined);
}

void
doctor_examine_accounts(Doctor *doctor)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)examined_free);
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < doctor->sites->len; i++) {
		g_autoptr(Site) site = config_site(doctor->command->config, doctor->sites->pdata[i], NULL);
		if (!site)
			continue;
		g_autofree char *key = account_identity(site->account);
		Examined *examined = g_hash_table_lookup(known, key);
		if (!examined) {
			examined = g_new0(Examined, 1);
			examined->doctor = doctor;
			examined->account = site->account;
			examined->sites = g_ptr_array_new_with_free_func((GDestroyNotify)site_unref);
			g_ptr_array_add(list, examined);
			g_hash_table_insert(known, g_steal_pointer(&key), examined);
		}
		g_ptr_array_add(examined->sites, site_ref(site));
	}
	for (guint i = 0; i < list->len; i++)
		examine_account(list->pdata[i]);
}
