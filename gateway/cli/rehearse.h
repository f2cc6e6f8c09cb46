/*
 * Rehearsals: what is kept goes through other settings or lists, and nothing is changed.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/store/list_entries.h"

/* What the entry, which is not stored, would change of what is kept. Configuration, database and keys are open. Returns an exit code, or sets `error`. */
int rehearse_entry(Command *command, ListEntry *entry, GError **error);
