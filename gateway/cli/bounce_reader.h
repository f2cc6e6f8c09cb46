/*
 * Reads a bounce in a process of its own, which has become the courier's user: the command runs as root, and MIME that strangers wrote is not parsed as root.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/bounce.h"

/* Before keys and databases are opened: the process inherits what is in memory. Any bytes. NULL: BASE_ERROR_PRIVILEGE or BASE_ERROR_IO if the process could not be had; WIRE_ERROR_MALFORMED if it
 * crashed over this message or took longer than LIMIT_BOUNCE_READ_MS. */
Bounce *bounce_reader_run(const Config *config, GBytes *message, GError **error);
