"""What must not stand in any file: paths of somebody's machine, and promises to finish it another day. And every .c says what it is for."""

import re

import tree

UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
MACHINE = re.compile("(?<![A-Za-z0-9_.])/(" + "|".join(["wo" + "rk", "ho" + "me", "ro" + "ot"]) + ")/")
EXECUTABLE = {"run", "tests/run", "www-example/run", ".ci/run"}


def complaints(name, text):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            found.append(f"{name}:{number}: unfinished: {line.strip()}")
        if MACHINE.search(line):
            found.append(f"{name}:{number}: a machine's path: {line.strip()}")
    return found


def test_no_unfinished_work_and_no_machine_paths():
    found = []
    for path in tree.all_files():
        text = tree.text_of(path)
        if text is not None and tree.TOP / "tests" / "fuzz" / "corpus" not in path.parents:
            found += complaints(tree.name_of(path), text)
    assert not found, "\n".join(found)


def test_they_would_be_found():
    assert complaints("x", "/* TO" + "DO: later */")
    assert complaints("x", "cd /wo" + "rk/main")


def test_every_c_file_opens_with_what_it_is_for():
    found = [tree.name_of(path) for path in tree.c_files("gateway", "include") if not path.read_text().startswith("/*\n * ")]
    assert not found, f"no opening paragraph: {found}"


def test_run_scripts_are_executable():
    found = [tree.name_of(path) for path in tree.all_files() if tree.name_of(path) in EXECUTABLE and not path.stat().st_mode & 0o111]
    assert not found
