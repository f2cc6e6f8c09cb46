/*
 * DKIM keys of the domain in From:, and what DMARC makes of SPF and DKIM together.
 *
 * The DNS tells which keys a domain publishes, not whether the relay signs with one; so DKIM is at best "maybe", and only a mail that was sent can say more.
 * No state.
 */
#include <string.h>

#include "sekisho/base/limits.h"
#include "sender_parts.h"
#include "tag_list.h"

/* SubjectPublicKeyInfo of RSA has 162 bytes for 1024 bits and 294 for 2048; the bare key 140 and 270. RFC 8301 section 3.2. */
#define RSA_1024_BYTES 140u
#define RSA_2048_BYTES 270u
#define ED25519_BYTES 32u

static const char *const usual_selectors[] = {
    "default", "mail", "dkim", "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "key1", "smtp", NULL};

typedef struct {
	SenderExamination *examination;
	const char *const *selectors;
	guint count;
	gboolean is_given; /* the operator named the selector */
} DkimTopic;

static char *
key_name(const char *selector, const char *domain)
{
	return g_strdup_printf("%s._domainkey.%s", selector, domain);
}

/* The records that are meant as keys (const char *, of `answer`): where the operator says that a key is, whatever is there. */
static GPtrArray *
keys_among(const DkimTopic *topic, const DnsAnswer *answer)
{
	GPtrArray *keys = g_ptr_array_new();

	for (guint i = 0; i < answer->records->len; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		if (topic->is_given || dkim_key_is(record->text))
			g_ptr_array_add(keys, record->text);
	}
	return keys;
}

static gboolean
is_usable(const GPtrArray *keys)
{
	g_autoptr(DkimKey) key = keys->len == 1 ? dkim_key_parse(g_ptr_array_index(keys, 0), NULL) : NULL;
	return key != NULL && !key->is_revoked;
}

static void
add_key(SenderExamination *examination, SenderVerdict verdict, const char *code, char *what, const char *advice)
{
	examination->dkim = verdict == SENDER_WRONG ? PROOF_NO : PROOF_MAYBE;
	sender_add(examination, verdict, code, what, g_strdup(advice));
}

/* `place`: where the key is. */
static void
judge_key(SenderExamination *examination, const DkimKey *key, const char *place)
{
	gboolean is_rsa = strcmp(key->algorithm, "rsa") == 0, is_ed25519 = strcmp(key->algorithm, "ed25519") == 0;

	if (key->is_revoked)
		add_key(examination, SENDER_WRONG, "dkim_revoked",
		    g_strdup_printf("The DKIM key at %s is revoked (its p= is empty); signatures with it fail.", place),
		    "Publish the key that the mail server signs with, or let it sign with another selector.");
	else if (!is_rsa && !is_ed25519)
		add_key(examination, SENDER_WRONG, "dkim_algorithm",
		    g_strdup_printf("The DKIM key at %s is of a kind that receivers do not know.", place),
		    "Publish a key with k=rsa.");
	else if (!key->is_for_mail || !key->is_sha256)
		add_key(examination, SENDER_WRONG, "dkim_service",
		    g_strdup_printf("The DKIM key at %s is not for mail, or not for SHA-256.", place),
		    "Take the tags s= and h= out of the record.");
	else if (is_ed25519 ? key->size != ED25519_BYTES : key->size < RSA_1024_BYTES)
		add_key(examination, SENDER_WRONG, "dkim_short",
		    g_strdup_printf("The DKIM key at %s is too short; receivers ignore it.", place),
		    "Let the mail server make a key of 2048 bits and publish it.");
	else if (key->is_testing)
		add_key(examination, SENDER_WARNING, "dkim_testing",
		    g_strdup_printf("The DKIM key at %s says that it is being tested (t=y).", place),
		    "Take t=y out of the record once mail is signed with it.");
	else if (is_rsa && key->size < RSA_2048_BYTES)
		add_key(examination, SENDER_WARNING, "dkim_weak",
		    g_strdup_printf("The DKIM key at %s has fewer than 2048 bits.", place),
		    "Let the mail server make a key of 2048 bits and publish it.");
	else
		add_key(examination, SENDER_FINE, "dkim_found",
		    g_strdup_printf(
			"There is a DKIM key at %s. Whether the relay signs with it, a mail that was sent can show.", place),
		    NULL);
}

static void
judge_keys(SenderExamination *examination, const GPtrArray *keys, const char *place)
{
	g_autoptr(GError) error = NULL;

	if (keys->len > 1) {
		add_key(examination, SENDER_WRONG, "dkim_several",
		    g_strdup_printf("There are %u DKIM keys at %s; receivers may take any of them.", keys->len, place),
		    "Leave only the one that the mail server signs with.");
		return;
	}
	g_autoptr(DkimKey) key = dkim_key_parse(g_ptr_array_index(keys, 0), &error);
	if (key != NULL) {
		judge_key(examination, key, place);
		return;
	}
	g_autofree char *shown = sender_shown(error->message);
	add_key(examination, SENDER_WRONG, "dkim_syntax", g_strdup_printf("The DKIM key at %s cannot be read: %s.", place, shown),
	    "Publish the record again, as the mail server's maker gives it and in one piece.");
}

/* Looks at all selectors of one domain, and takes a key that can be used before one that cannot. TRUE if a key was found and judged; `unknown` gets the reason if one gave no answer. */
static gboolean
find_key(const DkimTopic *topic, const char *domain, const char **unknown)
{
	DnsQuestion questions[G_N_ELEMENTS(usual_selectors)];
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < topic->count; i++) {
		g_ptr_array_add(names, key_name(topic->selectors[i], domain));
		questions[i] = (DnsQuestion){g_ptr_array_index(names, i), DNS_TXT};
	}
	g_autoptr(GPtrArray) answers = dns_ask_all(topic->examination->dns, questions, topic->count);
	g_autoptr(GPtrArray) best = NULL;
	guint place = 0;
	for (guint i = 0; i < topic->count; i++) {
		const DnsAnswer *answer = g_ptr_array_index(answers, i);
		g_autoptr(GPtrArray) keys = keys_among(topic, answer);
		if (answer->outcome == DNS_UNKNOWN)
			*unknown = answer->reason;
		if (keys->len == 0 || (best != NULL && (is_usable(best) || !is_usable(keys))))
			continue;
		g_clear_pointer(&best, g_ptr_array_unref);
		best = g_steal_pointer(&keys);
		place = i;
	}
	if (best == NULL)
		return FALSE;
	topic->examination->dkim_domain = g_strdup(domain);
	g_autofree char *shown = sender_shown(questions[place].name);
	judge_keys(topic->examination, best, shown);
	return TRUE;
}

