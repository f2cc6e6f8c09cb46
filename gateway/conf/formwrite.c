/*
 * Writes a form as a folder. All files go into a temporary folder beside the target, synced; conf's own reader must find the very
 * same form in it; then one rename, which never replaces anything, makes it visible. Folders that begin with "." are no forms to
 * conf, so a crash leaves at most one of those behind.
 */
#include "sekisho/conf/formwrite.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formfile.h"
#include "inifile.h"
#include "problems.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"
#include "sekisho/conf/keys.h"

#define FOLDER_MODE 0755

/* --- What files can hold ---------------------------------------------------------------------------------------------- */

/* `text` with LF, without controls but LF and tab. The caller's. */
static char *
block_of(const char *text)
{
	g_autofree char *lines = text_with_lf(text);
	char *to = lines;
	for (const char *at = lines; *at != '\0'; at++)
		if (!g_ascii_iscntrl(*at) || *at == '\n' || *at == '\t')
			*to++ = *at;
	*to = '\0';
	/* A mark at the beginning of a file is none of its text. */
	return g_strdup(g_str_has_prefix(lines, "\xEF\xBB\xBF") ? lines + 3 : lines);
}

char *
formwrite_line(const char *text)
{
	g_autofree char *block = block_of(text);
	/* A line break is removed and not replaced, as when a mail is made (contract 6.1). */
	g_autofree char *line = text_without_line_breaks(block);
	return g_strdelimit(g_steal_pointer(&line), "\t", ' ');
}

static void
settle_mail(MailTemplate *mail)
{
	text_replace(&mail->subject, formwrite_line(mail->subject));
	text_replace(&mail->sender, formwrite_line(mail->sender));
	text_replace(&mail->recipient, formwrite_line(mail->recipient));
	text_replace(&mail->body, block_of(mail->body));
	text_replace(&mail->additional_headers, block_of(mail->additional_headers));
	text_replace(&mail->attachments, block_of(mail->attachments));
}

static void
settle_messages(FormSource *source, GPtrArray *remarks)
{
	GHashTableIter messages;
	gpointer key, text;
	g_hash_table_iter_init(&messages, source->messages);
	while (g_hash_table_iter_next(&messages, &key, &text)) {
		if (keys_find(KEYS_FORM, "messages", key) != NULL) {
			g_hash_table_iter_replace(&messages, block_of(text));
			continue;
		}
		g_ptr_array_add(remarks, g_strdup_printf("message %s belongs to another plugin and was left out", (char *)key));
		g_hash_table_iter_remove(&messages);
	}
}

/* "KEY: VALUE\n" of a line of contract 8.5, or NULL. The caller's; `key` receives the key. */
static char *
settled_setting(const char *line, char **key)
{
	gsize size = strspn(line, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_");
	const char *colon = line + size + strspn(line + size, " \t");
	if (size == 0 || *colon != ':')
		return NULL;
	g_autofree char *value = text_strip(colon + 1);
	*key = g_strndup(line, size);
	return g_strdup_printf("%s: %s\n", *key, value);
}

/* The first line of each key, as conf reads them back. */
static void
settle_settings(FormSource *source, GPtrArray *remarks)
{
	g_autofree char *block = block_of(source->additional_settings);
	g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) settled = g_string_new(NULL);
	for (guint i = 0; lines[i] != NULL; i++) {
		g_autofree char *blank_free = text_strip(lines[i]);
		char *key = NULL;
		/* A tab inside a value is one of the controls that one line of INI does not take. */
		g_autofree char *setting = settled_setting(g_strdelimit(lines[i], "\t", ' '), &key);
		if (setting != NULL && !g_hash_table_contains(seen, key))
			g_string_append(settled, setting);
		else if (blank_free[0] != '\0')
			g_ptr_array_add(remarks,
			    g_strdup_printf("additional settings of the export, line %u: \"%s\" %s and was left out", i + 1,
				blank_free, setting == NULL ? "is no setting" : "repeats a key, which Contact Form 7 ignores,"));
		if (key != NULL)
			g_hash_table_add(seen, key);
	}
	text_replace(&source->additional_settings, g_string_free(g_steal_pointer(&settled), FALSE));
}

