"""An SMTP server that misbehaves at one stage of a session in one way, and keeps books of what it took and whether it said so clearly."""

import dataclasses
import email
import email.policy
import select
import socket
import ssl
import threading
import time

from smtp_script import GOOD_PASSWORD, GOOD_USER, Closed, Dialogue, Script, Server

# Each stage of a session with each failure, and what becomes of a single mail then; "-" where there is no such failure.
#   refuse: what is no reply (nobody listens, nothing is offered, no cipher in common)     garbage: no SMTP
#   before, after: the server goes away instead of its reply, and right behind it          hang, drip: until the deadline
TABLE = """
stage     refuse   4xx        5xx        garbage  hang     drip     before   after
connect   connect  -          -          -        connect  -        connect  -
greeting  -        connect    connect    connect  connect  connect  connect  connect
EHLO      -        connect    connect    connect  connect  connect  connect  connect
STARTTLS  tls      tls        tls        connect  connect  connect  connect  tls
TLS       tls      -          -          tls      connect  connect  tls      connect
EHLO2     -        connect    connect    connect  connect  connect  connect  connect
AUTH      auth     auth       auth       auth     connect  connect  connect  lost
MAIL      -        temporary  permanent  lost     lost     lost     lost     lost
RCPT      -        temporary  permanent  lost     lost     lost     lost     lost
DATA      -        temporary  permanent  lost     lost     lost     lost     lost
BODY      -        temporary  permanent  lost     lost     lost     lost     lost
DOT       -        temporary  permanent  lost     lost     lost     lost     sent
QUIT      -        sent       sent       sent     sent     sent     sent     sent
"""
KINDS, *ROWS = (line.split() for line in TABLE.strip().splitlines())
OUTCOMES = {(row[0], kind): outcome for row in ROWS for kind, outcome in zip(KINDS[1:], row[1:]) if outcome != "-"}
# These last until somebody's deadline.
WAITS = ("hang", "drip")

WORDS = {"4xx": "451 4.3.2 not now, says the server", "5xx": "554 5.7.1 never, says the server", "garbage": "\0\x01 HTTP/1.1 what? \x7f"}


@dataclasses.dataclass
class Mischief:
    stage: str
    kind: str
    message: int = 0         # the number of the mail in its session, from MAIL on
    patience_s: float = 600  # how long a hanging server holds the connection
    drip_s: float = 0.3      # between two bytes


def script_for(script, mischief):
    """The replies that make the mischief, where a reply can."""
    words = WORDS.get(mischief.kind, "")
    replies = (*[""] * mischief.message, words)
    changes = {
        "greeting": {"greeting": words}, "EHLO": {"hello": words}, "STARTTLS": {"starttls": words}, "EHLO2": {"second_hello": words},
        "AUTH": {"auth_reply": words}, "MAIL": {"mail": replies}, "DATA": {"data": replies}, "DOT": {"dot": replies},
    }.get(mischief.stage, {}) if words else {}
    if mischief.kind == "refuse":
        changes = {"STARTTLS": {"starttls": ""}, "AUTH": {"auth": ()}}.get(mischief.stage, {})
    return dataclasses.replace(script, **changes)


class Taken:
    """One mail to one recipient. `is_clear`: the server said 250 to it, and nothing came between."""

    def __init__(self, recipient, content, is_clear):
        self.message = email.message_from_bytes(content, policy=email.policy.default)
        self.recipient, self.content, self.is_clear = recipient, content, is_clear
        self.identity = str(self.message["Message-ID"])
        # Where a test writes which submission it was.
        self.word = str(self.message["Subject"]).rsplit(" ", 1)[-1]


# How an account reaches a server: the transports by STARTTLS, and 465, which one of them does alone. And what an account writes for it.
WAYS = {"curl": "transport = curl", "esmtp": "transport = esmtp", "465": "security = tls"}


def outcomes_of(way):
    """The table, of a way. Where TLS stands from the first byte there is no clear EHLO and no STARTTLS, and who is cut off at once cannot say whether that was TLS."""
    without = [("connect", "before"), *(cell for cell in OUTCOMES if cell[0] in ("EHLO", "STARTTLS"))] if way == "465" else []
    return {cell: outcome for cell, outcome in OUTCOMES.items() if cell not in without}


