/*
 * What `sekisho check` does as root and cannot do otherwise: it looks at users, groups, keys and the data directory as sekishod will, and
 * lets a child of its own become each role and open what that role must open. Whether root can read a file says nothing about that.
 *
 * A child only opens and closes; it writes its findings, a line each, into a pipe and ends with _exit. A role that lacks its user or a
 * group is not tried.
 */
#include "check_roles.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway_socket.h"
#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/folder.h"
#include "sekisho/base/private_file.h"
#include "sekisho/base/privilege.h"
#include "sekisho/base/vault.h"

/* One child names at most so many files: what is behind them is seen in the next run. */
#define ROLE_FINDINGS 100u

typedef enum { WANT_READ, WANT_ENTER, WANT_CHANGE, WANT_SECRET, WANT_RUN } Want;

typedef struct {
	Want want;
	char *path;
} Wanted;

/* A role while it is tried. */
typedef struct {
	const char *name; /* "front", "courier" */
	const char *user;
	const char *shared_group;
	char *own_group;
	GPtrArray *wanted;  /* Wanted * */
	GHashTable *closed; /* folders that were named: nothing is said of what stands in them */
	int output;
	guint findings;
} Role;

static void
wanted_free(Wanted *wanted)
{
	g_free(wanted->path);
	g_free(wanted);
}

static void
want(GPtrArray *list, Want what, const char *path)
{
	Wanted *wanted = g_new(Wanted, 1);
	wanted->want = what;
	wanted->path = g_strdup(path);
	g_ptr_array_add(list, wanted);
}

/* --- In the child ------------------------------------------------------------------------------------------------ */

static void say(Role *role, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
say(Role *role, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *line = g_strconcat(sentence, "\n", NULL);
	if (role->findings++ < ROLE_FINDINGS && write(role->output, line, strlen(line)) < 0)
		_exit(1);
}

static gboolean
is_entered(const char *folder)
{
	return access(folder, X_OK) == 0 || errno != EACCES;
}

/* The first folder on the way to `path` that the role may not enter, or NULL. The caller's. */
static char *
closed_folder(const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		g_autofree char *folder = g_strndup(path, (gsize)(slash - path));
		if (!is_entered(folder))
			return g_steal_pointer(&folder);
	}
	return NULL;
}

/* 0, or errno. */
static int
try_open(const Wanted *wanted)
{
	int flags = (wanted->want == WANT_CHANGE ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	if (wanted->want == WANT_ENTER)
		return 0; /* closed_folder has looked */
	if (wanted->want == WANT_RUN)
		return access(wanted->path, X_OK) == 0 ? 0 : errno;
	int descriptor = open(wanted->path, flags);
	if (descriptor < 0)
		return errno;
	(void)close(descriptor);
	return 0;
}

static void
say_closed(Role *role, char *folder)
{
	g_autofree char *quoted = g_shell_quote(folder);
	if (!g_hash_table_add(role->closed, folder))
		return;
	say(role, "%s: the %s's user %s cannot enter it; run: chgrp %s %s && chmod g+rx %s, or move what stands in it", folder,
	    role->name, role->user, role->shared_group, quoted, quoted);
}

static void
say_unopened(Role *role, const Wanted *wanted, int reason)
{
	g_autofree char *quoted = g_shell_quote(wanted->path);
	gboolean is_folder = g_str_has_suffix(wanted->path, "/");
	gboolean is_own = wanted->want == WANT_SECRET || wanted->want == WANT_RUN;
	const char *group = is_own ? role->own_group : role->shared_group;
	const char *mode = wanted->want == WANT_CHANGE ? "0660" : is_folder || wanted->want == WANT_RUN ? "0750" : "0640";
	const char *verb = wanted->want == WANT_CHANGE ? "change" : wanted->want == WANT_RUN ? "run" : "read";
	say(role, "%s: the %s's user %s cannot %s it: %s; run: chown root:%s %s && chmod %s %s", wanted->path, role->name,
	    role->user, verb, g_strerror(reason), group, quoted, mode, quoted);
}

static void
try_wanted(Role *role, const Wanted *wanted)
{
	g_autoptr(GError) error = NULL;
	char *folder = closed_folder(wanted->path);
	if (folder != NULL) {
		say_closed(role, folder);
		return;
	}
	int reason = try_open(wanted);
	/* What is missing is no question of rights, and was said. */
	if (reason == ENOENT)
		return;
	if (reason != 0) {
		say_unopened(role, wanted, reason);
		return;
	}
	char *secret = wanted->want == WANT_SECRET ? private_file_read_line(wanted->path, &error) : NULL;
	if (error != NULL)
		say(role, "%s: the %s's user %s must not use it: %s", wanted->path, role->name, role->user, error->message);
	password_free(secret);
}

static void
act(Role *role)
{
	const PrivilegeIdentity identity = {.user = (char *)role->user, .shared_group = (char *)role->shared_group};
	g_autoptr(GError) error = NULL;
	if (!privilege_become(&identity, &error)) {
		say(role, "[gateway] %s_user: %s", role->name, error->message);
		return;
	}
	role->closed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < role->wanted->len; i++)
		try_wanted(role, g_ptr_array_index(role->wanted, i));
	g_hash_table_unref(role->closed);
}

