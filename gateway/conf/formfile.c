/*
 * Reads the folder of one form. form.ini and form.html must be there; a mail without its text file is Contact Form 7's default mail in
 * the form's language (contract 7.2), so that a folder with two files is a form that works.
 *
 * No state; every call reads the disk. Caching is site.c's.
 */
#include "formfile.h"

#include <string.h>

#include "problems.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/conf/settings.h"
#include "sekisho/form/mailtag.h"
#include "textfile.h"

/* What differs between the two mails of a form. */
static const struct {
	const char *group;
	const char *body_file;
	const char *headers_file;
	const char *body_text_id;
	const char *default_headers; /* contract 7.2 */
} mails[2] = {
    {"mail", "mail.txt", "mail-headers.txt", "mail.default_body", "Reply-To: [your-email]"},
    {"mail_2", "mail_2.txt", "mail_2-headers.txt", "mail_2.default_body", "Reply-To: [_site_admin_email]"},
};

/* A template that may be missing: NULL then, and "" after a problem. */
static char *
read_template(const char *folder, const char *name, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	char *text = textfile_read(path, LIMIT_TEMPLATE_BYTES, &error);
	if (text == NULL)
		g_ptr_array_add(problems, g_strdup(error->message));
	return text == NULL ? g_strdup("") : text;
}

static void
read_mail(FormSource *source, guint index, const Settings *settings, const FormPlace *place, GPtrArray *problems)
{
	MailTemplate *mail = &source->mail[index];
	const char *group = mails[index].group;
	g_autofree char *body = read_template(place->folder, mails[index].body_file, problems);
	g_autofree char *headers = read_template(place->folder, mails[index].headers_file, problems);
	const char *default_headers = body == NULL ? mails[index].default_headers : "";
	text_replace(&mail->subject, g_strdup(settings_text(settings, group, "subject")));
	text_replace(&mail->sender, g_strdup(settings_text(settings, group, "sender")));
	text_replace(&mail->recipient, g_strdup(settings_text(settings, group, "recipient")));
	text_replace(&mail->attachments, g_strdup(settings_text(settings, group, "attachments")));
	text_replace(&mail->body, g_strdup(body != NULL ? body : text_for(source->locale, mails[index].body_text_id)));
	text_replace(&mail->additional_headers, g_strdup(headers != NULL ? headers : default_headers));
	mail->is_html = settings_number(settings, group, "html") != 0;
	mail->is_exclude_blank = settings_number(settings, group, "exclude_blank") != 0;
	mail->is_default_text = body == NULL;
	mail->is_active = index == 0 || settings_number(settings, group, "active") != 0;
}

static void
read_messages(FormSource *source, const Settings *settings)
{
	g_autoptr(GPtrArray) keys = settings_keys(settings, "messages");
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		g_hash_table_insert(source->messages, g_strdup(key), g_strdup(settings_text(settings, "messages", key)));
	}
}

/* [settings] as the lines of contract 8.5. */
static char *
read_additional_settings(const Settings *settings)
{
	GString *lines = g_string_new(NULL);
	g_autoptr(GPtrArray) keys = settings_keys(settings, "settings");
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		g_string_append_printf(lines, "%s: %s\n", key, settings_text(settings, "settings", key));
	}
	return g_string_free(lines, FALSE);
}

static void
read_form_template(FormSource *source, const char *folder, GPtrArray *problems)
{
	char *text = read_template(folder, "form.html", problems);
	if (text != NULL)
		text_replace(&source->template_text, text);
	else
		g_ptr_array_add(problems, g_strdup_printf("%s/form.html:1: is missing; put the form's template there", folder));
}

/* The folder's text as form_new takes it. Problems are appended, and what they concern may be missing. */
static FormSource *
read_source(Settings *settings, const FormPlace *place, GPtrArray *problems)
{
	FormSource *source = form_source_new();
	g_autofree char *slug = g_path_get_basename(place->folder);
	settings_default(settings, "form", "title", slug);
	settings_default(settings, "form", "locale", place->site_locale);
	source->id = (guint64)settings_number(settings, "form", "id");
	source->reply = (ReplyPolicy)settings_number(settings, "form", "reply");
	text_replace(&source->slug, g_steal_pointer(&slug));
	text_replace(&source->title, g_strdup(settings_text(settings, "form", "title")));
	text_replace(&source->locale, g_strdup(settings_text(settings, "form", "locale")));
	text_replace(&source->additional_settings, read_additional_settings(settings));
	read_form_template(source, place->folder, problems);
	for (guint i = 0; i < G_N_ELEMENTS(mails); i++)
		read_mail(source, i, settings, place, problems);
	read_messages(source, settings);
	return source;
}

