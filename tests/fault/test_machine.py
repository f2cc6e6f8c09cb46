"""What breaks below the gateway: disk, database, descriptors, clock, and its own processes. Each time three questions: what does the
visitor see, what is the operator told, and is anything lost that was acknowledged?
"""

import contextlib
import errno
import os
import sqlite3
import subprocess
import threading
import time

import pytest
import visitor
from gateway import Gateway
from killing import kill_one, processes, wait_idle
from post_office import PostOffice
from power import Power, data_folder
from scene import assert_sent
from stage import IS_ROOT, wait_for
from web import Nginx

FAILED_TEXT = "送信できませんでした"
LONG_S = 2 * 60 * 60


def set_limit(pid, name, soft):
    """Sets a resource limit of a running process, as its own user: even root may not be allowed to (CAP_SYS_RESOURCE)."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        ids = {line.split()[0]: int(line.split()[1]) for line in file if line.startswith(("Uid:", "Gid:"))}
    identity = {"user": ids["Uid:"], "group": ids["Gid:"], "extra_groups": []} if IS_ROOT else {}
    subprocess.run(["prlimit", "--pid", str(pid), f"--{name}={soft}:"], check=True, **identity)


class House:
    """A gateway between a web server and a post office whose answers a test can hold back."""

    def __init__(self, stage, clock, watch, announce):
        self.stage, self.clock, self.announce, self.acknowledged = stage, clock, announce, set()
        self.power = Power(stage)
        self.office = stage.add(PostOffice(stage)).start()
        self.office.on_step = self.on_step
        self.is_held, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()
        self.gateway = watch(stage.add(Gateway(stage, self.office)))
        self.web = stage.add(Nginx(stage, self.gateway.socket)).start()

    def start(self, command=None):
        self.gateway.start(command, {**self.clock.environment, **self.power.environment})
        return self

    def start_without_switch(self):
        """The switch would open files at the worst moment."""
        self.gateway.start(environment=self.clock.environment)
        return self

    def on_step(self, step):
        if step == "DOT" and not self.may_go.is_set():
            self.is_held.set()
            self.may_go.wait(60)

    # --- visitors ------------------------------------------------------------------------------------------------------

    def post(self, word):
        return visitor.post_feedback(self.web, your_subject=f"試し {word}")

    def post_sent(self, word):
        assert_sent(self.post(word))
        self.acknowledged.add(word)

    def post_failed(self, word):
        """The visitor keeps the text and is told to try again; with script and without."""
        answer = self.post(word)
        assert answer.status == 200 and answer.json()["status"] == "mail_failed" and FAILED_TEXT in answer.json()["message"], answer.text
        page = visitor.post_page(self.web, your_subject=f"試し {word}")
        assert page.status == 200 and FAILED_TEXT in page.text and visitor.SAMPLE["your-email"] not in page.text

    def post_flying(self, word):
        """Acknowledged, and in a session whose server has not answered yet."""
        self.may_go.clear()
        self.post_sent(word)
        assert self.is_held.wait(30)

    # --- the reckoning -------------------------------------------------------------------------------------------------

    def told(self, event, role, after=0, seconds=30, **pairs):
        self.announce.add(event)
        return self.gateway.wait_event(event, seconds, after, role=role, **pairs)

    def assert_nothing_lost(self, copies=1, seconds=60):
        wait_for(lambda: self.acknowledged <= self.office.words(), lambda: f"{self.acknowledged - self.office.words()}", seconds)
        wait_for(lambda: not self.gateway.sekisho_json("queue"), "an empty queue", seconds)
        assert self.office.words() == self.acknowledged, "a mail of a submission that the visitor was told is not sent"
        for word in self.acknowledged:
            mails = [mail for mail in self.office.taken if mail.word == word]
            assert len(mails) <= copies and len({mail.identity for mail in mails}) == 1

    def pids(self):
        return {role: processes(self.gateway.process.popen.pid, role)[0] for role in ("front", "courier")}


@pytest.fixture
def house(stage, clock, watch, announce):
    return House(stage, clock, watch, announce)


# --- Disk -------------------------------------------------------------------------------------------------------------

class Fault:
    """What the system calls of the database answer, through forgetful_vfs.c."""

    def __init__(self, number):
        self.number = number

    def prepare(self, house):
        house.start()

    def break_it(self, house):
        house.power.set(fault=self.number)

    def mend(self, house):
        house.power.set(fault=0)


class SmallDisk:
    """A file system of its own for the database, filled to the last byte."""

    def prepare(self, house):
        if not IS_ROOT:
            pytest.skip("only root may mount a tmpfs")
        self.folder = house.stage.folder("gateway/data")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.folder], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        house.start()

    def break_it(self, _house):
        self.filler = self.folder / "filler"
        with open(self.filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def mend(self, _house):
        self.filler.unlink()

    def clean(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


class SmallFiles:
    """No file may grow (RLIMIT_FSIZE); the signal that comes with it is ignored, as a shell's `trap` does."""

    def prepare(self, house):
        house.start(["/bin/sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", *house.gateway.command()])

    def set(self, house, size):
        for pid in house.pids().values():
            set_limit(pid, "fsize", size)

    def break_it(self, house):
        self.set(house, (data_folder(house.gateway) / "sekisho.db-wal").stat().st_size)

    def mend(self, house):
        self.set(house, "unlimited")