class MischiefServer(Server):
    """`draw()` gives the mischief of each connection, or None. `door` is "refuse" or "hang", until it heals. `way` is of WAYS."""

    HOST, LOGIN, PASSWORD = "127.0.0.1", GOOD_USER, GOOD_PASSWORD

    def __init__(self, certificate, draw=lambda: None, door=None, way="curl"):
        self.certificate, self.draw, self.door = certificate, draw, door
        self.account_keys = WAYS[way]
        self.taken, self.crowd = [], []
        self.thread = None
        super().__init__(Script(tls=server_context(certificate), is_implicit=way == "465"))
        if door:
            self.shut(door)

    def shut(self, door):
        """Nobody listens; or somebody listens and never accepts, and the kernel's queue is full, so that a SYN finds no answer."""
        port = self.port
        self.listener.close()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        if door == "hang":
            self.listener.listen(0)
            for _ in range(4):
                guest = socket.socket()
                guest.setblocking(False)
                guest.connect_ex(("127.0.0.1", port))
                self.crowd.append(guest)

    def start(self):
        if not self.door:
            self.__enter__()
        return self

    def heal(self):
        """From here on it behaves."""
        self.draw = lambda: None
        if self.door:
            for guest in self.crowd:
                guest.close()
            self.door = None
            self.listener.listen(8)
            self.__enter__()

    def stop(self):
        if self.thread:
            self.__exit__()
        for open_socket in (*self.crowd, self.listener):
            open_socket.close()
        assert not self.problems, self.problems

    def dialogue(self, connection):
        mischief = self.draw()
        if mischief and mischief.stage == "connect":
            # A RST.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raise Closed
        return MischiefDialogue(self, connection, mischief)


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


class MischiefDialogue(Dialogue):
    def __init__(self, server, connection, mischief):
        super().__init__(server, connection)
        self.mischief, self.stage, self.received = mischief, "", b""
        self.is_taken = self.is_muddled = False
        if mischief:
            self.script = script_for(server.script, mischief)

    def count_mail(self):
        """Mischief is drawn for a connection."""
        return self.message_number + 1

    def kind(self):
        """The kind of mischief that is due at this stage, or None."""
        mischief = self.mischief
        if mischief is None or mischief.stage != self.stage:
            return None
        return mischief.kind if self.message_number in (-1, mischief.message) or self.stage == "QUIT" else None

    def step(self, name):
        self.stage = "EHLO2" if name == "EHLO" and self.is_encrypted else name
        kind = self.kind()
        if name == "DOT":
            # It is taken, whatever becomes of the reply. A refusal takes nothing.
            if kind in ("before", "hang", "garbage") or kind == "drip" and self.mischief.drip_s > 0.1:
                self.is_muddled = True
                self.take(self.received)
        if name == "TLS" and kind not in (None, "after"):
            self.spoil_handshake(kind)
        elif kind == "before":
            raise Closed
        elif kind == "hang":
            self.hang()

    def hang(self):
        self.connection.settimeout(self.mischief.patience_s)
        while self.connection.recv(65536):
            pass
        raise Closed

    def wait_for_leaving(self):
        watch = select.poll()
        watch.register(self.connection, select.POLLRDHUP)
        watch.poll(self.mischief.patience_s * 1000)

    def drip(self, data):
        for byte in data:
            super().send(bytes([byte]))
            threading.Event().wait(self.mischief.drip_s)

    def send(self, data):
        kind = self.kind()
        if self.stage == "QUIT" and kind in WORDS:
            data = WORDS[kind].encode() + b"\r\n"
        if kind == "drip":
            self.drip(data[:-2] + b" drop by drop by drop by drop by drop" + data[-2:])
            return
        super().send(data)
        if kind == "after" and self.stage != "BODY":
            raise Closed

    def handshake(self):
        super().handshake()
        if self.kind() == "after":
            raise Closed

    def spoil_handshake(self, kind):
        if kind == "refuse":
            self.script.tls = server_context(self.server.certificate)
            self.script.tls.maximum_version = ssl.TLSVersion.TLSv1_2
            # The certificate's key is RSA.
            self.script.tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
            return
        self.connection.recv(65536)
        if kind == "hang":
            self.hang()
        if kind == "garbage":
            super().send(b"\x15\x03 this is no TLS\r\n" * 20)
        if kind == "drip":
            self.drip(b"\x16\x03\x03\x40\x00" + bytes(200))
        raise Closed

    def rcpt(self, command):
        address = command[len("RCPT TO:"):].split(" ")[0].strip("<>")
        self.stage = "RCPT"
        if self.kind() in WORDS and not self.recipients:
            self.script = dataclasses.replace(self.script, rcpt={address: WORDS[self.kind()]})
        super().rcpt(command)

    def content(self):
        self.stage, self.is_taken, self.is_muddled = "BODY", False, False
        kind = self.kind()
        if kind == "before":
            raise Closed
        if kind == "hang":
            # It reads no more; a client with a short mail waits for the answer to its dot, one with a long mail for room.
            self.wait_for_leaving()
            raise Closed
        if kind in ("4xx", "5xx", "after"):
            self.connection.recv(10)
            if kind in WORDS:
                self.say(WORDS[kind])
            raise Closed
        if kind == "drip":
            until = time.monotonic() + self.mischief.patience_s
            while time.monotonic() < until and self.connection.recv(1):
                threading.Event().wait(self.mischief.drip_s)
            raise Closed
        if kind == "garbage":
            # The client takes it for the answer to the dot.
            self.say(WORDS["garbage"])
            self.is_muddled = True
        muddled = self.is_muddled
        self.received = super().content()
        self.is_muddled = muddled
        return self.received

    def take(self, content):
        if self.is_taken:
            return
        self.is_taken = True
        super().take(content)
        self.server.taken += [Taken(recipient, content, not self.is_muddled) for recipient in self.recipients]