/* A sentence of form_new begins with its place: "form.ini [GROUP] KEY: ", "FILE line N: " or "FILE: ". Here it gets path and line. */
static void
take_sentence(const Settings *settings, const FormPlace *place, const char *sentence, GPtrArray *problems)
{
	g_auto(GStrv) ini =
	    g_str_has_prefix(sentence, "form.ini [") ? g_strsplit_set(sentence + strlen("form.ini ["), "]:", 3) : NULL;
	const char *digits = strstr(sentence, " line ");
	if (ini != NULL && g_strv_length(ini) == 3)
		settings_problem(settings, ini[0], g_strstrip(ini[1]), problems, "%s", g_strstrip(ini[2]));
	else if (digits != NULL && strcspn(sentence, " ") == (gsize)(digits - sentence))
		g_ptr_array_add(problems,
		    g_strdup_printf("%s/%.*s:%s", place->folder, (int)(digits - sentence), sentence, digits + strlen(" line ")));
	else
		g_ptr_array_add(problems, g_strdup_printf("%s/%s", place->folder, sentence));
}

FormSource *
formfile_read(const FormPlace *place, GPtrArray *problems, GError **error)
{
	g_autofree char *path = g_build_filename(place->folder, "form.ini", NULL);
	g_autoptr(Settings) settings = settings_read(path, KEYS_FORM, problems, error);
	return settings == NULL ? NULL : read_source(settings, place, problems);
}

GPtrArray *
formfile_gate(const FormPlace *place, GError **error)
{
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(place->folder, "form.ini", NULL);
	g_autoptr(Settings) settings = settings_read(path, KEYS_FORM, unsaid, error);
	return settings == NULL ? NULL : gatefile_settings(place->gate, settings);
}

static Form *
examine(const FormPlace *place, const Settings *settings, FormSource *source, GPtrArray *problems)
{
	g_autoptr(GPtrArray) sentences = g_ptr_array_new_with_free_func(g_free);
	Form *form = form_examine(source, place->facts, sentences);
	for (guint i = 0; i < sentences->len; i++)
		take_sentence(settings, place, g_ptr_array_index(sentences, i), problems);
	return form;
}

/* The form and how the gate treats it (NULL if the place says nothing of the gate), from one reading of form.ini. */
static Form *
read_both(const FormPlace *place, GatePolicy **policy, GPtrArray *problems, GError **error)
{
	g_autofree char *path = g_build_filename(place->folder, "form.ini", NULL);
	g_autoptr(Settings) settings = settings_read(path, KEYS_FORM, problems, error);
	if (settings == NULL)
		return NULL;
	if (place->gate != NULL)
		*policy = gatefile_policy(place->gate, settings, problems);
	return examine(place, settings, read_source(settings, place, problems), problems);
}

Form *
formfile_examine(const FormPlace *place, GPtrArray *problems, GError **error)
{
	g_autoptr(GatePolicy) policy = NULL;
	return read_both(place, &policy, problems, error);
}

Form *
formfile_load(const FormPlace *place, GatePolicy **policy, GError **error)
{
	g_autoptr(GatePolicy) own = NULL;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) unreadable = NULL;
	g_autoptr(Form) form = read_both(place, &own, problems, &unreadable);
	/* One for subscribers is answered and never used, so what else is wrong with it does not matter. */
	if (form != NULL && (problems->len == 0 || form->is_for_subscribers)) {
		*policy = g_steal_pointer(&own);
		return g_steal_pointer(&form);
	}
	if (unreadable != NULL)
		g_propagate_error(error, g_steal_pointer(&unreadable));
	else
		problems_set_error(problems, error);
	return NULL;
}

/* Bracketed words that are no tag of ours stay in the page as text: rarely what the owner meant. */
static void
warn_of_unknown_words(const Form *form, const char *folder, GPtrArray *problems)
{
	g_autoptr(GPtrArray) words = formtag_unknown_words(form->source->template_text);
	for (guint i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);
		guint line = 0;
		const char *advice = formtag_foreign_advice(word);
		g_autofree char *meant = formtag_slip(form->source->template_text, word, &line);
		if (advice != NULL)
			problems_warn(problems, folder, "form.html", "[%s] stays as text: it %s", word, advice);
		else if (meant != NULL)
			problems_warn(problems, folder, "form.html",
			    "line %u: [%s] is no form-tag here and stays as text; did you mean [%s]?", line, word, meant);
		else
			problems_warn(problems, folder, "form.html", "[%s] is no form-tag here and stays as text", word);
	}
}

/* What such a tag is there for is another service's or plugin's work: better known than trusted. */
static void
warn_of_tags(const Form *form, const char *folder, GPtrArray *problems)
{
	static const struct {
		const char *basetype, *sentence;
	} warnings[] = {
	    {"captchac", "its pictures come from another WordPress plugin, so none is shown; take both captcha tags out and ask "
			 "a question instead, for example [quiz sum \"1+1=?|2\"]"},
	    {"captchar", "no answer is right, because its pictures come from another WordPress plugin, so nobody can send this "
			 "form; take both captcha tags out and ask a question instead, for example [quiz sum \"1+1=?|2\"]"},
	};
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(form->tags, i);
		for (guint k = 0; k < G_N_ELEMENTS(warnings); k++)
			if (g_str_equal(tag->basetype, warnings[k].basetype))
				problems_warn(problems, folder, "form.html", "line %u: [%s]: %s", tag->line, tag->type,
				    warnings[k].sentence);
	}
}

