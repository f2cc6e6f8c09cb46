/*
 * SPF of the envelope sender's domain, asked for each address of the relay; and the record that would be right.
 *
 * What is known are the addresses at which the relay takes our mail. A small provider sends from the same ones; a large one may send from others, so a
 * failure here is said with that doubt. No state.
 */
#include <gio/gio.h>
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sender_parts.h"
#include "spf.h"

#define DOUBT " (a large provider may send from other addresses than the one that takes our mail)"

typedef struct {
	SenderExamination *examination;
	const char *domain;   /* the envelope sender's */
	char *relay;          /* lower case, without a dot at its end */
	gboolean is_address;  /* the relay is given as an address */
	GPtrArray *addresses; /* GInetAddress * of the relay */
	SpfCheck *worst;
	char *address; /* at which `worst` was found */
} SpfTopic;

static DnsAnswer *
ask_dns(gpointer user, const char *name, DnsType type)
{
	return dns_ask(user, name, type);
}

static SpfCheck *
check(const SpfTopic *topic, const char *domain, GInetAddress *address)
{
	const SpfDns dns = {.ask = ask_dns, .user = topic->examination->dns};
	return spf_check(&dns, domain, topic->examination->question->envelope_sender, address);
}

static void
take_addresses(SpfTopic *topic, const DnsAnswer *answer)
{
	for (guint i = 0; i < answer->records->len && topic->addresses->len < LIMIT_SENDER_ADDRESSES; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		GInetAddress *address = g_inet_address_new_from_string(record->text);
		if (address != NULL)
			g_ptr_array_add(topic->addresses, address);
	}
}

/* Fills in the relay's addresses; FALSE and a finding if there are none. */
static gboolean
find_addresses(SpfTopic *topic)
{
	const DnsQuestion questions[] = {{topic->relay, DNS_A}, {topic->relay, DNS_AAAA}};
	g_autofree char *normal = network_normalise(topic->relay);

	if (normal != NULL) {
		topic->is_address = TRUE;
		g_ptr_array_add(topic->addresses, g_inet_address_new_from_string(normal));
		return TRUE;
	}
	g_autoptr(GPtrArray) answers = dns_ask_all(topic->examination->dns, questions, G_N_ELEMENTS(questions));
	const DnsAnswer *four = g_ptr_array_index(answers, 0), *six = g_ptr_array_index(answers, 1);
	take_addresses(topic, four);
	take_addresses(topic, six);
	if (topic->addresses->len > 0)
		return TRUE;
	g_autofree char *shown = sender_shown(topic->relay);
	if (four->outcome == DNS_UNKNOWN || six->outcome == DNS_UNKNOWN)
		sender_add(topic->examination, SENDER_UNKNOWN, "spf_unknown",
		    g_strdup_printf("The DNS gives no answer about the relay %s (%s), so SPF cannot be tried.", shown,
			four->outcome == DNS_UNKNOWN ? four->reason : six->reason),
		    g_strdup("Try again later."));
	else
		sender_add(topic->examination, SENDER_WRONG, "spf_no_relay",
		    g_strdup_printf("The relay %s has no address in the DNS, so SPF cannot be tried.", shown),
		    g_strdup("Look for a slip in the name of the mail server."));
	return FALSE;
}

/* Keeps the worst of the checks of all addresses; there is at least one. */
static void
check_addresses(SpfTopic *topic)
{
	for (guint i = 0; i < topic->addresses->len; i++) {
		GInetAddress *address = g_ptr_array_index(topic->addresses, i);
		SpfCheck *one = check(topic, topic->domain, address);
		if (topic->worst != NULL && one->result <= topic->worst->result) {
			spf_check_free(one);
			continue;
		}
		spf_check_free(topic->worst);
		g_free(topic->address);
		topic->worst = one;
		topic->address = g_inet_address_to_string(address);
	}
	g_assert(topic->worst != NULL);
}

