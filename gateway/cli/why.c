/*
 * `sekisho why RECEIPT`: what the gate found in one submission, what followed, what would have changed it, and what else its sender sent.
 */
#include <sysexits.h>

#include "explain.h"
#include "opened.h"
#include "prose.h"
#include "sekisho/store/held.h"
#include "sekisho/store/related.h"
#include "sekisho/store/submissions.h"
#include "show.h"

/* The front itself let it through: what was held only because the captcha's service did not answer, and then did (front/recheck.c). Nothing else that the gate stopped is accepted. */
static gboolean
is_cleared(const SubmissionSummary *summary, const Verdict *verdict)
{
	return summary->status == SUBMISSION_ACCEPTED && verdict && verdict->action == FINDING_HOLD;
}

/* What its status means for a person. Static. */
static const char *
status_text(const SubmissionSummary *summary, const Verdict *verdict)
{
	switch (summary->status) {
	case SUBMISSION_ACCEPTED:
		return is_cleared(summary, verdict)
			   ? "accepted: it was held until the captcha's service answered, and then its mails "
			     "were promised"
			   : "accepted: its mails were promised";
	case SUBMISSION_HELD:
		return "held: nobody was mailed it, and the visitor was told that a person will look";
	case SUBMISSION_REJECTED:
		return "rejected: nobody was mailed it, and the visitor was told that it was not sent";
	case SUBMISSION_RELEASED:
		return "released: it was stopped, and a person let it through";
	case SUBMISSION_DISCARDED:
		return "discarded: it was stopped, and a person threw it away";
	}
	return "unknown";
}

/* What decided, or how far from a decision the notes were. The caller's. */
static char *
decided_text(const SubmissionSummary *summary, const Verdict *verdict)
{
	g_autofree char *decisive = explain_decisive(verdict);
	if (is_cleared(summary, verdict))
		return g_strdup_printf("at first, %s Asked again, the service took its token as good.", decisive);
	if (decisive)
		return g_steal_pointer(&decisive);
	return verdict->points == 0
		   ? g_strdup("nothing spoke against it")
		   : g_strdup_printf("nothing stopped it: %u of the %u points that hold", verdict->points, verdict->threshold);
}

static void
print_verdict(Command *command, const SubmissionSummary *summary, const Opened *opened, const Verdict *verdict)
{
	g_autofree char *decided = decided_text(summary, verdict);
	prose_add(command->console->output, 12, "decided     ", decided);
	if (opened->submission->is_unchecked)
		prose_add(command->console->output, 12, "unchecked   ",
		    "our own settings kept its captcha from being verified, so its notice is marked, and its visitor is mailed "
		    "nothing");
	show_heading(command, "Findings, heaviest first");
	explain_print_findings(command, verdict);
	if (is_cleared(summary, verdict))
		return;
	show_heading(command, "What would have changed the outcome");
	explain_print_changes(command, verdict);
}

static void
print_text(Command *command, const SubmissionSummary *summary, const Opened *opened, const Verdict *verdict)
{
	g_autofree char *received = command_local_time(command, summary->site, summary->received_at_us);
	GString *output = command->console->output;
	command_print_line(command, "receipt     %s", summary->receipt);
	command_print_line(command, "form        %s/%" G_GUINT64_FORMAT, summary->site, summary->form_id);
	command_print_line(command, "received    %s", received);
	prose_add(output, 12, "status      ", status_text(summary, verdict));
	if (!opened->submission) {
		prose_add(output, 0, "", "What was found is sealed with its content, which cannot be opened:");
		prose_add(output, 2, "", opened->reason);
		return;
	}
	show_fingerprint(command, opened->submission->client);
	if (verdict)
		print_verdict(command, summary, opened, verdict);
	else
		prose_add(output, 0, "", "The gate did not examine it.");
}

/* --- What else the sender sent ------------------------------------------------------------------------------------------ */

static void
print_related_rows(Command *command, const Related *related)
{
	for (guint i = 0; i < related->newest->len; i++) {
		const SubmissionSummary *other = related->newest->pdata[i];
		g_autofree char *received = command_local_time(command, other->site, other->received_at_us);
		g_autofree char *line =
		    g_strdup_printf("%s  %s  %s", other->receipt, received, submission_status_name(other->status));
		prose_add(command->console->output, 4, "", line);
	}
	if (related->count > related->newest->len)
		prose_add(command->console->output, 4, "", "...");
}

