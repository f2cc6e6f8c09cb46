/*
 * Which submissions a person means. What stands in columns is asked of the database; what is sealed is looked for by opening one submission after the other, newest first, until there are enough.
 */
#include "filter.h"

#include <string.h>

#include "opened.h"
#include "period.h"
#include "progress.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/sender.h"
#include "sekisho/wire/address.h"

void
filter_clear(Filter *filter)
{
	for (guint i = 0; i < FILTER_PARTS; i++)
		g_free(filter->texts[i]);
	g_free(filter->site);
	g_clear_pointer(&filter->ips, g_array_unref);
	g_clear_pointer(&filter->networks, g_array_unref);
}

GOptionEntry
filter_option(Filter *filter, FilterPart part)
{
	static const GOptionEntry entries[FILTER_PARTS] = {
	    [FILTER_SITE] = {"site", 's', 0, G_OPTION_ARG_STRING, NULL, "Only of this site", "SITE"},
	    [FILTER_FORM] = {"form", 'f', 0, G_OPTION_ARG_STRING, NULL, "Only of this form", "ID|SITE/ID"},
	    [FILTER_VERDICT] = {"verdict", 0, 0, G_OPTION_ARG_STRING, NULL,
		"Only accepted, held, rejected, released or discarded ones", "STATUS,..."},
	    [FILTER_IP] = {"ip", 0, 0, G_OPTION_ARG_STRING, NULL, "Only from this IP address or network", "IP"},
	    [FILTER_ADDRESS] = {"address", 0, 0, G_OPTION_ARG_STRING, NULL, "Only with this mail address in it", "ADDRESS"},
	    [FILTER_SINCE] = {"since", 0, 0, G_OPTION_ARG_STRING, NULL, "Only since then: 24h, 7d, yesterday, 2026-11-01",
		"TIME"},
	    [FILTER_BEFORE] = {"before", 0, 0, G_OPTION_ARG_STRING, NULL, "Only from before then, as --since", "TIME"},
	    [FILTER_LIMIT] = {"limit", 'n', 0, G_OPTION_ARG_STRING, NULL, "At most so many (default: 50)", "N"},
	};
	GOptionEntry entry = entries[part];
	entry.arg_data = &filter->texts[part];
	return entry;
}

/* --- What the options say ----------------------------------------------------------------------------------------------- */

gboolean
filter_form(const Filter *filter, char **site, guint64 *form_id, GError **error)
{
	const char *form = filter->texts[FILTER_FORM];
	const char *slash = form ? strrchr(form, '/') : NULL;
	g_autofree char *named = slash ? g_strndup(form, (gsize)(slash - form)) : NULL;
	*site = NULL;
	*form_id = 0;
	if (form && !command_number(slash ? slash + 1 : form, "the id in --form", G_MAXINT64, form_id, error))
		return FALSE;
	if (named && filter->texts[FILTER_SITE] && strcmp(named, filter->texts[FILTER_SITE]) != 0) {
		command_usage(error, "--form %s is a form of another site than --site", form);
		return FALSE;
	}
	*site = named ? g_steal_pointer(&named) : g_strdup(filter->texts[FILTER_SITE]);
	return TRUE;
}

gboolean
filter_limit(const Filter *filter, guint *limit, GError **error)
{
	guint64 number = *limit;
	if (filter->texts[FILTER_LIMIT] &&
	    !command_number(filter->texts[FILTER_LIMIT], "--limit", LIMIT_LIST_ROWS, &number, error))
		return FALSE;
	*limit = (guint)number;
	return TRUE;
}

gboolean
filter_times(Command *command, const Filter *filter, gint64 *since_us, gint64 *before_us, GError **error)
{
	const char *since = filter->texts[FILTER_SINCE], *before = filter->texts[FILTER_BEFORE];
	g_autofree char *site = NULL;
	guint64 form_id = 0;
	Period first = {0}, last = {0};
	if (!filter_form(filter, &site, &form_id, error) || !command_open_config(command, error))
		return FALSE;
	g_autoptr(GTimeZone) zone = command_zone(command, site);
	if ((since && !period_read(since, "--since", zone, &first, error)) ||
	    (before && !period_read(before, "--before", zone, &last, error)))
		return FALSE;
	*since_us = first.from_us;
	*before_us = last.from_us;
	if (since && before && *since_us >= *before_us)
		command_usage(error, "nothing can be since %s and before %s", since, before);
	return !since || !before || *since_us < *before_us;
}

static gboolean
read_statuses(const char *text, guint *statuses, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ",", -1);
	*statuses = 0;
	for (guint i = 0; words[i]; i++) {
		guint bit = 0;
		for (SubmissionStatus status = SUBMISSION_ACCEPTED; status <= SUBMISSION_DISCARDED; status++)
			if (strcmp(submission_status_name(status), words[i]) == 0)
				bit = 1u << status;
		*statuses |= bit;
		if (bit != 0)
			continue;
		command_usage(error,
		    "--verdict is accepted, held, rejected, released or discarded, or several of them with commas between");
		return FALSE;
	}
	return TRUE;
}

