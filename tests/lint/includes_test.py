"""Includes point one way: rules and probes know nobody, the exporter knows both, and inside each of them the
lower parts do not know the upper ones. Foreign libraries stay behind the folder that hides them, and the
heavy ones stay out of headers. No file reaches itself through its includes.
"""

import re

import house

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Which of our files may include which, by longest matching prefix of the including file. A name ending in
# `/` is a folder and all below it. Each part may always include itself.
VOCABULARY = ["exporter/sla/terms.h", "exporter/sla/window.h"]
RECORDS = [*VOCABULARY, "exporter/ledger/records.h", "exporter/ledger/ledger.h", "probes/outcome.h"]
FIGURES = [*RECORDS, "exporter/sla/month.h", "exporter/snapshot.h", "exporter/config/"]
ARROWS = {
    "rules/promql/": [],
    "rules/": ["rules/promql/"],
    "rules/series/": ["rules/promql/labels.h", "rules/promql/source.h"],
    "rules/template/": ["rules/promql/labels.h"],
    "probes/outcome": [],
    "probes/async/": ["probes/outcome.h"],
    "probes/net/": ["probes/outcome.h", "probes/async/"],
    "probes/": ["probes/"],
    "exporter/config/": [*VOCABULARY, "exporter/sla/",
                         # The texts of opening hours, and the check that the terms of support can be kept.
                         "exporter/ticket/support_terms.h", "exporter/ticket/support_rules.h",
                         "exporter/ticket/opening_hours.h", "exporter/ticket/holidays.h",
                         "exporter/ticket/window_text.h", "probes/", "rules/group/rule.h", "rules/group/templates.h",
                         "rules/promql/"],
    # verify judges every slot again, by the very functions that judged it first: pure ones, on records.
    "exporter/ledger/": [*RECORDS, "exporter/sla/canonical.h", "exporter/sla/timeline.h", "exporter/sla/verdict.h"],
    "exporter/sla/": [*FIGURES, "exporter/ledger/", "probes/"],
    # Events are read from files that others wrote, so their text is checked as a configuration's is.
    "exporter/ticket/": ["exporter/sla/", "exporter/config/utf8.h"],
    # Help desks read into events, the file that keeps them, and the desk, which works on a thread of its own.
    "exporter/sources/": ["exporter/config/", "exporter/oauth2.h", "exporter/executor.h", "exporter/ledger/database.h",
                          "exporter/ledger/digest.h", "exporter/log.h", "exporter/sla/",
                          "exporter/ticket/", "probes/"],
    # Notices about single tickets: decided on the desk, recorded in its file, and mailed by the words of alerts' mails.
    "exporter/notices/": ["exporter/config/", "exporter/executor.h", "exporter/log.h", "exporter/sla/",
                          "exporter/sources/desk.h", "exporter/sources/notice_row.h", "exporter/ticket/",
                          "exporter/alerts/mailer.h", "exporter/alerts/mail_text.h", "probes/"],
    "exporter/schedule/": [*FIGURES, "exporter/sla/", "exporter/metrics/stats.h", "probes/"],
    # Reaction clocks and help desks as the snapshot shows them, and the words for what can go wrong with these.
    "exporter/metrics/": [*FIGURES, "exporter/sla/", "exporter/ticket/", "exporter/sources/source.h",
                          "exporter/web/server.h", "exporter/web/accept.h", "exporter/version.h", "probes/"],
    # Ticket events also come in by the web; what becomes of them is handed in as a function.
    "exporter/web/": [*FIGURES, "exporter/sla/", "exporter/ledger/", "exporter/metrics/", "exporter/report/",
                      "exporter/log.h", "exporter/ticket/", "exporter/version.h", "exporter/rules/view.h",
                      "probes/outcome.h", "probes/probe.h", "rules/"],
    # The series of a snapshot in the store of rules, in memory and on disk.
    "exporter/samples/": [*FIGURES, "exporter/ledger/database.h", "exporter/metrics/", "rules/"],
    # Rule groups at work, and the way of their alerts to whom it may concern.
    "exporter/rules/": [*FIGURES, "exporter/log.h", "exporter/samples/", "rules/"],
    # A task that sends on its own has nobody to hand an error to but the log.
    "exporter/alerts/": [*FIGURES, "exporter/log.h", "exporter/oauth2.h", "exporter/rules/view.h", "probes/", "rules/"],
    "exporter/report/": [*FIGURES, "exporter/sla/", "exporter/ledger/", "exporter/version.h"],
    "exporter/demo/": ["exporter/web/server.h", "exporter/version.h", "probes/"],
    "exporter/snapshot": [*FIGURES],
    "exporter/tool/": ["exporter/", "probes/", "rules/"],
    "exporter/": ["exporter/", "probes/", "rules/"],
    "tests/": ["exporter/", "probes/", "rules/", "tests/fakes/"],
}
# The thin ends: nothing but the program itself may include these.
ENDS = {"exporter/tool/": ["exporter/tool/", "tests/"], "exporter/app": ["exporter/", "tests/"],
        "exporter/demo/": ["exporter/demo/", "exporter/tool/", "tests/"]}

