/*
 * Rates and what is charged to them. Pure: no state, no file, no waiting; the counters themselves are the store's
 * (store/counters.h).
 */
#include "sekisho/policy/rate.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/wire/address.h"

/* The largest number in a rate, and the longest period: with both, times of a counter stay below 2^63 microseconds. */
#define RATE_NUMBER_MOST 100000u
#define RATE_PERIOD_MOST_US (366 * G_TIME_SPAN_DAY)
#define RATE_DIGITS 6u

#define RATE_EXAMPLES "write a rate like \"5/10min burst 3\", \"20/1h\" or \"off\""

static const struct {
	const char *name;
	gint64 size_us;
} units[] = {{"d", G_TIME_SPAN_DAY}, {"h", G_TIME_SPAN_HOUR}, {"min", G_TIME_SPAN_MINUTE}, {"s", G_TIME_SPAN_SECOND}};

/* --- Texts ------------------------------------------------------------------------------------------------------- */

static void
skip_spaces(const char **rest)
{
	*rest += strspn(*rest, " \t");
}

static gboolean
skip_word(const char **rest, const char *word)
{
	if (!g_str_has_prefix(*rest, word))
		return FALSE;
	*rest += strlen(word);
	return TRUE;
}

static gboolean
take_number(const char **rest, guint *number)
{
	const gsize digits = strspn(*rest, "0123456789");
	if (digits == 0 || digits > RATE_DIGITS)
		return FALSE;
	*number = (guint)g_ascii_strtoull(*rest, NULL, 10);
	*rest += digits;
	return *number >= 1 && *number <= RATE_NUMBER_MOST;
}

/* "10min", "h": a number, which may be left out, and a unit. */
static gboolean
take_period(const char **rest, gint64 *period_us)
{
	guint number = 1;
	if (g_ascii_isdigit(**rest) && !take_number(rest, &number))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
		if (skip_word(rest, units[i].name)) {
			*period_us = number * units[i].size_us;
			return *period_us <= RATE_PERIOD_MOST_US;
		}
	return FALSE;
}

/* What stands behind the period: nothing, or " burst N". */
static gboolean
take_burst(const char **rest, guint *burst)
{
	const char *end = *rest;
	skip_spaces(&end);
	if (*end == '\0')
		return TRUE;
	if (end == *rest || !skip_word(&end, "burst"))
		return FALSE;
	*rest = end;
	skip_spaces(rest);
	return *rest > end && take_number(rest, burst);
}

static gboolean
parse(const char *text, Rate *rate)
{
	const char *rest = text;
	skip_spaces(&rest);
	*rate = (Rate){.burst = 1};
	if (!skip_word(&rest, "off")) {
		if (!take_number(&rest, &rate->count) || !skip_word(&rest, "/") || !take_period(&rest, &rate->period_us))
			return FALSE;
		rate->burst = rate->count;
		if (!take_burst(&rest, &rate->burst))
			return FALSE;
	}
	skip_spaces(&rest);
	return *rest == '\0';
}

gboolean
rate_read(const char *text, Rate *rate, char **problem)
{
	Rate read = {0};
	if (!parse(text, &read)) {
		*problem = g_strdup_printf("this is no rate: " RATE_EXAMPLES
					   "; units are s, min, h and d, numbers go from 1 to %u, periods up to 366 days",
		    RATE_NUMBER_MOST);
		return FALSE;
	}
	*rate = read;
	return TRUE;
}

const char *
rate_tier_name(RateTier tier)
{
	static const char *const names[RATE_TIERS] = {
	    "ip", "network", "network_wide", "fingerprint", "sender", "form", "site", "unchecked", "rejected", "uploads"};
	return names[tier];
}

/* --- Charges --------------------------------------------------------------------------------------------------------- */