/* No key at the selectors that were tried. */
static void
add_no_key(const DkimTopic *topic, const char *unknown)
{
	SenderExamination *examination = topic->examination;
	g_autofree char *tried = g_strjoinv(", ", (char **)topic->selectors);
	g_autofree char *root = g_strdup_printf("_domainkey.%s", examination->from_domain);

	examination->dkim = unknown != NULL ? PROOF_UNKNOWN : PROOF_NO;
	if (unknown != NULL) {
		sender_add(examination, SENDER_UNKNOWN, "dkim_unknown",
		    g_strdup_printf("The DNS gives no answer about DKIM keys of %s (%s).", examination->from_domain, unknown),
		    g_strdup("Try again later; if it stays so, ask whoever runs the domain's name servers."));
		return;
	}
	if (topic->is_given) {
		g_autofree char *shown = sender_shown(tried);
		sender_add(examination, SENDER_WRONG, "dkim_missing",
		    g_strdup_printf("There is no DKIM key at %s.%s.", shown, root),
		    g_strdup("Publish there the record that the mail server's maker gives for this selector, or correct "
			     "dkim_selector."));
		return;
	}
	g_autoptr(DnsAnswer) answer = dns_ask(examination->dns, root, DNS_TXT);
	if (answer->outcome == DNS_NO_NAME) {
		sender_add(examination, SENDER_WARNING, "dkim_none",
		    g_strdup_printf("%s publishes no DKIM key (nothing exists below %s).", examination->from_domain, root),
		    g_strdup("Switch DKIM on at the mail server, publish the record that it gives, and set dkim_selector."));
		return;
	}
	examination->dkim = PROOF_UNKNOWN;
	sender_add(examination, SENDER_UNKNOWN, "dkim_selector_unknown",
	    g_strdup_printf("None of the usual selectors has a DKIM key of %s (tried: %s).", examination->from_domain, tried),
	    g_strdup("If the mail server signs, set dkim_selector to what stands behind s= in the DKIM-Signature of a mail of "
		     "yours."));
}