static void
warn_of_settings(const Form *form, const char *folder, GPtrArray *problems)
{
	g_autoptr(GPtrArray) keys = form_unknown_settings(form);
	for (guint i = 0; i < keys->len; i++)
		problems_warn(problems, folder, "form.ini",
		    "[settings] %s: this version does not know this setting and ignores it",
		    (const char *)g_ptr_array_index(keys, i));
	g_autoptr(GPtrArray) unclear = form_unclear_settings(form);
	for (guint i = 0; i < unclear->len; i++)
		problems_warn(problems, folder, "form.ini", "[settings] %s", (const char *)g_ptr_array_index(unclear, i));
}

static void
warn_of_mailtags(const Form *form, const char *folder, const char *file, const char *text, GPtrArray *problems)
{
	g_autoptr(GPtrArray) words = mailtag_unknown_words(text, form);
	for (guint i = 0; i < words->len; i++)
		problems_warn(problems, folder, file,
		    "[%s] is neither a field of the form nor a special mail-tag and stays as text",
		    (const char *)g_ptr_array_index(words, i));
}

static void
warn_of_mails(const Form *form, const char *folder, GPtrArray *problems)
{
	for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
		const MailTemplate *mail = &form->source->mail[i];
		if (!mail->is_active)
			continue;
		if (i > 0 && mail->is_default_text)
			problems_warn(problems, folder, mails[i].body_file,
			    "is missing, so the reply to visitors has Contact Form 7's default text; write what it should say "
			    "into that file");
		g_autofree char *lines = g_strjoin("\n", mail->subject, mail->sender, mail->recipient, NULL);
		warn_of_mailtags(form, folder, "form.ini", lines, problems);
		warn_of_mailtags(form, folder, mails[i].body_file, mail->body, problems);
		warn_of_mailtags(form, folder, mails[i].headers_file, mail->additional_headers, problems);
	}
}

void
formfile_check(const FormPlace *place, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(place->folder, "form.ini", NULL);
	g_autoptr(Settings) settings = settings_read(path, KEYS_FORM, problems, &error);
	if (settings == NULL) {
		g_ptr_array_add(problems, g_strdup(error->message));
		return;
	}
	g_autoptr(GatePolicy) policy = gatefile_policy(place->gate, settings, problems);
	g_autoptr(Form) form = examine(place, settings, read_source(settings, place, problems), problems);
	gatefile_check(policy, settings, problems);
	if (form == NULL)
		return;
	warn_of_settings(form, place->folder, problems);
	warn_of_unknown_words(form, place->folder, problems);
	warn_of_tags(form, place->folder, problems);
	gatefile_check_form(policy, form, place->folder, problems);
	/* Without a template every mail-tag would be unknown. */
	if (form->source->template_text[0] != '\0')
		warn_of_mails(form, place->folder, problems);
}

void
formfile_paths(const char *folder, GPtrArray *paths)
{
	const char *const names[] = {
	    "form.ini", "form.html", mails[0].body_file, mails[0].headers_file, mails[1].body_file, mails[1].headers_file};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
	g_autofree char *ini = g_build_filename(folder, "form.ini", NULL);
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = settings_read(ini, KEYS_FORM, unsaid, NULL);
	if (settings != NULL)
		gatefile_paths(settings, paths);
}

static gint
compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
formfile_folders(const char *directory)
{
	GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) listing = g_dir_open(directory, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *folder = g_build_filename(directory, name, NULL);
		if (keys_is_name(name) && g_file_test(folder, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(folders, g_steal_pointer(&folder));
	}
	g_ptr_array_sort(folders, compare_paths);
	return folders;
}

/* Adds the folder if its form.ini has an id. What else is wrong with it is said when the form is read. */
static void
add_to_index(GHashTable *index, const char *folder, GPtrArray *problems)
{
	g_autofree char *path = g_build_filename(folder, "form.ini", NULL);
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = settings_read(path, KEYS_FORM, unsaid, NULL);
	gint64 id = settings == NULL ? 0 : settings_number(settings, "form", "id");
	if (id == 0)
		return;
	const char *earlier = g_hash_table_lookup(index, &id);
	if (earlier != NULL)
		settings_problem(settings, "form", "id", problems,
		    "%" G_GINT64_FORMAT " is the id of %s too; give each form of a site its own", id, earlier);
	g_hash_table_replace(
	    index, g_memdup2(&id, sizeof id), earlier == NULL ? g_strdup(folder) : g_strjoin("\n", earlier, folder, NULL));
}

GHashTable *
formfile_index(const char *directory, GPtrArray *problems)
{
	GHashTable *index = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_autoptr(GPtrArray) folders = formfile_folders(directory);
	for (guint i = 0; i < MIN(folders->len, LIMIT_FORMS_PER_SITE); i++)
		add_to_index(index, g_ptr_array_index(folders, i), problems);
	if (folders->len > LIMIT_FORMS_PER_SITE)
		g_ptr_array_add(
		    problems, g_strdup_printf("%s: has %u folders of forms; at most %u are served, in the order of their names",
				  directory, folders->len, LIMIT_FORMS_PER_SITE));
	return index;
}
