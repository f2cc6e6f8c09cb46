"""A stand-in for the captcha services: one HTTPS server that answers each token as the test has said, or misbehaves as a service in trouble does.

A behaviour is a dictionary (the answer's JSON), or a word and, after a colon, its number:
status:503, redirect, garbage, huge (5 MB), slow:SECONDS (then as `default`), hang, drip, close (without an answer), cut (in the middle of it).
"""

import contextlib
import http.server
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse

HUGE_BYTES = 5_000_000


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def good(**more):
    return {"success": True, "challenge_ts": now(), "hostname": "www.example.jp", **more}


def refusal(*codes):
    return {"success": False, "error-codes": list(codes)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        # In the connection's own thread: a peer that is slow here holds up nobody else.
        self.request = self.server.stand_in.context.wrap_socket(self.request, server_side=True)
        self.server.stand_in.note_connection(self.request)
        super().setup()

    def finish(self):
        self.server.stand_in.forget_connection(self.request)
        super().finish()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
        question = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
        self.server.stand_in.note_question({**question, "path": self.path, "type": self.headers["Content-Type"]})
        behaviour = self.server.stand_in.behaviours.get(question["response"], self.server.stand_in.default)
        if isinstance(behaviour, dict):
            self.answer(200, json.dumps(behaviour).encode())
        else:
            word, _, number = behaviour.partition(":")
            getattr(self, word)(*([float(number)] if number else []))

    def answer(self, status, body, **headers):
        self.server.stand_in.note_answer()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def status(self, status):
        self.answer(int(status), b"<html>")

    def redirect(self):
        self.answer(302, b"", Location="https://127.0.0.1:1/")

    def garbage(self):
        self.answer(200, os.urandom(2000))

    def huge(self):
        self.answer(200, b'{"success":true,"more":"' + b"a" * HUGE_BYTES + b'"}')

    def slow(self, seconds):
        time.sleep(seconds)
        self.answer(200, json.dumps(self.server.stand_in.default).encode())

    def hang(self):
        self.server.stand_in.ended.wait()
        self.close_connection = True

    def drip(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.server.stand_in.ended.wait(0.2):
            self.wfile.write(b" ")

    def close(self):
        self.close_connection = True
        self.request.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"success":true')
        self.close()

    def log_message(self, *_):
        """The test's own assertions say what came."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512

    def handle_error(self, request, client_address):
        """A client that leaves, or that does not trust the certificate, is no error here."""


class CaptchaServer:
    """On a port of the kernel's choice; `certificate` and `key`: files. It serves from `start` to `stop`, and may be started again on the same port."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.behaviours, self.default = {}, good()
        self.questions, self.open, self.connections, self.answers, self.peak = [], set(), 0, 0, 0
        self.port, self.server, self.thread = 0, None, None
        self.ended, self.lock = threading.Event(), threading.Lock()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/siteverify"

    def start(self):
        self.ended.clear()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.stand_in, self.port = self, self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def stop(self):
        if self.server is None:
            return
        self.ended.set()
        self.server.shutdown()
        self.thread.join()
        with contextlib.suppress(OSError):
            self.server.socket.close()
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server = None

    close = stop

    def note_connection(self, connection):
        with self.lock:
            self.connections += 1
            self.open.add(connection)

    def forget_connection(self, connection):
        with self.lock:
            self.open.discard(connection)

    def note_question(self, question):
        with self.lock:
            self.questions.append(question)
            self.peak = max(self.peak, len(self.questions) - self.answers)

    def note_answer(self):
        with self.lock:
            self.answers += 1
