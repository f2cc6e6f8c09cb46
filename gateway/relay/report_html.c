/*
 * The owner's report as HTML for mail programs (report_paper.h says what, this file how it looks): tables, and styles in the elements, because many programs take no others. What stands in
 * <style> only turns it dark where a program can do that; without, it is a light page. Nothing is loaded from elsewhere. No state, no I/O.
 */
#include "report_paper.h"
#include "sekisho/relay/chart.h"
#include "sekisho/wire/html.h"

#define FONTS "font-family:-apple-system,'Segoe UI','Hiragino Sans','Noto Sans JP',Meiryo,sans-serif"
#define INK "color:#1f2429;"
#define FAINT "color:#5a626b;"
#define NUMBER_CELL                                                                                                              \
	"text-align:right;white-space:nowrap;vertical-align:top;padding:6px 0 6px 12px;border-bottom:1px solid #e3e6ea;"
#define TEXT_CELL "text-align:left;vertical-align:top;padding:6px 0;border-bottom:1px solid #e3e6ea;"

/* Colours of the classes, for programs in the dark. */
static const char dark_style[] = ":root{color-scheme:light dark}"
				 "@media (max-width:480px){.sheet{padding:16px!important}}"
				 "@media (prefers-color-scheme:dark){"
				 ".ground{background:#14171a!important}"
				 ".sheet{background:#1e2226!important}"
				 ".ink,.ink td,.ink th,h1,h2{color:#e8eaed!important}"
				 ".faint,.ink .faint{color:#a9b1ba!important}"
				 ".warning{background:#3a2d10!important;color:#ffe3a6!important;border-color:#d99a1c!important}"
				 ".case{background:#262b30!important}"
				 ".ink td,.ink th{border-color:#343a41!important}"
				 ".state{color:#ffb84d!important}"
				 ".over .state{color:#a9b1ba!important}"
				 ".button{background:#8ab8f0!important;color:#10151a!important}"
				 "}";

typedef struct {
	GString *output;
	const Report *report;
	const Site *site;
	const char *locale;
	const char *image_prefix; /* NULL: images are data: URLs */
} Sheet;

static void
append(const Sheet *sheet, const char *before, const char *text, const char *after)
{
	g_autofree char *escaped = html_escape(text);

	g_string_append_printf(sheet->output, "%s%s%s", before, escaped, after);
}

/* --- Images ------------------------------------------------------------------------------------------------------------------------ */

/* If it could not be drawn, its text says the same. */
static void
append_image(const Sheet *sheet, PaperKind kind, const char *alternative)
{
	g_autoptr(GBytes) content = report_paper_image(sheet->report, sheet->site, kind);
	g_autofree char *source = NULL;

	if (content == NULL) {
		append(sheet, "<p class=\"faint\" style=\"" FAINT "margin:8px 0\">", alternative, "</p>\n");
		return;
	}
	if (sheet->image_prefix != NULL) {
		g_autofree char *id = report_paper_image_id(sheet->report, kind);
		source = g_strconcat(sheet->image_prefix, id, NULL);
	} else {
		g_autofree char *encoded = g_base64_encode(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
		source = g_strconcat("data:image/png;base64,", encoded, NULL);
	}
	append(sheet, "<img src=\"", source,
	    "\" width=\"600\" style=\"display:block;width:100%;max-width:600px;height:auto;border:0;margin:12px 0\"");
	append(sheet, " alt=\"", alternative, "\">\n");
}

static void
set_spans(const Sheet *sheet, const PaperBlock *block)
{
	append_image(sheet, PAPER_SPANS, block->text);
}

/* --- Blocks ------------------------------------------------------------------------------------------------------------------------- */

static void
set_title(const Sheet *sheet, const PaperBlock *block)
{
	const PaperRow *row = block->rows->pdata[0];

	append(sheet, "<h1 style=\"" INK "font-size:24px;line-height:1.3;margin:0 0 4px\">", block->text, "</h1>\n");
	append(sheet, "<p style=\"margin:0\"><b>", row->label, "</b></p>\n");
	append(sheet, "<p class=\"faint\" style=\"" FAINT "margin:0\">", row->notes->pdata[0], "</p>\n");
}

/* What stands between two "`" is typed by somebody. */
static void
append_commands(const Sheet *sheet, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "`", -1);

	for (guint i = 0; parts[i] != NULL; i++)
		append(sheet,
		    i % 2 == 0 ? "" : "<code style=\"display:inline-block;font-family:Menlo,Consolas,monospace;font-size:14px\">",
		    parts[i], i % 2 == 0 ? "" : "</code>");
}

