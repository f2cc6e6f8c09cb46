/*
 * The texts of a letter (contract 6.1, 6.4, 6.5).
 *
 * A text mail has one text. An HTML mail has a document (a body that is none is framed by a minimal one, its line ends
 * become <br>) and a plain text made of the same body. Both end with the block of facts where the site wants it: what a
 * person needs to judge the sender, or to answer an abuse report, in the form's language. No state, no I/O.
 */
#include "letter_body.h"

#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/wire/address.h"
#include "sekisho/wire/html.h"

/* --- Facts ------------------------------------------------------------------------------------------------------- */

static void
append_fact(GString *facts, const char *label, const char *value)
{
	if (*value != '\0')
		g_string_append_printf(facts, "%s: %s\n", label, value);
}

/* Address with source port, as a URL writes it: behind a carrier's NAT only both together name somebody. */
static char *
client_text(const ClientFacts *client)
{
	if (*client->remote_ip == '\0')
		return g_strdup("");
	if (client->remote_port == 0)
		return g_strdup(client->remote_ip);
	if (strchr(client->remote_ip, ':') != NULL)
		return g_strdup_printf("[%s]:%u", client->remote_ip, client->remote_port);
	return g_strdup_printf("%s:%u", client->remote_ip, client->remote_port);
}

static char *
received_text(const LetterBodySource *source)
{
	gint64 received_us = source->submission->client->received_at_us;
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(received_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, source->form->site->timezone);

	return local == NULL ? g_strdup("") : g_date_time_format(local, "%Y-%m-%d %H:%M:%S %:z");
}

/* The block as plain text, each line ended by LF. */
static char *
facts_text(const LetterBodySource *source)
{
	const char *locale = source->form->source->locale;
	const Submission *submission = source->submission;
	g_autofree char *client = client_text(submission->client);
	g_autofree char *received = received_text(source);
	g_autofree char *page = text_first_line(submission->client->url);
	g_autofree char *title = text_first_line(source->form->source->title);
	GString *facts = g_string_new(NULL);

	g_string_append_printf(facts, "%s\n", text_for(locale, "facts.heading"));
	append_fact(facts, text_for(locale, "facts.client"), client);
	append_fact(facts, text_for(locale, "facts.received"), received);
	append_fact(facts, text_for(locale, "facts.form"), title);
	append_fact(facts, text_for(locale, "facts.page"), page);
	append_fact(facts, text_for(locale, "facts.receipt"), submission->receipt);
	g_string_append_printf(facts, "%s\n", text_for(locale, "facts.unconfirmed"));
	return g_string_free(facts, FALSE);
}

/* --- Body ---------------------------------------------------------------------------------------------------------- */

static char *
replaced_body(const LetterBodySource *source)
{
	MailTagContext context = {
	    .form = source->form,
	    .submission = source->submission,
	    .mode = source->mail->is_html ? MAILTAG_HTML : MAILTAG_TEXT,
	    .is_exclude_blank = source->mail->is_exclude_blank,
	};
	g_autofree char *replaced = mailtag_replace(source->mail->body, &context);

	return text_with_lf(replaced);
}

/* `<taro@example.org>` is an address that a person wrote, not a tag: "<" and ">" around it become entities (contract 6.4). */
static char *
show_addresses(const char *html)
{
	GString *shown = g_string_new(NULL);

	while (*html != '\0') {
		gsize plain = strcspn(html, "<");
		g_string_append_len(shown, html, (gssize)plain);
		html += plain;
		gsize size = *html == '<' ? strcspn(html + 1, "<>\n") : 0;
		g_autofree char *inner = g_strndup(html + (*html != '\0'), size);
		if (size > 0 && html[1 + size] == '>' && address_is_email(inner)) {
			g_string_append_printf(shown, "&lt;%s&gt;", inner);
			html += size + 2;
		} else if (*html != '\0') {
			g_string_append_c(shown, *html++);
		}
	}
	return g_string_free(shown, FALSE);
}

static const char *
find_ignoring_case(const char *text, const char *ascii)
{
	gsize size = strlen(ascii);

	for (; *text != '\0'; text++)
		if (g_ascii_strncasecmp(text, ascii, size) == 0)
			return text;
	return NULL;
}

static gboolean
is_document(const char *html)
{
	const char *start = find_ignoring_case(html, "<html");

	return start != NULL && strchr(" \t\n>", start[5]) != NULL && find_ignoring_case(start, "</html>") != NULL;
}

/* LF becomes <br> LF. */
static void
append_lines_as_html(GString *html, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *joined = g_strjoinv("<br>\n", lines);

	g_string_append(html, joined);
}

static char *
facts_html(const LetterBodySource *source)
{
	if (!source->has_facts)
		return g_strdup("");
	g_autofree char *facts = facts_text(source);
	g_autofree char *escaped = html_escape(g_strchomp(facts));
	GString *html = g_string_new("\n<hr>\n<p>");
	append_lines_as_html(html, escaped);
	g_string_append(html, "</p>\n");
	return g_string_free(html, FALSE);
}

/* A document of the owner's stays as it is; the facts go before its end. */
static char *
document_with(const char *document, const char *facts)
{
	const char *end = NULL;

	for (const char *next = document; (next = find_ignoring_case(next, "</body>")) != NULL; next++)
		end = next;
	if (end == NULL)
		end = find_ignoring_case(document, "</html>");
	return g_strdup_printf("%.*s%s%s", (int)(end - document), document, facts, end);
}

static char *
framed(const LetterBodySource *source, const char *body, const char *facts)
{
	g_autofree char *language = g_strdelimit(html_escape(source->form->source->locale), "_", '-');
	g_autofree char *title = html_escape(source->subject);
	g_autofree char *escaped_body = g_strdup(body);
	GString *html = g_string_new("<!doctype html>\n");

	g_string_append_printf(
	    html, "<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n</head>\n<body>\n", language, title);
	append_lines_as_html(html, g_strchomp(escaped_body));
	g_string_append_printf(html, "%s\n</body>\n</html>\n", facts);
	return g_string_free(html, FALSE);
}

char *
letter_body_html(const LetterBodySource *source)
{
	if (!source->mail->is_html)
		return NULL;
	g_autofree char *replaced = replaced_body(source);
	g_autofree char *body = show_addresses(replaced);
	g_autofree char *facts = facts_html(source);
	return is_document(body) ? document_with(body, facts) : framed(source, body, facts);
}

/* What a reader without HTML sees: without head, styles, scripts and tags, entities decoded. */
static char *
plain_of_html(const char *html)
{
	const char *head = find_ignoring_case(html, "<head");
	const char *head_end = head == NULL ? NULL : find_ignoring_case(head, "</head>");
	g_autofree char *body = head_end == NULL ? g_strdup(html) : g_strdup_printf("%.*s%s", (int)(head - html), html, head_end);
	g_autofree char *stripped = html_strip_tags(body);
	g_autofree char *decoded = html_decode(stripped);

	return text_with_lf(decoded);
}

char *
letter_body_text(const LetterBodySource *source)
{
	g_autofree char *replaced = replaced_body(source);
	g_autofree char *shown = source->mail->is_html ? show_addresses(replaced) : NULL;
	g_autofree char *body = shown == NULL ? g_steal_pointer(&replaced) : plain_of_html(shown);

	if (!source->has_facts)
		return g_steal_pointer(&body);
	g_autofree char *facts = facts_text(source);
	return g_strdup_printf("%s\n\n%s", g_strchomp(body), facts);
}
