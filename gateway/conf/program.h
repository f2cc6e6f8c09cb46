/*
 * Programs of the operator that settings name and a role runs: alarm_command, token_command.
 */
#pragma once

#include <glib.h>

/* Why `path` must not be run or cannot be, as "what is wrong; what would be right"; NULL if nothing is wrong. What whoever asks may not look at is not said: `sekisho check` asks each
 * role. The caller's. */
char *program_problem(const char *path);
