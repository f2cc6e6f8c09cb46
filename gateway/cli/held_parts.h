/*
 * The orders of `sekisho held`.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "filter.h"

/* What the options of the verb said. */
typedef struct {
	gboolean is_of_rejected; /* with list: the refused ones */
	Filter filter;
	char *blocked;      /* with discard: "address", "network" or "fingerprint"; NULL: nothing */
	gboolean is_allowing;
} HeldOptions;

int held_list_command(Command *command, HeldOptions *options, GError **error);
int held_report(Command *command, HeldOptions *options, GError **error);
int held_release_command(Command *command, char **receipts, const HeldOptions *options, GError **error);
int held_discard_command(Command *command, char **receipts, const HeldOptions *options, GError **error);
