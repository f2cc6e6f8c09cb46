/*
 * sekishod, the gateway's daemon: wiring only. One program, four roles, each a process of its own:
 *
 *   supervisor   what an operator starts. Makes data directories, keys and databases if they are missing, opens the socket, and keeps
 *                front and courier running (base/supervisor.h). Started as root it stays root and touches nothing a stranger sent.
 *   front        takes submissions (front/front.h), as front_user.
 *   courier      sends mail (relay/courier.h), as courier_user.
 *   session      one SMTP session of the courier (relay/session.h), as courier_user, started by the courier.
 *
 * Front and courier get their keys as a memory file, so the key directory can stay readable by root alone, and each gets only what
 * design and base/vault.h let it hold. A reload (SIGHUP) is a new process with the new configuration; the old one finishes its work.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/folder.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/listener.h"
#include "sekisho/base/log.h"
#include "sekisho/base/privilege.h"
#include "sekisho/base/supervisor.h"
#include "sekisho/base/vault.h"
#include "sekisho/conf/config.h"
#include "sekisho/front/front.h"
#include "sekisho/relay/courier.h"
#include "sekisho/relay/session.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/db.h"

#define PROGRAM "/proc/self/exe"

/* Where a role finds what the supervisor hands it. The order is that of SupervisedRole.descriptors. */
enum { ROLE_KEYS = SUPERVISOR_READY + 1, ROLE_WAKE, ROLE_LISTEN, SESSION_SOCKET = 3 };

/* Descriptors beside connections: databases, logs, templates. */
#define SPARE_DESCRIPTORS 128u

typedef struct {
	char *config_path;
	char *role;
	char *user; /* whom a session becomes that root's command started; NULL: who starts it, as the courier does */
	char *group;
	int parent; /* the supervisor's process id, for a role */
	gboolean is_version_asked;
} Options;

static int
fail(LogEvent event, const GError *error)
{
	log_error(event, error, NULL);
	return error_exit_code(error);
}

/* --- front and courier ----------------------------------------------------------------------------------------- */

/* Gives rights up and takes what was handed over. */
static gboolean
enter_role(const Config *config, const char *user, VaultRole role, Vault **vault, GError **error)
{
	PrivilegeIdentity identity = {.user = (char *)user, .shared_group = config->group};
	g_autoptr(GMappedFile) keys = g_mapped_file_new_from_fd(ROLE_KEYS, FALSE, error);
	if (!keys)
		return FALSE;
	g_autoptr(GBytes) exported = g_mapped_file_get_bytes(keys);
	*vault = vault_import(exported, role, error);
	(void)close(ROLE_KEYS);
	return *vault && privilege_become(&identity, error) && privilege_confine(LIMIT_CONNECTIONS + SPARE_DESCRIPTORS, error);
}

/* From privilege_confine on a role dies with its supervisor; one whose supervisor died before that must not live on alone. */
static gboolean
is_orphan(const Options *options)
{
	return getppid() != options->parent;
}

static int
front_role(const Options *options, Config *config)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Vault) vault = NULL;
	if (!enter_role(config, config->front_user, VAULT_FRONT, &vault, &error))
		return fail(LOG_INTERNAL, error);
	if (is_orphan(options))
		return EX_OK;
	supervisor_say_ready();
	FrontSettings settings = {
	    .config = config, .vault = vault, .listen_descriptor = ROLE_LISTEN, .wake_descriptor = ROLE_WAKE};
	return front_main(&settings);
}

static int
courier_role(const Options *options, Config *config)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Vault) vault = NULL;
	if (!enter_role(config, config->courier_user, VAULT_COURIER, &vault, &error))
		return fail(LOG_INTERNAL, error);
	if (is_orphan(options))
		return EX_OK;
	supervisor_say_ready();
	CourierSettings settings = {.config = config, .vault = vault, .program = PROGRAM, .wake_descriptor = ROLE_WAKE};
	return courier_main(&settings);
}

static int
session_role(const Options *options)
{
	g_autoptr(GError) error = NULL;
	const PrivilegeIdentity identity = {.user = options->user, .shared_group = options->group};
	if ((options->user && !privilege_become(&identity, &error)) || !privilege_confine(SPARE_DESCRIPTORS, &error))
		return fail(LOG_INTERNAL, error);
	return session_main(SESSION_SOCKET);
}

/* --- supervisor -------------------------------------------------------------------------------------------------- */

