/*
 * One site. site_load reads site.conf and which form id stands in which folder; forms themselves are read when first asked for and
 * kept as long as the site. A Site and its facts are frozen; the forms' cache in it is behind the lock of SiteForms.
 *
 * Forms keep the site's facts alive, not the site (form/form.h), so a Site may go while jobs hold its forms.
 */
#include "site.h"

#include <pthread.h>
#include <string.h>

#include "account.h"
#include "formfile.h"
#include "gatefile.h"
#include "posts.h"
#include "problems.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/private_file.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/own_domain.h"
#include "sekisho/wire/address.h"
#include "textfile.h"

/* One id of the site. Either a form, or the error of the last try, or neither yet. */
typedef struct {
	char *folder;
	Form *form;
	GatePolicy *policy; /* there when the form is */
	GError *failure;
	gint64 failed_at_us;
} FormEntry;

struct SiteForms {
	pthread_mutex_t lock; /* guards the entries' form, failure and time; held while a form is read, so that it is read once */
	GHashTable *entries;  /* gint64 * -> FormEntry *; the table itself is frozen */
	char *locale;
	Settings *settings; /* site.conf, for `gate`; frozen */
	GateSite *gate;     /* frozen */
};

gboolean
site_is_failure_fresh(gint64 failed_at_us)
{
	gint64 age_us = clock_now_us() - failed_at_us;
	/* A clock that was set back must not keep a failure for ever. */
	return age_us >= 0 && age_us < (gint64)LIMIT_BROKEN_RETRY_MS * 1000;
}

static void
form_entry_free(FormEntry *entry)
{
	g_free(entry->folder);
	if (entry->form != NULL)
		form_unref(entry->form);
	gate_policy_free(entry->policy);
	g_clear_error(&entry->failure);
	g_free(entry);
}

Settings *
site_settings(const SitePlace *place, GPtrArray *problems, GError **error)
{
	g_autofree char *path = g_build_filename(place->folder, "site.conf", NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_NO_SITE,
		    "%s: there is no such site; make this file, or correct the name in the web server", path);
		return NULL;
	}
	Settings *settings = settings_read(path, KEYS_SITE, problems, error);
	if (settings == NULL)
		return NULL;
	g_autoptr(Mailbox) from = mailbox_parse(settings_text(settings, "mail", "from"), NULL);
	settings_default(settings, "site", "title", place->name);
	g_autofree char *domain = own_domain_of_url(settings_text(settings, "site", "url"));
	settings_default(settings, "report", "address", settings_text(settings, "site", "admin_address"));
	settings_default(settings, "mail", "bounce_address", from == NULL ? "" : from->address);
	settings_default(settings, "site", "own_domains", domain == NULL ? "none" : domain);
	return settings;
}

/* The home URL without trailing slash. */
static char *
home_url(const char *url)
{
	gsize length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	return g_strndup(url, length);
}

/* The caller's. */
static char **
split_words(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, " ", -1);
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	for (char **part = parts; *part != NULL; part++)
		if (**part != '\0')
			g_strv_builder_add(words, *part);
	return g_strv_builder_end(words);
}

/* [site] own_domains in ASCII and lower case, as addresses are compared with them. Takes `old`; the caller's. */
static char **
own_domains(const Settings *settings, char **old)
{
	const char *text = settings_text(settings, "site", "own_domains");
	char **domains = split_words(strcmp(text, "none") == 0 ? "" : text);
	for (char **domain = domains; *domain != NULL; domain++) {
		g_autofree char *ascii = g_hostname_to_ascii(*domain);
		text_replace(domain, g_ascii_strdown(ascii, -1));
	}
	g_strfreev(old);
	return domains;
}

static ReplyLimits *
read_reply_limits(const Settings *settings)
{
	const char *delimiter = settings_text(settings, "mail", "bounce_delimiter");
	ReplyLimits *limits = g_new0(ReplyLimits, 1);
	limits->period_us = settings_number(settings, "reply", "period");
	limits->wait_us = settings_number(settings, "reply", "wait");
	limits->proof_us = settings_number(settings, "reply", "proof");
	limits->per_domain = (guint)settings_number(settings, "reply", "per_domain");
	limits->per_form = (guint)settings_number(settings, "reply", "per_form");
	limits->fuse_hour = (guint)settings_number(settings, "reply", "fuse_hour");
	limits->fuse_day = (guint)settings_number(settings, "reply", "fuse_day");
	limits->is_null_sender = strcmp(settings_text(settings, "mail", "reply_sender"), "null") == 0;
	limits->bounce_delimiter = g_strdup(strcmp(delimiter, "none") == 0 ? "" : delimiter);
	return limits;
}

/* An address as it is used; "" if there is none, or none that can be used, of which a problem tells. The caller's. */
static char *
read_address(const Settings *settings, const char *group, const char *key)
{
	char *address = address_configured(settings_text(settings, group, key));
	return address != NULL ? address : g_strdup("");
}

