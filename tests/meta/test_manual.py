"""The manual pages, the READMEs and the texts for operators say what the program does: every verb, order, option and key is in the manual, and what is named anywhere exists."""

import functools
import os
import pathlib
import re
import subprocess

import pytest
import tree

BUILD = pathlib.Path(os.environ.get("SEKISHO_BUILD", ""))
PAGES = ("sekisho.1", "sekisho.conf.5", "sekisho-forms.5", "sekishod.8")
ESCAPES = {"\\&": "", "\\-": "-", "\\e": "\\", "\\(dq": '"', "\\(aq": "'", "\\(ti": "~", "\\(ha": "^", "\\fB": "", "\\fR": ""}

KEY = re.compile(r'\.files = ([A-Z_]+), \.group = "([^"]+)", \.key = "([^"]+)"')
GATE = re.compile(r'^\s*(GATE_CHECK|GATE_LIMIT|ROW)\((?:ROW, )?"([a-z_]+)"(?:, "([a-z_]+)")?', re.MULTILINE)
MESSAGE = re.compile(r'^\s*MESSAGE\("([^"]+)"', re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")


# --- What the program has -----------------------------------------------------------------------------------------------


def gate_keys():
    """(group, key) of the gate, which stand in site.conf and in form.ini."""
    groups = {"GATE_CHECK": "check", "GATE_LIMIT": "limit"}
    text = (tree.TOP / "gateway" / "conf" / "gate_rows.h").read_text()
    found = {(groups[macro], first) if macro in groups else (first, second) for macro, first, second in GATE.findall(text)}
    assert {("check", "sensitivity"), ("check", "lists"), ("limit", "fingerprint"), ("captcha", "site_key")} <= found
    return {(group, key) for group, key in found if key}


@functools.cache
def keys():
    """(file, group, key) of the table of keys; the file is main, site, form or posts."""
    files = {"KEYS_MAIN": ["main"], "KEYS_SITE": ["site"], "KEYS_FORM": ["form"], "KEYS_POSTS": ["posts"], "ACCOUNTS": ["main", "site"]}
    text = (tree.TOP / "gateway" / "conf" / "keys.c").read_text()
    found = {(file, group, key) for bits, group, key in KEY.findall(text) for file in files[bits]}
    found |= {("form", "messages", key) for key in MESSAGE.findall(text)}
    found |= {(file, group, key) for group, key in gate_keys() for file in ("site", "form")}
    assert len(found) > 120
    return found


def key_names():
    return {key for _, _, key in keys()} - {"*"}


def sekisho(*arguments):
    done = subprocess.run([BUILD / "gateway" / "sekisho", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@functools.cache
def verbs():
    """What --help says: {verb: (orders, options)}."""
    found = {}
    for name in re.findall(r"^  ([a-z]+) {2,}\S", sekisho("--help"), re.MULTILINE):
        text = sekisho(name, "--help")
        orders = re.findall(r"^  \[?([a-z][a-z-]*)\]?(?: [\[A-Z][^ \n]*)*(?: {2,}\S|$)", text, re.MULTILINE)
        # An option's own line; a sentence may name another one.
        found[name] = (set(orders), set(re.findall(r"^  (?:-\w, |    )?--([a-z][a-z-]*)", text, re.MULTILINE)))
    assert len(found) > 12 and "release" in found["held"][0] and "site" in found["submissions"][1]
    return found


# --- What the pages say ----------------------------------------------------------------------------------------------------


def path_of(page):
    return BUILD / "gateway" / "man" / f"man{page[-1]}" / page


@functools.cache
def page(name):
    text = path_of(name).read_text(encoding="utf-8")
    for escape, meaning in ESCAPES.items():
        text = text.replace(escape, meaning)
    return text


def section(name, heading):
    """The part of the page below this heading, until the next one of its kind."""
    parts = re.split(r"^\.S[hs] (.*)$", page(name), flags=re.MULTILINE)
    found = [body for title, body in zip(parts[1::2], parts[2::2]) if title == heading]
    assert len(found) == 1, f"{name}: {heading}"
    return found[0]


def heading_of(file, group):
    """Which page tells of a group, and under which heading."""
    if group == "account *":
        return "sekisho.conf.5", "MAIL ACCOUNTS"
    if file == "posts":
        return "sekisho-forms.5", "TABLE OF POSTS"
    if file == "form" and group in {group for group, _ in gate_keys()}:
        return "sekisho-forms.5", "The gate"
    return "sekisho-forms.5" if file == "form" else "sekisho.conf.5", f"Group [{group}]"


def test_every_key_is_in_the_manual():
    missing = [(file, group, key) for file, group, key in sorted(keys())
               if f'Va "{"KEY" if key == "*" else key}"' not in section(*heading_of(file, group))]
    assert not missing


def test_every_verb_order_and_option_is_in_the_manual():
    text = page("sekisho.1")
    missing = []
    for verb, (orders, options) in verbs().items():
        begin = re.search(rf'^\.It Cm "{verb}\b.*$', text, re.MULTILINE)
        assert begin, verb
        others = "|".join(other for other in verbs() if other != verb)
        own = re.split(rf'^\.It Cm "(?:{others})\b|^\.Sh ', text[begin.start():], flags=re.MULTILINE)[0]
        missing += [f"{verb} {order}" for order in orders if not re.search(rf'^\.It Cm "{verb} \[?{order}\b', own, re.MULTILINE)]
        missing += [f"{verb} --{option}" for option in options - {"help", "config"} if not re.search(rf'^\.It Cm "--{option}["=,]', own, re.MULTILINE)]
    assert not missing


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_well_formed(name):
    ours = "|".join(re.escape(page.rsplit(".", 1)[0]) for page in PAGES)
    lint = subprocess.run(["mandoc", "-Tlint", path_of(name)], capture_output=True, text=True, check=False).stdout
    # It looks for the others where they are installed.
    assert not [line for line in lint.splitlines() if not re.search(rf"referenced manual not found: Xr ({ours}) ", line)]
    groff = subprocess.run(["groff", "-mandoc", "-ww", "-z", path_of(name)], capture_output=True, text=True, check=True)
    assert not groff.stderr


def test_exit_codes_are_those_of_the_table():
    rows = (tree.TOP / "gateway" / "base" / "error.c").read_text()
    known = {getattr(os, name) for name in re.findall(r"(?:TEMPORARY|PERMANENT), (EX_\w+)", rows)}
    named = {name: {int(code) for code in re.findall(r"^\.It (\d+)$", section(name, "EXIT STATUS"), re.MULTILINE)} for name in ("sekisho.1", "sekishod.8")}
    assert named["sekisho.1"] == known | {0, 1, os.EX_USAGE, os.EX_SOFTWARE}
    assert {0, os.EX_USAGE, os.EX_CONFIG} <= named["sekishod.8"] < named["sekisho.1"]


def test_the_manual_names_the_orders_that_end_with_1():
    """Each has a file of its own."""
    stems = {path.stem for path in (tree.TOP / "gateway" / "cli").glob("*.c") if re.search(r"_EXIT_FINDINGS|\? 1 : EX_OK|return 1;", path.read_text())}
    named = set(re.findall(r"^\.Ic ([a-z ]+?) ?,?$", section("sekisho.1", "EXIT STATUS").split(".It 64")[0], re.MULTILINE))
    assert {"doctor", "canary", "list_lint"} <= stems
    assert named == {stem.replace("_io", "_import").replace("_", " ") for stem in stems}


def test_environment_is_what_the_program_reads():
    sources = "\n".join(path.read_text() for path in tree.c_files("gateway"))
    read = set(re.findall(r'getenv\("(\w+)"\)', sources))
    named = {word for name in PAGES for line in re.findall(r"^\.Ev (.*)$|^\.It Ev (.*)$", page(name), re.MULTILINE) for word in re.findall(r"\w+", "".join(line))}
    # A parameter of FastCGI, not of the environment.
    assert named - {"SEKISHO_SITE"} <= read and '"SEKISHO_SITE"' in sources
    # What terminals say of themselves, and what tests move the clock with.
    assert read - named <= {"TERM", "COLUMNS", "SEKISHO_CLOCK_FILE"}


def test_files_exist(tmp_path):
    installed = {**os.environ, "DESTDIR": str(tmp_path)}
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], check=True, capture_output=True, env=installed)
    assert all((tmp_path / "usr" / "share" / "man" / f"man{name[-1]}" / name).is_file() for name in PAGES)
    sources = "\n".join(path.read_text() for path in tree.c_files("gateway", "include"))
    paths = {path for name in PAGES for line in re.findall(r"^\.(?:It )?Pa (.*)$", page(name), re.MULTILINE) for path in re.findall(r"[\w./-]+", line) if re.search(r"\w", path)}
    assert len(paths) > 15
    for path in paths:
        if path.startswith("/usr/"):
            assert (tmp_path / path[1:]).is_file(), path
        else:
            last = path.rstrip("/").rsplit("/", 1)[-1]
            assert f'{last}"' in sources or last in ("SITE", "etc") or (tree.TOP / "gateway" / "dist" / last).is_file(), path


# --- What other texts say ------------------------------------------------------------------------------------------------


def commands():
    """(where, verb, rest) of each command line of ours that a text for operators names."""
    texts = [tree.TOP / "README.md", tree.TOP / "gateway" / "README.md", tree.TOP / "www-example" / "README.ja.md"]
    texts += [path for path in tree.all_files() if path.suffix == ".in" and path.parent.name == "man"]
    texts += [tree.TOP / "gateway" / "po" / name for name in ("en.po", "ja.po")]
    for path in filter(pathlib.Path.exists, texts):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"`sekisho ([a-z]+)([^`]*)`", text)
        found += re.findall(r"^(?:.* root |\.Ic |\.Dl )?sekisho ([a-z]+)(.*)$", text, re.MULTILINE) if path.suffix != ".po" else []
        yield from ((tree.name_of(path), verb, rest.split("#")[0].replace("\\-", "-")) for verb, rest in found)


