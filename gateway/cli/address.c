/*
 * `sekisho address`: which addresses get replies of a site because they have proved themselves, or because the operator says so, and which get no automatic mail because
 * mail to them came back, or because the operator says so. Nothing is sent by it; but what waits for a proof is due at once, and the courier looks again
 * (relay/automatic.c).
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "deliveries.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/table.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/ledger.h"
#include "sekisho/wire/address.h"
#include "sekisho/wire/json.h"

#define DAY_US (G_USEC_PER_SEC * G_GINT64_CONSTANT(86400))
/* Why replies wait whose address has not proved itself (relay/automatic.c). */
#define REASON "consent"
/* The same as [reply] proof may say. */
#define DAYS_MAX 3650u

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
	table_print(table, command->console->output, command->console->is_colour);
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
	table_print(table, command->console->output, command->console->is_colour);
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

static void
print_json(Command *command, const GPtrArray *proofs, const GPtrArray *suppressions)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < suppressions->len; i++)
		g_variant_builder_add_value(list, json_suppressed(command, suppressions->pdata[i]));
	for (guint i = 0; i < proofs->len; i++) {
		const Proof *proof = g_ptr_array_index(proofs, i);
		g_autofree char *address = address_of(command, proof->boxed);
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "site", "s", proof->site);
		g_variant_dict_insert(&dict, "address", "s", address);
		g_variant_dict_insert(&dict, "proved_by", "s", kind_in_words(proof->kind));
		g_variant_dict_insert_value(&dict, "since", command_json_time(proof->proved_at_us));
		g_variant_dict_insert_value(&dict, "until", command_json_time(proof->until_us));
		g_variant_builder_add_value(list, g_variant_dict_end(&dict));
	}
	g_autofree char *text = json_from_variant(g_variant_builder_end(list), 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}

static gboolean
list_addresses(Command *command, const char *site_name, guint limit, GError **error)
{
	g_autoptr(Site) site = site_name ? config_site(command->config, site_name, error) : NULL;
	if (site_name && !site)
		return FALSE;
	g_autoptr(GPtrArray) proofs = ledger_proofs(command->ledger, site_name, limit, error);
	g_autoptr(GPtrArray) suppressions = proofs ? ledger_suppressions(command->ledger, site_name, limit, error) : NULL;
	if (!suppressions)
		return FALSE;
	if (command->is_json) {
		print_json(command, proofs, suppressions);
		return TRUE;
	}
	if (proofs->len > 0)
		print_table(command, proofs);
	else
		command_print_line(
		    command, "no address has proved itself%s", suppressions->len > 0 ? "" : ", and none is suppressed");
	if (suppressions->len > 0) {
		g_string_append_c(command->console->output, '\n');
		print_suppressed(command, suppressions);
	}
	return TRUE;
}

/* --- Changes ---------------------------------------------------------------------------------------------------------- */

static gboolean
verify(Command *command, const Site *site, const char *address, guint64 days, GError **error)
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
	    .until_us = now_us + (days > 0 ? (gint64)days * DAY_US : site->reply->proof_us)};
	vault_hash(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded), &proof.address);
	if (!ledger_prove(command->ledger, &proof, error) || command_wake(command, proof.site, REASON, error) < 0)
		return FALSE;
	g_autofree char *until = command_local_time(command, proof.site, proof.until_us);
	command_print_line(command, "%s gets replies of %s at least until %s", folded, proof.site, until);
	return TRUE;
}

static gboolean
forget(Command *command, const Site *site, const char *address, GError **error)
{
	g_autofree char *folded = address_folded(address);
	g_autoptr(GArray) hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
	gint count = ledger_forget(command->ledger, site->facts->name, hashes, error);
	gboolean is_own = replies_is_own_address(site->facts, folded);
	if (count > 0 && !is_own)
		command_print_line(command, "%s must prove itself anew to %s", folded, site->facts->name);
	else if (count > 0)
		command_print_line(command,
		    "the proof of %s is forgotten; but it is in own_domains of %s and goes on getting replies", folded,
		    site->facts->name);
	else if (count == 0 && is_own)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "there is nothing to forget: %s is in own_domains of %s, and goes on getting replies without a proof", folded,
		    site->facts->name);
	else if (count == 0)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "%s has not proved itself to %s, so there is nothing to forget; `sekisho address list %s` shows who has",
		    folded, site->facts->name, site->facts->name);
	return count > 0;
}

