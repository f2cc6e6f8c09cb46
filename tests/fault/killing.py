"""What the tests that kill share: who runs below a gateway, and visitors who write meanwhile."""

import itertools
import os
import pathlib
import signal
import threading
import time

import visitor
from scene import is_sent
from stage import wait_for


def stat_of(pid):
    """(state, parent) of a process; OSError if there is none."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return fields[0], int(fields[1])


def is_alive(pid):
    try:
        return stat_of(pid)[0] not in "ZX"
    except OSError:
        return False


def family(ancestor):
    """Process ids of the ancestor and everybody below it."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = stat_of(entry.name)[1]
            except OSError:
                continue
    members, found = {ancestor}, True
    while found:
        found = {child for child, parent in parents.items() if parent in members} - members
        members |= found
    return members


def processes(ancestor, role):
    """Process ids below `ancestor` that were started with `--role ROLE`."""
    def has_role(pid):
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"--role" in command and role.encode() in command
    return [pid for pid in family(ancestor) if has_role(pid)]


def kill_one(gateway, role):
    """Kills one process of that role, as soon as there is one."""
    pids = wait_for(lambda: processes(gateway.process.popen.pid, role), f"a process with the role {role}", 30)
    os.kill(pids[0], signal.SIGKILL)


class Visitors:
    """Threads that post one submission after the other, each with a word of its own: as many as they are asked for. `address_of` gives a word's
    visitor an address."""

    def __init__(self, web, count=4, address_of=lambda word: visitor.SAMPLE["your-email"]):
        self.web, self.words, self.answers, self.address_of = web, itertools.count(), {}, address_of
        self.asked = threading.Semaphore(0)
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.write) for _ in range(count)]

    def write(self):
        while self.asked.acquire() and not self.is_over.is_set():
            word = f"w{next(self.words)}"
            try:
                self.answers[word] = visitor.post_feedback(self.web, your_subject=f"試し {word}", your_email=self.address_of(word))
            except OSError as error:
                self.answers[word] = error

    def ask(self, count):
        self.asked.release(count)

    def acknowledged(self):
        return {word for word, answer in list(self.answers.items()) if is_sent(answer)}

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.asked.release(len(self.threads))
        for thread in self.threads:
            thread.join()


def wait_idle(gateway, seconds=120):
    """Until no session runs and the log has been silent for a second: then a jump of the clock ends only leases whose holder is dead."""
    seen = {"lines": -1, "since": 0.0}

    def is_idle():
        lines = len(gateway.lines())
        if lines != seen["lines"] or processes(gateway.process.popen.pid, "session"):
            seen.update(lines=lines, since=time.monotonic())
        return time.monotonic() - seen["since"] > 1
    wait_for(is_idle, "the courier to have nothing to do", seconds)
