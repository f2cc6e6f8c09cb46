/*
 * `sekisho address`: which addresses get replies of a site because they have proved themselves, or because the operator says so, and which get no automatic mail because
 * mail to them came back, or because the operator says so. Nothing is sent by it; but what waits for a proof is due at once, and the courier looks again
 * (relay/automatic.c).
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "filter.h"
#include "list_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/table.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/ledger.h"
#include "sekisho/wire/address.h"

/* Why replies wait whose address has not proved itself (relay/automatic.c). */
#define REASON "consent"

/* --- The list --------------------------------------------------------------------------------------------------------- */

/* The address, or a remark in brackets. The caller's. */
static char *
address_of(Command *command, GBytes *boxed)
{
	g_autoptr(GBytes) content = boxed ? vault_box_open(command->vault, boxed, NULL) : NULL;
	if (!content)
		return g_strdup("(cannot be opened)");
	gsize size = 0;
	const char *text = g_bytes_get_data(content, &size);
	return g_utf8_make_valid(text, (gssize)size);
}

static const char *
kind_in_words(ProofKind kind)
{
	return kind == PROOF_OPERATOR ? "operator" : "link";
}

static void
print_table(Command *command, const GPtrArray *proofs)
{
	static const char *const headings[] = {"SITE", "ADDRESS", "PROVED BY", "SINCE", "UNTIL", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < proofs->len; i++) {
		const Proof *proof = g_ptr_array_index(proofs, i);
		g_autofree char *address = address_of(command, proof->boxed);
		g_autofree char *since = command_local_time(command, proof->site, proof->proved_at_us);
		g_autofree char *until = command_local_time(command, proof->site, proof->until_us);
		const char *cells[] = {proof->site, address, kind_in_words(proof->kind), since, until, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

/* The end of a suppression. The caller's. */
static char *
until_of(Command *command, const Suppression *suppression)
{
	if (suppression->until_us == G_MAXINT64)
		return g_strdup("unsuppressed");
	return command_local_time(command, suppression->site, suppression->until_us);
}

static void
print_suppressed(Command *command, const GPtrArray *suppressions)
{
	static const char *const headings[] = {
	    "SITE", "ADDRESS", "NO AUTOMATIC MAIL, BECAUSE", "CAME BACK", "SINCE", "UNTIL", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < suppressions->len; i++) {
		const Suppression *suppression = g_ptr_array_index(suppressions, i);
		g_autofree char *address = address_of(command, suppression->boxed);
		g_autofree char *bounces = g_strdup_printf("%u", suppression->bounces);
		g_autofree char *since = command_local_time(command, suppression->site, suppression->since_us);
		g_autofree char *until = until_of(command, suppression);
		const char *why =
		    suppression->kind == SUPPRESSION_OPERATOR ? "the operator says so" : deliveries_reason(suppression->reason);
		const char *cells[] = {suppression->site, address, why, bounces, since, until, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

static GVariant *
json_suppressed(Command *command, const Suppression *suppression)
{
	g_autofree char *address = address_of(command, suppression->boxed);
	GVariant *until = suppression->until_us == G_MAXINT64 ? NULL : command_json_time(suppression->until_us);
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", suppression->site);
	g_variant_dict_insert(&dict, "address", "s", address);
	g_variant_dict_insert(&dict, "suppressed_by", "s", suppression->kind == SUPPRESSION_OPERATOR ? "operator" : "bounce");
	g_variant_dict_insert(&dict, "reason", "s", suppression->reason);
	g_variant_dict_insert(&dict, "bounces", "u", suppression->bounces);
	g_variant_dict_insert_value(&dict, "since", command_json_time(suppression->since_us));
	g_variant_dict_insert_value(&dict, "until", g_variant_new_maybe(G_VARIANT_TYPE_STRING, until));
	return g_variant_dict_end(&dict);
}

static GVariant *
json_proved(Command *command, const Proof *proof)
{
	g_autofree char *address = address_of(command, proof->boxed);
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", proof->site);
	g_variant_dict_insert(&dict, "address", "s", address);
	g_variant_dict_insert(&dict, "proved_by", "s", kind_in_words(proof->kind));
	g_variant_dict_insert_value(&dict, "since", command_json_time(proof->proved_at_us));
	g_variant_dict_insert_value(&dict, "until", command_json_time(proof->until_us));
	return g_variant_dict_end(&dict);
}

static void
print_json(Command *command, const GPtrArray *proofs, const GPtrArray *suppressions)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < suppressions->len; i++)
		g_variant_builder_add_value(list, json_suppressed(command, suppressions->pdata[i]));
	for (guint i = 0; i < proofs->len; i++)
		g_variant_builder_add_value(list, json_proved(command, proofs->pdata[i]));
	command_print_json(command, g_variant_builder_end(list));
}

/* Of an order that ended what was: "is_forgotten" or "is_unsuppressed", true. */
static void
print_ended_json(Command *command, const char *site, const char *address, const char *what)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", site);
	g_variant_dict_insert_value(&dict, "address", command_json_text(address));
	g_variant_dict_insert(&dict, what, "b", TRUE);
	command_print_json(command, g_variant_dict_end(&dict));
}

static void
print_both(Command *command, const GPtrArray *proofs, const GPtrArray *suppressions)
{
	if (proofs->len > 0)
		print_table(command, proofs);
	else
		command_print_line(
		    command, "no address has proved itself%s", suppressions->len > 0 ? "" : ", and none is suppressed");
	if (suppressions->len > 0) {
		g_string_append_c(command->console->output, '\n');
		print_suppressed(command, suppressions);
	}
}

static gboolean
list_addresses(Command *command, const char *site_name, guint limit, GError **error)
{
	g_autoptr(Site) site = site_name ? config_site(command->config, site_name, error) : NULL;
	if (site_name && !site)
		return FALSE;
	/* One more than is shown tells that there are more. */
	g_autoptr(GPtrArray) proofs = ledger_proofs(command->ledger, site_name, limit + 1, error);
	g_autoptr(GPtrArray) suppressions = proofs ? ledger_suppressions(command->ledger, site_name, limit + 1, error) : NULL;
	if (!suppressions)
		return FALSE;
	const gboolean is_cut = proofs->len > limit || suppressions->len > limit;
	g_ptr_array_set_size(proofs, (gint)MIN(proofs->len, limit));
	g_ptr_array_set_size(suppressions, (gint)MIN(suppressions->len, limit));
	if (command->is_json)
		print_json(command, proofs, suppressions);
	else
		print_both(command, proofs, suppressions);
	if (is_cut)
		command_remark(command, FILTER_REST);
	return TRUE;
}

/* --- Changes ---------------------------------------------------------------------------------------------------------- */

static gboolean
verify(Command *command, const Site *site, const char *address, gint64 duration_us, GError **error)
{
	if (!address_is_deliverable(address)) {
		command_usage(error, "%s is no address that mail can be sent to", address);
		return FALSE;
	}
	g_autofree char *folded = address_folded(address);
	g_autoptr(GBytes) content = g_bytes_new(folded, strlen(folded));
	g_autoptr(GBytes) boxed = vault_box(command->vault, content);
	gint64 now_us = clock_now_us();
	Proof proof = {.site = site->facts->name,
	    .kind = PROOF_OPERATOR,
	    .boxed = boxed,
	    .proved_at_us = now_us,
	    .until_us = now_us + (duration_us > 0 ? duration_us : site->reply->proof_us)};
	vault_hash(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded), &proof.address);
	if (!ledger_prove(command->ledger, &proof, error) || command_wake(command, proof.site, REASON, error) < 0)
		return FALSE;
	g_autofree char *until = command_local_time(command, proof.site, proof.until_us);
	if (command->is_json)
		command_print_json(command, json_proved(command, &proof));
	else
		command_print_line(command, "%s gets replies of %s at least until %s", folded, proof.site, until);
	return command_audit(command, "address.verify", proof.site, NULL, error);
}

static void
complain_of_unproved(const char *site, const char *address, gboolean is_own, GError **error)
{
	if (is_own)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "there is nothing to forget: %s is in own_domains of %s, and goes on getting replies without a proof",
		    address, site);
	else
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "%s has not proved itself to %s, so there is nothing to forget; `sekisho address list %s` shows who has",
		    address, site, site);
}

