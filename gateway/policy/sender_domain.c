/*
 * The examination of a sender's domain: its frame, and the two topics that ask whether mail can come back: MX of the domain in From:, and the reverse path.
 * SPF is in sender_spf.c, DKIM and DMARC in sender_dmarc.c.
 *
 * Everything is asked anew each time; nothing is kept. It waits for the DNS and belongs into a command.
 */
#include "sekisho/policy/sender_domain.h"

#include <libpsl.h>
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/address.h"
#include "sender_parts.h"

static const char *const codes[] = {"mx_found", "mx_implicit", "mx_partly", "mx_unresolved", "mx_missing", "mx_null",
    "mx_no_domain", "mx_unknown", "mx_bad_address", "reverse_path_found", "reverse_path_implicit", "reverse_path_partly",
    "reverse_path_unresolved", "reverse_path_missing", "reverse_path_null", "reverse_path_no_domain", "reverse_path_unknown",
    "reverse_path_bad_address", "reverse_path_empty", "spf_pass", "spf_open", "spf_fail", "spf_softfail", "spf_neutral",
    "spf_missing", "spf_several", "spf_syntax", "spf_lookups", "spf_void_lookups", "spf_broken", "spf_undecided", "spf_unknown",
    "spf_no_relay", "spf_null_sender", "spf_bad_address", "dkim_found", "dkim_weak", "dkim_testing", "dkim_missing", "dkim_none",
    "dkim_selector_unknown", "dkim_revoked", "dkim_syntax", "dkim_several", "dkim_short", "dkim_algorithm", "dkim_service",
    "dkim_unknown", "dkim_bad_address", "dmarc_aligned", "dmarc_dkim_only", "dmarc_missing", "dmarc_several", "dmarc_syntax",
    "dmarc_unaligned", "dmarc_quarantine", "dmarc_reject", "dmarc_undecided", "dmarc_unknown", "dmarc_bad_address"};

static const char *const topics[] = {"mx", "reverse_path", "spf", "dkim", "dmarc"};

void
sender_finding_free(SenderFinding *finding)
{
	if (finding == NULL)
		return;
	g_free(finding->what);
	g_free(finding->advice);
	g_free(finding);
}

static const char *
topic_of(const char *code)
{
	for (guint i = 0; i < G_N_ELEMENTS(topics); i++)
		if (g_str_has_prefix(code, topics[i]) && code[strlen(topics[i])] == '_')
			return topics[i];
	g_assert_not_reached();
}

static const char *
known_code(const char *code)
{
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		if (strcmp(codes[i], code) == 0)
			return codes[i];
	g_assert_not_reached();
}

void
sender_add(SenderExamination *examination, SenderVerdict verdict, const char *code, char *what, char *advice)
{
	SenderFinding *finding = g_new0(SenderFinding, 1);
	finding->code = known_code(code);
	finding->topic = topic_of(finding->code);
	finding->verdict = verdict;
	finding->what = what;
	finding->advice = advice;
	g_ptr_array_add(examination->findings, finding);
}

char *
sender_organization(const char *domain)
{
	const psl_ctx_t *list = psl_builtin();
	const char *registrable = list != NULL ? psl_registrable_domain(list, domain) : NULL;
	return g_strdup(registrable != NULL ? registrable : domain);
}

char *
sender_shown(const char *text)
{
	g_autofree char *printable = text_for_terminal(text, FALSE);
	return text_truncate(printable, LIMIT_DNS_SHOWN_BYTES);
}

/* --- Can mail come back ---------------------------------------------------------------------------------------- */

typedef enum {
	ROUTE_FOUND,
	ROUTE_IMPLICIT,
	ROUTE_PARTLY,
	ROUTE_UNRESOLVED,
	ROUTE_MISSING,
	ROUTE_NULL,
	ROUTE_NO_DOMAIN,
	ROUTE_UNKNOWN
} RouteState;

typedef struct {
	RouteState state;
	char *detail; /* a server's name, or why nothing is known */
} Route;

static void
route_free(Route *route)
{
	g_free(route->detail);
	g_free(route);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Route, route_free)

/* Both kinds of addresses of a host: DNS_FOUND if one is there, DNS_UNKNOWN if that is not known, else why there is none. */
static DnsOutcome
host_outcome(const DnsAnswer *four, const DnsAnswer *six)
{
	if (four->outcome == DNS_FOUND || six->outcome == DNS_FOUND)
		return DNS_FOUND;
	if (four->outcome == DNS_UNKNOWN || six->outcome == DNS_UNKNOWN)
		return DNS_UNKNOWN;
	return four->outcome;
}

