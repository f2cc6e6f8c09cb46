"""SIGHUP under load loses no request; SIGTERM ends cleanly, under load too; a wrong configuration leaves the old one at work."""

import signal

import visitor
from scene import assert_sent, is_sent, post_many, subject_words
from stage import wait_for


def test_reload_under_load_loses_no_request(smtp, gateway, web):
    words = [f"{number:03}" for number in range(120)]

    def reload_twice():
        for _ in range(2):
            before = len(gateway.lines())
            gateway.reload()
            gateway.wait_event("started", role="front", after=before, seconds=60)
            gateway.wait_event("started", role="courier", after=before, seconds=60)

    answers = post_many(web, words, during=reload_twice)
    failed = {word: answer for word, answer in answers.items() if not is_sent(answer)}
    assert not failed, {word: getattr(answer, "text", answer) for word, answer in failed.items()}
    wait_for(lambda: len(subject_words(smtp)) >= len(words), lambda: f"{len(words)} mails; there are {len(subject_words(smtp))}", 120)
    assert sorted(subject_words(smtp)) == words


def test_a_reload_takes_the_new_configuration(smtp, gateway, web):
    form = gateway.form_file("form.ini")
    form.write_text(form.read_text() + "\n[messages]\nmail_sent_ok = 新しい返事\n")
    before = len(gateway.lines())
    gateway.reload()
    gateway.wait_event("started", role="front", after=before)
    wait_for(lambda: visitor.post_feedback(web).json()["message"] == "新しい返事", "the new message")


def test_a_wrong_configuration_is_refused_and_the_old_one_works_on(smtp, gateway, web, announce):
    announce.add("reload_refused")
    text = gateway.configuration.read_text()
    gateway.configuration.write_text(text.replace("[gateway]", "[gateway]\nworkerz = 3"))
    gateway.reload()
    assert "workerz" in gateway.wait_event("reload_refused").pairs["reason"]
    assert_sent(visitor.post_feedback(web))
    gateway.sekisho("check", status=78)
    gateway.configuration.write_text(text)


def test_stop_under_load_answers_what_it_took(smtp, gateway, web):
    """Whatever was answered "sent" is in the store after the stop; the rest reads the snippet's answer."""
    words = [f"{number:03}" for number in range(60)]

    def stop():
        wait_for(lambda: [line for line in gateway.lines() if line.event == "submission"], "the first submission")
        assert gateway.process.stop(signal.SIGTERM) == 0

    answers = post_many(web, words, during=stop)
    sent = [word for word, answer in answers.items() if is_sent(answer)]
    assert all(answer.status == 200 and answer.json()["status"] in ("mail_sent", "mail_failed") for answer in answers.values())
    assert sent
    assert not gateway.socket.exists()
    kept = gateway.sekisho_json("submissions", "--limit", "1000")
    assert len(kept) >= len(sent)
