"""Every sentence that visitors and owners read exists in English and in Japanese, the code asks for no other, and asks for each of them."""

import re

import pytest
import tree

ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
ASKED = re.compile(r'\btext_(?:for|find)\([^;"]*?,\s*"([^"]+)"\)')
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def joined(quoted):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted))


def read(language):
    """Identifier -> sentence, without the file's head."""
    text = (tree.TOP / "gateway" / "po" / f"{language}.po").read_text(encoding="utf-8")
    assert "#, fuzzy" not in text
    entries = [(joined(key), joined(value)) for key, value in ENTRY.findall(text)]
    keys = [key for key, _ in entries if key]
    assert len(keys) == len(set(keys)), f"{language}.po: a text stands twice: {sorted({key for key in keys if keys.count(key) > 1})}"
    assert text.count("\nmsgid ") + text.startswith("msgid ") == len(entries), f"{language}.po: an entry is not read"
    return {key: value for key, value in entries if key}


def test_both_languages_are_complete():
    english, japanese = read("en"), read("ja")
    assert len(english) > 20
    assert set(english) == set(japanese)
    empty = [key for key in english if not english[key] or not japanese[key]]
    assert not empty


def test_japanese_is_not_english():
    english, japanese = read("en"), read("ja")
    same = [key for key in english if english[key] == japanese[key] and re.search("[A-Za-z]{4}", re.sub(r"\{[a-z_]+\}", "", english[key]))]
    assert not same


def test_japanese_has_no_english_sentences():
    """Three words of Latin letters in a row, outside of commands (`...`)."""
    found = {}
    for key, text in read("ja").items():
        plain = re.sub(r"`[^`]*`|\{[a-z_]+\}|https?://\S+|^  sekisho .*$", "|", text.replace("\\n", "\n"), flags=re.MULTILINE)
        sentences = re.findall(r"[A-Za-z']+(?:[ ,]+[A-Za-z']+){2,}", plain)
        if sentences:
            found[key] = sentences
    assert not found


def test_placeholders_agree():
    english, japanese = read("en"), read("ja")
    pattern = re.compile(r"%[-0-9.]*[a-zA-Z]|\{[a-z_]+\}")
    # The letters of a date are its language's own.
    differ = [key for key in english if key != "report.date" and sorted(pattern.findall(english[key])) != sorted(pattern.findall(japanese[key]))]
    assert not differ


def test_commands_agree():
    english, japanese = read("en"), read("ja")
    pattern = re.compile(r"`([^`]*)`")
    differ = [key for key in english if sorted(pattern.findall(english[key])) != sorted(pattern.findall(japanese[key]))]
    assert not differ


# --- The code and the texts ------------------------------------------------------------------------------------------------

