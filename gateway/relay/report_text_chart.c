/*
 * Charts drawn with characters. No state, no I/O.
 */
#include "report_text_chart.h"

#include <string.h>

#define ROWS 8u
/* The scale on the left: "12345 │". */
#define SCALE_CELLS 7u
/* A column with the gap behind it. */
#define COLUMN_CELLS_MAX 6u
#define EIGHTHS 8u

/* A column's verdicts, summed over its spans, in the order in which they are stacked. */
typedef struct {
	guint64 verdicts[TALLY_VERDICTS];
	guint64 all;
} Column;

const char *
text_chart_mark(TallyVerdict verdict)
{
	static const char *const marks[TALLY_VERDICTS] = {[TALLY_ACCEPTED] = "█",
	    [TALLY_HELD] = "▓",
	    [TALLY_REJECTED] = "▒",
	    [TALLY_WAIT] = "░",
	    [TALLY_AGAIN] = "░",
	    [TALLY_REPEATED] = "░"};

	return marks[verdict];
}

/* --- Columns ------------------------------------------------------------------------------------------------------------------ */

static GArray *
columns_of(const GArray *spans, guint spans_each)
{
	GArray *columns = g_array_new(FALSE, TRUE, sizeof(Column));

	g_array_set_size(columns, (spans->len + spans_each - 1) / spans_each);
	for (guint i = 0; i < spans->len; i++) {
		const ReportSpan *span = &g_array_index(spans, ReportSpan, i);
		Column *column = &g_array_index(columns, Column, i / spans_each);
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++) {
			column->verdicts[verdict] += span->verdicts[verdict];
			column->all += span->verdicts[verdict];
		}
	}
	return columns;
}

static guint64
highest(const GArray *columns)
{
	guint64 most = 1;

	for (guint i = 0; i < columns->len; i++)
		most = MAX(most, g_array_index(columns, Column, i).all);
	return most;
}

/* What a column shows `row` rows above the ground. The middle of a cell decides, but the lowest one shows the least there is. */
static const char *
cell_mark(const Column *column, guint row, guint64 most)
{
	const guint64 at = row == 0 ? 0 : (2 * (guint64)row + 1) * most / (2 * (guint64)ROWS);
	guint64 below = 0;

	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++) {
		below += column->verdicts[verdict];
		if (at < below)
			return text_chart_mark((TallyVerdict)verdict);
	}
	return " ";
}

static void
append_row(GString *output, const GArray *columns, guint row, guint cells)
{
	const guint64 most = highest(columns);
	const gsize begin = output->len;

	if (row == ROWS - 1 || row == 0)
		g_string_append_printf(output, "%5" G_GUINT64_FORMAT " │", row == 0 ? 0 : most);
	else
		g_string_append(output, "      │");
	for (guint i = 0; i < columns->len; i++) {
		const char *mark = cell_mark(&g_array_index(columns, Column, i), row, most);
		for (guint cell = 0; cell < cells; cell++)
			g_string_append(output, cells > 1 && cell == cells - 1 ? " " : mark);
	}
	while (output->len > begin && output->str[output->len - 1] == ' ')
		g_string_truncate(output, output->len - 1);
	g_string_append_c(output, '\n');
}

/* Each label below its column, unless the one before reaches that far. They are ASCII. */
static void
append_labels(GString *output, const char *const *labels, guint count, guint spans_each, guint cells)
{
	g_autoptr(GString) line = g_string_new("       ");

	for (guint i = 0; i < count; i++) {
		const guint column = SCALE_CELLS + i / spans_each * cells;
		if (labels[i] == NULL || *labels[i] == '\0' || (line->len >= column && line->len > SCALE_CELLS))
			continue;
		while (line->len < column)
			g_string_append_c(line, ' ');
		g_string_append(line, labels[i]);
	}
	g_string_append_printf(output, "%s\n", line->str);
}

void
text_chart_spans(GString *output, const GArray *spans, const char *const *labels, guint width)
{
	const guint room = MAX(width, SCALE_CELLS + 1) - SCALE_CELLS;

	if (spans->len == 0)
		return;
	const guint spans_each = (spans->len + room - 1) / room;
	g_autoptr(GArray) columns = columns_of(spans, spans_each);
	const guint cells = MIN(room / columns->len, COLUMN_CELLS_MAX);
	for (guint row = ROWS; row > 0; row--)
		append_row(output, columns, row - 1, cells);
	append_labels(output, labels, spans->len, spans_each, cells);
}

/* --- Bars ------------------------------------------------------------------------------------------------------------------------ */

void
text_chart_bar(GString *output, guint64 count, guint64 most, guint cells)
{
	static const char *const parts[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	const double share = most == 0 ? 0 : (double)MIN(count, most) / (double)most;
	guint eighths = (guint)(share * cells * EIGHTHS + 0.5);

	if (count > 0)
		eighths = MAX(eighths, 1);
	for (guint i = 0; i < eighths / EIGHTHS; i++)
		g_string_append(output, "█");
	g_string_append(output, parts[eighths % EIGHTHS]);
}