def test_commands_in_texts_exist():
    known = verbs()
    wrong = []
    count = 0
    for where, verb, rest in commands():
        count += 1
        orders, options = known.get(verb, (None, None))
        if orders is None:
            wrong.append(f"{where}: {verb}")
            continue
        words = rest.split()
        if orders and words and re.fullmatch(r"[a-z]+", words[0]) and words[0] not in orders:
            wrong.append(f"{where}: {verb} {words[0]}")
        wrong += [f"{where}: {verb} --{option}" for option in OPTION.findall(rest) if option not in options | {"config", "help"}]
    assert count > 60
    assert not wrong


def test_examples_of_the_readme_can_be_copied():
    known = key_names()
    blocks = re.findall(r"^```ini\n(.*?)^```$", (tree.TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "=" in line and not line.startswith("#")]
    assert len(lines) > 5
    # A comment has a line of its own: behind a value it would be part of it.
    assert not [line for line in lines if re.search(r"\s#", line) or line.split("=")[0].strip() not in known]


def test_links_within_the_readme_lead_somewhere():
    text = (tree.TOP / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    # As the usual viewers make them: lower case, without signs, spaces to hyphens.
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert not set(re.findall(r"\]\(#([^)]+)\)", text)) - anchors
    assert all((tree.TOP / path).exists() for path in re.findall(r"\]\(([^#)][^)]*)\)", text) if not path.startswith("http") and not path.endswith(".ja.md"))


def test_every_key_of_the_examples_exists():
    known = key_names()
    found = []
    for path in tree.all_files():
        if tree.TOP / "www-example" in path.parents and path.suffix in (".conf", ".ini") and path.name in ("sekisho.conf", "site.conf", "form.ini"):
            if "nginx" in path.parts or "apache" in path.parts:
                continue
            for key in re.findall(r"^([a-z_0-9]+)\s*=", path.read_text(), re.MULTILINE):
                if key not in known:
                    found.append(f"{tree.name_of(path)}: {key}")
    assert not found
