"""What becomes of a document when results are written into its table."""
import unittest

from rootless_table import Table, written


def row(name, way, answered=True, megabytes="7", seconds=1.4):
    return {"name": name, "way": way, "answered": answered, "megabytes": megabytes, "seconds": seconds}


DOCUMENT = """# Title

Said before.

| program | bookworm: namespaces | followed | MB | seconds to install | trixie: namespaces | MB | seconds to install |
|---|---|---|---|---|---|---|---|
| Beta | yes | yes | 5 | 2 | **no** | 6 | 3 |
| gamma | yes |  | 8 | 9 |  |  |  |

Packages of bookworm, right answers: namespaces 2 of 2, followed 1 of 1.
Packages of trixie, right answers: namespaces 0 of 1.

Said after it.

- And more.
"""


class TableOfADocument(unittest.TestCase):
    def test_what_stands_around_the_table_and_what_was_not_measured_stays(self):
        self.assertEqual(written(DOCUMENT, "bookworm", []), DOCUMENT)

    def test_a_result_takes_its_place_and_that_of_no_other(self):
        text = written(DOCUMENT, "bookworm", [row("alpha", "followed"), row("Beta", "followed", answered=False)])
        expected = DOCUMENT.replace("| Beta | yes | yes | 5 | 2 |", "| alpha |  | yes | 7 | 1 |  |  |  |\n| Beta | yes | **no** | 7 | 1 |")
        self.assertEqual(text, expected.replace("followed 1 of 1", "followed 1 of 2"))

    def test_a_release_that_was_not_there_gets_columns(self):
        text = written(DOCUMENT, "trixie", [row("gamma", "followed")])
        self.assertIn("| trixie: namespaces | followed | MB |", text)
        self.assertIn("| gamma | yes |  | 8 | 9 |  | yes | 7 | 1 |", text)
        self.assertTrue(text.endswith("\nSaid after it.\n\n- And more.\n"))

    def test_a_document_without_a_table_gets_one_at_its_end(self):
        text = written("# Title\n\nSaid.\n", "bookworm", [row("alpha", "namespaces")])
        self.assertTrue(text.startswith("# Title\n\nSaid.\n\n| program | bookworm: namespaces | MB |"))
        self.assertTrue(text.endswith("|\n\nPackages of bookworm, right answers: namespaces 1 of 1.\n"))
        self.assertEqual(written(text, "bookworm", []), text)
        self.assertTrue(written("", "bookworm", [row("alpha", "namespaces")]).startswith("| program |"))

    def test_the_size_is_that_of_the_way_that_unpacked(self):
        table = Table()
        table.add("bookworm", [row("alpha", "followed", megabytes="1"), row("alpha", "namespaces", megabytes="9")])
        self.assertIn("| alpha | yes | yes | 9 | 1 |", table.lines())


if __name__ == "__main__":
    unittest.main()
