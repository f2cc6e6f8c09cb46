/*
 * Which senders a mail server takes from an account: the site's bounce address, that address with a tag, and none. Nothing is sent: a sender is tried with MAIL, RCPT and RSET.
 *
 * What the server says to the null sender and to a tag is noted in the ledger. A site with reply_sender = null uses the null sender only where it was seen accepted, and notices have a tag only
 * where one was: a refused one would keep the owner's mail.
 */
#include <string.h>

#include "doctor_parts.h"
#include "sekisho/store/ledger.h"
#include "sekisho/wire/address.h"

/* The senders of one site at one account. */
typedef struct {
	Doctor *doctor;
	ProbeSmtp *probe;
	const Account *account;
	const Site *site;
	const char *recipient; /* NULL: only MAIL is tried */
} Tried;

static void
say_refusal(const Tried *tried, const char *sender, const ProbeReply *reply)
{
	gboolean is_temporary = reply->code / 100 == 4;
	if (reply->is_recipient) {
		doctor_find(tried->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.recipient_refused",
		    g_strdup_printf("sender %s is taken, but %s is refused%s: \"%s\"", sender, tried->recipient,
			is_temporary ? " for now" : "", reply->words),
		    g_strdup(
			"Read what it says: many servers judge the sender only here. If not, correct [site] admin_address or "
			"let the account send to it."));
		return;
	}
	doctor_find(tried->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.sender_refused",
	    g_strdup_printf("the sender %s is refused%s: \"%s\"", sender, is_temporary ? " for now" : "", reply->words),
	    g_strdup(
		"Make a mailbox of that address that the account may send for, or write one it has in [mail] bounce_address."));
}

static gboolean
try_sender(const Tried *tried, const char *sender)
{
	g_auto(ProbeReply) reply = {0};
	if (!probe_smtp_sender(tried->probe, sender, tried->recipient, &reply)) {
		doctor_find(tried->doctor, DOCTOR_WRONG, "smtp.sender_unanswered",
		    g_strdup_printf("the server did not answer when told the sender %s", sender[0] != '\0' ? sender : "<>"),
		    g_strdup("Run the doctor again; if it stays so, ask who runs the server."));
		return FALSE;
	}
	if (reply.code / 100 == 2)
		return TRUE;
	say_refusal(tried, sender, &reply);
	return FALSE;
}

/* The bounce address with a tag, as replies have it, or NULL. The caller's. */
static char *
tagged_address(const Tried *tried)
{
	const SiteFacts *facts = tried->site->facts;
	const char *at = strrchr(facts->bounce_address, '@');
	if (tried->site->reply->bounce_delimiter[0] == '\0' || !at || !command_open_vault(tried->doctor->command, NULL))
		return NULL;
	g_autofree char *tag = vault_tag(tried->doctor->command->vault, facts->name, "DOCTOR0000002");
	g_autofree char *address = g_strdup_printf("%.*s%s%s%s", (int)(at - facts->bounce_address), facts->bounce_address,
	    tried->site->reply->bounce_delimiter, tag, at);
	return address_is_deliverable(address) ? g_steal_pointer(&address) : NULL;
}

/* That sender without a tag, and mail to that recipient from it, were taken. */
static void
say_tagged_refusal(const Tried *tried, const char *tagged, const ProbeReply *reply)
{
	gboolean is_temporary = reply->code / 100 == 4;
	g_autofree char *taken = reply->is_recipient ? g_strdup_printf(" is taken, but then %s is refused", tried->recipient)
						     : g_strdup(" is refused");
	doctor_find(tried->doctor, is_temporary ? DOCTOR_NOTE : DOCTOR_WRONG, "smtp.tagged_refused",
	    g_strdup_printf(
		"the sender with a tag, %s,%s%s: \"%s\"", tagged, taken, is_temporary ? " for now" : "", reply->words),
	    g_strdup_printf("%swrite [mail] bounce_delimiter = none, or the sign that the server cuts at.",
		reply->is_recipient ? "Read what it says: many servers judge the sender only here. If it is the tag, "
		: is_temporary      ? "Run the doctor again; if it stays so, "
				    : "Replies would not leave: "));
}

/* --- What the courier will know -------------------------------------------------------------------------------------------------- */

typedef gboolean (*NoteSender)(Db *ledger, const char *account, gboolean is_accepted, GError **error);

/* Noted for the courier, where root lets us. "Later" says nothing about the sender. */
static void
note_sender(const Tried *tried, NoteSender note, const char *key, const ProbeReply *reply)
{
	Command *command = tried->doctor->command;
	g_autoptr(GError) error = NULL;
	gboolean is_accepted = reply->code / 100 == 2;
	if ((!is_accepted && reply->code / 100 != 5) || doctor_lacks_right_to(command->config->courier_directory, "ledger.db"))
		return;
	if (command_open_ledger(command, &error) && note(command->ledger, key, is_accepted, &error))
		return;
	doctor_find(tried->doctor, DOCTOR_NOTE, "smtp.sender_unnoted",
	    g_strdup_printf("what it says to this sender could not be noted: %s", error->message), NULL);
}

static void
try_tagged(const Tried *tried)
{
	g_auto(ProbeReply) reply = {0};
	g_autofree char *tagged = tagged_address(tried);
	g_autofree char *key = account_tagged_key(tried->account, tried->site);
	if (!tagged || !probe_smtp_sender(tried->probe, tagged, tried->recipient, &reply))
		return;
	note_sender(tried, ledger_note_tagged_sender, key, &reply);
	if (reply.code / 100 == 2)
		doctor_find(tried->doctor, DOCTOR_FINE, "smtp.tagged",
		    g_strdup("it takes that sender with a tag, as replies have it, and from now on notices"), NULL);
	else
		say_tagged_refusal(tried, tagged, &reply);
}

static void
try_null_sender(const Tried *tried)
{
	g_auto(ProbeReply) reply = {0};
	g_autofree char *key = account_key(tried->account);
	if (!probe_smtp_sender(tried->probe, "", tried->recipient, &reply))
		return;
	gboolean is_accepted = reply.code / 100 == 2;
	note_sender(tried, ledger_note_null_sender, key, &reply);
	doctor_find(tried->doctor, is_accepted ? DOCTOR_FINE : DOCTOR_NOTE,
	    is_accepted ? "smtp.null_sender" : "smtp.null_sender_refused",
	    is_accepted ? g_strdup("it takes the null sender <> too, which reply_sender = null would use")
			: g_strdup_printf("the null sender <> is refused: \"%s\"", reply.words),
	    is_accepted ? NULL : g_strdup("Nothing need be done: replies have the bounce address as sender."));
}

void
doctor_examine_senders(Doctor *doctor, ProbeSmtp *probe, const Account *account, const Site *site)
{
	const char *admin = address_is_deliverable(site->facts->admin_address) ? site->facts->admin_address : NULL;
	const Tried tried = {.doctor = doctor, .probe = probe, .account = account, .site = site, .recipient = admin};
	if (!try_sender(&tried, site->facts->bounce_address))
		return;
	doctor_find(doctor, DOCTOR_FINE, "smtp.sender",
	    g_strdup_printf("it takes %s as sender (of %s)%s%s", site->facts->bounce_address, site->facts->name,
		admin ? " for mail to " : "", admin ? admin : ""),
	    NULL);
	try_tagged(&tried);
	try_null_sender(&tried);
}
