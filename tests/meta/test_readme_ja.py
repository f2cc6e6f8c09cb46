"""The Japanese README says what README.md says: block for block the same headings, lists, tables, code, names, numbers and links, in Japanese sentences."""

import os.path
import re

import pytest
import test_texts
import tree

ENGLISH, JAPANESE = tree.TOP / "README.md", tree.TOP / "www-example" / "README.ja.md"
BLOCK = re.compile(r"(?P<code>^```.*?^```$|(?:^ {4}[^\n]*\n)+)|(?P<heading>^#+ [^\n]*$)|(?P<table>(?:^\|[^\n]*\n)+)"
                   r"|(?P<item>^(?:-|\d+\.) [^\n]*(?:\n {2}[^\n]*)*)|(?P<paragraph>^\S[^\n]*(?:\n\S[^\n]*)*)",
                   re.MULTILINE | re.DOTALL)
KANA = re.compile("[ぁ-んァ-ヶ]")
# A sentence that was left in English: names of products are shorter.
SENTENCE = re.compile(r"(?:[A-Za-z']+ +){5}[A-Za-z']+")


class Block:
    """A block of a page, or a row of a table, whose head is what stands above its first column."""

    def __init__(self, kind, text, head=None):
        self.kind, self.text, self.head = kind, text, head
        self.codes = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]
        self.prose = re.sub(r"`[^`]+`|\]\([^)]*\)", " ", text)
        self.targets = re.findall(r"\]\(([^)]+)\)", text)
        self.cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", text)[1:-1]]


def blocks_of(text):
    assert not (lost := BLOCK.sub("", text).split()), f"not understood: {lost}"
    found = []
    for match in BLOCK.finditer(text):
        rows = match.group().splitlines() if match.lastgroup == "table" else [match.group()]
        found += [Block(match.lastgroup, row, rows[0].split("|")[1].strip() if match.lastgroup == "table" else None) for row in rows]
        found += [Block("end of a table", "")] if match.lastgroup == "table" else []
    return found


