/*
 * Charts as PNG images, drawn by cairo. The ground is light and its corners are round and empty, so the picture stands on a dark page as a card. No state, no I/O.
 */
#include "sekisho/relay/chart.h"

#include <cairo.h>

#include "chart_digits.h"

#define WIDTH 1200
#define SPANS_HEIGHT 440
/* A reason's bar with the space around it. */
#define REASON_HEIGHT 52
#define REASON_LIMIT 8u
/* In which the corners are round, and around what is drawn. */
#define CORNER 24.0
#define EDGE 28.0
/* For the numbers on the left, and for the labels below. */
#define SCALE_WIDTH 100.0
#define LABELS_HEIGHT 66.0
/* Lines across the chart. */
#define LINES 4u
#define GROUND 0xfbfbfcu
#define LINE 0xd9dce1u
#define INK 0x4a5058u
#define REASON_BAR 0x3f6fb5u

/* Apart for those who do not see red and green, and each at least 3:1 against the ground. */
static const struct {
	guint32 rgb;
	const char *name;
} colours[TALLY_VERDICTS] = {[TALLY_ACCEPTED] = {0x2f7ebcu, "#2f7ebc"},
    [TALLY_HELD] = {0xc97700u, "#c97700"},
    [TALLY_REJECTED] = {0xb3323cu, "#b3323c"},
    [TALLY_WAIT] = {0x8059b0u, "#8059b0"},
    [TALLY_AGAIN] = {0x2b8f80u, "#2b8f80"},
    [TALLY_REPEATED] = {0x7d8792u, "#7d8792"}};

/* Where the columns stand. */
typedef struct {
	double left, top, width, height;
} Area;

const char *
chart_colour(TallyVerdict verdict)
{
	return colours[verdict].name;
}

/* --- The canvas ------------------------------------------------------------------------------------------------------------------ */

static void
use_colour(cairo_t *canvas, guint32 rgb)
{
	cairo_set_source_rgb(canvas, (rgb >> 16) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

static cairo_t *
canvas_new(int height)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, WIDTH, height);
	cairo_t *canvas = cairo_create(surface);

	cairo_surface_destroy(surface);
	cairo_arc(canvas, WIDTH - CORNER, CORNER, CORNER, -G_PI_2, 0);
	cairo_arc(canvas, WIDTH - CORNER, height - CORNER, CORNER, 0, G_PI_2);
	cairo_arc(canvas, CORNER, height - CORNER, CORNER, G_PI_2, G_PI);
	cairo_arc(canvas, CORNER, CORNER, CORNER, G_PI, 3 * G_PI_2);
	use_colour(canvas, GROUND);
	cairo_fill(canvas);
	return canvas;
}

static cairo_status_t
write_bytes(void *closure, const unsigned char *data, unsigned int length)
{
	g_byte_array_append(closure, data, length);
	return CAIRO_STATUS_SUCCESS;
}

/* Ends the canvas. NULL if anything failed on the way: cairo keeps its first error. */
static GBytes *
canvas_png(cairo_t *canvas)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	cairo_status_t status = cairo_status(canvas);

	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(cairo_get_target(canvas), write_bytes, bytes);
	cairo_destroy(canvas);
	return status == CAIRO_STATUS_SUCCESS ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

static void
write_at(cairo_t *canvas, const char *text, double x, double y, double anchor)
{
	use_colour(canvas, INK);
	chart_digits(canvas, text, x, y, anchor);
}

static void
write_count(cairo_t *canvas, guint64 count, double x, double y, double anchor)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, count);

	write_at(canvas, text, x, y, anchor);
}

/* --- Spans ------------------------------------------------------------------------------------------------------------------------ */

static guint64
span_sum(const ReportSpan *span)
{
	guint64 sum = 0;

	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
		sum += span->verdicts[verdict];
	return sum;
}