void
sender_dkim_examine(SenderExamination *examination)
{
	const char *given = examination->question->dkim_selector;
	const char *const one[] = {given, NULL};
	gboolean is_given = given != NULL && *given != '\0';
	DkimTopic topic = {.examination = examination,
	    .selectors = is_given ? one : usual_selectors,
	    .count = is_given ? 1 : G_N_ELEMENTS(usual_selectors) - 1,
	    .is_given = is_given};
	g_autofree char *organization = sender_organization(examination->from_domain);
	const char *unknown = NULL;

	if (find_key(&topic, examination->from_domain, &unknown))
		return;
	if (strcmp(organization, examination->from_domain) != 0 && find_key(&topic, organization, &unknown))
		return;
	add_no_key(&topic, unknown);
}

/* --- DMARC ----------------------------------------------------------------------------------------------------------- */

typedef struct {
	DnsOutcome outcome;
	const char *reason; /* of DNS_UNKNOWN */
	char *place;        /* where the record is, or was looked for last */
	char *text;         /* NULL if there is none */
	guint count;
	gboolean is_organization; /* it is that of the domain above, whose sp= counts */
} DmarcPlace;

static void
look(SenderExamination *examination, const char *domain, DmarcPlace *found)
{
	g_free(found->place);
	found->place = g_strdup_printf("_dmarc.%s", domain);
	g_autoptr(DnsAnswer) answer = dns_ask(examination->dns, found->place, DNS_TXT);
	found->outcome = answer->outcome;
	found->reason = answer->reason;
	for (guint i = 0; i < answer->records->len; i++) {
		const DnsRecord *record = g_ptr_array_index(answer->records, i);
		if (!dmarc_record_is(record->text))
			continue;
		found->count++;
		g_free(found->text);
		found->text = g_strdup(record->text);
	}
}

/* RFC 7489 section 6.6.3. */
static void
discover(SenderExamination *examination, DmarcPlace *found)
{
	g_autofree char *organization = sender_organization(examination->from_domain);

	look(examination, examination->from_domain, found);
	if (found->count > 0 || found->outcome == DNS_UNKNOWN || strcmp(organization, examination->from_domain) == 0)
		return;
	found->is_organization = TRUE;
	look(examination, organization, found);
}

/* Whether `domain` may speak for the one in From: (RFC 7489 section 3.1). */
static gboolean
is_aligned(const SenderExamination *examination, const char *domain, gboolean is_strict)
{
	if (domain == NULL)
		return FALSE;
	if (is_strict || strcmp(domain, examination->from_domain) == 0)
		return strcmp(domain, examination->from_domain) == 0;
	g_autofree char *one = sender_organization(domain);
	g_autofree char *other = sender_organization(examination->from_domain);
	return strcmp(one, other) == 0;
}

/* Why neither proof counts, for a person. */
static char *
why_unaligned(const SenderExamination *examination, const DmarcRecord *record)
{
	const char *envelope = examination->envelope_domain;
	g_autofree char *spf = NULL;

	if (envelope == NULL)
		spf = g_strdup("the null sender gives SPF no domain of ours");
	else if (!is_aligned(examination, envelope, record->is_spf_strict))
		spf = g_strdup_printf("SPF speaks for %s, not for %s%s", envelope, examination->from_domain,
		    record->is_spf_strict ? " (aspf=s)" : "");
	else
		spf = g_strdup("SPF does not pass");
	const char *dkim = examination->dkim == PROOF_MAYBE ? "the DKIM key is of another domain (adkim=s)"
							    : "there is no DKIM key that can be used";
	return g_strdup_printf("%s, and %s", spf, dkim);
}

static const char *const policy_words[] = {"none", "quarantine", "reject"};

