/*
 * The main file, and the cache of sites. A Config is frozen but for that cache, which is behind the lock of ConfigSites: at most
 * LIMIT_SITES_LOADED sites, least recently used ones go first; a site that could not be loaded is remembered in the same list for some
 * seconds. The lock is not held while a site is read, so one slow site does not stop the others; two threads may then read
 * the same site, and the first to finish wins.
 *
 * A reload is a new process, so nothing here ever replaces a loaded site.
 */
#include "sekisho/conf/config.h"

#include <pthread.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "account.h"
#include "formfile.h"
#include "gatefile.h"
#include "posts.h"
#include "problems.h"
#include "program.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/policy/replies.h"
#include "sekisho/wire/address.h"
#include "site.h"

/* A loaded site, or why it is not. */
typedef struct {
	char *name;
	Site *site;
	GError *failure;
	gint64 failed_at_us;
	GList link; /* in `recent`; its data is this */
} SiteEntry;

struct ConfigSites {
	Settings *settings;   /* of the main file; frozen */
	GHashTable *accounts; /* of the main file; frozen */
	pthread_mutex_t lock; /* guards the rest */
	GHashTable *entries;  /* name -> SiteEntry * */
	GQueue recent;        /* the entries, most recently used first */
};

static void
site_entry_free(SiteEntry *entry)
{
	g_free(entry->name);
	site_unref(entry->site);
	g_clear_error(&entry->failure);
	g_free(entry);
}

static void
check_listen(const Config *config, const Settings *settings, GPtrArray *problems)
{
	struct sockaddr_un address;
	if (config->listen[0] == '/' && strlen(config->listen) >= sizeof address.sun_path)
		settings_problem(settings, "gateway", "listen", problems,
		    "the path is too long for a socket; keep it within %zu bytes", sizeof address.sun_path - 1);
}

static void
default_courier_directory(Settings *settings)
{
	g_autofree char *data_directory = settings_path(settings, "gateway", "data_directory");
	g_autofree char *beside = g_strconcat(data_directory, "-courier", NULL);
	settings_default(settings, "gateway", "courier_directory", beside);
}

/* In their normal spelling. The caller's. */
static char **
read_networks(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, " ", -1);
	g_autoptr(GStrvBuilder) networks = g_strv_builder_new();
	for (char **part = parts; *part != NULL; part++) {
		g_autofree char *network = network_read(*part);
		if (network != NULL)
			g_strv_builder_add(networks, network);
	}
	return g_strv_builder_end(networks);
}

/* Whoever is trusted says who the visitor is. */
static void
check_proxies(const Config *config, const Settings *settings, GPtrArray *problems)
{
	for (char **network = config->trusted_proxies; *network != NULL; network++)
		if (g_str_has_suffix(*network, "/0"))
			settings_problem(settings, "gateway", "trusted_proxies", problems,
			    "%s is everybody, so every visitor could name any address; write the addresses of your proxies",
			    *network);
}

static void
read_gateway(Config *config, const Settings *settings)
{
	config->listen = settings_path(settings, "gateway", "listen");
	config->socket_group = g_strdup(settings_text(settings, "gateway", "socket_group"));
	config->data_directory = settings_path(settings, "gateway", "data_directory");
	config->key_directory = settings_path(settings, "gateway", "key_directory");
	config->sites_directory = settings_path(settings, "gateway", "sites_directory");
	config->front_user = g_strdup(settings_text(settings, "gateway", "front_user"));
	config->courier_user = g_strdup(settings_text(settings, "gateway", "courier_user"));
	config->group = g_strdup(settings_text(settings, "gateway", "group"));
	config->courier_directory = settings_path(settings, "gateway", "courier_directory");
	config->alarm_command = settings_path(settings, "gateway", "alarm_command");
	config->alarm_address = address_configured(settings_text(settings, "gateway", "alarm_address"));
	if (config->alarm_address == NULL)
		config->alarm_address = g_strdup("");
	config->dns_servers = g_strdup(settings_text(settings, "gateway", "dns_servers"));
	config->workers = (guint)settings_number(settings, "gateway", "workers");
	config->trusted_proxies = read_networks(settings_text(settings, "gateway", "trusted_proxies"));
	config->proxy_header = g_strdup(settings_text(settings, "gateway", "proxy_header"));
	config->country_file = settings_path(settings, "gateway", "country_file");
}

