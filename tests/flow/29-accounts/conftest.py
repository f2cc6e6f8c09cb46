"""Two mail servers as different as they come, Exim and Postfix with Dovecot, and a gateway whose site may have accounts at both."""

import pytest
import visitor
from gateway import Gateway
from postfix import PostfixServer, TokenService
from scene import assert_sent, wait_mails
from smtp import SmtpServer
from stage import wait_for
from web import Nginx


@pytest.fixture
def tokens(stage):
    """Knows the tokens of the mailbox that all accounts here log in to."""
    return stage.add(TokenService(SmtpServer.LOGIN))


@pytest.fixture
def make_server(stage, tokens):
    """Makes one of the two, with Exim's or Postfix's own options, and starts it; the way of the login is the only one it offers."""
    def make(kind, login="plain", **options):
        if kind == "exim":
            return stage.add(SmtpServer(stage, name="exim", mechanisms=(login.upper(),), **options)).start()
        return stage.add(PostfixServer(stage, mechanisms=(login.upper(),), tokens=tokens, **options)).start()
    return make


@pytest.fixture
def exim(make_server):
    return make_server("exim")


@pytest.fixture
def postfix(make_server):
    return make_server("postfix")


class Sender:
    """A gateway whose site has the account main, and backup if that server is given; and a visitor. `keys` are those of main."""

    def __init__(self, stage, clock, gateway, servers, keys):
        self.stage, self.clock, self.gateway = stage, clock, gateway
        for name, server in servers.items():
            gateway.set_account(name, server, **(keys if name == "main" else {}))

    def set_recipient(self, address):
        path = self.gateway.form_file("form.ini")
        path.write_text(path.read_text(encoding="utf-8").replace("recipient = owner@example.test\n", f"recipient = {address}\n", 1), encoding="utf-8")

    def start(self):
        self.gateway.start(environment=self.clock.environment)
        self.web = self.stage.add(Nginx(self.stage, self.gateway.socket)).start()
        return self

    def post(self, *words):
        for word in words or ["件名"]:
            assert_sent(visitor.post_feedback(self.web, your_subject=f"見積もり {word}"))

    def wait_settled(self):
        wait_for(lambda: not self.gateway.sekisho_json("queue"), "the empty queue")

    def wait_deferred(self, count=1):
        """The deliveries that wait for their next try, once there are so many."""
        def deferred():
            deliveries = [delivery for item in self.gateway.sekisho_json("queue") for delivery in item["deliveries"] if delivery["state"] == "deferred"]
            return deliveries if len(deliveries) == count else None
        return wait_for(deferred, f"{count} deferred")

    def assert_arrives(self, server, count=1):
        """The mails at `server`, once there are so many and nothing waits."""
        mails = wait_mails(server, count)
        self.wait_settled()
        return mails

    def shown(self):
        """What `submissions show` tells of the only submission."""
        submission, = self.gateway.sekisho_json("submissions")
        return self.gateway.sekisho("submissions", "show", submission["receipt"])

    def events(self, state):
        """The story of the first delivery that has come to that state."""
        item = self.gateway.sekisho_json("queue", "list", "--state", state)[0]
        return self.gateway.sekisho_json("queue", "show", item["item"])["deliveries"][0]["events"]


@pytest.fixture
def sender(stage, watch, clock):
    """Makes a Sender, which is to be started."""
    def make(main, backup=None, **keys):
        servers = {"main": main, **({"backup": backup} if backup else {})}
        return Sender(stage, clock, watch(stage.add(Gateway(stage, main, accounts=" ".join(servers)))), servers, keys)
    return make