static CounterCharge
charge_of(RateTier tier, const Rate *rate, const char *site, const char *value, Vault *vault)
{
	g_assert(rate->count > 0 && rate->period_us > 0 && rate->burst > 0);
	/* Rounded up: in the long run rather one less than one more. */
	CounterCharge charge = {.tier = tier, .interval_us = (rate->period_us + rate->count - 1) / rate->count};
	charge.tolerance_us = charge.interval_us * (rate->burst - 1);
	g_autofree char *head =
	    g_strdup_printf("%u|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, tier, charge.interval_us, charge.tolerance_us);
	/* The lengths are told, because a value may hold any character. */
	g_autofree char *name = g_strdup_printf("%zu|%s|%s|%s", strlen(site), site, head, value);
	vault_hash(vault, VAULT_HASH_COUNTER, name, strlen(name), &charge.key);
	return charge;
}

/* The network that is charged at a tier of networks; NULL if the address has none. The caller's. */
static char *
network_value(RateTier tier, const Submission *submission)
{
	static const struct {
		guint bits_ipv4, bits_ipv6;
	} cuts[RATE_TIERS] = {[RATE_IP] = {32, 64},
	    [RATE_NETWORK] = {24, 56},
	    [RATE_NETWORK_WIDE] = {0, 48},
	    [RATE_REJECTED] = {24, 48},
	    [RATE_UPLOADS] = {24, 48}};
	return network_cut(submission->client->remote_ip, cuts[tier].bits_ipv4, cuts[tier].bits_ipv6);
}

/* What is charged at a tier that has one value; NULL if there is none. The caller's. */
static char *
single_value(RateTier tier, const Submission *submission)
{
	const char *fingerprint = submission->client->fingerprint ? submission->client->fingerprint : "";
	switch (tier) {
	case RATE_IP:
	case RATE_NETWORK:
	case RATE_NETWORK_WIDE:
	case RATE_REJECTED:
	case RATE_UPLOADS:
		return network_value(tier, submission);
	case RATE_FINGERPRINT:
		/* The newest key's; what was counted under the one before is over soon. */
		return *fingerprint == '\0' ? NULL : g_strndup(fingerprint, strcspn(fingerprint, " "));
	case RATE_FORM:
		return g_strdup_printf("%" G_GUINT64_FORMAT, submission->form_id);
	case RATE_SITE:
	case RATE_UNCHECKED:
		return g_strdup("");
	case RATE_SENDER:
	default:
		return NULL;
	}
}

/* The mailboxes in the email fields of the form, each once (char *). A choice of addresses in another field is the site's own.
 * The caller's. */
static GPtrArray *
sender_values(const Form *form, const Submission *submission)
{
	GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < form->tags->len && values->len < LIMIT_SENDERS; i++) {
		const FormTag *tag = form->tags->pdata[i];
		const SubmissionField *field =
		    tag->name && g_str_equal(tag->basetype, "email") ? submission_field(submission, tag->name) : NULL;
		for (guint j = 0; field && field->values[j] && values->len < LIMIT_SENDERS; j++) {
			g_autofree char *mailbox = address_is_email(field->values[j]) ? address_mailbox(field->values[j]) : NULL;
			if (mailbox && !g_ptr_array_find_with_equal_func(values, mailbox, g_str_equal, NULL))
				g_ptr_array_add(values, g_steal_pointer(&mailbox));
		}
	}
	return values;
}

#define UPLOAD_UNIT_BYTES (G_GUINT64_CONSTANT(1) << 20)

