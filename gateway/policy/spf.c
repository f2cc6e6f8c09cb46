/*
 * The evaluation of SPF records. One walk per address that is checked; it counts what RFC 7208 section 4.6.4 limits, and these limits also end every
 * recursion: each include and redirect is one of ten lookups. Nothing is kept after it.
 */
#include "spf.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "spf_record.h"

typedef struct {
	const SpfDns *dns;
	const char *sender;
	GInetAddress *address;
	guint voids;
	SpfCheck *check;
} Walk;

typedef enum { MATCH_NO, MATCH_YES, MATCH_UNDECIDED, MATCH_TEMPERROR, MATCH_PERMERROR } Match;

void
spf_check_free(SpfCheck *check)
{
	if (check == NULL)
		return;
	g_free(check->detail);
	g_free(check->term);
	g_free(check->record);
	g_free(check);
}

static void note(Walk *walk, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Why nothing better came out. What is noted last is nearest to the end of the walk. */
static void
note(Walk *walk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_free(walk->check->detail);
	walk->check->detail = text_for_terminal(text, FALSE);
}

static SpfResult
note_permanent(Walk *walk, SpfProblem problem)
{
	walk->check->problem = problem;
	return SPF_PERMERROR;
}

/* Asks for a term; an empty answer is a void lookup. NULL and MATCH_TEMPERROR or MATCH_PERMERROR in `match` if the walk ends here. */
static DnsAnswer *
ask(Walk *walk, const char *name, DnsType type, Match *match)
{
	g_autoptr(DnsAnswer) answer = walk->dns->ask(walk->dns->user, name, type);

	if (answer->outcome == DNS_UNKNOWN) {
		note(walk, "the DNS gives no answer about %s (%s)", name, answer->reason);
		*match = MATCH_TEMPERROR;
		return NULL;
	}
	if (answer->outcome != DNS_FOUND && ++walk->voids > LIMIT_SPF_VOID_LOOKUPS) {
		note(walk, "more than %u terms name something that does not exist; the last one is %s", LIMIT_SPF_VOID_LOOKUPS,
		    name);
		*match = MATCH_PERMERROR;
		walk->check->problem = SPF_PROBLEM_VOID;
		return NULL;
	}
	return g_steal_pointer(&answer);
}

static gboolean
is_in_network(GInetAddress *address, GInetAddress *network, guint bits)
{
	const guint8 *one = g_inet_address_to_bytes(address), *other = g_inet_address_to_bytes(network);
	guint whole = bits / 8, rest = bits % 8;

	if (g_inet_address_get_family(address) != g_inet_address_get_family(network) || memcmp(one, other, whole) != 0)
		return FALSE;
	return rest == 0 || ((one[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

static gboolean
is_four(const Walk *walk)
{
	return g_inet_address_get_family(walk->address) == G_SOCKET_FAMILY_IPV4;
}

static DnsType
address_type(const Walk *walk)
{
	return is_four(walk) ? DNS_A : DNS_AAAA;
}

static Match
match_addresses(const Walk *walk, const SpfTerm *term, const DnsAnswer *answer)
{
	for (guint i = 0; i < answer->records->len; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		g_autoptr(GInetAddress) address = g_inet_address_new_from_string(record->text);
		if (address != NULL && is_in_network(walk->address, address, is_four(walk) ? term->bits4 : term->bits6))
			return MATCH_YES;
	}
	return MATCH_NO;
}

static Match
match_host(Walk *walk, const SpfTerm *term, const char *host)
{
	Match match = MATCH_NO;
	g_autoptr(DnsAnswer) answer = ask(walk, host, address_type(walk), &match);
	return answer == NULL ? match : match_addresses(walk, term, answer);
}

static Match
match_servers(Walk *walk, const SpfTerm *term, const char *domain)
{
	Match match = MATCH_NO;
	g_autoptr(DnsAnswer) answer = ask(walk, domain, DNS_MX, &match);

	if (answer != NULL && answer->records->len > LIMIT_SPF_HOSTS) {
		note(walk, "the term \"%s\" finds more than %u mail servers", term->text, LIMIT_SPF_HOSTS);
		walk->check->problem = SPF_PROBLEM_LOOKUPS;
		return MATCH_PERMERROR;
	}
	for (guint i = 0; answer != NULL && match == MATCH_NO && i < answer->records->len; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		g_autoptr(DnsAnswer) addresses = walk->dns->ask(walk->dns->user, record->text, address_type(walk));
		if (addresses->outcome != DNS_UNKNOWN) {
			match = match_addresses(walk, term, addresses);
			continue;
		}
		note(walk, "the DNS gives no answer about %s (%s)", record->text, addresses->reason);
		match = MATCH_TEMPERROR;
	}
	return match;
}

static Match
match_exists(Walk *walk, const char *domain)
{
	Match match = MATCH_NO;
	g_autoptr(DnsAnswer) answer = ask(walk, domain, DNS_A, &match);
	return answer == NULL ? match : answer->outcome == DNS_FOUND ? MATCH_YES : MATCH_NO;
}

/* NOLINTBEGIN(misc-no-recursion): each include and redirect is one of LIMIT_SPF_LOOKUPS. */
static SpfResult walk_domain(Walk *walk, const char *domain);

/* RFC 7208 section 5.2. */
static Match
match_include(Walk *walk, const char *domain)
{
	switch (walk_domain(walk, domain)) {
	case SPF_PASS:
		return MATCH_YES;
	case SPF_NONE:
		note(walk, "%s, which the record includes, has no SPF record", domain);
		walk->check->problem = SPF_PROBLEM_OTHER;
		return MATCH_PERMERROR;
	case SPF_PERMERROR:
		return MATCH_PERMERROR;
	case SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case SPF_UNDECIDED:
		return MATCH_UNDECIDED;
	default:
		return MATCH_NO;
	}
}

/* TRUE if one more term may ask the DNS. */
static gboolean
count_lookup(Walk *walk, const char *domain)
{
	if (++walk->check->lookups <= LIMIT_SPF_LOOKUPS)
		return TRUE;
	walk->check->problem = SPF_PROBLEM_LOOKUPS;
	note(walk, "more than %u terms ask the DNS; the limit is passed in the record of %s", LIMIT_SPF_LOOKUPS, domain);
	return FALSE;
}

/* A term that asks the DNS. */
static Match
match_asking(Walk *walk, const SpfTerm *term, const char *domain)
{
	const SpfMacros macros = {.sender = walk->sender, .domain = domain, .address = walk->address};

	if (!count_lookup(walk, domain))
		return MATCH_PERMERROR;
	g_autofree char *target = term->domain != NULL ? spf_record_expand(term->domain, &macros) : g_strdup(domain);
	if (target == NULL || term->mechanism == SPF_PTR) {
		note(walk, "the term \"%s\" depends on what only a receiver knows", term->text);
		return MATCH_UNDECIDED;
	}
	switch (term->mechanism) {
	case SPF_INCLUDE:
		return match_include(walk, target);
	case SPF_A:
		return match_host(walk, term, target);
	case SPF_MX:
		return match_servers(walk, term, target);
	default:
		return match_exists(walk, target);
	}
}

static Match
match_term(Walk *walk, const SpfTerm *term, const char *domain)
{
	switch (term->mechanism) {
	case SPF_ALL:
		return MATCH_YES;
	case SPF_IP4:
		return is_in_network(walk->address, term->address, term->bits4) ? MATCH_YES : MATCH_NO;
	case SPF_IP6:
		return is_in_network(walk->address, term->address, term->bits6) ? MATCH_YES : MATCH_NO;
	default:
		return match_asking(walk, term, domain);
	}
}

static SpfResult
result_of(char qualifier)
{
	return qualifier == '+' ? SPF_PASS : qualifier == '-' ? SPF_FAIL : qualifier == '~' ? SPF_SOFTFAIL : SPF_NEUTRAL;
}

static SpfResult
walk_redirect(Walk *walk, const SpfRecord *record, const char *domain)
{
	const SpfMacros macros = {.sender = walk->sender, .domain = domain, .address = walk->address};

	if (record->redirect == NULL) {
		g_clear_pointer(&walk->check->term, g_free); /* of an include that did not match */
		return SPF_NEUTRAL;
	}
	if (!count_lookup(walk, domain))
		return SPF_PERMERROR;
	g_autofree char *target = spf_record_expand(record->redirect, &macros);
	if (target == NULL) {
		note(walk, "\"redirect=%s\" depends on what only a receiver knows", record->redirect);
		return SPF_UNDECIDED;
	}
	SpfResult result = walk_domain(walk, target);
	if (result != SPF_NONE)
		return result;
	note(walk, "%s, to which the record redirects, has no SPF record", target);
	return note_permanent(walk, SPF_PROBLEM_OTHER);
}

static SpfResult
walk_record(Walk *walk, const SpfRecord *record, const char *domain)
{
	/* Undecided terms: whether there were any, and whether one of them could do harm. */
	gboolean is_doubtful = FALSE, is_dangerous = FALSE;
	SpfResult result = SPF_NEUTRAL;
	gboolean is_decided = FALSE;

	for (guint i = 0; i < record->terms->len && !is_decided; i++) {
		const SpfTerm *term = g_ptr_array_index(record->terms, i);
		Match match = match_term(walk, term, domain);
		is_doubtful = is_doubtful || match == MATCH_UNDECIDED;
		is_dangerous = is_dangerous || (match == MATCH_UNDECIDED && term->qualifier != '+');
		if (match == MATCH_NO || match == MATCH_UNDECIDED)
			continue;
		is_decided = TRUE;
		result = match == MATCH_YES         ? result_of(term->qualifier)
			 : match == MATCH_TEMPERROR ? SPF_TEMPERROR
						    : SPF_PERMERROR;
		text_set(&walk->check->term, term->text);
	}
	if (!is_decided)
		result = walk_redirect(walk, record, domain);
	if (!is_doubtful || result == SPF_PERMERROR || result == SPF_TEMPERROR || (result == SPF_PASS && !is_dangerous))
		return result;
	return SPF_UNDECIDED;
}

/* The SPF record among TXT records, or NULL; `count`: how many there are. */
static const char *
choose_record(const DnsAnswer *answer, guint *count)
{
	const char *chosen = NULL;

	*count = 0;
	for (guint i = 0; i < answer->records->len; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		if (!spf_record_is(record->text))
			continue;
		chosen = record->text;
		(*count)++;
	}
	return chosen;
}

static gboolean
is_open_record(const SpfRecord *record)
{
	for (guint i = 0; i < record->terms->len; i++) {
		const SpfTerm *term = g_ptr_array_index(record->terms, i);
		if (term->mechanism == SPF_ALL)
			return term->qualifier == '+';
	}
	return FALSE;
}

static SpfResult
walk_domain(Walk *walk, const char *domain)
{
	g_autoptr(DnsAnswer) answer = walk->dns->ask(walk->dns->user, domain, DNS_TXT);
	g_autoptr(GError) error = NULL;
	guint count;

	if (answer->outcome == DNS_UNKNOWN) {
		note(walk, "the DNS gives no answer about %s (%s)", domain, answer->reason);
		return SPF_TEMPERROR;
	}
	const char *text = choose_record(answer, &count);
	if (text == NULL)
		return SPF_NONE;
	if (walk->check->record == NULL)
		walk->check->record = g_strdup(text);
	if (count > 1) {
		note(walk, "%s has %u SPF records", domain, count);
		return note_permanent(walk, SPF_PROBLEM_SEVERAL);
	}
	g_autoptr(SpfRecord) record = spf_record_parse(text, &error);
	if (record == NULL) {
		note(walk, "in the record of %s %s", domain, error->message);
		return note_permanent(walk, SPF_PROBLEM_SYNTAX);
	}
	walk->check->is_open = walk->check->is_open || is_open_record(record);
	return walk_record(walk, record, domain);
}
/* NOLINTEND(misc-no-recursion) */

SpfCheck *
spf_check(const SpfDns *dns, const char *domain, const char *sender, GInetAddress *address)
{
	SpfCheck *check = g_new0(SpfCheck, 1);
	Walk walk = {.dns = dns, .sender = sender, .address = address, .check = check};

	check->result = walk_domain(&walk, domain);
	if (check->result != SPF_PERMERROR && check->result != SPF_TEMPERROR && check->result != SPF_UNDECIDED)
		g_clear_pointer(&check->detail, g_free);
	return check;
}
