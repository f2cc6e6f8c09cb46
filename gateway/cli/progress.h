/*
 * A bar that says how far a long command is: on a terminal only, on standard error, and gone when the command ends.
 */
#pragma once

#include <glib.h>

#include "sekisho/cli/cli.h"

/* Draws "reading [#####     ] 50%" over what it drew before; `what` is a word of ours. Nothing without a terminal. */
void progress_show(const CliConsole *console, const char *what, guint64 done, guint64 total);
/* Takes it away. */
void progress_end(const CliConsole *console);
