/*
 * Starting a program of the operator's: by itself, with nothing of ours but what it is handed.
 */
#pragma once

#include <sys/types.h>

/* What it is handed: descriptors, -1 is /dev/null. Its standard error is ours. */
typedef struct {
	char *const *arguments; /* NULL-terminated; the first is its absolute path */
	int input;
	int output;
} LaunchRequest;

/* A process group of its own, default signals and none blocked, no descriptor beyond the three, and PATH alone in its environment, to find its own programs. Its pid, or -1 with errno. Pass
 * descriptors that close on exec. */
pid_t launch_program(const LaunchRequest *request);
