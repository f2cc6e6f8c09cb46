"""The abuse that hosters fear: a form that replies is fed with thousands of strangers' addresses and a text to spread.

Each post names a victim of its own as the one to be answered and copied, and has typed words in every field that the templates use. Then everything
that left is read: the strangers got none of these words, nobody of them more than one mail, all of them together no more than the fuse
lets through; somebody was alarmed, once a channel; and the owner has every message, each once.

    SEKISHO_VICTIMS=10000 ctest --test-dir build/asan -R flow.23 -V       so many victims; the default is 300
"""

import base64
import collections
import concurrent.futures
import os
import quopri
import re
import sqlite3
import time
import urllib.parse

import pytest
import visitor
from gateway import Gateway
from scene import is_sent
from stage import wait_for
from web import Nginx

VICTIMS = int(os.environ.get("SEKISHO_VICTIMS", "300"))
OWNER, ALARMED = "owner@example.test", "alarm@operator.example"
OPERATORS = {OWNER, ALARMED}
# The shipped one, and what the specification allows at most.
FUSE, FIRST_MAILS = 25, 30
# More than a few digests an hour, so that hours are few.
NOTICES = 50 + VICTIMS // 40
SOON_US = 60_000_000
HOUR = 3600
# What is typed is one of these and a number.
TYPED = ("typedname", "打込名前", "typedsubject", "打込件名", "typedtext", "打込本文", "typed-link.example", "03-9999-")
TEMPLATE = """
[mail_2]
active = on
subject = [your-subject]
sender = [_site_title] <form@example.test>
recipient = [your-name] <[your-email]>
"""
# Added by the server that took it.
DELIVERY_HEADERS = ("Received", "Envelope-To", "Return-path", "Delivery-date")


def address(number):
    """In a hundred domains, which have a ceiling each."""
    return f"victim{number}@victims{number % 97}.example"


@pytest.fixture
def alarms(stage):
    """What alarm_command was told."""
    told = stage.write("told", "", mode=0o666)
    stage.write("alarm", f'#!/bin/sh\n{{ echo "$1 $2"; cat; }} >> {told}\n', mode=0o755)
    return told


@pytest.fixture
def gateway(stage, smtp, watch, clock, announce, alarms):
    announce.add("fuse_tripped")
    gateway = watch(stage.add(Gateway(stage, smtp, notices_per_hour=NOTICES)))
    gateway.write_configuration(alarm_command=stage.directory / "alarm", alarm_address=ALARMED)
    ini = gateway.form_file("form.ini")
    ini.write_text(ini.read_text(encoding="utf-8") + TEMPLATE, encoding="utf-8")
    gateway.form_file("mail_2.txt").write_text("[your-name] 様\n\n[your-message]\n\n[your-subject] [your-tel]\n", encoding="utf-8")
    with open(gateway.form_file("mail-headers.txt"), "a", encoding="utf-8") as headers:
        headers.write("Cc: [your-name] <[your-email]>\n")
    return gateway.start(environment=clock.environment)


@pytest.fixture
def set_hours(clock):
    """Sets the gateway's clock to so many hours past the next full one, and a little."""
    start = (time.time() // HOUR + 1) * HOUR

    def move(hours):
        clock.move(start + hours * HOUR + 1 - time.time())
    move(0)
    return move


def post(web, number):
    try:
        return visitor.post_feedback(
            web, your_email=address(number), your_name=f"打込名前 typedname{number:05}", your_tel=f"03-9999-{number:04}",
            your_subject=f"打込件名 typedsubject {number:05}",
            your_message=f"打込本文 typedtext{number:05}\nhttps://typed-link.example/{number} を見てください。")
    except OSError as error:
        return error


def post_all(web):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda number: post(web, number), range(VICTIMS)))


# --- What waits ------------------------------------------------------------------------------------------------------------------------

def ask(gateway, sql, *values):
    with sqlite3.connect(f"file:{gateway.folder / 'data' / 'sekisho.db'}?mode=ro", uri=True, timeout=30) as db:
        return db.execute(sql, values).fetchall()


