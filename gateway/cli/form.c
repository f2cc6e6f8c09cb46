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
obey(Command *command, char **words, const FormOptions *options, GError **error)
{
	const char *order = command->order;
	if (strcmp(order, "lint") == 0)
		return form_lint(command, words[1], words[1] ? words[2] : NULL, error);
	if (strcmp(order, "show") == 0)
		return form_show(command, words[1], words[2], error);
	if (strcmp(order, "preview") == 0)
		return form_preview(command, words[1], words[2], options, error);
	if (options->site)
		return form_import(command, words[1], options, error);
	command_usage(error, "say with --site which site gets the forms");
	return EX_USAGE;
}

static int
form_run(Command *command, char ***arguments, GError **error)
{
	FormOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "The site; with import the one that gets the forms", "SITE"},
	    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options.is_dry_run, "Report only, write nothing", NULL},
	    /* Not a string to GLib: it would take it for text of the locale, and a root shell often has none. */
	    {"field", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.fields, "What was typed; repeat it for more", "NAME=TEXT"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &form_verb, own, arguments, error);
	int code = is_parsed ? obey(command, *arguments + 1, &options, error) : EX_OK;
	g_free(options.site);
	g_strfreev(options.fields);
	return code;
}

static const VerbOrder orders[] = {
    {"import", "FILE", "site dry-run json", "take over forms from WordPress; nothing that exists is overwritten", FALSE},
    {"lint", "[SITE [FORM]]", "json", "say what is doubtful in forms", FALSE},
    {"show", "SITE FORM", "json", "fields, rules, mails and settings of a form", FALSE},
    {"preview", "SITE FORM", "field json", "its mails as they would be sent; nothing is sent", FALSE},
    {0},
};

const Verb form_verb = {
    .name = "form",
    .help = "Move forms over from WordPress, look at them, try their mails out",
    .orders = orders,
    .details = "FILE is a WordPress export (Tools, Export) or the REST JSON of forms. import\n"
	       "writes a folder for each form and reports what was changed and what you must\n"
	       "decide. A form that cannot be used at all is said by `sekisho check`, and by\n"
	       "lint, too.\n"
	       "\n"
	       "FORM is an id, the name of a folder or a title. Exit status: 0; 1 if import left\n"
	       "a form unusable or unwritten, or if lint found a form that cannot be used; else\n"
	       "as for every verb.",
    .run = form_run,
};
