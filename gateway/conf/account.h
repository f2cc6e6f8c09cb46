/*
 * SMTP accounts of a file, reference-counted: a Site may outlive the Config whose account it uses.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/conf/settings.h"

/* All [account NAME] of a file: name -> Account. Problems between keys are appended. The caller's. */
GHashTable *account_read_all(const Settings *settings, GPtrArray *problems);
Account *account_ref(const Account *account);
void account_unref(Account *account);
/* Problems that only show in the files an account names: password, certificates. `settings` is the file of the account. */
void account_check(const Account *account, const Settings *settings, GPtrArray *problems);
