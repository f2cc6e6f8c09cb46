/* A desk at which submissions ask for admission: what is asked, how long to wait for the answers, and what came of them. */
#pragma once

#include <pthread.h>

#include "counting.h"
#include "sekisho/store/admission.h"

/* Answers that came. */
typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t told;
	guint asked, answered, allowed, tokens_used, failed;
	char *receipt; /* of the last one */
	SubmissionStatus status;
	AdmissionAnswer last; /* its pointers are not to be used */
	GError *error;        /* likewise of the last */
	pthread_mutex_t gate; /* held: answers wait */
} Desk;

static inline void
desk_open(Desk *desk)
{
	memset(desk, 0, sizeof *desk);
	pthread_mutex_init(&desk->lock, NULL);
	pthread_mutex_init(&desk->gate, NULL);
	pthread_cond_init(&desk->told, NULL);
}

static inline void
desk_close(Desk *desk)
{
	g_free(desk->receipt);
	g_clear_error(&desk->error);
	pthread_cond_destroy(&desk->told);
	pthread_mutex_destroy(&desk->gate);
	pthread_mutex_destroy(&desk->lock);
}

static inline void
note_answer(gpointer user_data, const AdmissionAnswer *answer)
{
	Desk *desk = user_data;
	pthread_mutex_lock(&desk->gate);
	pthread_mutex_unlock(&desk->gate);
	pthread_mutex_lock(&desk->lock);
	desk->answered++;
	desk->allowed += answer->charged.is_allowed && !answer->is_token_used;
	desk->tokens_used += answer->is_token_used;
	desk->failed += answer->error != NULL;
	desk->last = *answer;
	desk->status = answer->earlier_status;
	g_free(desk->receipt);
	desk->receipt = g_strdup(answer->earlier_receipt);
	g_clear_error(&desk->error);
	desk->error = answer->error ? g_error_copy(answer->error) : NULL;
	pthread_cond_signal(&desk->told);
	pthread_mutex_unlock(&desk->lock);
}

static inline gboolean
ask(Admission *admission, Desk *desk, const AdmissionRequest *request)
{
	const gboolean is_taken = admission_ask(admission, request, note_answer, desk);
	pthread_mutex_lock(&desk->lock);
	desk->asked += is_taken ? 1 : 0;
	pthread_mutex_unlock(&desk->lock);
	return is_taken;
}

static inline void
wait_for_all(Desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	while (desk->answered < desk->asked)
		pthread_cond_wait(&desk->told, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

/* Asks and waits: the answer is then the desk's last one. */
static inline const AdmissionAnswer *
ask_one(Admission *admission, Desk *desk, const AdmissionRequest *request)
{
	g_assert_true(ask(admission, desk, request));
	wait_for_all(desk);
	return &desk->last;
}

static inline Admission *
start(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	db_free(fixture_open(fixture, DB_CREATE));
	db_free(counting_open(fixture, DB_CREATE));
	Admission *admission = admission_start(fixture->directory, &error);
	g_assert_no_error(error);
	return admission;
}

static inline void
execute_on_counters(const Fixture *fixture, const char *sql)
{
	sqlite3 *raw = counting_raw(fixture);
	sqlite3_busy_timeout(raw, 5000);
	raw_execute(raw, "%s", sql);
	sqlite3_close(raw);
}
