/*
 * Mobile carriers of Japan and their mail domains. Their customers' mailboxes refuse or hide what comes from a domain that the customer has not allowed, and some take with
 * 250 what they then file as spam; so visitors are told which domain to allow, and a 250 for such an address means accepted, not delivered.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *id;       /* "docomo", for logs and JSON */
	const char *name;     /* "NTT docomo" */
	const char *name_ja;  /* "ドコモ" */
} Carrier;

/* The carrier of an address's domain (case ignored, domains below one count), or NULL. Any text may come. Static. */
const Carrier *carrier_of(const char *address);
