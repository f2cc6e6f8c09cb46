/*
 * The lists that hold now. One thread asks once a second whether they have changed, makes a new snapshot and swaps it; whoever asks meanwhile has the old one, and nobody waits.
 *
 * A watch is: loaded and running -> stopping -> gone. The database belongs to the thread. What cannot be read leaves the lists as they were, and is tried again; a file of countries that is
 * broken or gone leaves the countries as they were, and is tried again when it changes.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "lists_parts.h"
#include "sekisho/base/error.h"

#define LOOK_US G_TIME_SPAN_SECOND
/* After a load the thread rests so many times as long as it took: a million entries that are being imported change the lists a thousand times. */
#define REST_FACTOR 3

/* By what a file that was replaced is recognised. */
typedef struct {
	dev_t device;
	ino_t inode;
	gint64 changed_at_ns;
} Stamp;

struct ListsWatch {
	pthread_t thread;
	Db *db;
	char *country_file;
	gint64 generation;    /* of the snapshot */
	Stamp stamp;          /* of the file of countries that was tried last */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t stopped;
	gboolean is_stopping;
	Lists *current;
	GError *problem; /* of the file of countries; NULL: none, or it was told */
};

static Stamp
stamp_of(const char *path)
{
	struct stat status;
	if (path[0] == '\0' || stat(path, &status) != 0)
		return (Stamp){0};
	return (Stamp){
	    status.st_dev, status.st_ino, status.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + status.st_mtim.tv_nsec};
}

static gboolean
is_same(const Stamp *a, const Stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->changed_at_ns == b->changed_at_ns;
}

static void
swap(ListsWatch *watch, Lists *lists)
{
	pthread_mutex_lock(&watch->lock);
	Lists *old = watch->current;
	watch->current = lists;
	pthread_mutex_unlock(&watch->lock);
	lists_unref(old);
}

/* Takes the problem. */
static void
keep_problem(ListsWatch *watch, GError *problem)
{
	pthread_mutex_lock(&watch->lock);
	g_clear_error(&watch->problem);
	watch->problem = problem;
	pthread_mutex_unlock(&watch->lock);
}

/* The countries that hold from now on, NULL without a file. Those of before where the new file cannot be read: without them a blocked country would be let in. */
static CountryFile *
find_countries(ListsWatch *watch, const Stamp *stamp)
{
	GError *problem = NULL;
	CountryFile *country = NULL;
	if (watch->country_file[0] == '\0')
		return NULL;
	if (!is_same(stamp, &watch->stamp)) {
		country = country_file_open(watch->country_file, &problem);
		keep_problem(watch, problem);
	}
	/* No one else changes what is current. */
	return country != NULL ? country : country_file_ref(watch->current->country);
}

/* Both are read before the lists are: a change that comes meanwhile is seen the next time. */
static void
look(ListsWatch *watch)
{
	const Stamp stamp = stamp_of(watch->country_file);
	gint64 generation;
	if (!list_entries_generation(watch->db, &generation, NULL))
		return;
	if (generation == watch->generation && is_same(&stamp, &watch->stamp))
		return;
	Lists *lists = lists_load(watch->db, "", NULL);
	if (lists == NULL)
		return;
	lists->country = find_countries(watch, &stamp);
	watch->generation = generation;
	watch->stamp = stamp;
	swap(watch, lists);
}

/* With the lock. FALSE if it was time to stop. */
static gboolean
rest(ListsWatch *watch, gint64 until_us)
{
	const struct timespec until = {.tv_sec = until_us / G_USEC_PER_SEC, .tv_nsec = until_us % G_USEC_PER_SEC * 1000};
	int problem = 0;
	while (!watch->is_stopping && problem != ETIMEDOUT)
		problem = pthread_cond_clockwait(&watch->stopped, &watch->lock, CLOCK_MONOTONIC, &until);
	return !watch->is_stopping;
}

static void *
watch_run(void *data)
{
	ListsWatch *watch = data;
	gint64 wait_us = LOOK_US;
	pthread_mutex_lock(&watch->lock);
	while (rest(watch, g_get_monotonic_time() + wait_us)) {
		pthread_mutex_unlock(&watch->lock);
		const gint64 before_us = g_get_monotonic_time();
		look(watch);
		wait_us = LOOK_US + REST_FACTOR * (g_get_monotonic_time() - before_us);
		pthread_mutex_lock(&watch->lock);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

static void
watch_free(ListsWatch *watch)
{
	lists_unref(watch->current);
	g_clear_error(&watch->problem);
	db_free(watch->db);
	g_free(watch->country_file);
	pthread_mutex_destroy(&watch->lock);
	pthread_cond_destroy(&watch->stopped);
	g_free(watch);
}

static gboolean
load_first(ListsWatch *watch, const char *data_directory, GError **error)
{
	watch->db = db_open(data_directory, DB_EXISTING, error);
	if (watch->db == NULL)
		return FALSE;
	watch->stamp = stamp_of(watch->country_file);
	if (!list_entries_generation(watch->db, &watch->generation, error))
		return FALSE;
	watch->current = lists_load(watch->db, watch->country_file, error);
	return watch->current != NULL;
}

ListsWatch *
lists_watch_start(const char *data_directory, const char *country_file, GError **error)
{
	/* Without a place for it a country file that cannot be read would be no error. */
	g_autoptr(GError) problem = NULL;
	ListsWatch *watch = g_new0(ListsWatch, 1);
	watch->country_file = g_strdup(country_file);
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->stopped, NULL);
	if (load_first(watch, data_directory, &problem)) {
		if (pthread_create(&watch->thread, NULL, watch_run, watch) == 0)
			return watch;
		g_set_error(&problem, BASE_ERROR, BASE_ERROR_PRIVILEGE, "no thread can be started");
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	watch_free(watch);
	return NULL;
}

void
lists_watch_stop(ListsWatch *watch)
{
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->is_stopping = TRUE;
	pthread_cond_signal(&watch->stopped);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	watch_free(watch);
}

Lists *
lists_watch_current(ListsWatch *watch)
{
	pthread_mutex_lock(&watch->lock);
	Lists *lists = lists_ref(watch->current);
	pthread_mutex_unlock(&watch->lock);
	return lists;
}

GError *
lists_watch_take_problem(ListsWatch *watch)
{
	pthread_mutex_lock(&watch->lock);
	GError *problem = g_steal_pointer(&watch->problem);
	pthread_mutex_unlock(&watch->lock);
	return problem;
}