/* By hashes of the address, or of its network if that is one of those that hashes are kept of; else each is opened. */
static gboolean
read_ip(Command *command, Filter *filter, BrowseFilter *browse, GError **error)
{
	g_autofree char *address = network_normalise(filter->texts[FILTER_IP]);
	g_autofree char *network = network_read(filter->texts[FILTER_IP]);
	g_autofree char *base = network ? g_strndup(network, strcspn(network, "/")) : NULL;
	g_autofree char *hashed = base ? network_of(base) : NULL;
	if (!address && !network) {
		command_usage(error, "--ip is an IP address like 192.0.2.7, or a network like 192.0.2.0/24");
		return FALSE;
	}
	if (!command_open_vault(command, error))
		return FALSE;
	if (address)
		filter->ips = vault_hashes(command->vault, VAULT_HASH_IP, address, strlen(address));
	else if (g_strcmp0(network, hashed) == 0)
		filter->networks = vault_hashes(command->vault, VAULT_HASH_NETWORK, network, strlen(network));
	browse->ips = filter->ips;
	browse->networks = filter->networks;
	return TRUE;
}

gboolean
filter_read(Command *command, Filter *filter, BrowseFilter *browse, GError **error)
{
	const char *verdict = filter->texts[FILTER_VERDICT], *address = filter->texts[FILTER_ADDRESS];
	if (!filter_form(filter, &filter->site, &browse->form_id, error) ||
	    !filter_times(command, filter, &browse->since_us, &browse->before_us, error) ||
	    (verdict && !read_statuses(verdict, &browse->statuses, error)) || !command_open_store(command, error))
		return FALSE;
	browse->site = filter->site;
	if (address && !address_is_email(address)) {
		command_usage(error, "--address is a mail address like taro@example.jp");
		return FALSE;
	}
	if (filter->texts[FILTER_IP] && !read_ip(command, filter, browse, error))
		return FALSE;
	return !filter_is_opening(filter) || command_open_vault(command, error);
}

/* --- Looking ------------------------------------------------------------------------------------------------------------ */

gboolean
filter_is_opening(const Filter *filter)
{
	return filter->texts[FILTER_ADDRESS] || (filter->texts[FILTER_IP] && !filter->ips && !filter->networks);
}

static gboolean
has_address(const Opened *opened, const char *wanted)
{
	g_autofree char *folded = address_folded(wanted);
	g_autoptr(GPtrArray) addresses = sender_addresses(opened->form, opened->submission);
	for (guint i = 0; i < addresses->len; i++) {
		g_autofree char *each = address_folded(addresses->pdata[i]);
		if (strcmp(each, folded) == 0)
			return TRUE;
	}
	return FALSE;
}

/* What cannot be opened, or has no form any more by which its addresses are known, does not fit. */
static gboolean
fits(Command *command, const Filter *filter, const SubmissionSummary *summary)
{
	const gboolean is_by_network = filter->texts[FILTER_IP] && !filter->ips && !filter->networks;
	g_autoptr(Opened) opened = summary->is_erased ? NULL : opened_new(command, summary->id, summary->site, summary->form_id);
	if (!opened || !opened->submission)
		return FALSE;
	g_autofree char *network = is_by_network ? network_read(filter->texts[FILTER_IP]) : NULL;
	if (network && !network_contains(network, opened->submission->client->remote_ip))
		return FALSE;
	return !filter->texts[FILTER_ADDRESS] || (opened->form && has_address(opened, filter->texts[FILTER_ADDRESS]));
}

/* Takes away what does not fit, and, once there are enough, the rest. */
static void
open_all(Command *command, const Filter *filter, guint wanted, GPtrArray *summaries)
{
	g_autoptr(GPtrArray) fitting = g_ptr_array_new();
	for (guint i = 0; i < summaries->len && fitting->len < wanted; i++) {
		if (fits(command, filter, summaries->pdata[i]))
			g_ptr_array_add(fitting, g_steal_pointer(&summaries->pdata[i]));
		if (i % 100 == 0)
			progress_show(command->console, "opening", i, summaries->len);
	}
	progress_end(command->console);
	g_ptr_array_set_size(summaries, 0);
	for (guint i = 0; i < fitting->len; i++)
		g_ptr_array_add(summaries, fitting->pdata[i]);
}

GPtrArray *
filter_find(Command *command, const Filter *filter, const BrowseFilter *browse, guint limit, char **rest, GError **error)
{
	const gboolean is_opening = filter_is_opening(filter);
	/* One more than is shown tells that there are more. */
	g_autoptr(GPtrArray) summaries = browse_list(command->db, browse, is_opening ? LIMIT_REHEARSED : limit + 1, error);
	if (!summaries)
		return NULL;
	const gboolean is_cut = is_opening && summaries->len == LIMIT_REHEARSED;
	if (is_opening)
		open_all(command, filter, limit + 1, summaries);
	if (summaries->len > limit) {
		*rest = g_strdup(limit < LIMIT_LIST_ROWS ? FILTER_REST : "... and older ones; --before shows them");
		g_ptr_array_set_size(summaries, (gint)limit);
	} else if (is_cut) {
		*rest = g_strdup_printf("Only the newest %u were opened; --before looks at older ones", LIMIT_REHEARSED);
	}
	if (summaries->len > 0 || !browse->site)
		return g_steal_pointer(&summaries);
	/* A site that was removed may still have submissions, so it is asked for only where there are none: then it is a slip. */
	g_autoptr(Site) site = config_site(command->config, browse->site, error);
	return site ? g_steal_pointer(&summaries) : NULL;
}
