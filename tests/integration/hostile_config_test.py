"""Configurations made to hurt, given to the program as it is installed: `sla_exporter --config.check` refuses each in
bounded time and memory, with the file and the limit in the message, and a running daemon that is asked to load one
goes on as before. tests/exporter/config/hostile_test.cc looks at the reader alone.
"""

import os
import random

import harness
import ours

MEBIBYTE = 1 << 20
# What checking may hold above what the program needs to print its help: a million values, some 220 bytes each.
MEMORY = 256 * MEBIBYTE
# Of processor time, because the machine may have other things to do.
SECONDS = 10
SERVICES = "services: {}\n"


def alias_bomb(levels=30, width=10):
    """A billion laughs and more: each level names the one before ten times."""
    lines = ["x-0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    for i in range(1, levels):
        lines.append(f"x-{i}: &l{i} [{', '.join([f'*l{i - 1}'] * width)}]")
    return "\n".join(lines) + "\n" + SERVICES


def merge_bomb(levels=40):
    lines = ["x-0: &m0 {a: 1}"]
    for i in range(1, levels):
        lines.append(f"x-{i}: &m{i} {{k{i}a: *m{i - 1}, k{i}b: *m{i - 1}, <<: [*m{i - 1}, *m{i - 1}]}}")
    return "\n".join(lines) + "\n" + SERVICES


def target_bomb():
    """Few lines that mean a hundred thousand checks."""
    targets = ", ".join(f'"a{i}.example:1"' for i in range(900))
    services = [f"  s{i}: {{checks: [{{module: tcp_connect, targets: *t}}]}}" for i in range(150)]
    return f"x-t: &t [{targets}]\nservices:\n" + "\n".join(services) + "\n"


class HostileConfig(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.idle_bytes = harness.run([harness.EXPORTER, "--help"]).peak_bytes

    def check(self, content, name="sla.yml"):
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.check_file(path)

    def repeated(self, text, size, name="sla.yml"):
        """A file of `text` over and over, which this test does not hold in memory."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        block = text * (MEBIBYTE // len(text))
        with open(path, "wb") as file:
            while file.tell() < size:
                file.write(block)
        return path

    def check_file(self, path):
        done = harness.run([harness.EXPORTER, "--config.check", f"--config.file={path}"])
        if harness.JUDGES_FIGURES:
            self.assertLess(done.cpu_seconds, SECONDS, str(done)[:2000])
            self.assertLess(done.peak_bytes, self.idle_bytes + MEMORY, "memory is not bounded")
        return done

    def refused(self, done, *words):
        """It said no, in few words and among them these."""
        self.assertEqual(1, done.code, str(done)[:2000])
        self.assertIn("sla.yml", done.err)
        for word in words:
            self.assertIn(word, done.err[:4000])
        self.assertLess(len(done.err), 64 * 1024)

    def test_a_large_configuration_passes_within_these_bounds(self):
        done = self.check(ours.yaml_of(ours.fast_services(5000, ["http://127.0.0.1:1/"])))
        self.assertEqual(0, done.code, str(done))
        self.assertIn("valid, 5000 services", done.out)

    def test_a_hundred_megabytes_are_refused_unread(self):
        for name, byte in (("letters", b"a"), ("lines", b"a: b\n"), ("brackets", b"["), ("zeros", b"\0")):
            with self.subTest(name):
                done = self.check_file(self.repeated(byte, 100 * MEBIBYTE))
                self.refused(done, "at most 8388608 are read")
                self.assertLess(done.peak_bytes, self.idle_bytes + 32 * MEBIBYTE)

    def test_a_sparse_terabyte_is_refused_unread(self):
        path = self.folder / "sla.yml"
        with open(path, "wb") as file:
            os.truncate(file.fileno(), 1 << 40)
        self.refused(self.check_file(path), "at most 8388608 are read")

    def test_what_fits_the_limit_of_size_stays_bounded(self):
        size = 8 * MEBIBYTE - len(SERVICES) - 100
        texts = {
            "one value": "x-a: " + "a" * size + "\n",
            "one key": "x-" + "a" * size + ": 1\n",
            "one comment": "#" + "a" * size + "\n",
            "many keys": "".join(f"x-{i}: 1\n" for i in range(size // 12)),
            "many items": "x-a: [" + "a," * (size // 2) + "]\n",
            "many empty maps": "x-a: [" + "{}," * (size // 3) + "]\n",
            "many anchors": "x-a:\n" + "".join(f"- &a{i} b\n" for i in range(size // 16)),
            "many documents": "---\n" * (size // 4),
            "unknown keys": "".join(f"k{i}: v\n" for i in range(size // 12)),
            "an open quote": 'x-a: "' + "a\n " * (size // 3),
            "tabs": "\t" * size,
            "line ends": "\n" * size,
        }
        for name, text in texts.items():
            with self.subTest(name):
                done = self.check(text + SERVICES)
                # A long comment and many line ends are no mistake.
                if done.code != 0:
                    self.refused(done)

    def test_bombs_are_refused_before_they_go_off(self):
        self.refused(self.check(alias_bomb()), "more than 1000000 values once every alias is followed")
        self.refused(self.check(alias_bomb(levels=2000, width=1)), "levels deep")
        self.refused(self.check(merge_bomb()), "once every alias is followed")
        self.refused(self.check(target_bomb()), "more than 100000 checks")

    def test_deep_nesting_is_refused(self):
        for opening in ("[", "{a: ", "- ", "? ", "a: [", "[{"):
            with self.subTest(opening):
                text = opening * (4 * MEBIBYTE // len(opening))
                self.refused(self.check(text), "nested more than 64 levels deep")
        indented = "".join(" " * i + "a:\n" for i in range(3000))
        self.refused(self.check(indented), "nested more than 64 levels deep")

    def test_an_alias_of_itself_is_refused(self):
        for text in ("x-a: &a [*a]\n", "x-a: &a {b: *a}\n", "x-a: &a {<<: *a}\n", "x-a: *nobody\n"):
            with self.subTest(text):
                self.refused(self.check(text + SERVICES))

    def test_what_is_no_text_is_refused(self):
        with harness.seed_shown(harness.seed()) as seed:
            noise = random.Random(seed).randbytes(4 * MEBIBYTE)
        contents = {
            "noise": noise,
            "zeros": b"\0" * MEBIBYTE,
            "a program": harness.SLATOOL.read_bytes()[: 4 * MEBIBYTE],
            "UTF-16": SERVICES.encode("utf-16"),
            "broken UTF-8": b"place: {name: \xff\xfe\xc0\x80}\n" + SERVICES.encode(),
            "a control character": b"place: {name: \"a\x07b\"}\n" + SERVICES.encode(),
        }
        for name, content in contents.items():
            with self.subTest(name):
                self.refused(self.check(content))

    def test_a_truncated_file_is_read_or_refused_at_every_byte(self):
        text = ours.yaml_of(ours.fast_services(1, ["http://127.0.0.1:1/"])).encode()
        cuts = range(0, len(text), 1 if harness.FULL else 17)
        for cut in cuts:
            done = self.check(text[:cut])
            if done.code != 0:
                self.refused(done)

    def test_what_is_no_file_is_refused(self):
        pipe = self.folder / "pipe" / "sla.yml"
        pipe.parent.mkdir()
        os.mkfifo(pipe)
        self.refused(self.check_file(pipe), "not a regular file")
        device = self.folder / "device" / "sla.yml"
        device.parent.mkdir()
        device.symlink_to("/dev/zero")
        self.refused(self.check_file(device), "not a regular file")
        circle = self.folder / "circle" / "sla.yml"
        circle.parent.mkdir()
        circle.symlink_to(circle)
        self.refused(self.check_file(circle))
        self.refused(self.check_file(pipe.parent / "folder-of-sla.yml"))

    def test_files_that_are_named_are_no_better(self):
        os.mkfifo(self.folder / "pipe")
        big = self.folder / "big"
        with open(big, "wb") as file:
            os.truncate(file.fileno(), 1 << 40)
        for name in ("/dev/zero", self.folder / "pipe", big, "nowhere", "sla.yml"):
            with self.subTest(str(name)):
                self.refused(self.check(f"include: ['{name}']\n{SERVICES}"), "include")
                http = f"{{prober: http, http: {{basic_auth: {{username: a, password_file: '{name}'}}}}}}"
                if name != "sla.yml":
                    self.refused(self.check(f"modules: {{m: {http}}}\n{SERVICES}"), "password_file")

    def test_many_large_includes_reach_their_limit(self):
        for i in range(12):
            self.repeated(b"# a comment\n", 7 * MEBIBYTE, f"parts/{i}.yml")
        self.refused(self.check(f"include: ['parts/*.yml']\n{SERVICES}"), "include: more than 10000 files or 16777216 bytes")

    def test_a_running_daemon_goes_on_with_what_it_has(self):
        exporter = ours.Exporter(self, self.write("sla.yml", ours.yaml_of(ours.fast_services(3, ["http://127.0.0.1:1/"]))))
        exporter.start()
        services = harness.wait_for(lambda: exporter.page().services(), "figures")
        before = exporter.process.peak_bytes()
        for content in (alias_bomb(), merge_bomb(), "[" * (4 * MEBIBYTE), None, "\0", target_bomb()):
            if content:
                self.write("sla.yml", content)
            else:
                self.repeated(b"a", 100 * MEBIBYTE)
            reply = harness.fetch(f"{exporter.url}/-/reload", "POST", data=b"")
            self.assertEqual(500, reply.status, reply.text[:2000])
            self.assertIn("sla.yml", reply.text)
            self.assertEqual(services, exporter.page().services())
        if harness.JUDGES_FIGURES:
            self.assertLess(exporter.process.peak_bytes(), before + MEMORY)


if __name__ == "__main__":
    harness.main()
