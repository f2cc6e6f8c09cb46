"""The scripted mail server as a whole gateway sees it: it keeps what it takes, and calls a test at each step of a mail."""

import email
import email.policy
import ssl

from smtp_script import GOOD_PASSWORD, GOOD_USER, Dialogue, Script, Server

# DATA: the command came. CONTENT: it was answered, the mail is on its way. DOT: all of it is here. 250: it was taken, and we said so.
STEPS = ("DATA", "CONTENT", "DOT", "250")


class Taken:
    """One mail to one recipient."""

    def __init__(self, recipient, content, life):
        self.message = email.message_from_bytes(content, policy=email.policy.default)
        self.recipient, self.life = recipient, life
        self.identity = str(self.message["Message-ID"])
        # "notice", "reply", "confirmation": what follows the receipt there.
        self.kind = self.identity.split(".")[1]
        # Where a test writes which submission it was.
        self.word = str(self.message["Subject"]).rsplit(" ", 1)[-1]


class PostOffice(Server):
    """`on_step(name)` is called in the server's thread; `life` is written to each mail that is taken."""

    HOST, LOGIN, PASSWORD = "127.0.0.1", GOOD_USER, GOOD_PASSWORD

    def __init__(self, stage):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*stage.make_certificate("post-office", None, f"IP:{self.HOST}"))
        super().__init__(Script(tls=context))
        self.taken, self.life, self.on_step = [], 0, lambda name: None

    def start(self):
        self.__enter__()
        return self

    def stop(self):
        self.__exit__()
        assert not self.problems, self.problems

    def dialogue(self, connection):
        return Stepping(self, connection)

    def words(self):
        return {mail.word for mail in self.taken}


class Stepping(Dialogue):
    def step(self, name):
        if name in STEPS:
            self.server.on_step(name)
        super().step(name)

    def content(self):
        self.server.on_step("CONTENT")
        return super().content()

    def data(self):
        count = len(self.server.messages)
        life = self.server.life
        super().data()
        for _sender, recipients, content in self.server.messages[count:]:
            self.server.taken += [Taken(recipient, content, life) for recipient in recipients]
        if len(self.server.messages) > count:
            self.server.on_step("250")
