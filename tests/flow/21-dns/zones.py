"""The zones of this flow: a domain for each fault, and beside each what is to be found in it.

RELAY is where mail is handed in: relay.provider.test, 192.0.2.25 and 2001:db8::25.
"""

import base64

MX = ["@ MX 10 mail", "mail A 192.0.2.10"]
GOOD_SPF = "@ TXT \"v=spf1 a:relay.provider.test ~all\""


def key(size, tags=""):
    """A key record of `size` bytes, in strings of 100."""
    text = f"v=DKIM1; k=rsa; {tags}p=" + base64.b64encode(bytes(size)).decode()
    return "TXT " + " ".join(f'"{text[at:at + 100]}"' for at in range(0, len(text), 100))


KEY = f"s._domainkey {key(294)}"


def reject(tags=""):
    return f'_dmarc TXT "v=DMARC1; p=reject{tags}"'


def spf_with_includes(count):
    """A record whose terms ask `count` times before they name the relay, in strings, and what it includes."""
    words = " ".join(f"include:i{number}.@" for number in range(count))
    return [f'@ TXT "v=spf1 {words} " "a:relay.provider.test -all"', *(f'i{number} TXT "v=spf1 ip4:198.51.100.{number} -all"' for number in range(count))]


# Domain: its lines ("@" alone is the domain; ".@" in a text, too), and the codes to be found: topic and "verdict code".
DOMAINS = {
    # Whether mail can come back.
    "mx-found.test": (MX, {"mx": "fine mx_found", "reverse_path": "fine reverse_path_found"}),
    "mx-null.test": (["@ MX 0 ."], {"mx": "wrong mx_null", "reverse_path": "wrong reverse_path_null"}),
    "mx-implicit.test": (["@ AAAA 2001:db8::1"], {"mx": "warning mx_implicit", "reverse_path": "warning reverse_path_implicit"}),
    "mx-missing.test": (['@ TXT "nothing else"'], {"mx": "wrong mx_missing", "reverse_path": "wrong reverse_path_missing"}),
    "mx-unresolved.test": (["@ MX 5 gone"], {"mx": "wrong mx_unresolved"}),
    "mx-partly.test": (["@ MX 5 gone", "@ MX 10 mail", "mail A 192.0.2.10"], {"mx": "warning mx_partly"}),
    "mx-lame.test": (["@ MX 5 mail.lame"], {"mx": "unknown mx_unknown"}),
    "no-such-domain.test": ([], {"mx": "wrong mx_no_domain", "reverse_path": "wrong reverse_path_no_domain", "spf": "wrong spf_missing",
                                 "dkim": "warning dkim_none", "dmarc": "warning dmarc_missing"}),
    # SPF.
    "spf-a.test": ([GOOD_SPF], {"spf": "fine spf_pass"}),
    "spf-ip.test": (['@ TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"'], {"spf": "fine spf_pass"}),
    "spf-ip4-only.test": (['@ TXT "v=spf1 ip4:192.0.2.25 -all"'], {"spf": "wrong spf_fail"}),
    "spf-mx.test": (["@ MX 10 relay.provider.test.", '@ TXT "v=spf1 mx -all"'], {"spf": "fine spf_pass"}),
    "spf-include.test": (['@ TXT "v=spf1 include:_spf.provider.test -all"'], {"spf": "fine spf_pass"}),
    "spf-redirect.test": (['@ TXT "v=spf1 redirect=_spf.provider.test"'], {"spf": "fine spf_pass"}),
    "spf-exists.test": (['@ TXT "v=spf1 exists:%{ir}.%{v}.list.@ -all"', "25.2.0.192.in-addr.list A 127.0.0.2", "*.ip6.list A 127.0.0.2"],
                        {"spf": "fine spf_pass"}),
    "spf-strings.test": (['@ TXT "v=spf1 a:relay.prov" "ider.test ~all"'], {"spf": "fine spf_pass"}),
    "spf-alias.test": (["@ TXT \"v=spf1 include:alias.@ -all\"", "alias CNAME _spf.provider.test."], {"spf": "fine spf_pass"}),
    "spf-fail.test": (['@ TXT "v=spf1 mx -all"', *MX], {"spf": "wrong spf_fail"}),
    "spf-softfail.test": (['@ TXT "v=spf1 mx ~all"', *MX], {"spf": "warning spf_softfail"}),
    "spf-neutral.test": (['@ TXT "v=spf1 mx ?all"', *MX], {"spf": "warning spf_neutral"}),
    "spf-endless.test": (['@ TXT "v=spf1 mx"', *MX], {"spf": "warning spf_neutral"}),
    "spf-missing.test": (MX, {"spf": "wrong spf_missing"}),
    "spf-several.test": ([GOOD_SPF, '@ TXT "v=spf1 -all"'], {"spf": "wrong spf_several"}),
    "spf-open.test": (['@ TXT "v=spf1 a:relay.provider.test +all"'], {"spf": "warning spf_open"}),
    "spf-syntax.test": (['@ TXT "v=spf1 a:relay.provider.test ipv4:192.0.2.25 -all"'], {"spf": "wrong spf_syntax"}),
    "spf-bytes.test": (['@ TXT "v=spf1 a:\\227\\131\\010.test -all"'], {"spf": "wrong spf_syntax"}),
    "ten.test": (spf_with_includes(9), {"spf": "fine spf_pass"}),
    "eleven.test": (spf_with_includes(10), {"spf": "wrong spf_lookups"}),
    "spf-loop.test": (['@ TXT "v=spf1 include:@ -all"'], {"spf": "wrong spf_lookups"}),
    "spf-void-two.test": (['@ TXT "v=spf1 a:gone.@ a:lost.@ a:relay.provider.test -all"'], {"spf": "fine spf_pass"}),
    "spf-void-three.test": (['@ TXT "v=spf1 a:gone.@ a:lost.@ a:past.@ a:relay.provider.test -all"'], {"spf": "wrong spf_void_lookups"}),
    "spf-empty-include.test": (['@ TXT "v=spf1 include:gone.@ -all"'], {"spf": "wrong spf_broken"}),
    "spf-ptr.test": (['@ TXT "v=spf1 ptr -all"'], {"spf": "unknown spf_undecided"}),
    "spf-ptr-first.test": (['@ TXT "v=spf1 ptr a:relay.provider.test -all"'], {"spf": "fine spf_pass"}),
    "spf-servfail.test": (['@ TXT "v=spf1 include:x.servfail.invalid -all"'], {"spf": "unknown spf_unknown"}),
    "spf-lame.test": (['@ TXT "v=spf1 a:mail.lame.test -all"'], {"spf": "unknown spf_unknown"}),
    # DKIM.
    "dkim-usual.test": ([f"google._domainkey {key(294)}"], {"dkim": "fine dkim_found"}),
    "dkim-usual-two.test": ([f"selector2._domainkey {key(294)}", 'selector1._domainkey TXT "v=DKIM1; p="'], {"dkim": "fine dkim_found"}),
    "dkim-elsewhere.test": ([f"odd2024._domainkey {key(294)}"], {"dkim": "unknown dkim_selector_unknown"}),
    "dkim-wildcard.test": (['* TXT "v=spf1 -all"'], {"dkim": "unknown dkim_selector_unknown"}),
    "dkim-none.test": (MX, {"dkim": "warning dkim_none"}),
    # DMARC.
    "dmarc-missing.test": ([GOOD_SPF], {"dmarc": "warning dmarc_missing"}),
    "dmarc-spf.test": ([GOOD_SPF, reject()], {"dmarc": "fine dmarc_aligned"}),
    "dmarc-several.test": ([GOOD_SPF, reject(), '_dmarc TXT "v=DMARC1; p=none"'], {"dmarc": "wrong dmarc_several"}),
    "dmarc-syntax.test": ([GOOD_SPF, '_dmarc TXT "v=DMARC1; p=rejct"'], {"dmarc": "wrong dmarc_syntax"}),
    "dmarc-other-text.test": ([GOOD_SPF, '_dmarc TXT "somebody was here"', reject()], {"dmarc": "fine dmarc_aligned"}),
    "dmarc-reject.test": ([reject()], {"dmarc": "wrong dmarc_reject"}),
    "dmarc-quarantine.test": (['_dmarc TXT "v=DMARC1; p=quarantine"'], {"dmarc": "wrong dmarc_quarantine"}),
    "dmarc-none.test": (['_dmarc TXT "v=DMARC1; p=none"'], {"dmarc": "warning dmarc_unaligned"}),
    "dmarc-dkim.test": ([reject(), f"mail._domainkey {key(294)}"], {"dmarc": "warning dmarc_dkim_only"}),
    "dmarc-undecided.test": ([reject(), '@ TXT "v=spf1 ptr -all"'], {"dmarc": "unknown dmarc_undecided"}),
}

