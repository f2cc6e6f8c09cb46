/*
 * SMTP accounts of a file, reference-counted: a Site may outlive the Config whose account it uses.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/conf/settings.h"

/* All [account NAME] of a file: name -> Account. Problems between keys are appended. The caller's. */
GHashTable *account_read_all(const Settings *settings, GPtrArray *problems);
/* The accounts that [mail] account names, in its order, each once: of `own` first, else of `shared` (name -> Account; may be NULL). References (Account *); a name without an account
 * is left out, with a problem. Never NULL. */
GPtrArray *account_find_all(const Settings *settings, GHashTable *own, GHashTable *shared, GPtrArray *problems);
Account *account_ref(const Account *account);
void account_unref(Account *account);
/* Problems that only show in the files an account names (password or token, its program, certificates), and warnings about a port that is another protocol's. `settings` is the file of the
 * account. */
void account_check(const Account *account, const Settings *settings, GPtrArray *problems);
