"""clang-tidy says nothing of gateway/. The checks, and why some are off, stand in .clang-tidy.

One ctest entry a layer (SEKISHO_LAYER; "programs" are the files of no layer), so that ctest runs them side by side. What was found
clean is remembered in the build folder by its preprocessed text, its flags, the checks and the version of clang-tidy.
"""

import hashlib
import json
import os
import pathlib
import shlex
import subprocess

import pytest
import tree

BUILD = pathlib.Path(os.environ["SEKISHO_BUILD"])
SOURCES = [path for path in tree.c_files("gateway", suffixes=(".c",)) if (tree.layer_of(path) or "programs") == os.environ["SEKISHO_LAYER"]]


def flags_of(source):
    """The build's words for this file without compiler, input and output; None if it is not built."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]) == source:
            words = shlex.split(entry["command"])
            return [word for word in words[1 : words.index("-o")] if word not in ("-MD", "-MT") and not word.endswith(".o")]
    return None


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree.TOP)


def content_key(source, flags):
    preprocessed = run("clang", *flags, "-E", "-CC", source)
    assert preprocessed.returncode == 0, preprocessed.stderr
    parts = [preprocessed.stdout, *flags, (tree.TOP / ".clang-tidy").read_text(), run("clang-tidy", "--version").stdout]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def test_there_are_sources():
    assert SOURCES


@pytest.mark.parametrize("source", SOURCES, ids=tree.name_of)
def test_has_no_findings(source):
    flags = flags_of(source)
    assert flags is not None, "this file belongs to no target"
    clean = BUILD / "clang-tidy" / content_key(source, flags)
    if clean.exists():
        return
    done = run("clang-tidy", "--quiet", source, "--", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    clean.parent.mkdir(exist_ok=True)
    clean.touch()
