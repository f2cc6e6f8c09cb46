/*
 * IP addresses as text. One spelling per address, so that equal addresses are equal strings wherever they are
 * hashed, listed or compared. No state, no name is ever looked up.
 */
#include "sekisho/base/network.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK_BITS_IPV4 24
#define NETWORK_BITS_IPV6 64

typedef struct {
	int family; /* AF_INET or AF_INET6 */
	guint8 bytes[16];
} Address;

/* An IPv4-mapped address is the IPv4 address it stands for. FALSE if `text` is none; a zone ("%eth0") makes it none, because it means something on one
 * machine only. (Not GInetAddress: this runs for every submission, and its objects cost more than the parsing.) */
static gboolean
parse(const char *text, Address *address)
{
	static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	*address = (Address){.family = AF_INET};
	if (inet_pton(AF_INET, text, address->bytes) == 1)
		return TRUE;
	address->family = AF_INET6;
	if (inet_pton(AF_INET6, text, address->bytes) != 1)
		return FALSE;
	if (memcmp(address->bytes, mapped, sizeof mapped) == 0) {
		address->family = AF_INET;
		memmove(address->bytes, address->bytes + sizeof mapped, 4);
	}
	return TRUE;
}

static const char *
spell(const Address *address, char spelling[INET6_ADDRSTRLEN])
{
	return inet_ntop(address->family, address->bytes, spelling, INET6_ADDRSTRLEN);
}

char *
network_normalise(const char *text)
{
	Address address;
	char spelling[INET6_ADDRSTRLEN];
	return parse(text, &address) ? g_strdup(spell(&address, spelling)) : NULL;
}

char *
network_cut(const char *text, guint bits_ipv4, guint bits_ipv6)
{
	Address address;
	char spelling[INET6_ADDRSTRLEN];
	if (!parse(text, &address))
		return NULL;
	const guint bits = address.family == AF_INET ? bits_ipv4 : bits_ipv6;
	const guint all = address.family == AF_INET ? 32 : 128;
	g_assert(bits <= all);
	if (bits == 0 || bits == all)
		return bits == 0 ? NULL : g_strdup(spell(&address, spelling));
	address.bytes[bits / 8] &= (guint8)(0xFF00u >> bits % 8);
	memset(address.bytes + bits / 8 + 1, 0, sizeof address.bytes - bits / 8 - 1);
	return g_strdup_printf("%s/%u", spell(&address, spelling), bits);
}

char *
network_of(const char *text)
{
	return network_cut(text, NETWORK_BITS_IPV4, NETWORK_BITS_IPV6);
}

/* A network as text: its address as written, and how many bits of it count. An address alone counts with all. */
static gboolean
parse_network(const char *text, Address *address, guint *bits)
{
	const char *slash = strchr(text, '/');
	g_autofree char *first = slash == NULL ? g_strdup(text) : g_strndup(text, (gsize)(slash - text));
	guint64 count = 0;
	if (!parse(first, address))
		return FALSE;
	*bits = address->family == AF_INET ? 32 : 128;
	if (slash == NULL)
		return TRUE;
	/* A mapped address became an IPv4 one, and its prefix would count from elsewhere. */
	if (address->family == AF_INET && strchr(first, ':') != NULL)
		return FALSE;
	if (!g_ascii_isdigit(slash[1]) || !g_ascii_string_to_unsigned(slash + 1, 10, 0, *bits, &count, NULL))
		return FALSE;
	*bits = (guint)count;
	return TRUE;
}

/* Whether the two agree in their first bits. */
static gboolean
is_equal_start(const guint8 *a, const guint8 *b, guint bits)
{
	const guint rest = bits % 8;
	if (memcmp(a, b, bits / 8) != 0)
		return FALSE;
	return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

char *
network_read(const char *text)
{
	Address address;
	guint bits = 0;
	char spelling[INET6_ADDRSTRLEN];
	if (!parse_network(text, &address, &bits))
		return NULL;
	const guint size = address.family == AF_INET ? 4 : 16;
	for (guint bit = bits; bit < size * 8; bit++)
		if (address.bytes[bit / 8] & (0x80u >> (bit % 8)))
			return NULL;
	return g_strdup_printf("%s/%u", spell(&address, spelling), bits);
}

gboolean
network_contains(const char *network, const char *text)
{
	Address start, address;
	guint bits = 0;
	return parse_network(network, &start, &bits) && parse(text, &address) && start.family == address.family &&
	       is_equal_start(start.bytes, address.bytes, bits);
}
