/*
 * The owner's report as plain text (report_paper.h says what, this file where it stands): for the mail's text part, which some read aloud, and for a terminal. No state, no I/O.
 */
#include <string.h>

#include "report_paper.h"
#include "report_text_chart.h"
#include "sekisho/base/text.h"

/* Numbers, and the bars of reasons. */
#define COUNT_CELLS 7u
#define CHANGE_CELLS 9u
#define INDENT 2u
#define BAR_CELLS 24u
/* What is narrower could not hold a table. */
#define LEAST_WIDTH 40u

typedef struct {
	GString *output;
	const Report *report;
	const Site *site;
	const char *locale;
	guint width;
	PaperKind above; /* of the block before */
} Sheet;

static void
pad(GString *output, guint cells)
{
	for (guint i = 0; i < cells; i++)
		g_string_append_c(output, ' ');
}

static void
append_right(GString *output, const char *text, guint cells)
{
	guint width = text_width(text);

	pad(output, cells - MIN(cells, width));
	g_string_append(output, text);
}

/* Of titles and headings, which are texts of ours. */
static void
append_underlined(const Sheet *sheet, const char *text, const char *line)
{
	g_string_append_printf(sheet->output, "%s\n", text);
	for (guint i = MIN(text_width(text), sheet->width); i > 0; i--)
		g_string_append(sheet->output, line);
	g_string_append_c(sheet->output, '\n');
}

static void
append_notes(const Sheet *sheet, const PaperRow *row, guint indent)
{
	for (guint i = 0; i < row->notes->len; i++)
		text_wrap(sheet->output, sheet->width, indent, "", row->notes->pdata[i]);
}

/* --- Blocks -------------------------------------------------------------------------------------------------------------------- */

static void
set_title(const Sheet *sheet, const PaperBlock *block)
{
	const PaperRow *row = block->rows->pdata[0];

	append_underlined(sheet, block->text, "=");
	text_wrap(sheet->output, sheet->width, 0, "", row->label);
	append_notes(sheet, row, 0);
}

static void
set_sentence(const Sheet *sheet, const PaperBlock *block)
{
	static const struct {
		const char *lead;
		guint indent;
	} places[] = {[PAPER_LEAD] = {"", 0},
	    [PAPER_WARNING] = {"! ", 2},
	    [PAPER_SENTENCE] = {"", INDENT},
	    [PAPER_REST] = {"", INDENT},
	    [PAPER_FOOT] = {"", 0}};

	if (block->kind != PAPER_REST && sheet->above != PAPER_HEADING)
		g_string_append_c(sheet->output, '\n');
	text_wrap(sheet->output, sheet->width, places[block->kind].indent, places[block->kind].lead, block->text);
}

static void
set_heading(const Sheet *sheet, const PaperBlock *block)
{
	g_string_append_c(sheet->output, '\n');
	append_underlined(sheet, block->text, "-");
}

/* One line of a table of counts: a label that is too long has lines of its own before the last. */
static void
append_counted(const Sheet *sheet, const PaperRow *row, guint number_cells)
{
	const guint columns = sheet->width - number_cells;
	g_autofree char *mark =
	    g_strdup_printf("%s ", row->verdict == PAPER_NO_VERDICT ? " " : text_chart_mark((TallyVerdict)row->verdict));
	g_autoptr(GString) label = g_string_new(NULL);

	text_wrap(label, columns, 2 * INDENT, mark, row->label);
	g_string_truncate(label, label->len - 1);
	const char *last = strrchr(label->str, '\n');
	const guint used = text_width(last == NULL ? label->str : last + 1);
	g_string_append(sheet->output, label->str);
	pad(sheet->output, columns - MIN(used, columns));
	append_right(sheet->output, row->value, COUNT_CELLS);
	if (row->before != NULL) {
		append_right(sheet->output, row->before, number_cells - COUNT_CELLS - CHANGE_CELLS);
		append_right(sheet->output, row->change, CHANGE_CELLS);
	}
	g_string_append_c(sheet->output, '\n');
}