void
formwrite_settle(const Site *site, FormSource *source, GPtrArray *remarks)
{
	g_autofree char *problem = NULL;
	gint64 number = 0;
	text_replace(&source->title, formwrite_line(source->title));
	if (source->title[0] == '\0')
		text_replace(&source->title, g_strdup(source->slug));
	if (source->locale[0] == '\0' || !keys_read(keys_find(KEYS_FORM, "form", "locale"), source->locale, &number, &problem))
		text_replace(&source->locale, g_strdup(site_locale(site)));
	text_replace(&source->template_text, block_of(source->template_text));
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++)
		settle_mail(&source->mail[i]);
	source->mail[0].is_active = TRUE; /* it is always sent (contract 6.1) */
	settle_messages(source, remarks);
	settle_settings(source, remarks);
}

/* --- Files ---------------------------------------------------------------------------------------------------------------- */

static void
add_switch(GString *ini, const char *key, gboolean is_on)
{
	inifile_add(ini, key, is_on ? "on" : "off");
}

static void
add_mail(GString *ini, const char *group, const MailTemplate *mail)
{
	g_string_append_printf(ini, "\n[%s]\n", group);
	if (strcmp(group, "mail_2") == 0)
		add_switch(ini, "active", mail->is_active);
	inifile_add(ini, "subject", mail->subject);
	inifile_add(ini, "sender", mail->sender);
	inifile_add(ini, "recipient", mail->recipient);
	if (mail->attachments[0] != '\0')
		inifile_add(ini, "attachments", mail->attachments);
	add_switch(ini, "html", mail->is_html);
	add_switch(ini, "exclude_blank", mail->is_exclude_blank);
}

/* In the order of the table of keys, so that two imports of one form are the same file. */
static void
add_messages(GString *ini, GHashTable *messages)
{
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	g_string_append(ini, "\n[messages]\n");
	for (gsize i = 0; i < count; i++) {
		const char *text = strcmp(rows[i].group, "messages") == 0 ? g_hash_table_lookup(messages, rows[i].key) : NULL;
		if (text != NULL)
			inifile_add(ini, rows[i].key, text);
	}
}

static void
add_settings(GString *ini, const char *additional_settings)
{
	g_auto(GStrv) lines = g_strsplit(additional_settings, "\n", -1);
	g_string_append(ini, "\n[settings]\n");
	for (guint i = 0; lines[i] != NULL; i++) {
		char *colon = strchr(lines[i], ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		inifile_add(ini, lines[i], g_str_has_prefix(colon + 1, " ") ? colon + 2 : colon + 1);
	}
}

/* The text of form.ini. The caller's. */
static char *
ini_text(const FormSource *source)
{
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, source->id);
	g_autoptr(GString) ini = g_string_new("[form]\n");
	inifile_add(ini, "id", id);
	inifile_add(ini, "title", source->title);
	inifile_add(ini, "locale", source->locale);
	inifile_add(ini, "reply", reply_policy_name(source->reply));
	add_mail(ini, "mail", &source->mail[0]);
	add_mail(ini, "mail_2", &source->mail[1]);
	if (g_hash_table_size(source->messages) > 0)
		add_messages(ini, source->messages);
	if (source->additional_settings[0] != '\0')
		add_settings(ini, source->additional_settings);
	return g_string_free(g_steal_pointer(&ini), FALSE);
}

static gboolean
put_files(const char *folder, const FormSource *source, GError **error)
{
	g_autofree char *ini = ini_text(source);
	return inifile_put(folder, "form.ini", ini, error) && inifile_put(folder, "form.html", source->template_text, error) &&
	       inifile_put(folder, "mail.txt", source->mail[0].body, error) &&
	       inifile_put(folder, "mail-headers.txt", source->mail[0].additional_headers, error) &&
	       inifile_put(folder, "mail_2.txt", source->mail[1].body, error) &&
	       inifile_put(folder, "mail_2-headers.txt", source->mail[1].additional_headers, error) &&
	       inifile_sync(folder, error);
}