/* --- In the command ---------------------------------------------------------------------------------------------- */

/* Appends the lines that the child writes. */
static void
read_findings(int input, GPtrArray *problems)
{
	g_autoptr(GIOChannel) channel = g_io_channel_unix_new(input);
	char *line = NULL;
	gsize end = 0;
	(void)g_io_channel_set_encoding(channel, NULL, NULL);
	while (g_io_channel_read_line(channel, &line, NULL, &end, NULL) == G_IO_STATUS_NORMAL) {
		line[end] = '\0';
		g_ptr_array_add(problems, line);
	}
}

static void
run_role(Role *role, GPtrArray *problems)
{
	int ends[2];
	gid_t group = 0;
	(void)accounts_find_user(role->user, NULL, &group);
	role->own_group = accounts_group_name(group);
	pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
	if (child == 0) {
		role->output = ends[1];
		act(role);
		_exit(0);
	}
	int status = -1;
	if (child > 0) {
		(void)close(ends[1]);
		read_findings(ends[0], problems);
		(void)close(ends[0]);
		pid_t ended;
		do
			ended = waitpid(child, &status, 0);
		while (ended < 0 && errno == EINTR);
	}
	if (status != 0)
		g_ptr_array_add(problems, g_strdup_printf("the %s could not be tried; run the command again", role->name));
	g_free(role->own_group);
}

/* A program of the operator's, if it can be run at all: else that was said. */
static void
want_program(GPtrArray *list, const char *path)
{
	if (path[0] != '\0' && g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
		want(list, WANT_RUN, path);
}

/* What the account logs in with, and its certificates, if root can use them: else that was said. */
static void
want_account(GPtrArray *list, const Account *account)
{
	const char *file = account->login == ACCOUNT_XOAUTH2 ? account->token_file : account->password_file;
	char *secret = file[0] == '\0' ? NULL : account_secret(account, NULL);
	if (secret != NULL)
		want(list, WANT_SECRET, file);
	password_free(secret);
	want_program(list, account->token_command);
	if (account->ca_file[0] != '\0' && g_file_test(account->ca_file, G_FILE_TEST_IS_REGULAR))
		want(list, WANT_READ, account->ca_file);
}

/* The key of the site's quizzes, likewise. */
static void
want_wordpress_key(GPtrArray *list, const Site *site)
{
	g_autoptr(GError) error = NULL;
	char *key = site->wordpress_key_file[0] == '\0' ? NULL : site_wordpress_key(site, &error);
	if (key != NULL)
		want(list, WANT_SECRET, site->wordpress_key_file);
	password_free(key);
}

/* The secrets of captchas, and what their services are trusted by, likewise. */
static void
want_captchas(GPtrArray *list, Site *site)
{
	g_autoptr(GArray) ids = site_form_ids(site);
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(Form) form = site_form(site, g_array_index(ids, guint64, i), NULL);
		const GatePolicy *policy = form != NULL ? site_gate(site, g_array_index(ids, guint64, i)) : NULL;
		char *secret = policy != NULL && policy->captcha.secret_file[0] != '\0' ? gate_captcha_secret(policy, NULL) : NULL;
		if (secret != NULL)
			want(list, WANT_SECRET, policy->captcha.secret_file);
		password_free(secret);
		if (policy != NULL && g_file_test(policy->captcha.ca_file, G_FILE_TEST_IS_REGULAR))
			want(list, WANT_READ, policy->captcha.ca_file);
	}
}

/* The folder of the site's attachments, if it has one that root can use: else that was said. */
static void
want_attachments(GPtrArray *list, const Site *site)
{
	const char *directory = site->facts->attachments_directory;
	g_autofree char *folder = g_strconcat(directory, "/", NULL);
	if (directory[0] != '\0' && g_file_test(directory, G_FILE_TEST_IS_DIR))
		want(list, WANT_ENTER, folder);
}

