/*
 * Verdicts in words. No state. Sentences of findings may repeat what a stranger typed; they pass text_for_terminal with everything else that is printed.
 */
#include "explain.h"

#include "prose.h"
#include "sekisho/policy/gate.h"

/* Where a finding's sentence begins, behind what it asks for and its check. */
#define SENTENCE_INDENT 24u

const char *
explain_action(FindingAction action)
{
	static const char *const words[] = {
	    "let through", "let through", "let through", "held", "asked to wait", "asked to try again", "refused"};
	return words[action];
}

/* "5 points (sensitivity = normal)". The caller's. */
static char *
threshold_text(const Verdict *verdict)
{
	const char *name = gate_sensitivity_name(verdict->threshold);
	return g_strdup_printf("%u point%s%s%s%s", verdict->threshold, verdict->threshold == 1 ? "" : "s",
	    name ? " (sensitivity = " : "", name ? name : "", name ? ")" : "");
}

char *
explain_decisive(const Verdict *verdict)
{
	const Finding *finding = verdict_decisive(verdict);
	if (!finding)
		return NULL;
	if (finding->action == FINDING_NOTE) {
		g_autofree char *threshold = threshold_text(verdict);
		return g_strdup_printf("%u points, held at %s; the heaviest: %s: %s", verdict->points, threshold,
		    check_name(finding->check), finding->what);
	}
	return g_strdup_printf("%s: %s", check_name(finding->check), finding->what);
}

char *
explain_weight(const Finding *finding)
{
	if (finding->action == FINDING_NOTE)
		return g_strdup_printf("%u point%s", finding->points, finding->points == 1 ? "" : "s");
	return g_strdup(finding_action_name(finding->action));
}

void
explain_print_findings(Command *command, const Verdict *verdict)
{
	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		g_autofree char *weight = explain_weight(finding);
		g_autofree char *lead = g_strdup_printf("%-10s %-10s ", weight, check_name(finding->check));
		g_autofree char *sentence =
		    g_strdup_printf("%s%s", finding->is_dry_run ? "(dry run, it counts nothing) " : "", finding->what);
		prose_add(command->console->output, SENTENCE_INDENT, lead, sentence);
	}
	if (verdict->findings->len == 0)
		prose_add(command->console->output, 2, "", "No check had anything to say.");
}

/* What it would have been without that finding; NULL if the same. The caller's. */
static char *
change_text(const Verdict *verdict, const Finding *finding)
{
	FindingAction action = verdict_without(verdict, finding);
	if (finding->is_dry_run || explain_action(action) == explain_action(verdict->action))
		return NULL;
	if (finding->action == FINDING_NOTE)
		return g_strdup_printf("Without the %u point%s of %s (%s) it would have been %s.", finding->points,
		    finding->points == 1 ? "" : "s", check_name(finding->check), finding->code, explain_action(action));
	return g_strdup_printf("Without what %s found (%s) it would have been %s.", check_name(finding->check), finding->code,
	    explain_action(action));
}

/* The greatest sensitivity that lets so many points pass; FALSE: none does. */
static gboolean
find_lenient(guint points, Sensitivity *sensitivity)
{
	for (Sensitivity each = SENSITIVITY_HIGH + 1; each-- > SENSITIVITY_LOW;) {
		*sensitivity = each;
		if (gate_hold_points(each) > points)
			return TRUE;
	}
	return FALSE;
}

/* What another sensitivity would have done, behind "It has 6 points ...". The caller's. */
static char *
sensitivity_text(const Verdict *verdict, gboolean is_held)
{
	Sensitivity lenient = SENSITIVITY_LOW;
	const gboolean passes = find_lenient(verdict->points, &lenient);
	const guint strict_points = gate_hold_points(SENSITIVITY_HIGH);
	if (is_held && !passes)
		return g_strdup("; every sensitivity would have held it.");
	if (is_held)
		return g_strdup_printf(
		    "; with sensitivity = %s under [check], which holds at %u, it would have been let through.",
		    gate_sensitivity_name(gate_hold_points(lenient)), gate_hold_points(lenient));
	if (verdict->points < strict_points || verdict->threshold <= strict_points)
		return g_strdup(".");
	return g_strdup_printf("; sensitivity = high under [check] holds at %u.", strict_points);
}

/* What notes alone decided follows the threshold, too. */
static void
print_threshold(Command *command, const Verdict *verdict)
{
	const Finding *decisive = verdict_decisive(verdict);
	const gboolean is_held = decisive && decisive->action == FINDING_NOTE;
	if (decisive && !is_held)
		return;
	g_autofree char *threshold = threshold_text(verdict);
	g_autofree char *other = sensitivity_text(verdict, is_held);
	g_autofree char *line = g_strdup_printf("It has %u point%s and %s held at %s%s", verdict->points,
	    verdict->points == 1 ? "" : "s", is_held ? "is" : "would have been", threshold, other);
	prose_add(command->console->output, 2, "", line);
}

void
explain_print_changes(Command *command, const Verdict *verdict)
{
	guint changes = 0;
	for (guint i = 0; i < verdict->findings->len; i++) {
		g_autofree char *line = change_text(verdict, verdict->findings->pdata[i]);
		if (!line)
			continue;
		prose_add(command->console->output, 2, "", line);
		changes++;
	}
	if (changes == 0 && verdict->action != FINDING_PASS)
		prose_add(command->console->output, 2, "",
		    "No single finding: without any one of them the others would have decided the same.");
	print_threshold(command, verdict);
}

static GVariant *
finding_json(const Verdict *verdict, const Finding *finding)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "check", "s", check_name(finding->check));
	g_variant_dict_insert(&dict, "action", "s", finding_action_name(finding->action));
	g_variant_dict_insert(&dict, "points", "u", finding->points);
	g_variant_dict_insert(&dict, "is_dry_run", "b", finding->is_dry_run);
	g_variant_dict_insert(&dict, "code", "s", finding->code);
	g_variant_dict_insert(&dict, "what", "s", finding->what);
	g_variant_dict_insert(&dict, "without_it", "s", finding_action_name(verdict_without(verdict, finding)));
	return g_variant_dict_end(&dict);
}

GVariant *
explain_json(const Verdict *verdict)
{
	if (!verdict)
		return g_variant_new_maybe(G_VARIANT_TYPE_STRING, NULL);
	g_autoptr(GVariantBuilder) findings = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < verdict->findings->len; i++)
		g_variant_builder_add_value(findings, finding_json(verdict, verdict->findings->pdata[i]));
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "action", "s", finding_action_name(verdict->action));
	g_variant_dict_insert(&dict, "points", "u", verdict->points);
	g_variant_dict_insert(&dict, "threshold", "u", verdict->threshold);
	g_variant_dict_insert_value(&dict, "findings", g_variant_builder_end(findings));
	return g_variant_dict_end(&dict);
}