/* --- Reading back ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_same_map(GHashTable *left, GHashTable *right)
{
	GHashTableIter iterator;
	gpointer key, text;
	if (g_hash_table_size(left) != g_hash_table_size(right))
		return FALSE;
	g_hash_table_iter_init(&iterator, left);
	while (g_hash_table_iter_next(&iterator, &key, &text))
		if (g_strcmp0(text, g_hash_table_lookup(right, key)) != 0)
			return FALSE;
	return TRUE;
}

static const char *
mail_difference(const MailTemplate *left, const MailTemplate *right)
{
	if (left->is_active != right->is_active || left->is_html != right->is_html ||
	    left->is_exclude_blank != right->is_exclude_blank)
		return "a switch of a mail";
	if (strcmp(left->subject, right->subject) != 0)
		return "a subject";
	if (strcmp(left->sender, right->sender) != 0)
		return "a sender";
	if (strcmp(left->recipient, right->recipient) != 0)
		return "a recipient";
	if (strcmp(left->body, right->body) != 0)
		return "a mail's text";
	if (strcmp(left->additional_headers, right->additional_headers) != 0)
		return "a mail's headers";
	return strcmp(left->attachments, right->attachments) != 0 ? "a mail's attachments" : NULL;
}

/* What of two forms is not the same, or NULL. The folder's name, which is the slug, is not compared. */
static const char *
difference(const FormSource *left, const FormSource *right)
{
	if (left->id != right->id)
		return "the id";
	if (strcmp(left->title, right->title) != 0)
		return "the title";
	if (strcmp(left->locale, right->locale) != 0)
		return "the language";
	if (left->reply != right->reply)
		return "the policy of replies";
	if (strcmp(left->template_text, right->template_text) != 0)
		return "the form's template";
	if (strcmp(left->additional_settings, right->additional_settings) != 0)
		return "the additional settings";
	if (!is_same_map(left->messages, right->messages))
		return "a message";
	const char *mail = mail_difference(&left->mail[0], &right->mail[0]);
	return mail != NULL ? mail : mail_difference(&left->mail[1], &right->mail[1]);
}

static gboolean
check_read_back(const char *folder, const Site *site, const FormSource *source, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormPlace place = {.folder = folder, .site_locale = site_locale(site), .facts = site->facts};
	g_autoptr(FormSource) again = formfile_read(&place, problems, error);
	if (again == NULL)
		return FALSE;
	if (problems->len > 0) {
		problems_set_error(problems, error);
		return FALSE;
	}
	const char *differing = difference(source, again);
	if (differing != NULL)
		g_set_error(
		    error, CONF_ERROR, CONF_ERROR_INVALID, "%s: %s would not read back as it was written", folder, differing);
	return differing == NULL;
}

/* --- The folder -------------------------------------------------------------------------------------------------------------- */

char *
formwrite_folder(const Config *config, const Site *site, const char *slug)
{
	return g_build_filename(config->sites_directory, site->facts->name, "forms", slug, NULL);
}

static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		(void)g_remove(path);
	}
	(void)g_rmdir(folder);
}

static gboolean
set_failure(GError **error, const char *path, int failure)
{
	if (failure == EEXIST)
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "%s: is there already, and nothing is overwritten", path);
	else
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: cannot be made: %s", path, g_strerror(failure));
	return FALSE;
}

/* `problems` of reading back name the temporary folder; a person knows the final one. */
static void
name_final_folder(GError *error, const char *temporary, const char *folder)
{
	g_auto(GStrv) parts = g_strsplit(error->message, temporary, -1);
	g_free(error->message);
	error->message = g_strjoinv(folder, parts);
}

gboolean
formwrite_form(const Config *config, const Site *site, const FormSource *source, GError **error)
{
	g_autofree char *folder = formwrite_folder(config, site, source->slug);
	g_autofree char *forms = g_path_get_dirname(folder);
	g_autofree char *temporary = g_build_filename(forms, ".import-XXXXXX", NULL);
	GError *failure = NULL;
	if (!keys_is_name(source->slug)) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "%s: is no folder's name", folder);
		return FALSE;
	}
	if (g_mkdir_with_parents(forms, FOLDER_MODE) != 0 || g_mkdtemp_full(temporary, FOLDER_MODE) == NULL)
		return set_failure(error, temporary, errno);
	gboolean is_written = put_files(temporary, source, &failure) && check_read_back(temporary, site, source, &failure);
	if (is_written && renameat2(AT_FDCWD, temporary, AT_FDCWD, folder, RENAME_NOREPLACE) != 0)
		is_written = set_failure(&failure, folder, errno);
	if (is_written)
		return inifile_sync(forms, error);
	remove_folder(temporary);
	name_final_folder(failure, temporary, folder);
	g_propagate_error(error, failure);
	return FALSE;
}
