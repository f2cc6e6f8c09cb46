"""A real DNS server, NSD, unpacked and never installed, with zones of the test's choosing; and servers of our own for what a real one never does."""

import os
import socket
import threading

from stage import Process, free_port, server_program

CONFIGURATION = """
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    xfrdir: "{folder}"
    xfrdfile: "{folder}/xfrd.state"
    pidfile: "{folder}/nsd.pid"
    database: ""
    server-count: 1
    do-ip6: no
    rrl-ratelimit: 0
    verbosity: 1
remote-control:
    control-enable: no
"""
START = "$ORIGIN {zone}.\n$TTL 60\n@ IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60\n@ IN NS ns.{zone}.\nns IN A 127.0.0.1\n"


class DnsServer:
    """NSD on 127.0.0.1. `zones`: a name and the lines of its file; of a zone whose lines are None the file is missing, so that its names get SERVFAIL."""

    def __init__(self, stage, zones):
        self.folder, self.port, self.process = stage.folder("dns"), free_port(), None
        configuration = CONFIGURATION.format(port=self.port, folder=self.folder)
        for zone, lines in zones.items():
            configuration += f'zone:\n    name: "{zone}"\n    zonefile: "{zone}.zone"\n'
            if lines is not None:
                (self.folder / f"{zone}.zone").write_text(START.format(zone=zone) + "\n".join(lines) + "\n", encoding="ascii")
        self.configuration = stage.write("dns/nsd.conf", configuration)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        program = server_program("nsd")
        libraries = program.parent.parent / "lib" / f"{os.uname().machine}-linux-gnu"
        self.process = Process("nsd", [program, "-d", "-c", self.configuration], self.folder / "log",
                               env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(libraries)})
        self.process.wait_ready(self.answers, "answers of the DNS server")
        return self

    def answers(self):
        """Whether it answers a question about the root (with a refusal)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.2)
            client.connect(("127.0.0.1", self.port))
            try:
                client.send(b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01")
                return client.recv(512).startswith(b"\x12\x34")
            except OSError:
                return False

    def stop(self):
        if self.process:
            self.process.stop()


class OddServer:
    """UDP on 127.0.0.1: each question gets what `reply` makes of its bytes, or nothing if that is None."""

    def __init__(self, reply):
        self.reply, self.asked = reply, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            if not question:
                return
            self.asked += 1
            answer = self.reply(question)
            if answer is not None:
                self.socket.sendto(answer, client)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"", self.socket.getsockname())
        self.thread.join(10)
        self.socket.close()
