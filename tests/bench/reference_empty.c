/*
 * Reference E: an empty FastCGI responder. It reads the request to its end and answers the JSON of a success, nothing more: what
 * nginx, the socket and libfcgi cost by themselves. Threads block in accept, as libfcgi's own example does it.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdlib.h>

static void *
answer_for_ever(void *descriptor)
{
	FCGX_Request request;
	char buffer[65536];
	FCGX_InitRequest(&request, *(int *)descriptor, 0);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(buffer, sizeof buffer, request.in) == (int)sizeof buffer)
			;
		FCGX_PutS("Content-Type: application/json; charset=UTF-8\r\n\r\n{\"status\":\"mail_sent\",\"message\":\"ok\",\"invalid_fields\":[]}",
		    request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	int thread_count = argc > 1 ? atoi(argv[1]) : 4;
	int descriptor = 0; /* handed over by spawn-fcgi */
	pthread_t thread;
	FCGX_Init();
	for (int i = 1; i < thread_count; i++)
		pthread_create(&thread, NULL, answer_for_ever, &descriptor);
	answer_for_ever(&descriptor);
	return 0;
}
