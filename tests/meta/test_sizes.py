"""A function is a paragraph: at most 60 lines and five parameters (the GError ** at the end and what `...` takes are not counted), never two
neighbouring booleans. A file ends at 500 lines."""

import json
import re
import subprocess

import tree

FUNCTION_LINES, FILE_LINES, PARAMETERS = 60, 500, 5
# Callbacks whose parameters a library dictates: libxml2's startElementNs.
DICTATED = {"on_start"}
SOURCES = {".c", ".h", ".py", ".js", ".css", ".sql", ".sh", ""}


def functions_of(paths):
    """Name, file, length in lines and parameters of every function that `paths` define, by universal-ctags."""
    done = subprocess.run(["ctags", "--output-format=json", "--languages=C", "--kinds-C=f", "--fields=+neS", "-f", "-", *map(str, paths)],
                          capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        if tag["_type"] == "tag" and "end" in tag:
            parameters = [part.strip() for part in re.sub(r"\([^()]*\)(?=[,)])", "", tag.get("signature", "()"))[1:-1].split(",")]
            counted = [part for part in parameters if part not in ("", "void", "...") and not part.startswith("GError **")]
            yield tag["name"], tag["path"], tag["end"] - tag["line"] + 1, counted


def function_complaints(paths):
    found = []
    for name, path, lines, parameters in functions_of(paths):
        kinds = ["gboolean" in parameter and "*" not in parameter for parameter in parameters]
        if lines > FUNCTION_LINES:
            found.append(f"{path}: {name} has {lines} lines")
        if len(parameters) > PARAMETERS and name not in DICTATED:
            found.append(f"{path}: {name} has {len(parameters)} parameters")
        if any(left and right for left, right in zip(kinds, kinds[1:])):
            found.append(f"{path}: {name} has two neighbouring booleans")
    return found


def test_functions_are_short():
    paths = tree.c_files(suffixes=(".c",))
    assert len(list(functions_of(paths))) > 300
    found = function_complaints(paths)
    assert not found, "\n".join(found)


def test_files_are_short():
    found = []
    for path in tree.all_files():
        if path.suffix not in SOURCES or tree.TOP / "tests" / "fuzz" / "corpus" in path.parents:
            continue
        lines = (tree.text_of(path) or "").count("\n")
        if lines > FILE_LINES:
            found.append(f"{tree.name_of(path)} has {lines} lines")
    assert not found, "\n".join(found)


def test_a_long_function_is_found(tmp_path):
    path = tmp_path / "long.c"
    path.write_text("void\nlong_one(gboolean a, gboolean b, int c, int d, int e, int f)\n{\n" + "\tf();\n" * 60 + "}\n")
    assert len(function_complaints([path])) == 3
