"""What becomes of mails when an SMTP server misbehaves: libesmtp in its armour, in a session process, as the courier runs it.

The rule under test: delivered only what the server took for certain; permanent only a 5xx to the mail itself in a session that was
logged in; a wrong password, certificate or name is the account's failure; everything else stays open and is tried again.
"""
import email
import email.policy
import socket
import ssl
import time

import pytest

from smtp_script import Script, Server
from trial import ONE, THREE, TWO, nothing_was_sent, play, tls

class TestDelivery:
    def test_three_japanese_letters_go_over_one_session(self, script, send):
        server, result = play(script, send, letters=3, recipients=(ONE, TWO))
        assert result.names() == {100 * letter + place: "sent" for letter in range(3) for place in range(2)}
        assert result.accounts == [] and result.open == set() and result.trouble is None
        assert server.connections == 1 and len(server.messages) == 3
        for number, (sender, recipients, content) in enumerate(server.messages):
            assert sender == "<bounce@example.jp>" and recipients == [ONE, TWO]
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert message["Subject"] == f"お問い合わせ {number}"
            assert str(message["From"]) == "お問い合わせ窓口 <form@example.jp>"
            assert message["Message-ID"] == f"<TRIAL{number}.notice.0@example.jp>"
            assert message["Date"].datetime.isoformat() == "2025-11-22T12:00:00+09:00"
            assert message.get_content().replace("\r\n", "\n") == "一行目\n.\n..二つの点\nFrom here\n\n終わり\n"
            assert all(byte < 128 for byte in content)

    def test_an_automatic_letter_may_have_the_null_sender(self, script, send):
        server, result = play(script, send, letters=2, null_sender=True)
        assert result.names() == {0: "sent", 100: "sent"} and len(server.messages) == 2
        for sender, recipients, content in server.messages:
            assert sender == "<>" and recipients == [ONE]
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert message["Auto-Submitted"] == "auto-replied"
            assert str(message["From"]) == "お問い合わせ窓口 <form@example.jp>" and message["Return-Path"] is None

    def test_the_reply_and_its_code_are_kept(self, script, send):
        _server, result = play(script, send)
        assert result.outcomes[0] == ("sent", 250, "2.0.0 queued as 4711")

    def test_a_long_body_arrives_whole(self, script, send):
        server, result = play(script, send, body_bytes=3_000_000)
        assert result.names() == {0: "sent"}
        message = email.message_from_bytes(server.messages[0][2], policy=email.policy.default)
        assert message.get_content().count("x") == 3_000_000

    def test_pipelining_and_chunking_are_not_used(self, script, send):
        for split in (False, True):
            script.split_hello = split
            server, result = play(script, send, recipients=(ONE, TWO))
            assert result.names() == {0: "sent", 1: "sent"}
            assert not any(command.startswith("BDAT") for command in server.commands)

    def test_loopback_in_clear_without_login(self, send):
        server, result = play(Script(auth=(), starttls=""), send, host="127.0.0.1", user="", password="unused", plain=True)
        assert result.names() == {0: "sent"} and "STARTTLS" not in server.commands

    def test_an_unanswered_quit_does_not_undo_a_delivery(self, script, send):
        script.close_at = "QUIT"
        _server, result = play(script, send)
        assert result.names() == {0: "sent"} and result.accounts == []

    def test_an_outcome_is_reported_before_the_session_ends(self, script, send):
        """The second letter hangs until the session is killed; the first one's outcome is there all the same."""
        script.mute_at, script.close_message = "DATA", 1
        server, result = play(script, send, letters=2, life_ms=3000)
        assert result.names() == {0: "sent"} and result.open == {100} and "killed" in result.trouble
        assert len(server.messages) == 1


