"""A captcha's service of our own, and the program that asks it."""

import os
import pathlib
import subprocess

import pytest
from captcha_server import CaptchaServer
from stage import IS_ROOT, WEB_USER, Process, Stage, free_port, is_listening, server_program

DEADLINE_MS = 5000


class Answer:
    def __init__(self, line):
        self.token, self.outcome, self.code, milliseconds, self.what = line.split("\t")
        self.milliseconds = int(milliseconds)

    @property
    def short(self):
        return self.outcome, self.code


@pytest.fixture(scope="session")
def authority():
    with Stage("sekisho-captcha-") as stage:
        stage.make_authority()
        yield stage


@pytest.fixture(scope="session")
def certificate(authority):
    return authority.make_certificate("service", None, "IP:127.0.0.1")


@pytest.fixture
def server(certificate):
    server = CaptchaServer(*certificate).start()
    yield server
    server.stop()


NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
	log_format plain '$connection $server_protocol';
	access_log {folder}/access.log plain;
	client_body_temp_path {folder}/body;
	fastcgi_temp_path {folder}/fastcgi;
	proxy_temp_path {folder}/proxy;
	scgi_temp_path {folder}/scgi;
	uwsgi_temp_path {folder}/uwsgi;
	server {{
		listen 127.0.0.1:{port} ssl http2;
		ssl_certificate {certificate};
		ssl_certificate_key {key};
		location / {{ proxy_pass https://127.0.0.1:{behind}; }}
	}}
}}
"""


class Http2:
    """nginx, which speaks HTTP/2, before a server that does not."""

    def __init__(self, stage, server, certificate):
        self.port, self.folder = free_port(), stage.folder("http2", WEB_USER)
        user = f"user {WEB_USER};" if IS_ROOT else ""
        configuration = stage.write("http2/nginx.conf", NGINX.format(
            folder=self.folder, user=user, port=self.port, certificate=certificate[0], key=certificate[1], behind=server.port))
        self.process = Process("nginx", [server_program("nginx"), "-p", self.folder, "-c", configuration, "-e", "stderr"], self.folder / "output")
        self.process.wait_ready(lambda: is_listening(self.port), "nginx listens")

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/siteverify"

    def stop(self):
        """It writes its log at the latest when it ends. Of each request: connection and protocol."""
        self.process.stop()
        return [line.split() for line in (self.folder / "access.log").read_text().splitlines()]


@pytest.fixture
def http2(authority, server, certificate):
    http2 = Http2(authority, server, certificate)
    yield http2
    http2.stop()


@pytest.fixture
def open_examiner(authority):
    """Called with a service and a server: the running program, which takes commands."""
    program = os.environ.get("SEKISHO_EXAMINE") or pathlib.Path(os.environ["SEKISHO_PROGRAMS"]).parent / "tests" / "flow" / "captcha_examine"
    started = []

    def start(service, server, ca_file=None):
        # A proxy that the environment names is none of ours: nothing listens there.
        environment = {**os.environ, "https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
        process = subprocess.Popen([program, service, getattr(server, "url", server), str(ca_file or authority.authority)], text=True, env=environment,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def examine(open_examiner):
    """Called with a service, a server and commands: {token: Answer}, in the order in which they came."""
    def run(service, server, *commands, **options):
        process = open_examiner(service, server, **options)
        output, errors = process.communicate("".join(f"{command}\n" for command in commands), timeout=120)
        assert process.returncode == 0 and not errors, errors
        answers = [Answer(line) for line in output.splitlines()]
        assert len({answer.token for answer in answers}) == len(answers) == sum(command.startswith("ask ") for command in commands)
        return {answer.token: answer for answer in answers}

    return run