def sources():
    """Without what they include, whose names look like ids."""
    return {path: re.sub(r"^#include.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE) for path in tree.c_files("gateway")}


def test_code_asks_only_for_texts_that_exist():
    english = read("en")
    asked = {key for text in sources().values() for key in ASKED.findall(text)}
    assert asked, "no text is asked for: the pattern is wrong"
    assert not asked - set(english)


def test_no_literal_names_a_text_that_is_missing():
    """Also where the id goes through a variable or a table: whatever looks like an id of a kind of texts, or, with "_" at its end, like the begin of one."""
    english = read("en")
    kinds = {key.split(".")[0] for key in english if "." in key} - {"list", "mail", "mail_2"}
    missing = set()
    for path, text in sources().items():
        for literal in LITERAL.findall(text):
            if re.fullmatch(rf"({'|'.join(sorted(kinds))})\.[a-z_0-9]+(\.[a-z_0-9]+)*", literal) and literal not in english \
                    and not (literal.endswith("_") and any(key.startswith(literal) for key in english)):
                missing.add((tree.name_of(path), literal))
    assert not missing


def beginnings():
    """What ids are composed of: literals that end with a dot or an underscore ("reason.", "report.verdict_")."""
    return {literal for text in sources().values() for literal in LITERAL.findall(text) if re.fullmatch(r"[a-z_0-9]+\.([a-z_0-9.]*[._])?", literal)} \
        | {match for text in sources().values() for match in re.findall(r'"([a-z_0-9]+\.[a-z_0-9.]*?)%[a-z]', text)}


def test_every_text_is_asked_for():
    literals = {literal for text in sources().values() for literal in LITERAL.findall(text)}
    composed = tuple(beginnings())
    # A form's own keys, asked for as "message." KEY.
    unused = {key for key in read("en") if key not in literals and not key.startswith(composed)}
    assert not unused


# --- Reasons --------------------------------------------------------------------------------------------------------------------

def code_of(name):
    return (tree.TOP / name).read_text(encoding="utf-8")


def tier_names():
    return ["rate_" + name for name in LITERAL.findall(re.search(r"names\[RATE_TIERS\] = \{(.*?)\}", code_of("gateway/policy/rate.c"), re.DOTALL).group(1))]


# check -> files, and patterns of the codes in them.
ASSIGNED = r'\bcode = "([a-z_0-9]+)"'
CODES = {
    "duplicates": (["gateway/front/judge.c"], [r'CHECK_DUPLICATES[^;]*?\.code = "([a-z_]+)"']),
    "contract": (["gateway/form/spam.c"], [r'\.agent = "([a-z_0-9]+)"']),
    "lists": (["gateway/policy/lists_check.c"], [r'\{FINDING_[A-Z]+, "([a-z_]+)"', r'CHECK_LISTS, mode, FINDING_[A-Z]+, 0, "([a-z_]+)"']),
    "rate": (["gateway/front/judge.c"], [r'CHECK_RATE[^;]*?\.code = "([a-z_]+)"']),
    "trap": (["gateway/policy/trap.c"], [ASSIGNED]),
    "honeypot": (["gateway/policy/honeypot.c"], [ASSIGNED]),
    "shape": (["gateway/policy/shape.c"], [ASSIGNED]),
    "links": (["gateway/policy/links.c"], [ASSIGNED, r'\[LIE_[A-Z_]+\] = \{"([a-z_]+)"']),
    "sender": (["gateway/policy/sender.c", "gateway/policy/resolver.c", "gateway/front/job.c"], [r'\b(?<!check_name\(CHECK_DUPLICATES\);\n\t\t)code = "(?!repetition)([a-z_]+)"', r'\{FINDING_[A-Z]+, "(domain_[a-z_]+)"']),
    "captcha": (["gateway/policy/captcha.c", "gateway/policy/captcha_services.c", "gateway/policy/captcha_verifier.c", "gateway/policy/altcha.c", "gateway/front/judge.c",
                 "gateway/front/judge_services.c", "gateway/front/recheck.c"],
                [r'CAPTCHA_(?!MISCONFIGURED)[A-Z_]+,\s*(?:\.code = )?"([a-z_]+)"', r'settle_unreachable\([^,]*,[^,]*, "([a-z_]+)"', r'CAPTCHA_MISCONFIGURED \? "([a-z_]+)"',
                 r'CHECK_CAPTCHA[^;]*?\.code = "([a-z_]+)"']),
}


def codes_of(check):
    files, patterns = CODES[check]
    found = {code for name in files for pattern in patterns for code in re.findall(pattern, code_of(name), re.DOTALL)}
    return found | set(tier_names() if check == "rate" else [])


def checks():
    return LITERAL.findall(re.search(r"check_names\[CHECK_COUNT\] = \{(.*?)\}", code_of("gateway/policy/finding.c"), re.DOTALL).group(1))


def test_every_check_is_looked_at():
    assert sorted(checks()) == sorted(CODES)
    assert {f"reason.{check}" for check in checks()} <= set(read("en"))


@pytest.mark.parametrize("check", sorted(CODES))
def test_every_code_of_a_check_has_a_reason(check):
    """And every reason a code: a pattern above that went blind is found by that."""
    known = {key.removeprefix(f"reason.{check}.") for key in read("en") if key.startswith(f"reason.{check}.")}
    # Refused ones of a network are counted only, and no finding says so.
    found = codes_of(check) - {"rate_rejected"}
    assert found and found == known


def test_every_reason_of_a_delivery_has_words():
    """Those that `sekisho queue` explains; a kind may speak for its codes ("delivery.conf")."""
    table = re.search(r"reasons\[\] = \{(.*?)\n\};", code_of("gateway/cli/deliveries.c"), re.DOTALL).group(1)
    codes = [code.replace("OUTBOX_HOLD", "hold").strip('"') for code in re.findall(r'^    \{([^,]+),', table, re.MULTILINE)]
    english = read("en")
    assert len(codes) > 40 and 'OUTBOX_HOLD "hold"' in code_of("include/sekisho/store/outbox.h")
    without = [code for code in codes if f"delivery.{code}" not in english and ("." not in code or f"delivery.{code.split('.')[0]}" not in english)]
    assert not without
    # What a person cancelled has no reason in the store; sql/figures.sql gives it that name.
    kinds = {code.split(".")[0] for code in codes} | set(re.findall(r"coalesce\(delivery\.reason, '(\w+)'\)", code_of("sql/figures.sql")))
    assert not {key for key in english if key.startswith("delivery.") and key.removeprefix("delivery.") not in set(codes) | kinds}
