/*
 * The listening socket of the gateway. Made by the supervisor, once, and inherited by every front, so that a front can be
 * replaced (crash, reload) while connections wait in the kernel's queue.
 */
#include "sekisho/base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"

/* Waiting connections; nginx's own default. The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 511
#define FIRST_HANDED_OVER 3

static gboolean
is_listening(int descriptor)
{
	int answer = 0;
	socklen_t size = sizeof answer;
	return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 && answer != 0;
}

static int
prepared(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);
	(void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	return descriptor;
}

int
listener_handed_over(void)
{
	const char *pid = g_getenv("LISTEN_PID");
	const char *count = g_getenv("LISTEN_FDS");
	gboolean is_ours = pid && count && g_ascii_strtoll(pid, NULL, 10) == getpid() && g_ascii_strtoll(count, NULL, 10) >= 1;
	g_unsetenv("LISTEN_PID");
	g_unsetenv("LISTEN_FDS");
	g_unsetenv("LISTEN_FDNAMES");
	if (is_ours && is_listening(FIRST_HANDED_OVER))
		return prepared(FIRST_HANDED_OVER);
	if (is_listening(STDIN_FILENO)) {
		/* Descriptor 0 is wanted for /dev/null again, so that no child finds the socket as its standard input. */
		int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_HANDED_OVER);
		int null = open("/dev/null", O_RDONLY);
		(void)dup2(null, STDIN_FILENO);
		(void)close(null);
		return prepared(descriptor);
	}
	return -1;
}

/* FALSE with an error if an instance answers at this path; a file that nobody answers is removed. */
static gboolean
remove_stale(const char *path, const struct sockaddr_un *address, GError **error)
{
	struct stat status;
	if (lstat(path, &status) != 0)
		return TRUE;
	if (!S_ISSOCK(status.st_mode)) {
		g_set_error(
		    error, BASE_ERROR, BASE_ERROR_IO, "%s exists and is no socket; remove it or choose another `listen`", path);
		return FALSE;
	}
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
	int reason = errno;
	(void)close(probe);
	if (result == 0 || reason != ECONNREFUSED) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO,
		    "another program is listening at %s; stop it first, or choose another `listen`", path);
		return FALSE;
	}
	(void)unlink(path);
	return TRUE;
}

static gboolean
give_to_group(const char *path, const char *group, GError **error)
{
	if (*group == '\0')
		return TRUE;
	gid_t id = 0;
	const gboolean is_there = accounts_find_group(group, &id);
	if (is_there && chown(path, (uid_t)-1, id) == 0)
		return TRUE;
	/* An ordinary user can give a file only to groups of its own; then the web server runs as that user too. */
	if (geteuid() != 0)
		return TRUE;
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "socket_group = %s: %s", group,
	    is_there ? g_strerror(errno) : "there is no such group");
	return FALSE;
}

static int
listen_unix(const char *path, const char *group, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "listen = %s: a socket's path has at most %zu bytes", path,
		    sizeof address.sun_path - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (!remove_stale(path, &address, error))
		return -1;
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0117);
	int result = bind(descriptor, (const struct sockaddr *)&address, sizeof address);
	int reason = errno;
	(void)umask(before);
	if (result != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO,
		    "cannot listen at %s: %s; its folder must exist and be ours to write", path, g_strerror(reason));
		(void)close(descriptor);
		return -1;
	}
	if (!give_to_group(path, group, error) || listen(descriptor, BACKLOG) != 0) {
		(void)unlink(path);
		(void)close(descriptor);
		return -1;
	}
	return descriptor;
}

static int
listen_loopback(const char *text, GError **error)
{
	g_autoptr(GSocketConnectable) connectable = g_network_address_parse(text, 0, NULL);
	GNetworkAddress *network = connectable ? G_NETWORK_ADDRESS(connectable) : NULL;
	g_autoptr(GInetAddress) host = network ? g_inet_address_new_from_string(g_network_address_get_hostname(network)) : NULL;
	if (!host || !g_inet_address_get_is_loopback(host) || g_network_address_get_port(network) == 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO,
		    "listen = %s: write the path of a unix socket, or 127.0.0.1:PORT or [::1]:PORT; FastCGI has no protection of "
		    "its own, so "
		    "no other address is taken",
		    text);
		return -1;
	}
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(host, g_network_address_get_port(network));
	char bytes[128];
	gssize size = g_socket_address_get_native_size(address);
	if (size > (gssize)sizeof bytes || !g_socket_address_to_native(address, bytes, sizeof bytes, error))
		return -1;
	int family = g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV4 ? AF_INET : AF_INET6;
	int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;
	(void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(descriptor, (const struct sockaddr *)bytes, (socklen_t)size) != 0 || listen(descriptor, BACKLOG) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "cannot listen at %s: %s", text, g_strerror(errno));
		(void)close(descriptor);
		return -1;
	}
	return descriptor;
}

int
listener_open(const char *address, const char *group, GError **error)
{
	return *address == '/' ? listen_unix(address, group, error) : listen_loopback(address, error);
}
