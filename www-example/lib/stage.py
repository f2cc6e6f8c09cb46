"""The stage: a temporary directory and the processes that play in it.

Everything that www-example/run and tests/flow start lives and ends here. A process is started with a log file of its own, dies
with us, and is stopped in the end whatever happened. Nothing waits for luck: wait_for asks again and again until a deadline.
"""

import ctypes
import grp
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent
# Accounts that every Debian has, so that the example adds none to the machine. An installation has users of its own (sekisho.conf).
# The group of the data directory is one that nobody is in, so that only the gateway's processes reach it.
WEB_USER, MAIL_USER, MAIL_GROUP, SHARED_GROUP = "www-data", "nobody", "nogroup", "games"
IS_ROOT = os.geteuid() == 0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """Something did not come about; the text says what, with the end of the log that should tell why."""


def wait_for(condition, what, seconds=20.0):
    """The first true value of condition(), asked until `seconds` have gone; then Trouble, naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Trouble(f"waited {seconds:g} s for {what() if callable(what) else what}")
        time.sleep(0.02)


def free_port():
    """A port of 127.0.0.1 that the kernel chose and that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def group_members(group):
    """Process ids of a process group, without those that have ended and only wait to be noticed."""
    members = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, process_group = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:3]
            except OSError:
                continue
            if int(process_group) == group and state not in "ZX":
                members.append(int(entry.name))
    return members


def own_user():
    return pwd.getpwuid(os.geteuid()).pw_name


def own_group():
    return grp.getgrgid(os.getegid()).gr_name


def server_program(name):
    """The unpacked server program `name` (www-example/lib/packages.sh puts it there)."""
    path = pathlib.Path(os.environ["SEKISHO_SERVERS"]) / "usr" / "sbin" / name
    if not path.exists():
        raise Trouble(f"{path} is missing: start through www-example/run or tests/run, which fetch it")
    return path


class Process:
    """One running program with its log, in a session of its own: a Ctrl-C is for us, and we stop it in our order."""

    def __init__(self, name, command, log, **options):
        self.name, self.log = name, pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen([str(word) for word in command], stdin=options.pop("stdin", subprocess.DEVNULL), stdout=output,
                                          stderr=output, start_new_session=True, preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), **options)

    def is_running(self):
        return self.popen.poll() is None

    def tail(self, lines=25):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "".join(f"    {line}\n" for line in text.splitlines()[-lines:])

    def wait_ready(self, condition, what, seconds=30.0):
        def ready_or_dead():
            return condition() or not self.is_running()
        wait_for(ready_or_dead, lambda: f"{what}; the end of its log:\n{self.tail()}", seconds)
        if not self.is_running():
            raise Trouble(f"{self.name} ended with status {self.popen.returncode} before {what}; the end of its log:\n{self.tail()}")

    def stop(self, how=signal.SIGTERM, seconds=40.0):
        """Asks it to end and waits for it and whatever it started; kills at the deadline. Its exit status."""
        if self.is_running():
            self.popen.send_signal(how)
        try:
            self.popen.wait(seconds)
            wait_for(lambda: not group_members(self.popen.pid), "its children", 10)
        except (subprocess.TimeoutExpired, Trouble):
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
            raise Trouble(f"{self.name} or a child of it did not end; the end of its log:\n{self.tail()}") from None
        return self.popen.returncode


class Stage:
    """The temporary directory, and what runs in it. Use as a context manager."""

    def __init__(self, prefix="sekisho-"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.directory.chmod(0o711)
        self.actors = []
        self.web_port = free_port()
        self.make_authority()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        troubles = []
        for actor in reversed(self.actors):
            try:
                actor.stop()
            except Trouble as trouble:
                troubles.append(str(trouble))
        self.actors.clear()
        shutil.rmtree(self.directory, ignore_errors=True)
        if troubles and sys.exc_info()[0] is None:
            raise Trouble("\n".join(troubles))

    def add(self, actor):
        self.actors.append(actor)
        return actor

    def folder(self, name, owner=None, mode=0o755):
        path = self.directory / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        self.give(path, owner)
        return path

    def write(self, name, text, owner=None, mode=0o644):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        path.chmod(mode)
        self.give(path, owner)
        return path

    @staticmethod
    def give(path, owner=None, group=None):
        if IS_ROOT and (owner or group):
            shutil.chown(path, owner, group)

    # --- certificates -------------------------------------------------------------------------------------------------

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"openssl {arguments[0]}: {done.stderr.strip()}")

    def make_authority(self):
        self.authority = self.directory / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.directory / "ca.key", "-out", self.authority,
                     "-subj", "/CN=sekisho example authority", "-days", "2")
        self.authority.chmod(0o644)

    def make_certificate(self, name, owner, subject):
        """NAME.pem and NAME.key for `subject` ("IP:127.0.0.1", "DNS:mail.example.test"), signed by the stage's own authority."""
        key, request, certificate = (self.directory / f"{name}.{suffix}" for suffix in ("key", "csr", "pem"))
        extension = self.write(f"{name}.ext", f"subjectAltName={subject}\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=sekisho example")
        self.openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self.directory / "ca.key", "-CAcreateserial",
                     "-out", certificate, "-days", "2", "-extfile", extension)
        key.chmod(0o600)
        self.give(key, owner)
        return certificate, key
