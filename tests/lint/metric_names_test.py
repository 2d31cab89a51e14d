"""Names of metrics are written in exporter/metrics/names.h and nowhere else in the exporter's code, and a name
that a dashboard, a rule, an example or a document uses is one that exists. Code names a metric through metric("..."),
which does not compile for a name that the table does not hold.
"""

import re

import house

NAMES = "exporter/metrics/names.h"
LITERAL = re.compile(r'"(sla_[a-z0-9_]+)"')
WORD = re.compile(r"(?<![\w./-])(sla_[a-z0-9]+(?:_[a-z0-9]+)+)\b(?![/*.(-])")
# Words that look like metrics and are none: labels, our programs and CMake targets.
OTHER = {"sla_service", "sla_agreement", "sla_exporter"}
STRAY = re.compile(r'(?<!\bmetric\()"(sla_[a-z0-9_]+)"')
SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_info")


def strays(name, text):
    """Metric names as literals outside the one file that may hold them."""
    if not name.startswith("exporter/") or name == NAMES or not name.endswith((".h", ".cc")):
        return
    for match in STRAY.finditer(house.strip_cpp(text, keep_strings=True)):
        if match.group(1) not in OTHER:
            yield f"{name}:{house.line_of(text, match.start())}: {match.group(0)} belongs in {NAMES}"


def exists(word, known):
    if word in known or word in OTHER:
        return True
    return any(word.endswith(s) and word.removesuffix(s) in known for s in SUFFIXES)


def inventions(name, text, known):
    """Names used outside the code that no metric has."""
    for match in WORD.finditer(text):
        if not exists(match.group(1), known):
            yield f"{name}:{house.line_of(text, match.start())}: no metric is called {match.group(1)}"


class SelfTest(house.Rule):
    def test_literals_elsewhere_are_caught(self):
        text = 'auto x = family("sla_service_state", {"sla_service"});'
        self.assertEqual(1, len(list(strays("exporter/metrics/page.cc", text))))
        self.assertFalse(list(strays(NAMES, text)))
        self.assertFalse(list(strays("exporter/metrics/page.cc", "// sla_service_state")))
        self.assertFalse(list(strays("exporter/metrics/page.cc", 'add(metric("sla_slots_total"), 1);')))

    def test_invented_names_are_caught(self):
        known = {"sla_slots_total", "sla_exporter_loop_lag_seconds"}
        self.assertTrue(list(inventions("a.json", "rate(sla_slot_total[5m])", known)))
        good = 'rate(sla_slots_total{sla_service="x"}[5m]) + sla_exporter_loop_lag_seconds_bucket'
        self.assertFalse(list(inventions("a.json", good, known)))


class TheTree(house.Rule):
    def setUp(self):
        if NAMES not in house.files(".h"):
            self.skipTest(f"{NAMES} does not exist")
        self.known = set(LITERAL.findall(house.read(NAMES)))

    def test_names_are_written_once(self):
        found = [f for name in house.files(".h", ".cc") for f in strays(name, house.read(name))]
        self.hold(found, 'Write metric("...") instead.')

    def test_dashboards_rules_and_documents_use_names_that_exist(self):
        found = []
        for name in house.files(".json", ".yml", ".yaml", ".md", under=("grafana", "deploy", "docs", "rules")):
            found += inventions(name, house.read(name), self.known)
        self.hold(found, f"The names are in {NAMES}.")


if __name__ == "__main__":
    house.main()