static void
print_forgotten(Command *command, const char *site, const char *address, gboolean is_own)
{
	if (command->is_json)
		print_ended_json(command, site, address, "is_forgotten");
	else if (is_own)
		command_print_line(command,
		    "the proof of %s is forgotten; but it is in own_domains of %s and goes on getting replies", address, site);
	else
		command_print_line(command, "%s must prove itself anew to %s", address, site);
}

/* Asks first: a proof by a link cannot be given back, only the visitor can prove himself again. */
static gboolean
forget(Command *command, const Site *site, const char *address, GError **error)
{
	const char *name = site->facts->name;
	g_autofree char *folded = address_folded(address);
	g_autoptr(GArray) hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
	const gboolean is_own = replies_is_own_address(site->facts, folded);
	gboolean is_proved = FALSE;
	if (!ledger_is_proved(command->ledger, name, hashes, &is_proved, error))
		return FALSE;
	if (!is_proved) {
		complain_of_unproved(name, folded, is_own, error);
		return FALSE;
	}
	g_autofree char *question = g_strdup_printf("Forget that %s has proved itself to %s?", folded, name);
	if (!command_confirm(command, question, error))
		return *error == NULL;
	if (ledger_forget(command->ledger, name, hashes, error) < 0)
		return FALSE;
	print_forgotten(command, name, folded, is_own);
	return command_audit(command, "address.forget", name, NULL, error);
}