/* As many units as MiB begun. The key and the reach of a counter stay those of its rate: what takes more at once may run less far ahead. */
static void
add_uploads(const Rate *rate, const Submission *submission, Vault *vault, GArray *charges)
{
	g_autofree char *network = network_value(RATE_UPLOADS, submission);
	guint64 size_bytes = 0;
	for (guint i = 0; submission->files != NULL && i < submission->files->len; i++)
		size_bytes += ((const SubmissionFile *)submission->files->pdata[i])->size_bytes;
	if (rate->count == 0 || network == NULL || size_bytes == 0)
		return;
	const gint64 taken = (gint64)MIN((size_bytes + UPLOAD_UNIT_BYTES - 1) / UPLOAD_UNIT_BYTES, rate->burst);
	CounterCharge charge = charge_of(RATE_UPLOADS, rate, submission->site, network, vault);
	charge.tolerance_us -= charge.interval_us * (taken - 1);
	charge.interval_us *= taken;
	g_array_append_val(charges, charge);
}

void
rate_charges(const Rate rates[RATE_TIERS], const Form *form, const Submission *submission, Vault *vault, GArray *charges)
{
	for (RateTier tier = RATE_IP; tier <= RATE_SITE; tier++) {
		if (rates[tier].count == 0)
			continue;
		g_autoptr(GPtrArray) values =
		    tier == RATE_SENDER ? sender_values(form, submission) : g_ptr_array_new_with_free_func(g_free);
		char *single = single_value(tier, submission);
		if (single)
			g_ptr_array_add(values, single);
		for (guint i = 0; i < values->len; i++) {
			const CounterCharge charge = charge_of(tier, &rates[tier], submission->site, values->pdata[i], vault);
			g_array_append_val(charges, charge);
		}
	}
	add_uploads(&rates[RATE_UPLOADS], submission, vault, charges);
}

CounterCharge
rate_charge(RateTier tier, const Rate *rate, const Submission *submission, Vault *vault)
{
	g_autofree char *value = single_value(tier, submission);
	return charge_of(tier, rate, submission->site, value ? value : "", vault);
}

char *
rate_who(const CounterCharge *charge, const Rate *rate, const Form *form, const Submission *submission, Vault *vault)
{
	if (charge->tier != RATE_SENDER) {
		char *value = single_value(charge->tier, submission);
		return value ? value : g_strdup("");
	}
	g_autoptr(GPtrArray) values = sender_values(form, submission);
	for (guint i = 0; i < values->len; i++) {
		const CounterCharge known = charge_of(RATE_SENDER, rate, submission->site, values->pdata[i], vault);
		if (vault_hash_equal(&known.key, &charge->key))
			return g_strdup(values->pdata[i]);
	}
	return g_strdup("");
}

/* --- The finding --------------------------------------------------------------------------------------------------- */

void
rate_judge(CheckMode mode, RateTier tier, gint64 retry_at_us, GPtrArray *findings)
{
	static const char *const whats[RATE_TIERS] = {
	    [RATE_IP] = "more came from this address than its limit allows (IPv6: from its /64)",
	    [RATE_NETWORK] = "more came from this network than its limit allows (IPv4: /24, IPv6: /56)",
	    [RATE_NETWORK_WIDE] = "more came from this network than its limit allows (IPv6: /48)",
	    [RATE_FINGERPRINT] = "more came from this browser than its limit allows",
	    [RATE_SENDER] = "more came under this mail address than its limit allows",
	    [RATE_FORM] = "more came through this form than its limit allows",
	    [RATE_SITE] = "more came through all forms of this site than its limit allows",
	    [RATE_UPLOADS] = "more bytes of files came from this network than its limit allows (IPv4: /24, IPv6: /48)",
	    [RATE_UNCHECKED] = "the captcha cannot be asked, and as many went out unchecked as its limit allows",
	};
	if (!whats[tier])
		return;
	g_autofree char *code = g_strdup_printf("rate_%s", rate_tier_name(tier));
	const FindingHead head = {
	    .check = CHECK_RATE, .mode = mode, .action = tier == RATE_UNCHECKED ? FINDING_HOLD : FINDING_WAIT, .code = code};
	Finding *finding = finding_add(findings, &head, "%s", whats[tier]);
	if (finding && head.action == FINDING_WAIT)
		finding->retry_at_us = retry_at_us;
}
