/*
 * A form: its source, compiled. form_new scans the template, compiles the rules, reads the settings and looks for problems
 * (form_problems.c); after that nothing in it changes and any thread may read it. It lives as long as its references, and keeps
 * the site's facts as long.
 */
#include "sekisho/form/form.h"

#include <string.h>

#include "form_problems.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/rules.h"

/* What stands around the public part; the public part comes first. */
typedef struct {
	Form form;
	gatomicrefcount references;
	GHashTable *tags_by_name; /* name -> first FormTag of that name, both borrowed from form.tags */
} FormRoom;

const char *
mail_kind_name(MailKind kind)
{
	switch (kind) {
	case MAIL_NOTICE:
		return "notice";
	case MAIL_REPLY:
		return "reply";
	case MAIL_COPY:
		return "copy";
	case MAIL_CONFIRMATION:
		return "confirmation";
	case MAIL_HELD:
		return "held";
	default:
		g_assert_not_reached();
	}
}

const char *
reply_policy_name(ReplyPolicy policy)
{
	switch (policy) {
	case REPLY_CONFIRM:
		return "confirm";
	case REPLY_PROVED:
		return "proved";
	case REPLY_NEVER:
		return "never";
	default:
		g_assert_not_reached();
	}
}

SiteFacts *
site_facts_new(void)
{
	SiteFacts *facts = g_atomic_rc_box_new0(SiteFacts);
	char **texts[] = {&facts->name, &facts->title, &facts->description, &facts->url, &facts->admin_address, &facts->from,
	    &facts->bounce_address, &facts->attachments_directory, &facts->date_format, &facts->time_format,
	    &facts->list_separator, &facts->canary_address};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i] = g_strdup("");
	facts->origins = g_new0(char *, 1);
	facts->own_domains = g_new0(char *, 1);
	facts->timezone = g_time_zone_new_utc();
	facts->is_facts_on = TRUE;
	return facts;
}

SiteFacts *
site_facts_ref(const SiteFacts *facts)
{
	return g_atomic_rc_box_acquire((gpointer)facts);
}

static void
site_facts_clear(gpointer data)
{
	SiteFacts *facts = data;

	g_free(facts->name);
	g_free(facts->title);
	g_free(facts->description);
	g_free(facts->url);
	g_free(facts->admin_address);
	g_free(facts->from);
	g_free(facts->bounce_address);
	g_free(facts->attachments_directory);
	g_free(facts->date_format);
	g_free(facts->time_format);
	g_free(facts->list_separator);
	g_free(facts->canary_address);
	g_strfreev(facts->origins);
	g_strfreev(facts->own_domains);
	g_clear_pointer(&facts->timezone, g_time_zone_unref);
	g_clear_pointer(&facts->posts, g_hash_table_unref);
}

void
site_facts_unref(SiteFacts *facts)
{
	if (facts != NULL)
		g_atomic_rc_box_release_full(facts, site_facts_clear);
}

char *
site_facts_time(const SiteFacts *facts, gint64 time_us)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, facts->timezone);

	return local == NULL ? g_strdup("") : g_date_time_format(local, "%Y-%m-%d %H:%M:%S %:z");
}

/* --- Source ------------------------------------------------------------------------------------------------------------- */

FormSource *
form_source_new(void)
{
	FormSource *source = g_new0(FormSource, 1);

	source->slug = g_strdup("");
	source->title = g_strdup("");
	source->locale = g_strdup("");
	source->template_text = g_strdup("");
	source->additional_settings = g_strdup("");
	source->messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++) {
		source->mail[i].subject = g_strdup("");
		source->mail[i].sender = g_strdup("");
		source->mail[i].recipient = g_strdup("");
		source->mail[i].body = g_strdup("");
		source->mail[i].additional_headers = g_strdup("");
		source->mail[i].attachments = g_strdup("");
	}
	return source;
}

FormSource *
form_source_copy(const FormSource *source)
{
	FormSource *copy = form_source_new();
	GHashTableIter messages;
	gpointer key, text;

	copy->id = source->id;
	copy->reply = source->reply;
	text_set(&copy->slug, source->slug);
	text_set(&copy->title, source->title);
	text_set(&copy->locale, source->locale);
	text_set(&copy->template_text, source->template_text);
	text_set(&copy->additional_settings, source->additional_settings);
	g_hash_table_iter_init(&messages, source->messages);
	while (g_hash_table_iter_next(&messages, &key, &text))
		g_hash_table_insert(copy->messages, g_strdup(key), g_strdup(text));
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++) {
		const MailTemplate *mail = &source->mail[i];

		text_set(&copy->mail[i].subject, mail->subject);
		text_set(&copy->mail[i].sender, mail->sender);
		text_set(&copy->mail[i].recipient, mail->recipient);
		text_set(&copy->mail[i].body, mail->body);
		text_set(&copy->mail[i].additional_headers, mail->additional_headers);
		text_set(&copy->mail[i].attachments, mail->attachments);
		copy->mail[i].is_active = mail->is_active;
		copy->mail[i].is_html = mail->is_html;
		copy->mail[i].is_exclude_blank = mail->is_exclude_blank;
		copy->mail[i].is_default_text = mail->is_default_text;
	}
	return copy;
}