# Foreign libraries and the folders that may include them.
FOREIGN = {
    "prometheus/": ["exporter/metrics/", "tests/"],
    "sqlite3.h": ["exporter/ledger/", "tests/"],
    "yaml-cpp/": ["exporter/config/", "exporter/web/", "tests/"],
    "curl/": ["probes/net/", "tests/"],
    "ares": ["probes/net/", "tests/"],
    "event2/": ["exporter/web/", "exporter/demo/", "tests/"],
    "cctz/": ["exporter/sla/", "exporter/config/", "exporter/ticket/", "exporter/report/", "tests/"],
    "libical/": ["exporter/sla/", "exporter/config/", "exporter/ticket/", "tests/"],
    "gtest/": ["tests/"],
    "gmock/": ["tests/"],
    "re2/": ["rules/", "probes/", "exporter/", "tests/"],
    "openssl/": ["probes/", "exporter/alerts/", "exporter/web/", "exporter/ledger/", "exporter/sla/", "exporter/demo/", "tests/"],
}
# One unit that includes them all took 44 s to compile, so they stay in the sources that need them.
HEAVY = ("nlohmann/json.hpp", "yaml-cpp/", "spdlog/")


def rule_for(name, table):
    prefixes = [p for p in table if name.startswith(p)]
    return max(prefixes, key=len) if prefixes else None


def is_ours(included):
    return included.startswith(("exporter/", "probes/", "rules/", "tests/"))


def includes(text):
    text = house.strip_cpp(text, keep_strings=True)
    return [(house.line_of(text, m.start(1)), m.group(1), m.group(2)) for m in INCLUDE.finditer(text)]


def judge(name, included, quoted):
    """Why `name` must not include `included`, or None."""
    if is_ours(included):
        if not quoted:
            return f'our own {included} is included with quotes, not <>'
        own = rule_for(name, ARROWS)
        if own is None:
            return f"no rule says what {name} may include: add its folder to ARROWS"
        allowed = [own, *ARROWS[own]]
        if own.startswith("tests/"):
            allowed.append(name.rsplit("/", 1)[0] + "/")
        if not included.startswith(tuple(allowed)):
            return f"{own} must not know {included}"
        end = rule_for(included, ENDS)
        if end and not name.startswith(tuple([*ENDS[end], end])):
            return f"only {', '.join(ENDS[end])} may know {included}"
        return None
    if quoted:
        return f'"{included}" is not a path from the root of the tree'
    foreign = rule_for(included, FOREIGN)
    if foreign and not name.startswith(tuple(FOREIGN[foreign])):
        return f"<{included}> stays in {', '.join(FOREIGN[foreign])}"
    if name.endswith(".h") and included.startswith(HEAVY) and not name.startswith("tests/"):
        return f"<{included}> is heavy: include it in the source that needs it"
    return None


def cycles(graph):
    """Each file that reaches itself, with the way."""
    done, path, found = set(), [], []

    def visit(name):
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
            return
        if name in done:
            return
        path.append(name)
        for included in graph.get(name, ()):
            visit(included)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)
    return found


