"""Each header compiles alone, with the build's own flags: it includes what it needs, and its prototypes are whole."""

import json
import os
import pathlib
import shlex
import subprocess

import pytest
import tree

HEADERS = tree.c_files("gateway", "include", suffixes=(".h",))


def flags_by_layer():
    """Compiler and flags of some .c file of each layer ("" for any), from the build."""
    entries = json.loads((pathlib.Path(os.environ["SEKISHO_BUILD"]) / "compile_commands.json").read_text())
    flags = {}
    for entry in entries:
        path = pathlib.Path(entry["file"])
        if tree.TOP / "gateway" not in path.parents:
            continue
        words = shlex.split(entry["command"])
        kept = [word for word in words[: words.index("-o")] if not word.startswith("-fsanitize")]
        flags.setdefault(tree.layer_of(path), (kept, entry["directory"]))
        flags.setdefault("", (kept, entry["directory"]))
    return flags


def compile_alone(include, layer):
    flags, directory = flags_by_layer().get(layer) or flags_by_layer()[""]
    return subprocess.run([*flags, "-fsyntax-only", "-x", "c", "-"], cwd=directory, input=include, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("header", HEADERS, ids=tree.name_of)
def test_compiles_alone(header):
    done = compile_alone(f'#include "{header}"\n', tree.layer_of(header))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("header", HEADERS, ids=tree.name_of)
def test_is_read_once(header):
    assert "#pragma once" in header.read_text()


def test_a_wrong_header_is_found():
    assert compile_alone("gboolean f(void);\n", "base").returncode != 0
