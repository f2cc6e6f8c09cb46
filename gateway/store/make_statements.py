#!/usr/bin/env python3
"""Turns sql/ into C: make_statements.py SQL_DIRECTORY OUTPUT_DIRECTORY

Writes statements.h (enum StatementId and the tables' declarations) and statements.c (the tables). A statement begins with
`-- name: some_name` and ends at the next name; lines that are comments are left out. Migrations are
migrations/NNNN-name.sql and, for the files beside the first, ledger/NNNN-name.sql and counters/NNNN-name.sql, numbered from 0001 without a gap,
and are taken whole, in order.
"""
import pathlib
import re
import sys

HEADER = """/* Made of sql/ by make_statements.py; change the SQL, not this. */
#pragma once

enum StatementId {{
{ids}
	STATEMENT_COUNT
}};

typedef struct {{
	const char *name;
	const char *text;
}} StatementText;

typedef struct {{
	int version; /* user_version once it was applied */
	const char *name;
	const char *text;
}} Migration;

#define MIGRATION_COUNT {migrations}
#define LEDGER_MIGRATION_COUNT {ledger_migrations}
#define COUNTERS_MIGRATION_COUNT {counters_migrations}
extern const StatementText statement_texts[STATEMENT_COUNT];
extern const Migration migrations[MIGRATION_COUNT];
extern const Migration ledger_migrations[LEDGER_MIGRATION_COUNT];
extern const Migration counters_migrations[COUNTERS_MIGRATION_COUNT];
"""

SOURCE = """/* Made of sql/ by make_statements.py; change the SQL, not this. */
#include "store/statements.h"

const StatementText statement_texts[STATEMENT_COUNT] = {{
{statements}
}};

const Migration migrations[MIGRATION_COUNT] = {{
{migrations}
}};

const Migration ledger_migrations[LEDGER_MIGRATION_COUNT] = {{
{ledger_migrations}
}};

const Migration counters_migrations[COUNTERS_MIGRATION_COUNT] = {{
{counters_migrations}
}};
"""


class Mistake(Exception):
    """Something wrong in the SQL files; its text is the sentence for the person who wrote them."""


def c_string(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("?", "\\?")
    return "\n".join(f'\t\t"{line}\\n"' for line in escaped.split("\n"))


def without_comments(lines):
    return "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()


def read_statements(path, found):
    name, lines = None, []

    def close():
        text = without_comments(lines)
        if name is None:
            if text:
                raise Mistake(f"{path}: there is SQL before the first `-- name:` line; give that statement a name.")
        elif not text:
            raise Mistake(f"{path}: statement `{name}` is empty; write its SQL below its name or delete the name.")
        else:
            found[name] = (path, text)

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r"--\s*name\s*:(.*)$", line)
        if not match:
            lines.append(line)
            continue
        close()
        name, lines = match.group(1).strip(), []
        if not name:
            raise Mistake(f"{path}:{number}: the name is empty; write `-- name: some_name`.")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Mistake(f"{path}:{number}: `{name}` is no name; use small letters, digits and underscores.")
        if name in found:
            raise Mistake(f"{path}:{number}: the name `{name}` is taken by {found[name][0]}; choose another.")
    close()


def read_migrations(folder):
    result = []
    for expected, path in enumerate(sorted(folder.glob("*.sql")), 1):
        match = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql", path.name)
        if not match or int(match.group(1)) != expected:
            raise Mistake(f"{path}: the next migration must be called {expected:04}-name.sql; numbers have no gap and no double.")
        text = without_comments(path.read_text(encoding="utf-8").splitlines())
        if not text:
            raise Mistake(f"{path}: the migration is empty; write its SQL or delete the file.")
        result.append((expected, match.group(2), text))
    if not result:
        raise Mistake(f"{folder}: there is no migration; at least 0001-name.sql must make the tables.")
    return result


def c_migrations(migrations):
    return "\n".join(f'\t{{ {number}, "{name}",\n{c_string(text)} }},' for number, name, text in migrations)


def main(sql_directory, output_directory):
    folder, output = pathlib.Path(sql_directory), pathlib.Path(output_directory)
    found = {}
    for path in sorted(folder.glob("*.sql")):
        read_statements(path, found)
    if not found:
        raise Mistake(f"{folder}: there is no statement.")
    files = {"migrations": "migrations", "ledger_migrations": "ledger", "counters_migrations": "counters"}
    migrations = {table: read_migrations(folder / name) for table, name in files.items()}
    output.mkdir(parents=True, exist_ok=True)
    names = sorted(found)
    (output / "statements.h").write_text(HEADER.format(
        ids="\n".join(f"\tSTATEMENT_{name.upper()}," for name in names),
        **{table: len(steps) for table, steps in migrations.items()}), encoding="utf-8")
    (output / "statements.c").write_text(SOURCE.format(
        statements="\n".join(f'\t{{ "{name}",\n{c_string(found[name][1])} }},' for name in names),
        **{table: c_migrations(steps) for table, steps in migrations.items()}), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_statements.py SQL_DIRECTORY OUTPUT_DIRECTORY")
    try:
        main(sys.argv[1], sys.argv[2])
    except (Mistake, OSError) as mistake:
        sys.exit(f"make_statements.py: {mistake}")
