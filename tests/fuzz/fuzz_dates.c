/*
 * Date expressions. Promises: what comes out is a day as PHP writes it, the same each time; a day of four-digit years reads as itself.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/form/dates.h"

/* 2026-11-22 02:23:00 UTC. */
#define NOW_US (G_GINT64_CONSTANT(1795314180) * G_USEC_PER_SEC)

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);
	g_autoptr(GTimeZone) zone = g_time_zone_new_offset(9 * 3600);
	g_autofree char *day = dates_resolve(text, NOW_US, zone);
	g_autofree char *again = dates_resolve(text, NOW_US, zone);

	g_assert(g_strcmp0(day, again) == 0);
	if (day == NULL)
		return 0;
	g_assert(strlen(day) >= 10 && strspn(day + (*day == '-' ? 1 : 0), "0123456789-") == strlen(day) - (*day == '-' ? 1 : 0));
	if (strlen(day) == 10) {
		g_autofree char *itself = dates_resolve(day, NOW_US, zone);

		g_assert(g_strcmp0(itself, day) == 0);
	}
	return 0;
}
