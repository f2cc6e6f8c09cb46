/*
 * Characters of strokes, each as wide as its strokes are. No state.
 */
#include "chart_digits.h"

#include <glib.h>

/* The grid of a digit: columns 0 to 4, rows 0 to 6 from above; and what parts it from the next one. */
#define ROWS 6.0
#define GAP 2.1
#define PEN 0.95

/* Points of the grid as column and row; a comma lifts the pen. A dot is a line to where it begins. */
static const char *
strokes_of(char character)
{
	static const char *const digits[] = {"10 30 41 45 36 16 05 01 10", "01 20 26", "01 10 30 41 42 06 46",
	    "01 10 30 41 42 33 23,33 44 45 36 16 05", "36 30 04 44", "40 00 02 32 43 45 36 16 05",
	    "41 30 10 01 05 16 36 45 43 32 12 03", "00 40 41 16", "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",
	    "05 16 36 45 41 30 10 01 03 14 34 43"};

	if (character >= '0' && character <= '9')
		return digits[character - '0'];
	return character == '-' ? "03 23" : character == ':' ? "02 02,05 05" : "";
}

/* Columns that it takes, and the gap behind it. */
static double
step_of(char character)
{
	int columns = 0;

	for (const char *at = strokes_of(character); *at != '\0'; at += *at == ' ' || *at == ',' ? 1 : 2)
		columns = MAX(columns, *at - '0');
	return columns + GAP;
}

static void
draw(cairo_t *canvas, char character, double left, double top, double unit)
{
	gboolean is_lifted = TRUE;

	for (const char *at = strokes_of(character); *at != '\0'; at += *at == ' ' || *at == ',' ? 1 : 2) {
		if (*at == ' ')
			continue;
		if (*at == ',') {
			is_lifted = TRUE;
			continue;
		}
		const double x = left + (at[0] - '0') * unit, y = top + (at[1] - '0') * unit;
		if (is_lifted)
			cairo_move_to(canvas, x, y);
		else
			cairo_line_to(canvas, x, y);
		is_lifted = FALSE;
	}
	cairo_stroke(canvas);
}

void
chart_digits(cairo_t *canvas, const char *text, double x, double y, double anchor)
{
	const double unit = CHART_DIGIT_HEIGHT / ROWS;
	double width = -GAP * unit;

	for (const char *at = text; *at != '\0'; at++)
		width += step_of(*at) * unit;
	cairo_save(canvas);
	cairo_set_line_width(canvas, PEN * unit);
	cairo_set_line_cap(canvas, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
	x -= width * anchor;
	for (const char *at = text; *at != '\0'; at++) {
		draw(canvas, *at, x, y - CHART_DIGIT_HEIGHT, unit);
		x += step_of(*at) * unit;
	}
	cairo_restore(canvas);
}