/* Without MX the domain's own addresses take its mail (RFC 5321 section 5.1). */
static Route *
route_without_servers(Dns *dns, const char *domain)
{
	const DnsQuestion questions[] = {{domain, DNS_A}, {domain, DNS_AAAA}};
	g_autoptr(GPtrArray) answers = dns_ask_all(dns, questions, G_N_ELEMENTS(questions));
	const DnsAnswer *four = g_ptr_array_index(answers, 0), *six = g_ptr_array_index(answers, 1);
	Route *route = g_new0(Route, 1);
	DnsOutcome outcome = host_outcome(four, six);

	route->state = outcome == DNS_FOUND ? ROUTE_IMPLICIT : outcome == DNS_UNKNOWN ? ROUTE_UNKNOWN : ROUTE_MISSING;
	if (outcome == DNS_UNKNOWN)
		route->detail = g_strdup(four->outcome == DNS_UNKNOWN ? four->reason : six->reason);
	return route;
}

/* Of the first LIMIT_SENDER_SERVERS servers: have they addresses? */
static Route *
route_of_servers(Dns *dns, const GPtrArray *servers)
{
	DnsQuestion questions[2 * LIMIT_SENDER_SERVERS];
	guint count = 0, good = 0, bad = 0;
	const char *first = ((const DnsRecord *)g_ptr_array_index(servers, 0))->text, *without = NULL;

	for (guint i = 0; i < MIN(servers->len, LIMIT_SENDER_SERVERS); i++) {
		const DnsRecord *record = g_ptr_array_index(servers, i);
		questions[count++] = (DnsQuestion){record->text, DNS_A};
		questions[count++] = (DnsQuestion){record->text, DNS_AAAA};
	}
	g_autoptr(GPtrArray) answers = dns_ask_all(dns, questions, count);
	for (guint i = 0; i < count; i += 2) {
		DnsOutcome outcome = host_outcome(g_ptr_array_index(answers, i), g_ptr_array_index(answers, i + 1));
		good += outcome == DNS_FOUND;
		bad += outcome == DNS_NO_NAME || outcome == DNS_NO_RECORD;
		if (without == NULL && (outcome == DNS_NO_NAME || outcome == DNS_NO_RECORD))
			without = questions[i].name;
	}
	Route *route = g_new0(Route, 1);
	if (good > 0)
		route->state = bad > 0 ? ROUTE_PARTLY : ROUTE_FOUND;
	else
		route->state = 2 * bad == count ? ROUTE_UNRESOLVED : ROUTE_UNKNOWN;
	route->detail = sender_shown(without != NULL ? without : first);
	return route;
}

static Route *
route_find(Dns *dns, const char *domain)
{
	g_autoptr(DnsAnswer) answer = dns_ask(dns, domain, DNS_MX);
	g_autoptr(Route) route = g_new0(Route, 1);

	switch (answer->outcome) {
	case DNS_NO_RECORD:
		return route_without_servers(dns, domain);
	case DNS_NO_NAME:
		route->state = ROUTE_NO_DOMAIN;
		break;
	case DNS_UNKNOWN:
		route->state = ROUTE_UNKNOWN;
		route->detail = g_strdup(answer->reason);
		break;
	case DNS_FOUND: {
		const DnsRecord *first = g_ptr_array_index(answer->records, 0);
		if (answer->records->len > 1 || *first->text != '\0')
			return route_of_servers(dns, answer->records);
		route->state = ROUTE_NULL;
	}
	}
	return g_steal_pointer(&route);
}

static const struct {
	const char *mx;
	const char *reverse_path;
	SenderVerdict verdict;
} routes[] = {[ROUTE_FOUND] = {"mx_found", "reverse_path_found", SENDER_FINE},
    [ROUTE_IMPLICIT] = {"mx_implicit", "reverse_path_implicit", SENDER_WARNING},
    [ROUTE_PARTLY] = {"mx_partly", "reverse_path_partly", SENDER_WARNING},
    [ROUTE_UNRESOLVED] = {"mx_unresolved", "reverse_path_unresolved", SENDER_WRONG},
    [ROUTE_MISSING] = {"mx_missing", "reverse_path_missing", SENDER_WRONG},
    [ROUTE_NULL] = {"mx_null", "reverse_path_null", SENDER_WRONG},
    [ROUTE_NO_DOMAIN] = {"mx_no_domain", "reverse_path_no_domain", SENDER_WRONG},
    [ROUTE_UNKNOWN] = {"mx_unknown", "reverse_path_unknown", SENDER_UNKNOWN}};

