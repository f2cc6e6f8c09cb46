/*
 * The signals of supervisor, front and courier. Without states; to be called before the first thread is started, or that thread would
 * still be interrupted.
 */
#include "sekisho/base/signals.h"

#include <glib.h>
#include <signal.h>
#include <sys/signalfd.h>

int
signals_open(const int *read, const int *ignored)
{
	sigset_t heard;
	sigset_t blocked;
	sigemptyset(&heard);
	for (; *read != 0; read++)
		sigaddset(&heard, *read);
	blocked = heard;
	for (; *ignored != 0; ignored++)
		sigaddset(&blocked, *ignored);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	return signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
}
