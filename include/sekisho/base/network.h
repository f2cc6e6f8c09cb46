/*
 * IP addresses of clients: read, normalised, cut to their network. IPv4-mapped IPv6 addresses are IPv4.
 */
#pragma once

#include <glib.h>

/* The normal spelling of an IPv4 or IPv6 address (RFC 5952), or NULL if `text` is none; a port, brackets, a zone
 * ("%eth0"), white space and short IPv4 forms ("127.1") make it none. The caller's. */
char *network_normalise(const char *text);
/* The network of a normal address: IPv4 /24, IPv6 /64 ("192.0.2.0/24", "2001:db8::/64"). NULL if `address` is none. */
char *network_of(const char *address);
/* The network of so many bits (up to 32, up to 128): the address itself with all of them. NULL with 0, or if `address` is none. */
char *network_cut(const char *address, guint bits_ipv4, guint bits_ipv6);
/* The normal spelling of a network, "192.0.2.0/24", "2001:db8::/32"; an address without "/" is a network of itself (/32, /128). NULL if `text` is none, or if it has bits
 * behind its prefix ("192.0.2.1/24" is a slip). The caller's. */
char *network_read(const char *text);
/* TRUE if `address` (any spelling of network_normalise) lies in `network`, as network_read gave it. Text that is no address lies in none. */
gboolean network_contains(const char *network, const char *address);
