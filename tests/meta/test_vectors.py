"""Every vector of the contract's section 13 is a test that runs: the ctest contract.ID, one each.

ctest passes over a name that is not there, and a GLib test program that knows no such path runs nothing and leaves with 0, so both are
looked at here.
"""

import functools
import json
import os
import subprocess

BUILD = os.environ["SEKISHO_BUILD"]


def numbered(letter, last, width=2):
    return [f"{letter}{number:0{width}d}" for number in range(1, last + 1)]


VECTORS = [*numbered("T", 20), *numbered("V", 41), *numbered("A", 7), *numbered("S", 16), *numbered("U", 13),
           *numbered("M", 21), "M09b"]
# The rows of 13.6, which have no numbers.
FUNCTIONS = [f"13.6-{name}" for name in ("email", "tel", "number", "date", "units", "canonical", "strip", "options", "dates")]


@functools.cache
def entries():
    """The commands and properties of all entries contract.ID, by ID."""
    done = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1", "-L", "^contract$"], capture_output=True, text=True, check=True)
    tests = json.loads(done.stdout)["tests"]
    return [(test["name"], test["command"], {item["name"]: item["value"] for item in test["properties"]}) for test in tests]


@functools.cache
def paths_of(program):
    """The test paths that a program knows."""
    done = subprocess.run([program, "-l"], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n"))


def complaints(found):
    wrong = []
    names = [name.removeprefix("contract.") for name, _, _ in found]
    wrong += [f"{name}: no test" for name in [*VECTORS, *FUNCTIONS] if name not in names]
    wrong += [f"{name}: no vector of this name" for name in names if name not in VECTORS and name not in FUNCTIONS]
    wrong += [f"{name}: more than one test" for name in sorted(set(names)) if names.count(name) > 1]
    for name, command, properties in found:
        path = "/contract/" + name.removeprefix("contract.")
        if command[1:] != ["-p", path]:
            wrong.append(f"{name} runs {' '.join(command)}")
        elif path not in paths_of(command[0]):
            wrong.append(f"{command[0]} has no test {path}")
        if not any(word.startswith("ok 1 " + path.replace(".", "\\.")) for word in properties.get("PASS_REGULAR_EXPRESSION", [])):
            wrong.append(f"{name} would pass without having run a test")
    return wrong


def test_every_vector_runs():
    found = complaints(entries())
    assert not found, "\n".join(found)


def test_a_missing_vector_is_found():
    first, *others = entries()
    name, command, properties = first
    assert complaints(others) and complaints([*others, first, first])
    assert complaints([*others, (name, [command[0], "-p", "/contract/none"], properties)])
    assert complaints([*others, (name, command, {})])
    assert complaints([*others, (name, [others[-1][1][0], *command[1:]], properties)])
