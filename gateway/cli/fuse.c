/*
 * `sekisho fuse`: whether automatic mail of a site was stopped because there was too much of it, what holds now and why, and letting it go again.
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/automatic.h"
#include "sekisho/store/ledger.h"

/* Why replies wait that a tripped fuse holds back (relay/automatic.c). */
#define REASON "fuse"

/* --- Looking ---------------------------------------------------------------------------------------------------------- */

/* The fuse with the ceilings of its site as it is configured now; without it all are 0. */
static Fuse *
read_fuse(Command *command, const char *site_name, GError **error)
{
	LedgerLimits limits = {0};
	g_autoptr(Site) site = config_site(command->config, site_name, NULL);
	if (site)
		limits = automatic_limits(site);
	return ledger_fuse(command->ledger, site_name, &limits, error);
}

/* "10 an hour, learned from its busiest one (2)". The caller's. */
static char *
ceiling_in_words(guint ceiling, const char *window, gboolean is_learned, guint busiest)
{
	if (ceiling == 0)
		return g_strdup_printf("not known for %s, because its site.conf cannot be read", window);
	return is_learned ? g_strdup_printf("%u %s, learned from its busiest of the last weeks (%u)", ceiling, window, busiest)
			  : g_strdup_printf("%u %s, as its site.conf says", ceiling, window);
}

static void
print_ceilings(Command *command, const Fuse *fuse)
{
	g_autofree char *hour = ceiling_in_words(fuse->hour_ceiling, "an hour", fuse->is_hour_learned, fuse->busiest_hour);
	g_autofree char *day = ceiling_in_words(fuse->day_ceiling, "in 24 hours", fuse->is_day_learned, fuse->busiest_day);
	command_print_line(command, "  ceilings        %s", hour);
	command_print_line(command, "                  %s", day);
}

static const char *
window_in_words(const char *reason)
{
	return reason && g_str_has_suffix(reason, "day") ? "in 24 hours" : "within an hour";
}

static gboolean
has_tripped_as_learned(const Fuse *fuse)
{
	return fuse->reason && g_str_has_prefix(fuse->reason, "learned");
}

static void
print_fuse(Command *command, const Fuse *fuse)
{
	g_autofree char *tripped_at = command_local_time(command, fuse->site, fuse->tripped_at_us);
	g_autofree char *reset_at = command_local_time(command, fuse->site, fuse->reset_at_us);
	if (fuse->tripped_at_us == 0)
		command_print_line(command, "%s: whole, replies go", fuse->site);
	else
		command_print_line(command, "%s: TRIPPED at %s, replies are stopped", fuse->site, tripped_at);
	command_print_line(command, "  asked for       %u automatic mails in the last hour, %u in the last 24 hours",
	    fuse->last_hour, fuse->last_day);
	print_ceilings(command, fuse);
	if (fuse->reset_at_us != 0)
		command_print_line(command, "  last reset      %s", reset_at);
	if (fuse->tripped_at_us == 0)
		return;
	command_print_line(command, "  because         more than %u automatic mails were asked for %s%s", fuse->ceiling,
	    window_in_words(fuse->reason), has_tripped_as_learned(fuse) ? ", far more than it usually sends" : "");
	command_print_line(command, "  what to do      see who sends: sekisho submissions --site %s", fuse->site);
	command_print_line(command,
	    "                  if it is abuse: `reply = proved` or `never` in the form's form.ini, or a quiz in the form");
	command_print_line(command, "                  if all is well: %s",
	    has_tripped_as_learned(fuse) ? "nothing; the learned ceiling follows the traffic of the days to come"
					 : "higher fuse_hour and fuse_day under [reply] in site.conf");
	command_print_line(command, "                  then:           sekisho fuse reset %s", fuse->site);
}

static GVariant *
time_or_null(gint64 time_us)
{
	return time_us != 0 ? command_json_time(time_us) : g_variant_new_maybe(G_VARIANT_TYPE_STRING, NULL);
}

static GVariant *
fuse_json(const Fuse *fuse)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", fuse->site);
	g_variant_dict_insert(&dict, "is_tripped", "b", fuse->tripped_at_us != 0);
	g_variant_dict_insert_value(&dict, "tripped_at", time_or_null(fuse->tripped_at_us));
	g_variant_dict_insert(&dict, "reason", "ms", fuse->reason);
	g_variant_dict_insert(&dict, "ceiling", "u", fuse->ceiling);
	g_variant_dict_insert_value(&dict, "reset_at", time_or_null(fuse->reset_at_us));
	g_variant_dict_insert(&dict, "last_hour", "u", fuse->last_hour);
	g_variant_dict_insert(&dict, "last_day", "u", fuse->last_day);
	g_variant_dict_insert(&dict, "hour_ceiling", "u", fuse->hour_ceiling);
	g_variant_dict_insert(&dict, "is_hour_learned", "b", fuse->is_hour_learned);
	g_variant_dict_insert(&dict, "day_ceiling", "u", fuse->day_ceiling);
	g_variant_dict_insert(&dict, "is_day_learned", "b", fuse->is_day_learned);
	return g_variant_dict_end(&dict);
}

