/*
 * One site without its web server: its forms, what the DNS says of the domain it sends from, whether its fuse holds, and mails that wait or were given up.
 */
#include <string.h>

#include "deliveries.h"
#include "doctor_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/sender_domain.h"
#include "sekisho/relay/automatic.h"
#include "sekisho/store/ledger.h"
#include "sekisho/store/outbox.h"
#include "sekisho/wire/address.h"

/* --- Forms -------------------------------------------------------------------------------------------------------------------- */

static void
say_problem(Doctor *doctor, const char *problem)
{
	gboolean is_warning = g_str_has_prefix(problem, "warning: ");
	/* What form_new says of a template that would put a visitor's address into From: names the key. */
	gboolean is_sender = strstr(problem, "] sender: ") != NULL;
	const char *code = is_sender ? "site.visitor_sender" : is_warning ? "site.warning" : "site.configuration";
	if (doctor_lacks_right(problem)) {
		doctor_skip(doctor, "forms.untried", g_strdup_printf("not tried: %s", problem));
		return;
	}
	doctor_find(doctor, is_warning ? DOCTOR_NOTE : DOCTOR_WRONG, code,
	    g_strdup(is_warning ? problem + strlen("warning: ") : problem), NULL);
}

static void
examine_forms(Doctor *doctor, Site *site)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) ids = site_form_ids(site);
	g_autoptr(Mailbox) mailbox = mailbox_parse(site->facts->from, NULL);
	config_check_site(doctor->command->config, site->facts->name, problems);
	for (guint i = 0; i < problems->len; i++)
		say_problem(doctor, problems->pdata[i]);
	/* A form may have a sender of its own in that domain. */
	g_autofree char *domain = mailbox ? address_domain(mailbox->address) : NULL;
	if (problems->len == 0)
		doctor_find(doctor, DOCTOR_FINE, "site.forms",
		    g_strdup_printf("%u form%s can be used; mails come from addresses of %s, whatever is typed", ids->len,
			ids->len == 1 ? "" : "s", domain ? domain : "?"),
		    NULL);
}

/* --- Domain ------------------------------------------------------------------------------------------------------------------- */

/* The name servers that were asked. The caller's. */
static char *
asked_servers(const char *configured)
{
	g_autofree char *content = NULL;
	g_autoptr(GString) list = g_string_new(NULL);
	if (configured[0] != '\0')
		return g_strdup_printf("%s ([gateway] dns_servers)", configured);
	if (!g_file_get_contents("/etc/resolv.conf", &content, NULL, NULL))
		return g_strdup("this machine, because /etc/resolv.conf cannot be read");
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		g_auto(GStrv) words = g_strsplit_set(lines[i], " \t\r", -1);
		if (g_strcmp0(words[0], "nameserver") == 0 && words[1])
			g_string_append_printf(
			    list, "%s%s", list->len > 0 ? ", " : "", g_strstrip(lines[i] + strlen("nameserver")));
	}
	return list->len > 0 ? g_strdup_printf("%s (/etc/resolv.conf)", list->str)
			     : g_strdup("this machine, because /etc/resolv.conf names no server");
}

/* Nobody answered: whom did we ask? */
static void
say_unanswered(Doctor *doctor, const char *code, const SenderFinding *finding)
{
	g_autofree char *servers = asked_servers(doctor->command->config->dns_servers);
	doctor_find(
	    doctor, DOCTOR_NOTE, code, g_strdup_printf("%s Asked: %s.", finding->what, servers), g_strdup(finding->advice));
}

static void
say_sender(Doctor *doctor, const SenderFinding *finding)
{
	g_autofree char *code = g_strconcat("domain.", finding->code, NULL);
	DoctorVerdict verdict = finding->verdict == SENDER_FINE    ? DOCTOR_FINE
				: finding->verdict == SENDER_WRONG ? DOCTOR_WRONG
								   : DOCTOR_NOTE;
	if (finding->verdict == SENDER_UNKNOWN && g_str_has_suffix(code, "_unknown") &&
	    !g_str_has_suffix(code, "_selector_unknown")) {
		say_unanswered(doctor, g_intern_string(code), finding);
		return;
	}
	/* There are as many as sender_domain.c lists. */
	doctor_find(doctor, verdict, g_intern_string(code), g_strdup(finding->what), g_strdup(finding->advice));
}

static void
examine_domain(Doctor *doctor, const Site *site)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Dns) dns = dns_new(doctor->command->config->dns_servers, LIMIT_PROBE_MS, &error);
	doctor_turn_to(doctor, site->facts->name, "Site %s: what the DNS says of the sender", site->facts->name);
	if (!dns) {
		doctor_find(doctor, DOCTOR_WRONG, "domain.no_servers", g_strdup(error->message),
		    g_strdup("Correct [gateway] dns_servers."));
		return;
	}
	g_autoptr(Mailbox) mailbox = mailbox_parse(site->facts->from, NULL);
	const SenderQuestion question = {.from_address = mailbox ? mailbox->address : site->facts->bounce_address,
	    .envelope_sender = site->facts->bounce_address,
	    .relay_host = site_account(site)->host,
	    .dkim_selector = site->dkim_selector};
	g_autoptr(GPtrArray) findings = sender_domain_examine(dns, &question);
	for (guint i = 0; i < findings->len; i++)
		say_sender(doctor, findings->pdata[i]);
}

