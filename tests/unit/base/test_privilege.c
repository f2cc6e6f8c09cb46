/*
 * Giving rights up, each time in a forked child that ends with _exit: a process that cannot be dumped cannot be examined by
 * LeakSanitizer, and one that gave up root cannot run the next test.
 */
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/privilege.h"

/* In the child: the line that failed is the exit status, because an assertion's message could not leave a confined process. */
#define EXPECT(condition)                                                                                                        \
	do {                                                                                                                     \
		if (!(condition))                                                                                                \
			_exit(__LINE__ % 255 + 1);                                                                               \
	} while (0)

static void
in_child(void (*function)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		function();
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void
become_nobody(void)
{
	PrivilegeIdentity identity = {.user = (char *)"nobody", .shared_group = (char *)"daemon"};
	const struct passwd *nobody = getpwnam("nobody");
	EXPECT(nobody);
	const uid_t uid = nobody->pw_uid;
	const gid_t gid = nobody->pw_gid;
	EXPECT(privilege_become(&identity, NULL));
	uid_t users[3];
	gid_t groups[3], supplementary[8];
	EXPECT(getresuid(&users[0], &users[1], &users[2]) == 0 && getresgid(&groups[0], &groups[1], &groups[2]) == 0);
	for (int i = 0; i < 3; i++)
		EXPECT(users[i] == uid && groups[i] == gid);
	EXPECT(getgroups(8, supplementary) == 1 && supplementary[0] == getgrnam("daemon")->gr_gid);
	EXPECT(setuid(0) != 0 && seteuid(0) != 0 && setgroups(0, NULL) != 0);
	/* An ordinary user by now: nothing to do, whatever the names. */
	identity.user = (char *)"no-such-user";
	EXPECT(privilege_become(&identity, NULL));
	EXPECT(geteuid() == uid);
}

static void
expect_refused(const char *user, const char *group, const char *named)
{
	GError *error = NULL;
	PrivilegeIdentity identity = {.user = (char *)user, .shared_group = (char *)group};
	EXPECT(!privilege_become(&identity, &error));
	EXPECT(g_error_matches(error, BASE_ERROR, BASE_ERROR_PRIVILEGE));
	EXPECT(strstr(error->message, named));
	EXPECT(geteuid() == 0);
	g_error_free(error);
}

static void
become_wrong_names(void)
{
	expect_refused("no-such-user", "daemon", "no-such-user");
	expect_refused("nobody", "no-such-group", "no-such-group");
	expect_refused("root", "daemon", "root");
	expect_refused("nobody", "root", "root");
}

static void
test_become(void)
{
	if (geteuid() != 0) {
		g_test_skip("needs root");
		return;
	}
	in_child(become_nobody);
	in_child(become_wrong_names);
}

static void
confine(void)
{
	GError *error = NULL;
	struct rlimit files, core;
	int signal_number = 0;
	EXPECT(privilege_confine(64, &error));
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	EXPECT(prctl(PR_GET_PDEATHSIG, &signal_number) == 0 && signal_number == SIGKILL);
	EXPECT(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
	EXPECT(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == 64 && files.rlim_max == 64);
	EXPECT(umask(0) == 0007);
}

static void
confine_beyond_the_hard_limit(void)
{
	GError *error = NULL;
	const struct rlimit few = {.rlim_cur = 32, .rlim_max = 32};
	EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
	EXPECT(!privilege_confine(64, &error));
	EXPECT(g_error_matches(error, BASE_ERROR, BASE_ERROR_PRIVILEGE));
	EXPECT(strstr(error->message, "64") && strstr(error->message, "32") && strstr(error->message, "LimitNOFILE"));
	g_error_free(error);
}

static void
test_confine(void)
{
	in_child(confine);
	in_child(confine_beyond_the_hard_limit);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/privilege/becoming a role is for good", test_become);
	g_test_add_func("/base/privilege/a confined process", test_confine);
	return g_test_run();
}
