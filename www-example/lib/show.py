"""What www-example/run shows: a mail server, nginx and sekishod on loopback, and every mail as it arrives."""

import os
import signal
import sys
import time

import visitor
from gateway import Gateway
from smtp import SmtpServer
from stage import Stage, Trouble, wait_for
from web import Nginx

SENDER = "form@example.test"


def show(mail):
    print("-" * 78)
    for header in ("From", "To", "Reply-To", "Subject"):
        print(f"{header + ':':10}{mail[header] or ''}")
    print()
    print(mail.text.rstrip("\n"))
    print("-" * 78, flush=True)


def problems_of(mail, answer):
    """What is wrong with the sample's mail, one sentence each."""
    sample = visitor.SAMPLE
    checks = [
        (answer.status == 200 and answer.json().get("status") == "mail_sent", f"the answer was HTTP {answer.status}: {answer.text}"),
        (SENDER in (mail["From"] or ""), f"From is not {SENDER}"),
        (sample["your-email"] not in (mail["From"] or "") + (mail["Return-path"] or ""), "the visitor stands as the sender"),
        (mail["Return-path"] == f"<{SENDER}>", f"the envelope sender is not {SENDER}"),
        (sample["your-email"] in (mail["Reply-To"] or ""), "Reply-To is not the visitor"),
        (sample["your-subject"] in (mail["Subject"] or ""), "the subject has changed"),
        (sample["your-name"] in mail.text, "the name has changed"),
        (sample["your-message"] in mail.text, "the message has changed"),
        ("127.0.0.1" in mail.text.split("\n-- \n")[-1], "the facts at its end are missing"),
    ]
    return [sentence for is_right, sentence in checks if not is_right]


def once(smtp, web):
    answer = visitor.post_feedback(web)
    print(f"Posted a sample; the gateway answered HTTP {answer.status}: {answer.json().get('message') if answer.status == 200 else answer.text}")
    mail = wait_for(smtp.mails, "the mail", 60)[0]
    show(mail)
    problems = problems_of(mail, answer)
    if not smtp.is_tls_and_auth_used():
        problems.append("the mail server took it without TLS and AUTH")
    for sentence in problems:
        print(f"wrong: {sentence}")
    if not problems:
        print("The mail is as it should be: through nginx, the gateway and a session with STARTTLS and AUTH.")
    return 1 if problems else 0


def watch(smtp, web, gateway):
    print(f"""
The page:       {web.url()}
Every control:  {web.url("/estimate/")}
Its mails:      appear here; the mail server keeps them in {smtp.maildir}
The gateway:    {gateway.configuration}, log {gateway.log_path}
                {gateway.programs}/sekisho --config {gateway.configuration} submissions

Ctrl-C ends it all and removes the directory.
""", flush=True)
    shown = set()
    while True:
        for actor in (smtp, web, gateway):
            if not actor.process.is_running():
                raise Trouble(f"{actor.process.name} has ended; the end of its log:\n{actor.process.tail()}")
        for path, mail in zip(smtp.mail_paths(), smtp.mails()):
            if path not in shown:
                shown.add(path)
                show(mail)
        time.sleep(0.3)


def main(arguments):
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Stage() as stage:
            smtp = stage.add(SmtpServer(stage)).start()
            # The example's visitor has an address that the DNS does not know.
            gateway = stage.add(Gateway(stage, smtp, gate={"check": {"sender": "off"}})).start()
            web = stage.add(Nginx(stage, gateway.socket)).start()
            try:
                return once(smtp, web) if "--once" in arguments else watch(smtp, web, gateway)
            except Trouble as trouble:
                raise Trouble(f"{trouble}\nThe end of the gateway's log:\n{gateway.process.tail()}") from None
    except Trouble as trouble:
        print(f"www-example/run: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.")
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
