/*
 * `sekisho address`: which addresses get replies of a site because they have proved themselves, or because the operator says so. Nothing is sent by it; but what
 * waits for a proof is due at once, and the courier looks again (relay/automatic.c).
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"
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
address_of(Command *command, const Proof *proof)
{
	g_autoptr(GBytes) content = proof->boxed ? vault_box_open(command->vault, proof->boxed, NULL) : NULL;
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
		g_autofree char *address = address_of(command, proof);
		g_autofree char *since = command_local_time(command, proof->site, proof->proved_at_us);
		g_autofree char *until = command_local_time(command, proof->site, proof->until_us);
		const char *cells[] = {proof->site, address, kind_in_words(proof->kind), since, until, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console->output, command->console->is_colour);
}

static void
print_json(Command *command, const GPtrArray *proofs)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < proofs->len; i++) {
		const Proof *proof = g_ptr_array_index(proofs, i);
		g_autofree char *address = address_of(command, proof);
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
	if (!proofs)
		return FALSE;
	if (command->is_json)
		print_json(command, proofs);
	else if (proofs->len > 0)
		print_table(command, proofs);
	else
		command_print_line(command, "no address has proved itself");
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
	return strcmp(words[0], "verify") == 0 ? verify(command, site, words[2], days, error)
					       : forget(command, site, words[2], error);
}

static gboolean
obey(Command *command, char **words, const AddressOptions *options, GError **error)
{
	guint64 days = 0, limit = 50;
	guint count = g_strv_length(words);
	const char *order = count > 0 ? words[0] : "list";
	gboolean is_verify = strcmp(order, "verify") == 0 && count == 3 && !options->limit_text;
	gboolean is_forget = strcmp(order, "forget") == 0 && count == 3 && !options->limit_text && !options->days_text;
	gboolean is_list = strcmp(order, "list") == 0 && count <= 2 && !options->days_text;
	if (options->days_text && !command_number(options->days_text, "--for", DAYS_MAX, &days, error))
		return FALSE;
	if (options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error))
		return FALSE;
	if ((is_verify || is_forget) && !command->is_json)
		return change(command, words, days, error);
	if (is_list)
		return open_all(command, error) && list_addresses(command, count == 2 ? words[1] : NULL, (guint)limit, error);
	command_usage(error, "write `sekisho address [list] [SITE]`, `sekisho address verify SITE ADDRESS [--for DAYS]` or "
			     "`sekisho address forget SITE ADDRESS`");
	return FALSE;
}

static int
address_run(Command *command, char ***arguments, GError **error)
{
	AddressOptions options = {0};
	const GOptionEntry own[] = {
	    {"for", 0, 0, G_OPTION_ARG_STRING, &options.days_text, "With verify: so long (default: [reply] proof of the site)",
		"DAYS"},
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
    .usage = "[list [SITE] | verify SITE ADDRESS | forget SITE ADDRESS]",
    .help = "List addresses that get replies because they proved themselves, add one, forget one",
    .run = address_run,
};