# With selector "s": the key and what is found.
KEYS = {
    "good": (key(294), "fine dkim_found"),
    "ed25519": (f'TXT "v=DKIM1; k=ed25519; p={base64.b64encode(bytes(32)).decode()}"', "fine dkim_found"),
    "bare": (key(294).replace("v=DKIM1; ", ""), "fine dkim_found"),
    "alias": ("CNAME s._domainkey.good.keys.test.", "fine dkim_found"),
    "loop": ("CNAME s._domainkey.loop.keys.test.", "unknown dkim_unknown"),
    "weak": (key(162), "warning dkim_weak"),
    "short": (key(94), "wrong dkim_short"),
    "testing": (key(294, "t=y; "), "warning dkim_testing"),
    "revoked": ('TXT "v=DKIM1; p="', "wrong dkim_revoked"),
    "syntax": ('TXT "v=DKIM1; k=rsa; p=MIIB IjAN!"', "wrong dkim_syntax"),
    "cut": (key(294)[:-4] + '"', "wrong dkim_syntax"),
    "keyless": ('TXT "v=DKIM1; k=rsa"', "wrong dkim_syntax"),
    "version": (key(294).replace("DKIM1", "DKIM2"), "wrong dkim_syntax"),
    "algorithm": (key(294).replace("k=rsa", "k=dsa"), "wrong dkim_algorithm"),
    "service": (key(294, "s=tlsrpt; "), "wrong dkim_service"),
    "sha1": (key(294, "h=sha1; "), "wrong dkim_service"),
    "several": (key(294) + "\ns._domainkey.several.keys " + key(300), "wrong dkim_several"),
    "missing": ("A 192.0.2.1", "wrong dkim_missing"),
}


