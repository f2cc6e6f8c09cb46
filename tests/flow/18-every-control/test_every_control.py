"""A form with every control: from the fields and files of a visitor to the HTML mail with its attachments, and what is told when something is wrong."""

import datetime
import email.utils
import re

import estimate
import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, wait_mails
from servers import make_server
from stage import wait_for
from web import Nginx

PARTNER = "https://partner.example"
WEEK = datetime.timedelta(days=7)


@pytest.fixture
def gateway(stage, smtp, watch, clock):
    """With a partner's pages allowed, a word that is not, and no replies, which have flows of their own."""
    gateway = stage.add(Gateway(stage, smtp))
    form = gateway.folder / "sites" / "example.test" / "forms" / "estimate" / "form.ini"
    form.write_text(form.read_text(encoding="utf-8").replace("reply = confirm\n", "reply = never\n"), encoding="utf-8")
    site = gateway.folder / "sites" / "example.test" / "site.conf"
    text = site.read_text(encoding="utf-8").replace("[site]\n", f"[site]\norigins = {PARTNER}\n")
    site.write_text(f"{text}\n[spam]\ndisallowed_words_file = ../../words\n", encoding="utf-8")
    stage.write("gateway/words", "必ず儲かる\n")
    return watch(gateway).start(environment=clock.environment)


def spooled(gateway):
    """The files of uploads that are still on the disk."""
    return list((gateway.folder / "data" / "spool").glob("*"))


def wait_removed(gateway):
    """Those of a refused submission go when its answer is out."""
    wait_for(lambda: not spooled(gateway), "the removed uploads")


def errors(answer):
    """{field: message} of an answer that finds fault with fields."""
    body = answer.json()
    assert answer.status == 200 and body["status"] == "validation_failed" and body["posted_data_hash"] == "", answer.text
    assert list(body["quiz"]) == ["gate"], "every answer of a form with a quiz brings a question"
    return {entry["field"]: entry["message"] for entry in body["invalid_fields"]}


def part_of(mail, kind):
    return mail.message.get_body((kind,)).get_content().replace("\r\n", "\n")


def rows(html):
    """{heading: what stands behind it} of the mail."""
    return dict(re.findall(r"<strong>(.*?):</strong> (.*?)(?:<br />|\n)", html))


# --- What arrives -----------------------------------------------------------------------------------------------------

def test_everything_arrives(smtp, gateway, web):
    assert_sent(estimate.post(web))
    mail, = wait_mails(smtp, 1)
    assert mail["Subject"] == "見本商店 見積もり依頼: 製作課 山田 花子"
    assert email.utils.parseaddr(mail["Reply-To"]) == ("山田 花子", "hanako@visitor.example")
    assert mail.message.get_content_type() == "multipart/mixed"

    html = part_of(mail, "html")
    assert '<html xmlns="http://www.w3.org/1999/xhtml" dir="ltr" lang="ja">' in html and f"<title>{mail['Subject']}</title>" in html
    assert "山田 花子 様 &lt;hanako@visitor.example&gt; から、製作課へのご依頼です。" in html
    assert "門は &lt;大きめ&gt; に &amp; 柵は低く。<br />\n二行目です。" in html
    assert rows(html) == {
        "電話": "03-1234-5678", "ウェブサイト": '<a href="https://visitor.example/関所?a=1&amp;b=2">https://visitor.example/関所?a=1&amp;b=2</a>',
        "部分": "門(PRT-01)、柵(PRT-03)", "仕上げ": "木地のまま", "台数": "3", "縮尺": "1/50",
        "納期": f"{estimate.DUE.year}年{estimate.DUE.month}月{estimate.DUE.day}日", "図面": "関所の図面-二.pdf", "参考写真": "参考の写真.png",
        "資料": "価格表、納品事例集", "ご連絡の方法": "郵便", "きっかけ": "検索、その他 街道の案内板", "個人情報": "同意する: 個人情報の取り扱いに同意します",
        "保存": "同意しない: 次回のご相談のために、この内容を保存してもよい", "企画": "autumn-fair",
    }, "pipes are followed, the free text stands behind the last choice, and the line without an answer is gone"

    plain = part_of(mail, "plain")
    assert "<" not in plain.replace("<hanako@visitor.example>", "").replace("<大きめ>", "") and "門は <大きめ> に & 柵は低く。\n二行目です。" in plain
    assert "部分: 門(PRT-01)、柵(PRT-03)\n" in plain and "お支払い" not in plain

    files = {part.get_filename(): part for part in mail.message.iter_attachments()}
    assert list(files) == ["関所の図面-二.pdf", "参考の写真.png"]
    assert files["関所の図面-二.pdf"].get_content() == estimate.DRAWING and files["関所の図面-二.pdf"].get_content_type() == "application/pdf"
    assert files["参考の写真.png"].get_content() == estimate.PHOTO and files["参考の写真.png"].get_content_type() == "image/png"
    assert all(part.get_content_disposition() == "attachment" for part in files.values())
    assert max(len(line) for line in mail.raw.split(b"\n")) <= 998

    # The visitor's copy is planned, refused by the form's policy, and not sent.
    submission, = gateway.sekisho_json("submissions")
    assert submission["mails_refused"] == 1 and all("visitor.example" not in line for line in smtp.accepted())