/* sekishod makes the folder itself, but not what stands above it. */
static void
want_parent(GPtrArray *list, const char *directory)
{
	g_autofree char *parent = g_path_get_dirname(directory);
	g_autofree char *folder = g_strconcat(parent, "/", NULL);
	want(list, WANT_ENTER, folder);
}

/* The database, if it is there and its folder is already as sekishod makes it. */
static void
want_data(GPtrArray *list, const Config *config)
{
	static const char *const names[] = {"sekisho.db", "sekisho.db-wal", "sekisho.db-shm", "counters.db", "counters.db-wal",
	    "counters.db-shm"};
	struct stat status;
	gid_t group = 0;
	want_parent(list, config->data_directory);
	if (stat(config->data_directory, &status) != 0 || !accounts_find_group(config->group, &group) || status.st_gid != group ||
	    (status.st_mode & 0070) != 0070)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(config->data_directory, names[i], NULL);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			want(list, WANT_CHANGE, path);
	}
}

/* What alarms are told with, if it is there: else that was said. */
static void
want_alarms(GPtrArray *list, const Config *config)
{
	want_program(list, config->alarm_command);
	if (config->alarm_account != NULL)
		want_account(list, config->alarm_account);
}

static GPtrArray *
wanted_by_role(Config *config, const GPtrArray *sites, gboolean is_courier)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)wanted_free);
	g_autofree char *directory = g_strconcat(config->sites_directory, "/", NULL);
	want_data(list, config);
	if (is_courier)
		want_parent(list, config->courier_directory);
	want(list, WANT_ENTER, directory);
	if (is_courier)
		want_alarms(list, config);
	for (guint i = 0; i < sites->len; i++) {
		const char *name = g_ptr_array_index(sites, i);
		g_autoptr(GPtrArray) paths = config_site_paths(config, name);
		g_autoptr(Site) site = config_site(config, name, NULL);
		for (guint j = 0; j < paths->len; j++)
			want(list, WANT_READ, g_ptr_array_index(paths, j));
		if (site != NULL && is_courier) {
			for (guint j = 0; j < site->accounts->len; j++)
				want_account(list, site->accounts->pdata[j]);
			want_attachments(list, site);
		} else if (site != NULL) {
			want_wordpress_key(list, site);
			want_captchas(list, site);
		}
	}
	return list;
}

/* FALSE, and a problem, if the user is not there or is root. */
static gboolean
check_user(Config *config, const char *key, const char *name, GPtrArray *problems)
{
	uid_t user = 0;
	gid_t group = 0;
	gboolean is_there = accounts_find_user(name, &user, &group);
	g_autofree char *sentence = NULL;
	if (is_there && user != 0 && group != 0)
		return TRUE;
	if (!is_there)
		sentence = g_strdup_printf(
		    "there is no user %s; make it with systemd-sysusers or `adduser --system --group %s`", name, name);
	else
		sentence = g_strdup_printf("%s is root or in root's group; name a user of its own", name);
	config_problem(config, key, problems, sentence);
	return FALSE;
}

static gboolean
check_group(Config *config, const char *key, const char *name, GPtrArray *problems)
{
	if (accounts_find_group(name, NULL))
		return TRUE;
	g_autofree char *sentence =
	    g_strdup_printf("there is no group %s; make it with systemd-sysusers or `addgroup --system %s`", name, name);
	config_problem(config, key, problems, sentence);
	return FALSE;
}

/* Why sekishod cannot make `directory`, which is not there, or NULL. The caller's. */
static char *
unmade(const char *directory)
{
	struct stat status;
	g_autofree char *parent = g_path_get_dirname(directory);
	if (stat(parent, &status) != 0 || !S_ISDIR(status.st_mode))
		return g_strdup_printf("cannot be made in %s; make that folder first", parent);
	if (access(parent, W_OK) != 0)
		return g_strdup_printf("cannot be made in %s: %s", parent, g_strerror(errno));
	return NULL;
}

/* What sekishod made right when it started, and somebody changed since, or NULL: it would be right again after a start. The caller's. */
static char *
changed_since_start(const Config *config, const struct stat *status)
{
	gid_t group = 0;
	guint mode = status->st_mode & 07777;
	const char *directory = config->data_directory;
	if (!accounts_find_group(config->group, &group) || (status->st_gid == group && mode == 02770) ||
	    config->listen[0] == '\0' || !gateway_socket_answers(config->listen, NULL))
		return NULL;
	g_autofree char *quoted = g_shell_quote(directory);
	g_autofree char *current = accounts_group_name(status->st_gid);
	return g_strdup_printf(
	    "%s has mode %04o and group %s, so the gateway, which runs, may not be able to store what is sent to it; "
	    "run: chgrp %s %s && chmod 2770 %s, or restart sekishod",
	    directory, mode, current, config->group, quoted, quoted);
}