static void
set_counts(const Sheet *sheet, const PaperBlock *block)
{
	const char *before = report_paper_column(sheet->report, sheet->locale, PAPER_BEFORE);
	const gboolean is_compared = sheet->report->is_before_known;
	const guint before_cells = MAX(text_width(before) + 2, COUNT_CELLS);
	const guint number_cells = is_compared ? COUNT_CELLS + before_cells + CHANGE_CELLS : COUNT_CELLS;

	if (is_compared) {
		pad(sheet->output, sheet->width - number_cells);
		append_right(sheet->output, report_paper_column(sheet->report, sheet->locale, PAPER_NOW), COUNT_CELLS);
		append_right(sheet->output, before, before_cells);
		append_right(sheet->output, report_paper_column(sheet->report, sheet->locale, PAPER_CHANGE), CHANGE_CELLS);
		g_string_append_c(sheet->output, '\n');
	}
	for (guint i = 0; i < block->rows->len; i++)
		append_counted(sheet, block->rows->pdata[i], number_cells);
}

static void
set_list(const Sheet *sheet, const PaperBlock *block)
{
	guint cells = 0;

	for (guint i = 0; i < block->rows->len; i++)
		cells = MAX(cells, text_width(((const PaperRow *)block->rows->pdata[i])->value));
	for (guint i = 0; i < block->rows->len; i++) {
		const PaperRow *row = block->rows->pdata[i];
		g_autoptr(GString) lead = g_string_new(NULL);
		append_right(lead, row->value, cells);
		g_string_append(lead, cells == 0 ? "" : "  ");
		const guint indent = INDENT + text_width(lead->str);
		text_wrap(sheet->output, sheet->width, indent, lead->str, row->label);
		append_notes(sheet, row, indent + INDENT);
	}
}

static void
set_cases(const Sheet *sheet, const PaperBlock *block)
{
	for (guint i = 0; i < block->rows->len; i++) {
		const PaperRow *row = block->rows->pdata[i];
		g_autofree char *head = g_strdup_printf("%s: %s", row->value, row->label);
		g_string_append_c(sheet->output, '\n');
		text_wrap(sheet->output, sheet->width, INDENT, "", head);
		append_notes(sheet, row, 2 * INDENT);
		if (row->link == NULL)
			continue;
		g_autofree char *link_text = g_strdup_printf("%s:", row->link_text);
		text_wrap(sheet->output, sheet->width, 2 * INDENT, "", link_text);
		text_wrap(sheet->output, sheet->width, 2 * INDENT, "", row->link);
	}
}

static void
set_spans(const Sheet *sheet, const PaperBlock *block)
{
	g_auto(GStrv) labels = report_paper_labels(sheet->report, sheet->site);

	(void)block;
	g_string_append_c(sheet->output, '\n');
	text_chart_spans(sheet->output, sheet->report->spans, (const char *const *)labels, sheet->width);
}

static void
set_reasons(const Sheet *sheet, const PaperBlock *block)
{
	guint64 most = 1;

	for (guint i = 0; i < block->rows->len; i++)
		most = MAX(most, ((const PaperRow *)block->rows->pdata[i])->count);
	for (guint i = 0; i < block->rows->len; i++) {
		const PaperRow *row = block->rows->pdata[i];
		g_autofree char *lead = g_strdup_printf("%2u. ", i + 1);
		text_wrap(sheet->output, sheet->width, INDENT + 4, lead, row->label);
		pad(sheet->output, INDENT + 4);
		text_chart_bar(sheet->output, row->count, most, BAR_CELLS);
		g_string_append_printf(sheet->output, " %s", row->value);
		if (row->before != NULL)
			g_string_append_printf(sheet->output, " (%s: %s)",
			    report_paper_column(sheet->report, sheet->locale, PAPER_BEFORE), row->before);
		g_string_append_c(sheet->output, '\n');
	}
}

/* --- The whole ------------------------------------------------------------------------------------------------------------------ */

char *
report_text(const Report *report, const Site *site, const char *locale, guint width)
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
	Sheet sheet = {
	    .output = g_string_new(NULL), .report = report, .site = site, .locale = locale, .width = MAX(width, LEAST_WIDTH)};

	for (guint i = 0; i < blocks->len; i++) {
		const PaperBlock *block = blocks->pdata[i];
		setters[block->kind](&sheet, block);
		sheet.above = block->kind;
	}
	return g_string_free(sheet.output, FALSE);
}