/* The account that [gateway] alarm_account names; NULL if it names none, and with a problem one that is not there. */
static const Account *
find_alarm_account(const Settings *settings, GHashTable *accounts, GPtrArray *problems)
{
	const char *name = settings_text(settings, "gateway", "alarm_account");
	const Account *account = g_hash_table_lookup(accounts, name);
	if (account == NULL && name[0] != '\0')
		settings_problem(settings, "gateway", "alarm_account", problems,
		    "there is no [account %s] in this file; write one here", name);
	return account;
}

static gboolean
is_same_or_below(const char *path, const char *folder)
{
	gsize size = strlen(folder);
	return g_str_has_prefix(path, folder) && (path[size] == '\0' || path[size] == '/' || g_str_equal(folder, "/"));
}

/* What is in the data directory, the front may write; and each of the folders has its own owner and rights, which one in another would change. */
static void
check_courier_directory(const Config *config, const Settings *settings, GPtrArray *problems)
{
	const struct {
		const char *key, *folder;
	} others[] = {{"data_directory", config->data_directory}, {"key_directory", config->key_directory}};
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		if (is_same_or_below(config->courier_directory, others[i].folder) ||
		    is_same_or_below(others[i].folder, config->courier_directory))
			settings_problem(settings, "gateway", "courier_directory", problems,
			    "must be the courier's alone and lies in %s, or around it; name a folder beside it", others[i].key);
}

static struct ConfigSites *
sites_new(Settings *settings, GHashTable *accounts)
{
	struct ConfigSites *sites = g_new0(struct ConfigSites, 1);
	sites->settings = settings;
	sites->accounts = accounts;
	pthread_mutex_init(&sites->lock, NULL);
	sites->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)site_entry_free);
	g_queue_init(&sites->recent);
	return sites;
}

Config *
config_load(const char *path, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	Settings *settings = settings_read(path, KEYS_MAIN, problems, error);
	if (settings == NULL)
		return NULL;
	g_autoptr(Config) config = g_new0(Config, 1);
	config->sites = sites_new(settings, account_read_all(settings, problems));
	default_courier_directory(settings);
	read_gateway(config, settings);
	config->alarm_account = find_alarm_account(settings, config->sites->accounts, problems);
	check_listen(config, settings, problems);
	check_courier_directory(config, settings, problems);
	check_proxies(config, settings, problems);
	if (problems->len > 0) {
		problems_set_error(problems, error);
		return NULL;
	}
	return g_steal_pointer(&config);
}

void
config_free(Config *config)
{
	if (config == NULL)
		return;
	g_hash_table_unref(config->sites->entries);
	g_hash_table_unref(config->sites->accounts);
	settings_free(config->sites->settings);
	pthread_mutex_destroy(&config->sites->lock);
	g_free(config->sites);
	g_free(config->listen);
	g_free(config->socket_group);
	g_free(config->data_directory);
	g_free(config->key_directory);
	g_free(config->sites_directory);
	g_free(config->front_user);
	g_free(config->courier_user);
	g_free(config->group);
	g_free(config->courier_directory);
	g_free(config->alarm_command);
	g_free(config->alarm_address);
	g_free(config->dns_servers);
	g_strfreev(config->trusted_proxies);
	g_free(config->proxy_header);
	g_free(config->country_file);
	g_free(config);
}

/* With the lock held. */
static void
forget_entry(struct ConfigSites *sites, SiteEntry *entry)
{
	g_queue_unlink(&sites->recent, &entry->link);
	g_hash_table_remove(sites->entries, entry->name);
}