/* The sites to be shown: the one that is named, which must exist, or all that have something to show. */
static GPtrArray *
find_sites(Command *command, const char *site_name, GError **error)
{
	if (!site_name)
		return ledger_sites(command->ledger, LIMIT_LIST_ROWS, error);
	g_autoptr(Site) site = config_site(command->config, site_name, error);
	if (!site)
		return NULL;
	GPtrArray *sites = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(sites, g_strdup(site_name));
	return sites;
}

static gboolean
show(Command *command, const char *site_name, GError **error)
{
	if (!command_open_config(command, error) || !command_open_ledger(command, error))
		return FALSE;
	g_autoptr(GPtrArray) sites = find_sites(command, site_name, error);
	if (!sites)
		return FALSE;
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < sites->len; i++) {
		g_autoptr(Fuse) fuse = read_fuse(command, sites->pdata[i], error);
		if (!fuse)
			return FALSE;
		if (command->is_json)
			g_variant_builder_add_value(list, fuse_json(fuse));
		else
			print_fuse(command, fuse);
	}
	if (command->is_json)
		command_print_json(command, g_variant_builder_end(list));
	else if (sites->len == 0)
		command_print_line(command, "all fuses are whole, and no automatic mail was asked for in the last 24 hours");
	return TRUE;
}

/* --- Resetting -------------------------------------------------------------------------------------------------------- */

/* A site that is gone can be reset, a slip in its name is a mistake. */
static gboolean
is_slip(Command *command, const char *site, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Site) known = config_site(command->config, site, &problem);
	if (known || !g_error_matches(problem, CONF_ERROR, CONF_ERROR_NO_SITE))
		return FALSE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return TRUE;
}

static void
print_reset(Command *command, const char *site, gboolean was_tripped, gint count)
{
	if (command->is_json) {
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "site", "s", site);
		g_variant_dict_insert(&dict, "was_tripped", "b", was_tripped);
		g_variant_dict_insert(&dict, "mails_due", "u", (guint)count);
		command_print_json(command, g_variant_dict_end(&dict));
	} else if (was_tripped)
		command_print_line(command, "replies of %s go again, counted from now; %d of them waited", site, count);
	else
		command_print_line(command, "the fuse of %s has not tripped; `sekisho fuse show` lists those that have", site);
}

/* Asks nothing: it throws nothing away, and the mails that go are those that people asked for. */
static gboolean
reset(Command *command, const char *site, GError **error)
{
	gboolean was_tripped = FALSE;
	if (!command_open_store(command, error) || !command_open_ledger(command, error) ||
	    !ledger_fuse_reset(command->ledger, site, &was_tripped, error))
		return FALSE;
	if (!was_tripped && is_slip(command, site, error))
		return FALSE;
	/* What a tripped fuse put off would come back by itself, but up to half an hour later. */
	gint count = was_tripped ? command_wake(command, site, REASON, error) : 0;
	if (count < 0)
		return FALSE;
	print_reset(command, site, was_tripped, count);
	return !was_tripped || command_audit(command, "fuse.reset", site, NULL, error);
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

static gboolean
obey(Command *command, char **words, GError **error)
{
	if (strcmp(command->order, "reset") == 0)
		return reset(command, words[1], error);
	return show(command, words[0] ? words[1] : NULL, error);
}

static int
fuse_run(Command *command, char ***arguments, GError **error)
{
	const GOptionEntry own[] = {
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_done = !command_parse(command, &fuse_verb, own, arguments, error) || obey(command, *arguments + 1, error);
	return is_done ? EX_OK : EX_SOFTWARE;
}

static const VerbOrder orders[] = {
    {"show", "[SITE]", "json", "how many replies went, and whether they are stopped", TRUE},
    {"reset", "SITE", "json", "let them go again", FALSE},
    {0},
};

const Verb fuse_verb = {
    .name = "fuse",
    .help = "Show whether replies were stopped because there were too many, let them go again",
    .orders = orders,
    .run = fuse_run,
};