/* The relay's provider publishes a record that names all its addresses: then it is the one to include. The caller's, or NULL. */
static char *
provider_of(const SpfTopic *topic)
{
	g_autofree char *provider = sender_organization(topic->relay);
	g_autofree char *own = sender_organization(topic->domain);

	if (topic->is_address || strcmp(provider, own) == 0)
		return NULL;
	for (guint i = 0; i < topic->addresses->len; i++) {
		g_autoptr(SpfCheck) one = check(topic, provider, g_ptr_array_index(topic->addresses, i));
		if (one->result != SPF_PASS || one->is_open)
			return NULL;
	}
	return g_steal_pointer(&provider);
}

/* The mechanism that names the relay. */
static char *
mechanism_for(const SpfTopic *topic)
{
	g_autofree char *provider = provider_of(topic);

	if (provider != NULL)
		return g_strdup_printf("include:%s", provider);
	if (!topic->is_address)
		return g_strdup_printf("a:%s", topic->relay);
	GInetAddress *address = g_ptr_array_index(topic->addresses, 0);
	g_autofree char *text = g_inet_address_to_string(address);
	return g_strdup_printf("%s:%s", g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV4 ? "ip4" : "ip6", text);
}

static gboolean
is_last(const char *term)
{
	const char *name = strchr("+-~?", *term) != NULL && *term != '\0' ? term + 1 : term;
	return g_ascii_strcasecmp(name, "all") == 0 || g_ascii_strncasecmp(name, "redirect=", strlen("redirect=")) == 0;
}

