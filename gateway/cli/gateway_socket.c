/*
 * One connection to the gateway's socket, to see that somebody takes it. Nothing is said there, so it is no request. No state.
 */
#include "gateway_socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_S 5u

/* 0, or errno. */
static int
connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
		return ENAMETOOLONG;
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int problem = descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ? errno : 0;
	if (descriptor >= 0)
		(void)close(descriptor);
	return problem;
}

gboolean
gateway_socket_answers(const char *listen, char **problem)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *reason = NULL;
	if (listen[0] == '/') {
		int number = connect_unix(listen);
		reason = number != 0 ? g_strdup(g_strerror(number)) : NULL;
	} else {
		g_autoptr(GSocketClient) client = g_socket_client_new();
		g_socket_client_set_timeout(client, CONNECT_S);
		g_autoptr(GSocketConnection) connection = g_socket_client_connect_to_host(client, listen, 0, NULL, &error);
		reason = error ? g_strdup(error->message) : NULL;
	}
	gboolean is_answering = reason == NULL;
	if (problem)
		*problem = g_steal_pointer(&reason);
	return is_answering;
}