static gboolean
suppress(Command *command, const Site *site, const char *address, gint64 duration_us, GError **error)
{
	if (!address_is_deliverable(address)) {
		command_usage(error, "%s is no address that mail can be sent to", address);
		return FALSE;
	}
	g_autofree char *folded = address_folded(address);
	g_autofree char *mailbox = address_mailbox(address);
	g_autoptr(GBytes) content = g_bytes_new(folded, strlen(folded));
	g_autoptr(GBytes) boxed = vault_box(command->vault, content);
	gint64 now_us = clock_now_us();
	Suppression suppression = {.site = site->facts->name,
	    .kind = SUPPRESSION_OPERATOR,
	    .boxed = boxed,
	    .reason = (char *)"operator",
	    .since_us = now_us,
	    .until_us = duration_us > 0 ? now_us + duration_us : G_MAXINT64};
	vault_hash(command->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox), &suppression.address);
	if (!ledger_suppress(command->ledger, &suppression, error))
		return FALSE;
	g_autofree char *until = until_of(command, &suppression);
	if (command->is_json)
		command_print_json(command, json_suppressed(command, &suppression));
	else
		command_print_line(command, "%s gets no replies, copies or confirmations of %s %s %s; notices to it still go",
		    folded, suppression.site, duration_us > 0 ? "at least until" : "until it is", until);
	return command_audit(command, "address.suppress", suppression.site, NULL, error);
}

static gboolean
unsuppress(Command *command, const Site *site, const char *address, GError **error)
{
	if (!address_is_deliverable(address)) {
		command_usage(error, "%s is no address that mail can be sent to", address);
		return FALSE;
	}
	g_autofree char *mailbox = address_mailbox(address);
	g_autoptr(GArray) hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox));
	const char *name = site->facts->name;
	gint count = ledger_unsuppress(command->ledger, name, hashes, error);
	if (count == 0)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "%s is not suppressed for %s; `sekisho address list %s` shows which addresses are", address, name, name);
	if (count <= 0)
		return FALSE;
	if (command->is_json)
		print_ended_json(command, name, address, "is_unsuppressed");
	else
		command_print_line(
		    command, "%s may get automatic mail of %s again; what was cancelled meanwhile stays so", address, name);
	return command_audit(command, "address.unsuppress", name, NULL, error);
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

typedef struct {
	char *for_text;
	char *limit_text;
} AddressOptions;

static gboolean
open_all(Command *command, GError **error)
{
	return command_open_config(command, error) && command_open_ledger(command, error) && command_open_vault(command, error);
}

static gboolean
change(Command *command, char **words, gint64 duration_us, GError **error)
{
	if (!open_all(command, error) || !command_open_store(command, error))
		return FALSE;
	g_autoptr(Site) site = config_site(command->config, words[0], error);
	if (!site)
		return FALSE;
	if (strcmp(command->order, "verify") == 0)
		return verify(command, site, words[1], duration_us, error);
	if (strcmp(command->order, "suppress") == 0)
		return suppress(command, site, words[1], duration_us, error);
	if (strcmp(command->order, "unsuppress") == 0)
		return unsuppress(command, site, words[1], error);
	return forget(command, site, words[1], error);
}

static gboolean
obey(Command *command, char **words, const AddressOptions *options, GError **error)
{
	gint64 duration_us = 0;
	guint64 limit = 50;
	if ((options->for_text && !list_duration(options->for_text, "--for", &duration_us, error)) ||
	    (options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error)))
		return FALSE;
	if (strcmp(command->order, "list") != 0)
		return change(command, words + 1, duration_us, error);
	return open_all(command, error) && list_addresses(command, words[0] ? words[1] : NULL, (guint)limit, error);
}

static int
address_run(Command *command, char ***arguments, GError **error)
{
	AddressOptions options = {0};
	const GOptionEntry own[] = {
	    {"for", 0, 0, G_OPTION_ARG_STRING, &options.for_text, "For so long, like 30d", "DURATION"},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "At most so many (default: 50)", "N"},
	    command_yes_option(command),
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &address_verb, own, arguments, error);
	gboolean is_done = !is_parsed || obey(command, *arguments + 1, &options, error);
	g_free(options.for_text);
	g_free(options.limit_text);
	return is_done ? EX_OK : EX_SOFTWARE;
}

static const VerbOrder orders[] = {
    {"list", "[SITE]", "limit json", "both kinds, newest first", TRUE},
    {"verify", "SITE ADDRESS", "for json", "it gets replies without being asked", FALSE},
    {"forget", "SITE ADDRESS", "yes json", "it is asked again before it gets a reply", FALSE},
    {"suppress", "SITE ADDRESS", "for json", "it gets no reply, copy or confirmation; notices go on", FALSE},
    {"unsuppress", "SITE ADDRESS", "json", "it may get them again, also where mail came back", FALSE},
    {0},
};

const Verb address_verb = {
    .name = "address",
    .help = "Say which addresses get replies, and which get no automatic mail",
    .orders = orders,
    .details = "Addresses get replies once they have proved themselves, by the link in a\n"
	       "confirmation or because the operator says so; those to which mail came back get\n"
	       "no automatic mail. Without --for a proof lasts as long as [reply] proof says,\n"
	       "and a suppression for good.",
    .run = address_run,
};
