"""The doors for help desks that tell the daemon themselves, in the real daemon and by the real curl, as the
documentation shows it: what is acknowledged outlives a kill, nothing is taken twice, and what is wrong is refused
with a word that helps.
"""

import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import random
import sqlite3
import threading
import urllib.error

import harness
import ours

TOKEN = "the token of the shop"
KEY = "zammad's key"
CLIENTS = 4
STAMP = "%Y-%m-%dT%H:%M:%SZ"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def event(ticket, seq, kind="reaction", at=None, **more):
    return dict({"ticket": str(ticket), "seq": seq, "at": (at or now()).strftime(STAMP), "type": kind}, **more)


def opened(ticket, seq=1, at=None):
    return event(ticket, seq, "opened", at, actor="customer")


def lines_of(events):
    return "".join(json.dumps(each) + "\n" for each in events)


class QuietZammad(http.server.BaseHTTPRequestHandler):
    """Answers nothing of use, and counts who asks."""

    def do_GET(self):
        self.server.asked += 1
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class TicketWebhook(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.zammad = http.server.ThreadingHTTPServer(("127.0.0.1", 0), QuietZammad)
        self.zammad.asked = 0
        threading.Thread(target=self.zammad.serve_forever, daemon=True).start()
        self.addCleanup(self.zammad.server_close)
        self.addCleanup(self.zammad.shutdown)
        self.write("shop.secret", TOKEN + "\n")
        self.write("key", KEY)
        self.write("token", "of zammad")
        self.settings = ours.fast_services(1, ["http://127.0.0.1:1/"], every="1h")
        self.settings["support"] = {
            "calendars": {"all_day": {"timezone": "UTC", "open": ["mon-sun 00:00-24:00"], "holidays": []}},
            "levels": {"first": {"react_within": "4 business hours"}, "second": {"react_within": "8 business hours"}},
            "sources": {
                "shop": {"type": "webhook", "secret_file": "shop.secret"},
                "helpdesk": {"type": "zammad", "url": f"http://127.0.0.1:{self.zammad.server_port}", "every": "1h",
                             "authorization": {"credentials_file": "token"}, "secret_file": "key"},
            },
        }
        self.config = self.write("sla.yml", ours.yaml_of(self.settings))
        self.exporter = ours.Exporter(self, self.config).start()
        self.address = f"{self.exporter.url}/api/v1/tickets/events"

    def curl(self, *words, address=None):
        """(status, what it says) of the documented command; the server's own answers are no JSON."""
        curl = self.need("curl")[0]
        done = harness.run([curl, "-sS", "-w", "\n%{http_code}", address or self.address, *words])
        self.assertEqual(0, done.code, done)
        body, status = done.out.rsplit("\n", 1)
        return int(status), json.loads(body) if body.startswith("{") else body

    def send(self, data, *words, token=TOKEN):
        return self.curl("-H", f"Authorization: Bearer {token}", *words, "--data-binary", data)

    def rows(self):
        database = sqlite3.connect(f"file:{self.exporter.storage / 'tickets.db'}?mode=ro", uri=True)
        try:
            return database.execute("SELECT ticket, seq, type FROM events ORDER BY ticket, seq").fetchall()
        finally:
            database.close()

    def wait_for_page(self, value, metric, **labels):
        """/metrics shows what is committed a moment later."""
        harness.wait_for(lambda: self.exporter.page().total(metric, **labels) == value, f"{metric} to be {value}")

    def test_what_is_right_is_taken_once(self):
        first = opened(1)
        self.assertEqual((200, {"accepted": 1, "duplicate": 0, "refused": []}), self.send(json.dumps(first)))
        self.assertEqual((200, {"accepted": 0, "duplicate": 1, "refused": []}), self.send(json.dumps(first)))
        status, answer = self.send(json.dumps({**first, "channel": "phone"}))
        self.assertEqual((200, 1, 1), (status, answer["duplicate"], answer["differing"]))
        file = self.write("events.jsonl", lines_of([event(1, 2, "escalated", level="second"), event(1, 3)]))
        words = ["-H", "Idempotency-Key: export-1", "-H", "Content-Type: application/x-ndjson"]
        for _ in range(2):
            self.assertEqual((200, {"accepted": 2, "duplicate": 0, "refused": []}), self.send(f"@{file}", *words))
        self.assertEqual(422, self.send(json.dumps(opened(2)), *words)[0])
        # Out of order: the later one first, in two requests.
        self.assertEqual(200, self.send(json.dumps(event(3, 2, at=now())))[0])
        self.assertEqual(200, self.send(json.dumps(opened(3, 1, now() - datetime.timedelta(hours=5))))[0])
        # Nobody opened this one, and the clock of that one's sender is an hour ahead.
        self.assertEqual(200, self.send(json.dumps(event("unheard-of", 7)))[0])
        self.assertEqual(200, self.send(json.dumps(opened(4, 1, now() + datetime.timedelta(hours=1))))[0])
        expected = [("1", 1, "opened"), ("1", 2, "escalated"), ("1", 3, "reaction"), ("3", 1, "opened"),
                    ("3", 2, "reaction"), ("4", 1, "opened"), ("unheard-of", 7, "reaction")]
        self.assertEqual(expected, self.rows())
        self.wait_for_page(len(expected), "sla_ticket_source_events_total", source="shop")
        self.wait_for_page(1, "sla_ticket_level_changes_total", **{"from": "first", "to": "second"})

    def test_what_is_wrong_is_refused_and_none_of_it_taken(self):
        good = opened(1)
        self.assertEqual(401, self.send(json.dumps(good), token="another")[0])
        self.assertEqual(401, self.curl("-d", json.dumps(good))[0])
        for wrong, word in ((dict(good, at="2027-12-01T00:00:00Z"), "clock"), (dict(good, at=0), "1970"),
                            (dict(good, at="1970-01-01T00:00:00Z"), "1970"), (dict(good, colour="red"), "colour"),
                            (dict(good, source="helpdesk"), "source"), ({"read_until": 0}, "1970")):
            with self.subTest(wrong=wrong):
                status, said = self.send(lines_of([good, wrong]))
                self.assertEqual(422, status)
                self.assertEqual([1], [each["index"] for each in said["refused"]])
                self.assertIn(word, said["refused"][0]["error"])
        self.assertEqual(400, self.send(lines_of([good]) + json.dumps(opened(2))[:20])[0])
        self.assertEqual([], self.rows())

    def test_a_body_of_100_mb_is_not_read(self):
        before = self.exporter.process.resident_bytes()
        large = self.folder / "large"
        with large.open("wb") as file:
            file.truncate(100_000_000)
        for token in (TOKEN, "another"):
            status, _ = self.send(f"@{large}", token=token)
            self.assertEqual(413, status)
        if not harness.SANITIZED:
            self.assertLess(self.exporter.process.peak_bytes() - before, 20_000_000)
        self.assertEqual(200, self.send(json.dumps(opened(1)))[0])

    def test_a_silence_is_told_apart_from_a_loss(self):
        # A source that was never read leaves every month unproven, whatever the others state.
        del self.settings["support"]["sources"]["helpdesk"]
        self.config.write_text(ours.yaml_of(self.settings))
        self.assertEqual(200, harness.fetch(f"{self.exporter.url}/-/reload", "POST").status)
        long_ago = now() - datetime.timedelta(days=40)
        self.assertEqual(200, self.send(json.dumps(opened(1, 1, long_ago)))[0])
        self.wait_for_page(1, "sla_ticket_source_events_total", source="shop")
        previous = {"level": "first", "month": "previous"}
        self.wait_for_page(1, "sla_ticket_month_state", state="unproven", **previous)
        self.wait_for_page(0, "sla_ticket_reactions_total", result="missed")
        stated = {"read_until": (now() - datetime.timedelta(minutes=1)).strftime(STAMP)}
        self.assertEqual((200, {"accepted": 0, "duplicate": 0, "refused": []}), self.send(json.dumps(stated)))
        for _ in range(2):
            self.wait_for_page(1, "sla_ticket_reactions_total", result="missed")
            self.wait_for_page(1, "sla_ticket_month_state", state="ended", **previous)
            self.exporter.process.kill()
            self.exporter.start()

    def test_a_reload_that_only_services_could_take_says_so(self):
        support = self.settings.pop("support")
        plain = self.write("plain.yml", ours.yaml_of(self.settings))
        other = ours.Exporter(self, plain, "other").start()
        in_the_way = other.storage / "tickets.db"
        in_the_way.mkdir()
        plain.write_text(ours.yaml_of(dict(self.settings, support=support)))
        answer = harness.fetch(f"{other.url}/-/reload", "POST")
        self.assertNotEqual(200, answer.status)
        self.assertIn("services follow the new configuration, but reaction times could not", answer.text)
        in_the_way.rmdir()
        answer = harness.fetch(f"{other.url}/-/reload", "POST")
        self.assertEqual(200, answer.status, answer.text)
        harness.wait_for(lambda: other.page().one("sla_ticket_source_up", source="shop") == 1, "the source to be there")

    def test_zammad_is_believed_by_its_signature_alone(self):
        body = json.dumps({"ticket": {"id": 1}})
        address = f"{self.exporter.url}/api/v1/tickets/zammad/helpdesk"
        signature = "sha1=" + hmac.new(KEY.encode(), body.encode(), hashlib.sha1).hexdigest()

        def deliver(signature, number, name="helpdesk"):
            words = ["-H", f"X-Hub-Signature: {signature}", "-H", f"X-Zammad-Delivery: {number}", "-d", body]
            return self.curl(*words, address=address.replace("helpdesk", name))

        harness.wait_for(lambda: self.zammad.asked, "Zammad to be asked at the start")
        self.assertEqual((202, {"reading": True}), deliver(signature, "a"))
        self.assertEqual((202, {"reading": False}), deliver(signature, "a"))
        self.assertEqual(401, deliver(signature[:-1] + "x", "b")[0])
        self.assertEqual(401, deliver("", "c")[0])
        self.assertEqual(401, deliver(signature, "d", "shop")[0])
        self.assertEqual(401, deliver(signature, "e", "nobody")[0])
        self.assertEqual([], self.rows())

    def test_what_was_acknowledged_outlives_kills(self):
        with harness.seed_shown(harness.seed()) as seed:
            senders = [Sender(self.exporter, number, seed) for number in range(CLIENTS)]
            for sender in senders:
                sender.start()
            self.addCleanup(lambda: [sender.stop() for sender in senders])
            rng = random.Random(seed)
            for _ in range(12 if harness.FULL else 6):
                enough = sum(len(s.acknowledged) for s in senders) + rng.randint(20, 400)
                harness.wait_for(lambda: sum(len(s.acknowledged) for s in senders) > enough, "events to be taken", 40)
                self.exporter.process.kill()
                self.exporter.start()
            for sender in senders:
                sender.stop()
            self.judge(senders)

    def judge(self, senders):
        kept = self.rows()
        acknowledged = {key for sender in senders for key in sender.acknowledged}
        sent = {key for sender in senders for key in sender.sent}
        self.assertEqual([], [sender.wrong for sender in senders if sender.wrong])
        self.assertEqual(set(), acknowledged - {(ticket, seq) for ticket, seq, _ in kept})
        self.assertEqual(set(), {(ticket, seq) for ticket, seq, _ in kept} - sent)
        self.wait_for_page(len(kept), "sla_ticket_source_events_total", source="shop")
        self.wait_for_page(len({ticket for ticket, _, _ in kept}), "sla_ticket_opened_total")
        done = harness.run([harness.SLATOOL, "tickets", "verify", "--storage.path", self.exporter.storage])
        self.assertEqual(0, done.code, done)
        self.assertIn(f"{len(kept)} events", done.out)


class Sender(threading.Thread):
    """Posts ticket after ticket, and each again until it is acknowledged."""

    def __init__(self, exporter, number, seed):
        super().__init__(daemon=True)
        self.exporter, self.number = exporter, number
        self.rng = random.Random(f"{seed} {number}")
        self.ended = threading.Event()
        self.sent, self.acknowledged, self.wrong = set(), set(), None

    def stop(self):
        self.ended.set()
        self.join(60)

    def run(self):
        ticket = 0
        while not self.ended.is_set():
            ticket += 1
            name = f"{self.number}-{ticket}"
            events = [opened(name)] + [event(name, seq) for seq in range(2, self.rng.randint(2, 12))]
            self.sent |= {(each["ticket"], each["seq"]) for each in events}
            key = f"{name}" if self.rng.random() < 0.5 else None
            while not self.ended.is_set() and not self.post(events, key):
                self.ended.wait(0.02)

    def post(self, events, key):
        headers = {"Authorization": f"Bearer {TOKEN}", **({"Idempotency-Key": key} if key else {})}
        try:
            answer = harness.fetch(f"{self.exporter.url}/api/v1/tickets/events", "POST", headers, data=lines_of(events).encode())
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            return False  # it was killed meanwhile
        if answer.status == 200:
            self.acknowledged |= {(each["ticket"], each["seq"]) for each in events}
        elif answer.status not in (409, 503):
            self.wrong = f"{answer.status} {answer.text}"
        return answer.status == 200


if __name__ == "__main__":
    harness.main()