class SelfTest(house.Rule):
    def test_arrows_that_point_back_are_caught(self):
        for name, included in [
            ("probes/http.cc", "exporter/config/config.h"),
            ("probes/http.cc", "rules/promql/ast.h"),
            ("rules/promql/ast.h", "probes/outcome.h"),
            ("rules/promql/ast.h", "rules/series/store.h"),
            ("rules/promqltest/runner.cc", "exporter/config/config.h"),
            ("exporter/sla/book.cc", "rules/promql/engine.h"),
            ("rules/series/store.cc", "rules/promql/engine.h"),
            ("rules/template/parse.cc", "rules/series/store.h"),
            ("probes/net/tcp.cc", "probes/probe.h"),
            ("probes/async/loop.h", "probes/net/net.h"),
            ("exporter/sla/book.cc", "exporter/metrics/page.h"),
            ("exporter/sla/book.cc", "exporter/web/server.h"),
            ("exporter/ledger/ledger.cc", "exporter/sla/book.h"),
            ("exporter/ledger/ledger.cc", "exporter/snapshot.h"),
            ("exporter/web/pages.cc", "exporter/tool/verbs.h"),
            ("exporter/app.cc", "exporter/tool/verbs.h"),
            ("exporter/app.cc", "tests/fakes/fake_loop.h"),
            ("elsewhere/x.cc", "probes/outcome.h"),
        ]:
            self.assertIsNotNone(judge(name, included, True), f"{name} -> {included}")

    def test_arrows_that_point_down_pass(self):
        for name, included in [
            ("probes/http.cc", "probes/net/net.h"),
            ("probes/net/tcp.cc", "probes/async/loop.h"),
            ("exporter/sla/book.h", "exporter/config/config.h"),
            ("exporter/web/pages.cc", "exporter/snapshot.h"),
            ("exporter/app.cc", "exporter/web/server.h"),
            ("exporter/tool/probe.cc", "probes/probe.h"),
            ("exporter/tool/test.cc", "rules/promqltest/runner.h"),
            ("rules/promqltest/runner.cc", "rules/promql/engine.h"),
            ("tests/exporter/sla/book_test.cc", "exporter/sla/book.h"),
        ]:
            self.assertIsNone(judge(name, included, True), f"{name} -> {included}")

    def test_foreign_libraries_stay_at_home(self):
        self.assertIsNotNone(judge("exporter/sla/book.cc", "sqlite3.h", False))
        self.assertIsNotNone(judge("probes/http.cc", "curl/curl.h", False))
        self.assertIsNotNone(judge("exporter/config/load.h", "yaml-cpp/yaml.h", False))
        self.assertIsNone(judge("exporter/config/load.cc", "yaml-cpp/yaml.h", False))

    def test_quotes_and_brackets_are_kept_apart(self):
        self.assertIsNotNone(judge("probes/http.cc", "net.h", True))
        self.assertIsNotNone(judge("probes/http.cc", "probes/outcome.h", False))

    def test_cycles_are_found(self):
        self.assertEqual(["a -> b -> a"], cycles({"a": ["b"], "b": ["a"]}))
        self.assertEqual([], cycles({"a": ["b", "c"], "b": ["c"]}))

    def test_includes_in_comments_do_not_count(self):
        self.assertEqual([(2, '"', "x.h")], includes('// #include "y.h"\n#include "x.h"\n'))


class TheTree(house.Rule):
    def test_includes_point_one_way(self):
        found = []
        for name in house.files(".h", ".cc"):
            for line, kind, included in includes(house.read(name)):
                why = judge(name, included, kind == '"')
                if why:
                    found.append(f"{name}:{line}: {why}")
        self.hold(found, "The arrows are in docs/development.md, Layout.")

    def test_no_file_includes_itself_in_a_circle(self):
        graph = {n: [i for _, _, i in includes(house.read(n)) if is_ours(i)] for n in house.files(".h", ".cc")}
        self.hold(cycles(graph), "Move what both need into a file of its own.")


if __name__ == "__main__":
    house.main()
