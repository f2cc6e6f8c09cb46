/*
 * `sekisho form lint`: what is doubtful in forms, by the codes of Contact Form 7's configuration validator. What makes a form unusable is said by
 * the same sentences as in `sekisho check`, and decides about the exit status; findings do not.
 */
#include <sysexits.h>

#include "form_parts.h"
#include "prose.h"
#include "sekisho/base/text.h"
#include "sekisho/form/lint.h"
#include "sekisho/wire/json.h"
#include "show.h"

typedef struct {
	Command *command;
	GVariantBuilder *json; /* aa{sv}, one object a form */
	guint forms;
	guint findings;
	guint unusable;
} Lint;

static void
add_json(const Lint *lint, const char *site, const Form *form, const GPtrArray *problems, const GPtrArray *findings)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(object, "{sv}", "site", g_variant_new_string(site));
	g_variant_builder_add(object, "{sv}", "form", g_variant_new_uint64(form->source->id));
	g_variant_builder_add(object, "{sv}", "title", g_variant_new_string(form->source->title));
	g_variant_builder_add(
	    object, "{sv}", "problems", g_variant_new_strv((const char *const *)problems->pdata, (gssize)problems->len));
	g_variant_builder_add(object, "{sv}", "findings", form_report_findings_json(findings));
	g_variant_builder_add_value(lint->json, g_variant_builder_end(object));
}

static void
print_form(const Lint *lint, const char *site, const Form *form, const GPtrArray *problems, const GPtrArray *findings)
{
	GString *output = lint->command->console->output;
	if (problems->len + findings->len == 0)
		return;
	show_heading(lint->command, "%s form %" G_GUINT64_FORMAT " %s", site, form->source->id, form->source->title);
	if (problems->len > 0)
		g_string_append(output, "  cannot be used\n");
	for (guint i = 0; i < problems->len; i++)
		prose_add(output, 6, "- ", g_ptr_array_index(problems, i));
	for (guint i = 0; i < findings->len; i++) {
		const LintFinding *finding = g_ptr_array_index(findings, i);
		g_autofree char *line = g_strdup_printf("%s (%s)", finding->place, finding->code);
		prose_add(output, 2, "", line);
		prose_add(output, 6, "", finding->sentence);
		prose_add(output, 6, "", finding->advice);
	}
}

static void
lint_one(Lint *lint, const Site *site, const Form *form, const GPtrArray *problems)
{
	g_autoptr(GPtrArray) findings = lint_form(form);
	lint->forms++;
	lint->findings += findings->len;
	lint->unusable += problems->len > 0;
	if (lint->command->is_json)
		add_json(lint, site->facts->name, form, problems, findings);
	else
		print_form(lint, site->facts->name, form, problems, findings);
}

/* A form whose files cannot be read at all has no text to look at; `sekisho check` says why. */
static void
lint_site(Lint *lint, Site *site)
{
	g_autoptr(GArray) ids = site_form_ids(site);
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(Form) form = site_examine_form(site, g_array_index(ids, guint64, i), problems, NULL);
		if (form)
			lint_one(lint, site, form, problems);
		else
			lint->unusable++;
	}
}

static gboolean
lint_named_site(Lint *lint, const char *name, const char *form_name, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Site) site = config_site(lint->command->config, name, error);
	if (!site)
		return FALSE;
	if (!form_name) {
		lint_site(lint, site);
		return TRUE;
	}
	g_autoptr(Form) form = form_find(site, form_name, problems, error);
	if (form)
		lint_one(lint, site, form, problems);
	return form != NULL;
}

static gboolean
lint_everything(Lint *lint, GError **error)
{
	g_autoptr(GPtrArray) names = config_site_names(lint->command->config, error);
	for (guint i = 0; names && i < names->len; i++)
		if (!lint_named_site(lint, g_ptr_array_index(names, i), NULL, error))
			return FALSE;
	return names != NULL;
}

static void
print_sum(const Lint *lint)
{
	if (lint->findings + lint->unusable > 0)
		g_string_append_c(lint->command->console->output, '\n');
	command_print_line(lint->command, "%u form%s, %u finding%s, %u form%s that cannot be used%s", lint->forms,
	    lint->forms == 1 ? "" : "s", lint->findings, lint->findings == 1 ? "" : "s", lint->unusable,
	    lint->unusable == 1 ? "" : "s", lint->unusable > 0 ? "; see `sekisho check` for files and lines" : "");
}

int
form_lint(Command *command, const char *site, const char *form, GError **error)
{
	if (!command_open_config(command, error))
		return EX_CONFIG;
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	Lint lint = {.command = command, .json = json};
	if (site ? !lint_named_site(&lint, site, form, error) : !lint_everything(&lint, error))
		return EX_CONFIG;
	if (command->is_json) {
		g_autofree char *text = json_from_variant(g_variant_builder_end(json), 2);
		g_string_append_printf(command->console->output, "%s\n", text);
	} else {
		print_sum(&lint);
	}
	return lint.unusable > 0 ? FORM_EXIT_FINDINGS : EX_OK;
}
