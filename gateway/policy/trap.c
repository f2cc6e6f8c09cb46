/*
 * The trap: a cookie's text, and whether the check makes sense for a site.
 *
 * The text is the time in microseconds as 16 hex digits, a dot, and a keyed hash (VAULT_HASH_TRAP) of site and time: nothing is stored, and nobody can make one or carry it to another
 * site. It is no proof of anything but its time, so it may be used often.
 *
 * What was learnt is in memory: a bit for each of a site's last accepted submissions. It begins anew with the process, and useful is what it begins as. One lock holds it; any thread may
 * call.
 */
#include "sekisho/policy/trap.h"

#include <pthread.h>
#include <string.h>

#include "checks.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

#define TIME_DIGITS 16u
#define TOKEN_BYTES (TIME_DIGITS + 1u + 2u * VAULT_HASH_BYTES)
#define NO_COOKIE_POINTS 1u
#define TOO_QUICK_POINTS 2u

/* --- The cookie ----------------------------------------------------------------------------------------------------- */

/* What is hashed. The digits have one length, so no two sites and times make the same text. */
static char *
signed_text(const char *digits, const char *site)
{
	return g_strdup_printf("%.*s.%s", (int)TIME_DIGITS, digits, site);
}

char *
trap_token(Vault *vault, const char *site)
{
	g_autofree char *digits = g_strdup_printf("%016" G_GINT64_MODIFIER "x", clock_now_us());
	g_autofree char *text = signed_text(digits, site);
	VaultHash hash;
	vault_hash(vault, VAULT_HASH_TRAP, text, strlen(text), &hash);
	GString *token = g_string_new(digits);
	g_string_append_c(token, '.');
	text_append_hex(token, hash.bytes, VAULT_HASH_BYTES);
	return g_string_free(token, FALSE);
}

gint64
trap_age_us(Vault *vault, const char *site, const char *token)
{
	guint8 time[TIME_DIGITS / 2];
	VaultHash hash;
	if (strlen(token) != TOKEN_BYTES || token[TIME_DIGITS] != '.' ||
	    !text_read_hex(token + TIME_DIGITS + 1, hash.bytes, VAULT_HASH_BYTES))
		return -1;
	g_autofree char *digits = g_strndup(token, TIME_DIGITS);
	g_autofree char *text = signed_text(digits, site);
	if (!text_read_hex(digits, time, sizeof(time)) || !vault_hash_matches(vault, VAULT_HASH_TRAP, text, strlen(text), &hash))
		return -1;
	guint64 made_at_us = 0;
	for (gsize i = 0; i < sizeof(time); i++)
		made_at_us = made_at_us << 8 | time[i];
	const gint64 age_us = clock_now_us() - (gint64)made_at_us;
	return age_us >= 0 && age_us <= TRAP_LIFE_US ? age_us : -1;
}

/* --- Whether it is of use ----------------------------------------------------------------------------------------------- */

/* A site's last accepted submissions, the newest one in the lowest bit. */
typedef struct {
	guint32 without; /* 1: it had no cookie */
	guint count;     /* bits that mean something */
} Sample;
G_STATIC_ASSERT(LIMIT_TRAP_SAMPLE <= 32u);

struct Trap {
	pthread_mutex_t lock;
	GHashTable *samples; /* char * (site) -> Sample * */
};

Trap *
trap_new(void)
{
	Trap *trap = g_new0(Trap, 1);
	pthread_mutex_init(&trap->lock, NULL);
	trap->samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return trap;
}

void
trap_free(Trap *trap)
{
	if (trap == NULL)
		return;
	g_hash_table_unref(trap->samples);
	pthread_mutex_destroy(&trap->lock);
	g_free(trap);
}

static gboolean
is_resting(const Sample *sample)
{
	return sample != NULL && sample->count >= LIMIT_TRAP_SAMPLE &&
	       (guint)__builtin_popcount(sample->without) > LIMIT_TRAP_SAMPLE / 2;
}

gboolean
trap_is_useful(Trap *trap, const char *site)
{
	pthread_mutex_lock(&trap->lock);
	const gboolean is_useful = !is_resting(g_hash_table_lookup(trap->samples, site));
	pthread_mutex_unlock(&trap->lock);
	return is_useful;
}

/* The site's sample, made if it is new. Needs the lock. */
static Sample *
sample_of(Trap *trap, const char *site)
{
	Sample *sample = g_hash_table_lookup(trap->samples, site);
	if (sample != NULL)
		return sample;
	if (g_hash_table_size(trap->samples) >= LIMIT_TRAP_SITES)
		g_hash_table_remove_all(trap->samples);
	sample = g_new0(Sample, 1);
	g_hash_table_insert(trap->samples, g_strdup(site), sample);
	return sample;
}

gboolean
trap_learn(Trap *trap, const char *site, gboolean has_cookie)
{
	pthread_mutex_lock(&trap->lock);
	Sample *sample = sample_of(trap, site);
	const gboolean was_resting = is_resting(sample);
	sample->without =
	    (sample->without << 1 | (has_cookie ? 0u : 1u)) & (guint32)((G_GUINT64_CONSTANT(1) << LIMIT_TRAP_SAMPLE) - 1u);
	sample->count = MIN(sample->count + 1, LIMIT_TRAP_SAMPLE);
	const gboolean begins_to_rest = !was_resting && is_resting(sample);
	pthread_mutex_unlock(&trap->lock);
	return begins_to_rest;
}

/* --- The check ------------------------------------------------------------------------------------------------------ */

void
trap_check(const GateInput *input, GPtrArray *findings)
{
	FindingHead head = {.check = CHECK_TRAP, .mode = input->policy->modes[CHECK_TRAP], .action = FINDING_NOTE};
	const TrapSight *sight = &input->trap;
	if (!sight->is_asked)
		return;
	if (!sight->is_cookie_there) {
		head.points = NO_COOKIE_POINTS;
		head.code = "no_cookie";
		finding_add(findings, &head,
		    "The browser never asked for the rules of the form, as the page's script does. Without JavaScript it would "
		    "not, either.");
	} else if (sight->age_us < input->policy->trap_minimum_us) {
		head.points = TOO_QUICK_POINTS;
		head.code = "too_quick";
		finding_add(findings, &head, "It was sent %.1f seconds after its page was loaded, sooner than anybody writes.",
		    (double)sight->age_us / G_USEC_PER_SEC);
	}
}
