/*
 * What import_read promises of any bytes, for the targets of both kinds of export.
 */
#pragma once

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/import.h"

static inline void
check_template(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_null(strchr(text, '\r'));
	g_assert_cmpuint(strlen(text), <=, LIMIT_TEMPLATE_BYTES);
}

static inline void
check_imported_form(const ImportedForm *form)
{
	const FormSource *source = form->source;

	g_assert_cmpuint(source->id, >, 0);
	g_assert_cmpuint(strspn(source->slug, G_CSET_a_2_z G_CSET_DIGITS "-"), ==, strlen(source->slug));
	g_assert_true(*source->slug != '\0' && *source->slug != '-');
	g_assert_null(strpbrk(source->title, "\r\n"));
	g_assert_cmpuint(g_hash_table_size(source->messages), ==, 23);
	g_assert_cmpuint(form->remarks->len, <=, LIMIT_IMPORT_REMARKS);
	g_assert_true(form->refusal == NULL || (*form->refusal != '\0' && strpbrk(form->refusal, "\r\n\033") == NULL));
	check_template(source->template_text);
	check_template(source->additional_settings);
	for (guint i = 0; i < G_N_ELEMENTS(source->mail); i++) {
		check_template(source->mail[i].subject);
		check_template(source->mail[i].body);
		check_template(source->mail[i].additional_headers);
	}
	for (guint i = 0; i < form->remarks->len; i++)
		g_assert_null(strpbrk(form->remarks->pdata[i], "\r\n\033"));
}

static inline void
check_import(const uint8_t *bytes, size_t size)
{
	g_autoptr(GBytes) content = g_bytes_new(bytes, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Import) import = import_read(content, &error);
	guint64 before = 0;

	if (import == NULL) {
		g_assert_error(error, FORM_ERROR, FORM_ERROR_IMPORT);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_null(strpbrk(error->message, "\r\n\033"));
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpuint(import->forms->len, >, 0);
	for (guint i = 0; i < import->forms->len; i++) {
		const ImportedForm *form = import->forms->pdata[i];
		g_assert_cmpuint(form->source->id, >, before);
		before = form->source->id;
		check_imported_form(form);
	}
}
