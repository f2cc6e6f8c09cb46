/*
 * Charts: pictures are read back and looked at where a bar must end, and those of characters compared.
 */
#include <cairo.h>
#include <string.h>

#include "relay/report_text_chart.h"
#include "report_sample.h"
#include "sekisho/base/text.h"
#include "sekisho/relay/chart.h"

/* --- Pictures --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
	const guint8 *data;
	gsize left;
} Source;

static cairo_status_t
read_bytes(void *closure, unsigned char *data, unsigned int length)
{
	Source *source = closure;

	if (length > source->left)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(data, source->data, length);
	source->data += length;
	source->left -= length;
	return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *
picture_of(GBytes *png)
{
	Source source = {.data = g_bytes_get_data(png, NULL), .left = g_bytes_get_size(png)};
	cairo_surface_t *picture = cairo_image_surface_create_from_png_stream(read_bytes, &source);

	g_assert_cmpint(cairo_surface_status(picture), ==, CAIRO_STATUS_SUCCESS);
	return picture;
}

/* How many pixels have that colour. */
static guint
pixels_of(cairo_surface_t *picture, const char *colour)
{
	const guint32 wanted = (guint32)g_ascii_strtoull(colour + 1, NULL, 16);
	const unsigned char *data = cairo_image_surface_get_data(picture);
	guint count = 0;

	for (int y = 0; y < cairo_image_surface_get_height(picture); y++) {
		const guint32 *row =
		    (const guint32 *)(const void *)(data + (gsize)y * (gsize)cairo_image_surface_get_stride(picture));
		for (int x = 0; x < cairo_image_surface_get_width(picture); x++)
			count += (row[x] & 0xffffffu) == wanted && row[x] >> 24 == 0xff;
	}
	return count;
}

/* The sample's verdicts have the areas that its numbers say. */
static void
test_spans(void)
{
	static const char *const labels[] = {"11-16", NULL, "", "11-19", "", "", ""};
	g_autoptr(Report) report = report_sample_busy();
	g_autoptr(GBytes) png = chart_spans(report->spans, labels);
	cairo_surface_t *picture = picture_of(png);
	guint64 sums[TALLY_VERDICTS] = {0};

	g_assert_cmpint(cairo_image_surface_get_width(picture), ==, 1200);
	g_assert_cmpint(cairo_image_surface_get_height(picture), ==, 440);
	for (guint i = 0; i < report->spans->len; i++)
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
			sums[verdict] += g_array_index(report->spans, ReportSpan, i).verdicts[verdict];
	const double unit = (double)pixels_of(picture, chart_colour(TALLY_ACCEPTED)) / (double)sums[TALLY_ACCEPTED];
	g_assert_cmpfloat(unit, >, 100);
	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++) {
		const double pixels = pixels_of(picture, chart_colour((TallyVerdict)verdict));
		g_assert_cmpfloat_with_epsilon(pixels / unit, (double)sums[verdict], 0.2 + 0.05 * (double)sums[verdict]);
	}
	cairo_surface_destroy(picture);
}

static void
test_reasons(void)
{
	g_autoptr(Report) report = report_sample_busy();
	g_autoptr(GBytes) four = chart_reasons(report->reasons);
	cairo_surface_t *small = picture_of(four);

	for (guint i = 0; i < 10; i++) {
		ReportReason *reason = g_new0(ReportReason, 1);
		*reason = (ReportReason){.name = g_strdup("a.b"), .count = {1, 0}};
		g_ptr_array_add(report->reasons, reason);
	}
	g_autoptr(GBytes) many = chart_reasons(report->reasons);
	cairo_surface_t *large = picture_of(many);
	/* Eight bars, where there are more. */
	g_assert_cmpint(cairo_image_surface_get_height(large) - cairo_image_surface_get_height(small), ==,
	    (cairo_image_surface_get_height(small) - 56));
	cairo_surface_destroy(small);
	cairo_surface_destroy(large);
}

/* No number makes the library fail. */
static void
test_extremes(void)
{
	static const guint64 numbers[] = {0, 1, G_MAXUINT32, G_MAXUINT64 / 16};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ReportSpan));
		const ReportSpan span = {.verdicts = {numbers[i], numbers[i]}};
		const char *const labels[] = {"a"};
		g_array_append_val(spans, span);
		g_autoptr(GBytes) png = chart_spans(spans, labels);
		g_assert_nonnull(png);
		g_autoptr(GString) text = g_string_new(NULL);
		text_chart_spans(text, spans, labels, 80);
		g_assert_cmpuint(text->len, >, 0);
	}
	g_autoptr(GArray) none = g_array_new(FALSE, TRUE, sizeof(ReportSpan));
	g_autoptr(GBytes) empty = chart_spans(none, NULL);
	g_assert_nonnull(empty);
}

/* --- Characters --------------------------------------------------------------------------------------------------------------------- */

static void
test_text_spans(void)
{
	static const char *const labels[] = {"00:00", "", "02:00"};
	static const ReportSpan rows[] = {{.verdicts = {4, 2, 2}}, {.verdicts = {0}}, {.verdicts = {0, 0, 0, 0, 0, 1}}};
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ReportSpan));
	g_autoptr(GString) text = g_string_new(NULL);

	g_array_append_vals(spans, rows, G_N_ELEMENTS(rows));
	text_chart_spans(text, spans, labels, 25);
	g_assert_cmpstr(text->str, ==,
	    "    8 │▒▒▒▒▒\n"
	    "      │▒▒▒▒▒\n"
	    "      │▓▓▓▓▓\n"
	    "      │▓▓▓▓▓\n"
	    "      │█████\n"
	    "      │█████\n"
	    "      │█████\n"
	    "    0 │█████       ░░░░░\n"
	    "       00:00       02:00\n");
}

/* A year of days still fits. */
static void
test_text_spans_share_columns(void)
{
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ReportSpan));
	g_autofree const char **labels = g_new0(const char *, 365);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < 365; i++) {
		const ReportSpan span = {.verdicts = {1}};
		g_array_append_val(spans, span);
	}
	text_chart_spans(text, spans, labels, 80);
	g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
	g_assert_cmpuint(text_width(lines[7]), ==, 7 + 73);
	g_assert_true(g_str_has_prefix(lines[0], "    5 │"));
}

static void
test_text_bar(void)
{
	static const struct {
		guint64 count, most;
		const char *bar;
	} rows[] = {{8, 8, "████"}, {4, 8, "██"}, {3, 8, "█▌"}, {1, 1000, "▏"}, {0, 8, ""}, {0, 0, ""}, {9, 8, "████"}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) bar = g_string_new(NULL);
		text_chart_bar(bar, rows[i].count, rows[i].most, 4);
		g_assert_cmpstr(bar->str, ==, rows[i].bar);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/chart/columns have the areas of their numbers", test_spans);
	g_test_add_func("/chart/reasons have a bar each", test_reasons);
	g_test_add_func("/chart/extremes", test_extremes);
	g_test_add_func("/chart/columns of characters", test_text_spans);
	g_test_add_func("/chart/columns of characters share", test_text_spans_share_columns);
	g_test_add_func("/chart/bars of characters", test_text_bar);
	return g_test_run();
}