class TestTls:
    def account_fails(self, script, send, **options):
        server, result = play(script, send, **options)
        assert nothing_was_sent(server, result)
        assert [account[0] for account in result.accounts] == ["relay.tls"], result.accounts
        assert not {"AUTH", "MAIL", "RCPT", "DATA"} & {command.split(" ")[0] for command in server.commands}
        return result.accounts[0]

    def test_no_starttls_sends_nothing_in_clear(self, script, send):
        script.starttls = ""
        assert "does not offer STARTTLS" in self.account_fails(script, send)[1]

    def test_ehlo_refused_sends_nothing_in_clear(self, script, send):
        script.hello = "500 5.5.1 what"
        assert "does not offer STARTTLS" in self.account_fails(script, send)[1]

    def test_starttls_refused(self, script, send):
        script.starttls = "454 4.7.0 not now"
        assert self.account_fails(script, send)[1:] == ("the server refused STARTTLS; nothing is sent in clear", "4.7.0 not now")

    def test_certificate_for_another_name(self, script, send, authority):
        script.tls = tls(authority.issue("other", "DNS:other.example.jp"))
        assert "hostname mismatch" in self.account_fails(script, send)[1].lower()

    def test_certificate_for_another_address(self, script, send, authority):
        script.tls = tls(authority.issue("address", "IP:127.0.0.2,DNS:localhost"))
        assert "mismatch" in self.account_fails(script, send, host="127.0.0.1")[1]

    def test_certificate_for_this_address(self, script, send):
        _server, result = play(script, send, host="127.0.0.1")
        assert result.names() == {0: "sent"}

    def test_certificate_expired(self, script, send, authority):
        script.tls = tls(authority.issue("expired", "DNS:localhost", not_after="20240101000000Z"))
        assert "expired" in self.account_fails(script, send)[1]

    def test_certificate_of_an_unknown_authority(self, script, send, stranger):
        script.tls = tls(stranger.issue("unknown", "DNS:localhost"))
        assert "certificate" in self.account_fails(script, send)[1]

    def test_certificate_signed_by_itself(self, script, send, stranger):
        script.tls = tls((stranger.certificate, stranger.key))
        assert "self-signed" in self.account_fails(script, send)[1]

    def test_a_ca_file_that_is_missing(self, script, send, tmp_path):
        assert "ca_file" in self.account_fails(script, send, ca_file=tmp_path / "missing.pem")[1]

    def test_the_server_name_is_sent(self, script, send):
        server, _result = play(script, send)
        assert server.server_names == ["localhost"]

    def test_replies_injected_behind_starttls(self, script, send):
        script.inject = b"250-mx.example.jp\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"
        assert "nobody had asked for" in self.account_fails(script, send)[1]

    def test_replies_injected_with_the_greeting(self, script, send):
        """All of the clear dialogue in one segment, so that the library never reads again before the handshake."""
        script.greeting_bytes = b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n235 ok\r\n"
        with Server(script) as server:
            result = send(server.port, connect_ms=5000)
        assert server.messages == [] and result.outcomes == {} and result.open == {0}

    def test_the_handshake_breaks_off(self, script, send):
        script.tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        script.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        server, result = play(script, send)
        assert nothing_was_sent(server, result) and result.accounts[0][0] == "relay.tls"


class TestAuth:
    def account_fails(self, script, send, **options):
        server, result = play(script, send, **options)
        assert nothing_was_sent(server, result)
        assert [account[0] for account in result.accounts] == ["relay.auth"], result.accounts
        assert server.content_bytes == 0
        return result.accounts[0]

    def test_a_wrong_password_is_the_accounts_failure(self, script, send):
        assert self.account_fails(script, send, password="wrong horse")[2] == "5.7.8 the password is wrong"

    def test_a_wrong_password_where_mail_is_taken_anyway(self, script, send):
        script.auth_demanded = False
        assert self.account_fails(script, send, password="wrong horse")[2] == "5.7.8 the password is wrong"

    def test_content_would_be_counted(self, script, send):
        server, _result = play(script, send)
        assert server.content_bytes > 0

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
    def test_each_mechanism(self, script, send, mechanism):
        script.auth = (mechanism,)
        _server, result = play(script, send)
        assert result.names() == {0: "sent"}

    def test_auth_not_offered(self, script, send):
        script.auth = ()
        assert "offers no AUTH" in self.account_fails(script, send)[1]

    def test_no_mechanism_in_common(self, script, send):
        script.auth, script.auth_demanded = ("XOAUTH2",), False
        assert "offers no AUTH" in self.account_fails(script, send)[1]

    def test_auth_temporarily_refused(self, script, send):
        """RFC 4954 6: nobody has said that the password is wrong."""
        script.auth_reply = "454 4.7.0 try later"
        _error, sentence, words = self.account_fails(script, send)
        assert "for now" in sentence and words == "4.7.0 try later"

    def test_login_demanded_of_an_account_without_user(self, script, send):
        assert self.account_fails(script, send, user="")[2] == "5.7.0 authentication required"


