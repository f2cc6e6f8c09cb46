/*
 * `sekisho doctor`: tries what an owner would otherwise learn from silence. The story of one examination: the machine, the mail accounts, then each site (forms, domain,
 * web server, and with --mail a real mail), and in the end the six usual causes and which of them applies. The parts are files of their own; see doctor_parts.h.
 *
 * It needs what root may read: keys, passwords, both databases. An ordinary user is told what could not be looked at.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "doctor_parts.h"
#include "progress.h"
#include "sekisho/base/error.h"
#include "sekisho/wire/address.h"

static void
doctor_finding_free(DoctorFinding *finding)
{
	g_free(finding->site);
	g_free(finding->part);
	g_free(finding->what);
	g_free(finding->advice);
	g_free(finding);
}

void
doctor_turn_to(Doctor *doctor, const char *site, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_free(doctor->part);
	doctor->part = g_strdup_vprintf(format, arguments);
	doctor->site = site;
	va_end(arguments);
}

void
doctor_find(Doctor *doctor, DoctorVerdict verdict, const char *code, char *what, char *advice)
{
	DoctorFinding *finding = g_new0(DoctorFinding, 1);
	finding->site = g_strdup(doctor->site);
	finding->part = g_strdup(doctor->part);
	finding->verdict = verdict;
	finding->code = code;
	finding->what = what;
	finding->advice = advice;
	g_ptr_array_add(doctor->findings, finding);
}

void
doctor_skip(Doctor *doctor, const char *code, char *what)
{
	doctor_find(doctor, DOCTOR_NOTE, code, what, NULL);
}

gboolean
doctor_lacks_right(const char *problem)
{
	return geteuid() != 0 && strstr(problem, g_strerror(EACCES)) != NULL;
}

gboolean
doctor_lacks_right_to(const char *directory, const char *file)
{
	g_autofree char *path = g_build_filename(directory, file, NULL);
	return geteuid() != 0 && access(path, R_OK) != 0 && errno == EACCES;
}

/* Whether we may not read what one of the site's accounts logs in with. */
static gboolean
lacks_login(const Site *site)
{
	for (guint i = 0; i < site->accounts->len; i++) {
		const Account *account = site->accounts->pdata[i];
		const char *file = account->login == ACCOUNT_XOAUTH2 ? account->token_file : account->password_file;
		if (access(file, R_OK) != 0 && errno == EACCES)
			return TRUE;
	}
	return FALSE;
}

/* Before all else, because much of what is said below it follows from it. */
static void
say_who_we_are(Doctor *doctor)
{
	g_autoptr(GString) list = g_string_new("users, groups and rights");
	const Config *config = doctor->command->config;
	if (geteuid() == 0)
		return;
	if (doctor_lacks_right_to(config->key_directory, "vault.key"))
		g_string_append(list, ", the keys, the way through the web server");
	if (doctor_lacks_right_to(config->data_directory, "sekisho.db"))
		g_string_append(list, ", the database and its queue");
	if (doctor_lacks_right_to(config->courier_directory, "ledger.db"))
		g_string_append(list, ", the ledger and its fuse");
	for (guint i = 0; i < doctor->sites->len; i++) {
		g_autoptr(Site) site = config_site(doctor->command->config, doctor->sites->pdata[i], NULL);
		if (site && lacks_login(site)) {
			g_string_append(list, ", the login at the mail server");
			break;
		}
	}
	doctor_turn_to(doctor, "", "This machine");
	doctor_find(doctor, DOCTOR_NOTE, "root.missing",
	    g_strdup_printf("run as root (sudo): without it these are not tried: %s", list->str), NULL);
}

ProbeRoute
doctor_route(const Doctor *doctor)
{
	return (ProbeRoute){.resolve = (const char *const *)doctor->options->resolve, .ca_file = doctor->options->ca_file};
}

const char *
doctor_verdict_word(DoctorVerdict verdict)
{
	static const char *const words[] = {"fine", "note", "wrong"};
	return words[verdict];
}

static void
examine_one(Doctor *doctor, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(doctor->command->config, name, &error);
	if (!site) {
		doctor_turn_to(doctor, name, "Site %s", name);
		if (doctor_lacks_right(error->message)) {
			doctor_skip(doctor, "site.untried", g_strdup(error->message));
			return;
		}
		doctor_find(doctor, DOCTOR_WRONG, "site.unusable", g_strdup(error->message),
		    g_strdup("Mend the configuration; `sekisho check` says everything that is wrong with it."));
		return;
	}
	doctor_examine_site(doctor, site);
	doctor_examine_web(doctor, site);
	if (doctor->options->is_mail)
		doctor_send_mail(doctor, site);
}