/* --- Queue and fuse ------------------------------------------------------------------------------------------------------------ */

/* Mails that are in trouble, and the newest of each kind with its words. */
typedef struct {
	guint dead, waiting, held;
	char *dead_words, *waiting_words;
} Troubled;

static void
count_delivery(Doctor *doctor, Troubled *troubled, const OutboxItem *item, const Delivery *delivery)
{
	gboolean is_held = strcmp(deliveries_state(delivery), DELIVERIES_HELD) == 0;
	gboolean is_dead = delivery->state == DELIVERY_DEAD && !is_held;
	/* Waiting for a proof or for a ceiling is no trouble; what a server or a file said is. */
	gboolean is_waiting = delivery->state == DELIVERY_DEFERRED && delivery->reason && strchr(delivery->reason, '.');
	char **words = is_dead ? &troubled->dead_words : &troubled->waiting_words;
	troubled->held += is_held ? 1 : 0;
	if (!is_dead && !is_waiting)
		return;
	troubled->dead += is_dead ? 1 : 0;
	troubled->waiting += is_dead ? 0 : 1;
	if (!*words)
		*words = deliveries_in_words(doctor->command, item, delivery, NULL);
}

static void
examine_queue(Doctor *doctor, const Site *site)
{
	Troubled troubled = {0};
	g_autoptr(GError) error = NULL;
	if (!command_open_store(doctor->command, NULL))
		return;
	const OutboxFilter filter = {.site = site->facts->name, .states = OUTBOX_UNSETTLED};
	g_autoptr(GPtrArray) items = outbox_list(doctor->command->db, &filter, LIMIT_LIST_ROWS, &error);
	for (guint i = 0; items && i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint k = 0; k < item->deliveries->len; k++)
			count_delivery(doctor, &troubled, item, item->deliveries->pdata[k]);
	}
	if (error)
		doctor_find(doctor, DOCTOR_WRONG, "queue.unknown", g_strdup(error->message), NULL);
	if (troubled.dead > 0)
		doctor_find(doctor, DOCTOR_WRONG, "queue.dead",
		    g_strdup_printf("mails given up: %u; the newest %s", troubled.dead, troubled.dead_words),
		    g_strdup("Mend what it says; then `sekisho queue list` and `sekisho queue retry ITEM`, or cancel."));
	if (troubled.waiting > 0)
		doctor_find(doctor, DOCTOR_NOTE, "queue.waiting",
		    g_strdup_printf("mails that wait: %u; the newest %s", troubled.waiting, troubled.waiting_words), NULL);
	if (troubled.held > 0)
		doctor_find(doctor, DOCTOR_NOTE, "queue.held",
		    g_strdup_printf("mails that a person holds back: %u", troubled.held),
		    g_strdup("See `sekisho queue --state held`; then `sekisho queue retry ITEM`, or cancel."));
	if (!error && troubled.dead + troubled.waiting + troubled.held == 0)
		doctor_find(doctor, DOCTOR_FINE, "queue", g_strdup("no mail is in trouble"), NULL);
	g_free(troubled.dead_words);
	g_free(troubled.waiting_words);
}

static void
examine_fuse(Doctor *doctor, const Site *site)
{
	const LedgerLimits limits = automatic_limits(site);
	if (!command_open_ledger(doctor->command, NULL))
		return;
	g_autoptr(GError) error = NULL;
	g_autoptr(Fuse) fuse = ledger_fuse(doctor->command->ledger, site->facts->name, &limits, &error);
	if (!fuse)
		doctor_find(doctor, DOCTOR_WRONG, "fuse.unknown", g_strdup(error->message), NULL);
	else if (fuse->tripped_at_us > 0)
		doctor_find(doctor, DOCTOR_WRONG, "fuse.tripped",
		    g_strdup("the fuse has tripped: no automatic reply leaves; notices go on"),
		    g_strdup_printf("Look what caused it: `sekisho fuse show %s`; then `sekisho fuse reset %s`.",
			site->facts->name, site->facts->name));
	else
		doctor_find(doctor, DOCTOR_FINE, "fuse",
		    g_strdup_printf("the fuse holds: %u of %u automatic mails this hour, %u of %u today%s", fuse->last_hour,
			fuse->hour_ceiling, fuse->last_day, fuse->day_ceiling,
			fuse->reset_at_us > 0 ? "; it counts from its last reset" : ""),
		    NULL);
}

void
doctor_examine_site(Doctor *doctor, Site *site)
{
	doctor_turn_to(doctor, site->facts->name, "Site %s", site->facts->name);
	examine_forms(doctor, site);
	examine_queue(doctor, site);
	examine_fuse(doctor, site);
	examine_domain(doctor, site);
}
