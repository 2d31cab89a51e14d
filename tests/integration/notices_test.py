"""Notices about single tickets from the real daemon to a web hook: the daemon is killed again and again while tickets get
late, every late ticket is told of, and what is told twice carries the same id.
"""

import collections
import datetime
import http.server
import json
import random
import threading
import time

import harness
import ours


class Team:
    """Takes web hooks and keeps what they said."""

    def __init__(self, test):
        heard = self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        test.addCleanup(thread.join, 10)
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def tickets(self, stage, path="/first"):
        return {body["ticket"] for where, _, body in self.heard if body["stage"] == stage and where == path}


class Notices(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.team = Team(self)
        self.events = self.write("events.jsonl", "")
        self.settings = ours.fast_services(1, ["http://127.0.0.1:1/"])
        self.settings["support"] = {
            "calendars": {"all_day": {"timezone": "UTC", "open": ["mon-sun 00:00-24:00"], "holidays": []}},
            "levels": {"first": {"react_within": "6s"}},
            "sources": {"sample": {"type": "file", "file": str(self.events), "every": "1s"}},
            "notices": {"teams": {"first": {"webhook_url": self.team.url("/first")}}},
        }
        self.config = self.write("sla.yml", ours.yaml_of(self.settings))
        self.exporter = ours.Exporter(self, self.config).start()
        self.opened = 0

    def open(self, count):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self.events.open("a") as file:
            for _ in range(count):
                self.opened += 1
                event = {"ticket": str(self.opened), "seq": 1, "at": now, "type": "opened", "actor": "customer",
                         "calendar": "all_day"}
                file.write(json.dumps(event) + "\n")

    def wait_until_told(self, path="/first"):
        every = {str(ticket) for ticket in range(1, self.opened + 1)}
        harness.wait_for(lambda: self.team.tickets("breached", path) == every, "every late ticket to be told of", 40)

    def test_kills_lose_no_notice_and_repeat_at_most_one_each(self):
        with harness.seed_shown(harness.seed()) as seed:
            rng = random.Random(seed)
            kills = 12 if harness.FULL else 6
            for _ in range(kills):
                self.open(rng.randint(1, 120))
                pause = time.monotonic() + rng.random() * 3
                harness.wait_for(lambda until=pause: time.monotonic() >= until, "a moment to pass")
                self.exporter.process.kill()
                self.exporter.start()
            self.wait_until_told()
            ids = collections.defaultdict(set)
            for _, key, body in self.team.heard:
                ids[(body["ticket"], body["stage"])].add(key)
            self.assertEqual([], [each for each, keys in ids.items() if len(keys) > 1])
            self.assertEqual(len(ids), len(set().union(*ids.values())))
            self.assertLessEqual(len(self.team.heard) - len(ids), kills)

    def test_a_reload_changes_who_hears(self):
        self.open(1)
        self.wait_until_told()
        self.settings["support"]["notices"]["teams"]["first"]["webhook_url"] = self.team.url("/other")
        self.config.write_text(ours.yaml_of(self.settings))
        answer = harness.fetch(f"{self.exporter.url}/-/reload", "POST")
        self.assertEqual(200, answer.status, answer.text)
        self.open(1)
        harness.wait_for(lambda: self.team.tickets("breached", "/other") == {"2"}, "the other team to be told", 30)
        self.assertEqual({"1"}, self.team.tickets("breached"))


if __name__ == "__main__":
    harness.main()
