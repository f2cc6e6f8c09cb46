"""The socket may come from outside: as descriptor 3 from systemd, as standard input from spawn-fcgi."""

import os
import pathlib

import pytest
import visitor
from scene import assert_sent, wait_mails
from gateway import Gateway
from stage import IS_ROOT, WEB_USER, Process, wait_for
from web import Nginx

SERVERS = pathlib.Path(os.environ["SEKISHO_SERVERS"])


@pytest.fixture
def gateway(stage, smtp, watch):
    return watch(stage.add(Gateway(stage, smtp, gateway={"listen": ""})))


def test_spawn_fcgi(stage, smtp, gateway):
    owner = ["-U", WEB_USER] if IS_ROOT else []
    gateway.start([SERVERS / "usr/bin/spawn-fcgi", "-n", "-s", gateway.socket, "-M", "0660", *owner, "--", *gateway.command()])
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert gateway.stop() == 0
    assert gateway.socket.exists(), "a socket of another's is not removed"


def test_systemd_socket_activation(stage, smtp, gateway):
    libraries = next(SERVERS.glob("usr/lib/*/systemd"))
    kept = [name for name in ("JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name == "JOURNAL_STREAM" or name in os.environ]
    command = [SERVERS / "usr/bin/systemd-socket-activate", "--listen", gateway.socket, *(f"--setenv={name}" for name in kept), *gateway.command()]
    gateway.log_path.touch()
    status = gateway.log_path.stat()
    gateway.process = Process("systemd-socket-activate", command, gateway.log_path,
                              env={**os.environ, "LD_LIBRARY_PATH": str(libraries), "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
    wait_for(gateway.socket.exists, "the socket")
    gateway.stage.give(gateway.socket, WEB_USER)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    # The first request starts the gateway and is served by it.
    assert_sent(visitor.post_feedback(web))
    assert_sent(visitor.post_feedback(web, your_subject="二通目"))
    wait_mails(smtp, 2)
    assert gateway.stop() == 0
    text = gateway.log_path.read_text()
    gateway.log_path.write_text("".join(line + "\n" for line in text.splitlines() if line.startswith("<")))
    assert "Listening on" in text
