"""Each header compiles alone. A header that is the first include of a source is proven by the build itself; the
others are given to the compiler one by one, through ccache when there is one.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import house

BUILD = pathlib.Path(os.environ.get("SLA_BINARY_DIR", house.ROOT / "build" / "release"))
FIRST = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)


def proven_by_build(texts):
    """Headers that some source includes before anything else."""
    proven = set()
    for name, text in texts.items():
        first = FIRST.search(house.strip_cpp(text, keep_strings=True))
        # Tests are built with a precompiled header in front, so their first include proves nothing.
        if name.endswith(".cc") and first and not name.endswith("_test.cc"):
            proven.add(first.group(1))
    return proven


def flags_of_build():
    """Language and include flags of the build, from the command that compiled the exporter library."""
    database = BUILD / "compile_commands.json"
    if not database.exists():
        raise unittest.SkipTest(f"{database} is missing: configure the build first")
    chosen = []
    for entry in json.loads(database.read_text()):
        if not entry["file"].startswith(str(house.ROOT / "exporter")):
            continue
        words = shlex.split(entry["command"])
        words = words[next(i for i, w in enumerate(words) if re.search(r"(clang|g)\+\+", w)) :]
        for i, word in enumerate(words[:-1]):
            if word == "-isystem":
                chosen += [word, words[i + 1]]
            elif word.startswith(("-I", "-std=", "-D", "-W")) and word != "-Werror":
                chosen.append(word)
        return [words[0], *chosen]
    raise unittest.SkipTest(f"{database} has no source of exporter/")


def compile_alone(flags, header_path):
    """The first complaint of the compiler about a source that includes only this header, or None."""
    folder = BUILD / "header_checks"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / (str(header_path).strip("/").replace("/", "_") + ".cc")
    text = f'#include "{header_path}"\n'
    # Written only when it is new, so that ccache knows it again.
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    command = [*launcher(), *flags, "-Wno-unused-const-variable", "-Werror", "-O0", "-c", str(source), "-o", f"{source}.o"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=house.ROOT)
    return None if done.returncode == 0 else done.stderr.splitlines()[0] if done.stderr else "failed"


def launcher():
    return ["ccache"] if shutil.which("ccache") else []


class SelfTest(house.Rule):
    def test_the_first_include_of_a_source_proves_a_header(self):
        texts = {"probes/a.cc": '// "x.h"\n#include "probes/a.h"\n#include "probes/b.h"\n',
                 "tests/probes/c_test.cc": '#include "probes/c.h"\n'}
        self.assertEqual({"probes/a.h"}, proven_by_build(texts))

    def test_a_header_that_needs_another_is_caught(self):
        flags = flags_of_build()
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / "bad.h"
            header.write_text("#pragma once\ninline std::string f() { return {}; }\n")
            self.assertIsNotNone(compile_alone(flags, header))
            header.write_text("#pragma once\n#include <string>\ninline std::string f() { return {}; }\n")
            self.assertIsNone(compile_alone(flags, header))


class TheTree(house.Rule):
    def test_headers_compile_alone(self):
        texts = {name: house.read(name) for name in house.files(".cc")}
        waiting = [h for h in house.files(".h") if h not in proven_by_build(texts)]
        flags = flags_of_build()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            errors = pool.map(lambda h: compile_alone(flags, house.ROOT / h), waiting)
            found = [f"{h}: {error}" for h, error in zip(waiting, errors) if error]
        self.hold(found, "Include what the header uses.")

    def test_headers_are_guarded(self):
        found = [h for h in house.files(".h") if "#pragma once" not in house.read(h)]
        self.hold(found, "Write #pragma once after the top comment.")


if __name__ == "__main__":
    house.main()
