"""An SMTP server that does what a test tells it to, down to the byte.

A `Script` holds the reply to every step; the server plays it for each connection and records what it saw. It answers whatever
the client says, in order, and misbehaves only where the script says so.
"""
import base64
import dataclasses
import socket
import ssl
import threading

GOOD_USER, GOOD_PASSWORD = "form@example.jp", "correct horse"
GOOD_TOKEN = "ya29.good-token_of/the+day=="
# What servers with XOAUTH2 say behind 334 before they refuse: JSON in base64.
TOKEN_REFUSAL = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"https://mail.example.jp/"}').decode()


@dataclasses.dataclass
class Script:
    greeting: str = "220 mx.example.jp ESMTP"
    greeting_bytes: bytes = b""             # sent instead of the greeting, as they are
    drip_s: float = 0                        # pause after each byte of the greeting
    hello: str = ""                          # instead of the EHLO reply
    second_hello: str = ""                   # instead of the one behind TLS
    capabilities: tuple = ("PIPELINING", "SIZE 10240000", "8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES")
    split_hello: bool = False                # the EHLO reply arrives in single bytes
    starttls: str = "220 2.0.0 go ahead"     # "" = not offered
    inject: bytes = b""                      # follows the STARTTLS reply in clear
    tls: ssl.SSLContext = None
    is_implicit: bool = False                # TLS from the first byte, as on port 465
    auth: tuple = ("PLAIN", "LOGIN")         # mechanisms; empty = not offered
    auth_reply: str = ""                     # instead of judging user and password
    auth_demanded: bool = True               # MAIL before AUTH gets 530
    token_challenge: str = "334 " + TOKEN_REFUSAL  # before a token is refused; "" = at once
    mail: tuple = ()                         # replies by message number; "" = 250
    rcpt: dict = dataclasses.field(default_factory=dict)  # replies by address
    data: tuple = ()
    dot: tuple = ()
    close_at: str = ""                       # "greeting", "EHLO", "STARTTLS", "TLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT", "QUIT"
    close_message: int = 0                   # the message number at which close_at applies
    mute_at: str = ""                        # says nothing more from there on