def anchors(blocks):
    """Anchor -> which heading it is; as the usual viewers make them: lower case, without signs, spaces to hyphens."""
    headings = [block.text.lstrip("# ") for block in blocks if block.kind == "heading"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"): number for number, heading in enumerate(headings)}


def destinations(block, path, known):
    """Where its links lead, in words that both pages share. A link from one page to the other is the same in both."""
    places = {"README.md": "the other", "www-example/README.ja.md": "the other"}
    found = []
    for target in block.targets:
        if target.startswith("#"):
            found.append(f"heading {known[target[1:]]}" if target[1:] in known else f"nowhere: {target}")
        elif "://" in target:
            found.append(target)
        else:
            name = os.path.normpath(os.path.relpath(path.parent / target, tree.TOP))
            found.append(places.get(name, name) if (tree.TOP / name).exists() else f"missing: {name}")
    return sorted(found)


def differences(english, japanese):
    """What an English block has that its Japanese one lacks, and the other way about, in words."""
    same = {
        "code": lambda block: block.kind == "code" and block.text,
        "level": lambda block: block.kind == "heading" and block.text.split()[0],
        "cells": lambda block: len(block.cells),
        "first column": lambda block: block.kind == "table" and re.findall(r"`([^`]+)`", block.cells[0]),
        "names": lambda block: block.kind != "code" and sorted(set(block.codes)),
    }
    found = [f"{name}: {look(english)!r}, in Japanese {look(japanese)!r}" for name, look in same.items() if look(english) != look(japanese)]
    if english.head == "package" and english.cells[0] not in ("package", japanese.cells[0]):
        # Behind a semicolon stands what is said of them.
        names = [block.cells[0].split(";")[0] for block in (english, japanese)]
        found += [f"packages: {names[0]}, in Japanese {names[1]}"] if names[0] != names[1] else []
    if english.kind != "code":
        numbers = set(re.findall(r"\d+", english.prose)) - set(re.findall(r"\d+", japanese.prose))
        found += [f"without the numbers {sorted(numbers)}"] if numbers else []
        found += [f"English: {match.group()}" for match in SENTENCE.finditer(japanese.prose)]
    if english.kind in ("paragraph", "item") and not KANA.search(japanese.prose):
        found.append("no Japanese")
    return found


def complaints(english, japanese):
    """All differences of two pages. They end where blocks of different kinds meet: from there on nothing belongs together."""
    pages = blocks_of(english), blocks_of(japanese)
    known = [anchors(page) for page in pages]
    found = []
    for left, right in zip(*pages):
        where = f"{left.text[:60]!r}"
        if left.kind != right.kind:
            return [*found, f"{where}: {left.kind}, in Japanese {right.kind}: {right.text[:60]!r}"]
        links = destinations(left, ENGLISH, known[0]), destinations(right, JAPANESE, known[1])
        found += [f"{where}: links to {links[0]}, in Japanese to {links[1]}"] if links[0] != links[1] else []
        found += [f"{where}: link {link}" for link in links[1] if link.startswith(("nowhere", "missing"))]
        found += [f"{where}: {difference}" for difference in differences(left, right)]
    return found + ([] if len(pages[0]) == len(pages[1]) else [f"{len(pages[0])} blocks, in Japanese {len(pages[1])}"])


def test_both_say_the_same():
    english, japanese = (path.read_text(encoding="utf-8") for path in (ENGLISH, JAPANESE))
    assert len(blocks_of(english)) > 200
    found = complaints(english, japanese)
    assert not found, "\n".join(found)


def test_each_links_the_other():
    assert "](www-example/README.ja.md)" in ENGLISH.read_text(encoding="utf-8")[:3000]
    assert "](../README.md)" in JAPANESE.read_text(encoding="utf-8")[:3000]


def test_buttons_are_called_as_on_the_page():
    english, japanese = (blocks_of(path.read_text(encoding="utf-8")) for path in (ENGLISH, JAPANESE))
    buttons = {text: test_texts.read("ja")[key] for key, text in test_texts.read("en").items() if key.startswith("page.review_")}
    rows = [(left.cells[0].split(", "), right.cells[0]) for left, right in zip(english, japanese) if left.head == "button"][2:]
    assert len(rows) > 3
    for names, called in rows:
        assert called == "、".join(buttons[name] for name in names)
    # Where README.md leads an owner from a mail to a button.
    page, mail = JAPANESE.read_text(encoding="utf-8"), test_texts.read("ja")
    assert f"「{buttons['Block this sender']}」" in page and f"「{mail['unchecked.subject']}」" in page
    assert f"「{mail['facts.review'].split('、次の')[0]}」" in page


@pytest.mark.parametrize("old, new, told", [
    ("\n## 試す", "\n### 試す", "level"),
    ("run  # あ", "run  # い", "code"),
    ("| `b` | 二つ目 |\n", "", "table, in Japanese end of a table"),
    ("| `b` |", "| `c` |", "first column"),
    ("| liba, libb;", "| liba;", "packages"),
    ("14日", "41日", "numbers"),
    ("(#試す)", "(#ない)", "nowhere"),
    ("(../LICENSE)", "(LICENSE)", "missing"),
    ("鍵は `k` です。", "The key is `k` and not another one.", "English"),
    ("鍵は `k` です。", "鍵 `k`", "no Japanese"),
    ("`k`", "`l`", "names"),
    ("\n鍵は", "\n- 鍵は", "paragraph, in Japanese item"),
    ("\n\n終わりです。", "", "blocks"),
])
def test_it_would_be_found(old, new, told):
    english = ("# A\n\nSee [try](#try), [licence](LICENSE).\n\n## Try\n\n```sh\nrun  # あ\n```\n\n| x | y |\n|---|---|\n| `a` | one, 14 days |\n"
               "| `b` | two |\n\n| package | why |\n|---|---|\n| liba, libb; both pinned | C |\n\nThe key is\n`k`.\n\nThe end.\n")
    japanese = ("# A\n\n[試す](#試す)、[条件](../LICENSE)をご覧ください。\n\n## 試す\n\n```sh\nrun  # あ\n```\n\n| x | y |\n|---|---|\n| `a` | 一つ目、14日 |\n"
                "| `b` | 二つ目 |\n\n| 荷 | 訳 |\n|---|---|\n| liba, libb; 固定 | C |\n\n鍵は `k` です。\n\n終わりです。\n")
    assert not complaints(english, japanese)
    assert old in japanese
    assert any(told in found for found in complaints(english, japanese.replace(old, new)))
