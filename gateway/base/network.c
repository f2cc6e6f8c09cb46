/*
 * IP addresses as text, by GInetAddress. One spelling per address, so that equal addresses are equal strings wherever they are
 * hashed, listed or compared. No state, no name is ever looked up.
 */
#include "sekisho/base/network.h"

#include <gio/gio.h>
#include <string.h>

#define NETWORK_BITS_IPV4 24
#define NETWORK_BITS_IPV6 64

/* The address, an IPv4-mapped one as the IPv4 address it stands for; NULL if `text` is none. A zone ("%eth0") is refused: it
 * means something on one machine only. */
static GInetAddress *
parse(const char *text)
{
	static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	g_autoptr(GInetAddress) address = strchr(text, '%') ? NULL : g_inet_address_new_from_string(text);
	if (!address)
		return NULL;
	const guint8 *bytes = g_inet_address_to_bytes(address);
	if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 && memcmp(bytes, mapped, sizeof mapped) == 0)
		return g_inet_address_new_from_bytes(bytes + sizeof mapped, G_SOCKET_FAMILY_IPV4);
	return g_steal_pointer(&address);
}

char *
network_normalise(const char *text)
{
	g_autoptr(GInetAddress) address = parse(text);
	return address ? g_inet_address_to_string(address) : NULL;
}

char *
network_of(const char *address)
{
	g_autoptr(GInetAddress) parsed = parse(address);
	if (!parsed)
		return NULL;
	GSocketFamily family = g_inet_address_get_family(parsed);
	guint bits = family == G_SOCKET_FAMILY_IPV4 ? NETWORK_BITS_IPV4 : NETWORK_BITS_IPV6;
	guint8 bytes[16] = {0};
	memcpy(bytes, g_inet_address_to_bytes(parsed), bits / 8);
	g_autoptr(GInetAddress) first = g_inet_address_new_from_bytes(bytes, family);
	g_autofree char *spelling = g_inet_address_to_string(first);
	return g_strdup_printf("%s/%u", spelling, bits);
}
