/*
 * Giving rights up. Order in a role's process: privilege_become (groups, gid, uid), then privilege_confine.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *user;        /* name of the account to become */
	char *shared_group; /* supplementary group of both roles; owns the data directory */
} PrivilegeIdentity;

/* Becomes `identity` for good if we are root: setgroups (only shared_group), setgid (the user's own), setuid; verifies that root cannot be had
 * back. Does nothing and succeeds for an ordinary user. BASE_ERROR_PRIVILEGE names the missing user or group; then the process must
 * end. Before any thread is started. */
gboolean privilege_become(const PrivilegeIdentity *identity, GError **error);
/* No new privileges, no core dump, not dumpable, umask 0007, at most `descriptors` open files (soft and hard), SIGKILL when the
 * parent's thread that forked us ends. Call after privilege_become, because changing the uid clears the parent-death signal; a caller
 * who knows its parent's pid compares getppid() afterwards, because the parent may have died before. The number of processes is not
 * limited: the system counts them per user, not per process. BASE_ERROR_PRIVILEGE; then the process must end. */
gboolean privilege_confine(guint descriptors, GError **error);
