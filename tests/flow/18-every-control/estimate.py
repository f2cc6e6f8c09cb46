"""The second example page's form: a visitor who fills in every control and chooses two files with Japanese names."""

import datetime
import zoneinfo

import visitor

FORM = "/wp-json/contact-form-7/v1/contact-forms/5"
PAGE = "/estimate/"
TODAY = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")).date()
DUE = TODAY + datetime.timedelta(days=10)
QUIZ = {"旅人が手形を見せた場所は? (漢字2字)": "関所", "「関所」の読みは? (ひらがな4字)": "せきしょ"}
# Every byte there is, and what looks like the end of a part.
DRAWING = b"%PDF-1.4\r\n" + bytes(range(256)) * 700 + b"\r\n------visitor\r\n--\r\n"
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(reversed(range(256))) * 40
HIDDEN = {**visitor.HIDDEN, "_wpcf7": "5", "_wpcf7_unit_tag": "wpcf7-f5-p8-o1", "_wpcf7_container_post": "8"}
SAMPLE = {
    "your-name": "山田 花子", "your-email": "hanako@visitor.example", "your-tel": "03-1234-5678", "your-site": "https://visitor.example/関所?a=1&b=2",
    "parts[]": ["門", "柵"], "finish": "木地のまま", "units": "3", "scale": "50", "due": DUE.isoformat(),
    "drawing": visitor.Upload("関所の図面 二.pdf", DRAWING), "photo": visitor.Upload("参考の写真.png", PHOTO),
    "desk": "新しく作る", "payment": "", "papers[]": ["価格表", "納品事例集"], "answer-by": "郵便",
    "heard[]": ["検索", "その他"], "_wpcf7_free_text_heard": "街道の案内板",
    "your-message": "門は <大きめ> に & 柵は低く。\n二行目です。", "campaign": "autumn-fair", "your-consent": "1",
}


def refill(web):
    """A fresh question and its hash, as the page's script asks for them."""
    return visitor.request(web.url(f"{FORM}/refill")).json()["quiz"]["gate"]


def fields(web, **changes):
    """All that the page sends; `changes` by names with _ for - and without []; None leaves a field out."""
    question, answer_hash = refill(web)
    values = {**HIDDEN, **SAMPLE, "gate": QUIZ[question], "_wpcf7_quiz_answer_gate": answer_hash}
    for name, value in changes.items():
        dashed = name if name.startswith("_") else name.replace("_", "-")
        values[f"{dashed}[]" if f"{dashed}[]" in values else dashed] = value
    return {name: value for name, value in values.items() if value is not None}


def post(web, headers=None, **changes):
    """As the page's script does."""
    body, content_type = visitor.multipart(fields(web, **changes))
    return visitor.request(web.url(f"{FORM}/feedback"), "POST", body, content_type, {"Referer": web.url(PAGE), **(headers or {})})


def post_page(web, **changes):
    """As a browser without JavaScript does."""
    body, content_type = visitor.multipart(fields(web, **changes))
    return visitor.request(web.url(PAGE), "POST", body, content_type, {"Accept": "text/html", "Referer": web.url(PAGE)})
