"""Debian's promtool and slatool read the same rule files and unit tests of rules and come to the same verdict with the
same exit code, so that what users have written for one runs in the other.

The unit tests name the order of their groups, because promtool takes them in any order otherwise, and have no sample on
the edge of a window, where 2.42 and Prometheus 3 differ.
"""

import random
import re
import unittest

import harness

RULES = harness.ROOT / "tests" / "testdata" / "rules"
# Good for Debian's promtool, and refused here on purpose: what cannot be evaluated as Prometheus would, rules that
# would silently not be read, a limit that would silently be none.
STRICTER = {"expr-native-histogram.yml", "negative-limit.yml", "second-document.yml"}

# Rules that Debian's 2.42 does not understand, and 3.14 does; and such that both do.
NEWER = ["expr: 'first_over_time(a[5m])'", "expr: 'a > 5m'", "expr: 'rate(a[300])'", "expr: a offset 60", "expr: a + 1_000",
         "expr: '{\"a.b\"}'", "expr: 'a{\"b.c\"=\"d\"}'", "expr: 'sum by (\"b.c\") (a)'", "expr: a, labels: {b.c: d}",
         "expr: 'max_over_time(a[5m:60])'", "expr: a, annotations: {b: '{{ now }}'}", "expr: a, annotations: {b.c: d}",
         "expr: a, annotations: {b: '{{ 5 | toDuration }}'}", "expr: a, annotations: {b: '{{ \"x\" | urlQueryEscape }}'}"]
OLD = ["expr: a, keep_firing_for: 5m", "expr: 'a offset -5m @ 10'", "expr: 'sum by (on, offset) (a{by=\"\", b!~\"c|d\"} + 0x1F)'",
       "expr: 'max_over_time((a > bool 1e3)[1h:5m] offset 1h)'", "expr: a, annotations: {b: '{{ \"now\" }} now {{ $value | toTime }}'}",
       "expr: 'a - on (b) group_left (c) count_values(\"d\", e) - 7'", "expr: 'label_replace(a, \"b\", \"$1\", \"c\", \".*\")'"]
NEWER_GROUPS = ["query_offset: 1m", "labels: {a: b}"]

MINUTES = 40
VALUES, HOLDS, KEEPS = ["1", "0", "_", "stale"], ["0s", "1m", "2m", "5m"], ["0s", "1m", "3m"]


def random_life(chance):
    """Two alerts on series that come and go, and a question at each minute what is there."""
    rules = ["groups:", "  - name: life", "    rules:"]
    for name, condition in [("Up", "x == 1"), ("Down", "x == 0")]:
        rules.append(f"      - {{alert: {name}, expr: '{condition}', for: {chance.choice(HOLDS)},"
                     f" keep_firing_for: {chance.choice(KEEPS)}, labels: {{severity: page}}}}")
    rules.append("      - {record: firing, expr: 'count by (alertname) (ALERTS{alertstate=\"firing\"})'}")
    tests = ["rule_files: [life.yml]", "tests:", "  - interval: 1m", "    input_series:"]
    for series in "ab":
        # Long stretches, so that alerts get to fire and to be kept.
        values = [chance.choices(VALUES, [4, 4, 1, 1])[0] for _ in range(MINUTES)]
        values = [values[max(0, i - chance.randrange(4))] for i in range(MINUTES)]
        # A gap of exactly the lookback is seen otherwise by 2.42.
        values = ["1" if values[max(0, i - 3) : i + 1] == ["_"] * 4 else values[i] for i in range(MINUTES)]
        tests.append(f"      - {{series: 'x{{i=\"{series}\"}}', values: '{' '.join(values)}'}}")
    tests.append("    promql_expr_test:")
    # Nothing is as expected here, so that both programs say what they found.
    ask = """{expr: '{__name__=~"ALERTS.*|firing"}', exp_samples: [{labels: nothing, value: 1}], eval_time: """
    tests += [f"      - {ask}{minute}m}}" for minute in range(MINUTES)]
    return "\n".join(rules) + "\n", "\n".join(tests) + "\n"


def sample(written):
    """Labels and value, wherever the name was written: in front of the braces or among the labels."""
    name, labels, value = written
    pairs = re.findall(r'(\w+)="([^"]*)"', labels) + ([("__name__", name)] if name else [])
    return sorted(pairs), float(value)


def found(text):
    """Time -> the samples that a program says it found in answer to each question."""
    answers = {}
    for part in text.split("    expr: ")[1:]:
        time = re.search(r"time: (\w+),", part).group(1)
        # promtool has them on one line behind "got:", we have a line each behind "+".
        got = re.search(r"got: (.*)", part)
        lines = got.group(1) if got else "\n".join(re.findall(r"^ +\+ (.*)", part, re.M))
        answers[time] = sorted(map(sample, re.findall(r"(\w*)\{([^}]*)\} ([-+.\dE]+)", lines)))
    return answers


