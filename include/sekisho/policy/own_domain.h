/*
 * Which domain is a site's own, as far as its address tells: replies to addresses in it need no proof.
 */
#pragma once

#include <glib.h>

/* TRUE for a domain below which anybody may have an address: a public suffix ("jp", "co.jp", "github.io"; the list of publicsuffix.org that libpsl was built with), a
 * carrier's (policy/carriers.h), a single label ("localhost"), an IP address. Any text may come; one that is no host name counts as shared. */
gboolean own_domain_is_shared(const char *domain);

/* The host of a home page's address without "www.", in ASCII and lower case (IDNA); NULL if it is shared, or if the path begins with "/~", because then the host is a
 * provider's whose other customers have addresses in it, too. Any text may come. The caller's. */
char *own_domain_of_url(const char *url);
