/* Rates as text, what a submission is charged to, and what is said of a denied one. */
#include "sekisho/policy/rate.h"

#include <string.h>

#include "fixture.h"
#include "sekisho/base/limits.h"

#define SECOND G_GINT64_CONSTANT(1000000)

/* --- Text ------------------------------------------------------------------------------------------------------------ */

static void
test_texts(void)
{
	static const struct {
		const char *text;
		Rate rate;
	} rows[] = {
	    {"5/10min burst 3", {5, 600 * SECOND, 3}},
	    {"20/1h", {20, 3600 * SECOND, 20}},
	    {"5/h", {5, 3600 * SECOND, 5}},
	    {"1/s", {1, SECOND, 1}},
	    {"30/90s burst 1", {30, 90 * SECOND, 1}},
	    {"5/120min", {5, 7200 * SECOND, 5}},
	    {"7/48h burst 90", {7, 172800 * SECOND, 90}},
	    {"100000/366d burst 100000", {100000, 366 * 86400 * SECOND, 100000}},
	    {"1/366d burst 100000", {1, 366 * 86400 * SECOND, 100000}},
	    {" \t5/10min  burst\t3 ", {5, 600 * SECOND, 3}},
	    {"off", {0, 0, 1}},
	    {" off ", {0, 0, 1}},
	    {"007/1h", {7, 3600 * SECOND, 7}},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		Rate rate = {0};
		g_autofree char *problem = NULL;
		g_assert_true(rate_read(rows[i].text, &rate, &problem));
		g_assert_null(problem);
		g_assert_cmpuint(rate.count, ==, rows[i].rate.count);
		g_assert_cmpint(rate.period_us, ==, rows[i].rate.period_us);
		g_assert_cmpuint(rate.burst, ==, rows[i].rate.burst);
	}
}

static void
test_no_rates(void)
{
	static const char *const texts[] = {"", " ", "5", "5/", "/10min", "0/10min", "5/0min", "-5/10min", "+5/10min", "5 /10min",
	    "5/ 10min", "5/10 min", "5/10m", "5/10mins", "5/10MIN", "5/10minburst 3", "5/10min burst", "5/10min burst 0",
	    "5/10min burst3", "5/10min burst -1", "5/10min burst 3 4", "5/10min 3", "5/10min, burst 3", "100001/1h", "5/100001s",
	    "5/367d", "1/1h burst 100001", "99999999999999999999/1h", "5/99999999999999999999h", "offf", "off 5/1h", "5/1h off",
	    "OFF", "5/10min\n", "5/\xff", "\xe5\x88\xa5/1h", "5.5/1h", "5e3/1h", "5/week"};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		Rate rate = {1, 2, 3};
		g_autofree char *problem = NULL;
		g_assert_false(rate_read(texts[i], &rate, &problem));
		g_assert_nonnull(strstr(problem, "5/10min burst 3"));
		g_assert_cmpuint(rate.count + rate.burst, ==, 4);
	}
}

/* --- Charges ---------------------------------------------------------------------------------------------------------- */

/* Who posts what. */
typedef struct {
	const char *ip, *fingerprint, *email, *second;
	const char *limits; /* "TIER=RATE TIER=RATE" with "_" for the spaces of a rate */
} Visit;

#define ALL                                                                                                                      \
	"ip=5/10min network=6/10min network_wide=7/10min fingerprint=8/10min sender=9/10min form=10/10min site=11/10min "        \
	"unchecked=1/h rejected=1/h"

static void
read_limits(const char *limits, Rate rates[RATE_TIERS])
{
	g_auto(GStrv) items = g_strsplit(limits, " ", -1);
	memset(rates, 0, RATE_TIERS * sizeof *rates);
	for (char **item = items; *item; item++) {
		g_auto(GStrv) parts = g_strsplit(*item, "=", 2);
		g_autofree char *problem = NULL;
		g_strdelimit(parts[1], "_", ' ');
		for (guint tier = 0; tier < RATE_TIERS; tier++)
			if (g_str_equal(parts[0], rate_tier_name(tier)))
				g_assert_true(rate_read(parts[1], &rates[tier], &problem));
	}
}

static Submission *
submission_of(const Form *form, const Visit *visit)
{
	ClientFacts *client = client_facts_new();
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(visit->ip);
	g_free(client->fingerprint);
	client->fingerprint = g_strdup(visit->fingerprint);
	Posted *posted =
	    fixture_posted("your-email", visit->email, "your-second", visit->second, "branch", "branch@example.test", NULL);
	return submission_new(form, "0123456789AB", posted, NULL, client);
}