class Server:
    """Listens on a port of the kernel's choice until closed. Use as a context manager."""

    account_keys = ""  # more of what an account says that is to reach it

    def __init__(self, script, family=socket.AF_INET, address="127.0.0.1"):
        self.script = script
        self.content_bytes = 0  # of all mails, taken or not
        self.messages = []      # (sender, [recipients], bytes of the content after unstuffing)
        self.commands = []      # in the order of arrival, over all connections; AUTH without its credentials
        self.server_names = []  # SNI
        self.challenge_answers = []  # what came behind the 334 of a refused token
        self.tls_versions = []
        self.connections = self.mail_count = 0
        self.problems = []
        self.listener = socket.socket(family)
        self.listener.bind((address, 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        if script.tls:
            script.tls.sni_callback = lambda _socket, name, _context: self.server_names.append(name)

    def __enter__(self):
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_exception):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(10)

    def dialogue(self, connection):
        return Dialogue(self, connection)

    def _accept(self):
        while True:
            try:
                connection, _peer = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(30)
            self.serve(connection)

    def serve(self, connection):
        """One session from its greeting to its end; no other is answered meanwhile."""
        try:
            self.dialogue(connection).play()
        except (OSError, Closed):
            pass
        except Exception as problem:  # a bug of the script itself must not look like a fault of the client
            self.problems.append(repr(problem))
        finally:
            connection.close()


class Closed(Exception):
    """The dialogue is over."""


class Dialogue:
    def __init__(self, server, connection):
        self.server, self.script, self.connection = server, server.script, connection
        self.buffer = b""
        self.is_encrypted = self.is_authenticated = False
        self.message_number = -1

    # --- bytes ---

    def send(self, data):
        """Everything that the server says goes this way."""
        self.connection.sendall(data)

    def say(self, reply):
        self.send(reply.encode() + b"\r\n")

    def line(self):
        while b"\n" not in self.buffer:
            chunk = self.connection.recv(65536)
            if not chunk:
                raise Closed
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def step(self, name):
        """Where the script may break off or fall silent."""
        applies = self.message_number in (-1, self.script.close_message)
        if applies and self.script.close_at == name:
            raise Closed
        if applies and self.script.mute_at == name:
            while self.connection.recv(65536):
                pass
            raise Closed

    # --- the dialogue ---

    def play(self):
        if self.script.is_implicit:
            self.handshake()
        self.greet()
        while True:
            command = self.line()
            verb = command.split(" ")[0].upper()
            self.server.commands.append(verb if verb == "AUTH" else command)
            if verb in ("EHLO", "HELO"):
                self.hello(verb)
            elif verb == "STARTTLS":
                self.starttls()
            elif verb == "AUTH":
                self.auth(command)
            elif verb == "MAIL":
                self.mail(command)
            elif verb == "RCPT":
                self.rcpt(command)
            elif verb == "DATA":
                self.data()
            elif verb == "QUIT":
                self.step("QUIT")
                self.say("221 2.0.0 bye")
                return
            elif verb in ("RSET", "NOOP"):
                self.say("250 2.0.0 ok")
            else:
                self.say("500 5.5.1 unknown command")

    def greet(self):
        self.step("greeting")
        greeting = self.script.greeting_bytes or self.script.greeting.encode() + b"\r\n"
        if not self.script.drip_s:
            self.send(greeting)
            return
        for byte in greeting:
            self.send(bytes([byte]))
            threading.Event().wait(self.script.drip_s)

    def hello(self, verb):
        self.step("EHLO")
        instead = self.script.second_hello if self.is_encrypted else self.script.hello
        if instead:
            self.say(instead if verb == "EHLO" else "250 mx.example.jp")
            return
        lines = ["mx.example.jp", *self.script.capabilities]
        if self.script.starttls and not self.is_encrypted:
            lines.append("STARTTLS")
        if self.script.auth and (self.is_encrypted or not self.script.tls):
            lines.append("AUTH " + " ".join(self.script.auth))
        reply = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        for piece in ([bytes([byte]) for byte in reply.encode()] if self.script.split_hello else [reply.encode()]):
            self.send(piece)

    def starttls(self):
        self.step("STARTTLS")
        self.send(self.script.starttls.encode() + b"\r\n" + self.script.inject)
        if self.script.starttls.startswith("220"):
            self.handshake()

    def handshake(self):
        self.step("TLS")
        self.connection = self.script.tls.wrap_socket(self.connection, server_side=True)
        self.server.tls_versions.append(self.connection.version())
        self.buffer = b""
        self.is_encrypted = True

    def auth(self, command):
        self.step("AUTH")
        if self.script.auth_reply:
            self.say(self.script.auth_reply)
            self.is_authenticated = self.script.auth_reply.startswith("235")
            return
        words = command.split(" ")
        if words[1].upper() == "PLAIN":
            if len(words) < 3:
                self.say("334 ")
                words.append(self.line())
            _identity, user, password = base64.b64decode(words[2]).decode().split("\0")
        elif words[1].upper() == "XOAUTH2":
            self.xoauth2(words)
            return
        else:
            if len(words) < 3:
                self.say("334 VXNlcm5hbWU6")
                words.append(self.line())
            user = base64.b64decode(words[2]).decode()
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.line()).decode()
        self.is_authenticated = (user, password) == (GOOD_USER, GOOD_PASSWORD)
        self.say("235 2.7.0 welcome" if self.is_authenticated else "535 5.7.8 the password is wrong")

    def xoauth2(self, words):
        """developers.google.com/gmail/imap/xoauth2-protocol: a refused token gets a challenge, which the client answers with an empty line."""
        if len(words) < 3:
            self.say("334 ")
            words.append(self.line())
        self.is_authenticated = base64.b64decode(words[2]).decode() == f"user={GOOD_USER}\1auth=Bearer {GOOD_TOKEN}\1\1"
        if not self.is_authenticated and self.script.token_challenge:
            self.say(self.script.token_challenge)
            self.server.challenge_answers.append(self.line())
        self.say("235 2.7.0 welcome" if self.is_authenticated else "535 5.7.8 the token is not accepted")

    def reply_of(self, replies, fallback):
        number = self.message_number
        return number < len(replies) and replies[number] or fallback

    def count_mail(self):
        """The number of the mail that begins, over all connections: behind a refusal a client may come back by a new one."""
        self.server.mail_count += 1
        return self.server.mail_count - 1

    def mail(self, command):
        self.message_number = self.count_mail()
        self.step("MAIL")
        self.sender, self.recipients = command[len("MAIL FROM:"):].split(" ")[0], []
        if self.script.auth and self.script.auth_demanded and not self.is_authenticated:
            self.say("530 5.7.0 authentication required")
            return
        self.say(self.reply_of(self.script.mail, "250 2.1.0 ok"))

    def rcpt(self, command):
        self.step("RCPT")
        address = command[len("RCPT TO:"):].split(" ")[0].strip("<>")
        reply = self.script.rcpt.get(address, "250 2.1.5 ok")
        if reply.startswith("2"):
            self.recipients.append(address)
        self.say(reply)

    def data(self):
        self.step("DATA")
        reply = self.reply_of(self.script.data, "354 go on")
        self.say(reply)
        if not reply.startswith("354"):
            return
        if self.script.close_at == "BODY" and self.message_number == self.script.close_message:
            self.server.content_bytes += len(self.connection.recv(10))
            raise Closed
        content = self.content()
        self.step("DOT")
        reply = self.reply_of(self.script.dot, "250 2.0.0 queued as 4711")
        if reply.startswith("250"):
            self.take(content)
        self.say(reply)

    def take(self, content):
        self.server.messages.append((self.sender, self.recipients, content))

    def content(self):
        """Up to the line that is a dot alone, which may be the first (RFC 5321 4.1.1.4)."""
        self.buffer = b"\r\n" + self.buffer
        while b"\r\n.\r\n" not in self.buffer:
            chunk = self.connection.recv(65536)
            if not chunk:
                raise Closed
            self.server.content_bytes += len(chunk)
            self.buffer += chunk
        content, self.buffer = self.buffer.split(b"\r\n.\r\n", 1)
        return (content + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:]
