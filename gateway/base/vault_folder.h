/*
 * The folder of key files. Private to base/; base/vault.h says what stands there.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"

/* The kinds of keys (a set of VaultKeyKind) that a role is handed; what has a public half is published by whoever holds it. */
guint vault_folder_kinds(VaultRole role);
/* Appends the keys of these kinds to `keys` (VaultKey *). Errors as vault_open. */
gboolean vault_folder_read(GPtrArray *keys, const char *directory, guint kinds, GError **error);