/* The charges of a visit (CounterCharge). The caller's. */
static GArray *
charges_of(const Visit *visit)
{
	Rate rates[RATE_TIERS];
	g_autoptr(Form) form =
	    fixture_form("[email your-email][email your-second][select branch \"branch@example.test\"][submit]");
	g_autoptr(Submission) submission = submission_of(form, visit);
	GArray *charges = g_array_new(FALSE, FALSE, sizeof(CounterCharge));
	read_limits(visit->limits, rates);
	rate_charges(rates, form, submission, fixture_vault(), charges);
	return charges;
}

static char *
tiers_text(const GArray *charges)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < charges->len; i++)
		g_string_append_printf(
		    text, "%s%s", i > 0 ? " " : "", rate_tier_name(g_array_index(charges, CounterCharge, i).tier));
	return g_string_free(text, FALSE);
}

static void
test_tiers(void)
{
	static const struct {
		Visit visit;
		const char *tiers;
	} rows[] = {
	    {{"192.0.2.7", "1-aa", "a@visitor.test", "", ALL}, "ip network fingerprint sender form site"},
	    {{"2001:db8::7", "1-aa", "a@visitor.test", "", ALL}, "ip network network_wide fingerprint sender form site"},
	    {{"", "", "", "", ALL}, "form site"},
	    {{"192.0.2.7", "1-aa", "a@visitor.test", "", "ip=off"}, ""},
	    {{"192.0.2.7", "1-aa", "a@visitor.test", "", "sender=5/1h site=off"}, "sender"},
	    /* What is no address is nobody's; one that is typed twice counts once. */
	    {{"", "", "nobody", "", "sender=5/1h"}, ""},
	    {{"", "", "A+x@Visitor.test", "a@visitor.test", "sender=5/1h"}, "sender"},
	    {{"", "", "a@visitor.test", "b@visitor.test", "sender=5/1h"}, "sender sender"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GArray) charges = charges_of(&rows[i].visit);
		g_autofree char *tiers = tiers_text(charges);
		g_assert_cmpstr(tiers, ==, rows[i].tiers);
		g_assert_cmpuint(charges->len, <=, LIMIT_CHARGES);
	}
}

