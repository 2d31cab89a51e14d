"""Killing the daemon in the middle of its work: under load, as it starts, during a reload, during a correction, and
right after it has shown a verdict. Whatever was shown or answered before is there afterwards, once and unchanged.

The record to compare with is kept outside, as Jepsen does: every page of figures that was seen, every correction that
was answered, and what the target said in each slot. A page with N slots of a service fixes the verdicts of the first N
for ever, so in the end the ledger, read slot by slot, must begin with exactly what each page counted.
"""

import collections
import concurrent.futures
import random
import re
import threading
import time
import zlib

import harness
import ours
import sockets

KILLS = 10 if harness.SANITIZED else 300 if harness.FULL else 25
SERVICES = 12
EVERY = 2
SCRAPES_PER_SECOND = 20
# An outcome is committed within a second of its arrival; the rest is for a machine that has other things to do.
COMMITTED_WITHIN = 1.5 * harness.PATIENCE
SLOTS_TOTAL = re.compile(r'^sla_slots_total\{([^}]*)\} (\S+)$', re.M)
CORRECTION = re.compile(r"^correction (\d+): (\w+) since \S+ signed by storm: number (\d+)$", re.M)


def truth(service, slot):
    """What the target says in the slot that begins at `slot`: every service has its own mixture."""
    return "bad" if zlib.crc32(f"{service} {slot}".encode()) % 3 == 0 else "good"