/* Neither SPF nor DKIM will do. */
static void
add_unaligned(SenderExamination *examination, const DmarcRecord *record, DmarcPolicy policy)
{
	static const char *const codes[] = {"dmarc_unaligned", "dmarc_quarantine", "dmarc_reject"};
	static const char *const consequences[] = {"Receivers are asked to do nothing about it, but trust such mail less.",
	    "Gmail, docomo and others file such mail as spam, where nobody sees it.",
	    "Gmail, docomo and others refuse such mail: it does not arrive."};
	g_autofree char *why = why_unaligned(examination, record);

	sender_add(examination, policy == DMARC_POLICY_NONE ? SENDER_WARNING : SENDER_WRONG, codes[policy],
	    g_strdup_printf("DMARC of %s (p=%s) is not met: %s. %s", examination->from_domain, policy_words[policy], why,
		consequences[policy]),
	    g_strdup_printf("Use an envelope sender in %s and let its SPF pass, or let the relay sign with a DKIM key of %s.",
		examination->from_domain, examination->from_domain));
}

static void
judge_alignment(SenderExamination *examination, const DmarcRecord *record, DmarcPolicy policy)
{
	SenderProof spf =
	    is_aligned(examination, examination->envelope_domain, record->is_spf_strict) ? examination->spf : PROOF_NO;
	SenderProof dkim = examination->dkim;

	if (dkim == PROOF_MAYBE && !is_aligned(examination, examination->dkim_domain, record->is_dkim_strict))
		dkim = PROOF_NO;
	if (spf == PROOF_YES)
		sender_add(examination, SENDER_FINE, "dmarc_aligned",
		    g_strdup_printf("DMARC of %s (p=%s) is met by SPF.", examination->from_domain, policy_words[policy]), NULL);
	else if (dkim == PROOF_MAYBE)
		sender_add(examination, policy == DMARC_POLICY_NONE ? SENDER_FINE : SENDER_WARNING, "dmarc_dkim_only",
		    g_strdup_printf("DMARC of %s (p=%s) is met only if the relay signs with the DKIM key of %s.",
			examination->from_domain, policy_words[policy], examination->dkim_domain),
		    g_strdup("Send a test mail and look for dkim=pass in its Authentication-Results, or let SPF pass, too."));
	else if (spf == PROOF_UNKNOWN || dkim == PROOF_UNKNOWN)
		sender_add(examination, SENDER_UNKNOWN, "dmarc_undecided",
		    g_strdup_printf("Whether DMARC of %s (p=%s) is met is not known, because SPF or DKIM is not.",
			examination->from_domain, policy_words[policy]),
		    g_strdup("Look at the findings about SPF and DKIM first."));
	else
		add_unaligned(examination, record, policy);
}

static void
add_no_policy(SenderExamination *examination, const DmarcPlace *found)
{
	if (found->outcome == DNS_UNKNOWN)
		sender_add(examination, SENDER_UNKNOWN, "dmarc_unknown",
		    g_strdup_printf("The DNS gives no answer about %s (%s).", found->place, found->reason),
		    g_strdup("Try again later; if it stays so, ask whoever runs the domain's name servers."));
	else if (found->count > 1)
		sender_add(examination, SENDER_WRONG, "dmarc_several",
		    g_strdup_printf("There are %u DMARC records at %s, which counts as none.", found->count, found->place),
		    g_strdup("Leave one of them."));
	else
		sender_add(examination, SENDER_WARNING, "dmarc_missing",
		    g_strdup_printf("%s has no DMARC record; some large receivers ask for one.", examination->from_domain),
		    g_strdup_printf("Publish this TXT record at _dmarc.%s: v=DMARC1; p=none", examination->from_domain));
}

void
sender_dmarc_examine(SenderExamination *examination)
{
	DmarcPlace found = {.place = NULL};
	DmarcRecord record;
	g_autoptr(GError) error = NULL;

	discover(examination, &found);
	if (found.count != 1) {
		add_no_policy(examination, &found);
	} else if (!dmarc_record_parse(found.text, &record, &error)) {
		g_autofree char *shown = sender_shown(error->message);
		sender_add(examination, SENDER_WRONG, "dmarc_syntax",
		    g_strdup_printf("The DMARC record at %s cannot be read, so receivers ignore it: %s.", found.place, shown),
		    g_strdup("Publish it again; the least that is right is: v=DMARC1; p=none"));
	} else {
		judge_alignment(examination, &record, found.is_organization ? record.subdomain_policy : record.policy);
	}
	g_free(found.place);
	g_free(found.text);
}
