"""What the whole-program tests share: processes on free ports in a temporary folder, waits with a deadline, and a
clean end by process id.

Nothing here waits blindly: `wait_for` polls a condition until it holds or the deadline passes. A program that a
machine does not have makes a test skip with a sentence; deploy/install-deps --tests installs them all.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(os.environ.get("SLA_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("SLA_BINARY_DIR", ROOT / "build" / "release"))
# Optional conformance data: tests that judge by it skip when it is not there.
DATA = pathlib.Path(os.environ.get("SLA_TEST_DATA", ROOT.parent / "shared"))
# The storms run at full size when asked; else at a size that fits between two commits.
FULL = os.environ.get("SLA_FULL") == "1"
# Freed memory that AddressSanitizer holds back would count as the program's own; a small quarantine keeps the bounds
# on memory meaningful. Other builds do not look at it.
os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=4")
SLATOOL = BUILD / "slatool"
EXPORTER = BUILD / "sla_exporter"


def _built_as(kind):
    """Whether this build is of that CMake build type; a copied program without its build is taken at its word."""
    cache = BUILD / "CMakeCache.txt"
    return not cache.exists() or f"CMAKE_BUILD_TYPE:STRING={kind}\n" in cache.read_text()


# Rates and latencies are judged on what is shipped; debug builds and sanitizers only get more patience.
JUDGES_FIGURES = _built_as("Release")
SANITIZED = any(word in BUILD.name for word in ("asan", "tsan"))
PATIENCE = 5 if SANITIZED else 2 if not JUDGES_FIGURES else 1


def wait_for(condition, what, seconds=20, pause=0.02):
    """The first true value of `condition()`; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, ValueError, LookupError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE} s for {what}" + (f" (last: {last})" if last else ""))
        time.sleep(pause)


def free_port(host="127.0.0.1"):
    """A port that nobody held a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def has_ipv6():
    try:
        free_port("::1")
        return True
    except OSError:
        return False


def names_ipv6(host):
    """Whether `host` has an IPv6 address here: many a hosts file gives localhost none."""
    try:
        return bool(socket.getaddrinfo(host, None, socket.AF_INET6))
    except OSError:
        return False


class Answer:
    """Status, headers and body of an HTTP answer, also of one that is an error."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()


def fetch(url, method="GET", headers=None, seconds=30, data=None):
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    # Loopback is never reached through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as reply:
            return Answer(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as reply:
        with reply:
            return Answer(reply.code, reply.headers, reply.read())


def answers(url, status=200):
    """A condition for wait_for: `url` answers with `status`."""
    return lambda: fetch(url, seconds=5).status == status


class Process:
    """A program we started, with its output in a file. Ended by its own id and by nothing else."""

    def __init__(self, command, log, **options):
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
            )
        self.pid = self.child.pid

    def running(self):
        return self.child.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """As a power cut would: no chance to tidy up."""
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=15):
        """Ends it kindly, then not; returns the exit status."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.child.returncode

    def resident_bytes(self):
        fields = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


class Done:
    """What a program that ran to its end left behind."""

    def __init__(self, code, out, err, seconds, usage):
        self.code, self.out, self.err = code, out, err
        self.seconds, self.cpu_seconds = seconds, usage.ru_utime + usage.ru_stime
        # Never less than what the test itself held when it started the program: keep that small.
        self.peak_bytes = usage.ru_maxrss * 1024

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.2f} s\n{self.out}{self.err}"


def run(command, seconds=60, **options):
    """Runs a program to its end; its exit status, output, time and largest resident size."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True, **options
        )
        watchdog_deadline = started + seconds * PATIENCE
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > watchdog_deadline:
                child.kill()
                os.wait4(child.pid, 0)
                child.returncode = -signal.SIGKILL
                raise AssertionError(f"{command[0]} did not end in {seconds * PATIENCE} s")
            time.sleep(0.005)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        return Done(child.returncode, out.read(), err.read(), took, usage)


class IntegrationTest(unittest.TestCase):
    """A test with a folder of its own, whose processes end with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sla-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def need(self, *programs):
        missing = [p for p in programs if not find(p)]
        if missing:
            self.skipTest(f"{', '.join(missing)} not installed: deploy/install-deps --tests")
        return [find(p) for p in programs]

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, command, name, ours=False, **options):
        """Starts a program that ends with the test. One of ours must end well: no leak, no report of a sanitizer."""
        process = Process(command, self.folder / f"{name}.log", **options)
        self.addCleanup(self.end, process, name, ours)
        return process

    def end(self, process, name, ours):
        killed = process.child.returncode == -signal.SIGKILL
        status = process.stop()
        if ours and not killed and status != 0:
            self.fail(f"{name} ended with {status}:\n{process.output()[-8000:]}")
        if self.failed():
            print(f"--- the end of {name}.log\n{process.output()[-4000:]}", flush=True)

    def failed(self):
        outcome = getattr(self, "_outcome", None)
        return outcome is not None and not outcome.success

    def wait_until_up(self, process, url, status=200, seconds=20):
        """Waits until `url` answers; fails at once with the output when the process ends before."""

        def up():
            if not process.running():
                raise AssertionError(f"{process.command[0]} ended:\n{process.output()[-4000:]}")
            return answers(url, status)()

        wait_for(up, url, seconds)


def find(program):
    """A program on the path or among those only root has on theirs."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


@contextlib.contextmanager
def seed_shown(seed):
    """Says the seed of a random test when it fails, so that it can be run again."""
    try:
        yield seed
    except BaseException:
        print(f"seed {seed}: run again with SLA_SEED={seed}", flush=True)
        raise


def seed():
    return int(os.environ.get("SLA_SEED", time.time_ns() % 1_000_000))


def main():
    unittest.main(verbosity=2)
