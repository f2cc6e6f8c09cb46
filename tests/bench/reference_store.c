/*
 * Reference S: a bare FastCGI program that stores one row of a given size per request and answers after the commit. One writer
 * thread commits everything that waits in one transaction, with synchronous=FULL: the least that "acknowledged means on disk" can cost.
 * No form, no validation, no sealing. Arguments: DATABASE ROW_BYTES THREADS.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Row {
	struct Row *next;
	int is_done;
	pthread_cond_t committed;
} Row;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static Row *waiting;
static int row_bytes;

static void
must(sqlite3 *db, int result)
{
	if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) {
		fprintf(stderr, "%s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static void *
commit_for_ever(void *path)
{
	sqlite3 *db;
	sqlite3_stmt *insert;
	char *content = malloc((size_t)row_bytes);
	memset(content, 'x', (size_t)row_bytes);
	must(NULL, sqlite3_open(path, &db));
	must(db, sqlite3_exec(db,
	             "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, content BLOB) STRICT", NULL,
	             NULL, NULL));
	must(db, sqlite3_prepare_v2(db, "INSERT INTO row(content) VALUES(?)", -1, &insert, NULL));
	must(db, sqlite3_bind_blob(insert, 1, content, row_bytes, SQLITE_STATIC));
	for (;;) {
		pthread_mutex_lock(&lock);
		while (!waiting)
			pthread_cond_wait(&arrived, &lock);
		Row *batch = waiting;
		waiting = NULL;
		pthread_mutex_unlock(&lock);
		must(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
		for (Row *row = batch; row; row = row->next) {
			must(db, sqlite3_step(insert));
			sqlite3_reset(insert);
		}
		must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
		pthread_mutex_lock(&lock);
		for (Row *row = batch, *next; row; row = next) {
			next = row->next;
			row->is_done = 1;
			pthread_cond_signal(&row->committed);
		}
		pthread_mutex_unlock(&lock);
	}
}

static void
store(void)
{
	Row row = {.committed = PTHREAD_COND_INITIALIZER};
	pthread_mutex_lock(&lock);
	row.next = waiting;
	waiting = &row;
	pthread_cond_signal(&arrived);
	while (!row.is_done)
		pthread_cond_wait(&row.committed, &lock);
	pthread_mutex_unlock(&lock);
}

static void *
answer_for_ever(void *unused)
{
	FCGX_Request request;
	char buffer[65536];
	(void)unused;
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(buffer, sizeof buffer, request.in) == (int)sizeof buffer)
			;
		store();
		FCGX_PutS("Content-Type: application/json; charset=UTF-8\r\n\r\n{\"status\":\"mail_sent\",\"message\":\"ok\",\"invalid_fields\":[]}",
		    request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread;
	if (argc != 4)
		return 64;
	row_bytes = atoi(argv[2]);
	FCGX_Init();
	pthread_create(&thread, NULL, commit_for_ever, argv[1]);
	for (int i = 1; i < atoi(argv[3]); i++)
		pthread_create(&thread, NULL, answer_for_ever, NULL);
	answer_for_ever(NULL);
	return 0;
}
