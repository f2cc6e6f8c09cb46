/*
 * Mails that the operator's command sends itself (relay/trial.h): what their session needs.
 */
#pragma once

#include "sekisho/conf/config.h"

/* Path of sekishod: beside this program, or where Debian puts it (bin, sbin). The caller's. */
char *outgoing_program(void);
/* What the account logs in with; a token_command is run as the courier runs it. BASE_ERROR_EXPOSED, BASE_ERROR_IO, RELAY_ERROR_AUTH. Wipe it with password_free. */
char *outgoing_secret(const Config *config, const Account *account, GError **error);
