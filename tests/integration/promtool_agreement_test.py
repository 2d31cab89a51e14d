"""Debian's promtool and slatool read the same rule files and unit tests of rules and come to the same verdict with the
same exit code, so that what users have written for one runs in the other.

The unit tests name the order of their groups, because promtool takes them in any order otherwise, and have no sample on
the edge of a window, where 2.42 and Prometheus 3 differ.
"""

import unittest

import harness

RULES = harness.ROOT / "tests" / "testdata" / "rules"
# Good for Debian's promtool, and refused here on purpose: what cannot be evaluated as Prometheus would, rules that
# would silently not be read, a limit that would silently be none.
STRICTER = {"expr-native-histogram.yml", "negative-limit.yml", "second-document.yml"}


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

    def test_unit_tests_pass_and_fail_alike(self):
        for code, pattern, at_least in [(0, "pass-*.yml", 12), (1, "fail-*.yml", 18)]:
            for file in self.files("unit", pattern, at_least):
                with self.subTest(file=file.name):
                    self.agree(code, "test", "rules", file)

    def test_one_failing_file_of_several_fails_all(self):
        unit = RULES / "unit"
        self.agree(1, "test", "rules", unit / "pass-keeps-firing.yml", unit / "fail-limit.yml")
        self.agree(0, "test", "rules", unit / "pass-keeps-firing.yml", unit / "pass-group-order.yml")


if __name__ == "__main__":
    unittest.main()
