/*
 * A site's own domain, guessed from its address. The guess is never wider than the site's host: the list of public suffixes only takes away, so an old
 * list costs a provider's newest domain and no other. The list is the one built into libpsl: no file is read.
 *
 * No state.
 */
#include "sekisho/policy/own_domain.h"

#include <libpsl.h>
#include <string.h>

#include "sekisho/policy/carriers.h"
#include "sekisho/wire/address.h"

gboolean
own_domain_is_shared(const char *domain)
{
	g_autofree char *ascii = g_hostname_to_ascii(domain);
	const psl_ctx_t *list = psl_builtin();

	if (ascii == NULL || list == NULL)
		return TRUE;
	g_autofree char *lower = g_ascii_strdown(ascii, -1);
	g_autofree char *address = g_strconcat("x@", lower, NULL);
	if (!address_is_deliverable(address) || g_hostname_is_ip_address(lower))
		return TRUE;
	return psl_is_public_suffix(list, lower) != 0 || carrier_of(address) != NULL;
}

char *
own_domain_of_url(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	g_autofree char *ascii = uri != NULL && g_uri_get_host(uri) != NULL ? g_hostname_to_ascii(g_uri_get_host(uri)) : NULL;

	if (ascii == NULL || g_str_has_prefix(g_uri_get_path(uri), "/~"))
		return NULL;
	g_autofree char *lower = g_ascii_strdown(ascii, -1);
	const char *domain = g_str_has_prefix(lower, "www.") ? lower + strlen("www.") : lower;
	return own_domain_is_shared(domain) ? NULL : g_strdup(domain);
}
