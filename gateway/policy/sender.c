/*
 * The visitor's address as evidence. Slips of the finger are sender_meant.c's, what the DNS says of the domain is resolver.c's.
 *
 * Pure; any thread.
 */
#include "sekisho/policy/sender.h"

#include <string.h>

#include "checks.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/automatic.h"
#include "sekisho/wire/address.h"
#include "sender_fields.h"

#define DISPOSABLE_POINTS 2u
#define ROLE_POINTS 1u

GPtrArray *
sender_addresses(const Form *form, const Submission *submission)
{
	GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		if (!sender_is_address_field(form, field))
			continue;
		for (char **value = field->values; *value != NULL && addresses->len < LIMIT_SENDER_LOOKS; value++)
			if (address_is_email(*value) && g_hash_table_add(seen, address_folded(*value)))
				g_ptr_array_add(addresses, g_strdup(*value));
	}
	return addresses;
}

gboolean
sender_is_address_field(const Form *form, const SubmissionField *field)
{
	const FormTag *tag = form_tag(form, field->name);
	return tag != NULL && strcmp(tag->basetype, "email") == 0;
}

char *
sender_domain(const char *address)
{
	return address_is_deliverable(address) ? address_domain(address) : NULL;
}

/* TRUE if the domain, or one above it, is in the table. */
static gboolean
is_listed(GHashTable *table, const char *domain)
{
	for (const char *at = domain; at != NULL; at = strchr(at, '.')) {
		at += *at == '.';
		if (g_hash_table_contains(table, at))
			return TRUE;
	}
	return FALSE;
}

/* Desks that a program answers for, or that open a case for every mail: a confirmation to one of them starts a correspondence of machines. "info" and "sales" are how small companies
 * are reached. */
static gboolean
is_support_desk(const char *address)
{
	static const char *const desks[] = {"support", "help", "helpdesk", "help-desk", "customerservice", "customer-service",
	    "customersupport", "customer-support", "servicedesk", "service-desk", "ticket", "tickets", "webmaster", "hostmaster",
	    "admin", "administrator", NULL};
	g_autofree char *local = g_ascii_strdown(address, (gssize)strcspn(address, "@+"));
	g_strdelimit(local, "._", '-');
	return g_strv_contains(desks, local);
}

static void
judge_address(const GateInput *input, const char *address, GPtrArray *findings)
{
	g_autofree char *domain = address_domain(address);
	const char *reason = automatic_reason(address);
	FindingHead head = {.check = CHECK_SENDER, .mode = input->policy->modes[CHECK_SENDER], .action = FINDING_NOTE};
	if (strlen(domain) <= LIMIT_DOMAIN_BYTES && is_listed(input->policy->disposables, domain)) {
		head.points = DISPOSABLE_POINTS;
		head.code = "disposable";
		finding_add(findings, &head, "Mail to %s is thrown away within minutes.", domain);
	}
	head.points = ROLE_POINTS;
	head.code = "role";
	if (reason != NULL)
		finding_add(findings, &head, "No person reads mail to %s: %s.", address, reason);
	else if (is_support_desk(address))
		finding_add(findings, &head, "The address %s is a desk's and no person's own.", address);
}

void
sender_check(const GateInput *input, GPtrArray *findings)
{
	if (input->policy->modes[CHECK_SENDER] == CHECK_OFF)
		return;
	g_autoptr(GPtrArray) addresses = sender_addresses(input->form, input->submission);
	for (guint i = 0; i < MIN(addresses->len, LIMIT_SENDERS); i++)
		judge_address(input, addresses->pdata[i], findings);
	/* Rates and the DNS are asked for the first ones alone. */
	const FindingHead several = {
	    .check = CHECK_SENDER, .mode = input->policy->modes[CHECK_SENDER], .action = FINDING_HOLD, .code = "several"};
	if (addresses->len > LIMIT_SENDERS)
		finding_add(findings, &several, "It gives more than %u mail addresses.", LIMIT_SENDERS);
}