/* With the lock held: what is known of the site. FALSE if it has to be read. */
static gboolean
recall_site(struct ConfigSites *sites, const char *name, Site **site, GError **error)
{
	SiteEntry *entry = g_hash_table_lookup(sites->entries, name);
	if (entry == NULL)
		return FALSE;
	if (entry->failure != NULL && !site_is_failure_fresh(entry->failed_at_us)) {
		forget_entry(sites, entry);
		return FALSE;
	}
	g_queue_unlink(&sites->recent, &entry->link);
	g_queue_push_head_link(&sites->recent, &entry->link);
	if (entry->site != NULL)
		*site = site_ref(entry->site);
	else if (error != NULL)
		*error = g_error_copy(entry->failure);
	return TRUE;
}

/* With the lock held; takes both. */
static void
remember_site(struct ConfigSites *sites, const char *name, Site *site, GError *failure)
{
	SiteEntry *entry = g_new0(SiteEntry, 1);
	entry->name = g_strdup(name);
	entry->site = site;
	entry->failure = failure;
	entry->failed_at_us = clock_now_us();
	entry->link.data = entry;
	while (sites->recent.length >= LIMIT_SITES_LOADED)
		forget_entry(sites, sites->recent.tail->data);
	g_hash_table_insert(sites->entries, entry->name, entry);
	g_queue_push_head_link(&sites->recent, &entry->link);
}

/* Reads the site and remembers what came of it. A name without a site is not remembered: looking again costs one system call, and strange
 * names must not push real sites out. */
static Site *
read_site(Config *config, const SitePlace *place, GError **error)
{
	GError *failure = NULL;
	Site *known = NULL;
	Site *site = site_load(place, &failure);
	if (g_error_matches(failure, CONF_ERROR, CONF_ERROR_NO_SITE)) {
		g_propagate_error(error, failure);
		return NULL;
	}
	pthread_mutex_lock(&config->sites->lock);
	gboolean is_known = recall_site(config->sites, place->name, &known, error);
	if (!is_known)
		remember_site(config->sites, place->name, site, failure);
	if (!is_known && site != NULL)
		known = site_ref(site);
	if (!is_known && failure != NULL && error != NULL)
		*error = g_error_copy(failure);
	pthread_mutex_unlock(&config->sites->lock);
	if (is_known) {
		site_unref(site);
		g_clear_error(&failure);
	}
	return known;
}

/* No path is built of a name that is none. */
static gboolean
is_site_name(const char *name, GError **error)
{
	if (keys_is_name(name))
		return TRUE;
	g_set_error_literal(error, CONF_ERROR, CONF_ERROR_NO_SITE,
	    "the site's name is not usable; write letters, digits, \".\", \"-\" and \"_\", as in the name of its folder");
	return FALSE;
}