static SiteFacts *
read_facts(const SitePlace *place, const Settings *settings)
{
	SiteFacts *facts = site_facts_new();
	GTimeZone *zone = g_time_zone_new_identifier(settings_text(settings, "site", "timezone"));
	g_autofree char *url = home_url(settings_text(settings, "site", "url"));
	g_autofree char *admin_address = read_address(settings, "site", "admin_address");
	g_autofree char *bounce_address = read_address(settings, "mail", "bounce_address");
	g_autofree char *canary_address = read_address(settings, "site", "canary_address");
	text_set(&facts->name, place->name);
	text_set(&facts->title, settings_text(settings, "site", "title"));
	text_set(&facts->description, settings_text(settings, "site", "description"));
	text_set(&facts->url, url);
	text_set(&facts->admin_address, admin_address);
	text_set(&facts->from, settings_text(settings, "mail", "from"));
	text_set(&facts->bounce_address, bounce_address);
	g_free(facts->attachments_directory);
	facts->attachments_directory = settings_path(settings, "mail", "attachments_directory");
	text_set(&facts->date_format, settings_text(settings, "site", "date_format"));
	text_set(&facts->time_format, settings_text(settings, "site", "time_format"));
	text_set(&facts->list_separator, settings_text(settings, "site", "list_separator"));
	g_strfreev(facts->origins);
	facts->origins = split_words(settings_text(settings, "site", "origins"));
	facts->own_domains = own_domains(settings, facts->own_domains);
	text_set(&facts->canary_address, canary_address);
	facts->is_facts_on = settings_number(settings, "notice", "facts") != 0;
	g_clear_pointer(&facts->timezone, g_time_zone_unref);
	facts->timezone = zone != NULL ? zone : g_time_zone_new_utc();
	return facts;
}

/* Rules between a key and what other modules know. */
static void
check_facts(const SiteFacts *facts, const Settings *settings, GPtrArray *problems)
{
	const char *at = strchr(facts->bounce_address, '@');
	gsize local_bytes = at != NULL ? (gsize)(at - facts->bounce_address) : 0;
	for (char **domain = facts->own_domains; *domain != NULL; domain++)
		if (own_domain_is_shared(*domain))
			settings_problem(settings, "site", "own_domains", problems,
			    "anybody may have an address below %s, so none there proves anything; write your own domains",
			    *domain);
	if (strcmp(settings_text(settings, "mail", "bounce_delimiter"), "none") != 0 &&
	    local_bytes + 1 + LIMIT_REPLY_TAG_BYTES > LIMIT_LOCAL_PART_BYTES)
		settings_problem(settings, "mail", "bounce_address", problems,
		    "has %zu bytes before \"@\", and no room for a tag of %u; write a shorter one, or bounce_delimiter = none",
		    local_bytes, LIMIT_REPLY_TAG_BYTES);
}

/* The list of [spam] disallowed_words_file; NULL if there is none, or if it cannot be used, and then with a problem. */
static SpamWords *
read_words(const Settings *settings, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = settings_path(settings, "spam", "disallowed_words_file");
	if (path[0] == '\0')
		return NULL;
	g_autofree char *text = textfile_read(path, LIMIT_WORDS_FILE_BYTES, &error);
	if (text != NULL)
		return spam_words_new(text);
	settings_problem(settings, "spam", "disallowed_words_file", problems, "%s", error->message);
	return NULL;
}

/* The key's line, or "" without a file. */
static char *
read_wordpress_key(const char *path, GError **error)
{
	return path[0] == '\0' ? g_strdup("") : private_file_read_line(path, error);
}

char *
site_wordpress_key(const Site *site, GError **error)
{
	return read_wordpress_key(site->wordpress_key_file, error);
}

static void
check_wordpress_key(const Settings *settings, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = settings_path(settings, "wordpress", "secret_key_file");
	char *key = read_wordpress_key(path, &error);
	if (error != NULL)
		settings_problem(settings, "wordpress", "secret_key_file", problems, "%s", error->message);
	password_free(key);
}

static struct SiteForms *
forms_new(const SitePlace *place, const char *locale)
{
	struct SiteForms *forms = g_new0(struct SiteForms, 1);
	g_autofree char *directory = g_build_filename(place->folder, "forms", NULL);
	/* What is wrong with the list is said by site_check; a form that it concerns says it again when asked for. */
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) index = formfile_index(directory, unsaid);
	GHashTableIter iterator;
	gpointer id, folder;
	pthread_mutex_init(&forms->lock, NULL);
	forms->locale = g_strdup(locale);
	forms->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)form_entry_free);
	g_hash_table_iter_init(&iterator, index);
	while (g_hash_table_iter_next(&iterator, &id, &folder)) {
		FormEntry *entry = g_new0(FormEntry, 1);
		entry->folder = g_strdup(folder);
		g_hash_table_insert(forms->entries, g_memdup2(id, sizeof(gint64)), entry);
	}
	return forms;
}

