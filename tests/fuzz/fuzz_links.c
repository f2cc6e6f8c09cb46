/*
 * Links in a stranger's text. Promises for a text as text_clean leaves it: no more links than the limit; a host is letters, digits, hyphens, underscores and dots, or an
 * address in its normal spelling, and read once more it is the same host; its registrable domain is its end; a path is printable ASCII; what it looks like is UTF-8.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "policy/links.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"

static void
fuzz_check_host(const Link *link)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	g_autofree char *normal = network_normalise(link->host);
	g_autoptr(Link) again = g_new0(Link, 1);
	const char *registrable = links_registrable(link);

	g_assert_true(link->is_ip == (normal != NULL));
	g_assert_true(link->is_ip || strspn(link->host, letters) == strlen(link->host));
	g_assert_true(link->is_ip || strchr(link->host, '.') != NULL);
	g_assert_cmpuint(strlen(link->host), <=, LIMIT_DOMAIN_BYTES);
	g_assert_true(links_host_read(link->host, again));
	g_assert_cmpstr(again->host, ==, link->host);
	g_assert_true(registrable == NULL || g_str_has_suffix(link->host, registrable));
	g_assert_true(!link->is_ip || registrable == NULL);
}

static void
fuzz_find(LinksCare care, const char *text)
{
	g_auto(LinksFound) found;

	links_found_init(&found, care, LIMIT_LINKS);
	links_find(&found, text);
	g_assert_cmpuint(found.links->len, <=, LIMIT_LINKS);
	for (guint i = 0; i < found.links->len; i++) {
		const Link *link = found.links->pdata[i];
		g_autofree char *skeleton = links_skeleton(link->shown);

		fuzz_check_host(link);
		g_assert_true(g_utf8_validate(link->shown, -1, NULL) && g_utf8_validate(skeleton, -1, NULL));
		for (const char *at = link->path; *at != '\0'; at++)
			g_assert_true(g_ascii_isgraph(*at));
		g_assert_true(!link->has_decoy || link->has_credentials);
		links_mixes_scripts(link);
		links_is_private(link);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > LIMIT_FIELD_BYTES)
		return 0;
	g_autofree char *text = text_clean((const char *)bytes, size);

	fuzz_find(LINKS_WRITTEN, text);
	fuzz_find(LINKS_POSSIBLE, text);
	return 0;
}
