/*
 * `sekisho form`: forms moved over, looked at and tried out. Each order is a file of its own (form_import.c, form_lint.c, form_show.c,
 * form_preview.c); this one reads the command line.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "form_parts.h"
#include "sekisho/base/error.h"

static gboolean
is_meant(const Form *form, const char *name)
{
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, form->source->id);
	return strcmp(id, name) == 0 || strcmp(form->source->slug, name) == 0 || strcmp(form->source->title, name) == 0;
}

Form *
form_find(const Site *site, const char *name, GPtrArray *problems, GError **error)
{
	g_autoptr(GArray) ids = site_form_ids((Site *)site);
	for (guint i = 0; i < ids->len; i++) {
		guint before = problems->len;
		Form *form = site_examine_form(site, g_array_index(ids, guint64, i), problems, NULL);
		if (form && is_meant(form, name))
			return form;
		form_unref(form);
		g_ptr_array_set_size(problems, (gint)before);
	}
	g_set_error(error, CONF_ERROR, CONF_ERROR_NO_FORM,
	    "site %s has no form with the id, folder or title \"%s\"; `sekisho form lint %s` names all of them",
	    site->facts->name, name, site->facts->name);
	return NULL;
}

const char *
form_typed_fate(const Form *form)
{
	if (form->source->reply == REPLY_CONFIRM)
		return "waits until the address has proved itself; one that has not is asked by a confirmation mail (reply = "
		       "confirm)";
	return "is mailed if the address has proved itself, and else not (reply = proved)";
}

char *
form_recipient_fate(const Form *form, const PlannedRecipient *recipient)
{
	if (recipient->refusal)
		return g_strdup_printf("refused, because %s", deliveries_reason(recipient->refusal));
	if (!recipient->is_typed)
		return g_strdup("is mailed");
	if (replies_is_own_address(form->site, recipient->address))
		return g_strdup("is mailed, because it is in one of the site's own domains");
	return g_strdup(form_typed_fate(form));
}

static int
obey(Command *command, char **rest, const FormOptions *options, GError **error)
{
	guint count = g_strv_length(rest);
	const char *order = count > 0 ? rest[0] : "";
	gboolean is_import = strcmp(order, "import") == 0, is_preview = strcmp(order, "preview") == 0;
	gboolean is_fitting = (is_import || (!options->site && !options->is_dry_run)) && (is_preview || !options->values);
	if (is_fitting && is_import && count == 2 && options->site)
		return form_import(command, rest[1], options, error);
	if (is_fitting && strcmp(order, "lint") == 0 && count <= 3)
		return form_lint(command, rest[1], count > 1 ? rest[2] : NULL, error);
	if (is_fitting && strcmp(order, "show") == 0 && count == 3)
		return form_show(command, rest[1], rest[2], error);
	if (is_fitting && is_preview && count == 3 && !command->is_json)
		return form_preview(command, rest[1], rest[2], options, error);
	command_usage(error, "write `sekisho form import FILE --site SITE [--dry-run]`, `sekisho form lint [SITE [FORM]]`, "
			     "`sekisho form show SITE "
			     "FORM` or `sekisho form preview SITE FORM [--value NAME=TEXT ...]`");
	return EX_USAGE;
}

static int
form_run(Command *command, char ***arguments, GError **error)
{
	FormOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "With import: the site that gets the forms", "SITE"},
	    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options.is_dry_run, "With import: report only, write nothing", NULL},
	    /* Not a string to GLib: it would take it for text of the locale, and a root shell often has none. */
	    {"value", 'v', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.values,
		"With preview: what the visitor typed; repeat it for more fields, or for several choices of one", "NAME=TEXT"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &form_verb, own, arguments, error);
	int code = is_parsed ? obey(command, *arguments + 1, &options, error) : EX_OK;
	g_free(options.site);
	g_strfreev(options.values);
	return code;
}

const Verb form_verb = {
    .name = "form",
    .usage = "import FILE | lint [SITE [FORM]] | show SITE FORM | preview SITE FORM",
    .help =
	"Move forms over from WordPress, look at them, try their mails out\n\n"
	"import   takes a WordPress export (Tools, Export) or the REST JSON of forms, writes a folder for each form and reports\n"
	"         what was changed and what you must decide. Nothing that exists is overwritten.\n"
	"lint     says what is doubtful in forms; a form that cannot be used at all is said by `sekisho check`, and here too.\n"
	"show     shows fields, rules, mails and settings of a form.\n"
	"preview  shows the mails of a form as they would be sent; nothing is sent.\n\n"
	"FORM is an id, the name of a folder or a title. Exit status: 0; 1 if import left a form unusable or unwritten, or if\n"
	"lint found a form that cannot be used; else as for every verb.",
    .run = form_run,
};