/* The roles' users must be there and must not be root; an ordinary user runs everything as itself. */
static gboolean
find_users(const Config *config, GError **error)
{
	const char *const names[] = {config->front_user, config->courier_user};
	for (gsize i = 0; i < G_N_ELEMENTS(names) && geteuid() == 0; i++) {
		uid_t user = 0;
		gboolean is_there = accounts_find_user(names[i], &user, NULL);
		if (is_there && user != 0)
			continue;
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE, "%s_user = %s: %s", i == 0 ? "front" : "courier", names[i],
		    is_there ? "this is root, and nothing would be walled off; name a user of its own"
			     : "there is no such user; systemd-sysusers makes it");
		return FALSE;
	}
	return TRUE;
}

/* The data directory belongs to the shared group (2770): both roles write there, nobody else reads. */
static gboolean
prepare_data_directory(const Config *config, GError **error)
{
	if (g_mkdir_with_parents(config->data_directory, 0770) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "data_directory = %s cannot be made: %s", config->data_directory,
		    g_strerror(errno));
		return FALSE;
	}
	if (geteuid() != 0)
		return TRUE;
	gid_t group = 0;
	if (!accounts_find_group(config->group, &group)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE,
		    "group = %s: there is no such group; make it and the two users with systemd-sysusers or `addgroup --system "
		    "%s`",
		    config->group, config->group);
		return FALSE;
	}
	struct stat status;
	if (chown(config->data_directory, 0, group) != 0 || chmod(config->data_directory, 02770) != 0 ||
	    stat(config->data_directory, &status) != 0) {
		g_set_error(
		    error, BASE_ERROR, BASE_ERROR_IO, "data_directory = %s: %s", config->data_directory, g_strerror(errno));
		return FALSE;
	}
	/* The kernel drops the bit without a word where the capability is missing, and then the roles cannot share the database. */
	if ((status.st_mode & S_ISGID) == 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE,
		    "data_directory = %s keeps no set-group-ID bit; give the service the capability CAP_FSETID",
		    config->data_directory);
		return FALSE;
	}
	return TRUE;
}

/* Whose courier_directory must be. find_users has looked. */
static uid_t
courier_owner(const Config *config, gid_t *group)
{
	uid_t owner = geteuid();
	*group = getegid();
	if (owner == 0)
		(void)accounts_find_user(config->courier_user, &owner, group);
	return owner;
}

/* What the ledger says is believed, so its folder (0700) is the courier's alone from the beginning. One that only root could write until now, as
 * a start that was broken off leaves it, becomes the courier's; any other that is not is refused. */
static gboolean
prepare_courier_directory(const Config *config, GError **error)
{
	gid_t group;
	const char *directory = config->courier_directory;
	uid_t owner = courier_owner(config, &group);
	if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
		g_set_error(
		    error, BASE_ERROR, BASE_ERROR_IO, "courier_directory = %s cannot be made: %s", directory, g_strerror(errno));
		return FALSE;
	}
	if (owner != geteuid() && folder_check_own(directory, 0, NULL) &&
	    (chmod(directory, 0700) != 0 || lchown(directory, owner, group) != 0)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "courier_directory = %s: %s", directory, g_strerror(errno));
		return FALSE;
	}
	if (folder_check_own(directory, owner, error))
		return TRUE;
	g_prefix_error(error, "courier_directory: ");
	return FALSE;
}

/* Two supervisors on one data directory would claim each other's mail. The directory itself is locked, because a file in it could be
 * removed by whoever may write there. The lock lives as long as the returned descriptor. */
static int
lock_data_directory(const Config *config, GError **error)
{
	int descriptor = open(config->data_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
		return descriptor;
	int reason = errno;
	if (descriptor >= 0)
		(void)close(descriptor);
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "data_directory = %s: %s", config->data_directory,
	    reason == EWOULDBLOCK ? "another sekishod runs on it; stop it first" : g_strerror(reason));
	return -1;
}

/* Keys are made once, before the first submission; those for links also for an installation that is older than they are. A database without
 * its keys is a mistake to be mended by a person: new keys would make everything in it unreadable for good. */
static Vault *
open_keys(const Config *config, GError **error)
{
	g_autofree char *database = g_build_filename(config->data_directory, "sekisho.db", NULL);
	if (!vault_exists(config->key_directory)) {
		if (g_file_test(database, G_FILE_TEST_EXISTS)) {
			g_set_error(error, BASE_ERROR, BASE_ERROR_KEY,
			    "%s is there but its keys in %s are not: put the keys back, or move the database away to begin anew",
			    database, config->key_directory);
			return NULL;
		}
		if (!vault_create(config->key_directory, error))
			return NULL;
		log_event(LOG_KEYS_CREATED, "directory", config->key_directory, NULL);
	} else if (!vault_is_complete(config->key_directory)) {
		if (!vault_complete(config->key_directory, error))
			return NULL;
		log_event(LOG_KEYS_CREATED, "directory", config->key_directory, "keys", "link", NULL);
	}
	return vault_open(config->key_directory, VAULT_ADMIN, error);
}