static void
print_related(Command *command, const Related related[RELATED_KINDS])
{
	static const char *const origins[] = {[RELATED_FINGERPRINT] = "the same fingerprint",
	    [RELATED_NETWORK] = "the same network",
	    [RELATED_IP] = "the same IP address"};
	show_heading(command, "Others of this site that are kept");
	for (RelatedBy by = RELATED_FINGERPRINT; by < RELATED_KINDS; by++) {
		g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, related[by].count);
		const char *number = related[by].count > 0 ? count : "none";
		g_autofree char *line = g_strdup_printf("from %s: %s", origins[by], related[by].is_known ? number : "not known");
		prose_add(command->console->output, 2, "", line);
		print_related_rows(command, &related[by]);
	}
}

/* a{sv}, floating: for each kind its count and the newest; null where nothing is known. */
static GVariant *
related_json(const Related related[RELATED_KINDS])
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	for (RelatedBy by = RELATED_FINGERPRINT; by < RELATED_KINDS; by++) {
		GVariantDict dict;
		g_autoptr(GVariantBuilder) newest = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; i < related[by].newest->len; i++)
			g_variant_builder_add_value(newest, show_summary_json(related[by].newest->pdata[i], NULL));
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "count", "t", related[by].count);
		g_variant_dict_insert_value(&dict, "newest", g_variant_builder_end(newest));
		GVariant *value = g_variant_ref_sink(g_variant_dict_end(&dict));
		g_variant_builder_add(object, "{sv}", related_name(by),
		    related[by].is_known ? value : g_variant_new_maybe(G_VARIANT_TYPE_STRING, NULL));
		g_variant_unref(value);
	}
	return g_variant_builder_end(object);
}

static void
related_clear_all(Related *related)
{
	for (RelatedBy by = RELATED_FINGERPRINT; by < RELATED_KINDS; by++)
		related_clear(&related[by]);
}

static gboolean
related_find_all(Command *command, gint64 submission_id, Related related[RELATED_KINDS], GError **error)
{
	for (RelatedBy by = RELATED_FINGERPRINT; by < RELATED_KINDS; by++) {
		if (!related_find(command->db, submission_id, by, &related[by], error))
			return FALSE;
	}
	return TRUE;
}

/* --- The verb ----------------------------------------------------------------------------------------------------------- */

static void
tell(Command *command, const SubmissionSummary *summary, const Related related[RELATED_KINDS])
{
	g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
	g_autoptr(Verdict) verdict = opened_verdict(opened);
	if (!command->is_json) {
		print_text(command, summary, opened, verdict);
		print_related(command, related);
		return;
	}
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "client", show_client_json(opened->submission));
	g_variant_dict_insert_value(&dict, "gate", explain_json(verdict));
	g_variant_dict_insert(&dict, "is_cleared", "b", is_cleared(summary, verdict));
	g_variant_dict_insert_value(&dict, "others", related_json(related));
	command_print_json(command, show_summary_json(summary, g_variant_dict_end(&dict)));
}

static gboolean
why(Command *command, const char *receipt, GError **error)
{
	Related related[RELATED_KINDS] = {0};
	if (!command_open_store(command, error) || !command_open_vault(command, error))
		return FALSE;
	g_autoptr(SubmissionSummary) summary = submissions_find(command->db, receipt, error);
	const gboolean is_found = summary && related_find_all(command, summary->id, related, error);
	if (is_found)
		tell(command, summary, related);
	related_clear_all(related);
	return is_found;
}

static int
why_run(Command *command, char ***arguments, GError **error)
{
	const GOptionEntry own[] = {
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &why_verb, own, arguments, error))
		return EX_OK;
	return why(command, (*arguments)[1], error) ? EX_OK : EX_SOFTWARE;
}

const Verb why_verb = {
    .name = "why",
    .arguments = "RECEIPT",
    .help = "Say what the gate found in a submission, and what would have changed the outcome",
    .run = why_run,
};