void
form_source_free(FormSource *source)
{
	if (source == NULL)
		return;
	g_free(source->slug);
	g_free(source->title);
	g_free(source->locale);
	g_free(source->template_text);
	g_free(source->additional_settings);
	g_hash_table_unref(source->messages);
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++) {
		g_free(source->mail[i].subject);
		g_free(source->mail[i].sender);
		g_free(source->mail[i].recipient);
		g_free(source->mail[i].body);
		g_free(source->mail[i].additional_headers);
		g_free(source->mail[i].attachments);
	}
	g_free(source);
}

/* Texts from here on are walked through as UTF-8. */
static gboolean
is_all_text(const FormSource *source)
{
	const char *const texts[] = {source->title, source->locale, source->template_text, source->additional_settings,
	    source->mail[0].subject, source->mail[0].sender, source->mail[0].recipient, source->mail[0].body,
	    source->mail[0].additional_headers, source->mail[0].attachments, source->mail[1].subject, source->mail[1].sender,
	    source->mail[1].recipient, source->mail[1].body, source->mail[1].additional_headers, source->mail[1].attachments};
	GHashTableIter messages;
	gpointer message;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (!g_utf8_validate(texts[i], -1, NULL))
			return FALSE;
	}
	g_hash_table_iter_init(&messages, source->messages);
	while (g_hash_table_iter_next(&messages, NULL, &message)) {
		if (!g_utf8_validate(message, -1, NULL))
			return FALSE;
	}
	return TRUE;
}

/* --- Settings ----------------------------------------------------------------------------------------------------------- */

/* Value of `line` if it is `key: value`, with the key at its very start; else NULL. The caller's. */
static char *
setting_value(const char *line, const char *key)
{
	const char *cursor = line + strlen(key);

	if (!g_str_has_prefix(line, key))
		return NULL;
	while (*cursor == ' ' || *cursor == '\t')
		cursor++;
	if (*cursor != ':')
		return NULL;
	/* PHP's trim, which knows ASCII only. */
	cursor += 1 + strspn(cursor + 1, " \t\v");
	gsize size = strlen(cursor);
	while (size > 0 && strchr(" \t\v", cursor[size - 1]) != NULL)
		size--;
	return g_strndup(cursor, size);
}

char *
form_setting(const Form *form, const char *key)
{
	g_autofree char *text = text_with_lf(form->source->additional_settings);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	char *value = NULL;

	for (char **line = lines; *line != NULL && value == NULL; line++)
		value = setting_value(*line, key);
	return value;
}

gboolean
form_is_set(const Form *form, const char *key)
{
	static const char *const words[] = {"on", "true", "1", NULL};
	g_autofree char *value = form_setting(form, key);

	return value != NULL && g_strv_contains(words, value);
}

/* --- Form --------------------------------------------------------------------------------------------------------------- */

static GHashTable *
index_tags(const GPtrArray *tags)
{
	GHashTable *by_name = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < tags->len; i++) {
		FormTag *tag = tags->pdata[i];

		if (tag->name != NULL && !g_hash_table_contains(by_name, tag->name))
			g_hash_table_insert(by_name, tag->name, tag);
	}
	return by_name;
}

Form *
form_new(FormSource *source, const SiteFacts *site, GPtrArray *problems)
{
	guint problems_before = problems->len;
	Form *form = form_examine(source, site, problems);

	if (problems->len > problems_before)
		g_clear_pointer(&form, form_unref);
	return form;
}

Form *
form_examine(FormSource *source, const SiteFacts *site, GPtrArray *problems)
{
	FormRoom *room;
	Form *form;

	if (!is_all_text(source)) {
		g_ptr_array_add(problems, g_strdup("form.ini: a text of this form is not valid UTF-8; save its files as UTF-8"));
		form_source_free(source);
		return NULL;
	}
	room = g_new0(FormRoom, 1);
	form = &room->form;
	g_atomic_ref_count_init(&room->references);
	form->source = source;
	form->site = site_facts_ref(site);
	form->tags = formtag_scan(source->template_text);
	form->rules = rules_compile(form->tags);
	room->tags_by_name = index_tags(form->tags);
	form->is_demo = form_is_set(form, "demo_mode");
	form->is_mail_skipped = form_is_set(form, "skip_mail");
	form->is_acceptance_validated = form_is_set(form, "acceptance_as_validation");
	form->is_stored_briefly = form_is_set(form, "do_not_store");
	form->is_for_subscribers = form_is_set(form, "subscribers_only");
	form_problems_find(form, problems);
	return form;
}

Form *
form_ref(Form *form)
{
	g_atomic_ref_count_inc(&((FormRoom *)form)->references);
	return form;
}

void
form_unref(Form *form)
{
	FormRoom *room = (FormRoom *)form;

	if (form == NULL || !g_atomic_ref_count_dec(&room->references))
		return;
	g_hash_table_unref(room->tags_by_name);
	g_ptr_array_unref((GPtrArray *)form->rules);
	g_ptr_array_unref((GPtrArray *)form->tags);
	form_source_free((FormSource *)form->source);
	site_facts_unref((SiteFacts *)form->site);
	g_free(room);
}

const FormTag *
form_tag(const Form *form, const char *name)
{
	return g_hash_table_lookup(((const FormRoom *)form)->tags_by_name, name);
}

const char *
form_message(const Form *form, const char *key)
{
	const char *own = g_hash_table_lookup(form->source->messages, key);
	g_autofree char *id = g_strconcat("message.", key, NULL);
	const char *standard = own == NULL ? text_find(form->source->locale, id) : NULL;

	if (own != NULL)
		return own;
	return standard != NULL ? standard : "";
}
