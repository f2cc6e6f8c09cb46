/*
 * The delays between attempts.
 */
#include "relay/retry.h"

#define MINUTE_US (60 * (gint64)G_USEC_PER_SEC)
#define DAY_US (24 * 60 * MINUTE_US)

static void
test_delays_grow_and_are_jittered(void)
{
	static const struct {
		guint attempts;
		gint64 minutes;
	} rows[] = {{1, 5}, {2, 10}, {3, 20}, {4, 40}, {5, 60}, {6, 60}, {1000, 60}, {G_MAXUINT, 60}, {0, 5}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gint64 delay_us = rows[i].minutes * MINUTE_US, least_us = G_MAXINT64, most_us = 0;
		for (guint k = 0; k < 2000; k++) {
			gint64 drawn_us = retry_delay_us(rows[i].attempts, (guint32)g_test_rand_int());
			least_us = MIN(least_us, drawn_us);
			most_us = MAX(most_us, drawn_us);
		}
		g_assert_cmpint(least_us, >=, delay_us * 4 / 5);
		g_assert_cmpint(most_us, <=, delay_us * 6 / 5);
		/* The drawn delays really spread. */
		g_assert_cmpint(most_us - least_us, >, delay_us * 3 / 10);
	}
	g_assert_cmpint(retry_delay_us(1, 0), ==, 4 * MINUTE_US);
	g_assert_cmpint(retry_delay_us(5, G_MAXUINT32), <=, 72 * MINUTE_US);
}

static void
test_giving_up_needs_age_and_attempts(void)
{
	g_assert_false(retry_is_over(4 * DAY_US, 1000));
	g_assert_false(retry_is_over(30 * DAY_US, 3));
	g_assert_true(retry_is_over(5 * DAY_US, 100));
	g_assert_false(retry_is_over(-DAY_US, 100));
}

/* With the delays as they are, five days come before the attempts run out of meaning. */
static void
test_five_days_are_many_attempts(void)
{
	gint64 age_us = 0;
	guint attempts = 1;

	while (!retry_is_over(age_us, attempts))
		age_us += retry_delay_us(attempts++, G_MAXUINT32 / 2);
	g_assert_cmpint(age_us, >=, 5 * DAY_US);
	g_assert_cmpint(age_us, <, 5 * DAY_US + 72 * MINUTE_US);
	g_assert_cmpuint(attempts, >, 100);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/retry/delays grow and are jittered", test_delays_grow_and_are_jittered);
	g_test_add_func("/retry/giving up needs age and attempts", test_giving_up_needs_age_and_attempts);
	g_test_add_func("/retry/five days are many attempts", test_five_days_are_many_attempts);
	return g_test_run();
}
