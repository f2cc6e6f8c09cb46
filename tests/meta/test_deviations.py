"""The page of deliberate deviations: linked from the map, and each of its rows complete."""

import re

import tree

PAGE = tree.TOP / "gateway" / "DEVIATIONS.md"


def rows():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if row[0] not in ("contract", "---")]


def test_the_map_links_it():
    assert "](DEVIATIONS.md)" in (PAGE.parent / "README.md").read_text(encoding="utf-8")


def test_each_row_says_where_what_and_why():
    assert len(rows()) > 30
    bad = [row for row in rows() if len(row) != 4 or not all(row) or not re.match(r"\d+(\.\d+)?\b", row[0])]
    assert not bad
