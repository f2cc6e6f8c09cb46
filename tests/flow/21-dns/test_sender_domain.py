"""Every fault that a sender's domain can have in the DNS, served by a real server."""

import pytest
from conftest import examine
from zones import DOMAINS, KEYS


@pytest.mark.parametrize("domain", DOMAINS)
def test_domains(server, domain):
    findings = examine(server, f"info@{domain}")
    for topic, expected in DOMAINS[domain][1].items():
        found = findings[topic]
        assert f"{found.verdict} {found.code}" == expected, f"{found.what} {found.advice}"
        assert bool(found.advice) == (found.verdict != "fine"), found.advice


@pytest.mark.parametrize("name", KEYS)
def test_keys(server, name):
    found = examine(server, f"info@{name}.keys.test", selector="s")["dkim"]
    assert f"{found.verdict} {found.code}" == KEYS[name][1], found.what


def test_the_faults_are_named(server):
    assert '"ipv4:192.0.2.25"' in examine(server, "info@spf-syntax.test")["spf"].what
    assert "x.servfail.invalid (servfail)" in examine(server, "info@spf-servfail.test")["spf"].what
    assert "2001:db8::25" in examine(server, "info@spf-ip4-only.test")["spf"].what, "it is the IPv6 address that fails"
    assert "google" in examine(server, "info@dkim-elsewhere.test")["dkim"].what, "what was tried is said"
    what = examine(server, "info@dmarc-reject.test")["dmarc"].what
    assert "docomo" in what and "refuse" in what


@pytest.mark.parametrize("domain, relay, record", [
    ("spf-missing.test", "relay.provider.test", "v=spf1 mx a:relay.provider.test ~all"),
    ("spf-softfail.test", "relay.provider.test", "v=spf1 mx a:relay.provider.test ~all"),
    ("spf-endless.test", "relay.provider.test.", "v=spf1 mx a:relay.provider.test"),
    ("spf-redirect.test", "192.0.2.200", "v=spf1 ip4:192.0.2.200 redirect=_spf.provider.test"),
    ("spf-fail.test", "2001:DB8::77", "v=spf1 mx ip6:2001:db8::77 -all"),
    ("spf-fail.test", "SMTP.large.test", "v=spf1 mx include:large.test -all"),
])
def test_advice_is_the_record_to_publish(server, domain, relay, record):
    found = examine(server, f"info@{domain}", relay=relay)["spf"]
    assert found.verdict in ("warning", "wrong") and found.advice.endswith(f": {record}"), found.advice


def test_relays(server):
    found = examine(server, "info@spf-a.test", relay="gone.provider.test")["spf"]
    assert (found.verdict, found.code) == ("wrong", "spf_no_relay")
    found = examine(server, "info@spf-a.test", relay="x.servfail.invalid")["spf"]
    assert (found.verdict, found.code) == ("unknown", "spf_unknown")


@pytest.mark.parametrize("sender, envelope, selector, expected", [
    # One strict domain: only itself will do.
    ("info@strict.co.jp", "info@strict.co.jp", "none", "fine dmarc_aligned"),
    ("info@strict.co.jp", "x@bounce.strict.co.jp", "none", "wrong dmarc_reject"),
    ("info@strict.co.jp", "x@bounce.strict.co.jp", "s", "warning dmarc_dkim_only"),
    # The record above counts with sp=, and the domain below the same registered one is aligned; one below the public suffix is not.
    ("info@shop.example.co.jp", "x@bounce.example.co.jp", "none", "fine dmarc_aligned"),
    ("info@shop.example.co.jp", "x@bounce.strict.co.jp", "none", "wrong dmarc_reject"),
    ("info@shop.example.co.jp", "x@bounce.strict.co.jp", "s", "warning dmarc_dkim_only"),
    ("info@example.co.jp", "x@bounce.strict.co.jp", "none", "warning dmarc_unaligned"),
    # The null sender proves nothing of ours.
    ("info@strict.co.jp", "", "none", "wrong dmarc_reject"),
])
def test_alignment(server, sender, envelope, selector, expected):
    found = examine(server, sender, envelope, selector=selector)["dmarc"]
    assert f"{found.verdict} {found.code}" == expected, found.what


def test_the_null_sender(server):
    findings = examine(server, "info@spf-a.test", "")
    assert (findings["reverse_path"].code, findings["spf"].code) == ("reverse_path_empty", "spf_null_sender")


def test_what_is_no_address_is_not_asked_about(server):
    findings = examine(server, "info@localhost")
    assert {finding.code for finding in findings.values()} == {f"{topic}_bad_address" for topic in findings}


def test_hostile_text_is_shown_harmless(server):
    what = examine(server, "info@spf-bytes.test")["spf"].what
    assert "\\xE3" in what and "\n" not in what, what