class Locked:
    """Another program holds the write lock and does not let go."""

    def prepare(self, house):
        house.start()

    def break_it(self, house):
        self.holder = sqlite3.connect(data_folder(house.gateway) / "sekisho.db", isolation_level=None)
        self.holder.execute("BEGIN IMMEDIATE")

    def mend(self, _house):
        self.holder.rollback()
        self.holder.close()


def breaks_and_is_mended(house, trouble, name, words):
    try:
        trouble.prepare(house)
        house.post_flying("flying")
        trouble.break_it(house)
        house.post_failed("refused")
        assert words in house.told("store_failed", "front", error=name).text
        # The mail is taken, and nobody can write that down.
        house.may_go.set()
        assert words in house.told("store_failed", "courier", error=name, consequence="outcomes of mails are kept in memory and written later").text
        house.post_failed("refused")
        trouble.mend(house)
        house.post_sent("after")
        house.assert_nothing_lost()
        assert house.gateway.stop() == 0
    finally:
        if hasattr(trouble, "clean"):
            house.gateway.stop()
            trouble.clean()


class TestDisk:
    FULL, READONLY, BROKEN = "there is no space left", "the database cannot be written", "look for errors of the disk"

    @pytest.mark.parametrize("trouble, name, words", [
        (SmallDisk(), "store.full", FULL), (SmallFiles(), "store.full", FULL), (Fault(errno.ENOSPC), "store.full", FULL), (Fault(errno.EDQUOT), "store.full", FULL),
        (Fault(errno.EROFS), "store.readonly", READONLY), (Fault(errno.EIO), "store.io", BROKEN),
    ], ids=["tmpfs", "file_size", "space", "quota", "readonly", "io"])
    def test_it_goes_on_when_it_is_mended(self, house, trouble, name, words):
        breaks_and_is_mended(house, trouble, name, words)

    def test_a_database_that_may_not_be_written_is_refused_at_the_start(self, house):
        house.start().post_sent("before")
        house.assert_nothing_lost()
        assert house.gateway.stop() == 0
        database = data_folder(house.gateway) / "sekisho.db"
        database.chmod(0o440)
        assert "the database cannot be written; its directory must be 2770 and its files 0660" in refusal(house)
        database.chmod(0o660)
        house.start().post_sent("after")
        house.assert_nothing_lost()


