/*
 * Mails of a made-up form with text fields n, e, s, empty and m, from the template to the composed message.
 */
#pragma once

#include <string.h>

#include "fixture.h"
#include "relay/letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/relay/compose.h"

#define FIELDS "[text n][text e][text s][text empty][textarea m]"

static inline void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static inline FormSource *
source_of(const char *headers, const char *body)
{
	FormSource *source = fixture_source(FIELDS);

	set(&source->mail[0].additional_headers, headers);
	set(&source->mail[0].body, body);
	set(&source->mail[0].subject, "[s]");
	return source;
}

/* A form of the contract's site, whose notices have no facts: mails are the template's. */
static inline Form *
form_of(FormSource *source)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

	site->is_facts_on = FALSE;
	set(&site->from, "WordPress <wordpress@example.test>");
	Form *form = form_new(source, site, problems);
	if (form == NULL)
		g_error("the form has a problem: %s", (const char *)problems->pdata[0]);
	return form;
}

static inline Letter *
try_letter(const Form *form, const Submission *submission, GError **error)
{
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);

	return letter_new(form, submission, MAIL_NOTICE, 0, planned, error);
}

static inline Letter *
letter_of(FormSource *source, Posted *posted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Form) form = form_of(source);
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	Letter *letter = try_letter(form, submission, &error);

	g_assert_no_error(error);
	return letter;
}

static inline char *
composed(const Letter *letter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = compose_message(letter, &error);

	g_assert_no_error(error);
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}
