"""The manual and the code say the same: every key of the key table has its entry in the configuration's manual page, if there is one."""

import re

import pytest
import tree

KEY = re.compile(r'\.group = "([^"]+)", \.key = "([^"]+)"')
GATE = re.compile(r'^\s*(?:GATE_CHECK|GATE_LIMIT|ROW)\((?:ROW|"[a-z]+"), "([a-z_]+)"', re.MULTILINE)
MESSAGE = re.compile(r'^\s*MESSAGE\("([^"]+)"', re.MULTILINE)


def keys():
    text = (tree.TOP / "gateway" / "conf" / "keys.c").read_text()
    gate = set(GATE.findall((tree.TOP / "gateway" / "conf" / "gate_rows.h").read_text()))
    found = {key for _, key in KEY.findall(text)} | set(MESSAGE.findall(text)) | gate
    assert len(found) > 80 and {"sensitivity", "lists", "fingerprint", "site_key"} <= gate
    return found - {"*"}


def test_every_key_is_in_the_manual():
    pages = [path for path in tree.all_files() if tree.TOP / "gateway" / "man" in path.parents and ".conf." in path.name]
    if not pages:
        pytest.skip("no manual page of the configuration")
    text = "\n".join(path.read_text() for path in pages).replace("\\-", "-").replace("\\_", "_")
    missing = sorted(key for key in keys() if not re.search(rf"\b{re.escape(key)}\b", text))
    assert not missing


def test_examples_of_the_readme_can_be_copied():
    known = keys()
    blocks = re.findall(r"^```ini\n(.*?)^```$", (tree.TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "=" in line and not line.startswith("#")]
    assert len(lines) > 5
    # A comment has a line of its own: behind a value it would be part of it.
    assert not [line for line in lines if re.search(r"\s#", line) or line.split("=")[0].strip() not in known]


def test_every_key_of_the_examples_exists():
    known = keys()
    found = []
    for path in tree.all_files():
        if tree.TOP / "www-example" in path.parents and path.suffix in (".conf", ".ini") and path.name in ("sekisho.conf", "site.conf", "form.ini"):
            if "nginx" in path.parts or "apache" in path.parts:
                continue
            for key in re.findall(r"^([a-z_0-9]+)\s*=", path.read_text(), re.MULTILINE):
                if key not in known:
                    found.append(f"{tree.name_of(path)}: {key}")
    assert not found
