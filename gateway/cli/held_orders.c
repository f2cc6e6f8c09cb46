/*
 * `sekisho held release` and `discard`: what a person decides is carried out by relay/decision.h, and told here. Each receipt stands for itself: what cannot be done is said, and the others are
 * done.
 */
#include <string.h>
#include <sysexits.h>

#include "held_parts.h"
#include "prose.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"
#include "sekisho/relay/decision.h"
#include "sekisho/store/submissions.h"

/* --- What is decided ------------------------------------------------------------------------------------------------------- */

static ReviewDecision
release_decision(const HeldOptions *options)
{
	return (ReviewDecision){.order = options->is_allowing ? REVIEW_RELEASE_ALLOW : REVIEW_RELEASE};
}

/* held.c has looked at the word. */
static ReviewDecision
discard_decision(const HeldOptions *options)
{
	const char *what = options->blocked;
	if (!what)
		return (ReviewDecision){.order = REVIEW_DISCARD};
	return (ReviewDecision){.order = REVIEW_DISCARD_BLOCK,
	    .subject = strcmp(what, "network") == 0       ? REVIEW_NETWORK
		       : strcmp(what, "fingerprint") == 0 ? REVIEW_FINGERPRINT
							  : REVIEW_ADDRESS};
}

/* --- What is told ------------------------------------------------------------------------------------------------------------ */

static void
print_status(Command *command, const char *receipt, const ReviewDecision *decision, guint mails)
{
	if (decision->order == REVIEW_RELEASE || decision->order == REVIEW_RELEASE_ALLOW)
		command_print_line(command, "%s is released, %u mail%s to be sent", receipt, mails, mails == 1 ? " is" : "s are");
	else
		command_print_line(command, "%s is discarded", receipt);
}

static void
print_sharers(Command *command, const DecisionResult *result)
{
	const guint good = result->sharers;
	g_autofree char *line = g_strdup_printf("%s%u other submission%s that the site accepted and keeps %s this fingerprint; "
						"phones of one model share it.",
	    result->is_more ? "At least " : "", good, good == 1 ? "" : "s", good == 1 ? "has" : "have");
	prose_add(command->console->output, 2, "", line);
}

static void
print_result(Command *command, const SubmissionSummary *summary, const ReviewDecision *decision, const DecisionResult *result)
{
	const char *what = decision->order == REVIEW_RELEASE_ALLOW ? "is allowed" : "is blocked";
	print_status(command, summary->receipt, decision, result->mails);
	for (guint i = 0; i < result->listed->len; i++)
		command_print_line(
		    command, "  %s %s from now on for %s", (const char *)result->listed->pdata[i], what, summary->site);
	for (guint i = 0; i < result->remarks->len; i++)
		prose_add(command->console->output, 2, "", result->remarks->pdata[i]);
	if (decision->order == REVIEW_DISCARD_BLOCK && decision->subject == REVIEW_FINGERPRINT && result->listed->len > 0)
		print_sharers(command, result);
}

static GVariant *
texts_json(const GPtrArray *texts)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE_STRING_ARRAY);
	for (guint i = 0; texts && i < texts->len; i++) {
		g_autofree char *text = g_utf8_make_valid(texts->pdata[i], -1);
		g_variant_builder_add(list, "s", text);
	}
	return g_variant_builder_end(list);
}

/* receipt (as it was written, if there is no such submission), is_done, problem (null: none), mails (that are to be sent), listed (values that are on a list from now on), remarks. */
static GVariant *
result_json(const char *receipt, const DecisionResult *result, const GError *problem)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "receipt", command_json_text(receipt));
	g_variant_dict_insert(&dict, "is_done", "b", problem == NULL);
	g_variant_dict_insert_value(&dict, "problem", command_json_text(problem ? problem->message : NULL));
	g_variant_dict_insert(&dict, "mails", "u", result->mails);
	g_variant_dict_insert_value(&dict, "listed", texts_json(result->listed));
	g_variant_dict_insert_value(&dict, "remarks", texts_json(result->remarks));
	return g_variant_dict_end(&dict);
}

/* --- Orders ------------------------------------------------------------------------------------------------------------------- */

/* One order, of any number of receipts. */
typedef struct {
	Command *command;
	ReviewDecision decision;
	GVariantBuilder *json; /* aa{sv} */
} Orders;

static gboolean
obey(const Orders *orders, const char *receipt, GError **error)
{
	Command *command = orders->command;
	g_autoptr(GError) problem = NULL;
	g_auto(DecisionResult) result = {0};
	g_autofree char *actor = command_actor();
	const ReviewHouse house = {.db = command->db, .ledger = command->ledger, .vault = command->vault};
	const DecisionMaker maker = {.house = &house, .config = command->config, .actor = actor};
	g_autoptr(SubmissionSummary) summary = submissions_find(command->db, receipt, &problem);
	const gboolean is_done = summary && decision_apply(&maker, summary, &orders->decision, &result, &problem);
	if (command->is_json)
		g_variant_builder_add_value(orders->json, result_json(summary ? summary->receipt : receipt, &result, problem));
	else if (is_done)
		print_result(command, summary, &orders->decision, &result);
	if (!is_done)
		g_propagate_error(error, g_steal_pointer(&problem));
	return is_done;
}

/* What is discarded can be released until it is removed, but of many somebody must find out which. */
static gboolean
is_agreed(Command *command, char **receipts, const ReviewDecision *decision, GError **error)
{
	const gboolean is_discard = decision->order == REVIEW_DISCARD || decision->order == REVIEW_DISCARD_BLOCK;
	const guint count = g_strv_length(receipts);
	g_autofree char *question = g_strdup_printf("Throw away these %u submissions?", count);
	return !is_discard || count == 1 || command_confirm(command, question, error);
}

static void
complain(Command *command, const char *receipt, const GError *problem)
{
	g_autofree char *line = g_strdup_printf("%s: %s", receipt, problem->message);
	g_autofree char *shown = text_for_terminal(line, FALSE);
	g_string_append_printf(command->console->complaint, "sekisho: %s\n", shown);
}

static int
obey_all(Command *command, char **receipts, ReviewDecision decision, GError **error)
{
	int code = EX_OK;
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	const Orders orders = {.command = command, .decision = decision, .json = json};
	if (!command_open_store(command, error) || !command_open_vault(command, error) || !command_open_ledger(command, error))
		return EX_CONFIG;
	/* Without an error the answer was no. */
	if (!is_agreed(command, receipts, &decision, error))
		return EX_OK;
	/* One alone has the command's own complaint. */
	if (!receipts[1] && !command->is_json)
		return obey(&orders, receipts[0], error) ? EX_OK : EX_SOFTWARE;
	for (guint i = 0; receipts[i]; i++) {
		g_autoptr(GError) problem = NULL;
		if (obey(&orders, receipts[i], &problem))
			continue;
		complain(command, receipts[i], problem);
		code = code == EX_OK ? error_exit_code(problem) : code;
	}
	if (command->is_json)
		command_print_json(command, g_variant_builder_end(json));
	return code;
}

int
held_release_command(Command *command, char **receipts, const HeldOptions *options, GError **error)
{
	return obey_all(command, receipts, release_decision(options), error);
}

int
held_discard_command(Command *command, char **receipts, const HeldOptions *options, GError **error)
{
	return obey_all(command, receipts, discard_decision(options), error);
}
