/*
 * Whether the gateway answers at its socket, as `sekisho check` and `sekisho doctor` see it from outside.
 */
#pragma once

#include <glib.h>

/* `listen` is [gateway] listen, not empty: a path, or host and port. Connects and hangs up. FALSE: `problem` says why not, and is the caller's (may be NULL). */
gboolean gateway_socket_answers(const char *listen, char **problem);
