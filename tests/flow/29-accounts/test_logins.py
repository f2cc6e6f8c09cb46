"""Each way to a mail server that an account can name, with both transports: how the line is encrypted, how we log in, whom we trust, and addresses
that are not ASCII."""

import pytest
from scene import wait_mails
from stage import wait_for

# Server, transport, security, login. libesmtp knows neither TLS from the first byte nor tokens, and this Exim asks no token service.
WAYS = [(kind, transport, security, login) for kind in ("exim", "postfix") for transport in ("curl", "esmtp") for security in ("starttls", "tls")
        for login in ("plain", "login", "xoauth2")
        if not (transport == "esmtp" and (security == "tls" or login == "xoauth2")) and not (kind == "exim" and login == "xoauth2")]

EACH = pytest.mark.parametrize(("kind", "transport"), [(kind, transport) for kind in ("exim", "postfix") for transport in ("curl", "esmtp")])


@pytest.mark.parametrize(("kind", "transport", "security", "login"), WAYS)
def test_way(make_server, sender, tokens, kind, transport, security, login):
    server = make_server(kind, login)
    sender = sender(server)
    keys = {"login": "xoauth2", "password_file": None, "token_file": sender.gateway.write_secret("token", tokens.give())} if login == "xoauth2" else {}
    sender.gateway.set_account("main", server, transport=transport, security=security, port=server.tls_port if security == "tls" else server.port, **keys)
    sender.start().post()
    mail, = sender.assert_arrives(server)
    assert mail["From"] == "見本商店 <form@example.test>" and mail["To"] == "owner@example.test"
    assert server.is_tls_and_auth_used() and server.login_ways() == {login}
    assert server.PASSWORD not in sender.gateway.log_path.read_text()


# --- Tokens ----------------------------------------------------------------------------------------------------------------------------

PROGRAM = """#!/usr/bin/python3
import json, urllib.request
print(json.load(urllib.request.urlopen({url!r} + "token", data=b"grant_type=refresh_token"))["access_token"])
"""


def use_command(sender, server, text):
    program = sender.stage.write("token-program", text, mode=0o755)
    sender.gateway.set_account("main", server, login="xoauth2", password_file=None, token_command=program)


def test_a_command_gets_a_new_token_for_each_session(make_server, sender, tokens):
    server = make_server("postfix", "xoauth2")
    sender = sender(server)
    use_command(sender, server, PROGRAM.format(url=tokens.url))
    sender.start().post()
    sender.assert_arrives(server)
    tokens.revoke()
    sender.post()
    sender.assert_arrives(server, 2)
    assert server.login_ways() == {"xoauth2"} and len(set(tokens.asked)) == 2
    assert not any(token in sender.gateway.log_path.read_text() for token in tokens.asked)


def test_an_expired_token_is_the_accounts_trouble_until_there_is_a_new_one(make_server, sender, tokens, announce):
    announce.add("account_failed")
    server = make_server("postfix", "xoauth2")
    sender = sender(server)
    sender.gateway.set_account("main", server, login="xoauth2", password_file=None, token_file=sender.gateway.write_secret("token", tokens.give()))
    tokens.revoke()
    sender.start().post()
    alarm = sender.gateway.wait_event("account_failed")
    assert alarm.pairs["error"] == "relay.auth" and not server.accepted()
    sender.wait_deferred()
    sender.gateway.write_secret("token", tokens.give())
    sender.gateway.sekisho("queue", "flush", "--yes")
    sender.assert_arrives(server)
    assert not any(token in sender.gateway.log_path.read_text() for token in tokens.asked)


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho two words\n", "#!/bin/sh\n:\n"], ids=["fails", "rubbish", "nothing"])
def test_a_command_that_gives_no_token_leaves_the_mail_to_the_next_account(make_server, exim, sender, announce, text):
    announce.add("account_failed")
    server = make_server("postfix", "xoauth2")
    sender = sender(server, exim)
    use_command(sender, server, text)
    sender.start().post()
    alarm = sender.gateway.wait_event("account_failed", account="main")
    assert alarm.pairs["error"] == "relay.auth"
    sender.assert_arrives(exim)
    assert not server.accepted()


# --- Whom we trust -----------------------------------------------------------------------------------------------------------------------


@EACH
def test_a_server_with_the_pinned_key_is_trusted(make_server, sender, kind, transport):
    server = make_server(kind)
    other = "sha256//" + "A" * 43 + "="
    sender = sender(server, transport=transport, pins=f"{other} {server.pin()}")
    sender.start().post()
    sender.assert_arrives(server)
    assert server.is_tls_and_auth_used()


@EACH
def test_a_server_with_another_key_is_told_nothing(make_server, sender, announce, kind, transport):
    announce.add("account_failed")
    server = make_server(kind)
    sender = sender(server, transport=transport, pins="sha256//" + "A" * 43 + "=")
    sender.start().post()
    assert sender.gateway.wait_event("account_failed").pairs["error"] == "relay.tls"
    sender.wait_deferred()
    assert not server.accepted() and server.LOGIN not in server.log()


def test_a_pin_trusts_nobody_whom_the_authority_does_not(stage, make_server, sender, announce):
    announce.add("account_failed")
    server = make_server("postfix")
    other = stage.directory / "other.pem"
    stage.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", stage.directory / "other.key", "-out", other, "-subj", "/CN=other", "-days", "2")
    other.chmod(0o644)
    sender = sender(server, pins=server.pin(), ca_file=other)
    sender.start().post()
    assert sender.gateway.wait_event("account_failed").pairs["error"] == "relay.tls"
    assert not server.accepted()


# --- Addresses that are not ASCII -------------------------------------------------------------------------------------------------------

WITH_UTF8 = {"exim": " P=utf8esmtpsa ", "postfix": "with UTF8SMTPSA"}


@pytest.mark.parametrize("kind", ["exim", "postfix"])
def test_a_recipient_that_needs_smtputf8(make_server, sender, kind):
    server = make_server(kind)
    sender = sender(server)
    sender.set_recipient("担当@例え.test")
    sender.start().post()
    mail, = sender.assert_arrives(server)
    # Only what stands before the @ has no ASCII form.
    raw = mail.raw.decode("utf-8")
    assert "To: 担当@xn--r8jz45g.test\n" in raw
    assert WITH_UTF8[kind] in server.log() + raw


@pytest.mark.parametrize(("kind", "transport", "utf8"), [("exim", "curl", False), ("postfix", "curl", False), ("exim", "esmtp", True)])
def test_where_there_is_no_smtputf8_it_is_dead_and_somebody_hears_of_it(make_server, sender, announce, kind, transport, utf8):
    announce.update(("delivery_dead", "alarm_failed"))
    server = make_server(kind, utf8=utf8)
    sender = sender(server, transport=transport)
    sender.set_recipient("担当@example.test")
    sender.start().post()
    sender.gateway.wait_event("delivery_dead")
    alarm, = wait_mails(server, 1)
    assert alarm["To"] == "owner@example.test"
    assert "has no SMTPUTF8" in " ".join(sender.shown().split())


@EACH
def test_a_domain_that_is_not_ascii_needs_none(make_server, sender, kind, transport):
    server = make_server(kind)
    sender = sender(server, transport=transport)
    sender.set_recipient("owner@例え.test")
    sender.start().post()
    mail, = sender.assert_arrives(server)
    assert mail["To"] == "owner@xn--r8jz45g.test"
    assert WITH_UTF8[kind] not in server.log() + mail.raw.decode("utf-8")
