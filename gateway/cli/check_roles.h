/*
 * What front and courier must find on this machine. For `sekisho check`, as root.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"

/* Appends a problem for every user, group, key and folder that keeps sekishod from starting, and for every file that a role of it could not open.
 * `sites` are their names (char *). Changes nothing; starts two short-lived processes that become the roles. */
void check_roles(Config *config, const GPtrArray *sites, GPtrArray *problems);
