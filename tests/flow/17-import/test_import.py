"""A site moves over: its export becomes forms of a fresh site, `sekisho check` passes, and an enquiry to one of them arrives."""

import pathlib
import shutil

import visitor
from scene import assert_sent, wait_mails

EXPORT = pathlib.Path(__file__).resolve().parents[2] / "unit" / "form" / "export" / "site.xml"
# The form whose sender was the visitor, and the one that no form of this gateway can be.
REWRITTEN, REFUSED = 12, 13


def fresh_site(gateway):
    """The site without its forms."""
    shutil.rmtree(gateway.folder / "sites" / "example.test" / "forms")


def forms_of(report):
    """By id."""
    return {form["id"]: form for form in report["forms"]}


def make_readable(gateway):
    for path in (gateway.folder / "sites").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def reload(gateway):
    before = len(gateway.lines())
    gateway.reload()
    for role in ("front", "courier"):
        gateway.wait_event("started", role=role, after=before, seconds=60)


def post(web, form, **values):
    hidden = {"_wpcf7": str(form), "_wpcf7_unit_tag": f"wpcf7-f{form}-p2-o1", "_wpcf7_container_post": "2"}
    body, content_type = visitor.multipart({**hidden, **values})
    path = f"/wp-json/contact-form-7/v1/contact-forms/{form}/feedback"
    return visitor.request(web.url(path), "POST", body, content_type, {"Referer": web.url()})


def test_import_check_post_and_mail(smtp, gateway, web):
    fresh_site(gateway)
    dry = gateway.sekisho_json_status(1, "form", "import", EXPORT, "--site", "example.test", "--dry-run")
    assert not (gateway.folder / "sites" / "example.test" / "forms").exists()
    report = gateway.sekisho_json_status(1, "form", "import", EXPORT, "--site", "example.test")
    forms = forms_of(report)
    assert [form["outcome"] for form in dry["forms"]] == [form["outcome"] for form in report["forms"]]
    assert len(forms) >= 10 and forms[REWRITTEN]["outcome"] == "imported" and forms[REFUSED]["outcome"] == "refused"
    assert not (gateway.folder / "sites" / "example.test" / "forms" / "members").exists()

    # What needs a hand gets it: here its owner takes the folder away again.
    for form in forms.values():
        if form["outcome"] == "needs_hand":
            shutil.rmtree(form["folder"])
    make_readable(gateway)
    gateway.sekisho("check")
    gateway.sekisho("form", "lint", "example.test")
    assert "見本商店" in gateway.sekisho("form", "preview", "example.test", REWRITTEN)

    reload(gateway)
    assert_sent(post(web, REWRITTEN, **{"your-name": "青葉 太郎", "your-email": "taro@visitor.example", "your-subject": "相談",
                                        "your-message": "移転後の最初の便り"}))
    # The form has two recipients, and each gets a mail of its own; its reply goes to the shop, and the visitor is asked first.
    mails = wait_mails(smtp, 4)
    assert sorted(mail["Message-ID"].split(".")[1] for mail in mails) == ["confirmation", "notice", "notice", "reply"]
    mail = next(mail for mail in mails if ".notice." in mail["Message-ID"])
    assert mail["From"] == "見本商店 <form@example.test>"
    assert mail["Reply-To"] == "青葉 太郎 <taro@visitor.example>"
    assert "移転後の最初の便り" in mail.text
