/*
 * The page without script. Everything that is not ours is escaped; the policy in the header lets only this style sheet in,
 * named by its hash, so even an escaping mistake could not run anything. The visitor's typed values are not repeated here: the
 * browser's Back button brings the form back as it was left, and the page says so; our link leads to an empty one, and says that.
 *
 * No state but the policy, which is made once.
 */
#include "page.h"

#include <pthread.h>
#include <string.h>

#include "page_parts.h"
#include "sekisho/base/texts.h"

static const char STYLE[] =
    ":root{color-scheme:light dark}"
    "body{margin:0;font:1.0625rem/1.7 system-ui,sans-serif;background:Canvas;color:CanvasText}"
    "main{max-width:36rem;margin:12vh auto;padding:0 1.25rem}"
    "h1{font-size:1.375rem;line-height:1.4;margin:0 0 1rem;padding-left:.75rem;border-left:.3rem solid #2e7d32}"
    ".problem h1{border-color:#c62828}"
    "p,ul{margin:0 0 1rem}"
    ".message{white-space:pre-line}"
    "dt{font-weight:600}dd{margin:0 0 .5rem}"
    ".receipt{font-family:ui-monospace,monospace;letter-spacing:.06em}"
    "a{color:LinkText}"
    "button{font:inherit;font-weight:600;color:#fff;background:#2e7d32;border:0;border-radius:.3rem;padding:.7rem "
    "1.6rem;cursor:pointer}"
    "a:focus-visible,button:focus-visible{outline:.15rem solid;outline-offset:.2rem}"
    "form{margin:1.5rem 0}"
    /* The page of a review: its text in one column, and beside it, where there is room, what can be done. */
    ".review{max-width:70rem;margin:2rem auto;overflow-wrap:anywhere}"
    ".review h2{font-size:1.125rem;margin:2rem 0 .5rem}"
    ".review .message{border:.15rem solid #c62828;border-radius:.3rem;padding:.5rem .75rem}"
    "small{display:block;font-size:.875rem;font-weight:400;line-height:1.5}"
    ".facts{margin:0}"
    ".facts>div{display:grid;grid-template-columns:9rem 1fr;gap:0 1rem;margin:0 0 .25rem}.facts dd{margin:0}"
    ".typed{border:1px solid;border-radius:.4rem;padding:1rem 1rem .5rem;margin:0 0 .5rem}"
    ".typed dd{white-space:pre-wrap;margin:0 0 .75rem}"
    ".none{font-style:italic}"
    ".why{padding-left:1.25rem}"
    ".why li{margin:0 0 .5rem}"
    ".review form{border-top:1px solid;padding:1rem 0 0;margin:1rem 0 0}"
    ".review form p{margin:.5rem 0 0}"
    ".review button{min-width:12rem;border:.125rem solid #2e7d32}"
    ".review button.discard{background:Canvas;color:CanvasText;border-color:CanvasText}"
    ".review button.block{background:#b3261e;border-color:#b3261e}"
    "fieldset{border:0;padding:0;margin:0}"
    "legend{font-weight:600;padding:0}"
    "label{display:flex;gap:.75rem;align-items:baseline;margin:.75rem 0;cursor:pointer}"
    "input[type=radio]{flex:none;width:1.25rem;height:1.25rem;margin:0;align-self:flex-start;margin-top:.3rem}"
    "input:focus-visible{outline:.15rem solid;outline-offset:.2rem}"
    "@media(min-width:60rem){.columns{display:grid;grid-template-columns:1fr "
    "24rem;gap:3rem;align-items:start}.columns>section>h2{margin-top:0}}"
    "@media(max-width:30rem){.facts>div{grid-template-columns:8rem 1fr}.review button{width:100%}}";

static char security_policy[256];
static char link_policy[256];

static void
make_security_policy(void)
{
	guint8 digest[32];
	gsize size = sizeof digest;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)STYLE, (gssize)strlen(STYLE));
	g_checksum_get_digest(checksum, digest, &size);
	g_autofree char *hash = g_base64_encode(digest, size);
	g_snprintf(security_policy, sizeof security_policy,
	    "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'", hash);
	g_snprintf(link_policy, sizeof link_policy,
	    "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", hash);
}

const char *
page_security_policy(gboolean is_link)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, make_security_policy);
	return is_link ? link_policy : security_policy;
}

const char *
page_locale(const char *accept_language, const char *site_locale)
{
	if (g_ascii_strncasecmp(accept_language, "ja", 2) == 0)
		return "ja";
	return g_ascii_strncasecmp(accept_language, "en", 2) == 0 ? "en" : site_locale;
}

void
page_append(GString *page, const char *format, ...)
{
	va_list texts;
	va_start(texts, format);
	g_autofree char *part = g_markup_vprintf_escaped(format, texts);
	va_end(texts);
	g_string_append(page, part);
}