class PromtoolAgreement(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        (self.promtool,) = self.need("promtool")

    def both(self, *arguments):
        """What promtool and slatool did with the same command line."""
        return [harness.run([program, *arguments]) for program in (self.promtool, harness.SLATOOL)]

    def agree(self, code, *arguments):
        theirs, ours = self.both(*arguments)
        self.assertEqual(code, theirs.code, f"promtool: {theirs}")
        self.assertEqual(code, ours.code, f"slatool: {ours}")
        return theirs, ours

    def files(self, folder, pattern, at_least):
        found = sorted((RULES / folder).glob(pattern))
        self.assertGreaterEqual(len(found), at_least)
        return found

    def test_bad_rule_files_are_refused_by_both(self):
        for file in self.files("bad", "*.yml", 40):
            with self.subTest(file=file.name):
                if file.name in STRICTER:
                    theirs, ours = self.both("check", "rules", file)
                    self.assertEqual((0, 1), (theirs.code, ours.code), f"{theirs}{ours}")
                    continue
                self.agree(1, "check", "rules", file)

    def test_good_rule_files_have_the_same_number_of_rules(self):
        for file in self.files("good", "[!l]*.yml", 5):
            with self.subTest(file=file.name):
                theirs, ours = self.agree(0, "check", "rules", "--lint=all", "--lint-fatal", file)
                self.assertEqual(theirs.out, ours.out)

    def test_lint_speaks_in_the_same_words(self):
        file = RULES / "good" / "lint-duplicates.yml"
        for code, flags in [(3, ["--lint-fatal"]), (0, []), (0, ["--lint=none", "--lint-fatal"])]:
            with self.subTest(flags=flags):
                theirs, ours = self.agree(code, "check", "rules", *flags, file)
                self.assertEqual(theirs.out, ours.out)
                self.assertEqual(theirs.err, ours.err.replace(f"{file}: ", ""))
        self.agree(0, "check", "rules", "--lint-fatal", RULES / "good" / "lint-same-name-other-labels.yml")

    def test_a_bad_file_outweighs_a_lint(self):
        files = [RULES / "good" / "lint-duplicates.yml", RULES / "bad" / "no-expr.yml"]
        self.agree(1, "check", "rules", "--lint-fatal", *files)

    def judge_target(self, text, is_newer):
        """promtool refuses what `--target 2.42` warns of."""
        file = self.write("target.yml", text)
        theirs, ours = harness.run([self.promtool, "check", "rules", file]), self.targeted("2.42", file)
        self.assertEqual((1, 3) if is_newer else (0, 0), (theirs.code, ours.code), f"{theirs}{ours}")
        self.assertEqual(is_newer, "[newer-feature]" in ours.err)
        latest = self.targeted("3.14", file)
        self.assertEqual(0, latest.code, latest)

    def targeted(self, version, file):
        return harness.run([harness.SLATOOL, "check", "rules", "--lint=none", "--lint-fatal", f"--target={version}", file])

    def test_newer_features_are_those_that_promtool_does_not_know(self):
        for rule in NEWER + OLD:
            with self.subTest(rule=rule):
                self.judge_target(f"groups: [{{name: a, rules: [{{alert: A, {rule}}}]}}]\n", rule in NEWER)
        for field in NEWER_GROUPS:
            with self.subTest(field=field):
                self.judge_target(f"groups: [{{name: a, {field}, rules: [{{alert: A, expr: a}}]}}]\n", True)
        for file in self.files("good", "*.yml", 5):
            with self.subTest(file=file.name):
                self.judge_target(file.read_text(), False)

    def test_unit_tests_pass_and_fail_alike(self):
        for code, pattern, at_least in [(0, "pass-*.yml", 12), (1, "fail-*.yml", 18)]:
            for file in self.files("unit", pattern, at_least):
                with self.subTest(file=file.name):
                    self.agree(code, "test", "rules", file)

    def test_alerts_live_the_same_life_on_random_series(self):
        with harness.seed_shown(harness.seed()) as seed:
            chance = random.Random(seed)
            seen = set()
            for number in range(40 if harness.FULL else 8):
                rules, tests = random_life(chance)
                self.write("life.yml", rules)
                theirs, ours = self.agree(1, "test", "rules", self.write("life.test.yml", tests))
                self.assertEqual(found(theirs.err), found(ours.err), f"life {number}\n{rules}\n{tests}")
                self.assertEqual(MINUTES, len(found(ours.err)))
                seen |= {state for state in ("pending", "firing") if state in ours.err}
            self.assertEqual({"pending", "firing"}, seen)

    def test_one_failing_file_of_several_fails_all(self):
        unit = RULES / "unit"
        self.agree(1, "test", "rules", unit / "pass-keeps-firing.yml", unit / "fail-limit.yml")
        self.agree(0, "test", "rules", unit / "pass-keeps-firing.yml", unit / "pass-group-order.yml")


if __name__ == "__main__":
    unittest.main()
