"""The project's files, as the meta tests see them: what git tracks or would track, without what a build made."""

import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ("base", "wire", "form", "store", "policy", "conf", "front", "relay", "cli")


def _is_left_out(path):
    return {"build", ".git", "__pycache__", ".pytest_cache"} & set(path.relative_to(TOP).parts)


def all_files():
    """Tracked and new files; every file of the tree where git or its repository is missing."""
    command = ["git", "-C", str(TOP), "-c", f"safe.directory={TOP}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [TOP / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = list(TOP.rglob("*"))
    return sorted(path for path in paths if path.is_file() and not _is_left_out(path))


def text_of(path):
    """The file's text, or None if it is not UTF-8 (a corpus, a picture)."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def name_of(path):
    return str(path.relative_to(TOP))


def c_files(*folders, suffixes=(".c", ".h")):
    roots = [TOP / folder for folder in folders or ("gateway", "include", "tests")]
    return [path for path in all_files() if path.suffix in suffixes and any(root in path.parents for root in roots)]


def layer_of(path):
    """The layer a file belongs to, or None (the two programs)."""
    parts = path.relative_to(TOP).parts
    if parts[0] == "gateway" and parts[1] in LAYERS:
        return parts[1]
    if parts[:2] == ("include", "sekisho") and parts[2] in LAYERS:
        return parts[2]
    return None
