/*
 * Fingerprints: a keyed hash over what a browser shows with every request, so that one visitor is known again while the address changes (mobile networks), and many behind one
 * address are told apart. It is evidence and no identity: browsers of one kind share it. Salts (store/salts.h) end it after a month; what it is made of is not stored.
 *
 * Text from outside: headers are any bytes and only hashed.
 */
#pragma once

#include <glib.h>

#include "request.h"
#include "sekisho/base/vault.h"

typedef struct Fingerprints Fingerprints;
/* Opens the database, which must exist. */
Fingerprints *fingerprints_new(const char *data_directory, GError **error);
void fingerprints_free(Fingerprints *fingerprints);
/* Takes up new salts, and drops those that are over. One thread at a time; the others are not held up. If it fails, those there are stay. */
gboolean fingerprints_refresh(Fingerprints *fingerprints, GError **error);
/* "SALT-HASH" under each salt, the two newest first, separated by a space (ClientFacts.fingerprint); "" if the request shows nothing of itself. Any thread. The caller's. */
char *fingerprints_of(Fingerprints *fingerprints, Vault *vault, const Request *request);
