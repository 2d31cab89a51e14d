"""The daemon beside a Request Tracker 5 for five days that pass in seconds, on the same clock, over the change to
summer time: it is killed and started between any two things that happen, and in the middle of reading.

What it has in the end is what was done, is what a daemon reads that sees the same help desk for the first time, and is
what the agreement says of it when worked out by hand.
"""

import json
import os
import random
import sqlite3
import time

import harness
import ours
import request_tracker
import rt_test

COLUMNS = ("ticket, seq, at, type, actor, level, calendar, agreement, channel, language, destination, since, "
           "into_ticket, item, reason")
# What the daemon keeps of an event as it is told in rt_test.
KEPT = ("type", "actor", "level", "calendar", "channel", "item", "reason")
# By hand. Office hours in Europe are from 08:00Z on Friday 27th, from 07:00Z after the change; a level below has:
# met and missed of kind first, missed of kind next, void by reason.
MARCH = {
    # Met: answered on Monday before opening, handed over, answered before it was merged. Missed: what the last of the
    # merged goes on waiting for, what nobody mapped to a level; and, as another waiting, what came back.
    "first": (3, 2, 1, {"merged": 2, "spam": 1, "deleted": 1, "routed": 1}),
    # Met: answered and solved. Missed: taken down for a customer on Monday, and nobody came until Tuesday 11:00Z.
    "second": (1, 1, 0, {"returned": 1}),
    "legal": (0, 0, 0, {}),
}


class WatchedDesk(rt_test.Desk):
    """The same days of a help desk, with somebody who hears of everything before it is done."""

    def __init__(self, host, watcher):
        super().__init__(host)
        self.watcher = watcher

    def at(self, text):
        self.watcher.next_act()
        super().at(text)

    def opened_by_mail(self, *words, **more):
        self.watcher.next_act()
        return super().opened_by_mail(*words, **more)

    def says(self, *words, **more):
        self.watcher.next_act()
        super().says(*words, **more)

    def sets(self, *words, **more):
        self.watcher.next_act()
        super().sets(*words, **more)


