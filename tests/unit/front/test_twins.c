/* Who leads and who waits when the same submission is in flight several times. */
#include "twins.h"

#include <pthread.h>
#include <string.h>

/* One submission, and what became of it. */
typedef struct {
	guint resumed;
	Twin *led;
	gconstpointer leader;
} Visitor;

static void
resume(gpointer user_data, Twin *led, gconstpointer leader)
{
	Visitor *visitor = user_data;
	visitor->resumed++;
	visitor->led = led;
	visitor->leader = leader;
}

static gboolean
enter(Twins *twins, const char *text, Visitor *visitor)
{
	VaultHash repetition = {{0}};
	memcpy(repetition.bytes, text, strlen(text));
	return twins_enter(twins, &repetition, visitor, &visitor->led);
}

/* The first of three leads, the others wait, and go on together. */
static void
test_others_wait_for_first(void)
{
	Visitor visitors[3] = {0};
	Twins *twins = twins_new(resume);
	g_assert_true(enter(twins, "same", &visitors[0]));
	g_assert_nonnull(visitors[0].led);
	g_assert_false(enter(twins, "same", &visitors[1]));
	g_assert_false(enter(twins, "same", &visitors[2]));
	g_assert_cmpuint(visitors[1].resumed + visitors[2].resumed, ==, 0);
	twins_leave(twins, visitors[0].led, &visitors[0], TWIN_KEPT);
	for (guint i = 1; i < 3; i++) {
		g_assert_cmpuint(visitors[i].resumed, ==, 1);
		g_assert_null(visitors[i].led);
		g_assert_true(visitors[i].leader == &visitors[0]);
	}
	/* Over: the next one leads again. */
	g_assert_true(enter(twins, "same", &visitors[0]));
	twins_leave(twins, visitors[0].led, &visitors[0], TWIN_KEPT);
	twins_free(twins);
}

/* A leader of whom nothing came hands the rest on, one after another in the order in which they came. */
static void
test_failed_leader_is_followed(void)
{
	Visitor visitors[3] = {0};
	Twins *twins = twins_new(resume);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(enter(twins, "same", &visitors[i]), ==, i == 0);
	for (guint i = 0; i < 3; i++) {
		g_assert_nonnull(visitors[i].led);
		g_assert_cmpuint(visitors[i].resumed, ==, i == 0 ? 0 : 1);
		g_assert_true(i == 0 || visitors[i].leader == &visitors[i - 1]);
		for (guint later = i + 1; later < 3; later++)
			g_assert_cmpuint(visitors[later].resumed, ==, 0);
		twins_leave(twins, visitors[i].led, &visitors[i], TWIN_FAILED);
	}
	twins_free(twins);
}

static void
test_others_do_not_wait(void)
{
	Visitor visitors[2] = {0};
	Twins *twins = twins_new(resume);
	g_assert_true(enter(twins, "same", &visitors[0]));
	g_assert_true(enter(twins, "another", &visitors[1]));
	for (guint i = 0; i < 2; i++)
		twins_leave(twins, visitors[i].led, &visitors[i], TWIN_KEPT);
	twins_free(twins);
}

static void
test_end_resumes_all(void)
{
	Visitor visitors[4] = {0};
	Twins *twins = twins_new(resume);
	g_assert_true(enter(twins, "same", &visitors[0]));
	g_assert_false(enter(twins, "same", &visitors[1]));
	g_assert_false(enter(twins, "same", &visitors[2]));
	twins_end(twins);
	g_assert_cmpuint(visitors[1].resumed, ==, 1);
	g_assert_cmpuint(visitors[2].resumed, ==, 1);
	g_assert_null(visitors[1].led);
	g_assert_null(visitors[1].leader);
	/* Nobody waits from now on, and nobody is waited for. */
	g_assert_true(enter(twins, "same", &visitors[3]));
	g_assert_null(visitors[3].led);
	twins_leave(twins, visitors[0].led, &visitors[0], TWIN_FAILED);
	g_assert_cmpuint(visitors[1].resumed + visitors[2].resumed, ==, 2);
	twins_free(twins);
}

/* --- Many threads ------------------------------------------------------------------------------------------------------ */

enum { THREADS = 4, ROUNDS = 2000 };

typedef struct {
	Twins *twins;
	Visitor *visitors; /* ROUNDS */
	int *inside;       /* leaders of the one submission, atomic */
} Crowd;

static void *
click(void *data)
{
	const Crowd *crowd = data;
	for (guint i = 0; i < ROUNDS; i++) {
		Visitor *visitor = &crowd->visitors[i];
		if (!enter(crowd->twins, "same", visitor))
			continue;
		g_assert_cmpint(g_atomic_int_add(crowd->inside, 1), ==, 0);
		(void)g_atomic_int_add(crowd->inside, -1);
		twins_leave(crowd->twins, visitor->led, visitor, TWIN_KEPT);
		visitor->resumed++;
	}
	return NULL;
}

static void
test_one_leads_at_a_time(void)
{
	int inside = 0;
	Crowd crowds[THREADS];
	pthread_t threads[THREADS];
	Twins *twins = twins_new(resume);
	for (guint i = 0; i < THREADS; i++) {
		crowds[i] = (Crowd){.twins = twins, .visitors = g_new0(Visitor, ROUNDS), .inside = &inside};
		g_assert_cmpint(pthread_create(&threads[i], NULL, click, &crowds[i]), ==, 0);
	}
	for (guint i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (guint i = 0; i < THREADS; i++) {
		for (guint round = 0; round < ROUNDS; round++)
			g_assert_cmpuint(crowds[i].visitors[round].resumed, ==, 1);
		g_free(crowds[i].visitors);
	}
	twins_free(twins);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/twins/others-wait-for-first", test_others_wait_for_first);
	g_test_add_func("/twins/failed-leader-is-followed", test_failed_leader_is_followed);
	g_test_add_func("/twins/others-do-not-wait", test_others_do_not_wait);
	g_test_add_func("/twins/end-resumes-all", test_end_resumes_all);
	g_test_add_func("/twins/one-leads-at-a-time", test_one_leads_at_a_time);
	return g_test_run();
}