/* What each line of the scale is worth, so that LINES of them hold the highest column: 1, 2 or 5 with zeros. */
static guint64
scale_step(const GArray *spans)
{
	guint64 most = 1, step = 1;

	for (guint i = 0; i < spans->len; i++)
		most = MAX(most, span_sum(&g_array_index(spans, ReportSpan, i)));
	for (guint turn = 0; step * LINES < most && step <= G_MAXUINT64 / 100; turn++)
		step = turn % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

static void
draw_scale(cairo_t *canvas, const Area *area, guint64 step)
{
	for (guint i = 0; i <= LINES; i++) {
		double y = area->top + area->height - area->height * i / LINES;
		use_colour(canvas, LINE);
		cairo_rectangle(canvas, area->left, y - 1, area->width, 2);
		cairo_fill(canvas);
		write_count(canvas, step * i, area->left - 14, y + CHART_DIGIT_HEIGHT / 2, 1);
	}
}

static void
draw_span(cairo_t *canvas, const Area *column, const ReportSpan *span, guint64 top_value)
{
	double bottom = column->top + column->height;

	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++) {
		double height = column->height * (double)span->verdicts[verdict] / (double)top_value;
		use_colour(canvas, colours[verdict].rgb);
		cairo_rectangle(canvas, column->left, bottom - height, column->width, height);
		cairo_fill(canvas);
		bottom -= height;
	}
}

GBytes *
chart_spans(const GArray *spans, const char *const *labels)
{
	const Area area = {.left = EDGE + SCALE_WIDTH,
	    .top = EDGE + CHART_DIGIT_HEIGHT / 2,
	    .width = WIDTH - 2 * EDGE - SCALE_WIDTH,
	    .height = SPANS_HEIGHT - 2 * EDGE - CHART_DIGIT_HEIGHT / 2 - LABELS_HEIGHT};
	cairo_t *canvas = canvas_new(SPANS_HEIGHT);
	const guint64 step = scale_step(spans);
	const double slot = area.width / MAX(spans->len, 1);

	draw_scale(canvas, &area, step);
	for (guint i = 0; i < spans->len; i++) {
		const Area column = {
		    .left = area.left + slot * i + slot * 0.15, .top = area.top, .width = slot * 0.7, .height = area.height};
		draw_span(canvas, &column, &g_array_index(spans, ReportSpan, i), step * LINES);
		if (labels[i] != NULL)
			write_at(canvas, labels[i], area.left + slot * (i + 0.5), SPANS_HEIGHT - EDGE, 0.5);
	}
	return canvas_png(canvas);
}

/* --- Reasons ---------------------------------------------------------------------------------------------------------------------- */

static guint
shown_reasons(const GPtrArray *reasons)
{
	return MIN(reasons->len, REASON_LIMIT);
}

GBytes *
chart_reasons(const GPtrArray *reasons)
{
	const guint shown = shown_reasons(reasons);
	const double left = EDGE + 56, width = WIDTH - left - EDGE - SCALE_WIDTH;
	cairo_t *canvas = canvas_new((int)(2 * EDGE + REASON_HEIGHT * MAX(shown, 1)));
	guint64 most = 1;

	for (guint i = 0; i < shown; i++)
		most = MAX(most, ((const ReportReason *)reasons->pdata[i])->count.now);
	for (guint i = 0; i < shown; i++) {
		const guint64 count = ((const ReportReason *)reasons->pdata[i])->count.now;
		const double top = EDGE + REASON_HEIGHT * i, length = width * (double)count / (double)most;
		const double line = top + REASON_HEIGHT / 2.0 + CHART_DIGIT_HEIGHT / 2;
		write_count(canvas, i + 1, EDGE + 32, line, 1);
		use_colour(canvas, REASON_BAR);
		cairo_rectangle(canvas, left, top + 9, length, REASON_HEIGHT - 18);
		cairo_fill(canvas);
		write_count(canvas, count, left + length + 14, line, 0);
	}
	return canvas_png(canvas);
}
