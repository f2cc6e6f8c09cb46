/*
 * The texts of a letter (contract 6.1, 6.4, 6.5).
 *
 * A text mail has one text. An HTML mail has a document (a body that is none is formatted into paragraphs and framed by a minimal
 * one) and a plain text made of the same HTML. A text mail that its template calls text/html (contract 13.5 M16) has its body as HTML and
 * no plain text. All end with the block of facts where the site wants it: what a person needs to judge the sender, or to answer an abuse
 * report, and which files are missing, in the form's language. No state, no I/O.
 */
#include "letter_body.h"

#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/policy/finding.h"
#include "sekisho/wire/address.h"
#include "sekisho/wire/html.h"
#include "sekisho/wire/paragraphs.h"

/* --- Facts ------------------------------------------------------------------------------------------------------- */

static void
append_fact(GString *facts, const char *label, const char *value)
{
	if (*value != '\0')
		g_string_append_printf(facts, "%s: %s\n", label, value);
}

/* Nothing is left out without a word (contract 6.8). */
static void
append_missing(GString *facts, const LetterBodySource *source)
{
	const char *locale = source->form->source->locale;

	for (guint i = 0; i < source->missing->len; i++) {
		const MissingAttachment *missing = source->missing->pdata[i];
		g_autofree char *id = g_strconcat("facts.missing_", missing->reason, NULL);
		g_autofree char *line = g_strdup_printf("%s (%s)", missing->name, text_for(locale, id));
		append_fact(facts, text_for(locale, "facts.not_attached"), line);
	}
}

/* What became of a released one at first, which its visitor was told. */
static const char *
past_id(const Submission *submission)
{
	g_autoptr(Verdict) verdict = submission->evidence == NULL ? NULL : verdict_from_text(submission->evidence);

	return verdict != NULL && verdict->action == FINDING_REJECT ? "facts.released_refused" : "facts.released";
}

/* The block as plain text, each line ended by LF. */
static char *
facts_text(const LetterBodySource *source)
{
	const char *locale = source->form->source->locale;
	const Submission *submission = source->submission;
	g_autofree char *client = client_facts_endpoint(submission->client);
	g_autofree char *received = site_facts_time(source->form->site, submission->client->received_at_us);
	g_autofree char *page = text_first_line(submission->client->url);
	g_autofree char *title = text_first_line(source->form->source->title);
	GString *facts = g_string_new(NULL);

	g_string_append_printf(facts, "%s\n", text_for(locale, "facts.heading"));
	append_fact(facts, text_for(locale, "facts.client"), client);
	append_fact(facts, text_for(locale, "facts.received"), received);
	append_fact(facts, text_for(locale, "facts.form"), title);
	append_fact(facts, text_for(locale, "facts.page"), page);
	append_fact(facts, text_for(locale, "facts.receipt"), submission->receipt);
	append_missing(facts, source);
	g_string_append(facts, source->outlook != NULL ? source->outlook : "");
	if (submission->is_released)
		g_string_append_printf(facts, "%s\n", text_for(locale, past_id(submission)));
	if (submission->is_unchecked)
		g_string_append_printf(facts, "%s\n", text_for(locale, "facts.unchecked"));
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
	    .mode = source->format == LETTER_BODY_HTML ? MAILTAG_HTML : MAILTAG_TEXT,
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

	while (start != NULL && (start[5] == '\0' || strchr(" \t\n\v\f\r>", start[5]) == NULL))
		start = find_ignoring_case(start + 1, "<html");
	return start != NULL && find_ignoring_case(start, "</html>") != NULL;
}

/* LF becomes <br> LF. */
static void
append_lines_as_html(GString *html, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *joined = g_strjoinv("<br>\n", lines);

	g_string_append(html, joined);
}

/* Its URL, which stands on a line of its own, is a link: what a mail program makes of a long address by itself, it may break. */
static void
append_review_as_html(GString *html, const char *review)
{
	g_auto(GStrv) lines = g_strsplit(review, "\n", -1);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		g_autofree char *escaped = html_escape(*line);
		if (g_str_has_prefix(*line, "http"))
			g_string_append_printf(html, "<br>\n<a href=\"%s\">%s</a>", escaped, escaped);
		else
			g_string_append_printf(html, "<br>\n%s", escaped);
	}
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
	append_review_as_html(html, source->review != NULL ? source->review : "");
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

