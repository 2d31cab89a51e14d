"""Words that may not stay: leftovers nobody will come back to, ways a test can pass without testing, waits by
the clock, and talk about how the code came to be instead of what it does.
"""

import re

import house

CODE = (".h", ".cc", ".py", ".sh", ".cmake", ".js")
EVERYWHERE = [
    # Each pattern is split so that this file does not find itself.
    (r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", "do it now, or file it; a mark in the text is neither"),
    (r"\bnot (?:yet )?impl" r"emented\b", "build it, or do not offer it"),
    (r"\bfor n" r"ow\b", "say what holds and why"),
    (r"/wo" r"rk/", "a path of one machine"),
    (r"(?i)\b(?:later|next|previous|this|another) iss" r"ue\b", "the text must make sense without a tracker"),
    (r"(?i)\b(?:coding|helper|agent|this|my|our) sess" r"ion\b", "say what the code does, not how it came to be"),
    (r"(?i)\b(?:language mo" r"del|chat" r"bot)\b", "say what the code does, not how it came to be"),
]
IN_CPP = [
    (r"\b(?:sleep_f" r"or|sleep_unt" r"il\s*\(\s*std::|us" r"leep|nano" r"sleep)\b", "the loop keeps time; tests advance it"),
    (r"(?<![\w.>:])sle" r"ep\s*\(", "the loop keeps time; tests advance it"),
    (r"\bDISAB" r"LED_", "a test that does not run proves nothing"),
    (r"\b(?:EXPECT|ASSERT)_TRUE\(\s*tr" r"ue\s*\)", "a test that cannot fail is a defect"),
    (r"catch\s*\(\s*\.\.\.\s*\)\s*\{\s*\}", "say what was swallowed and why"),
    (r"\busing namesp" r"ace std\s*;", "std:: shows where a name comes from"),
]
IN_PYTHON = [
    (r"\btime\.sle" r"ep\(", "wait for a condition with a deadline: harness.wait_for"),
    (r"except\s*:\s*pass", "say what was swallowed and why"),
]
# Where a wait is the point: the one polling loop of the harness, and a bench that measures for some minutes.
MAY_SLEEP = {"tests/integration/harness.py", "tests/bench/daemon_load.py"}
TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+)\s*,\s*(\w+)\s*\)\s*\{", re.M)
CHECKS = re.compile(r"EXPECT|ASSERT|FAIL\(|ADD_FAILURE|[Ee]xpect|static_assert")


def rules_for(name):
    rules = list(EVERYWHERE)
    if name.endswith((".h", ".cc")):
        rules += IN_CPP
    if name.endswith(".py") and name not in MAY_SLEEP:
        rules += IN_PYTHON
    return rules


def findings(name, text):
    for pattern, why in rules_for(name):
        for match in re.finditer(pattern, text):
            yield house.line_of(text, match.start()), f"'{match.group(0).strip()}': {why}"
    if name.endswith("_test.cc"):
        yield from empty_tests(text)


def empty_tests(text):
    """Tests without an expectation pass whatever the code does."""
    bare = house.strip_cpp(text)
    for match in TEST.finditer(bare):
        body = bare[match.end() - 1 : house.matching(bare, match.end() - 1, "{", "}")]
        if not CHECKS.search(body):
            yield house.line_of(bare, match.start()), f"{match.group(1)}.{match.group(2)} expects nothing"


def judged(name):
    return not name.startswith("tests/testdata/") and not name.endswith((".svg", ".png", ".ico", ".lock"))


class SelfTest(house.Rule):
    def caught(self, name, text):
        return list(findings(name, text))

    def test_leftovers_are_caught(self):
        for text in ["// TO" "DO: more", "# FIX" "ME", "not yet impl" "emented", "good enough for n" "ow",
                     "see /wo" "rk/main", "a later iss" "ue completes it", "in this sess" "ion"]:
            self.assertTrue(self.caught("a.md", text), text)

    def test_ordinary_words_pass(self):
        for text in ["TLS session cache", "the mastodon", "a hacksaw", "curl issue 6237", "SMTP session ends"]:
            self.assertFalse(self.caught("a.cc", text), text)

    def test_sleeping_is_caught(self):
        for text in ["std::this_thread::sleep_f" "or(1s);", "us" "leep(3);", "::sle" "ep(1);"[2:]]:
            self.assertTrue(self.caught("a.cc", text), text)
        self.assertTrue(self.caught("a.py", "time.sle" "ep(1)"))
        self.assertFalse(self.caught("tests/integration/harness.py", "time.sle" "ep(0.01)"))
        self.assertFalse(self.caught("a.cc", "co_await sleep_until(loop, at);"))

    def test_tests_that_cannot_fail_are_caught(self):
        self.assertTrue(self.caught("a_test.cc", "TEST(A, B) {\n  f();\n}\n"))
        self.assertTrue(self.caught("a_test.cc", "TEST(A, B) { EXPECT_TRUE(tr" "ue); }\n"))
        self.assertTrue(self.caught("a_test.cc", "TEST(A, DISAB" "LED_B) { EXPECT_EQ(1, f()); }\n"))
        self.assertFalse(self.caught("a_test.cc", "TEST(A, B) {\n  EXPECT_EQ(1, f());\n}\n"))


class TheTree(house.Rule):
    def test_no_banned_word_stays(self):
        found = []
        for name in filter(judged, house.files()):
            try:
                text = house.read(name)
            except UnicodeDecodeError:
                continue
            found += [f"{name}:{line}: {why}" for line, why in findings(name, text)]
        self.hold(found, "Each pattern says why it is banned.")


if __name__ == "__main__":
    house.main()