/* Whether two visits share the counter of a tier. */
static void
test_shared_counters(void)
{
	static const struct {
		const char *limits;
		const char *a, *b; /* addresses */
		gboolean is_shared;
	} rows[] = {
	    {"ip=5/1h", "192.0.2.7", "192.0.2.7", TRUE},
	    {"ip=5/1h", "192.0.2.7", "192.0.2.8", FALSE},
	    {"network=5/1h", "192.0.2.7", "192.0.2.200", TRUE},
	    {"network=5/1h", "192.0.2.7", "192.0.3.7", FALSE},
	    {"ip=5/1h", "2001:db8:1:2::1", "2001:db8:1:2:ffff::1", TRUE},
	    {"ip=5/1h", "2001:db8:1:2::1", "2001:db8:1:3::1", FALSE},
	    {"network=5/1h", "2001:db8:1:200::1", "2001:db8:1:2ff::1", TRUE},
	    {"network=5/1h", "2001:db8:1:200::1", "2001:db8:1:300::1", FALSE},
	    {"network_wide=5/1h", "2001:db8:1:2::1", "2001:db8:1:ffff::1", TRUE},
	    {"network_wide=5/1h", "2001:db8:1:2::1", "2001:db8:2:2::1", FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Visit a = {rows[i].a, "", "", "", rows[i].limits}, b = {rows[i].b, "", "", "", rows[i].limits};
		g_autoptr(GArray) first = charges_of(&a), second = charges_of(&b);
		g_assert_cmpuint(first->len + second->len, ==, 2);
		g_assert_cmpint(
		    vault_hash_equal(&g_array_index(first, CounterCharge, 0).key, &g_array_index(second, CounterCharge, 0).key),
		    ==, rows[i].is_shared);
	}
}

static void
test_keys_differ(void)
{
	/* Tier, rate and value are all in the key; the newest fingerprint is the one that counts. */
	static const struct {
		Visit visit;
	} rows[] = {
	    {{"192.0.2.7", "", "", "", "ip=5/1h"}},
	    {{"192.0.2.7", "", "", "", "ip=6/1h"}},
	    {{"192.0.2.7", "", "", "", "ip=5/1h_burst_2"}},
	    {{"192.0.2.7", "", "", "", "network=5/1h"}},
	    {{"192.0.2.7", "1-aa", "", "", "fingerprint=5/1h"}},
	    {{"192.0.2.7", "2-aa", "", "", "fingerprint=5/1h"}},
	    {{"192.0.2.7", "", "", "", "form=5/1h"}},
	    {{"192.0.2.7", "", "", "", "site=5/1h"}},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		for (gsize j = 0; j < G_N_ELEMENTS(rows); j++) {
			g_autoptr(GArray) a = charges_of(&rows[i].visit), b = charges_of(&rows[j].visit);
			g_assert_cmpint(
			    vault_hash_equal(&g_array_index(a, CounterCharge, 0).key, &g_array_index(b, CounterCharge, 0).key),
			    ==, i == j);
		}
	const Visit both = {"", "2-aa 1-aa", "", "", "fingerprint=5/1h"};
	g_autoptr(GArray) newest = charges_of(&rows[5].visit), two = charges_of(&both);
	g_assert_true(vault_hash_equal(&g_array_index(newest, CounterCharge, 0).key, &g_array_index(two, CounterCharge, 0).key));
}

static void
test_numbers(void)
{
	static const struct {
		const char *limits;
		gint64 interval_us, tolerance_us;
	} rows[] = {
	    {"site=5/10min_burst_3", 120 * SECOND, 240 * SECOND},
	    {"site=20/1h", 180 * SECOND, 19 * 180 * SECOND},
	    {"site=1/1d", 86400 * SECOND, 0},
	    /* Rounded up: never more than the rate. */
	    {"site=7/1s_burst_1", 142858, 0},
	    {"site=100000/1s", 10, 999990},
	    {"site=1/366d_burst_100000", 31622400 * SECOND, 31622400 * SECOND * 99999},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Visit visit = {"", "", "", "", rows[i].limits};
		g_autoptr(GArray) charges = charges_of(&visit);
		const CounterCharge *charge = &g_array_index(charges, CounterCharge, 0);
		g_assert_cmpint(charge->interval_us, ==, rows[i].interval_us);
		g_assert_cmpint(charge->tolerance_us, ==, rows[i].tolerance_us);
	}
}

static void
test_single_charges(void)
{
	static const Rate rate = {20, 86400 * SECOND, 20};
	g_autoptr(Form) form = fixture_form("[email your-email][submit]");
	const char *const addresses[] = {
	    "192.0.2.7", "192.0.2.9", "198.51.100.1", "", "2001:db8:1:2::1", "2001:db8:1:ff02::1"};
	CounterCharge rejected[6], unchecked[6];
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		const Visit visit = {addresses[i], "", "", "", ""};
		g_autoptr(Submission) submission = submission_of(form, &visit);
		rejected[i] = rate_charge(RATE_REJECTED, &rate, submission, fixture_vault());
		unchecked[i] = rate_charge(RATE_UNCHECKED, &rate, submission, fixture_vault());
		g_assert_cmpuint(rejected[i].tier, ==, RATE_REJECTED);
		g_assert_true(vault_hash_equal(&unchecked[i].key, &unchecked[0].key));
		g_assert_false(vault_hash_equal(&unchecked[i].key, &rejected[i].key));
	}
	g_assert_true(vault_hash_equal(&rejected[0].key, &rejected[1].key));
	g_assert_false(vault_hash_equal(&rejected[0].key, &rejected[2].key));
	g_assert_false(vault_hash_equal(&rejected[0].key, &rejected[3].key));
	g_assert_true(vault_hash_equal(&rejected[4].key, &rejected[5].key));
}

/* The charge of files of one size from an address; tier RATE_IP: none. */
static CounterCharge
upload_of(const char *address, const Rate *rate, guint64 size_bytes)
{
	Rate rates[RATE_TIERS] = {[RATE_UPLOADS] = *rate};
	g_autoptr(Form) form = fixture_form("[file your-file][submit]");
	g_autoptr(GArray) charges = g_array_new(FALSE, FALSE, sizeof(CounterCharge));
	ClientFacts *client = client_facts_new();
	GPtrArray *files = submission_files_new();
	for (guint i = 0; i < 2; i++) {
		SubmissionFile *file = submission_file_new();
		file->size_bytes = i == 0 ? size_bytes / 2 : size_bytes - size_bytes / 2;
		g_ptr_array_add(files, file);
	}
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(address);
	g_autoptr(Submission) submission = submission_new(form, "0123456789AB", fixture_posted(NULL, NULL), files, client);
	rate_charges(rates, form, submission, fixture_vault(), charges);
	return charges->len == 1 ? g_array_index(charges, CounterCharge, 0) : (CounterCharge){.tier = RATE_IP};
}

/* As many units as MiB begun, all of one network on one counter, whose reach is always the same. */
static void
test_uploads(void)
{
	static const Rate rate = {200, 86400 * SECOND, 50};
	static const gint64 mib = 1 << 20, interval_us = 432 * SECOND;
	static const struct {
		gint64 size_bytes, units;
	} rows[] = {{1, 1}, {1 << 20, 1}, {(1 << 20) + 1, 2}, {10 << 20, 10}, {50 << 20, 50}, {G_GINT64_CONSTANT(1) << 40, 50}};
	const CounterCharge first = upload_of("192.0.2.7", &rate, (guint64)mib);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const CounterCharge charge = upload_of("192.0.2.200", &rate, (guint64)rows[i].size_bytes);
		g_assert_cmpuint(charge.tier, ==, RATE_UPLOADS);
		g_assert_cmpint(charge.interval_us, ==, interval_us * rows[i].units);
		g_assert_cmpint(charge.interval_us + charge.tolerance_us, ==, interval_us * rate.burst);
		g_assert_true(vault_hash_equal(&charge.key, &first.key));
	}
	const CounterCharge a = upload_of("2001:db8:1:2::1", &rate, 1), b = upload_of("2001:db8:1:ff02::1", &rate, 1);
	const CounterCharge c = upload_of("2001:db8:2:2::1", &rate, 1);
	g_assert_true(vault_hash_equal(&a.key, &b.key));
	g_assert_false(vault_hash_equal(&a.key, &c.key));
	g_assert_cmpuint(upload_of("192.0.2.7", &rate, 0).tier, ==, RATE_IP);
	g_assert_cmpuint(upload_of("", &rate, 1).tier, ==, RATE_IP);
	static const Rate off = {.burst = 1};
	g_assert_cmpuint(upload_of("192.0.2.7", &off, 1).tier, ==, RATE_IP);
}

