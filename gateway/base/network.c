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
network_of(const char *text)
{
	Address address;
	char spelling[INET6_ADDRSTRLEN];
	if (!parse(text, &address))
		return NULL;
	const guint bits = address.family == AF_INET ? NETWORK_BITS_IPV4 : NETWORK_BITS_IPV6;
	memset(address.bytes + bits / 8, 0, sizeof address.bytes - bits / 8);
	return g_strdup_printf("%s/%u", spell(&address, spelling), bits);
}