static char *
route_what(const Route *route, const char *domain)
{
	switch (route->state) {
	case ROUTE_FOUND:
		return g_strdup_printf("Mail to %s goes to %s.", domain, route->detail);
	case ROUTE_IMPLICIT:
		return g_strdup_printf(
		    "%s has no MX record; mail to it goes to its own address, which some servers refuse as a sender.", domain);
	case ROUTE_PARTLY:
		return g_strdup_printf("Of the mail servers of %s not all have an address: %s has none.", domain, route->detail);
	case ROUTE_UNRESOLVED:
		return g_strdup_printf(
		    "None of the mail servers of %s has an address; the first is %s. Nothing that is sent there arrives.", domain,
		    route->detail);
	case ROUTE_MISSING:
		return g_strdup_printf("%s has neither an MX record nor an address. Nothing that is sent there arrives.", domain);
	case ROUTE_NULL:
		return g_strdup_printf(
		    "%s says that it takes no mail (null MX, RFC 7505). Neither replies nor bounces can arrive, and many "
		    "servers refuse mail from it.",
		    domain);
	case ROUTE_NO_DOMAIN:
		return g_strdup_printf("The domain %s does not exist. Receivers refuse mail from it.", domain);
	default:
		return g_strdup_printf("The DNS gives no answer about the mail servers of %s (%s).", domain, route->detail);
	}
}

static char *
route_advice(const Route *route, const char *domain)
{
	switch (route->state) {
	case ROUTE_FOUND:
		return NULL;
	case ROUTE_PARTLY:
	case ROUTE_UNRESOLVED:
		return g_strdup_printf("Give %s an address, or publish an MX record of %s that names a server which has one.",
		    route->detail, domain);
	case ROUTE_NO_DOMAIN:
		return g_strdup_printf(
		    "Look for a slip in the address, or register %s; until then send from a domain that exists.", domain);
	case ROUTE_UNKNOWN:
		return g_strdup("Try again later; if it stays so, ask whoever runs the domain's name servers.");
	default:
		return g_strdup_printf("Publish an MX record for %s that names the server where its mailboxes are, or send from "
				       "a domain that has one.",
		    domain);
	}
}

static void
add_route(SenderExamination *examination, const Route *route, const char *domain, gboolean is_reverse_path)
{
	sender_add(examination, routes[route->state].verdict,
	    is_reverse_path ? routes[route->state].reverse_path : routes[route->state].mx, route_what(route, domain),
	    route_advice(route, domain));
}

static void
examine_routes(SenderExamination *examination)
{
	g_autoptr(Route) route = route_find(examination->dns, examination->from_domain);

	add_route(examination, route, examination->from_domain, FALSE);
	if (examination->envelope_domain == NULL) {
		sender_add(examination, SENDER_FINE, "reverse_path_empty",
		    g_strdup("Mail leaves with the null sender <>: no bounce can come back."), NULL);
		return;
	}
	if (strcmp(examination->envelope_domain, examination->from_domain) == 0) {
		sender_add(examination, routes[route->state].verdict, routes[route->state].reverse_path,
		    g_strdup("Bounces go to the same domain, so the same holds for them."),
		    route_advice(route, examination->from_domain));
		return;
	}
	route_free(route);
	route = route_find(examination->dns, examination->envelope_domain);
	add_route(examination, route, examination->envelope_domain, TRUE);
}

/* --- The whole --------------------------------------------------------------------------------------------------- */

/* One of the addresses is none, so there is no domain to ask about. */
static void
add_bad_address(SenderExamination *examination)
{
	for (guint i = 0; i < G_N_ELEMENTS(topics); i++) {
		g_autofree char *code = g_strconcat(topics[i], "_bad_address", NULL);
		sender_add(examination, SENDER_WRONG, code,
		    g_strdup("The sender's address cannot be used for mail, so nothing was asked about its domain."),
		    g_strdup("Configure a sender such as info@example.jp."));
	}
}

GPtrArray *
sender_domain_examine(Dns *dns, const SenderQuestion *question)
{
	SenderExamination examination = {.dns = dns, .question = question};
	gboolean is_null_sender = *question->envelope_sender == '\0';

	examination.findings = g_ptr_array_new_with_free_func((GDestroyNotify)sender_finding_free);
	if (!address_is_deliverable(question->from_address) ||
	    (!is_null_sender && !address_is_deliverable(question->envelope_sender))) {
		add_bad_address(&examination);
		return examination.findings;
	}
	examination.from_domain = address_domain(question->from_address);
	examination.envelope_domain = is_null_sender ? NULL : address_domain(question->envelope_sender);
	examine_routes(&examination);
	sender_spf_examine(&examination);
	sender_dkim_examine(&examination);
	sender_dmarc_examine(&examination);
	g_free(examination.from_domain);
	g_free(examination.envelope_domain);
	g_free(examination.dkim_domain);
	return examination.findings;
}