/* `record` with `mechanism` before its end; a new one if there is none. The caller's. */
static char *
record_with(const char *record, const char *mechanism)
{
	if (record == NULL)
		return g_strdup_printf("v=spf1 mx %s ~all", mechanism);
	g_auto(GStrv) words = g_strsplit(record, " ", -1);
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean is_placed = FALSE;

	for (char **word = words; *word != NULL; word++) {
		if (**word == '\0')
			continue;
		if (!is_placed && is_last(*word)) {
			g_string_append_printf(text, " %s", mechanism);
			is_placed = TRUE;
		}
		g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", *word);
	}
	if (!is_placed)
		g_string_append_printf(text, " %s", mechanism);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *
advice_to_name_relay(const SpfTopic *topic)
{
	g_autofree char *mechanism = mechanism_for(topic);
	g_autofree char *record = record_with(topic->worst->record, mechanism);

	if (strlen(record) > LIMIT_DNS_SHOWN_BYTES)
		return g_strdup_printf("Add \"%s\" to the SPF record of %s, before \"all\".", mechanism, topic->domain);
	if (topic->worst->record == NULL)
		return g_strdup_printf(
		    "Publish this TXT record at %s, with whatever else sends mail of the domain: %s", topic->domain, record);
	return g_strdup_printf("Replace the SPF record of %s by: %s", topic->domain, record);
}

static void
add_failure(const SpfTopic *topic, const char *code, SenderVerdict verdict, const char *word)
{
	g_autofree char *term = topic->worst->term != NULL ? g_strdup_printf(", by \"%s\"", topic->worst->term) : g_strdup("");
	sender_add(topic->examination, verdict, code,
	    g_strdup_printf(
		"SPF of %s %s the relay %s at %s%s" DOUBT ".", topic->domain, word, topic->relay, topic->address, term),
	    advice_to_name_relay(topic));
}

static void
add_permanent(const SpfTopic *topic)
{
	static const struct {
		const char *code;
		const char *advice;
	} problems[] = {[SPF_PROBLEM_NONE] = {"spf_broken", "Correct the record."},
	    [SPF_PROBLEM_SEVERAL] = {"spf_several",
		"Join the records to one: \"v=spf1\", the mechanisms of all of them, and one \"all\"."},
	    [SPF_PROBLEM_SYNTAX] = {"spf_syntax", "Correct that term; receivers ignore the whole record until then."},
	    [SPF_PROBLEM_LOOKUPS] = {"spf_lookups",
		"Take out what no longer sends mail of the domain, or write ip4: and ip6: instead of a:, mx and include:."},
	    [SPF_PROBLEM_VOID] = {"spf_void_lookups", "Take the terms out of the record that name what no longer exists."},
	    [SPF_PROBLEM_OTHER] = {"spf_broken", "Take that term out of the record, or correct the name in it."}};

	g_autofree char *shown = sender_shown(topic->worst->detail);
	sender_add(topic->examination, SENDER_WRONG, problems[topic->worst->problem].code,
	    g_strdup_printf("SPF of %s cannot be used, so no mail of the domain passes: %s.", topic->domain, shown),
	    g_strdup(problems[topic->worst->problem].advice));
}

/* Nothing better is known; why is in the check's detail. */
static void
add_unknown(const SpfTopic *topic)
{
	g_autofree char *shown = sender_shown(topic->worst->detail);
	if (topic->worst->result == SPF_TEMPERROR)
		sender_add(topic->examination, SENDER_UNKNOWN, "spf_unknown",
		    g_strdup_printf(
			"Whether SPF of %s allows the relay %s is not known: %s.", topic->domain, topic->relay, shown),
		    g_strdup("Try again later; if it stays so, ask whoever runs these name servers."));
	else
		sender_add(topic->examination, SENDER_UNKNOWN, "spf_undecided",
		    g_strdup_printf("Whether SPF of %s allows the relay %s cannot be told from here: %s.", topic->domain,
			topic->relay, shown),
		    advice_to_name_relay(topic));
}

static void
add_pass(const SpfTopic *topic)
{
	if (topic->worst->is_open)
		sender_add(topic->examination, SENDER_WARNING, "spf_open",
		    g_strdup_printf(
			"SPF of %s allows everybody (\"+all\"), so it proves nothing, and receivers count it against the domain.",
			topic->domain),
		    g_strdup("Name in the record whatever sends mail of the domain, the relay too, and end it with \"~all\"."));
	else
		sender_add(topic->examination, SENDER_FINE, "spf_pass",
		    g_strdup_printf("SPF of %s allows the relay %s, by \"%s\".", topic->domain, topic->relay, topic->worst->term),
		    NULL);
}

static void
add_finding(const SpfTopic *topic)
{
	switch (topic->worst->result) {
	case SPF_PASS:
		add_pass(topic);
		break;
	case SPF_FAIL:
		add_failure(topic, "spf_fail", SENDER_WRONG, "forbids");
		break;
	case SPF_SOFTFAIL:
		add_failure(topic, "spf_softfail", SENDER_WARNING, "does not name");
		break;
	case SPF_NEUTRAL:
		add_failure(topic, "spf_neutral", SENDER_WARNING, "says nothing about");
		break;
	case SPF_NONE:
		sender_add(topic->examination, SENDER_WRONG, "spf_missing",
		    g_strdup_printf("%s has no SPF record; large receivers refuse or hide mail without one.", topic->domain),
		    advice_to_name_relay(topic));
		break;
	case SPF_PERMERROR:
		add_permanent(topic);
		break;
	default:
		add_unknown(topic);
	}
}

static SenderProof
proof_of(SpfResult result)
{
	return result == SPF_PASS ? PROOF_YES : result == SPF_TEMPERROR || result == SPF_UNDECIDED ? PROOF_UNKNOWN : PROOF_NO;
}

static char *
relay_name(const char *host)
{
	char *name = g_ascii_strdown(host, -1);
	gsize length = strlen(name);
	if (length > 0 && name[length - 1] == '.')
		name[length - 1] = '\0';
	return name;
}

void
sender_spf_examine(SenderExamination *examination)
{
	SpfTopic topic = {.examination = examination, .domain = examination->envelope_domain};

	examination->spf = PROOF_NO;
	if (topic.domain == NULL) {
		sender_add(examination, SENDER_FINE, "spf_null_sender",
		    g_strdup("With the null sender <> receivers ask SPF about the relay's own name, not about our domain."),
		    NULL);
		return;
	}
	topic.relay = relay_name(examination->question->relay_host);
	topic.addresses = g_ptr_array_new_with_free_func(g_object_unref);
	if (find_addresses(&topic)) {
		check_addresses(&topic);
		examination->spf = proof_of(topic.worst->result);
		add_finding(&topic);
	} else {
		examination->spf = PROOF_UNKNOWN;
	}
	spf_check_free(topic.worst);
	g_ptr_array_unref(topic.addresses);
	g_free(topic.address);
	g_free(topic.relay);
}