class DaemonBesideRequestTracker(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        reason = request_tracker.missing()
        if reason:
            self.skipTest(reason)
        if harness.SANITIZED:
            self.skipTest("a sanitizer and the clock that this test sets do not go together")
        self.exporter = None
        self.kills, self.sizes = 0, set()
        self.rng = random.Random(0)
        self.desk = WatchedDesk(self, self)
        self.write("token", self.desk.rt.made["tokens"]["reader"])
        self.config = self.write("sla.yml", ours.yaml_of(self.settings()))

    def settings(self):
        settings = ours.fast_services(1, ["http://127.0.0.1:1/"], every="1h")
        mapped = rt_test.SETTINGS["map"]
        settings["support"] = {
            "calendars": {
                "europe": {"timezone": "Europe/Berlin", "open": ["mon-fri 09:00-18:00"], "holidays": []},
                "america": {"timezone": "America/Chicago", "open": ["mon-fri 09:00-17:00"], "holidays": []},
            },
            "levels": {
                "first": {"react_within": "4 business hours", "calendar": "europe"},
                "second": {"react_within": "8 business hours", "calendar": "europe"},
                "legal": {"react_within": "5 business days", "calendar": "europe"},
            },
            "checklist": ["dns", "region"],
            "sources": {
                "desk": {
                    "type": "rt", "url": self.desk.rt.url, "page": 2, "every": "10s", "requests_per_minute": 6000,
                    "authorization": {"type": "token", "credentials_file": "token"},
                    "not_human": rt_test.SETTINGS["not_human"],
                    "map": {
                        "level": {"queue": mapped["level"]["values"]},
                        "region": {"custom_field": "Region", "values": mapped["calendar"]["values"]},
                        "channel": {"channel": mapped["channel"]["values"]},
                        "checklist": {"dns": {"comment": "checked DNS"}, "region": {"custom_field": "Region"}},
                    },
                },
            },
        }
        return settings

    def daemon(self, name):
        # The wall stands until it is set; what the daemon waits by goes on as ever.
        clock = {"LD_PRELOAD": request_tracker.FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.desk.rt.clock_file),
                 "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        env = dict(os.environ, TZ="UTC", **clock)
        return ours.Exporter(self, self.config, name, env=env)

    def next_act(self):
        """A life of the daemon ends, sometimes before it has read what happened, and another begins."""
        if self.exporter is None:
            return
        if self.exporter.process is not None:
            until = time.monotonic() + self.rng.choice([0, 0.3, 0.9, 0.9]) * self.rng.random()
            harness.wait_for(lambda: time.monotonic() >= until, "a moment to pass")
            self.exporter.process.kill()
            self.kills += 1
            self.sizes.add(self.events_kept())
        self.exporter.launch()

    def march_is_read(self, exporter):
        return exporter.page().one("sla_ticket_month_state", level="first", month="previous", state="ended") == 1

    def events_kept(self):
        """How many events there are already; 0 before there is a file for them."""
        try:
            return len(self.tickets_of(self.exporter))
        except sqlite3.OperationalError:
            return 0

    def tickets_of(self, exporter):
        """Every event, by ticket, in order."""
        database = sqlite3.connect(f"file:{exporter.storage / 'tickets.db'}?mode=ro", uri=True)
        try:
            return database.execute(f"SELECT {COLUMNS} FROM events ORDER BY ticket, seq").fetchall()
        finally:
            database.close()

    def month(self, exporter):
        done = harness.run([harness.SLATOOL, "tickets", "month", "--month", "2026-03", "--format", "json",
                            "--storage.path", exporter.storage])
        self.assertEqual(0, done.code, done)
        return json.loads(done.out)

    def test_what_it_has_is_what_was_done_however_often_it_dies(self):
        with harness.seed_shown(harness.seed()) as seed:
            self.rng = random.Random(seed)
            self.exporter = self.daemon("exporter")
            self.desk.live()
            self.next_act()
            self.desk.rt.set_clock("2026-04-01 00:30:00")
            self.next_act()
            harness.wait_for(lambda: self.march_is_read(self.exporter), "March to be read to its end", 40)
            self.assertGreater(self.kills, 40)
            # Lives that read something, and lives that ended before.
            self.assertGreater(len(self.sizes), 5)
            self.judge()

    def judge(self):
        page = self.exporter.page()
        fresh = self.daemon("fresh").start()
        harness.wait_for(lambda: self.march_is_read(fresh), "March to be read in one go", 40)
        self.judge_page(page, fresh.page())
        self.assertEqual(0, self.exporter.process.stop())
        self.assertEqual(0, fresh.process.stop())
        self.judge_events(fresh)
        self.judge_month(fresh)
        verified = harness.run([harness.SLATOOL, "tickets", "verify", "--storage.path", self.exporter.storage])
        self.assertEqual(0, verified.code, verified)

    def judge_page(self, page, fresh):
        """Figures of the one that died are those of the one that read once; and those worked out by hand."""
        self.maxDiff = None
        for name in page.by_name:
            # When it was read, what the help desk failed to answer, and the unmapped values of rows that were met again
            # after a death are matters of a life.
            lived = any(word in name for word in ("timestamp", "lag", "errors", "unmapped"))
            if name.startswith("sla_ticket_") and not lived:
                self.assertEqual(fresh.all(name), page.all(name), name)
        unmapped = {"source": "desk", "item": "queue"}
        self.assertEqual(1, fresh.one("sla_ticket_source_unmapped_total", **unmapped))
        self.assertGreaterEqual(page.one("sla_ticket_source_unmapped_total", **unmapped), 1)
        for level, (met, missed, missed_next, voided) in MARCH.items():
            with self.subTest(level=level):
                month = {"level": level, "month": "previous"}
                counted = [page.total("sla_ticket_month_decided", kind=kind, result=result, **month)
                           for kind, result in (("first", "met"), ("first", "missed"), ("next", "missed"))]
                self.assertEqual([met, missed, missed_next], counted)
                said = {dict(labels)["reason"]: value
                        for labels, value in page.all("sla_ticket_void_total", level=level).items() if value}
                self.assertEqual(voided, said)

    def judge_events(self, fresh):
        rows = self.tickets_of(self.exporter)
        self.assertEqual(self.tickets_of(fresh), rows)
        names = COLUMNS.split(", ")
        kept = {}
        for row in rows:
            event = dict(zip(names, row))
            kept.setdefault(event["ticket"], []).append({k: event[k] for k in KEPT if event[k]})
        told = {ticket: [{k: event[k] for k in KEPT if event.get(k)} for event in events]
                for ticket, events in self.desk.told.items()}
        self.assertEqual(told, kept)

    def judge_month(self, fresh):
        month = self.month(self.exporter)
        self.assertEqual(self.month(fresh), month)
        self.assertEqual([], month["unproven"])
        for level in month["levels"]:
            met, missed, missed_next, _ = MARCH[level["level"]]
            self.assertEqual((met, missed, missed_next), (level["met"], level["missed"], level["next"]["missed"]))
        self.assertEqual(sum(missed + later for _, missed, later, _ in MARCH.values()), len(month["misses"]))


if __name__ == "__main__":
    harness.main()
