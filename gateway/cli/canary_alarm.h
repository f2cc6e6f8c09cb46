/*
 * The alarm of a canary that did not come out. Needs the configuration.
 */
#pragma once

#include <glib.h>

#include "command.h"

/* `text` is ours, in the site's language. */
void canary_alarm_raise(Command *command, const char *site, const char *text);
void canary_alarm_clear(Command *command, const char *site);