/* A memory file with what `role` may hold. */
static int
keys_for(const Vault *vault, VaultRole role)
{
	g_autoptr(GBytes) exported = vault_export(vault, role);
	gsize size;
	const void *bytes = g_bytes_get_data(exported, &size);
	int descriptor = memfd_create("sekisho-keys", MFD_CLOEXEC);
	if (descriptor < 0 || write(descriptor, bytes, size) != (gssize)size)
		g_error("no memory for the keys: %s", g_strerror(errno));
	return descriptor;
}

/* In a child: the codes of sysexits. */
static int
open_databases(const Config *config)
{
	PrivilegeIdentity identity = {.user = config->courier_user, .shared_group = config->group};
	g_autoptr(GError) error = NULL;
	if (!privilege_become(&identity, &error))
		return fail(LOG_INTERNAL, error);
	g_autoptr(Db) database = db_open(config->data_directory, DB_CREATE, &error);
	g_autoptr(Db) counters = database ? db_open_counters(config->data_directory, DB_CREATE, &error) : NULL;
	g_autoptr(Db) ledger = counters ? db_open_ledger(config->courier_directory, DB_CREATE, &error) : NULL;
	return ledger ? EX_OK : fail(LOG_INTERNAL, error);
}

/* Makes the databases, or brings them up to date, as the courier's user: root opens no file that lies where the front can write. */
static gboolean
prepare_databases(const Config *config, GError **error)
{
	pid_t child = fork();
	if (child == 0)
		_exit(open_databases(config));
	int status = 0;
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
		return TRUE;
	g_set_error(error, STORE_ERROR, STORE_ERROR_IO,
	    "the databases in %s and %s cannot be opened; the line before this one says why", config->data_directory,
	    config->courier_directory);
	return FALSE;
}

typedef struct {
	const char *config_path;
	Config *config;
	int listen_descriptor;
	int wake_descriptor;
	int lock_descriptor;
	gboolean is_socket_ours;
	Vault *vault;
} Daemon;

static gboolean
open_socket(Daemon *daemon, GError **error)
{
	daemon->listen_descriptor = listener_handed_over();
	if (daemon->listen_descriptor >= 0)
		return TRUE;
	if (*daemon->config->listen == '\0') {
		g_set_error_literal(error, BASE_ERROR, BASE_ERROR_IO,
		    "`listen` is empty and no socket was handed over: start sekishod through its systemd socket or spawn-fcgi, "
		    "or set `listen`");
		return FALSE;
	}
	daemon->listen_descriptor = listener_open(daemon->config->listen, daemon->config->socket_group, error);
	daemon->is_socket_ours = daemon->listen_descriptor >= 0 && *daemon->config->listen == '/';
	return daemon->listen_descriptor >= 0;
}

static gboolean
prepare(Daemon *daemon, GError **error)
{
	(void)umask(0007);
	if (!find_users(daemon->config, error) || !prepare_data_directory(daemon->config, error))
		return FALSE;
	daemon->lock_descriptor = lock_data_directory(daemon->config, error);
	if (daemon->lock_descriptor < 0 || !prepare_courier_directory(daemon->config, error))
		return FALSE;
	daemon->vault = open_keys(daemon->config, error);
	if (!daemon->vault)
		return FALSE;
	if (!prepare_databases(daemon->config, error) || !open_socket(daemon, error))
		return FALSE;
	daemon->wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return TRUE;
}

static void
warn_of_missing_wall(const Config *config)
{
	if (geteuid() != 0)
		log_event(LOG_WALL_OFF, "reason", "not started by root: front and courier run as the same user", NULL);
	else if (g_strcmp0(config->front_user, config->courier_user) == 0)
		log_event(LOG_WALL_OFF, "reason", "front_user and courier_user are the same", NULL);
}

/* TRUE if nothing differs that only a new start can change; everything else is taken by the new processes. */
static gboolean
is_reloadable(const Config *config, const Config *running)
{
	return g_str_equal(config->listen, running->listen) && g_str_equal(config->socket_group, running->socket_group) &&
	       g_str_equal(config->data_directory, running->data_directory) &&
	       g_str_equal(config->courier_directory, running->courier_directory) &&
	       g_str_equal(config->key_directory, running->key_directory) && g_str_equal(config->group, running->group);
}