Site *
config_site(Config *config, const char *name, GError **error)
{
	Site *site = NULL;
	if (!is_site_name(name, error))
		return NULL;
	pthread_mutex_lock(&config->sites->lock);
	gboolean is_known = recall_site(config->sites, name, &site, error);
	pthread_mutex_unlock(&config->sites->lock);
	if (is_known)
		return site;
	g_autofree char *folder = g_build_filename(config->sites_directory, name, NULL);
	SitePlace place = {.name = name, .folder = folder, .shared_accounts = config->sites->accounts};
	return read_site(config, &place, error);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
config_site_names(Config *config, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) listing = g_dir_open(config->sites_directory, 0, &cause);
	if (listing == NULL) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE,
		    "[gateway] sites_directory: %s; make the folder, or correct the key", cause->message);
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *folder = g_build_filename(config->sites_directory, name, NULL);
		if (keys_is_name(name) && g_file_test(folder, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

/* TRUE if a form of the site may mail an address that is typed. */
static gboolean
is_answering(Config *config, const char *name)
{
	g_autoptr(Site) site = config_site(config, name, NULL);
	g_autoptr(GArray) ids = site != NULL ? site_form_ids(site) : NULL;
	for (guint i = 0; ids != NULL && i < ids->len; i++) {
		g_autoptr(Form) form = site_form(site, g_array_index(ids, guint64, i), NULL);
		if (form != NULL && replies_is_answering(form))
			return TRUE;
	}
	return FALSE;
}

void
config_check_site(Config *config, const char *name, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	if (!is_site_name(name, &error)) {
		g_ptr_array_add(problems, g_strdup(error->message));
		return;
	}
	g_autofree char *folder = g_build_filename(config->sites_directory, name, NULL);
	SitePlace place = {.name = name, .folder = folder, .shared_accounts = config->sites->accounts};
	site_check(&place, config->sites->settings, problems);
	if (config->alarm_command[0] == '\0' && config->alarm_address[0] == '\0' && is_answering(config, name))
		g_ptr_array_add(problems,
		    g_strdup(
			"warning: [gateway] alarm_command and alarm_address are not set, so when replies to visitors stop or a "
			"notice is given up, only the site's admin_address hears of it, by the same mail server; set one of them in sekisho.conf"));
}

void
config_check_alarms(const Config *config, GPtrArray *problems)
{
	g_autofree char *wrong = config->alarm_command[0] != '\0' ? program_problem(config->alarm_command) : NULL;
	if (wrong != NULL)
		config_problem(config, "alarm_command", problems, wrong);
	if (config->alarm_account != NULL)
		account_check(config->alarm_account, config->sites->settings, problems);
}

void
config_check_files(const Config *config, GPtrArray *problems)
{
	if (config->country_file[0] != '\0' && access(config->country_file, R_OK) != 0)
		config_problem(config, "country_file", problems,
		    "cannot be read, so country entries of `sekisho list` match nobody; write the path of a .mmdb file, or "
		    "nothing");
}

/* The files that site.conf names for both roles. */
static void
add_named_paths(const SitePlace *place, GPtrArray *paths)
{
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = site_settings(place, unsaid, NULL);
	g_autofree char *words = settings != NULL ? settings_path(settings, "spam", "disallowed_words_file") : NULL;
	if (words != NULL && g_file_test(words, G_FILE_TEST_EXISTS))
		g_ptr_array_add(paths, g_steal_pointer(&words));
	if (settings != NULL)
		gatefile_paths(settings, paths);
}

GPtrArray *
config_site_paths(Config *config, const char *name)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *folder = g_build_filename(config->sites_directory, name, NULL);
	const SitePlace place = {.name = name, .folder = folder, .shared_accounts = config->sites->accounts};
	g_autofree char *file = g_build_filename(folder, "site.conf", NULL);
	g_autofree char *directory = g_build_filename(folder, "forms", NULL);
	g_autoptr(GPtrArray) folders = formfile_folders(directory);
	if (g_file_test(file, G_FILE_TEST_EXISTS))
		g_ptr_array_add(paths, g_steal_pointer(&file));
	add_named_paths(&place, paths);
	g_autofree char *posts = posts_path(folder);
	if (g_file_test(posts, G_FILE_TEST_EXISTS))
		g_ptr_array_add(paths, g_steal_pointer(&posts));
	if (g_file_test(directory, G_FILE_TEST_IS_DIR))
		g_ptr_array_add(paths, g_strconcat(directory, "/", NULL));
	for (guint i = 0; i < folders->len; i++)
		formfile_paths(g_ptr_array_index(folders, i), paths);
	return paths;
}

void
config_problem(const Config *config, const char *key, GPtrArray *problems, const char *sentence)
{
	settings_problem(config->sites->settings, "gateway", key, problems, "%s", sentence);
}

static char *
dump_site(Config *config, const char *name, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *folder = g_build_filename(config->sites_directory, name, NULL);
	SitePlace place = {.name = name, .folder = folder, .shared_accounts = config->sites->accounts};
	g_autoptr(Settings) settings = site_settings(&place, problems, error);
	if (settings == NULL)
		return NULL;
	if (problems->len > 0) {
		problems_set_error(problems, error);
		return NULL;
	}
	return settings_dump(settings);
}

char *
config_dump(Config *config, const char *site, GError **error)
{
	g_autofree char *gateway = settings_dump(config->sites->settings);
	if (site == NULL)
		return g_steal_pointer(&gateway);
	if (!is_site_name(site, error))
		return NULL;
	g_autofree char *own = dump_site(config, site, error);
	return own == NULL ? NULL : g_strdup_printf("%s\n%s", gateway, own);
}