static gboolean
suppress(Command *command, const Site *site, const char *address, guint64 days, GError **error)
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
	    .until_us = days > 0 ? now_us + (gint64)days * DAY_US : G_MAXINT64};
	vault_hash(command->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox), &suppression.address);
	if (!ledger_suppress(command->ledger, &suppression, error))
		return FALSE;
	g_autofree char *until = until_of(command, &suppression);
	command_print_line(command, "%s gets no replies, copies or confirmations of %s %s %s; notices to it still go", folded,
	    suppression.site, days > 0 ? "at least until" : "until it is", until);
	return TRUE;
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
	gint count = ledger_unsuppress(command->ledger, site->facts->name, hashes, error);
	if (count > 0)
		command_print_line(command, "%s may get automatic mail of %s again; what was cancelled meanwhile stays so",
		    address, site->facts->name);
	else if (count == 0)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "%s is not suppressed for %s; `sekisho address list %s` shows which addresses are", address,
		    site->facts->name, site->facts->name);
	return count > 0;
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

typedef struct {
	char *days_text;
	char *limit_text;
} AddressOptions;

static gboolean
open_all(Command *command, GError **error)
{
	return command_open_config(command, error) && command_open_ledger(command, error) && command_open_vault(command, error);
}

static gboolean
change(Command *command, char **words, guint64 days, GError **error)
{
	if (!open_all(command, error) || !command_open_store(command, error))
		return FALSE;
	g_autoptr(Site) site = config_site(command->config, words[1], error);
	if (!site)
		return FALSE;
	if (strcmp(words[0], "verify") == 0)
		return verify(command, site, words[2], days, error);
	if (strcmp(words[0], "suppress") == 0)
		return suppress(command, site, words[2], days, error);
	if (strcmp(words[0], "unsuppress") == 0)
		return unsuppress(command, site, words[2], error);
	return forget(command, site, words[2], error);
}

static gboolean
obey(Command *command, char **words, const AddressOptions *options, GError **error)
{
	static const char *const changes[] = {"verify", "forget", "suppress", "unsuppress", NULL};
	static const char *const timed_changes[] = {"verify", "suppress", NULL};
	guint64 days = 0, limit = 50;
	guint count = g_strv_length(words);
	const char *order = count > 0 ? words[0] : "list";
	gboolean is_change = g_strv_contains(changes, order) && count == 3 && !options->limit_text;
	gboolean is_timed = g_strv_contains(timed_changes, order);
	gboolean is_list = strcmp(order, "list") == 0 && count <= 2 && !options->days_text;
	if (options->days_text && !command_number(options->days_text, "--for", DAYS_MAX, &days, error))
		return FALSE;
	if (options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error))
		return FALSE;
	if (is_change && (is_timed || !options->days_text) && !command->is_json)
		return change(command, words, days, error);
	if (is_list)
		return open_all(command, error) && list_addresses(command, count == 2 ? words[1] : NULL, (guint)limit, error);
	command_usage(error,
	    "write `sekisho address [list] [SITE]`, `sekisho address verify SITE ADDRESS [--for DAYS]`, or likewise "
	    "`forget`, `suppress` (with --for, too) or `unsuppress`");
	return FALSE;
}

static int
address_run(Command *command, char ***arguments, GError **error)
{
	AddressOptions options = {0};
	const GOptionEntry own[] = {
	    {"for", 0, 0, G_OPTION_ARG_STRING, &options.days_text,
		"With verify (default: [reply] proof) and suppress (default: for good)", "DAYS"},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "With list: at most so many (default: 50)", "N"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &address_verb, own, arguments, error);
	gboolean is_done = !is_parsed || obey(command, *arguments + 1, &options, error);
	g_free(options.days_text);
	g_free(options.limit_text);
	return is_done ? EX_OK : EX_SOFTWARE;
}

const Verb address_verb = {
    .name = "address",
    .usage = "[ORDER ...]",
    .help = "Addresses that get replies because they proved themselves, and those that get none because mail came back\n\n"
	    "  list [SITE]              both kinds, newest first; also without a word\n"
	    "  verify SITE ADDRESS      it gets replies without being asked\n"
	    "  forget SITE ADDRESS      it is asked again before it gets a reply\n"
	    "  suppress SITE ADDRESS    it gets no reply, copy or confirmation; notices go on\n"
	    "  unsuppress SITE ADDRESS  it may get them again, also where mail came back",
    .run = address_run,
};
