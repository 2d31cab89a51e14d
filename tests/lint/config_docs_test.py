"""docs/configuration.md and the readers of the configuration know the same keys: what is accepted is documented,
and what a table of keys offers is accepted.
"""

import re

import house

PAGE = "docs/configuration.md"
# Rule files have Prometheus' format and Prometheus' documentation.
NOT_OURS = ["exporter/config/rule_file.cc"]
KEY = r'"([a-z][a-z0-9_]*)"'
# reader.text("name", ...), read_secret(reading, map, "password_file", ...), section("place")
READ = re.compile(rf"(?:\.(?:find|texts?|value|seconds|duration|integer|boolean)|\b(?:read\w*|section))\((?:[\w.]+,\s*)*{KEY}")
SPAN = re.compile(r"`([^`\n]+)`")
WORD = re.compile(r"[a-z][a-z0-9_]*")
TABLE = re.compile(r"^\| key\b.*\n\|[ -|]*\n((?:\|.*\n)+)", re.M)


def accepted(texts):
    """Every key that some reader asks for."""
    return {key for text in texts for key in READ.findall(house.strip_cpp(text, keep_strings=True))}


def mentioned(page):
    return {word for span in SPAN.findall(page) for word in WORD.findall(span)}


def offered(page):
    """Keys in the first column of tables of keys."""
    for match in TABLE.finditer(page):
        for row in match.group(1).splitlines():
            for span in SPAN.findall(row.split("|")[1]):
                yield from WORD.findall(span)


class SelfTest(house.Rule):
    def test_keys_are_found_in_all_forms(self):
        code = """reader.text("name", x); MapReader map(errors, reader.find("labels"), "labels of");
            if (reader.duration("timeout", 10ms, y)) read_secret(reading, map, "password_file", z);
            // reader.text("gone", x)
            section("place"); reader.refuse("password", "no"); error("other", "x");"""
        self.assertEqual({"name", "labels", "timeout", "password_file", "place"}, accepted([code]))

    def test_both_directions(self):
        page = "| key | what |\n| --- | --- |\n| `a`, `b.c` | `d` |\n\n`{e: x}`\n"
        self.assertEqual({"a", "b", "c"}, set(offered(page)))
        self.assertEqual({"a", "b", "c", "d", "e", "x"}, mentioned(page))


class TheTree(house.Rule):
    def setUp(self):
        self.page = house.read(PAGE)
        readers = [name for name in house.files(".cc", under=["exporter/config"]) if name not in NOT_OURS]
        self.keys = accepted(house.read(name) for name in readers)

    def test_the_page_is_read(self):
        self.assertGreater(len(self.keys), 80)
        self.assertGreater(len(set(offered(self.page))), 80)

    def test_what_is_accepted_is_documented(self):
        self.hold(sorted(self.keys - mentioned(self.page)), f"Say in {PAGE} what these keys do.")

    def test_what_is_documented_is_accepted(self):
        self.hold(sorted(set(offered(self.page)) - self.keys), f"No reader knows these keys of {PAGE}.")


if __name__ == "__main__":
    house.main()