char *
page_language(const char *locale)
{
	const gsize size = strcspn(locale, "_");
	return size > 0 ? g_strndup(locale, size) : g_strdup("en");
}

GString *
page_begin(const PageFrame *frame, const char *title_id, const char *class_name)
{
	const char *title = text_for(frame->locale, title_id);
	g_autofree char *language = page_language(frame->locale);
	GString *page = g_string_new(NULL);
	page_append(page, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"UTF-8\">\n", language);
	page_append(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n", title);
	g_string_append_printf(page, "<style>%s</style>\n</head>\n", STYLE);
	page_append(page, "<body>\n<main class=\"%s\">\n<h1>%s</h1>\n", class_name, title);
	return page;
}

static Answer *
end(GString *page, guint status, const PageFrame *frame, const char *back_text_id)
{
	if (frame->back_url[0] != '\0')
		page_append(page, "<p><a href=\"%s\">%s</a></p>\n", frame->back_url, text_for(frame->locale, back_text_id));
	g_string_append(page, "</main>\n</body>\n</html>\n");
	Answer *answer = g_new0(Answer, 1);
	answer->status = status;
	answer->is_page = TRUE;
	answer->body = g_string_free(page, FALSE);
	return answer;
}

/* A field by the words that the visitor saw beside it, if they can be found. */
static void
append_invalid_fields(GString *page, const GPtrArray *invalid, const PageFrame *frame)
{
	g_string_append(page, "<dl>\n");
	for (guint i = 0; i < invalid->len; i++) {
		const InvalidField *field = invalid->pdata[i];
		g_autofree char *label = frame->form != NULL ? form_field_label(frame->form, field->field) : NULL;
		page_append(page, "<dt>%s</dt><dd>%s</dd>\n", label != NULL ? label : field->field, field->message);
	}
	g_string_append(page, "</dl>\n");
}

Answer *
page_outcome(const Outcome *outcome, const PageFrame *frame)
{
	const gboolean is_sent = strcmp(outcome->status, "mail_sent") == 0;
	GString *page = page_begin(frame, is_sent ? "page.title_sent" : "page.title_problem", is_sent ? "sent" : "problem");
	page_append(page, "<p class=\"message\" role=\"%s\">%s</p>\n", is_sent ? "status" : "alert", outcome->message);
	for (char **hint = outcome->hints; hint != NULL && *hint != NULL; hint++)
		page_append(page, "<p>%s</p>\n", *hint);
	if (outcome->invalid != NULL && outcome->invalid->len > 0)
		append_invalid_fields(page, outcome->invalid, frame);
	if (outcome->receipt != NULL)
		page_append(page, "<p>%s <strong class=\"receipt\">%s</strong></p>\n", text_for(frame->locale, "page.receipt"),
		    outcome->receipt);
	if (!is_sent)
		page_append(page, "<p>%s</p>\n", text_for(frame->locale, "page.use_back_button"));
	return end(page, 200, frame, is_sent ? "page.back" : "page.start_again");
}

Answer *
page_refusal(guint status, const char *text_id, const PageFrame *frame)
{
	GString *page = page_begin(frame, "page.title_problem", "problem");
	page_append(page, "<p class=\"message\" role=\"alert\">%s</p>\n", text_for(frame->locale, text_id));
	return end(page, status, frame, "page.back");
}

Answer *
page_end_link(GString *page, guint status, const PageFrame *frame)
{
	Answer *answer = end(page, status, frame, "page.back");
	answer->is_link = TRUE;
	return answer;
}

Answer *
page_confirm(const char *site_title, const char *token, const PageFrame *frame)
{
	const TextPlace places[] = {{"site", site_title}, {NULL, NULL}};
	g_autofree char *what = text_fill(text_for(frame->locale, "page.confirm_ask"), places);
	GString *page = page_begin(frame, "page.confirm_title", "sent");
	page_append(page, "<p>%s</p>\n", what);
	/* Relative, because the site may live below any path and behind any name. */
	page_append(page,
	    "<form method=\"post\" action=\"confirm\"><input type=\"hidden\" name=\"t\" value=\"%s\">"
	    "<button type=\"submit\">%s</button></form>\n",
	    token, text_for(frame->locale, "page.confirm_button"));
	page_append(page, "<p>%s</p>\n", text_for(frame->locale, "page.confirm_stranger"));
	return page_end_link(page, 200, frame);
}

Answer *
page_confirm_end(guint status, const char *text_id, const PageFrame *frame)
{
	const gboolean is_done = status == 200;
	GString *page =
	    page_begin(frame, is_done ? "page.confirm_done_title" : "page.confirm_problem_title", is_done ? "sent" : "problem");
	page_append(
	    page, "<p class=\"message\" role=\"%s\">%s</p>\n", is_done ? "status" : "alert", text_for(frame->locale, text_id));
	return page_end_link(page, status, frame);
}
