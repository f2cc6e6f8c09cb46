"""Clients that are slow, speak in chunks, or go away: nobody else waits for them, and half a submission is none."""

import concurrent.futures

import pytest
import visitor
from scene import assert_sent, is_sent, wait_mails
from servers import SERVERS, STREAMING, assert_busy, connections_of, make_server, sample_client
from stage import wait_for

WORKERS = 4


@pytest.fixture(params=list(SERVERS))
def name(request):
    return request.param


@pytest.fixture
def web(stage, gateway, name):
    """Stopped before the gateway, which would give its kept connections some seconds of grace."""
    web = stage.add(make_server(stage, gateway, name)).start()
    yield web
    web.stop()


def events(gateway, event):
    return len([line for line in gateway.lines() if line.event == event])


def test_slow_clients(smtp, gateway, web, name):
    """Byte by byte, with a length and without. While they are one byte short another visitor is served, even if they are more than
    the gateway has workers, unless the web server hands bodies on as they come."""
    count = WORKERS - 1 if name in STREAMING else 2 * WORKERS
    clients = [sample_client(web, chunked=bool(number % 2), your_subject=f"遅 {number}") for number in range(count)]
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda client: client.dribble(client.head, 0.5).dribble(client.encoded()[:-1], 1.5), clients))
    assert_sent(visitor.post_feedback(web, your_subject="速 0"))
    assert len(gateway.sekisho_json("submissions")) == 1
    for client in clients:
        assert_sent(client.send(client.encoded()[-1:]).answer())
    wait_mails(smtp, count + 1)


def test_chunks_of_every_size(smtp, gateway, web):
    """From one byte a chunk to one chunk; a body larger than every buffer on the way."""
    for number, size in enumerate((1, 7, 4096, 1 << 20)):
        client = sample_client(web, chunked=True, your_subject=f"塊 {number}", your_message="長" * 2000, unused="x" * (1 if size == 1 else 250_000))
        assert_sent(client.send(client.head).send(client.encoded(size)).answer())
    assert [mail.text.count("長") for mail in wait_mails(smtp, 4)] == [2000] * 4


def test_broken_chunks(smtp, gateway, web, name, announce):
    """What is no chunk is refused by the web server, and no submission."""
    announce.add("peer_failed")
    for wrong in (b"zz\r\nabc\r\n", b"5\r\nabc"):
        client = sample_client(web, chunked=True)
        client.send(client.head).send(client.encoded()[:-5]).send(wrong)
        client.abort() if wrong.startswith(b"5") else client.answer()
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert len(gateway.sekisho_json("submissions")) == 1


@pytest.mark.parametrize("path", [visitor.FEEDBACK, "/contact/"], ids=["feedback", "page"])
def test_aborted_uploads(smtp, gateway, web, name, announce, path):
    """Gone at the start, in the middle, and one byte before the end, where every field has been read and only the count is short."""
    announce.add("peer_failed")
    aborted = 0
    for reset in (False, True):
        for chunked in (False, True):
            for keep in (0, 0.5, -1, -3):
                client = sample_client(web, chunked=chunked, path=path)
                body = client.encoded()
                client.send(client.head).send(body[:int(len(body) * keep) if 0 <= keep < 1 else keep])
                if name in STREAMING and not chunked:
                    wait_for(lambda: connections_of(gateway) > 0, "the half submission at the gateway")
                client.abort(reset)
                aborted += 1
    assert_sent(visitor.post_feedback(web))
    if name in STREAMING:
        wait_for(lambda: events(gateway, "peer_failed") > 0, "the gateway's word on a broken body")
    wait_mails(smtp, 1)
    assert len(gateway.sekisho_json("submissions")) == 1, f"one of {aborted} half submissions was taken for a whole one"
    assert events(gateway, "started") == 2, "a process of the gateway had to be started again"


@pytest.mark.parametrize("name", ["nginx-unbuffered", "apache"])
def test_stalled_clients_lose_their_place(smtp, gateway, web, announce):
    """Behind a web server that streams, each holds a connection, but not for long; when one wakes up again it is told so."""
    announce.add("peer_failed")
    clients = [sample_client(web) for _ in range(WORKERS)]
    for client in clients:
        client.send(client.head).send(client.encoded()[:200])
    wait_for(lambda: events(gateway, "peer_failed") == WORKERS, "the end of the gateway's patience", 30)
    assert_sent(visitor.post_feedback(web))
    for client in clients:
        assert_busy(client.send(client.encoded()[200:]).answer())
    assert len(gateway.sekisho_json("submissions")) == 1
