/*
 * The listening socket: handed over by systemd or spawn-fcgi, or made here. libfcgi's own FCGX_OpenSocket is not used: it
 * exits the process on failure, steals the socket of a live instance and leaves its mode to the umask.
 */
#pragma once

#include <glib.h>

/* A socket handed over: descriptor 3 by the protocol of sd_listen_fds(3), or descriptor 0 if it listens (spawn-fcgi).
 * -1 if there is none. It is made non-blocking; the environment variables of the protocol are removed. */
int listener_handed_over(void);
/*
 * Listens at `address`: the absolute path of a unix socket (mode 0660, group `group` if not empty) or "127.0.0.1:PORT",
 * "[::1]:PORT". A socket file left by a dead instance is replaced, one that answers is not: then, and for anything else that
 * fails, -1 and BASE_ERROR_IO with what to do. Close-on-exec and non-blocking.
 */
int listener_open(const char *address, const char *group, GError **error);
