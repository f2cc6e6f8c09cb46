/*
 * Rates and their tiers: how many submissions may come from one address, network, fingerprint, sender, for one form, for one site. A rate is enforced as GCRA (the generic
 * cell rate algorithm, ITU-T I.371 annex A): "5/10min burst 3" lets three come at once and then one every two minutes.
 *
 * Keys of counters are keyed hashes of site, tier, rate and value, so that counters tell nothing, and a form with a rate of its own counts by itself.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/finding.h"
#include "sekisho/store/counters.h"

typedef struct {
	guint count;      /* 0: no limit */
	gint64 period_us; /* in which `count` may come in the long run */
	guint burst;      /* how many may come at once; at least 1 */
} Rate;
/* "5/10min burst 3", "20/1h" (burst: as the count), "off". Units s, min, h, d, also without a number ("5/h"); numbers from 1 to 100000, periods up to 366 days. FALSE: `problem`
 * receives what is wrong and what would be right (a sentence, the caller's). Any text may come; what is no such text is refused. */
gboolean rate_read(const char *text, Rate *rate, char **problem);

/* The tiers, and the keys of [limit]. Values go into keys of counters: never renumber. */
typedef enum {
	RATE_IP,          /* IPv4 address, or IPv6 /64 */
	RATE_NETWORK,     /* IPv4 /24, or IPv6 /56 */
	RATE_NETWORK_WIDE,/* IPv6 /48 alone */
	RATE_FINGERPRINT,
	RATE_SENDER,      /* each mailbox (address_mailbox) that was typed into an email field, up to LIMIT_SENDERS */
	RATE_FORM,
	RATE_SITE,
	RATE_UNCHECKED,   /* notices that go out unchecked while the captcha cannot be asked; of the site */
	RATE_REJECTED,    /* refused submissions that are kept, of one network: IPv4 /24, or IPv6 /48 */
	RATE_UPLOADS      /* MiB of files, each begun one, of one network: IPv4 /24, or IPv6 /48 */
} RateTier;
#define RATE_TIERS 10u
/* "ip", "network", "network_wide", "fingerprint", "sender", "form", "site", "unchecked", "rejected", "uploads". Static. */
const char *rate_tier_name(RateTier tier);

/* Charges for one submission (CounterCharge, appended; its `tier` is the RateTier): every tier from RATE_IP to RATE_SITE, and RATE_UPLOADS, that has a rate and a
 * value. Files are charged by their size, and what is larger than the burst as the whole burst, so that it can pass at all. */
void rate_charges(const Rate rates[RATE_TIERS], const Form *form, const Submission *submission, Vault *vault, GArray *charges);
/* One charge of RATE_UNCHECKED or RATE_REJECTED. The rate must not be off. */
CounterCharge rate_charge(RateTier tier, const Rate *rate, const Submission *submission, Vault *vault);

/* Who is charged by one of rate_charges of the same submission, with the rate of its tier: an address or network, a fingerprint, a mailbox, the number of the form; "" for the site, or if it is none of them.
 * Text from outside where it is a mailbox. The caller's. */
char *rate_who(const CounterCharge *charge, const Rate *rate, const Form *form, const Submission *submission, Vault *vault);

/* The finding of a denied tier: WAIT until `retry_at_us`; of RATE_UNCHECKED HOLD, of RATE_REJECTED none. `mode` is CHECK_RATE's. */
void rate_judge(CheckMode mode, RateTier tier, gint64 retry_at_us, GPtrArray *findings);
