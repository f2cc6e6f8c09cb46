/*
 * Opens a stored submission as far as it can be: the content may be erased, the keys closed to us, the form gone. Whatever is missing
 * stays NULL and one reason is kept, so that a list can show the rest.
 */
#include "opened.h"

#include <string.h>

#include "sekisho/policy/replies.h"
#include "sekisho/store/submissions.h"

static void
keep_reason(Opened *opened, const GError *error)
{
	/* Of a form that has several faults there are as many lines, and this is one. */
	if (error && !opened->reason)
		opened->reason = g_strdelimit(g_strdup(error->message), "\n", ' ');
}

static void
open_content(Opened *opened, Command *command, gint64 submission_id)
{
	g_autoptr(GError) error = NULL;
	if (command_open_vault(command, &error))
		opened->submission = submissions_open(command->db, command->vault, submission_id, &error);
	keep_reason(opened, error);
}

static void
open_form(Opened *opened, Command *command, const char *site_name, guint64 form_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(command->config, site_name, &error);
	if (site)
		opened->form = site_form(site, form_id, &error);
	keep_reason(opened, error);
}

Opened *
opened_new(Command *command, gint64 submission_id, const char *site, guint64 form_id)
{
	Opened *opened = g_new0(Opened, 1);
	open_content(opened, command, submission_id);
	open_form(opened, command, site, form_id);
	opened->planned = opened->submission && opened->form ? replies_plan(opened->form, opened->submission) : g_ptr_array_new();
	return opened;
}

void
opened_free(Opened *opened)
{
	if (!opened)
		return;
	g_ptr_array_unref(opened->planned);
	form_unref(opened->form);
	submission_free(opened->submission);
	g_free(opened->reason);
	g_free(opened);
}

/* TRUE if notes about what is held go to that recipient. */
static gboolean
is_owner(const Opened *opened, Command *command, const VaultHash *hash)
{
	g_autofree char *canonical = address_canonical(opened->form->site->admin_address);

	return vault_hash_matches(command->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), hash);
}

char *
opened_recipient(const Opened *opened, Command *command, MailKind kind, const VaultHash *hash)
{
	if (!opened->submission || !opened->form)
		return g_strdup(opened->submission ? "(the form cannot be read)" : "(the content cannot be opened)");
	for (guint i = 0; i < opened->planned->len; i++) {
		const PlannedRecipient *planned = g_ptr_array_index(opened->planned, i);
		g_autofree char *canonical = address_canonical(planned->address);
		/* A confirmation asks for one of the typed addresses of the other mails. */
		if ((planned->kind == kind || (kind == MAIL_CONFIRMATION && planned->is_typed)) &&
		    vault_hash_matches(command->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), hash))
			return g_strdup(planned->address);
	}
	if (kind == MAIL_HELD && is_owner(opened, command, hash))
		return g_strdup(opened->form->site->admin_address);
	return g_strdup("(not a recipient any more)");
}

Verdict *
opened_verdict(const Opened *opened)
{
	const char *evidence = opened->submission ? opened->submission->evidence : NULL;
	return evidence ? verdict_from_text(evidence) : NULL;
}
