"""Scripts are at least well-formed: bash -n for shell, a compile for Python."""

import subprocess

import pytest
import tree


def is_shell(path):
    if path.suffix == ".sh":
        return True
    text = tree.text_of(path) or ""
    return text.startswith(("#!/bin/bash", "#!/bin/sh"))


SHELL = [path for path in tree.all_files() if is_shell(path)]
PYTHON = [path for path in tree.all_files() if path.suffix == ".py"]


@pytest.mark.parametrize("path", SHELL, ids=tree.name_of)
def test_shell_is_well_formed(path):
    done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PYTHON, ids=tree.name_of)
def test_python_is_well_formed(path):
    compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_the_commands_of_the_readme_are_among_them():
    assert {"www-example/run", "tests/run", ".ci/run"} <= {tree.name_of(path) for path in SHELL}
