"""make_statements.py SCRIPT: what the build step makes of sql/ and what it refuses, each with its sentence."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1)
GOOD = "-- name: row_get\n-- why\nSELECT \"a\\b\"\nFROM t WHERE id = :id\n"


class MakeStatements(unittest.TestCase):
    def run_on(self, statements, migrations, ledger=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "migrations").mkdir()
            (root / "ledger").mkdir()
            (root / "counters").mkdir()
            for name, text in (ledger or {"0001-l.sql": "CREATE TABLE l (id);"}).items():
                (root / "ledger" / name).write_text(text)
            (root / "counters" / "0001-c.sql").write_text("CREATE TABLE c (id);")
            for name, text in statements.items():
                (root / name).write_text(text)
            for name, text in migrations.items():
                (root / "migrations" / name).write_text(text)
            result = subprocess.run([sys.executable, SCRIPT, folder, folder + "/out"], capture_output=True, text=True, check=False)
            made = {p.name: p.read_text() for p in (root / "out").glob("*")} if result.returncode == 0 else {}
        return result, made

    def refuse(self, sentence, statements, migrations=None):
        result, _ = self.run_on(statements, migrations or {"0001-a.sql": "CREATE TABLE t (id);"})
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(sentence, result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_names_become_an_enum_and_texts_c_strings(self):
        result, made = self.run_on({"a.sql": GOOD, "b.sql": "-- name: aa\nSELECT 1"},
                                   {"0001-a.sql": "CREATE TABLE t (id);", "0002-b.sql": "-- why\nDROP TABLE t;"})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertLess(made["statements.h"].index("STATEMENT_AA,"), made["statements.h"].index("STATEMENT_ROW_GET,"))
        self.assertIn("#define MIGRATION_COUNT 2", made["statements.h"])
        self.assertIn("#define LEDGER_MIGRATION_COUNT 1", made["statements.h"])
        self.assertIn("#define COUNTERS_MIGRATION_COUNT 1", made["statements.h"])
        places = [made["statements.c"].index(text) for text in (
            "ledger_migrations[", "CREATE TABLE l", "counters_migrations[", "CREATE TABLE c")]
        self.assertEqual(places, sorted(places))
        self.assertIn('"SELECT \\"a\\\\b\\"\\n"', made["statements.c"])
        self.assertIn('{ 2, "b",\n\t\t"DROP TABLE t;\\n" }', made["statements.c"])
        self.assertNotIn("why", made["statements.c"])

    def test_a_name_that_is_taken_is_refused(self):
        self.refuse("the name `row_get` is taken by", {"a.sql": GOOD, "b.sql": GOOD})

    def test_an_empty_name_is_refused(self):
        self.refuse("the name is empty", {"a.sql": "-- name:\nSELECT 1"})

    def test_a_name_of_other_characters_is_refused(self):
        self.refuse("`Row-get` is no name", {"a.sql": "-- name: Row-get\nSELECT 1"})

    def test_a_name_without_sql_is_refused(self):
        self.refuse("statement `x` is empty", {"a.sql": "-- name: x\n-- nothing\n\n" + GOOD})

    def test_sql_without_a_name_is_refused(self):
        self.refuse("before the first `-- name:` line", {"a.sql": "SELECT 1;\n" + GOOD})

    def test_a_gap_between_migrations_is_refused(self):
        self.refuse("must be called 0002-name.sql", {"a.sql": GOOD}, {"0001-a.sql": "SELECT 1;", "0003-b.sql": "SELECT 1;"})

    def test_two_migrations_of_one_number_are_refused(self):
        self.refuse("must be called 0002-name.sql", {"a.sql": GOOD}, {"0001-a.sql": "SELECT 1;", "0001-b.sql": "SELECT 1;"})

    def test_an_empty_migration_is_refused(self):
        self.refuse("the migration is empty", {"a.sql": GOOD}, {"0001-a.sql": "-- nothing"})

    def test_a_gap_between_migrations_of_the_ledger_is_refused(self):
        result, _ = self.run_on({"a.sql": GOOD}, {"0001-a.sql": "SELECT 1;"}, {"0002-l.sql": "SELECT 1;"})
        self.assertIn("must be called 0001-name.sql", result.stderr)

    def test_no_migration_is_refused(self):
        result, _ = self.run_on({"a.sql": GOOD}, {})
        self.assertIn("there is no migration", result.stderr)


if __name__ == "__main__":
    unittest.main()