static void
set_sentence(const Sheet *sheet, const PaperBlock *block)
{
	static const char *const styles[] = {[PAPER_LEAD] = "<p style=\"font-size:18px;margin:20px 0 0\">",
	    [PAPER_WARNING] = "<p class=\"warning\" style=\"background:#fff4d6;color:#4a3500;border-left:4px solid "
			      "#c97700;padding:12px 16px;margin:16px 0 0\">",
	    [PAPER_SENTENCE] = "<p style=\"margin:8px 0\">",
	    [PAPER_REST] = "<p class=\"faint\" style=\"" FAINT "margin:8px 0\">",
	    [PAPER_FOOT] = "<p class=\"faint\" style=\"" FAINT
			   "font-size:13px;border-top:1px solid #c9ced4;margin:32px 0 0;padding-top:12px\">"};

	g_string_append(sheet->output, styles[block->kind]);
	append_commands(sheet, block->text);
	g_string_append(sheet->output, "</p>\n");
}

static void
set_heading(const Sheet *sheet, const PaperBlock *block)
{
	append(sheet, "<h2 style=\"" INK "font-size:18px;line-height:1.3;margin:32px 0 8px\">", block->text, "</h2>\n");
}

static void
append_column(const Sheet *sheet, PaperColumn column)
{
	append(sheet, "<th class=\"faint\" scope=\"col\" style=\"" FAINT "font-weight:normal;font-size:13px;" NUMBER_CELL "\">",
	    report_paper_column(sheet->report, sheet->locale, column), "</th>");
}

static void
begin_table(const Sheet *sheet)
{
	g_string_append(sheet->output,
	    "<table class=\"ink\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"" INK
	    "width:100%;border-collapse:collapse\">\n");
}

static void
append_notes(const Sheet *sheet, const PaperRow *row)
{
	for (guint i = 0; i < row->notes->len; i++)
		append(sheet, "<br><span class=\"faint\" style=\"" FAINT "font-size:14px;word-break:break-word\">",
		    row->notes->pdata[i], "</span>");
}

static void
append_counted(const Sheet *sheet, const PaperRow *row)
{
	g_string_append(sheet->output, "<tr><th scope=\"row\" style=\"font-weight:normal;" TEXT_CELL "\">");
	if (row->verdict != PAPER_NO_VERDICT)
		g_string_append_printf(sheet->output, "<span aria-hidden=\"true\" style=\"color:%s\">&#9632;</span> ",
		    chart_colour((TallyVerdict)row->verdict));
	append(sheet, "", row->label, "</th>");
	append(sheet, "<td style=\"" NUMBER_CELL "\"><b>", row->value, "</b></td>");
	if (row->before != NULL) {
		append(sheet, "<td style=\"" NUMBER_CELL "\">", row->before, "</td>");
		append(sheet, "<td class=\"faint\" style=\"" FAINT NUMBER_CELL "\">", row->change, "</td>");
	}
	g_string_append(sheet->output, "</tr>\n");
}

static void
set_counts(const Sheet *sheet, const PaperBlock *block)
{
	begin_table(sheet);
	if (sheet->report->is_before_known) {
		g_string_append(sheet->output, "<tr><td style=\"" TEXT_CELL "\"></td>");
		append_column(sheet, PAPER_NOW);
		append_column(sheet, PAPER_BEFORE);
		append_column(sheet, PAPER_CHANGE);
		g_string_append(sheet->output, "</tr>\n");
	}
	for (guint i = 0; i < block->rows->len; i++)
		append_counted(sheet, block->rows->pdata[i]);
	g_string_append(sheet->output, "</table>\n");
}

static void
set_list(const Sheet *sheet, const PaperBlock *block)
{
	begin_table(sheet);
	for (guint i = 0; i < block->rows->len; i++) {
		const PaperRow *row = block->rows->pdata[i];
		append(sheet, "<tr><td style=\"word-break:break-word;" TEXT_CELL "\">", row->label, "");
		append_notes(sheet, row);
		append(sheet, "</td><td style=\"" NUMBER_CELL "\"><b>", row->value, "</b></td></tr>\n");
	}
	g_string_append(sheet->output, "</table>\n");
}

