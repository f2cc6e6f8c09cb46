/*
 * Networks as bytes. No state.
 */
#include "network_block.h"

#include <arpa/inet.h>
#include <string.h>

#define ADDRESS_BYTES INET6_ADDRSTRLEN

static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static gboolean
read_address(const char *text, NetworkBlock *block)
{
	*block = (NetworkBlock){.family = 4, .bits = 32};
	if (inet_pton(AF_INET, text, block->bytes) == 1)
		return TRUE;
	block->family = 6;
	block->bits = 128;
	return inet_pton(AF_INET6, text, block->bytes) == 1;
}

/* An IPv6 network of mapped addresses is the IPv4 network that they stand for. */
static void
unmap(NetworkBlock *block)
{
	if (block->family != 6 || block->bits < 96 || memcmp(block->bytes, mapped, sizeof mapped) != 0)
		return;
	block->family = 4;
	block->bits = (guint8)(block->bits - 96);
	memmove(block->bytes, block->bytes + sizeof mapped, 4);
	memset(block->bytes + 4, 0, sizeof block->bytes - 4);
}

gboolean
network_block_read(const char *text, NetworkBlock *block)
{
	char address[ADDRESS_BYTES];
	const char *slash = strchrnul(text, '/');
	const gsize size = (gsize)(slash - text);
	guint64 bits;
	if (size >= sizeof address)
		return FALSE;
	memcpy(address, text, size);
	address[size] = '\0';
	if (!read_address(address, block))
		return FALSE;
	if (*slash != '\0') {
		if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, block->bits, &bits, NULL))
			return FALSE;
		block->bits = (guint8)bits;
	}
	unmap(block);
	return TRUE;
}

gboolean
network_block_cut(NetworkBlock *block, guint bits)
{
	guint lost = 0;
	for (guint i = bits / 8; i < sizeof block->bytes; i++) {
		const guint kept = i == bits / 8 ? 0xFF00u >> bits % 8 & 0xFF : 0;
		lost |= block->bytes[i] & ~kept;
		block->bytes[i] = (guint8)(block->bytes[i] & kept);
	}
	block->bits = (guint8)bits;
	return lost != 0;
}

char *
network_block_text(const NetworkBlock *block)
{
	char address[INET6_ADDRSTRLEN];
	inet_ntop(block->family == 4 ? AF_INET : AF_INET6, block->bytes, address, sizeof address);
	return g_strdup_printf("%s/%u", address, block->bits);
}
