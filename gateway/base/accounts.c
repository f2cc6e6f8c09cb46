/*
 * Users and groups by name. No state; may be called from any thread at any time, but it reads files and perhaps asks a directory
 * server, so it is for starting and for `sekisho check`, not for a request.
 */
#include "sekisho/base/accounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

/* An entry's texts. They grow with a group's members; past LAST_BYTES we give up. */
#define FIRST_BYTES 4096u
#define LAST_BYTES (1024ul * 1024u)

gboolean
accounts_find_user(const char *name, uid_t *user, gid_t *group)
{
	int reason = ERANGE;
	for (gsize size = FIRST_BYTES; reason == ERANGE && size <= LAST_BYTES; size *= 4) {
		g_autofree char *texts = g_malloc(size);
		struct passwd entry, *found = NULL;
		reason = getpwnam_r(name, &entry, texts, size, &found);
		if (reason != 0 || found == NULL)
			continue;
		if (user != NULL)
			*user = entry.pw_uid;
		if (group != NULL)
			*group = entry.pw_gid;
		return TRUE;
	}
	return FALSE;
}

gboolean
accounts_find_group(const char *name, gid_t *group)
{
	int reason = ERANGE;
	for (gsize size = FIRST_BYTES; reason == ERANGE && size <= LAST_BYTES; size *= 4) {
		g_autofree char *texts = g_malloc(size);
		struct group entry, *found = NULL;
		reason = getgrnam_r(name, &entry, texts, size, &found);
		if (reason != 0 || found == NULL)
			continue;
		if (group != NULL)
			*group = entry.gr_gid;
		return TRUE;
	}
	return FALSE;
}

char *
accounts_user_name(uid_t user)
{
	int reason = ERANGE;
	for (gsize size = FIRST_BYTES; reason == ERANGE && size <= LAST_BYTES; size *= 4) {
		g_autofree char *texts = g_malloc(size);
		struct passwd entry, *found = NULL;
		reason = getpwuid_r(user, &entry, texts, size, &found);
		if (reason == 0 && found != NULL)
			return g_strdup(entry.pw_name);
	}
	return g_strdup_printf("%u", (guint)user);
}

char *
accounts_group_name(gid_t group)
{
	int reason = ERANGE;
	for (gsize size = FIRST_BYTES; reason == ERANGE && size <= LAST_BYTES; size *= 4) {
		g_autofree char *texts = g_malloc(size);
		struct group entry, *found = NULL;
		reason = getgrgid_r(group, &entry, texts, size, &found);
		if (reason == 0 && found != NULL)
			return g_strdup(entry.gr_name);
	}
	return g_strdup_printf("%u", (guint)group);
}