/* --- The finding -------------------------------------------------------------------------------------------------------- */

static void
test_findings(void)
{
	static const struct {
		CheckMode mode;
		RateTier tier;
		const char *code; /* NULL: nothing is found */
		FindingAction action;
	} rows[] = {
	    {CHECK_ON, RATE_IP, "rate_ip", FINDING_WAIT},
	    {CHECK_ON, RATE_SITE, "rate_site", FINDING_WAIT},
	    {CHECK_ON, RATE_UPLOADS, "rate_uploads", FINDING_WAIT},
	    {CHECK_DRY_RUN, RATE_SENDER, "rate_sender", FINDING_WAIT},
	    {CHECK_ON, RATE_UNCHECKED, "rate_unchecked", FINDING_HOLD},
	    {CHECK_ON, RATE_REJECTED, NULL, FINDING_PASS},
	    {CHECK_OFF, RATE_IP, NULL, FINDING_PASS},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) findings = findings_new();
		rate_judge(rows[i].mode, rows[i].tier, 1234567, findings);
		g_assert_cmpuint(findings->len, ==, rows[i].code ? 1 : 0);
		if (!rows[i].code)
			continue;
		const Finding *finding = findings->pdata[0];
		g_assert_cmpint(finding->check, ==, CHECK_RATE);
		g_assert_cmpint(finding->action, ==, rows[i].action);
		g_assert_cmpstr(finding->code, ==, rows[i].code);
		g_assert_cmpint(finding->retry_at_us, ==, rows[i].action == FINDING_WAIT ? 1234567 : 0);
		g_assert_cmpint(finding->is_dry_run, ==, rows[i].mode == CHECK_DRY_RUN);
		g_assert_nonnull(strstr(finding->what, "limit"));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/rate/texts of rates", test_texts);
	g_test_add_func("/policy/rate/texts that are none", test_no_rates);
	g_test_add_func("/policy/rate/tiers of a submission", test_tiers);
	g_test_add_func("/policy/rate/who shares a counter", test_shared_counters);
	g_test_add_func("/policy/rate/keys of tiers, rates and values differ", test_keys_differ);
	g_test_add_func("/policy/rate/interval and tolerance", test_numbers);
	g_test_add_func("/policy/rate/refused and unchecked ones", test_single_charges);
	g_test_add_func("/policy/rate/uploads", test_uploads);
	g_test_add_func("/policy/rate/findings", test_findings);
	return g_test_run();
}