def lines_of(domain, lines):
    """The lines with names made absolute."""
    name = domain.removesuffix(".test")
    for line in lines:
        owner, rest = line.split(" ", 1)
        rest = rest.replace(".@", f".{domain}").replace(":@", f":{domain}")
        if rest.startswith("MX ") and not rest.endswith("."):
            rest += ".test." if rest.endswith("lame") else f".{domain}."
        yield f"{name if owner == '@' else f'{owner}.{name}'} {rest}"


TEST = [line for domain, (lines, _) in DOMAINS.items() for line in lines_of(domain, lines)]
TEST += [f"s._domainkey.{name}.keys {record}" for name, (record, _) in KEYS.items()]
TEST += [
    "relay.provider A 192.0.2.25", "relay.provider AAAA 2001:db8::25", '_spf.provider TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"',
    "relay.other A 192.0.2.25", '_spf.other TXT "v=spf1 -all"',
    "smtp.large A 192.0.2.25", 'large TXT "v=spf1 ip4:192.0.2.0/24 ~all"',
    # A delegation to nobody who would answer.
    "lame NS ns.elsewhere.invalid.",
    # Aliases.
    "here.alias CNAME there.alias", "there.alias CNAME target.alias", 'target.alias TXT "found"', "target.alias A 192.0.2.77",
    "dangling.alias CNAME nothing.alias", "bare.alias CNAME typeless.alias", "typeless.alias A 192.0.2.78",
    "one.loop CNAME two.loop", "two.loop CNAME one.loop", "away.alias CNAME host.example.co.jp.", "far.alias CNAME host.nowhere.invalid.",
    *(f"step{number}.chain CNAME step{number + 1}.chain" for number in range(12)), 'step12.chain TXT "the end"',
    # Long texts: 600 bytes in three strings, and 60 records, which come by TCP only.
    'long TXT "' + "a" * 255 + '" "' + "b" * 255 + '" "' + "c" * 90 + '"', *(f'many TXT "record {number:02d} {"x" * 80}"' for number in range(60)),
    *(f"crowd A 10.0.{number // 200}.{number % 200 + 1}" for number in range(250)),
    'odd TXT "a\\000b\\009\\255"', "order MX 20 b.order", "order MX 5 z.order", "order MX 20 a.order",
]
CO_JP = [
    '_dmarc.strict TXT "v=DMARC1; p=reject; aspf=s; adkim=s"', 'strict TXT "v=spf1 a:relay.provider.test -all"',
    'bounce.strict TXT "v=spf1 a:relay.provider.test -all"', f"s._domainkey.strict {key(294)}",
    '_dmarc.example TXT "v=DMARC1; p=none; sp=reject"', 'shop.example A 192.0.2.1', 'bounce.example TXT "v=spf1 a:relay.provider.test -all"',
    "host.example A 192.0.2.99", f"s._domainkey.example {key(294)}",
]
ZONES = {"test": TEST, "co.jp": CO_JP, "servfail.invalid": None}
