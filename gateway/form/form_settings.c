/*
 * The lines of additional settings (contract 8.5) looked at as a whole: which this version knows, and whether their values mean anything.
 * Reading one setting is form.c's.
 */
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/form.h"

/* subscribers_only comes last: it is refused when it is on (form_problems.c), so its value needs no second look. */
static const char *const known[] = {
    "skip_mail", "demo_mode", "do_not_store", "acceptance_as_validation", "subscribers_only", NULL};
#define SWITCHES 4u

/* Keys of all lines, each once (char *). */
static GPtrArray *
setting_keys(const Form *form)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = text_with_lf(form->source->additional_settings);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		gsize size = strspn(*line, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_");
		g_autofree char *key = g_strndup(*line, size);

		if (size > 0 && (*line)[size + strspn(*line + size, " \t")] == ':' &&
		    !g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL))
			g_ptr_array_add(keys, g_steal_pointer(&key));
	}
	return keys;
}

GPtrArray *
form_unknown_settings(const Form *form)
{
	g_autoptr(GPtrArray) keys = setting_keys(form);
	GPtrArray *unknown = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < keys->len; i++) {
		if (!g_strv_contains(known, keys->pdata[i]))
			g_ptr_array_add(unknown, g_strdup(keys->pdata[i]));
	}
	return unknown;
}

GPtrArray *
form_unclear_settings(const Form *form)
{
	static const char *const words[] = {"on", "true", "1", "off", "false", "0", NULL};
	GPtrArray *unclear = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < SWITCHES; i++) {
		g_autofree char *value = form_setting(form, known[i]);

		/* An empty value is one that is not set, as in Contact Form 7. */
		if (value == NULL || *value == '\0' || g_strv_contains(words, value))
			continue;
		g_autofree char *shown = text_for_terminal(value, FALSE);
		g_autofree char *start = text_truncate(shown, 40);
		g_ptr_array_add(unclear,
		    g_strdup_printf("%s: \"%s\" counts as off, as in Contact Form 7; write on, true or 1, or off, false or 0",
			known[i], start));
	}
	return unclear;
}