def standing(gateway):
    """{(kind, state, reason): deliveries}; kinds and states are numbers of form.h and outbox.h."""
    rows = ask(gateway, "SELECT kind, state, reason, count(*) FROM delivery JOIN outbox ON outbox.id = outbox_id GROUP BY 1, 2, 3")
    return {(kind, state, reason): count for kind, state, reason, count in rows}


def wait_nothing_due(gateway, clock):
    """Until the courier has done all that it may do at this hour. What is too much for one session it puts off by some seconds: the clock is moved
    there."""
    def is_done():
        now = int(time.time() * 1e6) + clock.offset()
        due, soon = ask(gateway, "SELECT count(*) FILTER (WHERE state = 2 OR due_at <= ?), count(*) FROM delivery WHERE state <= 3 AND due_at <= ?",
                        now, now + SOON_US)[0]
        if due == 0 and soon > 0:
            clock.move((clock.offset() + SOON_US) / 1e6)
        return soon == 0
    wait_for(is_done, lambda: f"nothing to be due: {standing(gateway)}", 120 + VICTIMS)


# --- What left -------------------------------------------------------------------------------------------------------------------------

def disguises(text):
    """How the bytes of `text` may look in a mail: in each charset as they are, quoted, in percents, and within base64."""
    for charset in ("utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "utf-16-le"):
        plain = text.encode(charset)
        yield plain
        yield quopri.encodestring(plain, quotetabs=True).strip()
        yield b"".join(b"=%02X" % byte for byte in plain)
        yield urllib.parse.quote(plain).encode()
        for shift in range(3):
            # Only those characters of base64 that no neighbour has a part in.
            encoded = base64.b64encode(b"\0" * shift + plain)
            yield encoded[(shift * 8 + 5) // 6:(shift + len(plain)) * 8 // 6]


DISGUISES = {text: {disguise for disguise in disguises(text) if len(disguise) >= 6} for text in TYPED}


def typed_in_bytes(raw):
    """Which of TYPED stand in these bytes, be they encoded and folded."""
    unfolded = re.sub(rb"\?=\s+=\?utf-8\?[BbQq]\?", b"", re.sub(rb"=?\r?\n[ \t]?", b"", raw), flags=re.IGNORECASE)
    return {text for text, looks in DISGUISES.items() if any(look in raw or look in unfolded for look in looks)}


def typed_in_reading(mail):
    """Which of TYPED a reader's program would show anywhere in the mail."""
    shown = [str(value) for value in mail.message.values()] + [str(name) for name in mail.message.keys()]
    shown += [part.get_content() for part in mail.message.walk() if not part.is_multipart()]
    return {text for text in TYPED if any(text in str(each) for each in shown)}


def recipients(mail):
    return [each.strip() for each in mail["Envelope-To"].split(",")]


def without_recipient(mail):
    """What the recipient's address may stand in is gone."""
    message = mail.message
    for header in (*DELIVERY_HEADERS, "To"):
        del message[header]
    return "\n".join(str(value) for value in message.values()) + mail.text + message.as_bytes().decode("latin-1")


def fixed_text(mail):
    """The text, but for the link and the time until which it works."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", re.sub(r"t=\S+", "t=TOKEN", mail.text))


def check_strangers(mails):
    counts = collections.Counter(each for mail in mails for each in recipients(mail))
    assert counts and max(counts.values()) == 1
    for mail in mails:
        each, = recipients(mail)
        assert mail["To"] == each and re.fullmatch(r"victim\d+@victims\d+\.example", each)
        assert typed_in_bytes(mail.raw) == typed_in_reading(mail) == set(), mail.raw
        assert mail["Auto-Submitted"] == "auto-replied" and mail["Return-path"].startswith("<form+")
    assert len({(mail["Subject"], mail["From"], fixed_text(mail)) for mail in mails}) == 1
    for mail in mails:
        rest = without_recipient(mail)
        assert "victim" not in rest, rest
    return len(counts)


def check_owner(gateway, mails):
    """Every receipt and every message is there, once. The same search finds here what it must not find at strangers."""
    receipts, numbers = [], []
    for mail in mails:
        assert typed_in_bytes(mail.raw) >= set(TYPED), typed_in_bytes(mail.raw)
        assert typed_in_reading(mail) == set(TYPED)
        receipts += re.findall(r"^受付番号: (\S+)$", mail.text, re.MULTILINE)
        numbers += re.findall(r"^件名: .*打込件名 typedsubject (\d{5})$", mail.text, re.MULTILINE)
    assert sorted(numbers) == [f"{number:05}" for number in range(VICTIMS)]
    assert sorted(receipts) == sorted(receipt for receipt, in ask(gateway, "SELECT receipt FROM submission"))


def check_alarm(gateway, smtp, alarms):
    """The fuse tripped, and each channel told it once."""
    fuse, = gateway.sekisho_json("fuse", "show", "example.test")
    assert fuse["is_tripped"] and fuse["reason"] == "hour" and fuse["ceiling"] == FUSE
    told = collections.Counter((line.pairs["channel"], line.pairs["topic"]) for line in gateway.lines() if line.event == "alarm_told")
    assert {("command", "fuse"), ("mail", "fuse")} <= told.keys() and set(told.values()) == {1}
    said = alarms.read_text(encoding="utf-8")
    assert said.count("fuse example.test\n") == 1 and "自動メールが上限" in said
    mails = [mail for mail in smtp.mails() if ALARMED in recipients(mail)]
    assert len(mails) == len([channel for channel, _topic in told if channel == "mail"])
    for mail in mails:
        assert typed_in_bytes(mail.raw) == set() and "victim" not in mail.text
    return len(mails)


def test_the_abuse(stage, smtp, gateway, clock, set_hours, alarms):
    web = stage.add(Nginx(stage, gateway.socket)).start()
    started = time.monotonic()
    answers = post_all(web)
    posted = time.monotonic()
    assert all(is_sent(answer) for answer in answers)
    wait_nothing_due(gateway, clock)
    print(f"after {time.monotonic() - started:.0f} s: {standing(gateway)}")
    wait_for(lambda: any(ALARMED in recipients(mail) for mail in smtp.mails()) and alarms.read_text(), "the alarm", 60)
    hours = 0
    # Notices that wait to go together.
    while any(kind == 1 and state <= 4 for kind, state, _reason in standing(gateway)):
        hours += 1
        assert hours < 12 + VICTIMS / 1000, standing(gateway)
        set_hours(hours)
        wait_nothing_due(gateway, clock)
        print(f"hour {hours} after {time.monotonic() - started:.0f} s: {standing(gateway)}")
    # Past the time that replies wait.
    set_hours(hours + 13)
    wait_nothing_due(gateway, clock)
    final = standing(gateway)
    mails = smtp.mails()
    strangers = [mail for mail in mails if not OPERATORS.issuperset(recipients(mail))]
    owners = [mail for mail in mails if OWNER in recipients(mail)]
    print(f"victims {VICTIMS}, mails to strangers {len(strangers)}, to the owner {len(owners)}, hours {hours}, "
          f"seconds to post {posted - started:.0f}, in all {time.monotonic() - started:.0f}; {final}")
    # The form's own ceiling may be lower than the fuse's, which counts what was asked for.
    assert 10 <= check_strangers(strangers) <= FUSE <= FIRST_MAILS
    check_owner(gateway, owners)
    assert len(mails) == len(strangers) + len(owners) + check_alarm(gateway, smtp, alarms)
    assert sum(count for (kind, state, _reason), count in final.items() if kind == 1 and state == 5) == VICTIMS
    # No reply (2) and no copy (3) left: they have expired.
    assert {key for key in final if key[0] in (2, 3)} == {(2, 6, "expired"), (3, 6, "expired")}
