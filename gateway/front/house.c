/*
 * Threads here: of the lists, of admission, of the captchas, of the resolver, of the journal (each its module's own), and the chores': it takes up new salts once a minute, asks again for what
 * is held because a captcha's service was silent, and tells of a file of countries that cannot be read.
 */
#include "house.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include "recheck.h"
#include "review.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"

/* How often the chores look whether a question is due; and new salts, which are made once a month and kept by a list within the same time. */
#define CHORES_S 5
#define SALTS_EACH 12u

struct Chores {
	Front *front;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	gboolean is_ending;
};

/* --- Chores --------------------------------------------------------------------------------------------------------- */

/* FALSE when it is time to end. */
static gboolean
rest(Chores *chores)
{
	struct timespec until;
	int problem = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CHORES_S;
	pthread_mutex_lock(&chores->lock);
	while (!chores->is_ending && problem != ETIMEDOUT)
		problem = pthread_cond_clockwait(&chores->changed, &chores->lock, CLOCK_MONOTONIC, &until);
	const gboolean is_going_on = !chores->is_ending;
	pthread_mutex_unlock(&chores->lock);
	return is_going_on;
}

static void *
do_chores(void *user_data)
{
	Chores *chores = user_data;
	for (guint round = 1; rest(chores); round++) {
		g_autoptr(GError) error = NULL, problem = lists_watch_take_problem(chores->front->lists);
		if (problem != NULL)
			log_error(LOG_CHECK_FAILED, problem, "check", check_name(CHECK_LISTS), NULL);
		rechecks_ask(chores->front->rechecks);
		if (round % SALTS_EACH == 0 && !fingerprints_refresh(chores->front->fingerprints, &error))
			log_error(LOG_STORE_FAILED, error, NULL);
	}
	return NULL;
}

static Chores *
chores_start(Front *front, GError **error)
{
	Chores *chores = g_new0(Chores, 1);
	chores->front = front;
	pthread_mutex_init(&chores->lock, NULL);
	pthread_cond_init(&chores->changed, NULL);
	if (pthread_create(&chores->thread, NULL, do_chores, chores) == 0)
		return chores;
	g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE, "no thread can be started");
	pthread_cond_destroy(&chores->changed);
	pthread_mutex_destroy(&chores->lock);
	g_free(chores);
	return NULL;
}

static void
chores_stop(Chores *chores)
{
	pthread_mutex_lock(&chores->lock);
	chores->is_ending = TRUE;
	pthread_cond_signal(&chores->changed);
	pthread_mutex_unlock(&chores->lock);
	pthread_join(chores->thread, NULL);
	pthread_cond_destroy(&chores->changed);
	pthread_mutex_destroy(&chores->lock);
	g_free(chores);
}

/* --- Opening and closing --------------------------------------------------------------------------------------------- */

/* The courier sleeps on this counter: one word for all submissions of a commit. It also wakes by itself when something is due, so a counter that is full
 * loses nothing. */
static void
wake_courier(gpointer user_data)
{
	const Front *front = user_data;
	if (front->wake_descriptor >= 0)
		(void)eventfd_write(front->wake_descriptor, 1);
}

static gboolean
open_store(Front *front, GError **error)
{
	const char *data = front->config->data_directory;
	front->journal = journal_start(data, front->vault, error);
	if (front->journal == NULL)
		return FALSE;
	journal_on_commit(front->journal, wake_courier, front);
	front->fingerprints = fingerprints_new(data, error);
	front->reviews = front->fingerprints != NULL ? reviews_new(data, error) : NULL;
	front->admission = front->reviews != NULL ? admission_start(data, error) : NULL;
	return front->admission != NULL;
}

gboolean
house_open(Front *front, const FrontSettings *settings, GError **error)
{
	const Config *config = settings->config;
	*front = (Front){.config = settings->config, .vault = settings->vault, .wake_descriptor = settings->wake_descriptor};
	front->trap = trap_new();
	front->twins = twins_new(judge_resume);
	front->rechecks = rechecks_new(front);
	front->one_address = g_new0(OneAddress, 1);
	one_address_init(front->one_address);
	front->full = hourly_new();
	return open_store(front, error) &&
	       (front->lists = lists_watch_start(config->data_directory, config->country_file, error)) != NULL &&
	       (front->captcha = captcha_start(error)) != NULL &&
	       (front->resolver = resolver_start(config->dns_servers, error)) != NULL &&
	       (front->chores = chores_start(front, error)) != NULL;
}

void
house_end_twins(Front *front)
{
	if (front->twins != NULL)
		twins_end(front->twins);
}

void
house_end_admission(Front *front)
{
	if (front->chores != NULL)
		chores_stop(front->chores);
	if (front->admission != NULL)
		admission_stop(front->admission);
	front->chores = NULL;
	front->admission = NULL;
}

void
house_end_services(Front *front)
{
	if (front->captcha != NULL)
		captcha_stop(front->captcha);
	if (front->resolver != NULL)
		resolver_stop(front->resolver);
	front->captcha = NULL;
	front->resolver = NULL;
}

void
house_end_journal(Front *front)
{
	if (front->journal != NULL)
		journal_stop(front->journal);
	front->journal = NULL;
}

void
house_close(Front *front)
{
	house_end_admission(front);
	house_end_services(front);
	house_end_journal(front);
	if (front->lists != NULL)
		lists_watch_stop(front->lists);
	rechecks_free(front->rechecks);
	reviews_free(front->reviews);
	fingerprints_free(front->fingerprints);
	trap_free(front->trap);
	twins_free(front->twins);
	if (front->one_address != NULL)
		one_address_clear(front->one_address);
	g_free(front->one_address);
	hourly_free(front->full);
	*front = (Front){0};
}