def refusal(house):
    done = subprocess.run([str(word) for word in house.gateway.command()], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode not in (0, -9), done.stderr
    return done.stderr


# --- Database ---------------------------------------------------------------------------------------------------------

def leave_one_waiting(house):
    """An acknowledged submission whose mail server was not there; the gateway is stopped. The contents of the database's file."""
    house.office.script.greeting = "421 4.3.2 not now"
    house.start().post_sent("before")
    house.told("account_failed", "courier")
    wait_for(lambda: house.gateway.sekisho_json("queue")[0]["deliveries"][0]["state"] == "deferred", "the mail to be put off")
    assert house.gateway.stop() == 0
    house.office.script.greeting = "220 mx.example.jp ESMTP"
    return (data_folder(house.gateway) / "sekisho.db").read_bytes()


def restore_backup(house, backup):
    for name in ("sekisho.db-wal", "sekisho.db-shm"):
        (data_folder(house.gateway) / name).unlink(missing_ok=True)
    (data_folder(house.gateway) / "sekisho.db").write_bytes(backup)
    house.clock.move(LONG_S)
    house.start().post_sent("after")
    house.assert_nothing_lost()


class TestDatabase:
    def test_it_is_locked(self, house):
        breaks_and_is_mended(house, Locked(), "store.busy", "another process has held the database for too long")

    def test_a_page_is_overwritten(self, house):
        backup = leave_one_waiting(house)
        path = data_folder(house.gateway) / "sekisho.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
            (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'submission'").fetchone()
            (size,) = database.execute("PRAGMA page_size").fetchone()
        with open(path, "r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)
        # The mail falls due, so the courier reads the page too.
        house.clock.move(LONG_S)
        house.start()
        house.post_failed("refused")
        for role in ("front", "courier"):
            assert "stop sekishod, move it aside and restore a backup" in house.told("store_failed", role, error="store.corrupt").text
        assert house.gateway.stop() == 0
        restore_backup(house, backup)

    def test_it_is_no_database(self, house):
        backup = leave_one_waiting(house)
        (data_folder(house.gateway) / "sekisho.db").write_bytes(b"Lorem ipsum. " * 4096)
        assert "this is no database of ours, or a damaged one; stop sekishod, move it aside and restore a backup" in refusal(house)
        restore_backup(house, backup)


# --- Descriptors ------------------------------------------------------------------------------------------------------

def soft_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
        return next(line.split()[3] for line in file if line.startswith("Max open files"))


class Descriptors:
    """Leaves a process `spare` descriptors."""

    def __init__(self, pid, spare=0):
        self.pid, self.before = pid, soft_limit(pid)
        try:
            used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        except PermissionError:
            pytest.skip("only root may look at the descriptors of a process that gave its rights up")
        limit = 0
        while spare > 0 or limit in used:
            spare -= limit not in used
            limit += 1
        set_limit(pid, "nofile", limit)

    def mend(self):
        set_limit(self.pid, "nofile", self.before)


class TestDescriptors:
    def test_the_front_has_none_left_and_visitors_wait(self, house):
        house.start_without_switch().post_sent("before")
        house.assert_nothing_lost()
        used_up = Descriptors(house.pids()["front"])
        started, after = time.monotonic(), len(house.gateway.lines())
        waiting = threading.Thread(target=house.post_sent, args=("patient",))
        waiting.start()
        house.told("overload", "front", after, ceiling="descriptors")
        wait_for(lambda: time.monotonic() - started > 3, "three seconds of it")
        told = [line for line in house.gateway.lines()[after:] if line.event == "overload"]
        assert len(told) <= 5, "the log is flooded"
        used_up.mend()
        waiting.join(30)
        assert "patient" in house.acknowledged
        house.assert_nothing_lost()

    def test_the_front_cannot_read_a_site(self, house):
        house.start_without_switch()
        house.announce.add("overload")
        used_up = Descriptors(house.pids()["front"], 1)
        answer = house.post("refused")
        assert answer.status == 200 and answer.json()["status"] == "mail_failed", answer.text
        assert "Too many open files" in house.told("site_unusable", "front").text
        used_up.mend()
        wait_for(lambda: house.post("after").json()["status"] == "mail_sent", "the site to be read again", 30)
        house.acknowledged.add("after")
        house.assert_nothing_lost()

    def test_the_courier_cannot_start_a_session(self, house):
        house.start_without_switch().post_sent("before")
        house.assert_nothing_lost()
        # The last session's descriptors come back first.
        wait_idle(house.gateway)
        used_up = Descriptors(house.pids()["courier"])
        house.post_sent("waits")
        assert "Too many open files" in house.told("account_failed", "courier").text
        used_up.mend()
        house.clock.move(LONG_S)
        house.post_sent("after")
        house.assert_nothing_lost()


# --- Clock ------------------------------------------------------------------------------------------------------------

YEAR_S = 365 * 24 * 60 * 60


class TestClock:
    @pytest.mark.parametrize("jump_s", [LONG_S, YEAR_S], ids=["hours", "year"])
    def test_it_jumps_ahead_while_a_mail_is_on_its_way_and_another_waits(self, house, jump_s):
        # Their leases end while their holder lives.
        house.start().post_flying("flying")
        house.post_sent("waits")
        house.clock.move(jump_s)
        house.post_sent("after")
        house.may_go.set()
        house.assert_nothing_lost()

    @pytest.mark.parametrize("jump_s", [LONG_S, YEAR_S], ids=["hours", "year"])
    def test_it_jumps_back_while_a_mail_is_on_its_way_and_another_waits(self, house, jump_s):
        house.start().post_flying("flying")
        house.post_sent("waits")
        house.clock.move(-jump_s)
        house.may_go.set()
        house.post_sent("after")
        wait_for(lambda: {"flying", "after"} <= house.office.words(), "the mails that are due on either day")
        # What is due within LIMIT_DUE_AHEAD_MS waits until then at worst.
        if jump_s < YEAR_S:
            house.clock.move(0)
        house.assert_nothing_lost()

    def test_a_year_ahead_and_back_again(self, house):
        """A rest and a delay that were reckoned on the wrong day are not waited for; an operator's reload ends the account's rest."""
        house.office.script.greeting = "421 4.3.2 not now"
        house.clock.move(YEAR_S)
        house.start().post_sent("before")
        house.told("account_failed", "courier")
        wait_for(lambda: house.gateway.sekisho_json("queue")[0]["deliveries"][0]["state"] == "deferred", "the mail to be put off")
        house.office.script.greeting = "220 mx.example.jp ESMTP"
        house.clock.move(0)
        after = len(house.gateway.lines())
        house.gateway.reload()
        house.gateway.wait_event("started", after=after, role="courier")
        house.post_sent("after")
        house.assert_nothing_lost()


# --- Killed -----------------------------------------------------------------------------------------------------------

class TestKilled:
    def test_the_front_dies_while_a_visitor_waits(self, house):
        house.start().post_sent("before")
        house.assert_nothing_lost()
        house.power.arm("before_commit", is_power=False)
        answer = house.post("refused")
        assert answer.status == 200 and answer.json()["status"] == "mail_failed" and FAILED_TEXT in answer.json()["message"]
        assert house.told("role_ended", "supervisor").pairs["how"] == "signal 9"
        # The socket is the supervisor's, so who comes meanwhile waits for the next front.
        house.post_sent("after")
        house.assert_nothing_lost()

    def test_the_session_dies_with_a_mail(self, house):
        house.start().post_flying("flying")
        kill_one(house.gateway, "session")
        assert "signal 9" in house.told("session_ended", "courier").text
        house.may_go.set()
        wait_idle(house.gateway)
        house.clock.move(LONG_S)
        house.post_sent("after")
        # The server may have taken the first one, as far as anybody can know.
        house.assert_nothing_lost(copies=2)
