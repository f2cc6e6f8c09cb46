/*
 * Who the client is behind proxies. The web server's word for the peer's address counts; a header of the configured name counts only if that peer is a trusted
 * proxy, and of the addresses in it the last one that is no trusted proxy's: everything before it is a stranger's claim.
 *
 * Text from outside: the header is any bytes; one with anything but addresses, with a port or without, where it is looked at counts as none.
 */
#pragma once

#include <glib.h>
#include <pthread.h>

/* The client's address, normalised (base/network.h): `peer` itself, or what a trusted peer's header `forwarded` ("" = none) says: "192.0.2.7, 198.51.100.1". `trusted`: networks,
 * NULL-terminated. "" if `peer` is no address. The caller's. */
char *proxies_client(const char *const *trusted, const char *peer, const char *forwarded);

/* Notices that all submissions come from one address: the sign of a proxy that hides the visitors. Any thread. */
typedef struct {
	pthread_mutex_t lock;
	char *address; /* of all so far; NULL: none came, or it is settled */
	guint count;
	gboolean is_settled;
} OneAddress;
void one_address_init(OneAddress *one);
void one_address_clear(OneAddress *one);
/* TRUE once: the submission is number LIMIT_ONE_ADDRESS, and all came from this address. */
gboolean one_address_note(OneAddress *one, const char *address);