def slot_of(moment):
    return int(moment // EVERY) * EVERY


def respond(connection):
    """A target whose answer depends on the service in the path and on the slot alone."""
    while request := sockets.read_request(connection):
        service = request.split(b" ")[1].decode().strip("/")
        line = b"200 OK" if truth(service, slot_of(time.time())) == "good" else b"503 Service Unavailable"
        connection.sendall(b"HTTP/1.1 " + line + b"\r\nContent-Length: 2\r\n\r\nok")


class Record:
    """What was seen from outside: the counters of each service, and the last page as a whole."""

    def __init__(self):
        self.lock = threading.Lock()
        self.life, self.alive = 0, False
        self.pages, self.noted_in = 0, 0
        self.text, self.before = "", ""  # the last page, and the last one of an earlier life
        self.counts = collections.defaultdict(dict)
        self.latest = collections.defaultdict(int)
        self.problems = []

    def note(self, text, life):
        """A page of figures; whether it had any: those of a daemon that is not ready say nothing about slots."""
        with self.lock:
            seen = collections.defaultdict(lambda: [0, 0, 0, 0])
            for labels, value in SLOTS_TOTAL.findall(text):
                labels = dict(ours.LABEL.findall(labels))
                seen[labels["sla_service"]][ours.VERDICTS.index(labels["verdict"])] = int(value)
            for service, counts in seen.items():
                self.note_service(service, tuple(counts))
            if seen and life != self.noted_in:
                self.before = self.text
            if seen:
                self.text, self.noted_in = text, life
                self.pages += 1
            return bool(seen)

    def note_service(self, service, counts):
        slots = sum(counts)
        if slots < self.latest[service]:
            self.problems.append(f"{service} had {self.latest[service]} slots and has {slots}")
        earlier = self.counts[service].setdefault(slots, counts)
        if earlier != counts:
            self.problems.append(f"{service}: the first {slots} slots were {earlier} and are {counts}")
        self.latest[service] = max(slots, self.latest[service])

    def slots(self):
        with self.lock:
            return sum(self.latest.values())


class Scraper:
    """Looks at /metrics at a steady rate, whether the daemon is there or not."""

    def __init__(self, exporter, record):
        self.exporter, self.record = exporter, record
        self.stopping = threading.Event()
        self.scrapes = 0
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while not self.stopping.wait(1 / SCRAPES_PER_SECOND):
            life, alive = self.record.life, self.record.alive
            try:
                answer = harness.fetch(f"{self.exporter.url}/metrics", seconds=10)
                self.scrapes += 1
                if not self.record.note(answer.text, life) and alive and life == self.record.life:
                    self.record.problems.append("it said that it was ready and shows no figures")
            except (OSError, ours.http.client.HTTPException) as error:
                # Only a daemon that is dead, was killed meanwhile or is not up yet may leave us without an answer.
                if alive and self.record.alive and life == self.record.life:
                    self.record.problems.append(f"a scrape failed: {error!r}")

    def stop(self):
        self.stopping.set()
        self.thread.join()


class Slot:
    """What `slatool explain` says about a slot."""

    def __init__(self, begin, text):
        self.begin, self.text = begin, text
        self.verdict = re.search(r"^verdict: (\w+)", text, re.M).group(1)
        self.corrections = [(int(i), verdict, int(number)) for i, verdict, number in CORRECTION.findall(text)]


class KillStorm(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        base = f"http://{sockets.Listener(self, respond).address}"
        self.names = [f"service{i:03d}" for i in range(SERVICES)]
        self.variants = ours.fast_variants(SERVICES, [f"{base}/{name}" for name in self.names])
        self.exporter = ours.Exporter(self, self.write("sla.yml", self.variants[0]))
        self.record = Record()
        self.kills = collections.Counter()
        self.restarts, self.dead, self.corrections = [], [], []
        self.dead_since, self.started_corrections = 0.0, 0

    def test_nothing_that_was_shown_or_answered_is_lost_or_doubled(self):
        with harness.seed_shown(harness.seed()) as seed:
            self.random = random.Random(seed)
            print(f"seed {seed}", flush=True)
            self.storm()

    def storm(self):
        began = time.time()
        self.come_up()
        self.accounted_from = slot_of(time.time()) + EVERY
        scraper = Scraper(self.exporter, self.record)
        try:
            self.see_figures()
            while self.kills.total() < KILLS:
                self.one_kill()
            # A quiet end, in which nothing is an excuse for an unknown slot.
            enough = self.record.slots() + 4 * SERVICES
            harness.wait_for(lambda: self.record.slots() >= enough, "quiet slots", 20)
            self.kill("at last")
        finally:
            scraper.stop()
        took = time.time() - began
        ledger = self.read_ledger(slot_of(began) - EVERY, slot_of(time.time()))
        self.print_figures(took, scraper, ledger)
        self.assertEqual([], self.record.problems)
        self.compare_with_pages(ledger)
        self.compare_with_target(ledger)
        self.compare_with_answers(ledger["service000"])

    # --- the ways to die -------------------------------------------------------------------------

    def one_kill(self):
        # By weight: load and reloads are what happens most, a storm of restarts is what hurts most.
        ways = [self.under_load, self.after_a_verdict, self.during_a_reload, self.during_a_correction]
        self.random.choices(ways, [4, 2, 2, 3])[0]()
        if self.random.random() < 0.1:
            self.assert_verified()
        while self.random.random() < 0.3:
            self.as_it_starts()
        self.come_up()
        self.see_figures()

    def under_load(self):
        self.pause(2.0)
        self.kill("under load")

    def after_a_verdict(self):
        """The moment a verdict was shown is when it is easiest to take back."""
        before = self.record.slots()
        harness.wait_for(lambda: self.record.slots() > before, "the next verdict")
        self.kill("after a verdict")

    def during_a_reload(self):
        self.pause(0.5)
        self.write("sla.new", self.random.choice(self.variants)).rename(self.exporter.config)
        if self.random.random() < 0.5:
            self.exporter.process.signal(harness.signal.SIGHUP)
            self.pause(0.03)
            return self.kill("during SIGHUP")
        reload = threading.Thread(target=self.reload)
        reload.start()
        self.pause(0.03)
        self.kill("during a reload")
        reload.join()

    def reload(self):
        # What becomes of the answer is no matter: the daemon dies before, during or after it.
        with harness.contextlib.suppress(OSError, ours.http.client.HTTPException):
            harness.fetch(f"{self.exporter.url}/-/reload", "POST", data=b"")

    def during_a_correction(self):
        slots = range(self.accounted_from, slot_of(time.time()) - EVERY, EVERY)
        if not slots:
            return self.under_load()
        tools = [self.start_correction(slots) for _ in range(3)]
        # From before they have read their arguments to after they have printed the answer.
        self.pause(0.12 * harness.PATIENCE)
        self.kill("during a correction")
        for tool, correction in tools:
            # One may find nobody and write itself, so all must have ended before the next daemon begins.
            answered = tool.child.wait(60) == 0
            self.corrections.append((*correction, answered))
            if answered:
                number, begin = correction[:2]
                self.assertIn(f"number {number}\n", self.explain("service000", begin).text, tool.output())

    def start_correction(self, slots):
        begin = self.random.choice(slots)
        end = begin + EVERY * self.random.randint(1, 10)
        verdict = self.random.choice(ours.VERDICTS)
        self.started_corrections += 1
        number = self.started_corrections
        command = [harness.SLATOOL, "ledger", "correct", "service000", "--storage.path", self.exporter.storage,
                   "--from", utc(begin), "--to", utc(end), "--verdict", verdict,
                   "--by", "storm", "--why", f"number {number}"]
        return self.start(command, f"correct-{number}"), (number, begin, end, verdict)

    def as_it_starts(self):
        self.exporter.launch()
        self.pause(0.1 * harness.PATIENCE)
        self.kill("as it starts")

    def pause(self, longest):
        """A random moment: the storm has no other clock."""
        threading.Event().wait(self.random.uniform(0, longest))

    def kill(self, way):
        self.assertTrue(self.exporter.process.running(), self.exporter.process.output()[-4000:])
        self.dead_since = self.dead_since or time.time()
        self.record.alive = False
        self.exporter.process.kill()
        self.record.life += 1
        self.kills[way] += 1

    def come_up(self):
        began = time.monotonic()
        self.exporter.start()
        self.record.alive = True
        self.restarts.append(time.monotonic() - began)
        self.dead.append((self.dead_since, time.time()))
        self.dead_since = 0.0

    def see_figures(self):
        """The first page after a restart shows at least what the last one before it did."""
        life = self.record.life
        harness.wait_for(lambda: self.record.noted_in == life, "figures after the restart")
        before, after = ours.Page(self.record.before), ours.Page(self.record.text)
        self.assertEqual([], list(ours.steps_back(without_extra(before), after)))
        self.assertEqual([], list(ours.broken_identities(after)))

    # --- what must hold --------------------------------------------------------------------------

    def assert_verified(self):
        done = self.exporter.verify()
        self.assertEqual(0, done.code, str(done))
        return int(re.search(r"(\d+) verdicts", done.out).group(1))

    def explain(self, service, begin):
        done = harness.run([harness.SLATOOL, "explain", service, utc(begin), "--storage.path", self.exporter.storage])
        self.assertEqual(0, done.code, str(done))
        return Slot(begin, done.out)

    def read_ledger(self, first, last):
        """{service: its slots that have a verdict, in order}, read by a program that never saw the storm."""
        ledger = {}
        with concurrent.futures.ThreadPoolExecutor(2) as readers:
            for name in self.names:
                explained = readers.map(lambda begin, name=name: self.explain(name, begin), range(first, last + 1, EVERY))
                ledger[name] = [slot for slot in explained if slot.verdict != "none"]
        return ledger

    def compare_with_pages(self, ledger):
        self.assertEqual(self.assert_verified(), sum(map(len, ledger.values())), "a verdict is missing or stored twice")
        for name, slots in ledger.items():
            begins = [slot.begin for slot in slots]
            self.assertEqual(list(range(begins[0], begins[0] + EVERY * len(begins), EVERY)), begins, f"{name} has a gap")
            self.assertGreaterEqual(len(slots), self.record.latest[name], name)
            self.assertGreaterEqual(begins[-1], slot_of(self.dead_since) - 2 * EVERY, f"{name} stopped early")
            for length, counts in self.record.counts[name].items():
                stored = collections.Counter(slot.verdict for slot in slots[:length])
                self.assertEqual(counts, tuple(stored[v] for v in ours.VERDICTS), f"{name}, first {length} slots")

    def compare_with_target(self, ledger):
        """What is known is true, and what is not known has its excuse."""
        for name, slots in ledger.items():
            for slot in slots:
                if slot.verdict == "unknown" and harness.JUDGES_FIGURES:
                    self.assertIn("unknown (not_running)", slot.text)
                    self.assertTrue(self.was_dead_around(slot.begin), f"{name}: {slot.text}")
                if slot.verdict not in ("unknown", truth(name, slot.begin)):
                    # A machine that stands still can make an answer late, but never good.
                    self.assertEqual("bad", slot.verdict, f"{name}: {slot.text}")
                    self.assertIn("(timeout)", slot.text)

    def was_dead_around(self, begin):
        return any(since < begin + EVERY + COMMITTED_WITHIN and until > begin for since, until in self.dead)

    def compare_with_answers(self, slots):
        """A correction that was answered is there; every correction is there completely and once, or not at all."""
        found = collections.defaultdict(list)
        for slot in slots:
            for identity, verdict, number in slot.corrections:
                found[number].append((identity, verdict, slot.begin))
        known = {slot.begin for slot in slots}
        for number, begin, end, verdict, answered in self.corrections:
            if answered or found[number]:
                wanted = [(verdict, at) for at in range(begin, end, EVERY) if at in known]
                self.assertEqual(wanted, [entry[1:] for entry in found[number]], f"correction {number}")
                self.assertEqual(1, len({entry[0] for entry in found[number]}), f"correction {number} is there twice")
        self.compare_month(slots)

    def compare_month(self, slots):
        """The last page showed the month after corrections, of which later ones win."""
        page = ours.Page(self.record.text)
        month = time.strftime("%Y-%m", time.gmtime(self.dead_since))
        effective = collections.Counter()
        for slot in slots[: self.record.latest["service000"]]:
            if time.strftime("%Y-%m", time.gmtime(slot.begin)) == month:
                effective[max(slot.corrections)[1] if slot.corrections else slot.verdict] += 1
        for verdict in ours.VERDICTS:
            shown = page.one("sla_month_slots", sla_service="service000", month="current", verdict=verdict)
            self.assertEqual(effective[verdict], shown, f"{verdict} slots of the month")

    def print_figures(self, took, scraper, ledger):
        verdicts = collections.Counter(slot.verdict for slots in ledger.values() for slot in slots)
        ways = ", ".join(f"{count} {way}" for way, count in self.kills.items())
        answered = sum(correction[-1] for correction in self.corrections)
        print(f"{self.kills.total()} kills in {took:.0f} s ({ways})\n"
              f"{scraper.scrapes} scrapes, {self.record.pages} with figures; {sum(verdicts.values())} verdicts: "
              f"{dict(verdicts)}\n{len(self.corrections)} corrections, {answered} answered; "
              f"ready again after {ours.percentile(self.restarts, 0.5):.3f} s (median), {max(self.restarts):.3f} s at most",
              flush=True)
        # A storm in which nothing was ever observed would prove nothing.
        self.assertGreater(verdicts["good"] + verdicts["bad"], sum(verdicts.values()) * 0.2)


def utc(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def without_extra(page):
    """The page without the check that comes and goes with the reloads."""
    page.samples = {(name, labels): value for (name, labels), value in page.samples.items()
                    if ("check", "extra") not in labels}
    return page


if __name__ == "__main__":
    harness.main()