/* Languages that are written from right to left. */
static gboolean
is_right_to_left(const char *language)
{
	static const char *const languages[] = {
	    "ar", "ary", "azb", "ckb", "dv", "fa", "haz", "he", "ps", "sd", "skr", "ug", "ur", "yi"};

	for (gsize i = 0; i < G_N_ELEMENTS(languages); i++)
		if (g_str_equal(language, languages[i]))
			return TRUE;
	return FALSE;
}

/* ` dir="ltr" lang="ja-JP"`, or "" if the locale is none (contract 11.1): two or three small letters, and maybe "_" and letters. */
static char *
language_attributes(const char *locale)
{
	gsize size = strspn(locale, G_CSET_a_2_z);
	const char *region = locale + size + (locale[size] == '_');
	gsize region_size = strspn(region, G_CSET_a_2_z G_CSET_A_2_Z);

	if (size < 2 || size > 3 || region[region_size] != '\0' || (locale[size] == '_' && region_size == 0))
		return g_strdup("");
	g_autofree char *language = g_strndup(locale, size);
	g_autofree char *tag = g_strdelimit(g_strdup(locale), "_", '-');
	return g_strdup_printf(" dir=\"%s\" lang=\"%s\"", is_right_to_left(language) ? "rtl" : "ltr", tag);
}

static char *
framed(const LetterBodySource *source, const char *body, const char *facts)
{
	g_autofree char *attributes = language_attributes(source->form->source->locale);
	g_autofree char *title = html_escape_once(source->subject);
	g_autofree char *paragraphs = paragraphs_format(body);

	return g_strdup_printf(
	    "<!doctype html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"%s>\n<head>\n<title>%s</title>\n</head>\n<body>\n"
	    "%s%s\n</body>\n</html>\n",
	    attributes, title, paragraphs, facts);
}

static char *
html_with(const LetterBodySource *source, const char *facts)
{
	g_autofree char *replaced = replaced_body(source);
	g_autofree char *body = show_addresses(replaced);

	return is_document(body) ? document_with(body, facts) : framed(source, body, facts);
}

/* A text that is called HTML stays as it is, but for the facts. */
static char *
typed_html_with(const LetterBodySource *source, const char *facts)
{
	g_autofree char *body = replaced_body(source);

	return is_document(body) ? document_with(body, facts) : g_strconcat(body, facts, NULL);
}

char *
letter_body_html(const LetterBodySource *source)
{
	if (source->format == LETTER_BODY_TEXT)
		return NULL;
	g_autofree char *facts = facts_html(source);
	return source->format == LETTER_BODY_HTML ? html_with(source, facts) : typed_html_with(source, facts);
}

/* --- Plain text of HTML ---------------------------------------------------------------------------------------------- */

/* Appends `html` without the elements of that name; the name ends where no letter or digit follows. Linear: an element without end is kept. */
static char *
without_element(const char *html, const char *name)
{
	g_autofree char *start_tag = g_strconcat("<", name, NULL);
	g_autofree char *end_tag = g_strconcat("</", name, ">", NULL);
	gsize size = strlen(start_tag);
	GString *kept = g_string_new(NULL);

	for (const char *start; (start = find_ignoring_case(html, start_tag)) != NULL;) {
		const char *end = g_ascii_isalnum(start[size]) ? NULL : find_ignoring_case(start, end_tag);
		if (end == NULL && !g_ascii_isalnum(start[size]))
			break;
		const char *next = end == NULL ? start + size : end + strlen(end_tag);
		g_string_append_len(kept, html, (end == NULL ? next : start) - html);
		html = next;
	}
	g_string_append(kept, html);
	return g_string_free(kept, FALSE);
}

char *
letter_body_plain(const char *html)
{
	g_autofree char *headless = without_element(html, "head");
	g_autofree char *untitled = without_element(headless, "title");
	g_autofree char *stripped = html_strip_tags(untitled);
	g_autofree char *decoded = html_decode(stripped);

	return text_with_lf(decoded);
}

static char *
plain_body(const LetterBodySource *source)
{
	if (source->format == LETTER_BODY_TEXT)
		return replaced_body(source);
	g_autofree char *html = html_with(source, "");
	return letter_body_plain(html);
}

char *
letter_body_text(const LetterBodySource *source)
{
	if (source->format == LETTER_BODY_TYPED_HTML)
		return NULL;
	g_autofree char *body = plain_body(source);
	if (!source->has_facts)
		return g_steal_pointer(&body);
	g_autofree char *facts = facts_text(source);
	return g_strdup_printf("%s\n\n%s%s", g_strchomp(body), facts, source->review != NULL ? source->review : "");
}
