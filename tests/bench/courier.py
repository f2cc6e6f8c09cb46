"""The courier: how many mails a second it hands to a real mail server over TLS with AUTH, with each transport, beside a raw client that does nothing else.

The raw client is Python's smtplib: one session, one mail after the other, with the texts of the mails that the courier sent. Both
deliver to the same Exim, whose own work for a mail (a process, a synced file) is most of the time; see tests/bench/run.
"""

import argparse
import concurrent.futures
import os
import signal
import smtplib
import ssl
import statistics
import time

import visitor
from accept import processes
from gateway import Gateway
from smtp import SmtpServer
from stage import Stage, wait_for
from web import Nginx


def wait_accepted(smtp, count):
    wait_for(lambda: len(smtp.accepted()) >= count, lambda: f"{count} mails at the server, {len(smtp.accepted())} came", 300)


def courier(gateway, web, smtp, mails):
    """Mails a second: submissions are taken while the courier sleeps, then it is woken."""
    pid = processes(gateway)["courier"]
    before = len(smtp.accepted())
    os.kill(pid, signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda number: visitor.post_feedback(web, your_subject=f"bench {number}"), range(mails)):
            assert answer.json()["status"] == "mail_sent"
    started = time.monotonic()
    os.kill(pid, signal.SIGCONT)
    wait_accepted(smtp, before + mails)
    return mails / (time.monotonic() - started)


def raw_client(stage, smtp, messages):
    """The same mails over one session."""
    before = len(smtp.accepted())
    started = time.monotonic()
    with smtplib.SMTP(smtp.HOST, smtp.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(stage.authority)))
        client.login(smtp.LOGIN, smtp.PASSWORD)
        for message in messages:
            client.sendmail("form@example.test", ["owner@example.test"], message)
    wait_accepted(smtp, before + len(messages))
    return len(messages) / (time.monotonic() - started)


def restart_with(gateway, smtp, transport):
    gateway.stop()
    gateway.set_account("main", smtp, transport=transport)
    gateway.start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mails", type=int, default=100)
    options, _ = parser.parse_known_args()
    with Stage() as stage:
        smtp = stage.add(SmtpServer(stage).start())
        gateway = stage.add(Gateway(stage, smtp)).start()
        web = stage.add(Nginx(stage, gateway.socket).start())
        results = {"curl": [], "esmtp": [], "raw": []}
        for _ in range(options.rounds):
            for transport in ("curl", "esmtp"):
                restart_with(gateway, smtp, transport)
                results[transport].append(courier(gateway, web, smtp, options.mails))
            messages = [path.read_bytes() for path in smtp.mail_paths()[-options.mails:]]
            results["raw"].append(raw_client(stage, smtp, messages))
        for name, rates in results.items():
            print(f"{name} {statistics.median(rates):.1f} mails/s")
        for transport in ("curl", "esmtp"):
            print(f"courier ({transport})/raw {statistics.median(results[transport]) / statistics.median(results['raw']):.2f}")


if __name__ == "__main__":
    main()