/* sekishod makes the last folder, and makes its owner and mode right, but not what stands above it. */
static void
check_data_directory(Config *config, GPtrArray *problems)
{
	struct stat status;
	uid_t front = 0, courier = 0;
	g_autofree char *sentence = NULL;
	(void)accounts_find_user(config->front_user, &front, NULL);
	(void)accounts_find_user(config->courier_user, &courier, NULL);
	if (stat(config->data_directory, &status) != 0)
		sentence = unmade(config->data_directory);
	else if (!S_ISDIR(status.st_mode))
		sentence = g_strdup_printf("%s is no folder; name another", config->data_directory);
	else if (status.st_uid != 0 && status.st_uid != front && status.st_uid != courier)
		sentence = g_strdup_printf("%s belongs to user %u; name a folder of the gateway's own, or run: chown root:%s %s",
		    config->data_directory, (guint)status.st_uid, config->group, config->data_directory);
	else
		sentence = changed_since_start(config, &status);
	if (sentence != NULL)
		config_problem(config, "data_directory", problems, sentence);
}

/* Why sekishod cannot make the courier's folder, or NULL; also NULL if that was said of the data directory. The caller's. */
static char *
unmade_beside_data(const Config *config)
{
	g_autofree char *sentence = unmade(config->courier_directory);
	g_autofree char *said = g_file_test(config->data_directory, G_FILE_TEST_EXISTS) ? NULL : unmade(config->data_directory);
	return g_strcmp0(sentence, said) == 0 ? NULL : g_steal_pointer(&sentence);
}

/* What is wrong with the courier's folder, or NULL: what only root may write becomes the courier's. The caller's. */
static char *
courier_directory_problem(const Config *config)
{
	struct stat status;
	uid_t courier = geteuid();
	gboolean is_root = courier == 0;
	g_autoptr(GError) as_courier = NULL, as_us = NULL;
	if (lstat(config->courier_directory, &status) != 0)
		return is_root ? unmade_beside_data(config) : NULL;
	(void)accounts_find_user(config->courier_user, &courier, NULL);
	if (folder_check_own(config->courier_directory, courier, &as_courier) ||
	    folder_check_own(config->courier_directory, geteuid(), &as_us))
		return NULL;
	return g_strdup(is_root ? as_courier->message : as_us->message);
}

void
check_courier_directory(Config *config, GPtrArray *problems)
{
	g_autofree char *sentence = courier_directory_problem(config);
	if (sentence != NULL)
		config_problem(config, "courier_directory", problems, sentence);
}

static void
check_keys(Config *config, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *database = g_build_filename(config->data_directory, "sekisho.db", NULL);
	/* What is missing beside the first keys sekishod makes. */
	if (vault_is_complete(config->key_directory))
		vault_free(vault_open(config->key_directory, VAULT_ADMIN, &error));
	else if (!vault_exists(config->key_directory) && g_file_test(database, G_FILE_TEST_EXISTS))
		g_set_error(&error, BASE_ERROR, BASE_ERROR_KEY,
		    "%s has no keys but %s is there; put the keys back, or move the database away to begin anew",
		    config->key_directory, database);
	if (error != NULL)
		config_problem(config, "key_directory", problems, error->message);
}

void
check_roles(Config *config, const GPtrArray *sites, GPtrArray *problems)
{
	gboolean is_front = check_user(config, "front_user", config->front_user, problems);
	gboolean is_courier = check_user(config, "courier_user", config->courier_user, problems);
	gboolean is_group = check_group(config, "group", config->group, problems);
	/* Only a socket with a path has a group. */
	if (config->listen[0] == '/')
		(void)check_group(config, "socket_group", config->socket_group, problems);
	check_data_directory(config, problems);
	check_keys(config, problems);
	Role roles[] = {{.name = "front", .user = config->front_user}, {.name = "courier", .user = config->courier_user}};
	for (guint i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (!is_group || !(i == 0 ? is_front : is_courier))
			continue;
		roles[i].shared_group = config->group;
		roles[i].wanted = wanted_by_role(config, sites, i == 1);
		run_role(&roles[i], problems);
		g_ptr_array_unref(roles[i].wanted);
	}
}
