/*
 * When a mail is tried again, and when it is given up. Pure.
 */
#pragma once

#include <glib.h>

/* Delay before the next attempt after `attempts` (at least 1) failed ones, in microseconds: 5, 10, 20, 40, then 60 minutes, each changed by up to a
 * fifth either way by `random` (any value), so that what failed together does not come back together. */
gint64 retry_delay_us(guint attempts, guint32 random);
/* TRUE if a mail that was promised `age_us` ago has been tried long enough: five days (RFC 5321 4.5.4.1), and so many attempts that it
 * was not us who slept. */
gboolean retry_is_over(gint64 age_us, guint attempts);