static void
site_clear(gpointer data)
{
	Site *site = data;
	site_facts_unref((SiteFacts *)site->facts);
	if (site->accounts != NULL)
		g_ptr_array_unref((GPtrArray *)site->accounts);
	spam_words_free((SpamWords *)site->disallowed_words);
	g_free((char *)site->wordpress_key_file);
	g_free((char *)site->dkim_selector);
	g_free((char *)site->report_address);
	if (site->reply != NULL)
		g_free(site->reply->bounce_delimiter);
	g_free((ReplyLimits *)site->reply);
	if (site->forms == NULL)
		return;
	pthread_mutex_destroy(&site->forms->lock);
	g_hash_table_unref(site->forms->entries);
	g_free(site->forms->locale);
	gatefile_site_free(site->forms->gate);
	settings_free(site->forms->settings);
	g_free(site->forms);
}

Site *
site_ref(Site *site)
{
	return g_atomic_rc_box_acquire(site);
}

void
site_unref(Site *site)
{
	if (site != NULL)
		g_atomic_rc_box_release_full(site, site_clear);
}

Site *
site_load(const SitePlace *place, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = site_settings(place, problems, error);
	if (settings == NULL)
		return NULL;
	g_autoptr(GHashTable) own = account_read_all(settings, problems);
	g_autoptr(Site) site = g_atomic_rc_box_new0(Site);
	SiteFacts *facts = read_facts(place, settings);
	check_facts(facts, settings, problems);
	facts->posts = posts_read(place->folder, problems);
	site->facts = facts;
	site->accounts = account_find_all(settings, own, place->shared_accounts, problems);
	site->disallowed_words = read_words(settings, problems);
	site->wordpress_key_file = settings_path(settings, "wordpress", "secret_key_file");
	site->reply = read_reply_limits(settings);
	site->notices_per_hour = (guint)settings_number(settings, "notice", "per_hour");
	site->dkim_selector = g_strdup(settings_text(settings, "mail", "dkim_selector"));
	site->report_schedule = (ReportSchedule)settings_number(settings, "report", "send");
	site->report_address = read_address(settings, "report", "address");
	site->retention_us = settings_number(settings, "retention", "submissions");
	g_autoptr(GateSite) gate = gatefile_site_new(settings, facts, problems);
	gate_policy_free(gatefile_policy(gate, NULL, problems));
	if (problems->len > 0) {
		problems_set_error(problems, error);
		return NULL;
	}
	site->forms = forms_new(place, settings_text(settings, "site", "locale"));
	site->forms->settings = g_steal_pointer(&settings);
	site->forms->gate = g_steal_pointer(&gate);
	return g_steal_pointer(&site);
}

static FormPlace
form_place(const Site *site, const char *folder)
{
	return (FormPlace){.folder = folder, .site_locale = site->forms->locale, .facts = site->facts, .gate = site->forms->gate};
}

/* Reads the entry's form. Two folders of one id are told apart by nothing, so neither is served. */
static Form *
load_entry(const Site *site, FormEntry *entry, GError **error)
{
	const char *second = strchr(entry->folder, '\n');
	const FormPlace place = form_place(site, entry->folder);
	if (second == NULL)
		return formfile_load(&place, &entry->policy, error);
	g_auto(GStrv) folders = g_strsplit(entry->folder, "\n", -1);
	g_autofree char *list = g_strjoinv(", ", folders);
	g_set_error(
	    error, CONF_ERROR, CONF_ERROR_INVALID, "%s: these forms have the same id; give each form of a site its own", list);
	return NULL;
}

/* With the lock held. */
static Form *
entry_form(const Site *site, FormEntry *entry, GError **error)
{
	if (entry->form == NULL && (entry->failure == NULL || !site_is_failure_fresh(entry->failed_at_us))) {
		g_clear_error(&entry->failure);
		entry->form = load_entry(site, entry, &entry->failure);
		entry->failed_at_us = clock_now_us();
	}
	if (entry->form != NULL)
		return form_ref(entry->form);
	if (error != NULL)
		*error = g_error_copy(entry->failure);
	return NULL;
}

/* NULL, for the caller to return. */
static gpointer
no_form(const Site *site, guint64 id, GError **error)
{
	g_set_error(error, CONF_ERROR, CONF_ERROR_NO_FORM, "site %s has no form %" G_GUINT64_FORMAT, site->facts->name, id);
	return NULL;
}

