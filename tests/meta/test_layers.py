"""Folders are layers: who may include whom, and which vendor header is named where, as gateway/LAYERS says."""

import re

import tree

# Headers by vendor, as LAYERS names them. A vendor that is not allowed anywhere yet stands here too, so that naming it fails.
VENDORS = {
    "sodium": r"sodium", "jansson": r"jansson", "sqlite3": r"sqlite3", "fcgi": r"fcgi|fastcgi", "libesmtp": r"libesmtp|auth-client",
    "gmime": r"gmime/", "openssl": r"openssl/", "curl": r"curl/", "ares": r"ares", "pcre2": r"pcre2", "psl": r"libpsl", "idn2": r"idn2",
    "maxminddb": r"maxminddb", "cairo": r"cairo", "libxml2": r"libxml/",
}
GLIB = re.compile(r"(glib|gio|gobject)(/|\.h|-unix\.h|-object\.h)")
SYSTEM = re.compile(r"""(assert|ctype|dirent|errno|fcntl|float|grp|inttypes|limits|locale|math|netdb|poll|pthread|pwd|regex|sched|signal|spawn|stdalign|stdarg
    |stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sysexits|syslog|termios|threads|time|unistd|wchar)\.h
    |(sys|linux|net|netinet|arpa)/[a-z0-9_]+\.h""", re.VERBOSE)
# Headers that the build makes.
GENERATED = {("base", "texts_table.h"), ("policy", "names_table.h"), ("store", "store/statements.h"), ("wire", "html_entities.h")}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def read_table():
    table = {}
    for line in (tree.TOP / "gateway" / "LAYERS").read_text().splitlines():
        if line.startswith("#") or line.count("|") != 2:
            continue
        layer, may, vendors = (part.strip() for part in line.split("|"))
        table[layer] = (set(may.split()) - {"-"} | {layer}, set(vendors.split()) - {"-"})
    return table


def vendor_of(header):
    return next((vendor for vendor, pattern in VENDORS.items() if re.match(pattern, header)), None)


def complaint(path, table, quoted, system):
    """What is wrong with one #include of `path`, or None."""
    layer = tree.layer_of(path)
    may, vendors = table[layer] if layer else (set(table), set())
    if quoted and quoted.startswith("sekisho/"):
        other = quoted.split("/")[1]
        return None if other in may else f"{quoted}: {layer} may not include {other}"
    if quoted:
        is_own = (layer, quoted) in GENERATED or "/" not in quoted and (path.parent / quoted).exists()
        return None if is_own else f'"{quoted}" is no header of its own folder'
    vendor = vendor_of(system)
    if vendor:
        return None if vendor in vendors else f"<{system}>: {vendor} is not named for {layer or 'the programs'} in gateway/LAYERS"
    is_known = GLIB.match(system) or SYSTEM.fullmatch(system)
    return None if is_known else f"<{system}> is neither GLib's nor the system's; name its vendor in gateway/LAYERS and here"


def complaints(path, text, table):
    return [f"{tree.name_of(path)}: {wrong}" for quoted, system in INCLUDE.findall(text) if (wrong := complaint(path, table, quoted, system))]


def test_table_names_every_layer_in_order():
    table = read_table()
    assert tuple(table) == tree.LAYERS
    for index, layer in enumerate(tree.LAYERS):
        assert table[layer][0] <= set(tree.LAYERS[: index + 1]), f"{layer} may include only layers before it"
    assert "front" not in table["relay"][0]


def test_includes_keep_to_the_table():
    table = read_table()
    files = tree.c_files("gateway", "include")
    assert len(files) > 40
    found = [line for path in files for line in complaints(path, path.read_text(), table)]
    assert not found, "\n".join(found)


def test_a_wrong_include_is_found():
    table = read_table()
    path = tree.TOP / "gateway" / "relay" / "made_up.c"
    assert complaints(path, '#include "sekisho/front/front.h"\n', table)
    assert complaints(path, "#include <sqlite3.h>\n", table)
    assert complaints(path, "#include <unheard/of.h>\n", table)
    assert not complaints(path, '#include "sekisho/base/log.h"\n#include <glib.h>\n#include <libesmtp.h>\n', table)
