/*
 * The delays between attempts, as a table. No state, no clock.
 */
#include "retry.h"

#include "sekisho/base/limits.h"

#define GIVE_UP_US (5 * G_TIME_SPAN_DAY)

/* About half a day of attempts. A gateway that was switched off for a week gives each mail at least these. */
#define GIVE_UP_ATTEMPTS 16u

static const gint64 DELAYS_US[] = {
    5 * G_TIME_SPAN_MINUTE, 10 * G_TIME_SPAN_MINUTE, 20 * G_TIME_SPAN_MINUTE, 40 * G_TIME_SPAN_MINUTE, 1 * G_TIME_SPAN_HOUR};

gint64
retry_delay_us(guint attempts, guint32 random)
{
	gint64 delay_us = DELAYS_US[CLAMP(attempts, 1, G_N_ELEMENTS(DELAYS_US)) - 1];
	gint64 fifth_us = delay_us / 5;

	return delay_us - fifth_us + (gint64)(random % (guint64)(2 * fifth_us + 1));
}

gboolean
retry_is_over(gint64 age_us, guint attempts)
{
	return age_us >= GIVE_UP_US && attempts >= GIVE_UP_ATTEMPTS;
}
