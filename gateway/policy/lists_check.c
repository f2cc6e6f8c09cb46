/*
 * The check "lists": what a submission has that an operator may have listed is collected, looked up, and becomes findings.
 *
 * A block refuses, whatever else is allowed. An entry that allows leaves everything else unsaid that lists say, and ends the examination. Values that stand in clear are repeated to the
 * operator; a mail address is not.
 */
#include <string.h>

#include "checks.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/sender.h"
#include "sekisho/wire/address.h"
#include "sekisho/wire/html.h"
#include "typed.h"

/* What is looked up, and what holds it. */
typedef struct {
	ListsQuestion question;
	GArray *mails; /* ListsMail */
	GPtrArray *hashes, *domains, *texts, *links;
	char **fingerprints;
	char *agent;
	gboolean is_full;            /* there were more links than are looked up */
	gboolean has_many_addresses; /* ... more addresses */
} Collected;

static void
collect_addresses(Collected *collected, const GateInput *input)
{
	if (!lists_have(input->lists, LIST_ADDRESS) && !lists_have(input->lists, LIST_DOMAIN))
		return;
	g_autoptr(GPtrArray) addresses = sender_addresses(input->form, input->submission);
	collected->has_many_addresses = addresses->len >= LIMIT_SENDER_LOOKS;
	for (guint i = 0; i < addresses->len; i++) {
		g_autofree char *folded = address_folded(addresses->pdata[i]);
		GArray *hashes = vault_hashes(input->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
		char *domain = address_domain(addresses->pdata[i]);
		g_autofree char *plain = address_untagged(addresses->pdata[i]);
		GArray *plain_hashes =
		    plain != NULL ? vault_hashes(input->vault, VAULT_HASH_ADDRESS, plain, strlen(plain)) : NULL;
		const ListsMail mail = {hashes, domain, plain_hashes};
		g_array_append_val(collected->mails, mail);
		g_ptr_array_add(collected->hashes, hashes);
		if (plain_hashes != NULL)
			g_ptr_array_add(collected->hashes, plain_hashes);
		g_ptr_array_add(collected->domains, domain);
	}
}

/* As it stands, and as a program that shows it as HTML would. */
static void
add_text(Collected *collected, const char *text)
{
	g_ptr_array_add(collected->texts, text_fold(text));
	if (strchr(text, '&') == NULL)
		return;
	g_autofree char *decoded = html_decode(text);
	if (strcmp(decoded, text) != 0)
		g_ptr_array_add(collected->texts, text_fold(decoded));
}

/* What the form itself offers, and tokens, say nothing of a visitor. */
static void
collect_texts(Collected *collected, const GateInput *input)
{
	if (!lists_have(input->lists, LIST_PHRASE))
		return;
	g_autoptr(GArray) values = typed_all_values(input->form, input->submission);
	for (guint i = 0; i < values->len; i++)
		add_text(collected, g_array_index(values, Typed, i).text);
	g_autoptr(GPtrArray) facts = typed_facts(input->submission);
	for (guint i = 0; i < facts->len; i++)
		add_text(collected, facts->pdata[i]);
}

static void
collect(Collected *collected, const GateInput *input)
{
	const ClientFacts *client = input->submission->client;
	*collected = (Collected){
	    .mails = g_array_new(FALSE, FALSE, sizeof(ListsMail)),
	    .hashes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref),
	    .domains = g_ptr_array_new_with_free_func(g_free),
	    .texts = g_ptr_array_new_with_free_func(g_free),
	    .fingerprints = g_strsplit(client->fingerprint, " ", -1),
	    .agent = lists_have(input->lists, LIST_AGENT) ? text_fold(client->user_agent) : g_strdup(""),
	};
	collected->links = lists_have(input->lists, LIST_LINK) ? links_hosts(input, &collected->is_full) : g_ptr_array_new();
	collect_addresses(collected, input);
	collect_texts(collected, input);
	g_ptr_array_add(collected->texts, NULL);
	g_ptr_array_add(collected->links, NULL);
	collected->question = (ListsQuestion){.site = input->submission->site,
	    .form_id = input->submission->form_id,
	    .now_us = client->received_at_us,
	    .ip = client->remote_ip,
	    .mails = (const ListsMail *)collected->mails->data,
	    .mail_count = collected->mails->len,
	    .fingerprints = (const char *const *)collected->fingerprints,
	    .texts = (const char *const *)collected->texts->pdata,
	    .links = (const char *const *)collected->links->pdata,
	    .agent = collected->agent};
}

