/*
 * Users and groups of the machine by name, from any thread: getpwnam(3) and getgrnam(3) answer in a static buffer.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Fills *user and *group (the account's own) and returns TRUE if there is an account of that name. `user` and `group` may be NULL. A
 * database of accounts that cannot be read has no such account. */
gboolean accounts_find_user(const char *name, uid_t *user, gid_t *group);
/* Likewise for a group; `group` may be NULL. */
gboolean accounts_find_group(const char *name, gid_t *group);
/* The user's name, or its number if it has none. The caller's. */
char *accounts_user_name(uid_t user);
/* The group's name, or its number if it has none. The caller's. */
char *accounts_group_name(gid_t group);
