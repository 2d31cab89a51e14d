"""What the house rules share: the list of our files, C++ text without comments, and a way to report.

Each rule is a script of its own (*_test.py) with two halves: `SelfTest` shows that the rule catches bad
examples and lets good ones pass, `TheTree` applies it to this repository.
"""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(os.environ.get("SLA_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
# Only read when git cannot tell what is ours, as in an unpacked source archive.
IGNORED_FOLDERS = {".git", "build", "data", ".cache", "node_modules", "__pycache__"}


def files(*suffixes, under=()):
    """Our files as paths relative to the root, sorted; by suffix and folder when these are given."""
    found = sorted(_all_files())
    if suffixes:
        found = [f for f in found if f.endswith(suffixes)]
    if under:
        found = [f for f in found if f.startswith(tuple(u.rstrip("/") + "/" for u in under))]
    return found


def _all_files():
    # New files that nobody has added yet are judged too, so that a rule speaks before the commit.
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
        return {name for name in names if (ROOT / name).is_file()}
    names = set()
    for folder, subfolders, leaves in os.walk(ROOT):
        subfolders[:] = [s for s in subfolders if s not in IGNORED_FOLDERS]
        names.update(os.path.relpath(os.path.join(folder, leaf), ROOT) for leaf in leaves)
    return names


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')""",
    re.S | re.X,
)


def strip_cpp(text, keep_strings=False):
    """C++ without comments; string and character contents blanked too unless they are asked for.

    Offsets and line numbers stay the same: what goes is replaced by spaces, newlines remain.
    """

    def blank(match):
        token = match.group(0)
        if match.lastgroup == "comment" or match.group("comment"):
            return re.sub(r"[^\n]", " ", token)
        if keep_strings:
            return token
        if match.group("raw"):
            return '"' + re.sub(r"[^\n]", " ", token[1:-1]) + '"'
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    return _TOKEN.sub(blank, text)


def matching(text, start, opening, closing):
    """The offset of the bracket that closes the one at `start`, or the end of the text."""
    depth = 0
    for offset in range(start, len(text)):
        if text[offset] == opening:
            depth += 1
        elif text[offset] == closing:
            depth -= 1
            if depth == 0:
                return offset
    return len(text)


class Rule(unittest.TestCase):
    """A test of a house rule; `hold` fails with every finding, one a line."""

    def hold(self, findings, remedy):
        findings = list(findings)
        if findings:
            self.fail("\n".join(["", *findings, "", f"{len(findings)} to mend. {remedy}"]))


def main():
    unittest.main(verbosity=2)
