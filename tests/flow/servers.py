"""The web servers that the gateway stands behind, each as shipped and with what an operator may switch on, and clients that speak
HTTP by hand: slowly, in chunks, or not to the end."""

import http.client
import json
import pathlib
import re
import socket
import time

import visitor
from web import Apache, Lighttpd, Nginx

APACHE_KEPT = ("RewriteEngine On", '<Proxy "fcgi://sekisho/" enablereuse=on max=10>\n</Proxy>\nRewriteEngine On')
NGINX_UNBUFFERED = ("fastcgi_request_buffering on;", "fastcgi_request_buffering off;")

# Class and the changes in its snippets.
SERVERS = {
    "nginx": (Nginx, []),
    "nginx-kept": (Nginx, [("front.sock;", "front.sock;\n\tkeepalive 16;"), ("fastcgi_keep_conn off;", "fastcgi_keep_conn on;")]),
    "nginx-unbuffered": (Nginx, [NGINX_UNBUFFERED]),
    "apache": (Apache, []),
    "apache-kept": (Apache, [APACHE_KEPT]),
    "lighttpd": (Lighttpd, []),
}
# These hand a body on while it comes; the others have it whole before the gateway hears of it.
STREAMING = {"nginx-unbuffered", "apache", "apache-kept"}
KEPT = {"nginx-kept", "apache-kept"}


def make_server(stage, gateway, name, changes=()):
    kind, own = SERVERS[name]
    web = kind(stage, gateway.socket, [*own, *changes])
    snippets = "".join(path.read_text(encoding="utf-8") for path in web.snippets.rglob("*") if path.is_file())
    for _, new in [*own, *changes]:
        assert new in snippets, f"{new!r} changes nothing"
    return web


def connections_of(gateway):
    """How many connections the gateway holds open at this moment: the kernel names the socket on the side that accepted."""
    lines = pathlib.Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
    return sum(line.endswith(f" 03 {str(gateway.socket)}") for line in (re.sub(r"^\S+ \S+ \S+ \S+ \S+ (\S+) +\S+ ", r" \1 ", line) for line in lines))


class Client:
    """One HTTP/1.1 connection. `chunked` sends no Content-Length."""

    def __init__(self, web, body, content_type, path=visitor.FEEDBACK, **options):
        self.socket = socket.create_connection(("127.0.0.1", web.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_chunked, self.body = options.pop("chunked", False), body
        headers = {"Host": "example.test", "User-Agent": "sekisho visitor", "Referer": web.url(), "Content-Type": content_type, "Connection": "close",
                   **({"Transfer-Encoding": "chunked"} if self.is_chunked else {"Content-Length": len(body)}), **options}
        lines = [f"POST {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), "", ""]
        self.head = "\r\n".join(lines).encode()

    def encoded(self, size=300):
        """The body as it goes over the line."""
        if not self.is_chunked:
            return self.body
        pieces = [self.body[at:at + size] for at in range(0, len(self.body), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    def send(self, data):
        self.socket.sendall(data)
        return self

    def dribble(self, data, seconds):
        """Sends `data` byte by byte, evenly over about that time."""
        began = time.monotonic()
        for number in range(len(data)):
            self.socket.sendall(data[number:number + 1])
            time.sleep(max(0.0, began + seconds * (number + 1) / len(data) - time.monotonic()))
        return self

    def answer(self):
        """Reads one answer and closes the connection."""
        response = http.client.HTTPResponse(self.socket, method="POST")
        with self.socket, response:
            response.begin()
            return visitor.Answer(response.status, response.headers, response.read())

    def abort(self, reset=False):
        """Goes away, with a FIN or with a RST."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def sample_client(web, chunked=False, path=visitor.FEEDBACK, **changes):
    """A client with the sample as its body."""
    return Client(web, *visitor.multipart(visitor.fields(**changes)), path=path, chunked=chunked)


def assert_busy(answer):
    """The snippet's own answer in the gateway's stead."""
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert body["status"] == "mail_failed" and "送信できませんでした" in body["message"] and body["invalid_fields"] == []
