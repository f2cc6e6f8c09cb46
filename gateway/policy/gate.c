/*
 * The order of the checks, and the settings they have in common. Pure but for gate_policy_new and _free; any thread.
 *
 * A refusal that counts ends the examination: what a block refuses need not be weighed any more. An entry that allows ends it too, because everything behind it looks at what
 * was written. What is in dry-run looks and counts nothing, so it ends nothing.
 */
#include "sekisho/policy/gate.h"

#include "checks.h"

/* Two weak signs are no reason at all, a foreigner's enquiry or a pasted text has up to four. What holds at 3 holds some of those; what holds at 8 lets one bad link pass. */
static const struct {
	const char *name;
	guint points;
} sensitivities[] = {[SENSITIVITY_LOW] = {"low", 8}, [SENSITIVITY_NORMAL] = {"normal", 5}, [SENSITIVITY_HIGH] = {"high", 3}};

guint
gate_hold_points(Sensitivity sensitivity)
{
	return sensitivities[sensitivity].points;
}

const char *
gate_sensitivity_name(guint hold_points)
{
	for (gsize i = 0; i < G_N_ELEMENTS(sensitivities); i++)
		if (sensitivities[i].points == hold_points)
			return sensitivities[i].name;
	return NULL;
}

GatePolicy *
gate_policy_new(void)
{
	GatePolicy *policy = g_new0(GatePolicy, 1);
	policy->honeypot_fields = g_new0(char *, 1);
	policy->brands = g_new0(char *, 1);
	policy->shorteners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	policy->disposables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return policy;
}

void
gate_policy_free(GatePolicy *policy)
{
	if (policy == NULL)
		return;
	g_strfreev(policy->honeypot_fields);
	g_strfreev(policy->brands);
	g_hash_table_unref(policy->shorteners);
	g_hash_table_unref(policy->disposables);
	captcha_settings_clear(&policy->captcha);
	g_free(policy);
}

gboolean
gate_is_refused(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++) {
		const Finding *finding = findings->pdata[i];
		if (!finding->is_dry_run && finding->action == FINDING_REJECT)
			return TRUE;
	}
	return FALSE;
}

void
gate_examine(const GateInput *input, GPtrArray *findings, GArray *hits)
{
	static void (*const checks[])(const GateInput *, GPtrArray *) = {
	    contract_check, trap_check, honeypot_check, shape_check, links_check, sender_check};
	if (lists_check(input, findings, hits))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(checks) && !gate_is_refused(findings); i++)
		checks[i](input, findings);
}
