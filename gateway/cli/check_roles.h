/*
 * What front and courier must find on this machine. For `sekisho check`, most of it as root alone.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"

/* Appends a problem for every user, group, key and folder that keeps sekishod from starting, and for every file that a role of it could not open.
 * `sites` are their names (char *). Changes nothing; starts two short-lived processes that become the roles. */
void check_roles(Config *config, const GPtrArray *sites, GPtrArray *problems);

/* Appends a problem if the courier's folder cannot be believed or, as far as root can tell, not be made. For every user. */
void check_courier_directory(Config *config, GPtrArray *problems);
