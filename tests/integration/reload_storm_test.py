"""Reloading while Prometheus looks, and being stared at by half-open connections: no scrape fails, no slot is lost,
/metrics keeps answering.
"""

import itertools
import resource
import socket
import threading
import time

import harness
import ours
import sockets

RELOADS = 1000
SCRAPES_PER_SECOND = 200
SCRAPERS = 4
HALF_OPEN = 2000
SLOT_SECONDS = 2
STORM_SLOTS = 10
# Under a sanitizer the load is what the slower program can carry; the figures are judged on the real one.
if harness.SANITIZED:
    RELOADS, SCRAPES_PER_SECOND, HALF_OPEN = 50, 20, 300


class Scrapers:
    """Scrapes at a steady rate on a few connections until stopped, and remembers what went wrong."""

    def __init__(self, exporter, per_second):
        self.exporter = exporter
        self.pause = SCRAPERS / per_second
        self.stopping = threading.Event()
        self.latencies, self.failures = [], []
        self.threads = [threading.Thread(target=self.work) for _ in range(SCRAPERS)]
        self.started = time.monotonic()
        for thread in self.threads:
            thread.start()

    def work(self):
        connection = ours.keep_alive(self.exporter)
        due = time.monotonic()
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            due += self.pause
            began = time.monotonic()
            try:
                connection.request("GET", "/metrics")
                reply = connection.getresponse()
                body = reply.read()
                if reply.status != 200 or b"\nsla_slots_total{" not in body or not body.endswith(b"\n"):
                    self.failures.append(f"{reply.status}, {len(body)} bytes")
            except (OSError, ours.http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection = ours.keep_alive(self.exporter)
            self.latencies.append(time.monotonic() - began)
        connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.started


def answer(connection):
    """The smallest web site."""
    while sockets.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class ReloadStorm(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.target = f"http://{sockets.Listener(self, answer).address}/"

    def exporter_for(self, config):
        return ours.Exporter(self, self.write("sla.yml", ours.yaml_of(config))).start()

    def lost_slots(self, before, after):
        """Services that have an unknown slot since `before`, or fewer slots than time has passed for."""
        for agreement, service in before.services():
            where = {"sla_agreement": agreement, "sla_service": service}
            grown = {v: after.total("sla_slots_total", verdict=v, **where) - before.total("sla_slots_total", verdict=v, **where)
                     for v in ours.VERDICTS}
            if grown["unknown"] or sum(grown.values()) < STORM_SLOTS:
                yield f"{service}: {grown} {after.all('sla_unknown_slots_total', **where)}"

    def reload_at_a_steady_rate(self, exporter):
        """Over many slots, so that there is something to lose."""
        variants = ours.fast_variants(20, [self.target])
        due = time.monotonic()
        for text in itertools.islice(itertools.cycle(variants), RELOADS):
            self.write("sla.new", text).rename(exporter.config)
            reply = harness.fetch(f"{exporter.url}/-/reload", "POST", data=b"")
            self.assertEqual(200, reply.status, reply.text)
            due += STORM_SLOTS * SLOT_SECONDS / RELOADS
            threading.Event().wait(max(0.0, due - time.monotonic()))

    def test_reloads_under_scrapes_lose_nothing(self):
        exporter = self.exporter_for(ours.fast_services(20, [self.target]))
        # The first slot began before the program did, and is rightly unknown.
        harness.wait_for(lambda: exporter.page().total("sla_slots_total") >= 40, "the first slots")
        before = exporter.page()
        scrapers = Scrapers(exporter, SCRAPES_PER_SECOND)
        try:
            self.reload_at_a_steady_rate(exporter)
        finally:
            scrapers.stop()
        print(f"{RELOADS} reloads in {scrapers.seconds:.1f} s beside {len(scrapers.latencies)} scrapes "
              f"({len(scrapers.latencies) / scrapers.seconds:.0f}/s), p99 {self.p99(scrapers):.3f} s", flush=True)
        self.assertEqual([], scrapers.failures)
        # The last slot of the storm is judged within a moment of its end.
        enough = before.total("sla_slots_total") + 20 * STORM_SLOTS
        harness.wait_for(lambda: exporter.page().total("sla_slots_total") >= enough, "every slot of the storm", 5)
        after = exporter.page()
        self.assertEqual([], list(self.lost_slots(before, after)))
        self.assertEqual([], list(ours.broken_identities(after)))
        if harness.JUDGES_FIGURES:
            self.assertGreater(len(scrapers.latencies) / scrapers.seconds, SCRAPES_PER_SECOND * 0.9)

    def test_a_bad_file_changes_nothing(self):
        exporter = self.exporter_for(ours.fast_services(3, [self.target]))
        before = exporter.page().services()
        self.write("sla.yml", "services: {website: {chekcs: []}}\n")
        reply = harness.fetch(f"{exporter.url}/-/reload", "POST", data=b"")
        self.assertEqual(500, reply.status)
        self.assertIn("sla.yml:1:", reply.text)
        page = exporter.page()
        self.assertEqual(0.0, page.one("sla_exporter_config_last_reload_successful"))
        self.assertEqual(before, page.services())
        self.write("sla.yml", ours.yaml_of(ours.fast_services(4, [self.target])))
        exporter.process.signal(harness.signal.SIGHUP)
        harness.wait_for(lambda: exporter.page().one("sla_exporter_config_last_reload_successful") == 1, "SIGHUP")

    def test_half_open_connections_do_not_keep_scrapers_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < HALF_OPEN + 200:
            self.skipTest(f"only {hard} descriptors allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HALF_OPEN + 200), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        exporter = self.exporter_for(ours.fast_services(20, [self.target]))
        harness.wait_for(lambda: exporter.page().all("sla_slots_total"), "the first slots")
        attack = HalfOpen(exporter.port, HALF_OPEN)
        self.addCleanup(attack.stop)
        harness.wait_for(lambda: attack.rounds > 0, f"{HALF_OPEN} half-open connections", 60)
        scrapers = Scrapers(exporter, 20)
        # Long enough to see the header timeout of 10 s pass while the attack goes on.
        harness.wait_for(lambda: len(scrapers.latencies) >= 300, "300 scrapes", 120)
        scrapers.stop()
        attack.stop()
        print(f"{HALF_OPEN} half-open connections: /metrics p99 {self.p99(scrapers):.3f} s", flush=True)
        self.assertEqual([], scrapers.failures)
        if harness.JUDGES_FIGURES:
            self.assertLess(self.p99(scrapers), 1.0)

    def p99(self, scrapers):
        return ours.percentile(scrapers.latencies, 0.99)


class HalfOpen:
    """Keeps many connections in the middle of their headers, a byte every now and then; lost ones are opened anew."""

    def __init__(self, port, count):
        self.port, self.count, self.rounds = port, count, 0
        self.stopping = threading.Event()
        self.sockets = []
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while not self.stopping.is_set():
            self.sockets = [s for s in self.sockets if self.alive(s)]
            while len(self.sockets) < self.count and not self.stopping.is_set():
                self.open_one()
            self.rounds += 1
            self.stopping.wait(0.5)

    def open_one(self):
        connection = socket.socket()
        try:
            connection.settimeout(5)
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            self.sockets.append(connection)
        except OSError:
            connection.close()

    def alive(self, connection):
        try:
            connection.sendall(b"a")
            return True
        except OSError:
            connection.close()
            return False

    def stop(self):
        self.stopping.set()
        self.thread.join()
        for connection in self.sockets:
            connection.close()
        self.sockets = []


if __name__ == "__main__":
    harness.main()
