/*
 * The orders of `sekisho held`.
 */
#pragma once

#include <glib.h>

#include "command.h"

/* What the options of the verb said. */
typedef struct {
	gboolean is_of_rejected; /* with list: the refused ones */
	char *site;
	char *since_text;
	char *limit_text;
	char *blocked;      /* with discard: "address", "network" or "fingerprint"; NULL: nothing */
	gboolean is_allowing;
} HeldOptions;

int held_list_command(Command *command, const HeldOptions *options, GError **error);
int held_report(Command *command, const HeldOptions *options, GError **error);
int held_release_command(Command *command, char **receipts, const HeldOptions *options, GError **error);
int held_discard_command(Command *command, char **receipts, const HeldOptions *options, GError **error);

/* Whether --site names a site there is, or is not given, and since when: now less --since, 0 without it. Opens database and keys. */
gboolean held_begin(Command *command, const HeldOptions *options, gint64 *since_us, GError **error);