static gboolean
list_sites(Doctor *doctor, GError **error)
{
	if (!doctor->options->site) {
		doctor->sites = config_site_names(doctor->command->config, error);
		return doctor->sites != NULL;
	}
	g_autoptr(Site) site = config_site(doctor->command->config, doctor->options->site, error);
	doctor->sites = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(doctor->sites, g_strdup(doctor->options->site));
	/* A site that is there and broken is a finding, and one that is not there is a mistake of the caller. */
	if (!site && *error && !g_error_matches(*error, CONF_ERROR, CONF_ERROR_NO_SITE))
		g_clear_error(error);
	return *error == NULL;
}

static gboolean
is_anything_wrong(const Doctor *doctor)
{
	for (guint i = 0; i < doctor->findings->len; i++)
		if (((const DoctorFinding *)doctor->findings->pdata[i])->verdict == DOCTOR_WRONG)
			return TRUE;
	return FALSE;
}

static int
examine(Doctor *doctor, GError **error)
{
	GError *own_error = NULL;
	if (!command_open_config(doctor->command, error))
		return EX_CONFIG;
	if (!list_sites(doctor, &own_error)) {
		g_propagate_error(error, own_error);
		return EX_NOINPUT;
	}
	/* Machine and accounts are two parts of the work, and each site is one. */
	const guint parts = doctor->sites->len + 2;
	const CliConsole *console = doctor->command->console;
	say_who_we_are(doctor);
	progress_show(console, "trying", 0, parts);
	doctor_examine_machine(doctor);
	progress_show(console, "trying", 1, parts);
	doctor_examine_accounts(doctor);
	for (guint i = 0; i < doctor->sites->len; i++) {
		progress_show(console, "trying", i + 2, parts);
		examine_one(doctor, doctor->sites->pdata[i]);
	}
	progress_end(console);
	g_autoptr(GPtrArray) causes = doctor_causes(doctor);
	if (doctor->command->is_json)
		doctor_print_json(doctor, causes);
	else
		doctor_print(doctor, causes);
	return is_anything_wrong(doctor) ? 1 : EX_OK;
}

/* The first page that no address can be made of (see doctor_web.c); NULL. Borrowed. */
static const char *
wrong_page(const DoctorOptions *options)
{
	for (guint i = 0; options->pages && options->pages[i]; i++) {
		g_autofree char *path = doctor_page_path(options->pages[i]);
		g_autofree char *url = g_uri_resolve_relative("http://localhost", path, G_URI_FLAGS_NONE, NULL);
		if (!url)
			return options->pages[i];
	}
	return NULL;
}

static gboolean
is_fine(const DoctorOptions *options, GError **error)
{
	if (options->to && !address_is_deliverable(options->to))
		command_usage(error, "--to wants an address like owner@example.jp");
	else if (options->to && !options->is_mail)
		command_usage(error, "--to goes with --mail");
	else if (wrong_page(options))
		command_usage(error,
		    "--page %s is no path of a page; write it as a browser's address line shows it, like /contact/",
		    wrong_page(options));
	else
		(void)command_resolves(options->resolve, error);
	return *error == NULL;
}

static int
doctor_run(Command *command, char ***arguments, GError **error)
{
	DoctorOptions options = {0};
	const GOptionEntry own[] = {
	    {"mail", 0, 0, G_OPTION_ARG_NONE, &options.is_mail, "Send a test mail from each site and follow it", NULL},
	    {"to", 0, 0, G_OPTION_ARG_STRING, &options.to, "With --mail: there (default: admin_address)", "ADDRESS"},
	    {"page", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.pages, "Path of a page with a form (may be repeated)", "/PATH/"},
	    {"resolve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.resolve, "Find the web server there, as curl does",
		"HOST:PORT:ADDRESS"},
	    {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file, "Trust these certificates of web servers", "FILE"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	GError *own_error = NULL;
	int code = EX_OK;
	if (command_parse(command, &doctor_verb, own, arguments, &own_error) && is_fine(&options, &own_error)) {
		Doctor doctor = {.command = command,
		    .options = &options,
		    .findings = g_ptr_array_new_with_free_func((GDestroyNotify)doctor_finding_free)};
		options.site = g_strdup((*arguments)[1]);
		code = examine(&doctor, &own_error);
		g_clear_pointer(&doctor.sites, g_ptr_array_unref);
		g_ptr_array_unref(doctor.findings);
		g_free(doctor.part);
	}
	if (own_error)
		g_propagate_error(error, own_error);
	g_free(options.site);
	g_free(options.to);
	g_free(options.ca_file);
	g_strfreev(options.resolve);
	g_strfreev(options.pages);
	return code;
}

const Verb doctor_verb = {
    .name = "doctor",
    .arguments = "[SITE]",
    .help = "Try whatever keeps a form's mail from arriving",
    .run = doctor_run,
};
