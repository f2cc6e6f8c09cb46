"""The table of the libraries' faults (tests/fault/README.md) names tests that exist."""

import ast
import re

import pytest
import tree

TABLE = tree.TOP / "tests" / "fault" / "README.md"
LIBRARIES = {"libesmtp": 21, "libcurl": 12, "libfcgi": 11, "SQLite": 8, "GMime": 6}
PYTHON = re.compile(r"([\w/.-]+\.py)((?:::\w+)+)")
C_CASE = re.compile(r"(\w+)/(\w+): (.+)")


def rows():
    """(library, fault, names in back quotes) of each row."""
    library = None
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[1] == "test":
            library = cells[0].split()[0]
        elif line.startswith("| "):
            yield library, cells[0], re.findall(r"`([^`]+)`", cells[1])


def has_python(path, names):
    """TRUE if the file defines these names, each inside the one before."""
    if not path.exists():
        return False
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for name in names:
        found = [node for node in body if getattr(node, "name", None) == name]
        if not found:
            return False
        body = found[0].body
    return True


def is_there(name):
    python, c_case = PYTHON.fullmatch(name), C_CASE.fullmatch(name)
    if python:
        folder = tree.TOP / "tests" / ("" if "/" in python[1] else "fault")
        return has_python(folder / python[1], python[2].split("::")[1:])
    if c_case:
        path = tree.TOP / "tests" / "unit" / c_case[1] / f"test_{c_case[2]}.c"
        return path.exists() and re.search(rf'["/]{re.escape(c_case[3])}"', path.read_text(encoding="utf-8")) is not None
    return False


@pytest.mark.parametrize("library, fault, names", rows())
def test_each_fault_is_held_off_by_tests_that_exist(library, fault, names):
    assert names, f"{fault}: no test"
    assert not [name for name in names if not is_there(name)]


def test_no_fault_has_left_the_table():
    found = [library for library, _, _ in rows()]
    assert {library: found.count(library) for library in LIBRARIES} == LIBRARIES


@pytest.mark.parametrize("name", ["test_smtp.py::TestNothing", "test_smtp.py::TestAuth::test_nothing", "test_nothing.py::test", "relay/compose: nothing",
                                  "relay/nothing: a Japanese mail", "nothing"])
def test_a_test_that_is_missing_is_missed(name):
    assert not is_there(name)
