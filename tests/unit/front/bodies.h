/*
 * The form of contract 13, "U", as far as it takes files, and bodies for it.
 */
#pragma once

#include "body.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define MULTIPART "multipart/form-data; boundary=b"
#define URLENCODED "application/x-www-form-urlencoded"

#define FORM_U "[text t][file* f filetypes:pdf|txt limit:1kb][file g][file h limit:20mb][acceptance acc]ok[/acceptance][submit]"

static inline Form *
form_u(void)
{
	g_autoptr(SiteFacts) site = site_facts_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormSource *source = form_source_new();
	g_free(source->template_text);
	source->template_text = g_strdup(FORM_U);
	return form_examine(source, site, problems);
}

static inline void
append_part(GString *bytes, const char *disposition, gsize value_bytes)
{
	g_string_append_printf(bytes, "--b\r\nContent-Disposition: form-data; %s\r\n\r\n", disposition);
	const gsize end = bytes->len + value_bytes;
	g_string_set_size(bytes, end);
	memset(bytes->str + end - value_bytes, 'x', value_bytes);
	g_string_append(bytes, "\r\n");
}