@pytest.mark.parametrize("server", ["nginx", "apache", "lighttpd"])
def test_without_javascript(stage, smtp, gateway, server):
    """The page carries the hash that the site's WordPress left in it, and that is enough."""
    web = stage.add(make_server(stage, gateway, server)).start()
    hidden = visitor.request(web.url(estimate.PAGE)).text.split('name="_wpcf7_quiz_answer_gate" value="', 1)[1].split('"', 1)[0]
    answer = estimate.post_page(web, gate="関 所", _wpcf7_quiz_answer_gate=hidden)
    assert answer.status == 200 and "お問い合わせを受け付けました" in answer.text
    mail, = wait_mails(smtp, 1)
    assert [part.get_content() for part in mail.message.iter_attachments()] == [estimate.DRAWING, estimate.PHOTO]
    answer = estimate.post_page(web, gate="番所", _wpcf7_quiz_answer_gate=hidden)
    assert answer.status == 200 and "まだ送信されていません" in answer.text and "確認のための質問の答えが違います。" in answer.text


# --- What is wrong ----------------------------------------------------------------------------------------------------

def test_what_is_missing_is_named(gateway, web):
    missing = errors(estimate.post(web, your_name="", your_email="", parts=None, units="", due="", desk="", answer_by=None, your_message="", gate="",
                                   drawing=visitor.Upload()))
    required = "この項目は入力が必要です。"
    quiz = missing.pop("gate")
    assert quiz == "確認のための質問の答えが違います。"
    # Files are judged when everything else is right (contract 3, step 6).
    assert missing == dict.fromkeys(["parts", "answer-by", "due", "units", "desk", "your-name", "your-email", "your-message"], required)
    assert errors(estimate.post(web, drawing=visitor.Upload())) == errors(estimate.post(web, drawing=None)) == {"drawing": required}
    assert errors(estimate.post(web, drawing=visitor.Upload("空.pdf"))) == {"drawing": required}


WRONG = {
    "url": ({"your_site": "visitor.example"}, "your-site"),
    "tel": ({"your_tel": "12"}, "your-tel"),
    "choice": ({"parts": ["櫓"]}, "parts"),
    "pipe": ({"parts": ["門(PRT-01)"]}, "parts"),
    "two of one": ({"finish": None, "finish[]": ["塗装する", "木地のまま"]}, "finish"),
    "number": ({"units": "21"}, "units"),
    "range": ({"scale": "101"}, "scale"),
    "too early": ({"due": (estimate.TODAY + WEEK - datetime.timedelta(days=1)).isoformat()}, "due"),
    "label": ({"desk": "お選びください"}, "desk"),
    "radio": ({"answer_by": "狼煙"}, "answer-by"),
    "too long": ({"your_message": "長" * 401}, "your-message"),
    "quiz": ({"gate": "番所"}, "gate"),
    "quiz hash": ({"_wpcf7_quiz_answer_gate": "0" * 32}, "gate"),
}


def test_what_is_wrong_is_named(gateway, web):
    found = {name: list(errors(estimate.post(web, **changes))) for name, (changes, _) in WRONG.items()}
    assert found == {name: [field] for name, (_, field) in WRONG.items()}
    assert gateway.sekisho_json("submissions") == []


