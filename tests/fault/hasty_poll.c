/*
 * Stands before the C library's poll() in smtp_trial: a session that was started with SMTP_TRIAL_HASTE=100 in its environment waits a
 * hundredth of the time. So a test sees within seconds what libesmtp does when one of its timeouts of minutes runs out.
 */
#undef _FORTIFY_SOURCE
#include "hasty_poll.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static int haste = 1;

void
hasty_poll_begin(void)
{
	const char *text = getenv("SMTP_TRIAL_HASTE");

	if (text != NULL && atoi(text) > 1)
		haste = atoi(text);
}

int
poll(struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
	long wait_us = timeout_ms * 1000L / haste;
	struct timespec timeout = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};

	return ppoll(descriptors, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}