static void
collected_clear(Collected *collected)
{
	g_array_unref(collected->mails);
	g_ptr_array_unref(collected->hashes);
	g_ptr_array_unref(collected->domains);
	g_ptr_array_unref(collected->texts);
	g_ptr_array_unref(collected->links);
	g_strfreev(collected->fingerprints);
	g_free(collected->agent);
}

/* --- Findings --------------------------------------------------------------------------------------------------------- */

static const struct {
	FindingAction action;
	const char *code;
	const char *does;
} effects[] = {
    [LIST_ALLOW] = {FINDING_PASS, "list_allow", "allows"},
    [LIST_NOTE] = {FINDING_NOTE, "list_note", "notes"},
    [LIST_HOLD] = {FINDING_HOLD, "list_hold", "holds"},
    [LIST_BLOCK] = {FINDING_REJECT, "list_block", "blocks"},
};

static const char *const subjects[] = {
    [LIST_NETWORK] = "comes from",
    [LIST_COUNTRY] = "comes from the country",
    [LIST_ADDRESS] = "gives a mail address",
    [LIST_DOMAIN] = "gives a mail address of",
    [LIST_FINGERPRINT] = "has the fingerprint",
    [LIST_PHRASE] = "says",
    [LIST_LINK] = "links to",
    [LIST_AGENT] = "names as its browser",
};

/* " 192.0.2.0/24". A hash tells nobody anything. */
static char *
seen_value(const ListsMatch *match)
{
	switch (match->type) {
	case LIST_ADDRESS:
		return g_strdup("");
	case LIST_PHRASE:
	case LIST_AGENT:
		return g_strdup_printf(" \"%s\"", match->value);
	default:
		return g_strdup_printf(" %s", match->value);
	}
}

static void
add_finding(GPtrArray *findings, CheckMode mode, const ListsMatch *match)
{
	const FindingHead head = {CHECK_LISTS, mode, effects[match->action].action, match->points, effects[match->action].code};
	g_autofree char *value = seen_value(match);
	g_autofree char *reason = match->reason[0] != '\0' ? g_strdup_printf(" Its reason: %s", match->reason) : g_strdup("");
	finding_add(findings, &head, "It %s%s, which entry %" G_GINT64_FORMAT " of the lists %s.%s", subjects[match->type], value,
	    match->id, effects[match->action].does, reason);
}

/* What counts of the winners, which are sorted with the blocks first, then those that allow. */
static gboolean
counts(const ListsMatch *match, ListAction first)
{
	if (first == LIST_BLOCK || first == LIST_ALLOW)
		return match->is_winner && match->action == first;
	return match->is_winner;
}

/* TRUE if they exempt. */
static gboolean
judge(const GArray *matches, CheckMode mode, GPtrArray *findings, GArray *hits)
{
	if (matches->len == 0)
		return FALSE;
	const ListAction first = g_array_index(matches, ListsMatch, 0).action;
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		if (!counts(match, first))
			continue;
		add_finding(findings, mode, match);
		if (hits != NULL)
			g_array_append_val(hits, match->id);
	}
	return first == LIST_ALLOW && mode == CHECK_ON;
}

/* A link or an address that is listed could stand behind those that were looked up. */
static void
judge_rest(const Collected *collected, CheckMode mode, GPtrArray *findings)
{
	const FindingHead head = {CHECK_LISTS, mode, FINDING_HOLD, 0, "too_many_links"};
	if (collected->is_full)
		finding_add(findings, &head, "It has more different links than are looked up in the lists.");
	const FindingHead addresses = {CHECK_LISTS, mode, FINDING_HOLD, 0, "too_many_addresses"};
	if (collected->has_many_addresses)
		finding_add(findings, &addresses, "It has more mail addresses than are looked up in the lists.");
}

gboolean
lists_check(const GateInput *input, GPtrArray *findings, GArray *hits)
{
	const CheckMode mode = input->policy->modes[CHECK_LISTS];
	if (mode == CHECK_OFF || input->lists == NULL)
		return FALSE;
	Collected collected;
	collect(&collected, input);
	g_autoptr(GArray) matches = lists_match(input->lists, &collected.question);
	const gboolean is_exempt = judge(matches, mode, findings, hits);
	if (!is_exempt)
		judge_rest(&collected, mode, findings);
	collected_clear(&collected);
	return is_exempt;
}