def test_files_that_are_not_taken(gateway, web):
    large = visitor.Upload("大きい.pdf", b"x" * (256 * 1024 + 1))
    assert errors(estimate.post(web, drawing=large)) == {"drawing": "ファイルの容量が大きすぎます。"}
    wrong = visitor.Upload("図面.exe", b"MZ")
    assert errors(estimate.post(web, drawing=wrong)) == {"drawing": "この種類のファイルは添付できません。"}
    both = errors(estimate.post(web, drawing=wrong, photo=visitor.Upload("写真.svg", b"<svg/>")))
    assert set(both) == {"drawing", "photo"}
    assert gateway.sekisho_json("submissions") == []
    wait_removed(gateway)


def test_consents(gateway, web):
    for changes in ({"your_consent": None}, {"for_resale": "1"}):
        body = estimate.post(web, **changes).json()
        assert body["status"] == "acceptance_missing" and body["message"] == "送信の前に、同意欄をご確認ください。" and "quiz" in body
    wait_removed(gateway)


# --- What is kept -----------------------------------------------------------------------------------------------------

def test_without_consent_to_storage_nothing_stays(smtp, gateway, web):
    assert_sent(estimate.post(web))
    wait_mails(smtp, 1)
    wait_for(lambda: gateway.sekisho_json("submissions")[0]["is_erased"], "the erased submission")
    wait_removed(gateway)


def test_with_consent_it_stays_until_retention_ends(smtp, gateway, web, clock):
    assert_sent(estimate.post(web, keep="1"))
    wait_mails(smtp, 1)
    wait_for(lambda: gateway.sekisho_json("submissions")[0]["mails_sent"] == 1, "the settled delivery")
    assert not gateway.sekisho_json("submissions")[0]["is_erased"] and len(spooled(gateway)) == 2
    kept = b"".join(path.read_bytes() for path in spooled(gateway))
    assert len(kept) > len(estimate.DRAWING) + len(estimate.PHOTO) and estimate.DRAWING[10:42] not in kept, "they lie there sealed"
    clock.move(91 * 24 * 3600)
    # A fresh courier looks at once, a running one each minute.
    gateway.reload()
    wait_for(lambda: not spooled(gateway) and gateway.sekisho_json("submissions") == [], "the end of retention", 120)


def test_spam_is_kept_without_mails(smtp, gateway, web):
    answer = estimate.post(web, your_message="この方法なら必ず儲かる!", keep="1")
    assert answer.status == 200 and answer.json()["status"] == "spam" and answer.json()["posted_data_hash"] == ""
    line = gateway.wait_event("submission", status="spam")
    assert line.pairs["check"] == "contract" and line.pairs["code"] == "disallowed_list" and line.pairs["mails"] == "0"
    assert_sent(estimate.post(web, keep="1"))
    wait_mails(smtp, 1)
    spam = gateway.sekisho_json("submissions", "show", line.pairs["receipt"])
    assert spam["fields"]["your-message"] == "この方法なら必ず儲かる!" and spam["mails_waiting"] == spam["mails_sent"] == spam["mails_refused"] == 0
    assert len(spooled(gateway)) == 4, "its files wait beside it for a person to look"


# --- Who may ask ------------------------------------------------------------------------------------------------------

def test_other_origins(smtp, gateway, web):
    for origin, allowed in ((PARTNER, PARTNER), ("https://foreign.example", None), ("null", None)):
        headers = {"Origin": origin}
        described = visitor.request(web.url(f"{estimate.FORM}/feedback"), "OPTIONS", headers=headers)
        answers = [described, visitor.request(web.url(f"{estimate.FORM}/refill"), headers=headers),
                   visitor.request(web.url(f"{estimate.FORM}/feedback/schema"), headers=headers), estimate.post(web, headers)]
        for answer in answers:
            assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == allowed and answer.headers["Vary"] == "Origin"
            assert answer.headers["Access-Control-Allow-Credentials"] is None
        assert described.headers["Access-Control-Allow-Methods"] == ("POST" if allowed else None)
    # Whoever reads the answer, the message itself is as good as any other.
    wait_mails(smtp, 3)


def test_checks_find_nothing(stage, gateway):
    """The shipped form is as it should be, and so is the mail that a preview shows."""
    gateway.sekisho("check")
    gateway.sekisho("form", "lint", "example.test")
    assert "製作課" in gateway.sekisho("form", "preview", "example.test", "estimate", "--field", "desk=新しく作る")
    nginx = Nginx(stage, gateway.socket)
    assert estimate.PAGE in (nginx.snippets / "sekisho-pages.conf").read_text(encoding="utf-8")
