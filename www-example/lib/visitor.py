"""A visitor: posts the contact form as Contact Form 7's script does, or as a browser without JavaScript."""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid

FEEDBACK = "/wp-json/contact-form-7/v1/contact-forms/4/feedback"
HIDDEN = {"_wpcf7": "4", "_wpcf7_version": "6.1.6", "_wpcf7_locale": "ja", "_wpcf7_unit_tag": "wpcf7-f4-p7-o1", "_wpcf7_container_post": "7",
          "_wpcf7_posted_data_hash": ""}
SAMPLE = {"your-name": "山田 花子", "your-email": "hanako@visitor.example", "your-tel": "03-1234-5678",
          "your-subject": "見積もりのお願い", "your-message": "はじめまして。\n来月の展示会で使う関所の模型について、見積もりをお願いします。", "your-consent": "1"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)


def fields(**changes):
    """The sample with hidden fields; `changes` by names with _ for -; None leaves a field out."""
    result = {**HIDDEN, **SAMPLE}
    for name, value in changes.items():
        result[name if name.startswith("_") else name.replace("_", "-")] = value
    return {name: value for name, value in result.items() if value is not None}


class Upload:
    """A file that the visitor has chosen; without a name: none was chosen."""

    def __init__(self, name="", content=b""):
        self.name, self.content = name, content

    def part(self):
        name = self.name.replace('"', "%22")
        return f'; filename="{name}"\r\nContent-Type: application/octet-stream', self.content


def part(value):
    """What follows the field's name, and the content."""
    if isinstance(value, Upload):
        return value.part()
    return "", value.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def multipart(values):
    """Body and content type as browsers make them. A value is a text, an Upload, or a list of texts, each of which is a field of that name."""
    boundary = f"----visitor{uuid.uuid4().hex}"
    body = b""
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            attributes, content = part(each)
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{attributes}\r\n\r\n'.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def urlencoded(values):
    return urllib.parse.urlencode(values).encode(), "application/x-www-form-urlencoded"


def request(url, method="GET", body=None, content_type=None, headers=None, tls=None):
    """One request; HTTP errors are answers too. `tls` is the ssl.SSLContext of an https address."""
    asked = urllib.request.Request(url, data=body, method=method, headers={"User-Agent": "sekisho visitor", **(headers or {})})
    if content_type:
        asked.add_header("Content-Type", content_type)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
    try:
        with opener.open(asked, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def post_feedback(web, path=FEEDBACK, **changes):
    """Posts as the script does, from the contact page."""
    body, content_type = multipart(fields(**changes))
    return request(web.url(path), "POST", body, content_type, {"Accept": "application/json, */*;q=0.1", "Referer": web.url()})


def post_page(web, encode=urlencoded, **changes):
    """Posts as a browser without JavaScript does."""
    body, content_type = encode(fields(**changes))
    return request(web.url("/contact/"), "POST", body, content_type, {"Accept": "text/html", "Referer": web.url()})
