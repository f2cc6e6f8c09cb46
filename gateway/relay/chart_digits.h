/*
 * Digits, "-" and ":" as strokes on a canvas. Not by cairo's fonts, because these would search the machine for one, write a cache of what they found, and on a server without any draw nothing.
 */
#pragma once

#include <cairo.h>

/* Height of a digit, in pixels. */
#define CHART_DIGIT_HEIGHT 28.0

/* `text` in the colour of the canvas, its lower end at y. `anchor` is the share of its width that stands left of x: 0 begins there, 1 ends there. Other characters are gaps. */
void chart_digits(cairo_t *canvas, const char *text, double x, double y, double anchor);
