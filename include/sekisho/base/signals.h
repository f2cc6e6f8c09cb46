/*
 * Signals that interrupt nothing: they wait, and are read from a descriptor when the program's loop comes to them.
 */
#pragma once

/*
 * Blocks the signals of both lists (each ends with 0) in the calling thread and in all that it starts later. Those of `read` come as
 * struct signalfd_siginfo, one a read(); those of `ignored` wait for good. Close-on-exec and non-blocking; -1 and errno as signalfd(2) says.
 */
int signals_open(const int *read, const int *ignored);
