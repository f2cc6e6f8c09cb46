"""The switch of forgetful_vfs.c: cuts the power of a gateway, at an instant of the test's choice, and puts back what the disk had."""

import mmap
import os
import pathlib
import signal
import socket
import struct

from killing import family, is_alive
from stage import wait_for

# In the order of Phase in forgetful_vfs.c.
PHASES = ("", "before_commit", "in_commit", "after_commit", "before_answer", "after_answer", "before_settle", "in_settle", "after_settle",
          "before_ledger", "in_ledger", "after_ledger")
FIELDS = ("phase", "countdown", "is_power", "is_cut", "fault", "is_reached")
BLOCK = 4096
# The outbox's database, and the courier's ledger beside it.
DATABASES = ("sekisho.db", "ledger.db")
SUFFIXES = ("", "-wal", "-journal")


class Power:
    """Give `environment` to Gateway.start. `synchronous` replaces FULL in the program."""

    def __init__(self, stage, synchronous=None):
        self.folder = stage.folder("power")
        self.disk = stage.folder("power/disk", mode=0o777)
        self.control = self.folder / "control"
        self.control.write_bytes(bytes(4 * len(FIELDS)))
        self.control.chmod(0o666)
        with open(self.control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        # The sanitizers want to be the first library of a program, but say themselves how to be content with less.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.environment = {"LD_PRELOAD": os.environ["SEKISHO_FORGETFUL_VFS"], "SEKISHO_POWER": str(self.folder), "ASAN_OPTIONS": options}
        if synchronous:
            self.environment["SEKISHO_POWER_SYNCHRONOUS"] = synchronous

    def set(self, **fields):
        for name, value in fields.items():
            struct.pack_into("=i", self.memory, 4 * FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("=i", self.memory, 4 * FIELDS.index(name))[0]

    def arm(self, phase, countdown=0, is_power=True):
        """The process that comes to `phase` after `countdown` others kills itself."""
        self.set(phase=0, is_cut=0, is_reached=0)
        self.set(countdown=countdown, is_power=int(is_power))
        self.set(phase=PHASES.index(phase))

    def restore(self, gateway, survivors=None):
        """What a machine finds when the power is back: what was synced. With `survivors` (a random generator) also some of the blocks
        that were not, as they happened to be written already."""
        for folder, database in zip((data_folder(gateway), courier_folder(gateway)), DATABASES):
            model = (folder / database).stat()
            for suffix in SUFFIXES:
                self.restore_file(folder, database + suffix, survivors, model)
            (folder / f"{database}-shm").unlink(missing_ok=True)
        self.set(phase=0, is_cut=0, is_reached=0)

    def restore_file(self, folder, name, survivors, model):
        cached, stored, gone = folder / name, self.disk / name, self.disk / f"{name}.gone"
        if gone.exists() and not stored.exists() and (survivors is None or survivors.random() < 0.5):
            gone.rename(stored)
        before, content = read(cached), read(stored)
        if content is not None and before is not None and survivors:
            content = mix(content, before, survivors)
        if content is None:
            cached.unlink(missing_ok=True)
            return
        # In place, because the file's owner and mode are part of what the gateway expects.
        cached.write_bytes(content)
        stored.write_bytes(content)
        if before is None:
            os.chown(cached, model.st_uid, model.st_gid)
            cached.chmod(model.st_mode & 0o777)


def read(path):
    return path.read_bytes() if path.exists() else None


def mix(stored, cached, survivors):
    """Each block is the one or the other. Where only one of them has a block it is that one's, or, past the end of what was stored, a
    hole: a file is cut short or deleted as a whole or not at all."""
    size = survivors.choice((len(stored), len(cached)))
    blocks = []
    for at in range(0, size, BLOCK):
        has_survived = at < len(cached) and survivors.random() < 0.5
        blocks.append((cached if has_survived else stored)[at:at + BLOCK].ljust(min(BLOCK, size - at), b"\0"))
    return b"".join(blocks)[:size]


def kill_all(gateway, power):
    """Everybody who was started with this switch, again and again: a process that starts in this moment is nobody's child any more."""
    mark = f"SEKISHO_POWER={power.folder}".encode()
    process = gateway.process.popen

    def belongs(pid):
        try:
            return is_alive(pid) and mark in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def is_gone():
        left = family(process.pid) | {int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit() and belongs(entry.name)}
        left = [pid for pid in sorted(left) if is_alive(pid)]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.poll()
        return not left
    wait_for(is_gone, "all processes of the gateway to be gone", 30)
    # One that was in the middle of its exec shows no environment; it sees by itself that it is an orphan, and goes.
    wait_for(lambda: not is_listening(gateway.socket), "the gateway's socket to be nobody's", 30)


def is_listening(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def data_folder(gateway):
    return pathlib.Path(gateway.settings["gateway"]["data_directory"])


def courier_folder(gateway):
    """As the configuration's default has it."""
    return data_folder(gateway).with_name(data_folder(gateway).name + "-courier")
