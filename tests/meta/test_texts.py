"""Every sentence that visitors and owners read exists in English and in Japanese, and the code asks for no other."""

import re

import tree

ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
ASKED = re.compile(r'\btext_(?:for|find)\([^;"]*?,\s*"([^"]+)"\)')


def joined(quoted):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted))


def read(language):
    """Identifier -> sentence, without the file's head."""
    text = (tree.TOP / "gateway" / "po" / f"{language}.po").read_text(encoding="utf-8")
    assert "#, fuzzy" not in text
    entries = [(joined(key), joined(value)) for key, value in ENTRY.findall(text)]
    keys = [key for key, _ in entries if key]
    assert len(keys) == len(set(keys)), f"{language}.po: a text stands twice"
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
    same = [key for key in english if english[key] == japanese[key] and re.search("[A-Za-z]{4}", english[key])]
    assert not same


def test_placeholders_agree():
    english, japanese = read("en"), read("ja")
    pattern = re.compile(r"%[-0-9.]*[a-zA-Z]|\{[a-z_]+\}")
    differ = [key for key in english if sorted(pattern.findall(english[key])) != sorted(pattern.findall(japanese[key]))]
    assert not differ


def test_code_asks_only_for_texts_that_exist():
    english = read("en")
    asked = {key for path in tree.c_files("gateway") for key in ASKED.findall(path.read_text())}
    assert asked, "no text is asked for: the pattern is wrong"
    assert not asked - set(english)
