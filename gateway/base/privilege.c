/*
 * Giving rights up, for good.
 *
 * A role's process calls privilege_become once, then privilege_confine once, before it starts threads or reads anything a
 * stranger sent. After an error of either the process is half changed and must end.
 */
#include "sekisho/base/privilege.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"

static gboolean
fail(GError **error, const char *what, const char *reason)
{
	g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE, "%s: %s", what, reason);
	return FALSE;
}

static gboolean
fail_errno(GError **error, const char *what)
{
	return fail(error, what, g_strerror(errno));
}

static gboolean
find_ids(const PrivilegeIdentity *identity, uid_t *user, gid_t *own_group, gid_t *shared_group, GError **error)
{
	if (!accounts_find_user(identity->user, user, own_group))
		return fail(error, identity->user, "no such user; create it with: adduser --system --group");
	if (!accounts_find_group(identity->shared_group, shared_group))
		return fail(error, identity->shared_group, "no such group; create it with: addgroup --system");
	if (*user == 0 || *own_group == 0 || *shared_group == 0)
		return fail(error, identity->user, "a role may be neither root nor in root's group; name another user or group");
	return TRUE;
}

/* Asks for root back in every way that could work; all must fail. */
static gboolean
is_root_gone(uid_t user, gid_t group)
{
	uid_t real_user, effective_user, saved_user;
	gid_t real_group, effective_group, saved_group;
	return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0 && setegid(0) != 0 &&
	       getresuid(&real_user, &effective_user, &saved_user) == 0 && real_user == user && effective_user == user &&
	       saved_user == user && getresgid(&real_group, &effective_group, &saved_group) == 0 && real_group == group &&
	       effective_group == group && saved_group == group;
}

gboolean
privilege_become(const PrivilegeIdentity *identity, GError **error)
{
	uid_t user = 0;
	gid_t own_group = 0, shared_group = 0;
	if (geteuid() != 0)
		return TRUE;
	if (!find_ids(identity, &user, &own_group, &shared_group, error))
		return FALSE;
	if (setgroups(1, &shared_group) != 0)
		return fail_errno(error, "setgroups");
	if (setresgid(own_group, own_group, own_group) != 0)
		return fail_errno(error, "setresgid");
	if (setresuid(user, user, user) != 0)
		return fail_errno(error, "setresuid");
	if (!is_root_gone(user, own_group))
		return fail(error, identity->user, "this process can still become root again");
	return TRUE;
}

static gboolean
limit(int resource, rlim_t ceiling)
{
	const struct rlimit both = {.rlim_cur = ceiling, .rlim_max = ceiling};
	return setrlimit(resource, &both) == 0;
}

gboolean
privilege_confine(guint descriptors, GError **error)
{
	struct rlimit files;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_errno(error, "PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail_errno(error, "PR_SET_DUMPABLE");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return fail_errno(error, "PR_SET_PDEATHSIG");
	if (!limit(RLIMIT_CORE, 0))
		return fail_errno(error, "RLIMIT_CORE");
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return fail_errno(error, "RLIMIT_NOFILE");
	if (files.rlim_max < descriptors) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE,
		    "%u open files are needed and %" G_GUINT64_FORMAT " allowed; raise the hard limit (LimitNOFILE=, ulimit -Hn)",
		    descriptors, (guint64)files.rlim_max);
		return FALSE;
	}
	if (!limit(RLIMIT_NOFILE, descriptors))
		return fail_errno(error, "RLIMIT_NOFILE");
	umask(0007);
	return TRUE;
}
