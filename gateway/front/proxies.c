/*
 * No state but OneAddress's count. "Trusted" is what the operator wrote, so a stranger who sends the header through no proxy of ours, or claims more than one
 * address in it, changes nothing.
 */
#include "proxies.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"

static gboolean
is_trusted(const char *const *trusted, const char *address)
{
	for (; *trusted != NULL; trusted++)
		if (network_contains(*trusted, address))
			return TRUE;
	return FALSE;
}

/* "" or ":443". */
static gboolean
is_port(const char *text)
{
	const gsize digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
	return text[0] == '\0' || (digits >= 1 && digits <= 5 && text[1 + digits] == '\0');
}

/* An address as proxies write it, with the port or without: "192.0.2.7:4711", "[2001:db8::7]:443". Without brackets every colon is an IPv6 address's own. NULL if it is none. The caller's. */
static char *
read_address(const char *text)
{
	char *plain = network_normalise(text);
	if (plain != NULL)
		return plain;
	const gboolean is_bracketed = text[0] == '[';
	const gsize size = strcspn(text + is_bracketed, is_bracketed ? "]" : ":");
	const char *end = text + is_bracketed + size;
	g_autofree char *address = g_strndup(text + is_bracketed, size);
	if (is_bracketed != (strchr(address, ':') != NULL) || (is_bracketed && *end != ']') || !is_port(end + is_bracketed))
		return NULL;
	return network_normalise(address);
}

/* From the right, because each proxy appends whom it saw; what stands before the last LIMIT_PROXIES is not looked at, or a stranger could hide by writing it. The last one that is no proxy of ours; if all
 * are, the first. NULL if an address is none, or there are more of ours than a way has. */
static char *
walk(const char *const *trusted, const char *forwarded)
{
	g_autofree char *rest = g_strdup(forwarded);
	for (guint i = 0; i < LIMIT_PROXIES; i++) {
		char *comma = strrchr(rest, ',');
		g_autofree char *address = read_address(g_strstrip(comma != NULL ? comma + 1 : rest));
		if (address == NULL || comma == NULL || !is_trusted(trusted, address))
			return g_steal_pointer(&address);
		*comma = '\0';
	}
	return NULL;
}

char *
proxies_client(const char *const *trusted, const char *peer, const char *forwarded)
{
	char *address = network_normalise(peer);
	if (address == NULL)
		return g_strdup("");
	if (forwarded[0] == '\0' || !is_trusted(trusted, address))
		return address;
	char *client = walk(trusted, forwarded);
	if (client == NULL)
		return address;
	g_free(address);
	return client;
}

/* --- One address for all ------------------------------------------------------------------------------------------ */

void
one_address_init(OneAddress *one)
{
	*one = (OneAddress){0};
	pthread_mutex_init(&one->lock, NULL);
}

void
one_address_clear(OneAddress *one)
{
	pthread_mutex_destroy(&one->lock);
	g_free(one->address);
}

/* TRUE once all `LIMIT_ONE_ADDRESS` were the same. */
static gboolean
note(OneAddress *one, const char *address)
{
	if (one->is_settled)
		return FALSE;
	if (one->address == NULL)
		one->address = g_strdup(address);
	const gboolean is_same = strcmp(one->address, address) == 0;
	one->count++;
	one->is_settled = !is_same || one->count >= LIMIT_ONE_ADDRESS;
	return is_same && one->is_settled;
}

gboolean
one_address_note(OneAddress *one, const char *address)
{
	pthread_mutex_lock(&one->lock);
	const gboolean is_suspicious = note(one, address);
	pthread_mutex_unlock(&one->lock);
	return is_suspicious;
}
