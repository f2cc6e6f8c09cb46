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
