/*
 * Tokens of XOAUTH2 accounts from the operator's own program ([account NAME] token_command). It runs in the session's process (relay/session.h), which may hang or die.
 */
#pragma once

#include <glib.h>

/* Runs `program` (absolute path, no arguments, no shell, input from /dev/null, a clean environment) and returns the first line of what it prints, without
 * white space around it: printable ASCII, at most LIMIT_TOKEN_BYTES. RELAY_ERROR_AUTH, whose sentence says what the program did instead (did not start, ended with an exit
 * code or signal, took longer than LIMIT_TOKEN_COMMAND_MS and was killed with all that it started, printed nothing, too much or no token) and never what it printed. Wipe the token with password_free. */
char *token_from_command(const char *program, GError **error);
