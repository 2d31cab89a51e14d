"""From a file of ticket events to a month of reactions, in the real daemon: it is killed again and again while the file
grows, people sign corrections through it, and nothing is lost or counted twice.
"""

import datetime
import json
import random
import time

import harness
import ours

# A month that is over, and not so long ago that its tickets are removed.
MONTH = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=70)).replace(
    day=1, hour=0, minute=0, second=0, microsecond=0)


def events_of(ticket, rng):
    """The events of a ticket that opens on a weekday of the month at noon, and whether first level kept its four hours."""
    days = [day for day in range(28) if (MONTH + datetime.timedelta(days=day)).weekday() < 5]
    opened = MONTH + datetime.timedelta(days=rng.choice(days), hours=12)
    met = rng.random() < 0.7
    answered = opened + datetime.timedelta(seconds=rng.randint(0, 4 * 3600) if met else rng.randint(4 * 3600 + 1, 5 * 3600))
    common = {"ticket": str(ticket)}
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return met, [
        {**common, "seq": 1, "at": opened.strftime(stamp), "type": "opened", "actor": "customer", "calendar": "all_day"},
        {**common, "seq": 2, "at": answered.strftime(stamp), "type": "reaction", "actor": "agent"},
        {**common, "seq": 3, "at": answered.strftime(stamp), "type": "closed", "actor": "agent"},
    ]


class Tickets(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.rng = random.Random(1)
        self.events = self.write("events.jsonl", "")
        self.settings = ours.fast_services(1, ["http://127.0.0.1:1/"])
        self.settings["support"] = {
            "calendars": {"all_day": {"timezone": "UTC", "open": ["mon-fri 00:00-24:00"]}},
            "levels": {"first": {"react_within": "4 business hours"}},
            "sources": {"sample": {"type": "file", "file": str(self.events), "every": "1s"}},
        }
        self.config = self.write("sla.yml", ours.yaml_of(self.settings))
        self.exporter = ours.Exporter(self, self.config).start()
        self.met = self.missed = self.tickets = 0

    def slatool(self, *arguments):
        return harness.run([harness.SLATOOL, "tickets", *arguments, "--storage.path", self.exporter.storage])

    def month(self):
        done = self.slatool("month", "--month", MONTH.strftime("%Y-%m"), "--format", "json")
        self.assertEqual(0, done.code, done)
        return json.loads(done.out)

    def level(self):
        return self.month()["levels"][0]

    def append(self, count):
        with self.events.open("a") as file:
            for _ in range(count):
                met, events = events_of(self.tickets, self.rng)
                self.tickets += 1
                self.met, self.missed = self.met + met, self.missed + (not met)
                file.write("".join(json.dumps(each) + "\n" for each in events))

    def wait_until_counted(self):
        harness.wait_for(lambda: self.level()["met"] + self.level()["missed"] == self.tickets, "all tickets to be counted", 30)

    def test_kills_lose_nothing_and_double_nothing(self):
        with harness.seed_shown(harness.seed()) as seed:
            self.rng = random.Random(seed)
            self.kill_while_it_grows()

    def kill_while_it_grows(self):
        for _ in range(12 if harness.FULL else 5):
            self.append(self.rng.randint(1, 200))
            pause = time.monotonic() + self.rng.random() * 1.5
            harness.wait_for(lambda until=pause: time.monotonic() >= until, "a moment to pass")
            self.exporter.process.kill()
            self.exporter.start()
        self.append(1)
        self.wait_until_counted()
        level = self.level()
        self.assertEqual((self.met, self.missed), (level["met"], level["missed"]))
        self.assertEqual(self.missed, len(self.month()["misses"]))
        verified = self.slatool("verify")
        self.assertEqual(0, verified.code, verified)
        self.assertIn(f"{3 * self.tickets} events", verified.out)

    def test_corrections_go_through_the_daemon_and_outlive_it(self):
        self.append(40)
        self.wait_until_counted()
        miss = self.month()["misses"][0]
        sign = ("--level", "first", "--by", "Ada", "--why", "answered by phone")
        done = self.slatool("correct", "reacted-at", "--ticket", miss["ticket"], "--at", miss["start"], *sign)
        self.assertEqual(0, done.code, done)
        self.assertEqual(self.missed - 1, self.level()["missed"])
        refused = self.slatool("correct", "void", "--ticket", "unheard-of", *sign)
        self.assertEqual(1, refused.code, refused)
        self.exporter.process.stop()
        # Nobody runs: into the file itself.
        miss = self.month()["misses"][0]
        done = self.slatool("correct", "void", "--ticket", miss["ticket"], *sign)
        self.assertEqual(0, done.code, done)
        self.exporter.start()
        self.append(1)
        self.wait_until_one_is_void()
        self.assertEqual(self.missed - 2, self.level()["missed"])

    def wait_until_one_is_void(self):
        harness.wait_for(lambda: self.level()["met"] + self.level()["missed"] == self.tickets - 1, "the void one to be out", 30)

    def test_a_reload_says_which_terms_wait_and_changes_no_result(self):
        self.append(40)
        self.wait_until_counted()
        before = self.level()
        self.settings["support"]["levels"]["first"]["react_within"] = "1 business hour"
        self.config.write_text(ours.yaml_of(self.settings))
        answer = harness.fetch(f"{self.exporter.url}/-/reload", "POST")
        self.assertEqual(200, answer.status, answer.text)
        # In the month of commissioning new terms hold at once, for clocks that begin from now on.
        self.assertIn("changed terms of reaction times are in force from", self.exporter.process.output())
        self.assertEqual(before, self.level())


if __name__ == "__main__":
    harness.main()