class TestReplies:
    """A refusal with a code: permanent for 5xx, temporary for 4xx, the server's words kept."""

    @pytest.mark.parametrize("reply, name", [("451 4.3.0 later", "relay.temporary"), ("554 5.7.1 never", "relay.permanent")])
    @pytest.mark.parametrize("step", ["mail", "data", "dot"])
    def test_the_first_of_two_letters_is_refused(self, script, send, step, reply, name):
        setattr(script, step, (reply,))
        server, result = play(script, send, letters=2, recipients=(ONE, TWO))
        code, words = int(reply[:3]), reply[4:]
        assert result.outcomes[0] == result.outcomes[1] == (name, code, words)
        assert result.outcomes[100][0] == result.outcomes[101][0] == "sent"
        assert len(server.messages) == 1 and result.accounts == []

    def test_recipients_are_judged_one_by_one(self, script, send):
        script.rcpt = {ONE: "450 4.2.1 busy", TWO: "550 5.1.1 unknown"}
        server, result = play(script, send, recipients=(ONE, TWO, THREE))
        assert result.outcomes == {0: ("relay.temporary", 450, "4.2.1 busy"), 1: ("relay.permanent", 550, "5.1.1 unknown"),
                                   2: ("sent", 250, "2.0.0 queued as 4711")}
        assert server.messages[0][1] == [THREE]

    def test_all_recipients_refused_but_content_taken(self, script, send):
        script.rcpt = {ONE: "550 5.1.1 unknown", TWO: "450 4.2.1 busy"}
        _server, result = play(script, send, recipients=(ONE, TWO))
        assert result.names() == {0: "relay.permanent", 1: "relay.temporary"}

    def test_a_reply_without_enhanced_code(self, script, send):
        script.dot = ("554 no thanks",)
        _server, result = play(script, send)
        assert result.outcomes == {0: ("relay.permanent", 554, "no thanks")}

    def test_a_long_reply_is_cut(self, script, send):
        script.dot = ("250 2.0.0 " + 3000 * "x",)
        _server, result = play(script, send)
        assert result.names() == {0: "sent"} and len(result.outcomes[0][2]) == 512

    def test_a_reply_that_contradicts_itself_settles_nothing(self, script, send):
        """Nobody knows. The mail may be there: it goes again under the same Message-ID."""
        script.dot = ("250-2.0.0 taken\r\n554 5.7.1 or not",)
        _server, result = play(script, send)
        assert result.outcomes == {} and result.open == {0} and result.accounts == []

    def test_the_words_do_not_overrule_the_code(self, script, send, transport):
        """RFC 5321 4.2. libesmtp gives such a reply up, and then nobody knows."""
        script.dot = ("250-2.0.0 taken\r\n250 4.1.0 or not",)
        _server, result = play(script, send)
        assert result.names() == ({0: "sent"} if transport == "curl" else {}) and result.accounts == []

    def test_hostile_words_of_a_server(self, script, send):
        script.dot = ("554 5.7.1 \x1b[2Jgone\x07\tx",)
        _server, result = play(script, send)
        assert result.names() == {0: "relay.permanent"} and "\x1b" not in result.outcomes[0][2]


class TestConnect:
    def account_fails(self, script, send, **options):
        server, result = play(script, send, **options)
        assert nothing_was_sent(server, result)
        assert [account[0] for account in result.accounts] == ["relay.connect"], result.accounts
        return result.accounts[0]

    @pytest.mark.parametrize("greeting", ["554 5.7.1 go away", "421 4.3.2 too busy"])
    def test_an_unfriendly_greeting(self, script, send, greeting):
        script.greeting = greeting
        assert self.account_fails(script, send)[2] == greeting[4:]

    @pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\xff\xfe\r\n", b"22\r\n"])
    def test_no_mail_server_at_all(self, script, send, garbage):
        script.greeting_bytes = garbage
        self.account_fails(script, send, connect_ms=5000)

    def test_a_dripping_greeting_meets_the_deadline(self, script, send):
        script.drip_s = 0.5
        started = time.monotonic()
        assert "too long" in self.account_fails(script, send, connect_ms=1500)[1]
        assert time.monotonic() - started < 8

    def test_a_silent_server_meets_the_deadline(self, script, send):
        script.mute_at = "greeting"
        assert "too long" in self.account_fails(script, send, connect_ms=1000)[1]

    def test_nobody_listens(self, send):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            result = send(listener.getsockname()[1])
        assert [account[0] for account in result.accounts] == ["relay.connect"] and result.open == {0}

    def test_a_name_that_does_not_exist(self, send):
        result = send(25, host="no-such-host.invalid")
        assert [account[0] for account in result.accounts] == ["relay.connect"] and result.open == {0}

    @pytest.mark.transports("esmtp")
    def test_an_ipv6_address_is_refused_with_a_sentence(self, send):
        result = send(25, host="::1")
        assert "IPv6" in result.accounts[0][1] and result.open == {0}


class TestDisconnect:
    @pytest.mark.parametrize("phase", ["greeting", "EHLO", "STARTTLS", "AUTH"])
    def test_before_the_first_mail_it_is_the_accounts_failure(self, script, send, phase):
        script.close_at = phase
        server, result = play(script, send)
        assert nothing_was_sent(server, result) and [account[0] for account in result.accounts] == ["relay.connect"]

    @pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "BODY", "DOT"])
    def test_inside_a_mail_its_deliveries_stay_open(self, script, send, phase):
        script.close_at = phase
        server, result = play(script, send, recipients=(ONE, TWO))
        assert server.messages == [] and result.outcomes == {} and result.open == {0, 1} and result.accounts == []
        assert result.trouble is None, "the session crashed"

    @pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "BODY", "DOT"])
    def test_in_the_second_mail_the_first_one_stands(self, script, send, phase):
        script.close_at, script.close_message = phase, 1
        server, result = play(script, send, letters=3)
        assert result.names() == {0: "sent"} and result.open == {100, 200} and len(server.messages) == 1