/* The chart has no words: its bars have the numbers of the rows below. */
static void
set_reasons(const Sheet *sheet, const PaperBlock *block)
{
	append_image(sheet, PAPER_REASONS, block->text);
	for (guint i = 0; i < block->rows->len; i++) {
		PaperRow *row = block->rows->pdata[i];
		g_autofree char *label = row->label;
		row->label = g_strdup_printf("%u. %s", i + 1, label);
	}
	set_counts(sheet, block);
}

static void
append_case(const Sheet *sheet, const PaperRow *row)
{
	g_string_append_printf(sheet->output,
	    "<div class=\"%s\" style=\"background:#f4f6f8;border-left:4px solid %s;padding:12px 16px;margin:12px 0\">\n",
	    row->is_over ? "case over" : "case", row->is_over ? "#8a939c" : "#c97700");
	g_string_append_printf(sheet->output, "<b class=\"state\" style=\"color:%s\">", row->is_over ? "#5a626b" : "#8a4f00");
	append(sheet, "", row->value, "</b>");
	append(sheet, "<br>", row->label, "");
	g_string_append(sheet->output, "\n<ul style=\"margin:6px 0 0;padding-left:20px\">\n");
	for (guint i = 0; i < row->notes->len; i++)
		append(sheet, "<li>", row->notes->pdata[i], "</li>\n");
	g_string_append(sheet->output, "</ul>\n");
	if (row->link != NULL) {
		append(sheet, "<p style=\"margin:12px 0 4px\"><a class=\"button\" href=\"", row->link,
		    "\" style=\"display:inline-block;background:#1d5fa8;color:#ffffff;text-decoration:none;padding:10px "
		    "18px;border-radius:6px\">");
		append(sheet, "", row->link_text, "</a></p>\n");
	}
	g_string_append(sheet->output, "</div>\n");
}

static void
set_cases(const Sheet *sheet, const PaperBlock *block)
{
	for (guint i = 0; i < block->rows->len; i++)
		append_case(sheet, block->rows->pdata[i]);
}

/* --- The whole ------------------------------------------------------------------------------------------------------------------------ */

static void
begin_page(const Sheet *sheet, const char *title)
{
	append(sheet, "<!DOCTYPE html>\n<html lang=\"", sheet->locale, "\">\n<head>\n<meta charset=\"utf-8\">\n");
	g_string_append(sheet->output, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
				       "<meta name=\"color-scheme\" content=\"light dark\">\n<meta "
				       "name=\"supported-color-schemes\" content=\"light dark\">\n");
	append(sheet, "<title>", title, "</title>\n");
	g_string_append_printf(sheet->output, "<style>%s</style>\n</head>\n", dark_style);
	g_string_append(sheet->output,
	    "<body class=\"ground\" style=\"margin:0;padding:0;background:#eceff2\">\n<div role=\"main\">\n"
	    "<table class=\"ground\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	    "style=\"background:#eceff2\"><tr><td align=\"center\">\n"
	    "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	    "style=\"max-width:648px\"><tr>\n"
	    "<td class=\"sheet ink\" style=\"background:#ffffff;" INK FONTS
	    ";font-size:16px;line-height:1.6;text-align:left;padding:24px\">\n");
}

char *
report_html(const Report *report, const Site *site, const char *locale, const char *image_prefix)
{
	typedef void (*Setter)(const Sheet *sheet, const PaperBlock *block);
	static const Setter setters[] = {[PAPER_TITLE] = set_title,
	    [PAPER_LEAD] = set_sentence,
	    [PAPER_WARNING] = set_sentence,
	    [PAPER_HEADING] = set_heading,
	    [PAPER_SENTENCE] = set_sentence,
	    [PAPER_COUNTS] = set_counts,
	    [PAPER_LIST] = set_list,
	    [PAPER_CASES] = set_cases,
	    [PAPER_REST] = set_sentence,
	    [PAPER_SPANS] = set_spans,
	    [PAPER_REASONS] = set_reasons,
	    [PAPER_FOOT] = set_sentence};
	g_autoptr(GPtrArray) blocks = report_paper_new(report, site, locale);
	g_autofree char *subject = report_paper_subject(report, site, locale);
	const Sheet sheet = {
	    .output = g_string_new(NULL), .report = report, .site = site, .locale = locale, .image_prefix = image_prefix};

	begin_page(&sheet, subject);
	for (guint i = 0; i < blocks->len; i++) {
		const PaperBlock *block = blocks->pdata[i];
		setters[block->kind](&sheet, block);
	}
	g_string_append(sheet.output, "</td></tr></table>\n</td></tr></table>\n</div>\n</body>\n</html>\n");
	return g_string_free(sheet.output, FALSE);
}
