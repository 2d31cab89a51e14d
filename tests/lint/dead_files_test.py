"""Every file is reached by something: sources and tests by the build, headers by an include, scripts, data and
documents by a name in another file. Links between documents lead somewhere.
"""

import posixpath
import re

import house

# Files that tools or people look for by their very name.
ROOTS = {
    ".clang-format", ".clang-tidy", ".gitignore", ".gitattributes", ".dockerignore", "CHANGELOG.md", "CMakeLists.txt",
    "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "NOTICE", "README.md", ".ci/run", "tests/CMakeLists.txt",
}
# A source of the tests that is a program of its own.
PROGRAM = re.compile(r"add_executable\(\w+ (\w[\w/]*\.cc)\)")
PROGRAM_FOLDER = re.compile(r"sla_test_program\((\S+?)[\s)]")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')
# Folders whose files are used as a whole by the one file named here.
WHOLE_FOLDERS = {"tests/testdata/": "a test", "grafana/dashboards/": "provisioning", "tests/fuzz/corpus/": "its fuzz target",
                 "tests/rules/promql/scripts/": "suite_test.cc", "rules/shipped/": "shipped_rules_test.py",
                 "rules/runbooks/": "runbooks_test.py"}


def built_by_glob(name, programs):
    """Whether CMake's globs take this source or script."""
    folder, leaf = posixpath.split(name)
    if name.startswith(("probes/", "exporter/", "rules/")):
        return name.endswith(".cc")
    if folder in ("tests/lint", "tests/integration"):
        return leaf.endswith("_test.py") or (folder == "tests/integration" and leaf.endswith(".cc"))
    if folder.startswith("tests/fakes"):
        return leaf.endswith(".cc")
    if folder == "tests/bench":
        return leaf.endswith(".cc")
    if folder == "tests/fuzz":
        return leaf.endswith("_fuzz.cc")
    return leaf.endswith("_test.cc") and folder.removeprefix("tests/") in programs


def dead(texts):
    """Names of the files nobody reaches; `texts` maps each name to its text."""
    build = texts.get("tests/CMakeLists.txt", "")
    programs = set(PROGRAM_FOLDER.findall(build))
    alone = {f"tests/{source}" for source in PROGRAM.findall(build)}
    included = {i for text in texts.values() for i in INCLUDE.findall(text)}
    for name in sorted(texts):
        if name in ROOTS or name in included or name in alone or built_by_glob(name, programs):
            continue
        if name.startswith(tuple(WHOLE_FOLDERS)):
            continue
        if name.endswith((".h", ".cc")):
            yield f"{name}: no program is built from it and nobody includes it"
        elif not mentioned(name, texts):
            yield f"{name}: no other file names it"


def mentioned(name, texts):
    """Whether another file names this one: its leaf, or as a Python module its stem."""
    leaf = posixpath.basename(name)
    words = [re.escape(leaf)]
    if name.endswith(".py"):
        words.append(rf"(?:import|from) (?:\w+, )*{re.escape(leaf[:-3])}")
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})(?![\w-])")
    return any(other != name and pattern.search(text) for other, text in texts.items())


def broken_links(texts):
    names = set(texts)
    folders = {posixpath.dirname(n) for n in names}
    folders |= {posixpath.dirname(f) for f in folders}
    for name, text in texts.items():
        if not name.endswith(".md"):
            continue
        for match in LINK.finditer(text):
            target = (match.group(1) or match.group(2)).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if path not in names and path.rstrip("/") not in folders:
                yield f"{name}:{house.line_of(text, match.start())}: link to {target} leads nowhere"


class SelfTest(house.Rule):
    BASE = {"tests/CMakeLists.txt": "sla_test_program(probes sla_part_openssl)\nsla_test_program(exporter/sla)"}

    def test_dead_files_are_caught(self):
        for name in ["probes/lonely.h", "tests/probes/helper.cc", "tests/unknown/x_test.cc", "deploy/old-script",
                     "docs/forgotten.md", "tests/integration/helper.py", "tests/bench/x.h"]:
            self.assertTrue(list(dead(self.BASE | {name: ""})), name)

    def test_reached_files_pass(self):
        for name in ["probes/tcp.cc", "tests/probes/tcp_test.cc", "tests/exporter/sla/book_test.cc",
                     "tests/lint/x_test.py", "README.md", "tests/fuzz/yaml_fuzz.cc", "tests/fakes/peer.cc"]:
            self.assertFalse(list(dead(self.BASE | {name: ""})), name)
        self.assertFalse(list(dead({"probes/a.h": "", "probes/a.cc": '#include "probes/a.h"'})))
        self.assertFalse(list(dead({"docs/a.md": "", "README.md": "[a](docs/a.md)"})))
        self.assertFalse(list(dead({"tests/integration/peers.py": "", "tests/lint/b_test.py": "import peers\n"})))

    def test_a_file_does_not_keep_itself_alive(self):
        self.assertTrue(list(dead({"docs/a.md": "see a.md"})))

    def test_links_that_lead_nowhere_are_caught(self):
        texts = {"docs/a.md": "[x](b.md) [y](../README.md#top) [z](https://example.com) [f](../docs)", "README.md": ""}
        self.assertEqual(["docs/a.md:1: link to b.md leads nowhere"], list(broken_links(texts)))


class TheTree(house.Rule):
    def texts(self):
        texts = {}
        for name in house.files():
            try:
                texts[name] = house.read(name)
            except UnicodeDecodeError:
                texts[name] = ""
        return texts

    def test_every_file_is_reached(self):
        self.hold(dead(self.texts()), "Delete it, or let what needs it name it.")

    def test_links_lead_somewhere(self):
        self.hold(broken_links(self.texts()), "Mend the link.")


if __name__ == "__main__":
    house.main()
