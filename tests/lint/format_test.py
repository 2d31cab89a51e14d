"""C++ is formatted by clang-format 19 and by nothing else, so that no review speaks of white space.

`tests/lint/format_test.py --fix` formats what differs.
"""

import shutil
import subprocess
import sys
import unittest

import house

TOOL = shutil.which("clang-format-19")


def badly_formatted(text):
    command = [TOOL, "--style=file", "--assume-filename=" + str(house.ROOT / "probes" / "x.cc")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=house.ROOT)
    return done.stdout != text


def sources():
    return house.files(".h", ".cc")


def check(names, *options):
    command = [TOOL, "--style=file", *options, *names]
    return subprocess.run(command, capture_output=True, text=True, cwd=house.ROOT)


@unittest.skipUnless(TOOL, "clang-format-19 is missing: deploy/install-deps --tests")
class SelfTest(house.Rule):
    def test_bad_format_is_caught(self):
        self.assertTrue(badly_formatted("int  f( ){return 1 ;}\n"))
        self.assertFalse(badly_formatted("int f() { return 1; }\n"))


@unittest.skipUnless(TOOL, "clang-format-19 is missing: deploy/install-deps --tests")
class TheTree(house.Rule):
    def test_sources_are_formatted(self):
        if check(sources(), "--dry-run", "-Werror").returncode == 0:
            return
        bad = [name for name in sources() if check([name], "--dry-run", "-Werror").returncode != 0]
        self.hold(bad, "Run tests/lint/format_test.py --fix.")


if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        sys.exit(check(sources(), "-i").returncode)
    house.main()