static gboolean
may_reload(gpointer user_data)
{
	const Daemon *daemon = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_load(daemon->config_path, &error);
	if (config && !is_reloadable(config, daemon->config))
		g_set_error_literal(&error, CONF_ERROR, CONF_ERROR_INVALID,
		    "listen, socket_group, data_directory, courier_directory, key_directory and group change only with a "
		    "restart");
	/* Another courier_user needs the folder to be its own. */
	gid_t group;
	if (config && !error && find_users(config, &error) &&
	    folder_check_own(config->courier_directory, courier_owner(config, &group), &error)) {
		warn_of_missing_wall(config);
		return TRUE;
	}
	log_error(LOG_RELOAD_REFUSED, error, NULL);
	return FALSE;
}

static int
supervisor_role(const char *config_path, Config *config)
{
	g_autoptr(GError) error = NULL;
	Daemon daemon = {.config_path = config_path, .config = config, .lock_descriptor = -1, .listen_descriptor = -1};
	if (!prepare(&daemon, &error))
		return fail(LOG_INTERNAL, error);
	warn_of_missing_wall(config);
	g_autofree char *parent = g_strdup_printf("%d", (int)getpid());
	const char *front[] = {"sekishod", "--role", "front", "--config", config_path, "--parent", parent, NULL};
	const char *courier[] = {"sekishod", "--role", "courier", "--config", config_path, "--parent", parent, NULL};
	int front_keys = keys_for(daemon.vault, VAULT_FRONT);
	int courier_keys = keys_for(daemon.vault, VAULT_COURIER);
	const SupervisedRole roles[] = {
	    {"front", front, {front_keys, daemon.wake_descriptor, daemon.listen_descriptor}, TRUE},
	    {"courier", courier, {courier_keys, daemon.wake_descriptor, -1}, FALSE},
	};
	g_clear_pointer(&daemon.vault, vault_free);
	const SupervisorSettings settings = {.program = PROGRAM,
	    .roles = roles,
	    .role_count = G_N_ELEMENTS(roles),
	    .may_reload = may_reload,
	    .user_data = &daemon};
	int code = supervisor_run(&settings);
	if (daemon.is_socket_ours)
		(void)g_unlink(config->listen);
	return code;
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static gboolean
read_options(int *argc, char ***argv, Options *options, GError **error)
{
	const GOptionEntry entries[] = {
	    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path, "Main configuration file", "FILE"},
	    {"role", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->role,
		"What this process is; set by the daemon itself", "ROLE"},
	    {"user", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->user, "Whom a session becomes", "USER"},
	    {"group", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->group, "The group of both roles", "GROUP"},
	    {"parent", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &options->parent, "The daemon's own process id", "PID"},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &options->is_version_asked, "Print the version and end", NULL},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- contact-form relay gateway");
	g_option_context_set_summary(context,
	    "Runs in the foreground and logs to standard error. SIGHUP reloads the configuration, SIGTERM ends cleanly.");
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, argc, argv, error);
}

static int
run_role(const Options *options)
{
	g_autoptr(GError) error = NULL;
	const char *path = options->config_path ? options->config_path : "/etc/sekisho/sekisho.conf";
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	log_set_role(options->role ? options->role : "supervisor");
	/* Started through /proc/self/exe a role would be called "exe" by ps(1). */
	(void)prctl(PR_SET_NAME, "sekishod");
	if (g_strcmp0(options->role, "session") == 0)
		return session_role(options);
	g_autoptr(Config) config = config_load(absolute, &error);
	if (!config)
		return fail(LOG_INTERNAL, error);
	if (!options->role)
		return supervisor_role(absolute, config);
	if (g_str_equal(options->role, "front"))
		return front_role(options, config);
	if (g_str_equal(options->role, "courier"))
		return courier_role(options, config);
	g_printerr("sekishod: --role %s: it is set by the daemon itself; start sekishod without it\n", options->role);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Options options = {0};
	if (!read_options(&argc, &argv, &options, &error) || argc > 1) {
		g_printerr("sekishod: %s; see sekishod --help\n", error ? error->message : "too many arguments");
		return EX_USAGE;
	}
	int code = EX_OK;
	if (options.is_version_asked)
		g_print("sekishod %s\n", SEKISHO_VERSION);
	else
		code = run_role(&options);
	g_free(options.config_path);
	g_free(options.role);
	g_free(options.user);
	g_free(options.group);
	return code;
}