Form *
site_form(Site *site, guint64 id, GError **error)
{
	gint64 key = (gint64)MIN(id, (guint64)G_MAXINT64);
	FormEntry *entry = g_hash_table_lookup(site->forms->entries, &key);
	if (entry == NULL)
		return no_form(site, id, error);
	pthread_mutex_lock(&site->forms->lock);
	Form *form = entry_form(site, entry, error);
	pthread_mutex_unlock(&site->forms->lock);
	return form;
}

const GatePolicy *
site_gate(Site *site, guint64 id)
{
	gint64 key = (gint64)MIN(id, (guint64)G_MAXINT64);
	FormEntry *entry = g_hash_table_lookup(site->forms->entries, &key);
	if (entry == NULL)
		return NULL;
	pthread_mutex_lock(&site->forms->lock);
	const GatePolicy *policy = entry->policy;
	pthread_mutex_unlock(&site->forms->lock);
	return policy;
}

GPtrArray *
site_gate_settings(const Site *site, guint64 id, GError **error)
{
	g_autofree char *folder = site_form_folder(site, id);
	const FormPlace place = form_place(site, folder);
	return folder == NULL ? no_form(site, id, error) : formfile_gate(&place, error);
}

char *
site_form_folder(const Site *site, guint64 id)
{
	gint64 key = (gint64)MIN(id, (guint64)G_MAXINT64);
	const FormEntry *entry = g_hash_table_lookup(site->forms->entries, &key);
	return entry == NULL ? NULL : g_strndup(entry->folder, strcspn(entry->folder, "\n"));
}

const char *
site_locale(const Site *site)
{
	return site->forms->locale;
}

Form *
site_examine_form(const Site *site, guint64 id, GPtrArray *problems, GError **error)
{
	g_autofree char *folder = site_form_folder(site, id);
	if (folder == NULL)
		return no_form(site, id, error);
	const FormPlace place = form_place(site, folder);
	Form *form = formfile_examine(&place, problems, error);
	if (form == NULL && error != NULL && *error == NULL)
		problems_set_error(problems, error);
	return form;
}

static gint
compare_ids(gconstpointer a, gconstpointer b)
{
	const guint64 *first = a, *second = b;
	return *first < *second ? -1 : *first > *second;
}

GArray *
site_form_ids(Site *site)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint64));
	GHashTableIter iterator;
	gpointer key;
	g_hash_table_iter_init(&iterator, site->forms->entries);
	while (g_hash_table_iter_next(&iterator, &key, NULL)) {
		guint64 id = (guint64) * (gint64 *)key;
		g_array_append_val(ids, id);
	}
	g_array_sort(ids, compare_ids);
	return ids;
}

static void
check_forms(const SitePlace *place, const GateSite *gate, GPtrArray *problems)
{
	g_autofree char *directory = g_build_filename(place->folder, "forms", NULL);
	g_autoptr(GPtrArray) folders = formfile_folders(directory);
	g_autoptr(GHashTable) index = formfile_index(directory, problems);
	for (guint i = 0; i < folders->len; i++) {
		FormPlace form = {.folder = g_ptr_array_index(folders, i),
		    .site_locale = settings_text(gate->settings, "site", "locale"),
		    .facts = gate->facts,
		    .gate = gate};
		formfile_check(&form, problems);
	}
	if (g_hash_table_size(index) == 0)
		problems_warn(problems, place->folder, "forms", "the site has no form");
}

void
site_check(const SitePlace *place, const Settings *shared_settings, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = site_settings(place, problems, &error);
	if (settings == NULL) {
		g_ptr_array_add(problems, g_strdup(error->message));
		return;
	}
	guint before = problems->len;
	g_autoptr(GHashTable) own = account_read_all(settings, problems);
	g_autoptr(GPtrArray) accounts = account_find_all(settings, own, place->shared_accounts, problems);
	g_autoptr(SiteFacts) facts = read_facts(place, settings);
	const gboolean is_sound = problems->len == before;
	for (guint i = 0; is_sound && i < accounts->len; i++) {
		const Account *account = accounts->pdata[i];
		gboolean is_own = g_hash_table_lookup(own, account->name) == account;
		account_check(account, is_own ? settings : shared_settings, problems);
	}
	check_facts(facts, settings, problems);
	spam_words_free(read_words(settings, problems));
	check_wordpress_key(settings, problems);
	if (facts->attachments_directory[0] != '\0' && !g_file_test(facts->attachments_directory, G_FILE_TEST_IS_DIR))
		settings_problem(settings, "mail", "attachments_directory", problems, "%s is no folder; make it, or name another",
		    facts->attachments_directory);
	facts->posts = posts_read(place->folder, problems);
	g_autoptr(GateSite) gate = gatefile_site_new(settings, facts, problems);
	g_autoptr(GatePolicy) policy = gatefile_policy(gate, NULL, problems);
	gatefile_check(policy, settings, problems);
	check_forms(place, gate, problems);
}
